package resample

// strip is how many rows are transposed at a time, in bytes of a transposed row.
const strip = 64

// Spec says what to make of what.
type Spec struct {
	Width, Height       int // of the source, in samples
	DstWidth, DstHeight int // of the result before it is turned
	// ScaleX and ScaleY are how many source samples one of the result stands for;
	// 0 is Width/DstWidth and Height/DstHeight. They differ for chroma, whose last
	// sample may lie half outside.
	ScaleX, ScaleY float64
	Bytes          int // of a sample: 1, or 4 that are filtered each for itself; 0 is 1
	Filter         Filter
	// Sharpen is how much of each neighbour to take away from a source sample on
	// the way: -0.03 to 0.03 are a shade.
	Sharpen float64
	// Orientation is that of Exif, 1 to 8: CIPA DC-008 §4.6.4. From 5 on the
	// result has DstHeight columns and DstWidth rows.
	Orientation int
	Dst         []byte
	DstStride   int
}

// Plane scales one plane. The zero value is ready for Start; it keeps its memory
// from one picture to the next, and is not safe for use by several goroutines.
type Plane struct {
	spec   Spec
	v, h   weights
	stride int    // of ring and rows, a multiple of 64
	ring   []byte // the last v.taps source rows
	rows   []byte // filtered down, a strip
	work   *scratch
	pushed int
	made   int // rows of the result, before it is turned
	first  int // the first row of the strip
	offs   [MaxTaps]int32
	kernel Kernel
}

// scratch is what a strip takes on its way to the result.
type scratch struct {
	turned []byte // the strip with its axes swapped
	narrow []byte // the same, filtered again
	block  [strip * strip]byte
}

// Share lets p use memory of q's for what it does not need between two calls of
// Push. No two goroutines may use them at once then.
func (p *Plane) Share(q *Plane) {
	if q.work == nil {
		q.work = new(scratch)
	}
	p.work = q.work
}

// Start begins a picture. It reports false where the filter would weigh more
// than MaxTaps samples.
func (p *Plane) Start(s Spec) bool {
	if s.ScaleX == 0 {
		s.ScaleX = float64(s.Width) / float64(s.DstWidth)
	}
	if s.ScaleY == 0 {
		s.ScaleY = float64(s.Height) / float64(s.DstHeight)
	}
	s.Bytes = max(s.Bytes, 1)
	if Taps(s.Filter, max(s.ScaleX, s.ScaleY)) > MaxTaps {
		return false
	}
	p.spec = s
	p.kernel = Best()
	p.v.set(weightKey{s.Height, s.DstHeight, s.ScaleY, s.Filter, s.Sharpen})
	p.h.set(weightKey{s.Width, s.DstWidth, s.ScaleX, s.Filter, s.Sharpen})
	p.stride = (s.Width*s.Bytes + 63) &^ 63
	p.ring = sized(p.ring, p.v.taps*p.stride)
	p.rows = sized(p.rows, strip/s.Bytes*p.stride)
	if p.work == nil {
		p.work = new(scratch)
	}
	p.work.turned = atLeast(p.work.turned, (p.stride/s.Bytes)*strip)
	p.work.narrow = atLeast(p.work.narrow, (s.DstWidth+7)&^7*strip)
	p.pushed, p.made, p.first = 0, 0, 0
	return true
}

// atLeast is like sized, but what is shared does not get shorter.
func atLeast(b []byte, n int) []byte { return sized(b, max(n, len(b))) }

// Memory is what a plane of that spec takes, in bytes, besides Dst.
func (s *Spec) Memory() int64 {
	n := int64(max(s.Bytes, 1))
	taps := int64(Taps(s.Filter, float64(s.Height)/float64(s.DstHeight)))
	wide := int64(s.Width)*n + 64
	return taps*wide + 2*strip/n*wide + strip*int64(s.DstWidth+8) + 2*taps*int64(s.DstWidth+s.DstHeight)
}

// Release lets go of the result.
func (p *Plane) Release() { p.spec.Dst = nil }

