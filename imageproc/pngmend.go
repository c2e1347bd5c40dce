package imageproc

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// readAhead is how much of a chunk libpng reads at a time (PNG_IDAT_READ_SIZE). Of
// a file that breaks off inside IDAT, what does not fill that is shown by no reader
// that goes row by row.
const readAhead = 8192

// maxMended bounds the rows, as they are coded, of a picture that is mended.
const maxMended = 64 << 20

// pieceReader reads slices one after the other, by bytes too, and counts them, so
// that what is left behind the end of a deflate stream is known.
type pieceReader struct {
	ropeReader
	taken int64
}

func (r *pieceReader) Read(b []byte) (int, error) {
	n, err := r.ropeReader.Read(b)
	r.taken += int64(n)
	return n, err
}

func (r *pieceReader) ReadByte() (byte, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	b := r.rest[0][r.off]
	r.taken++
	if r.off++; r.off == len(r.rest[0]) {
		r.rest, r.off = r.rest[1:], 0
	}
	return b, nil
}

// first is the first n bytes.
func (r rope) first(n int64) rope {
	var out rope
	for _, s := range r {
		s = s[:min(int64(len(s)), n)]
		out.add(s)
		n -= int64(len(s))
	}
	return out
}

// pngRows are the rows of a picture as they are coded.
type pngRows struct {
	height, bytes int // of a row, without the filter
	step          int // bytes from a pixel to the next, at least 1
}

func (h *pngHeader) rows() pngRows {
	bits := int(h.channels()) * int(h.depth)
	return pngRows{height: h.height, bytes: (h.width*bits + 7) / 8, step: max(bits/8, 1)}
}

// coded is the length of all rows, filters included.
func (h *pngHeader) coded() int64 {
	if !h.interlaced {
		r := h.rows()
		return int64(r.height) * int64(1+r.bytes)
	}
	var n int64
	for _, pass := range [7][4]int{{0, 8, 0, 8}, {4, 8, 0, 8}, {0, 4, 4, 8}, {2, 4, 0, 4}, {0, 2, 2, 4}, {1, 2, 0, 2}, {0, 1, 1, 2}} {
		part := *h
		part.width = max(0, ceilDiv(h.width-pass[0], pass[1]))
		part.height = max(0, ceilDiv(h.height-pass[2], pass[3]))
		if r := part.rows(); r.bytes > 0 {
			n += int64(r.height) * int64(1+r.bytes)
		}
	}
	return n
}

// cutData makes an IDAT of one that is longer than what is left of the file.
func (p *pngParser) cutData(c *pngChunk, rest []byte, length uint64) {
	p.pic.mend(cutShort)
	c.whole, c.body = p.data[c.at:], rest
	if uint64(len(rest)) < length {
		c.body = rest[:len(rest)/readAhead*readAhead]
	} else {
		c.body = rest[:length]
	}
	p.pos = len(p.data)
	if over := rest[len(c.body):]; len(over) > 0 {
		p.pic.texts.blob(over)
		p.pic.found.add("bytes of no chunk", len(over), 0)
	}
}

// wholePixels has IDAT hold the picture and nothing else.
func (p *pngParser) wholePixels() error {
	data, again, err := p.mendPixels()
	if err != nil {
		return err
	}
	switch over := p.coded.size() - data.size(); {
	case again:
		p.pic.mend(brokenPixels)
	case over > 0:
		p.pic.found.add("bytes after the pixels", int(over), 0)
	case !p.badCRC:
		return nil
	}
	p.still.rope = rope{newChunk("IDAT", data...)}
	p.anim.broken = true
	return nil
}

// black is a byte of rows of black pixels: of their index, where there is a palette.
// One without black gets it, in place of a colour that no row uses if it is full.
func (p *pngParser) black() byte {
	if p.header.colour != 3 {
		return 0
	}
	alpha := slices.Grow([]byte(nil), 256)
	if i := p.middleChunk("tRNS"); i >= 0 {
		body := p.middle[i][8:]
		alpha = append(alpha, body[:len(body)-4]...)
	}
	clear := len(alpha) > 0 // what is missing is shown as transparent black
	colours := bytes.Clone(p.entries)
	index := 0
	for index < p.palette && !(string(colours[3*index:3*index+3]) == "\x00\x00\x00" && clear == (index < len(alpha) && alpha[index] == 0)) {
		index++
	}
	if index == p.palette {
		if index = p.unusedColour(); index < 0 {
			return 0
		}
		colours = append(colours, make([]byte, max(0, 3*index+3-len(colours)))...)
		copy(colours[3*index:], "\x00\x00\x00")
		p.middle[p.middleChunk("PLTE")] = newChunk("PLTE", colours)
		if clear {
			for len(alpha) <= index {
				alpha = append(alpha, 0xFF)
			}
			alpha[index] = 0
			p.middle[p.middleChunk("tRNS")] = newChunk("tRNS", alpha)
		}
	}
	b := byte(index)
	for bits := p.header.depth; bits < 8; bits *= 2 {
		b |= b << bits
	}
	return b
}

func (p *pngParser) middleChunk(typ string) int {
	return slices.IndexFunc(p.middle, func(s []byte) bool { return string(s[4:8]) == typ })
}

