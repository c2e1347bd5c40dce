package infer

import (
	"context"
	"errors"

	"gorgonia.org/tensor"
)

var errNotBuilt = errors.New("infer: not built yet")

// Options configures Load and NewGraph; nil means defaults.
type Options struct {
	Threads int            // goroutines per run; default 1
	Dims    map[string]int // values for symbolic dimensions, by dim_param
}

// Value describes an input or output of a Program.
type Value struct {
	Name  string
	Shape []int        // fully resolved
	Dtype tensor.Dtype // tensor.Float32 and so on
}

// Program is a compiled model: immutable, safe for use by many goroutines.
type Program struct{}

// Session runs a Program. Not safe for concurrent use; make one per goroutine.
type Session struct{}

// Load checks, decodes and compiles an ONNX model.
func Load(model []byte, o *Options) (*Program, error) { return nil, errNotBuilt }

// Inputs lists the inputs in the model's order.
func (p *Program) Inputs() []Value { return nil }

// Outputs lists the outputs in the model's order.
func (p *Program) Outputs() []Value { return nil }

// NewSession allocates what one run needs.
func (p *Program) NewSession() *Session { return nil }

// Run executes the program on in and stores results in out. A nil element of
// out is replaced by a new tensor, any other is written to. Run checks ctx
// between steps.
func (s *Session) Run(ctx context.Context, in, out []tensor.Tensor) error { return errNotBuilt }
