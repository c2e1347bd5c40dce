package infer_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend"
	"gonum.org/v1/gonum/graph"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

var _ backend.ComputationBackend = (*infer.Graph)(nil)

func TestGraphRuns(t *testing.T) {
	tests := []struct {
		name  string
		model model
		in    []tensor.Tensor
		want  []any
	}{
		{"one node", relu(), []tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()}, []any{f32(0, 2)}},
		{
			"the same input twice",
			with(relu(), func(m *model) { m.nodes = []part{node("Add", []string{"x", "x"}, []string{"y"})} }),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()},
			[]any{f32(-2, 4)},
		},
		{
			"initializers listed among the inputs first",
			with(added(constant("w", []int{1}, f32(10))), func(m *model) {
				m.ir = 3
				m.inputs = []part{value("w", 1, 1), value("x", 1, 1, 2)}
			}),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()},
			[]any{f32(9, 12)},
		},
		{
			"an output that is an input",
			with(relu(), func(m *model) { m.outs = append(m.outs, value("x", 1, 1, 2)) }),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()},
			[]any{f32(0, 2), f32(-1, 2)},
		},
		{
			"through float16",
			with(relu(), func(m *model) {
				m.nodes = []part{node("Cast", []string{"x"}, []string{"h"}, attr("to", 10)), node("Cast", []string{"h"}, []string{"y"}, attr("to", 1))}
			}),
			[]tensor.Tensor{arr(f32(-1, 1+1.0/4096), 1, 2).tensor()},
			[]any{f32(-1, 1)},
		},
		{
			"results that are left out",
			with(relu(), func(m *model) {
				m.nodes = []part{
					node("Split", []string{"x"}, []string{"", "b"}, attr("axis", 1)),
					node("Split", []string{"x"}, []string{"a", ""}, attr("axis", 1)),
					node("Concat", []string{"b", "a"}, []string{"y"}, attr("axis", 1)),
				}
			}),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()},
			[]any{f32(2, -1)},
		},
		{
			"a constant",
			with(relu(), func(m *model) {
				m.nodes = []part{
					node("Constant", nil, []string{"w"}, attr("value", constant("", []int{1}, f32(3)))),
					node("Mul", []string{"x", "w"}, []string{"y"}),
				}
			}),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor()},
			[]any{f32(-3, 6)},
		},
		{
			"a shape that is an input",
			with(relu(), func(m *model) {
				m.inputs = append(m.inputs, value("s", 7, 2))
				m.nodes = []part{node("Reshape", []string{"x", "s"}, []string{"y"})}
			}),
			[]tensor.Tensor{arr(f32(-1, 2), 1, 2).tensor(), arr(i64(2, 1), 2).tensor()},
			[]any{f32(-1, 2)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []any
			for _, o := range runGraph(t, tt.model, tt.in...) {
				got = append(got, o.Data())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestGraphRunsAgain gives a graph other inputs, of another shape.
func TestGraphRunsAgain(t *testing.T) {
	g := infer.NewGraph(nil)
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(relu().encode()); err != nil {
		t.Fatal(err)
	}
	for _, x := range []array{arr(f32(-1, 2), 1, 2), arr(f32(3, -4, 5), 3)} {
		if err := m.SetInput(0, x.tensor()); err != nil {
			t.Fatal(err)
		}
		if err := g.Run(); err != nil {
			t.Fatal(err)
		}
		out, err := m.GetOutputTensors()
		if err != nil || !slices.Equal([]int(out[0].Shape()), x.shape) {
			t.Errorf("got %v, %v, want shape %v", out, err, x.shape)
		}
	}
}

func TestGraphRefuses(t *testing.T) {
	var missing *onnx.ErrNotImplemented
	m := with(relu(), func(m *model) { m.nodes = []part{node("Foo", []string{"x"}, []string{"y"})} })
	err := onnx.NewModel(infer.NewGraph(nil)).UnmarshalBinary(m.encode())
	if !errors.As(err, &missing) || missing.Operator != "Foo" {
		t.Errorf("unknown operator: %v", err)
	}
	m = with(relu(), func(m *model) { m.nodes = []part{node("Relu", []string{"x"}, []string{"y"}, attr("slope", 1.0))} })
	g := infer.NewGraph(nil)
	if err := onnx.NewModel(g).UnmarshalBinary(m.encode()); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); !errors.As(err, &missing) || missing.Operator != "Relu" {
		t.Errorf("unknown attribute: %v", err)
	}
	m = with(relu(), func(m *model) { m.nodes = []part{node("Add", []string{"x"}, []string{"y"})} })
	g = infer.NewGraph(nil)
	if err := onnx.NewModel(g).UnmarshalBinary(m.encode()); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); !errors.Is(err, infer.ErrModel) {
		t.Errorf("missing operand: %v", err)
	}
}

// TestGraphEdges asks the graph what gonum's algorithms ask.
func TestGraphEdges(t *testing.T) {
	g := infer.NewGraph(nil)
	m := onnx.NewModel(g)
	model := with(relu(), func(m *model) {
		m.nodes = []part{node("Relu", []string{"x"}, []string{"a"}), node("Add", []string{"x", "a"}, []string{"y"})}
	})
	if err := m.UnmarshalBinary(model.encode()); err != nil {
		t.Fatal(err)
	}
	id := func(name string) int64 {
		n, ok := m.GetNodeByName(name)
		if !ok {
			t.Fatalf("no node %q", name)
		}
		return n.ID()
	}
	names := func(nodes graph.Nodes) (out []string) {
		for nodes.Next() {
			out = append(out, nodes.Node().(onnx.Namer).GetName())
		}
		return out
	}
	x, a, y := id("x"), id("a"), id("y")
	for _, tt := range []struct {
		name      string
		got, want []string
	}{
		{"nodes", names(g.Nodes()), []string{"x", "y", "a"}},
		{"from y", names(g.From(y)), []string{"x", "a"}},
		{"from x", names(g.From(x)), nil},
		{"to x", names(g.To(x)), []string{"a", "y"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if !g.HasEdgeFromTo(y, a) || g.HasEdgeFromTo(a, y) || !g.HasEdgeBetween(a, y) || g.HasEdgeBetween(a, a) {
		t.Error("edges lead the wrong way")
	}
	e, ok := g.Edge(y, a).(graph.WeightedEdge)
	if !ok || e.Weight() != 1 || e.From().ID() != y || e.ReversedEdge().From().ID() != a {
		t.Errorf("edge from y to a is %v", e)
	}
	if g.Node(x).ID() != x || g.Node(0).ID() != x || g.Node(7) != nil {
		t.Error("nodes by number")
	}
}
