package imageproc_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// A plant hides a payload somewhere in a sound file. The picture stays as it
// was, and the report has to name the carrier and the classes.
type plant struct {
	name    string
	apply   func(file, secret []byte) []byte
	carrier string
	classes []imageproc.Class
}

// C is short for the classes in the tables below.
type C = []imageproc.Class

const (
	loc    = imageproc.Location
	dev    = imageproc.Device
	person = imageproc.Person
	when   = imageproc.Time
	thumb  = imageproc.Thumbnail
	text   = imageproc.Comment
	soft   = imageproc.Software
	prov   = imageproc.Provenance
	other  = imageproc.Other
)

// mid is the offset of SOS in a file of image/jpeg's.
func mid(jpg []byte) int { return bytes.Index(jpg, []byte{0xFF, 0xDA}) }

func insert(b []byte, at int, parts ...[]byte) []byte {
	return slices.Concat(b[:at], bytes.Join(parts, nil), b[at:])
}

// first puts one segment, with signature and secret, behind SOI.
func first(marker byte, signature string) func(file, secret []byte) []byte {
	return func(f, secret []byte) []byte { return withSegments(f, segment(marker, []byte(signature), secret)) }
}

// gps builds an Exif block whose GPS directory is followed by the secret.
func gpsBlock(secret []byte) []byte {
	b := tiffBlock(binary.LittleEndian, []field{{0x8825, 4, dir + 1, ""}}, []field{{0x0002, 2, 0, "x"}})
	return append(b, secret...)
}

func dqt(id byte, secret []byte) []byte {
	table := bytes.Repeat(secret, 64/len(secret)+1)[:64]
	return segment(0xDB, []byte{id}, table)
}

