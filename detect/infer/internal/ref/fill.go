package ref

import (
	"cmp"
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildEyeLike is Operators.md#EyeLike: ones on diagonal k.
func buildEyeLike(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	x, k := n.In[0], n.Int("k", 0)
	to := ir.Dtype(n.Int("dtype", int(x.Type)))
	if err := n.Done(); err != nil {
		return err
	}
	if len(x.Shape) != 2 {
		return ir.Invalidf("input of shape %v", x.Shape)
	}
	if !isFloat(to) && !isWhole(to) && to != ir.Uint64 && to != ir.Bool {
		return ir.Unsupportedf("output of %v", to)
	}
	rows, columns := x.Shape[0], x.Shape[1]
	n.In = nil // its shape is known
	n.Run = func(c *ir.Call) {
		y := scalarsOf(c.Out[0])
		for i := range rows * columns {
			v := int64(0)
			if i%columns-i/columns == k {
				v = 1
			}
			y.setWhole(i, v)
		}
	}
	return n.Result(0, to, x.Shape)
}

// buildTrilu is Operators.md#Trilu: what lies on one side of diagonal k.
func buildTrilu(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	upper, k := n.Flag("upper", true), 0
	if err := n.Done(); err != nil {
		return err
	}
	if n.Input(1) != nil {
		list, err := clampedInts(n, 1)
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return ir.Invalidf("k of shape %v", n.In[1].Shape)
		}
		k = list[0]
	}
	x := n.In[0]
	if len(x.Shape) < 2 {
		return ir.Invalidf("input of shape %v", x.Shape)
	}
	rows, columns := x.Shape[len(x.Shape)-2], x.Shape[len(x.Shape)-1]
	n.In = n.In[:1]
	n.Run = func(c *ir.Call) {
		m := between(c.Out[0], c.In[0])
		for i := range x.Len() {
			if d := i%columns - i/columns%rows; d == k || d > k == upper {
				m.move(i, i)
			} else {
				m.fill(i, nil)
			}
		}
	}
	return n.Result(0, x.Type, x.Shape)
}

// buildCumSum is Operators.md#CumSum along an axis known at load time.
func buildCumSum(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := numeric(n, 0); err != nil {
		return err
	}
	exclusive, reverse := n.Flag("exclusive", false), n.Flag("reverse", false)
	if err := n.Done(); err != nil {
		return err
	}
	x := n.In[0]
	a, err := constInt(n, 1)
	if err != nil {
		return err
	}
	if a, err = ir.Axis(a, len(x.Shape)); err != nil {
		return err
	}
	size, inner := x.Shape[a], product(x.Shape[a+1:])
	n.In = n.In[:1]
	n.Run = func(c *ir.Call) {
		src, dst := scalarsOf(c.In[0]), scalarsOf(c.Out[0])
		for line := range x.Len() / max(size, 1) {
			at, step := line/inner*size*inner+line%inner, inner
			if reverse {
				at, step = at+(size-1)*inner, -inner
			}
			sum, whole := 0.0, int64(0)
			for i := range size {
				k := at + i*step
				v, w := src.float(k), src.whole(k)
				if !exclusive {
					sum, whole = sum+v, whole+w
				}
				if isFloat(x.Type) {
					dst.setFloat(k, sum)
				} else {
					dst.setWhole(k, whole)
				}
				if exclusive {
					sum, whole = sum+v, whole+w
				}
			}
		}
	}
	return n.Result(0, x.Type, x.Shape)
}

