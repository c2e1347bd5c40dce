package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

// A tiffPlant hides a payload somewhere in a file whose first page is in strips.
type tiffPlant struct {
	name    string
	apply   func(c *craftedTIFF, secret []byte)
	carrier string // "" where it lies among what nobody reports
	classes []imageproc.Class
	changes bool // the output is not that of the file without the plant
}

func planted(tags ...func(secret []byte) craftedTag) func(c *craftedTIFF, secret []byte) {
	return func(c *craftedTIFF, secret []byte) {
		for _, tag := range tags {
			c.pages[0] = c.pages[0].with(tag(secret))
		}
	}
}

func asText(tag uint16) func([]byte) craftedTag {
	return func(s []byte) craftedTag { return craftedTag{tag: tag, typ: 2, bytes: append(bytes.Clone(s), 0)} }
}

func asBytes(tag, typ uint16, before string) func([]byte) craftedTag {
	return func(s []byte) craftedTag { return bytesTag(tag, typ, append([]byte(before), s...)) }
}

// lies puts a directory below the first page.
func lies(tag uint16, p func(secret []byte) craftedPage) func(c *craftedTIFF, secret []byte) {
	return func(c *craftedTIFF, secret []byte) {
		c.pages[0].below = map[uint16][]craftedPage{tag: {p(secret)}}
	}
}

func tagsOnly(tags ...func([]byte) craftedTag) func([]byte) craftedPage {
	return func(s []byte) craftedPage {
		p := craftedPage{}
		for _, tag := range tags {
			p.tags = append(p.tags, tag(s))
		}
		return p
	}
}

// thumbPage is a small picture made of the secret.
func thumbPage(secret []byte) craftedPage {
	p := rgbPage(32).with(tagOf(254, 4, 1), tagOf(256, 3, 10), tagOf(257, 3, 10))
	p.strips = [][]byte{bytes.Repeat(secret, 300/len(secret)+1)[:300]}
	return p
}

func behind(code uint64, end []byte, coder func([]byte) []byte) func(c *craftedTIFF, secret []byte) {
	return func(c *craftedTIFF, secret []byte) {
		c.pages[0] = c.pages[0].coded(code, func(b []byte) []byte { return slices.Concat(coder(b), end, secret) })
	}
}

func same(b []byte) []byte { return bytes.Clone(b) }

