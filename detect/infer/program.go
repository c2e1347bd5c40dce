package infer

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// Program is a compiled model: immutable, safe for use by many goroutines.
type Program struct {
	fast            *fast.Program // nil where the reference operators run alone
	threads         int
	inputs, outputs []Value
	nodes           []*ir.Node
	plan            *plan
	in, out         []int   // slots of inputs and outputs
	args, results   [][]int // slots each node reads and writes, −1 = absent
}

// declare makes the values a file starts from.
func (c *compiler) declare(f *file, dims map[string]int) ([]*ir.Value, error) {
	for name, a := range f.tensors {
		c.constant(name, a)
	}
	inputs := make([]*ir.Value, len(f.inputs))
	for i := range f.inputs {
		d := &f.inputs[i]
		shape, err := d.resolve(dims)
		if err != nil {
			return nil, err
		}
		if n, ok := ir.Count(shape); !ok || n > c.maxLen {
			return nil, &FormatError{Offset: d.off, Field: d.path, Err: ir.TooLargef("input %q of shape %v", d.name, shape)}
		}
		if toTensor[d.dtype] == (tensor.Dtype{}) {
			return nil, d.unsupported(d.off, "input %q is %v", d.name, d.dtype)
		}
		inputs[i] = &ir.Value{Name: d.name, Type: d.dtype, Shape: shape}
		c.values[d.name] = inputs[i]
	}
	return inputs, nil
}

func newProgram(o *Options, kernels *kernel.Set, inputs []*ir.Value, nodes []*ir.Node, outputs []*ir.Value, memory *ir.Budget) (*Program, error) {
	p := &Program{threads: o.Threads, inputs: describe(inputs), outputs: describe(outputs)}
	if kernels != nil && p.compile(o, kernels, inputs, nodes, outputs, memory) {
		p.fast.Pack() // what nodes hold is not needed any more, and may be freed before
		return p, nil
	}
	p.nodes = nodes
	var index map[*ir.Value]int
	p.plan, index = layout(inputs, nodes, outputs)
	for v := range index {
		if v.Const != nil {
			v.Const.Make() // before sessions share it
		}
	}
	if bytes := 4*int64(p.plan.arena) + int64(p.plan.other); bytes > o.MaxBytes {
		return nil, &FormatError{Field: "model.graph", Err: ir.TooLargef("a session needs %d bytes, Options.MaxBytes is %d", bytes, o.MaxBytes)}
	}
	list := func(values []*ir.Value) []int {
		slots := make([]int, len(values))
		for i, v := range values {
			if slots[i] = -1; v != nil {
				slots[i] = index[v]
			}
		}
		return slots
	}
	for _, n := range nodes {
		p.args, p.results = append(p.args, list(n.In)), append(p.results, list(n.Out))
	}
	p.in, p.out = list(inputs), list(outputs)
	return p, nil
}

func describe(values []*ir.Value) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{v.Name, v.Shape, toTensor[v.Type]}
	}
	return out
}

// Inputs lists the inputs in the model's order.
func (p *Program) Inputs() []Value { return copied(p.inputs) }

// Outputs lists the outputs in the model's order.
func (p *Program) Outputs() []Value { return copied(p.outputs) }

func copied(values []Value) []Value {
	out := slices.Clone(values)
	for i := range out {
		out[i].Shape = slices.Clone(out[i].Shape)
	}
	return out
}

// Session runs a Program. Not safe for concurrent use; make one per goroutine.
type Session struct {
	program *Program
	fast    *fast.Session
	arrays  []*ir.Array // by slot
	calls   []ir.Call   // by node
}

