package overlay

import (
	"image"
	"math"
	"slices"
)

// coverage draws the mesh coarsely: how much of each cell the product covers,
// and how much of it is sleeve.
func coverage(b *body, m *mesh, t *texture) (all, sleeves *layer) {
	small := &mesh{vertices: slices.Clone(m.vertices), triangles: m.triangles}
	for i := range small.vertices {
		d := &small.vertices[i].dst
		*d = vec{(d.X - b.x0) * b.scale, (d.Y - b.y0) * b.scale}
	}
	strip := newBand(image.Rect(0, 0, b.w, b.h))
	strip.draw(small, t)
	all, sleeves = newLayer(b.grid), newLayer(b.grid)
	for i := range all.a {
		trunk, sleeve := strip.trunk[4*i+3], strip.sleeves[4*i+3]
		all.a[i] = min(1, trunk+sleeve-trunk*sleeve)
		sleeves.a[i] = min(1, sleeve)
	}
	return all, sleeves
}

// shadows are what the product does to the light around it.
type shadows struct {
	ground *layer // on the person, below hem and sleeves
	trunk  *layer // of the sleeves, on the trunk
}

// newShadows lets the product throw soft shadows on the person, not on the
// background and not upwards: neck and face keep their own light.
func newShadows(b *body, all, sleeves *layer) shadows {
	s := shadows{ground: all.shift(0, 2), trunk: sleeves.shift(0, 1)}
	s.ground.blur(2)
	s.trunk.blur(2)
	person := newLayer(b.grid)
	for i, in := range b.inside {
		if in {
			person.a[i] = 1
		}
	}
	person.blur(1)
	for cy := range b.h {
		for cx := range b.w {
			i := cy*b.w + cx
			_, v := b.p.uv(b.cell(cx, cy))
			s.ground.a[i] *= .42 * person.a[i] * float32(ramp(.12, .30, v))
			s.trunk.a[i] *= .30
		}
	}
	return s
}

// exposure is how bright the product should be, by how bright the photo is
// around the person: product pictures are taken in full light.
func (b *body) exposure() float32 {
	var light []float64
	for i, known := range b.known {
		if known && i%3 == 0 {
			light = append(light, float64(.2126*toLinear[uint8(b.rgb[3*i])]+
				.7152*toLinear[uint8(b.rgb[3*i+1])]+.0722*toLinear[uint8(b.rgb[3*i+2])]))
		}
	}
	if len(light) == 0 {
		return 1
	}
	slices.Sort(light)
	return float32(clamp(math.Pow(light[len(light)*95/100]/.60, .35), .72, 1.03))
}

// lean is by how much the light comes from the viewer's left: the logarithm of
// the ratio between the halves of the face, bounded.
func (b *body) lean() float64 {
	p := b.p
	if !p.face.ok || len(b.skin()) == 0 {
		return 0
	}
	var sum, n [2]float64
	for y := -.1; y < .45; y += .05 {
		for x := -.30; x < .31; x += .05 {
			c, ok := b.colour(p.face.add(p.across.mul(x * p.head)).add(p.down.mul(y * p.head)))
			if !ok || math.Abs(x) < .08 {
				continue
			}
			side := 0
			if x > 0 {
				side = 1
			}
			sum[side] += float64(.2126*toLinear[uint8(c[0])] + .7152*toLinear[uint8(c[1])] + .0722*toLinear[uint8(c[2])])
			n[side]++
		}
	}
	if n[0] == 0 || n[1] == 0 {
		return 0
	}
	return clamp(math.Log((sum[0]/n[0]+.01)/(sum[1]/n[1]+.01)), -.8, .8)
}
