package infer

import (
	"context"
	"errors"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// compile makes the fast program. It reports false where that would need more
// memory than is allowed: the reference operators need less.
func (p *Program) compile(o *Options, kernels *kernel.Set, inputs []*ir.Value, nodes []*ir.Node, outputs []*ir.Value, memory *ir.Budget) bool {
	f, err := fast.Compile(&fast.Graph{Inputs: inputs, Outputs: outputs, Nodes: nodes}, fast.Options{
		Set: kernels, Threads: o.Threads, Exact: o.Exact, MaxBytes: o.MaxBytes, Memory: memory,
	})
	if err != nil {
		return false
	}
	p.fast = f
	return true
}

func (s *Session) runFast(ctx context.Context, in, out []tensor.Tensor) error {
	defer s.takeBack()
	for i, t := range in {
		d := t.(*tensor.Dense)
		if a := s.fast.Input(i); a != nil {
			read(a, d)
		} else {
			s.fast.Give(i, d.Float32s())
		}
	}
	if err := s.fast.Run(ctx); err != nil {
		var data *fast.DataError
		if errors.As(err, &data) {
			return &NodeError{Operator: data.Node.Op, Node: data.Node.Name, Err: data.Err}
		}
		return err
	}
	for i := range out {
		s.program.give(out, i, s.fast.Output(i))
	}
	return nil
}

// takeBack lets go of the caller's memory.
func (s *Session) takeBack() {
	for i := range s.program.inputs {
		s.fast.Give(i, nil)
	}
}
