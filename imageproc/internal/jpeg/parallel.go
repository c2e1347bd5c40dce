package jpeg

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Splitting a scan only makes it faster: wherever something does not fit, the
// scan is read again from its start by one goroutine, whose result and whose
// errors stand. So both ways agree on every file.

const (
	minParallel = 1 << 16 // samples; below, starting goroutines costs more
	// overlap is how far a part goes into the next one's data to meet it. Codes fall
	// in step after some hundred bytes, and after a thousand at the most seen.
	overlap = 8 << 10
	// speculated is how many coefficients a block may have that is kept until it is
	// known where it goes: those of three eighths.
	speculated = 9
	// granted is how many MCUs a part gets room for at a time.
	granted = 16
)

// mostKept is how many MCUs all parts together may keep: those of the picture, and
// what parts that overlap have twice. Decoder.Memory counts on it.
func mostKept(mcus int) int { return mcus + mcus/4 }

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
	ok := false
	if d.restart > 0 {
		d.flatten()
		ok = len(d.starts)-1 == ceilDiv(total, d.restart) && d.readIntervals(ctx)
	} else if d.sameScale() && kept[d.planes[0].scale].count <= speculated {
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
	d.makeFlat(d.src.left() + maxMCU)
	d.starts = append(d.starts[:0], 0)
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

// makeFlat takes memory for at least size bytes of data.
func (d *Decoder) makeFlat(size int) {
	if cap(d.flat) < size {
		d.flat = make([]byte, size)
	}
	d.flat = d.flat[:cap(d.flat)]
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
			if ctx.Err() != nil || !d.interval(ctx, s, i*d.restart, min((i+1)*d.restart, total)) {
				return false
			}
		}
		return true
	})
}

// interval decodes MCUs from one to before another into the planes.
func (d *Decoder) interval(ctx context.Context, s *scanner, from, to int) bool {
	if !d.onlyDC() {
		for m := from; m < to; m++ {
			if m%1024 == 0 && ctx.Err() != nil || !d.mcu(s, m) {
				return false
			}
		}
		return true
	}
	for from < to {
		y, x := from/d.header.mcusX, from%d.header.mcusX
		pix := d.rowOfMCUs(y)
		read, ok := d.readRun(s, &pix, x, min(to-from, d.header.mcusX-x), s.safe)
		if from += read; !ok || s.overrun() || ctx.Err() != nil {
			return false
		}
	}
	return true
}

// readRun reads MCUs of which only DC is wanted, at most so many, from column x of a
// row on: up to a place in the data, or one behind it.
func (d *Decoder) readRun(s *scanner, pix *[4][]byte, x, most, limit int) (mcus int, ok bool) {
	n := len(d.blocks)
	if most = min(most, len(s.dcs)/n); s.pos >= limit {
		most, limit = 1, math.MaxInt
	}
	read, ok := d.kernels.readDCs(s, d.blocks, s.dcs[:most*n], limit)
	d.placeDCs(pix, x, s.dcs[:read/n*n], &[4]int32{})
	return read / n, ok
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
	bit  int // of the data of the part that has this start
	mcu  int // since the part's start
	pred [4]int32
}

// part is a stretch of data. All but the first are read before it is known which
// MCU they begin with, and what their DC coefficients add up from.
type part struct {
	raw        []byte // of the file
	flat       []byte // the same without stuffed zeros
	own, end   int    // of flat: where the next part starts, and where the data ends
	scanner    scanner
	head, tail []milestone // near its start, and near the next part's
	blocks     []int32     // of each block: DC before its factor; if there is more, that and how many were read
	mcus       int

	// Where the first MCU known to be one stands in the picture and in the part, up
	// to which the part goes, and what DC coefficients lack.
	at, from, to int
	offset       [4]int32

	_ [128]byte // between parts, which are written by different goroutines
}

// speculate starts each part but the first at a byte in the middle of nowhere.
// A reader of Huffman codes that starts wrong falls in step before long; where it
// did shows when the part before it gets there.
func (d *Decoder) speculate(ctx context.Context) bool {
	n, ok := d.cut()
	if !ok {
		return false
	}
	parts := d.parts[:n]
	var room atomic.Int64
	room.Store(int64(mostKept(d.header.mcusX * d.header.mcusY)))
	if !together(n, func(i int) bool {
		p := &parts[i]
		switch {
		case !p.unstuff(i == n-1):
			return false
		case i == 0:
			return d.readFirst(ctx, p)
		}
		return d.readPart(ctx, p, i == n-1, &room)
	}) || !d.join(parts) {
		return false
	}
	return together(n, func(g int) bool {
		for i := range parts[1:] {
			p := &parts[i+1]
			count := p.to - p.from
			d.placePart(p, count*g/n, count*(g+1)/n)
		}
		return ctx.Err() == nil
	})
}

