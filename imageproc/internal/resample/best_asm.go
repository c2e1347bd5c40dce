//go:build amd64 && !noasm

package resample

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../weigh_amd64.s -stubs ../weigh_amd64.go -pkg resample

// Best is the fastest implementation that this processor can run.
func Best() Kernel {
	if !cpu.X86.HasAVX2 {
		return Generic()
	}
	return Kernel{Name: "avx2", Weigh: weighFast, Transpose: transpose}
}

// All lists the implementations that this processor can run.
func All() []Kernel {
	if !cpu.X86.HasAVX2 {
		return []Kernel{Generic()}
	}
	return []Kernel{Generic(), Best()}
}

func weighFast(dst, src []byte, offs []int32, w []int16) {
	if len(offs) == 0 || len(dst) == 0 {
		return
	}
	w = w[:len(offs)]
	for _, at := range offs {
		_ = src[int(at) : int(at)+len(dst)] // what the assembly reads
	}
	weighAVX2(&dst[0], len(dst)&^63, &src[0], &offs[0], &w[0], len(offs))
}
