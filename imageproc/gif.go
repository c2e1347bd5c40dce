package imageproc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// GIF after the specification of 1990, "GIF89a": a header, a logical screen
// descriptor, then blocks. What is longer than a few bytes lies in data
// sub-blocks, each a length of 1 to 255 and as many bytes, ended by a zero.

const (
	gifImage     = 0x2C
	gifExtension = 0x21
	gifTrailer   = 0x3B

	gifPlainText   = 0x01
	gifControl     = 0xF9
	gifComment     = 0xFE
	gifApplication = 0xFF
)

// gifParser takes a GIF file apart and writes it anew: colour tables and coded
// pixels go over as slices of the input, the rest is written afresh.
type gifParser struct {
	data    []byte
	pos     int
	lim     Limits
	scrub   bool // a picture with too few pixels is broken, too
	pic     *picture
	scan    *scanBudget
	blocks  int
	screen  []byte // the header, the logical screen descriptor, the global colour table
	global  bool
	control []byte // a graphic control extension for the next image
	loop    []byte // the last application extension that tells how often to play
	frames  int
	// coloured is how many of the frames have the colours of the screen.
	coloured int
	pixels   rope
	before   int  // slices of pixels before the picture being read
	over     int  // end of what was read of a broken picture
	mended   int  // pixels of broken pictures
	lost     bool // the file breaks off, or where a block has to begin there is none
}

func (p *gifParser) fail(part string, at int, sentinel error, format string, args ...any) error {
	return &FormatError{Format: GIF, Part: part, Offset: int64(at), Reason: fmt.Sprintf(format, args...), Err: sentinel}
}

func parseGIF(data []byte, lim Limits, x extras) (*picture, error) {
	p := &gifParser{
		data: data, lim: lim, scrub: x.scrub,
		pic: &picture{format: GIF, orientation: 1, keeps: x.keep.Provenance, channels: 3},
	}
	p.scan = newScanBudget(&p.pic.texts)
	if err := p.readScreen(); err != nil {
		return nil, err
	}
	for {
		start := p.pos
		done, err := p.block()
		if err != nil && p.frames > 0 && p.lost {
			p.cutShort(start)
			break
		}
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
	}
	p.finish(x)
	return p.pic, nil
}

// cutShort ends a file at the block at start, which breaks off or is none: what came
// before it goes over, as players show it.
func (p *gifParser) cutShort(start int) {
	p.pic.mend(cutShort)
	p.dropControl()
	if rest := p.data[min(max(start, p.over), len(p.data)):]; len(rest) > 0 {
		p.pic.texts.trailer(rest)
		p.pic.found.add("bytes after the last frame", len(rest), trailerClasses(rest))
	}
}

// need checks that n bytes are left.
func (p *gifParser) need(part string, n int) error {
	if len(p.data)-p.pos < n {
		p.lost = true
		return p.fail(part, p.pos, ErrCorrupt, "the file is truncated")
	}
	return nil
}

// tableSize is the length of the colour table that a descriptor's flags announce.
func tableSize(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (1 + flags&7)
}

func (p *gifParser) readScreen() error {
	const part = "logical screen"
	if err := p.need(part, 13); err != nil {
		return err
	}
	b := p.data
	p.pic.width, p.pic.height = int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	if err := checkSize(GIF, part, 6, int64(p.pic.width), int64(p.pic.height), p.lim); err != nil {
		return err
	}
	p.pos = 13 + tableSize(b[10])
	p.global = b[10]&0x80 != 0
	if p.pos > len(b) {
		return p.fail(part, 6, ErrCorrupt, "the colour table is truncated")
	}
	p.screen = b[:p.pos]
	return nil
}

// block reads the next block; done is true behind the trailer.
func (p *gifParser) block() (done bool, err error) {
	at := p.pos
	if err := p.need("end", 1); err != nil {
		return false, err
	}
	if p.blocks++; p.blocks > p.lim.MaxSegments {
		return false, p.fail("block", at, ErrTooLarge, "more than %d blocks", p.lim.MaxSegments)
	}
	p.pos++
	switch p.data[at] {
	case gifImage:
		return false, p.readImage(at)
	case gifExtension:
		return false, p.readExtension(at)
	case gifTrailer:
		return true, p.end(at)
	case 0:
		// An empty sub-block too many, which browsers skip.
		p.pic.found.add("bytes between blocks", 1, 0)
		return false, nil
	}
	p.lost = true
	return false, p.fail("block", at, ErrCorrupt, "no block begins with %#02x", p.data[at])
}

