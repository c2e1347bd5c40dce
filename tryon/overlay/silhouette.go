package overlay

import (
	"math"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// landmarks are what the outline of a flat-lay top gives away, in pixels of
// the product picture. Left and right are the viewer's; index 0 is left.
type landmarks struct {
	axis     float64 // x of the line the top is symmetric about
	collar   [2]vec  // where the neck opening meets the shoulder
	shoulder [2]vec  // on the upper outline above the armpit
	armpit   [2]vec
	// slope are two places on the upper outline on the way from collar to
	// shoulder, the one nearer to the neck first.
	slope   [2][2]vec
	hem     float64 // y of the lowest row
	sleeves bool
	cuff    [2]vec // middle of the sleeve's end
	// above and under are how far the upper and the lower outline of a sleeve lie
	// from the line between joint and cuff, at places from sleeveFrom to the cuff.
	above, under [2][sleevePlaces]float64
	// opening is how deep the front of the neck opening hangs below the line
	// between the collar points; 0 for a closed neck.
	opening float64
	curve   curve
}

// long reports whether the sleeves reach below the elbow.
func (m *landmarks) long() bool {
	joint := lerp(m.shoulder[0], m.armpit[0], jointDepth)
	return m.sleeves && m.cuff[0].sub(joint).len() > longSleeve*(m.armpit[1].X-m.armpit[0].X)
}

// longSleeve is the length, in chest widths, from which a sleeve is long.
const longSleeve = .75

// silhouette is an outline being read.
type silhouette struct {
	*cutout.Cutout
	left, right []int // first and last column of each row, left > right where it is empty
	top         []int // first row of each column, h where it is empty
	hull        []vec // convex hull, clockwise as seen
}

func newSilhouette(c *cutout.Cutout) *silhouette {
	s := &silhouette{Cutout: c, left: make([]int, c.H), right: make([]int, c.H), top: make([]int, c.W)}
	for y := range s.left {
		s.left[y], s.right[y] = c.W, -1
	}
	for x := range s.top {
		s.top[x] = c.H
	}
	for y := c.Box.Min.Y; y < c.Box.Max.Y; y++ {
		for x := c.Box.Min.X; x < c.Box.Max.X; x++ {
			if c.Inner[y*c.W+x] {
				s.left[y], s.right[y] = min(s.left[y], x), x
				s.top[x] = min(s.top[x], y)
			}
		}
	}
	s.hull = s.convexHull()
	return s
}

// convexHull runs down the right side and up the left one.
func (s *silhouette) convexHull() []vec {
	var rightSide, leftSide []vec
	grow := func(side []vec, p vec) []vec {
		for len(side) >= 2 && side[len(side)-1].sub(side[len(side)-2]).cross(p.sub(side[len(side)-1])) <= 0 {
			side = side[:len(side)-1]
		}
		return append(side, p)
	}
	for y := s.Box.Min.Y; y < s.Box.Max.Y; y++ {
		if s.right[y] >= 0 {
			rightSide = grow(rightSide, vec{float64(s.right[y] + 1), float64(y) + .5})
		}
	}
	for y := s.Box.Max.Y - 1; y >= s.Box.Min.Y; y-- {
		if s.right[y] >= 0 {
			leftSide = grow(leftSide, vec{float64(s.left[y]), float64(y) + .5})
		}
	}
	return append(rightSide, leftSide...)
}

func (s *silhouette) at(p vec) bool {
	x, y := int(math.Floor(p.X)), int(math.Floor(p.Y))
	return x >= 0 && y >= 0 && x < s.W && y < s.H && s.Inner[y*s.W+x]
}

// dent is the deepest place between a hull edge and the outline.
type dent struct {
	a, b  vec // the hull edge
	at    vec // the deepest point
	depth float64
}

// dents finds the deepest place under every hull edge that is long enough to
// have one: of the background that can be reached from the edge without leaving
// the hull, the point farthest from the edge. In the gap between a hanging
// sleeve and the body that is the armpit.
func (s *silhouette) dents() []dent {
	from, to := s.hullSpans()
	seen := make([]bool, s.W*s.H)
	var list []dent
	var stack []int32
	for i, a := range s.hull {
		b := s.hull[(i+1)%len(s.hull)]
		length := b.sub(a).len()
		if length < float64(s.Box.Dx())*.05 {
			continue
		}
		dir := b.sub(a).unit()
		inward := dir.turn(math.Pi / 2)
		push := func(x, y int) {
			if x >= 0 && y >= 0 && x < s.W && y < s.H && x >= from[y] && x <= to[y] && !seen[y*s.W+x] && !s.Inner[y*s.W+x] {
				seen[y*s.W+x] = true
				stack = append(stack, int32(y*s.W+x))
			}
		}
		for t := 1.; t < length; t++ {
			p := a.add(dir.mul(t)).add(inward)
			push(int(p.X), int(p.Y))
		}
		d := dent{a: a, b: b}
		for len(stack) > 0 {
			j := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			x, y := j%s.W, j/s.W
			p := vec{float64(x) + .5, float64(y) + .5}
			if depth := p.sub(a).dot(inward); depth > d.depth {
				d.depth, d.at = depth, p
			}
			push(x-1, y)
			push(x+1, y)
			push(x, y-1)
			push(x, y+1)
		}
		if d.depth > 0 {
			list = append(list, d)
		}
	}
	return list
}

// hullSpans are the hull's first and last column in each row.
func (s *silhouette) hullSpans() (from, to []int) {
	from, to = make([]int, s.H), make([]int, s.H)
	for y := range from {
		from[y], to[y] = s.W, -1
	}
	for i, a := range s.hull {
		b := s.hull[(i+1)%len(s.hull)]
		lo, hi := a, b
		if lo.Y > hi.Y {
			lo, hi = hi, lo
		}
		for y := int(lo.Y); y <= int(hi.Y) && y < s.H; y++ {
			t := 0.
			if hi.Y > lo.Y {
				t = clamp((float64(y)+.5-lo.Y)/(hi.Y-lo.Y), 0, 1)
			}
			x := int(lerp(lo, hi, t).X)
			from[y], to[y] = min(from[y], x), max(to[y], x)
		}
	}
	return from, to
}

// read finds the landmarks, or says that this is no top seen from the front.
func read(c *cutout.Cutout) (*landmarks, *tryon.Error) {
	s := newSilhouette(c)
	w, h := float64(c.Box.Dx()), float64(c.Box.Dy())
	if h < .45*w || h > 1.9*w || min(w, h) < 48 {
		return nil, badProduct(ProductShape)
	}
	m := &landmarks{axis: s.symmetryAxis(), hem: float64(c.Box.Max.Y)}
	if s.symmetry(m.axis) < .80 {
		return nil, badProduct(ProductShape)
	}
	dents := s.dents()
	s.findNeck(m)
	if !s.findSleeves(m, dents) && !s.findStraps(m, dents) {
		return nil, badProduct(ProductShape)
	}
	if err := s.plausible(m); err != nil {
		return nil, err
	}
	for i := range m.slope {
		for j, t := range [2]float64{.45, .88} {
			x := lerp(m.collar[i], m.shoulder[i], t).X
			m.slope[i][j] = vec{x, s.topNear(x)}
		}
	}
	s.findOpening(m, dents)
	return m, nil
}

// symmetryAxis is the middle of the rows of the lower half, where no sleeve
// hangs on one side only: their median.
func (s *silhouette) symmetryAxis() float64 {
	var mid []float64
	for y := s.Box.Min.Y; y < s.Box.Max.Y; y++ {
		if s.right[y] >= 0 {
			mid = append(mid, float64(s.left[y]+s.right[y]+1)/2)
		}
	}
	best, score := median(mid), -1.
	for d := -.04; d <= .04; d += .005 {
		if x := mid[len(mid)/2] + d*float64(s.Box.Dx()); s.symmetry(x) > score {
			best, score = x, s.symmetry(x)
		}
	}
	return best
}

// symmetry is the share of the product that its mirror image covers.
func (s *silhouette) symmetry(axis float64) float64 {
	n, both := 0, 0
	for y := s.Box.Min.Y; y < s.Box.Max.Y; y += 3 {
		for x := s.left[y]; x <= s.right[y]; x += 3 {
			if s.Inner[y*s.W+x] {
				n++
				if s.at(vec{2*axis - float64(x) - .5, float64(y) + .5}) {
					both++
				}
			}
		}
	}
	return float64(both) / float64(max(n, 1))
}

// findNeck takes the ends of the hull edge over the axis for the collar points.
func (s *silhouette) findNeck(m *landmarks) {
	w := float64(s.Box.Dx())
	m.collar = [2]vec{{m.axis - .16*w, 0}, {m.axis + .16*w, 0}}
	for i, a := range s.hull {
		b := s.hull[(i+1)%len(s.hull)]
		// The upper hull runs from left to right.
		if a.X < m.axis && b.X > m.axis && a.Y < float64(s.Box.Min.Y)+.35*float64(s.Box.Dy()) {
			half := max(m.axis-a.X, b.X-m.axis)
			if half > .05*w && half < .34*w {
				m.collar[0].X, m.collar[1].X = m.axis-half, m.axis+half
			}
		}
	}
	for i := range m.collar {
		m.collar[i].Y = s.topNear(m.collar[i].X)
	}
}

// topNear is the highest outline around column x.
func (s *silhouette) topNear(x float64) float64 {
	r := max(1, s.Box.Dx()/120)
	best := s.H
	for X := int(x) - r; X <= int(x)+r; X++ {
		if X >= 0 && X < s.W {
			best = min(best, s.top[X])
		}
	}
	return float64(best)
}

// findSleeves looks for an armpit on each side: the deepest dent of the hull
// below the shoulder, between cuff and hem. One side stands for the other when
// only it shows. It reports false for a sleeveless top.
func (s *silhouette) findSleeves(m *landmarks, dents []dent) bool {
	w, h, y0 := float64(s.Box.Dx()), float64(s.Box.Dy()), float64(s.Box.Min.Y)
	var found [2]bool
	var depth [2]float64
	var corner [2]vec // of the hem, below the armpit
	for _, d := range dents {
		out := d.b.sub(d.a).unit().turn(-math.Pi / 2)
		side := 0
		if d.at.X > m.axis {
			side = 1
		}
		outward := out.X * float64(2*side-1)
		if out.Y < -.25 || (outward < .2 && out.Y < .5) || d.at.Y < y0+.10*h || d.at.Y > y0+.72*h {
			continue
		}
		// The cuff end of the edge must reach out further than the armpit.
		reach := max(math.Abs(d.a.X-m.axis), math.Abs(d.b.X-m.axis)) - math.Abs(d.at.X-m.axis)
		if d.depth > .045*w && reach > .05*w && d.depth > depth[side] {
			depth[side], m.armpit[side], found[side] = d.depth, d.at, true
			corner[side] = d.a
			if math.Abs(d.b.X-m.axis) < math.Abs(d.a.X-m.axis) {
				corner[side] = d.b
			}
		}
	}
	if !found[0] && !found[1] {
		return false
	}
	for i := range found {
		if !found[i] {
			o := m.armpit[1-i]
			m.armpit[i] = vec{2*m.axis - o.X, o.Y}
			corner[i] = vec{2*m.axis - corner[1-i].X, corner[1-i].Y}
		}
	}
	// Both sides of a sewn thing are alike; a fold in one of them is not.
	half := (m.armpit[1].X - m.armpit[0].X) / 2
	y, lower := (m.armpit[0].Y+m.armpit[1].Y)/2, max(m.armpit[0].Y, m.armpit[1].Y)
	for i, sign := range [2]float64{-1, 1} {
		if math.Abs(math.Abs(m.armpit[i].X-m.axis)-half) > .06*w || math.Abs(m.armpit[i].Y-y) > .08*h {
			m.armpit[i] = vec{m.axis + sign*half, y}
			lower = y
		}
	}
	for i := range m.armpit {
		// One height for both: below it, sleeve and trunk are apart.
		m.armpit[i].Y = lower
		m.shoulder[i] = vec{m.armpit[i].X, s.topNear(m.armpit[i].X)}
	}
	m.sleeves = true
	for i, sign := range [2]float64{-1, 1} {
		m.cuff[i] = s.sleeveEnd(m.shoulder[i], m.armpit[i], corner[i], sign)
		m.above[i], m.under[i] = s.sleeveHalves(lerp(m.shoulder[i], m.armpit[i], jointDepth), m.cuff[i], sign)
	}
	return true
}

// sleeveEnd is the middle of the cuff. The sleeve is what lies outside of the
// line from shoulder over armpit to the hem's corner; one corner of its cuff is
// the point farthest out, the other one the point farthest below the line from
// there to the armpit.
func (s *silhouette) sleeveEnd(shoulder, armpit, corner vec, sign float64) vec {
	in := func(p vec) bool {
		if p.Y <= armpit.Y {
			return armpit.sub(shoulder).cross(p.sub(shoulder))*sign < 0
		}
		// The body's side may bulge over the line a little.
		return corner.sub(armpit).unit().cross(p.sub(armpit))*sign < -.03*float64(s.Box.Dx())
	}
	outer := armpit
	s.each(in, func(p vec) {
		if p.X*sign > outer.X*sign {
			outer = p
		}
	})
	under := outer
	chord, deepest := armpit.sub(outer).unit(), 0.
	s.each(in, func(p vec) {
		if d := -chord.cross(p.sub(outer)) * sign; d > deepest {
			under, deepest = p, d
		}
	})
	return lerp(outer, under, .5)
}

// each calls f with every other pixel of the product for which in holds.
func (s *silhouette) each(in func(vec) bool, f func(vec)) {
	for y := s.Box.Min.Y; y < s.Box.Max.Y; y += 2 {
		for x := s.left[y]; x <= s.right[y]; x += 2 {
			if p := (vec{float64(x) + .5, float64(y) + .5}); s.Inner[y*s.W+x] && in(p) {
				f(p)
			}
		}
	}
}

// Where sleeves are measured: at some places from beside the armpit to just
// before the cuff, in lengths of the sleeve.
const (
	sleevePlaces = 8
	sleeveFrom   = .35
	sleeveTo     = .93
)

// sleeveHalves measures from the sleeve's axis to its upper and lower outline.
func (s *silhouette) sleeveHalves(joint, cuff vec, sign float64) (above, under [sleevePlaces]float64) {
	out := cuff.sub(joint).unit().turn(sign * math.Pi / 2)
	limit := float64(s.Box.Dx()) / 4
	reach := func(p, dir vec) float64 {
		// A curved sleeve may leave its axis: then the outline is on the other side.
		d := 0.
		if s.at(p) {
			for d < limit && s.at(p.add(dir.mul(d))) {
				d++
			}
			return d
		}
		for d > -limit && !s.at(p.add(dir.mul(d))) {
			d--
		}
		return d
	}
	for k := sleevePlaces - 1; k >= 0; k-- {
		p := lerp(joint, cuff, sleeveFrom+(sleeveTo-sleeveFrom)*float64(k)/(sleevePlaces-1))
		above[k], under[k] = reach(p, out.mul(-1)), reach(p, out)
		// Beside the armpit the way under the sleeve leads into the trunk.
		if k < sleevePlaces-1 {
			under[k] = min(under[k], under[k+1]+.02*float64(s.Box.Dx()))
		}
	}
	return above, under
}

// head reports whether something narrow sits on top, as the head of somebody
// who wears the product does. Straps are two, and stand further apart.
func (s *silhouette) head(chest float64) bool {
	y := s.Box.Min.Y + s.Box.Dy()*12/100
	return float64(s.right[y]-s.left[y]) < .50*chest
}

// findStraps sets shoulders and armpits of a sleeveless top: the upper outer
// corners of the straps, and the place where the sides reach their width. It
// reports false when there are no armholes between the two: then sleeves lie
// against the body, and nobody knows where they begin.
func (s *silhouette) findStraps(m *landmarks, dents []dent) bool {
	w, h, y0 := float64(s.Box.Dx()), float64(s.Box.Dy()), float64(s.Box.Min.Y)
	// The chest's width is that of the rows between 40 and 60 % of the height.
	var half []float64
	for y := int(y0 + .40*h); y < int(y0+.60*h); y++ {
		half = append(half, max(m.axis-float64(s.left[y]), float64(s.right[y]+1)-m.axis))
	}
	chest := median(half)
	row := int(y0 + .40*h)
	for y := int(y0 + .05*h); y < int(y0+.55*h); y++ {
		if float64(s.right[y]-s.left[y]) > 1.94*chest {
			row = y
			break
		}
	}
	for i, sign := range [2]float64{-1, 1} {
		m.armpit[i] = vec{m.axis + sign*chest, float64(row)}
		// The strap ends where the upper outline falls away.
		edge := m.collar[i].X
		for x := edge; math.Abs(x-m.axis) < w/2; x += sign {
			if s.topNear(x) > m.collar[i].Y+.06*h {
				break
			}
			edge = x
		}
		m.shoulder[i] = vec{edge, s.topNear(edge)}
		if math.Abs(m.armpit[i].X-edge) < .10*chest {
			continue
		}
		armhole := false
		for _, d := range dents {
			upper, lower := d.a, d.b
			if upper.Y > lower.Y {
				upper, lower = lower, upper
			}
			armhole = armhole || d.depth > .02*w && (d.at.X-m.axis)*sign > 0 &&
				upper.sub(m.shoulder[i]).len() < .12*w && math.Abs(lower.Y-m.armpit[i].Y) < .15*h
		}
		if !armhole {
			return false
		}
	}
	return true
}

// plausible refuses outlines whose landmarks do not lie as on a top.
func (s *silhouette) plausible(m *landmarks) *tryon.Error {
	w, h := float64(s.Box.Dx()), float64(s.Box.Dy())
	chest := m.armpit[1].X - m.armpit[0].X
	collar := m.collar[1].X - m.collar[0].X
	depth := (m.armpit[0].Y+m.armpit[1].Y)/2 - float64(s.Box.Min.Y)
	body := m.hem - (m.armpit[0].Y+m.armpit[1].Y)/2
	switch {
	case chest < .28*w, chest > w*1.01,
		collar > .80*chest,
		depth < .08*h, depth > .62*h,
		body < .35*chest, body > 2.4*chest,
		s.head(chest),
		m.shoulder[0].X >= m.collar[0].X+.02*w, m.shoulder[1].X <= m.collar[1].X-.02*w:
		return badProduct(ProductShape)
	}
	if m.sleeves && math.Abs(m.cuff[0].sub(m.armpit[0]).len()-m.cuff[1].sub(m.armpit[1]).len()) > .25*chest {
		return badProduct(ProductShape)
	}
	return nil
}
