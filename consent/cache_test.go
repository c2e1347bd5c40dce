package consent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// counting counts how often the store is read, and may not know its version.
type counting struct {
	*memstore.Store
	heads int
	blind bool
}

func (c *counting) Head(ctx context.Context, s consent.Subject) (consent.Head, error) {
	c.heads++
	return c.Store.Head(ctx, s)
}

func (c *counting) Version(s consent.Subject) (version uint64, latest int64, ok bool) {
	version, latest, ok = c.Store.Version(s)
	return version, latest, ok && !c.blind
}

func TestChecksAreAnsweredFromMemory(t *testing.T) {
	ctx := t.Context()
	s := &counting{Store: memstore.New()}
	l := newLedger(t, s, nil)
	who := l.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	if _, err := l.Grant(ctx, yes(who, time.Now(), consent.TryOnRender)); err != nil {
		t.Fatal(err)
	}
	reads := func(want int, why string, reason consent.Reason) {
		t.Helper()
		before := s.heads
		d, err := l.Check(ctx, q)
		if err != nil || d.Reason != reason {
			t.Errorf("%s: %q, %v; want %q", why, d.Reason, err, reason)
		}
		if got := s.heads - before; got != want {
			t.Errorf("%s: read the store %d times, want %d", why, got, want)
		}
	}
	reads(1, "first", consent.Granted)
	reads(0, "second", consent.Granted)
	if n := testing.AllocsPerRun(100, func() { _, _ = l.Check(ctx, q) }); n != 0 {
		t.Errorf("a check from memory allocates %v times", n)
	}
	s.blind = true
	reads(1, "the store cannot tell", consent.Granted)
	s.blind = false
	reads(0, "it can again", consent.Granted)
	if _, err := l.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	reads(1, "after a withdrawal", consent.Withdrawn)
	reads(0, "a no is remembered, too", consent.Withdrawn)
	// Somebody else's ledger on the same store.
	other := newLedger(t, s, &consent.Options{Keys: consent.GenerateKeys()})
	if _, err := other.Refuse(ctx, other.Subject("shop-a", "bob"), consent.Sizing); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Erase(ctx, who); err != nil {
		t.Fatal(err)
	}
	reads(1, "after erasure", consent.NeverAsked)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if d, err := l.Check(cancelled, q); !errors.Is(err, context.Canceled) || d.Allowed {
		t.Errorf("cancelled: %v", err)
	}
}

// What one ledger records, another on the same store says at once.
func TestCacheOfTwoLedgers(t *testing.T) {
	ctx := t.Context()
	s, keys := memstore.New(), consent.GenerateKeys()
	a, b := newLedger(t, s, &consent.Options{Keys: keys}), newLedger(t, s, &consent.Options{Keys: keys})
	who := a.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	for range 50 {
		if _, err := a.Grant(ctx, yes(who, time.Now(), consent.TryOnRender)); err != nil {
			t.Fatal(err)
		}
		for _, l := range []*consent.Ledger{a, b} {
			if got := reason(t, l, q); got != consent.Granted {
				t.Fatalf("after a grant: %q", got)
			}
		}
		if _, err := a.Withdraw(ctx, who); err != nil {
			t.Fatal(err)
		}
		if got := reason(t, b, q); got != consent.Withdrawn {
			t.Fatalf("after a withdrawal at another ledger: %q", got)
		}
	}
}