// cut shares the data out.
func (d *Decoder) cut() (n int, ok bool) {
	raw := d.src.cur
	if n = min(d.opts.Parallel, len(raw)/(4*overlap)); n < 2 || d.src.left() != len(raw) {
		return 0, false
	}
	for len(d.parts) < n {
		d.parts = append(d.parts, part{})
	}
	d.makeFlat(len(raw) + n*(overlap+2*maxMCU))
	flat := d.flat
	from := 0
	for i := range n {
		to := int(int64(len(raw)) * int64(i+1) / int64(n))
		for to < len(raw) && raw[to-1] == 0xFF {
			to++ // what follows belongs to it
		}
		p := &d.parts[i]
		beyond := min(len(raw), to+overlap+maxMCU)
		p.raw, p.own, p.mcus = raw[from:beyond], to-from, 0
		p.head, p.tail, p.blocks = p.head[:0], p.tail[:0], p.blocks[:0]
		size := len(p.raw) + maxMCU
		p.flat, flat = flat[:size:size], flat[size:]
		from = to
	}
	return n, true
}

// unstuff frees the part's data of stuffed zeros. Only in the last one there may
// be a marker, which ends it.
func (p *part) unstuff(last bool) bool {
	src := source{cur: p.raw[:p.own]}
	own := src.unstuff(p.flat[:p.own])
	p.end = own
	if src.eof { // the slice's end, not the file's
		src.marker, src.eof, src.cur = 0, false, p.raw[p.own:]
		p.end += src.unstuff(p.flat[own:len(p.raw)])
	}
	if marker := src.marker != 0 && !src.eof; marker && !last {
		return false
	}
	p.own = own
	clear(p.flat[p.end:])
	s := &p.scanner
	s.buf, s.end, s.safe, s.ended, s.dirty = p.flat, p.end, p.end-maxMCU, true, true
	s.at(0)
	return last || s.safe > own
}

// at starts a scanner at a byte of its data.
func (s *scanner) at(pos int) {
	s.acc, s.n, s.pos, s.pred = 0, 0, pos, [4]int32{}
}

// tailEnds notes where an MCU begins in the next part's data, and says whether
// that is far enough.
func (p *part) tailEnds() bool {
	s := &p.scanner
	bit := s.pos*8 - int(s.n)
	if bit >= 8*p.own {
		p.tail = append(p.tail, milestone{bit - 8*p.own, p.mcus, s.pred})
	}
	return s.pos >= s.safe
}

// readFirst reads the first part straight into the planes.
func (d *Decoder) readFirst(ctx context.Context, p *part) bool {
	s, onlyDC := &p.scanner, d.onlyDC()
	for y := range d.header.mcusY {
		if ctx.Err() != nil {
			return false
		}
		pix := d.rowOfMCUs(y)
		for x := 0; x < d.header.mcusX; {
			if s.pos >= p.own && p.tailEnds() {
				return true
			}
			read, ok := 1, true
			if onlyDC {
				read, ok = d.readRun(s, &pix, x, d.header.mcusX-x, p.own)
			} else {
				ok = d.readMCU(s, &pix, x)
			}
			if !ok {
				return false
			}
			x += read
			p.mcus += read
		}
	}
	return false
}

// readMCU decodes the MCU in column x of a row.
func (d *Decoder) readMCU(s *scanner, pix *[4][]byte, x int) bool {
	for k := range d.blocks {
		b := &d.blocks[k]
		read := s.block(b.dc, b.ac, b.q, b.last, &s.pred[b.comp])
		if read < 0 {
			return false
		}
		d.inverse(pix[b.comp][b.at+x*b.step:], d.planes[b.comp].stride, &s.coef, read, b.scale)
	}
	return true
}

// rowOfMCUs is where the samples of that row begin.
func (d *Decoder) rowOfMCUs(y int) (pix [4][]byte) {
	for i := range d.header.Components {
		p := &d.planes[i]
		pix[i] = p.pix[y*d.header.Components[i].V*p.scale*p.stride:]
	}
	return pix
}

