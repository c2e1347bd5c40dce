//go:build !noasm

package resample

// Best is the fastest implementation that this processor can run: all of this
// architecture have NEON.
func Best() Kernel { return Kernel{Name: "neon", Weigh: weighFast, Transpose: transposeFast} }

// All lists the implementations that this processor can run.
func All() []Kernel { return []Kernel{Generic(), Best()} }

func weighFast(dst, src []byte, offs []int32, w []int16) {
	if len(offs) == 0 || len(dst) == 0 {
		return
	}
	checkWeigh(dst, src, offs, w)
	weighNEON(&dst[0], len(dst)&^63, &src[0], &offs[0], &w[0], len(offs))
}

func transposeFast(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	if width == 0 || height == 0 {
		return
	}
	checkTranspose(dst, dstStride, src, srcStride, width, height)
	transposeNEON(&dst[0], dstStride, &src[0], srcStride, width, height)
}
