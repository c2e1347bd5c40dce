package infertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// Backend computes the outputs of an ONNX model, in the order of its graph's
// outputs, from the inputs in the order of its graph's inputs. An error that
// wraps [infer.ErrUnsupported], or is a *onnx.ErrNotImplemented, says that it
// does not compute such a model.
type Backend func(ctx context.Context, model []byte, in []tensor.Tensor) ([]tensor.Tensor, error)

// Options of [Run]; nil means defaults.
type Options struct {
	// Partial skips what the backend says it does not compute. Otherwise that is
	// a failure.
	Partial bool
	// Operators limits the node tests; nil means all of [infer.Operators].
	Operators []string
	// Tolerance is added to that of every case, as a part of the largest number
	// of an output.
	Tolerance float64
	// Quick takes the first and the last opset of each node test only.
	Quick bool
	// Graphs is how many random graphs [Run] tries; default 40, negative none.
	Graphs int
}

// Infer is package infer as a backend.
func Infer(o *infer.Options) Backend {
	return func(ctx context.Context, model []byte, in []tensor.Tensor) ([]tensor.Tensor, error) {
		p, err := infer.Load(model, o)
		if err != nil {
			return nil, err
		}
		out := make([]tensor.Tensor, len(p.Outputs()))
		return out, p.NewSession().Run(ctx, in, out)
	}
}

// Computer is a backend of onnx-go: infer's Graph, gorgonia's.
type Computer interface {
	onnx.Backend
	Run() error
}

// OnnxGo is a backend that onnx-go decodes a model into. make returns an empty
// graph. Panics of decoder and backend are errors.
func OnnxGo(empty func() Computer) Backend {
	return func(_ context.Context, model []byte, in []tensor.Tensor) (out []tensor.Tensor, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("infertest: panic: %v", r)
			}
		}()
		b := empty()
		m := onnx.NewModel(b)
		if err := m.UnmarshalBinary(model); err != nil {
			return nil, err
		}
		for i, x := range in {
			if err := m.SetInput(i, x); err != nil {
				return nil, err
			}
		}
		if err := b.Run(); err != nil {
			return nil, err
		}
		return m.GetOutputTensors()
	}
}

// Run tests a backend: every node test of [Nodes], and random graphs whose
// answers are those of infer's reference interpreter.
func Run(t *testing.T, b Backend, o *Options) {
	t.Helper()
	var v Options
	if o != nil {
		v = *o
	}
	if v.Graphs == 0 {
		v.Graphs = 40
	}
	t.Run("nodes", func(t *testing.T) {
		var group []*Case
		for _, c := range Nodes() {
			if v.Operators != nil && !slices.Contains(v.Operators, c.Operator) {
				continue
			}
			if len(group) > 0 && group[0].key != c.key {
				v.group(t, b, group)
				group = nil
			}
			group = append(group, c)
		}
		if len(group) > 0 {
			v.group(t, b, group)
		}
	})
	t.Run("graphs", func(t *testing.T) {
		for seed := range max(v.Graphs, 0) {
			c, err := Graph(uint64(seed))
			if err != nil {
				t.Fatal(err)
			}
			v.group(t, b, []*Case{c})
		}
	})
}

// group runs one case at all its opsets.
func (o *Options) group(t *testing.T, b Backend, list []*Case) {
	if o.Quick && len(list) > 2 {
		list = []*Case{list[0], list[len(list)-1]}
	}
	t.Run(list[0].key, func(t *testing.T) {
		for _, c := range list {
			c.Check(t, b, o)
		}
	})
}

// Check runs the backend on the case and compares.
func (c *Case) Check(t *testing.T, b Backend, o *Options) {
	t.Helper()
	var v Options
	if o != nil {
		v = *o
	}
	var in []tensor.Tensor
	for _, x := range c.Inputs {
		in = append(in, x.Clone().(tensor.Tensor))
	}
	got, err := b(t.Context(), c.Model, in)
	var missing *onnx.ErrNotImplemented
	switch {
	case err != nil && v.Partial && (errors.Is(err, infer.ErrUnsupported) || errors.As(err, &missing)):
		t.Skipf("%s: %v", c.Name, err)
	case err != nil:
		t.Errorf("%s: %v", c.Name, err)
		return
	case len(got) != len(c.Outputs):
		t.Errorf("%s: %d outputs, want %d", c.Name, len(got), len(c.Outputs))
		return
	}
	for i := range c.Outputs {
		if got[i] == nil {
			t.Errorf("%s: output %d is nil", c.Name, i)
		} else if diff := c.Outputs[i].differs(got[i].Shape(), got[i].Data(), c.Tolerance+v.Tolerance); diff != "" {
			t.Errorf("%s: output %d: %s", c.Name, i, diff)
		}
	}
}
