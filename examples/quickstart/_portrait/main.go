// Command portrait makes the bundled photograph of the quickstart: it takes a
// public-domain portrait and writes into it the metadata a telephone would have
// written, so that there is something to strip. All of it is invented, but for
// the GPS position, which is that of a public park in Arlington, Virginia.
//
//	go run . -in ../../../detect/person/testdata/grace_hopper.jpg -out ../assets/portrait.jpg
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"os"
)

func main() {
	in := flag.String("in", "../../../detect/person/testdata/grace_hopper.jpg", "portrait without metadata")
	out := flag.String("out", "../assets/portrait.jpg", "where to write the portrait with metadata")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "portrait:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	src, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(src, []byte{0xFF, 0xD8}) {
		return fmt.Errorf("%s is not a JPEG file", in)
	}
	thumb, err := thumbnail(src)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write([]byte{0xFF, 0xD8})
	segment(&b, 0xE1, append([]byte("Exif\x00\x00"), exif(thumb)...))
	segment(&b, 0xE1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmp...))
	b.Write(src[2:])
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// segment writes a marker segment; the length counts itself.
func segment(b *bytes.Buffer, marker byte, payload []byte) {
	b.Write([]byte{0xFF, marker})
	b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(payload)+2)))
	b.Write(payload)
}

// thumbnail is the small picture EXIF carries in IFD1, taken by nearest neighbour.
func thumbnail(src []byte) ([]byte, error) {
	img, err := jpeg.Decode(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	const w, h = 136, 160
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	r := img.Bounds()
	for y := range h {
		for x := range w {
			small.Set(x, y, img.At(r.Min.X+x*r.Dx()/w, r.Min.Y+y*r.Dy()/h))
		}
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, small, &jpeg.Options{Quality: 70})
	return b.Bytes(), err
}

const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"` +
	` photoshop:City="Arlington" photoshop:State="Virginia"><dc:creator><rdf:Seq><rdf:li>A. Shopper</rdf:li></rdf:Seq></dc:creator>` +
	`</rdf:Description></rdf:RDF></x:xmpmeta>`

// exif is a little-endian TIFF block: IFD0, Exif IFD, GPS IFD, and IFD1 with
// the thumbnail. Tag numbers are those of Exif 2.32.
func exif(thumb []byte) []byte {
	var t tiff
	t.data = []byte{'I', 'I', 42, 0, 8, 0, 0, 0}
	ifd0 := t.reserve(9)
	exifIFD := t.reserve(4)
	gpsIFD := t.reserve(7)
	ifd1 := t.reserve(3)

	t.fill(ifd0, ifd1, []entry{
		t.ascii(0x010E, "Trying on a T-shirt at home"), // ImageDescription
		t.ascii(0x010F, "Fitphone"),                    // Make
		t.ascii(0x0110, "Fitphone 12"),                 // Model
		short(0x0112, 1),                               // Orientation
		t.ascii(0x0131, "Camera 7.4.1"),                // Software
		t.ascii(0x0132, "2026:05:09 17:21:33"),         // DateTime
		t.ascii(0x013B, "A. Shopper"),                  // Artist
		long(0x8769, exifIFD),                          // Exif IFD
		long(0x8825, gpsIFD),                           // GPS IFD
	})
	t.fill(exifIFD, 0, []entry{
		t.ascii(0x9003, "2026:05:09 17:21:33"),     // DateTimeOriginal
		t.ascii(0xA430, "A. Shopper"),              // CameraOwnerName
		t.ascii(0xA431, "FP12-0042-7731"),          // BodySerialNumber
		t.ascii(0xA434, "Fitphone 12 back camera"), // LensModel
	})
	t.fill(gpsIFD, 0, []entry{
		{0x0000, 1, 4, [4]byte{2, 3, 0, 0}}, // GPSVersionID
		t.ascii(0x0001, "N"),                // GPSLatitudeRef
		t.rationals(0x0002, 38, 1, 52, 1, 3712, 100),
		t.ascii(0x0003, "W"), // GPSLongitudeRef
		t.rationals(0x0004, 77, 1, 4, 1, 2208, 100),
		t.rationals(0x0006, 73, 1), // GPSAltitude
		t.ascii(0x001D, "2026:05:09"),
	})
	at := uint32(len(t.data))
	t.data = append(t.data, thumb...)
	t.fill(ifd1, 0, []entry{
		short(0x0103, 6), // Compression: JPEG
		long(0x0201, at), // JPEGInterchangeFormat
		long(0x0202, uint32(len(thumb))),
	})
	return t.data
}

// tiff is a TIFF block under construction.
type tiff struct{ data []byte }

// entry is one IFD entry; value holds the value or its offset.
type entry struct {
	tag, kind uint16
	count     uint32
	value     [4]byte
}

// reserve leaves room for an IFD of n entries and returns its offset.
func (t *tiff) reserve(n int) uint32 {
	at := uint32(len(t.data))
	t.data = append(t.data, make([]byte, 2+12*n+4)...)
	return at
}

func (t *tiff) fill(at, next uint32, entries []entry) {
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(entries)))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.kind)
		b = binary.LittleEndian.AppendUint32(b, e.count)
		b = append(b, e.value[:]...)
	}
	copy(t.data[at:], binary.LittleEndian.AppendUint32(b, next))
}

// ascii is a NUL-terminated string, in place when it fits four bytes.
func (t *tiff) ascii(tag uint16, s string) entry {
	e := entry{tag: tag, kind: 2, count: uint32(len(s) + 1)}
	if len(s) < 4 {
		copy(e.value[:], s)
		return e
	}
	binary.LittleEndian.PutUint32(e.value[:], uint32(len(t.data)))
	t.data = append(t.data, s...)
	t.data = append(t.data, 0)
	if len(t.data)%2 == 1 { // values start on word boundaries
		t.data = append(t.data, 0)
	}
	return e
}

// rationals takes numerators and denominators in turn.
func (t *tiff) rationals(tag uint16, nd ...uint32) entry {
	e := entry{tag: tag, kind: 5, count: uint32(len(nd) / 2)}
	binary.LittleEndian.PutUint32(e.value[:], uint32(len(t.data)))
	for _, v := range nd {
		t.data = binary.LittleEndian.AppendUint32(t.data, v)
	}
	return e
}

func short(tag, v uint16) entry {
	e := entry{tag: tag, kind: 3, count: 1}
	binary.LittleEndian.PutUint16(e.value[:], v)
	return e
}

func long(tag uint16, v uint32) entry {
	e := entry{tag: tag, kind: 4, count: 1}
	binary.LittleEndian.PutUint32(e.value[:], v)
	return e
}
