package jpeg

import (
	"context"
	"sync"
)

// Splitting a scan only makes it faster: wherever something does not fit, the
// scan is read again from its start by one goroutine, whose result and whose
// errors stand. So both ways agree on every file.

const (
	minParallel = 1 << 16 // samples; below, starting goroutines costs more
	// overlap is how far a part goes into the next one's data to meet it. Codes fall
	// in step after some hundred bytes, and after a thousand at the most seen.
	overlap = 16 << 10
	// speculated is how many coefficients a block may have that is kept until it is
	// known where it goes: those of three eighths.
	speculated = 9
)

// splittable says that the scan may be read in parts.
func (d *Decoder) splittable() bool {
	return d.opts.Parallel > 1 && !d.opts.Truncated && d.src.stream == nil && d.header.Width*d.header.Height >= minParallel
}

// readParallel decodes the scan into whole planes; false says that it has to be
// done in one part.
func (d *Decoder) readParallel(ctx context.Context) bool {
	before := d.src
	total := d.header.mcusX * d.header.mcusY
	d.wholePlanes()
	d.plan()
	d.flatten()
	ok := false
	if d.restart > 0 {
		ok = len(d.starts)-1 == ceilDiv(total, d.restart) && d.readIntervals(ctx)
	} else if len(d.starts) == 2 && d.sameScale() && kept[d.planes[0].scale].count <= speculated {
		ok = d.speculate(ctx)
	}
	if d.buffered = ok; !ok {
		d.src = before
	}
	return ok
}

// sameScale says that all components come in one scale.
func (d *Decoder) sameScale() bool {
	for i := range d.header.Components {
		if d.planes[i].scale != d.planes[0].scale {
			return false
		}
	}
	return true
}

// wholePlanes takes memory for all samples.
func (d *Decoder) wholePlanes() {
	for i := range d.header.Components {
		c, p := &d.header.Components[i], &d.planes[i]
		p.stride = c.paddedX * p.scale
		p.pix = d.take(i, p.stride*c.paddedY*p.scale)
	}
}

// flatten puts the data of all restart intervals, free of stuffed zeros, into
// d.flat, and where they begin into d.starts, with the end for the last. It stops
// at a restart marker out of order.
func (d *Decoder) flatten() {
	size := len(d.src.cur) + maxMCU
	for _, p := range d.src.pieces {
		size += len(p)
	}
	if cap(d.flat) < size {
		d.flat = make([]byte, size)
	}
	d.flat, d.starts = d.flat[:cap(d.flat)], append(d.starts[:0], 0)
	n := 0
	for {
		n += d.src.unstuff(d.flat[n : len(d.flat)-maxMCU])
		count := len(d.starts) - 1
		d.starts = append(d.starts, n)
		if d.restart == 0 || d.src.marker != mRST0+byte(count&7) {
			break
		}
		d.src.marker = 0
	}
	clear(d.flat[n : n+maxMCU])
	d.flat = d.flat[:n+maxMCU]
}

// over makes a scanner for a part of the flat data.
func (d *Decoder) over(s *scanner, from, to int) {
	s.buf, s.acc, s.n, s.pos, s.end = d.flat, 0, 0, from, to
	s.ended, s.pred = true, [4]int32{}
	s.safe = to - maxMCU
}

// together runs work for each part, and reports whether all went well.
func together(parts int, work func(part int) bool) bool {
	results := make([]bool, parts)
	var wg sync.WaitGroup
	for i := 1; i < parts; i++ {
		wg.Go(func() { results[i] = work(i) })
	}
	results[0] = work(0)
	wg.Wait()
	for _, ok := range results {
		if !ok {
			return false
		}
	}
	return true
}

// readIntervals gives each goroutine some of the restart intervals.
func (d *Decoder) readIntervals(ctx context.Context) bool {
	intervals, total := len(d.starts)-1, d.header.mcusX*d.header.mcusY
	parts := min(d.opts.Parallel, intervals)
	return together(parts, func(part int) bool {
		s := &scanner{dirty: true}
		for i := intervals * part / parts; i < intervals*(part+1)/parts; i++ {
			d.over(s, d.starts[i], d.starts[i+1])
			for m := i * d.restart; m < min((i+1)*d.restart, total); m++ {
				if m%1024 == 0 && ctx.Err() != nil || !d.mcu(s, m) {
					return false
				}
			}
		}
		return true
	})
}

// mcu decodes MCU m into the planes.
func (d *Decoder) mcu(s *scanner, m int) bool {
	for k := range d.blocks {
		b := &d.blocks[k]
		read := s.block(b.dc, b.ac, b.q, b.last, &s.pred[b.comp])
		if read < 0 {
			return false
		}
		d.place(b, m, &s.coef, read)
	}
	return !s.overrun()
}

// place transforms a block of MCU m.
func (d *Decoder) place(b *mcuBlock, m int, coef *[64]int32, read int) {
	p := &d.planes[b.comp]
	y, x := m/d.header.mcusX, m%d.header.mcusX
	row := y * d.header.Components[b.comp].V * p.scale * p.stride
	d.inverse(p.pix[row+b.at+x*b.step:], p.stride, coef, read, b.scale)
}

