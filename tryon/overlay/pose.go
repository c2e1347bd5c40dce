package overlay

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/tryon"
)

// joint is a keypoint that may be missing.
type joint struct {
	vec
	ok bool
}

// pose is the person, in pixels of the photo. Index 0 is the viewer's left,
// which is the person's right.
type pose struct {
	bounds   image.Rectangle
	shoulder [2]vec
	elbow    [2]joint
	wrist    [2]joint
	hip      [2]joint
	face     joint   // between the eyes, or the nearest to it that is seen
	head     float64 // the head's width at the ears

	width  float64 // between the shoulders
	origin vec     // the middle of the shoulders
	across vec     // unit, from shoulder to shoulder
	down   vec     // unit, along the trunk
	guess  bool    // the hips are not in the picture
}

const (
	sure = .30 // a keypoint that is built upon scores at least this
	felt = .20 // a keypoint that may be there
	seen = .15 // one that is only taken into account, this
)

// readPose finds the person to draw on, and refuses who can't be drawn on well.
func readPose(s *detect.Scene) (*pose, *tryon.Error) {
	if s == nil || len(s.People) == 0 {
		return nil, badPhoto(NoShoulders)
	}
	who := 0
	for i := range s.People {
		if boxArea(s.People[i].Box) > boxArea(s.People[who].Box) {
			who = i
		}
	}
	k := s.People[who].Keypoints
	if len(k) != detect.NumKeypoints {
		return nil, badPhoto(NoShoulders)
	}
	p := &pose{bounds: s.Bounds}
	if err := p.read(k); err != nil {
		return nil, err
	}
	if err := p.frontal(k); err != nil {
		return nil, err
	}
	if err := p.armsDown(); err != nil {
		return nil, err
	}
	if p.gropes(k) {
		return nil, badPhoto(ArmsInFront)
	}
	if p.crowded(s, who) {
		return nil, badPhoto(Crowded)
	}
	return p, nil
}

func boxArea(r image.Rectangle) int64 { return int64(r.Dx()) * int64(r.Dy()) }

// read takes the keypoints and sets up the frame.
func (p *pose) read(k []detect.Keypoint) *tryon.Error {
	get := func(i int) joint {
		return joint{vec{float64(k[i].X), float64(k[i].Y)}, k[i].Score >= sure}
	}
	right, left := get(detect.RightShoulder), get(detect.LeftShoulder)
	if !right.ok || !left.ok {
		return badPhoto(NoShoulders)
	}
	p.shoulder = [2]vec{right.vec, left.vec}
	p.elbow = [2]joint{get(detect.RightElbow), get(detect.LeftElbow)}
	p.wrist = [2]joint{get(detect.RightWrist), get(detect.LeftWrist)}
	p.hip = [2]joint{get(detect.RightHip), get(detect.LeftHip)}
	p.width = p.shoulder[1].sub(p.shoulder[0]).len()
	p.origin = lerp(p.shoulder[0], p.shoulder[1], .5)
	p.across = p.shoulder[1].sub(p.shoulder[0]).unit()
	p.readFace(k)

	if p.width < 56 {
		return badPhoto(TooSmall)
	}
	plumb := p.across.turn(math.Pi / 2)
	switch {
	case p.hip[0].ok && p.hip[1].ok:
		p.down = lerp(p.hip[0].vec, p.hip[1].vec, .5).sub(p.origin).unit()
	case p.face.ok:
		// Shoulders and head disagree when one of them is tilted; the trunk lies between.
		p.guess = true
		p.down = plumb.add(p.origin.sub(p.face.vec).unit()).unit()
	default:
		return badPhoto(OddGeometry)
	}
	return nil
}

// readFace finds where the face is and how wide the head is.
func (p *pose) readFace(k []detect.Keypoint) {
	var sum vec
	n := 0.
	for _, i := range [...]int{detect.LeftEye, detect.RightEye} {
		if k[i].Score >= seen {
			sum, n = sum.add(vec{float64(k[i].X), float64(k[i].Y)}), n+1
		}
	}
	if n == 0 && k[detect.Nose].Score >= seen {
		sum, n = vec{float64(k[detect.Nose].X), float64(k[detect.Nose].Y)}, 1
	}
	if n > 0 {
		p.face = joint{sum.mul(1 / n), true}
	}
	p.head = .46 * p.width
	ears := [2]detect.Keypoint{k[detect.RightEar], k[detect.LeftEar]}
	if ears[0].Score >= seen && ears[1].Score >= seen {
		d := vec{float64(ears[1].X - ears[0].X), float64(ears[1].Y - ears[0].Y)}.len()
		p.head = clamp(d, .34*p.width, .75*p.width)
	}
}

