package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

func sanitize(tb testing.TB, file []byte, o *imageproc.SanitizeOptions) *imageproc.Clean {
	tb.Helper()
	c, err := imageproc.Sanitize(tb.Context(), bytes.NewReader(file), o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// quarters reads the grey of the four quarters: top left, top right, bottom
// left, bottom right.
func quarters(img image.Image) [4]int {
	b := img.Bounds()
	at := func(fx, fy int) int {
		c := color.GrayModel.Convert(img.At(b.Min.X+b.Dx()*fx/4, b.Min.Y+b.Dy()*fy/4)).(color.Gray)
		return (int(c.Y) + 30) / 60 // 40, 100, 160, 220 become 1, 2, 3, 4
	}
	return [4]int{at(1, 1), at(3, 1), at(1, 3), at(3, 3)}
}

// shown is how a viewer shows corner() under each orientation, worked out by
// hand from CIPA DC-008 §4.6.4: orientation 6, say, means that row 0 of what is
// stored is the right side and column 0 the top, so the stored top left goes to
// the top right.
var shown = map[uint32][4]int{
	1: {1, 2, 3, 4},
	2: {2, 1, 4, 3},
	3: {4, 3, 2, 1},
	4: {3, 4, 1, 2},
	5: {1, 3, 2, 4},
	6: {3, 1, 4, 2},
	7: {4, 2, 3, 1},
	8: {2, 4, 1, 3},
}

func TestOrientation(t *testing.T) {
	for o, want := range shown {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			tiff := tiffBlock(order, []field{{0x010F, 2, 0, "Maker"}, {0x0112, 3, o, ""}, {0x0132, 2, 0, "2021:07:01 12:34:56"}})
			for name, file := range map[string][]byte{
				"jpeg":     withSegments(mustJPEG(t, corner()), exifSegment(tiff)),
				"png":      withChunks(mustPNG(t, corner()), chunk("eXIf", tiff)),
				"png late": late(mustPNG(t, corner()), chunk("eXIf", tiff)),
			} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, o, order), func(t *testing.T) {
					checkUpright(t, file, int(o), want)
				})
			}
		}
	}
}

func checkUpright(t *testing.T, file []byte, o int, want [4]int) {
	size := image.Rect(0, 0, 48, 32)
	if o >= 5 {
		size = image.Rect(0, 0, 32, 48)
	}
	c := sanitize(t, file, nil)
	if got := c.Report().Orientation; got != o {
		t.Errorf("report says %d", got)
	}
	if c.Bounds() != size {
		t.Errorf("bounds %v, want %v", c.Bounds(), size)
	}
	if got := storedOrientation(t, c.Bytes()); got != o {
		t.Errorf("the output says orientation %d, want %d", got, o)
	}
	whole, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Bounds() != size || quarters(whole) != want {
		t.Errorf("Image shows %v in %v, want %v in %v", quarters(whole), whole.Bounds(), want, size)
	}
	small, err := c.Thumb(12)
	if err != nil {
		t.Fatal(err)
	}
	if max(small.Bounds().Dx(), small.Bounds().Dy()) != 12 || quarters(small) != want {
		t.Errorf("Thumb shows %v in %v, want %v", quarters(small), small.Bounds(), want)
	}
	direct, err := imageproc.Decode(bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !samePixels(direct, whole) {
		t.Error("Decode of the upload and Image of the result differ")
	}
	reduced := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 24})
	if got := storedOrientation(t, reduced.Bytes()); got != 1 {
		t.Errorf("the reduced picture says orientation %d, want 1", got)
	}
	if got := quarters(decode(t, reduced.Bytes())); got != want || reduced.Bounds().Size() != size.Size().Div(2) {
		t.Errorf("reduced: %v in %v, want %v", got, reduced.Bounds(), want)
	}
}

