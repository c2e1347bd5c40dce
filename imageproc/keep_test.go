package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// said reads the packet of an output; all is "" without one.
func said(t *testing.T, file []byte) (creator, rights, source string) {
	t.Helper()
	if !bytes.Contains(file, []byte("<?xpacket begin")) {
		return "", "", ""
	}
	var m struct {
		RDF struct {
			Description struct {
				Source  string `xml:"DigitalSourceType,attr"`
				Creator string `xml:"creator>Seq>li"`
				Rights  string `xml:"rights>Alt>li"`
			}
		}
	}
	if err := xml.Unmarshal([]byte(packetOf(t, file)), &m); err != nil {
		t.Fatal(err)
	}
	d := m.RDF.Description
	return d.Creator, d.Rights, d.Source
}

const (
	keptXMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ` +
		`xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:City="Greifswald" ` +
		`i:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia">` +
		`<d:creator><rdf:Seq><rdf:li>Ottokar &amp; Söhne</rdf:li><rdf:li>Hertha Fährmann</rdf:li></rdf:Seq></d:creator>` +
		`<d:rights><rdf:Alt><rdf:li xml:lang="de">Alle Rechte vorbehalten</rdf:li></rdf:Alt></d:rights>` +
		`</rdf:Description></rdf:RDF></x:xmpmeta>`
	keptIIM     = "\x1C\x02\x50\x00\x0CO. F\xE4hrmann\x00\x1C\x02\x74\x00\x09(c) O. F."
	trained     = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
	credentials = "JP\x00\x01jumbcbor\x71digitalSourceType\x78\x46" + trained + "\x66actionic2pa.made"
)