// Push takes the next source row, Width samples. After the last the result is
// whole.
func (p *Plane) Push(row []byte) {
	copy(p.ring[p.pushed%p.v.taps*p.stride:][:p.stride], row[:p.spec.Width*p.spec.Bytes])
	p.pushed++
	for p.made < p.spec.DstHeight && int(p.v.first[p.made]+p.v.count[p.made]) <= p.pushed {
		p.filterRow()
	}
}

// filterRow makes the next row of the strip. Where the result is turned so that
// rows count backwards, the strip is filled from its end.
func (p *Plane) filterRow() {
	y := p.made
	size := min(strip/p.spec.Bytes, p.spec.DstHeight-p.first)
	slot := y - p.first
	if p.upsideDown() {
		slot = size - 1 - slot
	}
	offs := p.offs[:p.v.count[y]]
	for i := range offs {
		offs[i] = int32((int(p.v.first[y])+i)%p.v.taps) * int32(p.stride)
	}
	p.kernel.Weigh(p.rows[slot*p.stride:(slot+1)*p.stride], p.ring, offs, p.v.w[y*p.v.taps:])
	if p.made++; p.made == p.first+size {
		p.flush(size)
		p.first = p.made
	}
}

// upsideDown says that a row of the source is, in the result, the later the
// earlier it comes.
func (p *Plane) upsideDown() bool {
	switch p.spec.Orientation {
	case 3, 4, 6, 7:
		return true
	}
	return false
}

// backwards says the same of columns.
func (p *Plane) backwards() bool {
	switch p.spec.Orientation {
	case 2, 3, 7, 8:
		return true
	}
	return false
}

// flush filters a strip of size rows across and puts it in its place.
func (p *Plane) flush(size int) {
	s, turned, narrow := &p.spec, p.work.turned, p.work.narrow
	p.transpose(turned, strip, p.rows, p.stride, s.Width, strip/s.Bytes)
	for x := range s.DstWidth {
		offs := p.offs[:p.h.count[x]]
		for i := range offs {
			offs[i] = (p.h.first[x] + int32(i)) * strip
		}
		p.kernel.Weigh(narrow[x*strip:(x+1)*strip], turned, offs, p.h.w[x*p.h.taps:])
	}
	at := p.first
	if p.upsideDown() {
		at = s.DstHeight - p.first - size
	}
	if s.Orientation >= 5 {
		for x := range s.DstWidth {
			row := x
			if p.backwards() {
				row = s.DstWidth - 1 - x
			}
			copy(s.Dst[row*s.DstStride+at*s.Bytes:][:size*s.Bytes], narrow[x*strip:])
		}
		return
	}
	block := p.work.block[:]
	for from := 0; from < s.DstWidth; from += strip / s.Bytes {
		n := min(strip/s.Bytes, s.DstWidth-from)
		p.transpose(block, strip, narrow[from*strip:], strip, strip/s.Bytes, n)
		for y := range size {
			part := block[y*strip : y*strip+n*s.Bytes]
			dst := s.Dst[(at+y)*s.DstStride:]
			if p.backwards() {
				reverse(part, s.Bytes)
				copy(dst[(s.DstWidth-from-n)*s.Bytes:], part)
				continue
			}
			copy(dst[from*s.Bytes:], part)
		}
	}
}

// reverse turns a row of samples around.
func reverse(row []byte, size int) {
	if size == 1 {
		for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
			row[i], row[j] = row[j], row[i]
		}
		return
	}
	for i, j := 0, len(row)-4; i < j; i, j = i+4, j-4 {
		a, b := (*[4]byte)(row[i:]), (*[4]byte)(row[j:])
		*a, *b = *b, *a
	}
}

// transpose swaps the axes of width columns and height rows of src. Columns are
// read up to a multiple of 8, rows as they are.
func (p *Plane) transpose(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	if p.spec.Bytes == 1 {
		p.kernel.Transpose(dst, dstStride, src, srcStride, width, height)
		return
	}
	for y := range height {
		row := src[y*srcStride:]
		for x := range width {
			*(*[4]byte)(dst[x*dstStride+4*y:]) = *(*[4]byte)(row[4*x:])
		}
	}
}
