package ends

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"sync"
)

// CCITTCoding is one of the codings of facsimile that TIFF has.
type CCITTCoding uint8

// The codings, and how TIFF calls them.
const (
	ModifiedHuffman CCITTCoding = iota // T.4 in one dimension, each row from a byte on: Compression 2
	ModifiedWords                      // the same from an even byte on: Compression 32771
	Group3                             // T.4 in one dimension: Compression 3
	Group3TwoD                         // T.4 in two dimensions: Compression 3, T4Options with bit 0
	Group4                             // T.6: Compression 4
)

// CCITT follows the codes of so many rows, ITU-T T.4 and T.6, and returns how many bytes
// they take, with EOFB or RTC where that is next, and which bits of the last byte are
// theirs. Bits are the highest first. Each code takes one off work, and so does each row.
// Data has to be what all decoders read alike: each row of T.4 behind an EOL, no row
// beyond the width, no run of nothing where a row of two dimensions is measured by it, no
// uncompressed mode.
func CCITT(data []byte, coding CCITTCoding, width, rows int, work *int) (taken int, mask byte, state State) {
	w := ccittWalk{data: data, width: int32(width), white: whiteRuns(), black: blackRuns()}
	w.reference = append(w.reference, w.width, w.width, w.width, w.width)
	for rows > 0 {
		if *work -= 1 + w.codes; *work < 0 {
			return 0, 0, Costly
		}
		w.codes = 0
		if coding == Group4 {
			if n := w.blank(rows); n > 0 {
				rows -= n
				continue
			}
		}
		if !w.row(coding) || w.pos > 8*len(data) {
			return 0, 0, Broken
		}
		rows--
	}
	w.finish(coding)
	*work -= w.codes
	taken = (w.pos + 7) / 8
	return taken, 0xFF << (8*taken - w.pos), Whole
}

// ccittWalk is where a walk has come to.
type ccittWalk struct {
	data         []byte
	pos          int // in bits
	width        int32
	codes        int // read in this row
	white, black *[1 << ccittMost]uint16
	// current and reference are where the colour changes, in a row and in the one before:
	// to black first, and at the end of the row several times.
	current, reference []int32
}

const (
	ccittMost = 13 // bits of a code for a run
	ccittEOL  = 12 // bits of EOL
)

// window is the bits from there on, of which the highest 57 count, zeros behind the end.
func (w *ccittWalk) window(pos int) uint64 {
	at := pos >> 3
	if len(w.data)-at >= 8 {
		return binary.BigEndian.Uint64(w.data[at:]) << (pos & 7)
	}
	var last [8]byte
	copy(last[:], w.data[min(at, len(w.data)):])
	return binary.BigEndian.Uint64(last[:]) << (pos & 7)
}

// blank passes over rows that are as the one before, which has no change: of each there
// is one bit.
func (w *ccittWalk) blank(rows int) int {
	if w.reference[0] < w.width {
		return 0
	}
	n := min(bits.LeadingZeros64(^w.window(w.pos)), 57, rows, max(0, 8*len(w.data)-w.pos))
	w.pos += n
	return n
}

// row reads one and makes it the reference.
func (w *ccittWalk) row(coding CCITTCoding) bool {
	two := coding == Group4
	switch coding {
	case ModifiedHuffman:
		w.pos = (w.pos + 7) &^ 7
	case ModifiedWords:
		w.pos = (w.pos + 15) &^ 15
	case Group3, Group3TwoD:
		if !w.eol() {
			return false
		}
		if coding == Group3TwoD {
			two = w.window(w.pos)>>63 == 0
			w.pos++
		}
	}
	w.current = w.current[:0]
	if two {
		if !w.twoD() {
			return false
		}
	} else if !w.oneD(coding == Group3TwoD) {
		return false
	}
	w.current = append(w.current, w.width, w.width, w.width, w.width)
	w.current, w.reference = w.reference, w.current
	return true
}

// oneD reads runs of white and black in turn. The changes are noted where they are of use.
func (w *ccittWalk) oneD(note bool) bool {
	table, other := w.white, w.black
	for at := int32(0); at < w.width; table, other = other, table {
		n := w.run(table)
		if n < 0 || n > w.width-at || note && n == 0 && at > 0 {
			return false
		}
		if at += n; note {
			w.current = append(w.current, at)
		}
	}
	return true
}

// run reads make-up codes and the one that ends them, -1 if there is no such code.
func (w *ccittWalk) run(table *[1 << ccittMost]uint16) (n int32) {
	for {
		e := table[w.window(w.pos)>>(64-ccittMost)]
		w.pos += int(e & 15)
		w.codes++
		part := int32(e >> 4)
		if n += part; e == 0 || n > w.width {
			return -1
		}
		if part < 64 {
			return n
		}
	}
}

// The modes of T.4 table 4: what the first seven bits mean.
const (
	ccittNone = iota
	ccittPass
	ccittHorizontal
	ccittVertical // and by how much, from -3
)

