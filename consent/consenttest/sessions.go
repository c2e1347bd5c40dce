package consenttest

import (
	"errors"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// testSessions has two ledgers, as of two instances, keep a session alive
// between them, on a store that keeps leases. On another store the one that did
// not take the consent says no.
func testSessions(t *testing.T, s consent.Store) {
	ctx := t.Context()
	leaser, shared := s.(consent.Leaser)
	now := noon
	keys := consent.GenerateKeys()
	instance := func() *consent.Ledger {
		l, err := consent.New(s, &consent.Options{Keys: keys, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a, b := instance(), instance()
	who := a.Subject("shop", "ann")
	bound := func(name string, every time.Duration) consent.Grant {
		g := grant(who, name, now)
		g.Heartbeat = every
		return g
	}
	first := bound("first", 30*time.Second)
	if _, err := a.Grant(ctx, first); err != nil {
		t.Fatal(err)
	}
	wantReason(t, a, who, consent.Granted)
	if !shared {
		wantReason(t, b, who, consent.SessionEnded)
		return
	}
	for _, l := range []*consent.Ledger{b, a, b} { // each beat is heard by one and known to both
		now = now.Add(29 * time.Second)
		if err := l.Beat(ctx, who, consent.TryOnRender); err != nil {
			t.Fatal(err)
		}
		wantReason(t, a, who, consent.Granted)
		wantReason(t, b, who, consent.Granted)
	}
	wantReason(t, a, a.Subject("shop", "bob"), consent.NeverAsked)
	if err := b.Beat(ctx, b.Subject("shop", "bob"), consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
		t.Errorf("the beat of somebody else: %v, want ErrSession", err)
	}
	now = now.Add(30 * time.Second) // the end itself is too late
	if err := b.Beat(ctx, who, consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
		t.Errorf("a beat too late: %v, want ErrSession", err)
	}
	wantReason(t, a, who, consent.SessionEnded)
	// Nothing brings it back: another instance, the clock, the form sent again, a beat.
	now = now.Add(-time.Second)
	if _, err := b.Grant(ctx, first); err != nil {
		t.Errorf("the first grant sent again: %v", err)
	}
	for _, l := range []*consent.Ledger{a, b, instance()} {
		if err := l.Beat(ctx, who, consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
			t.Errorf("a beat with the clock set back: %v, want ErrSession", err)
		}
		if d, err := l.Check(ctx, consent.Query{Subject: who, Purpose: consent.TryOnRender}); err != nil || d.Allowed {
			t.Errorf("with the clock set back: %q, %v", d.Reason, err)
		}
	}
	// A new session is as long as it says, also where the old one was known.
	now = now.Add(time.Minute)
	if _, err := a.Grant(ctx, bound("second", 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	wantReason(t, a, who, consent.Granted)
	if alive, known, err := leaser.Alive(ctx, who, consent.TryOnRender, now.Add(10*time.Second)); err != nil || alive || !known {
		t.Errorf("the second session after its end: alive %v, known %v, %v", alive, known, err)
	}
	if alive, err := leaser.Extend(ctx, who, consent.TryOnRender, now, now.Add(-time.Hour)); err != nil || !alive {
		t.Errorf("extended into the past: %v, %v", alive, err)
	}
	wantReason(t, a, who, consent.Granted)
	if _, err := a.Erase(ctx, who); err != nil {
		t.Fatal(err)
	}
	if alive, known, err := leaser.Alive(ctx, who, consent.TryOnRender, now); err != nil || alive || known {
		t.Errorf("after erasure: alive %v, known %v, %v", alive, known, err)
	}
}
