package imageproc_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os/exec"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// twins are two pictures that differ in nothing but the patch.
func twins(size image.Point, patch image.Rectangle) (pair [2]*image.NRGBA) {
	for i := range pair {
		m := image.NewNRGBA(image.Rectangle{Max: size})
		seed := uint32(77 + i)
		for y := range size.Y {
			for x := range size.X {
				m.SetNRGBA(x, y, color.NRGBA{byte(x * 2), byte(y * 2), byte(x + y), 255})
				if image.Pt(x, y).In(patch) {
					seed = seed*1664525 + 1013904223
					m.SetNRGBA(x, y, color.NRGBA{byte(seed >> 24), byte(seed >> 16), byte(seed >> 8), 255})
				}
			}
		}
		pair[i] = m
	}
	return pair
}

// cjpeg is libjpeg-turbo's encoder.
func cjpeg(t *testing.T, m *image.NRGBA, args ...string) []byte {
	t.Helper()
	needTool(t, "cjpeg", "libjpeg-turbo-progs")
	in := fmt.Appendf(nil, "P6\n%d %d\n255\n", m.Rect.Dx(), m.Rect.Dy())
	for i := 0; i < len(m.Pix); i += 4 {
		in = append(in, m.Pix[i:i+3]...)
	}
	cmd := exec.CommandContext(t.Context(), "cjpeg", append([]string{"-quality", "90"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// upright turns a region as orientation turns the picture of that size it is in.
func upright(r image.Rectangle, size image.Point, orientation int) image.Rectangle {
	corner := func(p image.Point) image.Point {
		switch orientation {
		case 2:
			return image.Pt(size.X-p.X, p.Y)
		case 3:
			return image.Pt(size.X-p.X, size.Y-p.Y)
		case 4:
			return image.Pt(p.X, size.Y-p.Y)
		case 5:
			return image.Pt(p.Y, p.X)
		case 6:
			return image.Pt(size.Y-p.Y, p.X)
		case 7:
			return image.Pt(size.Y-p.Y, size.X-p.X)
		case 8:
			return image.Pt(p.Y, size.X-p.X)
		}
		return p
	}
	return image.Rectangle{corner(r.Min), corner(r.Max)}.Canon()
}

// redactedTwins redacts the same of both and says whether files, pixels or
// thumbnails of the results differ.
func redactedTwins(t *testing.T, files [2][]byte, regions []image.Rectangle, o *imageproc.RedactOptions) (differ bool) {
	t.Helper()
	var got, thumbs [2][]byte
	for i, file := range files {
		r, err := sanitize(t, file, nil).Redacted(regions, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		img, err := r.Thumb(40)
		if err != nil {
			t.Fatal(err)
		}
		got[i], thumbs[i] = r.Bytes(), img.(*image.NRGBA).Pix
	}
	return !bytes.Equal(got[0], got[1]) || !bytes.Equal(thumbs[0], thumbs[1])
}

// TestRedactedOfEveryKind holds what comes of two files that differ in the blocks of
// the region alone against each other, to the byte, for every kind of JPEG.
func TestRedactedOfEveryKind(t *testing.T) {
	size := image.Pt(173, 141) // no multiple of anything
	for name, args := range map[string][]string{
		"4:4:4": {"-sample", "1x1"}, "4:2:2": {"-sample", "2x1"}, "4:2:0": {"-sample", "2x2"}, "4:1:1": {"-sample", "4x1"},
		"4:4:0": {"-sample", "1x2"}, "grey": {"-grayscale"}, "progressive": {"-progressive"}, "restarts": {"-restart", "1"},
		"progressive grey": {"-grayscale", "-progressive"}, "RGB": {"-rgb"},
	} {
		for _, patch := range []image.Rectangle{
			image.Rect(32, 32, 96, 64), image.Rect(0, 0, 32, 16), image.Rect(128, 112, size.X, size.Y), {Max: size},
		} {
			pair := twins(size, patch)
			plain := [2][]byte{cjpeg(t, pair[0], args...), cjpeg(t, pair[1], args...)}
			if bytes.Equal(plain[0], plain[1]) {
				t.Fatal("the files are the same before")
			}
			for orientation := 1; orientation <= 8; orientation += 1 + len(args[0])%3 {
				var files [2][]byte
				for i := range files {
					files[i] = withSegments(plain[i], exifSegment(phoneExif(uint32(orientation), 0)))
				}
				region := upright(patch, size, orientation)
				over := []image.Rectangle{ // overlapping parts, some beyond the picture
					region.Intersect(image.Rect(-9, -9, 70, 900)), region.Intersect(image.Rect(50, -9, 900, 900)), region,
				}
				over = slices.DeleteFunc(over, image.Rectangle.Empty)
				for _, o := range []*imageproc.RedactOptions{
					{Mode: imageproc.Fill}, {Mode: imageproc.Fill, Colour: color.RGBA{200, 10, 90, 255}, Feather: 0},
				} {
					if redactedTwins(t, files, over, o) {
						t.Errorf("%s, %v, orientation %d: the results can be told apart", name, patch, orientation)
					}
				}
			}
		}
	}
}

// TestRedactedChroma has two files that differ in the colour of one block of chroma,
// which reaches a pixel beyond the region on each side: that goes, too.
func TestRedactedChroma(t *testing.T) {
	for name, ratio := range map[string]image.YCbCrSubsampleRatio{"4:2:0": image.YCbCrSubsampleRatio420, "4:4:4": image.YCbCrSubsampleRatio444} {
		block, inset := 16, 1
		if ratio == image.YCbCrSubsampleRatio444 {
			block, inset = 8, 0
		}
		for _, odd := range []int{0, 1} {
			for _, orientation := range []int{1, 2, 3, 6, 7} {
				size := image.Pt(96+odd, 80+odd)
				var files [2][]byte
				for i := range files {
					m := image.NewYCbCr(image.Rectangle{Max: size}, ratio)
					for k := range m.Y {
						m.Y[k] = byte(60 + k%97)
					}
					for k := range m.Cb {
						m.Cb[k], m.Cr[k] = 120, 130
					}
					for y := range 8 {
						for x := range 8 {
							at := (y+16)*m.CStride + x + 16
							m.Cb[at], m.Cr[at] = byte(60+100*i), byte(200-90*i)
						}
					}
					var b bytes.Buffer
					o := &imageproc.EncodeOptions{Quality: 95, FullChroma: ratio == image.YCbCrSubsampleRatio444}
					if err := imageproc.Encode(&b, m, imageproc.JPEG, o); err != nil {
						t.Fatal(err)
					}
					files[i] = withSegments(b.Bytes(), exifSegment(phoneExif(uint32(orientation), 0)))
				}
				at := 16 * block / 8
				region := upright(image.Rect(at+inset, at+inset, at+block-inset, at+block-inset), size, orientation)
				if redactedTwins(t, files, []image.Rectangle{region}, &imageproc.RedactOptions{Mode: imageproc.Fill}) {
					t.Errorf("%s, %v, orientation %d: colour of the region is left beside it", name, size, orientation)
				}
			}
		}
	}
}