// NewSession allocates what one run needs.
func (p *Program) NewSession() *Session {
	if p.fast != nil {
		return &Session{program: p, fast: p.fast.NewSession()}
	}
	s := &Session{program: p, arrays: make([]*ir.Array, len(p.plan.slots)), calls: make([]ir.Call, len(p.nodes))}
	arena := make([]float32, p.plan.arena)
	for i, t := range p.plan.slots {
		v := t.value
		switch a := (&ir.Array{Type: v.Type, Shape: v.Shape}); {
		case v.Const != nil:
			s.arrays[i] = v.Const
		case t.root != i:
			a.Data = s.arrays[t.root].Data
			s.arrays[i] = a
		case t.offset < 0:
			s.arrays[i] = ir.NewArray(v.Type, v.Shape)
		default:
			a.Data = arena[t.offset:][:v.Len():v.Len()]
			s.arrays[i] = a
		}
	}
	pick := func(slots []int) []*ir.Array {
		out := make([]*ir.Array, len(slots))
		for i, slot := range slots {
			if slot >= 0 {
				out[i] = s.arrays[slot]
			}
		}
		return out
	}
	for i, n := range p.nodes {
		s.calls[i] = ir.Call{In: pick(p.args[i]), Out: pick(p.results[i]), Threads: p.threads}
		if n.Scratch > 0 {
			s.calls[i].Scratch = arena[p.plan.scratch[i]:][:n.Scratch:n.Scratch]
		}
	}
	return s
}

// Run executes the program on in and stores results in out, one tensor for each
// of the program's inputs and outputs. A nil element of out is replaced by a
// new tensor, any other is written to. Tensors are dense and row-major and have
// exactly the shape and type of [Program.Inputs] and [Program.Outputs]; where
// one has not, Run does nothing and returns an error that wraps [ErrTensor].
// Run copies in before the first step and writes out after the last, and checks
// ctx between steps; it returns the error of ctx, wrapped. A step that meets a
// number out of range is a *[NodeError] that wraps [ErrData].
//
// A run allocates nothing where out holds tensors, as it does from the second call
// on with the same slice, inputs and outputs are float32 and no operator runs that
// has no kernels: the networks of detect/person and all that are made of
// convolutions, pools, resizes, products, additions and activations.
func (s *Session) Run(ctx context.Context, in, out []tensor.Tensor) error {
	p := s.program
	if err := fits("input", p.inputs, in, false); err != nil {
		return err
	}
	if err := fits("output", p.outputs, out, true); err != nil {
		return err
	}
	if s.fast != nil {
		return s.runFast(ctx, in, out)
	}
	for i, slot := range p.in {
		read(s.arrays[slot], in[i].(*tensor.Dense))
	}
	for i, n := range p.nodes {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("infer: stopped before node %q: %w", n.Name, err)
		}
		if n.View {
			continue
		}
		n.Run(&s.calls[i])
		if err := s.calls[i].Failed(); err != nil {
			return &NodeError{Operator: n.Op, Node: n.Name, Err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("infer: stopped before the outputs: %w", err)
	}
	for i, slot := range p.out {
		p.give(out, i, s.arrays[slot])
	}
	return nil
}

// give writes output i, into a new tensor where there is none.
func (p *Program) give(out []tensor.Tensor, i int, a *ir.Array) {
	if out[i] == nil {
		out[i] = tensor.New(tensor.Of(p.outputs[i].Dtype), tensor.WithShape(p.outputs[i].Shape...))
	}
	write(out[i].(*tensor.Dense), a)
}

// fits checks tensors against what the program has.
func fits(what string, want []Value, got []tensor.Tensor, optional bool) error {
	if len(got) != len(want) {
		return fmt.Errorf("infer: %d %ss given, the program has %d: %w", len(got), what, len(want), ErrTensor)
	}
	for i, w := range want {
		if got[i] == nil && optional {
			continue
		}
		d, ok := got[i].(*tensor.Dense)
		if !ok || d == nil {
			return fmt.Errorf("infer: %s %q is a %T, want a *tensor.Dense of %v %v: %w", what, w.Name, got[i], w.Dtype, w.Shape, ErrTensor)
		}
		if d.Dtype() != w.Dtype || !slices.Equal([]int(d.Shape()), w.Shape) {
			return fmt.Errorf("infer: %s %q is %v %v, the program has %v %v: %w", what, w.Name, d.Dtype(), []int(d.Shape()), w.Dtype, w.Shape, ErrTensor)
		}
		if d.RequiresIterator() || !d.DataOrder().IsRowMajor() || d.IsMasked() {
			return fmt.Errorf("infer: %s %q is not contiguous in row-major order: %w", what, w.Name, ErrTensor)
		}
	}
	return nil
}
