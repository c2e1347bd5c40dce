package overlay_test

import (
	"testing"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// BenchmarkRender draws on a photo of 768×1024 pixels, product cut out before:
// decoding, drawing and encoding.
func BenchmarkRender(b *testing.B) {
	for _, f := range []struct {
		name   string
		format imageproc.Format
	}{{"JPEG", imageproc.JPEG}, {"PNG", imageproc.PNG}} {
		b.Run(f.name, func(b *testing.B) {
			figure := overlay.NewFigure(768, 1024)
			in := input(b, figure, f.format, "testdata/tee.png")
			backend := overlay.New(nil)
			if _, err := backend.Submit(b.Context(), in); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(768 * 1024)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := backend.Submit(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDraw is the part of it that is this package's own.
func BenchmarkDraw(b *testing.B) {
	figure := overlay.NewFigure(768, 1024)
	img := figure.Draw()
	work := overlay.Work(b, img, figure.Scene(), "testdata/tee.png")
	b.SetBytes(768 * 1024)
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
}

// BenchmarkProduct cuts out and reads a product picture of 900×900 pixels. A
// backend does it once for each product.
func BenchmarkProduct(b *testing.B) {
	picture := product(b, "../../examples/quickstart/assets/tee.png")
	b.SetBytes(900 * 900)
	b.ReportAllocs()
	for b.Loop() {
		if err := overlay.CutOut(picture); err != nil {
			b.Fatal(err)
		}
	}
}
