package imageproc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1A\n"

// pngStage is how far a file has come, after the order of chunks in PNG
// (third edition) §5.6.
type pngStage uint8

const (
	pngStart   pngStage = iota
	pngHead             // IHDR was read
	pngPalette          // PLTE was read
	pngData             // the first IDAT was read
	pngAfter            // a chunk other than IDAT came after them
)

// pngParser takes a PNG file apart and writes it anew: chunks of the allow-list
// go over as slices of the input, a few are written afresh, all else is dropped.
type pngParser struct {
	data    []byte
	pos     int
	lim     Limits
	pic     *picture
	meta    pngMeta
	anim    apng
	stage   pngStage
	seen    map[string]bool // ancillary chunks kept so far
	header  pngHeader
	palette int // entries of PLTE

	ihdr   []byte
	colour rope     // what the numbers mean: has to stand before PLTE
	middle rope     // sBIT, PLTE and what has to stand behind it
	still  chunkRun // IDAT
	moving chunkRun // IDAT, fcTL and fdAT

	coded     rope // what IDAT holds
	picture   pngFrame
	firstData int
	badCRC    bool   // of an IDAT: no reader goes on behind it
	damaged   bool   // IDAT may not be all there
	entries   []byte // PLTE's data
}

// chunkRun collects chunks as slices of the input; neighbours become one.
type chunkRun struct {
	rope
	start, end int
}

func (r *chunkRun) add(data []byte, c *pngChunk) {
	if r.end == c.at && len(r.rope) > 0 {
		r.end += len(c.whole)
		r.rope[len(r.rope)-1] = data[r.start:r.end]
		return
	}
	r.start, r.end = c.at, c.at+len(c.whole)
	r.rope = append(r.rope, c.whole)
}

// pngHeader is IHDR, §11.2.1.
type pngHeader struct {
	width, height int
	depth, colour byte
	interlaced    bool
}

func parsePNG(data []byte, lim Limits, x extras) (*picture, error) {
	p := &pngParser{
		data: data, pos: len(pngSignature), lim: lim, seen: make(map[string]bool),
		pic: &picture{format: PNG, orientation: 1, keeps: x.keep.Provenance},
	}
	p.meta = pngMeta{pic: p.pic, found: &p.pic.found, scan: newScanBudget(&p.pic.texts)}
	if err := p.walk(); err != nil {
		return nil, err
	}
	whole := p.damaged || x.scrub
	if whole {
		if err := p.wholePixels(); err != nil {
			return nil, err
		}
	}
	if !whole || p.anim.sound() {
		if err := p.cutTails(x); err != nil {
			return nil, err
		}
	}
	p.finish(x)
	return p.pic, nil
}

// pngChunk is one chunk: all of it, framing included, and its data.
type pngChunk struct {
	at    int
	typ   string
	whole []byte
	body  []byte
	sound bool // the CRC is right
}

func (c *pngChunk) part() string { return fmt.Sprintf("chunk %q", c.typ) }

func (p *pngParser) fail(c *pngChunk, sentinel error, format string, args ...any) error {
	return &FormatError{
		Format: PNG, Part: c.part(), Offset: int64(c.at), Reason: fmt.Sprintf(format, args...), Err: sentinel,
	}
}

func (p *pngParser) walk() error {
	for n := 1; ; n++ {
		start := p.pos
		if p.stage >= pngData && len(p.data)-p.pos < 12 {
			p.breakOff(start, cutShort)
			return nil
		}
		c, err := p.next()
		if err != nil && p.stage >= pngData {
			p.breakOff(start, brokenChunk)
			return nil
		}
		if err != nil {
			return err
		}
		if n > p.lim.MaxSegments {
			return p.fail(c, ErrTooLarge, "more than %d chunks", p.lim.MaxSegments)
		}
		if p.stage == pngStart && c.typ != "IHDR" {
			return p.fail(c, ErrCorrupt, "comes before IHDR")
		}
		if c.typ == "IEND" && p.stage < pngData {
			return p.fail(c, ErrCorrupt, "no picture before it")
		}
		if c.typ == "IEND" && len(c.body) == 0 {
			p.end()
			return nil
		}
		switch err := p.chunk(c); {
		case err != nil && p.stage >= pngData:
			p.breakOff(start, brokenChunk)
			return nil
		case err != nil:
			return err
		}
	}
}

