package imageproc

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// A scanBudget bounds the work that naming takes over a whole file: a hostile
// one can hold thousands of blocks. What is beyond it is dropped all the same,
// and reported as Other. The values that are come across on the way go into
// texts.
type scanBudget struct {
	bytes int // of text still to be searched
	tags  int // entries and directories of Exif still to be read
	flate int // compressed texts still to be opened
	texts *texts

	tagRoom   []ifdTag // memory for the tags and the names of a block
	nameRoom  []string
	queueRoom []ifdRef
}

// maxInflatedText bounds what one compressed text may grow to.
const maxInflatedText = 256 << 10

func newScanBudget(t *texts) *scanBudget {
	b := fullBudget
	b.texts = t
	return &b
}

var fullBudget = scanBudget{bytes: 2 << 20, tags: 2 * maxIFDEntries, flate: 16}

func (b *scanBudget) take(data []byte) []byte {
	data = data[:min(len(data), b.bytes)]
	b.bytes -= len(data)
	return data
}

// xmp reads a packet in UTF-8 or, of its beginning as much as there is room for, UTF-16.
func (b *scanBudget) xmp(packet []byte) classSet {
	packet = b.take(packet)
	switch start := packet[:min(len(packet), 2)]; string(start) {
	case "\xFE\xFF", "\x00<":
		packet = b.texts.fromUTF16(packet, binary.BigEndian)
	case "\xFF\xFE", "<\x00":
		packet = b.texts.fromUTF16(packet, binary.LittleEndian)
	}
	b.texts.xmp(packet)
	b.texts.claim(claimXMP, packet)
	return xmpClasses(packet)
}

func (b *scanBudget) iptc(data []byte) classSet { return iptcClasses(b.take(data), b.texts) }
func (b *scanBudget) irb(data []byte) classSet  { return irbClasses(b.take(data), b) }

// exif reads a block; fields are valid until the next one. turns says that its orientation counts: one block of a
// file is read for that whatever the others have used up.
func (b *scanBudget) exif(tiff []byte, turns bool) (classes classSet, fields []string, orientation int) {
	if b.tags < 0 && !turns {
		return 0, nil, 0
	}
	facts := readExif(b.tagRoom[:0], b.queueRoom[:0], tiff, b.texts)
	if b.tags -= facts.read; b.tags >= 0 {
		classes, fields = describeExif(b.nameRoom, facts)
	}
	return classes, fields, facts.orientation
}

// describe names the fields of directories that were read elsewhere.
func (b *scanBudget) describe(facts exifFacts) (classSet, []string) {
	if b.tags -= len(facts.tags); b.tags < 0 {
		return 0, nil
	}
	return describeExif(b.nameRoom, facts)
}

// inflate opens a zlib stream as far as the bound goes; nil if it is none.
func (b *scanBudget) inflate(packed []byte) []byte {
	if b.flate--; b.flate < 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, maxInflatedText))
	if err != nil && len(text) == 0 {
		return nil
	}
	return text
}
