package jpeg

import "encoding/binary"

const (
	windowSize = 64 << 10
	// maxMCU is more than the data of an MCU can take: 10 blocks of 64 symbols of
	// 31 bits, and what a reader looks ahead. So much is cleared behind the data,
	// and an MCU that began inside the data ends inside the window.
	maxMCU = 10*64*31/8 + 64
)

// scanner reads the entropy-coded data of one scan through a window free of
// stuffed zeros. The next bits of the data stand at the top of acc, n of them,
// and the bytes after them begin at pos.
type scanner struct {
	acc uint64
	n   uint
	pos int

	buf   []byte
	end   int // of the data in buf; zeros follow
	safe  int // below it an MCU may be read without a look
	ended bool
	src   *source

	pred  [4]int32
	dirty bool
	coef  [64]int32   // dequantised, in natural order
	left  int         // MCUs left in the restart interval
	next  byte        // the restart marker that is due
	dcs   [1024]int32 // of a run of MCUs
	dead  bool        // the interval has no data any more: what follows is grey
}

// begin starts at an interval, whose data is the next in src.
func (s *scanner) begin() {
	if s.buf == nil {
		s.buf = make([]byte, windowSize+maxMCU)
	}
	s.acc, s.n, s.pos, s.end, s.ended = 0, 0, 0, 0, false
	s.pred = [4]int32{}
	s.fill()
}

// fill moves the window on.
func (s *scanner) fill() {
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	s.end += s.src.unstuff(s.buf[s.end:windowSize])
	s.ended = s.src.marker != 0
	clear(s.buf[s.end : s.end+maxMCU])
	s.safe = s.end - maxMCU
}

// more is asked at pos ≥ safe: whether there is data for another MCU.
func (s *scanner) more() bool {
	if !s.ended {
		s.fill()
		return true
	}
	return !s.overrun()
}

// overrun says that more bits were read than there are.
func (s *scanner) overrun() bool { return s.pos*8-int(s.n) > s.end*8 }

// refill makes at least 56 bits valid.
func (s *scanner) refill() {
	s.acc |= binary.BigEndian.Uint64(s.buf[s.pos:]) >> (s.n & 63)
	s.pos += int((63 - s.n) >> 3)
	s.n |= 56
}

func (s *scanner) drop(n uint) {
	s.acc <<= n & 63
	s.n -= n
}

// symbol reads a Huffman code alone.
func (s *scanner) symbol(h *huffman) (symbol byte, ok bool) {
	s.refill()
	symbol, l := h.find(uint32(s.acc>>48), 16)
	s.drop(uint(l))
	return symbol, l > 0
}

// receive reads n bits, at most 16, after a symbol.
func (s *scanner) receive(n uint) int32 {
	if n == 0 {
		return 0
	}
	v := int32(s.acc >> (64 - n))
	s.drop(n)
	return v
}

// block reads one block of a sequential scan, T.81 §F.2.2. Coefficients up to
// zigzag index last come dequantised into s.coef; those after it are skipped.
// It returns one more than the index of the last AC coefficient read, 0 if there
// is none, or -1 where the data is not valid.
func (s *scanner) block(dc, ac *huffman, q *[64]int32, last int, pred *int32) int {
	if s.dirty {
		clear(s.coef[:])
		s.dirty = false
	}
	buf, acc, n, pos := s.buf, s.acc, s.n, s.pos
	acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
	pos += int((63 - n) >> 3)
	n |= 56
	e := dc.value[acc>>(64-valueBits)]
	used, v := uint(e&usedMask), more(e, acc)
	if used == 0 {
		if used, _, v = dc.slow(acc); used == 0 {
			return -1
		}
	}
	acc <<= used & 63
	n -= used
	*pred += v
	s.coef[0] = *pred * q[0]
	k, read := 1, 0
	for k <= last {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := ac.value[acc>>(64-valueBits)]
		used, advance, v := uint(e&usedMask), int(e>>8)&advanceMask, e>>16
		if e&extraBits != 0 {
			v = more(e, acc)
		} else if used == 0 {
			if used, advance, v = ac.slow(acc); used == 0 {
				return -1
			}
		}
		acc <<= used & 63
		n -= used
		if k += advance; k > 64 {
			if k < endOfBlock {
				return -1
			}
			goto done
		}
		read = k
		s.coef[zigzag[(k-1)&63]&63] = v * q[(k-1)&63]
		// What is left does for another symbol, unless one of them is long.
		if e = ac.value[acc>>(64-valueBits)]; n < 31 || e == 0 || k > last {
			continue
		}
		if v = e >> 16; e&extraBits != 0 {
			v = more(e, acc)
		}
		acc <<= uint(e & usedMask)
		n -= uint(e & usedMask)
		if k += int(e>>8) & advanceMask; k > 64 {
			if k < endOfBlock {
				return -1
			}
			goto done
		}
		read = k
		s.coef[zigzag[(k-1)&63]&63] = v * q[(k-1)&63]
	}
	for k < 64 {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		// Three entries of mostSkipped bits can be taken without a refill.
		e := ac.skip[acc>>(64-skipBits)]
		to := k + int(e>>skipUsed)
		if to < 64 {
			acc <<= e & usedMask
			n -= uint(e & usedMask)
			k = to
			e = ac.skip[acc>>(64-skipBits)]
			if to = k + int(e>>skipUsed); to < 64 {
				acc <<= e & usedMask
				n -= uint(e & usedMask)
				k = to
				e = ac.skip[acc>>(64-skipBits)]
				if to = k + int(e>>skipUsed); to < 64 {
					acc <<= e & usedMask
					n -= uint(e & usedMask)
					k = to
					continue
				}
			}
		}
		if uint(to-endOfBlock) < 64 {
			acc <<= e & usedMask
			n -= uint(e & usedMask)
			break
		}
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		v := ac.value[acc>>(64-valueBits)]
		used, advance := uint(v&usedMask), int(v>>8)&advanceMask
		if used == 0 {
			if used, advance, _ = ac.slow(acc); used == 0 {
				return -1
			}
		}
		acc <<= used & 63
		n -= used
		if k += advance; k > 64 && k < endOfBlock {
			return -1
		}
	}
done:
	s.acc, s.n, s.pos = acc, n, pos
	s.dirty = read > 0
	return read
}

// zigzag gives the place in natural order of the coefficient with that index,
// T.81 figure A.6.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}
