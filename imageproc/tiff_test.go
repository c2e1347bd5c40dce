package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/tiff"

	"github.com/fitveil/fitveil/imageproc"
)

// Every structure goes over, settles, and shows the same picture.
func TestTIFFStructures(t *testing.T) {
	for name, c := range tiffKinds(t) {
		in := c.build()
		out, report := strip(t, in)
		checkSettled(t, out)
		if report.Format != imageproc.TIFF || len(report.Removed) > 0 {
			t.Errorf("%s: %+v", name, report)
		}
		if strings.Contains(name, "jpeg") {
			if _, err := imageproc.Decode(bytes.NewReader(in), nil); !errors.Is(err, imageproc.ErrUnsupported) || errors.Is(err, imageproc.ErrNeedsDecoder) {
				t.Errorf("%s: decoding it: %v", name, err)
			}
			continue
		}
		img, err := imageproc.Decode(bytes.NewReader(in), nil)
		if err != nil || !samePixels(img, corner()) {
			t.Errorf("%s: the picture changed: %v", name, err)
		}
		if got, err := tiff.Decode(bytes.NewReader(out)); err != nil || !samePixels(asNRGBA(got), corner()) {
			t.Errorf("%s: the output shows another picture: %v", name, err)
		}
	}
}

func asNRGBA(src image.Image) *image.NRGBA {
	dst := image.NewNRGBA(src.Bounds())
	draw.Draw(dst, dst.Rect, src, src.Bounds().Min, draw.Src)
	return dst
}

// Each page keeps its pixels, turning and profile, and what pages share is there
// once.
func TestTIFFPages(t *testing.T) {
	profile, other := testICC("RGB ", []byte("one")), testICC("RGB ", []byte("another"))
	shared := bytesTag(34675, 7, profile)
	c := &craftedTIFF{order: binary.BigEndian, pages: []craftedPage{
		rgbPage(32).with(shared, tagOf(274, 3, 6)), rgbPage(32).with(shared), rgbPage(32).with(bytesTag(34675, 7, other), tagOf(274, 3, 3)), rgbPage(32),
	}}
	out, report := strip(t, c.build())
	if report.Orientation != 6 || bytes.Count(out, profile) != 1 || bytes.Count(out, other) != 1 {
		t.Errorf("%+v, with %d and %d profiles", report, bytes.Count(out, profile), bytes.Count(out, other))
	}
	pages := readTIFF(t, out)
	var turned, profiles []uint32
	for _, p := range pages {
		turned, profiles = append(turned, p[274]), append(profiles, p[34675])
	}
	if !slices.Equal(turned, []uint32{6, 0, 3, 0}) || len(profiles) != 4 || profiles[0] == 0 || profiles[0] != profiles[1] ||
		profiles[2] == 0 || profiles[2] == profiles[0] || profiles[3] != 0 {
		t.Errorf("turned %v, profiles at %v", turned, profiles)
	}
	if n := bytes.Count(out, rgbBytes(corner(), image.Rect(0, 0, 48, 32))); n != 4 {
		t.Errorf("%d pictures of 4", n)
	}
}

// readTIFF lists the first value, or its place, of every tag of a classic file.
func readTIFF(t *testing.T, b []byte) (pages []map[uint16]uint32) {
	t.Helper()
	var o binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		o = binary.BigEndian
	}
	for at := o.Uint32(b[4:]); at != 0; {
		n := int(o.Uint16(b[at:]))
		page := map[uint16]uint32{}
		for i := range n {
			e := b[int(at)+2+12*i:]
			page[o.Uint16(e)] = o.Uint32(e[8:])
			if o.Uint16(e[2:]) == 3 && o.Uint32(e[4:]) <= 2 {
				page[o.Uint16(e)] = uint32(o.Uint16(e[8:]))
			}
		}
		pages = append(pages, page)
		at = o.Uint32(b[int(at)+2+12*n:])
	}
	return pages
}

