package imageproc_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/jpeg"
	"slices"
	"testing"

	"golang.org/x/image/tiff/lzw"
)

// craftedTIFF is a TIFF file under construction, by the letter of TIFF 6.0.
type craftedTIFF struct {
	order craftedOrder
	big   bool
	pages []craftedPage
	gap   []byte // before each directory
	tail  []byte
}

type craftedOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// craftedPage is a directory: its tags, its strips, the directories that a tag
// of it points to.
type craftedPage struct {
	tags   []craftedTag
	strips [][]byte
	tiled  bool
	below  map[uint16][]craftedPage // by tag: SubIFDs, Exif, GPS
}

// craftedTag holds whole numbers, or bytes for types of one byte and fractions.
type craftedTag struct {
	tag, typ uint16
	numbers  []uint64
	bytes    []byte
}

func tagOf(tag, typ uint16, numbers ...uint64) craftedTag { return craftedTag{tag, typ, numbers, nil} }

func bytesTag(tag, typ uint16, b []byte) craftedTag { return craftedTag{tag: tag, typ: typ, bytes: b} }

// with returns the page with tags put in the place of those of their number.
func (p craftedPage) with(tags ...craftedTag) craftedPage {
	p.tags = slices.Clone(p.tags)
	for _, t := range tags {
		p.tags = slices.DeleteFunc(p.tags, func(o craftedTag) bool { return o.tag == t.tag })
		p.tags = append(p.tags, t)
	}
	return p
}

func (p craftedPage) without(tags ...uint16) craftedPage {
	p.tags = slices.DeleteFunc(slices.Clone(p.tags), func(o craftedTag) bool { return slices.Contains(tags, o.tag) })
	return p
}

var tagWidths = map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 9: 4, 11: 4, 12: 8, 13: 4, 16: 8}

func (c *craftedTIFF) offset(b []byte, v uint64) []byte {
	if c.big {
		return c.order.AppendUint64(b, v)
	}
	return c.order.AppendUint32(b, uint32(v))
}

func (c *craftedTIFF) value(t craftedTag) (count int, b []byte) {
	if t.numbers == nil {
		return len(t.bytes) / tagWidths[t.typ], t.bytes
	}
	for _, v := range t.numbers {
		switch tagWidths[t.typ] {
		case 1:
			b = append(b, byte(v))
		case 2:
			b = c.order.AppendUint16(b, uint16(v))
		case 4:
			b = c.order.AppendUint32(b, uint32(v))
		case 8:
			b = c.order.AppendUint64(b, v)
		}
	}
	return len(t.numbers), b
}

// build writes strips, values and what lies below a page before its directory, so
// that the file is nothing like an output.
func (c *craftedTIFF) build() []byte {
	mark := []byte("II")
	if c.order.Uint16([]byte{0, 1}) == 1 {
		mark = []byte("MM")
	}
	out := c.order.AppendUint16(mark, 42)
	first := 4
	if c.big {
		out = c.order.AppendUint16(mark, 43)
		out = c.order.AppendUint16(c.order.AppendUint16(out, 8), 0)
		first = 8
	}
	out = c.offset(out, 0)
	out = c.chain(out, first, c.pages)
	return append(out, c.tail...)
}

// chain writes pages, and their places where they have to be: at link, and behind
// one another.
func (c *craftedTIFF) chain(out []byte, link int, pages []craftedPage) []byte {
	for _, p := range pages {
		var at int
		out, at = c.directory(append(out, c.gap...), p)
		copy(out[link:], c.offset(nil, uint64(at)))
		link = len(out) - len(c.offset(nil, 0))
	}
	return out
}

