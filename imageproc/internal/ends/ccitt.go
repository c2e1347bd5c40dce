package ends

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// CCITTCoding is one of the ways in which T.4 and T.6 code rows of black and white.
type CCITTCoding uint8

// The codings, and the compressions of TIFF they go by.
const (
	ModifiedHuffman CCITTCoding = iota // 2: runs as in T.4, each row begins at a byte
	Group3                             // 3: runs, as a rule with an EOL before each row
	Group3TwoD                         // 3 if T4Options has bit 0: EOLs say which rows tell changes
	Group4                             // 4: all rows tell changes from the one above
	ModifiedWords                      // 32771: as ModifiedHuffman, each row at an even byte
)

// CCITT follows so many rows of that width, coded as in T.4 or T.6 with the highest bit
// of a byte first. It returns how many bytes their codes take, with the EOFB or RTC
// that follows at once, and the bits that count of the last one. Each row and each code
// is taken off work; Costly is what takes more.
//
// Broken is all that makes libtiff complain, and all that decoders differ on: rows of
// which some have an EOL before them, or none has but one follows; changes from a row
// that has a run of no pixels in it, or past its end.
func CCITT(data []byte, coding CCITTCoding, width, rows int, work *int) (taken int, mask byte, s State) {
	if width < 1 || width > ccittWidest || rows < 1 {
		return 0, 0, Broken
	}
	d := ccitt{data: data, width: int32(width), work: *work, ccittCodes: ccittTables()}
	switch coding {
	case ModifiedHuffman, ModifiedWords:
		border := 8
		if coding == ModifiedWords {
			border = 16
		}
		for ; rows > 0 && d.state == Whole; rows-- {
			d.align(border)
			d.row()
		}
	case Group3, Group3TwoD:
		d.group3(rows, coding == Group3TwoD)
	case Group4:
		d.group4(rows)
	default:
		d.state = Broken
	}
	*work = d.work
	at := 8*d.at - int(d.n)
	if at > 8*len(data) {
		d.fail(Broken)
	}
	if d.state != Whole {
		return 0, 0, d.state
	}
	if odd := at & 7; odd > 0 {
		return at/8 + 1, 0xFF << (8 - odd), Whole
	}
	return at / 8, 0xFF, Whole
}

// ccittWidest leaves room for a code behind it.
const ccittWidest = 1 << 30

// ccitt reads bits from the highest of a byte to the lowest.
type ccitt struct {
	data []byte
	// The next n bits are the high ones of acc; what lies below them is the same as
	// what comes there next, or zero. With them at bytes are read, zeros behind the
	// end among them.
	acc uint64
	n   uint
	at  int

	width int32
	work  int
	state State
	*ccittCodes
	// Where the colour changes in the row above and in this one, from white to black
	// first, each change right of the one before. Behind the last one above there are
	// ccittEnds times the width.
	above, here []int32
	// empty says that this row has a run of no pixels between others. They are
	// no change, yet libtiff takes them for two.
	empty bool
}

// ccittEnds is how many entries behind the last change a code can look at.
const ccittEnds = 4

func (d *ccitt) fail(s State) {
	if d.state == Whole {
		d.state = s
	}
}

// spend takes codes off work.
func (d *ccitt) spend(codes int) {
	if d.work -= codes; d.work < 0 {
		d.fail(Costly)
	}
}

// fill makes at least 56 bits valid.
func (d *ccitt) fill(acc uint64, n uint) (uint64, uint) {
	if len(d.data)-d.at >= 8 {
		acc |= binary.BigEndian.Uint64(d.data[d.at:]) >> (n & 63)
		more := (63 - n) >> 3
		d.at += int(more)
		return acc, n + 8*more
	}
	for ; n <= 56; n += 8 {
		if d.at < len(d.data) {
			acc |= uint64(d.data[d.at]) << (56 - n)
		}
		d.at++
	}
	return acc, n
}

// look makes at least 56 bits valid.
func (d *ccitt) look() {
	if d.n < 56 {
		d.acc, d.n = d.fill(d.acc, d.n)
	}
}

func (d *ccitt) drop(n uint) {
	d.acc <<= n
	d.n -= n
}

// align goes on to the next bit whose number is a multiple of border.
func (d *ccitt) align(border int) {
	d.look()
	d.drop(uint((int(d.n) - 8*d.at) & (border - 1)))
}

// eol passes an EOL and the zeros before it, and says whether there was one.
func (d *ccitt) eol() bool {
	d.look()
	if d.acc>>(64-11) != 0 {
		return false
	}
	for d.acc>>(64-56) == 0 {
		d.drop(56)
		if d.spend(1); d.at > len(d.data) || d.state != Whole {
			d.fail(Broken)
			return false
		}
		d.look()
	}
	d.drop(uint(bits.LeadingZeros64(d.acc)) + 1)
	return true
}

// hasEOL says whether there is an EOL, which no codes of runs are like.
func (d *ccitt) hasEOL(data []byte) bool {
	d.spend(len(data) / 64)
	zeros := 0
	for _, b := range data {
		if b == 0 {
			zeros += 8
			continue
		}
		if zeros+bits.LeadingZeros8(b) >= 11 {
			return true
		}
		zeros = bits.TrailingZeros8(b)
	}
	return false
}

