package overlay

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// texture is the product in linear light, premultiplied, four values a pixel.
type texture struct {
	w, h  int
	scale float64 // texels per pixel of the product picture, at most 1
	pix   []float32
}

// newTexture resamples the cut-out so that a texel is about a pixel of the
// photo: each texel is the mean of what it covers.
func newTexture(c *cutout.Cutout, scale float64) *texture {
	scale = min(scale, 1)
	t := &texture{
		w: max(1, int(math.Ceil(float64(c.W)*scale))), h: max(1, int(math.Ceil(float64(c.H)*scale))), scale: scale,
	}
	t.pix = make([]float32, 4*t.w*t.h)
	columns := spans(t.w, c.W, scale)
	row := make([]float32, 4*t.w)
	for y := range c.H {
		squeeze(row, c.Pix[4*y*c.W:4*(y+1)*c.W], columns)
		// A row of the cut-out falls into one or two rows of the texture.
		from, to := float64(y)*scale, float64(y+1)*scale
		for ty := int(from); float64(ty) < to && ty < t.h; ty++ {
			part := float32((min(to, float64(ty+1)) - max(from, float64(ty))))
			dst := t.pix[4*ty*t.w : 4*(ty+1)*t.w]
			for i, v := range row {
				dst[i] += v * part
			}
		}
	}
	return t
}

// span is the columns a texel covers: whole ones and parts at both ends.
type span struct {
	from, to    int
	first, last float32
	norm        float32
}

func spans(n, w int, scale float64) []span {
	list := make([]span, n)
	for i := range list {
		from, to := float64(i)/scale, min(float64(i+1)/scale, float64(w))
		s := span{from: int(from), to: min(w, int(math.Ceil(to)))}
		s.first = float32(float64(s.from+1) - from)
		s.last = float32(to - float64(s.to-1))
		if s.to-s.from == 1 {
			s.first = float32(to - from)
			s.last = s.first
		}
		s.norm = float32(scale)
		list[i] = s
	}
	return list
}

// squeeze turns a row of NRGBA into premultiplied linear texels.
func squeeze(dst []float32, src []uint8, columns []span) {
	for i := range columns {
		s := &columns[i]
		var r, g, b, a float32
		for x := s.from; x < s.to; x++ {
			p := src[4*x : 4*x+4]
			if p[3] == 0 {
				continue
			}
			w := float32(1)
			if x == s.from {
				w = s.first
			} else if x == s.to-1 {
				w = s.last
			}
			w *= s.norm
			k := w * float32(p[3]) / 255
			r += k * toLinear[p[0]]
			g += k * toLinear[p[1]]
			b += k * toLinear[p[2]]
			a += k
		}
		dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = r, g, b, a
	}
}

// at is the texture at a place of the product picture, bilinear.
func (t *texture) at(x, y float64) (r, g, b, a float32) {
	x, y = x*t.scale-.5, y*t.scale-.5
	if x < -1 || y < -1 || x >= float64(t.w) || y >= float64(t.h) {
		return
	}
	xi, yi := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := float32(x-float64(xi)), float32(y-float64(yi))
	if xi < 0 || yi < 0 || xi >= t.w-1 || yi >= t.h-1 {
		xi, yi = min(max(xi, 0), t.w-1), min(max(yi, 0), t.h-1)
		p := t.pix[4*(yi*t.w+xi):]
		return p[0], p[1], p[2], p[3]
	}
	p := t.pix[4*(yi*t.w+xi):]
	q := t.pix[4*((yi+1)*t.w+xi):]
	w11 := fx * fy
	w10, w01 := fx-w11, fy-w11
	w00 := 1 - fx - w01
	return p[0]*w00 + p[4]*w10 + q[0]*w01 + q[4]*w11,
		p[1]*w00 + p[5]*w10 + q[1]*w01 + q[5]*w11,
		p[2]*w00 + p[6]*w10 + q[2]*w01 + q[6]*w11,
		p[3]*w00 + p[7]*w10 + q[3]*w01 + q[7]*w11
}

// band is a strip of the photo being drawn on: two layers of premultiplied
// linear colour, the trunk and over it the sleeves.
type band struct {
	image.Rectangle
	trunk, sleeves []float32
}