func (c *craftedTIFF) directory(out []byte, p craftedPage) ([]byte, int) {
	tags := slices.Clone(p.tags)
	var offsets, counts []uint64
	for _, s := range p.strips {
		offsets, counts = append(offsets, uint64(len(out))), append(counts, uint64(len(s)))
		out = append(out, s...)
	}
	place := [2]uint16{273, 279}
	if p.tiled {
		place = [2]uint16{324, 325}
	}
	for i, numbers := range [][]uint64{offsets, counts} {
		if p.strips != nil && !slices.ContainsFunc(tags, func(t craftedTag) bool { return t.tag == place[i] }) {
			tags = append(tags, tagOf(place[i], 4, numbers...))
		}
	}
	for tag, below := range p.below {
		var at []uint64
		for _, q := range below {
			var place int
			out, place = c.directory(out, q)
			at = append(at, uint64(place))
		}
		tags = append(tags, tagOf(tag, 4, at...))
	}
	slices.SortStableFunc(tags, func(a, b craftedTag) int { return cmp.Compare(a.tag, b.tag) })
	room := len(c.offset(nil, 0))
	var dir []byte
	if c.big {
		dir = c.order.AppendUint64(dir, uint64(len(tags)))
	} else {
		dir = c.order.AppendUint16(dir, uint16(len(tags)))
	}
	for _, t := range tags {
		count, value := c.value(t)
		dir = c.order.AppendUint16(c.order.AppendUint16(dir, t.tag), t.typ)
		dir = c.offset(dir, uint64(count))
		if len(value) <= room {
			dir = append(append(dir, value...), make([]byte, room-len(value))...)
			continue
		}
		dir = c.offset(dir, uint64(len(out)))
		out = append(out, value...)
	}
	at := len(out)
	return c.offset(append(out, dir...), 0), at
}

// rgbPage is the picture of corner, 8 bits a sample, not compressed, in strips of
// the rows given.
func rgbPage(rows int) craftedPage {
	img := corner()
	p := craftedPage{tags: []craftedTag{
		tagOf(256, 3, 48), tagOf(257, 3, 32), tagOf(258, 3, 8, 8, 8), tagOf(259, 3, 1), tagOf(262, 3, 2), tagOf(277, 3, 3), tagOf(278, 3, uint64(rows)),
	}}
	for y := 0; y < 32; y += rows {
		p.strips = append(p.strips, rgbBytes(img, image.Rect(0, y, 48, min(32, y+rows))))
	}
	return p
}

// greyPage is a page of zeros with one sample of so many bits a pixel.
func greyPage(width, height, bits int) craftedPage {
	return craftedPage{
		tags: []craftedTag{
			tagOf(256, 4, uint64(width)), tagOf(257, 4, uint64(height)), tagOf(258, 3, uint64(bits)), tagOf(259, 3, 1), tagOf(262, 3, 1),
			tagOf(277, 3, 1), tagOf(278, 4, uint64(height)),
		},
		strips: [][]byte{make([]byte, (width*bits+7)/8*height)},
	}
}

// listed is the file with a tag of so many values, the first of them where the file
// begins.
func (c *craftedTIFF) listed(tag uint16, count uint32) []byte {
	in := c.build()
	entry := bytes.Index(in, c.order.AppendUint16(c.order.AppendUint16(nil, tag), 3))
	copy(in[entry+4:], c.order.AppendUint32(c.order.AppendUint32(nil, count), 8))
	return in
}

// rgbBytes are the samples of a part of a picture.
func rgbBytes(img *image.NRGBA, r image.Rectangle) []byte {
	var b []byte
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := img.NRGBAAt(x, y)
			b = append(b, c.R, c.G, c.B)
		}
	}
	return b
}

// tiledPage is the same in tiles of 16 × 16.
func tiledPage() craftedPage {
	img := corner()
	p := rgbPage(32).without(278).with(tagOf(322, 3, 16), tagOf(323, 3, 16))
	p.strips, p.tiled = nil, true
	for y := 0; y < 32; y += 16 {
		for x := 0; x < 48; x += 16 {
			p.strips = append(p.strips, rgbBytes(img, image.Rect(x, y, x+16, y+16)))
		}
	}
	return p
}

// coded applies a compression to the strips of a page.
func (p craftedPage) coded(compression uint64, code func([]byte) []byte) craftedPage {
	p = p.with(tagOf(259, 3, compression))
	p.strips = slices.Clone(p.strips)
	for i, s := range p.strips {
		p.strips[i] = code(s)
	}
	return p
}

// packBits codes runs and literals, with a code that means nothing before each.
func packBits(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := 1
		for n < len(b) && n < 128 && b[n] == b[0] {
			n++
		}
		out = append(out, 0x80)
		if n > 1 {
			out = append(out, byte(257-n), b[0])
		} else {
			out = append(out, 0, b[0])
		}
		b = b[n:]
	}
	return out
}

func tiffLZW(b []byte) []byte {
	var out bytes.Buffer
	w := newTIFFLZW(&out)
	for _, c := range b {
		w.byte(c)
	}
	w.close()
	return out.Bytes()
}

