package consent

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Query asks whether something may be done now.
type Query struct {
	Subject    Subject
	Purpose    Purpose
	Recipients []string // third parties who would receive the data; empty: nobody
}

// Reason is a code for a decision or a kind of event; shops translate codes.
// [Reason.Text] is its English.
type Reason string

// The reasons of a [Decision]. Only Granted and OtherBasis open anything.
const (
	Granted          Reason = "granted"
	NeverAsked       Reason = "never-asked"
	Refused          Reason = "refused"
	Withdrawn        Reason = "withdrawn"
	Expired          Reason = "expired"
	PolicyChanged    Reason = "policy-changed"
	RecipientBlocked Reason = "recipient-blocked"
	TransferBlocked  Reason = "transfer-blocked"
	AgeUnmet         Reason = "age-unmet"
	SessionEnded     Reason = "session-ended"
	OtherBasis       Reason = "other-basis"
	ClockSuspect     Reason = "clock-suspect"
	StoreDown        Reason = "store-down"
	BadQuery         Reason = "bad-query"
)

// The reasons a [Permit] adds.
const (
	NoPermit       Reason = "no-permit"
	PermitExpired  Reason = "permit-expired"
	PermitMismatch Reason = "permit-mismatch"
)

var texts = map[Reason]string{
	Granted:          "the person agreed, and still does",
	NeverAsked:       "the person was never asked",
	Refused:          "the person was asked and said no",
	Withdrawn:        "the person took their consent back",
	Expired:          "the consent has ended",
	PolicyChanged:    "the person agreed to another text than the one in force",
	RecipientBlocked: "the person did not agree to this recipient",
	TransferBlocked:  "the person did not agree to a transfer outside the EEA, where the recipient is",
	AgeUnmet:         "what was established of the person's age is not enough for the terms in force",
	SessionEnded:     "the consent was for a session that is over, or not known here",
	OtherBasis:       "the purpose rests on another basis than consent, and the person has not objected",
	ClockSuspect:     "the clock is behind what is on record, by which the consent has ended or its session cannot be timed",
	StoreDown:        "the record cannot be read",
	BadQuery:         "the question names no subject or no known purpose",
	NoPermit:         "there is no permit",
	PermitExpired:    "the permit has ended; a new one has to be asked for",
	PermitMismatch:   "the permit is for something else",
}

// Text says r in an English sentence without a full stop, "" for an unknown code.
func (r Reason) Text() string { return texts[r] }

// Decision is the answer to a [Query].
type Decision struct {
	Allowed bool
	Reason  Reason
	Until   time.Time // end of the consent; zero: none
	Seq     uint64    // of the person's last event when this was decided; 0: none
}

// Check answers q from the record as it is now. An error means no, and the
// Decision that comes with it says no, too. Errors: [ErrSubject], [ErrPurpose],
// [ErrCorrupt], and whatever the store or the context says.
//
// Time only goes forward here: an end is compared with the greatest time that
// this ledger or its store has seen, so setting the clock back revives nothing.
// Where the clock has gone back by more than the heartbeat of a session, the
// answer is [ClockSuspect] until it has caught up.
// That a consent has ended is recorded when it is first noticed.
func (l *Ledger) Check(ctx context.Context, q Query) (Decision, error) {
	c, err := l.open()
	if err != nil {
		return Decision{Reason: StoreDown}, err
	}
	defer c.observed("check", c.started(), &err)
	d, err := c.check(ctx, q)
	return d, err
}

func (c *core) checkOne(ctx context.Context, q Query) (Decision, error) {
	if q.Subject.IsZero() {
		return Decision{Reason: BadQuery}, fmt.Errorf("consent: %w", ErrSubject)
	}
	r, err := c.rulesFor(q.Subject)
	if err != nil {
		return Decision{Reason: BadQuery}, err
	}
	rule, ok := r.of[q.Purpose]
	if !ok {
		return Decision{Reason: BadQuery}, fmt.Errorf("consent: %w %q", ErrPurpose, q.Purpose)
	}
	c.wall()
	known, err := c.stand(ctx, q.Subject, r, rule.Fresh)
	if err != nil {
		return Decision{Reason: StoreDown}, err
	}
	if known.open&rule.bit != 0 && len(q.Recipients) == 0 && (known.until == 0 || known.until > c.seen.Load()) {
		d := Decision{Allowed: true, Reason: Granted, Seq: known.seq}
		if known.until != 0 {
			d.Until = time.UnixMicro(known.until).UTC()
		}
		return d, nil
	}
	d, err := c.decide(ctx, q.Subject, rule, known.st)
	switch {
	case err != nil:
		return d, err
	case !d.Allowed:
	case rule.Recipients != nil && !subset(q.Recipients, rule.Recipients):
		d.Allowed, d.Reason = false, RecipientBlocked
	case d.Reason == Granted && !known.st.agreedTo(q.Purpose, q.Recipients):
		d.Allowed, d.Reason = false, RecipientBlocked
	case q.Purpose != TransferOutsideEEA && r.anyOutside(q.Recipients):
		// A consent of its own, and for these recipients.
		transfer := Query{Subject: q.Subject, Purpose: TransferOutsideEEA}
		for _, to := range q.Recipients {
			if r.outside[to] {
				transfer.Recipients = append(transfer.Recipients, to)
			}
		}
		if also, err := c.checkOne(ctx, transfer); err != nil || !also.Allowed {
			d.Allowed, d.Reason = false, TransferBlocked
		}
	}
	return d, nil
}

