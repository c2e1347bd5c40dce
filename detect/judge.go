package detect

import "image"

// Verdict is the answer of a Policy. The zero value is Reject.
type Verdict uint8

// The three verdicts. Unsure is refused unless a reviewer decides otherwise.
const (
	Reject Verdict = iota
	Unsure
	Pass
)

// String gives "pass", "unsure" or "reject"; any other value is a "reject".
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Unsure:
		return "unsure"
	}
	return "reject"
}

// Judge holds a scene against the policy. It asks in this order: is the answer
// usable, is somebody there, are there enough and not too many, and does the
// largest person show what is asked for. A nil or malformed scene and a
// malformed policy are rejected.
func (p Policy) Judge(s *Scene) (Verdict, Reason) {
	switch {
	case s == nil:
		return Reject, ReasonNoScene
	case p.Validate() != nil:
		return Reject, ReasonBadPolicy
	case s.Validate() != nil:
		return Reject, ReasonBadScene
	}
	evidence := s.evidence()
	doubt := p.Doubt
	if doubt == 0 {
		doubt = p.Presence
	}
	if p.MaxPeople == 0 {
		return p.judgeEmpty(evidence, doubt, len(s.People))
	}
	if evidence < p.Presence && p.MinPeople > 0 {
		if evidence < doubt {
			return Reject, ReasonNobody
		}
		return Unsure, ReasonUnsure
	}
	return p.judgePeople(s)
}

// judgeEmpty judges where nobody may be. Somebody listed below the threshold
// still keeps the picture from passing.
func (p Policy) judgeEmpty(evidence, doubt float32, listed int) (Verdict, Reason) {
	switch {
	case evidence >= p.Presence:
		return Reject, ReasonPeople
	case evidence >= doubt || listed > 0:
		return Unsure, ReasonUnsure
	}
	return Pass, ReasonOK
}

// judgePeople counts the people and looks at the largest.
func (p Policy) judgePeople(s *Scene) (Verdict, Reason) {
	n, largest := p.count(s.People)
	switch {
	case n == 0 && p.MinPeople > 0:
		// Somebody is felt, nobody found: a person may still see whom.
		return Unsure, ReasonUnsure
	case n < p.MinPeople:
		return Reject, ReasonNobody
	case p.MaxPeople > 0 && n > p.MaxPeople:
		return Reject, ReasonCrowd
	case !p.looks():
		return Pass, ReasonOK
	case len(largest.Keypoints) == 0:
		return Unsure, ReasonUnsure
	case !p.visible(largest):
		return Reject, ReasonNotVisible
	}
	return Pass, ReasonOK
}

// count gives the number of people without bystanders, and the largest, who is
// nil when there is nobody.
func (p Policy) count(people []Person) (n int, largest *Person) {
	var most int64
	for i := range people {
		if a := area(people[i].Box); a > most {
			most, largest = a, &people[i]
		}
	}
	for i := range people {
		if float64(area(people[i].Box)) >= float64(p.Bystander)*float64(most) {
			n++
		}
	}
	return n, largest
}

// area is 64 bits wide because a box of a large picture overflows 32.
func area(r image.Rectangle) int64 { return int64(r.Dx()) * int64(r.Dy()) }

// visible reports whether a person with keypoints shows what the policy asks for.
func (p Policy) visible(who *Person) bool {
	n := 0
	for i := range who.Keypoints {
		if who.Keypoints[i].Score >= p.KeypointScore {
			n++
		}
	}
	shoulders := who.Keypoints[LeftShoulder].Score >= p.KeypointScore &&
		who.Keypoints[RightShoulder].Score >= p.KeypointScore
	return n >= p.MinKeypoints && (shoulders || !p.Shoulders)
}
