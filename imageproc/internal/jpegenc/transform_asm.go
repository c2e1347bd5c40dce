//go:build amd64 && !noasm

package jpegenc

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../transform_amd64.s -stubs ../transform_amd64.go -pkg jpegenc

// transformBest is the fastest transform this processor can run.
func transformBest() func(out *[64]int16, src []byte, stride int, d *divisors) uint64 {
	if !cpu.X86.HasAVX2 {
		return transformGo
	}
	return func(out *[64]int16, src []byte, stride int, d *divisors) uint64 {
		_ = src[7*stride+7]
		return transformAVX2(out, &src[0], stride, (*[3][64]uint32)(d))
	}
}