func (p *gifParser) end(at int) error {
	if p.frames == 0 {
		return p.fail("trailer", at, ErrCorrupt, "no picture before it")
	}
	p.dropControl()
	if tail := p.data[p.pos:]; len(tail) > 0 {
		p.pic.texts.trailer(tail)
		p.pic.found.add("bytes after the trailer", len(tail), trailerClasses(tail))
	}
	return nil
}

// subBlocks goes over data sub-blocks to behind the zero that ends them.
func (p *gifParser) subBlocks(part string, at int, do func(block []byte)) error {
	for {
		if err := p.need(part, 1); err != nil {
			return err
		}
		n := int(p.data[p.pos])
		if p.pos++; n == 0 {
			return nil
		}
		if len(p.data)-p.pos < n {
			p.lost = true
			return p.fail(part, at, ErrCorrupt, "a sub-block of %d bytes exceeds input", n)
		}
		do(p.data[p.pos : p.pos+n])
		p.pos += n
	}
}

// readImage reads an image descriptor, its colour table and its data.
func (p *gifParser) readImage(at int) error {
	const part = "image"
	if err := p.need(part, 9); err != nil {
		return err
	}
	d := p.data[p.pos : p.pos+9]
	left, top := int(binary.LittleEndian.Uint16(d)), int(binary.LittleEndian.Uint16(d[2:]))
	width, height := int(binary.LittleEndian.Uint16(d[4:])), int(binary.LittleEndian.Uint16(d[6:]))
	if width == 0 || height == 0 {
		return p.skipImage(at, tableSize(d[8]))
	}
	if p.frames == 0 {
		// Browsers widen a screen that is too small for its first picture.
		p.pic.width, p.pic.height = max(p.pic.width, left+width), max(p.pic.height, top+height)
		if err := checkSize(GIF, part, at, int64(p.pic.width), int64(p.pic.height), p.lim); err != nil {
			return err
		}
		p.pic.memory = 2*int64(width)*int64(height) + 4*int64(p.pic.width)*int64(p.pic.height)
		p.pic.alpha = p.control != nil && p.control[3]&1 == 1 || width < p.pic.width || height < p.pic.height
	}
	if err := checkSize(GIF, part, at, int64(width), int64(height), p.lim); err != nil {
		return err
	}
	table := tableSize(d[8])
	if err := p.need(part, 9+table+1); err != nil {
		return err
	}
	p.before = len(p.pixels)
	control := p.control
	p.pixels.add(control)
	p.control = nil
	head := append(append(make([]byte, 0, 10), gifImage), d...)
	head[9] &^= 0x18 // reserved
	colours := p.data[p.pos+9 : p.pos+9+table]
	p.pos += 9 + table
	p.pixels.add(head, colours)
	p.frames++
	f := &gifFrame{control: control, head: head, colours: colours, local: table > 0, size: p.data[p.pos]}
	if !f.local {
		f.colours = p.screen[13:]
	}
	if len(f.colours) == 0 {
		// Players take black and white.
		f.colours, f.local = make([]byte, 3<<min(max(f.size, 1), 8)), true
		copy(f.colours[3:], "\xFF\xFF\xFF")
		return p.breakFrame(at, f)
	}
	if !f.local {
		p.coloured++
	}
	return p.readPixels(at, f, width*height)
}

// breakFrame has the picture at hand coded anew, from those of its sub-blocks that are
// whole. It returns an error if the file breaks off inside them.
func (p *gifParser) breakFrame(at int, f *gifFrame) error {
	p.pixels = p.pixels[:p.before]
	p.pos++
	global := !f.local
	cut := p.subBlocks("image", at, func(b []byte) { f.codes = append(f.codes, b...) })
	if p.over = p.pos; cut == nil {
		p.pic.mend(brokenFrame)
	}
	if p.frames > 1 && !validCodes(f.size) {
		p.frames-- // nothing of it can be shown, nor does it count as a picture
		if global {
			p.coloured--
		}
		p.pic.found.add("picture without pixels", p.pos-at, 0)
		return cut
	}
	if err := p.mendFrame(at, f); err != nil {
		p.lost = false
		return err
	}
	if global && f.local {
		p.coloured--
	}
	return cut
}