func TestKeep(t *testing.T) {
	jpg, png, webp, gif := mustJPEG(t, corner()), mustPNG(t, corner()), webpAnimated(), mustGIF(t, 2)
	exif := tiffBlock(binary.BigEndian, []field{{0x010F, 2, 0, "Maker of cameras"}, {0x013B, 2, 0, "Ottokar Fährmann"}, {0x8298, 2, 0, "(c) 2026 Ottokar"}})
	irb := "8BIM\x04\x04\x00\x00\x00\x00\x00" + string(rune(len(keptIIM))) + keptIIM
	heic := craftHEIC()
	item("mime", "\x00application/rdf+xml\x00", nil)(heic, []byte(keptXMP))
	everything := imageproc.Keep{Copyright: true, SourceType: true}
	for name, row := range map[string]struct {
		in                      []byte
		keep                    imageproc.Keep
		creator, rights, source string
		kept                    []string
	}{
		"nothing asked for":     {withSegments(jpg, exifSegment(exif)), imageproc.Keep{}, "", "", "", nil},
		"nothing there":         {phonePhotoOf(jpg), everything, "", "", "", nil},
		"Exif":                  {withSegments(jpg, exifSegment(exif)), everything, "Ottokar Fährmann", "(c) 2026 Ottokar", "", []string{"creator", "rights"}},
		"IPTC":                  {withSegments(jpg, segment(0xED, []byte("Photoshop 3.0\x00"), []byte(irb))), everything, "O. Fährmann", "(c) O. F.", "", []string{"creator", "rights"}},
		"XMP":                   {withSegments(jpg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP))), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"XMP in UTF-16":         {withSegments(jpg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), inUTF16(keptXMP, binary.LittleEndian))), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"copyright alone":       {withSegments(jpg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP))), imageproc.Keep{Copyright: true}, "Ottokar & Söhne", "Alle Rechte vorbehalten", "", []string{"creator", "rights"}},
		"source alone":          {withSegments(jpg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP))), imageproc.Keep{SourceType: true}, "", "", trained, []string{"source type"}},
		"Exif before XMP":       {withSegments(jpg, exifSegment(exif), segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP))), everything, "Ottokar Fährmann", "(c) 2026 Ottokar", trained, []string{"creator", "rights", "source type"}},
		"credentials":           {withSegments(jpg, segment(0xEB, []byte(credentials))), everything, "", "", trained, []string{"source type"}},
		"a term of no list":     {withSegments(jpg, segment(0xEB, []byte(strings.ReplaceAll(credentials, "trained", "secret")))), everything, "", "", "", nil},
		"text of PNG":           {withChunks(png, chunk("tEXt", []byte("Author\x00Ottokar F\xE4hrmann")), chunk("zTXt", []byte("Copyright\x00\x00"), deflate([]byte("(c) Ottokar")))), everything, "Ottokar Fährmann", "(c) Ottokar", "", []string{"creator", "rights"}},
		"XMP of PNG":            {withChunks(png, chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), []byte(keptXMP))), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"XMP of WebP":           {withPieces(webp, 4, false, riffPiece("XMP ", []byte(keptXMP))), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"XMP of GIF":            {atStart(gif, slicesOfGIF(keptXMP)), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"XMP of HEIC":           {heic.build(), everything, "Ottokar & Söhne", "Alle Rechte vorbehalten", trained, []string{"creator", "rights", "source type"}},
		"markup is text":        {withChunks(png, chunk("tEXt", []byte("Author\x00O\"/><x a='<!--"))), everything, "O\"/><x a='<!--", "", "", []string{"creator"}},
		"control characters":    {withChunks(png, chunk("tEXt", []byte("Author\x00Ottokar\x1B[31m"))), everything, "", "", "", nil},
		"lines become one":      {withChunks(png, chunk("tEXt", []byte("Author\x00 Ottokar\r\nFahr "))), everything, "Ottokar Fahr", "", "", []string{"creator"}},
		"no place for a novel":  {withChunks(png, chunk("tEXt", []byte("Author\x00"), bytes.Repeat([]byte("Once upon a time "), 30))), everything, "", "", "", nil},
		"as long as it may be":  {withChunks(png, chunk("tEXt", []byte("Author\x00"), bytes.Repeat([]byte("'"), 256)), chunk("tEXt", []byte("Copyright\x00"), bytes.Repeat([]byte("\""), 256))), everything, strings.Repeat("'", 256), strings.Repeat("\"", 256), "", []string{"creator", "rights"}},
		"XMP that is cut short": {withSegments(jpg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP[:len(keptXMP)-120]))), everything, "Ottokar & Söhne", "", trained, []string{"creator", "source type"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, again bytes.Buffer
			report, err := imageproc.Strip(&out, bytes.NewReader(row.in), &imageproc.StripOptions{Keep: row.keep})
			if err != nil {
				t.Fatal(err)
			}
			creator, rights, source := said(t, out.Bytes())
			if diff := cmp.Diff([]string{row.creator, row.rights, row.source}, []string{creator, rights, source}); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.kept, report.Kept); diff != "" {
				t.Error(diff)
			}
			for _, gone := range []string{"Greifswald", "Hertha", "Maker of", "2pa.made"} {
				if bytes.Contains(out.Bytes(), []byte(gone)) {
					t.Errorf("%q is left", gone)
				}
			}
			if _, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), &imageproc.StripOptions{Keep: row.keep}); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Errorf("a second strip: %d bytes after %d, %v", again.Len(), out.Len(), err)
			}
			c := sanitize(t, row.in, &imageproc.SanitizeOptions{Keep: row.keep})
			if !bytes.Equal(c.Bytes(), out.Bytes()) || !cmp.Equal(c.Report().Kept, row.kept) {
				t.Error("Sanitize keeps otherwise than Strip")
			}
			if c.Format() == imageproc.HEIC || c.Format() == imageproc.AVIF {
				return
			}
			small := sanitize(t, row.in, &imageproc.SanitizeOptions{Keep: row.keep, MaxSide: 8})
			if a, b, c := said(t, small.Bytes()); a != row.creator || b != row.rights || c != row.source {
				t.Errorf("made smaller it says %q, %q, %q", a, b, c)
			}
		})
	}
}

// TestKeepAndMark has both: the mark says how the picture came to be.
// inUTF16 is a text with its bytes in that order.
func inUTF16(text string, order binary.AppendByteOrder) (b []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestKeepAndMark(t *testing.T) {
	in := withSegments(mustJPEG(t, corner()), segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(keptXMP)))
	c := sanitize(t, in, &imageproc.SanitizeOptions{Mark: testMark, Keep: imageproc.Keep{Copyright: true, SourceType: true}})
	checkPacket(t, packetOf(t, c.Bytes()), testMark)
	if creator, _, source := said(t, c.Bytes()); creator != "Ottokar & Söhne" || source != string(testMark.DigitalSourceType) {
		t.Errorf("%q, %q", creator, source)
	}
}

// phonePhotoOf adds what has no creator.
func phonePhotoOf(jpg []byte) []byte {
	return withSegments(jpg, exifSegment(gpsBlock(nil)), segment(0xFE, []byte("made in a hurry")))
}

func slicesOfGIF(packet string) []byte {
	tail := []byte{1}
	for v := 255; v >= 0; v-- {
		tail = append(tail, byte(v))
	}
	return []byte("\x21\xFF\x0BXMP DataXMP" + packet + string(append(tail, 0)))
}