// frontal refuses people who are turned, tilted or too close to the edge.
func (p *pose) frontal(k []detect.Keypoint) *tryon.Error {
	// Upright: shoulders level, trunk plumb, and the two at a right angle.
	tilt := math.Abs(math.Atan2(p.across.Y, p.across.X))
	lean := math.Abs(math.Atan2(p.down.X, p.down.Y))
	skew := math.Abs(angle(p.across, p.down) - math.Pi/2)
	switch {
	case p.across.X <= 0:
		return badPhoto(TurnedAway) // seen from behind, or upside down
	case tilt > 20*math.Pi/180, lean > 22*math.Pi/180:
		return badPhoto(Tilted)
	case skew > 24*math.Pi/180:
		return badPhoto(OddGeometry)
	}
	if n := k[detect.Nose]; n.Score >= sure {
		// A head that looks away is fine, a body that is turned is not: then the
		// nose leaves the middle of the shoulders.
		off := vec{float64(n.X), float64(n.Y)}.sub(p.origin).dot(p.across) / p.width
		if math.Abs(off) > .28 {
			return badPhoto(TurnedAway)
		}
	}
	if p.face.ok {
		up := p.origin.sub(p.face.vec).dot(p.down)
		if up < .25*p.width || up > 1.6*p.width {
			return badPhoto(OddGeometry)
		}
		if p.head > .72*p.width {
			return badPhoto(TurnedAway) // shoulders hardly wider than the head
		}
	}
	if !p.guess {
		trunk := lerp(p.hip[0].vec, p.hip[1].vec, .5).sub(p.origin).len()
		if p.width < .42*trunk {
			return badPhoto(TurnedAway)
		}
		if trunk < .55*p.width {
			return badPhoto(OddGeometry)
		}
	}
	// How much of the trunk is in the picture.
	floor := float64(p.bounds.Max.Y) - p.origin.Y
	if floor < .30*p.width {
		return badPhoto(NoTorso)
	}
	return nil
}

// armsDown refuses arms that no flat-lay sleeve can follow.
func (p *pose) armsDown() *tryon.Error {
	for i, sign := range [2]float64{-1, 1} {
		if !p.elbow[i].ok {
			continue
		}
		arm := p.elbow[i].sub(p.shoulder[i])
		if arm.len() < .12*p.width {
			continue // pointing at the camera, or not found
		}
		// 0 hangs down, 90° points sideways, more is raised; negative crosses the chest.
		lift := math.Atan2(arm.dot(p.across)*sign, arm.dot(p.down))
		if lift > 100*math.Pi/180 || lift < -75*math.Pi/180 {
			return badPhoto(ArmsRaised)
		}
	}
	return nil
}

// gropes reports whether a hand is felt before the trunk and not surely seen
// there: cutting it out would be a guess, painting over it would be wrong.
func (p *pose) gropes(k []detect.Keypoint) bool {
	for _, i := range [...]int{detect.LeftWrist, detect.RightWrist} {
		w := vec{float64(k[i].X), float64(k[i].Y)}
		if k[i].Score >= felt && k[i].Score < sure && p.overTrunk(w) {
			return true
		}
	}
	return false
}

// crowded reports whether somebody else overlaps the trunk.
func (p *pose) crowded(s *detect.Scene, who int) bool {
	trunk := image.Rect(
		int(p.origin.X-.75*p.width), int(p.origin.Y-.3*p.width),
		int(p.origin.X+.75*p.width), int(p.origin.Y+1.4*p.width)).Intersect(s.Bounds)
	for i := range s.People {
		if i != who && boxArea(s.People[i].Box.Intersect(trunk))*20 > boxArea(trunk) {
			return true
		}
	}
	return false
}

// at is the photo's pixel at u shoulder widths to the right of the middle of
// the shoulders and v below it.
func (p *pose) at(u, v float64) vec {
	return p.origin.add(p.across.mul(u * p.width)).add(p.down.mul(v * p.width))
}

// uv is the way back.
func (p *pose) uv(q vec) (u, v float64) {
	d := q.sub(p.origin)
	det := p.across.cross(p.down) * p.width
	return d.cross(p.down) / det, p.across.cross(d) / det
}

// arm is shoulder, elbow and wrist of a side, guessed where they are not seen:
// hanging down, a little outward. known says whether the elbow was seen.
func (p *pose) arm(i int) (s, e, w vec, known bool) {
	sign := float64(2*i - 1)
	s = p.shoulder[i]
	hang := p.down.turn(-sign * 10 * math.Pi / 180)
	if p.elbow[i].ok && p.elbow[i].sub(s).len() > .12*p.width {
		e, known = p.elbow[i].vec, true
	} else {
		e = s.add(hang.mul(.82 * p.width))
	}
	if p.wrist[i].ok {
		w = p.wrist[i].vec
	} else {
		w = e.add(e.sub(s).unit().mul(.70 * p.width))
	}
	return s, e, w, known
}
