package ends

import (
	"encoding/binary"
	"math/bits"
)

const (
	zstdFrame    = 0xFD2FB528
	zstdSkipped  = 0x184D2A50 // and the 15 numbers behind it
	zstdMaxBlock = 128 << 10
)

// Zstd finds the frame of Zstandard data, RFC 8878, behind frames that decoders skip
// and before anything else: it goes from one place to another, and unpacks to that
// many bytes. To know these, sequences are read but not carried out, and literals not
// at all. Each sequence and each state of a table takes one off work. A frame that
// needs a dictionary is broken.
func Zstd(data []byte, work *int) (from, to int, size int64, state State) {
	for len(data)-from >= 8 && binary.LittleEndian.Uint32(data[from:])&^15 == zstdSkipped {
		n := uint64(binary.LittleEndian.Uint32(data[from+4:]))
		if n > uint64(len(data)-from-8) {
			return 0, 0, 0, Broken
		}
		from += 8 + int(n)
	}
	z := zstd{work: work, repeated: [3]int64{1, 4, 8}}
	to, state = z.frame(data[from:])
	if state != Whole {
		return 0, 0, 0, state
	}
	return from, from + to, z.size, Whole
}

// zstd follows the blocks of a frame.
type zstd struct {
	work     *int
	size     int64         // of what was unpacked so far
	maxBlock int64         // bytes of a block, packed or unpacked
	huffman  bool          // a block had a table for its literals
	tables   [3]*zstdTable // of the last sequences, by zstdCode
	own      [3]zstdTable
	repeated [3]int64 // offsets
}

func (z *zstd) frame(b []byte) (at int, state State) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != zstdFrame {
		return 0, Broken
	}
	descriptor := b[4]
	single, sum := descriptor&0x20 != 0, descriptor&4 != 0
	if descriptor&0x18 != 0 || descriptor&3 != 0 { // unused, reserved, a dictionary
		return 0, Broken
	}
	told := [4]int{0, 2, 4, 8}[descriptor>>6] // bytes of the size, if it is there
	if single && told == 0 {
		told = 1
	}
	window := uint64(1) << (10 + b[5]>>3)
	window += window / 8 * uint64(b[5]&7)
	at = 5 + told
	if !single {
		at++ // the window
	}
	if at > len(b) {
		return 0, Broken
	}
	var content uint64
	for i, c := range b[at-told : at] {
		content |= uint64(c) << (8 * i)
	}
	if told == 2 {
		content += 256
	}
	if single {
		window = content
	}
	z.maxBlock = int64(min(window, zstdMaxBlock))
	for last := false; !last; {
		if len(b)-at < 3 {
			return 0, Broken
		}
		head := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		n, kind := head>>3, head>>1&3
		at, last = at+3, head&1 == 1
		if int64(n) > z.maxBlock || kind == 3 {
			return 0, Broken
		}
		if kind < 2 {
			z.size += int64(n)
		}
		if kind == 1 { // one byte, repeated
			n = 1
		}
		if n > len(b)-at {
			return 0, Broken
		}
		if kind == 2 {
			if s := z.block(b[at : at+n]); s != Whole {
				return 0, s
			}
		}
		at += n
	}
	if sum {
		at += 4
	}
	if at > len(b) || told > 0 && uint64(z.size) != content {
		return 0, Broken
	}
	return at, Whole
}

// block is a compressed one: literals, of which only the number counts, and sequences.
func (z *zstd) block(b []byte) State {
	skip, literals := z.literals(b)
	if skip >= len(b) || literals > z.maxBlock {
		return Broken
	}
	b = b[skip:]
	n := int(b[0])
	if n == 0 && len(b) == 1 {
		z.size += literals
		return Whole
	}
	skip = 1
	switch {
	case n == 255 && len(b) > 2:
		n, skip = 0x7F00+int(binary.LittleEndian.Uint16(b[1:])), 3
	case n > 127 && len(b) > 1:
		n, skip = (n-128)<<8|int(b[1]), 2
	}
	if n == 0 || len(b) <= skip || b[skip]&3 != 0 {
		return Broken
	}
	modes := b[skip]
	b = b[skip+1:]
	if *z.work -= n; *z.work < 0 {
		return Costly
	}
	for kind := range z.tables {
		used := z.table(zstdCode(kind), modes>>(6-2*kind)&3, b)
		switch {
		case used > len(b):
			return Broken
		case *z.work < 0:
			return Costly
		}
		b = b[used:]
	}
	if len(b) == 0 || b[len(b)-1] == 0 {
		return Broken
	}
	return z.sequences(n, literals, b)
}

