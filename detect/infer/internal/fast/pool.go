package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// pool takes the largest of each window, or the mean. Padding takes no part, so
// that windows at the border are smaller. A unit is an output row of one image.
type pool struct {
	sliding
	mean     bool
	from, to *tensor
	down     []part // by output row
	across   []part // of the pixels of a row
	src, dst view
	taps     [][]int32   // by row, then column
	weights  [][]float32 // the same: equal weights
	bias     []float32
	slide    func(*kernel.Window)
}

// part is a run of outputs whose windows are cut to the same taps by the border
// of the picture.
type part struct{ at, count, lo, hi int }

// maxTaps bounds windows.
const maxTaps = 4096

func (c *compiler) pool(n *ir.Node) bool {
	x := n.In[0]
	if !picture(x) || len(n.Out) > 1 || n.Op == "AveragePool" && n.Flag("count_include_pad", false) {
		return false
	}
	s, ok := readSliding(n, n.Ints("kernel_shape"))
	return ok && c.addPool(n, s, n.Op == "AveragePool")
}

// globalPool is a mean over a window as large as the picture.
func (c *compiler) globalPool(n *ir.Node) bool {
	x := n.In[0]
	return picture(x) && c.addPool(n, sliding{
		k: [2]int{x.Shape[2], x.Shape[3]}, stride: [2]int{1, 1}, dilation: [2]int{1, 1}, out: [2]int{1, 1},
	}, true)
}

func (c *compiler) addPool(n *ir.Node, s sliding, mean bool) bool {
	x := n.In[0]
	p := &pool{sliding: s, mean: mean, down: s.parts(0, x.Shape[2]), across: s.parts(1, x.Shape[3])}
	for _, q := range slices.Concat(p.down, p.across) {
		if q.lo == q.hi {
			return false
		}
	}
	if s.k[0] > maxTaps || s.k[1] > maxTaps || s.k[0]*s.k[1] > maxTaps || c.Memory.Take(p.taken(), 4) != nil {
		return false
	}
	if p.slide = c.Set.Maximum; mean {
		p.slide = c.Set.Depthwise
	}
	p.from, p.to = c.blocks(x, margin{}), c.newBlocks(n.Out[0])
	c.add(p)
	return true
}

// parts lists the outputs along axis a, of size positions, by what is left of
// their windows.
func (s *sliding) parts(a, size int) (list []part) {
	for i, count := 0, 0; i < s.out[a]; i += count {
		at := i*s.stride[a] - s.pad[a]
		lo, hi := 0, s.k[a]
		for lo < hi && at+lo*s.dilation[a] < 0 {
			lo++
		}
		for hi > lo && at+(hi-1)*s.dilation[a] >= size {
			hi--
		}
		if count = 1; lo == 0 && hi == s.k[a] { // so are all up to the border
			count = min(s.out[a], (size-1-(hi-1)*s.dilation[a]+s.pad[a])/s.stride[a]+1) - i
		}
		if last := len(list) - 1; last >= 0 && list[last].lo == lo && list[last].hi == hi {
			list[last].count += count
		} else {
			list = append(list, part{i, count, lo, hi})
		}
	}
	return list
}

// taken is how many taps all parts have together: with a wide padding there may
// be thousands of parts.
func (p *pool) taken() int {
	high, wide := 0, 0
	for _, r := range p.down {
		high += r.hi - r.lo
	}
	for _, q := range p.across {
		wide += q.hi - q.lo
	}
	return high * wide
}

func (p *pool) tensors() (in, out []*tensor) { return []*tensor{p.from}, []*tensor{p.to} }
func (p *pool) units() int                   { return p.to.n * p.to.h }
func (p *pool) scratch() int                 { return 0 }

func (p *pool) prepare(_ *Program, s *slab) {
	p.src, p.dst = p.from.view(), p.to.view()
	p.taps, p.weights, p.bias = nil, nil, s.take(block)
	for _, r := range p.down {
		for _, q := range p.across {
			count := (r.hi - r.lo) * (q.hi - q.lo)
			var weights []float32
			if p.mean {
				weights = s.take(count * block)
			}
			if s.floats == nil {
				continue
			}
			for i := range weights {
				weights[i] = 1 / float32(count)
			}
			taps := windowTaps(&p.sliding, &p.src, [2]int{r.lo, q.lo}, [2]int{r.hi, q.hi}, make([]int32, 0, count))
			p.taps, p.weights = append(p.taps, taps), append(p.weights, weights)
		}
	}
}

func (p *pool) run(w *worker, lo, hi int) {
	for lo < hi {
		n, y := lo/p.to.h, lo%p.to.h
		count := min(p.to.h-y, hi-lo)
		p.rows(w, &p.src, &p.dst, n, y, y+count)
		lo += count
	}
}

func (p *pool) ends() (from, to *tensor) { return p.from, p.to }

func (p *pool) rows(w *worker, src, dst *view, n, lo, hi int) {
	for y := lo; y < hi; y++ {
		r := 0
		for y >= p.down[r].at+p.down[r].count {
			r++
		}
		for i, q := range p.across {
			at := r*len(p.across) + i
			top, left := y*p.stride[0]-p.pad[0]+p.down[r].lo*p.dilation[0], q.at*p.stride[1]-p.pad[1]+q.lo*p.dilation[1]
			for b := range p.to.blocks() {
				w.window = kernel.Window{
					In: w.arena[src.pixel(n, b, top, left):], Off: p.taps[at], W: p.weights[at], Bias: p.bias,
					Out: w.arena[dst.pixel(n, b, y, q.at):], Step: p.stride[1] * block, Count: q.count,
				}
				w.slide(p.slide)
			}
		}
	}
}
