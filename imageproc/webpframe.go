package imageproc

import (
	"encoding/binary"
	"strings"
)

// webpFrame collects the coded picture of a still or of one frame: VP8, VP8L, or
// ALPH and VP8.
type webpFrame struct {
	width, height int64 // as announced; 0 in a simple file, until the picture tells
	inside        string
	out           rope
	split         bool // ALPH was read
	done          bool // VP8 or VP8L was read
	alpha, lossy  bool
	memory        int64 // bytes that decoding takes
}

func (f *webpFrame) take(p *webpParser, c *riffChunk) error {
	switch c.typ {
	case "ALPH":
		return f.takeAlpha(p, c)
	case "VP8 ":
		return f.takeLossy(p, c)
	}
	return f.takeLossless(p, c)
}

// takeAlpha reads ALPH, RFC 9649 §2.7.1.2: two reserved bits, two each for
// pre-processing, filter and compression, then the alpha of each pixel.
func (f *webpFrame) takeAlpha(p *webpParser, c *riffChunk) error {
	if f.split {
		return p.fail(c, ErrCorrupt, "second one")
	}
	if len(c.body) < 2 || c.body[0]&3 > 1 || c.body[0]>>4&3 > 1 {
		return p.fail(c, ErrCorrupt, "header is not valid")
	}
	f.split, f.alpha = true, true
	body := c.body[1:]
	if c.body[0]&3 == 0 { // not compressed
		want := f.width * f.height
		if int64(len(body)) < want {
			return p.fail(c, ErrCorrupt, "fewer bytes than pixels")
		}
		if over := int64(len(body)) - want; over > 0 {
			p.pic.found.add("bytes after alpha", int(over), 0)
			body = body[:want]
		}
	} else {
		used, err := p.cutLossless(c, 1, f.width, f.height)
		if err != nil {
			return err
		}
		body = used[1:]
	}
	head := binary.LittleEndian.AppendUint32(append(make([]byte, 0, 9), "ALPH"...), uint32(1+len(body)))
	f.out.add(append(head, c.body[0]&0x3F), body)
	if len(body)%2 == 0 {
		f.out.add(zeroByte)
	}
	f.memory = f.width*f.height + losslessMemory(f.width, f.height, len(body))
	return nil
}

// takeLossy reads the frame header of VP8, RFC 6386 §9.1. It has to be a key
// frame that is shown.
func (f *webpFrame) takeLossy(p *webpParser, c *riffChunk) error {
	b := c.body
	if len(b) < 10 || b[0]&1 != 0 || b[0]>>1&7 > 3 || b[0]&0x10 == 0 || string(b[3:6]) != "\x9D\x01\x2A" {
		return p.fail(c, ErrCorrupt, "header is not valid")
	}
	if first := uint24(b) >> 5; first > int64(len(b)-10) {
		return p.fail(c, ErrCorrupt, "first partition of %d bytes exceeds it", first)
	}
	width, height := int64(binary.LittleEndian.Uint16(b[6:])&0x3FFF), int64(binary.LittleEndian.Uint16(b[8:])&0x3FFF)
	f.lossy = true
	f.memory += 2 * (width + 15) * (height + 15) // planes, and what belongs to each block
	if err := f.finish(p, c, width, height); err != nil {
		return err
	}
	body, err := p.cutLossy(c)
	f.add(c, body)
	return err
}

// takeLossless reads the header of VP8L, RFC 9649 §3.4.
func (f *webpFrame) takeLossless(p *webpParser, c *riffChunk) error {
	b := c.body
	if f.split {
		return p.fail(c, ErrCorrupt, "after ALPH")
	}
	if len(b) < 5 || b[0] != 0x2F || b[4]>>5 != 0 {
		return p.fail(c, ErrCorrupt, "header is not valid")
	}
	bits := int64(binary.LittleEndian.Uint32(b[1:]))
	width, height := 1+bits&0x3FFF, 1+bits>>14&0x3FFF
	f.alpha = bits>>28&1 == 1
	f.memory += losslessMemory(width, height, len(b))
	if err := f.finish(p, c, width, height); err != nil {
		return err
	}
	body, err := p.cutLossless(c, 5, width, height)
	f.add(c, body)
	return err
}

