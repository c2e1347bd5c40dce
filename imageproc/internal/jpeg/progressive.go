package jpeg

import (
	"context"
	"encoding/binary"
	"math/bits"
)

// coefficients holds what a progressive file says of a component so far. Of
// each block it keeps the coefficients that the transform uses, not yet
// dequantised, and which of all 63 AC coefficients are not 0: the data of a
// refinement can't be read without.
type coefficients struct {
	values []int16 // count a block, in zigzag order of those kept
	masks  []uint64
	keep   *keeping
}

// readProgressive reads the scans of a progressive file, T.81 annex G. Scans of
// which nothing is needed are passed over.
func (d *Decoder) readProgressive(ctx context.Context) error {
	for i := range d.header.Components {
		c, co := &d.header.Components[i], &d.coefs[i]
		co.keep = &kept[d.planes[i].scale]
		co.values = zeroed(co.values, c.paddedX*c.paddedY*co.keep.count)
		co.masks = co.masks[:0]
		if co.keep.last > 0 {
			co.masks = zeroed(co.masks, c.paddedX*c.paddedY)
		}
	}
	for more := true; more; {
		if d.matters() {
			if d.whole {
				d.noted()
			}
			if err := d.progressiveScan(ctx); err != nil {
				if err = d.orEnd(err); err != nil {
					return err
				}
			}
		}
		var err error
		if more, err = d.nextScan(); err != nil {
			if err = d.orEnd(err); err != nil {
				return err
			}
			break
		}
	}
	d.makeBands()
	return d.allSeen()
}

