package infer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owulveryck/onnx-go"
	"go.uber.org/goleak"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/detect/infer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small is a model of two inputs and two outputs, of two types.
func small() model {
	return model{
		nodes: []part{
			node("Conv", []string{"x", "w"}, []string{"c"}, attr("pads", []int{1, 1, 1, 1})),
			node("Relu", []string{"c"}, []string{"y"}),
			node("Add", []string{"i", "i"}, []string{"j"}),
		},
		tensors: []part{constant("w", []int{2, 1, 3, 3}, ones(18))},
		inputs:  []part{value("x", 1, 1, 1, 4, 4), value("i", 7, 3)},
		outs:    []part{value("y", 1), value("j", 7)},
	}
}

func smallInputs() []tensor.Tensor {
	return []tensor.Tensor{arr(upTo(16), 1, 1, 4, 4).tensor(), arr(i64(1, 2, 3), 3).tensor()}
}

func TestProgramDescribes(t *testing.T) {
	p := load(t, small(), nil)
	same := cmp.Comparer(func(a, b tensor.Dtype) bool { return a == b })
	in := []infer.Value{{Name: "x", Shape: []int{1, 1, 4, 4}, Dtype: tensor.Float32}, {Name: "i", Shape: []int{3}, Dtype: tensor.Int64}}
	out := []infer.Value{{Name: "y", Shape: []int{1, 2, 4, 4}, Dtype: tensor.Float32}, {Name: "j", Shape: []int{3}, Dtype: tensor.Int64}}
	if diff := cmp.Diff(in, p.Inputs(), same) + cmp.Diff(out, p.Outputs(), same); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	p.Inputs()[0].Shape[0], p.Outputs()[0].Shape[0] = 9, 9
	if p.Inputs()[0].Shape[0] != 1 || p.Outputs()[0].Shape[0] != 1 {
		t.Error("a caller can change the program's shapes")
	}
}

func TestRunRefuses(t *testing.T) {
	ok := smallInputs()
	tests := []struct {
		name    string
		in, out []tensor.Tensor
		say     []string
	}{
		{"too few inputs", ok[:1], make([]tensor.Tensor, 2), []string{"1 inputs given", "program has 2"}},
		{"too many outputs", ok, make([]tensor.Tensor, 3), []string{"3 outputs given", "program has 2"}},
		{"nil input", []tensor.Tensor{nil, ok[1]}, make([]tensor.Tensor, 2), []string{`input "x"`, "float32 [1 1 4 4]"}},
		{"wrong shape", []tensor.Tensor{arr(upTo(16), 1, 1, 2, 8).tensor(), ok[1]}, make([]tensor.Tensor, 2), []string{"[1 1 2 8]", "[1 1 4 4]"}},
		{"wrong type", []tensor.Tensor{ok[0], arr(f32(1, 2, 3), 3).tensor()}, make([]tensor.Tensor, 2), []string{"float32 [3]", "int64 [3]"}},
		{"wrong output", ok, []tensor.Tensor{nil, arr(i64(1, 2), 2).tensor()}, []string{`output "j"`, "[2]", "[3]"}},
		{"view with gaps", []tensor.Tensor{gaps(t), ok[1]}, make([]tensor.Tensor, 2), []string{"contiguous"}},
		{"column-major", []tensor.Tensor{tensor.New(tensor.WithShape(1, 1, 4, 4), tensor.AsFortran(upTo(16))), ok[1]}, make([]tensor.Tensor, 2), []string{"row-major"}},
	}
	p := load(t, small(), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.out)
			err := p.NewSession().Run(context.Background(), tt.in, tt.out)
			if !errors.Is(err, infer.ErrTensor) {
				t.Fatalf("got %v, want ErrTensor", err)
			}
			for _, s := range tt.say {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if !slices.Equal(before, tt.out) {
				t.Error("outputs were touched")
			}
		})
	}
}

// gaps is a 1×1×4×4 view of every other row.
func gaps(t *testing.T) tensor.Tensor {
	big := tensor.New(tensor.WithShape(1, 1, 4, 8), tensor.WithBacking(upTo(32)))
	v, err := big.Slice(nil, nil, nil, tensor.S(0, 4))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal([]int(v.Shape()), []int{1, 1, 4, 4}) {
		t.Fatalf("view of shape %v", v.Shape())
	}
	return v.(tensor.Tensor)
}

