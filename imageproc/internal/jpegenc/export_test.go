package jpegenc

// Transforms compares the transform in use with the one in Go.
func Transforms(src []byte, stride, quality int) (got, want [64]int16, gotBits, wantBits uint64) {
	q := quantTable(&baseQuant[0], quality)
	d := newDivisors(&q)
	gotBits, wantBits = transformBest()(&got, src, stride, d), transformGo(&want, src, stride, d)
	return got, want, gotBits, wantBits
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
