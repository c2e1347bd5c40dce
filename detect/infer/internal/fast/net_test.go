package fast_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/ref"
)

// net builds graphs out of operators, as the compiler of package infer would.
type net struct {
	t     testing.TB
	r     *rand.Rand
	graph fast.Graph
	text  string // what was built, for messages
}

func newNet(t testing.TB, seed uint64) *net {
	return &net{t: t, r: rand.New(rand.NewPCG(seed, 77))}
}

func (n *net) input(shape ...int) *ir.Value {
	v := &ir.Value{Name: fmt.Sprint("in", len(n.graph.Inputs)), Type: ir.Float32, Shape: shape}
	n.graph.Inputs = append(n.graph.Inputs, v)
	n.text += fmt.Sprintf("%s%v\n", v.Name, shape)
	return v
}

// constant makes random numbers between −scale and scale.
func (n *net) constant(scale float32, shape ...int) *ir.Value {
	a := ir.NewArray(ir.Float32, shape)
	for i := range ir.Of[float32](a) {
		ir.Of[float32](a)[i] = scale * (2*n.r.Float32() - 1)
	}
	return known(a)
}

func known(a *ir.Array) *ir.Value {
	return &ir.Value{Name: "constant", Type: a.Type, Shape: a.Shape, Const: a}
}

func floats(v ...float32) *ir.Value {
	return known(&ir.Array{Type: ir.Float32, Shape: []int{len(v)}, Data: v})
}

func ints(v ...int64) *ir.Value {
	return known(&ir.Array{Type: ir.Int64, Shape: []int{len(v)}, Data: v})
}

// try adds a node with so many outputs, nil if the operator refuses it.
func (n *net) try(op string, attrs map[string]any, outputs int, in ...*ir.Value) []*ir.Value {
	node := &ir.Node{
		Op: op, Name: fmt.Sprint("node", len(n.graph.Nodes)), Opset: 13, In: in, Given: in, Attrs: attrs,
		MaxLen: 1 << 24, Memory: &ir.Budget{Left: 1 << 30, Work: 1 << 30},
	}
	for i := range outputs {
		node.Out = append(node.Out, &ir.Value{Name: fmt.Sprintf("%s.%d", node.Name, i)})
	}
	if err := ref.Set().Build[op](node); err != nil {
		return nil
	}
	n.graph.Nodes = append(n.graph.Nodes, node)
	n.text += fmt.Sprintf("%s %s(", node.Out[0].Name, op)
	for _, v := range in {
		if v != nil {
			n.text += fmt.Sprintf(" %s%v", v.Name, v.Shape)
		}
	}
	n.text += fmt.Sprintf(" ) %v ->", attrs)
	for _, v := range node.Out {
		n.text += fmt.Sprint(" ", v.Shape)
	}
	n.text += "\n"
	return node.Out
}

// op adds a node that must be right.
func (n *net) op(op string, attrs map[string]any, in ...*ir.Value) *ir.Value {
	n.t.Helper()
	out := n.try(op, attrs, 1, in...)
	if out == nil {
		n.t.Fatalf("%s refuses %v", op, attrs)
	}
	return out[0]
}

func (n *net) output(v ...*ir.Value) { n.graph.Outputs = append(n.graph.Outputs, v...) }

// inputs are random numbers for every input.
func (n *net) inputs() [][]float32 {
	var all [][]float32
	for _, v := range n.graph.Inputs {
		x := make([]float32, v.Len())
		for i := range x {
			x[i] = 2*n.r.Float32() - 1
		}
		all = append(all, x)
	}
	return all
}

// reference computes the outputs with the reference kernels.
func (n *net) reference(in [][]float32) [][]float32 {
	arrays := map[*ir.Value]*ir.Array{}
	for i, v := range n.graph.Inputs {
		arrays[v] = &ir.Array{Type: ir.Float32, Shape: v.Shape, Data: in[i]}
	}
	find := func(values []*ir.Value) (list []*ir.Array) {
		for _, v := range values {
			switch {
			case v == nil:
				list = append(list, nil)
				continue
			case v.Const != nil:
				arrays[v] = v.Const
			case arrays[v] == nil:
				arrays[v] = ir.NewArray(v.Type, v.Shape)
			}
			list = append(list, arrays[v])
		}
		return list
	}
	for _, node := range n.graph.Nodes {
		node.Run(&ir.Call{In: find(node.In), Out: find(node.Out), Scratch: make([]float32, node.Scratch), Threads: 1})
	}
	var out [][]float32
	for _, a := range find(n.graph.Outputs) {
		out = append(out, ir.Of[float32](a))
	}
	return out
}

func (n *net) compile(o fast.Options) *fast.Program {
	n.t.Helper()
	o.MaxBytes, o.Memory = 1<<30, &ir.Budget{Left: 1 << 30, Work: 1 << 30}
	o.Threads = max(o.Threads, 1)
	p, err := fast.Compile(&n.graph, o)
	if err != nil {
		n.t.Fatal(err)
	}
	p.Pack()
	return p
}

// run gives the outputs of a session, copied.
func run(t testing.TB, s *fast.Session, in [][]float32, outputs int) [][]float32 {
	t.Helper()
	for i, x := range in {
		if a := s.Input(i); a != nil {
			copy(ir.Of[float32](a), x)
		} else {
			s.Give(i, x)
		}
	}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for i := range outputs {
		out = append(out, append([]float32(nil), ir.Of[float32](s.Output(i))...))
	}
	return out
}

// compare fails if an element differs by more than tolerance times the largest.
func (n *net) compare(got, want [][]float32, tolerance float64) {
	n.t.Helper()
	for i := range want {
		most, worst, at := 1.0, 0.0, 0
		for k, w := range want[i] {
			most = max(most, math.Abs(float64(w)))
			if d := math.Abs(float64(got[i][k]) - float64(w)); d > worst || d != d {
				worst, at = d, k
			}
		}
		if !(worst <= tolerance*most) {
			n.t.Fatalf("output %d of shape %v differs by %.3g of %.3g, at %d: got %v, want %v\n%s",
				i, n.graph.Outputs[i].Shape, worst, most, at, got[i][at], want[i][at], n.text)
		}
	}
}
