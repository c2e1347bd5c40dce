package imageproc

import "io"

// rope is an output held as slices, most of them parts of the input, so that
// stripping a file does not cost its size a second time.
type rope [][]byte

func (r *rope) add(b ...[]byte) {
	for _, s := range b {
		if len(s) > 0 {
			*r = append(*r, s)
		}
	}
}

func (r rope) size() int64 {
	var n int64
	for _, s := range r {
		n += int64(len(s))
	}
	return n
}

// bytes joins the slices into one of exactly their size.
func (r rope) bytes() []byte {
	b := make([]byte, 0, r.size())
	for _, s := range r {
		b = append(b, s...)
	}
	return b
}

func (r rope) writeTo(w io.Writer) error {
	for _, s := range r {
		if _, err := w.Write(s); err != nil {
			return err
		}
	}
	return nil
}

// reader reads the slices one after the other.
func (r rope) reader() *ropeReader {
	in := &ropeReader{rest: r}
	in.pass(0)
	return in
}

// ropeReader reads slices one after the other, or shows them where they lie.
type ropeReader struct {
	rest rope
	off  int // bytes of rest[0] already read
	seam []byte
}

func (r *ropeReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && len(r.rest) > 0 {
		k := copy(p[n:], r.rest[0][r.off:])
		n += k
		r.pass(k)
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *ropeReader) ReadByte() (byte, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	c := r.rest[0][r.off]
	r.pass(1)
	return c, nil
}

// pass goes on by n bytes, which are no more than the first slice has left.
func (r *ropeReader) pass(n int) {
	r.off += n
	for len(r.rest) > 0 && r.off == len(r.rest[0]) {
		r.rest, r.off = r.rest[1:], 0
	}
}

// Discard goes on by n bytes, or to the end, which is io.EOF.
func (r *ropeReader) Discard(n int) (int, error) {
	left := n
	for left > 0 && len(r.rest) > 0 {
		k := min(left, len(r.rest[0])-r.off)
		left -= k
		r.pass(k)
	}
	if left > 0 {
		return n - left, io.EOF
	}
	return n, nil
}

// window shows what comes next without reading it: all that lies together, but at
// least so many bytes, for which it joins slices. io.EOF is the error if there are
// fewer. The window is valid until the next one.
func (r *ropeReader) window(least int) ([]byte, error) {
	if len(r.rest) == 0 {
		if least > 0 {
			return nil, io.EOF
		}
		return nil, nil
	}
	if b := r.rest[0][r.off:]; len(b) >= least {
		return b, nil
	}
	r.seam = append(r.seam[:0], r.rest[0][r.off:]...)
	for _, s := range r.rest[1:] {
		if len(r.seam) >= least {
			break
		}
		r.seam = append(r.seam, s[:min(len(s), least-len(r.seam))]...)
	}
	if len(r.seam) < least {
		return nil, io.EOF
	}
	return r.seam, nil
}

// next appends the n bytes that follow to part, as slices, and goes on behind
// them; there may be fewer.
func (r *ropeReader) next(part rope, n int64) rope {
	for n > 0 && len(r.rest) > 0 {
		b := r.rest[0][r.off:]
		b = b[:min(n, int64(len(b)))]
		part = append(part, b)
		n -= int64(len(b))
		r.pass(len(b))
	}
	return part
}