func TestRunWritesIntoOutputs(t *testing.T) {
	p := load(t, small(), nil)
	s := p.NewSession()
	given := arr(make([]float32, 32), 1, 2, 4, 4).tensor()
	out := []tensor.Tensor{given, nil}
	if err := s.Run(context.Background(), smallInputs(), out); err != nil {
		t.Fatal(err)
	}
	if out[0] != given || given.Data().([]float32)[0] != 0+1+4+5 {
		t.Errorf("output tensor was replaced or not written: %v", out[0])
	}
	if diff := cmp.Diff(i64(2, 4, 6), out[1].Data()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	first := out[1]
	if err := s.Run(context.Background(), smallInputs(), out); err != nil || out[1] != first {
		t.Errorf("second run: %v, tensor replaced: %v", err, out[1] != first)
	}
}

// stopping is a context that is cancelled after so many looks at it.
type stopping struct {
	context.Context
	left int
}

func (c *stopping) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestRunStops(t *testing.T) {
	for _, e := range engines {
		s := load(t, small(), e.options(infer.Options{})).NewSession()
		for left := 0; ; left++ {
			out := make([]tensor.Tensor, 2)
			err := s.Run(&stopping{context.Background(), left}, smallInputs(), out)
			if err == nil {
				if left < 3 { // before each of two steps at least, and before the outputs
					t.Errorf("%s: looks at the context %d times", e.name, left)
				}
				break
			}
			if !errors.Is(err, context.Canceled) || out[0] != nil || left > 100 {
				t.Fatalf("%s: after %d looks: %v, output %v", e.name, left, err, out[0])
			}
		}
	}
}

// TestSessionsShare runs sessions of one program at once, on inputs of their own.
func TestSessionsShare(t *testing.T) {
	p := load(t, small(), &infer.Options{Threads: 2})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			s := p.NewSession()
			for range 50 {
				in, out := smallInputs(), make([]tensor.Tensor, 2)
				in[1].Data().([]int64)[0] = int64(g)
				if err := s.Run(context.Background(), in, out); err != nil {
					t.Error(err)
				}
				if got := out[1].Data().([]int64)[0]; got != int64(2*g) {
					t.Errorf("session %d got %d", g, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestRunAllocates(t *testing.T) {
	for _, e := range engines {
		s := load(t, small(), e.options(infer.Options{})).NewSession()
		in, out := smallInputs(), make([]tensor.Tensor, 2)
		if err := s.Run(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
		// Closures of the interpreter and the views of integer tensors; nothing that
		// grows with the data.
		if n := testing.AllocsPerRun(20, func() {
			if err := s.Run(context.Background(), in, out); err != nil {
				t.Fatal(err)
			}
		}); n > 20 {
			t.Errorf("%s: %v allocations a run", e.name, n)
		}
	}
}

// TestRunAllocatesNothing holds for the networks of detect/person: what a run
// needs is there once outputs are.
func TestRunAllocatesNothing(t *testing.T) {
	for _, name := range benchModels {
		for _, threads := range []int{1, 2} {
			p, err := infer.Load(readModel(t, name), &infer.Options{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			s, in, out := p.NewSession(), filled(p.Inputs()), make([]tensor.Tensor, len(p.Outputs()))
			if got := testing.AllocsPerRun(3, func() { // the first one does not count
				if err := s.Run(context.Background(), in, out); err != nil {
					t.Fatal(err)
				}
			}); got != 0 {
				t.Errorf("%s, %d threads: %v allocations a run", name, threads, got)
			}
		}
	}
}

// TestOutputs: outputs that are inputs, constants, views of each other, or all.
func TestOutputs(t *testing.T) {
	m := model{
		nodes: []part{
			node("Relu", []string{"x"}, []string{"a"}),
			node("Reshape", []string{"a", "s"}, []string{"b"}),
			node("Neg", []string{"b"}, []string{"c"}),
			node("Identity", []string{"x"}, []string{"d"}),
			node("Neg", []string{"k"}, []string{"e"}),
		},
		tensors: []part{constant("s", []int{1}, i64(-1)), constant("k", []int{1}, f32(5))},
		inputs:  []part{value("x", 1, 1, 2)},
		outs:    []part{value("x", 1), value("a", 1), value("b", 1), value("c", 1), value("d", 1), value("e", 1), value("k", 1)},
	}
	want := []any{f32(-1, 2), f32(0, 2), f32(0, 2), f32(0, -2), f32(-1, 2), f32(-5), f32(5)}
	for _, e := range engines {
		var got []any
		for _, o := range run(t, m, e.options(infer.Options{}), arr(f32(-1, 2), 1, 2).tensor()) {
			got = append(got, o.Data())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", e.name, diff)
		}
	}
}

// TestPlanAgainstGraph compares random programs, which share and reuse memory,
// with onnx-go's way through a Graph, which keeps every value apart.
func TestPlanAgainstGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := model{
			opset:   9, // what a Graph assumes is close to
			tensors: []part{constant("k", []int{1}, f32(0.5)), constant("flat", []int{1}, i64(-1)), constant("back", []int{2}, i64(2, 6))},
			inputs:  []part{value("x", 1, 2, 6)},
		}
		values := []string{"x"} // all of shape (2, 6)
		pick := func() string { return rapid.SampledFrom(values).Draw(t, "value") }
		for i := range rapid.IntRange(1, 12).Draw(t, "nodes") {
			y, h, l := fmt.Sprint("y", i), fmt.Sprint("h", i), fmt.Sprint("l", i)
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				m.nodes = append(m.nodes, node("Neg", []string{pick()}, []string{y}))
			case 1:
				m.nodes = append(m.nodes, node("Sub", []string{pick(), pick()}, []string{y}))
			case 2:
				m.nodes = append(m.nodes, node("Mul", []string{"k", pick()}, []string{y}))
			case 3:
				m.nodes = append(m.nodes, node("Reshape", []string{pick(), "flat"}, []string{h}), node("Reshape", []string{h, "back"}, []string{y}))
			case 4:
				m.nodes = append(m.nodes,
					node("Split", []string{pick()}, []string{h, l}, attr("axis", 1)),
					node("Concat", []string{l, h}, []string{y}, attr("axis", 1)))
			case 5:
				m.nodes = append(m.nodes,
					node("Transpose", []string{pick()}, []string{h}),
					node("Reshape", []string{h, "back"}, []string{y}))
			case 6:
				m.nodes = append(m.nodes,
					node("ReduceMean", []string{pick()}, []string{h}, attr("axes", []int{1})),
					node("Add", []string{pick(), h}, []string{y}))
			}
			values = append(values, y)
		}
		for _, v := range values {
			if v == values[len(values)-1] || rapid.Bool().Draw(t, "out") {
				m.outs = append(m.outs, value(v, 1, 2, 6))
			}
		}
		x := arr(f32(3, -1, 4, -1, 5, -9, 2, -6, 5, -3, 5, -8), 2, 6)
		want := runGraph(t, m, x.tensor())
		for _, e := range engines {
			for i, got := range run(t, m, e.options(infer.Options{}), x.tensor()) {
				if diff := cmp.Diff(want[i].Data(), got.Data()); diff != "" {
					t.Fatalf("%s: output %d of %d (-graph +program):\n%s", e.name, i, len(want), diff)
				}
			}
		}
	})
}

// runGraph runs a model the way onnx-go's users do.
func runGraph(t failer, m model, in ...tensor.Tensor) []tensor.Tensor {
	t.Helper()
	g := infer.NewGraph(nil)
	om := onnx.NewModel(g)
	if err := om.UnmarshalBinary(m.encode()); err != nil {
		t.Fatal(err)
	}
	for i, x := range in {
		if err := om.SetInput(i, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := om.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLoadRefusesKernels(t *testing.T) {
	_, err := infer.Load(small().encode(), &infer.Options{Kernels: "mmx"})
	if !errors.Is(err, infer.ErrUnsupported) || !strings.Contains(err.Error(), `"mmx"`) || !strings.Contains(err.Error(), `"reference"`) {
		t.Errorf("got %v, want ErrUnsupported with what there is", err)
	}
}

// TestRunRefusesIndices meets an index that only a run knows and that is out of
// range, on both engines, and runs again with one that is fine.
func TestRunRefusesIndices(t *testing.T) {
	m := model{
		nodes:   []part{node("Gather", []string{"x", "i"}, []string{"y"})},
		tensors: []part{constant("x", []int{3}, f32(5, 6, 7))},
		inputs:  []part{value("i", 7, 1)},
		outs:    []part{value("y", 1)},
	}
	for _, e := range engines {
		s := load(t, m, e.options(infer.Options{})).NewSession()
		out := make([]tensor.Tensor, 1)
		err := s.Run(context.Background(), []tensor.Tensor{arr(i64(3), 1).tensor()}, out)
		var at *infer.NodeError
		if !errors.Is(err, infer.ErrData) || !errors.As(err, &at) || at.Operator != "Gather" || at.Node != "the Gather" || out[0] != nil {
			t.Errorf("%s: got %v, output %v, want a NodeError of the Gather that wraps ErrData", e.name, err, out[0])
		}
		if err := s.Run(context.Background(), []tensor.Tensor{arr(i64(-1), 1).tensor()}, out); err != nil || out[0].Data().([]float32)[0] != 7 {
			t.Errorf("%s: second run: %v, %v", e.name, err, out[0])
		}
	}
}
