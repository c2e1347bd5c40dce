//go:build (!amd64 && !arm64) || noasm

package jpeg

// allKernels lists the implementations that this processor can run.
func allKernels() []kernels { return []kernels{generic} }