// storedOrientation looks for the tag as bytes: big-endian, one SHORT.
func storedOrientation(t *testing.T, file []byte) int {
	t.Helper()
	entry := []byte{0x01, 0x12, 0, 3, 0, 0, 0, 1, 0}
	i := bytes.Index(file, entry)
	if i < 0 {
		return 1
	}
	if bytes.Contains(file[i+1:], entry) {
		t.Error("two orientations in one file")
	}
	return int(file[i+len(entry)])
}

func TestOrientationOutOfRange(t *testing.T) {
	for _, f := range []field{
		{0x0112, 3, 0, ""}, {0x0112, 3, 9, ""}, {0x0112, 3, 0xFFFF, ""}, {0x0112, 4, 9, ""}, {0x0112, 4, 6 << 16, ""}, {0x0112, 2, 0, "66666666"},
	} {
		file := withSegments(mustJPEG(t, corner()), exifSegment(tiffBlock(binary.BigEndian, []field{f})))
		if c := sanitize(t, file, nil); c.Report().Orientation != 1 || bytes.Contains(c.Bytes(), []byte("Exif")) {
			t.Errorf("type %d value %d %q: orientation %d", f.typ, f.value, f.text, c.Report().Orientation)
		}
	}
}

// iccSegments cuts a profile into n chunks, in the order given by turn.
func iccChunks(profile []byte, n int, turn bool) [][]byte {
	var list [][]byte
	size := (len(profile) + n - 1) / n
	for i := range n {
		part := profile[i*size : min((i+1)*size, len(profile))]
		list = append(list, segment(0xE2, []byte("ICC_PROFILE\x00"), []byte{byte(i + 1), byte(n)}, part))
	}
	if turn {
		slices.Reverse(list)
	}
	return list
}

// profileOf reads back what a decoder would: chunks in order.
func profileOf(t *testing.T, jpg []byte) []byte {
	t.Helper()
	var profile []byte
	for want := byte(1); ; want++ {
		i := bytes.Index(jpg, []byte("ICC_PROFILE\x00"))
		if i < 0 {
			return profile
		}
		size := int(binary.BigEndian.Uint16(jpg[i-2:]))
		if jpg[i+12] != want {
			t.Fatalf("chunk %d in place of %d", jpg[i+12], want)
		}
		profile = append(profile, jpg[i+14:i-2+size]...)
		jpg = jpg[i+1:]
	}
}

func TestProfileSurvivesJPEG(t *testing.T) {
	large := testICC("RGB ", bytes.Repeat([]byte("x"), 120_000))
	for name, row := range map[string]struct {
		segments [][]byte
		want     []byte
	}{
		"one chunk":             {iccChunks(testICC("RGB ", nil), 1, false), testICC("RGB ", nil)},
		"three chunks":          {iccChunks(large, 3, false), large},
		"chunks in wrong order": {iccChunks(large, 4, true), large},
		"bytes behind it":       {iccChunks(append(testICC("RGB ", nil), "secret behind"...), 1, false), testICC("RGB ", nil)},
		"a chunk missing":       {iccChunks(large, 3, false)[1:], nil},
		"chunks announced only": {[][]byte{segment(0xE2, []byte("ICC_PROFILE\x00\x01\x03"), testICC("RGB ", nil))}, nil},
		"a chunk twice":         {append(iccChunks(large, 3, false), iccChunks(large, 3, false)[0]), nil},
		"cut short":             {iccChunks(testICC("RGB ", nil)[:140], 1, false), nil},
		"tag outside":           {iccChunks(badTag(), 1, false), nil},
	} {
		t.Run(name, func(t *testing.T) {
			file := withSegments(mustJPEG(t, corner()), row.segments...)
			out, _ := strip(t, file)
			if got := profileOf(t, out); !bytes.Equal(got, row.want) {
				t.Errorf("profile of %d bytes, want %d", len(got), len(row.want))
			}
			checkSettled(t, out)
			reduced := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 20, KeepProfile: true})
			if got := profileOf(t, reduced.Bytes()); !bytes.Equal(got, row.want) {
				t.Errorf("reduced: profile of %d bytes, want %d", len(got), len(row.want))
			}
		})
	}
}

