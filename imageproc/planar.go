package imageproc

import (
	"image"
	"image/color"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// picture gives the planes as an image.
func (p *planar) picture() image.Image {
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
func (p *planar) interleave(pixel func(i int, dst []byte)) *image.NRGBA {
	w, h := p.size()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.Pix[4*i+3] = 0xFF
		pixel(i, m.Pix[4*i:4*i+3])
	}
	return m
}

// size is that of the largest plane.
func (p *planar) size() (w, h int) {
	for _, c := range p.planes {
		w, h = max(w, c.Width), max(h, c.Height)
	}
	return w, h
}

// stretched repeats the samples of plane c until it is as large as the picture.
func (p *planar) stretched(c int) []byte {
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
func (p *planar) ycbcr() *image.YCbCr {
	w, h := p.size()
	y, cb, cr := &p.planes[0], &p.planes[1], &p.planes[2]
	m := &p.named
	*m = image.YCbCr{Y: y.Pix, Cb: cb.Pix, Cr: cr.Pix, YStride: y.Stride, CStride: cb.Stride, Rect: image.Rect(0, 0, w, h)}
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