var tiffPlants = []tiffPlant{
	{"description", planted(asText(270)), "IFD tags", C{text}, false},
	{"document name", planted(asText(269)), "IFD tags", C{text}, false},
	{"maker", planted(asText(271)), "IFD tags", C{dev}, false},
	{"model", planted(asText(272)), "IFD tags", C{dev}, false},
	{"page name", planted(asText(285)), "IFD tags", C{text}, false},
	{"software", planted(asText(305)), "IFD tags", C{soft}, false},
	{"date", planted(asText(306)), "IFD tags", C{when}, false},
	{"artist", planted(asText(315)), "IFD tags", C{person}, false},
	{"host", planted(asText(316)), "IFD tags", C{dev, soft}, false},
	{"names of inks", planted(asText(333)), "IFD tags", C{text}, false},
	{"copyright", planted(asText(33432)), "IFD tags", C{person}, false},
	{"GeoTIFF", planted(asText(34737)), "IFD tags", C{text, loc}, false},
	{"GDAL", planted(asText(42112)), "IFD tags", C{text}, false},
	{"title of Windows", planted(asBytes(0x9C9B, 1, "")), "IFD tags", C{text, person}, false},
	{"private tag", planted(asBytes(65123, 7, "")), "IFD tags", C{other}, false},
	{"text for a number", planted(asText(284)), "IFD tags", C{other}, false},
	{"values too many", planted(func(s []byte) craftedTag { return bytesTag(258, 1, append([]byte{8, 8, 8}, s...)) }), "", nil, false},
	{"colour map without use", planted(asBytes(320, 3, "")), "", nil, false},
	{"XMP", planted(asBytes(700, 1, "<x photoshop:City='a' dc:creator='b'>")), "XMP", C{loc, person}, false},
	{"IPTC", planted(asBytes(33723, 7, "\x1C\x02\x5A\x00\x04City\x1C\x02\x78\x00\x40")), "IPTC", C{text, loc}, false},
	{"Photoshop", planted(asBytes(34377, 1, "8BIM\x04\x0C\x00\x00\x00\x00\x00\x08")), "Photoshop", C{soft, thumb}, false},
	{"layers of Photoshop", planted(asBytes(37724, 7, "Adobe Photoshop Document Data Block\x00")), "Photoshop layers", C{soft, thumb}, false},
	{"profile that is none", planted(asBytes(34675, 7, "")), "ICC profile", C{other}, false},
	{"bytes behind a profile", planted(func(s []byte) craftedTag {
		return bytesTag(34675, 7, append(testICC("RGB ", nil), s...))
	}), "bytes after ICC profile", C{other}, true},
	{"Exif", lies(0x8769, tagsOnly(asText(0x9003), asText(0xA431), asBytes(0x927C, 7, ""))), "Exif IFD", C{dev, when}, false},
	{"GPS", lies(0x8825, tagsOnly(asText(2))), "GPS IFD", C{loc}, false},
	{"interoperability", lies(0xA005, tagsOnly(asText(1))), "Interoperability IFD", C{other}, false},
	{"small copy below", lies(330, thumbPage), "SubIFDs", C{thumb}, false},
	{"text below", lies(330, func(s []byte) craftedPage { return thumbPage([]byte("picture")).with(asText(270)(s)) }), "IFD tags", C{text}, false},
	{"small copy behind", func(c *craftedTIFF, s []byte) { c.pages = append(c.pages, thumbPage(s)) }, "reduced picture", C{thumb}, false},
	{"thumbnail of Exif", func(c *craftedTIFF, s []byte) {
		p := craftedPage{tags: []craftedTag{tagOf(513, 4, 8), tagOf(514, 4, 20), asText(270)(s)}}
		c.pages = append(c.pages, p)
	}, "reduced picture", C{thumb}, false},
	{"text on a second page", func(c *craftedTIFF, s []byte) { c.pages = append(c.pages, rgbPage(32).with(asText(315)(s))) }, "IFD tags", C{person}, false},
	{"between parts", func(c *craftedTIFF, s []byte) { c.gap = s }, "bytes no directory refers to", C{other}, false},
	{"behind all", func(c *craftedTIFF, s []byte) { c.tail = s }, "bytes no directory refers to", C{other}, false},
	{"behind pixels", behind(1, nil, same), "bytes after the pixels", C{other}, false},
	{"behind runs", behind(32773, nil, packBits), "bytes after the pixels", C{other}, true},
	{"behind codes", behind(5, nil, tiffLZW), "bytes after the pixels", C{other}, true},
	{"behind LZMA", behind(34925, nil, xzStored), "bytes after the pixels", C{other}, true},
	{"behind Zstandard", behind(50000, nil, zstdStored), "bytes after the pixels", C{other}, true},
	{"in a frame of Zstandard that is skipped", behind(50000, []byte{0x5F, 0x2A, 0x4D, 0x18, 9, 0, 0, 0}, zstdStored), "bytes after the pixels", C{other}, true},
	{"before Zstandard", func(c *craftedTIFF, s []byte) {
		skipped := binary.LittleEndian.AppendUint32([]byte{0x5F, 0x2A, 0x4D, 0x18}, uint32(len(s)))
		c.pages[0] = c.pages[0].coded(50000, func(b []byte) []byte { return slices.Concat(skipped, s, zstdStored(b)) })
	}, "bytes before the pixels", C{other}, true},
	{"behind codes without an end", behind(5, nil, func(b []byte) []byte { return tiffLZWOpen(b) }), "bytes after the pixels", C{other}, true},
}

// zstdStored makes a frame of Zstandard with one block, which is not compressed.
func zstdStored(b []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte{0x28, 0xB5, 0x2F, 0xFD, 0x80, 0x50}, uint32(len(b)))
	head := len(b)<<3 | 1
	return append(append(out, byte(head), byte(head>>8), byte(head>>16)), b...)
}