// ccittModes has a mode for seven bits, with the length of its code in the lowest four
// bits and how far a vertical one is from b1, plus 3, in the uppermost.
var ccittModes = func() (modes [1 << 7]uint16) {
	for code, mode := range map[string]uint16{
		"0001": ccittPass << 4, "001": ccittHorizontal << 4,
		"0000010": ccittVertical << 4, "000010": ccittVertical<<4 | 1<<8, "010": ccittVertical<<4 | 2<<8, "1": ccittVertical<<4 | 3<<8,
		"011": ccittVertical<<4 | 4<<8, "000011": ccittVertical<<4 | 5<<8, "0000011": ccittVertical<<4 | 6<<8,
	} {
		from, n := ccittCode(code, 7)
		for i := range n {
			modes[from+i] = mode | uint16(len(code))
		}
	}
	return modes
}()

// ccittCode is the range of numbers of so many bits that begin with a code.
func ccittCode(code string, most int) (from, n int) {
	for _, bit := range code {
		from = from<<1 | int(bit&1)
	}
	return from << (most - len(code)), 1 << (most - len(code))
}

// twoD reads a row that is measured by the one before, T.4 §4.2.
func (w *ccittWalk) twoD() bool {
	a0, b := int32(-1), 0 // b1 is reference[b]: even where what comes is white
	for a0 < w.width {
		for w.reference[b] <= a0 && w.reference[b] < w.width {
			b += 2
		}
		b1 := w.reference[b]
		window := w.window(w.pos)
		mode := ccittModes[window>>57]
		w.pos += int(mode & 15)
		w.codes++
		switch mode >> 4 & 15 {
		case ccittPass:
			a0 = w.reference[b+1]
		case ccittHorizontal:
			from := max(a0, 0)
			table, other := w.white, w.black
			if len(w.current)&1 == 1 {
				table, other = other, table
			}
			one := w.run(table)
			if one < 0 || one > w.width-from || one == 0 && a0 >= 0 {
				return false
			}
			two := w.run(other)
			if two < 0 || two > w.width-from-one || two == 0 && from+one < w.width {
				return false
			}
			a0 = from + one + two
			w.current = append(w.current, from+one, a0)
		case ccittVertical:
			a1 := b1 + int32(mode>>8) - 3
			if a1 <= a0 || a1 > w.width {
				return false
			}
			a0 = a1
			w.current = append(w.current, a1)
			// The colour is another, and b1 of the next may be before that of this.
			if b++; b > 1 {
				b -= 2
			}
		default:
			return false
		}
	}
	return true
}

// eol reads an EOL, T.4 §4.1.2, with fill bits before it.
func (w *ccittWalk) eol() bool {
	for at := w.pos; at < 8*len(w.data); at += 57 {
		if zeros := bits.LeadingZeros64(w.window(at)); zeros < 57 {
			at += zeros
			if at-w.pos < ccittEOL-1 || at >= 8*len(w.data) {
				return false
			}
			w.pos = at + 1
			return true
		}
		w.codes++
	}
	return false
}

// finish reads what ends a page, if it is next.
func (w *ccittWalk) finish(coding CCITTCoding) {
	switch coding {
	case Group4:
		if w.window(w.pos)>>40 == 0x001001 {
			w.pos += 2 * ccittEOL
		}
	case Group3, Group3TwoD:
		for range 6 { // RTC
			before := w.pos
			if !w.eol() {
				return
			}
			if coding == Group3TwoD {
				if w.window(w.pos)>>63 == 0 {
					w.pos = before
					return
				}
				w.pos++
			}
		}
	}
}

// The codes of T.4 tables 2 and 3: of runs of 0 to 63, and of 64 to 1728 by 64; those
// from there to 2560 are the same for both colours.
const (
	ccittWhite = "00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 " +
		"101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011 00011010 " +
		"00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010 " +
		"00001011 01010010 01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100 " +
		"11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010 011010011 " +
		"011010100 011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001 010011010 011000 010011011 "
	ccittBlack = "0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000 " +
		"0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111 00000011000 000011001010 000011001011 " +
		"000011001100 000011001101 000001101000 000001101001 000001101010 000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 " +
		"000011010111 000001101100 000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100 000001100101 " +
		"000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000 000001011000 000001011001 000000101011 000000101100 " +
		"000001011010 000001100110 000001100111 " +
		"0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101 0000001001010 0000001001011 " +
		"0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 " +
		"0000001010100 0000001010101 0000001011010 0000001011011 0000001100100 0000001100101 "
	ccittLong = "00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110 000000010111 000000011100 " +
		"000000011101 000000011110 000000011111"
)

// whiteRuns and blackRuns have, for 13 bits, a run and in the lowest four bits the length
// of its code; 0 where there is none.
var (
	whiteRuns = sync.OnceValue(func() *[1 << ccittMost]uint16 { return ccittRuns(ccittWhite + ccittLong) })
	blackRuns = sync.OnceValue(func() *[1 << ccittMost]uint16 { return ccittRuns(ccittBlack + ccittLong) })
)

func ccittRuns(codes string) *[1 << ccittMost]uint16 {
	runs := new([1 << ccittMost]uint16)
	for i, code := range strings.Fields(codes) {
		if i > 63 {
			i = 64 * (i - 63)
		}
		from, n := ccittCode(code, ccittMost)
		for k := range n {
			runs[from+k] = uint16(i<<4 | len(code))
		}
	}
	return runs
}
