package imageproc

import "errors"

var (
	errLZWSize = errors.New("LZW code size is not valid")
	errLZWCode = errors.New("LZW code is not valid")
)

// lzwWalk follows the codes of GIF's LZW, appendix F, without making pixels of
// them: how many each code stands for is enough to know where the data ends.
// Bytes behind that end are shown by nobody.
type lzwWalk struct {
	lengths     [4096]uint16 // pixels that a code stands for
	clear, next uint32
	width, min  uint
	last        uint32 // the code before
	fresh       bool   // no code came since the table was cleared
	pixels      uint64 // still wanted
	bits        uint32 // read, but not yet used
	held        uint
	bytes       uint64 // given so far
	spent       uint64 // bits used up to the last code that counts
	ended       bool
	err         error
}

func newLZWWalk(size byte, pixels int) (*lzwWalk, error) {
	if size < 2 || size > 8 {
		return nil, errLZWSize
	}
	w := &lzwWalk{clear: 1 << size, min: uint(size) + 1, pixels: uint64(pixels)}
	for i := range w.clear {
		w.lengths[i] = 1
	}
	w.reset()
	return w, nil
}

func (w *lzwWalk) reset() { w.next, w.width, w.fresh = w.clear+2, w.min, true }

// take follows the codes in the bytes of one sub-block.
func (w *lzwWalk) take(block []byte) {
	w.bytes += uint64(len(block))
	if w.ended {
		return
	}
	for _, b := range block {
		w.bits |= uint32(b) << w.held
		w.held += 8
		for w.held >= w.width {
			code := w.bits & (1<<w.width - 1)
			w.bits >>= w.width
			w.held -= w.width
			if w.code(code, uint64(w.width)); w.ended {
				return
			}
		}
	}
}

// code follows one code, read from so many bits.
func (w *lzwWalk) code(code uint32, bits uint64) {
	end := code == w.clear+1
	switch {
	case end:
		w.ended = true
	case w.pixels == 0:
		w.ended = true // what comes behind the last pixel, other than the end, does not count
		return
	case code == w.clear:
		w.reset()
	case code > w.clear && w.fresh || code > w.next:
		w.ended, w.err = true, errLZWCode
	default:
		// The string of the code before and the first pixel of this one's is new.
		if !w.fresh && w.next < uint32(len(w.lengths)) {
			w.lengths[w.next] = w.lengths[w.last] + 1
			if w.next++; w.next == 1<<w.width && w.width < 12 {
				w.width++
			}
		}
		w.fresh, w.last = false, code
		w.pixels -= min(w.pixels, uint64(w.lengths[code]))
	}
	w.spent += bits
}

// used is the number of bytes that the codes take, and a mask with the bits of
// the last one. Data that ends early is taken as it is: decoders show what there
// is.
func (w *lzwWalk) used() (n int, mask byte) {
	if !w.ended && w.pixels > 0 {
		return int(w.bytes), 0xFF
	}
	if odd := w.spent % 8; odd > 0 {
		return int(w.spent/8) + 1, 1<<odd - 1
	}
	return int(w.spent / 8), 0xFF
}