func badTag() []byte {
	p := testICC("RGB ", nil)
	binary.BigEndian.PutUint32(p[128+4+8:], 1<<31)
	return p
}

func TestColourSurvivesPNG(t *testing.T) {
	profile := testICC("RGB ", []byte("made for a test"))
	chunks := [][]byte{
		chunk("cICP", []byte{12, 13, 0, 1}),
		chunk("iCCP", []byte("Color LCD of somebody\x00\x00"), deflate(profile)),
		chunk("gAMA", []byte{0, 0, 0xB1, 0x8F}),
		chunk("sRGB", []byte{0}),
		chunk("cHRM", numbers(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
		chunk("mDCV", []byte{0x8A, 0x48, 0x39, 0x08, 0x21, 0x34, 0x9B, 0xAA, 0x19, 0x96, 0x08, 0xFC, 0x3D, 0x13, 0x40, 0x42}, numbers(10_000_000, 1)),
		chunk("cLLI", numbers(10_000_000, 4_000_000)),
		chunk("sBIT", []byte{8, 8, 8}),
		chunk("pHYs", numbers(600, 300), []byte{1}),
		chunk("bKGD", []byte{0, 10, 0, 20, 0, 30}),
	}
	file := withChunks(mustPNG(t, corner()), chunks...)
	out, report := strip(t, file)
	for i, c := range chunks {
		switch i {
		case 1:
			c = chunk("iCCP", []byte("icc\x00\x00"), deflate(profile))
		case 8:
			c = chunk("pHYs", numbers(2, 1), []byte{0})
		}
		if !bytes.Contains(out, c) {
			t.Errorf("chunk %s is not in the output as expected", c[4:8])
		}
	}
	if len(report.Removed) != 1 || report.Removed[0].Carrier != "iCCP name" {
		t.Errorf("removed %+v", report.Removed)
	}
	checkSettled(t, out)
	reduced := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 20}).Bytes()
	for _, c := range [][]byte{chunks[0], chunk("iCCP", []byte("icc\x00\x00"), deflate(profile)), chunks[2], chunks[3], chunks[4]} {
		if !bytes.Contains(reduced, c) {
			t.Errorf("chunk %s is not in the reduced picture", c[4:8])
		}
	}
}

