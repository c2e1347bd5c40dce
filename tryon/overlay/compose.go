package overlay

import (
	"image"

	"github.com/fitveil/fitveil/tryon"
)

// dress draws a product on the person in photo, in place.
func dress(photo *image.NRGBA, p *pose, item *product) ([]tryon.Warning, *tryon.Error) {
	b := findBody(photo, p)
	if item.marks.sleeves && !b.armsHang(item.marks.long()) {
		return nil, badPhoto(ArmsHidden)
	}
	f := newFit(item.marks, p, b)
	if !f.follows() {
		return nil, badPhoto(ArmsBent)
	}
	front, err := inFront(photo, f)
	if err != nil {
		return nil, err
	}
	m := newMesh(item.cut, f)
	m.relight(f, b)
	t := newTexture(item.cut, f.scale*p.width/f.unit*tall)
	scene := &composition{pose: p, mesh: m, texture: t, front: front}
	all, sleeves := coverage(b, m, t)
	leak := b.leak(f, all)
	if leak > leakRefuse || !f.m.sleeves && b.oldSleeves(f, .45) {
		return nil, badPhoto(Uncovered)
	}
	scene.shadows = newShadows(b, all, sleeves)
	scene.draw(photo)
	return b.remarks(f, leak), nil
}

// composition is everything that goes into the picture.
type composition struct {
	pose    *pose
	mesh    *mesh
	texture *texture
	front   *layer // of the photo, before the trunk
	shadows shadows
}

// bandRows bounds the working memory: this many rows are drawn at a time.
const bandRows = 64

// draw puts the product into photo, band by band.
func (c *composition) draw(photo *image.NRGBA) {
	r := c.mesh.bounds.Inset(-int(.15 * c.pose.width)).Intersect(photo.Rect) // shadows reach further
	for y := r.Min.Y; y < r.Max.Y; y += bandRows {
		b := newBand(image.Rect(r.Min.X, y, r.Max.X, min(y+bandRows, r.Max.Y)))
		b.draw(c.mesh, c.texture)
		c.blend(b, photo)
	}
}

// blend lays a band over the photo, in linear light. Pixels that neither
// product nor shadow touches are not written.
func (c *composition) blend(b *band, photo *image.NRGBA) {
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		o := photo.PixOffset(b.Min.X, y)
		for x := b.Min.X; x < b.Max.X; x++ {
			c.pixel(photo.Pix[o:o+4:o+4], b.trunk[i:i+4:i+4], b.sleeves[i:i+4:i+4], float64(x)+.5, float64(y)+.5)
			i += 4
			o += 4
		}
	}
}

func (c *composition) pixel(p []uint8, trunk, sleeve []float32, x, y float64) {
	ground := c.shadows.ground.at(x, y)
	if trunk[3] == 0 && sleeve[3] == 0 && ground < 1./512 {
		return
	}
	keep := c.pose.inFace(x, y)
	if keep >= 1 {
		return
	}
	front := c.front.at(x, y)
	t, s, shade := (1-keep)*(1-front), 1-keep, float32(1)
	if trunk[3] > 0 {
		shade = 1 - c.shadows.trunk.at(x, y)*(1-sleeve[3])
	}
	ground *= (1 - keep) * (1 - front) // an arm before the trunk has its own light
	ta, sa := trunk[3]*t, sleeve[3]*s
	for k := range 3 {
		v := toLinear[p[k]] * (1 - ground)
		v = v*(1-ta) + trunk[k]*t*shade
		v = v*(1-sa) + sleeve[k]*s
		p[k] = toSRGB(v)
	}
}
