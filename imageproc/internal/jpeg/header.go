package jpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Space says what the components of a file are.
type Space uint8

// The colour spaces.
const (
	Gray Space = iota
	YCbCr
	RGB
	CMYK
	YCCK
)

// Component is one component of a frame header, T.81 §B.2.2. In a picture of
// one component the sampling factors mean nothing, and are 1.
type Component struct {
	ID   byte
	H, V int

	tq byte
	// Blocks in the picture itself, which a scan of this component alone has, and
	// blocks up to whole MCUs, which other scans have.
	blocksX, blocksY int
	paddedX, paddedY int
}

// Header is what a file says of itself before its first scan.
type Header struct {
	Width, Height int
	Progressive   bool
	Components    []Component
	HMax, VMax    int
	Space         Space
	Adobe         bool // the marker APP14 is there, with which CMYK is inverted

	mcusX, mcusY int
}

// Size is the number of samples of component c at scale n/8.
func (h *Header) Size(c, n int) (width, height int) {
	comp := &h.Components[c]
	return ceilDiv(h.Width*comp.H*n, 8*h.HMax), ceilDiv(h.Height*comp.V*n, 8*h.VMax)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// maxScans bounds the work of files whose scans cost time by the size of the
// picture and hold next to nothing; one for each coefficient of each component
// stays below it.
const maxScans = 500

// scan is a scan header, T.81 §B.2.3.
type scan struct {
	comps  []int // indices into the frame's
	dc, ac [4]byte
	ss, se int
	ah, al uint
}

func (d *Decoder) fail(kind Kind, part string, format string, args ...any) error {
	return &Error{Kind: kind, Part: part, Offset: d.src.offset(), Reason: fmt.Sprintf(format, args...)}
}

// ReadHeader begins a new file, which lies in memory in one piece or several, and
// reads up to its first scan. The pieces are kept and must not change until the
// last band is read. The Header is the Decoder's own.
func (d *Decoder) ReadHeader(pieces [][]byte) (*Header, error) {
	return d.ReadHeaderAround(pieces, nil, nil)
}

// ReadHeaderAround is ReadHeader for a file of which the pieces are the beginning,
// stream is what follows them, read as the bands are, and tail the end.
func (d *Decoder) ReadHeaderAround(pieces [][]byte, stream io.Reader, tail [][]byte) (*Header, error) {
	d.reset(pieces, stream, tail)
	soi, ok := d.src.read(2)
	if !ok || soi[0] != 0xFF || soi[1] != mSOI {
		return nil, d.fail(Corrupt, "SOI", "not a JPEG file")
	}
	more, err := d.nextScan()
	if err != nil {
		return nil, err
	}
	if !more {
		return nil, d.fail(Corrupt, "EOI", "no picture before it")
	}
	d.header.Space = d.space()
	return &d.header, nil
}

// nextScan reads segments up to a scan header, which it leaves in d.scan; false
// is the end of the file.
func (d *Decoder) nextScan() (more bool, err error) {
	for {
		marker, ok := d.src.nextMarker()
		if !ok {
			if d.opts.Truncated && d.scans > 0 {
				d.truncated = true
				return false, nil
			}
			return false, d.fail(Truncated, "end", "no EOI marker")
		}
		switch {
		case marker == mEOI:
			return false, nil
		case marker >= mRST0 && marker <= mRST7 || marker == 1:
			continue // surplus intervals, which decoders skip
		case marker == mSOI || marker < mSOF0 || marker >= 0xF0 && marker < 0xFE:
			return false, d.fail(Corrupt, "marker", "FF%02X in a place where none may be", marker)
		}
		body, err := d.segment()
		if err != nil {
			return false, err
		}
		if marker == mSOS {
			if d.scans++; d.scans > maxScans {
				return false, d.fail(Corrupt, "SOS", "more than %d scans", maxScans)
			}
			return true, d.readScan(body)
		}
		if err := d.handle(marker, body); err != nil {
			return false, err
		}
	}
}

func (d *Decoder) segment() ([]byte, error) {
	head, ok := d.src.read(2)
	if !ok {
		return nil, d.fail(Truncated, "segment", "no length")
	}
	n := int(binary.BigEndian.Uint16(head))
	if n < 2 {
		return nil, d.fail(Corrupt, "segment", "length %d", n)
	}
	body, ok := d.src.read(n - 2)
	if !ok {
		return nil, d.fail(Truncated, "segment", "length %d exceeds the input", n)
	}
	return body, nil
}

func (d *Decoder) handle(marker byte, body []byte) error {
	switch marker {
	case mSOF0, mSOF0 + 1, mSOF2:
		return d.readFrame(marker, body)
	case mDHT:
		return d.readHuffman(body)
	case mDQT:
		return d.readQuant(body)
	case mDRI:
		if len(body) != 2 {
			return d.fail(Corrupt, "DRI", "length %d", len(body))
		}
		d.restart = int(binary.BigEndian.Uint16(body))
	case mAPP0:
		d.jfif = d.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
	case mAPP14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.header.Adobe, d.transform = true, body[11]
		}
	case 0xC3:
		return d.fail(Unsupported, "SOF3", "lossless coding is not supported")
	case 0xC9, 0xCA, mDAC:
		if marker != mDAC { // without an arithmetic frame its tables mean nothing
			return d.fail(Unsupported, "SOF", "arithmetic coding is not supported")
		}
	case 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xC8, 0xDE, 0xDF:
		return d.fail(Unsupported, "SOF", "hierarchical, lossless or extended coding is not supported (marker FF%02X)", marker)
	}
	return nil
}