// unusedColour is the index of an entry that the palette does not have yet, or that
// no row shown uses; -1 if there is none.
func (p *pngParser) unusedColour() int {
	if p.palette < 1<<p.header.depth {
		return p.palette
	}
	if p.header.depth < 8 {
		return -1
	}
	var used [256]bool
	p.header.rows().mend(io.Discard, p.coded, 0, func(row []byte) {
		for _, v := range row {
			used[v] = true
		}
	})
	return slices.Index(used[:], false)
}

// mendPixels sees to it that the data of a damaged file inflates to all rows of the
// picture and nothing else. What inflates so stays as it is; else the rows are coded anew:
// those that libpng shows, and black ones in place of those that it does not. Of an
// interlaced picture it shows none.
func (p *pngParser) mendPixels() (data rope, again bool, err error) {
	fail := func(reason string) (rope, bool, error) {
		return nil, false, &FormatError{Format: PNG, Part: "IDAT", Offset: int64(p.firstData), Reason: reason, Err: ErrCorrupt}
	}
	if p.header.interlaced && p.badCRC {
		return fail("bad CRC in an interlaced picture")
	}
	taken, size, state := ends.Zlib(p.coded, p.header.coded(), new(pngCodes))
	if state == ends.Costly {
		return nil, false, &FormatError{Format: PNG, Part: "IDAT", Offset: int64(p.firstData), Reason: "takes too long to be read", Err: ErrTooLarge}
	}
	if state == ends.Whole && size == p.header.coded() {
		if size > maxMended {
			return p.coded.first(taken), false, nil // its checksum would take too long
		}
		if n, ok := inflatesTo(p.coded, size); ok {
			return p.coded.first(n), false, nil
		}
	}
	if p.header.interlaced {
		return fail("pixels are missing in an interlaced picture")
	}
	if p.header.coded() > maxMended {
		return nil, false, &FormatError{Format: PNG, Part: "IDAT", Offset: int64(p.firstData), Reason: "too large to be mended", Err: ErrTooLarge}
	}
	var out bytes.Buffer
	z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed) // the level is a valid one
	p.header.rows().mend(z, p.coded, p.black(), func([]byte) {})
	_ = z.Close() // a buffer takes all
	return rope{out.Bytes()}, true, nil
}

// inflatesTo says whether data is a sound zlib stream of size bytes, and how many of its
// own it takes.
func inflatesTo(data rope, size int64) (taken int64, ok bool) {
	in := &pieceReader{ropeReader: ropeReader{rest: data}}
	z, err := zlib.NewReader(in)
	if err != nil {
		return 0, false
	}
	n, err := io.Copy(io.Discard, io.LimitReader(z, size+1))
	if err != nil || n != size {
		return 0, false
	}
	_, err = z.Read(make([]byte, 1)) // the checksum
	return in.taken, err == io.EOF
}

// mend writes the rows that data inflates to, as libpng reads them one by one: a row
// whose filter there is none of is passed over, and the next one is predicted from
// the last that was sound; where the stream breaks, all that follow are missing.
func (r pngRows) mend(w io.Writer, data rope, black byte, shown func(row []byte)) {
	last, this := make([]byte, r.bytes), make([]byte, r.bytes)
	row, missing := make([]byte, 1+r.bytes), bytes.Repeat([]byte{black}, 1+r.bytes)
	missing[0] = 0
	z, err := zlib.NewReader(&pieceReader{ropeReader: ropeReader{rest: data}})
	in := bufio.NewReader(z)
	whole := true // the row above in the output is the last sound one
	for range r.height {
		if err == nil {
			_, err = io.ReadFull(in, row)
		}
		if err == nil {
			err = breaksAt(in)
		}
		if err != nil || row[0] > 4 {
			_, _ = w.Write(missing)
			whole = false
			continue
		}
		unfilter(this, last, row, r.step)
		shown(this)
		if !whole {
			row[0] = 0
			copy(row[1:], this)
		}
		_, _ = w.Write(row)
		whole = true
		last, this = this, last
	}
}

// breaksAt is the error if the stream is broken right behind what was read, which zlib
// finds while it still reads the row before. A wrong checksum is none.
func breaksAt(in *bufio.Reader) error {
	_, err := in.Peek(1)
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); corrupt {
		return err
	}
	return nil
}

// unfilter undoes the filter of a row, PNG (third edition) §9.2.
func unfilter(out, above, row []byte, step int) {
	filter, row := row[0], row[1:]
	for i, v := range row {
		var a, b, c int // left, above, above left
		if b = int(above[i]); i >= step {
			a, c = int(out[i-step]), int(above[i-step])
		}
		switch filter {
		case 1:
			v += byte(a)
		case 2:
			v += byte(b)
		case 3:
			v += byte((a + b) / 2)
		case 4:
			v += paeth(a, b, c)
		}
		out[i] = v
	}
}

func paeth(a, b, c int) byte {
	da, db, dc := b-c, a-c, a+b-2*c
	da, db, dc = max(da, -da), max(db, -db), max(dc, -dc)
	switch {
	case da <= db && da <= dc:
		return byte(a)
	case db <= dc:
		return byte(b)
	}
	return byte(c)
}