// skipImage goes over a picture without a size, which nobody can show.
func (p *gifParser) skipImage(at, table int) error {
	p.pic.mend(brokenFrame)
	if err := p.need("image", 9+table+1); err != nil {
		return err
	}
	p.pos += 9 + table + 1
	p.dropControl()
	err := p.subBlocks("image", at, p.pic.texts.blob)
	p.pic.found.add("picture without a size", p.pos-at, 0)
	return err
}

// readPixels reads the code size and the coded pixels, which end where the codes
// do: what follows them in the sub-blocks is dropped.
func (p *gifParser) readPixels(at int, f *gifFrame, pixels int) error {
	start, first := p.pos, p.pos+1
	walk, err := newLZWWalk(f.size, pixels)
	if err != nil {
		return p.breakFrame(at, f)
	}
	p.pos = first
	err = p.subBlocks("image", at, walk.take)
	if err != nil || walk.err != nil || p.scrub && walk.pixels > 0 {
		p.pos = start
		return p.breakFrame(at, f)
	}
	left, _ := walk.used()
	block := first
	for n := int(p.data[block]); n < left; n = int(p.data[block]) {
		block, left = block+1+n, left-n
	}
	p.pixels.add(p.data[start:block])
	if left > 0 {
		tail := walk.finish(append(make([]byte, 0, left+2), p.data[block+1:block+1+left]...))
		for part := range slices.Chunk(tail, 255) {
			p.pixels.add([]byte{byte(len(part))}, part)
		}
		block += 1 + left
	}
	if dropped := p.pos - 1 - block; dropped > 0 {
		p.pic.found.add("bytes after the pixels", dropped, 0)
	}
	p.pixels.add(zeroByte)
	return nil
}

// finish puts the output together.
func (p *gifParser) finish(x extras) {
	x.settle(p.pic)
	screen := bytes.Clone(p.screen[:13])
	if x.packet != nil || p.pic.icc != nil || p.pic.c2pa != nil {
		screen[4] = '9' // extensions are of GIF89a
	}
	if !p.global {
		screen[11] = 0 // an index into no table
	}
	out := &p.pic.out
	out.add(screen, p.colours(), p.loop)
	if p.pic.icc != nil {
		gifCutUp(out, "ICCRGBG1012", p.pic.icc)
	}
	if x.packet != nil {
		out.add([]byte(gifXMPHead), x.packet, gifXMPTail())
	}
	if p.pic.c2pa != nil {
		gifCutUp(out, "C2PA_GIF\x01\x00\x00", p.pic.c2pa)
	}
	out.add(p.pixels...)
	out.add([]byte{gifTrailer})
}

// colours is the colour table of the screen. Where each picture has one of its own,
// nothing shows it but for the background: the others become black.
func (p *gifParser) colours() []byte {
	table := p.screen[13:]
	if p.coloured > 0 || len(table) == 0 {
		return table
	}
	plain := make([]byte, len(table))
	if at := 3 * int(p.screen[11]); at < len(table) {
		copy(plain[at:at+3], table[at:])
	}
	if bytes.Equal(plain, table) {
		return table
	}
	p.pic.found.add("colour table without use", len(table), 0)
	return plain
}

// gifCutUp writes an application extension, its data cut into sub-blocks.
func gifCutUp(out *rope, name string, data []byte) {
	out.add([]byte("\x21\xFF\x0B" + name))
	for len(data) > 0 {
		n := min(len(data), 255)
		out.add([]byte{byte(n)}, data[:n])
		data = data[n:]
	}
	out.add(zeroByte)
}

// gifXMPHead begins the extension that holds XMP, whose packet is not cut into
// sub-blocks: readers that do not know it land in the tail, wherever a byte of
// text sends them, and from there at its end (XMP part 3, §1.1.2).
const gifXMPHead = "\x21\xFF\x0BXMP DataXMP"

func gifXMPTail() []byte {
	b := []byte{1}
	for v := 0xFF; v >= 0; v-- {
		b = append(b, byte(v))
	}
	return append(b, 0)
}
