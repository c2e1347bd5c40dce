package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// rowsOf reads a node of Softmax's kind: it works on rows of size numbers, inner
// apart. Up to version 12 the input counts as a matrix split before axis
// (default 1); from 13 on a row lies along the one axis (default −1).
func rowsOf(n *ir.Node) (size, inner int, err error) {
	if err := n.Arity(1, 1, 1); err != nil {
		return 0, 0, err
	}
	if err := n.Float(0); err != nil {
		return 0, 0, err
	}
	in, def := n.In[0].Shape, -1
	if n.Opset < 13 {
		def = 1
	}
	axis, err := ir.Axis(n.Int("axis", def), len(in))
	if err != nil {
		return 0, 0, err
	}
	if err := n.Done(); err != nil {
		return 0, 0, err
	}
	size, inner = in[axis], product(in[axis+1:])
	if n.Opset < 13 {
		size, inner = size*inner, 1
	}
	return size, inner, nil
}

// buildSoftmax is Operators.md#Softmax and LogSoftmax, of the rows of rowsOf.
func buildSoftmax(logarithm bool) func(*ir.Node) error {
	return func(n *ir.Node) error {
		size, inner, err := rowsOf(n)
		if err != nil {
			return err
		}
		n.InPlace = true
		n.Run = func(c *ir.Call) {
			x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
			if len(y) == 0 {
				return
			}
			for i := range len(y) / size {
				at := i/inner*size*inner + i%inner
				softmax(y[at:], x[at:], size, inner, logarithm)
			}
		}
		return n.Result(0, ir.Float32, n.In[0].Shape)
	}
}

// softmax normalises size elements that lie step apart. The largest is
// subtracted first, so that no exponential overflows.
func softmax(y, x []float32, size, step int, logarithm bool) {
	top := math.Inf(-1)
	for i := range size {
		top = max(top, float64(x[i*step]))
	}
	sum := 0.0
	for i := range size {
		sum += math.Exp(float64(x[i*step]) - top)
	}
	for i := range size {
		d := float64(x[i*step]) - top
		if logarithm {
			y[i*step] = float32(d - math.Log(sum))
		} else {
			y[i*step] = float32(math.Exp(d) / sum)
		}
	}
}

// reduction computes one result from the elements it is made of.
type reduction func(v []float32) float32

// pairwise adds in float32 in the order numpy does: eight running sums, and
// halves that are added apart where there are many. The results of the
// standard's node tests depend on it to the last bit.
func pairwise(v []float32) float32 {
	n := len(v)
	if n < 8 {
		sum := float32(0)
		for _, x := range v {
			sum += x
		}
		return sum
	}
	if n > 128 {
		half := n / 2 / 8 * 8
		return pairwise(v[:half]) + pairwise(v[half:])
	}
	var r [8]float32
	copy(r[:], v)
	for v = v[8:]; len(v) >= 8; v = v[8:] {
		for i := range r {
			r[i] += v[i]
		}
	}
	sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for _, x := range v {
		sum += x
	}
	return sum
}

// each maps v in place by f, rounding to float32.
func each(v []float32, f func(float64) float64) []float32 {
	for i, x := range v {
		v[i] = float32(f(float64(x)))
	}
	return v
}

func square(x float64) float64 { return x * x }

func sumOf(f func(float64) float64) reduction {
	return func(v []float32) float32 { return pairwise(each(v, f)) }
}

func average(v []float32) float32 { return pairwise(v) / float32(len(v)) }
func norm2(v []float32) float32   { return float32(math.Sqrt(float64(sumOf(square)(v)))) }
func logSum(v []float32) float32  { return float32(math.Log(float64(pairwise(v)))) }

// logSumExp subtracts the largest first, so that no exponential overflows.
func logSumExp(v []float32) float32 {
	top, sum := float64(maximum(v)), 0.0
	if math.IsInf(top, 0) {
		return float32(top)
	}
	for _, x := range v {
		sum += math.Exp(float64(x) - top)
	}
	return float32(top + math.Log(sum))
}

func times(v []float32) float32 {
	p := float32(1)
	for _, x := range v {
		p *= x
	}
	return p
}

func minimum(v []float32) float32 {
	best := float32(math.Inf(1))
	for _, x := range v {
		best = min(best, x)
	}
	return best
}

// folder is a reduction of numbers of any other type, one by one.
type folder struct {
	float func(a, b float64) float64
	whole func(a, b int64) int64
	first bool // begins with the first element, not with zero
	mean  bool
}

// reducer is Operators.md#ReduceSum and its kin: float32 is reduced by line,
// other types by fold, where there is one.
type reducer struct {
	line reduction
	fold *folder
}

