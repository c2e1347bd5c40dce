package imageproc

import (
	"image"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// maxJPEGSide is the largest side that SOF0 can name.
const maxJPEGSide = 1<<16 - 1

// jpegEncoder is an encoder with a band of rows to feed it.
type jpegEncoder struct {
	jpegenc.Encoder
	band [3]jpegenc.Plane
}

var jpegEncoders = sync.Pool{New: func() any { return new(jpegEncoder) }}

// encodeJPEG writes a picture without transparent parts. A YCbCr picture that is
// sampled as the file will be keeps its samples.
func encodeJPEG(img image.Image, quality int, o *EncodeOptions) ([]byte, error) {
	b := img.Bounds()
	if max(b.Dx(), b.Dy()) > maxJPEGSide {
		return nil, optionError("a JPEG of %d by %d pixels", b.Dx(), b.Dy())
	}
	e := jpegEncoders.Get().(*jpegEncoder)
	defer jpegEncoders.Put(e)
	s := jpegenc.YCbCr420
	if o.FullChroma {
		s = jpegenc.YCbCr444
	}
	if _, grey := img.(*image.Gray); grey {
		s = jpegenc.Grey
	}
	e.Start(b.Dx(), b.Dy(), s, jpegenc.Options{Quality: quality, Optimise: o.OptimizeHuffman, TwoPass: o.twoPass})
	for c := range e.band {
		n := jpegenc.Blocks(b.Dx())
		if cap(e.band[c].Pix) < n*e.BandRows() {
			e.band[c].Pix = make([]byte, n*e.BandRows())
		}
		e.band[c] = jpegenc.Plane{Pix: e.band[c].Pix[:cap(e.band[c].Pix)], Stride: n}
	}
	fill := e.filler(img, s)
	if o.twoPass {
		for y := 0; y < b.Dy(); y += e.BandRows() {
			rows := min(e.BandRows(), b.Dy()-y)
			fill(y, rows)
			e.Count(&e.band, rows)
		}
	}
	for y := 0; y < b.Dy(); y += e.BandRows() {
		fill(y, min(e.BandRows(), b.Dy()-y))
		e.Band(&e.band)
	}
	return e.Finish(), nil
}

// filler returns a function that fills the band with rows of img from y on.
func (e *jpegEncoder) filler(img image.Image, s jpegenc.Sampling) func(y, rows int) {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.Gray:
		return func(y, rows int) { e.take(0, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):], m.Stride, b.Dx(), rows) }
	case *image.YCbCr:
		if keepsSamples(m, s) {
			return func(y, rows int) {
				yi, ci := m.YOffset(b.Min.X, b.Min.Y+y), m.COffset(b.Min.X, b.Min.Y+y)
				w, h := b.Dx(), rows
				e.take(0, m.Y[yi:], m.YStride, w, h)
				if s == jpegenc.YCbCr420 {
					w, h = (w+1)/2, (h+1)/2
				}
				e.take(1, m.Cb[ci:], m.CStride, w, h)
				e.take(2, m.Cr[ci:], m.CStride, w, h)
			}
		}
	}
	m := onWhite(img)
	return func(y, rows int) {
		jpegenc.Convert(&e.band, s, m.Pix[m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y+y):], m.Stride, b.Dx(), rows)
	}
}

// keepsSamples reports whether the planes of m are those of a file sampled as s.
func keepsSamples(m *image.YCbCr, s jpegenc.Sampling) bool {
	if s == jpegenc.YCbCr444 {
		return m.SubsampleRatio == image.YCbCrSubsampleRatio444
	}
	return m.SubsampleRatio == image.YCbCrSubsampleRatio420 && m.Rect.Min.X%2 == 0 && m.Rect.Min.Y%2 == 0
}

// take copies rows of samples into plane c of the band.
func (e *jpegEncoder) take(c int, pix []byte, stride, width, rows int) {
	p := e.band[c]
	for y := range rows {
		copy(p.Pix[y*p.Stride:][:width], pix[y*stride:])
	}
	jpegenc.Pad(p, width, rows)
}
