package infer

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
	"github.com/fitveil/fitveil/detect/infer/internal/ref"
)

// Options configures Load and NewGraph; nil means defaults.
type Options struct {
	// Threads is the number of goroutines a run may use; default 1, and at most
	// 64. The result does not depend on it.
	Threads int
	// Dims gives sizes to dimensions the file leaves open, by dim_param, or as
	// "input[axis]" where the file has no name for one.
	Dims map[string]int
	// MaxBytes limits the memory of one session, and, together with eight times
	// the size of the file, that of the program; default 256 MiB.
	MaxBytes int64
	// Exact does without Winograd's convolution, which is faster and rounds a
	// little more: sums are then those of the products the model asks for.
	//
	// It matters where a picture has a NaN or an infinity. The model has such a
	// number in the results whose window meets it; so have Exact and all else
	// that is computed here. A 3×3 convolution of stride 1 or 2 by Winograd's
	// method may have NaN in all results of each tile one of whose windows meets it,
	// in all channels: tiles are of 4×4 results, those of rows and columns 4i to 4i+3.
	Exact bool
	// Kernels names the set of kernels to compute with, one of [Kernels]; ""
	// means the fastest. The results of one set are the same on every machine
	// and with any number of threads; those of two sets differ by rounding.
	Kernels string
}

const defaultMaxBytes = 256 << 20

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	v.Threads = max(v.Threads, 1)
	if v.MaxBytes <= 0 {
		v.MaxBytes = defaultMaxBytes
	}
	return v
}

// reference is the name of the interpreter that is written to be read.
const reference = "reference"

// Kernels lists the sets of kernels that run on this CPU, the fastest first:
// those in assembly, "go", and last "reference", an interpreter that computes
// operator by operator, for comparison.
func Kernels() []string {
	var names []string
	for _, s := range kernel.All() {
		names = append(names, s.Name)
	}
	return append(names, reference)
}

// set finds the kernels that o names, nil for the interpreter.
func (o *Options) set() (*kernel.Set, error) {
	if o.Kernels == "" {
		return kernel.Best(), nil
	}
	if o.Kernels == reference {
		return nil, nil
	}
	for _, s := range kernel.All() {
		if s.Name == o.Kernels {
			return s, nil
		}
	}
	return nil, fmt.Errorf("infer: no kernels %q on this CPU, it has %q: %w", o.Kernels, Kernels(), ErrUnsupported)
}

// Value describes an input or output of a Program.
type Value struct {
	Name  string
	Shape []int        // fully resolved
	Dtype tensor.Dtype // tensor.Float32 and so on
}

// Operators lists the ONNX operators that run, in order of name. Opsets 7 to
// 21 of the default domain are read.
func Operators() []string { return slices.Sorted(maps.Keys(ref.Set().Build)) }

// Load checks, decodes and compiles an ONNX model, a file as ONNX Runtime would
// read it. The program may share memory with model, which must not change
// afterwards.
//
// Every shape is computed here, so all sizes must be known: from the file or
// from o.Dims. Errors of the model are a *[FormatError] or a *[NodeError] and
// wrap [ErrModel], [ErrUnsupported] or [ErrTooLarge]. Memory and time are bounded by
// the size of model and by o.MaxBytes: of constants and weights Load reads and writes
// no more than 64 MiB, or MaxBytes if that is less, and 32 times the size of model.
// Beyond that, what depends on constants alone is computed in every run; the
// interpreter runs the network, which is slow, where weights would have to be prepared
// for anything else; and suppression of boxes known at load time is refused.
func Load(model []byte, o *Options) (*Program, error) {
	options := o.withDefaults()
	kernels, err := options.set()
	if err != nil {
		return nil, err
	}
	f, err := readFile(model)
	if err != nil {
		return nil, err
	}
	g := &Graph{options: options, set: ref.Set(), file: f}
	if err := g.decode(); err != nil {
		return nil, err
	}
	c := newCompiler(&options, g.set, f.opset, int64(len(model)))
	inputs, err := c.declare(f, options.Dims)
	if err != nil {
		return nil, err
	}
	for i, op := range g.ops {
		if err := c.operation(op, f.nodes[i].name); err != nil {
			return nil, err
		}
	}
	outputs := make([]*ir.Value, len(f.outputs))
	for i := range f.outputs {
		d := &f.outputs[i]
		if outputs[i] = c.values[d.name]; outputs[i] == nil {
			return nil, d.broken(d.off, "output %q is made by no node", d.name)
		}
		if v := outputs[i]; toTensor[v.Type] == (tensor.Dtype{}) || v.Len() == 0 {
			return nil, d.unsupported(d.off, "output %q is %v %v", d.name, v.Type, v.Shape)
		}
	}
	return newProgram(&options, kernels, inputs, c.needed(outputs), outputs, c.memory)
}
