package detect

import (
	"context"
	"errors"

	"github.com/fitveil/fitveil/imageproc"
)

// Screened is a photo that passed a policy, and the proof of it: only Screen
// makes one. It is bound to the photo's hash, holds its own handle on the
// photo, and is immutable and safe for use by many goroutines. The zero value
// proves nothing. Printing or marshalling one shows policy and verdict only.
type Screened struct{ s *screenedState }

type screenedState struct {
	photo  imageproc.Clean
	sum    [32]byte
	scene  Scene
	policy Policy
}

// ScreenOptions configures Screen; nil means defaults.
type ScreenOptions struct {
	// Reviewer decides about an Unsure photo, for instance by asking a person.
	// nil refuses it.
	Reviewer func(ctx context.Context, photo *imageproc.Clean, s *Scene) (Verdict, error)
}

// Screen runs d on photo and judges the scene. Anything but a Pass is an error:
// a *PolicyError for a verdict, otherwise the detector's own.
func Screen(ctx context.Context, d Detector, photo *imageproc.Clean, p Policy, o *ScreenOptions) (*Screened, error) {
	return nil, errors.New("detect: not built yet")
}

// IsZero reports whether s proves nothing.
func (s *Screened) IsZero() bool { return s == nil || s.s == nil }

// Photo is the photo that passed; nil for a zero Screened.
func (s *Screened) Photo() *imageproc.Clean {
	if s.IsZero() {
		return nil
	}
	c := s.s.photo
	return &c
}

// Scene is a copy of what the detector saw; nil for a zero Screened.
func (s *Screened) Scene() *Scene { return nil }

// Policy is the policy the photo passed; the zero Policy for a zero Screened.
func (s *Screened) Policy() Policy {
	if s.IsZero() {
		return Policy{}
	}
	return s.s.policy
}

// SHA256 is the hash of the photo the verdict is bound to.
func (s *Screened) SHA256() [32]byte {
	if s.IsZero() {
		return [32]byte{}
	}
	return s.s.sum
}
