package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// The sentinels of a refusal. A *PolicyError wraps one of them.
var (
	ErrPeople     = errors.New("detect: people in the picture")
	ErrNobody     = errors.New("detect: nobody in the picture")
	ErrCrowd      = errors.New("detect: too many people")
	ErrNotVisible = errors.New("detect: too little of the person is visible")
	ErrUnsure     = errors.New("detect: unsure")
)

// The sentinels of a mistake in a program: they say nothing about the photo.
var (
	// ErrScene: the detector's answer can't be used. See Scene.Validate.
	ErrScene = errors.New("detect: malformed scene")
	// ErrPolicy: the policy contradicts itself. See Policy.Validate.
	ErrPolicy = errors.New("detect: malformed policy")
)

// Reason is a code for why a verdict fell as it did; Text is its English.
type Reason string

// The reasons a Judge gives, and the one that only Screen gives.
const (
	ReasonOK         Reason = "ok"
	ReasonPeople     Reason = "people"      // somebody is there and nobody may be
	ReasonNobody     Reason = "nobody"      // nobody is there, or fewer than there must be
	ReasonCrowd      Reason = "crowd"       // more people than allowed
	ReasonUnsure     Reason = "unsure"      // evidence too weak either way
	ReasonNotVisible Reason = "not-visible" // the person is there, but too little of the body
	ReasonNoScene    Reason = "no-scene"    // the detector gave no answer
	ReasonBadScene   Reason = "bad-scene"   // the detector's answer can't be used
	ReasonBadPolicy  Reason = "bad-policy"  // the policy contradicts itself
	ReasonReviewer   Reason = "reviewer"    // evidence too weak, and the reviewer said no
)

// Text says the reason in a sentence for the person who sent the photo.
func (r Reason) Text() string {
	switch r {
	case ReasonOK:
		return "The photo is fine."
	case ReasonPeople:
		return "There seems to be a person in the photo. Please send one without people; mirrors and pictures on the wall count too."
	case ReasonNobody:
		return "There seems to be no person in the photo."
	case ReasonCrowd:
		return "There seems to be more than one person in the photo."
	case ReasonUnsure:
		return "We could not make out whether there is a person in the photo. Please try a clearer one."
	case ReasonNotVisible:
		return "Too little of the person can be seen. Please face the camera, with both shoulders in the picture."
	case ReasonReviewer:
		return "The photo was looked at and not accepted."
	case ReasonNoScene, ReasonBadScene, ReasonBadPolicy:
		return "The photo could not be checked."
	}
	return "The photo was not accepted."
}

// sentinel is what a PolicyError of this reason unwraps to.
func (r Reason) sentinel() error {
	switch r {
	case ReasonPeople:
		return ErrPeople
	case ReasonNobody:
		return ErrNobody
	case ReasonCrowd:
		return ErrCrowd
	case ReasonNotVisible:
		return ErrNotVisible
	case ReasonNoScene, ReasonBadScene:
		return ErrScene
	case ReasonBadPolicy:
		return ErrPolicy
	}
	return ErrUnsure
}

// PolicyError is the refusal of a photo. It unwraps to ErrPeople, ErrNobody,
// ErrCrowd, ErrNotVisible or ErrUnsure; a reviewer's no is an ErrUnsure with
// ReasonReviewer. Printing, logging or marshalling one shows policy and reason,
// nothing from the picture.
//
// That holds for the pointer that Screen returns wherever it is kept, wrapped in
// other errors too. It does not hold for a copy by value in an unexported field,
// yours or that of an error that wraps it: fmt may not call methods there and
// follows Scene for verbs such as %s or %t. Keep the pointer, use an exported
// field, or give that struct a Format method of its own.
type PolicyError struct {
	Policy Policy
	Scene  *Scene // the caller's own copy
	Reason Reason
}

// Error names policy and reason.
func (e PolicyError) Error() string { return "detect: " + e.Policy.name() + ": " + string(e.Reason) }

// Unwrap gives the sentinel of the reason.
func (e PolicyError) Unwrap() error { return e.Reason.sentinel() }

// Format implements fmt.Formatter: the same for every verb, since fmt follows
// pointers for some.
func (e PolicyError) Format(f fmt.State, _ rune) {
	// fmt.State has nowhere to report a failed write to.
	_, _ = io.WriteString(f, e.Error())
}

// LogValue implements slog.LogValuer.
func (e PolicyError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalJSON writes {"policy","reason"}.
func (e PolicyError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Policy string `json:"policy"`
		Reason Reason `json:"reason"`
	}{e.Policy.name(), e.Reason})
}