func (d *Decoder) readFrame(marker byte, body []byte) error {
	h := &d.header
	if len(h.Components) > 0 {
		return d.fail(Corrupt, "SOF", "second frame header")
	}
	if len(body) < 6 {
		return d.fail(Corrupt, "SOF", "length %d", len(body))
	}
	if body[0] != 8 {
		return d.fail(Unsupported, "SOF", "%d bits per sample are not supported", body[0])
	}
	h.Height, h.Width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	h.Progressive = marker == mSOF2
	n := int(body[5])
	switch {
	case n != 1 && n != 3 && n != 4:
		return d.fail(Unsupported, "SOF", "%d components are not supported", n)
	case len(body) != 6+3*n:
		return d.fail(Corrupt, "SOF", "length %d for %d components", len(body), n)
	case h.Width == 0:
		return d.fail(Corrupt, "SOF", "width 0")
	case h.Height == 0:
		return d.fail(Unsupported, "SOF", "height given after the first scan is not supported")
	}
	h.HMax, h.VMax = 1, 1
	for i := range n {
		b := body[6+3*i:]
		c := Component{ID: b[0], H: int(b[1] >> 4), V: int(b[1] & 15), tq: b[2]}
		if c.H < 1 || c.H > 4 || c.V < 1 || c.V > 4 || c.tq > 3 || d.component(c.ID) >= 0 {
			return d.fail(Corrupt, "SOF", "component %d is not valid", i)
		}
		if n == 1 {
			c.H, c.V = 1, 1
		}
		h.HMax, h.VMax = max(h.HMax, c.H), max(h.VMax, c.V)
		h.Components = append(h.Components, c)
	}
	h.mcusX, h.mcusY = ceilDiv(h.Width, 8*h.HMax), ceilDiv(h.Height, 8*h.VMax)
	for i := range h.Components {
		c := &h.Components[i]
		c.blocksX, c.blocksY = ceilDiv(ceilDiv(h.Width*c.H, h.HMax), 8), ceilDiv(ceilDiv(h.Height*c.V, h.VMax), 8)
		c.paddedX, c.paddedY = h.mcusX*c.H, h.mcusY*c.V
	}
	return nil
}

func (d *Decoder) component(id byte) int {
	for i := range d.header.Components {
		if d.header.Components[i].ID == id {
			return i
		}
	}
	return -1
}

func (d *Decoder) readQuant(body []byte) error {
	for len(body) > 0 {
		wide, id := body[0]>>4, body[0]&15
		n := 64 * (1 + int(wide))
		if wide > 1 || id > 3 || len(body) < 1+n {
			return d.fail(Corrupt, "DQT", "table %d is not valid", id)
		}
		q := &d.quant[id]
		d.hasQuant[id] = true
		for k := range q {
			if wide == 1 {
				q[k] = int32(binary.BigEndian.Uint16(body[1+2*k:]))
			} else {
				q[k] = int32(body[1+k])
			}
		}
		body = body[1+n:]
	}
	return nil
}

