//go:build !amd64 || noasm

package jpeg

// inverse8Best is the fastest transform that this processor can run.
func inverse8Best() func(dst []byte, stride int, c *[64]int32) { return inverse8 }