// tiffLZWWriter codes each byte by itself until the table is nearly full: what
// matters here is how wide codes are.
type tiffLZWWriter struct {
	out          *bytes.Buffer
	bits         uint64
	filled, wide uint
	count        int
	prefix       int // code of the string so far, or -1
	table        map[[2]int]int
}

func newTIFFLZW(out *bytes.Buffer) *tiffLZWWriter {
	w := &tiffLZWWriter{out: out, wide: 9, prefix: -1, table: map[[2]int]int{}, count: 258}
	w.code(256)
	return w
}

func (w *tiffLZWWriter) code(c int) {
	w.bits = w.bits<<w.wide | uint64(c)
	for w.filled += w.wide; w.filled >= 8; w.filled -= 8 {
		w.out.WriteByte(byte(w.bits >> (w.filled - 8)))
	}
}

func (w *tiffLZWWriter) byte(b byte) {
	if w.prefix < 0 {
		w.prefix = int(b)
		return
	}
	if c, known := w.table[[2]int{w.prefix, int(b)}]; known {
		w.prefix = c
		return
	}
	w.code(w.prefix)
	w.table[[2]int{w.prefix, int(b)}] = w.count
	w.prefix = int(b)
	switch w.count++; w.count {
	case 512, 1024, 2048:
		w.wide++
	case 4094:
		w.code(256)
		w.wide, w.count, w.table = 9, 258, map[[2]int]int{}
	}
}

func (w *tiffLZWWriter) close() {
	w.code(w.prefix)
	if w.count++; w.count == 512 || w.count == 1024 || w.count == 2048 {
		w.wide++
	}
	w.code(257)
	if w.filled > 0 {
		w.out.WriteByte(byte(w.bits << (8 - w.filled)))
	}
}

func TestCraftedLZW(t *testing.T) {
	b := make([]byte, 90_000)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	r := lzw.NewReader(bytes.NewReader(tiffLZW(b)), lzw.MSB, 8)
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil || !bytes.Equal(got.Bytes(), b) {
		t.Fatalf("the writer of the tests is wrong: %v", err)
	}
}

// jpegPage is corner as JPEG in two strips, whose tables stand in JPEGTables.
func jpegPage(tb testing.TB) craftedPage {
	p := rgbPage(16).with(tagOf(259, 3, 7), tagOf(262, 3, 6), tagOf(530, 3, 2, 2))
	for i := range p.strips {
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, corner().SubImage(image.Rect(0, 16*i, 48, 16*i+16)), &jpeg.Options{Quality: 95}); err != nil {
			tb.Fatal(err)
		}
		tables, rest := splitTables(buf.Bytes())
		p.strips[i] = rest
		p = p.with(bytesTag(347, 7, tables))
	}
	return p
}

// splitTables moves the tables of a JPEG file into a stream of their own.
func splitTables(b []byte) (tables, rest []byte) {
	tables, rest = []byte{0xFF, 0xD8}, []byte{0xFF, 0xD8}
	for at := 2; ; {
		n := 2 + int(b[at+2])<<8 + int(b[at+3])
		switch b[at+1] {
		case 0xDB, 0xC4:
			tables = append(tables, b[at:at+n]...)
		case 0xDA:
			return append(tables, 0xFF, 0xD9), append(rest, b[at:]...)
		default:
			rest = append(rest, b[at:at+n]...)
		}
		at += n
	}
}

// tiffKinds are files of every structure: byte order, size of offsets, strips and
// tiles, compression, pages.
func tiffKinds(tb testing.TB) map[string]*craftedTIFF {
	kinds := map[string]*craftedTIFF{}
	for order, o := range map[string]craftedOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
		for name, p := range map[string]craftedPage{
			"strip": rgbPage(32), "strips": rgbPage(7), "tiles": tiledPage(), "packbits": rgbPage(9).coded(32773, packBits),
			"lzw": rgbPage(32).coded(5, tiffLZW), "deflate": rgbPage(8).coded(8, deflate), "jpeg": jpegPage(tb),
		} {
			kinds[order+" "+name] = &craftedTIFF{order: o, pages: []craftedPage{p}}
			kinds[order+" big "+name] = &craftedTIFF{order: o, big: true, pages: []craftedPage{p}}
		}
		kinds[order+" pages"] = &craftedTIFF{order: o, pages: []craftedPage{rgbPage(32), tiledPage(), rgbPage(5).coded(8, deflate)}}
	}
	return kinds
}
