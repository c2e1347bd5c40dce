package room

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// place draws the product on the photo.
func place(photo, product *image.NRGBA, q *quad, standing bool) error {
	l := readLight(photo, q)
	texture, err := fitted(product, q)
	if err != nil {
		return &tryon.Error{Code: tryon.Internal, Backend: Name, Err: err}
	}
	if standing {
		shadow(photo, q)
	}
	b := q.bounds().Intersect(photo.Rect)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			px, py := float64(x)+.5, float64(y)+.5
			cover := q.cover(px, py)
			if cover == 0 {
				continue
			}
			u, v := q.toSquare(px, py)
			c := sample(texture, u, v)
			alpha := c[3] * cover
			if alpha == 0 {
				continue
			}
			shade := l.at(u, v)
			p := photo.Pix[photo.PixOffset(x, y):]
			for k := range 3 {
				lit := min(c[k]/c[3]*l.gain[k]*shade, 255)
				p[k] = uint8(float64(p[k])*(1-alpha) + lit*alpha + .5)
			}
		}
	}
	return nil
}

// fitted is the product at about the size it is drawn in, so that one sample a
// pixel is enough.
func fitted(product *image.NRGBA, q *quad) (*image.NRGBA, error) {
	w, h := q.size()
	tw, th := min(int(math.Ceil(w)), product.Rect.Dx()), min(int(math.Ceil(h)), product.Rect.Dy())
	if tw == product.Rect.Dx() && th == product.Rect.Dy() {
		return product, nil
	}
	img, err := imageproc.Resize(product, tw, th, nil)
	if err != nil {
		return nil, err
	}
	return img.(*image.NRGBA), nil // as Resize documents
}

// sample reads the texture at a point of the unit square, between its pixels:
// red, green and blue times alpha, 0 to 255, and alpha, 0 to 1.
func sample(m *image.NRGBA, u, v float64) (out [4]float64) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	x, y := min(max(u*float64(w)-.5, 0), float64(w-1)), min(max(v*float64(h)-.5, 0), float64(h-1))
	i, j := int(x), int(y)
	fx, fy := x-float64(i), y-float64(j)
	for _, s := range [4]struct {
		x, y   int
		weight float64
	}{{i, j, (1 - fx) * (1 - fy)}, {min(i+1, w-1), j, fx * (1 - fy)}, {i, min(j+1, h-1), (1 - fx) * fy}, {min(i+1, w-1), min(j+1, h-1), fx * fy}} {
		p := m.Pix[s.y*m.Stride+4*s.x:]
		a := s.weight * float64(p[3]) / 255
		for k := range 3 {
			out[k] += a * float64(p[k])
		}
		out[3] += a
	}
	return out
}

// shadow darkens the ground along the lower edge, less and less with the
// distance: what stands there keeps the light from it.
func shadow(photo *image.NRGBA, q *quad) {
	right, left := q.corners[2], q.corners[3]
	_, height := q.size()
	width := math.Hypot(right.X-left.X, right.Y-left.Y)
	reach := min(.06*height, .25*width)
	b := image.Rect(
		int(min(left.X, right.X)-2*reach), int(min(left.Y, right.Y)-2*reach),
		int(max(left.X, right.X)+2*reach)+1, int(max(left.Y, right.Y)+2*reach)+1,
	).Intersect(photo.Rect)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			px, py := float64(x)+.5, float64(y)+.5
			t := min(max(((px-left.X)*(right.X-left.X)+(py-left.Y)*(right.Y-left.Y))/(width*width), .04), .96)
			dx, dy := px-left.X-t*(right.X-left.X), py-left.Y-t*(right.Y-left.Y)
			d := math.Hypot(dx, 1.8*dy) / reach // the ground is seen from above, aslant
			if d >= 2 {
				continue
			}
			keep := 1 - .45*math.Exp(-d*d*1.5)*min(2-d, 1)
			p := photo.Pix[photo.PixOffset(x, y):]
			for k := range 3 {
				p[k] = uint8(float64(p[k])*keep + .5)
			}
		}
	}
}