// xzStored makes an .xz stream with one block of chunks that are not compressed.
func xzStored(b []byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	padded := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	number := func(v int) []byte { return binary.AppendUvarint(nil, uint64(v)) }
	block := []byte{2, 0, 0x21, 1, 22, 0, 0, 0}
	block = append(block, sum(block)...)
	control := byte(1)
	for part := range slices.Chunk(b, 1<<16) {
		block = append(append(block, control, byte((len(part)-1)>>8), byte(len(part)-1)), part...)
		control = 2
	}
	block = append(block, 0)
	index := padded(slices.Concat([]byte{0, 1}, number(len(block)), number(len(b))))
	footer := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4)), 0, 0)
	return slices.Concat([]byte("\xFD7zXZ\x00\x00\x00"), sum([]byte{0, 0}), padded(block), index, sum(index), sum(footer), footer, []byte("YZ"))
}

// tiffLZWOpen leaves out the code that says the end; what stands there is a code
// that means nothing.
func tiffLZWOpen(b []byte) []byte {
	var out bytes.Buffer
	w := newTIFFLZW(&out)
	for _, c := range b {
		w.byte(c)
	}
	w.code(w.prefix)
	if w.filled > 0 {
		out.WriteByte(byte(w.bits << (8 - w.filled)))
	}
	return out.Bytes()
}

// jpegInTIFF hides the payload in streams and tables.
var jpegInTIFF = []tiffPlant{
	{"comment in a stream", inStreams(func(b, s []byte) []byte { return withSegments(b, segment(0xFE, s)) }), "JPEG in TIFF: COM", C{text}, false},
	{"Exif in a stream", inStreams(func(b, s []byte) []byte { return withSegments(b, exifSegment(gpsBlock(s))) }), "JPEG in TIFF: APP1 Exif", C{loc}, false},
	{"profile in a stream", inStreams(func(b, s []byte) []byte { return withSegments(b, iccChunks(testICC("RGB ", s), 1, false)...) }), "JPEG in TIFF: APP2 ICC_PROFILE", C{other}, false},
	{"table without use in a stream", inStreams(func(b, s []byte) []byte { return withSegments(b, dqt(3, s)) }), "", nil, false},
	{"behind a stream", inStreams(func(b, s []byte) []byte { return slices.Concat(b, s) }), "JPEG in TIFF: bytes after EOI", C{other}, false},
	{"comment among tables", inTables(func(b, s []byte) []byte { return withSegments(b, segment(0xFE, s)) }), "JPEG in TIFF: COM", C{text}, false},
	{"table without use", inTables(func(b, s []byte) []byte { return withSegments(b, dqt(3, s)) }), "", nil, false},
	{"Huffman table without use", inTables(func(b, s []byte) []byte {
		symbols := distinct(s)
		counts := make([]byte, 16)
		counts[15] = byte(len(symbols))
		return withSegments(b, segment(0xC4, []byte{0x13}, counts, symbols))
	}), "", nil, false},
	{"behind tables", inTables(func(b, s []byte) []byte { return slices.Concat(b, s) }), "", nil, false},
}

func inStreams(hide func(stream, secret []byte) []byte) func(c *craftedTIFF, secret []byte) {
	return func(c *craftedTIFF, secret []byte) {
		c.pages[0] = c.pages[0].coded(7, func(b []byte) []byte { return hide(b, secret) })
	}
}

func inTables(hide func(tables, secret []byte) []byte) func(c *craftedTIFF, secret []byte) {
	return func(c *craftedTIFF, secret []byte) {
		for _, t := range c.pages[0].tags {
			if t.tag == 347 {
				c.pages[0] = c.pages[0].with(bytesTag(347, 7, hide(t.bytes, secret)))
			}
		}
	}
}

