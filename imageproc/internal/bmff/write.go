package bmff

import (
	"encoding/binary"
	"slices"
)

// Append writes a box of the given parts behind dst. Its length has to fit
// 32 bits.
func Append(dst []byte, typ string, parts ...[]byte) []byte {
	return box(dst, typ, nil, parts)
}

// New is Append to nothing.
func New(typ string, parts ...[]byte) []byte { return box(nil, typ, nil, parts) }

// Full is New for a full box, which begins with a version and 24 bits of flags.
func Full(typ string, version byte, flags uint32, parts ...[]byte) []byte {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(version)<<24|flags)
	return box(nil, typ, head[:], parts)
}

// box is Append with what a full box has in front of its parts.
func box(dst []byte, typ string, head []byte, parts [][]byte) []byte {
	size := 8 + len(head)
	for _, p := range parts {
		size += len(p)
	}
	dst = binary.BigEndian.AppendUint32(slices.Grow(dst, size), uint32(size))
	dst = append(append(dst, typ...), head...)
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// U16 is the two bytes of each value.
func U16(values ...uint16) []byte {
	b := make([]byte, 0, 2*len(values))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// U32 is the four bytes of each value.
func U32(values ...uint32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}
