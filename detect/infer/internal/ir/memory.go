package ir

import "unsafe"

const (
	line     = 16      // floats in a cache line, and in the widest vector
	hugePage = 2 << 20 // bytes of the larger pages of most systems
)

// Floats allocates floats that begin with a cache line. Where there are enough
// they begin with a large page and the system is asked for such pages: a
// network's weights and a session's memory are tens of megabytes, first touched
// all at once and then read from end to end.
func Floats(n int) []float32 {
	align := 4 * line
	if 4*n >= hugePage {
		align = hugePage
	}
	all := make([]float32, n+align/4)
	at := (-int(uintptr(unsafe.Pointer(unsafe.SliceData(all)))) & (align - 1)) / 4
	s := all[at:][:n:n]
	if align == hugePage {
		advise(s)
	}
	return s
}