// group3 follows rows of T.4.
func (d *ccitt) group3(rows int, twoD bool) {
	if twoD {
		d.clear()
	}
	marked := d.eol() // each row is, or none
	for y := range rows {
		if y > 0 && d.eol() != marked || twoD && !marked {
			d.fail(Broken)
		}
		if d.state != Whole {
			return
		}
		if !twoD {
			d.row()
			continue
		}
		d.look()
		runs := d.acc>>63 == 1
		d.drop(1)
		d.here = d.here[:0]
		if runs {
			d.empty = false
			d.row()
		} else {
			d.changes()
		}
		d.next()
	}
	if !marked {
		// libtiff would go on to it, and begin there.
		if at := (8*d.at - int(d.n)) / 8; at < len(d.data) && d.hasEOL(d.data[at:]) {
			d.fail(Broken)
		}
		return
	}
	for range 6 {
		d.look()
		zeros := uint(bits.LeadingZeros64(d.acc))
		if zeros < 11 || zeros > 11+7 || d.state != Whole { // up to 7 make it end with a byte
			return
		}
		n := zeros + 1
		if twoD {
			n++
			if d.acc<<zeros>>62 != 0b11 { // no tag of runs, as each has it
				return
			}
		}
		d.drop(n)
	}
}

// group4 follows rows of T.6.
func (d *ccitt) group4(rows int) {
	d.clear()
	for rows > 0 && d.state == Whole {
		if len(d.above) == ccittEnds && !d.empty { // white: a row that is so too takes a bit
			d.look()
			white := min(rows, bits.LeadingZeros64(^d.acc), 56)
			if d.spend(white); d.state != Whole {
				return
			}
			d.drop(uint(white))
			if rows -= white; white == 56 || rows == 0 {
				continue
			}
		}
		d.here = d.here[:0]
		d.changes()
		d.next()
		rows--
	}
	if d.look(); d.acc>>(64-24) == 0x001001 {
		d.drop(24)
	}
}

// clear makes the row above white.
func (d *ccitt) clear() {
	d.here = nil
	d.next()
}

// next makes this row the one above.
func (d *ccitt) next() {
	w := d.width
	d.above, d.here = append(d.here, w, w, w, w), d.above
}

// change adds a change of colour to this row.
func (d *ccitt) change(x int32) {
	switch last := len(d.here) - 1; {
	case x >= d.width:
	case last >= 0 && d.here[last] == x:
		d.here = d.here[:last]
		d.empty = true
	default:
		d.here = append(d.here, x)
	}
}

// row follows a row of runs, T.4 §4.1.
func (d *ccitt) row() {
	d.spend(1)
	acc, n := d.acc, d.n
	keep := d.above != nil
	for x, colour := int32(0), 0; x < d.width && d.state == Whole; colour ^= 1 {
		x, acc, n = d.run(x, colour, acc, n)
		if keep {
			d.change(x)
		}
	}
	d.acc, d.n = acc, n
}

// run follows the codes of a run from x and returns where it ends.
func (d *ccitt) run(x int32, colour int, acc uint64, n uint) (int32, uint64, uint) {
	runs := &d.runs[colour&1]
	for {
		if n < ccittLongest {
			acc, n = d.fill(acc, n)
		}
		e := runs[acc>>(64-ccittLongest)]
		acc <<= e & 15
		n -= uint(e & 15)
		x += int32(e >> 4)
		if e == 0 || x > d.width {
			d.fail(Broken)
			return d.width, acc, n
		}
		if d.spend(1); d.work < 0 {
			return d.width, acc, n
		}
		if e>>4 < 64 {
			return x, acc, n
		}
	}
}

// changes follows a row of changes from the one above, T.6 §2.2.
func (d *ccitt) changes() {
	if d.empty {
		d.fail(Broken)
		return
	}
	d.spend(1)
	acc, n := d.acc, d.n
	above, i := d.above, 0
	x, least := int32(0), int32(-1) // a0, and what b1 lies right of
	colour := 0
	for x < d.width && d.state == Whole {
		if n < 8 {
			acc, n = d.fill(acc, n)
		}
		for above[i] <= least {
			i += 2
		}
		e := d.modes[acc>>(64-7)]
		acc <<= e & 7
		n -= uint(e & 7)
		if d.spend(1); d.work < 0 {
			break
		}
		switch mode := e >> 3; mode {
		case 0:
			d.fail(Broken)
		case ccittPass:
			if above[i] == d.width { // libtiff takes runs of rows further up
				d.fail(Broken)
			}
			x = above[i+1]
			i += 2
		case ccittTwoRuns:
			x, acc, n = d.run(x, colour, acc, n)
			d.change(x)
			x, acc, n = d.run(x, colour^1, acc, n)
			d.change(x)
		default:
			to := above[i] + int32(mode) - ccittV0
			if to < x || to > d.width {
				d.fail(Broken)
			}
			x = to
			d.change(x)
			colour ^= 1
			switch {
			case mode >= ccittV0:
				i++
			case i > 0:
				i--
			default:
				i = 1
			}
		}
		least = x
	}
	d.acc, d.n = acc, n
}

