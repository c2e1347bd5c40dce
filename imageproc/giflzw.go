package imageproc

import (
	"encoding/binary"
	"errors"
)

var (
	errLZWSize = errors.New("LZW code size is not valid")
	errLZWCode = errors.New("LZW code is not valid")
)

// lzwCodes is how many codes there are. The walk has room for four strings behind
// those of a full table.
const lzwCodes = 1 << lzwMost

// lzwWalk follows the codes of GIF's LZW, appendix F, without making pixels of
// them: how many each code stands for is enough to know where the data ends.
// Bytes behind that end are shown by nobody.
type lzwWalk struct {
	lengths     [lzwCodes + 4]uint16 // pixels that a code stands for, lzwNone if it has no string
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
	endless     bool // after the last pixel something else comes than the end
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
	w.lengths[w.clear], w.lengths[w.clear+1] = lzwNone, lzwNone
	w.next = lzwCodes
	w.reset()
	return w, nil
}

// reset empties the table, as a clear does.
func (w *lzwWalk) reset() {
	strings := w.lengths[w.clear+2 : w.next]
	for n := copy(strings, []uint16{lzwNone}); n < len(strings); n *= 2 {
		copy(strings[n:], strings[:n])
	}
	w.next, w.width, w.fresh = w.clear+2, w.min, true
}

// take follows the codes in the bytes of one sub-block.
func (w *lzwWalk) take(block []byte) {
	w.bytes += uint64(len(block))
	if w.ended {
		return
	}
	for len(block) > 0 {
		if block = block[w.fours(block):]; len(block) == 0 {
			return
		}
		w.bits |= uint32(block[0]) << w.held
		w.held += 8
		block = block[1:]
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

// fours follows codes by four at a time, as long as all have strings and the same
// width, and none gives the last pixel, and returns how many bytes they take.
func (w *lzwWalk) fours(block []byte) (taken int) {
	next, until, step, width := w.next, uint32(1)<<w.width, uint32(4), w.width&15
	switch {
	case next == lzwCodes:
		until, step = next+5, 0 // no more strings: what would be theirs goes behind the table
	case width == lzwMost:
		until++
	}
	if w.fresh || next+4 >= until || len(block) < 8 {
		return 0
	}
	bits, held, last, pixels := uint64(w.bits), w.held, w.lengths[w.last&(lzwCodes-1)], w.pixels
	mask := uint64(1)<<width - 1&(lzwCodes-1)
	for next+4 < until && len(block)-taken >= 8 {
		now := bits | binary.LittleEndian.Uint64(block[taken:])<<(held&15)
		fresh := (*[4]uint16)(w.lengths[next:])
		fresh[0] = last + 1
		n0 := w.lengths[now&mask]
		fresh[1] = n0 + 1
		n1 := w.lengths[now>>width&mask]
		fresh[2] = n1 + 1
		n2 := w.lengths[now>>(2*width)&mask]
		fresh[3] = n2 + 1
		code := now >> (3 * width) & mask
		n3 := w.lengths[code]
		sum := uint64(n0) + uint64(n1) + uint64(n2) + uint64(n3)
		if sum >= lzwNone || sum >= pixels {
			*fresh = [4]uint16{lzwNone, lzwNone, lzwNone, lzwNone}
			break
		}
		pixels -= sum
		next, last, w.last = next+step, n3, uint32(code)
		bytes := (4*width - held + 7) / 8
		held += 8*bytes - 4*width
		bits = now >> (4 * width) & (1<<(held&7) - 1)
		taken += int(bytes)
	}
	w.spent += 8*uint64(taken) + uint64(w.held) - uint64(held)
	w.bits, w.held, w.next, w.pixels = uint32(bits), held, next, pixels
	return taken
}

// code follows one code, read from so many bits.
func (w *lzwWalk) code(code uint32, bits uint64) {
	end := code == w.clear+1
	switch {
	case end:
		w.ended = true
	case w.pixels == 0:
		w.ended, w.endless = true, true // what comes behind the last pixel, other than the end, does not count
		return
	case code == w.clear:
		w.reset()
	case code > w.clear && w.fresh || code > w.next:
		w.ended, w.err = true, errLZWCode
	default:
		// The string of the code before and the first pixel of this one's is new.
		if !w.fresh && w.next < lzwCodes {
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

// finish cuts the last bytes of the codes behind the last code that counts. Where it
// is not the end, that is written: of the bits that are left a reader would take a
// short code for one more pixel.
func (w *lzwWalk) finish(tail []byte) []byte {
	_, mask := w.used()
	tail[len(tail)-1] &= mask
	if !w.endless {
		return tail
	}
	odd, end := uint(w.spent%8), w.clear+1
	bits, held := end<<odd, w.width+odd
	if odd > 0 {
		tail[len(tail)-1] |= byte(bits)
		bits, held = bits>>8, max(held, 8)-8
	}
	for ; held > 0; held = max(held, 8) - 8 {
		tail = append(tail, byte(bits))
		bits >>= 8
	}
	return tail
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
