package overlay

import (
	"image"

	"github.com/fitveil/fitveil/tryon"
)

// bandRows bounds the working memory: this many rows are drawn at a time.
const bandRows = 64

// compose draws the product into photo.
func compose(photo *image.NRGBA, m *mesh, t *texture) {
	r := m.bounds
	for y := r.Min.Y; y < r.Max.Y; y += bandRows {
		b := newBand(image.Rect(r.Min.X, y, r.Max.X, min(y+bandRows, r.Max.Y)))
		b.draw(m, t)
		b.blend(photo)
	}
}

// blend lays the band over the photo. Pixels without product stay as they are.
func (b *band) blend(photo *image.NRGBA) {
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		o := photo.PixOffset(b.Min.X, y)
		for range b.Dx() {
			t, s := b.trunk[i:i+4:i+4], b.sleeves[i:i+4:i+4]
			if t[3] > 0 || s[3] > 0 {
				p := photo.Pix[o : o+4 : o+4]
				for c := range 3 {
					v := toLinear[p[c]]
					v = v*(1-t[3]) + t[c]
					v = v*(1-s[3]) + s[c]
					p[c] = toSRGB(v)
				}
			}
			i += 4
			o += 4
		}
	}
}

// dress draws a product on the person in photo, in place.
func dress(photo *image.NRGBA, p *pose, item *product) ([]tryon.Warning, *tryon.Error) {
	b := findBody(photo, 1, p)
	f := newFit(item.marks, p, b)
	m := newMesh(item.cut, f)
	t := newTexture(item.cut, f.scale*p.width/f.unit*1.1)
	compose(photo, m, t)
	return []tryon.Warning{warning(WarnPreview)}, nil
}
