package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildMaxPool is Operators.md#MaxPool. Padding never wins. The second output
// are the places of the winners in the input, counted over all of it; a
// storage_order of 1 counts the first spatial axis fastest.
func buildMaxPool(n *ir.Node) error {
	columns := n.Flag("storage_order", false)
	w, err := readPool(n, 2)
	if err != nil {
		return err
	}
	in, out := w.plane()
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		var places []int64
		if len(c.Out) > 1 && c.Out[1] != nil {
			places = ir.Of[int64](c.Out[1])
		}
		spread(c.Threads, w.n*w.c, 1+1<<14/out, func(lo, hi int) {
			for ch := lo; ch < hi; ch++ {
				plane := x[ch*in:][:in]
				w.each(func(at int, p *part) {
					best := p.largest(w, plane)
					if y[ch*out+at] = float32(math.Inf(-1)); best >= 0 { // a dilated window may miss every element
						y[ch*out+at] = plane[best]
					}
					if places != nil {
						places[ch*out+at] = int64(ch*in + w.place(best, columns))
					}
				})
			}
		})
	}
	if err := n.Result(1, ir.Int64, w.result(w.c)); err != nil {
		return err
	}
	return n.Result(0, ir.Float32, w.result(w.c))
}

// buildAveragePool is Operators.md#AveragePool; count_include_pad says whether
// the divisor counts padding.
func buildAveragePool(n *ir.Node) error {
	all := n.Flag("count_include_pad", false)
	w, err := readPool(n, 1)
	if err != nil {
		return err
	}
	in, out := w.plane()
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		spread(c.Threads, w.n*w.c, 1+1<<14/out, func(lo, hi int) {
			for ch := lo; ch < hi; ch++ {
				w.each(func(at int, p *part) {
					sum, count := p.sum(w, x[ch*in:][:in])
					if all {
						count = p.places
					}
					y[ch*out+at] = float32(sum / float64(max(count, 1)))
				})
			}
		})
	}
	return n.Result(0, ir.Float32, w.result(w.c))
}

// buildLpPool is Operators.md#LpPool: the p-th root of the sum of p-th powers.
func buildLpPool(n *ir.Node) error {
	p := float64(n.Int("p", 2))
	w, err := readPool(n, 1)
	if err != nil {
		return err
	}
	in, out := w.plane()
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		for ch := range w.n * w.c {
			plane := x[ch*in:][:in]
			w.each(func(at int, q *part) {
				sum := 0.0
				q.visit(w, func(i int) { sum += math.Pow(math.Abs(float64(plane[i])), p) })
				y[ch*out+at] = float32(math.Pow(sum, 1/p))
			})
		}
	}
	return n.Result(0, ir.Float32, w.result(w.c))
}

// buildGlobalLpPool is Operators.md#GlobalLpPool.
func buildGlobalLpPool(n *ir.Node) error {
	p := float64(n.Int("p", 2))
	return buildGlobal(func(plane []float32) float32 {
		sum := 0.0
		for _, v := range plane {
			sum += math.Pow(math.Abs(float64(v)), p)
		}
		return float32(math.Pow(sum, 1/p))
	})(n)
}

// readPool checks what the pools have in common.
func readPool(n *ir.Node, outputs int) (*window, error) {
	if err := n.Arity(1, 1, outputs); err != nil {
		return nil, err
	}
	if err := n.Float(0); err != nil {
		return nil, err
	}
	if !n.Has("kernel_shape") {
		return nil, ir.Invalidf("attribute \"kernel_shape\" is missing")
	}
	w, err := readWindow(n, n.In[0].Shape, nil, true)
	if err != nil {
		return nil, err
	}
	if err := n.Done(); err != nil {
		return nil, err
	}
	for _, a := range w.axis {
		if max(a.before, a.after) >= a.reach() {
			return nil, ir.Invalidf("pads of %d and %d reach past a window of %d", a.before, a.after, a.reach())
		}
	}
	n.Heavy = true
	return w, nil
}

