package overlay

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/tryon"
)

// What of the photo lies before the trunk and stays visible over the product:
// forearms and hands that can be told from what is worn, and the face.

// limb is an arm as far as it is not in a sleeve of the product.
type limb struct {
	points []vec // from where it is bare over elbow and wrist to the finger tips
}

// limbs lists the arms whose wrists are seen, from where f's sleeves end.
func (p *pose) limbs(f *fit) []limb {
	var list []limb
	for i := range 2 {
		shoulder, elbow, wrist, known := p.arm(i)
		if !known || !p.wrist[i].ok {
			continue
		}
		tip := wrist.add(wrist.sub(elbow).unit().mul(.22 * p.width))
		bare := .25 // a strap leaves the shoulder free
		if f.m.sleeves {
			if f.sleeve[i].elbow > 0 {
				list = append(list, limb{[]vec{wrist, tip}})
				continue
			}
			bare = f.sleeve[i].end
		}
		list = append(list, limb{[]vec{lerp(shoulder, elbow, clamp(bare, .1, .95)), elbow, wrist, tip}})
	}
	return list
}

// distance is how far q lies from the limb's bones.
func (l *limb) distance(q vec) float64 {
	best := math.Inf(1)
	for i := 1; i < len(l.points); i++ {
		d := segment(q, l.points[i-1], l.points[i])
		best = min(best, d)
	}
	return best
}

// walk calls f with places along the limb, step apart, and the direction there.
func (l *limb) walk(step float64, f func(q, dir vec)) {
	for i := 1; i < len(l.points); i++ {
		a, b := l.points[i-1], l.points[i]
		dir := b.sub(a).unit()
		for t := step / 2; t < b.sub(a).len(); t += step {
			f(a.add(dir.mul(t)), dir)
		}
	}
}

// crossing is the length of the limb that lies before the trunk and not just at
// its side, in shoulder widths.
func (p *pose) crossing(l *limb) float64 {
	n := 0.
	l.walk(.02*p.width, func(q, _ vec) {
		if p.overTrunk(q) {
			n += .02
		}
	})
	return n
}

// overTrunk reports whether q lies well within the trunk.
func (p *pose) overTrunk(q vec) bool {
	u, v := p.uv(q)
	return math.Abs(u) < .40 && v > .05 && v < 1.30
}

const (
	limbHalf  = .105 // of an arm's width, in shoulder widths
	fineCells = 170  // cells in a shoulder width where arms are cut out
	distinct  = 14   // colour distance from which on an arm can be told from what is worn
)

// inFront cuts out the arms that lie before the trunk. Where they can't be told
// from what is worn the photo is refused: sleeve and shirt of one colour would
// be cut apart at a guess. It returns nil when there is nothing.
func inFront(photo *image.NRGBA, f *fit) (*layer, *tryon.Error) {
	p := f.p
	var over []limb
	var box image.Rectangle
	for _, l := range p.limbs(f) {
		if p.crossing(&l) < .08 {
			continue
		}
		over = append(over, l)
		for _, q := range l.points {
			r := int(.30*p.width) + 1
			box = box.Union(image.Rect(int(q.X)-r, int(q.Y)-r, int(q.X)+r, int(q.Y)+r))
		}
	}
	if box = box.Intersect(photo.Rect); len(over) == 0 || box.Empty() {
		return nil, nil
	}
	s := newSheet(photo, box, min(1, fineCells/p.width))
	out := newLayer(s.grid)
	for i := range over {
		if !s.cutLimb(p, &over[i], out) {
			return nil, badPhoto(ArmsInFront)
		}
	}
	out.blur(1)
	return out, nil
}

// cutLimb adds a limb to a layer. It is false when the limb can't be told from
// what surrounds it.
func (s *sheet) cutLimb(p *pose, l *limb, into *layer) bool {
	var arm, around palette
	l.walk(.05*p.width, func(q, dir vec) {
		side := dir.turn(math.Pi / 2).mul(p.width)
		for _, d := range [...]float64{-.03, 0, .03} {
			arm.take(s, q.add(side.mul(d)))
		}
		if !p.overTrunk(q) {
			return
		}
		for _, d := range [...]float64{-.23, -.19, .19, .23} {
			if r := q.add(side.mul(d)); p.overTrunk(r) && l.distance(r) > .17*p.width {
				around.take(s, r)
			}
		}
	})
	if around.apart(arm) < distinct {
		return false
	}
	for cy := range s.h {
		for cx := range s.w {
			q := s.cell(cx, cy)
			d := l.distance(q) / p.width
			if d > 1.3*limbHalf {
				continue
			}
			c, ok := s.colour(q)
			if !ok {
				continue
			}
			near, other := arm.distance(c), around.distance(c)
			a := ramp(-3, 4, other-near) * ramp(40, 28, near) * ramp(1.3*limbHalf, 1.05*limbHalf, d)
			o := cy*s.w + cx
			into.a[o] = max(into.a[o], float32(a))
		}
	}
	return true
}

// face keeps the head free: an ellipse from the crown to the chin.
func (p *pose) inFace(x, y float64) float32 {
	if !p.face.ok {
		return 0
	}
	d := vec{x, y}.sub(p.face.vec).sub(p.down.mul(.12 * p.head))
	r := math.Hypot(d.dot(p.across)/(.56*p.head), d.dot(p.down)/(.74*p.head))
	return float32(ramp(1.06, 1, r))
}