func zeroed[T int16 | uint64](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// matters says whether the scan brings anything that is kept.
func (d *Decoder) matters() bool {
	s := &d.scan
	if s.ss == 0 {
		return true
	}
	return s.ss <= d.coefs[s.comps[0]].keep.last
}

func (d *Decoder) progressiveScan(ctx context.Context) error {
	d.startScan()
	s := &d.scanner
	p := progress{scanner: s, scan: &d.scan}
	unitsX, unitsY := d.units()
	for y := range unitsY {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.scan.ss == 0 && d.header.Progressive {
			if err := d.dcRow(y, unitsX); err != nil {
				return err
			}
			continue
		}
		for x := range unitsX {
			if s.left == 0 {
				p.eobRun = 0
				if err := d.nextInterval(); err != nil {
					return err
				}
			}
			s.left--
			if s.dead {
				continue
			}
			if s.pos >= s.safe && !s.more() {
				return d.fail(Truncated, "scan", "the data ends before the picture does")
			}
			if !d.progressiveUnit(&p, x, y) {
				if s.ended && s.pos >= s.safe {
					return d.fail(Truncated, "scan", "the data ends before the picture does")
				}
				return d.fail(Corrupt, "scan", "the data is no code of its table")
			}
		}
	}
	if s.ended && s.overrun() {
		return d.fail(Truncated, "scan", "the data ends before the picture does")
	}
	return nil
}

// progressiveUnit reads the blocks of unit (x, y).
func (d *Decoder) progressiveUnit(p *progress, x, y int) bool {
	if !d.header.Progressive {
		return d.sequentialUnit(x, y)
	}
	k := d.scan.comps[0] // the only one of a scan of AC coefficients
	c, co := &d.header.Components[k], &d.coefs[k]
	at := y*c.paddedX + x
	values := co.values[at*co.keep.count : (at+1)*co.keep.count]
	if d.scan.ah == 0 {
		return p.firstAC(d.huff[1][d.scan.ac[0]], co.keep, values, &co.masks[at])
	}
	return p.refineAC(d.huff[1][d.scan.ac[0]], co.keep, values, &co.masks[at])
}

// dcBlock is one block of a unit of a scan of DC coefficients.
type dcBlock struct {
	comp     int
	huff     *huffman
	values   []int16 // of the component
	at, step int     // in values: the next unit's, and how far from that to the one after it
}

// dcRow reads row y of units of a scan of DC coefficients.
func (d *Decoder) dcRow(y, units int) error {
	s := &d.scanner
	var memory [10]dcBlock
	blocks := memory[:0]
	for i, k := range d.scan.comps {
		c, co := &d.header.Components[k], &d.coefs[k]
		width, height := c.H, c.V
		if len(d.scan.comps) == 1 {
			width, height = 1, 1
		}
		b := dcBlock{comp: k, huff: d.huff[0][d.scan.dc[i]], values: co.values, step: width * co.keep.count}
		for v := range height {
			for h := range width {
				b.at = ((y*height+v)*c.paddedX + h) * co.keep.count
				blocks = append(blocks, b)
			}
		}
	}
	for x := 0; x < units; {
		if s.left == 0 {
			if err := d.nextInterval(); err != nil {
				return err
			}
		}
		run := min(units-x, s.left)
		x += run
		s.left -= run
		if s.dead {
			for k := range blocks {
				blocks[k].at += run * blocks[k].step
			}
			continue
		}
		for run > 0 {
			if s.pos >= s.safe && !s.more() {
				return d.fail(Truncated, "scan", "the data ends before the picture does")
			}
			done, ok := 0, true
			if d.scan.ah > 0 {
				done = s.refineDCs(blocks, run, d.scan.al)
			} else {
				done, ok = s.firstDCs(blocks, run, d.scan.al)
			}
			if !ok {
				if s.ended && s.pos >= s.safe {
					return d.fail(Truncated, "scan", "the data ends before the picture does")
				}
				return d.fail(Corrupt, "scan", "the data is no code of its table")
			}
			run -= done
		}
	}
	return nil
}

// firstDCs reads at least one unit and at most count, T.81 §G.1.2.1.
func (s *scanner) firstDCs(blocks []dcBlock, count int, al uint) (done int, ok bool) {
	buf, acc, n, pos, safe := s.buf, s.acc, s.n, s.pos, s.safe
	for done < count {
		for k := range blocks {
			b := &blocks[k]
			acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
			e := b.huff.value[acc>>(64-valueBits)]
			used, diff := uint(e&usedMask), more(e, acc)
			if used == 0 {
				if used, _, diff = b.huff.slow(acc); used == 0 {
					s.acc, s.n, s.pos = acc, n, pos
					return done, false
				}
			}
			acc <<= used & 63
			n -= used
			s.pred[b.comp] += diff
			b.values[b.at] = int16(s.pred[b.comp] << (al & 31))
			b.at += b.step
		}
		if done++; pos >= safe {
			break
		}
	}
	s.acc, s.n, s.pos = acc, n, pos
	return done, true
}

// refineDCs reads one more bit of each block likewise.
func (s *scanner) refineDCs(blocks []dcBlock, count int, al uint) (done int) {
	for done < count {
		s.refill()
		acc := s.acc
		for k := range blocks {
			b := &blocks[k]
			b.values[b.at] |= int16(acc >> 63 << (al & 31))
			acc <<= 1
			b.at += b.step
		}
		s.acc = acc
		s.n -= uint(len(blocks))
		if done++; s.pos >= s.safe {
			break
		}
	}
	return done
}

// progress reads the blocks of a progressive scan.
type progress struct {
	*scanner
	scan   *scan
	eobRun int32
}

// firstAC is T.81 §G.1.2.2.
func (p *progress) firstAC(h *huffman, keep *keeping, values []int16, mask *uint64) bool {
	if p.eobRun > 0 {
		p.eobRun--
		return true
	}
	for k := p.scan.ss; k <= p.scan.se; k++ {
		p.refill()
		var v int32
		if e := h.value[p.acc>>(64-valueBits)]; e != 0 && (e>>8)&advanceMask < 16 {
			if v = e >> 16; e&extraBits != 0 {
				v = more(e, p.acc)
			}
			p.drop(uint(e & usedMask))
			k += int(e>>8)&advanceMask - 1
		} else {
			symbol, ok := p.symbol(h)
			if !ok {
				return false
			}
			run, size := int(symbol>>4), uint(symbol&15)
			if size == 0 {
				if run == 15 {
					k += 15
					continue
				}
				p.eobRun = 1<<run - 1 + p.receive(uint(run))
				return true
			}
			k += run
			v = extend(p.receive(size), size)
		}
		if k > p.scan.se {
			return false
		}
		*mask |= 1 << uint(k)
		if slot := keep.slot[k&63]; slot >= 0 {
			values[slot] = int16(v << p.scan.al)
		}
	}
	return true
}

// refineAC is T.81 §G.1.2.3.
func (p *progress) refineAC(h *huffman, keep *keeping, values []int16, mask *uint64) bool {
	k := p.scan.ss
	for p.eobRun == 0 && k <= p.scan.se {
		symbol, ok := p.symbol(h)
		if !ok {
			return false
		}
		run, size := int(symbol>>4), uint(symbol&15)
		var v int16
		switch {
		case size == 1:
			v = int16(2*p.receive(1)-1) << p.scan.al
		case size != 0:
			return false
		case run < 15:
			p.eobRun = 1<<run + p.receive(uint(run))
			continue
		}
		// Go to the coefficient after run zeros, correcting what is not 0 on the way.
		to := k
		for {
			if to > p.scan.se {
				if size == 1 {
					return false
				}
				break
			}
			if *mask>>uint(to)&1 == 0 {
				if run == 0 {
					break
				}
				run--
			}
			to++
		}
		p.correct(keep, values, *mask, k, to)
		if size == 1 {
			*mask |= 1 << uint(to)
			if slot := keep.slot[to&63]; slot >= 0 {
				values[slot] = v
			}
		}
		k = to + 1
	}
	if p.eobRun > 0 {
		p.correct(keep, values, *mask, k, p.scan.se+1)
		p.eobRun--
	}
	return true
}

// correct reads a bit for each coefficient from index k up to end that is not 0.
func (p *progress) correct(keep *keeping, values []int16, mask uint64, k, end int) {
	mask = mask >> uint(k) << uint(k) & (1<<uint(end) - 1)
	for ; mask != 0; mask &= mask - 1 {
		k = bits.TrailingZeros64(mask)
		p.refill()
		bit := p.receive(1)
		slot := keep.slot[k&63]
		if bit == 0 || slot < 0 {
			continue
		}
		if v := &values[slot]; *v >= 0 {
			*v += 1 << p.scan.al
		} else {
			*v -= 1 << p.scan.al
		}
	}
}

// transformRow makes samples of row y of MCUs.
func (d *Decoder) transformRow(y int) {
	s := &d.scanner
	for i := range d.header.Components {
		c, co, p := &d.header.Components[i], &d.coefs[i], &d.planes[i]
		n := p.scale
		if n == 1 { // a sample is a coefficient
			q := d.factors[i][0]
			for v := range c.V {
				row := p.pix[v*p.stride:][:c.paddedX]
				values := co.values[(y*c.V+v)*c.paddedX:][:len(row)]
				for x, value := range values {
					row[x] = clamp((int32(value)*q + 4) >> 3)
				}
			}
			continue
		}
		for v := range c.V {
			for x := range c.paddedX {
				at := (y*c.V+v)*c.paddedX + x
				values := co.values[at*co.keep.count : (at+1)*co.keep.count]
				if s.dirty {
					clear(s.coef[:])
				}
				s.coef[0] = int32(values[0]) * d.factors[i][0]
				read := 0
				if co.keep.last > 0 && co.masks[at] != 0 {
					for slot, value := range values[1:] {
						k := co.keep.index[slot+1]
						s.coef[zigzag[k&63]&63] = int32(value) * d.factors[i][k&63]
					}
					read = 64
				}
				s.dirty = read > 0
				d.inverse(p.pix[v*n*p.stride+x*n:], p.stride, &s.coef, read, n)
			}
		}
	}
}
