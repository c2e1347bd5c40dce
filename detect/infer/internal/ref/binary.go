package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// number are the types shape arithmetic and networks compute with.
type number interface {
	float32 | float64 | int32 | int64 | uint8 | int8 | uint16 | int16 | uint32 | uint64
}

// arithmetic is one operation for every type of number.
type arithmetic struct {
	float func(a, b float64) float64 // float32 results are rounded from it: exact for + − × ÷
	whole func(a, b int64) int64     // nil: not defined on integers
}

var (
	add = arithmetic{func(a, b float64) float64 { return a + b }, func(a, b int64) int64 { return a + b }}
	sub = arithmetic{func(a, b float64) float64 { return a - b }, func(a, b int64) int64 { return a - b }}
	mul = arithmetic{func(a, b float64) float64 { return a * b }, func(a, b int64) int64 { return a * b }}
	div = arithmetic{func(a, b float64) float64 { return a / b }, divide}
	pow = arithmetic{float: math.Pow}

	// The builtins let NaN win, as ONNX Runtime does.
	largest  = arithmetic{func(a, b float64) float64 { return max(a, b) }, func(a, b int64) int64 { return max(a, b) }}
	smallest = arithmetic{func(a, b float64) float64 { return min(a, b) }, func(a, b int64) int64 { return min(a, b) }}
)

