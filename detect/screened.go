package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/fitveil/fitveil/imageproc"
)

// Screened is a photo that passed a policy, and the proof of it: only Screen
// makes one, and OpenScreened from its seal. It is bound to the photo's hash, holds its own handle on the
// photo, and is immutable and safe for use by many goroutines. The zero value
// proves nothing. Printing, logging or marshalling one shows policy and verdict
// only.
type Screened struct{ s *sealed }

// sealed keeps the state behind a second pointer: a Screened in an unexported
// field of somebody's struct is printed by fmt without its methods, one pointer
// deep.
type sealed struct{ *screenedState }

type screenedState struct {
	photo    imageproc.Clean
	sum      [32]byte
	scene    Scene
	policy   Policy
	reviewed bool
}

// IsZero reports whether s proves nothing: it is nil or was not made by Screen.
func (s *Screened) IsZero() bool { return s == nil || s.s == nil }

// Photo is a handle on the photo that passed; nil for a zero Screened.
func (s *Screened) Photo() *imageproc.Clean {
	if s.IsZero() {
		return nil
	}
	c := s.s.photo
	return &c
}

// Scene is a copy of what the detector saw, in displayed full-resolution
// pixels; nil for a zero Screened.
func (s *Screened) Scene() *Scene {
	if s.IsZero() {
		return nil
	}
	return s.s.scene.clone()
}

// Policy is the policy the photo passed; the zero Policy for a zero Screened.
func (s *Screened) Policy() Policy {
	if s.IsZero() {
		return Policy{}
	}
	return s.s.policy
}

// Reviewed reports whether the policy was unsure and the reviewer let the photo
// pass.
func (s *Screened) Reviewed() bool { return !s.IsZero() && s.s.reviewed }

// SHA256 is the hash of the photo the verdict is bound to; the zero array for a
// zero Screened.
func (s *Screened) SHA256() [32]byte {
	if s.IsZero() {
		return [32]byte{}
	}
	return s.s.sum
}

// summary is all that a Screened says of itself.
func (s Screened) summary() (policy, verdict string) {
	if s.IsZero() {
		return "none", Reject.String()
	}
	return s.s.policy.name(), Pass.String()
}

// Format implements fmt.Formatter: policy and verdict, whatever the verb.
func (s Screened) Format(f fmt.State, _ rune) {
	policy, verdict := s.summary()
	// fmt.State has nowhere to report a failed write to.
	_, _ = io.WriteString(f, "detect.Screened("+policy+": "+verdict+")")
}

// LogValue implements slog.LogValuer.
func (s Screened) LogValue() slog.Value {
	policy, verdict := s.summary()
	return slog.GroupValue(slog.String("policy", policy), slog.String("verdict", verdict))
}

// MarshalJSON writes {"policy","verdict"}.
func (s Screened) MarshalJSON() ([]byte, error) {
	policy, verdict := s.summary()
	return json.Marshal(struct {
		Policy  string `json:"policy"`
		Verdict string `json:"verdict"`
	}{policy, verdict})
}

// UnmarshalJSON refuses: a proof is made by Screen and by nothing else.
func (s *Screened) UnmarshalJSON([]byte) error {
	return errors.New("detect: a Screened cannot be decoded")
}
