//go:build !amd64 || noasm

package seek

// Best is the fastest implementation that this processor can run; false says that
// its Run is not fast.
func Best() (Kernel, bool) { return Generic(), false }
