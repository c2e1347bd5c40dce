package imageproc

import (
	"bytes"
	"image"
	"image/jpeg"
	"reflect"
	"testing"
)

// TestNothingStays looks into the memory that goes on to the next photo.
func TestNothingStays(t *testing.T) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	const secret = "Ottokar Fährmann, Hafengasse 7"
	in := bytes.Clone(buf.Bytes()[:2])
	in = append(in, jpegSegment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(6), []byte(secret))...)
	in = append(in, jpegSegment(mAPP1, []byte(xmpSignature), []byte("<a b='"+secret+"'>"+secret+", too</a>"))...)
	in = append(in, jpegSegment(mCOM, []byte(secret))...)
	in = append(in, jpegSegment(mAPP2, []byte(iccSignature+"\x01\x01"), testProfile())...)
	pic, err := parse(append(in, buf.Bytes()[2:]...), Limits{}.orDefault(), extras{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pic.texts.values) == 0 || len(pic.found.carriers) < 3 || pic.made.used == 0 {
		t.Fatal("the workspace is not in use")
	}
	m := pic.texts.matcher(pic.packet)
	m.find(pic.out)
	report, w := pic.report(0), pic.work
	m.close()
	pic.close()
	for _, b := range [][]byte{w.skim.window, w.skim.kept[:cap(w.skim.kept)]} {
		if len(bytes.Trim(b, "\x00")) > 0 {
			t.Error("something stays of what was skimmed")
		}
	}
	if w.skim.window, w.skim.kept = nil, nil; !reflect.ValueOf(w).Elem().IsZero() {
		t.Error("something stays in the workspace")
	}
	if m.made != (arena{}) {
		t.Error("something stays in the matcher")
	}
	for _, s := range [][][]byte{m.sorted[:cap(m.sorted)], m.said.texts[len(spelledOut):cap(m.said.texts)], {m.seam[:cap(m.seam)]}} {
		for _, b := range s {
			if len(bytes.Trim(b, "\x00")) > 0 {
				t.Errorf("%q stays in the matcher", b)
			}
		}
	}
	if f := report.Removed; len(f) < 3 || f[0].Carrier == "" || len(f[0].Classes) == 0 {
		t.Errorf("the report has become %+v", f)
	}
	for i := range report.Removed {
		f := &report.Removed[i]
		f.Classes = append(f.Classes, "a class")
		f.Fields = append(f.Fields, "a field")
	}
	for _, f := range report.Removed {
		if f.Classes[0] == "a class" || f.Fields[0] != "a field" && len(f.Fields) < 2 {
			t.Errorf("appending to another changes %+v", f)
		}
	}
}
