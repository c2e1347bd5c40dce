package infertest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// vector is a node test: one node, at every opset of a range.
type vector struct {
	op, name string
	from, to int // opsets; 0 = 7 and 21
	attrs    attrs
	in       []value
	outs     int     // 0 = 1
	tol      float64 // 0 = usual
}

// Case is a model, inputs, and the answer of ONNX Runtime 1.30.
type Case struct {
	Name     string // "Clip/limits as inputs/opset 11"
	Operator string // of node tests
	Opset    int
	Model    []byte
	Inputs   []tensor.Tensor
	Outputs  []Answer
	// Tolerance is how far a float may be off, as a part of the largest finite
	// number of its output, and at least of one.
	Tolerance float64

	key   string   // of the answer: the name without the opset
	names []string // of the inputs
}

// Answer is one output: all elements, or each Stride-th where there are many.
type Answer struct {
	Type   string // "float32", "int64", ...
	Shape  []int
	Stride int
	Data   any // a slice of elements
}

// usual is the tolerance of node tests. ONNX Runtime approximates most functions
// to some 1e-6.
const usual = 5e-6

func (v *vector) opsets() (from, to int) {
	if from, to = v.from, v.to; from == 0 {
		from = 7
	}
	if to == 0 {
		to = 21
	}
	return from, to
}

func (v *vector) key() string { return v.op + "/" + v.name }

// at is the vector at one opset, without its answer.
func (v *vector) at(opset int) *Case {
	h := fnv.New64a()
	fmt.Fprint(h, v.key())
	r := rand.New(rand.NewPCG(h.Sum64(), 30))
	g := &graph{opset: opset, tensors: slices.Clone(v.in)}
	node := step{op: v.op, attrs: v.attrs}
	c := &Case{Name: fmt.Sprintf("%s/opset %d", v.key(), opset), Operator: v.op, Opset: opset, Tolerance: v.tol, key: v.key()}
	if c.Tolerance == 0 {
		c.Tolerance = usual
	}
	for i := range g.tensors {
		t := &g.tensors[i]
		t.fill(r)
		name := ""
		if t.data != nil {
			name = fmt.Sprint("x", i)
			if !t.known {
				c.names = append(c.names, name)
				c.Inputs = append(c.Inputs, tensor.New(tensor.WithShape(t.shape...), tensor.WithBacking(t.data)))
			}
		}
		g.names, node.in = append(g.names, name), append(node.in, name)
	}
	for i := range max(v.outs, 1) {
		g.outputs = append(g.outputs, fmt.Sprint("y", i))
	}
	node.out = g.outputs
	g.steps = []step{node}
	c.Model = g.encode()
	return c
}

// vectors are the node tests of all families.
func vectors() []vector {
	return slices.Concat(elementVectors(), arithmeticVectors(), reduceVectors(), moveVectors(), indexVectors(), networkVectors(), resizeVectors(), layerVectors())
}
