//go:build !noasm

package resample

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../weigh_amd64.s -stubs ../weigh_amd64.go -pkg resample

// Best is the fastest implementation that this processor can run.
func Best() Kernel {
	switch {
	case !cpu.X86.HasAVX2:
		return Generic()
	case !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512BW:
		return Kernel{Name: "avx2", Weigh: weighFast, Transpose: transposeFast}
	}
	return Kernel{Name: "avx512", Weigh: weighFastest, Transpose: transposeFast}
}

// All lists the implementations that this processor can run.
func All() []Kernel {
	all := []Kernel{Generic()}
	if cpu.X86.HasAVX2 {
		all = append(all, Kernel{Name: "avx2", Weigh: weighFast, Transpose: transposeFast})
	}
	if best := Best(); best.Name != all[len(all)-1].Name {
		all = append(all, best)
	}
	return all
}

func weighFast(dst, src []byte, offs []int32, w []int16) {
	if len(offs) == 0 || len(dst) == 0 {
		return
	}
	checkWeigh(dst, src, offs, w)
	weighAVX2(&dst[0], len(dst)&^63, &src[0], &offs[0], &w[0], len(offs))
}

func weighFastest(dst, src []byte, offs []int32, w []int16) {
	if len(offs) == 0 || len(dst) == 0 {
		return
	}
	checkWeigh(dst, src, offs, w)
	weighAVX512(&dst[0], len(dst)&^63, &src[0], &offs[0], &w[0], len(offs))
}

func transposeFast(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	if width == 0 || height == 0 {
		return
	}
	checkTranspose(dst, dstStride, src, srcStride, width, height)
	transposeAVX(&dst[0], dstStride, &src[0], srcStride, width, height)
}
