package tryon

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Reason says more about a Code in one word that programs can translate, such
// as "turned-away" or "withdrawn". Lower-case letters, digits and '-', at most
// 40 bytes; anything else a backend gives is replaced by "unspecified".
type Reason string

// Error is why a render failed. It says nothing of the photo, the person, a
// key or an address in any way of printing it; Err, which a backend fills,
// may, and is reached by errors.Is, errors.As and errors.Unwrap only.
type Error struct {
	Code    Code
	Backend string        // the route that failed; "" when none was asked
	Reason  Reason        // "" when the code says it all
	Retry   bool          // the same request may succeed later
	After   time.Duration // how long to wait before that; 0: unknown
	Job     string        // the job that may run on, for Wait; "" for none
	// Attempts says who was asked, and what was sent, before it failed.
	Attempts []Attempt
	Err      error
}

// Error is the code in English, the backend and the reason.
func (e *Error) Error() string {
	s := "tryon: "
	if e.Backend != "" {
		s += e.Backend + ": "
	}
	s += e.Code.Text()
	if e.Reason != "" {
		s += ": " + string(e.Reason.bounded())
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinel of the code.
func (e *Error) Is(target error) bool { return target == e.Code.sentinel() && target != nil }

// Format prints Error for every verb, so that %+v and %#v show no cause.
func (e *Error) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", e.Error())
		return
	}
	fmt.Fprint(f, e.Error())
}

// LogValue logs code, backend and reason.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("code", e.Code.String()),
		slog.String("backend", e.Backend),
		slog.String("reason", string(e.Reason.bounded())),
	)
}

// MarshalJSON gives code, backend, reason and attempts.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code     string    `json:"code"`
		Backend  string    `json:"backend,omitempty"`
		Reason   Reason    `json:"reason,omitempty"`
		Retry    bool      `json:"retry,omitempty"`
		Job      string    `json:"job,omitempty"`
		Attempts []Attempt `json:"attempts,omitempty"`
	}{e.Code.String(), e.Backend, e.Reason.bounded(), e.Retry, e.Job, e.Attempts})
}

func (r Reason) bounded() Reason {
	if r == "" || word(string(r), 40) {
		return r
	}
	return "unspecified"
}

// word reports whether s is 1 to limit bytes of lower-case letters, digits, '-', '.' and '_'.
func word(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || i > 0 && (c == '-' || c == '.' || c == '_')) {
			return false
		}
	}
	return true
}

// Pending is what Poll returns while the work goes on: it matches ErrPending
// and asks the client to wait this long before the next Poll.
func Pending(after time.Duration) error { return pending(after) }

type pending time.Duration

func (p pending) Error() string        { return ErrPending.Error() }
func (p pending) Is(target error) bool { return target == ErrPending }

// retryAfter is how long a pending error asks to wait.
func retryAfter(err error) time.Duration {
	var p pending
	if errors.As(err, &p) {
		return time.Duration(p)
	}
	return 0
}
