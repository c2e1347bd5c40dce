package infer

import (
	"slices"

	"github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/ref"
)

// Graph is a backend for onnx-go: the place its decoder builds a model in.
//
//	g := infer.NewGraph(nil)
//	m := onnx.NewModel(g)
//	err := m.UnmarshalBinary(model)
//	err = m.SetInput(0, in)
//	err = g.Run()
//	out, err := m.GetOutputTensors()
//
// [Load] is the better way to run a model: onnx-go by itself cannot read every
// element type, does not hand on the opset (a Graph assumes 10) nor the names
// of symbolic dimensions, and trusts the sizes a file claims. Graph serves
// programs that are built on onnx-go, and onnx-go's own suite of operator tests.
//
// A graph keeps every input of an operation as it is written: the same value
// twice, or none at all. Nodes are known by name, so a value that is both input
// and output of the model is one value.
//
// A Graph is not safe for concurrent use.
type Graph struct {
	options Options
	set     *ir.Set
	nodes   []*graphNode
	ops     []operation
	pending []*graphNode // inputs of the operation being read
	inputs  []*graphNode // nodes of the model's inputs, known once operations follow
	file    *file        // what the pass before onnx-go found, nil without it
}

// assumedOpset is the version whose operators a model has that comes without
// one. onnx-go v0.5.0 is of the time of opsets 9 and 10, which differ in little.
const assumedOpset = 10

// firstID is the number of a graph's first node. Smaller numbers stand for
// inputs: onnx-go's Model.SetInput asks for the i-th node where it means the
// i-th input.
const firstID = 1 << 32

// graphNode is a value of the graph: onnx-go calls them nodes. It implements
// the interfaces onnx.Namer and onnx.DataCarrier.
type graphNode struct {
	id     int64
	name   string
	tensor tensor.Tensor
	dtype  tensor.Dtype // of the first tensor given, which is how the file declares the value
	set    int          // how often a tensor was given
}

func (n *graphNode) ID() int64        { return n.id }
func (n *graphNode) SetName(s string) { n.name = s }
func (n *graphNode) GetName() string  { return n.name }

func (n *graphNode) SetTensor(t tensor.Tensor) error {
	n.tensor = t
	if n.set++; n.set == 1 && t != nil {
		n.dtype = t.Dtype()
	}
	return nil
}

func (n *graphNode) GetTensor() tensor.Tensor { return n.tensor }

// operation is a node of the ONNX graph.
type operation struct {
	op      string
	attrs   map[string]any
	in, out []*graphNode
}

// NewGraph makes an empty graph to decode one model into.
func NewGraph(o *Options) *Graph {
	return &Graph{options: o.withDefaults(), set: ref.Set()}
}

// NewNode implements gonum's graph.NodeAdder.
func (g *Graph) NewNode() graph.Node {
	return &graphNode{id: firstID + int64(len(g.nodes))}
}

// AddNode implements gonum's graph.NodeAdder for nodes made by NewNode.
func (g *Graph) AddNode(n graph.Node) {
	v, ok := n.(*graphNode)
	if !ok || g.find(n.ID()) != nil {
		panic("infer: AddNode: not a new node of this graph")
	}
	v.id = firstID + int64(len(g.nodes))
	g.nodes = append(g.nodes, v)
}

func (g *Graph) find(id int64) *graphNode {
	if i := id - firstID; i >= 0 && i < int64(len(g.nodes)) {
		return g.nodes[i]
	}
	return nil
}

// Node returns the node with the given ID, or the id-th input of the model.
func (g *Graph) Node(id int64) graph.Node {
	if n := g.find(id); n != nil {
		return n
	}
	if id >= 0 && id < int64(len(g.inputs)) {
		return g.inputs[id]
	}
	return nil
}

// Nodes returns all nodes.
func (g *Graph) Nodes() graph.Nodes { return ordered(g.nodes) }

func ordered(nodes []*graphNode) graph.Nodes {
	list := make([]graph.Node, len(nodes))
	for i, n := range nodes {
		list[i] = n
	}
	return iterator.NewOrderedNodes(list)
}

// From returns what the value with the given ID is computed from: onnx-go
// draws edges from results to operands.
func (g *Graph) From(id int64) graph.Nodes {
	var found []*graphNode
	for _, op := range g.ops {
		if slices.ContainsFunc(op.out, func(n *graphNode) bool { return n.id == id }) {
			found = append(found, op.in...)
		}
	}
	return ordered(unique(found))
}

