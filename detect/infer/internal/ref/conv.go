package ref

import (
	"slices"
	"sync"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// conv is a prepared convolution, Operators.md#Conv: grouped, strided, dilated,
// with pads that may differ on each side.
//
// Every output row is a weighted sum of pieces of input rows, one for each tap
// (input channel, kernel row, kernel column). To make the pieces contiguous and
// free of borders, the input is first copied into planes that carry the padding
// and keep the columns of each stride phase together: with stride 2 a row
// becomes its even columns, then its odd ones.
type conv struct {
	n, c, m, groups int // batch, input and output channels
	y, x            axis
	rows, width     int            // of a phase of a prepared plane
	taps            func() []int32 // where each tap's piece starts, from the row's first
}

// buildConv takes X (N, C, [H,] W), W (M, C/group, [kH,] kW) and optionally B (M).
func buildConv(n *ir.Node) error {
	if err := n.Arity(2, 3, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2); err != nil {
		return err
	}
	x, w := n.In[0], n.In[1]
	groups := n.Int("group", 1)
	if len(w.Shape) != len(x.Shape) || len(x.Shape) < 3 {
		return ir.Invalidf("input of shape %v, weights of shape %v", x.Shape, w.Shape)
	}
	g, err := readWindow(n, x.Shape, w.Shape[2:], false)
	if err != nil {
		return err
	}
	if g.spatial > 2 {
		return ir.Unsupportedf("three-dimensional convolution")
	}
	m := w.Shape[0]
	if groups < 1 || m < 1 || g.c%groups != 0 || m%groups != 0 || w.Shape[1] != g.c/groups {
		return ir.Invalidf("input of shape %v, weights of shape %v, %d groups", x.Shape, w.Shape, groups)
	}
	if b := n.Input(2); b != nil {
		if !slices.Equal(b.Shape, []int{m}) {
			return ir.Invalidf("bias of shape %v for %d channels", b.Shape, m)
		}
	}
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Result(0, ir.Float32, g.result(m)); err != nil {
		return err
	}
	c := &conv{n: g.n, c: g.c, m: m, groups: groups, y: g.axis[1], x: g.axis[2]}
	if err := c.prepare(n); err != nil {
		return err
	}
	n.Heavy, n.Run = true, c.run
	return nil
}

// prepare lays the planes out. The taps are listed when they are asked for: most
// convolutions run with other kernels.
func (c *conv) prepare(n *ir.Node) error {
	c.rows = c.y.before + c.y.in + c.y.after
	c.width = (c.x.before + c.x.in + c.x.after + c.x.stride - 1) / c.x.stride
	planes, ok := ir.Count([]int{c.c, c.rows, c.x.stride, c.width})
	if !ok || planes > n.MaxLen || planes > 1<<30 {
		return ir.TooLargef("%d padded planes of %d rows", c.c, c.rows)
	}
	if c.copies() {
		n.Scratch = planes
	} else if c.y.k == 1 && c.x.k == 1 && c.y.stride == 1 {
		// Nothing tells rows apart: longer ones do the same with less ado.
		c.longRows()
	}
	depth := c.c / c.groups
	if err := n.Memory.Take(depth*c.y.k*c.x.k, 4); err != nil {
		return err
	}
	c.taps = sync.OnceValue(c.list)
	return nil
}

// list finds the taps.
func (c *conv) list() []int32 {
	depth, plane := c.c/c.groups, c.rows*c.x.stride*c.width
	taps := make([]int32, 0, depth*c.y.k*c.x.k)
	for ic := range depth {
		for ky := range c.y.k {
			for kx := range c.x.k {
				row, column := ky*c.y.dilation, kx*c.x.dilation
				phase, at := column%c.x.stride, column/c.x.stride
				taps = append(taps, int32(ic*plane+(row*c.x.stride+phase)*c.width+at))
			}
		}
	}
	return taps
}

// copies reports whether the input must be copied to be of the prepared form.
func (c *conv) copies() bool { return c.rows > c.y.in || c.width > c.x.in || c.x.stride > 1 }

// longRows recounts the plane in rows of up to 1024 pixels that divide it.
func (c *conv) longRows() {
	plane := c.y.in * c.x.in
	for c.y.in%2 == 0 && 2*c.x.in <= 1024 {
		c.y.in, c.x.in = c.y.in/2, c.x.in*2
	}
	if plane <= 1024 {
		c.y.in, c.x.in = 1, plane
	}
	c.y.out, c.x.out, c.rows, c.width = c.y.in, c.x.in, c.y.in, c.x.in
}

func (c *conv) run(k *ir.Call) {
	x, y := ir.Of[float32](k.In[0]), ir.Of[float32](k.Out[0])
	in, out := c.c*c.y.in*c.x.in, c.m*c.y.out*c.x.out
	weights := ir.Of[float32](k.In[1])
	var bias []float32
	if len(k.In) > 2 && k.In[2] != nil {
		bias = ir.Of[float32](k.In[2])
	}
	for i := range c.n {
		planes, result := x[i*in:][:in], y[i*out:][:out]
		if c.copies() {
			spread(k.Threads, c.c, 1+1<<14/(c.rows*c.width*c.x.stride), func(lo, hi int) { c.lay(k.Scratch, planes, lo, hi) })
			planes = k.Scratch
		}
		// A row of one output channel is summed whole by one goroutine.
		spread(k.Threads, c.m*c.y.out, 1+1<<15/(len(c.taps())*c.x.out), func(lo, hi int) { c.sum(result, planes, weights, bias, lo, hi) })
	}
}

// lay copies the planes of channels lo to hi into the prepared form.
func (c *conv) lay(dst, src []float32, lo, hi int) {
	pitch, stride := c.x.stride*c.width, c.x.stride
	for ch := lo; ch < hi; ch++ {
		d := dst[ch*c.rows*pitch:][:c.rows*pitch]
		clear(d)
		for row := range c.y.in {
			r, s := d[(c.y.before+row)*pitch:][:pitch], src[(ch*c.y.in+row)*c.x.in:][:c.x.in]
			if stride == 1 {
				copy(r[c.x.before:], s)
				continue
			}
			for i, v := range s {
				at := c.x.before + i
				r[at%stride*c.width+at/stride] = v
			}
		}
	}
}

// sum computes rows lo to hi of one image, counted over all output channels.
// bias is nil where nothing is added.
func (c *conv) sum(dst, planes, weights, bias []float32, lo, hi int) {
	perGroup, at := c.m/c.groups, c.taps()
	taps := len(at)
	pitch := c.x.stride * c.width
	for u := lo; u < hi; u++ {
		m, row := u/c.y.out, u%c.y.out
		y := dst[u*c.x.out:][:c.x.out]
		x := planes[(m/perGroup*(c.c/c.groups)*c.rows+row*c.y.stride)*pitch:]
		w := weights[m*taps:][:taps]
		clear(y)
		if bias != nil {
			fill(y, bias[m])
		}
		t := 0
		for ; t+8 <= taps; t += 8 {
			add8(y, x, at[t:], w[t:])
		}
		for ; t < taps; t++ {
			add1(y, x[at[t]:], w[t])
		}
	}
}

func fill(y []float32, v float32) {
	for i := range y {
		y[i] = v
	}
}

// add8 adds eight weighted pieces of x to y: y[i] += Σ w[j]·x[t[j]+i]. Adding
// eight products before touching the sum saves loads and stores, and keeps
// rounding errors small.
func add8(y, x []float32, t []int32, w []float32) {
	n := len(y)
	t, w = t[:8], w[:8]
	x0, x1, x2, x3 := x[t[0]:][:n], x[t[1]:][:n], x[t[2]:][:n], x[t[3]:][:n]
	x4, x5, x6, x7 := x[t[4]:][:n], x[t[5]:][:n], x[t[6]:][:n], x[t[7]:][:n]
	w0, w1, w2, w3, w4, w5, w6, w7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	for i := range y {
		y[i] += (w0*x0[i] + w1*x1[i]) + (w2*x2[i] + w3*x3[i]) + ((w4*x4[i] + w5*x5[i]) + (w6*x6[i] + w7*x7[i]))
	}
}

// add1 adds one weighted piece.
func add1(y, x []float32, w float32) {
	for i, v := range x[:len(y)] {
		y[i] += w * v
	}
}
