package imageproc_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// noisy is a picture that compresses about as well as a photo: a gradient with
// noise on it.
func noisy(w, h int) *image.YCbCr {
	rnd := rand.New(rand.NewPCG(1, 2))
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i%img.YStride*200/w + rnd.IntN(40))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(100+rnd.IntN(8)), byte(140+rnd.IntN(8))
	}
	return img
}

// benchPhoto is a JPEG of some 4 MB with the metadata of a phone.
func benchPhoto(tb testing.TB) []byte {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, noisy(2720, 2040), &jpeg.Options{Quality: 91}); err != nil {
		tb.Fatal(err)
	}
	return withSegments(buf.Bytes(), exifSegment(phoneExif(6, 60<<10)), xmpSegment(40<<10))
}

func benchPNG(tb testing.TB) []byte {
	var buf bytes.Buffer
	if err := png.Encode(&buf, noisy(1400, 1000)); err != nil {
		tb.Fatal(err)
	}
	return withChunks(buf.Bytes(), chunk("eXIf", phoneExif(6, 60<<10)), chunk("tEXt", []byte("Author\x00somebody")))
}

func benchmarkStrip(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := imageproc.Strip(io.Discard, bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStrip is the whole way in memory: read, parse, verify, write. The
// first two pictures are made here, the others are real where they are present.
func BenchmarkStrip(b *testing.B) {
	b.Run("jpeg", func(b *testing.B) { benchmarkStrip(b, benchPhoto(b)) })
	b.Run("png", func(b *testing.B) { benchmarkStrip(b, benchPNG(b)) })
	for _, name := range []string{"pixel5-12mp.jpg", "iphone11-12mp.jpg", "made-12mp.jpg", "made-12mp-progressive.jpg", "made-12mp-restart.jpg", "made-48mp.jpg", "made-4mp.png"} {
		data, err := os.ReadFile(filepath.Join(sharedDir(), "phones", name))
		if err != nil {
			b.Logf("%s: not here; these pictures are outside the repository, FITVEIL_SHARED says where", name)
			continue
		}
		b.Run(name, func(b *testing.B) { benchmarkStrip(b, data) })
	}
}

// BenchmarkCopy is the yardstick: reading the same photo and writing it, without
// looking at it.
func BenchmarkCopy(b *testing.B) {
	data := benchPhoto(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		held := make([]byte, len(data))
		if _, err := io.ReadFull(bytes.NewReader(data), held); err != nil {
			b.Fatal(err)
		}
		if _, err := io.Discard.Write(held); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSanitize(b *testing.B) {
	data := benchPhoto(b)
	for name, o := range map[string]*imageproc.SanitizeOptions{"lossless": nil, "1024": {MaxSide: 1024}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := imageproc.Sanitize(b.Context(), bytes.NewReader(data), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkThumb(b *testing.B) {
	c, err := imageproc.Sanitize(b.Context(), bytes.NewReader(benchPhoto(b)), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Thumb(416); err != nil {
			b.Fatal(err)
		}
	}
}
