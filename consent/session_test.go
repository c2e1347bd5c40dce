package consent_test

import (
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
