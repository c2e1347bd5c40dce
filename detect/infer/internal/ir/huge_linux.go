package ir

import (
	"syscall"
	"unsafe"
)

// advise asks for large pages for s, which is a number of them. It is a hint;
// where it is not taken nothing changes.
func advise(s []float32) {
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
	_ = syscall.Madvise(all, syscall.MADV_HUGEPAGE) // without it all is the same, but slower
}
