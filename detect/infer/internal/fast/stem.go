package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// stem convolves a planar tensor of few channels into a blocked one. A unit is
// a stretch of output rows of one image.
//
// Each worker copies the rows it needs, with zeros around them, to its own
// memory; numbers that depend on the channel are applied on the way.
type stem struct {
	convolution
	set        *kernel.Set
	from, to   *tensor
	add        *tensor
	mul, shift []float32 // applied to each channel of the input, nil = nothing
	shares     []share
	packed     []float32
	bias       []float32
	taps       []int32
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
	s.shares, _ = splitBlocks(c.Set, &c.Set.Stem, s.to.blocks(), s.to.w, v.in.Shape[1]*v.k[0]*v.k[1])
	s.pitch = (v.in.Shape[3] + v.pad[1] + max(0, v.reach(1)-v.pad[1]-v.in.Shape[3]) + lineFloats) / lineFloats * lineFloats
	window := v.dilation[0]*(v.k[0]-1) + 1
	s.stretch = max(1, min(s.to.h, (stemFloats/(v.in.Shape[1]*s.pitch)-window)/v.stride[0]+1))
	c.add(s)
}

func (s *stem) tensors() (in, out []*tensor) {
	return present([]*tensor{s.from, s.add}), []*tensor{s.to}
}

func (s *stem) units() int { return s.to.n * ((s.to.h + s.stretch - 1) / s.stretch) }

// copied is how many input rows a unit reads.
func (s *stem) copied() int { return (s.stretch-1)*s.stride[0] + s.dilation[0]*(s.k[0]-1) + 1 }

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
	s.taps = s.taps[:0]
	for c := range depth {
		for t := range window {
			s.taps = append(s.taps, int32((c*s.copied()+t/s.k[1]*s.dilation[0])*s.pitch+t%s.k[1]*s.dilation[1]))
		}
	}
	for _, sh := range s.shares {
		width := sh.blocks * block
		dst := s.packed[sh.first*block*depth*window:]
		for o := range min(width, s.to.c-sh.first*block) {
			for i, v := range s.weights[(sh.first*block+o)*depth*window:][:depth*window] {
				dst[i*width+o] = v
			}
		}
	}
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
	for ; lo < hi; lo += s.stretch {
		s.copyRows(w, n, lo*s.stride[0]-s.pad[0])
		for i := range min(s.stretch, hi-lo) {
			for _, sh := range s.shares {
				s.row(w, dst, n, lo+i, i*s.stride[0]*s.pitch, sh)
			}
		}
	}
}

// copyRows copies the rows from top on.
func (s *stem) copyRows(w *worker, n, top int) {
	depth, height, width := s.in.Shape[1], s.in.Shape[2], s.in.Shape[3]
	src := w.plane(s.from)
	for c := range depth {
		for i := range s.copied() {
			row := w.scratch[(c*s.copied()+i)*s.pitch:][:s.pitch]
			y := top + i
			if y < 0 || y >= height {
				clear(row)
				continue
			}
			line := src[((n*depth+c)*height+y)*width:][:width]
			clear(row[:s.pad[1]])
			clear(row[s.pad[1]+width:])
			if s.mul == nil {
				copy(row[s.pad[1]:], line)
			} else {
				w.scaleLine(s.set, row[s.pad[1]:][:width], line, s.mul[c], s.shift[c], kernel.Act{})
			}
		}
	}
}

func (s *stem) row(w *worker, dst *view, n, y, from int, sh share) {
	a := &w.conv
	*a = kernel.Conv{
		Off: s.taps, W: s.packed[sh.first*block*len(s.taps):], Bias: s.bias[sh.first*block:],
		Step: s.stride[1], OutBlock: dst.area, ResBlock: s.sum.area, Act: s.act,
	}
	for _, t := range sh.row {
		a.In = w.scratch[from+t.x*s.stride[1]:]
		a.Out = w.arena[dst.pixel(n, sh.first, y, t.x):]
		if s.add != nil {
			a.Res = w.arena[s.sum.pixel(n, sh.first, y, t.x):]
		}
		a.Tiles = t.tiles
		s.set.Stem[sh.blocks][t.pixels](a)
	}
}
