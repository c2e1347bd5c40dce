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
	scale float64 // shoulder widths of the person in a chest width

	lift     float64 // the trunk's shift along down, in shoulder widths
	bendMid  float64 // and how much more, at the middle of the shoulder
	bendTip  float64 // and at its end
	mid, tip float64 // where these are, in shoulder widths from the axis
	fade     float64 // y below which nothing is bent, in chest widths

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
	elbow   float64 // where a long sleeve bends, in chest widths from the joint; 0: it does not
	bend    float64 // and by how much
	guessed bool
}

// newFit measures the person and decides where everything goes.
func newFit(m *landmarks, p *pose, b *body) *fit {
	f := &fit{m: m, p: p}
	f.unit = m.armpit[1].X - m.armpit[0].X
	f.top = (m.shoulder[0].Y + m.shoulder[1].Y) / 2
	f.scale = clamp(2.06*b.chest(), .98, 1.24)
	f.fade = (m.armpit[0].Y - f.top) / f.unit
	f.alignShoulders(b)
	if m.sleeves {
		for i := range f.sleeve {
			f.sleeve[i] = f.fitSleeve(i)
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
	at := func(t float64) (u, shift float64) {
		for i, sign := range [2]float64{-1, 1} {
			g := f.normal(lerp(f.m.collar[i], f.m.shoulder[i], t))
			// The outline between collar and shoulder, straightened.
			u = math.Abs(g.X) * f.scale
			shift += (b.crest(sign*u) - g.Y*f.scale) / 2
		}
		return u, shift
	}
	var mid, tip float64
	f.mid, mid = at(.35)
	f.tip, tip = at(.88)
	const cloth = .012 // it lies on top
	f.lift = (mid+tip)/2 - cloth
	f.bendMid, f.bendTip = mid-(mid+tip)/2, tip-(mid+tip)/2
	if f.tip-f.mid < .02 {
		f.bendMid, f.bendTip = 0, 0
	}
}

// trunk is where a place on the product lies when the sleeves do not turn.
func (f *fit) trunk(g vec) vec {
	u := g.X * f.scale
	t := clamp((math.Abs(u)-f.mid)/max(f.tip-f.mid, .02), 0, 1)
	bend := (f.bendMid + (f.bendTip-f.bendMid)*t) * ramp(f.fade, .2*f.fade, g.Y)
	return f.p.at(u, g.Y*f.scale+f.lift+bend)
}

// fitSleeve turns sleeve i along the arm.
func (f *fit) fitSleeve(i int) sleeveFit {
	var s sleeveFit
	s.joint = f.normal(lerp(f.m.shoulder[i], f.m.armpit[i], .30))
	cuff := f.normal(f.m.cuff[i])
	s.axis, s.length = cuff.sub(s.joint).unit(), cuff.sub(s.joint).len()
	s.pivot = f.trunk(s.joint)
	flat := f.trunk(cuff).sub(s.pivot)
	shoulder, elbow, wrist, known := f.p.arm(i)
	s.guessed = !known
	upper := elbow.sub(shoulder)
	s.turn = clamp(angle(flat, upper), -1.4, 1.4)
	s.stretch = 1
	px := f.scale * f.p.width // pixels in a chest width
	if s.length < .75 {
		// A sleeve that ends above the elbow shortens with an arm that points at the camera.
		s.stretch = clamp(upper.len()/(.72*f.p.width), .70, 1.08)
		s.stretch = min(s.stretch, .98*upper.len()/(s.length*px))
		return s
	}
	// A long sleeve ends at the wrist.
	lower := wrist.sub(elbow)
	s.stretch = clamp((upper.len()+lower.len())/(s.length*px), .72, 1.25)
	s.elbow = upper.len() / (px * s.stretch)
	s.bend = clamp(angle(upper, lower), -2, 2)
	return s
}

// weight is how much of g, on side i, belongs to the sleeve: 0 on the trunk, 1
// from a little outside the seam on.
func (f *fit) weight(g vec, i int) float64 {
	if !f.m.sleeves {
		return 0
	}
	sign := float64(2*i - 1)
	s, a := f.normal(f.m.shoulder[i]), f.normal(f.m.armpit[i])
	if g.X*sign < a.X*sign-.12 {
		return 0
	}
	out := -a.sub(s).unit().cross(g.sub(s)) * sign
	if g.Y > a.Y {
		// Below the armpit the gap parts sleeve and trunk; halfway to the cuff
		// it has opened towards the sleeve's own direction.
		along := f.sleeve[i].axis
		mid := a.add(along.add(vec{0, 1}).unit().mul(g.Y - a.Y))
		out = (g.X - mid.X) * sign
		if out < -.015 {
			return 0
		}
		return 1
	}
	return ramp(-.05, .10, out)
}

// place is where a place on the product, in its pixels, lies in the photo, and
// how much of it is sleeve.
func (f *fit) place(q vec) (at vec, side int, weight float64) {
	g := f.normal(q)
	if g.X > 0 {
		side = 1
	}
	at = f.trunk(g)
	weight = f.weight(g, side)
	if weight == 0 {
		return at, side, 0
	}
	s := &f.sleeve[side]
	along := g.sub(s.joint).dot(s.axis)
	// Stretching comes before turning, so that it follows the product's sleeve.
	if along > 0 {
		at = f.trunk(g.add(s.axis.mul(along * (s.stretch - 1) * weight)))
	}
	if s.elbow > 0 {
		// The bend spreads over a hand's breadth of cloth.
		if w := ramp(s.elbow-.10, s.elbow+.10, along); w > 0 {
			hinge := f.trunk(s.joint.add(s.axis.mul(s.elbow * s.stretch)))
			at = hinge.add(at.sub(hinge).turn(s.bend * w))
		}
	}
	return s.pivot.add(at.sub(s.pivot).turn(s.turn * weight)), side, weight
}
