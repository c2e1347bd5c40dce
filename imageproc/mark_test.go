package imageproc_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

var testMark = imageproc.Mark{
	DigitalSourceType: imageproc.CompositeWithTrainedAlgorithmicMedia,
	Tool:              `fitveil/"overlay" <1.0> & co`,
}

// packetOf cuts the XMP packet out of a JPEG or PNG file.
func packetOf(t *testing.T, file []byte) string {
	t.Helper()
	if n := bytes.Count(file, []byte("<?xpacket begin")); n != 1 {
		t.Fatalf("%d XMP packets", n)
	}
	i := bytes.Index(file, []byte("<?xpacket begin"))
	end := []byte(`<?xpacket end="r"?>`)
	j := bytes.Index(file, end)
	return string(file[i : j+len(end)])
}

func checkPacket(t *testing.T, packet string, want imageproc.Mark) {
	t.Helper()
	var meta struct {
		RDF struct {
			Description struct {
				Source string `xml:"http://iptc.org/std/Iptc4xmpExt/2008-02-29/ DigitalSourceType,attr"`
				Tool   string `xml:"http://ns.adobe.com/xap/1.0/ CreatorTool,attr"`
			} `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# Description"`
		} `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF"`
	}
	if err := xml.Unmarshal([]byte(packet), &meta); err != nil {
		t.Fatal(err)
	}
	d := meta.RDF.Description
	if d.Source != string(want.DigitalSourceType) || d.Tool != want.Tool {
		t.Errorf("the packet says %q by %q", d.Source, d.Tool)
	}
}

func TestMark(t *testing.T) {
	png := withChunks(mustPNG(t, corner()), chunk("tEXt", []byte("Author\x00Secret")), chunk("eXIf", phoneExif(6, 0)))
	for name, file := range map[string][]byte{"jpeg": phonePhoto(t), "png": png} {
		t.Run(name, func(t *testing.T) {
			var stripped bytes.Buffer
			if _, err := imageproc.Strip(&stripped, bytes.NewReader(file), &imageproc.StripOptions{Mark: testMark}); err != nil {
				t.Fatal(err)
			}
			checkPacket(t, packetOf(t, stripped.Bytes()), testMark)
			c := sanitize(t, file, &imageproc.SanitizeOptions{Mark: testMark})
			if !bytes.Equal(c.Bytes(), stripped.Bytes()) {
				t.Error("Sanitize marks otherwise than Strip")
			}
			small := sanitize(t, file, &imageproc.SanitizeOptions{Mark: testMark, MaxSide: 20})
			checkPacket(t, packetOf(t, small.Bytes()), testMark)

			// The same mark again changes nothing; without one the report names it.
			var again bytes.Buffer
			if _, err := imageproc.Strip(&again, c.Reader(), &imageproc.StripOptions{Mark: testMark}); err != nil || !bytes.Equal(again.Bytes(), c.Bytes()) {
				t.Errorf("marking twice: %v", err)
			}
			bare, report := strip(t, c.Bytes())
			if plain, _ := strip(t, file); !bytes.Equal(bare, plain) {
				t.Error("unmarking does not give the plain strip")
			}
			if len(report.Removed) != 1 || strings.Join(classNames(report.Removed[0]), " ") != "provenance software" {
				t.Errorf("removed %+v", report.Removed)
			}
		})
	}
}

func classNames(f imageproc.Finding) []string {
	var list []string
	for _, c := range f.Classes {
		list = append(list, string(c))
	}
	return list
}

func TestEncodeMark(t *testing.T) {
	for _, f := range []imageproc.Format{imageproc.JPEG, imageproc.PNG} {
		var out bytes.Buffer
		mark := imageproc.Mark{DigitalSourceType: imageproc.AlgorithmicallyEnhanced}
		if err := imageproc.Encode(&out, corner(), f, &imageproc.EncodeOptions{Mark: mark}); err != nil {
			t.Fatal(err)
		}
		checkPacket(t, packetOf(t, out.Bytes()), mark)
		if got := quarters(decode(t, out.Bytes())); got != shown[1] {
			t.Errorf("%v: the picture shows %v", f, got)
		}
	}
}

func TestBadMarks(t *testing.T) {
	good := imageproc.CompositeSynthetic
	for name, m := range map[string]imageproc.Mark{
		"no source":   {Tool: "fitveil"},
		"made up":     {DigitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/secret"},
		"long tool":   {DigitalSourceType: good, Tool: strings.Repeat("x", 129)},
		"line break":  {DigitalSourceType: good, Tool: "a\nb"},
		"not ASCII":   {DigitalSourceType: good, Tool: "Fährmann"},
		"zero byte":   {DigitalSourceType: good, Tool: "a\x00b"},
		"not UTF-8":   {DigitalSourceType: good, Tool: "a\xFFb"},
		"only a type": {DigitalSourceType: "compositeSynthetic"},
	} {
		var out bytes.Buffer
		if _, err := imageproc.Strip(&out, bytes.NewReader(phonePhoto(t)), &imageproc.StripOptions{Mark: m}); !errors.Is(err, imageproc.ErrOption) || out.Len() > 0 {
			t.Errorf("%s: Strip gives %v", name, err)
		}
		if err := imageproc.Encode(&out, corner(), imageproc.JPEG, &imageproc.EncodeOptions{Mark: m}); !errors.Is(err, imageproc.ErrOption) || out.Len() > 0 {
			t.Errorf("%s: Encode gives %v", name, err)
		}
	}
}