// part is the piece of a window that lies in the input, by axis.
type part struct {
	lo, hi, step [3]int
	places       int // positions of the window, padding included
}

// each calls f for every window of a plane; at counts them.
func (w *window) each(f func(at int, p *part)) {
	var p part
	at := 0
	for z := range w.axis[0].out {
		for y := range w.axis[1].out {
			for x := range w.axis[2].out {
				p.places = 1
				for i, o := range [3]int{z, y, x} {
					a, places := &w.axis[i], 0
					p.lo[i], p.hi[i], places = a.clip(o)
					p.step[i] = a.dilation
					p.places *= places
				}
				f(at, &p)
				at++
			}
		}
	}
}

// largest is the index of the first largest element; NaN counts as largest.
func (p *part) largest(w *window, plane []float32) int {
	found, best := -1, float32(0)
	for z := p.lo[0]; z < p.hi[0]; z += p.step[0] {
		for y := p.lo[1]; y < p.hi[1]; y += p.step[1] {
			row := (z*w.axis[1].in + y) * w.axis[2].in
			for x := p.lo[2]; x < p.hi[2]; x += p.step[2] {
				if v := plane[row+x]; found < 0 || v > best || v != v && best == best {
					found, best = row+x, v
				}
			}
		}
	}
	return found
}

// visit calls f for every element.
func (p *part) visit(w *window, f func(i int)) {
	for z := p.lo[0]; z < p.hi[0]; z += p.step[0] {
		for y := p.lo[1]; y < p.hi[1]; y += p.step[1] {
			row := (z*w.axis[1].in + y) * w.axis[2].in
			for x := p.lo[2]; x < p.hi[2]; x += p.step[2] {
				f(row + x)
			}
		}
	}
}

func (p *part) sum(w *window, plane []float32) (sum float64, count int) {
	for z := p.lo[0]; z < p.hi[0]; z += p.step[0] {
		for y := p.lo[1]; y < p.hi[1]; y += p.step[1] {
			row := (z*w.axis[1].in + y) * w.axis[2].in
			for x := p.lo[2]; x < p.hi[2]; x += p.step[2] {
				sum += float64(plane[row+x])
				count++
			}
		}
	}
	return sum, count
}

// place recounts an index into a plane in the order storage_order asks for.
func (w *window) place(i int, columns bool) int {
	if !columns {
		return i
	}
	depth, height, width := w.axis[0].in, w.axis[1].in, w.axis[2].in
	z, y, x := i/width/height, i/width%height, i%width
	return z + (y+x*height)*depth
}

// buildGlobal is Operators.md#GlobalAveragePool and GlobalMaxPool: one value a channel.
func buildGlobal(reduce func(plane []float32) float32) func(*ir.Node) error {
	return func(n *ir.Node) error {
		if err := n.Arity(1, 1, 1); err != nil {
			return err
		}
		if err := n.Float(0); err != nil {
			return err
		}
		if err := n.Done(); err != nil {
			return err
		}
		in := n.In[0].Shape
		if len(in) < 3 || product(in) == 0 {
			return ir.Unsupportedf("input of shape %v", in)
		}
		shape := append([]int(nil), in[:2]...)
		for range in[2:] {
			shape = append(shape, 1)
		}
		plane := product(in[2:])
		n.Run = func(c *ir.Call) {
			x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
			for i := range y {
				y[i] = reduce(x[i*plane:][:plane])
			}
		}
		return n.Result(0, ir.Float32, shape)
	}
}

func mean(plane []float32) float32 {
	sum := 0.0
	for _, v := range plane {
		sum += float64(v)
	}
	return float32(sum / float64(len(plane)))
}

func maximum(plane []float32) float32 {
	best := float32(math.Inf(-1))
	for _, v := range plane {
		best = max(best, v)
	}
	return best
}
