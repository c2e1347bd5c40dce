package main

import (
	"image"
	"image/color"
	"math"
)

// garment is what draw needs to know.
type garment struct {
	outline path // closed
	rib     path // closed: the collar or binding in front
	inside  path // closed: the back panel seen through the neck opening
	backRib path // closed: the collar behind
	cuffs   []path
	seams   []path // single lines
	stitch  []path // dashed lines
	folds   []fold
	body    rgb
	trim    rgb
	label   path
	print   func(x, y float64) (c rgb, a float64) // nil: none
}

type rgb struct{ r, g, b float64 } // sRGB, 0 to 255

func (c rgb) mul(f float64) rgb { return rgb{c.r * f, c.g * f, c.b * f} }

func mix(a, b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

// fold is a ridge of the cloth along a line, highest in its middle.
type fold struct {
	line   path
	width  float64
	height float64 // negative: a valley
}

// height is the relief of the cloth at q.
func (g *garment) height(q pt) float64 {
	h := 5*noise(q.x/210, q.y/210) + 2.2*noise(q.x/80+9, q.y/110+4)
	for i := range g.folds {
		f := &g.folds[i]
		d, along := f.line.distance(q)
		if d < 4*f.width {
			// One flank steeper than the other, as cloth falls.
			h += f.height * math.Exp(-d*d/(f.width*f.width)) * math.Sin(math.Pi*min(1, .08+.92*along))
		}
	}
	return h
}

// shade is the light on the relief: from above, a little from the left.
func (g *garment) shade(q pt) float64 {
	const e = 1.5
	dx := (g.height(pt{q.x + e, q.y}) - g.height(pt{q.x - e, q.y})) / (2 * e)
	dy := (g.height(pt{q.x, q.y + e}) - g.height(pt{q.x, q.y - e})) / (2 * e)
	n := 1 / math.Sqrt(1+dx*dx+dy*dy)
	return max(.55, min(1.16, .42+.58*n*(1+.55*dx+.75*dy)))
}

// noise is smooth and ranges over about -1 to 1.
func noise(x, y float64) float64 {
	xi, yi := math.Floor(x), math.Floor(y)
	fx, fy := x-xi, y-yi
	sx, sy := fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	at := func(i, j float64) float64 { return hash(int64(xi+i), int64(yi+j))*2 - 1 }
	top := at(0, 0) + (at(1, 0)-at(0, 0))*sx
	bottom := at(0, 1) + (at(1, 1)-at(0, 1))*sx
	return top + (bottom-top)*sy
}

func hash(x, y int64) float64 {
	h := uint64(x)*0x9E3779B97F4A7C15 ^ uint64(y)*0xC2B2AE3D27D4EB4F
	h ^= h >> 31
	h *= 0xD6E8FEB86659FD93
	h ^= h >> 29
	h *= 0xD6E8FEB86659FD93
	return float64(h>>40) / (1 << 24)
}

// draw renders the garment, lying on off-white paper.
func draw(g *garment, side int, plain bool) image.Image {
	unit := 900 / float64(side)
	px := func(units float64) int { return max(1, int(math.Round(units/unit))) }
	outline := fill(g.outline, side)
	soft, contact := outline.blur(px(16)), outline.blur(px(4))
	edge := outline.blur(px(7))
	rib, inside, backRib := fill(g.rib, side), fill(g.inside, side), fill(g.backRib, side)
	ribSoft := rib.blur(px(3))
	label := fill(g.label, side)
	cuffs := make([]*mask, len(g.cuffs))
	for i := range g.cuffs {
		cuffs[i] = fill(g.cuffs[i], side)
	}
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			i := y*side + x
			q := pt{(float64(x)+.5)*unit - 450, (float64(y) + .5) * unit}
			c := rgb{246, 244, 240}
			// The shadow on the paper falls a little down and to the right.
			j := max(0, y-px(7))*side + max(0, x-px(4))
			c = c.mul(1 - .07*float64(soft.a[j]) - .05*float64(contact.a[i]))
			if a := float64(outline.a[i]); a > 0 {
				cloth := g.cloth(q, plain)
				light := g.shade(q) * (.80 + .20*smooth(.35, .95, float64(edge.a[i])))
				for _, m := range cuffs {
					cloth = mix(cloth, ribbed(g.trim, q, plain), float64(m.a[i]))
				}
				cloth = cloth.mul(1 - .16*float64(ribSoft.a[i])*(1-float64(rib.a[i])))
				cloth = mix(cloth, ribbed(g.trim, q, plain), float64(rib.a[i]))
				cloth = g.sew(cloth, q)
				if in := float64(inside.a[i]); in > 0 {
					back := mix(g.body.mul(.62), ribbed(g.trim, q, plain).mul(.80), float64(backRib.a[i]))
					back = mix(back, rgb{236, 232, 224}, float64(label.a[i]))
					back = back.mul(1 - .28*float64(ribSoft.a[i]))
					cloth = mix(cloth, back, in)
				}
				c = mix(c, cloth.mul(light), a)
			}
			img.SetRGBA(x, y, color.RGBA{byte8(c.r), byte8(c.g), byte8(c.b), 255})
		}
	}
	return img
}

// cloth is the knit with its print, unlit.
func (g *garment) cloth(q pt, plain bool) rgb {
	c := g.body
	if g.print != nil {
		ink, a := g.print(q.x, q.y)
		c = mix(c, ink, a)
	}
	if plain {
		return c
	}
	grain := 1 + .030*(hash(int64(q.x*3+5000), int64(q.y*3))-.5) + .022*noise(q.x/2.2, q.y/9)
	knit := 1 + .012*math.Cos(q.x*2*math.Pi/3.4)
	return c.mul(grain * knit)
}

func ribbed(c rgb, q pt, plain bool) rgb {
	if plain {
		return c
	}
	// The ribs run towards the neck: along the angle seen from below it.
	angle := math.Atan2(q.x, 420-q.y)
	return c.mul(1 + .05*math.Sin(angle*260) + .02*(hash(int64(q.x*2+900), int64(q.y*2))-.5))
}

// sew draws seams and stitches.
func (g *garment) sew(c rgb, q pt) rgb {
	for _, s := range g.seams {
		d, _ := s.distance(q)
		if d < 8 {
			c = c.mul(1 - .30*math.Exp(-d*d/2.2) + .05*math.Exp(-(d-4)*(d-4)/5))
		}
	}
	for _, s := range g.stitch {
		d, along := s.distance(q)
		if d < 3 && math.Mod(along*float64(len(s))*3.1, 1) < .62 {
			c = c.mul(1 - .20*math.Exp(-d*d/.9))
		}
	}
	return c
}

func smooth(lo, hi, v float64) float64 {
	t := max(0, min(1, (v-lo)/(hi-lo)))
	return t * t * (3 - 2*t)
}

func byte8(v float64) uint8 { return uint8(max(0, min(255, math.Round(v)))) }
