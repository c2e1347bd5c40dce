package imageproc_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// scene is smooth, with an edge of colour.
func scene(r image.Rectangle) *image.RGBA {
	m := image.NewRGBA(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.RGBA{byte(40 + 3*(x-r.Min.X)), byte(60 + 2*(y-r.Min.Y)), 90, 255}
			if (x-r.Min.X)/9%2 == 1 {
				c.R, c.B = c.B, c.R
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// psnr compares in decibels, over red, green and blue.
func psnr(a, b image.Image) float64 {
	sum, n := 0.0, 0
	r := a.Bounds()
	off := b.Bounds().Min.Sub(r.Min)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			p, q := color.RGBAModel.Convert(a.At(x, y)).(color.RGBA), color.RGBAModel.Convert(b.At(x+off.X, y+off.Y)).(color.RGBA)
			for _, d := range []float64{float64(p.R) - float64(q.R), float64(p.G) - float64(q.G), float64(p.B) - float64(q.B)} {
				sum += d * d
				n++
			}
		}
	}
	return 10 * math.Log10(255*255/max(sum/float64(n), 1e-9))
}

func encodedJPEG(t *testing.T, img image.Image, o *imageproc.EncodeOptions) (image.Image, int) {
	t.Helper()
	var b bytes.Buffer
	if err := imageproc.Encode(&b, img, imageproc.JPEG, o); err != nil {
		t.Fatal(err)
	}
	size := b.Len()
	back, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if back.Bounds().Size() != img.Bounds().Size() {
		t.Fatalf("%v became %v", img.Bounds(), back.Bounds())
	}
	return back, size
}

// Whatever kind of picture goes in, what a decoder sees is no worse than what
// the standard library's encoder gives.
func TestEncodeJPEGOfEveryKind(t *testing.T) {
	for _, r := range []image.Rectangle{image.Rect(0, 0, 50, 37), image.Rect(3, 5, 36, 38), image.Rect(-21, -13, 12, 20)} {
		m := scene(r)
		ycc := func(ratio image.YCbCrSubsampleRatio) *image.YCbCr {
			p := image.NewYCbCr(r, ratio)
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					c := m.RGBAAt(x, y)
					p.Y[p.YOffset(x, y)], p.Cb[p.COffset(x, y)], p.Cr[p.COffset(x, y)] = color.RGBToYCbCr(c.R, c.G, c.B)
				}
			}
			return p
		}
		nrgba, grey, paletted := image.NewNRGBA(r), image.NewGray(r), image.NewPaletted(r, color.Palette{color.White, color.Black, color.RGBA{90, 60, 40, 255}})
		for _, dst := range []draw.Image{nrgba, grey, paletted} {
			draw.Draw(dst, r, m, r.Min, draw.Src)
		}
		for name, img := range map[string]image.Image{
			"RGBA": m, "NRGBA": nrgba, "grey": grey, "paletted": paletted, "4:2:0": ycc(image.YCbCrSubsampleRatio420),
			"4:4:4": ycc(image.YCbCrSubsampleRatio444), "4:2:2": ycc(image.YCbCrSubsampleRatio422),
		} {
			for _, o := range []imageproc.EncodeOptions{{}, {Quality: 95, FullChroma: true}, {Quality: 60, OptimizeHuffman: true}} {
				got, _ := encodedJPEG(t, img, &o)
				var b bytes.Buffer
				if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: max(o.Quality, 60)}); err != nil {
					t.Fatal(err)
				}
				std, err := jpeg.Decode(&b)
				if err != nil {
					t.Fatal(err)
				}
				if ours, theirs := psnr(img, got), psnr(img, std); ours < theirs-.3 {
					t.Errorf("%s %v %+v: %.2f dB, the standard library %.2f", name, r, o, ours, theirs)
				}
			}
		}
	}
}

func TestEncodeJPEGOptions(t *testing.T) {
	m := scene(image.Rect(0, 0, 120, 90))
	_, plain := encodedJPEG(t, m, nil)
	if _, optimised := encodedJPEG(t, m, &imageproc.EncodeOptions{OptimizeHuffman: true}); optimised >= plain {
		t.Errorf("%d bytes with tables of its own, %d without", optimised, plain)
	}
	full, _ := encodedJPEG(t, m, &imageproc.EncodeOptions{FullChroma: true})
	if ratio := full.(*image.YCbCr).SubsampleRatio; ratio != image.YCbCrSubsampleRatio444 {
		t.Errorf("full chroma is %v", ratio)
	}
	wide := image.NewGray(image.Rect(0, 0, 1<<16, 1))
	var b bytes.Buffer
	if err := imageproc.Encode(&b, wide, imageproc.JPEG, nil); !errors.Is(err, imageproc.ErrOption) || b.Len() > 0 {
		t.Errorf("a picture too wide for JPEG: %v", err)
	}
}
