package imageproc

// arena hands out memory that goes back all at once: for the bytes that reading a
// picture writes anew and that nobody sees when it is done. It has a fixed size, and
// what does not fit is ordinary memory; so is all that a nil arena gives.
type arena struct {
	used int
	mem  [16 << 10]byte
}

// room gives an empty slice with room for n bytes, which are zeros.
func (a *arena) room(n int) []byte {
	if a == nil || n > len(a.mem)-a.used {
		return make([]byte, 0, n)
	}
	at := a.used
	a.used += n
	return a.mem[at:at:a.used]
}

// of gives a slice of these bytes.
func (a *arena) of(b ...byte) []byte { return append(a.room(len(b)), b...) }

// join gives a slice of all parts one behind the other.
func (a *arena) join(parts ...[]byte) []byte {
	n := 0
	for _, s := range parts {
		n += len(s)
	}
	b := a.room(n)
	for _, s := range parts {
		b = append(b, s...)
	}
	return b
}

// empty takes everything back, and clears it.
func (a *arena) empty() {
	clear(a.mem[:a.used])
	a.used = 0
}
