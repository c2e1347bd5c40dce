package ir

// Budget is what building, folding and packing a model may still cost. A file of
// a few hundred bytes can ask for any amount: by shapes, or by many nodes that each
// prepare the same weights for themselves.
type Budget struct {
	Left int64 // bytes to allocate
	Work int64 // bytes to read or write at load time
}

// Take allots n elements of size bytes, or refuses with [ErrTooLarge].
func (b *Budget) Take(n, size int) error {
	if n < 0 || int64(n) > b.Left/int64(max(size, 1)) {
		return TooLargef("%d more elements of %d bytes than the limit allows", n, size)
	}
	b.Left -= int64(n) * int64(size)
	return nil
}

// Spend accounts for work on so many bytes, or refuses it with [ErrTooLarge].
func (b *Budget) Spend(bytes int64) error {
	if bytes > b.Work {
		return TooLargef("work on %d bytes, %d are left to a file of this size", bytes, b.Work)
	}
	b.Work -= bytes
	return nil
}
