package jpegenc

// kernel is one implementation of the transform. All give the same coefficients.
type kernel struct {
	name      string
	transform func(out *[64]int16, src []byte, stride int, d *divisors) uint64
}

var generic = kernel{"go", transformGo}

// bestKernel is the fastest that this processor can run.
func bestKernel() kernel {
	all := allKernels()
	return all[len(all)-1]
}