// buildRange is Operators.md#Range, whose three inputs must be known.
func buildRange(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	for i, v := range n.In {
		if v.Const == nil {
			return ir.Unsupportedf("input %d (%q) is computed at run time, its values are needed at load time", i, v.Name)
		}
		if v.Len() != 1 || v.Type != n.In[0].Type {
			return ir.Invalidf("input %d is %v %v", i, v.Type, v.Shape)
		}
		if err := numeric(n, i); err != nil {
			return err
		}
	}
	start, limit, step := scalarsOf(n.In[0].Const), scalarsOf(n.In[1].Const), scalarsOf(n.In[2].Const)
	count := math.Ceil((limit.float(0) - start.float(0)) / step.float(0))
	if count != count || count > float64(n.MaxLen) {
		return ir.TooLargef("%v numbers", count)
	}
	n.Run = func(c *ir.Call) {
		y := scalarsOf(c.Out[0])
		for i := range c.Out[0].Len() {
			if isFloat(c.Out[0].Type) {
				y.setFloat(i, start.float(0)+float64(i)*step.float(0))
			} else {
				y.setWhole(i, start.whole(0)+int64(i)*step.whole(0))
			}
		}
	}
	return n.Result(0, n.In[0].Type, []int{int(max(count, 0))})
}

// buildNonZero is Operators.md#NonZero of an input known at load time: the
// result's shape depends on it.
func buildNonZero(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	x := n.In[0]
	if x.Const == nil {
		return ir.Unsupportedf("input 0 (%q) is computed at run time, the output's shape depends on it", x.Name)
	}
	if x.Type != ir.Bool {
		if err := numeric(n, 0); err != nil {
			return err
		}
	}
	if err := n.Memory.Take(x.Len(), 8*max(len(x.Shape), 1)); err != nil {
		return err
	}
	var found []int
	v := scalarsOf(x.Const)
	for i := range x.Len() {
		if v.float(i) != 0 {
			found = append(found, i)
		}
	}
	out := make([]int64, len(x.Shape)*len(found))
	for k, s := range ir.Strides(x.Shape) {
		for i, at := range found {
			out[k*len(found)+i] = int64(at / s % x.Shape[k])
		}
	}
	return constant(n, &ir.Array{Type: ir.Int64, Shape: []int{len(x.Shape), len(found)}, Data: out})
}

// buildWhere is Operators.md#Where: X where the condition holds, Y elsewhere,
// all three broadcast.
func buildWhere(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if n.In[0].Type != ir.Bool || n.In[1].Type != n.In[2].Type {
		return ir.Invalidf("inputs of type %v, %v and %v", n.In[0].Type, n.In[1].Type, n.In[2].Type)
	}
	shape, err := broadcast(n.In[1].Shape, n.In[2].Shape)
	if err != nil {
		return err
	}
	if shape, err = broadcast(n.In[0].Shape, shape); err != nil {
		return err
	}
	strides := make([][]int, 3)
	for i, v := range n.In {
		strides[i] = stretch(v.Shape, shape)
	}
	n.Run = func(c *ir.Call) {
		cond := ir.Of[bool](c.In[0])
		x, y := between(c.Out[0], c.In[1]), between(c.Out[0], c.In[2])
		lines(shape, strides, func(at int, from []int, count int, step []int) {
			for k := range count {
				if cond[from[0]+k*step[0]] {
					x.move(at+k, from[1]+k*step[1])
				} else {
					y.move(at+k, from[2]+k*step[2])
				}
			}
		})
	}
	return n.Result(0, n.In[1].Type, shape)
}

// comparison is Operators.md#Equal, Greater, Less and so on.
type comparison struct {
	float func(a, b float64) bool
	whole func(a, b int64) bool // bool counts as 0 and 1
}

