package ends

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// State says what there is to a stream.
type State uint8

// The states of a stream.
const (
	Whole  State = iota // followed to its end
	Broken              // it breaks a rule, or breaks off
	Longer              // it inflates to more than asked for
	Costly              // it changes its codes so often that following it is no use
)

// costlyBytes is for how many bytes a stream may change its codes once more, which
// takes as long as following some thousand. Encoders do so every 10 kB or more.
const costlyBytes = 1 << 10

// Zlib follows a zlib stream that lies in pieces and returns how many bytes it
// takes, checksum included, and how many it inflates to. Where it is not Whole
// these say how far it came. It may change its codes so many times, and once more
// for each kilobyte; what it takes of the former is taken off.
func Zlib(pieces [][]byte, most int64, changes *int) (taken, size int64, state State) {
	free := int64(*changes)
	d := inflater{lowBits: lowBits{rest: pieces}, most: most, changes: -free}
	taken, size, state = d.zlib()
	*changes = int(min(max(0, taken/costlyBytes-d.changes), free))
	return taken, size, state
}

func (d *inflater) zlib() (taken, size int64, state State) {
	head := d.take(16)
	if d.over() || head&0x0F != 8 || head>>4&0x0F > 7 || head>>8&0x20 != 0 || (head&0xFF<<8|head>>8)%31 != 0 {
		return 0, 0, Broken
	}
	for last := false; !last; {
		last = d.take(1) == 1
		if !d.block() || d.over() {
			switch {
			case d.changes > d.taken()/costlyBytes:
				state = Costly
			case d.size > d.most && d.size < math.MaxInt64/2:
				state = Longer
			default:
				state = Broken
			}
			return d.taken(), d.size, state
		}
	}
	d.drop(d.n & 7)
	d.take(32) // the checksum
	if d.over() {
		state = Broken
	}
	return d.taken(), d.size, state
}

// lowBits reads pieces from the lowest bit of a byte to the highest. The next n
// bits are the low ones of acc; what lies above them is the same as what comes
// there next, or zero.
type lowBits struct {
	acc  uint64
	n    uint
	cur  []byte
	pos  int
	rest [][]byte
	done int64 // bytes of the pieces before cur
	pad  int   // zeros read behind the end
}

// fill makes at least 56 bits valid.
func (r *lowBits) fill() {
	if len(r.cur)-r.pos >= 8 {
		r.acc |= binary.LittleEndian.Uint64(r.cur[r.pos:]) << (r.n & 63)
		r.pos += int((63 - r.n) >> 3)
		r.n |= 56
		return
	}
	for r.n < 56 {
		if r.pos == len(r.cur) && len(r.rest) > 0 {
			r.next()
			continue
		}
		if r.pos < len(r.cur) {
			r.acc |= uint64(r.cur[r.pos]) << r.n
			r.pos++
		} else {
			r.pad++
		}
		r.n += 8
	}
}

func (r *lowBits) next() {
	r.done += int64(len(r.cur))
	r.cur, r.rest, r.pos = r.rest[0], r.rest[1:], 0
}

func (r *lowBits) drop(n uint) {
	r.acc >>= n & 63
	r.n -= n
}

// take reads up to 32 bits.
func (r *lowBits) take(n uint) uint32 {
	if r.n < n {
		r.fill()
	}
	v := uint32(r.acc & (1<<n - 1))
	r.drop(n)
	return v
}

// skip passes over whole bytes, from the border of one.
func (r *lowBits) skip(n int) {
	held := min(n, int(r.n/8))
	r.drop(uint(held) * 8)
	if n -= held; n == 0 {
		return
	}
	r.acc = 0
	for n > 0 {
		if r.pos == len(r.cur) {
			if len(r.rest) == 0 {
				r.pad += n
				return
			}
			r.next()
			continue
		}
		step := min(n, len(r.cur)-r.pos)
		r.pos, n = r.pos+step, n-step
	}
}

// over says that more was read than there is.
func (r *lowBits) over() bool { return 8*r.pad > int(r.n) }

// taken is the number of bytes of which at least a bit was used.
func (r *lowBits) taken() int64 { return r.done + int64(r.pos+r.pad) - int64(r.n/8) }

// inflater follows the blocks of deflate. It keeps no bytes: to know where the
// data ends, only their number counts.
type inflater struct {
	lowBits
	size, most int64
	changes    int64 // of the codes, but for those allowed
	literals   prefixCode
	distances  prefixCode
	fixed      bool // the codes are those of RFC 1951 §3.2.6
	lengths    [286 + 30]uint8
}

const (
	// rootBits is what the tables know at once.
	rootBits = 11
	maxSpan  = 32 << 10 // of a distance
	joinFrom = 2 << 10  // bytes to come that joining pays for
)

