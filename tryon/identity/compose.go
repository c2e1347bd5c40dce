package identity

import (
	"image"
	"image/draw"
	"math"
)

// Place says where the sent picture lies in the photo: a photo's pixel x is the
// sent picture's (x − X)·Scale.
type Place struct{ X, Y, Scale float64 }

// Compose draws the edited region of drawn into photo, moved back to where it
// belongs and with its colours moved back. region says where, by its alpha, in
// the photo's pixels; where it is 0, photo is not written.
func (r *Report) Compose(photo *image.NRGBA, drawn image.Image, region *image.Alpha, at Place) {
	src := pixels(drawn)
	// From working pixels to drawn ones: both show the same frame.
	fx, fy := float64(src.Rect.Dx())/float64(r.w), float64(src.Rect.Dy())/float64(r.h)
	for y := region.Rect.Min.Y; y < region.Rect.Max.Y; y++ {
		for x := region.Rect.Min.X; x < region.Rect.Max.X; x++ {
			alpha := region.AlphaAt(x, y).A
			if alpha == 0 || !(image.Point{X: x, Y: y}).In(photo.Rect) {
				continue
			}
			sx := (float64(x) + .5 - at.X) * at.Scale * r.size
			sy := (float64(y) + .5 - at.Y) * at.Scale * r.size
			u, v := r.move.apply(sx-.5, sy-.5)
			u, v = (u+.5)*fx-.5, (v+.5)*fy-.5
			if u < -1 || v < -1 || u > float64(src.Rect.Dx()) || v > float64(src.Rect.Dy()) {
				continue
			}
			r.blend(photo.Pix[photo.PixOffset(x, y):], src, u, v, float64(alpha)/255)
		}
	}
}

// pixels is img as *image.NRGBA with origin (0, 0).
func pixels(img image.Image) *image.NRGBA {
	if p, ok := img.(*image.NRGBA); ok && p.Rect.Min == (image.Point{}) {
		return p
	}
	b := img.Bounds()
	p := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(p, p.Rect, img, b.Min, draw.Src)
	return p
}

// blend lays what src shows between its pixels over p.
func (r *Report) blend(p []uint8, src *image.NRGBA, u, v, alpha float64) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	u, v = min(max(u, 0), float64(w-1)), min(max(v, 0), float64(h-1))
	x0, y0 := int(u), int(v)
	x1, y1 := min(x0+1, w-1), min(y0+1, h-1)
	fu, fv := u-float64(x0), v-float64(y0)
	at := func(x, y, k int) float64 { return float64(src.Pix[y*src.Stride+4*x+k]) }
	for k := range 3 {
		c := (at(x0, y0, k)*(1-fu)+at(x1, y0, k)*fu)*(1-fv) + (at(x0, y1, k)*(1-fu)+at(x1, y1, k)*fu)*fv
		c -= r.Colour[k]
		p[k] = uint8(math.Round(min(max(float64(p[k])*(1-alpha)+c*alpha, 0), 255)))
	}
}