// divide truncates. The standard leaves division by zero open; it must not
// stop the process, so it gives zero.
func divide(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// broadcast finds the shape two arrays meet in: Broadcasting.md, multidirectional.
func broadcast(a, b []int) ([]int, error) {
	out := make([]int, max(len(a), len(b)))
	for i := range out {
		da, db := dimAt(a, len(out), i), dimAt(b, len(out), i)
		switch {
		case da == db || db == 1:
			out[i] = da
		case da == 1:
			out[i] = db
		default:
			return nil, ir.Invalidf("shapes %v and %v do not broadcast", a, b)
		}
	}
	return out, nil
}

// dimAt is dimension i of shape after ones are put before it up to rank.
func dimAt(shape []int, rank, i int) int {
	if i -= rank - len(shape); i >= 0 {
		return shape[i]
	}
	return 1
}

// stretch are the strides with which an array of shape is read as one of shape
// out: zero along the dimensions it is repeated in.
func stretch(shape, out []int) []int {
	strides, s := make([]int, len(out)), ir.Strides(shape)
	for i := range out {
		if k := i - (len(out) - len(shape)); k >= 0 && shape[k] > 1 {
			strides[i] = s[k]
		}
	}
	return strides
}

// buildBinary is Operators.md#Add, Sub, Mul, Div, Pow with broadcasting.
func (op arithmetic) buildBinary(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	return op.build(n)
}

// buildVariadic is Operators.md#Max, Min, Sum: one input or more, folded pairwise.
func (op arithmetic) buildVariadic(n *ir.Node) error {
	if err := n.Arity(1, -1, 1); err != nil {
		return err
	}
	for i, v := range n.In {
		if v == nil {
			return ir.Invalidf("input %d is absent", i)
		}
	}
	return op.build(n)
}

func (op arithmetic) build(n *ir.Node) error {
	if err := n.Done(); err != nil {
		return err
	}
	a := n.In[0]
	shape := a.Shape
	for _, v := range n.In[1:] {
		if v.Type != a.Type {
			return ir.Invalidf("inputs of type %v and %v", a.Type, v.Type)
		}
		var err error
		if shape, err = broadcast(shape, v.Shape); err != nil {
			return err
		}
	}
	if err := n.Result(0, a.Type, shape); err != nil {
		return err
	}
	strides := make([][]int, len(n.In))
	for i, v := range n.In {
		strides[i] = stretch(v.Shape, shape)
	}
	switch float := a.Type == ir.Float32 || a.Type == ir.Float64; {
	case !float && op.whole == nil:
		return ir.Unsupportedf("inputs of type %v", a.Type)
	case a.Type == ir.Float32:
		n.Run = combine(shape, strides, func(a, b float32) float32 { return float32(op.float(float64(a), float64(b))) })
	case a.Type == ir.Float64:
		n.Run = combine(shape, strides, op.float)
	case a.Type == ir.Int64:
		n.Run = combine(shape, strides, op.whole)
	case a.Type == ir.Int32:
		n.Run = combineInts[int32](shape, strides, op)
	case a.Type == ir.Int16:
		n.Run = combineInts[int16](shape, strides, op)
	case a.Type == ir.Int8:
		n.Run = combineInts[int8](shape, strides, op)
	case a.Type == ir.Uint8:
		n.Run = combineInts[uint8](shape, strides, op)
	case a.Type == ir.Uint16:
		n.Run = combineInts[uint16](shape, strides, op)
	case a.Type == ir.Uint32:
		n.Run = combineInts[uint32](shape, strides, op)
	default:
		return ir.Unsupportedf("inputs of type %v", a.Type)
	}
	// Every input is read at an index before the output is written there.
	n.InPlace = sameShape(a.Shape, shape)
	return nil
}

func sameShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func combineInts[T number](shape []int, strides [][]int, op arithmetic) ir.Kernel {
	return combine(shape, strides, func(a, b T) T { return T(op.whole(int64(a), int64(b))) })
}

// combine folds all inputs, each read through its strides, into the output.
func combine[T number](shape []int, strides [][]int, f func(a, b T) T) ir.Kernel {
	return func(c *ir.Call) {
		out := ir.Of[T](c.Out[0])
		first := ir.Of[T](c.In[0])
		if len(c.In) == 2 {
			second := ir.Of[T](c.In[1])
			lines(shape, strides, func(at int, from []int, count int, step []int) {
				i, j := from[0], from[1]
				for k := range count {
					out[at+k] = f(first[i], second[j])
					i, j = i+step[0], j+step[1]
				}
			})
			return
		}
		rest := make([][]T, len(c.In))
		for i, in := range c.In {
			rest[i] = ir.Of[T](in)
		}
		lines(shape, strides, func(at int, from []int, count int, step []int) {
			for k := range count {
				v := rest[0][from[0]+k*step[0]]
				for i, in := range rest[1:] {
					v = f(v, in[from[i+1]+k*step[i+1]])
				}
				out[at+k] = v
			}
		})
	}
}

// lines calls f for each innermost line of shape: at is where it starts in the
// output, from where it starts in each input, step how each input moves on.
func lines(shape []int, strides [][]int, f func(at int, from []int, count int, step []int)) {
	total, ok := ir.Count(shape)
	if !ok || total == 0 {
		return
	}
	rank := len(shape)
	from, step, count := make([]int, len(strides)), make([]int, len(strides)), 1
	if rank > 0 {
		count = shape[rank-1]
		for i, s := range strides {
			step[i] = s[rank-1]
		}
	}
	var index [ir.MaxRank]int
	for at := 0; at < total; at += count {
		f(at, from, count, step)
		for k := rank - 2; k >= 0; k-- {
			index[k]++
			for i, s := range strides {
				from[i] += s[k]
			}
			if index[k] < shape[k] {
				break
			}
			for i, s := range strides {
				from[i] -= s[k] * shape[k]
			}
			index[k] = 0
		}
	}
}

// buildMean is Operators.md#Mean: the sum of the inputs over their number.
func buildMean(n *ir.Node) error {
	if err := add.buildVariadic(n); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	sum, count := n.Run, float32(len(n.In))
	n.Run = func(c *ir.Call) {
		sum(c)
		y := ir.Of[float32](c.Out[0])
		for i := range y {
			y[i] /= count
		}
	}
	return nil
}

// buildPRelu is Operators.md#PRelu: x, times its slope where below zero. The
// slope broadcasts to x, not the other way round.
func buildPRelu(n *ir.Node) error {
	prelu := arithmetic{float: func(x, slope float64) float64 {
		if x < 0 {
			return x * slope
		}
		return x
	}}
	if err := prelu.buildBinary(n); err != nil {
		return err
	}
	if !sameShape(n.In[0].Shape, n.Out[0].Shape) {
		return ir.Invalidf("slope of shape %v for input of shape %v", n.In[1].Shape, n.In[0].Shape)
	}
	return nil
}
