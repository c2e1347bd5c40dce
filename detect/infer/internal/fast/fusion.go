package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// convolution is a Conv node with what follows it folded in:
// out = act(conv(in) + bias + res).
type convolution struct {
	sliding
	in, out *ir.Value
	res     *ir.Value // nil where nothing is added
	groups  int
	weights *ir.Array // out.c × in.c/groups × k
	bias    []float32 // out.c
	act     kernel.Act
	last    int // index of the last node folded in
}

// conv reads Conv node i with its followers and adds an operation for it.
func (c *compiler) conv(i int, n *ir.Node) bool {
	x, w := n.In[0], n.In[1]
	if !picture(x) || w.Const == nil || w.Type != ir.Float32 || len(n.In) > 2 && n.In[2] != nil && n.In[2].Const == nil {
		return false
	}
	s, ok := readSliding(n, w.Shape[2:])
	if !ok || c.Memory.Take(2*w.Shape[0], 4) != nil { // the bias, and how the channels are shared out
		return false
	}
	v := &convolution{
		sliding: s, in: x, out: n.Out[0], groups: n.Int("group", 1), weights: w.Const,
		bias: make([]float32, w.Shape[0]), last: i,
	}
	if len(n.In) > 2 && n.In[2] != nil {
		copy(v.bias, ir.Of[float32](n.In[2].Const))
	}
	emit := c.emitter(v)
	if emit == nil {
		return false
	}
	c.follow(v)
	c.finish(i, v.last, emit)
	return true
}

// emitter chooses the operation, nil if there is none.
func (c *compiler) emitter(v *convolution) func() {
	channels, depth := v.in.Shape[1], v.in.Shape[1]/v.groups
	switch {
	case v.groups == 1 && channels <= 4 && c.blocked[v.in] == nil && v.stride[1] <= 4:
		return func() { c.stem(v) }
	case v.groups == 1:
		return func() { c.dense(v) }
	case depth == 1 && v.out.Shape[1] == channels:
		return func() { c.depthwise(v) }
	}
	return nil
}

// follow folds the nodes that alone read the result: numbers that depend on the
// channel, one addition, one activation, in this order.
func (c *compiler) follow(v *convolution) {
	for {
		i := c.uses.sole(v.out)
		if i < 0 || c.done[i] || c.later[i] != nil {
			return
		}
		n := c.graph.Nodes[i]
		if !c.fold(v, n) {
			return
		}
		c.done[i] = true
		v.out, v.last = n.Out[0], i
		if v.act.Kind != kernel.None {
			return
		}
	}
}

func (c *compiler) fold(v *convolution, n *ir.Node) bool {
	if act, ok := activation(n); ok {
		v.act = act
		return true
	}
	if v.res != nil {
		return false
	}
	if mul, add, ok := perChannel(n, v.out, c.Memory); ok {
		return v.scale(mul, add, c.Memory)
	}
	if n.Op != "Add" || n.In[0] == n.In[1] || v.groups > 1 {
		return false
	}
	other := n.In[0]
	if other == v.out {
		other = n.In[1]
	}
	if !picture(other) || !slices.Equal(other.Shape, v.out.Shape) || c.interpolated(other) {
		return false
	}
	v.res = other
	return true
}

// interpolated reports whether v comes from a Resize that can take the addition
// over: it saves storing the larger picture.
func (c *compiler) interpolated(v *ir.Value) bool {
	n := c.makers[v]
	return n != nil && n.Op == "Resize" && c.uses.sole(v) >= 0 && linear(n)
}

// scale folds x·mul + add into weights and bias, if there is memory for a copy.
func (v *convolution) scale(mul, add []float32, memory *ir.Budget) bool {
	if memory.Take(v.weights.Len(), 4) != nil {
		return false
	}
	weights := slices.Clone(ir.Of[float32](v.weights))
	v.weights = &ir.Array{Type: ir.Float32, Shape: v.weights.Shape, Data: weights}
	row := len(weights) / len(v.bias)
	for c, m := range mul {
		v.bias[c] = v.bias[c]*m + add[c]
		for i := range weights[c*row:][:row] {
			weights[c*row+i] *= m
		}
	}
	return true
}