// breakOff ends a file that breaks off or breaks the rules behind a chunk of the
// picture: readers show what there is of it, and look at nothing behind.
func (p *pngParser) breakOff(start int, how string) {
	p.pic.mend(how)
	p.damaged = true
	if rest := p.data[start:]; len(rest) > 0 {
		p.pic.texts.trailer(rest)
		p.pic.found.add("bytes of no chunk", len(rest), trailerClasses(rest))
	}
}

// next reads the framing of a chunk, §5.3: length, type, data, CRC.
func (p *pngParser) next() (*pngChunk, error) {
	at, rest := p.pos, p.data[p.pos:]
	if len(rest) < 12 {
		return nil, &FormatError{
			Format: PNG, Part: "end", Offset: int64(len(p.data)),
			Reason: "no IEND chunk: the file is truncated", Err: ErrCorrupt,
		}
	}
	c := &pngChunk{at: at, typ: string(rest[4:8])}
	for _, letter := range rest[4:8] {
		if letter|0x20 < 'a' || letter|0x20 > 'z' {
			return nil, &FormatError{Format: PNG, Part: "chunk", Offset: int64(at), Reason: "type is not four letters", Err: ErrCorrupt}
		}
	}
	length := binary.BigEndian.Uint32(rest)
	if uint64(length) > uint64(len(rest)-12) {
		if c.typ == "IDAT" {
			p.cutData(c, rest[8:], uint64(length))
			return c, nil
		}
		return nil, p.fail(c, ErrCorrupt, "length %d exceeds input", length)
	}
	size := 12 + int(length)
	c.whole, c.body = rest[:size], rest[8:8+length]
	p.pos += size
	if critical := c.typ[0]&0x20 == 0; critical || pngKept[c.typ] {
		c.sound = crc32.ChecksumIEEE(rest[4:8+length]) == binary.BigEndian.Uint32(rest[8+length:])
		if critical && !c.sound && c.typ != "IDAT" {
			return nil, p.fail(c, ErrCorrupt, "bad CRC")
		}
	}
	return c, nil
}

// pngKept lists the ancillary chunks that can go over into the output.
var pngKept = map[string]bool{
	"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "cICP": true, "mDCV": true, "cLLI": true,
	"sBIT": true, "bKGD": true, "pHYs": true, "acTL": true, "fcTL": true, "fdAT": true, "eXIf": true,
}

// chunk sorts one chunk before IEND.
func (p *pngParser) chunk(c *pngChunk) error {
	if p.stage == pngData && c.typ != "IDAT" {
		p.stage = pngAfter
	}
	switch c.typ {
	case "IHDR":
		return p.readHeader(c)
	case "PLTE":
		return p.readPalette(c)
	case "IDAT":
		return p.readData(c)
	case "acTL", "fcTL", "fdAT":
		p.anim.chunk(p, c)
		return nil
	}
	switch {
	case c.typ[0]&0x20 == 0:
		return p.fail(c, ErrUnsupported, "this critical chunk is not supported")
	case !pngKept[c.typ] || c.typ == "eXIf":
		p.meta.chunk(c)
	case !c.sound || p.seen[c.typ] || p.stage > pngPalette || !p.keep(c):
		// Decoders ignore it as well, or no two agree.
		p.pic.found.add(c.typ, len(c.whole), 0)
	default:
		p.seen[c.typ] = true
	}
	return nil
}

// end is behind IEND.
func (p *pngParser) end() {
	if tail := p.data[p.pos:]; len(tail) > 0 {
		p.pic.texts.trailer(tail)
		p.pic.found.add("bytes after IEND", len(tail), trailerClasses(tail))
	}
}

func (p *pngParser) readHeader(c *pngChunk) error {
	if p.stage != pngStart || len(c.body) != 13 {
		return p.fail(c, ErrCorrupt, "second one, or of length %d", len(c.body))
	}
	b := c.body
	width, height := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	if width == 0 || height == 0 || width > 1<<31-1 || height > 1<<31-1 {
		return p.fail(c, ErrCorrupt, "size is not valid")
	}
	if err := checkSize(PNG, c.part(), c.at, width, height, p.lim); err != nil {
		return err
	}
	h := pngHeader{width: int(width), height: int(height), depth: b[8], colour: b[9], interlaced: b[12] == 1}
	if h.channels() == 0 || b[10] != 0 || b[11] != 0 || b[12] > 1 {
		return p.fail(c, ErrCorrupt, "colour type, depth or method is not valid")
	}
	p.header, p.ihdr, p.stage = h, c.whole, pngHead
	p.picture.width, p.picture.height = h.width, h.height
	return nil
}

