package tryon

import "time"

// Stage is a part of a render, as Observe sees it.
type Stage string

// The stages.
const (
	StageRender   Stage = "render"   // the whole call
	StageAttempt  Stage = "attempt"  // one backend, from consent check to picture
	StageRequest  Stage = "request"  // one request through the gated client
	StageRelease  Stage = "release"  // sanitising and marking what came back
	StageErase    Stage = "erase"    // one attempt at a deletion
	StageCallback Stage = "callback" // a callback that came
)

// Event is something that happened and is over, for metrics and spans. All of
// its names are bounded: stages, names of configured backends, and as outcomes
// "ok", names of codes, and "not-erasable" for what a backend can never delete.
// Nothing in it tells of a person, a photo, a key or an address.
type Event struct {
	Stage    Stage
	Backend  string // "" for StageRender when no backend was asked
	Outcome  string // "ok" or the name of a Code; of StageErase also "not-erasable"
	Duration time.Duration
	Bytes    int64 // sent for attempts and requests, released for releases
}

func outcome(err *Error) string {
	if err == nil {
		return "ok"
	}
	return err.Code.String()
}
