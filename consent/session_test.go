package consent_test

import (
	"context"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// late is a store whose ledgers hear of no change, as those of an instance may
// for as long as its lease lasts.
type late struct{ *memstore.Store }

func (late) Version(consent.Subject) (version uint64, latest int64, ok bool) { return 1, 0, true }

// A beat keeps a session alive for as long as its heartbeat says now, not as an
// instance remembers it.
func TestBeatOfANewerSession(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	store, keys := memstore.New(), consent.GenerateKeys()
	a := newLedger(t, store, &consent.Options{Keys: keys, Now: c.now})
	b := newLedger(t, late{store}, &consent.Options{Keys: keys, Now: c.now})
	who := a.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	for _, heartbeat := range []time.Duration{time.Hour, 10 * time.Second} {
		c.t = c.t.Add(time.Second)
		g := yes(who, c.t, consent.Sizing)
		g.Heartbeat = heartbeat
		if _, err := a.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
		if got := reason(t, b, q); got != consent.Granted {
			t.Fatal(got)
		}
	}
	if err := b.Beat(ctx, who, consent.Sizing); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(10 * time.Second)
	if got := reason(t, a, q); got != consent.SessionEnded {
		t.Errorf("ten seconds after the last beat: %q", got)
	}
}

// meddling is a store that keeps no leases, with something happening between a
// record's being kept and its writer's being told.
type meddling struct {
	consent.Store
	meanwhile func()
}

func (m *meddling) Append(ctx context.Context, s consent.Subject, r consent.Record) error {
	err := m.Store.Append(ctx, s, r)
	if now := m.meanwhile; now != nil {
		m.meanwhile = nil
		now()
	}
	return err
}

// Whoever reads a new session's record before it is known to have been kept
// does not put its end on record, and no writer brings back a session of
// somebody who was erased in between.
func TestSessionAskedForWhileItBegins(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	store := &meddling{Store: memstore.New()}
	l := newLedger(t, struct{ consent.Store }{store}, &consent.Options{Keys: consent.GenerateKeys(), Now: c.now})
	who := l.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	begin := func() {
		t.Helper()
		c.t = c.t.Add(time.Hour)
		g := yes(who, c.t, consent.Sizing)
		g.Heartbeat = time.Minute
		if _, err := l.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	store.meanwhile = func() {
		if d, err := l.Check(ctx, q); err != nil || d.Allowed {
			t.Errorf("%q, %v", d.Reason, err)
		}
	}
	begin()
	if got := reason(t, l, q); got != consent.Granted {
		t.Errorf("the second session: %q", got)
	}
	// Erased, and a shorter chain begun, while the writer of an earlier one waits.
	store.meanwhile = func() {
		if _, err := l.Erase(ctx, who); err != nil {
			t.Error(err)
		}
	}
	begin()
	c.t = c.t.Add(-time.Second)
	begin()
	if got := reason(t, l, q); got != consent.Granted {
		t.Errorf("after an erasure: %q", got)
	}
}