func numbers(list ...uint32) []byte {
	var b []byte
	for _, n := range list {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// The displays that pictures are mastered on pass both walkers.
func TestMasteringDisplays(t *testing.T) {
	for name, primaries := range map[string][]uint16{
		"BT.2020": {35400, 14600, 8500, 39850, 6550, 2300, 15635, 16450},
		"P3":      {34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450},
		"BT.709":  {32000, 16500, 15000, 30000, 7500, 3000, 15635, 16450},
	} {
		var b []byte
		for _, v := range primaries {
			b = binary.BigEndian.AppendUint16(b, v)
		}
		c := chunk("mDCV", b, numbers(40_000_000, 50))
		if out, _ := strip(t, withChunks(mustPNG(t, corner()), c)); !bytes.Contains(out, c) {
			t.Errorf("%s: mDCV is gone", name)
		}
	}
}

// A colour chunk in a place where decoders ignore it must not begin to count.
func TestMisplacedColourGoes(t *testing.T) {
	pal := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	file := mustPNG(t, pal)
	profile := chunk("iCCP", []byte("p\x00\x00"), deflate(testICC("RGB ", nil)))
	plte := bytes.Index(file, []byte("PLTE")) - 4
	size := 12 + int(binary.BigEndian.Uint32(file[plte:]))
	gamma := chunk("gAMA", []byte{0, 0, 0xB1, 0x8F})
	for name, in := range map[string][]byte{
		"behind PLTE": insert(file, plte+size, gamma), "behind IDAT": late(file, gamma),
	} {
		if out, _ := strip(t, in); bytes.Contains(out, []byte("gAMA")) {
			t.Errorf("gAMA %s survived", name)
		}
	}
	for _, c := range [][]byte{chunk("bKGD", []byte{1}), chunk("tRNS", []byte{9}), chunk("pHYs", numbers(2, 1), []byte{1}), profile} {
		if out, _ := strip(t, late(file, c)); bytes.Contains(out, c[4:8]) {
			t.Errorf("%s behind IDAT survived", c[4:8])
		}
	}
	if out, _ := strip(t, insert(file, plte+size, profile)); bytes.Contains(out, []byte("iCCP")) {
		t.Error("iCCP behind PLTE survived")
	}
	twice, _ := strip(t, withChunks(file, gamma, chunk("gAMA", []byte{0, 1, 0x86, 0xA0})))
	if !bytes.Contains(twice, gamma) || bytes.Count(twice, []byte("gAMA")) != 1 {
		t.Error("of two gAMA chunks the first was not the one kept")
	}
}

func TestPixelShapeSurvivesJPEG(t *testing.T) {
	for _, row := range []struct {
		name string
		x, y int
		want string
	}{
		{"square", 300, 300, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"},
		{"wide", 144, 72, "JFIF\x00\x01\x01\x00\x00\x02\x00\x01\x00\x00"},
		{"none", 0, 72, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"},
	} {
		head := []byte{'J', 'F', 'I', 'F', 0, 1, 2, 1, byte(row.x >> 8), byte(row.x), byte(row.y >> 8), byte(row.y), 0, 0}
		out, _ := strip(t, withSegments(mustJPEG(t, corner()), segment(0xE0, head)))
		if !bytes.Contains(out, segment(0xE0, []byte(row.want))) {
			t.Errorf("%s: APP0 is not the one expected", row.name)
		}
	}
}

// The Adobe segment decides what three or four components mean.
func TestAdobeTransformSurvives(t *testing.T) {
	for transform, want := range map[byte]byte{0: 0, 1: 1, 2: 1, 77: 1} {
		file := withSegments(mustJPEG(t, corner()), segment(0xEE, []byte("Adobe\x00\x65\xC0\x00\x00\x00"), []byte{transform}))
		out, _ := strip(t, file)
		if !bytes.Contains(out, segment(0xEE, []byte("Adobe\x00\x64\x00\x00\x00\x00"), []byte{want})) {
			t.Errorf("transform %d: not as expected", transform)
		}
		if !samePixels(decode(t, file), decode(t, out)) {
			t.Errorf("transform %d: the picture changed", transform)
		}
	}
}

func TestGreyStaysGrey(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range grey.Pix {
		grey.Pix[i] = byte(i)
	}
	profile := testICC("GRAY", nil)
	j := sanitize(t, withSegments(mustJPEG(t, grey), iccChunks(profile, 1, false)...), &imageproc.SanitizeOptions{MaxSide: 20})
	if img, err := jpeg.Decode(j.Reader()); err != nil || fmt.Sprintf("%T", img) != "*image.Gray" {
		t.Errorf("JPEG: %T, %v", img, err)
	}
	if !bytes.Equal(profileOf(t, j.Bytes()), profile) {
		t.Error("JPEG: the profile for grey is gone")
	}
	p := sanitize(t, withChunks(mustPNG(t, grey), chunk("iCCP", []byte("g\x00\x00"), deflate(profile))), &imageproc.SanitizeOptions{MaxSide: 20})
	if img, err := png.Decode(p.Reader()); err != nil || fmt.Sprintf("%T", img) != "*image.Gray" {
		t.Errorf("PNG: %T, %v", img, err)
	}
	if !bytes.Contains(p.Bytes(), []byte("iCCP")) {
		t.Error("PNG: the profile for grey is gone")
	}
}

// Where the CRC of eXIf is wrong, viewers leave the picture as it is.
func TestBrokenExifDoesNotTurn(t *testing.T) {
	c := chunk("eXIf", orientationBlock(6))
	c[len(c)-1] ^= 1
	if got := sanitize(t, withChunks(mustPNG(t, corner()), c), nil); got.Report().Orientation != 1 || got.Bounds().Dx() != 48 {
		t.Errorf("turned by a broken chunk: %+v", got.Report())
	}
}