func (d *Decoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		class, id := body[0]>>4, body[0]&15
		if class > 1 || id > 3 || len(body) < 17 {
			return d.fail(Corrupt, "DHT", "table is not valid")
		}
		n := 16
		for _, count := range body[1:17] {
			n += int(count)
		}
		if n > 16+256 || len(body) < 1+n {
			return d.fail(Corrupt, "DHT", "table %d is not valid", id)
		}
		t := d.huff[class][id]
		if t == nil {
			t = new(huffman)
			d.huff[class][id] = t
		}
		if !t.set(class, body[1:1+n]) {
			t.spec = t.spec[:0]
			return d.fail(Corrupt, "DHT", "table %d is no prefix code", id)
		}
		if class == 0 {
			for _, size := range t.symbols[:n-16] {
				if size > 15 {
					return d.fail(Corrupt, "DHT", "a DC difference of %d bits", size)
				}
			}
		}
		d.hasHuff[class][id] = true
		body = body[1+n:]
	}
	return nil
}

func (d *Decoder) readScan(body []byte) error {
	h := &d.header
	if len(h.Components) == 0 {
		return d.fail(Corrupt, "SOS", "no frame header before it")
	}
	if len(body) < 1 || body[0] < 1 || int(body[0]) > len(h.Components) || len(body) != 4+2*int(body[0]) {
		return d.fail(Corrupt, "SOS", "length or number of components is not valid")
	}
	s := &d.scan
	*s = scan{comps: s.comps[:0], se: 63}
	blocks := 0
	for i := range int(body[0]) {
		k := d.component(body[1+2*i])
		td, ta := body[2+2*i]>>4, body[2+2*i]&15
		if k < 0 || td > 3 || ta > 3 {
			return d.fail(Corrupt, "SOS", "component %d is not valid", i)
		}
		if slices.Contains(s.comps, k) {
			return d.fail(Corrupt, "SOS", "component %d is repeated", i)
		}
		s.comps = append(s.comps, k)
		s.dc[i], s.ac[i] = td, ta
		blocks += h.Components[k].H * h.Components[k].V
	}
	if len(s.comps) > 1 && blocks > 10 {
		return d.fail(Corrupt, "SOS", "more than 10 blocks in an MCU")
	}
	if h.Progressive {
		last := body[1+2*len(s.comps):]
		s.ss, s.se, s.ah, s.al = int(last[0]), int(last[1]), uint(last[2]>>4), uint(last[2]&15)
		switch {
		case s.se > 63 || s.ss > s.se || s.ss == 0 && s.se != 0:
			return d.fail(Corrupt, "SOS", "spectral selection is not valid")
		case s.ss > 0 && len(s.comps) > 1:
			return d.fail(Corrupt, "SOS", "AC coefficients of more than one component")
		case s.al > 13 || s.ah != 0 && s.ah != s.al+1:
			return d.fail(Corrupt, "SOS", "successive approximation is not valid")
		}
	}
	return d.scanTables()
}

// scanTables looks that the tables of a scan are there, and takes a component's
// quantisation table as it stands at the component's first scan.
func (d *Decoder) scanTables() error {
	s := &d.scan
	for i, k := range s.comps {
		tq := d.header.Components[k].tq
		if !d.hasQuant[tq] {
			return d.fail(Corrupt, "SOS", "quantisation table %d is not defined", tq)
		}
		if !d.seen[k] {
			d.seen[k] = true
			d.factors[k] = d.quant[tq]
		}
		if s.ss == 0 && s.ah == 0 && !d.hasHuff[0][s.dc[i]] || s.se > 0 && !d.hasHuff[1][s.ac[i]] {
			return d.fail(Corrupt, "SOS", "a Huffman table is not defined")
		}
	}
	return nil
}

// space is what libjpeg makes of the markers and the names of the components.
func (d *Decoder) space() Space {
	c := d.header.Components
	switch len(c) {
	case 1:
		return Gray
	case 4:
		if d.header.Adobe && d.transform != 0 {
			return YCCK
		}
		return CMYK
	}
	switch {
	case d.jfif:
		return YCbCr
	case d.header.Adobe && d.transform == 0:
		return RGB
	case !d.header.Adobe && c[0].ID == 'R' && c[1].ID == 'G' && c[2].ID == 'B':
		return RGB
	}
	return YCbCr
}
