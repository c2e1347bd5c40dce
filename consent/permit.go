package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// ErrNoConsent is what every [DeniedError] is.
var ErrNoConsent = errors.New("consent: no consent")

// DeniedError says why something may not be done. It names nobody.
type DeniedError struct {
	Reason Reason
	cause  error
}

// Error says the reason in English.
func (e *DeniedError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("consent: denied: %s: %s: %v", e.Reason, e.Reason.Text(), e.cause)
	}
	return fmt.Sprintf("consent: denied: %s: %s", e.Reason, e.Reason.Text())
}

// Unwrap gives [ErrNoConsent] and what went wrong underneath, if something did.
func (e *DeniedError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrNoConsent}
	}
	return []error{ErrNoConsent, e.cause}
}

func denied(r Reason, cause error) error { return &DeniedError{Reason: r, cause: cause} }

// Permit is the proof that a [Query] was answered with yes. It is bound to the
// ledger, tenant, subject, purpose and recipients it was given for, ends soon,
// and cannot be stored: a job that runs later asks for a new one. The zero value
// denies. It prints, logs and encodes as a fixed word. Safe for use by many
// goroutines.
type Permit struct{ p hidden[permit] }

type permit struct {
	ledger     *core // nil: unmanaged
	subject    Subject
	purpose    Purpose
	recipients []string
	until      time.Time
	reason     string // of an unmanaged permit
}

// Permit checks q and hands out the proof. A no is a [*DeniedError], which is
// [ErrNoConsent]; so is any failure on the way, with its cause underneath.
func (l *Ledger) Permit(ctx context.Context, q Query) (Permit, error) {
	c, err := l.open()
	if err != nil {
		return Permit{}, denied(NoPermit, err)
	}
	defer c.observed("permit", c.started(), &err)
	d, err := c.check(ctx, q)
	if err != nil || !d.Allowed {
		return Permit{}, denied(d.Reason, err)
	}
	return Permit{hide(&permit{
		ledger:     c,
		subject:    q.Subject,
		purpose:    q.Purpose,
		recipients: slices.Clone(q.Recipients),
		until:      c.latest(time.Time{}).Add(c.permitFor),
	})}, nil
}

// Issued reports whether p came from this ledger.
func (l *Ledger) Issued(p Permit) bool {
	c, err := l.open()
	d := p.p.get()
	return err == nil && d != nil && d.ledger == c
}

// Use checks once more, right before a side effect, that q is allowed now. q
// has the subject and purpose that p was issued for, and no recipient that p
// was not. Call it before each side effect, not once. A no and any failure are
// a [*DeniedError], which is [ErrNoConsent].
func (p Permit) Use(ctx context.Context, q Query) error {
	d := p.p.get()
	if d == nil {
		return denied(NoPermit, nil)
	}
	if err := ctx.Err(); err != nil {
		return denied(NoPermit, err)
	}
	if !d.subject.Equal(q.Subject) {
		return denied(PermitMismatch, nil)
	}
	c := d.ledger
	if c == nil {
		return nil // unmanaged, and bound to this subject
	}
	if d.purpose != q.Purpose || !subset(q.Recipients, d.recipients) {
		return denied(PermitMismatch, nil)
	}
	c.wall()
	if !c.latest(time.Time{}).Before(d.until) {
		return denied(PermitExpired, nil)
	}
	answer, err := c.check(ctx, q)
	if err != nil || !answer.Allowed {
		return denied(answer.Reason, err)
	}
	return nil
}

// IsZero reports whether p permits nothing.
func (p Permit) IsZero() bool { return p.p.get() == nil }

// Unmanaged makes a permit without a ledger, for callers who keep consent
// elsewhere. The reason shows in every record; without one the permit is zero.
// It permits nothing until For binds it to a subject, and a client that has a
// ledger refuses it.
func Unmanaged(reason string) Permit {
	if strings.TrimSpace(reason) == "" {
		return Permit{}
	}
	return Permit{hide(&permit{reason: reason})}
}

// For binds an unmanaged permit to a subject. It gives the zero Permit for the
// zero Subject, for a permit that a ledger issued, and for one that is bound to
// somebody else already.
func (p Permit) For(s Subject) Permit {
	d := p.p.get()
	if d == nil || d.ledger != nil || s.IsZero() {
		return Permit{}
	}
	if !d.subject.IsZero() && !d.subject.Equal(s) {
		return Permit{}
	}
	return Permit{hide(&permit{reason: d.reason, subject: s})}
}

// Unmanaged returns the reason given to [Unmanaged], and whether p is unmanaged.
func (p Permit) Unmanaged() (reason string, ok bool) {
	d := p.p.get()
	if d == nil || d.ledger != nil {
		return "", false
	}
	return d.reason, true
}

const permitWord = "[consent.Permit]"

// Format prints a fixed word for every verb.
func (p Permit) Format(f fmt.State, _ rune) { io.WriteString(f, permitWord) }

// LogValue logs a fixed word.
func (p Permit) LogValue() slog.Value { return slog.StringValue(permitWord) }

// MarshalJSON encodes a fixed word. There is no way back.
func (p Permit) MarshalJSON() ([]byte, error) { return []byte(`"` + permitWord + `"`), nil }

// MarshalText encodes a fixed word.
func (p Permit) MarshalText() ([]byte, error) { return []byte(permitWord), nil }
