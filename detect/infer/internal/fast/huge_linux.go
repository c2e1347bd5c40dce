package fast

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of the larger pages of most Linux systems.
const hugePage = 2 << 20

// advise asks for memory in large pages: a network's weights and a session's
// memory are tens of megabytes, first touched all at once and then read from end
// to end. It is a hint; where it is not taken nothing changes.
func advise(s []float32) {
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(all)))) & (hugePage - 1)
	if whole := (len(all) - skip) / hugePage * hugePage; whole > 0 {
		_ = syscall.Madvise(all[skip:][:whole], syscall.MADV_HUGEPAGE) // without it all is the same, but slower
	}
}
