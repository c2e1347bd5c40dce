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

// Kept is how many MCUs the parts of the file kept, and how many they may.
func (d *Decoder) Kept() (mcus, most int) {
	size := len(d.blocks)
	if n := kept[d.planes[0].scale].count; n > 1 {
		size *= n + 1
	}
	for i := range d.parts {
		mcus += len(d.parts[i].blocks) / size
	}
	return mcus, mostKept(d.header.mcusX * d.header.mcusY)
}
