//go:build (!amd64 && !arm64) || noasm

package resample

// Best is the fastest implementation that this processor can run.
func Best() Kernel { return Generic() }

// All lists the implementations that this processor can run.
func All() []Kernel { return []Kernel{Generic()} }
