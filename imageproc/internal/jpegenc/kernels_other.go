//go:build (!amd64 && !arm64) || noasm

package jpegenc

// allKernels lists the implementations that this processor can run.
func allKernels() []kernel { return []kernel{generic} }