// The modes of T.6 §2.2.3, from 1 for what else there is none.
const (
	ccittPass    = 1
	ccittTwoRuns = 2
	ccittV0      = 6 // and three to either side
)

const ccittLongest = 13 // bits of a code

// ccittCodes says by the bits to come which code they begin with.
type ccittCodes struct {
	runs  [2][1 << ccittLongest]uint16 // of white and black: length<<4 | bits
	modes [1 << 7]uint8                // mode<<3 | bits
}

var ccittTables = sync.OnceValue(func() *ccittCodes {
	t := new(ccittCodes)
	for i, code := range ccittModeCodes {
		n := bits.Len8(code) - 1
		from := int(code) << (7 - n) & (1<<7 - 1)
		for at := from; at < from+1<<(7-n); at++ {
			t.modes[at] = uint8((i+1)<<3 | n)
		}
	}
	for colour, codes := range [2]*[64 + 27 + 13]uint16{&ccittWhite, &ccittBlack} {
		for i, code := range codes {
			length := i
			if i >= 64 {
				length = (i - 63) * 64
			}
			n := bits.Len16(code) - 1
			from := int(code) << (ccittLongest - n) & (1<<ccittLongest - 1)
			for at := from; at < from+1<<(ccittLongest-n); at++ {
				t.runs[colour][at] = uint16(length<<4 | n)
			}
		}
	}
	return t
})

// The codes, each with a 1 before it. Those of runs are of 0 to 63 pixels, and then of
// 64 and its multiples up to 2560.
var (
	ccittModeCodes = [9]uint8{
		0b10001, 0b1001, // pass, runs
		0b10000010, 0b1000010, 0b1010, // to the left by 3, 2, 1
		0b11, 0b1011, 0b1000011, 0b10000011, // to the right by 0, 1, 2, 3
	}
	ccittWhite = [64 + 27 + 13]uint16{
		0x135, 0x47, 0x17, 0x18, 0x1B, 0x1C, 0x1E, 0x1F, 0x33, 0x34, 0x27, 0x28, 0x48,
		0x43, 0x74, 0x75, 0x6A, 0x6B, 0xA7, 0x8C, 0x88, 0x97, 0x83, 0x84, 0xA8, 0xAB,
		0x93, 0xA4, 0x98, 0x102, 0x103, 0x11A, 0x11B, 0x112, 0x113, 0x114, 0x115,
		0x116, 0x117, 0x128, 0x129, 0x12A, 0x12B, 0x12C, 0x12D, 0x104, 0x105, 0x10A,
		0x10B, 0x152, 0x153, 0x154, 0x155, 0x124, 0x125, 0x158, 0x159, 0x15A, 0x15B,
		0x14A, 0x14B, 0x132, 0x133, 0x134, 0x3B, 0x32, 0x57, 0xB7, 0x136, 0x137,
		0x164, 0x165, 0x168, 0x167, 0x2CC, 0x2CD, 0x2D2, 0x2D3, 0x2D4, 0x2D5, 0x2D6,
		0x2D7, 0x2D8, 0x2D9, 0x2DA, 0x2DB, 0x298, 0x299, 0x29A, 0x58, 0x29B, 0x808,
		0x80C, 0x80D, 0x1012, 0x1013, 0x1014, 0x1015, 0x1016, 0x1017, 0x101C, 0x101D,
		0x101E, 0x101F,
	}
	ccittBlack = [64 + 27 + 13]uint16{
		0x437, 0xA, 0x7, 0x6, 0xB, 0x13, 0x12, 0x23, 0x45, 0x44, 0x84, 0x85, 0x87,
		0x104, 0x107, 0x218, 0x417, 0x418, 0x408, 0x867, 0x868, 0x86C, 0x837, 0x828,
		0x817, 0x818, 0x10CA, 0x10CB, 0x10CC, 0x10CD, 0x1068, 0x1069, 0x106A, 0x106B,
		0x10D2, 0x10D3, 0x10D4, 0x10D5, 0x10D6, 0x10D7, 0x106C, 0x106D, 0x10DA,
		0x10DB, 0x1054, 0x1055, 0x1056, 0x1057, 0x1064, 0x1065, 0x1052, 0x1053,
		0x1024, 0x1037, 0x1038, 0x1027, 0x1028, 0x1058, 0x1059, 0x102B, 0x102C,
		0x105A, 0x1066, 0x1067, 0x40F, 0x10C8, 0x10C9, 0x105B, 0x1033, 0x1034, 0x1035,
		0x206C, 0x206D, 0x204A, 0x204B, 0x204C, 0x204D, 0x2072, 0x2073, 0x2074,
		0x2075, 0x2076, 0x2077, 0x2052, 0x2053, 0x2054, 0x2055, 0x205A, 0x205B,
		0x2064, 0x2065,
		0x808, 0x80C, 0x80D, 0x1012, 0x1013, 0x1014, 0x1015, 0x1016, 0x1017, 0x101C, 0x101D, 0x101E, 0x101F,
	}
)
