package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// direct convolves a blocked tensor with all its channels at once. A unit is an
// output row of one image.
//
// The sums of a tile stay in registers while a table of offsets leads through
// all taps and input channels, half a block at a time. Channels that fill no half
// block are added one by one: what lies beside them may be a NaN, which no weight
// of zero keeps out. The weights lie in the order they are used in, share by share.
type direct struct {
	convolution
	set         *kernel.Set
	sizes       sizes
	from, to    *tensor
	add         *tensor // nil where nothing is added
	shares      []share
	packed      []float32
	bias        []float32
	taps        []int32 // by half block
	deep        int     // how many of them a call gets
	singles     []int32 // by channel of those that are left
	src, dst    view
	sum         view
	rowsAtATime int
	together    [][]share // shares for two rows and three that lie without a gap, where that can be
}

// mostTogether is how many rows go through tiles as one: three rows of 8, 16 or 32
// pixels are tiles of six, the widest that 16 registers allow, and nothing left. That
// saves MoveNet 3 % with AVX2, and nothing where tiles are wider.
const mostTogether = 3

// dense adds the operation for a convolution that is not grouped.
func (c *compiler) dense(v *convolution) {
	if c.winograd(v) {
		return
	}
	d := &direct{convolution: *v, set: c.Set, sizes: c.sizes}
	d.from = c.blocks(v.in, v.margin(v.in.Shape[2], v.in.Shape[3]))
	if v.res != nil {
		d.add = c.blocks(v.res, margin{})
	}
	d.to = c.newBlocks(v.out)
	d.deep = d.chunks() * d.k[0] * d.k[1]
	terms := d.terms()
	if d.deep > 2*callDepth {
		d.deep, terms = callDepth, callDepth*kernel.Chunk
	}
	d.shares, _ = c.cut.splitBlocks(&c.Set.Conv, d.to.blocks(), d.to.w, terms)
	c.cut.leave(d.shares, d.to.w, d.left()*d.k[0]*d.k[1])
	if v.square(1, 1) && d.pad[0] == 0 && d.pad[1] == 0 && d.left() == 0 {
		for n := 2; n <= mostTogether; n++ {
			shares := slices.Clone(d.shares)
			for i := range shares {
				shares[i].row, _ = c.cut.splitRow(&c.Set.Conv, shares[i].blocks, n*d.to.w, terms)
			}
			d.together = append(d.together, shares)
		}
	}
	c.add(d)
}

// chunks is how many half blocks the input channels fill, left how many are left.
func (v *convolution) chunks() int { return v.in.Shape[1] / kernel.Chunk }
func (v *convolution) left() int   { return v.in.Shape[1] % kernel.Chunk }

// terms is how many products make an element.
func (v *convolution) terms() int { return v.in.Shape[1] * v.k[0] * v.k[1] }

func (d *direct) tensors() (in, out []*tensor) {
	return present([]*tensor{d.from, d.add}), []*tensor{d.to}
}

func (d *direct) units() int   { return d.to.n * d.to.h }
func (d *direct) scratch() int { return 0 }

func (d *direct) prepare(_ *Program, s *slab) {
	d.src, d.dst = d.from.view(), d.to.view()
	if d.add != nil {
		d.sum = d.add.view()
	}
	d.packed, d.bias = s.take(d.terms()*d.to.blocks()*block), s.take(d.to.blocks()*block)
	if d.packed == nil {
		return
	}
	copy(d.bias, d.convolution.bias)
	d.taps, d.singles = d.taps[:0], d.singles[:0]
	at := func(channel, ky, kx int) int32 {
		return int32(channel/block*d.src.area + ky*d.dilation[0]*d.src.pitch + kx*d.dilation[1]*block + channel%block)
	}
	for chunk := range d.chunks() {
		for ky := range d.k[0] {
			for kx := range d.k[1] {
				d.taps = append(d.taps, at(chunk*kernel.Chunk, ky, kx))
			}
		}
	}
	for channel := d.chunks() * kernel.Chunk; channel < d.in.Shape[1]; channel++ {
		for ky := range d.k[0] {
			for kx := range d.k[1] {
				d.singles = append(d.singles, at(channel, ky, kx))
			}
		}
	}
	for _, sh := range d.shares {
		d.packShare(sh, s)
	}
	d.weights = nil // packed, and not needed any more
	d.rowsAtATime = d.goodRows()
}

// weightsOf is where the weights of a share begin.
func (d *direct) weightsOf(sh share) int { return sh.first * block * d.terms() }

// packShare puts the weights of a share into the order its kernel reads them
// in: chunk, tap, channel of the chunk, output channel; then channel, tap, output
// channel of those that are left.
func (d *direct) packShare(sh share, s *slab) {
	depth, window := d.in.Shape[1], d.k[0]*d.k[1]
	width := sh.blocks * block
	dst := d.packed[d.weightsOf(sh):][:d.terms()*width]
	outputs := min(width, d.to.c-sh.first*block)
	src := numbersOf(d.weights).from(sh.first * block * depth * window)
	if window == 1 {
		turn(d.set, dst, width, src, depth, outputs, depth)
		return
	}
	turned := s.lend(block * window * width)
	for first := 0; first < depth; first += block {
		count := min(block, depth-first)
		turn(d.set, turned, width, src.from(first*window), depth*window, outputs, count*window)
		for i := range count * window {
			at := first*window + i // of a channel that is left
			if channel, tap := first+i/window, i%window; channel < d.chunks()*kernel.Chunk {
				at = (channel/kernel.Chunk*window+tap)*kernel.Chunk + channel%kernel.Chunk
			}
			copy(dst[at*width:][:outputs], turned[i*width:])
		}
	}
}