func TestTIFFOrientation(t *testing.T) {
	for o := range uint64(10) {
		c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{rgbPage(32).with(tagOf(274, 3, o))}}
		want := int(o)
		if o < 1 || o > 8 {
			want = 1
		}
		_, report := strip(t, c.build())
		clean := sanitize(t, c.build(), nil)
		img, err := clean.Image(nil)
		if err != nil || report.Orientation != want || img.Bounds() != clean.Bounds() || !samePixels(img, turn(corner(), want)) {
			t.Errorf("orientation %d: %d, %v, %v", o, report.Orientation, clean.Bounds(), err)
		}
	}
}

// turn shows a picture as its orientation says, by the table of the standard.
func turn(src *image.NRGBA, o int) image.Image {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			// Row 0 and column 0 of the file are at these sides.
			at := map[int]image.Point{
				1: {x, y}, 2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x},
			}[o]
			dst.SetNRGBA(at.X, at.Y, src.NRGBAAt(x, y))
		}
	}
	return dst
}

// The shape of a pixel stays, and a resolution that says no more goes.
func TestTIFFAspect(t *testing.T) {
	ratio := func(n, d uint64) []byte {
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(n)), uint32(d))
	}
	for name, row := range map[string]struct{ x, y, wantX, wantY []byte }{
		"fax":       {ratio(204, 1), ratio(98, 1), ratio(102, 1), ratio(49, 1)},
		"fractions": {ratio(20399, 100), ratio(9804, 100), ratio(20399, 1), ratio(9804, 1)},
		"square":    {ratio(300, 1), ratio(600, 2), nil, nil},
		"none":      {ratio(0, 1), ratio(300, 1), nil, nil},
		"endless":   {ratio(1, 0), ratio(300, 1), nil, nil},
	} {
		c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{rgbPage(32).with(bytesTag(282, 5, row.x), bytesTag(283, 5, row.y), tagOf(296, 3, 2))}}
		out, report := strip(t, c.build())
		page := readTIFF(t, out)[0]
		if len(report.Removed) > 0 {
			t.Errorf("%s: %+v", name, report)
		}
		if at, there := page[282]; there != (row.wantX != nil) || there && (!bytes.Equal(out[at:at+8], row.wantX) || !bytes.Equal(out[page[283]:page[283]+8], row.wantY) || page[296] != 1) {
			t.Errorf("%s: %v", name, page)
		}
		checkSettled(t, out)
	}
}

