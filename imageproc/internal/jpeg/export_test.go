package jpeg

// Inverse8 runs the transform in Go and the best there is.
func Inverse8(stride int, c *[64]int32) (want, got []byte) {
	want, got = make([]byte, 7*stride+8), make([]byte, 7*stride+8)
	again := *c
	inverse8(want, stride, c)
	inverse8Best()(got, stride, &again)
	return want, got
}

// Split says that the file was read in parts.
func (d *Decoder) Split() bool { return d.buffered }
