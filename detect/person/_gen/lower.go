package main

import (
	"fmt"
	"slices"
	"strings"
)

// A lowering turns the part of a tfjs graph that the outputs need into ONNX.
//
// Every activation lies in memory as N×C×H×W. The tfjs graphs mix that order
// with N×H×W×C, so each value carries the order in which tfjs sees it, and a
// Transpose only changes that note: no Transpose is ever written. A Pad is kept
// as a note too, for the Conv or MaxPool that follows.
type lowering struct {
	src  *source
	spec spec
	g    *graph
	done map[string]value // by tfjs reference, "node:port" or "node"
	out  map[string]string
}

// A value is an activation on its way through the graph.
type value struct {
	name string
	dims [4]int // N, C, H, W
	axes [4]int // tfjs axis i is axis axes[i] of dims
	pad  *padding
	kept []int // channels that slicing left of the source's, nil for all
}

// padding is what a Pad node asked for: cells to add to H and W, and with what.
type padding struct {
	top, left, bottom, right int
	lowest                   bool // minus infinity instead of zero
}

var (
	planar      = [4]int{0, 1, 2, 3} // tfjs sees N×C×H×W
	channelLast = [4]int{0, 2, 3, 1} // tfjs sees N×H×W×C
)

// lower converts the graph that leads to s's outputs.
func lower(src *source, s spec) (*graph, error) {
	l := &lowering{
		src: src, spec: s, done: map[string]value{}, out: map[string]string{},
		g: &graph{name: s.name, metadata: s.metadata()},
	}
	for _, o := range s.outputs {
		l.out[o.ref] = o.name
	}
	for _, o := range s.outputs {
		v, err := l.value(o.ref)
		if err != nil {
			return nil, err
		}
		if v.pad != nil || v.kept != nil || v.name != o.name {
			return nil, fmt.Errorf("output %s: %q cannot be an output", o.name, o.ref)
		}
		if v.dims != o.dims {
			return nil, fmt.Errorf("output %s: shape %v, want %v", o.name, v.dims, o.dims)
		}
		l.g.outputs = append(l.g.outputs, tensorInfo{o.name, v.dims[:]})
	}
	return l.g, nil
}

// value lowers whatever ref needs, once, and returns it.
func (l *lowering) value(ref string) (value, error) {
	if v, ok := l.done[ref]; ok {
		return v, nil
	}
	name, _, err := port(ref)
	if err != nil {
		return value{}, err
	}
	n := l.src.nodes[name]
	if n == nil {
		return value{}, fmt.Errorf("no node %q", name)
	}
	op := l.operator(n.Op)
	if op == nil {
		return value{}, fmt.Errorf("%s: operator %s is not known here", name, n.Op)
	}
	outs, err := op(n)
	if err != nil {
		return value{}, fmt.Errorf("%s: %s: %w", name, n.Op, err)
	}
	for i, v := range outs {
		if i == 0 {
			l.done[name] = v
		}
		l.done[fmt.Sprintf("%s:%d", name, i)] = v
	}
	v, ok := l.done[ref]
	if !ok {
		return value{}, fmt.Errorf("%s has no output %q", n.Op, ref)
	}
	return v, nil
}

// input lowers input i of n and refuses notes that only op itself can read.
func (l *lowering) input(n *node, i int) (value, error) {
	if i >= len(n.Input) {
		return value{}, fmt.Errorf("input %d is missing", i)
	}
	v, err := l.value(n.Input[i])
	if err == nil && v.kept != nil && n.Op != "Transpose" && n.Op != "SplitV" {
		err = fmt.Errorf("cannot follow a sliced head")
	}
	return v, err
}

// plain is input for operators that cannot take padding over.
func (l *lowering) plain(n *node, i int) (value, error) {
	v, err := l.input(n, i)
	if err == nil && v.pad != nil {
		err = fmt.Errorf("cannot take padding over")
	}
	return v, err
}

// constant returns the constant behind ref, nil where ref is not one.
func (l *lowering) constant(ref string) *constant {
	if n := l.src.nodes[ref]; n == nil || n.Op != "Const" {
		return nil
	}
	return l.src.consts[ref]
}

// weights returns input i of n, which must be a float16 constant of rank dims.
func (l *lowering) weights(n *node, i, rank int) (*constant, error) {
	if i >= len(n.Input) {
		return nil, fmt.Errorf("input %d is missing", i)
	}
	c := l.constant(n.Input[i])
	if c == nil || c.typ != half || len(c.shape) != rank {
		return nil, fmt.Errorf("input %q is not a float16 constant with %d dimensions", n.Input[i], rank)
	}
	return c, nil
}

// short is the ONNX name of what a tfjs node makes: the source's name without
// the scopes that all names share, or the name of the output it is.
func (l *lowering) short(ref string) string {
	if o := l.out[ref]; o != "" {
		return o
	}
	return l.spec.short(ref)
}

// emit writes one node with one output, named for the tfjs reference.
func (l *lowering) emit(ref, op string, in []string, attrs ...onnxAttr) string {
	out := l.short(ref)
	l.g.nodes = append(l.g.nodes, onnxNode{op, in, []string{out}, attrs})
	return out
}

// half writes a float16 initializer and the Cast that widens it, once, and
// returns the name of the float32 tensor.
func (l *lowering) half(c *constant, dims []int, data []byte) string {
	name := l.spec.short(c.name)
	wide := name + ".f32"
	if l.init(initializer{name, onnxFloat16, dims, data}) {
		l.g.nodes = append(l.g.nodes, onnxNode{"Cast", []string{name}, []string{wide}, []onnxAttr{{"to", onnxFloat}}})
	}
	return wide
}

// init writes an initializer unless one of that name is there, and reports it.
func (l *lowering) init(t initializer) bool {
	if slices.ContainsFunc(l.g.inits, func(o initializer) bool { return o.name == t.name }) {
		return false
	}
	l.g.inits = append(l.g.inits, t)
	return true
}

// sameOrder checks that two values are seen in the same order.
func sameOrder(a, b value) error {
	if a.axes != b.axes || a.dims != b.dims {
		return fmt.Errorf("shapes %v and %v, orders %v and %v", a.dims, b.dims, a.axes, b.axes)
	}
	return nil
}

// short drops the scopes of the spec's prefixes from a tfjs name.
func (s spec) short(name string) string {
	for _, p := range s.scopes {
		name = strings.TrimPrefix(name, p)
	}
	return name
}
