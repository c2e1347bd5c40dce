package jpeg

// kernels are one implementation of what there is assembly for. All give the same
// samples, whatever the coefficients: sums wrap at 32 bits.
type kernels struct {
	name               string
	inverse8, inverse3 func(dst []byte, stride int, c *[64]int32)
	readDCs            func(s *scanner, blocks []mcuBlock, out []int32, limit int) (done int, ok bool)
}

var generic = kernels{name: "go", inverse8: inverse8, inverse3: inverse3, readDCs: (*scanner).readDCs}

// bestKernels are the fastest that this processor can run.
func bestKernels() kernels {
	all := allKernels()
	return all[len(all)-1]
}
