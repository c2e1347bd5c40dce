package ends

import "encoding/binary"

const (
	zstdFrame    = 0xFD2FB528
	zstdSkipped  = 0x184D2A50 // and the 15 numbers behind it
	zstdMaxBlock = 128 << 10
)

// Zstd finds the frame of Zstandard data, RFC 8878, behind frames that decoders skip
// and before anything else: it goes from one place to another. What its blocks hold is
// not unpacked; least is how many bytes they unpack to at least, more if they are
// compressed, up to most. A frame that needs a dictionary is broken.
func Zstd(data []byte) (from, to int, least, most int64, state State) {
	for len(data)-from >= 8 && binary.LittleEndian.Uint32(data[from:])&^15 == zstdSkipped {
		n := uint64(binary.LittleEndian.Uint32(data[from+4:]))
		if n > uint64(len(data)-from-8) {
			return 0, 0, 0, 0, Broken
		}
		from += 8 + int(n)
	}
	b := data[from:]
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != zstdFrame {
		return 0, 0, 0, 0, Broken
	}
	descriptor := b[4]
	single, sum := descriptor&0x20 != 0, descriptor&4 != 0
	if descriptor&0x18 != 0 || descriptor&3 != 0 { // unused, reserved, a dictionary
		return 0, 0, 0, 0, Broken
	}
	told := [4]int{0, 2, 4, 8}[descriptor>>6] // bytes of the size, if it is there
	if single && told == 0 {
		told = 1
	}
	at := 5 + told
	if !single {
		at++ // the window
	}
	if at > len(b) {
		return 0, 0, 0, 0, Broken
	}
	size := int64(-1)
	if field := b[at-told : at]; told > 0 {
		var wide [8]byte
		copy(wide[:], field)
		if size = int64(binary.LittleEndian.Uint64(wide[:])); told == 2 {
			size += 256
		}
	}
	for last := false; !last; {
		if len(b)-at < 3 {
			return 0, 0, 0, 0, Broken
		}
		head := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		n, kind := head>>3, head>>1&3
		at, last = at+3, head&1 == 1
		if n > zstdMaxBlock || kind == 3 {
			return 0, 0, 0, 0, Broken
		}
		if kind == 2 {
			most += zstdMaxBlock
		} else {
			least, most = least+int64(n), most+int64(n)
		}
		if kind == 1 { // one byte, repeated
			n = 1
		}
		if n > len(b)-at {
			return 0, 0, 0, 0, Broken
		}
		at += n
	}
	if sum {
		at += 4
	}
	if at > len(b) || told > 0 && (size < least || size > most) {
		return 0, 0, 0, 0, Broken
	}
	if told > 0 {
		least, most = size, size
	}
	return from, from + at, least, most, Whole
}
