package imageproc

// LowBits writes numbers from the lowest bit of a byte to the highest, as GIF and
// WebP's lossless format have them. Held of its bits are not yet a byte.
type LowBits struct {
	Out  []byte
	Held uint
	bits uint64
}

// Put writes n bits, at most 32.
func (w *LowBits) Put(v uint64, n uint) {
	w.bits |= v << w.Held
	for w.Held += n; w.Held >= 8; w.Held -= 8 {
		w.Out, w.bits = append(w.Out, byte(w.bits)), w.bits>>8
	}
}

// Bytes is what was written, with zeros up to the end of the last byte.
func (w *LowBits) Bytes() []byte {
	w.Put(0, -w.Held&7)
	return w.Out
}