// build reads the axes: an attribute, or an input (ReduceSum from version 13 on,
// the others from 18).
func (r reducer) build(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	x := n.In[0]
	in := x.Shape
	list, _, err := axes(n, len(in))
	if err != nil {
		return err
	}
	keep, noop := n.Flag("keepdims", true), n.Flag("noop_with_empty_axes", false)
	if err := n.Done(); err != nil {
		return err
	}
	if len(list) == 0 && noop {
		return view(n, in)
	}
	over, full, kept := make([]bool, len(in)), []int{}, []int{}
	for i, d := range in {
		if over[i] = slices.Contains(list, i) || len(list) == 0; over[i] {
			full = append(full, 1)
		} else {
			full, kept = append(full, d), append(kept, d)
		}
	}
	f := foldAxes(in, over)
	n.Heavy = true
	switch {
	case x.Type == ir.Float32:
		n.Scratch = f.count
		n.Run = func(c *ir.Call) {
			x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
			for i := range y {
				base := locate(i, f.kept, f.keptStrides)
				lines(f.folded, [][]int{f.foldedStrides}, func(to int, from []int, count int, step []int) {
					for k := range count {
						c.Scratch[to+k] = x[base+from[0]+k*step[0]]
					}
				})
				y[i] = r.line(c.Scratch[:f.count])
			}
		}
	case r.fold == nil || numeric(n, 0) != nil || x.Type != ir.Float64 && r.fold.whole == nil:
		return ir.Unsupportedf("input 0 is %v", x.Type)
	default:
		n.Run = r.fold.kernel(f, x.Type == ir.Float64)
	}
	if keep {
		return n.Result(0, x.Type, full)
	}
	return n.Result(0, x.Type, kept)
}

func (r *folder) kernel(f *folding, float bool) ir.Kernel {
	return func(c *ir.Call) {
		x, y := scalarsOf(c.In[0]), scalarsOf(c.Out[0])
		f.each(func(to int, at func(i int) int) {
			sum, whole := 0.0, int64(0)
			for i := range f.count {
				switch {
				case i == 0 && r.first && float:
					sum = x.float(at(0))
				case i == 0 && r.first:
					whole = x.whole(at(0))
				case float:
					sum = r.float(sum, x.float(at(i)))
				default:
					whole = r.whole(whole, x.whole(at(i)))
				}
			}
			if r.mean {
				sum, whole = sum/float64(f.count), whole/int64(max(f.count, 1))
			}
			if float {
				y.setFloat(to, sum)
			} else {
				y.setWhole(to, whole)
			}
		})
	}
}

var (
	foldSum     = &folder{float: plus[float64], whole: plus[int64]}
	foldMean    = &folder{float: plus[float64], whole: plus[int64], mean: true}
	foldProduct = &folder{float: product2[float64], whole: product2[int64], first: true}
	foldMax     = &folder{float: higher[float64], whole: higher[int64], first: true}
	foldMin     = &folder{float: lower[float64], whole: lower[int64], first: true}
	foldSquares = &folder{
		float: func(a, b float64) float64 { return a + b*b }, whole: func(a, b int64) int64 { return a + b*b },
	}
	foldL1 = &folder{
		float: func(a, b float64) float64 { return a + math.Abs(b) }, whole: func(a, b int64) int64 { return a + max(b, -b) },
	}
)

// buildArg is Operators.md#ArgMax and ArgMin: the index of the element along an
// axis that beats all others, the first or the last of equals.
func buildArg(beats comparison) func(*ir.Node) error {
	return func(n *ir.Node) error {
		if err := n.Arity(1, 1, 1); err != nil {
			return err
		}
		if err := numeric(n, 0); err != nil {
			return err
		}
		x := n.In[0]
		axis, err := ir.Axis(n.Int("axis", 0), len(x.Shape))
		if err != nil {
			return err
		}
		keep, last := n.Flag("keepdims", true), n.Flag("select_last_index", false)
		if err := n.Done(); err != nil {
			return err
		}
		if x.Shape[axis] == 0 {
			return ir.Invalidf("empty axis")
		}
		shape := slices.Clone(x.Shape)
		if shape[axis] = 1; !keep {
			shape = slices.Delete(shape, axis, axis+1)
		}
		inner, size := product(x.Shape[axis+1:]), x.Shape[axis]
		n.Run = func(c *ir.Call) {
			v, y := scalarsOf(c.In[0]), ir.Of[int64](c.Out[0])
			better := func(i, j int) bool { return beats.whole(v.whole(i), v.whole(j)) }
			if isFloat(x.Type) {
				better = func(i, j int) bool { return beats.float(v.float(i), v.float(j)) }
			}
			for i := range y {
				at, best := i/inner*size*inner+i%inner, 0
				for j := range size {
					if a, b := at+j*inner, at+best*inner; better(a, b) || last && !better(b, a) {
						best = j
					}
				}
				y[i] = int64(best)
			}
		}
		return n.Result(0, ir.Int64, shape)
	}
}
