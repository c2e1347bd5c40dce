package imageproc_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

// drawPicture draws a small picture of any kind that the encoders know.
func drawPicture(t *rapid.T) image.Image {
	w, h := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(1, 40).Draw(t, "height")
	pix := rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "pixels")
	r := image.Rect(0, 0, w, h)
	fill := func(dst []byte) {
		for i := range dst {
			dst[i] = pix[i%len(pix)]
		}
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		m := image.NewGray(r)
		fill(m.Pix)
		return m
	case 1:
		m := image.NewNRGBA(r)
		fill(m.Pix)
		return m
	case 2:
		m := image.NewNRGBA64(r)
		fill(m.Pix)
		return m
	case 3:
		m := image.NewPaletted(r, color.Palette{color.Black, color.White, color.NRGBA{200, 10, 10, 128}})
		for i := range m.Pix {
			m.Pix[i] = pix[i%len(pix)] % 3
		}
		return m
	}
	m := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	fill(m.Y)
	fill(m.Cb)
	return m
}

// Any number of plants in any order: the secret goes, the pixels stay, a second
// strip changes nothing, and Sanitize agrees with Strip.
func TestStripProperties(t *testing.T) {
	for name, kind := range map[string]struct {
		encode func(testing.TB, image.Image) []byte
		plants []plant
	}{"jpeg": {mustJPEG, jpegPlants}, "png": {mustPNG, pngPlants}} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				clean := kind.encode(t, drawPicture(rt))
				secret := rapid.SliceOfN(rapid.ByteRange(33, 126), 20, 60).Draw(rt, "secret")
				if survives(clean, secret) {
					rt.Skip("the picture holds the secret by chance")
				}
				orientation := rapid.Uint32Range(1, 8).Draw(rt, "orientation")
				dirty := clean
				for range rapid.IntRange(1, 5).Draw(rt, "plants") {
					p := kind.plants[rapid.IntRange(0, len(kind.plants)-1).Draw(rt, "plant")]
					if p.name == "second Exif" || p.name == "Exif with GPS" || p.name == "Exif" || p.name == "second Exif, late" || p.name == "Exif that is none" {
						continue // would come before the one that turns the picture
					}
					dirty = p.apply(dirty, secret)
				}
				if name == "jpeg" {
					dirty = withSegments(dirty, exifSegment(append(orientationBlock(orientation), secret...)))
				} else {
					dirty = withChunks(dirty, chunk("eXIf", orientationBlock(orientation), secret))
				}
				checkStripped(rt, clean, dirty, secret, int(orientation))
			})
		})
	}
}

func checkStripped(t *rapid.T, clean, dirty, secret []byte, orientation int) {
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(dirty), nil)
	if err != nil {
		// A plant can break another one's file; then there is no output.
		if out.Len() > 0 {
			t.Fatalf("%d bytes in spite of %v", out.Len(), err)
		}
		return
	}
	if survives(out.Bytes(), secret) {
		t.Fatal("the secret survives")
	}
	if report.Orientation != orientation {
		t.Fatalf("orientation %d, want %d", report.Orientation, orientation)
	}
	want, _, err := image.Decode(bytes.NewReader(clean))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := image.Decode(bytes.NewReader(out.Bytes()))
	if err != nil || !samePixels(got, want) {
		t.Fatalf("the picture changed: %v", err)
	}
	var again bytes.Buffer
	if r, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), nil); err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) || len(r.Removed) > 0 {
		t.Fatalf("a second strip: %v, %+v", err, r)
	}
	c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(dirty), nil)
	if err != nil || !bytes.Equal(c.Bytes(), out.Bytes()) {
		t.Fatalf("Sanitize: %v", err)
	}
}

// Resize keeps what it has to: size, a flat colour, opacity.
func TestResizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := image.NewNRGBA(image.Rect(0, 0, rapid.IntRange(1, 60).Draw(t, "sw"), rapid.IntRange(1, 60).Draw(t, "sh")))
		c := color.NRGBA{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b"), 255}
		for i := 0; i < len(src.Pix); i += 4 {
			src.Pix[i], src.Pix[i+1], src.Pix[i+2], src.Pix[i+3] = c.R, c.G, c.B, c.A
		}
		w, h := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h")
		filter := rapid.SampledFrom([]imageproc.Filter{imageproc.Lanczos, imageproc.Box}).Draw(t, "filter")
		got, err := imageproc.Resize(src, w, h, &imageproc.ResizeOptions{Filter: filter})
		if err != nil || got.Bounds() != image.Rect(0, 0, w, h) {
			t.Fatalf("%v, %v", got.Bounds(), err)
		}
		for y := range h {
			for x := range w {
				if p := got.(*image.NRGBA).NRGBAAt(x, y); p != c {
					t.Fatalf("at %d,%d %v, want %v", x, y, p, c)
				}
			}
		}
	})
}
