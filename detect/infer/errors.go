package infer

import (
	"errors"
	"fmt"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

var (
	// ErrModel marks a broken model: its bytes or its graph say something the
	// ONNX format forbids.
	ErrModel = ir.ErrModel
	// ErrUnsupported marks a model that may be fine but does not run here.
	ErrUnsupported = ir.ErrUnsupported
	// ErrTooLarge marks a model that needs more memory than Options.MaxBytes allows.
	ErrTooLarge = ir.ErrTooLarge
	// ErrData marks a run that met a number out of range, such as an index beyond
	// the array it points into.
	ErrData = ir.ErrData
	// ErrTensor marks a tensor given to [Session.Run] that does not fit the program.
	ErrTensor = errors.New("infer: tensor does not fit")
)

// FormatError says where in a model file reading stopped, and why. It wraps
// [ErrModel], [ErrUnsupported] or [ErrTooLarge].
type FormatError struct {
	Offset int    // in bytes from the start of the file
	Field  string // path of the message or field, as in onnx.proto: "graph.initializer[3].dims"
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("infer: onnx: %s at %d: %v", e.Field, e.Offset, e.Err)
}

// Unwrap returns what is wrong at that place.
func (e *FormatError) Unwrap() error { return e.Err }

// NodeError says which node of a well-formed file can't be run, and why. It
// wraps [ErrModel], [ErrUnsupported] or [ErrTooLarge], or [ErrData] where a run
// came upon it.
type NodeError struct {
	Operator string // ONNX operator type, after its domain where that is not the default
	Node     string // name of the node, or of its first output where it has none
	Err      error
}

func (e *NodeError) Error() string {
	return fmt.Sprintf("infer: node %q (%s): %v", e.Node, e.Operator, e.Err)
}

// Unwrap returns what is wrong with the node.
func (e *NodeError) Unwrap() error { return e.Err }