// literals is how many bytes the section of literals takes, more than there are if it
// is broken, and how many literals it holds.
func (z *zstd) literals(b []byte) (used int, regenerated int64) {
	var head uint64
	for i, c := range b[:min(len(b), 5)] {
		head |= uint64(c) << (8 * i)
	}
	kind, format := head&3, head>>2&3
	if kind < 2 { // raw, or one byte repeated
		used = [4]int{1, 2, 1, 3}[format]
		if head &= 1<<(8*used) - 1; format&1 == 0 {
			regenerated = int64(head >> 3)
		} else {
			regenerated = int64(head >> 4)
		}
		if kind == 1 {
			return used + 1, regenerated
		}
		return used + int(regenerated), regenerated
	}
	width := [4]int{10, 10, 14, 18}[format]
	used = [4]int{3, 3, 4, 5}[format]
	regenerated = int64(head >> 4 & (1<<width - 1))
	compressed := int(head >> (4 + width) & (1<<width - 1))
	z.huffman = z.huffman || kind == 2
	if !z.huffman || compressed == 0 {
		return len(b), 0
	}
	return used + compressed, regenerated
}

// sequences reads n of them, from the last bit of b that is set to the first.
func (z *zstd) sequences(n int, literals int64, b []byte) State {
	r := backBits{b: b, left: 8*len(b) - 1 - bits.LeadingZeros8(b[len(b)-1])}
	lengths, offsets, matches := z.tables[zstdLiterals], z.tables[zstdOffsets], z.tables[zstdMatches]
	atLength, atOffset, atMatch := r.take(lengths.log), r.take(offsets.log), r.take(matches.log)
	unpacked, taken := int64(0), int64(0) // bytes; literals among them
	for ; ; n-- {
		l, o, m := &lengths.cells[atLength%512], &offsets.cells[atOffset%512], &matches.cells[atMatch%512]
		value := int64(o.base) + int64(r.take(o.extra))
		more := r.take(m.extra + l.extra)
		match := int64(m.base) + int64(more>>l.extra)
		length := int64(l.base) + int64(more&(1<<l.extra-1))
		taken += length
		unpacked += length
		offset := z.offset(value, length)
		if offset <= 0 || offset > z.size+unpacked || taken > literals {
			return Broken
		}
		if unpacked += match; unpacked+literals-taken > z.maxBlock || r.left < 0 {
			return Broken
		}
		if n == 1 {
			break
		}
		more = r.take(l.bits + m.bits + o.bits)
		atLength = uint64(l.next) + more>>(m.bits+o.bits)
		atMatch = uint64(m.next) + more>>o.bits&(1<<m.bits-1)
		atOffset = uint64(o.next) + more&(1<<o.bits-1)
	}
	if r.left != 0 {
		return Broken
	}
	z.size += unpacked + literals - taken
	return Whole
}

// offset is what a value stands for: one of the last three, or a new one. They move
// on.
func (z *zstd) offset(value, length int64) int64 {
	last := &z.repeated
	if value > 3 {
		*last = [3]int64{value - 3, last[0], last[1]}
		return last[0]
	}
	if length == 0 {
		value++
	}
	switch value {
	case 2:
		*last = [3]int64{last[1], last[0], last[2]}
	case 3:
		*last = [3]int64{last[2], last[0], last[1]}
	case 4:
		*last = [3]int64{last[0] - 1, last[0], last[1]}
	}
	return last[0]
}

// backBits reads from the last bit to the first; before that are zeros, and left is
// below zero.
type backBits struct {
	b    []byte
	left int
}

// take reads up to 56 bits.
func (r *backBits) take(n uint8) uint64 {
	r.left -= int(n)
	at := uint(r.left) >> 3
	if at+8 > uint(len(r.b)) || r.left < 0 {
		return r.near(n)
	}
	return binary.LittleEndian.Uint64(r.b[at:]) >> (r.left & 7) & (1<<n - 1)
}

// near reads where 8 bytes would be too many.
func (r *backBits) near(n uint8) (v uint64) {
	if r.left < 0 {
		return 0
	}
	for i, c := range r.b[r.left>>3:] {
		v |= uint64(c) << (8 * i)
	}
	return v >> (r.left & 7) & (1<<n - 1)
}
