package jpeg

// Inverses runs a transform to n samples in each implementation: the first is Go's.
func Inverses(n, stride int, c *[64]int32) (names []string, samples [][]byte) {
	for _, k := range allKernels() {
		dst, again := make([]byte, (n-1)*stride+n), *c
		if n == 3 {
			k.inverse3(dst, stride, &again)
		} else {
			k.inverse8(dst, stride, &again)
		}
		names, samples = append(names, k.name), append(samples, dst)
	}
	return names, samples
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
