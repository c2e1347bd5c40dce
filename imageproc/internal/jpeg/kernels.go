package jpeg

// kernels are one implementation of the transforms there is assembly for. All give
// the same samples, whatever the coefficients: sums wrap at 32 bits.
type kernels struct {
	name               string
	inverse8, inverse3 func(dst []byte, stride int, c *[64]int32)
}

var generic = kernels{name: "go", inverse8: inverse8, inverse3: inverse3}

// bestKernels are the fastest that this processor can run.
func bestKernels() kernels {
	all := allKernels()
	return all[len(all)-1]
}