var jpegPlants = []plant{
	{"APP0 with a JFIF thumbnail", func(f, s []byte) []byte {
		return withSegments(f, segment(0xE0, []byte("JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x01\x01"), s))
	}, "APP0 JFIF thumbnail", C{thumb}},
	{"APP0 JFXX", first(0xE0, "JFXX\x00\x10"), "APP0 JFXX", C{thumb}},
	{"APP0 of no name", first(0xE0, "AVI1"), "APP0", C{other}},
	{"Exif with GPS", func(f, s []byte) []byte { return withSegments(f, exifSegment(gpsBlock(s))) }, "APP1 Exif", C{loc}},
	{"Exif that is none", first(0xE1, "Exif\x00\x00"), "APP1 Exif", C{other}},
	{"second Exif", func(f, s []byte) []byte {
		return withSegments(f, exifSegment(gpsBlock(nil)), exifSegment(gpsBlock(s)))
	}, "APP1 Exif", C{loc}},
	{"XMP", first(0xE1, "http://ns.adobe.com/xap/1.0/\x00<x photoshop:City='a' dc:creator='b' xmpMM:DocumentID='c'>"), "APP1 XMP", C{loc, person, prov}},
	{"extended XMP", first(0xE1, "http://ns.adobe.com/xmp/extension/\x00"), "APP1 extended XMP", C{other}},
	{"APP1 of no name", first(0xE1, ""), "APP1", C{other}},
	{"MPF", first(0xE2, "MPF\x00"), "APP2 MPF", C{thumb}},
	{"FlashPix", first(0xE2, "FPXR\x00"), "APP2 FlashPix", C{other}},
	{"ICC that is none", first(0xE2, "ICC_PROFILE\x00\x01\x01"), "APP2 ICC_PROFILE", C{other}},
	{"APP3", first(0xE3, "Meta"), "APP3", C{dev}},
	{"APP4", first(0xE4, "SAMSUNG"), "APP4", C{dev}},
	{"APP5", first(0xE5, ""), "APP5", C{dev}},
	{"APP6", first(0xE6, "GoPro"), "APP6", C{dev}},
	{"APP7", first(0xE7, ""), "APP7", C{dev}},
	{"APP8", first(0xE8, "SPIFF"), "APP8", C{dev}},
	{"APP9", first(0xE9, ""), "APP9", C{dev}},
	{"APP10", first(0xEA, "AROT"), "APP10", C{text}},
	{"JUMBF", first(0xEB, "JP\x00\x01"), "APP11 JUMBF", C{prov}},
	{"APP11 of no name", first(0xEB, "HDR_RI"), "APP11", C{other}},
	{"APP12", first(0xEC, "Ducky"), "APP12", C{dev, soft}},
	{"APP12 with a comment and a copyright", func(f, s []byte) []byte {
		return withSegments(f, segment(0xEC, []byte("Ducky\x00\x01\x00\x04\x00\x00\x00\x3C\x00\x02\x00"), []byte{byte(len(s))}, s, []byte{0, 3, 0, 1, 'O'}))
	}, "APP12", C{text, dev, person, soft}},
	{"XMP in UTF-16", func(f, s []byte) []byte {
		packet := inUTF16("\uFEFF<x photoshop:City='a' dc:creator='b' xmpMM:DocumentID='c'>", binary.BigEndian)
		return withSegments(f, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), packet, s))
	}, "APP1 XMP", C{loc, person, prov}},
	{"Photoshop", func(f, s []byte) []byte {
		iptc := append([]byte{0x1C, 2, 80, byte(len(s) >> 8), byte(len(s))}, s...)
		iptc = append(iptc, 0x1C, 2, 90, 0, 4, 'C', 'i', 't', 'y')
		size := binary.BigEndian.AppendUint32(nil, uint32(len(iptc)))
		return withSegments(f, segment(0xED, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00"), size, iptc))
	}, "APP13 Photoshop", C{loc, person, soft}},
	{"APP13 of no name", first(0xED, ""), "APP13", C{other}},
	{"bytes behind Adobe", first(0xEE, "Adobe\x00\x64\x00\x00\x00\x00\x01"), "APP14 after Adobe", C{other}},
	{"APP14 of no name", first(0xEE, ""), "APP14", C{other}},
	{"APP15", first(0xEF, ""), "APP15", C{other}},
	{"comment", first(0xFE, ""), "COM", C{text}},
	{"comment before the scan", func(f, s []byte) []byte { return insert(f, mid(f), segment(0xFE, s)) }, "COM", C{text}},
	{"junk between segments", func(f, s []byte) []byte { return insert(f, mid(f), s) }, "bytes between segments", C{other}},
	{"fill bytes", func(f, s []byte) []byte {
		return insert(withSegments(f, segment(0xFE, s)), mid(f)+len(s)+4, []byte("\xFF\xFF\xFF"))
	}, "fill bytes", C{other}},
	{"junk that is no text", func(f, s []byte) []byte {
		return insert(withSegments(f, segment(0xFE, s)), mid(f)+len(s)+4, []byte("\x80\x9F\xBF\xFE"))
	}, "bytes between segments", C{other}},
	{"DNL", func(f, s []byte) []byte { return insert(f, mid(f), segment(0xDC, s)) }, "DNL", C{other}},
	{"arithmetic conditioning", func(f, s []byte) []byte { return insert(f, mid(f), segment(0xCC, s)) }, "DAC", C{other}},
	{"bytes after EOI", func(f, s []byte) []byte { return append(bytes.Clone(f), s...) }, "bytes after EOI", C{other}},
	{"a picture after EOI", func(f, s []byte) []byte {
		return slices.Concat(f, withSegments(f, exifSegment(gpsBlock(s))))
	}, "bytes after EOI", C{other, thumb}},
	{"trailer of a maker", func(f, s []byte) []byte { return slices.Concat(f, s, []byte("SEFHe\x00SEFT")) }, "bytes after EOI", C{dev, other}},
	{"table without use", func(f, s []byte) []byte { return insert(f, mid(f), dqt(3, s)) }, "", nil},
	{"table overwritten", func(f, s []byte) []byte { return withSegments(f, dqt(0, s)) }, "", nil},
	{"Huffman table without use", func(f, s []byte) []byte {
		symbols := distinct(s)
		counts := make([]byte, 16)
		counts[15] = byte(len(symbols))
		return insert(f, mid(f), segment(0xC4, []byte{0x13}, counts, symbols))
	}, "", nil},
}

// distinct is s without repeated bytes.
func distinct(s []byte) []byte {
	var out []byte
	for _, c := range s {
		if bytes.IndexByte(out, c) < 0 {
			out = append(out, c)
		}
	}
	return out
}

func deflate(b []byte) []byte {
	var buf bytes.Buffer
	z := zlib.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		panic(err) // a Buffer does not fail
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// early puts one chunk behind IHDR.
func early(typ, head string) func(file, secret []byte) []byte {
	return func(f, secret []byte) []byte { return withChunks(f, chunk(typ, []byte(head), secret)) }
}

// late puts chunks before IEND.
func late(p []byte, chunks ...[]byte) []byte { return insert(p, len(p)-12, chunks...) }

var pngPlants = []plant{
	{"Author", early("tEXt", "Author\x00"), "tEXt", C{person}},
	{"Software", early("tEXt", "Software\x00"), "tEXt", C{soft}},
	{"Creation Time", early("tEXt", "Creation Time\x00"), "tEXt", C{when}},
	{"prompt", early("tEXt", "parameters\x00"), "tEXt", C{text, prov, soft}},
	{"keyword of one's own", early("tEXt", "Grandmother\x00"), "tEXt", C{text}},
	{"text without keyword", early("tEXt", ""), "tEXt", C{text}},
	{"compressed text", func(f, s []byte) []byte {
		return withChunks(f, chunk("zTXt", []byte("Description\x00\x00"), deflate(s), s))
	}, "zTXt", C{text}},
	{"text in UTF-8", early("iTXt", "Title\x00\x00\x00en\x00Titel\x00"), "iTXt", C{text}},
	{"XMP", early("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x exif:GPSLatitude='1' xmp:CreateDate='2'>"), "iTXt", C{loc, when}},
	{"compressed XMP", func(f, s []byte) []byte {
		return withChunks(f, chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), deflate([]byte("<x tiff:Model='1'>")), s))
	}, "iTXt", C{dev}},
	{"raw profile", func(f, s []byte) []byte {
		hexed := fmt.Sprintf("\nexif\n%8d\n%x\n", 26, gpsBlock(s))
		return withChunks(f, chunk("zTXt", []byte("Raw profile type exif\x00\x00"), deflate([]byte(hexed)), s))
	}, "zTXt", C{loc}},
	{"tIME", early("tIME", ""), "tIME", C{when}},
	{"Exif", func(f, s []byte) []byte { return withChunks(f, chunk("eXIf", gpsBlock(s))) }, "eXIf", C{loc}},
	{"second Exif, late", func(f, s []byte) []byte {
		return late(withChunks(f, chunk("eXIf", gpsBlock(nil))), chunk("eXIf", gpsBlock(s)))
	}, "eXIf", C{loc}},
	{"C2PA", early("caBX", ""), "caBX", C{prov}},
	{"private chunk", early("prVt", ""), `chunk "prVt"`, C{other}},
	{"palette of a true-colour picture", func(f, s []byte) []byte {
		return withChunks(f, chunk("PLTE", bytes.Repeat(s, 3)))
	}, "PLTE", C{other}},
	{"suggested palette", early("sPLT", "name\x00\x08"), "sPLT", C{other}},
	{"histogram", early("hIST", ""), "hIST", C{other}},
	{"text as primaries", func(f, s []byte) []byte {
		return withChunks(f, chunk("cHRM", bytes.Repeat(s, 32/len(s)+1)[:32]))
	}, "cHRM", C{other}},
	{"text as mastering volume", func(f, s []byte) []byte {
		return withChunks(f, chunk("mDCV", bytes.Repeat(s, 24/len(s)+1)[:24]))
	}, "mDCV", C{other}},
	{"text as mastering primaries", func(f, s []byte) []byte {
		return withChunks(f, chunk("mDCV", bytes.Repeat(s, 16/len(s)+1)[:16], numbers(10_000_000, 1)))
	}, "mDCV", C{other}},
	{"text as light level", func(f, s []byte) []byte {
		return withChunks(f, chunk("cLLI", bytes.Repeat(s, 8/len(s)+1)[:8]))
	}, "cLLI", C{other}},
	{"overlong gamma", early("gAMA", "\x00\x00\xB1\x8F"), "gAMA", C{other}},
	{"overlong intent", early("sRGB", "\x00"), "sRGB", C{other}},
	{"overlong background", early("bKGD", ""), "bKGD", C{other}},
	{"overlong pixel size", early("pHYs", "\x00\x00\x00\x01\x00\x00\x00\x02\x00"), "pHYs", C{other}},
	{"kept chunk with a bad CRC", func(f, s []byte) []byte {
		c := chunk("gAMA", []byte("\x00\x00\xB1\x8F"))
		return withChunks(f, append(c[:len(c)-4], []byte("!bad")...), chunk("zzZz", s))
	}, "gAMA", C{other}},
	{"profile that is none", early("iCCP", "name\x00\x00"), "iCCP", C{other}},
	{"text packed as profile", func(f, s []byte) []byte {
		return withChunks(f, chunk("iCCP", []byte("name\x00\x00"), deflate(bytes.Repeat(s, 9)), s))
	}, "iCCP", C{other}},
	{"profile's name", func(f, s []byte) []byte {
		return withChunks(f, chunk("iCCP", bytes.ReplaceAll(s, []byte{0}, []byte{1})[:min(len(s), 79)], []byte{0, 0}, deflate(testICC("RGB ", nil))))
	}, "iCCP name", C{other}},
	{"behind the profile", func(f, s []byte) []byte {
		return withChunks(f, chunk("iCCP", []byte("icc\x00\x00"), deflate(testICC("RGB ", nil)), s))
	}, "bytes after ICC profile", C{other}},
	{"behind IEND", func(f, s []byte) []byte { return append(bytes.Clone(f), s...) }, "bytes after IEND", C{other}},
	{"picture data after a gap", func(f, s []byte) []byte {
		return late(f, chunk("tIME", []byte{7, 229, 1, 1, 1, 1, 1}), chunk("IDAT", s))
	}, "IDAT after the picture", C{other}},
	{"frames without an animation", func(f, s []byte) []byte {
		return late(f, chunk("fdAT", []byte{0, 0, 0, 0}, s))
	}, "broken animation", C{other}},
	{"overlong animation control", early("acTL", "\x00\x00\x00\x01\x00\x00\x00\x00"), "broken animation", C{other}},
}

