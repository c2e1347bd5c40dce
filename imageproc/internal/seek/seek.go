// Package seek passes over coded data to the places that need a closer look: where
// a text may stand, which is a run of bytes each of which occurs in one of the texts
// looked for, and where a marker of JPEG is. Coded data is even, so that there are
// few.
package seek

import "bytes"

// Width is the length of a run.
const Width = 8

// Set is a set of bytes; the zero Set is empty.
type Set struct {
	// rows has a bit for each byte: that of its upper four bits, without the first
	// of them, in the row of its lower four. The rows from 16 on are those of bytes
	// from 128 on.
	rows [32]byte
}

// Add puts c into the set.
func (s *Set) Add(c byte) { s.rows[c>>7<<4|c&15] |= 1 << (c >> 4 & 7) }

// Has says whether c is in the set.
func (s *Set) Has(c byte) bool { return s.rows[c>>7<<4|c&15]>>(c>>4&7)&1 != 0 }

// Kernel is one implementation of what the package does.
type Kernel struct {
	Name string
	// Run returns an offset before which no run of Width bytes of the set begins:
	// that of the first run, or how far it has looked, which is at least len(b)-64.
	Run func(b []byte, s *Set) int
	// Marker returns where the first 0xFF is that another byte than zero follows, or
	// -1.
	Marker func(b []byte) int
}

// Generic is plain Go.
func Generic() Kernel { return Kernel{Name: "generic", Run: run, Marker: marker} }

func run(b []byte, s *Set) int {
	length := 0
	for i, c := range b {
		if length++; !s.Has(c) {
			length = 0
		}
		if length == Width {
			return i - Width + 1
		}
	}
	return len(b)
}

func marker(b []byte) int {
	for i := 0; ; i += 2 {
		k := bytes.IndexByte(b[i:], 0xFF)
		if k < 0 || i+k+1 >= len(b) {
			return -1
		}
		if i += k; b[i+1] != 0 {
			return i
		}
	}
}
