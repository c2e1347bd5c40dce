//go:build !noasm

package jpegenc

// transformNEON is transformGo. It reads 8 bytes from each row.
func transformNEON(out *[64]int16, src *byte, stride int, d *[3][64]uint32) (nonzero uint64)

// allKernels lists the implementations that this processor can run, the fastest
// last: all of this architecture have NEON.
func allKernels() []kernel { return []kernel{generic, {"neon", transformFast}} }

func transformFast(out *[64]int16, src []byte, stride int, d *divisors) uint64 {
	_ = src[7*stride+7]
	return transformNEON(out, &src[0], stride, (*[3][64]uint32)(d))
}
