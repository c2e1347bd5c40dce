package consent_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// noon is when the tests' clocks start.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newLedger(t testing.TB, s consent.Store, o *consent.Options) *consent.Ledger {
	t.Helper()
	l, err := consent.New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// yes is a grant of p at a time, with everything in it that a grant needs.
func yes(who consent.Subject, at time.Time, p ...consent.Purpose) consent.Grant {
	g := consent.Grant{
		Subject:  who,
		Purposes: p,
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("May we?"))},
			Affirmative: true,
			Surface:     "test/1",
			At:          at,
			Nonce:       []byte(rand.Text()),
		},
	}
	for _, p := range p {
		g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: p, Granted: true})
	}
	return g
}

func reason(t testing.TB, l *consent.Ledger, q consent.Query) consent.Reason {
	t.Helper()
	d, err := l.Check(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if d.Allowed != (d.Reason == consent.Granted) {
		t.Errorf("allowed is %v, reason %q", d.Allowed, d.Reason)
	}
	return d.Reason
}

func TestAnswers(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	l := newLedger(t, memstore.New(), &consent.Options{Now: c.now})
	who := l.Subject("shop-a", "customer-4711")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	is := func(want consent.Reason) {
		t.Helper()
		if got := reason(t, l, q); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	must := func(_ *consent.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c.t = c.t.Add(time.Minute)
	}

	is(consent.NeverAsked)
	must(l.Refuse(ctx, who, consent.TryOnRender))
	is(consent.Refused)
	g := yes(who, c.t, consent.TryOnRender, consent.Sizing)
	g.Until = c.t.Add(time.Hour)
	must(l.Grant(ctx, g))
	is(consent.Granted)
	must(l.Withdraw(ctx, who, consent.TryOnRender))
	is(consent.Withdrawn)
	if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.Sizing}); got != consent.Granted {
		t.Errorf("withdrawing one purpose touched another: %q", got)
	}
	g = yes(who, c.t, consent.TryOnRender)
	g.Until = c.t.Add(time.Hour)
	must(l.Grant(ctx, g))
	c.t = c.t.Add(2 * time.Hour)
	is(consent.Expired)
	must(l.Grant(ctx, yes(who, c.t, consent.TryOnRender)))
	is(consent.Granted)
	must(l.Withdraw(ctx, who))
	is(consent.Withdrawn)

	var kinds []consent.Reason
	for e, err := range l.History(ctx, who) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind)
		if err := e.Receipt().Verify(l.PublicKey()); err != nil {
			t.Error(err)
		}
	}
	want := []consent.Reason{
		consent.Refused, consent.Granted, consent.Withdrawn, consent.Granted,
		consent.Expired, consent.Granted, consent.Withdrawn,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}

	done, err := l.Erase(ctx, who)
	if err != nil || done.Events != len(want) {
		t.Errorf("erase: %d events, %v; want %d", done.Events, err, len(want))
	}
	is(consent.NeverAsked)
}

func TestPermitFollowsTheRecord(t *testing.T) {
	ctx := t.Context()
	l := newLedger(t, memstore.New(), nil)
	who := l.Subject("shop-a", "customer-4711")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}

	if p, err := l.Permit(ctx, q); !errors.Is(err, consent.ErrNoConsent) || !p.IsZero() {
		t.Errorf("permit without consent: %v", err)
	}
	if _, err := l.Grant(ctx, yes(who, time.Now(), consent.TryOnRender)); err != nil {
		t.Fatal(err)
	}
	p, err := l.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Use(ctx, q); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	var no *consent.DeniedError
	if err := p.Use(ctx, q); !errors.As(err, &no) || no.Reason != consent.Withdrawn {
		t.Errorf("used after withdrawal: %v", err)
	}
}
