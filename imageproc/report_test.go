package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

func TestReport(t *testing.T) {
	in := withSegments(mustJPEG(t, corner()), exifSegment(phoneExif(6, 0)), segment(0xFE, []byte("hello")), segment(0xFE, []byte("again")))
	in = append(in, "behind"...)
	out, got := strip(t, in)
	want := &imageproc.Report{
		Format: imageproc.JPEG, Orientation: 6, BytesIn: int64(len(in)), BytesOut: int64(len(out)),
		Removed: []imageproc.Finding{
			{
				Carrier: "APP1 Exif", Bytes: len(phoneExif(6, 0)) + 10, Classes: C{text, dev, loc, other, person, soft, thumb, when},
				Fields: []string{
					"Artist", "BodySerialNumber", "Copyright", "DateTime", "DateTimeOriginal", "GPSDateStamp", "GPSLatitude",
					"GPSLatitudeRef", "GPSLongitude", "LensModel", "Make", "MakerNote", "Model", "Orientation", "Software",
					"ThumbJPEGInterchangeFormat", "ThumbJPEGInterchangeFormatLength", "UserComment",
				},
			},
			{Carrier: "COM", Bytes: 18, Classes: C{text}},
			{Carrier: "bytes after EOI", Bytes: 6, Classes: C{other}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	seen, err := imageproc.Inspect(bytes.NewReader(in), nil)
	want.BytesOut = 0
	if diff := cmp.Diff(want, seen); diff != "" || err != nil {
		t.Error(err, diff)
	}
	j, err := json.Marshal(got)
	if err != nil || !strings.HasPrefix(string(j), `{"format":"jpeg","orientation":6,"bytes_in":`) || strings.Contains(string(j), "Secret") {
		t.Errorf("JSON: %s, %v", j, err)
	}
}

// Each class is found by the field that means it, in either byte order.
func TestExifClasses(t *testing.T) {
	for name, want := range map[string]struct {
		tag  uint16
		list C
	}{
		"Make": {0x010F, C{dev}}, "Model": {0x0110, C{dev}}, "MakerNote": {0x927C, C{dev}}, "BodySerialNumber": {0xA431, C{dev}},
		"LensModel": {0xA434, C{dev}}, "LensSerialNumber": {0xA435, C{dev}}, "Artist": {0x013B, C{person}},
		"Copyright": {0x8298, C{person}}, "CameraOwnerName": {0xA430, C{person}}, "Photographer": {0xA437, C{person}},
		"XPAuthor": {0x9C9D, C{person}}, "XPComment": {0x9C9C, C{text, person}}, "DateTime": {0x0132, C{when}},
		"DateTimeOriginal": {0x9003, C{when}}, "OffsetTime": {0x9010, C{when}}, "SubSecTime": {0x9290, C{when}},
		"UserComment": {0x9286, C{text}}, "ImageDescription": {0x010E, C{text}}, "Software": {0x0131, C{soft}},
		"HostComputer": {0x013C, C{dev, soft}}, "ImageUniqueID": {0xA420, C{prov}}, "ExposureTime": {0x829A, C{other}},
	} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			tiff := tiffBlock(order, []field{{0x8769, 4, dir + 1, ""}}, []field{{want.tag, 2, 0, "value of it"}})
			if want.tag < 0x8000 || strings.HasPrefix(name, "XP") || name == "Copyright" {
				tiff = tiffBlock(order, []field{{want.tag, 2, 0, "value of it"}})
			}
			_, report := strip(t, withSegments(mustJPEG(t, corner()), exifSegment(tiff)))
			f := report.Removed[0]
			if !slices.Equal(f.Classes, want.list) || !slices.Equal(f.Fields, []string{name}) {
				t.Errorf("%s, %s: %v as %v, want %v", name, order, f.Fields, f.Classes, want.list)
			}
		}
	}
}

// A file with more carriers than anyone can read does not make a report of
// their number.
func TestReportIsBounded(t *testing.T) {
	var chunks [][]byte
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			chunks = append(chunks, chunk("x"+string(a)+"X"+string(b), []byte("secret")))
		}
	}
	_, report := strip(t, withChunks(mustPNG(t, corner()), chunks...))
	total := 0
	for _, f := range report.Removed {
		total += f.Bytes
	}
	if len(report.Removed) > 65 || total != 26*26*18 {
		t.Errorf("%d findings of %d bytes, want at most 65 of %d", len(report.Removed), total, 26*26*18)
	}
}