// readPart reads from the start of a part until it is well inside the next, or to
// the end. What it keeps it takes from the room that all parts share: data of few
// bits a block would make each of them keep a whole picture.
func (d *Decoder) readPart(ctx context.Context, p *part, last bool, room *atomic.Int64) bool {
	s, onlyDC := &p.scanner, d.onlyDC()
	most, mine := d.header.mcusX*d.header.mcusY, 0
	for p.mcus <= most {
		if s.pos < overlap {
			p.head = append(p.head, milestone{s.pos*8 - int(s.n), p.mcus, s.pred})
		}
		if !last && s.pos >= p.own && p.tailEnds() {
			return true
		}
		if p.mcus&1023 == 0 && ctx.Err() != nil {
			return false
		}
		if p.mcus == mine {
			if room.Add(-granted) < 0 {
				return false
			}
			mine += granted
		}
		held, ok := len(p.blocks), false
		if onlyDC && s.pos >= overlap && s.pos < min(p.own, s.safe) {
			if ok = d.keepDCs(p, mine-p.mcus); !ok {
				held = len(p.blocks)
			}
		} else if ok = d.keepMCU(p) && (s.pos < s.safe || !s.overrun()); ok {
			p.mcus++
		}
		if ok {
			continue
		}
		if s.pos >= s.safe && last {
			p.blocks = p.blocks[:held]
			return true // what lies behind the last MCU is no MCU
		}
		if s.pos >= overlap {
			return false
		}
		// Not in step yet: try again from the next byte.
		p.head, p.blocks, p.mcus = p.head[:0], p.blocks[:0], 0
		s.at(s.pos + 1)
	}
	return last
}

// keepMCU reads an MCU into p.blocks.
func (d *Decoder) keepMCU(p *part) bool {
	s := &p.scanner
	keep := &kept[d.planes[0].scale]
	blocks := p.blocks
	for k := range d.blocks {
		b := &d.blocks[k]
		read := s.block(b.dc, b.ac, b.q, b.last, &s.pred[b.comp])
		if read < 0 {
			return false
		}
		blocks = append(blocks, s.pred[b.comp])
		if keep.count == 1 {
			continue
		}
		blocks = append(blocks, int32(read))
		for _, k := range keep.index[1:keep.count] {
			blocks = append(blocks, s.coef[zigzag[k&63]&63])
		}
	}
	p.blocks = blocks
	return true
}

// keepDCs reads MCUs of which only DC is wanted into p.blocks, at most so many, before
// the next part's data and while there is enough of it.
func (d *Decoder) keepDCs(p *part, most int) bool {
	s, n, held := &p.scanner, len(d.blocks), len(p.blocks)
	p.blocks = slices.Grow(p.blocks, most*n)
	read, ok := d.kernels.readDCs(s, d.blocks, p.blocks[held:held+most*n], min(p.own, s.safe))
	p.blocks = p.blocks[:held+read/n*n]
	p.mcus += read / n
	return ok
}

// join finds where each part fell in step, and so what its MCUs are.
func (d *Decoder) join(parts []part) bool {
	parts[0].at, parts[0].from, parts[0].offset = 0, 0, [4]int32{}
	for i := range len(parts) - 1 {
		p, next := &parts[i], &parts[i+1]
		a, b, ok := meet(p.tail, next.head)
		if !ok {
			return false
		}
		p.to = a.mcu
		next.from, next.at = b.mcu, p.at+a.mcu-p.from
		for c := range next.offset {
			next.offset[c] = a.pred[c] + p.offset[c] - b.pred[c]
		}
	}
	last := &parts[len(parts)-1]
	last.to = last.from + d.header.mcusX*d.header.mcusY - last.at
	for i := range parts {
		if p := &parts[i]; p.to > p.mcus || p.to < p.from {
			return false
		}
	}
	return true
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

// placePart transforms some of a part's MCUs, counted from its first in the
// picture.
func (d *Decoder) placePart(p *part, from, to int) {
	keep := &kept[d.planes[0].scale]
	if keep.count == 1 {
		d.placeDC(p, from, to)
		return
	}
	size := keep.count + 1
	var coef [64]int32
	next := p.blocks[(p.from+from)*len(d.blocks)*size:]
	y, x := (p.at+from)/d.header.mcusX, (p.at+from)%d.header.mcusX
	pix := d.rowOfMCUs(y)
	for range to - from {
		for k := range d.blocks {
			b := &d.blocks[k]
			coef[0] = (next[0] + p.offset[b.comp]) * b.q[0]
			for i, k := range keep.index[1:keep.count] {
				coef[zigzag[k&63]&63] = next[2+i]
			}
			d.inverse(pix[b.comp][b.at+x*b.step:], d.planes[b.comp].stride, &coef, int(next[1]), b.scale)
			next = next[size:]
		}
		if x++; x == d.header.mcusX {
			if x, y = 0, y+1; y < d.header.mcusY {
				pix = d.rowOfMCUs(y)
			}
		}
	}
}

// placeDC is placePart where a block is one sample.
func (d *Decoder) placeDC(p *part, from, to int) {
	n := len(d.blocks)
	for from < to {
		y, x := (p.at+from)/d.header.mcusX, (p.at+from)%d.header.mcusX
		run := min(to-from, d.header.mcusX-x)
		pix := d.rowOfMCUs(y)
		d.placeDCs(&pix, x, p.blocks[(p.from+from)*n:(p.from+from+run)*n], &p.offset)
		from += run
	}
}
