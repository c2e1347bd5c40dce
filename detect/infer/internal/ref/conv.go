package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// conv is a prepared convolution, Operators.md#Conv: grouped, strided, dilated,
// with pads that may differ on each side.
//
// The input is copied into planes that carry the padding, so that no loop asks
// where the border is. Output channels go in blocks of four: the weights of a
// block lie together, tap by tap, and a tile of four channels × two pixels is
// summed in registers over all taps.
type conv struct {
	window
	groups, m int       // output channels in all
	ph, pw    int       // padded plane
	weights   []float32 // packed by pack: groups × blocks × taps × 4
	bias      []float32 // m, zeros where the node has none
	taps      []int32   // offset of each tap in the padded planes of a group
}

const block = 4 // output channels computed together

// buildConv takes X (N, C, [H,] W), W (M, C/group, [kH,] kW) and optionally
// B (M), W and B known at load time.
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
	m := w.Shape[0]
	if groups < 1 || m < 1 || g.c%groups != 0 || m%groups != 0 || w.Shape[1] != g.c/groups {
		return ir.Invalidf("input of shape %v, weights of shape %v, %d groups", x.Shape, w.Shape, groups)
	}
	bias := make([]float32, m)
	if b := n.Input(2); b != nil {
		if !slices.Equal(b.Shape, []int{m}) {
			return ir.Invalidf("bias of shape %v for %d channels", b.Shape, m)
		}
		values, err := n.ConstFloats(2)
		if err != nil {
			return err
		}
		copy(bias, values)
	}
	weights, err := n.ConstFloats(1)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Result(0, ir.Float32, g.result(m)); err != nil {
		return err
	}
	c := &conv{window: *g, groups: groups, m: m, bias: bias, ph: g.h + g.top + g.bottom, pw: g.w + g.left + g.right}
	planes, ok := ir.Count([]int{g.c, c.ph, c.pw})
	if !ok || planes > n.MaxLen || planes > 1<<30 {
		return ir.TooLargef("%d padded planes of %d by %d", g.c, c.ph, c.pw)
	}
	if err := n.Memory.Take(len(weights), 4*block); err != nil {
		return err
	}
	c.pack(weights)
	if c.padded() {
		n.Scratch = planes
	}
	n.Heavy, n.Run = true, c.run
	return nil
}

// padded reports whether the input must be copied to get its border.
func (c *conv) padded() bool { return c.top+c.left+c.bottom+c.right > 0 }

// pack lays weights out for the loops and lists the taps. A group of one
// channel keeps its plain order, it is computed row by row.
func (c *conv) pack(weights []float32) {
	perGroup, depth := c.m/c.groups, c.c/c.groups
	for ic := range depth {
		for ky := range c.kh {
			for kx := range c.kw {
				c.taps = append(c.taps, int32((ic*c.ph+ky*c.dh)*c.pw+kx*c.dw))
			}
		}
	}
	if perGroup == 1 {
		c.weights = weights
		return
	}
	taps := len(c.taps)
	blocks := (perGroup + block - 1) / block
	c.weights = make([]float32, c.groups*blocks*taps*block)
	for g := range c.groups {
		for o := range perGroup {
			src := weights[(g*perGroup+o)*taps:][:taps]
			dst := c.weights[(g*blocks+o/block)*taps*block+o%block:]
			for t, w := range src {
				dst[t*block] = w
			}
		}
	}
}

func (c *conv) run(k *ir.Call) {
	x, y := ir.Of[float32](k.In[0]), ir.Of[float32](k.Out[0])
	in, out := c.c*c.h*c.w, c.m*c.oh*c.ow
	for i := range c.n {
		planes := x[i*in : (i+1)*in]
		if c.padded() {
			c.pad(k.Threads, k.Scratch, planes)
			planes = k.Scratch
		}
		c.image(k.Threads, y[i*out:(i+1)*out], planes)
	}
}

