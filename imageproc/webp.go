package imageproc

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// WebP after RFC 9649: a RIFF file of chunks, each a four-letter type, a length
// (32 bits, little endian), data, and a byte of padding where the length is odd.
// A file is simple, that is one VP8 or VP8L chunk, or extended, and then its
// first chunk is VP8X.

// Flags of VP8X, RFC 9649 §2.7.
const (
	webpICC       = 0x20
	webpAlpha     = 0x10
	webpEXIF      = 0x08
	webpXMP       = 0x04
	webpAnimation = 0x02
)

// webpParser takes a WebP file apart and writes it anew, in the one order of
// RFC 9649 §2.7. Coded pictures go over as slices of the input.
type webpParser struct {
	data   []byte
	lim    Limits
	pic    *picture
	scan   *scanBudget
	chunks int // read so far, those inside frames included
	x      extras

	extended      bool
	flags         byte // of the input's VP8X
	width, height int64

	exifSeen bool
	anim     []byte     // ANIM
	still    *webpFrame // the picture of a file without animation
	frames   int
	pixels   rope // what follows VP8X, ICCP and ANIM
	alpha    bool // some frame may be transparent
}

// riffChunk is one chunk: its framing and data, without the padding.
type riffChunk struct {
	at    int
	typ   string
	whole []byte
	body  []byte
}

func (c *riffChunk) part() string { return fmt.Sprintf("chunk %q", c.typ) }

func (p *webpParser) fail(c *riffChunk, sentinel error, format string, args ...any) error {
	return &FormatError{
		Format: WebP, Part: c.part(), Offset: int64(c.at), Reason: fmt.Sprintf(format, args...), Err: sentinel,
	}
}

func parseWebP(data []byte, lim Limits, x extras) (*picture, error) {
	p := &webpParser{
		data: data, lim: lim,
		pic: &picture{format: WebP, orientation: 1, keeps: x.keep.Provenance, channels: 3},
		x:   x,
	}
	if x.work == nil {
		work := followWork(len(data))
		p.x.work = &work
	}
	p.scan = newScanBudget(&p.pic.texts)
	size := uint64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size > uint64(len(data)) {
		return nil, &FormatError{
			Format: WebP, Part: "RIFF", Reason: fmt.Sprintf("length %d exceeds input: the file is truncated", size-8), Err: ErrCorrupt,
		}
	}
	if err := p.each(12, int(max(size, 12)), p.chunk); err != nil {
		return nil, err
	}
	if err := p.complete(int(size)); err != nil {
		return nil, err
	}
	if tail := data[size:]; len(tail) > 0 {
		p.pic.texts.trailer(tail)
		p.pic.found.add("bytes after RIFF", len(tail), trailerClasses(tail))
	}
	return p.pic, p.finish()
}

// each reads the chunks between two offsets. Fewer bytes than a chunk needs are
// dropped, as readers skip them.
func (p *webpParser) each(at, end int, do func(*riffChunk) error) error {
	for end-at >= 8 {
		c := &riffChunk{at: at, typ: string(p.data[at : at+4])}
		if p.chunks++; p.chunks > p.lim.MaxSegments {
			return p.fail(c, ErrTooLarge, "more than %d chunks", p.lim.MaxSegments)
		}
		length := binary.LittleEndian.Uint32(p.data[at+4:])
		if uint64(length) > uint64(end-at-8) {
			return p.fail(c, ErrCorrupt, "length %d exceeds what is left", length)
		}
		next := at + 8 + int(length)
		c.whole, c.body = p.data[at:next], p.data[at+8:next]
		if err := do(c); err != nil {
			return err
		}
		if length%2 == 1 && next < end {
			if p.data[next] != 0 {
				p.pic.found.add("padding", 1, 0)
			}
			next++
		}
		at = next
	}
	if at < end {
		p.pic.texts.blob(p.data[at:end])
		p.pic.found.add("bytes between chunks", end-at, 0)
	}
	return nil
}

