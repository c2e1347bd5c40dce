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
	sheet
	p      *pose
	inside []bool
}

// cellsPerWidth is how many cells lie between the shoulders.
const cellsPerWidth = 56

// findBody looks at the photo around p.
func findBody(photo *image.NRGBA, p *pose) *body {
	b := &body{p: p}
	b.grid = grid{
		scale: cellsPerWidth / p.width,
		x0:    p.origin.X - 1.5*p.width, y0: p.origin.Y - 1.5*p.width,
		w: 3 * cellsPerWidth, h: 33 * cellsPerWidth / 10,
	}
	b.sample(photo)
	b.grow()
	return b
}

// at reports whether pixel q belongs to the person; false outside the grid.
func (b *body) at(q vec) bool {
	c, ok := b.index(q)
	return ok && b.inside[c]
}

// outline is how far q lies outside (positive) or inside (negative) of an
// average body on these bones, in shoulder widths. The widest one includes arms
// that were not seen; the other one has a narrow waist.
func (b *body) outline(q vec, widest bool) float64 {
	p := b.p
	u, v := p.uv(q)
	d := math.Inf(1)
	// Trunk: a box with a slope to the neck.
	if v < 1.9 {
		half := .43
		if widest {
			half = .50 + .04*clamp(v, 0, 1)
		}
		shoulders := -.13 - .10*clamp((.45-math.Abs(u))/.25, 0, 1)
		d = min(d, max(math.Abs(u)-half, shoulders-v, v-1.9))
	}
	for i := range 2 {
		s, e, w, known := p.arm(i)
		if known || widest {
			a := segment(q, s, e)
			d = min(d, a/p.width-.14)
		}
		if p.wrist[i].ok && known || widest {
			a := segment(q, e, w)
			d = min(d, a/p.width-.11)
		}
	}
	if p.face.ok {
		n := segment(q, p.face.vec, p.origin)
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
			q := b.cell(cx, cy)
			switch {
			case !b.known[c]:
			case b.outline(q, false) < -.09:
				in[c] = 0
			case b.outline(q, true) > .20:
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
		// Hair that falls on a shoulder is part of the person too. Higher than
		// probable counts only what looks like the shoulder itself.
		var shoulder palette
		v := .06
		for ; v > -.60; v -= .01 {
			q := b.p.at(u+du, v)
			if !b.at(q) {
				break
			}
			if v > likely {
				shoulder.take(&b.sheet, q)
			} else if c, ok := b.colour(q); !ok || shoulder.distance(c) > 9 {
				break
			}
		}
		found = append(found, v)
	}
	return clamp(median(found), likely-.09, likely+.09)
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
		upper := segment(q, s, e)
		lower := segment(q, e, w)
		if !b.inside[c] || u > .30 && min(upper, lower) < .10*b.p.width {
			return u, true
		}
	}
	return 0, false
}

// armWidth is how far the outer side of upper arm i lies from the line between
// its joints, in shoulder widths.
func (b *body) armWidth(i int) float64 {
	s, e, _, known := b.p.arm(i)
	sign := float64(2*i - 1)
	out := e.sub(s).unit().turn(-sign * math.Pi / 2)
	var list []float64
	for t := .15; t < .56; t += .05 {
		q := lerp(s, e, t)
		d := 0.
		for d < .30 && b.at(q.add(out.mul(d*b.p.width))) {
			d += .005
		}
		list = append(list, d)
	}
	if !known {
		return .13
	}
	return clamp(median(list), .09, .21)
}

// armsHang reports whether arms that were not seen can hang down where they were
// guessed: the person is there, as far as the picture goes. For long sleeves
// that includes the forearm of an arm that was seen as far as the elbow.
func (b *body) armsHang(long bool) bool {
	for i := range 2 {
		s, e, w, known := b.p.arm(i)
		if !known && !b.along(s, e) {
			return false
		}
		if long && !b.p.wrist[i].ok && (!b.along(e, w) || math.Abs(angle(b.p.down, w.sub(e))) > .6) {
			return false
		}
	}
	return true
}

// along reports whether the way from p to q runs over the person, as far as the
// picture goes.
func (b *body) along(p, q vec) bool {
	there, seen := 0, 0
	for t := .25; t < 1.01; t += .05 {
		if c, ok := b.index(lerp(p, q, t)); ok && b.known[c] {
			seen++
			if b.inside[c] {
				there++
			}
		}
	}
	return there*10 >= seen*7
}