func (op comparison) build(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	a, b := n.In[0], n.In[1]
	if a.Type != b.Type {
		return ir.Invalidf("inputs of type %v and %v", a.Type, b.Type)
	}
	if a.Type != ir.Bool {
		if err := numeric(n, 0); err != nil {
			return err
		}
	}
	shape, err := broadcast(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	strides := [][]int{stretch(a.Shape, shape), stretch(b.Shape, shape)}
	n.Run = func(c *ir.Call) {
		x, y, out := scalarsOf(c.In[0]), scalarsOf(c.In[1]), ir.Of[bool](c.Out[0])
		lines(shape, strides, func(at int, from []int, count int, step []int) {
			for k := range count {
				i, j := from[0]+k*step[0], from[1]+k*step[1]
				if isFloat(a.Type) {
					out[at+k] = op.float(x.float(i), y.float(j))
				} else {
					out[at+k] = op.whole(x.whole(i), y.whole(j))
				}
			}
		})
	}
	return n.Result(0, ir.Bool, shape)
}

var (
	equal          = comparison{func(a, b float64) bool { return a == b }, func(a, b int64) bool { return a == b }}
	greater        = comparison{func(a, b float64) bool { return a > b }, func(a, b int64) bool { return a > b }}
	greaterOrEqual = comparison{func(a, b float64) bool { return a >= b }, func(a, b int64) bool { return a >= b }}
	less           = comparison{func(a, b float64) bool { return a < b }, func(a, b int64) bool { return a < b }}
	lessOrEqual    = comparison{func(a, b float64) bool { return a <= b }, func(a, b int64) bool { return a <= b }}
	and            = comparison{whole: func(a, b int64) bool { return a&b != 0 }}
	or             = comparison{whole: func(a, b int64) bool { return a|b != 0 }}
	xor            = comparison{whole: func(a, b int64) bool { return a != b }}
)

// buildLogic is Operators.md#And, Or, Xor.
func (op comparison) buildLogic(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if t := n.In[0].Type; t != ir.Bool {
		return ir.Invalidf("inputs of type %v", t)
	}
	return op.build(n)
}

// buildNot is Operators.md#Not.
func buildNot(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if t := n.In[0].Type; t != ir.Bool {
		return ir.Invalidf("input of type %v", t)
	}
	n.Run = func(c *ir.Call) {
		y := ir.Of[bool](c.Out[0])
		for i, v := range ir.Of[bool](c.In[0]) {
			y[i] = !v
		}
	}
	return n.Result(0, ir.Bool, n.In[0].Shape)
}

// buildTest is Operators.md#IsNaN and IsInf.
func buildTest(infinite bool) func(*ir.Node) error {
	return func(n *ir.Node) error {
		if err := n.Arity(1, 1, 1); err != nil {
			return err
		}
		if err := floats(n, 0); err != nil {
			return err
		}
		f := math.IsNaN
		if infinite {
			down, up := n.Flag("detect_negative", true), n.Flag("detect_positive", true)
			f = func(v float64) bool { return down && math.IsInf(v, -1) || up && math.IsInf(v, 1) }
		}
		if err := n.Done(); err != nil {
			return err
		}
		n.Run = func(c *ir.Call) {
			x, y := scalarsOf(c.In[0]), ir.Of[bool](c.Out[0])
			for i := range y {
				y[i] = f(x.float(i))
			}
		}
		return n.Result(0, ir.Bool, n.In[0].Shape)
	}
}

// buildSpaceToDepth is Operators.md#SpaceToDepth: blocks of pixels become channels.
func buildSpaceToDepth(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	in, b := n.In[0].Shape, n.Int("blocksize", 0)
	if err := n.Done(); err != nil {
		return err
	}
	if len(in) != 4 || b < 1 || b > 1<<10 || in[2]%b != 0 || in[3]%b != 0 {
		return ir.Invalidf("input of shape %v, block size %d", in, b)
	}
	if err := moved(n, []int{in[0], in[1] * b * b, in[2] / b, in[3] / b}); err != nil {
		return err
	}
	s := ir.Strides(in)
	t := tables{
		walk(0, 1, in[0], s[0]), walk(0, 1, b, s[2]), walk(0, 1, b, 1), walk(0, 1, in[1], s[1]),
		walk(0, b, in[2]/b, s[2]), walk(0, b, in[3]/b, 1),
	}
	n.Run = t.kernel(nil)
	return nil
}

// buildMod is Operators.md#Mod: the remainder with the sign of the divisor, or,
// with fmod, of the dividend.
func buildMod(n *ir.Node) error {
	op := arithmetic{whole: func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		r := a % b
		if r != 0 && r < 0 != (b < 0) {
			r += b
		}
		return r
	}}
	if n.Flag("fmod", false) {
		op = arithmetic{float: math.Mod, whole: func(a, b int64) int64 {
			if b == 0 {
				return 0
			}
			return a % b
		}}
	}
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if isFloat(n.In[0].Type) && op.float == nil {
		return ir.Invalidf("%v without fmod", n.In[0].Type)
	}
	return op.build(n)
}

