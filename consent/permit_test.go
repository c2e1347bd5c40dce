package consent_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func wantDenied(t *testing.T, err error, want consent.Reason) {
	t.Helper()
	var no *consent.DeniedError
	if !errors.Is(err, consent.ErrNoConsent) || !errors.As(err, &no) || no.Reason != want {
		t.Errorf("got %v, want denied as %q", err, want)
	}
}

func TestPermitIsForOneThing(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	store, keys := memstore.New(), consent.GenerateKeys()
	l := newLedger(t, store, &consent.Options{Keys: keys, Now: c.now, PermitFor: time.Minute})
	ann, bob := l.Subject("shop-a", "ann"), l.Subject("shop-a", "bob")
	for _, who := range []consent.Subject{ann, bob, l.Subject("shop-b", "ann")} {
		g := yes(who, noon, consent.TryOnRender, consent.Sizing)
		g.Recipients = []string{"a", "b"}
		if _, err := l.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	q := consent.Query{Subject: ann, Purpose: consent.TryOnRender, Recipients: []string{"a"}}
	p, err := l.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		q    consent.Query
		want consent.Reason // "" for allowed
	}{
		{"the same", q, ""},
		{"an equal subject made anew", consent.Query{Subject: l.Subject("shop-a", "ann"), Purpose: q.Purpose, Recipients: q.Recipients}, ""},
		{"nobody receives", consent.Query{Subject: ann, Purpose: q.Purpose}, ""},
		{"another person", consent.Query{Subject: bob, Purpose: q.Purpose, Recipients: q.Recipients}, consent.PermitMismatch},
		{"another tenant", consent.Query{Subject: l.Subject("shop-b", "ann"), Purpose: q.Purpose}, consent.PermitMismatch},
		{"nobody", consent.Query{Purpose: q.Purpose}, consent.PermitMismatch},
		{"another purpose", consent.Query{Subject: ann, Purpose: consent.Sizing}, consent.PermitMismatch},
		{"another recipient", consent.Query{Subject: ann, Purpose: q.Purpose, Recipients: []string{"b"}}, consent.PermitMismatch},
		{"one recipient more", consent.Query{Subject: ann, Purpose: q.Purpose, Recipients: []string{"a", "b"}}, consent.PermitMismatch},
		{"empty query", consent.Query{}, consent.PermitMismatch},
	} {
		err := p.Use(ctx, row.q)
		if row.want == "" {
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		t.Run(row.name, func(t *testing.T) { wantDenied(t, err, row.want) })
	}

	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := p.Use(gone, q); !errors.Is(err, consent.ErrNoConsent) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// The query's slice is the caller's; changing it widens nothing.
	wide := consent.Query{Subject: ann, Purpose: q.Purpose, Recipients: []string{"a"}}
	p2, err := l.Permit(ctx, wide)
	if err != nil {
		t.Fatal(err)
	}
	wide.Recipients[0] = "b"
	wantDenied(t, p2.Use(ctx, wide), consent.PermitMismatch)

	c.t = noon.Add(time.Minute)
	wantDenied(t, p.Use(ctx, q), consent.PermitExpired)
	c.t = noon.Add(30 * time.Second)
	wantDenied(t, p.Use(ctx, q), consent.PermitExpired) // a clock set back revives no permit either
}

func TestPermitComesFromOneLedger(t *testing.T) {
	ctx := t.Context()
	store, keys := memstore.New(), consent.GenerateKeys()
	a := newLedger(t, store, &consent.Options{Keys: keys})
	b := newLedger(t, store, &consent.Options{Keys: keys})
	who := a.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	if _, err := a.Grant(ctx, yes(who, time.Now(), consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	p, err := a.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Issued(p) || b.Issued(p) || a.Issued(consent.Permit{}) || a.Issued(consent.Unmanaged("x").For(who)) {
		t.Error("Issued does not tell whose permit it is")
	}
	if _, ok := p.Unmanaged(); ok || !p.For(who).IsZero() {
		t.Error("a ledger's permit passes for an unmanaged one")
	}
	// Overwriting the ledger behind a permit makes neither of them the other's.
	*a = *b
	if a.Issued(p) {
		t.Error("the overwritten ledger claims the permit")
	}
	if _, err := b.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	wantDenied(t, p.Use(ctx, q), consent.Withdrawn)
}

// None of the ways to make a value of a type without its constructor makes a permit.
func TestPermitCannotBeForged(t *testing.T) {
	ctx := t.Context()
	l := newLedger(t, memstore.New(), nil)
	who := l.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	if _, err := l.Grant(ctx, yes(who, time.Now(), consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	good, err := l.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	denied := func(how string, p consent.Permit) {
		t.Helper()
		if !p.IsZero() || l.Issued(p) || p.Use(ctx, q) == nil || !p.For(who).IsZero() {
			t.Errorf("%s made a permit", how)
		}
	}
	denied("the zero value", consent.Permit{})
	denied("new", *new(consent.Permit))
	var embedded struct{ consent.Permit }
	denied("embedding", embedded.Permit)

	encoded, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	// May fail; must not succeed in making one.
	decode := func(data []byte, into any) { _ = json.Unmarshal(data, into) }
	for _, data := range [][]byte{encoded, []byte(`{}`), []byte(`{"p":{}}`), []byte(`{"P":1}`), []byte(`null`), []byte(`"[consent.Permit]"`)} {
		var p consent.Permit
		decode(data, &p)
		denied("JSON "+string(data), p)
		again := good
		decode(data, &again)
		if again != good {
			t.Errorf("JSON %s changed a permit", data)
		}
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(good); err == nil {
		var p consent.Permit
		_ = gob.NewDecoder(&buf).Decode(&p)
		denied("gob", p)
	}
	for _, reason := range []string{"", "  ", "\t\n"} {
		denied("Unmanaged without a reason", consent.Unmanaged(reason))
		denied("Unmanaged without a reason, bound", consent.Unmanaged(reason).For(who))
	}

	var subject consent.Subject
	for _, data := range []string{`{}`, `{"s":{"tenant":"shop-a"}}`, `"[consent.Subject]"`} {
		decode([]byte(data), &subject)
		if !subject.IsZero() {
			t.Errorf("JSON %s made a subject", data)
		}
	}
}

func TestUnmanaged(t *testing.T) {
	ctx := t.Context()
	l := newLedger(t, memstore.New(), nil)
	ann, bob := l.Subject("shop-a", "ann"), l.Subject("shop-a", "bob")
	q := consent.Query{Subject: ann, Purpose: consent.TryOnRender, Recipients: []string{"anybody"}}
	p := consent.Unmanaged("consent is kept in the shop system")
	if reason, ok := p.Unmanaged(); !ok || reason != "consent is kept in the shop system" {
		t.Errorf("the reason is not to be seen: %q, %v", reason, ok)
	}
	if p.IsZero() {
		t.Error("an unmanaged permit counts as none")
	}
	wantDenied(t, p.Use(ctx, q), consent.PermitMismatch)               // bound to nobody yet
	wantDenied(t, p.Use(ctx, consent.Query{}), consent.PermitMismatch) // and nobody is not somebody
	bound := p.For(ann)
	if err := bound.Use(ctx, q); err != nil {
		t.Error(err)
	}
	if reason, ok := bound.Unmanaged(); !ok || reason == "" {
		t.Error("binding loses the reason")
	}
	q.Subject = bob
	wantDenied(t, bound.Use(ctx, q), consent.PermitMismatch)
	if !bound.For(bob).IsZero() {
		t.Error("a bound permit can be bound to somebody else")
	}
	if !p.For(consent.Subject{}).IsZero() {
		t.Error("a permit can be bound to nobody")
	}
	if err := p.For(bob).Use(ctx, q); err != nil {
		t.Errorf("the unbound permit serves for many: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := p.For(bob).Use(gone, q); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReasonsHaveTexts(t *testing.T) {
	for _, r := range []consent.Reason{
		consent.Granted, consent.NeverAsked, consent.Refused, consent.Withdrawn, consent.Expired, consent.PolicyChanged,
		consent.RecipientBlocked, consent.ClockSuspect, consent.StoreDown, consent.BadQuery,
		consent.NoPermit, consent.PermitExpired, consent.PermitMismatch,
	} {
		if r.Text() == "" {
			t.Errorf("%q has no text", r)
		}
	}
	if got := consent.Reason("sold").Text(); got != "" {
		t.Errorf("an unknown code says %q", got)
	}
}

func TestObserver(t *testing.T) {
	ctx := t.Context()
	var seen []string
	l := newLedger(t, memstore.New(), &consent.Options{Observe: func(o consent.Observation) {
		if o.Took < 0 {
			t.Errorf("%s took %v", o.Op, o.Took)
		}
		seen = append(seen, o.Op)
		if !o.OK {
			seen = append(seen, "failed")
		}
	}})
	who := l.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	_, _ = l.Check(ctx, q)
	_, _ = l.Permit(ctx, q) // a no is an answer
	_, _ = l.Grant(ctx, consent.Grant{})
	_, _ = l.Grant(ctx, yes(who, time.Now(), consent.Sizing))
	_, _ = l.Refuse(ctx, who)
	_, _ = l.Withdraw(ctx, who)
	_, _ = l.Erase(ctx, who)
	want := []string{"check", "permit", "grant", "failed", "grant", "refuse", "failed", "withdraw", "erase"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}
