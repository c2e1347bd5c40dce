package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/fitveil/fitveil/imageproc"
)

// landscape is a picture with soft shapes and a few edges, so that a filter's place
// and sharpness show.
func landscape(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{byte(x * 255 / w), byte(y * 255 / h), byte(128 + (x-y)*60/w), 255}
			if (x*13/w+y*11/h)%4 == 0 {
				c.R, c.G, c.B = c.R/2, c.G/2, c.B/2
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func mustEncode(t testing.TB, img image.Image, o *imageproc.EncodeOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := imageproc.Encode(&b, img, imageproc.JPEG, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// meanSquare is the mean of the squares by which two pictures differ.
func meanSquare(t testing.TB, got, want image.Image) float64 {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%v, want %v", got.Bounds(), want.Bounds())
	}
	a, b := got.(*image.NRGBA), imaging.Clone(want)
	sum := 0
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		sum += d * d
	}
	return float64(sum) / float64(len(a.Pix)*3/4)
}

// TestThumbLooksRight compares thumbnails of every size and orientation with what
// the standard library and imaging make of the file in full.
func TestThumbLooksRight(t *testing.T) {
	file := mustEncode(t, landscape(403, 302), &imageproc.EncodeOptions{Quality: 95})
	full, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	turns := []func(image.Image) *image.NRGBA{
		imaging.Clone, imaging.FlipH, imaging.Rotate180, imaging.FlipV, imaging.Transpose, imaging.Rotate270, imaging.Transverse, imaging.Rotate90,
	}
	for o := 1; o <= 8; o++ {
		turned := withSegments(file, exifSegment(phoneExif(uint32(o), 300)))
		for _, side := range []int{403, 400, 270, 150, 64, 31, 9, 1} {
			got, err := imageproc.Decode(bytes.NewReader(turned), &imageproc.DecodeOptions{MaxSide: side})
			if err != nil {
				t.Fatal(err)
			}
			b := turns[o-1](full)
			w, h := got.Bounds().Dx(), got.Bounds().Dy()
			want := imaging.Resize(b, w, h, imaging.Lanczos)
			limit := 30.0
			if side < 10 {
				limit = 60 // averages go before the filter
			}
			if d := meanSquare(t, got, want); d > limit {
				t.Errorf("orientation %d, side %d: mean of squares %.1f", o, side, d)
			}
		}
	}
}

// TestOnePass looks that a smaller copy and its thumbnail are the picture.
func TestOnePass(t *testing.T) {
	for name, m := range map[string]image.Image{"colour": landscape(500, 400), "grey": toGrey(landscape(500, 400))} {
		file := withSegments(mustEncode(t, m, &imageproc.EncodeOptions{Quality: 95}), exifSegment(phoneExif(6, 300)))
		c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(file), &imageproc.SanitizeOptions{MaxSide: 300, Quality: 92, Thumb: 90})
		if err != nil {
			t.Fatal(err)
		}
		if want := image.Rect(0, 0, 240, 300); c.Bounds() != want {
			t.Errorf("%s: %v, want %v", name, c.Bounds(), want)
		}
		img, err := c.Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		upright := imaging.Rotate270(m)
		if d := meanSquare(t, img, imaging.Resize(upright, 240, 300, imaging.Lanczos)); d > 40 {
			t.Errorf("%s: the copy is off by %.1f in the mean of squares", name, d)
		}
		for _, side := range []int{90, 91} { // made on the way, and decoded
			thumb, err := c.Thumb(side)
			if err != nil {
				t.Fatal(err)
			}
			b := thumb.Bounds()
			if b.Dy() != side {
				t.Errorf("%s: %v, want a side of %d", name, b, side)
			}
			if d := meanSquare(t, thumb, imaging.Resize(upright, b.Dx(), b.Dy(), imaging.Lanczos)); d > 40 {
				t.Errorf("%s: the thumbnail of %d is off by %.1f in the mean of squares", name, side, d)
			}
		}
		first, _ := c.Thumb(90)
		first.(*image.NRGBA).Pix[0] ^= 0xFF
		second, _ := c.Thumb(90)
		if first.(*image.NRGBA).Pix[0] == second.(*image.NRGBA).Pix[0] {
			t.Errorf("%s: a caller's pixels are the Clean's", name)
		}
	}
}

func toGrey(m *image.NRGBA) *image.Gray {
	g := image.NewGray(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			g.Set(x, y, m.At(x, y))
		}
	}
	return g
}

// TestTruncatedJPEG refuses what ends early, unless asked to show what there is.
func TestTruncatedJPEG(t *testing.T) {
	file := mustEncode(t, landscape(320, 240), nil)
	whole, err := imageproc.Decode(bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := imageproc.Decode(bytes.NewReader(file[:len(file)-1]), nil); err != nil {
		t.Errorf("half of EOI alone is missing: %v", err)
	}
	for _, cut := range []int{len(file) / 2, len(file) * 3 / 4, len(file) - 3} {
		_, err := imageproc.Decode(bytes.NewReader(file[:cut]), nil)
		if !errors.Is(err, imageproc.ErrCorrupt) {
			t.Errorf("cut at %d: %v, want ErrCorrupt", cut, err)
		}
		img, err := imageproc.Decode(bytes.NewReader(file[:cut]), &imageproc.DecodeOptions{Truncated: true})
		if !errors.Is(err, imageproc.ErrTruncated) || img == nil {
			t.Errorf("cut at %d: %v, want a picture and ErrTruncated", cut, err)
			continue
		}
		got := img.(*image.NRGBA)
		rows := cut * 200 / len(file) // of 240, a little less than there must be
		if n := rows / 2 * got.Stride; !bytes.Equal(got.Pix[:n], whole.(*image.NRGBA).Pix[:n]) {
			t.Errorf("cut at %d: what is there looks different", cut)
		}
	}
	if _, err := imageproc.Decode(bytes.NewReader(file[:100]), &imageproc.DecodeOptions{Truncated: true}); !errors.Is(err, imageproc.ErrCorrupt) {
		t.Errorf("a file without data: %v, want ErrCorrupt", err)
	}
	if _, err := imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{Truncated: true}); err != nil {
		t.Errorf("a whole file: %v", err)
	}
}

