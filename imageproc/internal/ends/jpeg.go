package ends

import "math/bits"

// Scan says what the data of a JPEG scan is made of.
type Scan struct {
	Progressive    bool
	Ss, Se, Ah, Al byte
	Blocks         []Block // of an MCU, in their order
	// Masks says for each block of the component of a progressive scan of AC
	// coefficients which of them are not 0; the scan brings them up to date.
	Masks []uint64
}

// Block is one block of an MCU and the tables it is coded with.
type Block struct{ DC, AC *Huffman }

// Walker follows the data of a scan from one restart interval to the next.
type Walker struct {
	Scan
	highBits
	unit   int // of the scan, the next to come
	eobRun uint32
}

// Interval follows the data of a restart interval with so many MCUs, without the
// marker behind it, and returns how many bytes decoding takes. Where data is none
// of its tables, or ends too early, that is what libjpeg takes, which goes on.
func (w *Walker) Interval(data []byte, mcus int) (used int) {
	w.highBits = highBits{data: data}
	w.eobRun = 0
	for _, b := range w.Blocks {
		if b.DC != nil && b.DC.wild {
			w.unit += mcus
			return len(data)
		}
	}
	for i := range mcus {
		if w.pad > 0 && w.over() {
			w.unit += mcus - i
			return len(data)
		}
		switch {
		case !w.Progressive:
			for k := range w.Blocks {
				w.sequential(&w.Blocks[k])
			}
		case w.Ss == 0 && w.Ah == 0:
			for k := range w.Blocks {
				size := w.symbol(w.Blocks[k].DC)
				w.take(uint(size))
			}
		case w.Ss == 0:
			w.take(uint(len(w.Blocks)))
		case w.eobRun > 0 && w.Ah == 0:
			w.eobRun--
		case w.Ah == 0:
			w.firstAC(w.Blocks[0].AC, &w.Masks[w.unit])
		default:
			w.refineAC(w.Blocks[0].AC, &w.Masks[w.unit])
		}
		w.unit++
	}
	return w.used()
}

// sequential follows a block of T.81 §F.2.2.
func (w *Walker) sequential(b *Block) {
	size := w.symbol(b.DC)
	w.take(uint(size))
	ac, acc, n := b.AC, w.acc, w.n
	for k := uint32(1); k < 64; {
		if n < 32 {
			w.acc, w.n = acc, n
			w.fill()
			acc, n = w.acc, w.n
		}
		e := ac.look[acc>>(64-lookBits)]
		if e == 0 || k+e>>16 > 63 {
			w.acc, w.n = acc, n
			symbol := w.symbol(ac)
			w.take(uint(symbol & 15))
			switch {
			case symbol&15 > 0:
				k += symbol>>4 + 1
			case symbol == 0xF0:
				k += 16
			default:
				return
			}
			acc, n = w.acc, w.n
			continue
		}
		acc <<= e & 63
		n -= uint(e & 0xFF)
		if e&blockEnds != 0 {
			break
		}
		k += e >> 8 & 0x7F
	}
	w.acc, w.n = acc, n
}

// firstAC follows a block of T.81 §G.1.2.2.
func (w *Walker) firstAC(h *Huffman, mask *uint64) {
	for k := uint32(w.Ss); k <= uint32(w.Se); k++ {
		symbol := w.symbol(h)
		run, size := symbol>>4, symbol&15
		if size > 0 {
			k += run
			w.take(uint(size))
			*mask |= 1 << min(k, 63)
			continue
		}
		if run < 15 {
			w.eobRun = 1<<run + w.take(uint(run)) - 1
			return
		}
		k += 15
	}
}

// refineAC follows a block of T.81 §G.1.2.3.
func (w *Walker) refineAC(h *Huffman, mask *uint64) {
	k, end := uint32(w.Ss), uint32(w.Se)
	for ; w.eobRun == 0 && k <= end; k++ {
		symbol := w.symbol(h)
		run, size := symbol>>4, symbol&15
		if size > 0 {
			w.take(1)
		} else if run < 15 {
			w.eobRun = 1<<run + w.take(uint(run))
			break
		}
		for k <= end {
			if *mask>>k&1 != 0 {
				w.take(1)
			} else {
				if run == 0 {
					break
				}
				run--
			}
			k++
		}
		if size > 0 {
			*mask |= 1 << min(k, 63)
		}
	}
	if w.eobRun > 0 {
		if k <= end {
			left := *mask >> k << k & (1<<(end+1) - 1)
			for n := bits.OnesCount64(left); n > 0; n -= 32 {
				w.take(uint(min(n, 32)))
			}
		}
		w.eobRun--
	}
}
