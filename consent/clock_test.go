package consent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// A consent that has ended stays ended, whatever the clock says afterwards, in
// this process and in the next.
func TestClockSetBack(t *testing.T) {
	for _, row := range []struct {
		name string
		seen func(t *testing.T, l *consent.Ledger, q consent.Query) // how the ledger learns that it is late
		want consent.Reason
		next consent.Reason // in a new process on the same store
	}{
		{"after the end was noticed", func(t *testing.T, l *consent.Ledger, q consent.Query) {
			if got := reason(t, l, q); got != consent.Expired {
				t.Errorf("got %q, want expired", got)
			}
		}, consent.Expired, consent.Expired},
		{"after a permit was refused", func(t *testing.T, l *consent.Ledger, q consent.Query) {
			_, err := l.Permit(t.Context(), q)
			wantDenied(t, err, consent.Expired)
		}, consent.Expired, consent.Expired},
		{"after somebody else's event", func(t *testing.T, l *consent.Ledger, q consent.Query) {
			if _, err := l.Refuse(t.Context(), l.Subject("shop-b", "bob"), consent.Sizing); err != nil {
				t.Fatal(err)
			}
		}, consent.ClockSuspect, consent.ClockSuspect},
		{"after somebody else's check", func(t *testing.T, l *consent.Ledger, q consent.Query) {
			reason(t, l, consent.Query{Subject: l.Subject("shop-b", "bob"), Purpose: consent.Sizing})
		}, consent.ClockSuspect, consent.Granted}, // nothing was written: the next process cannot know
	} {
		t.Run(row.name, func(t *testing.T) {
			c := &clock{noon}
			store, keys := memstore.New(), consent.GenerateKeys()
			o := &consent.Options{Keys: keys, Now: c.now}
			l := newLedger(t, store, o)
			who := l.Subject("shop-a", "ann")
			q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
			g := yes(who, noon, consent.TryOnRender)
			g.Until = noon.Add(time.Hour)
			if _, err := l.Grant(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			c.t = noon.Add(time.Hour) // the end itself is too late
			row.seen(t, l, q)
			c.t = noon.Add(30 * time.Minute)
			if got := reason(t, l, q); got != row.want {
				t.Errorf("clock set back: got %q, want %q", got, row.want)
			}
			if got := reason(t, newLedger(t, store, o), q); got != row.next {
				t.Errorf("clock set back and restarted: got %q, want %q", got, row.next)
			}
		})
	}
}

func TestExpiryToTheMicrosecond(t *testing.T) {
	c := &clock{noon}
	l := newLedger(t, memstore.New(), &consent.Options{Now: c.now})
	who := l.Subject("shop-a", "ann")
	g := yes(who, noon, consent.TryOnRender)
	g.Until = noon.Add(time.Hour)
	if _, err := l.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	c.t = g.Until.Add(-time.Microsecond)
	if got := reason(t, l, q); got != consent.Granted {
		t.Errorf("just before the end: %q", got)
	}
	c.t = g.Until
	for range 2 {
		if got := reason(t, l, q); got != consent.Expired {
			t.Errorf("at the end: %q", got)
		}
	}
	var events []consent.Event
	for e, err := range l.History(t.Context(), who) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) != 2 || events[1].Kind != consent.Expired || !events[1].Until.Equal(g.Until) || !events[1].At.Equal(c.t) {
		t.Errorf("the end is recorded once, with what ended and when: %+v", events)
	}
}

// With the clock set back, times in a person's chain still do not go back, so
// that a withdrawal is never older than the grant it takes back.
func TestChainTimesNeverGoBack(t *testing.T) {
	c := &clock{noon}
	l := newLedger(t, memstore.New(), &consent.Options{Now: c.now})
	who := l.Subject("shop-a", "ann")
	if _, err := l.Grant(t.Context(), yes(who, noon, consent.TryOnRender)); err != nil {
		t.Fatal(err)
	}
	c.t = noon.Add(-24 * time.Hour)
	r, err := l.Withdraw(t.Context(), who)
	if err != nil || r.At().Before(noon) {
		t.Errorf("withdrawn at %v, before the grant of %v; %v", r.At(), noon, err)
	}
	if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.TryOnRender}); got != consent.Withdrawn {
		t.Errorf("got %q, want withdrawn", got)
	}
}

// A clock that jumped ahead and was set right again does not let a session go on
// without a beat: not meanwhile, and not when it has caught up with the jump.
func TestSessionAfterAClockJump(t *testing.T) {
	ctx := t.Context()
	for name, jump := range map[string]func(c *clock, begin func()){
		"begun after": func(c *clock, begin func()) { c.t = noon; begin() },
		"begun before": func(c *clock, begin func()) {
			c.t = noon.Add(24*time.Hour - time.Second)
			begin()
			c.t = noon
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &clock{noon}
			l := newLedger(t, memstore.New(), &consent.Options{Now: c.now})
			who := l.Subject("shop-a", "ann")
			q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
			c.t = noon.Add(24 * time.Hour)
			if got := reason(t, l, q); got != consent.NeverAsked {
				t.Fatal(got)
			}
			jump(c, func() {
				g := yes(who, c.t, consent.TryOnRender)
				g.Heartbeat = 30 * time.Second
				if _, err := l.Grant(ctx, g); err != nil {
					t.Fatal(err)
				}
			})
			began := c.t
			for _, after := range []time.Duration{0, 31 * time.Second, 12 * time.Hour} {
				c.t = began.Add(after)
				if got := reason(t, l, q); got != consent.ClockSuspect {
					t.Errorf("%v after: %q, want clock-suspect", after, got)
				}
				if err := l.Beat(ctx, who, consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
					t.Errorf("a beat %v after: %v, want ErrSession", after, err)
				}
			}
			if name == "begun before" {
				return // the beats of a session that was alive may go on
			}
			c.t = noon.Add(24*time.Hour - 15*time.Second)
			if d, err := l.Check(ctx, q); err != nil || d.Allowed {
				t.Errorf("when the clock has caught up: %q, %v", d.Reason, err)
			}
		})
	}
}
