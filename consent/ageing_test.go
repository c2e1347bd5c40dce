package consent_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// The ledger's own records go when the profile says: three years after a person's
// consents have ended. What is still in force stays, and so do objections.
func TestSweepOfRecords(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	store, keys := memstore.New(), consent.GenerateKeys()
	p := builtin(t, "minimal")
	open := func(s consent.Store) *consent.Ledger {
		return newLedger(t, s, &consent.Options{Keys: keys, Now: c.now, Profiles: map[string]*consent.Profile{"shop": p}})
	}
	l := open(store)
	grant := func(name string, bend func(*consent.Grant)) consent.Subject {
		t.Helper()
		who := l.Subject("shop", name)
		g := yes(who, c.t, consent.TryOnRender)
		bend(&g)
		if _, err := l.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
		return who
	}
	record := func(_ *consent.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	withdrawn := grant("withdrawn", func(*consent.Grant) {})
	record(l.Withdraw(ctx, withdrawn))
	refused := l.Subject("shop", "refused")
	record(l.Refuse(ctx, refused, consent.TryOnRender))
	objected := l.Subject("shop", "objected")
	record(l.Refuse(ctx, objected, consent.Sizing)) // rests on the contract
	open1 := grant("open", func(*consent.Grant) {})
	year := grant("for a year", func(g *consent.Grant) { g.Until = c.t.AddDate(1, 0, 0) })
	session := grant("session", func(g *consent.Grant) { g.Heartbeat = time.Minute })
	o := &consent.SweepOptions{Confirm: func(context.Context) (time.Time, error) { return c.t, nil }}
	left := func(when string, want ...consent.Subject) {
		t.Helper()
		if _, err := l.Sweep(ctx, o); err != nil {
			t.Fatal(when, err)
		}
		var got []consent.Subject
		for _, who := range []consent.Subject{withdrawn, refused, objected, open1, year, session} {
			for range l.History(ctx, who) {
				got = append(got, who)
				break
			}
		}
		same := len(got) == len(want)
		for i := range want {
			same = same && got[i].Equal(want[i])
		}
		if !same {
			t.Errorf("%s: %d people are left, want %d", when, len(got), len(want))
		}
	}
	c.t = noon.AddDate(3, 0, 0).Add(-2 * time.Hour)
	left("two hours early", withdrawn, refused, objected, open1, year, session)
	c.t = noon.AddDate(3, 0, 0)
	left("after three years", objected, open1, year)
	c.t = noon.AddDate(4, 0, 0)
	left("after four", objected, open1)
	c.t = noon.AddDate(30, 0, 0)
	left("after thirty", objected, open1)
	if got := reason(t, l, consent.Query{Subject: objected, Purpose: consent.Sizing}); got != consent.Refused {
		t.Errorf("the objection: %q", got)
	}
	if err := l.Beat(ctx, session, consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
		t.Errorf("a beat of somebody erased: %v", err)
	}
	// A store that cannot list people cannot keep the promise, and the sweep says so.
	plain := open(struct{ consent.Store }{store})
	if swept, err := plain.Sweep(ctx, o); !errors.Is(err, consent.ErrIncomplete) {
		t.Errorf("on a store that cannot list: %+v, %v", swept, err)
	}
}
