package fast

import (
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// stem convolves a planar tensor of few channels into a blocked one. A unit is
// a stretch of output rows of one image.
//
// Rows are read where they are. What reaches into the padding is not: each worker
// copies the pixels it needs for that, with zeros around them, to its own memory.
// So it does with all where numbers that depend on the channel are to be applied.
type stem struct {
	convolution
	set        *kernel.Set
	from, to   *tensor
	add        *tensor
	mul, shift []float32 // applied to each channel of the input, nil = nothing
	shares     []share
	packed     []float32
	bias       []float32
	taps       []int32 // in copied rows
	straight   []int32 // in the input
	dst, sum   view
	pitch      int // floats of a copied row
	stretch    int // output rows of a unit
}

// stemFloats is how much memory the copied rows may take.
const stemFloats = 8 << 10

func (c *compiler) stem(v *convolution) {
	s := &stem{convolution: *v, set: c.Set}
	s.from, s.mul, s.shift = c.scaled(v.in)
	if v.res != nil {
		s.add = c.blocks(v.res, margin{})
	}
	s.to = c.newBlocks(v.out)
	s.shares, _ = c.cut.splitBlocks(&c.Set.Stem, s.to.blocks(), s.to.w, v.in.Shape[1]*v.k[0]*v.k[1])
	s.pitch = (v.in.Shape[3] + v.pad[1] + max(0, v.reach(1)-v.pad[1]-v.in.Shape[3]) + lineFloats) / lineFloats * lineFloats
	s.stretch = max(1, min(s.to.h, (stemFloats/(v.in.Shape[1]*s.pitch)-s.window())/v.stride[0]+1))
	c.add(s)
}

func (s *stem) tensors() (in, out []*tensor) {
	return present([]*tensor{s.from, s.add}), []*tensor{s.to}
}

func (s *stem) units() int { return s.to.n * ((s.to.h + s.stretch - 1) / s.stretch) }

// window is how many input rows an output row reads, from the first to the last.
func (s *stem) window() int { return s.dilation[0]*(s.k[0]-1) + 1 }

// copied is how many input rows a unit reads.
func (s *stem) copied() int { return (s.stretch-1)*s.stride[0] + s.window() }

func (s *stem) scratch() int { return s.in.Shape[1] * s.copied() * s.pitch }

func (s *stem) prepare(_ *Program, sl *slab) {
	s.dst = s.to.view()
	if s.add != nil {
		s.sum = s.add.view()
	}
	depth, window := s.in.Shape[1], s.k[0]*s.k[1]
	s.packed, s.bias = sl.take(depth*window*s.to.blocks()*block), sl.take(s.to.blocks()*block)
	if s.packed == nil {
		return
	}
	copy(s.bias, s.convolution.bias)
	s.taps, s.straight = s.taps[:0], s.straight[:0]
	for c := range depth {
		for t := range window {
			s.straight = append(s.straight, int32((c*s.in.Shape[2]+t/s.k[1]*s.dilation[0])*s.in.Shape[3]+t%s.k[1]*s.dilation[1]))
			s.taps = append(s.taps, int32((c*s.copied()+t/s.k[1]*s.dilation[0])*s.pitch+t%s.k[1]*s.dilation[1]))
		}
	}
	weights := numbersOf(s.weights)
	for _, sh := range s.shares {
		width := sh.blocks * block
		dst := s.packed[sh.first*block*depth*window:]
		for o := range min(width, s.to.c-sh.first*block) {
			for i := range depth * window {
				dst[i*width+o] = weights.at((sh.first*block+o)*depth*window + i)
			}
		}
	}
	s.weights = nil // packed, and not needed any more
}

func (s *stem) run(w *worker, lo, hi int) {
	perImage := (s.to.h + s.stretch - 1) / s.stretch
	for u := lo; u < hi; u++ {
		n, y := u/perImage, u%perImage*s.stretch
		s.rows(w, nil, &s.dst, n, y, min(y+s.stretch, s.to.h))
	}
}

func (s *stem) ends() (from, to *tensor) { return s.from, s.to }

func (s *stem) rows(w *worker, _, dst *view, n, lo, hi int) {
	for lo < hi {
		top, count := lo*s.stride[0]-s.pad[0], 1
		if s.mul == nil && top >= 0 && top+s.window() <= s.in.Shape[2] {
			for _, sh := range s.shares {
				s.inside(w, dst, n, lo, sh)
			}
		} else {
			count = min(s.stretch, hi-lo)
			s.copyRows(w, n, top, s.copied(), 0, s.pitch)
			for i := range count {
				for _, sh := range s.shares {
					for _, t := range sh.row {
						s.copiedTiles(w, dst, n, lo+i, i*s.stride[0]*s.pitch, sh, t)
					}
				}
			}
		}
		lo += count
	}
}

// copyRows copies columns left to right of so many rows from top on. Column zero
// is that of the padding.
func (s *stem) copyRows(w *worker, n, top, rows, left, right int) {
	depth, height, width, pad := s.in.Shape[1], s.in.Shape[2], s.in.Shape[3], s.pad[1]
	src := w.plane(s.from)
	from, to := min(max(left, pad), right), max(left, min(right, pad+width))
	for c := range depth {
		for i := range rows {
			row := w.scratch[(c*s.copied()+i)*s.pitch:][:s.pitch]
			y := top + i
			if y < 0 || y >= height || from >= to {
				clear(row[left:right])
				continue
			}
			clear(row[left:from])
			clear(row[to:right])
			line := src[((n*depth+c)*height+y)*width:][from-pad : to-pad]
			if s.mul == nil {
				copy(row[from:], line)
			} else {
				w.scaleLine(s.set, row[from:to], line, s.mul[c], s.shift[c], kernel.Act{})
			}
		}
	}
}

// inside computes a row for one share, none of whose taps are above or below the
// picture. Tiles that reach beyond its sides read a copy.
func (s *stem) inside(w *worker, dst *view, n, y int, sh share) {
	depth, height, width := s.in.Shape[1], s.in.Shape[2], s.in.Shape[3]
	top, stride, pad := y*s.stride[0]-s.pad[0], s.stride[1], s.pad[1]
	reach := s.dilation[1] * (s.k[1] - 1)
	for _, t := range sh.row {
		// Pixels from x to x+t.pixels−1 read columns from left to right.
		columns := func(x, pixels int) (left, right int) { return x * stride, (x+pixels-1)*stride + reach + 1 }
		edge := func(tiles segment) {
			left, right := columns(tiles.x, tiles.pixels*tiles.tiles)
			s.copyRows(w, n, top, s.window(), left, right)
			s.copiedTiles(w, dst, n, y, 0, sh, tiles)
		}
		first, last := 0, t.tiles
		for ; first < last; first++ {
			if left, _ := columns(t.x+first*t.pixels, t.pixels); left >= pad {
				break
			}
		}
		for ; last > first; last-- {
			if _, right := columns(t.x+(last-1)*t.pixels, t.pixels); right <= pad+width {
				break
			}
		}
		if first > 0 {
			edge(segment{t.x, t.pixels, first})
		}
		if last > first {
			x := t.x + first*t.pixels
			in := w.plane(s.from)[(n*depth*height+top)*width+x*stride-pad:]
			s.tiles(w, dst, n, y, in, s.straight, sh, segment{x, t.pixels, last - first})
		}
		if last < t.tiles {
			edge(segment{t.x + last*t.pixels, t.pixels, t.tiles - last})
		}
	}
}

// copiedTiles computes tiles of a row whose input begins from floats into the
// copied rows.
func (s *stem) copiedTiles(w *worker, dst *view, n, y, from int, sh share, t segment) {
	s.tiles(w, dst, n, y, w.scratch[from+t.x*s.stride[1]:], s.taps, sh, t)
}

func (s *stem) tiles(w *worker, dst *view, n, y int, in []float32, taps []int32, sh share, t segment) {
	a := &w.conv
	*a = kernel.Conv{
		In: in, Off: taps, W: s.packed[sh.first*block*len(taps):], Bias: s.bias[sh.first*block:],
		Out: w.arena[dst.pixel(n, sh.first, y, t.x):], Step: s.stride[1], OutBlock: dst.area, ResBlock: s.sum.area,
		Tiles: t.tiles, Act: s.act,
	}
	if s.add != nil {
		a.Res = w.arena[s.sum.pixel(n, sh.first, y, t.x):]
	}
	s.set.Stem[sh.blocks][t.pixels](a)
}
