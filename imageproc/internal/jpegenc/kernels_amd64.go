//go:build !noasm

package jpegenc

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../transform_amd64.s -stubs ../transform_amd64.go -pkg jpegenc

// allKernels lists the implementations that this processor can run, the fastest last.
func allKernels() []kernel {
	if !cpu.X86.HasAVX2 {
		return []kernel{generic}
	}
	return []kernel{generic, {"avx2", transformFast}}
}

func transformFast(out *[64]int16, src []byte, stride int, d *divisors) uint64 {
	_ = src[7*stride+7]
	return transformAVX2(out, &src[0], stride, (*[3][64]uint32)(d))
}
