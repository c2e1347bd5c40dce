package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// pack makes a blocked tensor of a planar one. A unit is a row of all blocks of
// one image.
type pack struct {
	from, to *tensor
	set      *kernel.Set
	at       view
}

func (p *pack) tensors() (in, out []*tensor) { return []*tensor{p.from}, []*tensor{p.to} }
func (p *pack) prepare(*Program, *slab)      { p.at = p.to.view() }
func (p *pack) units() int                   { return p.to.n * p.to.h }
func (p *pack) scratch() int                 { return block * block }

func (p *pack) run(w *worker, lo, hi int) {
	t, src := p.to, w.plane(p.from)
	plane, tile := t.h*t.w, w.scratch[:block*block]
	for u := lo; u < hi; u++ {
		n, y := u/t.h, u%t.h
		for b := range t.blocks() {
			rows := src[(n*t.c+b*block)*plane+y*t.w:]
			count := min(block, t.c-b*block)
			for x := 0; x < t.w; x += block {
				width := min(block, t.w-x)
				dst := w.arena[p.at.pixel(n, b, y, x):][:width*block]
				if count == block && width == block {
					w.transpose = kernel.Transpose{In: rows[x:], InRow: plane, Out: dst, OutRow: block}
					p.set.Transpose(&w.transpose)
					continue
				}
				clear(tile)
				for c := range count {
					copy(tile[c*block:], rows[c*plane+x:][:width])
				}
				w.transposeTile(p.set, tile)
				copy(dst, tile)
			}
		}
	}
}

// transposeTile turns a square in place.
func (w *worker) transposeTile(s *kernel.Set, tile []float32) {
	w.transpose = kernel.Transpose{In: tile, InRow: block, Out: w.square[:], OutRow: block}
	s.Transpose(&w.transpose)
	copy(tile, w.square[:])
}

// unpack makes a planar tensor of a blocked one, or of some of its channels. A
// unit is a block of one image.
type unpack struct {
	from, to *tensor
	first    int // channel of from that is the first of to
	set      *kernel.Set
	at       view
}

func (p *unpack) tensors() (in, out []*tensor) { return []*tensor{p.from}, []*tensor{p.to} }
func (p *unpack) prepare(*Program, *slab)      { p.at = p.from.view() }
func (p *unpack) units() int                   { return p.from.n * p.from.blocks() }
func (p *unpack) scratch() int                 { return block * block }

func (p *unpack) run(w *worker, lo, hi int) {
	t, dst := p.from, w.plane(p.to)
	channels := p.to.value.Shape[1]
	plane, tile := t.h*t.w, w.scratch[:block*block]
	for u := lo; u < hi; u++ {
		n, b := u/t.blocks(), u%t.blocks()
		begin, end := max(b*block, p.first), min((b+1)*block, p.first+channels)
		for y := 0; y < t.h && begin < end; y++ {
			at := (n*channels+begin-p.first)*plane + y*t.w
			for x := 0; x < t.w; x += block {
				src := w.arena[p.at.pixel(n, b, y, x):]
				if end-begin == block && t.w-x >= block {
					w.transpose = kernel.Transpose{In: src, InRow: block, Out: dst[at+x:], OutRow: plane}
					p.set.Transpose(&w.transpose)
					continue
				}
				width := min(block, t.w-x)
				copy(tile, src[:width*block])
				w.transposeTile(p.set, tile)
				for c := begin; c < end; c++ {
					copy(dst[at+(c-begin)*plane+x:][:width], tile[c%block*block:])
				}
			}
		}
	}
}