func TestTIFFRefusals(t *testing.T) {
	one := func(p craftedPage) *craftedTIFF {
		return &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}
	}
	small := rgbPage(32).with(tagOf(254, 4, 1), tagOf(256, 3, 24), tagOf(257, 3, 16))
	small.strips = [][]byte{make([]byte, 24*16*3)}
	small.below = map[uint16][]craftedPage{330: {rgbPage(32)}}
	below := rgbPage(32)
	below.below = map[uint16][]craftedPage{330: {rgbPage(32).with(tagOf(262, 3, 32803))}}
	overlap := rgbPage(4).coded(8, func(b []byte) []byte { return b })
	overlap = overlap.with(tagOf(273, 4, 8, 9, 10, 11, 12, 13, 14, 15), tagOf(279, 4, 900, 900, 900, 900, 900, 900, 900, 900))
	for name, row := range map[string]struct {
		in     []byte
		want   error
		reason string
	}{
		"DNG":                    {one(rgbPage(32).with(bytesTag(50706, 1, []byte{1, 4, 0, 0}))).build(), imageproc.ErrUnsupported, "DNG"},
		"sensor":                 {one(rgbPage(32).with(tagOf(262, 3, 32803))).build(), imageproc.ErrUnsupported, "raw"},
		"sensor below":           {one(below).build(), imageproc.ErrUnsupported, "raw"},
		"NEF":                    {one(rgbPage(32).with(tagOf(259, 3, 34713))).build(), imageproc.ErrUnsupported, "NEF"},
		"preview of a picture":   {one(small).build(), imageproc.ErrUnsupported, "preview"},
		"CR2":                    {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00\x00\x00"), imageproc.ErrUnsupported, "CR2"},
		"RW2":                    {[]byte("IIU\x00\x18\x00\x00\x00"), imageproc.ErrUnsupported, "RW2"},
		"ORF":                    {[]byte("IIRO\x08\x00\x00\x00"), imageproc.ErrUnsupported, "ORF"},
		"unknown compression":    {one(rgbPage(32).with(tagOf(259, 3, 34712))).build(), imageproc.ErrUnsupported, "compression"},
		"lossless JPEG":          {one(rgbPage(32).coded(7, func([]byte) []byte { return []byte("\xFF\xD8\xFF\xC3\x00\x02\xFF\xD9") })).build(), imageproc.ErrUnsupported, "lossless"},
		"JPEG of the old kind":   {one(rgbPage(32).with(tagOf(259, 3, 6))).build(), imageproc.ErrUnsupported, "old"},
		"header alone":           {[]byte("II*\x00"), imageproc.ErrCorrupt, "header"},
		"no directory":           {[]byte("II*\x00\xFF\x00\x00\x00"), imageproc.ErrCorrupt, "directory"},
		"directory in header":    {[]byte("II*\x00\x02\x00\x00\x00\x00\x00"), imageproc.ErrCorrupt, "directory"},
		"no size":                {one(rgbPage(32).without(256)).build(), imageproc.ErrCorrupt, "size"},
		"no strips":              {one(craftedPage{tags: rgbPage(32).tags}).build(), imageproc.ErrCorrupt, "no picture"},
		"too few strips":         {one(rgbPage(8).with(tagOf(273, 4, 8, 8))).build(), imageproc.ErrCorrupt, "fewer"},
		"strips without length":  {one(rgbPage(8).coded(8, deflate).with(tagOf(279, 3))).build(), imageproc.ErrCorrupt, "length"},
		"strip outside":          {one(rgbPage(8).with(tagOf(273, 4, 8, 8, 8, 1<<30))).build(), imageproc.ErrCorrupt, "exceed"},
		"strips that overlap":    {one(overlap).build(), imageproc.ErrCorrupt, "overlaps"},
		"cut short":              {one(rgbPage(8)).build()[:500], imageproc.ErrCorrupt, ""},
		"samples without end":    {one(rgbPage(32).with(tagOf(277, 4, 1<<20))).build(), imageproc.ErrCorrupt, "samples"},
		"pixels without end":     {one(rgbPage(32).with(tagOf(256, 4, 1<<20), tagOf(257, 4, 1<<20))).build(), imageproc.ErrTooLarge, "pixels"},
		"tiles without end":      {one(tiledPage().with(tagOf(322, 4, 1<<20), tagOf(323, 4, 1<<20))).build(), imageproc.ErrTooLarge, "pixels"},
		"strips without end":     {one(rgbPage(1).with(tagOf(257, 4, 1<<20), tagOf(256, 4, 1), tagOf(277, 3, 1000), tagOf(284, 3, 2))).build(), imageproc.ErrTooLarge, "strips"},
		"text as JPEG":           {one(jpegPage(t).coded(7, func([]byte) []byte { return []byte("a secret in place of a picture") })).build(), imageproc.ErrCorrupt, "SOI"},
		"JPEG wider":             {one(jpegOf(t, 56, 16, 2)).build(), imageproc.ErrCorrupt, "larger than its place"},
		"JPEG higher":            {one(jpegOf(t, 48, 24, 2)).build(), imageproc.ErrCorrupt, "larger than its place"},
		"JPEG higher, alone":     {one(jpegOf(t, 48, 33, 1)).build(), imageproc.ErrCorrupt, "larger than its place"},
		"text as WebP":           {one(rgbPage(32).coded(50001, func([]byte) []byte { return []byte("a secret in place of a picture") })).build(), imageproc.ErrCorrupt, "WebP"},
		"strip in the header":    {one(rgbPage(32).with(tagOf(273, 4, 4))).build(), imageproc.ErrCorrupt, "header"},
		"more bits than samples": {one(rgbPage(32).with(tagOf(277, 3, 1))).build(), imageproc.ErrCorrupt, "more bits"},
		"bits without samples":   {one(rgbPage(32).without(277)).build(), imageproc.ErrCorrupt, "more bits"},
		"map beyond palette":     {one(greyPage(8, 2, 1).with(tagOf(262, 3, 3), tagOf(320, 3, make([]uint64, 768)...))).build(), imageproc.ErrCorrupt, "colour map"},
		"codings without end":    {one(rgbPage(32).with(tagOf(259, 3, 1))).listed(259, 1<<20), imageproc.ErrCorrupt, "list"},
		"chroma of 3 columns":    {one(rgbPage(32).with(tagOf(262, 3, 6), tagOf(530, 3, 3, 1))).build(), imageproc.ErrCorrupt, "chroma"},
		"JPEG among the tables":  {one(jpegPage(t).with(bytesTag(347, 7, mustJPEG(t, corner())))).build(), imageproc.ErrCorrupt, "among"},
	} {
		var out bytes.Buffer
		_, err := imageproc.Strip(&out, bytes.NewReader(row.in), nil)
		var fe *imageproc.FormatError
		if !errors.Is(err, row.want) || !errors.As(err, &fe) || fe.Format != imageproc.TIFF || !strings.Contains(err.Error(), row.reason) || out.Len() > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What leads nowhere ends a file, and what leads back is not followed.
func TestTIFFLoops(t *testing.T) {
	c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{rgbPage(32), rgbPage(16)}}
	whole, _ := strip(t, c.build())
	for name, next := range map[string]func(in []byte) uint32{
		"back to the first": func(in []byte) uint32 { return binary.LittleEndian.Uint32(in[4:]) },
		"out of the file":   func(in []byte) uint32 { return 1 << 30 },
		"into the header":   func([]byte) uint32 { return 3 },
	} {
		in := c.build()
		binary.LittleEndian.PutUint32(in[len(in)-4:], next(in))
		if out, _ := strip(t, in); !bytes.Equal(out, whole) {
			t.Errorf("%s: the pages are not the same", name)
		}
	}
	// Directories that share their entries, each four bytes further on: they cost
	// what Limits say, not what their product is.
	in := append([]byte("II*\x00\x08\x00\x00\x00"), bytes.Repeat([]byte{0xFF, 0x7F, 0, 0}, 200_000)...)
	start := time.Now()
	if _, err := imageproc.Strip(io.Discard, bytes.NewReader(in), nil); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// Strips that share their bytes share them afterwards, so that a file does not
// grow.
func TestTIFFSharedStrips(t *testing.T) {
	p := rgbPage(4)
	p = p.with(tagOf(273, 4, 8, 8, 584, 8, 584, 584, 8, 8))
	c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}
	out, report := strip(t, c.build())
	checkSettled(t, out)
	if len(out) > 2*576+400 || len(report.Removed) != 1 || report.Removed[0].Carrier != "bytes no directory refers to" {
		t.Errorf("%d bytes, %+v", len(out), report.Removed)
	}
	want, _ := tiff.Decode(bytes.NewReader(c.build()))
	if got, err := tiff.Decode(bytes.NewReader(out)); err != nil || !samePixels(asNRGBA(got), asNRGBA(want)) {
		t.Errorf("the picture changed: %v", err)
	}
}

// The second walker stops whatever is not an output: a change of any byte that it
// lets pass is one that the first walker would write, too.
func TestTIFFWalkersAgree(t *testing.T) {
	one := rgbPage(16).with(tagOf(274, 3, 6), bytesTag(34675, 7, testICC("RGB ", nil)))
	for name, c := range map[string]*craftedTIFF{
		"pages": {order: binary.BigEndian, pages: []craftedPage{one, tinyPage(1), one}},
		"jpeg":  {order: binary.LittleEndian, pages: []craftedPage{jpegPage(t)}},
		"bits":  {order: binary.LittleEndian, pages: []craftedPage{tinyPage(32773)}},
	} {
		in := c.build()
		good, _ := strip(t, in)
		passed := 0
		for i := range good[:min(len(good), 900)] {
			for _, value := range []byte{0, 1, 2, 0x41, 0xFF, good[i] + 1, good[i] ^ 0x10} {
				bad := bytes.Clone(good)
				bad[i] = value
				if value == good[i] || imageproc.VerifyAgainst(in, bad) != nil {
					continue
				}
				passed++
				var out bytes.Buffer
				report, err := imageproc.Strip(&out, bytes.NewReader(bad), nil)
				if err == nil && len(report.Removed) == 1 && strings.HasSuffix(report.Removed[0].Carrier, "bytes after the pixels") {
					continue // a frame header that calls for less: the second walker follows no codes
				}
				if err == nil && (len(report.Removed) > 0 || !bytes.Equal(out.Bytes(), bad)) {
					t.Errorf("%s: byte %d set to %d passes the second walker, and the first finds %+v", name, i, value, report.Removed)
				}
			}
		}
		if passed == 0 {
			t.Errorf("%s: no change passes: pictures are made of bytes that may be any", name)
		}
		for what, bad := range map[string][]byte{
			"nothing": nil, "the input": in, "cut short": good[:len(good)-1], "a byte more": append(bytes.Clone(good), 0),
		} {
			if err := imageproc.VerifyAgainst(in, bad); !errors.Is(err, imageproc.ErrVerify) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

// tinyPage is grey, 4 × 2.
func tinyPage(compression uint64) craftedPage {
	p := craftedPage{tags: []craftedTag{
		tagOf(256, 3, 4), tagOf(257, 3, 2), tagOf(258, 3, 8), tagOf(259, 3, compression), tagOf(262, 3, 1), tagOf(277, 3, 1), tagOf(278, 3, 2),
	}, strips: [][]byte{[]byte("\x10\x20\x30\x40\x50\x60\x70\x80")}}
	if compression == 32773 {
		p.strips = [][]byte{packBits(p.strips[0])}
	}
	return p
}

// A mark is written on the first page, and turns up nowhere else.
func TestTIFFMark(t *testing.T) {
	c := &craftedTIFF{order: binary.BigEndian, pages: []craftedPage{rgbPage(32), rgbPage(32)}}
	clean := sanitize(t, c.build(), &imageproc.SanitizeOptions{Mark: testMark})
	if n := bytes.Count(clean.Bytes(), []byte(testMark.DigitalSourceType)); n != 1 {
		t.Errorf("%d marks", n)
	}
	pages := readTIFF(t, clean.Bytes())
	if pages[0][700] == 0 || pages[1][700] != 0 {
		t.Errorf("%v", pages)
	}
	if out, report := strip(t, clean.Bytes()); len(report.Removed) != 1 || report.Removed[0].Carrier != "XMP" || bytes.Contains(out, []byte(testMark.Tool)) {
		t.Errorf("%+v", report.Removed)
	}
}

// A smaller copy is PNG, upright, with the profile.
func TestTIFFReduced(t *testing.T) {
	c := &craftedTIFF{order: binary.LittleEndian, big: true, pages: []craftedPage{rgbPage(32).with(tagOf(274, 3, 6), bytesTag(34675, 7, testICC("RGB ", nil)))}}
	clean := sanitize(t, c.build(), &imageproc.SanitizeOptions{MaxSide: 24})
	if clean.Format() != imageproc.PNG || clean.Bounds() != image.Rect(0, 0, 16, 24) || !bytes.Contains(clean.Bytes(), []byte("iCCP")) {
		t.Error(clean)
	}
	if s := fmt.Sprint(clean.Report().Format, clean.Report().Orientation); s != "tiff 6" {
		t.Error(s)
	}
}

// Who made a picture goes over where that is asked for, on the first page.
func TestTIFFKeep(t *testing.T) {
	c := &craftedTIFF{order: binary.BigEndian, pages: []craftedPage{rgbPage(32).with(
		textOf(315, "Ottokar Fährmann"), textOf(33432, "(c) 2026 Ottokar"), textOf(272, "Camera 9"), bytesTag(700, 1, []byte(keptXMP)))}}
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(c.build()), &imageproc.StripOptions{Keep: imageproc.Keep{Copyright: true, SourceType: true}})
	if err != nil || !slices.Equal(report.Kept, []string{"creator", "rights", "source type"}) {
		t.Fatalf("%+v, %v", report, err)
	}
	if creator, _, source := said(t, out.Bytes()); creator != "Ottokar Fährmann" || source == "" || bytes.Contains(out.Bytes(), []byte("Camera 9")) {
		t.Errorf("%q, %q", creator, source)
	}
	if pages := readTIFF(t, out.Bytes()); pages[0][700] == 0 || pages[0][315] != 0 {
		t.Errorf("%v", pages)
	}
}

func textOf(tag uint16, s string) craftedTag { return asText(tag)([]byte(s)) }

// jpegOf is a grey page of 48 pixels across whose strips of 16 rows are JPEGs of
// another size. The picture ends six rows before the last one does.
func jpegOf(tb testing.TB, width, height, strips int) craftedPage {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		tb.Fatal(err)
	}
	p := craftedPage{tags: []craftedTag{
		tagOf(256, 3, 48), tagOf(257, 3, uint64(16*strips-6)), tagOf(258, 3, 8), tagOf(259, 3, 7), tagOf(262, 3, 1), tagOf(277, 3, 1), tagOf(278, 3, 16),
	}}
	for range strips {
		p.strips = append(p.strips, buf.Bytes())
	}
	return p
}

// The last strip may be written as high as the others, and the only one in whole
// blocks.
func TestTIFFTakesWholeStrips(t *testing.T) {
	for _, strips := range []int{1, 2, 3} {
		c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{jpegOf(t, 48, 16, strips)}}
		if _, err := imageproc.Strip(io.Discard, bytes.NewReader(c.build()), nil); err != nil {
			t.Errorf("%d strips: %v", strips, err)
		}
	}
}

// A sample of no kind that is known leaves the kinds of the others as they are.
func TestTIFFExtraSamples(t *testing.T) {
	for _, row := range []struct{ in, want []uint64 }{
		{[]uint64{2, 70_000}, []uint64{2, 0}}, {[]uint64{1, 3}, []uint64{1, 0}}, {[]uint64{999, 7}, []uint64{2, 0}},
	} {
		p := greyPage(4, 4, 8).with(tagOf(258, 3, 8, 8, 8), tagOf(277, 3, 3), tagOf(338, 4, row.in...))
		p.strips = [][]byte{make([]byte, 4*4*3)}
		var out bytes.Buffer
		if _, err := imageproc.Strip(&out, bytes.NewReader((&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()), nil); err != nil {
			t.Fatal(err)
		}
		want := binary.LittleEndian.AppendUint16([]byte{0x52, 1, 3, 0, 2, 0, 0, 0}, uint16(row.want[0]))
		if !bytes.Contains(out.Bytes(), binary.LittleEndian.AppendUint16(want, uint16(row.want[1]))) {
			t.Errorf("%v does not become %v", row.in, row.want)
		}
	}
}

// What follows the last pixel goes, and the code that says so comes in its place,
// wherever in a byte that is and however wide: there are decoders that ask for it.
func TestTIFFClosesLZW(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := 1; n < 6000; n += 1 + n/97 {
		raw := make([]byte, n+40)
		for i := range raw {
			raw[i] = byte(r.IntN(200))
		}
		ends := tiffLZW(raw[:n])
		for _, codes := range [][]byte{tiffLZW(raw), ends, ends[:len(ends)-1]} {
			p := greyPage(n, 1, 8).with(tagOf(259, 3, 5))
			p.strips = [][]byte{codes}
			var out, again bytes.Buffer
			if _, err := imageproc.Strip(&out, bytes.NewReader((&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()), nil); err != nil {
				t.Fatalf("%d pixels: %v", n, err)
			}
			img, err := tiff.Decode(bytes.NewReader(out.Bytes()))
			if len(codes) < len(ends) && err != nil {
				continue // the code of the end may have taken the last pixel with it
			}
			if err != nil || !bytes.Equal(img.(*image.Gray).Pix, raw[:n]) {
				t.Fatalf("%d pixels of %d bytes: %v", n, len(codes), err)
			}
			if r, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), nil); err != nil || len(r.Removed) > 0 || !bytes.Equal(again.Bytes(), out.Bytes()) {
				t.Fatalf("%d pixels: a second strip: %v, %+v", n, err, r)
			}
		}
	}
}