// milestone is where an MCU begins.
type milestone struct {
	bit  int // of the flat data
	mcu  int // since the part's start
	pred [4]int32
}

// part is a stretch of data that is read before it is known which MCU it begins
// with, and what its DC coefficients add up from.
type part struct {
	head, tail []milestone // near its start, and near the next part's
	blocks     []int32     // of each block: coefficients read, DC before its factor, AC
	mcus       int
}

// speculate starts each part but the first at a byte in the middle of nowhere.
// A reader of Huffman codes that starts wrong falls in step before long; where it
// did shows when the part before it gets there.
func (d *Decoder) speculate(ctx context.Context) bool {
	end := d.starts[1]
	n := min(d.opts.Parallel, end/(2*overlap))
	if n < 2 {
		return false
	}
	for len(d.parts) < n {
		d.parts = append(d.parts, part{})
	}
	parts := d.parts[:n]
	for i := range parts {
		parts[i] = part{head: parts[i].head[:0], tail: parts[i].tail[:0], blocks: parts[i].blocks[:0]}
	}
	if !together(n, func(i int) bool {
		from, next := end*i/n, end*(i+1)/n
		return d.readPart(ctx, &parts[i], from, next, end, i == n-1)
	}) {
		return false
	}
	// Where each part's first known MCU stands, in the picture and in the part.
	type join struct {
		at, mcu, to int
		offset      [4]int32
	}
	joins := make([]join, n)
	total := d.header.mcusX * d.header.mcusY
	for i := range n - 1 {
		a, b, ok := meet(parts[i].tail, parts[i+1].head)
		if !ok {
			return false
		}
		j, next := &joins[i], &joins[i+1]
		j.to = a.mcu
		next.mcu, next.at = b.mcu, j.at+a.mcu-j.mcu
		for c := range next.offset {
			next.offset[c] = a.pred[c] + j.offset[c] - b.pred[c]
		}
	}
	last := &joins[n-1]
	last.to = last.mcu + total - last.at
	for i := range joins {
		if joins[i].to > parts[i].mcus || joins[i].to < joins[i].mcu {
			return false
		}
	}
	return together(n, func(i int) bool {
		j := &joins[i]
		d.placePart(&parts[i], j.mcu, j.to, j.at, &j.offset)
		return ctx.Err() == nil
	})
}

// meet finds the first MCU that both lists have.
func meet(a, b []milestone) (x, y milestone, ok bool) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].bit < b[0].bit:
			a = a[1:]
		case a[0].bit > b[0].bit:
			b = b[1:]
		default:
			return a[0], b[0], true
		}
	}
	return x, y, false
}

// readPart reads from a byte on until it is well inside the next part, or to the
// end.
func (d *Decoder) readPart(ctx context.Context, p *part, from, next, end int, last bool) bool {
	s := &scanner{dirty: true}
	d.over(s, from, end)
	keep := &kept[d.planes[0].scale]
	stop := next + overlap
	for {
		bit := s.pos*8 - int(s.n)
		switch {
		case !last && bit >= 8*stop:
			return true
		case from > 0 && bit < 8*(from+overlap):
			p.head = append(p.head, milestone{bit, p.mcus, s.pred})
		}
		if !last && bit >= 8*next {
			p.tail = append(p.tail, milestone{bit, p.mcus, s.pred})
		}
		if p.mcus%1024 == 0 && ctx.Err() != nil {
			return false
		}
		held := len(p.blocks)
		ok := true
		for k := range d.blocks {
			b := &d.blocks[k]
			read := s.block(b.dc, b.ac, b.q, b.last, &s.pred[b.comp])
			if ok = read >= 0; !ok {
				break
			}
			p.blocks = append(p.blocks, int32(read), s.pred[b.comp])
			for _, k := range keep.index[1:keep.count] {
				p.blocks = append(p.blocks, s.coef[zigzag[k]])
			}
		}
		if ok = ok && !s.overrun(); ok {
			p.mcus++
			continue
		}
		if s.pos >= s.safe && last {
			p.blocks = p.blocks[:held]
			return true // what lies behind the last MCU is no MCU
		}
		if from == 0 || s.pos >= from+overlap {
			return false
		}
		// Not in step yet: try again from the next byte.
		*p = part{head: p.head[:0], blocks: p.blocks[:0]}
		d.over(s, s.pos+1, end)
	}
}

// placePart transforms MCUs from one up to another of a part, the first of which
// is MCU at of the picture.
func (d *Decoder) placePart(p *part, from, to, at int, offset *[4]int32) {
	keep := &kept[d.planes[0].scale]
	size := keep.count + 1
	var coef [64]int32
	next := p.blocks[from*len(d.blocks)*size:]
	for m := range to - from {
		for k := range d.blocks {
			b := &d.blocks[k]
			coef[0] = (next[1] + offset[b.comp]) * b.q[0]
			for i, k := range keep.index[1:keep.count] {
				coef[zigzag[k]] = next[2+i]
			}
			d.place(b, at+m, &coef, int(next[0]))
			next = next[size:]
		}
	}
}
