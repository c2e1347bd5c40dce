package ir

import "unsafe"

const (
	line     = 16      // floats in a cache line, and in the widest vector
	hugePage = 2 << 20 // bytes of the larger pages of most systems
)

// Floats allocates floats that begin with a cache line. Where there are enough
// they begin with a large page and the system is asked for such pages, for the
// last part of one as well: a network's weights and a session's memory are tens of
// megabytes, first touched all at once and then read from end to end.
func Floats(n int) []float32 {
	align, whole := 4*line, 4*n
	if whole >= hugePage {
		align, whole = hugePage, (whole+hugePage-1)/hugePage*hugePage
	}
	all := make([]float32, (whole+align)/4)
	at := (-int(uintptr(unsafe.Pointer(unsafe.SliceData(all)))) & (align - 1)) / 4
	if align == hugePage {
		advise(all[at:][:whole/4])
	}
	return all[at:][:n:n]
}
