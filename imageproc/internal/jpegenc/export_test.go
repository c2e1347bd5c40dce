package jpegenc

// Transforms runs the transform in each implementation: the first is Go's.
func Transforms(src []byte, stride, quality int) (names []string, coefs [][64]int16, nonzero []uint64) {
	q := quantTable(&baseQuant[0], quality)
	d := newDivisors(&q)
	for _, k := range allKernels() {
		var c [64]int16
		bits := k.transform(&c, src, stride, d)
		names, coefs, nonzero = append(names, k.name), append(coefs, c), append(nonzero, bits)
	}
	return names, coefs, nonzero
}

// Divider returns the division by a step that the encoder does.
func Divider(step uint8) func(n int32) int32 {
	q := [64]uint8{step}
	for i := 1; i < 64; i++ {
		q[i] = 1
	}
	d := newDivisors(&q)
	return func(n int32) int32 { return int32((uint32(n) + d[bias][0]) * d[recip][0] >> 16 * d[scale][0] >> 16) }
}
