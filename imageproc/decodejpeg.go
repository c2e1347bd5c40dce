package imageproc

import (
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// jpegDecoders keeps the tables and windows of decoders that are done, so that
// the next photo of the same camera costs no memory of its own.
var jpegDecoders = sync.Pool{New: func() any { return new(jpeg.Decoder) }}

// headroom is how much larger than asked for a photo is decoded, in tenths: from
// 1.2 times on a Lanczos filter leaves no trace of the eighths in between.
const headroom = 12

// eighths is the smallest scale at which a picture of that longest side has what
// a result of maxSide needs.
func eighths(longest, maxSide int) int {
	return min(8, max(1, ceilDiv(8*headroom*maxSide, 10*longest)))
}

// jpegPlanes are the samples of a photo at some scale.
type jpegPlanes struct {
	space     jpeg.Space
	inverted  bool // CMYK: 255 is no ink
	planes    [4]jpeg.Plane
	truncated bool
}

// decodePlanes decodes a JPEG file at n/8 of its size.
func decodePlanes(ctx context.Context, file rope, n int, truncated bool) (*jpegPlanes, error) {
	d := jpegDecoders.Get().(*jpeg.Decoder)
	defer func() {
		d.Release()
		jpegDecoders.Put(d)
	}()
	h, err := d.ReadHeader(file)
	if err != nil {
		return nil, jpegError(err)
	}
	p := &jpegPlanes{space: h.Space, inverted: h.Adobe}
	if err := d.Start(ctx, jpeg.Options{Scale: [4]int{n, n, n, n}, Truncated: truncated}); err != nil {
		return nil, jpegError(err)
	}
	for i := range h.Components {
		w, height := h.Size(i, n)
		p.planes[i] = jpeg.Plane{Pix: make([]byte, w*height), Stride: w, Width: w, Height: height}
	}
	for at := [4]int{}; ; {
		band, err := d.Band(ctx)
		if errors.Is(err, io.EOF) {
			p.truncated = d.Truncated()
			return p, nil
		}
		if err != nil {
			return nil, jpegError(err)
		}
		for i := range h.Components {
			for y := range band[i].Height {
				at[i] += copy(p.planes[i].Pix[at[i]:], band[i].Pix[y*band[i].Stride:][:band[i].Width])
			}
		}
	}
}

// jpegError makes an error of this package of the decoder's.
func jpegError(err error) error {
	var e *jpeg.Error
	if !errors.As(err, &e) {
		return err // the context's
	}
	f := &FormatError{Format: JPEG, Part: e.Part, Offset: e.Offset, Reason: "decode: " + e.Reason, Err: ErrCorrupt}
	if e.Kind == jpeg.Unsupported {
		f.Err = ErrUnsupported
	}
	return f
}

// picture gives the planes as an image.
func (p *jpegPlanes) picture() image.Image {
	y := &p.planes[0]
	r := image.Rect(0, 0, y.Width, y.Height)
	switch p.space {
	case jpeg.Gray:
		return &image.Gray{Pix: y.Pix, Stride: y.Stride, Rect: r}
	case jpeg.YCbCr:
		return p.ycbcr()
	case jpeg.RGB:
		r, g, b := p.stretched(0), p.stretched(1), p.stretched(2)
		return p.interleave(func(i int, dst []byte) { dst[0], dst[1], dst[2] = r[i], g[i], b[i] })
	}
	var c [4][]byte
	for i := range c {
		c[i] = p.stretched(i)
	}
	flip := byte(0xFF) // to 255 for no ink
	if p.inverted {
		flip = 0
	}
	if p.space == jpeg.YCCK {
		return p.interleave(func(i int, dst []byte) {
			r, g, b := color.YCbCrToRGB(c[0][i], c[1][i], c[2][i])
			k := int(c[3][i] ^ flip)
			dst[0], dst[1], dst[2] = inked(r, k), inked(g, k), inked(b, k)
		})
	}
	return p.interleave(func(i int, dst []byte) {
		k := int(c[3][i] ^ flip)
		dst[0], dst[1], dst[2] = inked(c[0][i]^flip, k), inked(c[1][i]^flip, k), inked(c[2][i]^flip, k)
	})
}

// inked lays black over a colour; 255 is none. It is color.CMYKToRGB's rule.
func inked(v byte, k int) byte { return byte(int(v) * 0x101 * k * 0x101 / 0xFFFF >> 8) }

// interleave makes NRGBA of planes as large as the picture.
func (p *jpegPlanes) interleave(pixel func(i int, dst []byte)) *image.NRGBA {
	w, h := p.size()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.Pix[4*i+3] = 0xFF
		pixel(i, m.Pix[4*i:4*i+3])
	}
	return m
}

// size is that of the largest plane.
func (p *jpegPlanes) size() (w, h int) {
	for _, c := range p.planes {
		w, h = max(w, c.Width), max(h, c.Height)
	}
	return w, h
}

// stretched repeats the samples of plane c until it is as large as the picture.
func (p *jpegPlanes) stretched(c int) []byte {
	w, h := p.size()
	s := &p.planes[c]
	if s.Width == w && s.Height == h {
		return s.Pix
	}
	dst := make([]byte, w*h)
	fx, fy := max(1, (w+s.Width/2)/s.Width), max(1, (h+s.Height/2)/s.Height)
	for y := range h {
		row := s.Pix[min(y/fy, s.Height-1)*s.Stride:]
		for x := range w {
			dst[y*w+x] = row[min(x/fx, s.Width-1)]
		}
	}
	return dst
}

// ycbcr uses the planes as they are where image.YCbCr has a name for it.
func (p *jpegPlanes) ycbcr() *image.YCbCr {
	w, h := p.size()
	y, cb, cr := &p.planes[0], &p.planes[1], &p.planes[2]
	m := &image.YCbCr{Y: y.Pix, Cb: cb.Pix, Cr: cr.Pix, YStride: y.Stride, CStride: cb.Stride, Rect: image.Rect(0, 0, w, h)}
	if y.Width == w && y.Height == h && cb.Width == cr.Width && cb.Height == cr.Height {
		for _, ratio := range []struct {
			name   image.YCbCrSubsampleRatio
			fx, fy int
		}{
			{image.YCbCrSubsampleRatio444, 1, 1},
			{image.YCbCrSubsampleRatio422, 2, 1},
			{image.YCbCrSubsampleRatio420, 2, 2},
			{image.YCbCrSubsampleRatio440, 1, 2},
			{image.YCbCrSubsampleRatio411, 4, 1},
			{image.YCbCrSubsampleRatio410, 4, 2},
		} {
			if cb.Width == ceilDiv(w, ratio.fx) && cb.Height == ceilDiv(h, ratio.fy) {
				m.SubsampleRatio = ratio.name
				return m
			}
		}
	}
	m.Y, m.Cb, m.Cr = p.stretched(0), p.stretched(1), p.stretched(2)
	m.YStride, m.CStride, m.SubsampleRatio = w, w, image.YCbCrSubsampleRatio444
	return m
}