// channels is the number of channels, 0 for a combination that §11.2.1 does not
// have.
func (h *pngHeader) channels() int64 {
	depths := map[byte]string{0: "\x01\x02\x04\x08\x10", 2: "\x08\x10", 3: "\x01\x02\x04\x08", 4: "\x08\x10", 6: "\x08\x10"}
	if bytes.IndexByte([]byte(depths[h.colour]), h.depth) < 0 {
		return 0
	}
	return map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[h.colour]
}

// memory is what image/png takes: it widens to 8 or 16 bits and to four channels
// where there is colour, and interlaced files are held twice.
func (h *pngHeader) memory() int64 {
	perPixel := int64(1)
	if h.colour != 3 && h.colour != 0 {
		perPixel = 4
	}
	if h.depth == 16 {
		perPixel *= 2
	}
	if h.interlaced {
		perPixel *= 2
	}
	return perPixel * int64(h.width) * int64(h.height)
}

func (p *pngParser) readPalette(c *pngChunk) error {
	if p.stage != pngHead {
		return p.fail(c, ErrCorrupt, "second one, or after the picture")
	}
	n := len(c.body) / 3
	if len(c.body)%3 != 0 || n == 0 || n > 256 {
		return p.fail(c, ErrCorrupt, "length %d", len(c.body))
	}
	p.stage = pngPalette
	if p.header.colour != 3 {
		// In the other colour types it is a suggestion for screens of the past.
		p.pic.found.add("PLTE", len(c.whole), 0)
		return nil
	}
	if n > 1<<p.header.depth {
		return p.fail(c, ErrCorrupt, "%d colours at %d bits per pixel", n, p.header.depth)
	}
	p.palette, p.entries = n, c.body
	p.middle.add(c.whole)
	return nil
}

func (p *pngParser) readData(c *pngChunk) error {
	if p.header.colour == 3 && p.palette == 0 {
		return p.fail(c, ErrCorrupt, "no PLTE before it")
	}
	if p.stage == pngAfter {
		// Decoders stop at the first chunk of another type.
		p.pic.found.add("IDAT after the picture", len(c.whole), 0)
		return nil
	}
	if p.stage < pngData {
		p.firstData = c.at
	}
	p.stage = pngData
	p.coded.add(c.body)
	p.picture.chunks = append(p.picture.chunks, c)
	p.anim.order = append(p.anim.order, c)
	p.still.add(p.data, c)
	p.moving.add(p.data, c)
	if !c.sound {
		p.stage, p.damaged, p.badCRC = pngAfter, true, true
		p.anim.broken = true
		if p.pos < len(p.data) {
			p.pic.mend(wrongCRC)
		}
	}
	return nil
}

// finish puts the chunks in the order of §5.6.
func (p *pngParser) finish(x extras) {
	pic := p.pic
	x.settle(pic)
	pic.width, pic.height = p.header.width, p.header.height
	pic.channels = 3
	if p.header.colour == 0 || p.header.colour == 4 {
		pic.channels = 1
	}
	pic.alpha = p.header.colour >= 4 || p.seen["tRNS"]
	pic.memory = p.header.memory()
	if p.meta.orientation != 0 {
		pic.orientation = p.meta.orientation
	}
	pic.colour = p.colour
	if x.colour != nil {
		pic.colour, pic.icc = x.colour, x.icc
	}
	out := &pic.out
	out.add([]byte(pngSignature), p.ihdr)
	if pic.orientation != 1 {
		out.add(newChunk("eXIf", orientationTIFF(pic.orientation)))
	}
	if x.packet != nil {
		out.add(newChunk("iTXt", []byte(pngXMPHead), x.packet))
	}
	if pic.c2pa != nil {
		out.add(newChunk("caBX", pic.c2pa))
	}
	out.add(pic.colour...)
	out.add(p.middle...)
	if p.anim.sound() {
		out.add(p.anim.control)
		out.add(p.moving.rope...)
	} else {
		p.anim.report(&pic.found)
		out.add(p.still.rope...)
	}
	out.add(newChunk("IEND"))
}

// pngXMPHead is the head of the iTXt chunk that holds XMP: keyword, not
// compressed, no language, no translated keyword (XMP part 3, §1.1.5).
const pngXMPHead = "XML:com.adobe.xmp\x00\x00\x00\x00\x00"

// newChunk frames parts as one chunk.
func newChunk(typ string, parts ...[]byte) []byte {
	n := 0
	for _, s := range parts {
		n += len(s)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, n+12), uint32(n))
	b = append(b, typ...)
	for _, s := range parts {
		b = append(b, s...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