func newBand(r image.Rectangle) *band {
	n := 4 * r.Dx() * r.Dy()
	return &band{r, make([]float32, n), make([]float32, n)}
}

// Vertices are snapped to this many steps a pixel, so that edge functions are
// exact integers and neighbouring triangles share pixels without gap or overlap.
const subpixel = 256

// draw rasterises the mesh's triangles that touch the band.
func (b *band) draw(m *mesh, t *texture) {
	for i := range m.triangles {
		tri := &m.triangles[i]
		v0, v1, v2 := &m.vertices[tri.v[0]], &m.vertices[tri.v[1]], &m.vertices[tri.v[2]]
		if max(v0.dst.Y, v1.dst.Y, v2.dst.Y) < float64(b.Min.Y) || min(v0.dst.Y, v1.dst.Y, v2.dst.Y) > float64(b.Max.Y) {
			continue
		}
		layer := b.trunk
		if tri.sleeve >= .5 {
			layer = b.sleeves
		}
		b.triangle(layer, v0, v1, v2, t)
	}
}

func (b *band) triangle(layer []float32, v0, v1, v2 *vertex, t *texture) {
	snap := func(v float64) int64 { return int64(math.Round(v * subpixel)) }
	x0, y0 := snap(v0.dst.X), snap(v0.dst.Y)
	x1, y1 := snap(v1.dst.X), snap(v1.dst.Y)
	x2, y2 := snap(v2.dst.X), snap(v2.dst.Y)
	area := (x1-x0)*(y2-y0) - (x2-x0)*(y1-y0)
	if area <= 0 {
		return // folded over: its back would show
	}
	minX := max(int64(b.Min.X), (min(x0, x1, x2)-subpixel/2)/subpixel)
	maxX := min(int64(b.Max.X-1), (max(x0, x1, x2)+subpixel/2)/subpixel)
	minY := max(int64(b.Min.Y), (min(y0, y1, y2)-subpixel/2)/subpixel)
	maxY := min(int64(b.Max.Y-1), (max(y0, y1, y2)+subpixel/2)/subpixel)
	// A pixel on an edge belongs to the triangle for which the edge is upper or left.
	bias := func(xa, ya, xb, yb int64) int64 {
		if yb < ya || yb == ya && xb > xa {
			return 0
		}
		return -1
	}
	b0, b1, b2 := bias(x1, y1, x2, y2), bias(x2, y2, x0, y0), bias(x0, y0, x1, y1)
	inv := 1 / float64(area)
	for y := minY; y <= maxY; y++ {
		py := y*subpixel + subpixel/2
		px := minX*subpixel + subpixel/2
		w0 := (x2-x1)*(py-y1) - (y2-y1)*(px-x1)
		w1 := (x0-x2)*(py-y2) - (y0-y2)*(px-x2)
		w2 := (x1-x0)*(py-y0) - (y1-y0)*(px-x0)
		o := 4 * (int(y-int64(b.Min.Y))*b.Dx() + int(minX-int64(b.Min.X)))
		for x := minX; x <= maxX; x++ {
			if w0+b0 >= 0 && w1+b1 >= 0 && w2+b2 >= 0 {
				f1, f2 := float64(w1)*inv, float64(w2)*inv
				f0 := 1 - f1 - f2
				r, g, bl, a := t.at(
					f0*v0.src.X+f1*v1.src.X+f2*v2.src.X,
					f0*v0.src.Y+f1*v1.src.Y+f2*v2.src.Y)
				if a > 0 {
					s := float32(f0)*v0.shade + float32(f1)*v1.shade + float32(f2)*v2.shade
					p := layer[o : o+4 : o+4]
					k := 1 - a
					p[0] = p[0]*k + r*s
					p[1] = p[1]*k + g*s
					p[2] = p[2]*k + bl*s
					p[3] = p[3]*k + a
				}
			}
			w0 -= (y2 - y1) * subpixel
			w1 -= (y0 - y2) * subpixel
			w2 -= (y1 - y0) * subpixel
			o += 4
		}
	}
}