// TestProfileConverted makes a smaller copy of a photo in Display P3: the
// colours are sRGB's, and there is no profile; with KeepProfile nothing changes.
func TestProfileConverted(t *testing.T) {
	flat := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(flat.Pix); i += 4 {
		copy(flat.Pix[i:], []byte{224, 172, 140, 255})
	}
	file := withSegments(mustEncode(t, flat, &imageproc.EncodeOptions{Quality: 98}), iccChunks(displayP3(), 1, false)...)
	for _, keep := range []bool{false, true} {
		c := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 32, Quality: 98, Thumb: 16, KeepProfile: keep})
		want := color.NRGBA{234, 169, 135, 255} // by the chromaticities of SMPTE EG 432-1
		numbers := want
		if keep {
			numbers = color.NRGBA{224, 172, 140, 255}
		}
		img, err := c.Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := img.(*image.NRGBA).NRGBAAt(3, 3); distance(got, numbers) > 2 {
			t.Errorf("keep %t: %v, want %v", keep, got, numbers)
		}
		for _, side := range []int{32, 16, 8} {
			img, err := c.Thumb(side)
			if err != nil {
				t.Fatal(err)
			}
			if got := img.(*image.NRGBA).NRGBAAt(3, 3); distance(got, want) > 2 {
				t.Errorf("keep %t, side %d: %v, want %v", keep, side, got, want)
			}
		}
		if has := profileOf(t, c.Bytes()) != nil; has != keep {
			t.Errorf("keep %t: there is a profile: %t", keep, has)
		}
	}
}

// A thumbnail is sRGB whatever was decoded for it; pixels are what the file says
// unless asked for otherwise.
func TestThumbColours(t *testing.T) {
	flat := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(flat.Pix); i += 4 {
		copy(flat.Pix[i:], []byte{224, 172, 140, 255})
	}
	jpg := withSegments(mustEncode(t, flat, &imageproc.EncodeOptions{Quality: 98}), iccChunks(displayP3(), 1, false)...)
	pngFile := withChunks(mustPNG(t, flat), chunk("iCCP", []byte("p\x00\x00"), deflate(displayP3())))
	coded := withChunks(mustPNG(t, flat), chunk("cICP", []byte{1, 13, 0, 1}), chunk("iCCP", []byte("p\x00\x00"), deflate(displayP3())))
	converted, plain := color.NRGBA{234, 169, 135, 255}, color.NRGBA{224, 172, 140, 255}
	for name, row := range map[string]struct {
		file []byte
		want color.NRGBA
	}{"jpeg": {jpg, converted}, "png": {pngFile, converted}, "png with code points": {coded, plain}} {
		c := sanitize(t, row.file, nil)
		check := func(what string, img image.Image, err error, want color.NRGBA) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if got := img.(*image.NRGBA).NRGBAAt(3, 3); distance(got, want) > 2 {
				t.Errorf("%s, %s: %v, want %v", name, what, got, want)
			}
		}
		for _, side := range []int{16, 64} {
			img, err := c.Thumb(side)
			check("thumb", img, err, row.want)
		}
		img, err := c.Image(nil)
		check("image", img, err, plain)
		img, err = c.Image(&imageproc.DecodeOptions{SRGB: true})
		check("image in sRGB", img, err, row.want)
		img, err = imageproc.Decode(bytes.NewReader(row.file), &imageproc.DecodeOptions{SRGB: true, MaxSide: 32})
		check("decoded in sRGB", img, err, row.want)
	}
}

// displayP3 is Display P3 as phones write it.
func displayP3() []byte {
	xyz := func(v ...float64) []byte {
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(x*65536)))
		}
		return b
	}
	curve := []byte("para\x00\x00\x00\x00\x00\x03\x00\x00")
	for _, x := range []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045} {
		curve = binary.BigEndian.AppendUint32(curve, uint32(x*65536))
	}
	tags := []struct {
		name string
		data []byte
	}{
		{"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.51512, 0.24120, -0.00105)},
		{"gXYZ", xyz(0.29198, 0.69225, 0.04189)},
		{"bXYZ", xyz(0.15710, 0.06657, 0.78407)},
		{"rTRC", curve},
		{"gTRC", curve},
		{"bTRC", curve},
	}
	p := make([]byte, 132+12*len(tags))
	p[8] = 4
	copy(p[12:], "mntrRGB XYZ ")
	copy(p[36:], "acsp")
	binary.BigEndian.PutUint32(p[128:], uint32(len(tags)))
	for i, tag := range tags {
		e := p[132+12*i:]
		copy(e, tag.name)
		binary.BigEndian.PutUint32(e[4:], uint32(len(p)))
		binary.BigEndian.PutUint32(e[8:], uint32(len(tag.data)))
		p = append(p, tag.data...)
	}
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}
