package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// jumbfHead is what stands before the parts of a box in APP11, ISO 19566-5 §D.2:
// "JP", the number of the box, the number of the part, and the header of the box,
// which each part repeats.
const jumbfHead = 2 + 2 + 4 + 8

// Bounds of what is looked at: segments, and boxes among them.
const (
	maxJUMBF      = 4096
	maxJUMBFBoxes = 16
)

// credentials joins the parts of each box in turn and looks for a manifest store.
func (m *jpegMeta) credentials(pic *picture) {
	var picked [][]byte
	boxes := 0
	for i, first := range m.jumbf {
		if binary.BigEndian.Uint32(first[4:]) != 1 {
			continue
		}
		if boxes++; boxes > maxJUMBFBoxes {
			break
		}
		joined, part, framed := append(rope{}, first[8:]), uint32(1), len(first)+4
		used := [][]byte{first}
		for _, next := range m.jumbf[i+1:] {
			if bytes.Equal(next[:4], first[:4]) && binary.BigEndian.Uint32(next[4:]) == part+1 && bytes.Equal(next[8:16], first[8:16]) {
				joined.add(next[16:])
				used = append(used, next)
				part++
				framed += len(next) + 4
			}
		}
		if binary.BigEndian.Uint32(first[8:]) == 1 {
			continue // of more than 4 GiB
		}
		if pic.credentials(&texts{}, "APP11 JUMBF", framed, joined.bytes()) {
			picked = used
			break
		}
	}
	for _, body := range m.jumbf {
		same := func(b []byte) bool { return &b[0] == &body[0] }
		if !pic.keeps || !slices.ContainsFunc(picked, same) {
			pic.texts.blob(body)
		}
	}
}

// jumbfSegments writes a store in parts as large as they may be.
func jumbfSegments(out *rope, store []byte) {
	const most = 0xFFFF - 2 - jumbfHead
	rest := store[min(len(store), 8):]
	for part := uint32(1); len(rest) > 0; part++ {
		n := min(len(rest), most)
		head := binary.BigEndian.AppendUint32([]byte("JP\x00\x01"), part)
		out.add(jpegSegment(mAPP11, head, store[:8], rest[:n]))
		rest = rest[n:]
	}
}