// An entry of a table: the kind, the bits it takes, and a value: of literals, how
// many; of lengths and distances, the base, whose extra bits are part of the bits.
// Zero stands for what does not fit.
const (
	kindLiteral = 1 << 5
	kindLength  = 2 << 5
	kindEnd     = 3 << 5
	kindMask    = 3 << 5
	usedMask    = 31
	codeShift   = 7 // bits of the code alone
	valueShift  = 16
)

// prefixCode is a Huffman code of deflate, RFC 1951 §3.2.2.
type prefixCode struct {
	root    [1 << rootBits]uint32
	counts  [16]uint16
	symbols [288]uint16
	any     bool
}

var lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}

var lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}

// literal makes an entry of a symbol of literals and lengths.
func literal(symbol uint16, length uint) uint32 {
	switch {
	case symbol < 256:
		return 1<<valueShift | uint32(length)<<codeShift | kindLiteral | uint32(length)
	case symbol == 256:
		return uint32(length)<<codeShift | kindEnd | uint32(length)
	case symbol-257 < 29:
		s := symbol - 257
		return uint32(lengthBase[s])<<valueShift | uint32(length)<<codeShift | kindLength | uint32(length+uint(lengthExtra[s]))
	}
	return 0
}

// distance makes an entry of a symbol of distances: the base less one fits 15 bits.
func distance(symbol uint16, length uint) uint32 {
	if symbol >= 30 {
		return 0
	}
	base, extra := uint32(symbol), uint(0)
	if symbol >= 4 {
		extra = uint(symbol)/2 - 1
		base = (2 | uint32(symbol)&1) << extra
	}
	return base<<valueShift | uint32(length)<<codeShift | kindLength | uint32(length+extra)
}

// make builds the code from the lengths of its symbols; false if it is none that
// decoders take: too many codes of a length, or too few, but for a single one.
func (c *prefixCode) make(lengths []uint8, entry func(symbol uint16, length uint) uint32) bool {
	c.counts = [16]uint16{}
	for _, l := range lengths {
		c.counts[l]++
	}
	c.any = int(c.counts[0]) < len(lengths)
	c.counts[0] = 0
	clear(c.root[:])
	room, longest := 1, 0
	var first, offset [16]int
	for l := 1; l < 16; l++ {
		offset[l] = offset[l-1] + int(c.counts[l-1])
		first[l] = (first[l-1] + int(c.counts[l-1])) << 1
		if room = room<<1 - int(c.counts[l]); room < 0 {
			return false
		}
		if c.counts[l] > 0 {
			longest = l
		}
	}
	if room > 0 && longest > 1 {
		return false
	}
	for symbol, l := range lengths {
		if l == 0 {
			continue
		}
		code := first[l]
		first[l]++
		c.symbols[offset[l]] = uint16(symbol)
		offset[l]++
		if l > rootBits {
			continue
		}
		e := entry(uint16(symbol), uint(l))
		for i := int(bits.Reverse16(uint16(code)) >> (16 - l)); i < len(c.root); i += 1 << l {
			c.root[i] = e
		}
	}
	return true
}

// join has an entry stand for as many literals as fit into one look at the table.
func (c *prefixCode) join() {
	single := c.root
	for i := range c.root {
		used, count := uint32(0), uint32(0)
		for count < 4 {
			e := single[i>>used]
			if e&kindMask != kindLiteral || used+e&usedMask > rootBits {
				break
			}
			used, count = used+e&usedMask, count+1
		}
		if count > 1 {
			c.root[i] = count<<valueShift | kindLiteral | used
		}
	}
}