// What a Subject remembers of one ledger says nothing to another.
func TestSubjectBetweenLedgers(t *testing.T) {
	keys := consent.GenerateKeys()
	a, b := newLedger(t, memstore.New(), &consent.Options{Keys: keys}), newLedger(t, memstore.New(), &consent.Options{Keys: keys})
	who := a.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	if _, err := a.Grant(t.Context(), yes(who, time.Now(), consent.TryOnRender)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Refuse(t.Context(), who, consent.Sizing); err != nil { // so that both stores count one change
		t.Fatal(err)
	}
	for range 3 {
		if got := reason(t, a, q); got != consent.Granted {
			t.Errorf("where it was granted: %q", got)
		}
		if got := reason(t, b, q); got != consent.NeverAsked {
			t.Errorf("at another ledger: %q", got)
		}
	}
}

// The cache forgets people rather than grow.
func TestCacheIsBounded(t *testing.T) {
	s := &counting{Store: memstore.New()}
	l := newLedger(t, s, &consent.Options{Cache: 64})
	for i := range 5000 {
		q := consent.Query{Subject: l.Subject("shop-a", fmt.Sprint(i)), Purpose: consent.Sizing}
		if got := reason(t, l, q); got != consent.NeverAsked {
			t.Fatal(got)
		}
	}
	again := s.heads
	for i := range 5000 {
		reason(t, l, consent.Query{Subject: l.Subject("shop-a", fmt.Sprint(i)), Purpose: consent.Sizing})
	}
	if kept := 5000 - (s.heads - again); kept > 64 {
		t.Errorf("%d people were kept, want at most 64", kept)
	}
}

// A time that another ledger has put on record counts for what is in memory, too.
func TestCacheKnowsTheStoresTime(t *testing.T) {
	s, keys := memstore.New(), consent.GenerateKeys()
	slow, right := &clock{noon}, &clock{noon}
	a := newLedger(t, s, &consent.Options{Keys: keys, Now: slow.now})
	b := newLedger(t, s, &consent.Options{Keys: keys, Now: right.now})
	who := a.Subject("shop-a", "ann")
	g := yes(who, noon, consent.TryOnRender)
	g.Until = noon.Add(time.Hour)
	if _, err := a.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	if got := reason(t, a, q); got != consent.Granted {
		t.Fatal(got)
	}
	right.t = noon.Add(2 * time.Hour)
	if _, err := b.Refuse(t.Context(), b.Subject("shop-b", "bob"), consent.Sizing); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, a, q); got != consent.ClockSuspect {
		t.Errorf("the store is two hours ahead: %q", got)
	}
}

// Recipients, and the several pseudonyms of a person after a rotation of keys, are
// answered from memory, too, without allocation, and every no as it was.
func TestMemoryOfRecipientsAndNames(t *testing.T) {
	ctx := t.Context()
	old, fresh := consent.GenerateKeys(), consent.GenerateKeys()
	s := &counting{Store: memstore.New()}
	before := newLedger(t, s, &consent.Options{Keys: old})
	who := before.Subject("shop", "ann")
	g := adultYes(who, time.Now(), consent.TryOnRender)
	g.Recipients = []string{"model", "model-eu"}
	if _, err := before.Grant(ctx, g); err != nil {
		t.Fatal(err)
	}
	g = adultYes(who, time.Now(), consent.Sizing)
	g.Recipients = []string{"storage"}
	if _, err := before.Grant(ctx, g); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]*consent.Options{
		"plain":    {Keys: old},
		"rotated":  {Keys: fresh.With(old)},
		"narrower": {Keys: fresh.With(old), Purposes: []consent.Terms{{Purpose: consent.TryOnRender, Recipients: []string{"model-eu"}}}},
		"outside":  {Keys: old, Profiles: map[string]*consent.Profile{"": builtin(t, "photo-tryon")}},
	} {
		l := newLedger(t, s, o)
		who := l.Subject("shop", "ann")
		want := map[string]consent.Reason{"model-eu": consent.Granted, "model": consent.Granted, "other": consent.RecipientBlocked, "storage": consent.RecipientBlocked}
		switch name {
		case "narrower":
			want["model"] = consent.RecipientBlocked
		case "outside":
			want["model"] = consent.TransferBlocked
		}
		for range 3 { // the first time from the store
			for to, want := range want {
				if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: []string{to}}); got != want {
					t.Errorf("%s, to %s: %q, want %q", name, to, got, want)
				}
			}
		}
		if name == "plain" { // another purpose has its own
			for to, want := range map[string]consent.Reason{"storage": consent.Granted, "model": consent.RecipientBlocked} {
				if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.Sizing, Recipients: []string{to}}); got != want {
					t.Errorf("sizing, to %s: %q, want %q", to, got, want)
				}
			}
		}
		q, heads := consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: []string{"model-eu"}}, s.heads
		if n := testing.AllocsPerRun(100, func() { _, _ = l.Check(ctx, q) }); n != 0 || s.heads != heads {
			t.Errorf("%s: a check from memory allocates %v times and read the store %d times", name, n, s.heads-heads)
		}
	}
	// Another chain of the same person comes to be, with a no in it.
	l := newLedger(t, s, &consent.Options{Keys: old.With(fresh)})
	q := consent.Query{Subject: l.Subject("shop", "ann"), Purpose: consent.TryOnRender}
	for range 2 {
		if got := reason(t, l, q); got != consent.Granted {
			t.Fatal(got)
		}
	}
	other := newLedger(t, s, &consent.Options{Keys: fresh})
	if _, err := other.Refuse(ctx, other.Subject("shop", "ann"), consent.TryOnRender); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, l, q); got != consent.Refused {
		t.Errorf("a no under another name: %q, want refused", got)
	}
}

