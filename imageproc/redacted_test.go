package imageproc_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// patched is a photo with a chequered patch: what is to go.
func patched(patch image.Rectangle, seed uint32) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			m.SetNRGBA(x, y, color.NRGBA{byte(x / 4), byte(y / 3), byte((x + y) / 6), 255})
			if (image.Point{x, y}).In(patch) {
				seed = seed*1664525 + 1013904223
				m.SetNRGBA(x, y, color.NRGBA{byte(seed >> 24), byte(seed >> 16), 90, 255})
			}
		}
	}
	return m
}

// With the planes of Sanitize the result is that of decoding, redacting and encoding
// again, and better outside of the region, where nothing was encoded twice.
func TestRedacted(t *testing.T) {
	whole := image.Rect(201, 151, 301, 251)
	region := image.Rect(100, 75, 151, 126) // the patch at half the size
	file := withSegments(mustEncode(t, patched(whole, 1), &imageproc.EncodeOptions{Quality: 95}), exifSegment(phoneExif(1, 0)), iccChunks(displayP3(), 1, false)[0])
	for _, mode := range []imageproc.RedactMode{imageproc.Pixelate, imageproc.Blur, imageproc.Fill} {
		o := &imageproc.RedactOptions{Mode: mode, Feather: 3}
		kept := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 320, KeepPlanes: true, KeepProfile: true})
		plain := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 320, KeepProfile: true})
		var got [2]*image.NRGBA
		for i, c := range []*imageproc.Clean{kept, plain} {
			before := c.Bytes()
			r, err := c.Redacted([]image.Rectangle{region}, o, &imageproc.EncodeOptions{Mark: testMark})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(c.Bytes(), before) {
				t.Error("the Clean itself changed")
			}
			if r.Format() != imageproc.JPEG || r.Bounds() != c.Bounds() || profileOf(t, r.Bytes()) == nil || !bytes.Contains(r.Bytes(), []byte(testMark.DigitalSourceType)) {
				t.Errorf("made %v", r)
			}
			img, err := r.Image(nil)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = img.(*image.NRGBA)
		}
		// The slow way, by pixels.
		img, err := plain.Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		slow := img.(draw.Image)
		if err := imageproc.Redact(slow, []image.Rectangle{image.Rect(100, 74, 152, 126)}, o); err != nil {
			t.Fatal(err)
		}
		for i, m := range got {
			if d := meanDifference(m, slow.(*image.NRGBA)); d > 1.5 {
				t.Errorf("mode %d, way %d: %.2f steps from the slow way", mode, i, d)
			}
		}
	}
}

// What was in a region leaves no trace: files of pictures that differ in nothing
// else are the same, if the means they are drawn from are.
func TestRedactedHoldsNothing(t *testing.T) {
	patch := image.Rect(200, 150, 300, 250)
	for name, keep := range map[string]bool{"planes": true, "decoded": false} {
		var files [2][]byte
		for i := range files {
			// The filter of the smaller copy looks 3 pixels around: the region is larger.
			c := sanitize(t, mustEncode(t, patched(patch, uint32(1+i)), &imageproc.EncodeOptions{Quality: 95, FullChroma: true}), &imageproc.SanitizeOptions{MaxSide: 320, KeepPlanes: keep})
			r, err := c.Redacted([]image.Rectangle{image.Rect(80, 56, 168, 144)}, &imageproc.RedactOptions{Mode: imageproc.Fill}, nil)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = r.Bytes()
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: the files tell two patches apart", name)
		}
	}
}

func TestRedactedRefusals(t *testing.T) {
	var zero imageproc.Clean
	if _, err := zero.Redacted(nil, nil, nil); err == nil {
		t.Error("a zero Clean is redacted")
	}
	c := sanitize(t, noisyPhoto(t, 640, 480), &imageproc.SanitizeOptions{MaxSide: 100, KeepPlanes: true})
	for name, err := range map[string]error{
		"outside": second(c.Redacted([]image.Rectangle{image.Rect(200, 0, 300, 10)}, nil, nil)),
		"empty":   second(c.Redacted([]image.Rectangle{{}}, nil, nil)),
		"quality": second(c.Redacted([]image.Rectangle{image.Rect(0, 0, 9, 9)}, nil, &imageproc.EncodeOptions{Quality: 200})),
	} {
		if !errors.Is(err, imageproc.ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ *imageproc.Clean, err error) error { return err }
