package overlay

import (
	"math"

	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// A flat-lay shows the inside of the back through the neck opening. Worn, the
// neck is there: that part must go. Where the front begins is an edge inside
// the product, so it is looked for by colour, not by outline.

// openingCurve is how far below the collar line the front hangs at x, for a
// neck opening of the given half width, depth and shape.
func openingCurve(x, half, depth, shape float64) float64 {
	t := math.Abs(x) / half
	if t >= 1 {
		return 0
	}
	return depth * math.Pow(1-math.Pow(t, shape), 1/max(1, shape*.75))
}

// findOpening sets depth and shape of the neck opening: of all curves of the
// family the one along which the inside is darkest against the outside, as the
// shaded inside of the back is against the front's edge.
func (s *silhouette) findOpening(m *landmarks, dents []dent) {
	half := (m.collar[1].X - m.collar[0].X) / 2
	base := (m.collar[0].Y + m.collar[1].Y) / 2
	// How far the back's edge sags is how much opening is visible for certain.
	sag := 0.
	for _, d := range dents {
		if d.a.X < m.axis && d.b.X > m.axis && d.at.Y < m.armpit[0].Y {
			sag = max(sag, d.at.Y-base)
		}
	}
	// The back's own collar ends a little below its edge; the front lies deeper.
	// A band of its own has two edges; its upper one is meant, if it can be seen.
	best := 0.
	var steps []step
	for _, c := range curves() {
		places := c.places()
		for depth := max(.45*half, sag+.38*half); depth < 2.6*half && base+depth < m.hem; depth += max(1, half/60) {
			sure := s.stepAlong(vec{m.axis, base}, half*c.width, depth, &places)
			if c.shape == 2 {
				sure *= 1.25 // most are round
			}
			steps = append(steps, step{c, depth, sure})
			best = max(best, sure)
		}
	}
	edge := upperEdge(steps, best, half)
	switch {
	case best > 4.5:
		m.opening, m.curve = edge.depth, edge.curve
	case sag > .12*half:
		// Front and back look alike; most round necks are about this deep.
		m.opening, m.curve = max(.95*half, sag+.25*half), curve{2, 1}
	}
}

// curve is the shape of a neck opening: 1 a V, 2 round, more: square; and its
// width where it begins, in distances between the collar points.
type curve struct{ shape, width float64 }

// curves lists the shapes that are tried. A band of some width makes the opening
// narrower than the collar points are apart.
func curves() []curve {
	var list []curve
	for _, shape := range [...]float64{1, 1.5, 2, 2.6, 3.4} {
		list = append(list, curve{shape, .97}, curve{shape, .86})
	}
	return list
}

// step is how sure an edge along a curve is.
type step struct {
	curve
	depth, sure float64
}

// upperEdge picks the surest curve, or one that is nearly as sure and clearly
// less deep.
func upperEdge(steps []step, best, half float64) step {
	var top, upper step
	for _, e := range steps {
		if e.sure > top.sure {
			top = e
		}
	}
	for _, e := range steps {
		if e.sure > max(.5*best, 6) && e.sure > upper.sure && e.depth < top.depth-.15*half {
			upper = e
		}
	}
	if upper.sure > 0 {
		top = upper
	}
	return top
}

// curvePlaces is at how many places a curve is looked at.
const curvePlaces = 40

// place is a place on a curve of half width and depth 1, and the slope there.
type place struct{ x, y, slope float64 }

func (c curve) places() (list [curvePlaces]place) {
	const e = 1e-3
	for i := range list {
		x := float64(i)/(curvePlaces-1)*1.8 - .9
		list[i] = place{
			x, openingCurve(x, 1, 1, c.shape),
			(openingCurve(x+e, 1, 1, c.shape) - openingCurve(x-e, 1, 1, c.shape)) / (2 * e),
		}
	}
	return list
}

// stepAlong is how sure it is that the outside of the curve is brighter than
// its inside: the mean step in luma over its spread, times the root of the
// number of places looked at. A label or a button makes a large step in a few
// places, an edge makes one everywhere.
func (s *silhouette) stepAlong(top vec, half, depth float64, places *[curvePlaces]place) float64 {
	sum, squares, seen := 0., 0., 0.
	r := max(2, half/30)
	for _, c := range places {
		normal := vec{-c.slope * depth / half, 1}.unit()
		p := top.add(vec{c.x * half, c.y * depth})
		in, ok1 := s.luma(p.sub(normal.mul(r)))
		out, ok2 := s.luma(p.add(normal.mul(r)))
		if ok1 && ok2 {
			d := clamp(out-in, -30, 30)
			sum, squares, seen = sum+d, squares+d*d, seen+1
		}
	}
	if seen < .7*curvePlaces {
		return 0
	}
	mean := sum / seen
	return mean / math.Sqrt(max(squares/seen-mean*mean, 0)+1) * math.Sqrt(seen)
}

// luma is the brightness of the product around p; false near its edge.
func (s *silhouette) luma(p vec) (float64, bool) {
	sum := 0.
	for dy := -1.; dy <= 1; dy++ {
		for dx := -1.; dx <= 1; dx++ {
			q := p.add(vec{dx, dy})
			if !s.at(q) {
				return 0, false
			}
			i := 4 * (int(q.Y)*s.W + int(q.X))
			sum += .299*float64(s.Pix[i]) + .587*float64(s.Pix[i+1]) + .114*float64(s.Pix[i+2])
		}
	}
	return sum / 9, true
}

// clearOpening takes what lies in the neck opening out of the cut-out.
func clearOpening(c *cutout.Cutout, m *landmarks) {
	if m.opening == 0 {
		return
	}
	half := (m.collar[1].X - m.collar[0].X) / 2 * m.curve.width
	base := (m.collar[0].Y + m.collar[1].Y) / 2
	for y := c.Box.Min.Y; y < min(c.Box.Max.Y, int(base+m.opening)+2); y++ {
		for x := max(0, int(m.axis-half)-1); x < min(c.W, int(m.axis+half)+2); x++ {
			dx := float64(x) + .5 - m.axis
			if math.Abs(dx) >= half {
				continue
			}
			depth := base + openingCurve(dx, half, m.opening, m.curve.shape) - (float64(y) + .5)
			slope := (openingCurve(dx+1, half, m.opening, m.curve.shape) - openingCurve(dx-1, half, m.opening, m.curve.shape)) / 2
			// One pixel inside the curve too, where the back still shines through.
			in := clamp(depth/math.Sqrt(1+slope*slope)+1.5, 0, 1)
			i := 4*(y*c.W+x) + 3
			c.Pix[i] = uint8(float64(c.Pix[i])*(1-in) + .5)
		}
	}
}
