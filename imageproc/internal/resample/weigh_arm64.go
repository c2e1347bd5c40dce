//go:build !noasm

package resample

// weighNEON is weigh: n is a multiple of 64 and not 0, and taps is not 0.
func weighNEON(dst *byte, n int, src *byte, offs *int32, w *int16, taps int)

// transposeNEON is transpose; width and height are not 0.
func transposeNEON(dst *byte, dstStride int, src *byte, srcStride, width, height int)
