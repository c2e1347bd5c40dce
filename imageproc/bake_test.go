package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

func baked(t *testing.T, in []byte) ([]byte, *imageproc.Report) {
	t.Helper()
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{BakeOrientation: true})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), report
}

func turnedTo(o uint32) []byte {
	return exifSegment(tiffBlock(binary.BigEndian, []field{{0x010F, 2, 0, "Maker of cameras"}, {0x0112, 3, o, ""}}))
}

func TestBake(t *testing.T) {
	wide := segment(0xE0, []byte("JFIF\x00\x01\x01\x00\x00\x02\x00\x01\x00\x00"))
	for o, want := range shown {
		t.Run(fmt.Sprint(o), func(t *testing.T) {
			in := withSegments(mustJPEG(t, corner()), wide, turnedTo(o))
			out, report := baked(t, in)
			if got := quarters(decode(t, out)); got != want {
				t.Errorf("stored are %v, want %v", got, want)
			}
			if storedOrientation(t, out) != 1 {
				t.Error("an orientation is left")
			}
			baking, shape := imageproc.Baked, "\x00\x02\x00\x01\x00\x00"
			if o == 1 {
				baking = ""
			}
			if o >= 5 {
				shape = "\x00\x01\x00\x02\x00\x00"
			}
			if report.Baking != baking || report.Orientation != int(o) {
				t.Errorf("reported %q, orientation %d", report.Baking, report.Orientation)
			}
			if !bytes.Contains(out, []byte("JFIF\x00\x01\x01\x00"+shape)) {
				t.Error("pixels have another shape")
			}
			checkSettled(t, out)
			if again, report := baked(t, out); !bytes.Equal(again, out) || report.Baking != "" || len(report.Removed) > 0 {
				t.Errorf("a second time: %+v", report)
			}
		})
	}
}

// TestBakeOrSay has what can't be turned: it keeps an orientation, the report says
// why, and but for that nothing differs.
func TestBakeOrSay(t *testing.T) {
	jpg := mustJPEG(t, noisy(160, 96))
	partial := mustJPEG(t, corner().SubImage(image.Rect(0, 0, 43, 31)))
	for name, row := range map[string]struct {
		in          []byte
		orientation int
		want        imageproc.Baking
	}{
		"rotated":         {withSegments(partial, turnedTo(6)), 6, imageproc.KeptPartial},
		"mirrored":        {withSegments(partial, turnedTo(2)), 2, imageproc.KeptPartial},
		"only transposed": {withSegments(partial, turnedTo(5)), 1, imageproc.Baked},
		"PNG":             {withChunks(mustPNG(t, corner()), chunk("eXIf", orientationBlock(6))), 6, imageproc.KeptFormat},
		"cut short":       {withSegments(jpg, turnedTo(6))[:len(jpg)], 6, imageproc.KeptCutShort},
	} {
		t.Run(name, func(t *testing.T) {
			out, report := baked(t, row.in)
			if report.Baking != row.want || storedOrientation(t, out) != row.orientation {
				t.Errorf("%q, and orientation %d is left", report.Baking, storedOrientation(t, out))
			}
			if plain, _ := strip(t, row.in); row.want != imageproc.Baked && !bytes.Equal(plain, out) {
				t.Error("another output than without the option")
			}
		})
	}
}

func BenchmarkBake(b *testing.B) {
	in := withSegments(mustJPEG(b, noisy(2720, 2048)), turnedTo(6))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		r, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{BakeOrientation: true})
		if err != nil || r.Baking != imageproc.Baked {
			b.Fatal(r, err)
		}
	}
}
