package jpeg

import (
	"context"
	"io"
	"math"
)

// Options says how to decode; the zero value is full size.
type Options struct {
	// Scale is, for each component, how many eighths of its size it comes in, 1 to
	// 8; 0 is 8.
	Scale [4]int
	// Truncated takes a file whose data ends early: what is missing is grey, and
	// Decoder.Truncated reports it.
	Truncated bool
	// Parallel is how many goroutines may read a sequential file with one scan: by
	// restart intervals or, of three eighths and less, from guessed places. The
	// samples and the errors are those of one. It takes memory for the whole
	// picture and a copy of the data, and does nothing where there is a stream.
	Parallel int
}

// Plane is a part of a component's samples: Height rows of Width samples.
type Plane struct {
	Pix                   []byte
	Stride, Width, Height int
}

// Decoder reads one file after another; the zero value is ready for use. It
// keeps its memory from one to the next.
type Decoder struct {
	src       source
	header    Header
	jfif      bool
	transform byte
	quant     [4][64]int32 // in zigzag order, as everything that follows
	hasQuant  [4]bool
	factors   [4][64]int32 // of the components
	seen      [4]bool
	huff      [2][4]*huffman
	hasHuff   [2][4]bool
	restart   int
	scan      scan
	scans     int
	opts      Options
	truncated bool

	scanner  scanner
	planes   [4]plane
	blocks   []mcuBlock
	row      int // of MCUs, the next to come
	buffered bool
	coefs    [4]coefficients
	whole    bool   // Coefficients is at work
	script   []Scan // then: the scans read into coefs
	wide     bool   // something did not fit in there
	memory   [4][]byte
	flat     []byte // the scan's data, to read in parts
	starts   []int  // of restart intervals in it, and its end
	parts    []part
	kernels  kernels
}

// plane is where the samples of a component go.
type plane struct {
	pix    []byte
	stride int
	scale  int
}

func (d *Decoder) reset(pieces [][]byte, stream io.Reader, tail [][]byte) {
	d.src.reset(pieces, stream, tail)
	d.header = Header{Components: d.header.Components[:0]}
	d.jfif, d.transform, d.restart, d.scans, d.row = false, 0, 0, 0, 0
	d.hasQuant, d.seen, d.hasHuff = [4]bool{}, [4]bool{}, [2][4]bool{}
	d.opts, d.truncated, d.buffered, d.whole = Options{}, false, false, false
	d.scanner.dead, d.scanner.dirty = false, true
}

// mostHeld is how much memory for samples and coefficients stays from one file to the
// next, in bytes: some 64 megapixels at three eighths take less.
const mostHeld = 64 << 20

// Release lets go of the file. The memory for bands and tables stays, unless it is
// more than photos take.
func (d *Decoder) Release() {
	d.src.reset(nil, nil, nil)
	for i := range d.parts {
		d.parts[i].raw = nil
	}
	if d.held() > mostHeld {
		d.flat, d.parts, d.memory, d.coefs, d.planes = nil, nil, [4][]byte{}, [4]coefficients{}, [4]plane{}
	}
}

func (d *Decoder) held() int {
	n := cap(d.flat)
	for i := range d.parts {
		n += 4 * cap(d.parts[i].blocks)
	}
	for i := range d.memory {
		n += cap(d.memory[i]) + 2*cap(d.coefs[i].values) + 8*cap(d.coefs[i].masks)
	}
	return n
}

// ReadError is what went wrong with reading the stream of ReadHeaderAround. What
// was decoded since, or the error there was, means nothing then.
func (d *Decoder) ReadError() error { return d.src.err }

// Truncated reports whether data was missing.
func (d *Decoder) Truncated() bool { return d.truncated }

// Memory is what decoding with o takes beside the file, in bytes: planes for a
// file that can't be decoded row by row, and the coefficients of a progressive
// one.
func (h *Header) Memory(o Options) int64 {
	var n int64
	for i := range h.Components {
		c := &h.Components[i]
		s := int64(o.scale(i))
		rows := int64(c.V) // a band
		if !h.Progressive && (len(h.Components) > 1 || o.Parallel > 1) {
			rows = int64(c.paddedY) // the next scan may not have all components
		}
		n += rows * int64(c.paddedX) * s * s
		if count := kept[s].count; o.Parallel > 1 && count <= speculated {
			n += 4 * int64(mostKept(c.paddedX*c.paddedY)) * int64(count+1)
		}
		if h.Progressive {
			n += int64(c.paddedX) * int64(c.paddedY) * int64(2*kept[s].count+8)
		}
	}
	return n + 400<<10 // tables and window
}

func (o *Options) scale(c int) int {
	if o.Scale[c] == 0 {
		return 8
	}
	return o.Scale[c]
}

// Start begins decoding after ReadHeader. Of a file that can't be decoded row by
// row it reads all scans that matter.
func (d *Decoder) Start(ctx context.Context, o Options) error {
	d.opts = o
	d.kernels = bestKernels()
	for i := range d.header.Components {
		d.planes[i].scale = o.scale(i)
	}
	if d.header.Progressive {
		return d.readProgressive(ctx)
	}
	if len(d.scan.comps) == len(d.header.Components) {
		if d.splittable() && d.readParallel(ctx) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		d.makeBands()
		d.plan()
		d.startScan()
		return nil
	}
	return d.readScans(ctx)
}

// makeBands takes memory for one row of MCUs.
func (d *Decoder) makeBands() {
	for i := range d.header.Components {
		c, p := &d.header.Components[i], &d.planes[i]
		p.stride = c.paddedX * p.scale
		p.pix = d.take(i, p.stride*c.V*p.scale)
	}
}

// take returns n bytes of memory kept for component i, not cleared.
func (d *Decoder) take(i, n int) []byte {
	if cap(d.memory[i]) < n {
		d.memory[i] = make([]byte, n)
	}
	return d.memory[i][:n]
}

// startScan begins the entropy-coded data of d.scan.
func (d *Decoder) startScan() {
	s := &d.scanner
	s.src, s.next, s.dead = &d.src, mRST0, false
	if s.left = d.restart; d.restart == 0 {
		s.left = math.MaxInt
	}
	s.begin()
}

// Band decodes the next row of MCUs and returns its part of each component, of
// which only what lies inside the picture. The samples are valid until the next
// call. After the last row the error is io.EOF; others are of type *Error, or
// the context's.
func (d *Decoder) Band(ctx context.Context) (band [4]Plane, err error) {
	h := &d.header
	if d.row == h.mcusY {
		return band, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return band, err
	}
	switch {
	case h.Progressive:
		d.transformRow(d.row)
	case !d.buffered:
		if err := d.readRow(d.row); err != nil {
			return band, err
		}
	}
	for i := range h.Components {
		c, p := &h.Components[i], &d.planes[i]
		rows := c.V * p.scale
		w, height := h.Size(i, p.scale)
		band[i] = Plane{Pix: p.pix, Stride: p.stride, Width: w, Height: min(rows, height-d.row*rows)}
		if d.buffered {
			band[i].Pix = p.pix[d.row*rows*p.stride:]
		}
	}
	d.row++
	return band, nil
}
