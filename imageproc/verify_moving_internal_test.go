package imageproc

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"testing"
)

func piece(typ string, body ...byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(typ), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riff(parts ...[]byte) []byte {
	b := slices.Concat(parts...)
	return slices.Concat([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(4+len(b))), []byte("WEBP"), b)
}

// A picture of 20 × 10 as far as a walker looks at it: one that decodes is not
// needed here.
var (
	lossyPiece    = piece("VP8 ", append([]byte("\x10\x00\x00\x9D\x01\x2A\x14\x00\x0A\x00"), make([]byte, 9)...)...)
	losslessPiece = piece("VP8L", '/', 19, 9<<6&0xFF, 9>>2, 0, 0)
	alphaPiece    = piece("ALPH", 1, 7, 7)
	animPiece     = piece("ANIM", 0, 0, 0, 0, 0, 0)
)

func framePiece(inner ...[]byte) []byte {
	head := []byte{0, 0, 0, 0, 0, 0, 19, 0, 0, 9, 0, 0, 40, 0, 0, 0}
	return piece("ANMF", append(head, slices.Concat(inner...)...)...)
}

func canvasPiece(flags byte) []byte { return piece("VP8X", flags, 0, 0, 0, 19, 0, 0, 9, 0, 0) }

func testProfile() []byte {
	header := make([]byte, iccHeader)
	copy(header, "\x00\x00\x00\x00\x00\x00\x00\x00\x02\x10\x00\x00mntrGRAYXYZ ")
	var kept iccKept
	kept[slices.IndexFunc(iccColourTags[:], func(t struct{ name, types string }) bool { return t.name == "kTRC" })] = []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")
	head := iccCleanHeader(header)
	return iccWrite(&head, &kept, nil)
}

func TestVerifyWebPRefuses(t *testing.T) {
	packet := []byte("<x/>")
	exif, xmp, icc := piece("EXIF", orientationTIFF(6)...), piece("XMP ", packet...), piece("ICCP", testProfile()...)
	x := extras{packet: packet}
	accept := func(parts ...[]byte) *picture {
		t.Helper()
		pic, err := parse(riff(parts...), Limits{}.orDefault(), x)
		if err != nil {
			t.Fatal(err)
		}
		if err := pic.verify(x); err != nil {
			t.Fatal(err)
		}
		return pic
	}
	pic := accept(canvasPiece(0x2C), icc, lossyPiece, exif)
	if good := riff(canvasPiece(0x2C), icc, lossyPiece, exif, xmp); !bytes.Equal(pic.out.bytes(), good) {
		t.Fatalf("%q", pic.out.bytes())
	}
	for name, out := range map[string][]byte{
		"nothing":              nil,
		"header alone":         riff(),
		"signature of others":  bytes.Replace(riff(canvasPiece(0x2C), icc, lossyPiece, exif, xmp), []byte("WEBP"), []byte("WAVE"), 1),
		"cut short":            riff(canvasPiece(0x2C), icc, lossyPiece, exif, xmp)[:99],
		"bytes behind":         append(riff(canvasPiece(0x2C), icc, lossyPiece, exif, xmp), 0),
		"private chunk":        riff(canvasPiece(0x2C), icc, lossyPiece, exif, xmp, piece("INAM", 's')),
		"private chunk within": riff(canvasPiece(0x2C), icc, piece("INAM", 's'), lossyPiece, exif, xmp),
		"padding":              riff(canvasPiece(0x2C), icc, append(bytes.Clone(lossyPiece[:len(lossyPiece)-1]), 'x'), exif, xmp),
		"order":                riff(canvasPiece(0x2C), lossyPiece, icc, exif, xmp),
		"no canvas":            riff(icc, lossyPiece, exif, xmp),
		"canvas of a size":     riff(piece("VP8X", 0x2C, 0, 0, 0, 18, 0, 0, 9, 0, 0), icc, lossyPiece, exif, xmp),
		"reserved bytes":       riff(piece("VP8X", 0x2C, 's', 0, 0, 19, 0, 0, 9, 0, 0), icc, lossyPiece, exif, xmp),
		"reserved bits":        riff(canvasPiece(0x2D), icc, lossyPiece, exif, xmp),
		"flag too many":        riff(canvasPiece(0x3C), icc, lossyPiece, exif, xmp),
		"flag missing":         riff(canvasPiece(0x24), icc, lossyPiece, exif, xmp),
		"no picture":           riff(canvasPiece(0x2C), icc, exif, xmp),
		"two pictures":         riff(canvasPiece(0x2C), icc, lossyPiece, lossyPiece, exif, xmp),
		"alpha alone":          riff(canvasPiece(0x3C), icc, alphaPiece, exif, xmp),
		"alpha and VP8L":       riff(canvasPiece(0x3C), icc, alphaPiece, losslessPiece, exif, xmp),
		"picture of a size":    riff(canvasPiece(0x2C), icc, bytes.Replace(lossyPiece, []byte{0x14}, []byte{0x13}, 1), exif, xmp),
		"text as picture":      riff(canvasPiece(0x2C), icc, piece("VP8 ", []byte("a secret of some length")...), exif, xmp),
		"Exif twice":           riff(canvasPiece(0x2C), icc, lossyPiece, exif, exif, xmp),
		"other Exif":           riff(canvasPiece(0x2C), icc, lossyPiece, piece("EXIF", orientationTIFF(8)...), xmp),
		"no Exif":              riff(canvasPiece(0x24), icc, lossyPiece, xmp),
		"longer Exif":          riff(canvasPiece(0x2C), icc, lossyPiece, piece("EXIF", append(orientationTIFF(6), "secret"...)...), xmp),
		"other profile":        riff(canvasPiece(0x2C), piece("ICCP", make([]byte, 132)...), lossyPiece, exif, xmp),
		"no profile":           riff(canvasPiece(0x0C), lossyPiece, exif, xmp),
		"other packet":         riff(canvasPiece(0x2C), icc, lossyPiece, exif, piece("XMP ", []byte("<y/>")...)),
		"no packet":            riff(canvasPiece(0x28), icc, lossyPiece, exif),
		"frame in a still":     riff(canvasPiece(0x2C), icc, lossyPiece, framePiece(lossyPiece), exif, xmp),
		"animation":            riff(canvasPiece(0x2E), icc, animPiece, lossyPiece, exif, xmp),
	} {
		mustRefuse(t, name, pic, out, x)
	}
	moving := accept(canvasPiece(2), animPiece, framePiece(lossyPiece), framePiece(alphaPiece, lossyPiece))
	longFrame := framePiece(lossyPiece, piece("note", []byte("secret")...))
	reserved := framePiece(lossyPiece)
	reserved[8+15] = 0x80
	beyond := framePiece(lossyPiece)
	beyond[8] = 1
	for name, out := range map[string][]byte{
		"no ANIM":          riff(canvasPiece(0x06), framePiece(lossyPiece), xmp),
		"long ANIM":        riff(canvasPiece(0x06), piece("ANIM", []byte("secrets!")...), framePiece(lossyPiece), xmp),
		"chunk in a frame": riff(canvasPiece(0x06), animPiece, longFrame, xmp),
		"two in a frame":   riff(canvasPiece(0x06), animPiece, framePiece(lossyPiece, lossyPiece), xmp),
		"empty frame":      riff(canvasPiece(0x06), animPiece, framePiece(), xmp),
		"bytes in a frame": riff(canvasPiece(0x06), animPiece, framePiece(lossyPiece, []byte("secret")), xmp),
		"reserved bits":    riff(canvasPiece(0x06), animPiece, reserved, xmp),
		"off the canvas":   riff(canvasPiece(0x06), animPiece, beyond, xmp),
		"still first":      riff(canvasPiece(0x06), animPiece, lossyPiece, framePiece(lossyPiece), xmp),
		"alpha said":       riff(canvasPiece(0x16), animPiece, framePiece(alphaPiece, lossyPiece), xmp),
	} {
		mustRefuse(t, name, moving, out, x)
	}
	mustRefuse(t, "packet nobody asked for", pic, pic.out.bytes(), extras{})
}

func TestVerifyGIFRefuses(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 20, 10), color.Palette{color.Black, color.White})
	for i := range img.Pix {
		img.Pix[i] = byte(i*i/7) & 1
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, &gif.GIF{Image: []*image.Paletted{img, img}, Delay: []int{3, 4}, LoopCount: 2}); err != nil {
		t.Fatal(err)
	}
	packet, profile := []byte("<x/>"), testProfile()
	x := extras{packet: packet}
	in := buf.Bytes()
	start := bytes.Index(in, []byte("\x21\xFF"))
	profiled := slices.Concat(in[:start], []byte("\x21\xFF\x0BICCRGBG1012\xFF"), profile[:255], []byte{byte(len(profile) - 255)}, profile[255:], []byte{0}, in[start:])
	pic, err := parse(profiled, Limits{}.orDefault(), x)
	if err != nil {
		t.Fatal(err)
	}
	if err := pic.verify(x); err != nil {
		t.Fatal(err)
	}
	good := pic.out.bytes()
	put := func(i int, text string) []byte { return slices.Concat(good[:i], []byte(text), good[i:]) }
	at := func(text string) int {
		i := bytes.Index(good, []byte(text))
		if i < 0 {
			t.Fatalf("%q is not there", text)
		}
		return i
	}
	swap := func(old, text string) []byte {
		return bytes.Replace(good, []byte(old), []byte(text), 1)
	}
	end := len(good) - 1
	control, loop := at("\x21\xF9\x04"), string(good[at("\x21\xFF\x0BNETSCAPE"):at("\x21\xFF\x0BICC")])
	spare := bytes.Clone(good)
	spare[end-2] |= 0x80 // a bit behind the end code
	for name, out := range map[string][]byte{
		"nothing":                nil,
		"header alone":           good[:13],
		"signature of others":    swap("GIF89a", "GIF90a"),
		"no trailer":             good[:end],
		"cut in the data":        good[:end-4],
		"bytes behind":           append(bytes.Clone(good), 0),
		"comment":                put(control, "\x21\xFE\x01s\x00"),
		"comment at the end":     put(end, "\x21\xFE\x01s\x00"),
		"plain text":             put(control, "\x21\x01\x01s\x00"),
		"unknown application":    put(control, "\x21\xFF\x0BGrandmother\x01s\x00"),
		"byte between":           put(control, "\x00"),
		"loop twice":             put(control, loop),
		"loop behind":            put(end, loop),
		"long loop":              swap("\x03\x01\x02\x00\x00", "\x04\x01\x02\x00s\x00"),
		"loop and more":          swap("\x03\x01\x02\x00\x00", "\x03\x01\x02\x00\x01s\x00"),
		"control twice":          put(control, "\x21\xF9\x04\x00\x00\x00\x00\x00"),
		"control at the end":     put(end, "\x21\xF9\x04\x00\x00\x00\x00\x00"),
		"colour without a use":   swap("\x21\xF9\x04\x00\x03\x00\x00", "\x21\xF9\x04\x00\x03\x00s"),
		"reserved bits":          swap("\x21\xF9\x04\x00", "\x21\xF9\x04\xE0"),
		"other profile":          swap("acsp", "xxxx"),
		"no profile":             swap(string(good[at("\x21\xFF\x0BICC"):at("\x21\xFF\x0BXMP")]), ""),
		"other packet":           swap("<x/>", "<y/>"),
		"no packet":              swap(string(good[at("\x21\xFF\x0BXMP"):control]), ""),
		"tail of the packet":     swap("\xFE\xFD\xFC", "sec"),
		"no picture":             slices.Concat(good[:control], good[end:]),
		"sub-block behind":       put(end-1, "\x06secret"),
		"bits behind":            spare,
		"other size":             swap("GIF89a\x14", "GIF89a\x15"),
		"reserved in descriptor": swap("\x2C\x00\x00\x00\x00\x14\x00\x0A\x00\x80", "\x2C\x00\x00\x00\x00\x14\x00\x0A\x00\x88"),
	} {
		if bytes.Equal(out, good) {
			t.Errorf("%s: nothing was changed", name)
		}
		mustRefuse(t, name, pic, out, x)
	}
	mustRefuse(t, "packet nobody asked for", pic, good, extras{})
}