// pad copies the planes of one image into larger ones with a border of zeros.
func (c *conv) pad(threads int, dst, src []float32) {
	spread(threads, c.c, 1+1<<14/(c.ph*c.pw), func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			d, s := dst[ch*c.ph*c.pw:][:c.ph*c.pw], src[ch*c.h*c.w:][:c.h*c.w]
			clear(d[:c.top*c.pw])
			for row := range c.h {
				r := d[(c.top+row)*c.pw:][:c.pw]
				clear(r[:c.left])
				copy(r[c.left:], s[row*c.w:][:c.w])
				clear(r[c.left+c.w:])
			}
			clear(d[(c.top+c.h)*c.pw:])
		}
	})
}

// image computes one image. The unit of work is one row of one block of
// output channels, each summed whole by one goroutine.
func (c *conv) image(threads int, y, x []float32) {
	perGroup := c.m / c.groups
	blocks := (perGroup + block - 1) / block
	least := 1 + 1<<15/(len(c.taps)*c.ow)
	spread(threads, c.groups*blocks*c.oh, least, func(lo, hi int) {
		for u := lo; u < hi; u++ {
			g, b, row := u/c.oh/blocks, u/c.oh%blocks, u%c.oh
			first := g*perGroup + b*block
			planes := x[g*(c.c/c.groups)*c.ph*c.pw+row*c.sh*c.pw:]
			if perGroup == 1 {
				c.rowOfOne(y[(first*c.oh+row)*c.ow:][:c.ow], planes, first)
				continue
			}
			c.rowOfBlock(y, planes, first, min(block, perGroup-b*block), row, c.weights[(g*blocks+b)*len(c.taps)*block:][:len(c.taps)*block])
		}
	})
}

// rowOfOne computes a row of an output channel that has its input to itself.
func (c *conv) rowOfOne(y, x []float32, m int) {
	for i := range y {
		y[i] = c.bias[m]
	}
	for t, w := range c.weights[m*len(c.taps):][:len(c.taps)] {
		s := x[c.taps[t]:]
		if c.sw == 1 {
			for i, v := range s[:len(y)] {
				y[i] += w * v
			}
			continue
		}
		for i := range y {
			y[i] += w * s[i*c.sw]
		}
	}
}

// rowOfBlock computes a row of up to four output channels, two pixels at a
// time. In a row of odd length the last pair overlaps the one before it.
func (c *conv) rowOfBlock(y, x []float32, first, count, row int, w []float32) {
	second, plane := c.sw, c.oh*c.ow
	if c.ow == 1 {
		second = 0
	}
	for i := 0; i < c.ow; i += 2 {
		i := max(0, min(i, c.ow-2))
		sum := tile(x[i*c.sw:], c.taps, w, second)
		for o := range count {
			d := y[(first+o)*plane+row*c.ow+i:]
			d[0] = sum[2*o] + c.bias[first+o]
			if c.ow > 1 {
				d[1] = sum[2*o+1] + c.bias[first+o]
			}
		}
	}
}

// tile sums weights times inputs over all taps, for four channels and the two
// pixels at x[0] and x[second]: sum[2*o+p] = Σ w[4*t+o] · x[taps[t]+p*second].
// Partial sums are kept short, which keeps rounding errors small.
func tile(x []float32, taps []int32, w []float32, second int) (sum [2 * block]float32) {
	const chunk = 64
	for len(taps) > 0 {
		n := min(chunk, len(taps))
		var a0, a1, b0, b1, c0, c1, d0, d1 float32
		for i, t := range taps[:n] {
			q := w[4*i : 4*i+4 : 4*i+4]
			u, v := x[t], x[int(t)+second]
			a0 += q[0] * u
			a1 += q[0] * v
			b0 += q[1] * u
			b1 += q[1] * v
			c0 += q[2] * u
			c1 += q[2] * v
			d0 += q[3] * u
			d1 += q[3] * v
		}
		sum[0] += a0
		sum[1] += a1
		sum[2] += b0
		sum[3] += b1
		sum[4] += c0
		sum[5] += c1
		sum[6] += d0
		sum[7] += d1
		taps, w = taps[n:], w[4*n:]
	}
	return sum
}
