package person

import (
	"cmp"
	"image"
	"slices"

	"github.com/fitveil/fitveil/detect"
)

// How the two answers become one. The weights and thresholds are those with
// which the error rates in the package's documentation were measured.
const (
	poseFloor = 0.40 // centre score from which a pose is a person of its own
	boxFloor  = 0.45 // score from which a box that no pose explains is one too
	// Below this presence nobody is listed: what either network sees there is a
	// dog, a shirt or a lamp. It is where detect.NoPeople begins to doubt.
	listFloor = 0.25
)

// fuse makes a scene of what both networks see in the picture.
func fuse(poses []pose, boxes []candidate, bounds image.Rectangle) *detect.Scene {
	s := &detect.Scene{Presence: presence(poses, boxes), Bounds: bounds, Model: Model}
	if s.Presence < listFloor {
		return s
	}
	people := listed(poses, boxes)
	for i := range people {
		if b := people[i].box.pixels(bounds); !b.Empty() {
			s.People = append(s.People, detect.Person{Box: b, Score: people[i].score, Keypoints: people[i].points})
		}
	}
	slices.SortStableFunc(s.People, func(a, b detect.Person) int { return cmp.Compare(b.Score, a.Score) })
	return s
}

// presence is half NanoDet's best score and half MoveNet's best evidence,
// wherever in the picture they are.
func presence(poses []pose, boxes []candidate) float32 {
	var p, b float32
	for i := range poses {
		p = max(p, poses[i].evidence())
	}
	for i := range boxes {
		b = max(b, boxes[i].score)
	}
	return min(1, 0.5*p+0.5*b)
}

// someone is a person to be listed; score is the presence of this person alone.
type someone struct {
	box    box
	score  float32
	points []detect.Keypoint
}

// listed lists a person for each sure pose and for each sure box away from them.
func listed(poses []pose, boxes []candidate) []someone {
	var sure, faint []*pose
	for i := range poses {
		p := &poses[i]
		switch {
		case p.center < poseFloor:
			faint = append(faint, p)
		case !slices.ContainsFunc(sure, func(q *pose) bool { return same(p.box, q.box) }):
			sure = append(sure, p)
		}
	}
	var people []someone
	var taken []box // counted so far, as the networks drew them
	for _, p := range sure {
		who := someone{box: p.box, score: 0.5 * p.evidence(), points: slices.Clone(p.points[:])}
		if c := supporting(boxes, p.box); c != nil {
			who.score += 0.5 * c.score
			who.box = widened(p, c, sure)
		}
		people, taken = append(people, who), append(taken, p.box)
	}
	for i := range boxes {
		c := &boxes[i]
		if c.score < boxFloor || slices.ContainsFunc(taken, func(b box) bool { return !apart(c.box, b) }) {
			continue
		}
		who := someone{box: c.box, score: 0.5 * c.score}
		if p := explaining(faint, c.box); p != nil {
			who.score += 0.5 * p.evidence()
			who.points = slices.Clone(p.points[:])
		}
		people, taken = append(people, who), append(taken, c.box)
	}
	return people
}

// supporting is the best box that may show the person in b.
func supporting(boxes []candidate, b box) *candidate {
	for i := range boxes { // most certain first
		if !apart(boxes[i].box, b) {
			return &boxes[i]
		}
	}
	return nil
}

// explaining is the pose with the most evidence that may be of the person in b.
func explaining(poses []*pose, b box) *pose {
	var best *pose
	for _, p := range poses {
		if !apart(p.box, b) && (best == nil || p.evidence() > best.evidence()) {
			best = p
		}
	}
	return best
}

// widened is p's box together with c's, unless c may show another of the sure
// ones as well: MoveNet draws a strip through the eyes of a face that fills the
// picture, where NanoDet has the head.
func widened(p *pose, c *candidate, sure []*pose) box {
	for _, q := range sure {
		if q != p && !apart(c.box, q.box) {
			return p.box
		}
	}
	return p.box.join(c.box)
}
