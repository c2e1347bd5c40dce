package imageproc

import "encoding/binary"

// plainBits is a strip in one piece, with its bits in the usual order.
func (v *tiffVerifier) plainBits(part rope, p *verifiedTIFF) []byte {
	strip := v.whole(part)
	strip = strip[:len(strip)-8]
	if p.number(266, 1) == 2 {
		for i, b := range strip {
			b = b>>4 | b<<4
			b = b>>2&0x33 | b&0x33<<2
			strip[i] = b>>1&0x55 | b&0x55<<1
		}
	}
	return strip
}

// backwards reads an .xz stream from its end: the footer says where the index begins,
// and that how long the blocks are, before which there is a header and nothing else.
func (v *tiffVerifier) backwards(strip []byte) {
	n := len(strip)
	if n < 32 || string(strip[n-2:]) != "YZ" {
		v.reject("LZMA in it does not end with a footer")
		return
	}
	index := n - 12 - 4*(int(binary.LittleEndian.Uint32(strip[n-8:])&0xFFFFFF)+1)
	if index < 12 || strip[index] != 0 {
		v.reject("LZMA in it has no index")
		return
	}
	numbers, at := strip[index+1:n-12], uint64(12)
	blocks := leb(&numbers)
	for ; blocks > 0 && len(numbers) > 0; blocks-- {
		at += (leb(&numbers) + 3) &^ 3
		leb(&numbers)
	}
	if blocks != 0 || at != uint64(index) || len(numbers) > 7 { // a sum, and up to three zeros
		v.reject("LZMA in it has something between its blocks")
	}
}

// leb takes a number off, seven bits a byte, the lowest ones first.
func leb(b *[]byte) (n uint64) {
	for shift := 0; len(*b) > 0 && shift < 63; shift += 7 {
		c := (*b)[0]
		*b = (*b)[1:]
		n |= uint64(c&0x7F) << shift
		if c < 0x80 {
			break
		}
	}
	return n
}

// blocks reads a frame of Zstandard, whose last block, or the sum behind it, is the
// end.
func (v *tiffVerifier) blocks(strip []byte) {
	if len(strip) < 6 || string(strip[:4]) != "\x28\xB5\x2F\xFD" {
		v.reject("Zstandard in it does not begin with a frame")
		return
	}
	head, rest := strip[4], strip[5:]
	about := 1 << (head >> 6) // bytes of the size
	if about == 1 {
		about = int(head >> 5 & 1)
	}
	about += int(^head>>5&1) + []int{0, 1, 2, 4}[head&3] // window, dictionary
	for last := false; !last; {
		if len(rest) < about+3 {
			v.reject("Zstandard in it is cut short")
			return
		}
		rest = rest[about:]
		block := binary.LittleEndian.Uint16(rest)
		last = block&1 == 1
		about = int(rest[2])<<13 | int(block>>3)
		if block>>1&3 == 1 {
			about = 1
		}
		rest = rest[3:]
	}
	if len(rest) != about+int(head&4) {
		v.reject("Zstandard in it is not one frame")
	}
}
