package overlay

import "math"

// fit takes places on the product to places in the photo. The trunk moves as
// one piece, scaled to the person and bent to the shoulder line; sleeves turn
// about the shoulder joints, long ones about the elbows too.
type fit struct {
	m     *landmarks
	p     *pose
	unit  float64 // product pixels in a chest width
	top   float64 // y of the product's shoulder line
	scale float64 // shoulder widths of the person in a chest width, across
	drop  float64 // and along the trunk

	lift     float64    // the trunk's shift along down, in shoulder widths
	bendMid  [2]float64 // and how much more, at the middle of each shoulder
	bendTip  [2]float64 // and at its end
	mid, tip float64    // where these are, in shoulder widths from the axis
	fade     float64    // y below which nothing is bent, in chest widths

	sleeve [2]sleeveFit
}

// sleeveFit is how one sleeve turns.
type sleeveFit struct {
	joint   vec     // on the product, in chest widths from the top middle
	axis    vec     // unit, from joint to cuff there
	length  float64 // from joint to cuff there, in chest widths
	pivot   vec     // the joint in the photo
	turn    float64 // about the joint
	stretch float64 // along the axis
	half    float64 // of the sleeve's width where it lies on the arm, in chest widths
	elbow   float64 // where a long sleeve bends, in chest widths from the joint; 0: it does not
	bend    float64 // and by how much
	end     float64 // how much of the upper arm it covers
	guessed bool
}

// jointDepth is where the shoulder joint lies on the seam of a sleeve, from the
// shoulder's point to the armpit.
const jointDepth = .42

// A product lies flat, a body is round: the cloth in front comes out larger
// than a chest width says, the cloth at the sides is seen at an angle. wrapNear
// is how much larger, wrapRadius the radius, in chest widths, for which the
// sides of the chest come to lie where they should; tall is for the length,
// which nothing shortens.
const (
	wrapNear   = 1.12
	wrapRadius = .684
	tall       = 1.14

	lowestHem = 1.72 // in shoulder widths
)

// wrap is where x chest widths from the product's axis comes to lie.
func wrap(x float64) float64 {
	a := math.Abs(x)
	if a <= .5 {
		a = wrapRadius * math.Sin(wrapNear*a/wrapRadius)
	}
	return math.Copysign(a, x)
}

// newFit measures the person and decides where everything goes.
func newFit(m *landmarks, p *pose, b *body) *fit {
	f := &fit{m: m, p: p}
	f.unit = m.armpit[1].X - m.armpit[0].X
	f.top = (m.shoulder[0].Y + m.shoulder[1].Y) / 2
	f.scale = clamp(2.12*b.chest(), 1.03, 1.28)
	// A wide body needs wider clothes, and not as much longer ones.
	f.drop = tall * math.Sqrt(f.scale)
	f.fade = (m.armpit[0].Y - f.top) / f.unit
	f.alignShoulders(b)
	// A top that would hang like a dress was worn on a dummy or is cut long; it
	// ends at the hips.
	if hem := f.normal(vec{m.axis, m.hem}).Y; hem*f.drop+f.lift > lowestHem {
		f.drop = max((lowestHem-f.lift)/hem, .8)
		f.alignShoulders(b)
	}
	if m.sleeves {
		for i := range f.sleeve {
			f.sleeve[i] = f.fitSleeve(i, b)
		}
	}
	return f
}

// normal is a place on the product in chest widths from the middle of its
// shoulder line.
func (f *fit) normal(q vec) vec {
	return vec{(q.X - f.m.axis) / f.unit, (q.Y - f.top) / f.unit}
}

