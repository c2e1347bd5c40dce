package imageproc

import (
	"bytes"
	"encoding/binary"
	"io"
)

// verifyBMP is the second walker for BMP: it returns ErrVerify, as a *FormatError,
// unless b holds headers in the one form that is written, a whole palette, rows
// whose padding is zero, the profile expected, and nothing else. A mark has no
// place in the format: that is ErrUnsupported.
func verifyBMP(b *ropeReader, want *picture, packet []byte) error {
	if packet != nil {
		return &FormatError{Format: BMP, Part: "mark", Reason: "the format has no place for XMP: ask for PNG or JPEG", Err: ErrUnsupported}
	}
	reject := func(at int64, reason string) error {
		return &FormatError{Format: BMP, Part: "output", Offset: at, Reason: reason, Err: ErrVerify}
	}
	var h [14 + 124]byte
	if _, err := io.ReadFull(b, h[:18]); err != nil {
		return reject(0, "cut short")
	}
	u32 := func(at int) int64 { return int64(binary.LittleEndian.Uint32(h[at:])) }
	size := u32(14)
	if size != 40 && size != 108 && size != 124 {
		return reject(14, "header of an unknown size")
	}
	if _, err := io.ReadFull(b, h[18:14+size]); err != nil {
		return reject(18, "cut short")
	}
	depth := int64(binary.LittleEndian.Uint16(h[28:]))
	colours := int64(0)
	switch depth {
	case 1, 4, 8:
		colours = 1 << depth
	case 24, 32:
	default:
		return reject(28, "bits for a pixel")
	}
	row := (int64(want.width)*depth + 31) / 32 * 4
	start := 14 + size + 4*colours
	end := start + row*int64(want.height)

	// All that a header may say, given what it has to.
	var exact [14 + 124]byte
	put := func(at int, v int64) { binary.LittleEndian.PutUint32(exact[at:], uint32(v)) }
	copy(exact[:], "BM")
	put(2, end+int64(len(want.icc)))
	put(10, start)
	put(14, size)
	put(18, int64(want.width))
	put(22, int64(want.height))
	put(26, 1|depth<<16)
	put(34, end-start)
	if depth == 32 {
		put(30, 3)
		for i := range 4 {
			exact[54+4*i+[4]int{2, 1, 0, 3}[i]] = 0xFF
		}
	}
	if size > 40 {
		copy(exact[70:], "BGRs")
	}
	if size == 124 {
		copy(exact[70:], "DEBM")
		put(122, 4)
		put(126, end-14)
		put(130, int64(len(want.icc)))
	}
	if h != exact {
		return reject(0, "a header is not the one expected")
	}
	if (size == 124) != (want.icc != nil) || (depth == 32) != want.alpha || size == 108 && depth != 32 {
		return reject(14, "a header of another kind than called for")
	}
	return verifyBMPData(b, want, reject, int(colours), depth, start)
}

// verifyBMPData reads what follows the headers.
func verifyBMPData(b *ropeReader, want *picture, reject func(int64, string) error, colours int, depth, start int64) error {
	entry := make([]byte, 4)
	for range colours {
		if _, err := io.ReadFull(b, entry); err != nil || entry[3] != 0 {
			return reject(start-4*int64(colours), "palette")
		}
	}
	used := int64(want.width) * depth // in bits
	row := make([]byte, (used+31)/32*4)
	for y := range want.height {
		if _, err := io.ReadFull(b, row); err != nil {
			return reject(start+int64(y)*int64(len(row)), "cut short")
		}
		tail := row[used/8:]
		if used%8 != 0 && row[used/8]<<(used%8) != 0 {
			return reject(start+int64(y)*int64(len(row)), "bits behind a row")
		} else if used%8 != 0 {
			tail = tail[1:]
		}
		for _, v := range tail {
			if v != 0 {
				return reject(start+int64(y)*int64(len(row)), "bytes behind a row")
			}
		}
	}
	rest, err := io.ReadAll(io.LimitReader(b, int64(len(want.icc))+1))
	if err != nil || !bytes.Equal(rest, want.icc) {
		return reject(start, "the profile is not the one expected, or bytes follow the pixels")
	}
	return nil
}
