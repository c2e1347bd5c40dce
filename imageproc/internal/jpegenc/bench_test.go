package jpegenc_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// photo is a real one, from the tests of the detector.
func photo(tb testing.TB) *image.RGBA {
	tb.Helper()
	b, err := os.ReadFile("../../../detect/person/testdata/grace_hopper.jpg")
	if err != nil {
		tb.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	m := image.NewRGBA(img.Bounds())
	draw.Draw(m, m.Rect, img, image.Point{}, draw.Src)
	return m
}

func BenchmarkEncode(b *testing.B) {
	m := photo(b)
	w, h := m.Rect.Dx(), m.Rect.Dy()
	bands := make([][3]jpegenc.Plane, (h+15)/16)
	for i := range bands {
		for c := range bands[i] {
			bands[i][c] = jpegenc.Plane{Pix: make([]byte, 16*jpegenc.Blocks(w)), Stride: jpegenc.Blocks(w)}
		}
		jpegenc.Convert(&bands[i], jpegenc.YCbCr420, m.Pix[16*i*m.Stride:], m.Stride, w, min(16, h-16*i))
	}
	for name, o := range map[string]jpegenc.Options{"plain": {Quality: 85}, "optimised": {Quality: 85, Optimise: true}} {
		b.Run(name, func(b *testing.B) {
			var e jpegenc.Encoder
			b.SetBytes(int64(w * h))
			b.ReportAllocs()
			for b.Loop() {
				e.Start(w, h, jpegenc.YCbCr420, o)
				for i := range bands {
					e.Band(&bands[i])
				}
				e.Finish()
			}
		})
	}
	b.Run("convert", func(b *testing.B) {
		b.SetBytes(int64(w * h))
		for b.Loop() {
			for i := range bands {
				jpegenc.Convert(&bands[i], jpegenc.YCbCr420, m.Pix[16*i*m.Stride:], m.Stride, w, min(16, h-16*i))
			}
		}
	})
	b.Run("image/jpeg", func(b *testing.B) {
		b.SetBytes(int64(w * h))
		var out bytes.Buffer
		for b.Loop() {
			out.Reset()
			if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