// alignShoulders lays the product's shoulder line on the person's.
func (f *fit) alignShoulders(b *body) {
	at := func(j int) (u float64, shift [2]float64) {
		for i, sign := range [2]float64{-1, 1} {
			g := f.normal(f.m.slope[i][j])
			u = math.Abs(wrap(g.X)) * f.scale
			shift[i] = b.crest(sign*u) - g.Y*f.drop
		}
		return u, shift
	}
	var mid, tip [2]float64
	f.mid, mid = at(0)
	f.tip, tip = at(1)
	const cloth = .012 // it lies on top
	mean := (mid[0] + mid[1] + tip[0] + tip[1]) / 4
	f.lift = mean - cloth
	for i := range f.bendMid {
		if f.tip-f.mid < .02 { // narrow straps
			mid[i] = (mid[i] + tip[i]) / 2
			tip[i] = mid[i]
		}
		f.bendMid[i] = clamp(mid[i]-mean, -.07, .07)
		f.bendTip[i] = clamp(tip[i]-mean, -.07, .07)
	}
}

// trunk is where a place on the product lies when the sleeves do not turn.
func (f *fit) trunk(g vec) vec {
	u := wrap(g.X) * f.scale
	t := clamp((math.Abs(u)-f.mid)/max(f.tip-f.mid, .02), 0, 1)
	// Across the neck one side's bend goes over into the other's.
	right := ramp(-f.mid, f.mid, u)
	mid := f.bendMid[0] + (f.bendMid[1]-f.bendMid[0])*right
	tip := f.bendTip[0] + (f.bendTip[1]-f.bendTip[0])*right
	bend := (mid + (tip-mid)*t) * ramp(f.fade, .2*f.fade, g.Y)
	v := g.Y*f.drop + f.lift + bend
	// Seen from the height of the face, rounds below it hang lower in front.
	v -= .035 * g.Y * min(4*u*u, 1.5)
	return f.p.at(u, v)
}

// fitSleeve turns sleeve i along the arm.
func (f *fit) fitSleeve(i int, b *body) sleeveFit {
	var s sleeveFit
	s.joint = f.normal(lerp(f.m.shoulder[i], f.m.armpit[i], jointDepth))
	cuff := f.normal(f.m.cuff[i])
	s.axis, s.length = cuff.sub(s.joint).unit(), cuff.sub(s.joint).len()
	s.pivot = f.trunk(s.joint)
	flat := f.trunk(cuff).sub(s.pivot)
	shoulder, elbow, wrist, known := f.p.arm(i)
	s.guessed = !known
	upper := elbow.sub(shoulder)
	s.turn = clamp(angle(flat, upper), -1.4, 1.4)
	s.stretch = 1
	s.half = (b.armWidth(i) + .035) / f.scale
	if s.length < longSleeve {
		// A sleeve that ends above the elbow shortens with an arm that points at the camera.
		s.stretch = clamp(upper.len()/(.72*f.p.width), .70, 1.08)
		s.stretch = min(s.stretch, .98*upper.len()/flat.len())
		s.end = flat.len() * s.stretch / upper.len()
		return s
	}
	// A long sleeve ends at the wrist.
	lower := wrist.sub(elbow)
	s.stretch = clamp((upper.len()+lower.len())/flat.len(), .72, 1.25)
	s.end = 1
	s.elbow = s.length * upper.len() / (flat.len() * s.stretch)
	s.bend = angle(upper, lower)
	return s
}

// mostBent is how far an elbow in a long sleeve can bend before the flat cloth
// would have to fold over itself.
const mostBent = 85 * math.Pi / 180

// follows reports whether the sleeves can follow the arms.
func (f *fit) follows() bool {
	return math.Abs(f.sleeve[0].bend) < mostBent && math.Abs(f.sleeve[1].bend) < mostBent
}

// piece says which part of the product a place belongs to where sleeve and trunk
// are apart, below the armpits. Above them one goes over into the other.
type piece uint8

const (
	joined piece = iota
	trunkPiece
	sleevePiece
)

