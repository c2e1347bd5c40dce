package detect

import "fmt"

// The thresholds of the four policies. Presence is the fused score of package
// person; the figures are its measured rates on 358 photos of people, 169 empty
// rooms and 512 other pictures without people.
const (
	// From 0.30 on somebody is there: 99.7 % of the photos of people, none of
	// the rooms.
	present = 0.30
	// Between 0.25 and 0.30 lie hardly any whole people (0 of 358) and hardly
	// any rooms (1 of 169), but a fifth of the pictures that show only hands or
	// part of a body: a person should look. Lower down the rooms begin (5 % from
	// 0.20 on).
	doubtful = 0.25
	// Someone to be drawn on must be surer: from 0.35 on half as many hanging
	// shirts pass for a person (10 % against 21 %), at the price of 0.5 % of the
	// people, who fall into the doubtful band below it.
	certain = 0.35
	// Blurred passers-by, reflections and pictures on a wall are mostly smaller
	// than a tenth of the one in front.
	bystander = 0.1
	// MoveNet's own threshold for a keypoint.
	seen = 0.127
)

// Policy says who may be in a picture. It is a value: change the fields of one
// of the four to get another, and give it another Name. The zero value, like
// any Policy that fails Validate, passes nothing.
type Policy struct {
	Name string // "nopeople", "oneperson", "selfie", "anypeople", or the caller's own; shown in records

	// MinPeople and MaxPeople bound the number of people who count. With
	// MaxPeople 0 nobody may be there at all; negative means any number.
	MinPeople, MaxPeople int

	// From Presence on somebody is there; it must be greater than 0 and at
	// most 1. What is compared is Scene.Presence or the best Person.Score,
	// whichever is greater.
	Presence float32
	// From Doubt up to Presence the verdict is Unsure. 0 means there is no such
	// band; otherwise at most Presence.
	Doubt float32

	// Bystander takes people out of the count whose box is smaller than this
	// fraction of the largest one's area: 0 counts everybody, and it is less
	// than 1. It does not apply where nobody may be there.
	Bystander float32

	// The person with the largest box must show MinKeypoints of the 17
	// keypoints, and with Shoulders both shoulders, each with a score of
	// KeypointScore or more. KeypointScore must then be greater than 0 and at
	// most 1. A scene without keypoints is Unsure.
	MinKeypoints  int
	Shoulders     bool
	KeypointScore float32
}

// NoPeople passes a picture in which nobody is: Presence below 0.25 and nobody
// listed. From 0.25 to 0.30 it is unsure.
func NoPeople() Policy {
	return Policy{Name: "nopeople", Presence: present, Doubt: doubtful}
}

// OnePerson passes a picture of exactly one person, whole or in part: Presence
// 0.35 or more, unsure from 0.30, people under a tenth of the largest one's
// area not counted.
func OnePerson() Policy {
	return Policy{
		Name: "oneperson", MinPeople: 1, MaxPeople: 1,
		Presence: certain, Doubt: present, Bystander: bystander,
		KeypointScore: seen,
	}
}

// Selfie passes what OnePerson passes when both shoulders of the person are
// visible; head and shoulders are enough.
func Selfie() Policy {
	p := OnePerson()
	p.Name, p.Shoulders = "selfie", true
	return p
}

// AnyPeople passes a picture with at least one person in it: Presence 0.30 or
// more, unsure from 0.25.
func AnyPeople() Policy {
	return Policy{
		Name: "anypeople", MinPeople: 1, MaxPeople: -1,
		Presence: present, Doubt: doubtful, KeypointScore: seen,
	}
}

// Validate reports the first contradiction in p, as an ErrPolicy.
func (p Policy) Validate() error {
	what := ""
	switch {
	case !(p.Presence > 0 && p.Presence <= 1): // written so that NaN is caught
		what = "Presence must be greater than 0 and at most 1"
	case !(p.Doubt >= 0 && p.Doubt <= p.Presence):
		what = "Doubt must be from 0 to Presence"
	case !(p.Bystander >= 0 && p.Bystander < 1):
		what = "Bystander must be from 0 to less than 1"
	case p.MinPeople < 0 || (p.MaxPeople >= 0 && p.MaxPeople < p.MinPeople):
		what = "MinPeople must be from 0 to MaxPeople"
	case p.MinKeypoints < 0 || p.MinKeypoints > NumKeypoints:
		what = "MinKeypoints must be from 0 to 17"
	case p.looks() && p.MinPeople == 0:
		what = "keypoints can be asked for only where MinPeople is 1 or more"
	case p.looks() && !(p.KeypointScore > 0 && p.KeypointScore <= 1):
		what = "KeypointScore must be greater than 0 and at most 1"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ErrPolicy, p.name(), what)
}

// looks reports whether the policy asks for keypoints.
func (p Policy) looks() bool { return p.MinKeypoints > 0 || p.Shoulders }

func (p Policy) name() string {
	if p.Name == "" {
		return "unnamed policy"
	}
	return p.Name
}
