package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// pooling reduces the part of a window that lies in the input. rows yields the
// window's rows; places counts window positions, padding included, that an
// average over the padding divides by.
type pooling func(x []float32, w *window, y0, y1, x0, x1, places int) float32

// buildMaxPool is Operators.md#MaxPool. Padding never wins; the output of
// indices is not computed.
func buildMaxPool(n *ir.Node) error {
	if len(n.Out) > 1 && n.Out[1] != nil {
		return ir.Unsupportedf("output of the indices")
	}
	n.Int("storage_order", 0) // only says how indices are counted
	return buildPool(n, func(x []float32, w *window, y0, y1, x0, x1, _ int) float32 {
		best := float32(math.Inf(-1))
		for y := y0; y < y1; y += w.dh {
			for i := x0; i < x1; i += w.dw {
				if v := x[y*w.w+i]; v > best || v != v {
					best = v
				}
			}
		}
		return best
	})
}

// buildAveragePool is Operators.md#AveragePool; count_include_pad says whether
// the divisor counts padding.
func buildAveragePool(n *ir.Node) error {
	all := n.Flag("count_include_pad", false)
	return buildPool(n, func(x []float32, w *window, y0, y1, x0, x1, places int) float32 {
		sum, count := 0.0, 0
		for y := y0; y < y1; y += w.dh {
			for i := x0; i < x1; i += w.dw {
				sum += float64(x[y*w.w+i])
				count++
			}
		}
		if all {
			count = places
		}
		return float32(sum / float64(count))
	})
}

func buildPool(n *ir.Node, reduce pooling) error {
	if err := n.Arity(1, 1, 2); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	if !n.Has("kernel_shape") {
		return ir.Invalidf("attribute \"kernel_shape\" is missing")
	}
	w, err := readWindow(n, n.In[0].Shape, nil, true)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if tall, wide := w.dh*(w.kh-1)+1, w.dw*(w.kw-1)+1; max(w.top, w.bottom) >= tall || max(w.left, w.right) >= wide {
		return ir.Invalidf("pads reach past a window of %d by %d", tall, wide)
	}
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		plane := w.oh * w.ow
		spread(c.Threads, w.n*w.c, 1+1<<14/plane, func(lo, hi int) {
			for ch := lo; ch < hi; ch++ {
				w.pool(y[ch*plane:][:plane], x[ch*w.h*w.w:][:w.h*w.w], reduce)
			}
		})
	}
	return n.Result(0, ir.Float32, w.result(w.c))
}

// pool reduces every window of one plane.
func (w *window) pool(y, x []float32, reduce pooling) {
	for oy := range w.oh {
		y0, y1, ny := clipped(oy*w.sh-w.top, w.kh, w.dh, w.h, w.bottom)
		for ox := range w.ow {
			x0, x1, nx := clipped(ox*w.sw-w.left, w.kw, w.dw, w.w, w.right)
			y[oy*w.ow+ox] = reduce(x, w, y0, y1, x0, x1, ny*nx)
		}
	}
}

// clipped cuts a window that starts at from to the input: its positions are
// lo, lo+dilation, ... below hi. places counts those in input and padding, but
// not what ceil_mode reaches beyond the padding.
func clipped(from, k, dilation, size, after int) (lo, hi, places int) {
	end := from + (k-1)*dilation + 1
	lo = from
	if lo < 0 {
		lo += (-lo + dilation - 1) / dilation * dilation
	}
	places = k
	if limit := size + after; end > limit {
		places = (limit - from + dilation - 1) / dilation
	}
	return lo, min(end, size), places
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
	best := plane[0]
	for _, v := range plane {
		best = max(best, v)
	}
	return best
}