// pieceAt is the piece of g on side i.
func (f *fit) pieceAt(g vec, i int) piece {
	a := f.normal(f.m.armpit[i])
	if !f.m.sleeves || g.Y <= a.Y {
		return joined
	}
	// The gap opens towards the middle of the sleeve's direction and straight down.
	sign := float64(2*i - 1)
	mid := a.add(f.sleeve[i].axis.add(vec{0, 1}).unit().mul(g.Y - a.Y))
	if (g.X-mid.X)*sign > 0 {
		return sleevePiece
	}
	return trunkPiece
}

// weight is how much of g, on side i, moves with the sleeve: 0 on the trunk, 1
// from a little outside the seam on. Below the armpits each piece soon moves
// with its own kind only.
func (f *fit) weight(g vec, i int, p piece) float64 {
	if !f.m.sleeves {
		return 0
	}
	sign := float64(2*i - 1)
	s, a := f.normal(f.m.shoulder[i]), f.normal(f.m.armpit[i])
	if p == trunkPiece && g.Y > a.Y+.10 {
		return 0
	}
	out := -a.sub(s).unit().cross(g.sub(s)) * sign
	w := ramp(-.05, .10, out)
	switch p {
	case trunkPiece:
		w *= ramp(.10, 0, g.Y-a.Y)
	case sleevePiece:
		w += (1 - w) * ramp(0, .10, g.Y-a.Y)
	}
	return w
}

// aroundArm is where a place across from the sleeve's axis, positive towards the
// trunk, comes to lie when the sleeve is straightened and laid round the arm: a
// flat sleeve is as wide as half the way round.
func (f *fit) aroundArm(i int, along, across float64) float64 {
	s := &f.sleeve[i]
	t := along / s.length
	k := clamp((t-sleeveFrom)/(sleeveTo-sleeveFrom), 0, 1) * (sleevePlaces - 1)
	at := func(list *[sleevePlaces]float64) float64 {
		j := min(int(k), sleevePlaces-2)
		return (list[j] + (list[j+1]-list[j])*(k-float64(j))) / f.unit
	}
	above, under := at(&f.m.above[i]), at(&f.m.under[i])
	width := max(above+under, .02)
	middle := (under - above) / 2
	// Wide sleeves stay wider than the arm.
	half := clamp(.38*width, s.half, 1.25*s.half)
	laid := (across - middle) * clamp(2*half/width, .45, 1.6)
	// At the shoulder only the upper outline is the sleeve's own.
	shoulder := across
	if across < 0 {
		shoulder *= clamp(half/max(above, .02), .6, 1.45)
	}
	return shoulder + (laid-shoulder)*ramp(.10, .42, t)
}

// place is where a place on the product, in its pixels, lies in the photo, and
// how much of it is sleeve.
func (f *fit) place(q vec, p piece) (at vec, weight float64) {
	g := f.normal(q)
	side := 0
	if g.X > 0 {
		side = 1
	}
	at = f.trunk(g)
	weight = f.weight(g, side, p)
	if weight == 0 {
		return at, 0
	}
	s := &f.sleeve[side]
	along := g.sub(s.joint).dot(s.axis)
	// What changes the sleeve's shape comes before turning it.
	sign := float64(2*side - 1)
	across := s.axis.cross(g.sub(s.joint)) * sign
	g = g.add(s.axis.turn(math.Pi / 2).mul((f.aroundArm(side, along, across) - across) * sign * weight))
	if along > 0 {
		g = g.add(s.axis.mul(along * (s.stretch - 1) * weight))
	}
	at = f.trunk(g)
	if s.elbow > 0 {
		// The bend spreads over a hand's breadth of cloth.
		if w := ramp(s.elbow-.10, s.elbow+.10, along); w > 0 {
			hinge := f.trunk(s.joint.add(s.axis.mul(s.elbow * s.stretch)))
			at = hinge.add(at.sub(hinge).turn(s.bend * w))
		}
	}
	return s.pivot.add(at.sub(s.pivot).turn(s.turn * weight)), weight
}