// chunk sorts a chunk of the file.
func (p *webpParser) chunk(c *riffChunk) error {
	if p.chunks == 1 {
		return p.first(c)
	}
	switch {
	case c.typ == "EXIF":
		p.readExif(c)
	case c.typ == "ICCP" && p.flags&webpICC != 0 && p.pic.icc == nil:
		p.readProfile(c)
	case c.typ == "ANIM" && p.flags&webpAnimation != 0 && p.anim == nil && len(c.body) == 6:
		p.anim = c.whole
	case c.typ == "ANMF" && p.flags&webpAnimation != 0:
		return p.readFrame(c)
	case isPicture(c.typ) && p.flags&webpAnimation == 0 && !p.still.done:
		return p.still.take(p, c)
	default:
		p.drop("", c)
	}
	return nil
}

func isPicture(typ string) bool { return typ == "ALPH" || typ == "VP8 " || typ == "VP8L" }

// first reads the chunk that says what kind of file it is.
func (p *webpParser) first(c *riffChunk) error {
	switch c.typ {
	case "VP8 ", "VP8L":
		p.still = &webpFrame{}
		return p.still.take(p, c)
	case "VP8X":
	default:
		return p.fail(c, ErrCorrupt, "stands where VP8, VP8L or VP8X has to")
	}
	b := c.body
	if len(b) != 10 {
		return p.fail(c, ErrCorrupt, "length %d", len(b))
	}
	p.extended, p.flags = true, b[0]
	p.width, p.height = 1+uint24(b[4:]), 1+uint24(b[7:])
	p.still = &webpFrame{width: p.width, height: p.height}
	return checkSize(WebP, c.part(), c.at, p.width, p.height, p.lim)
}

func uint24(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }

// readProfile keeps a colour profile, cut to its size.
func (p *webpParser) readProfile(c *riffChunk) {
	p.pic.icc = cleanICC(c.body, p.pic)
	switch used := len(checkICC(c.body)); {
	case p.pic.icc == nil:
		p.pic.found.add("ICCP", len(c.whole), 0)
	case used < len(c.body):
		p.pic.found.add("bytes after ICC profile", len(c.body)-used, 0)
	}
}

// readFrame reads ANMF: a header of 16 bytes, then the chunks of one picture.
func (p *webpParser) readFrame(c *riffChunk) error {
	if p.anim == nil {
		return p.fail(c, ErrCorrupt, "no ANIM before it")
	}
	if len(c.body) < 16 {
		return p.fail(c, ErrCorrupt, "length %d", len(c.body))
	}
	h := c.body[:16]
	f := &webpFrame{width: 1 + uint24(h[6:]), height: 1 + uint24(h[9:]), inside: "ANMF "}
	if 2*uint24(h)+f.width > p.width || 2*uint24(h[3:])+f.height > p.height {
		return p.fail(c, ErrCorrupt, "the frame reaches beyond the canvas")
	}
	end := c.at + len(c.whole)
	err := p.each(c.at+24, end, func(sub *riffChunk) error {
		if isPicture(sub.typ) && !f.done {
			return f.take(p, sub)
		}
		p.drop(f.inside, sub)
		return nil
	})
	if err != nil {
		return err
	}
	if !f.done {
		return p.fail(c, ErrCorrupt, "no picture in it")
	}
	if p.frames++; p.frames == 1 {
		p.pic.lossy = f.lossy
		p.pic.alpha = f.alpha || f.width < p.width || f.height < p.height
		p.pic.memory = f.memory + 4*p.width*p.height
	}
	p.alpha = p.alpha || f.alpha
	head := binary.LittleEndian.AppendUint32(append(make([]byte, 0, 24), "ANMF"...), uint32(16+f.out.size()))
	head = append(head, h...)
	head[23] &= 3 // reserved bits, then blending and disposal
	p.pixels.add(head)
	p.pixels.add(f.out...)
	return nil
}