// buildCastLike is Operators.md#CastLike: a cast to the type of the second input.
func buildCastLike(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if n.Has("to") {
		return ir.Unsupportedf("attribute \"to\"")
	}
	return castTo(n, n.In[1].Type)
}

// buildTopK is Operators.md#TopK: the k largest or smallest along an axis, in
// order, and their places; of equals the first.
func buildTopK(n *ir.Node) error {
	if err := n.Arity(1, 2, 2); err != nil {
		return err
	}
	if err := numeric(n, 0); err != nil {
		return err
	}
	x := n.In[0]
	axis, err := ir.Axis(n.Int("axis", -1), len(x.Shape))
	if err != nil {
		return err
	}
	biggest := n.Flag("largest", true)
	n.Flag("sorted", true) // unsorted may be any order: ours is sorted
	k := n.Int("k", 0)
	if err := n.Done(); err != nil {
		return err
	}
	if n.Input(1) != nil {
		if k, err = constInt(n, 1); err != nil {
			return err
		}
	}
	size, inner := x.Shape[axis], product(x.Shape[axis+1:])
	if k < 0 || k > size {
		return ir.Invalidf("%d of %d elements", k, size)
	}
	shape := slices.Clone(x.Shape)
	shape[axis] = k
	n.In, n.Heavy = n.In[:1], true
	n.Run = func(c *ir.Call) {
		v := scalarsOf(c.In[0])
		order := make([]int, size)
		for line := range product(shape) / max(k, 1) {
			at := line/inner*size*inner + line%inner
			for i := range order {
				order[i] = at + i*inner
			}
			slices.SortStableFunc(order, func(i, j int) int {
				if biggest {
					i, j = j, i
				}
				if isFloat(x.Type) {
					return compareNaN(v.float(i), v.float(j))
				}
				return cmp.Compare(v.whole(i), v.whole(j))
			})
			to := line/inner*k*inner + line%inner
			for i, from := range order[:k] {
				if c.Out[0] != nil {
					between(c.Out[0], c.In[0]).move(to+i*inner, from)
				}
				if len(c.Out) > 1 && c.Out[1] != nil {
					ir.Of[int64](c.Out[1])[to+i*inner] = int64((from - at) / inner)
				}
			}
		}
	}
	if err := n.Result(1, ir.Int64, shape); err != nil {
		return err
	}
	return n.Result(0, x.Type, shape)
}

// compareNaN orders numbers, NaN above all.
func compareNaN(a, b float64) int {
	switch {
	case a < b || a == a && b != b:
		return -1
	case a > b || a != a && b == b:
		return 1
	}
	return 0
}

// buildHardmax is Operators.md#Hardmax: one at the first largest element of
// each row of rowsOf, zero elsewhere.
func buildHardmax(n *ir.Node) error {
	size, inner, err := rowsOf(n)
	if err != nil {
		return err
	}
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		clear(y)
		for i := range len(y) / max(size, 1) {
			at := i/inner*size*inner + i%inner
			best := at
			for j := range size {
				if x[at+j*inner] > x[best] {
					best = at + j*inner
				}
			}
			y[best] = 1
		}
	}
	return n.Result(0, ir.Float32, n.In[0].Shape)
}
