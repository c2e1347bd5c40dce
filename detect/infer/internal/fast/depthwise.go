package fast

import (
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// depthwise convolves each channel of a blocked tensor by itself. A unit is an
// output row of one image.
type depthwise struct {
	convolution
	set      *kernel.Set
	from, to *tensor
	packed   []float32 // by block, tap, channel
	bias     []float32
	taps     []int32
	src, dst view
	tiles    []segment // of a row, where there are kernels for 3×3 windows of this stride
}

func (c *compiler) depthwise(v *convolution) {
	d := &depthwise{convolution: *v, set: c.Set}
	d.from = c.blocks(v.in, v.margin(v.in.Shape[2], v.in.Shape[3]))
	d.to = c.newBlocks(v.out)
	c.add(d)
}

func (d *depthwise) tensors() (in, out []*tensor) { return []*tensor{d.from}, []*tensor{d.to} }
func (d *depthwise) units() int                   { return d.to.n * d.to.h }
func (d *depthwise) scratch() int                 { return 0 }

func (d *depthwise) prepare(_ *Program, s *slab) {
	d.src, d.dst = d.from.view(), d.to.view()
	window := d.k[0] * d.k[1]
	d.packed, d.bias = s.take(window*d.to.blocks()*block), s.take(d.to.blocks()*block)
	if d.packed == nil {
		return
	}
	copy(d.bias, d.convolution.bias)
	d.taps = windowTaps(&d.sliding, &d.src, [2]int{}, d.k, d.taps[:0])
	if s := d.stride[1]; d.k == [2]int{3, 3} && d.dilation[1] == 1 && s <= 2 && d.set.Depthwise3[s][1] != nil {
		d.tiles = splitNeighbours(d.set, s, d.to.w)
	}
	weights := numbersOf(d.weights)
	for c := range d.to.c {
		for t := range window {
			d.packed[(c/block*window+t)*block+c%block] = weights.at(c*window + t)
		}
	}
	d.weights = nil // packed, and not needed any more
}

// windowTaps lists the offsets of the taps from lo to hi of a window, counted
// from the tap lo.
func windowTaps(s *sliding, v *view, lo, hi [2]int, taps []int32) []int32 {
	for ky := lo[0]; ky < hi[0]; ky++ {
		for kx := lo[1]; kx < hi[1]; kx++ {
			taps = append(taps, int32((ky-lo[0])*s.dilation[0]*v.pitch+(kx-lo[1])*s.dilation[1]*block))
		}
	}
	return taps
}

func (d *depthwise) run(w *worker, lo, hi int) {
	for lo < hi {
		n, y := lo/d.to.h, lo%d.to.h
		count := min(d.to.h-y, hi-lo)
		d.rows(w, &d.src, &d.dst, n, y, y+count)
		lo += count
	}
}

func (d *depthwise) ends() (from, to *tensor) { return d.from, d.to }

func (d *depthwise) rows(w *worker, src, dst *view, n, lo, hi int) {
	for b := range d.to.blocks() {
		if d.tiles != nil {
			d.neighbours(w, src, dst, n, b, lo, hi)
			continue
		}
		for y := lo; y < hi; y++ {
			w.window = kernel.Window{
				In:  w.arena[src.pixel(n, b, y*d.stride[0]-d.pad[0], -d.pad[1]):],
				Off: d.taps, W: d.packed[b*d.k[0]*d.k[1]*block:], Bias: d.bias[b*block:],
				Out:  w.arena[dst.pixel(n, b, y, 0):],
				Step: d.stride[1] * block, Count: d.to.w, Act: d.act,
			}
			w.slide(d.set.Depthwise)
		}
	}
}

// neighbours computes rows of a block with kernels for 3×3 windows, for several
// rows at a time.
func (d *depthwise) neighbours(w *worker, src, dst *view, n, b, lo, hi int) {
	kernels := &d.set.Depthwise3[d.stride[1]]
	for _, t := range d.tiles {
		most := max(1, callTaps/(9*t.pixels*t.tiles))
		for y := lo; y < hi; y += most {
			w.window3 = kernel.Window3{
				In: w.arena[src.pixel(n, b, y*d.stride[0]-d.pad[0], t.x*d.stride[1]-d.pad[1]):],
				W:  d.packed[b*9*block:], Bias: d.bias[b*block:],
				Out: w.arena[dst.pixel(n, b, y, t.x):],
				Row: d.dilation[0] * src.pitch, Down: d.stride[0] * src.pitch, OutRow: dst.pitch,
				Tiles: t.tiles, Rows: min(most, hi-y), Act: d.act,
			}
			kernels[t.pixels](&w.window3)
		}
	}
}
