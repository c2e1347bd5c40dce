package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// Files crafted in code: whatever a test needs is built here from the standard's
// description, by nothing of the package under test.

func sharedDir() string {
	if dir := os.Getenv("FITVEIL_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared")
}

// corner is a picture without any symmetry: each quarter has its own grey, one
// pixel row and column differ, and it is wider than high.
func corner() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			v := uint8(40)
			switch {
			case y < 16 && x >= 24:
				v = 100
			case y >= 16 && x < 24:
				v = 160
			case y >= 16:
				v = 220
			}
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	return img
}

func mustJPEG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func mustPNG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func segment(marker byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	head := []byte{0xFF, marker, byte((len(b) + 2) >> 8), byte(len(b) + 2)}
	return append(head, b...)
}

// withSegments puts segments behind SOI.
func withSegments(jpg []byte, segments ...[]byte) []byte {
	return slices.Concat(jpg[:2], bytes.Join(segments, nil), jpg[2:])
}

func exifSegment(tiff []byte) []byte { return segment(0xE1, []byte("Exif\x00\x00"), tiff) }

func xmpSegment(size int) []byte {
	packet := []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><rdf:Description dc:creator='secret person' exif:GPSLatitude='1'/>")
	return segment(0xE1, packet, bytes.Repeat([]byte(" "), size))
}

func chunk(typ string, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	out := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	out = append(append(out, typ...), b...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngHeadSize is signature and IHDR.
const pngHeadSize = 8 + 25

// withChunks puts chunks behind IHDR.
func withChunks(p []byte, chunks ...[]byte) []byte {
	return slices.Concat(p[:pngHeadSize], bytes.Join(chunks, nil), p[pngHeadSize:])
}

// A field of a crafted Exif block; value is an inline number or, where text is
// set, ASCII.
type field struct {
	tag, typ uint16
	value    uint32
	text     string
}

// tiffBlock builds a TIFF block of directories. A directory is chained to the
// next one by the last field's tag 0 (next IFD) or pointed to by a field whose
// value is 1<<31 + its index.
func tiffBlock(order binary.AppendByteOrder, dirs ...[]field) []byte {
	mark := "II"
	if order.String() == "BigEndian" {
		mark = "MM"
	}
	offsets := make([]uint32, len(dirs))
	at := uint32(8)
	for i, d := range dirs {
		offsets[i] = at
		at += uint32(2 + 12*len(d) + 4)
	}
	b := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	var texts []byte
	for i, d := range dirs {
		b = order.AppendUint16(b, uint16(len(d)))
		for _, f := range d {
			b = order.AppendUint16(order.AppendUint16(b, f.tag), f.typ)
			switch {
			case f.text != "":
				b = order.AppendUint32(order.AppendUint32(b, uint32(len(f.text)+1)), at+uint32(len(texts)))
				texts = append(append(texts, f.text...), 0)
			case f.value>>31 == 1:
				b = order.AppendUint32(order.AppendUint32(b, 1), offsets[f.value&0xFF])
			case f.typ == 3:
				b = order.AppendUint16(order.AppendUint32(b, 1), uint16(f.value))
				b = append(b, 0, 0)
			default:
				b = order.AppendUint32(order.AppendUint32(b, 1), f.value)
			}
		}
		next := uint32(0)
		if i == 0 && len(dirs) > 1 && len(dirs[len(dirs)-1]) > 0 && dirs[len(dirs)-1][0].tag == 0x0201 {
			next = offsets[len(dirs)-1] // the last directory is the thumbnail's
		}
		b = order.AppendUint32(b, next)
	}
	return append(b, texts...)
}

const dir = 1 << 31

// phoneExif is what a phone writes: maker, model, dates, GPS, a maker note and a
// thumbnail directory, padded to about size bytes.
func phoneExif(orientation uint32, size int) []byte {
	b := tiffBlock(binary.BigEndian,
		[]field{
			{0x010F, 2, 0, "SecretMaker Inc"},
			{0x0110, 2, 0, "SecretModel 12"},
			{0x0112, 3, orientation, ""},
			{0x0131, 2, 0, "SecretSoft 9.1"},
			{0x0132, 2, 0, "2021:07:01 12:34:56"},
			{0x013B, 2, 0, "Secret Artist Name"},
			{0x8298, 2, 0, "Secret Copyright Holder"},
			{0x8769, 4, dir + 1, ""},
			{0x8825, 4, dir + 2, ""},
		},
		[]field{
			{0x9003, 2, 0, "2021:07:01 12:34:57"},
			{0x927C, 2, 0, "SecretMakerNote"},
			{0x9286, 2, 0, "Secret user comment"},
			{0xA431, 2, 0, "SecretSerial0001"},
			{0xA434, 2, 0, "SecretLens f/1.8"},
		},
		[]field{{0x0001, 2, 0, "N"}, {0x0002, 2, 0, "SecretLatitude52.1"}, {0x0004, 2, 0, "SecretLongitude4.3"}, {0x001D, 2, 0, "2021:07:01"}},
		[]field{{0x0201, 4, 8, ""}, {0x0202, 4, 4, ""}},
	)
	return append(b, bytes.Repeat([]byte("SecretPadding!"), max(0, size-len(b))/14)...)
}

func strip(tb testing.TB, in []byte) ([]byte, *imageproc.Report) {
	tb.Helper()
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes(), report
}
