package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// Graph is what is to be computed: nodes in an order in which they can run, as
// the reference operators left them.
type Graph struct {
	Inputs, Outputs []*ir.Value
	Nodes           []*ir.Node
}

// uses knows who reads a value.
type uses struct {
	readers map[*ir.Value][]int // indices of nodes, once for each reading
	kept    map[*ir.Value]bool  // outputs of the graph
}

func (g *Graph) uses() *uses {
	u := &uses{readers: map[*ir.Value][]int{}, kept: map[*ir.Value]bool{}}
	for i, n := range g.Nodes {
		for _, v := range n.In {
			if v != nil && v.Const == nil {
				u.readers[v] = append(u.readers[v], i)
			}
		}
	}
	for _, v := range g.Outputs {
		u.kept[v] = true
	}
	return u
}

// sole is the index of the node that alone reads v, −1 if it is not one.
func (u *uses) sole(v *ir.Value) int {
	if r := u.readers[v]; len(r) == 1 && !u.kept[v] {
		return r[0]
	}
	return -1
}

// picture reports whether v is a batch of pictures of float32 with channels.
func picture(v *ir.Value) bool {
	return v != nil && v.Type == ir.Float32 && len(v.Shape) == 4 && v.Len() > 0 && v.Const == nil
}

// activation reads a node that is an activation function a kernel can apply.
func activation(n *ir.Node) (kernel.Act, bool) {
	switch n.Op {
	case "Relu":
		return kernel.Act{Kind: kernel.Clip, High: inf}, true
	case "LeakyRelu":
		slope := n.Number("alpha", 0.01)
		return kernel.Act{Kind: kernel.Slope, Slope: slope}, slope >= 0 && slope <= 1
	case "Clip":
		lo, hi, ok := limits(n)
		return kernel.Act{Kind: kernel.Clip, Low: lo, High: hi}, ok && lo <= hi
	}
	return kernel.Act{}, false
}

// limits are those of a Clip node.
func limits(n *ir.Node) (lo, hi float32, ok bool) {
	lo, hi = n.Number("min", -largest), n.Number("max", largest)
	for i, limit := range []*float32{&lo, &hi} {
		if i+1 >= len(n.Given) || n.Given[i+1] == nil {
			continue
		}
		f, ok := scalar(n.Given[i+1])
		if !ok {
			return 0, 0, false
		}
		*limit = f
	}
	return lo, hi, true
}

// scalar reads a constant of one float32.
func scalar(v *ir.Value) (float32, bool) {
	if v == nil || v.Const == nil || v.Type != ir.Float32 || v.Len() != 1 {
		return 0, false
	}
	return ir.Of[float32](v.Const)[0], true
}

// perChannel reads node n, one of whose inputs is x, as x·mul + add with numbers
// that depend on the channel alone, if there is memory for them. x has rank 4.
func perChannel(n *ir.Node, x *ir.Value, memory *ir.Budget) (mul, add []float32, ok bool) {
	c := x.Shape[1]
	if n.Op == "BatchNormalization" {
		return normalization(n, c, memory)
	}
	if len(n.In) != 2 || n.In[0] == n.In[1] || !slices.Equal(n.Out[0].Shape, x.Shape) {
		return nil, nil, false
	}
	k, first := n.In[1], true // x is the first operand
	if k == x {
		k, first = n.In[0], false
	}
	if !perChannelConstant(k, c) || memory.Take(2*c, 4) != nil {
		return nil, nil, false
	}
	values := ir.Of[float32](k.Const)
	if len(values) == 1 {
		values = slices.Repeat(values, c)
	}
	mul, add = slices.Repeat([]float32{1}, c), make([]float32, c)
	for i, v := range values {
		switch {
		case n.Op == "Add", n.Op == "Sub" && !first:
			add[i] = v
		case n.Op == "Sub":
			add[i] = -v
		case n.Op == "Mul":
			mul[i] = v
		case n.Op == "Div" && first:
			mul[i] = 1 / v
		default:
			return nil, nil, false
		}
		if n.Op == "Sub" && !first {
			mul[i] = -1
		}
	}
	return mul, add, true
}

// perChannelConstant reports whether v is a constant that broadcasts along rows
// and columns: one number, or one a channel.
func perChannelConstant(v *ir.Value, c int) bool {
	if v == nil || v.Const == nil || v.Type != ir.Float32 {
		return false
	}
	s := v.Shape
	return v.Len() == 1 || len(s) <= 4 && len(s) >= 3 && v.Len() == c && s[len(s)-3] == c
}

// normalization is Operators.md#BatchNormalization with constant parameters.
func normalization(n *ir.Node, c int, memory *ir.Budget) (mul, add []float32, ok bool) {
	if len(n.In) != 5 || len(n.Out) > 1 && slices.ContainsFunc(n.Out[1:], func(v *ir.Value) bool { return v != nil }) {
		return nil, nil, false
	}
	var p [4][]float32
	for i := range p {
		v := n.In[i+1]
		if v == nil || v.Const == nil || v.Type != ir.Float32 || v.Len() != c {
			return nil, nil, false
		}
		p[i] = ir.Of[float32](v.Const)
	}
	if memory.Take(2*c, 4) != nil {
		return nil, nil, false
	}
	epsilon := float64(n.Number("epsilon", 1e-5))
	mul, add = make([]float32, c), make([]float32, c)
	for i := range c {
		m := float64(p[0][i]) / sqrt(float64(p[3][i])+epsilon)
		mul[i], add[i] = float32(m), float32(float64(p[1][i])-m*float64(p[2][i]))
	}
	return mul, add, true
}
