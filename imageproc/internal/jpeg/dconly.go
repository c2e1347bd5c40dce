package jpeg

// Where one sample stands for a block, coefficients but the first are only
// skipped, and what is read is a list of DC coefficients: block after block of MCU
// after MCU, each before its factor.

// onlyDC says that of all blocks nothing else is wanted.
func (d *Decoder) onlyDC() bool {
	for k := range d.blocks {
		if d.blocks[k].scale > 1 {
			return false
		}
	}
	return true
}

// readDCs reads as many DC coefficients as out, which holds whole MCUs, has room
// for, and begins no MCU at or behind limit. False says that what comes after the
// first done of them is not valid. It leaves as many bits valid as refill does, so
// that where s stands does not depend on who read.
func (s *scanner) readDCs(blocks []mcuBlock, out []int32, limit int) (done int, ok bool) {
	for s.refill(); done < len(out) && s.pos < limit; s.refill() {
		for k := range blocks {
			b := &blocks[k]
			if s.block(b.dc, b.ac, b.q, 0, &s.pred[b.comp]) < 0 {
				s.refill()
				return done, false
			}
			out[done] = s.pred[b.comp]
			done++
		}
	}
	return done, true
}

// placeDCs turns the DC coefficients of MCUs into samples, from column x of a row on.
// Offsets are added first.
func (d *Decoder) placeDCs(pix *[4][]byte, x int, dcs []int32, offset *[4]int32) {
	n := len(d.blocks)
	for k := range d.blocks {
		b := &d.blocks[k]
		dst, offset, q := pix[b.comp][b.at+x*b.step:], offset[b.comp], b.q[0]
		for i, at := k, 0; i < len(dcs); i, at = i+n, at+b.step {
			dst[at] = clamp(((dcs[i]+offset)*q + 4) >> 3)
		}
	}
}
