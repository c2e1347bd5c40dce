//go:build !noasm

package jpeg

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../inverse_amd64.s -stubs ../inverse_amd64.go -pkg jpeg

// allKernels lists the implementations that this processor can run, the fastest last.
func allKernels() []kernels {
	if !cpu.X86.HasAVX2 {
		return []kernels{generic}
	}
	return []kernels{generic, {name: "avx2", inverse8: inverse8Fast, inverse3: inverse3Fast}}
}

func inverse8Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[7*stride+7]
	inverse8AVX2(&dst[0], stride, c)
}

func inverse3Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[2*stride+2]
	inverse3AVX(&dst[0], stride, c)
}