// goodRows is how many rows to compute for one share before turning to the
// next: as many as have their input in the cache, if the weights stay there as
// well. So a large picture is read from memory once.
func (d *direct) goodRows() int {
	if len(d.packed) > d.sizes.weights {
		return d.to.h
	}
	row := d.from.blocks() * d.src.pitch * d.stride[0]
	return max(1, min(d.to.h, d.sizes.rows/row))
}

func (d *direct) run(w *worker, lo, hi int) {
	for lo < hi {
		n, y := lo/d.to.h, lo%d.to.h
		count := min(d.rowsAtATime, d.to.h-y, hi-lo)
		d.rows(w, &d.src, &d.dst, n, y, y+count)
		lo += count
	}
}

func (d *direct) ends() (from, to *tensor) { return d.from, d.to }

func (d *direct) rows(w *worker, src, dst *view, n, lo, hi int) {
	most := 1
	if d.gapless(src) && d.gapless(dst) && (d.add == nil || d.gapless(&d.sum)) {
		most += len(d.together)
	}
	for i, sh := range d.shares {
		next := d.weightsOf(sh) + d.terms()*sh.blocks*block
		for y := lo; y < hi; {
			count := min(most, hi-y)
			if count > 1 {
				sh = d.together[count-2][i]
			} else {
				sh = d.shares[i]
			}
			next = d.row(w, src, dst, n, y, sh, next)
			y += count
		}
	}
}

// gapless reports whether the rows of a view are one long row.
func (d *direct) gapless(v *view) bool { return v.pitch == d.to.w*block }

// row computes one row for one share, or as many as the share's row is for. It has
// the weights of the next share fetched meanwhile, from float next on, and returns
// up to where; then what the next band of a chain needs.
func (d *direct) row(w *worker, src, dst *view, n, y int, sh share, next int) int {
	a := &w.conv
	at := d.weightsOf(sh)
	end := min(len(d.packed), at+2*d.terms()*sh.blocks*block)
	*a = kernel.Conv{
		Bias: d.bias[sh.first*block:], Step: d.stride[1] * block, OutBlock: dst.area, ResBlock: d.sum.area,
	}
	in := src.pixel(n, 0, y*d.stride[0]-d.pad[0], -d.pad[1])
	for from := 0; from < len(d.taps); from += d.deep {
		to := min(from+d.deep, len(d.taps))
		a.Off, a.W, a.Act = d.taps[from:to], d.packed[at+from*kernel.Chunk*sh.blocks*block:], d.act
		if to < len(d.taps) || len(d.singles) > 0 {
			a.Act = kernel.Act{}
		}
		if from > 0 { // the sum so far is there already
			a.Bias, a.ResBlock = zeros[:], a.OutBlock
		}
		for _, s := range sh.row {
			a.In = w.arena[in+s.x*a.Step:]
			a.Out = w.arena[dst.pixel(n, sh.first, y, s.x):]
			switch {
			case from > 0:
				a.Res = a.Out
			case d.add != nil:
				a.Res = w.arena[d.sum.pixel(n, sh.first, y, s.x):]
			}
			a.Tiles = s.tiles
			a.FetchStep = 0
			if n := s.tiles * len(a.Off) * kernel.FetchFloats; next < end {
				a.Fetch, a.FetchStep = d.packed[next:], kernel.FetchFloats
				next += n
			} else if m := w.fetchAhead(n); m != nil {
				a.Fetch, a.FetchStep = m, kernel.FetchFloats
			}
			d.set.Conv[sh.blocks][s.pixels](a)
		}
	}
	if len(d.singles) > 0 {
		d.finish(w, dst, n, y, sh, in)
	}
	return next
}

// finish adds the channels that are left to a row.
func (d *direct) finish(w *worker, dst *view, n, y int, sh share, in int) {
	a := &w.conv
	a.Off, a.W, a.Act = d.singles, d.packed[d.weightsOf(sh)+len(d.taps)*kernel.Chunk*sh.blocks*block:], d.act
	if len(d.taps) > 0 { // the sum so far is there already
		a.Bias, a.ResBlock = zeros[:], a.OutBlock
	}
	for _, s := range sh.rest {
		a.In, a.Tiles = w.arena[in+s.x*a.Step:], s.tiles
		a.Out = w.arena[dst.pixel(n, sh.first, y, s.x):]
		switch {
		case len(d.taps) > 0:
			a.Res = a.Out
		case d.add != nil:
			a.Res = w.arena[d.sum.pixel(n, sh.first, y, s.x):]
		}
		d.set.Stem[sh.blocks][s.pixels](a)
	}
}
