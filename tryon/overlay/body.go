package overlay

import (
	"image"
	"math"
)

// body is a coarse outline of the person around the trunk: which cells of a
// small grid belong to them. It is found by growing inwards from the
// background and outwards from the bones at once; they meet where the colour
// changes most.
type body struct {
	p      *pose
	scale  float64 // cells per pixel of the photo
	x0, y0 float64 // the grid's corner, in pixels of the photo
	w, h   int
	rgb    []float32 // three a cell, sRGB 0 to 255, slightly blurred
	known  []bool    // the cell lies in the photo
	inside []bool
}

// cellsPerWidth is how many cells lie between the shoulders.
const cellsPerWidth = 56

// findBody looks at img, which shows the whole photo at factor pixels a pixel
// of the photo.
func findBody(img *image.NRGBA, factor float64, p *pose) *body {
	b := &body{p: p, scale: cellsPerWidth / p.width}
	b.x0 = p.origin.X - 1.5*p.width
	b.y0 = p.origin.Y - 1.5*p.width
	b.w, b.h = 3*cellsPerWidth, 33*cellsPerWidth/10
	b.sample(img, factor)
	b.grow()
	return b
}

// sample averages the photo over each cell.
func (b *body) sample(img *image.NRGBA, factor float64) {
	b.rgb = make([]float32, 3*b.w*b.h)
	b.known = make([]bool, b.w*b.h)
	step := factor / b.scale
	n := max(1, min(6, int(step+.5)))
	for cy := range b.h {
		for cx := range b.w {
			var sum [3]float32
			hits := float32(0)
			for j := range n {
				y := int((b.y0*factor + (float64(cy)+(float64(j)+.5)/float64(n))*step))
				for i := range n {
					x := int((b.x0*factor + (float64(cx)+(float64(i)+.5)/float64(n))*step))
					if x < 0 || y < 0 || x >= img.Rect.Dx() || y >= img.Rect.Dy() {
						continue
					}
					o := y*img.Stride + 4*x
					for k := range sum {
						sum[k] += float32(img.Pix[o+k])
					}
					hits++
				}
			}
			if hits > 0 {
				c := cy*b.w + cx
				b.known[c] = true
				for k := range sum {
					b.rgb[3*c+k] = sum[k] / hits
				}
			}
		}
	}
}

// cell is the middle of a cell in pixels of the photo.
func (b *body) cell(cx, cy int) vec {
	return vec{b.x0 + (float64(cx)+.5)/b.scale, b.y0 + (float64(cy)+.5)/b.scale}
}

// at reports whether pixel q belongs to the person; false outside the grid.
func (b *body) at(q vec) bool {
	c, ok := b.index(q)
	return ok && b.inside[c]
}

func (b *body) index(q vec) (int, bool) {
	cx, cy := int(math.Floor((q.X-b.x0)*b.scale)), int(math.Floor((q.Y-b.y0)*b.scale))
	if cx < 0 || cy < 0 || cx >= b.w || cy >= b.h {
		return 0, false
	}
	return cy*b.w + cx, true
}

// outline is how far q lies outside (positive) or inside (negative) of an
// average body on these bones, in shoulder widths.
func (b *body) outline(q vec) float64 {
	p := b.p
	u, v := p.uv(q)
	d := math.Inf(1)
	// Trunk: a box with a slope to the neck.
	if v < 1.9 {
		half := .50 + .04*min(max(v, 0), 1)
		shoulders := -.13 - .10*clamp((.45-math.Abs(u))/.25, 0, 1)
		d = min(d, max(math.Abs(u)-half, shoulders-v, v-1.9))
	}
	for i := range 2 {
		s, e, w, _ := p.arm(i)
		a, _ := segment(q, s, e)
		f, _ := segment(q, e, w)
		d = min(d, a/p.width-.14, f/p.width-.11)
	}
	if p.face.ok {
		n, _ := segment(q, p.face.vec, p.origin)
		d = min(d, n/p.width-.17)
		r := q.sub(p.face.vec.sub(p.down.mul(.05 * p.head)))
		d = min(d, (math.Hypot(r.dot(p.across)/.62, r.dot(p.down)/.85)-p.head)/p.width*.7)
	}
	return d
}