func TestTIFFSecretsGo(t *testing.T) {
	for name, kind := range map[string]struct {
		page   craftedPage
		plants []tiffPlant
	}{"plain": {rgbPage(11), tiffPlants}, "jpeg": {jpegPage(t), jpegInTIFF}} {
		for order, o := range map[string]craftedOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			for _, big := range []bool{false, true} {
				fresh := func() *craftedTIFF { return &craftedTIFF{order: o, big: big, pages: []craftedPage{kind.page}} }
				clean, _ := strip(t, fresh().build())
				for _, p := range kind.plants {
					for encoding, secret := range secrets() {
						c := fresh()
						p.apply(c, secret)
						in := c.build()
						if !survives(in, secret) && p.name != "Huffman table without use" {
							t.Fatalf("%s: %s is not planted", p.name, encoding)
						}
						out, report := strip(t, in)
						if survives(out, secret) {
							t.Errorf("%s %s: %s is still there", name, p.name, encoding)
						}
						checkSettled(t, out)
						checkFinding(t, report, plant{name: p.name, carrier: p.carrier, classes: p.classes})
						if !p.changes && len(c.pages) == 1 && !bytes.Equal(out, clean) {
							t.Errorf("%s %s %s: the output is not that of the file without it", order, name, p.name)
						}
						unknown := strings.Contains(p.name, "LZMA") || strings.Contains(p.name, "Zstandard")
						if name == "plain" && !unknown && p.name != "behind codes without an end" { // which the decoder insists on
							if img, err := imageproc.Decode(bytes.NewReader(out), nil); err != nil || !samePixels(img, corner()) {
								t.Errorf("%s: the picture changed: %v", p.name, err)
							}
						}
					}
				}
			}
		}
	}
}

// Any plants on any structure: the secret goes, and the file settles.
func TestTIFFProperties(t *testing.T) {
	kinds := tiffKinds(t)
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.SliceOfN(rapid.ByteRange(33, 126), 20, 60).Draw(rt, "secret")
		model := kinds[rapid.SampledFrom(names).Draw(rt, "kind")]
		c := &craftedTIFF{order: model.order, big: model.big, pages: slices.Clone(model.pages)}
		for range rapid.IntRange(1, 4).Draw(rt, "plants") {
			p := tiffPlants[rapid.IntRange(0, len(tiffPlants)-9).Draw(rt, "plant")] // not those that change the coding
			p.apply(c, secret)
		}
		in := c.build()
		var out, again bytes.Buffer
		if _, err := imageproc.Strip(&out, bytes.NewReader(in), nil); err != nil {
			rt.Fatal(err)
		}
		if survives(out.Bytes(), secret) {
			rt.Fatal("the secret survives")
		}
		if r, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), nil); err != nil || len(r.Removed) > 0 || !bytes.Equal(again.Bytes(), out.Bytes()) {
			rt.Fatalf("a second strip: %v, %+v", err, r)
		}
	})
}

// FuzzStripTIFF holds whatever input against what Strip promises for every one.
func FuzzStripTIFF(f *testing.F) { fuzzSeeds(f, tiffSeeds(f), checkTIFF) }

func tiffSeeds(tb testing.TB) (seeds [][]byte) {
	for _, c := range tiffKinds(tb) {
		seeds = append(seeds, c.build())
	}
	for i, p := range append(slices.Clone(tiffPlants), jpegInTIFF...) {
		c := &craftedTIFF{order: binary.BigEndian, big: i%3 == 1, pages: []craftedPage{tinyPage(1)}}
		if i >= len(tiffPlants) {
			c.pages[0] = jpegPage(tb)
		}
		p.apply(c, []byte("some secret text here"))
		seeds = append(seeds, c.build())
	}
	return seeds
}

func checkTIFF(t *testing.T, in []byte) {
	if imageproc.Sniff(in) == imageproc.TIFF {
		checkFuzzed(t, in)
	}
}

// A text that a directory points to may lie inside what another entry calls pixels:
// no strip can part the two, so there is no output.
func TestTIFFTextAmongPixels(t *testing.T) {
	secret := "Fährmann Ottokar, Haus 7"
	for name, inside := range map[string]bool{"elsewhere": false, "among the pixels": true} {
		p := rgbPage(32).with(textOf(270, secret))
		p.strips = [][]byte{bytes.Clone(p.strips[0])}
		copy(p.strips[0][100:], secret+"\x00")
		if !inside {
			clear(p.strips[0][100:200])
		}
		in := (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()
		entry := bytes.Index(in, []byte{0x0E, 1, 2, 0})
		if inside {
			binary.LittleEndian.PutUint32(in[entry+8:], uint32(bytes.Index(in, p.strips[0])+100))
		}
		var out bytes.Buffer
		_, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
		if inside != errors.Is(err, imageproc.ErrCorrupt) || inside != (out.Len() == 0) || bytes.Contains(out.Bytes(), []byte(secret)) {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
}