// slow finds the symbol of a code of any length in the low bits of acc; its
// length is 0 if there is none.
func (c *prefixCode) slow(acc uint64) (symbol uint16, length uint) {
	code, first, index := 0, 0, 0
	for l := uint(1); l < 16; l++ {
		code |= int(acc & 1)
		acc >>= 1
		count := int(c.counts[l])
		if code-count < first {
			return c.symbols[index+code-first], l
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, 0
}

// block follows one block, RFC 1951 §3.2.3.
func (d *inflater) block() bool {
	switch d.take(2) {
	case 0:
		d.drop(d.n & 7)
		n := d.take(32)
		if n&0xFFFF != ^n>>16 {
			return false
		}
		d.skip(int(n & 0xFFFF))
		d.size += int64(n & 0xFFFF)
		return d.size <= d.most
	case 1:
		d.fixedCodes()
		return d.codes()
	case 2:
		return d.readCodes() && d.codes()
	}
	return false
}

func (d *inflater) fixedCodes() {
	if d.fixed {
		return
	}
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	d.literals.make(lengths[:], literal)
	for i := range lengths[:32] {
		lengths[i] = 5
	}
	d.distances.make(lengths[:32], distance)
	d.fixed = true
}

// readCodes reads the codes of a block, RFC 1951 §3.2.7.
func (d *inflater) readCodes() bool {
	d.fixed = false
	if d.changes++; d.changes > d.taken()/costlyBytes {
		return false
	}
	literals, distances, count := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if literals > 286 || distances > 30 {
		return false
	}
	var lengths [19]uint8
	for _, i := range []byte("\x10\x11\x12\x00\x08\x07\x09\x06\x0A\x05\x0B\x04\x0C\x03\x0D\x02\x0E\x01\x0F")[:count] {
		lengths[i] = uint8(d.take(3))
	}
	var code prefixCode
	plain := func(symbol uint16, length uint) uint32 {
		return uint32(symbol)<<valueShift | kindLength | uint32(length)
	}
	if !code.make(lengths[:], plain) || !code.any {
		return false
	}
	list := d.lengths[:literals+distances]
	for i := 0; i < len(list); {
		if d.n < 16 {
			d.fill()
		}
		e := code.root[d.acc&(1<<rootBits-1)]
		if e == 0 || d.over() {
			return false
		}
		d.drop(uint(e & usedMask))
		symbol, repeat, value := e>>valueShift, 1, uint8(0)
		switch {
		case symbol < 16:
			value = uint8(symbol)
		case symbol == 16:
			if i == 0 {
				return false
			}
			value, repeat = list[i-1], 3+int(d.take(2))
		case symbol == 17:
			repeat = 3 + int(d.take(3))
		default:
			repeat = 11 + int(d.take(7))
		}
		if repeat > len(list)-i {
			return false
		}
		for range repeat {
			list[i] = value
			i++
		}
	}
	if list[256] == 0 || !d.literals.make(list[:literals], literal) || !d.distances.make(list[literals:], distance) {
		return false
	}
	if len(d.cur)-d.pos > joinFrom {
		d.literals.join()
	}
	return true
}

// codes follows the symbols of a block up to its end.
func (d *inflater) codes() bool {
	for {
		if d.run(); d.size > d.most {
			return false // or breaks a rule
		}
		d.fill()
		if d.over() {
			return false
		}
		switch more, ok := d.symbol(); {
		case !ok || d.size > d.most:
			return false
		case !more:
			return true
		}
	}
}

// run follows symbols as long as there is enough of a piece, up to one that is
// the end of the block or none that the tables know.
func (d *inflater) run() {
	literals, distances := &d.literals.root, &d.distances.root
	cur, acc, n, pos, size := d.cur, d.acc, d.n, d.pos, d.size
	for len(cur)-pos >= 8 && size <= d.most {
		acc |= binary.LittleEndian.Uint64(cur[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := literals[acc&(1<<rootBits-1)]
		// Three looks take 33 bits at most.
		for looks := 0; e&kindMask == kindLiteral && looks < 3; looks++ {
			acc >>= e & usedMask
			n -= uint(e & usedMask)
			size += int64(e >> valueShift)
			e = literals[acc&(1<<rootBits-1)]
		}
		if e&kindMask != kindLength {
			if e&kindMask == kindLiteral {
				continue
			}
			break
		}
		if n < 48 { // 15 and 5 bits of a length, 15 and 13 of a distance
			if len(cur)-pos < 8 {
				break
			}
			acc |= binary.LittleEndian.Uint64(cur[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		used, short := uint(e&usedMask), uint(e>>codeShift)&15
		f := distances[acc>>used&(1<<rootBits-1)]
		if f == 0 {
			break
		}
		length := int64(e>>valueShift) + int64(acc>>short&(1<<(used-short)-1))
		acc >>= used
		n -= used
		used, short = uint(f&usedMask), uint(f>>codeShift)&15
		back := int64(f>>valueShift) + int64(acc>>short&(1<<(used-short)-1)) + 1
		if back > size || back > maxSpan {
			size = math.MaxInt64 // breaks a rule: more than may be
			break
		}
		acc >>= used
		n -= used
		size += length
	}
	d.acc, d.n, d.pos, d.size = acc, n, pos, size
}

// symbol follows one symbol with what belongs to it, of which all bits are there.
func (d *inflater) symbol() (more, ok bool) {
	e := d.literals.root[d.acc&(1<<rootBits-1)]
	if e == 0 {
		symbol, length := d.literals.slow(d.acc)
		if e = literal(symbol, length); length == 0 || e == 0 {
			return false, false
		}
	}
	used, short := uint(e&usedMask), uint(e>>codeShift)&15
	switch e & kindMask {
	case kindEnd:
		d.drop(used)
		return false, true
	case kindLiteral:
		d.drop(used)
		d.size += int64(e >> valueShift)
		return true, true
	}
	length := int64(e>>valueShift) + int64(d.acc>>short&(1<<(used-short)-1))
	d.drop(used)
	if e = d.distances.root[d.acc&(1<<rootBits-1)]; e == 0 {
		symbol, l := d.distances.slow(d.acc)
		if e = distance(symbol, l); l == 0 || e == 0 {
			return false, false
		}
	}
	used, short = uint(e&usedMask), uint(e>>codeShift)&15
	back := int64(e>>valueShift) + int64(d.acc>>short&(1<<(used-short)-1)) + 1
	d.drop(used)
	if back > d.size || back > maxSpan {
		return false, false
	}
	d.size += length
	return true, true
}
