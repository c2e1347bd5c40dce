package imageproc

import "encoding/binary"

// Colour profiles after ICC.1 §7: a header of 128 bytes, a table of tags, data.

const (
	iccHeader = 128
	maxICC    = 8 << 20 // the largest press profiles have some 3 MB
)

// checkICC returns the profile cut to the size its header gives, or nil if it is
// not one that a colour engine would accept.
func checkICC(p []byte) []byte {
	if len(p) < iccHeader+4 || len(p) > maxICC || string(p[36:40]) != "acsp" {
		return nil
	}
	size := uint64(binary.BigEndian.Uint32(p))
	if size < iccHeader+4 || size > uint64(len(p)) {
		return nil
	}
	p = p[:size]
	n := uint64(binary.BigEndian.Uint32(p[iccHeader:]))
	if n > 1000 || iccHeader+4+12*n > size {
		return nil
	}
	for i := range n {
		entry := p[iccHeader+4+12*i:]
		offset, length := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if offset+length > size {
			return nil
		}
	}
	return p
}

// iccSpace is the four-letter colour space of a checked profile: "RGB ", "GRAY",
// "CMYK".
func iccSpace(p []byte) string {
	if len(p) < iccHeader {
		return ""
	}
	return string(p[16:20])
}
