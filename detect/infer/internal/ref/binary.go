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
	float    func(a, b float64) float64 // float32 results are rounded from it: exact for + − × ÷
	whole    func(a, b int64) int64     // nil: not defined on integers
	unsigned func(a, b uint64) uint64   // the same for uint64, nil: not defined
}

var (
	add = arithmetic{plus[float64], plus[int64], plus[uint64]}
	sub = arithmetic{minus[float64], minus[int64], minus[uint64]}
	mul = arithmetic{product2[float64], product2[int64], product2[uint64]}
	div = arithmetic{func(a, b float64) float64 { return a / b }, divide[int64], divide[uint64]}
	// The builtins let NaN win, as ONNX Runtime does.
	largest  = arithmetic{higher[float64], higher[int64], higher[uint64]}
	smallest = arithmetic{lower[float64], lower[int64], lower[uint64]}
)

// wide are the types arithmetic is done in.
type wide interface{ float64 | int64 | uint64 }

func plus[T wide](a, b T) T     { return a + b }
func minus[T wide](a, b T) T    { return a - b }
func product2[T wide](a, b T) T { return a * b }
func higher[T wide](a, b T) T   { return max(a, b) }
func lower[T wide](a, b T) T    { return min(a, b) }

// buildPow is Operators.md#Pow: the result has the type of the base, from
// version 12 on the exponent may have another.
func buildPow(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	a, b := n.In[0], n.In[1]
	if a.Type != b.Type && n.Opset < 12 {
		return ir.Invalidf("inputs of type %v and %v", a.Type, b.Type)
	}
	for i := range n.In {
		if err := numeric(n, i); err != nil {
			return err
		}
	}
	shape, err := broadcast(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	strides := [][]int{stretch(a.Shape, shape), stretch(b.Shape, shape)}
	n.Run = func(c *ir.Call) {
		x, y, out := scalarsOf(c.In[0]), scalarsOf(c.In[1]), scalarsOf(c.Out[0])
		lines(shape, strides, func(at int, from []int, count int, step []int) {
			for k := range count {
				i, j := from[0]+k*step[0], from[1]+k*step[1]
				switch {
				case a.Type == ir.Float32:
					out.setFloat(at+k, float64(power32(float32(x.float(i)), y.float(j))))
				case a.Type == ir.Float64:
					out.setFloat(at+k, math.Pow(x.float(i), y.float(j)))
				case isWhole(b.Type) && y.whole(j) >= 0:
					out.setWhole(at+k, wholePower(x.whole(i), y.whole(j)))
				default:
					out.setWhole(at+k, saturate(math.Pow(x.float(i), y.float(j)), math.MinInt64, math.MaxInt64))
				}
			}
		})
	}
	return n.Result(0, a.Type, shape)
}

// wholePower multiplies a by itself b times, wrapping.
func wholePower(a, b int64) int64 {
	p := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			p *= a
		}
		a *= a
	}
	return p
}

// power32 is x to the power of y. Where y is a multiple of a half the result is
// the nearest float32. Elsewhere it is made the way of the C libraries of the
// time the standard's node tests were written in, off by up to 0.75 of the last
// place: 2^(n+f) = 2^n·e^z with z in two parts, and e^z = 1 − (r − z), all in
// float32. The tests want their numbers to the last bit.
func power32(x float32, y float64) float32 {
	exact := math.Pow(float64(x), y)
	if x <= 0 || x == 1 || 2*y == math.Trunc(2*y) || math.IsInf(float64(x), 0) || !(exact > 0x1p-126 && exact < 0x1p127) {
		return float32(exact)
	}
	const (
		ln2High = 0x1.62e4p-1 // 15 bits
		ln2     = 0x1.62e43p-1
		ln2Low  = 0x1.7f7d1cp-20
	)
	l := y * math.Log2(float64(x))
	n := math.Floor(l + 0.5)
	f := l - n
	t := math.Float32frombits(math.Float32bits(float32(f)) &^ 0xfff) // 12 bits
	u := float32(t * ln2High)
	v := float32(float32(f-float64(t))*ln2) + float32(t*ln2Low)
	z := u + v
	w := v - (z - u)
	// z − z²/6 + z⁴/360 − ...: the beginning of z·coth(z/2), with the last
	// coefficients adjusted to the interval.
	q, p := float32(z*z), float32(4.1381369442e-08)
	for _, c := range []float32{-1.6533901999e-06, 6.6137559770e-05, -2.7777778450e-03, 1.6666667163e-01} {
		p = c + float32(q*p)
	}
	t = z - float32(q*p)
	r := float32(float32(z*t)/(t-2)) - (w + float32(z*w))
	return float32(math.Ldexp(float64(1-(r-z)), int(n)))
}

// divide truncates. The standard leaves division by zero open; it must not
// stop the process, so it gives zero.
func divide[T int64 | uint64](a, b T) T {
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
	case a.Type == ir.Uint64 && op.unsigned != nil:
		n.Run = combine(shape, strides, op.unsigned)
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
	if err := floats(n, 0); err != nil {
		return err
	}
	sum, count := n.Run, len(n.In)
	n.Run = func(c *ir.Call) {
		sum(c)
		switch y := c.Out[0].Data.(type) {
		case []float32:
			convert(y, y, func(v float32) float32 { return v / float32(count) })
		case []float64:
			convert(y, y, func(v float64) float64 { return v / float64(count) })
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
	}, whole: func(x, slope int64) int64 {
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