// losslessMemory is what the decoder of VP8L takes: the pixels twice, where a
// palette is undone, and as many tables as the data can describe, 2,600 groups
// at most.
func losslessMemory(width, height int64, coded int) int64 {
	return 8*width*height + min(128<<20, 128*int64(coded))
}

func (f *webpFrame) finish(p *webpParser, c *riffChunk, width, height int64) error {
	if width == 0 || height == 0 {
		return p.fail(c, ErrCorrupt, "size is not valid")
	}
	if f.width == 0 {
		f.width, f.height = width, height
	}
	if width != f.width || height != f.height {
		return p.fail(c, ErrCorrupt, "size is not the one announced")
	}
	f.done = true
	return checkSize(WebP, c.part(), c.at, width, height, p.lim)
}

// add puts the picture into the output, as it is where nothing of it was cut.
func (f *webpFrame) add(c *riffChunk, body []byte) {
	if len(body) < len(c.body) || &body[0] != &c.body[0] {
		f.out.add(newRIFFChunk(c.typ, body)...)
		return
	}
	f.out.add(c.whole)
	if len(body)%2 == 1 {
		f.out.add(zeroByte)
	}
}

// riffText maps the chunks of RIFF's INFO lists, which some writers put into
// WebP files as they are, to what they hold.
var riffText = map[string]classSet{
	"IARL": setOf(Other), "IART": setOf(Person), "ICMS": setOf(Person), "ICMT": setOf(Comment), "ICOP": setOf(Person),
	"ICRD": setOf(Time), "IENG": setOf(Person), "IGNR": setOf(Comment), "IKEY": setOf(Comment), "IMED": setOf(Other),
	"INAM": setOf(Comment), "IPRD": setOf(Comment), "ISBJ": setOf(Comment), "ISFT": setOf(Software), "ISRC": setOf(Person),
	"ISRF": setOf(Other), "ITCH": setOf(Person), "IDIT": setOf(Time), "ISMP": setOf(Time), "ITRK": setOf(Other),
}

// drop reports a chunk that does not go over.
func (p *webpParser) drop(inside string, c *riffChunk) {
	size := len(c.whole)
	carrier := inside + c.part()
	var classes classSet
	switch {
	case c.typ == "XMP " || c.typ == "XMP\x00":
		carrier, classes = inside+"XMP", p.scan.xmp(c.body)
	case c.typ == "EXIF":
		carrier = inside + "EXIF"
		classes, _, _ = p.scan.exif(c.body, false)
	case c.typ == "C2PA" || c.typ == "JUMB":
		p.scan.texts.claim(claimCredentials, c.body)
		carrier, classes = inside+c.typ, credentialClasses(c.body)
		if inside == "" {
			p.pic.credentials(p.scan.texts, c.typ, size, c.body)
		} else {
			p.scan.texts.blob(c.body)
		}
	case c.typ == "LIST":
		p.scan.texts.blob(c.body)
		carrier, classes = inside+"LIST", listClasses(c.body)
	case riffText[c.typ] != 0:
		p.scan.texts.add(c.body)
		if c.typ == "IART" {
			p.scan.texts.claim(claimCreator, c.body)
		} else if c.typ == "ICOP" {
			p.scan.texts.claim(claimRights, c.body)
		}
		carrier, classes = inside+c.typ, riffText[c.typ]
	case isPicture(c.typ):
		carrier, classes = inside+strings.TrimRight(c.typ, " ")+" beside the picture", setOf(Thumbnail)
	case c.typ == "ICCP" || c.typ == "ANIM" || c.typ == "ANMF" || c.typ == "VP8X":
		carrier = inside + c.typ
	case !isFourLetters(c.typ):
		p.scan.texts.blob(c.body)
		carrier = inside + "chunk of no name"
	default:
		p.scan.texts.blob(c.body)
	}
	p.pic.found.add(carrier, size, classes)
}

func isFourLetters(typ string) bool {
	for _, c := range []byte(typ) {
		if !isNameByte(c) && c != ' ' {
			return false
		}
	}
	return true
}

// listClasses reads the types in a LIST chunk: four letters that name the list,
// then chunks.
func listClasses(b []byte) classSet {
	var s classSet
	for b = b[min(4, len(b)):]; len(b) >= 8; {
		s |= riffText[string(b[:4])]
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		n += 8 + n&1
		if n > int64(len(b)) {
			break
		}
		b = b[n:]
	}
	return s
}