// grow gives every cell to the person or to the background, whichever reaches
// it at the lower cost; a step costs its length and the change of colour.
func (b *body) grow() {
	n := b.w * b.h
	far := float32(math.Inf(1))
	in, out := make([]float32, n), make([]float32, n)
	for cy := range b.h {
		for cx := range b.w {
			c := cy*b.w + cx
			in[c], out[c] = far, far
			switch d := b.outline(b.cell(cx, cy)); {
			case !b.known[c]:
			case d < -.09:
				in[c] = 0
			case d > .20:
				out[c] = 0
			}
		}
	}
	b.spread(in)
	b.spread(out)
	b.inside = make([]bool, n)
	for c := range b.inside {
		b.inside[c] = b.known[c] && in[c] < out[c]
	}
}

// spread relaxes costs over the grid in raster order, forth and back, until
// little more can change.
func (b *body) spread(cost []float32) {
	step := func(c, x, dx, dy int) {
		y := c / b.w
		if x+dx < 0 || x+dx >= b.w || y+dy < 0 || y+dy >= b.h {
			return
		}
		o := c + dy*b.w + dx
		if !b.known[o] {
			return
		}
		length := float32(1)
		if dx != 0 && dy != 0 {
			length = math.Sqrt2
		}
		change := float32(0)
		for k := range 3 {
			e := b.rgb[3*c+k] - b.rgb[3*o+k]
			change += e * e
		}
		cost[c] = min(cost[c], cost[o]+length*.35+float32(math.Sqrt(float64(change)))*.25)
	}
	for range 3 {
		for c := range cost {
			if b.known[c] {
				x := c % b.w
				step(c, x, -1, 0)
				step(c, x, -1, -1)
				step(c, x, 0, -1)
				step(c, x, 1, -1)
			}
		}
		for c := len(cost) - 1; c >= 0; c-- {
			if b.known[c] {
				x := c % b.w
				step(c, x, 1, 0)
				step(c, x, 1, 1)
				step(c, x, 0, 1)
				step(c, x, -1, 1)
			}
		}
	}
}

// crest is how high the shoulder line lies over the line between the joints, u
// shoulder widths from the middle: a negative number of shoulder widths. Where
// the picture says something improbable, the probable value is returned.
func (b *body) crest(u float64) float64 {
	likely := -.12 - .10*clamp((.46-math.Abs(u))/.26, 0, 1)
	var found []float64
	for _, du := range [...]float64{-.03, -.015, 0, .015, .03} {
		v := .06
		for v > -.60 && b.at(b.p.at(u+du, v)) {
			v -= .01
		}
		found = append(found, v)
	}
	return clamp(median(found), likely-.10, likely+.09)
}

// chest is half the trunk's width without the arms, in shoulder widths: the
// median over the rows between armpit and waist that can be read.
func (b *body) chest() float64 {
	var half []float64
	for v := .35; v < 1.01; v += .05 {
		for _, sign := range [2]float64{-1, 1} {
			if u, ok := b.reach(sign, v); ok {
				half = append(half, u)
			}
		}
	}
	if len(half) < 6 {
		return .49
	}
	return clamp(median(half), .40, .70)
}

// reach is how far the trunk goes to one side at v. It is false where the
// picture ends first.
func (b *body) reach(sign, v float64) (float64, bool) {
	s, e, w, _ := b.p.arm((int(sign) + 1) / 2)
	for u := .10; u < .80; u += .01 {
		q := b.p.at(sign*u, v)
		c, ok := b.index(q)
		if !ok || !b.known[c] {
			return 0, false
		}
		upper, _ := segment(q, s, e)
		lower, _ := segment(q, e, w)
		if !b.inside[c] || u > .30 && min(upper, lower) < .10*b.p.width {
			return u, true
		}
	}
	return 0, false
}
