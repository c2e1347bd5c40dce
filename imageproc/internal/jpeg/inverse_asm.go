//go:build amd64 && !noasm

package jpeg

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../inverse_amd64.s -stubs ../inverse_amd64.go -pkg jpeg

// inverse8Best is the fastest transform that this processor can run.
func inverse8Best() func(dst []byte, stride int, c *[64]int32) {
	if !cpu.X86.HasAVX2 {
		return inverse8
	}
	return func(dst []byte, stride int, c *[64]int32) {
		_ = dst[7*stride+7]
		inverse8AVX2(&dst[0], stride, c)
	}
}
