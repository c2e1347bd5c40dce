package imageproc_test

import (
	"bytes"
	"errors"
	"image/gif"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// checkMended strips a file that is cut short, and holds the output against what every
// one is.
func checkMended(t *testing.T, in []byte, want ...string) ([]byte, *imageproc.Report) {
	t.Helper()
	out, report := strip(t, in)
	if !slices.Equal(report.Mended, want) {
		t.Errorf("mended: %v, want %v", report.Mended, want)
	}
	checkSettled(t, out)
	c := sanitize(t, in, nil)
	if !bytes.Equal(c.Bytes(), out) || !slices.Equal(c.Report().Mended, want) {
		t.Error("Sanitize mends otherwise than Strip")
	}
	return out, report
}

// Of a JPEG that breaks off, the data that is there goes over, and EOI behind it.
func TestMendedJPEG(t *testing.T) {
	whole := mustJPEG(t, corner())
	scan := mid(whole)
	for _, cut := range []int{len(whole) - 1, len(whole) - 2, len(whole) - 5, scan + 40} {
		out, report := checkMended(t, whole[:cut], "cut short")
		data := bytes.TrimSuffix(whole[scan:cut], []byte{0xFF})
		if !bytes.HasSuffix(out, append(bytes.Clone(data), 0xFF, 0xD9)) || len(report.Removed) > 0 {
			t.Errorf("cut at %d: %d bytes, %+v", cut, len(out), report.Removed)
		}
	}
	if out, _ := checkMended(t, whole[:len(whole)-2], "cut short"); !bytes.Equal(decodeBytes(t, out), decodeBytes(t, whole)) {
		t.Error("the picture is not the same")
	}
	secret := []byte("some secret text here")
	out, _ := checkMended(t, slices.Concat(whole[:len(whole)-2], segment(0xFE, secret)), "cut short")
	if survives(out, secret) {
		t.Error("the secret survives")
	}
	if _, report := strip(t, whole); report.Mended != nil {
		t.Errorf("a sound file was mended: %v", report.Mended)
	}
}

func decodeBytes(t *testing.T, file []byte) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return asNRGBA(img).Pix
}

// A PNG without IEND gets one.
func TestMendedPNG(t *testing.T) {
	whole := mustPNG(t, corner())
	want, _ := strip(t, whole)
	for _, cut := range []int{12, 11, 5, 1} {
		if out, _ := checkMended(t, whole[:len(whole)-cut], "cut short"); !bytes.Equal(out, want) {
			t.Errorf("cut by %d: another output", cut)
		}
	}
	if _, err := imageproc.Inspect(bytes.NewReader(whole[:len(whole)-14]), nil); !errors.Is(err, imageproc.ErrCorrupt) {
		t.Errorf("half of IDAT is missing: %v", err)
	}
}

// Of an animation that breaks off, whole frames go over. A first frame that is not
// whole is refused.
func TestMendedGIF(t *testing.T) {
	whole := mustGIF(t, 3)
	want, err := gif.DecodeAll(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	refused, frames := 0, map[int]int{}
	for cut := 14; cut < len(whole); cut++ {
		in := whole[:cut]
		var buf bytes.Buffer
		if _, err := imageproc.Strip(&buf, bytes.NewReader(in), nil); err != nil {
			if !errors.Is(err, imageproc.ErrCorrupt) || len(frames) > 0 {
				t.Errorf("cut at %d: %v", cut, err)
			}
			refused++
			continue
		}
		out, _ := checkMended(t, in, "cut short")
		got, err := gif.DecodeAll(bytes.NewReader(out))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		frames[len(got.Image)]++
		for i, m := range got.Image {
			if !samePixels(m, want.Image[i]) || got.Delay[i] != want.Delay[i] || got.Disposal[i] != want.Disposal[i] {
				t.Errorf("cut at %d: frame %d changed", cut, i)
			}
		}
	}
	if refused == 0 || frames[1] == 0 || frames[2] == 0 || frames[3] == 0 {
		t.Errorf("%d refused, then %v", refused, frames)
	}
	secret := []byte("some secret text here")
	out, report := checkMended(t, slices.Concat(whole[:len(whole)-1], []byte{0x21, 0xFE, 200}, secret), "cut short")
	if survives(out, secret) || len(report.Removed) != 1 || report.Removed[0].Carrier != "bytes after the last frame" {
		t.Errorf("%+v", report.Removed)
	}
	if out, _ := checkMended(t, slices.Concat(whole[:len(whole)-1], []byte("Garbage, and a "), secret), "cut short"); survives(out, secret) {
		t.Error("the secret survives")
	}
}

// A picture without a size is shown by nobody.
func TestMendedGIFWithoutSize(t *testing.T) {
	whole := mustGIF(t, 2)
	at := bytes.LastIndexByte(whole, ',')
	empty := slices.Concat(whole[:at], []byte("\x2C\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x02\x4C\x01\x00"), whole[at:])
	if out, _ := checkMended(t, empty, "broken frame"); len(decodeAll(t, out).Image) != 2 {
		t.Error("not the two pictures that there were")
	}
}
