package detect

import "errors"

// Verdict is the answer of a Policy. The zero value is Reject.
type Verdict uint8

// The three verdicts. Unsure is refused unless a reviewer decides otherwise.
const (
	Reject Verdict = iota
	Unsure
	Pass
)

// Reason is a code for why a verdict fell as it did; Text is its English.
type Reason string

// The reasons a Judge gives.
const (
	ReasonOK         Reason = "ok"
	ReasonPeople     Reason = "people"      // somebody is there and nobody may be
	ReasonNobody     Reason = "nobody"      // nobody is there and somebody must be
	ReasonCrowd      Reason = "crowd"       // more people than allowed
	ReasonUnsure     Reason = "unsure"      // evidence too weak either way
	ReasonNotVisible Reason = "not-visible" // the person is there, but too little of the body
	ReasonNoScene    Reason = "no-scene"    // the detector gave no answer
)

// The sentinels of a refusal. A *PolicyError wraps one of them.
var (
	ErrPeople = errors.New("detect: people in the picture")
	ErrNobody = errors.New("detect: nobody in the picture")
	ErrCrowd  = errors.New("detect: too many people")
	ErrUnsure = errors.New("detect: unsure")
)

// Policy says who may be in a picture. The zero value passes nothing.
type Policy struct {
	Name string // "nopeople", "oneperson", "selfie", "anypeople", or the caller's own

	MinPeople int // fewer is ErrNobody
	MaxPeople int // more is ErrCrowd, or ErrPeople when MaxPeople is 0; negative means any number

	Presence float32 // Scene.Presence from here on means somebody is there
	Doubt    float32 // Scene.Presence from here up to Presence is Unsure

	MinKeypoints  int     // visible keypoints the main person must show
	KeypointScore float32 // a keypoint is visible from this score on
	Shoulders     bool    // both shoulders must be visible

	Bystander float32 // people smaller than this fraction of the largest one's area do not count
}

// NoPeople passes a picture in which nobody is.
func NoPeople() Policy { return Policy{Name: "nopeople"} }

// OnePerson passes a picture of exactly one person.
func OnePerson() Policy { return Policy{Name: "oneperson", MinPeople: 1, MaxPeople: 1} }

// Selfie passes a picture of one person whose shoulders are visible.
func Selfie() Policy { return Policy{Name: "selfie", MinPeople: 1, MaxPeople: 1, Shoulders: true} }

// AnyPeople passes a picture with at least one person in it.
func AnyPeople() Policy { return Policy{Name: "anypeople", MinPeople: 1, MaxPeople: -1} }

// Judge holds a scene against the policy.
func (p Policy) Judge(s *Scene) (Verdict, Reason) { return Reject, ReasonNoScene }

// PolicyError is the refusal of a photo. Unwrap gives the sentinel.
type PolicyError struct {
	Policy Policy
	Scene  *Scene
	Reason Reason
}

// Error names policy and reason, nothing from the picture.
func (e *PolicyError) Error() string { return "detect: " + e.Policy.Name + ": " + string(e.Reason) }