// decide says where a purpose stands, recipients aside.
func (c *core) decide(ctx context.Context, who Subject, rule *rule, st *state) (Decision, error) {
	d := Decision{Seq: st.seq}
	e, found := st.find(rule.Purpose)
	switch {
	case !found && rule.Basis != Consent:
		d.Allowed, d.Reason = true, OtherBasis
		return d, nil
	case !found:
		d.Reason = NeverAsked
		return d, nil
	case e.kind != Granted:
		d.Reason, d.Until = e.kind, e.until
		return d, nil
	}
	d.Until = e.until
	if e.heartbeat != 0 {
		if c.behind(e.heartbeat) {
			d.Reason = ClockSuspect
			return d, nil
		}
		alive, known, err := c.alive(ctx, who, e.purpose)
		if err != nil {
			return Decision{Reason: StoreDown}, err
		}
		if known && !alive {
			c.noteExpiry(ctx, who, e.purpose)
		}
		if !alive {
			d.Reason = SessionEnded
			return d, nil
		}
	}
	switch {
	case !e.until.IsZero() && !e.until.After(c.wall()):
		d.Reason = Expired
		c.noteExpiry(ctx, who, e.purpose)
	case !e.until.IsZero() && !e.until.After(c.latest(time.Time{})):
		d.Reason = ClockSuspect
	default:
		if d.Reason = rule.objection(&e); d.Reason == "" {
			d.Allowed, d.Reason = true, Granted
		}
	}
	return d, nil
}

// alive asks for a session.
func (c *core) alive(ctx context.Context, who Subject, p Purpose) (alive, known bool, err error) {
	alive, known, err = c.leases.Alive(ctx, who, p, c.latest(time.Time{}))
	if err != nil {
		return false, false, fmt.Errorf("consent: session: %w", err)
	}
	return alive, known, nil
}

// objection says why a grant does not count under the terms as they are now.
func (t *Terms) objection(e *entry) Reason {
	switch {
	case !t.accepts(e.notice, e.version), t.OwnPhoto && !e.own:
		return PolicyChanged
	case !t.oldEnough(e.atLeast, e.country, e.guardian):
		return AgeUnmet
	}
	return ""
}

// agreedTo reports whether the grant of p names these recipients.
func (s *state) agreedTo(p Purpose, recipients []string) bool {
	e := s.entry(p)
	return e != nil && subset(recipients, e.recipients)
}

func (r *rules) anyOutside(recipients []string) bool {
	return slices.ContainsFunc(recipients, func(to string) bool { return r.outside[to] })
}

// noteExpiry records that a consent has ended, once: from here on no clock can
// revive it. The answer is no either way, so a failure is only logged.
func (c *core) noteExpiry(ctx context.Context, who Subject, p Purpose) {
	_, err := c.record(ctx, who, func(s *state) (body, error) {
		e, ok := s.find(p)
		ended := !e.until.IsZero() && !e.until.After(c.wall())
		if e.heartbeat != 0 && !c.behind(e.heartbeat) {
			alive, known, err := c.alive(ctx, who, p)
			if err != nil {
				return body{}, err
			}
			ended = ended || known && !alive
		}
		if !ok || e.kind != Granted || !ended {
			return body{}, errNothingToDo
		}
		return body{EventType: Expired, Purposes: []Purpose{p}, ValidUntil: e.until}, nil
	})
	if err != nil && err != errNothingToDo {
		c.log.LogAttrs(ctx, slog.LevelWarn, "consent: the end of a consent was not recorded", slog.Any("error", err))
	}
}
