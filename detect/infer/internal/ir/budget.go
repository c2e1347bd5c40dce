package ir

// Budget is what building and folding a model may still allocate, in bytes. A
// file of a few hundred bytes can ask for any amount: by shapes, or by many
// nodes that each prepare the same weights for themselves.
type Budget struct{ Left int64 }

// Take allots n elements of size bytes, or refuses with [ErrTooLarge].
func (b *Budget) Take(n, size int) error {
	if n < 0 || int64(n) > b.Left/int64(max(size, 1)) {
		return TooLargef("%d more elements of %d bytes than the limit allows", n, size)
	}
	b.Left -= int64(n) * int64(size)
	return nil
}
