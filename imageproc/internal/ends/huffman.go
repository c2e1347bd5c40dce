package ends

import "encoding/binary"

// lookBits is what the tables of JPEG know at once.
const lookBits = 10

// Huffman is a table of a JPEG file, T.81 annex C, made for counting.
type Huffman struct {
	// symbols by the next bits: symbol<<8 | length of the code; 0 if it is longer.
	symbols [1 << lookBits]uint16
	// look stands for as many AC symbols as fit, each with its extra bits:
	// before<<16 | end of block<<15 | advance<<8 | bits. before is the advance up to
	// the last of them. 0 stands for what does not fit.
	look    [1 << lookBits]uint32
	maxCode [18]int32
	delta   [17]int32
	list    [256]byte
	wild    bool // a DC symbol stands for more bits than there are
}

const blockEnds = 1 << 15

// Set makes the table from 16 counts and the symbols, which have to be a prefix code.
func (h *Huffman) Set(spec []byte) {
	*h = Huffman{}
	copy(h.list[:], spec[16:])
	code, first := int32(0), int32(0)
	for l := 1; l <= 16; l++ {
		count := int32(spec[l-1])
		h.delta[l] = first - code
		for i := range count {
			if l > lookBits {
				break
			}
			from := (code + i) << (lookBits - l)
			entry := uint16(h.list[byte(first+i)])<<8 | uint16(l)
			for k := range int32(1) << (lookBits - l) {
				h.symbols[(from+k)&(1<<lookBits-1)] = entry
			}
		}
		code += count
		first += count
		if h.maxCode[l] = code - 1; count == 0 {
			h.maxCode[l] = -1
		}
		code <<= 1
	}
	for _, symbol := range h.list[:min(int(first), 256)] {
		h.wild = h.wild || symbol > 15
	}
	for i := range h.look {
		h.look[i] = h.several(uint32(i))
	}
}

// several makes an entry of look.
func (h *Huffman) several(i uint32) uint32 {
	used, advance, before := uint32(0), uint32(0), uint32(0)
	for used < lookBits {
		e := h.symbols[i<<used&(1<<lookBits-1)]
		if e == 0 || used+uint32(e&0xFF) > lookBits {
			break
		}
		symbol := uint32(e >> 8)
		used += uint32(e&0xFF) + symbol&15
		before = advance
		switch {
		case symbol&15 > 0:
			advance += symbol>>4 + 1
		case symbol == 0xF0:
			advance += 16
		default:
			return before<<16 | blockEnds | advance<<8 | used
		}
		if advance > 63 {
			break
		}
	}
	return before<<16 | advance<<8 | used
}

// highBits reads the data of a scan from the highest bit of a byte to the lowest,
// past stuffed zeros. The next n bits are the high ones of acc.
type highBits struct {
	acc  uint64
	n    uint
	data []byte
	pos  int
	pad  int // zeros read behind the end
}

// fill makes at least 56 bits valid.
func (r *highBits) fill() {
	if len(r.data)-r.pos >= 8 {
		v := binary.BigEndian.Uint64(r.data[r.pos:])
		if (^v-0x0101010101010101)&v&0x8080808080808080 == 0 { // no byte is 0xFF
			r.acc |= v >> (r.n & 63)
			r.pos += int((63 - r.n) >> 3)
			r.n |= 56
			return
		}
	}
	r.acc &^= 1<<(64-r.n) - 1
	for r.n < 56 {
		if r.pos < len(r.data) {
			c := r.data[r.pos]
			r.acc |= uint64(c) << (56 - r.n)
			if r.pos++; c == 0xFF {
				r.pos = min(r.pos+1, len(r.data))
			}
		} else {
			r.pad++
		}
		r.n += 8
	}
}

func (r *highBits) drop(n uint) {
	r.acc <<= n & 63
	r.n -= n
}

func (r *highBits) take(n uint) uint32 {
	if n == 0 {
		return 0
	}
	if r.n < n {
		r.fill()
	}
	v := uint32(r.acc >> (64 - n))
	r.drop(n)
	return v
}

// over says that more was read than there is.
func (r *highBits) over() bool { return 8*r.pad > int(r.n) }

// used is the number of bytes of which at least a bit was used, stuffed zeros
// included.
func (r *highBits) used() int {
	if r.over() {
		return len(r.data)
	}
	p := r.pos
	for unread := int(r.n/8) - r.pad; unread > 0; unread-- {
		if p--; r.data[p] == 0 && p > 0 && r.data[p-1] == 0xFF {
			p--
		}
	}
	return p
}

// symbol reads a code. Of bits that are none, libjpeg takes 17, and what it makes
// of them is 0.
func (r *highBits) symbol(h *Huffman) uint32 {
	if r.n < 32 {
		r.fill()
	}
	if e := h.symbols[r.acc>>(64-lookBits)]; e != 0 {
		r.drop(uint(e & 0xFF))
		return uint32(e >> 8)
	}
	for l := lookBits + 1; l <= 16; l++ {
		if code := int32(r.acc >> (64 - l)); code <= h.maxCode[l] {
			r.drop(uint(l))
			return uint32(h.list[byte(code+h.delta[l])])
		}
	}
	r.drop(17)
	return 0
}