// secrets are payloads in several encodings. None occurs in a file by chance.
func secrets() map[string][]byte {
	plain := "Fährmann Ottokar, Haus 7, 52.0907N 5.1214E"
	var little, big, latin []byte
	for _, r := range plain {
		little, big, latin = append(little, byte(r), 0), append(big, 0, byte(r)), append(latin, byte(r))
	}
	return map[string][]byte{
		"UTF-8": []byte(plain), "UTF-16LE": little, "UTF-16BE": big, "Latin-1": latin, "hex": []byte(hex.EncodeToString([]byte(plain))),
	}
}

// survives looks for parts of a secret that no encoder writes by chance, and that
// a table cut short still holds.
func survives(out, secret []byte) bool {
	for i := 0; i+8 <= len(secret); i += 4 {
		if bytes.Contains(out, secret[i:i+8]) {
			return true
		}
	}
	return false
}

func TestPlantedSecretsGo(t *testing.T) {
	run := func(t *testing.T, file []byte, plants []plant) {
		want := decode(t, file)
		for _, p := range plants {
			t.Run(p.name, func(t *testing.T) {
				there := false
				for encoding, secret := range secrets() {
					planted := p.apply(file, secret)
					there = there || survives(planted, secret)
					out, report := strip(t, planted)
					if survives(out, secret) {
						t.Errorf("%s: the secret is still there", encoding)
					}
					if got := decode(t, out); !samePixels(got, want) {
						t.Errorf("%s: the picture is not the same", encoding)
					}
					checkFinding(t, report, p)
					checkSettled(t, out)
				}
				if !there && p.name != "Huffman table without use" { // whose symbols can't repeat
					t.Error("the secret was never planted")
				}
			})
		}
	}
	t.Run("jpeg", func(t *testing.T) { run(t, mustJPEG(t, corner()), jpegPlants) })
	t.Run("png", func(t *testing.T) { run(t, mustPNG(t, corner()), pngPlants) })
}

