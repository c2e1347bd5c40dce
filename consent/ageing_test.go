package consent_test

import (
	"bytes"
	"context"
	"encoding/json"
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
	// A purpose that the profile no longer has: on what it rested is not known.
	strict := newLedger(t, store, &consent.Options{Keys: keys, Now: c.now, Profiles: map[string]*consent.Profile{"shop": without(t, "minimal", "sizing")}})
	if _, err := strict.Sweep(ctx, o); err != nil {
		t.Fatal(err)
	}
	left("with another profile", objected, open1)
	// A store that cannot list people cannot keep the promise, and the sweep says so.
	plain := open(struct{ consent.Store }{store})
	if swept, err := plain.Sweep(ctx, o); !errors.Is(err, consent.ErrIncomplete) {
		t.Errorf("on a store that cannot list: %+v, %v", swept, err)
	}
}

// without is a built-in profile less a purpose.
func without(t *testing.T, name, purpose string) *consent.Profile {
	t.Helper()
	data, err := json.Marshal(builtin(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var rest []any
	for _, p := range doc["purposes"].([]any) {
		if p.(map[string]any)["purpose"] != purpose {
			rest = append(rest, p)
		}
	}
	doc["purposes"] = rest
	if data, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	p, err := consent.LoadProfile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Somebody whom a hasty rotation has left with two chains has said no on one of
// them. As long as both are known, a sweep does not leave the yes alone.
func TestSweepKeepsANoOfTwoChains(t *testing.T) {
	ctx := t.Context()
	for name, no := range map[string]func(*consent.Ledger, consent.Subject) error{
		"withdrawn": func(l *consent.Ledger, who consent.Subject) error {
			_, err := l.Withdraw(ctx, who, consent.TryOnRender)
			return err
		},
		"refused": func(l *consent.Ledger, who consent.Subject) error {
			_, err := l.Refuse(ctx, who, consent.TryOnRender)
			return err
		},
	} {
		c := &clock{noon}
		store, first, second := memstore.New(), consent.GenerateKeys(), consent.GenerateKeys()
		open := func(k consent.Keys) *consent.Ledger {
			return newLedger(t, store, &consent.Options{Keys: k, Now: c.now, Profiles: map[string]*consent.Profile{"shop": builtin(t, "minimal")}})
		}
		a, b, both := open(first), open(second), open(second.With(first))
		if _, err := b.Grant(ctx, yes(b.Subject("shop", "ann"), c.t, consent.TryOnRender)); err != nil {
			t.Fatal(err)
		}
		if err := no(a, a.Subject("shop", "ann")); err != nil {
			t.Fatal(err)
		}
		c.t = noon.AddDate(4, 0, 0)
		q := consent.Query{Subject: both.Subject("shop", "ann"), Purpose: consent.TryOnRender}
		if d, err := both.Check(ctx, q); err != nil || d.Allowed {
			t.Fatalf("%s: %q, %v", name, d.Reason, err)
		}
		if _, err := both.Sweep(ctx, &consent.SweepOptions{Confirm: func(context.Context) (time.Time, error) { return c.t, nil }}); err != nil {
			t.Fatal(err)
		}
		if d, err := both.Check(ctx, q); err != nil || d.Allowed {
			t.Errorf("%s, after a sweep: %q, %v", name, d.Reason, err)
		}
	}
}