// A filed pseudonym can come back with another tenant, of which the record knows
// nothing: whoever was asked about first, neither answers for the other.
func TestCacheKeepsTenantsApart(t *testing.T) {
	for _, first := range []string{"shop-a", "shop-b"} {
		l := newLedger(t, memstore.New(), nil)
		ann := l.Subject("shop-a", "ann")
		want := map[string]consent.Reason{"shop-a": consent.Granted, "shop-b": consent.NeverAsked}
		if _, err := l.Grant(t.Context(), yes(ann, time.Now(), consent.TryOnRender)); err != nil {
			t.Fatal(err)
		}
		for _, tenant := range []string{first, "shop-a", "shop-b", "shop-a"} {
			who := consent.SubjectOf(tenant, ann.Pseudonym())
			for range 2 { // the second time from what the Subject remembers
				if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.TryOnRender}); got != want[tenant] {
					t.Errorf("first %s, then %s: %q, want %q", first, tenant, got, want[tenant])
				}
			}
		}
	}
}

// What a check looks at of a person is one line of memory and one more of what is
// remembered: with many people each line is a trip.
func TestChecksTouchLittleMemory(t *testing.T) {
	const line = 64
	if person, remembered := consent.OneLine(); person > line || remembered > line {
		t.Errorf("%d bytes of a person, %d of what is remembered, want at most %d each", person, remembered, line)
	}
}

// A list of recipients that people share in memory opens nothing for the others.
func TestRecipientsOfOthers(t *testing.T) {
	l := newLedger(t, memstore.New(), nil)
	lists := [][]string{{"renderer"}, {"renderer", "storage"}, nil, {"storage"}, {"renderer"}}
	queries := make([]consent.Query, len(lists))
	for i, to := range lists {
		who := l.Subject("shop-a", fmt.Sprint(i))
		g := yes(who, time.Now(), consent.TryOnRender)
		g.Recipients = to
		if _, err := l.Grant(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		queries[i] = consent.Query{Subject: who, Purpose: consent.TryOnRender}
	}
	for range 3 { // first from the store, then from memory
		for i, q := range queries {
			for _, to := range []string{"renderer", "storage", "stranger"} {
				q.Recipients = []string{to}
				d, err := l.Check(t.Context(), q)
				if want := slices.Contains(lists[i], to); err != nil || d.Allowed != want {
					t.Errorf("%q to %s: %v %v, want %v", lists[i], to, d.Allowed, err, want)
				}
			}
		}
	}
}