// complete checks that there was a picture.
func (p *webpParser) complete(end int) error {
	if p.flags&webpAnimation == 0 && p.still != nil && p.still.done {
		p.width, p.height = p.still.width, p.still.height
		p.alpha, p.pixels = p.still.alpha, p.still.out
		p.pic.lossy, p.pic.alpha, p.pic.memory = p.still.lossy, p.still.alpha, p.still.memory
	} else if p.frames == 0 {
		return &FormatError{Format: WebP, Part: "end", Offset: int64(end), Reason: "no picture before it", Err: ErrCorrupt}
	}
	p.pic.width, p.pic.height = int(p.width), int(p.height)
	return nil
}

// finish puts the output together. VP8X is written where something needs it.
func (p *webpParser) finish() error {
	pic, x := p.pic, p.x
	x.settle(pic)
	var flags byte
	var head, tail rope
	if pic.icc != nil {
		flags |= webpICC
		head.add(newRIFFChunk("ICCP", pic.icc)...)
	}
	if p.frames > 0 {
		flags |= webpAnimation
		head.add(p.anim)
	}
	if pic.orientation != 1 {
		flags |= webpEXIF
		tail.add(newRIFFChunk("EXIF", orientationTIFF(pic.orientation))...)
	}
	if x.packet != nil {
		flags |= webpXMP
		tail.add(newRIFFChunk("XMP ", x.packet)...)
	}
	if pic.c2pa != nil {
		tail.add(newRIFFChunk("C2PA", pic.c2pa)...)
	}
	// Some decoders go by the flag of alpha and others by the chunks, so it stays
	// what it was.
	pic.flagged = p.alpha
	if p.extended {
		pic.flagged = p.flags&webpAlpha != 0
	}
	split := p.frames == 0 && p.alpha && pic.lossy // ALPH and VP8
	differs := pic.flagged != p.alpha
	if pic.flagged && (flags != 0 || split || differs || pic.c2pa != nil) {
		flags |= webpAlpha
	}
	if flags != 0 || split || differs || pic.c2pa != nil {
		canvas := make([]byte, 10)
		canvas[0] = flags
		binary.LittleEndian.PutUint32(canvas[4:], uint32(p.width-1)) // the fourth byte is overwritten
		binary.LittleEndian.PutUint16(canvas[7:], uint16(p.height-1))
		canvas[9] = byte((p.height - 1) >> 16)
		head = append(newRIFFChunk("VP8X", canvas), head...)
	}
	size := 4 + head.size() + p.pixels.size() + tail.size()
	if size > 1<<32-10 {
		return &FormatError{Format: WebP, Reason: "larger than the format allows", Err: ErrTooLarge}
	}
	start := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size))
	pic.out = make(rope, 0, 1+len(head)+len(p.pixels)+len(tail))
	pic.out.add(append(start, "WEBP"...))
	pic.out.add(head...)
	pic.out.add(p.pixels...)
	pic.out.add(tail...)
	return nil
}

var zeroByte = []byte{0}

// newRIFFChunk frames body as a chunk, without copying it.
func newRIFFChunk(typ string, body []byte) rope {
	r := rope{binary.LittleEndian.AppendUint32([]byte(typ), uint32(len(body))), body}
	if len(body)%2 == 1 {
		r.add(zeroByte)
	}
	return r
}

// readExif reads an EXIF chunk: a TIFF block, before which some writers put the
// signature of the JPEG segment. Players turn a picture by the first chunk, and
// only if VP8X announces it.
func (p *webpParser) readExif(c *riffChunk) {
	tiff := c.body
	if bytes.HasPrefix(tiff, []byte(exifSignature)) && len(tiff) >= 6 {
		tiff = tiff[6:]
	}
	turns := !p.exifSeen && p.flags&webpEXIF != 0
	classes, fields, orientation := p.scan.exif(tiff, turns)
	if turns {
		p.exifSeen = true
		if orientation != 0 {
			p.pic.orientation = orientation
		}
		if orientation > 1 && bytes.Equal(c.body, orientationTIFF(orientation)) {
			return // what this package itself writes
		}
	}
	p.pic.found.add("EXIF", len(c.whole), classes, fields...)
}
