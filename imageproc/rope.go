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
func (r rope) reader() io.Reader { return &ropeReader{rest: r} }

type ropeReader struct {
	rest rope
	off  int // bytes of rest[0] already read
}

func (r *ropeReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && len(r.rest) > 0 {
		k := copy(p[n:], r.rest[0][r.off:])
		n, r.off = n+k, r.off+k
		if r.off == len(r.rest[0]) {
			r.rest, r.off = r.rest[1:], 0
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