func checkFinding(t *testing.T, report *imageproc.Report, p plant) {
	t.Helper()
	for _, f := range report.Removed {
		if f.Carrier == p.carrier {
			if !slices.Equal(f.Classes, p.classes) {
				t.Errorf("%s: classes %v, want %v", f.Carrier, f.Classes, p.classes)
			}
			if f.Bytes <= 0 {
				t.Errorf("%s: %d bytes", f.Carrier, f.Bytes)
			}
			return
		}
	}
	if p.carrier != "" {
		t.Errorf("%q is not in the report: %+v", p.carrier, report.Removed)
	}
}

// checkSettled checks that stripping again changes nothing and finds nothing.
func checkSettled(t *testing.T, out []byte) {
	t.Helper()
	again, report := strip(t, out)
	if !bytes.Equal(again, out) {
		t.Error("stripping again gives other bytes")
	}
	if len(report.Removed) > 0 {
		t.Errorf("stripping again finds %+v", report.Removed)
	}
}

func decode(tb testing.TB, file []byte) image.Image {
	tb.Helper()
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

// samePixels compares what the standard library decoded, bit for bit.
func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() || fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
		return false
	}
	switch a := a.(type) {
	case *image.YCbCr:
		b := b.(*image.YCbCr)
		return bytes.Equal(a.Y, b.Y) && bytes.Equal(a.Cb, b.Cb) && bytes.Equal(a.Cr, b.Cr) && a.SubsampleRatio == b.SubsampleRatio
	case *image.NYCbCrA:
		b := b.(*image.NYCbCrA)
		return samePixels(&a.YCbCr, &b.YCbCr) && bytes.Equal(a.A, b.A)
	case *image.Gray:
		return bytes.Equal(a.Pix, b.(*image.Gray).Pix)
	case *image.Gray16:
		return bytes.Equal(a.Pix, b.(*image.Gray16).Pix)
	case *image.RGBA:
		return bytes.Equal(a.Pix, b.(*image.RGBA).Pix)
	case *image.RGBA64:
		return bytes.Equal(a.Pix, b.(*image.RGBA64).Pix)
	case *image.NRGBA:
		return bytes.Equal(a.Pix, b.(*image.NRGBA).Pix)
	case *image.NRGBA64:
		return bytes.Equal(a.Pix, b.(*image.NRGBA64).Pix)
	case *image.CMYK:
		return bytes.Equal(a.Pix, b.(*image.CMYK).Pix)
	case *image.Paletted:
		q := b.(*image.Paletted)
		return bytes.Equal(a.Pix, q.Pix) && slices.Equal(a.Palette, q.Palette)
	}
	return false
}