// To returns what is computed from the value with the given ID.
func (g *Graph) To(id int64) graph.Nodes {
	var found []*graphNode
	for _, op := range g.ops {
		if slices.ContainsFunc(op.in, func(n *graphNode) bool { return n.id == id }) {
			found = append(found, op.out...)
		}
	}
	return ordered(unique(found))
}

func unique(nodes []*graphNode) []*graphNode {
	var out []*graphNode
	for _, n := range nodes {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// HasEdgeBetween reports whether one of the values is computed from the other.
func (g *Graph) HasEdgeBetween(x, y int64) bool {
	return g.HasEdgeFromTo(x, y) || g.HasEdgeFromTo(y, x)
}

// HasEdgeFromTo reports whether u is computed from v.
func (g *Graph) HasEdgeFromTo(u, v int64) bool { return g.Edge(u, v) != nil }

// Edge returns the first edge from u to v, nil if there is none.
func (g *Graph) Edge(u, v int64) graph.Edge {
	for _, op := range g.ops {
		for _, out := range op.out {
			if out.id != u {
				continue
			}
			for i, in := range op.in {
				if in.id == v {
					return edge{out, in, float64(i)}
				}
			}
		}
	}
	return nil
}

// edge leads from a result to an operand; its weight is the operand's index.
type edge struct {
	from, to graph.Node
	weight   float64
}

func (e edge) From() graph.Node         { return e.from }
func (e edge) To() graph.Node           { return e.to }
func (e edge) Weight() float64          { return e.weight }
func (e edge) ReversedEdge() graph.Edge { return edge{e.to, e.from, e.weight} }

// NewWeightedEdge implements gonum's graph.WeightedEdgeAdder.
func (g *Graph) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return edge{from, to, weight}
}

// SetWeightedEdge notes an operand of the operation that ApplyOperation will
// name. onnx-go repeats the list for every result, always in order of weight.
func (g *Graph) SetWeightedEdge(e graph.WeightedEdge) {
	n, ok := e.To().(*graphNode)
	if ok && e.Weight() == float64(len(g.pending)) {
		g.pending = append(g.pending, n)
	}
}

// ApplyOperation records an operation on the operands noted since the last
// one. It returns a *onnx.ErrNotImplemented for an operator not in [Operators].
func (g *Graph) ApplyOperation(o onnx.Operation, results ...graph.Node) error {
	if g.inputs == nil {
		g.findInputs()
	}
	op := operation{op: o.Name, attrs: make(map[string]any, len(o.Attributes)), in: g.pending}
	g.pending = nil
	for _, r := range results {
		op.out = append(op.out, r.(*graphNode))
	}
	if g.set.Build[o.Name] == nil {
		return &onnx.ErrNotImplemented{Operator: o.Name, Message: "no such operator"}
	}
	for name, v := range o.Attributes {
		t, ok := v.(tensor.Tensor)
		if !ok {
			op.attrs[name] = v
			continue
		}
		a, err := arrayOf(t)
		if err != nil {
			return &onnx.ErrNotImplemented{Operator: o.Name, AttributeName: name, Message: err.Error()}
		}
		op.attrs[name] = a
	}
	if g.file != nil {
		f := &g.file.nodes[len(g.ops)]
		for name, a := range f.tensors {
			op.attrs[name] = a
		}
		op.in = op.in[:f.inputs] // onnx-go makes an input up for a node that has none
	}
	g.ops = append(g.ops, op)
	return nil
}

// findInputs lists the nodes that stand for inputs. onnx-go makes the nodes of
// inputs first and then gives those that are initializers a second tensor.
func (g *Graph) findInputs() {
	for _, n := range g.nodes {
		if n.set < 2 {
			g.inputs = append(g.inputs, n)
		}
	}
}

// Run computes every output from the tensors set on the inputs and leaves the
// results on the output nodes. The whole graph is prepared anew each time, for
// the shapes at hand. An input of another element type than the file declares
// is converted, and a scalar result has shape (1): onnx-go's suite gives and
// expects them so. Run returns a *onnx.ErrNotImplemented where an operator does
// not support what is asked.
func (g *Graph) Run() error {
	return g.eager()
}
