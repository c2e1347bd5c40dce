//go:build (amd64 || arm64) && !noasm

package resample

// checkWeigh panics where Weigh would read beyond its slices.
func checkWeigh(dst, src []byte, offs []int32, w []int16) {
	_ = w[:len(offs)]
	for _, at := range offs {
		_ = src[int(at) : int(at)+len(dst)]
	}
}

// checkTranspose panics where Transpose would read or write beyond its slices.
func checkTranspose(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	w, h := (width+7)&^7, (height+7)&^7
	_, _ = src[(h-1)*srcStride+w-1], dst[(w-1)*dstStride+h-1]
	if srcStride < w || dstStride < h {
		panic("resample: rows overlap")
	}
}
