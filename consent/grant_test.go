package consent_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func TestGrantRefused(t *testing.T) {
	for _, row := range []struct {
		name string
		bend func(g *consent.Grant)
		want error
	}{
		{"zero subject", func(g *consent.Grant) { g.Subject = consent.Subject{} }, consent.ErrSubject},
		{"ticked in advance", func(g *consent.Grant) { g.Evidence.Affirmative = false }, consent.ErrNotAffirmative},
		{"no purpose", func(g *consent.Grant) { g.Purposes = nil }, consent.ErrEvidence},
		{"purpose not offered", func(g *consent.Grant) { g.Purposes = append(g.Purposes, consent.Sizing) }, consent.ErrEvidence},
		{"purpose offered and declined", func(g *consent.Grant) { g.Evidence.Choices[0].Granted = false }, consent.ErrEvidence},
		{"purpose offered twice", func(g *consent.Grant) {
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: consent.TryOnRender})
		}, consent.ErrEvidence},
		{"no choices", func(g *consent.Grant) { g.Evidence.Choices = nil }, consent.ErrEvidence},
		{"unknown purpose", func(g *consent.Grant) {
			g.Purposes[0], g.Evidence.Choices[0].Purpose = "marketing", "marketing"
		}, consent.ErrPurpose},
		{"unknown purpose declined", func(g *consent.Grant) {
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: "marketing"})
		}, consent.ErrPurpose},
		{"malformed purpose", func(g *consent.Grant) {
			g.Purposes[0], g.Evidence.Choices[0].Purpose = "Try On", "Try On"
		}, consent.ErrPurpose},
		{"no notice", func(g *consent.Grant) { g.Evidence.Notice.ID = "" }, consent.ErrEvidence},
		{"no notice version", func(g *consent.Grant) { g.Evidence.Notice.Version = "" }, consent.ErrEvidence},
		{"no language", func(g *consent.Grant) { g.Evidence.Notice.Language = "" }, consent.ErrEvidence},
		{"no hash of the text", func(g *consent.Grant) { g.Evidence.Notice.SHA256 = [32]byte{} }, consent.ErrEvidence},
		{"no surface", func(g *consent.Grant) { g.Evidence.Surface = "" }, consent.ErrEvidence},
		{"control character", func(g *consent.Grant) { g.Evidence.Surface = "a\nb" }, consent.ErrEvidence},
		{"not UTF-8", func(g *consent.Grant) { g.Evidence.Surface = "a\xff" }, consent.ErrEvidence},
		{"long text", func(g *consent.Grant) { g.Evidence.Surface = strings.Repeat("x", 129) }, consent.ErrEvidence},
		{"no nonce", func(g *consent.Grant) { g.Evidence.Nonce = nil }, consent.ErrEvidence},
		{"long nonce", func(g *consent.Grant) { g.Evidence.Nonce = make([]byte, 129) }, consent.ErrEvidence},
		{"no time", func(g *consent.Grant) { g.Evidence.At = time.Time{} }, consent.ErrEvidence},
		{"from the future", func(g *consent.Grant) { g.Evidence.At = noon.Add(5 * time.Minute) }, consent.ErrEvidence},
		{"ends at once", func(g *consent.Grant) { g.Until = noon }, consent.ErrEvidence},
		{"ends after the calendar", func(g *consent.Grant) { g.Until = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, consent.ErrEvidence},
		{"empty recipient", func(g *consent.Grant) { g.Recipients = []string{""} }, consent.ErrEvidence},
		{"many recipients", func(g *consent.Grant) { g.Recipients = slices.Repeat([]string{"x"}, 65) }, consent.ErrEvidence},
		{"half a guardian", func(g *consent.Grant) { g.Evidence.Guardian = &consent.Guardian{Relation: "parent"} }, consent.ErrEvidence},
		{"too young", func(g *consent.Grant) { g.Evidence.AtLeast = 17 }, consent.ErrAge},
		{"a guardian for a photo", func(g *consent.Grant) {
			g.Evidence.Guardian = &consent.Guardian{Relation: "parent", Method: "form"}
		}, consent.ErrAge},
		{"impossible age", func(g *consent.Grant) { g.Evidence.AtLeast = 151 }, consent.ErrEvidence},
		{"negative age", func(g *consent.Grant) { g.Evidence.AtLeast = -1 }, consent.ErrEvidence},
		{"impossible country", func(g *consent.Grant) { g.Evidence.Country = "fr" }, consent.ErrEvidence},
		{"bundled", func(g *consent.Grant) {
			g.Evidence.Choices[0].Together = "all"
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: consent.Sizing, Together: "all"})
		}, consent.ErrBundled},
		{"bundle without a plain name", func(g *consent.Grant) { g.Evidence.Choices[0].Together = "a\n" }, consent.ErrEvidence},
		{"endless heartbeat", func(g *consent.Grant) { g.Heartbeat = 25 * time.Hour }, consent.ErrEvidence},
		{"odd heartbeat", func(g *consent.Grant) { g.Heartbeat = 1500 * time.Millisecond }, consent.ErrEvidence},
		{"another notice", func(g *consent.Grant) { g.Evidence.Notice.ID = "newsletter" }, consent.ErrNotice},
		{"an old notice", func(g *consent.Grant) { g.Evidence.Notice.Version = "0" }, consent.ErrNotice},
	} {
		t.Run(row.name, func(t *testing.T) {
			store := memstore.New()
			l := newLedger(t, store, &consent.Options{
				Now:      (&clock{noon}).now,
				Purposes: []consent.Terms{{Purpose: consent.TryOnRender, Notice: "tryon", Versions: []string{"1", "2"}}},
			})
			who := l.Subject("shop-a", "customer-4711")
			g := yes(who, noon, consent.TryOnRender)
			row.bend(&g)
			if r, err := l.Grant(t.Context(), g); !errors.Is(err, row.want) || r != nil {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if head, err := store.Head(t.Context(), who); err != nil || head.Seq != 0 {
				t.Errorf("something was recorded: %d, %v", head.Seq, err)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	store := memstore.New()
	l := newLedger(t, store, &consent.Options{Now: c.now})
	who := l.Subject("shop-a", "ann")
	g := yes(who, noon, consent.TryOnRender)
	g.Recipients = []string{"b", "a"}
	first, err := l.Grant(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	c.t = noon.Add(time.Minute)
	same := g
	same.Recipients = []string{"a", "b", "a"} // the same set
	same.Evidence.At = noon.In(time.FixedZone("elsewhere", 3600))
	again, err := l.Grant(ctx, same)
	if err != nil || !bytes.Equal(again.Bytes(), first.Bytes()) {
		t.Errorf("sent again: %v, or another receipt", err)
	}
	for name, bend := range map[string]func(g *consent.Grant){
		"other recipients":   func(g *consent.Grant) { g.Recipients = nil },
		"one recipient less": func(g *consent.Grant) { g.Recipients = []string{"a"} },
		"one recipient more": func(g *consent.Grant) { g.Recipients = []string{"a", "b", "c"} },
		"other end":          func(g *consent.Grant) { g.Until = noon.Add(time.Hour) },
		"other text":         func(g *consent.Grant) { g.Evidence.Notice.SHA256[0]++ },
		"other time":         func(g *consent.Grant) { g.Evidence.At = noon.Add(time.Second) },
		"other person":       func(g *consent.Grant) { g.Subject = l.Subject("shop-a", "bob") },
		"other surface":      func(g *consent.Grant) { g.Evidence.Surface = "kiosk/2" },
		"a guardian": func(g *consent.Grant) {
			g.Evidence.Guardian, g.Evidence.AtLeast = &consent.Guardian{Relation: "parent", Method: "form"}, 18
		},
	} {
		h := g
		bend(&h)
		if _, err := l.Grant(ctx, h); !errors.Is(err, consent.ErrReplay) {
			t.Errorf("%s under the same nonce: %v, want ErrReplay", name, err)
		}
	}
	elsewhere := g
	elsewhere.Subject = l.Subject("shop-b", "ann")
	if _, err := l.Grant(ctx, elsewhere); err != nil {
		t.Errorf("another tenant's nonces are its own: %v", err)
	}
	if head, err := store.Head(ctx, who); err != nil || head.Seq != 1 {
		t.Errorf("%d events, %v; want 1", head.Seq, err)
	}
	// Sent once more after a withdrawal it still tells what was recorded, and
	// revives nothing.
	if _, err := l.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	late, err := l.Grant(ctx, g)
	if err != nil || !bytes.Equal(late.Bytes(), first.Bytes()) {
		t.Errorf("sent again after a withdrawal: %v, or another receipt", err)
	}
	if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.TryOnRender}); got != consent.Withdrawn {
		t.Errorf("got %q, want withdrawn", got)
	}
	// Erased is erased: the form sent again does not bring the person back.
	if _, err := l.Erase(ctx, who); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Grant(ctx, g); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("sent again after erasure: %v, want ErrReplay", err)
	}
}

// A yes given before a no does not win because it arrives later.
func TestStaleGrant(t *testing.T) {
	later := noon.Add(time.Minute)
	for name, no := range map[string]func(ctx context.Context, l *consent.Ledger, who consent.Subject) error{
		"withdrawn": func(ctx context.Context, l *consent.Ledger, who consent.Subject) error {
			_, err := l.Withdraw(ctx, who, consent.TryOnRender)
			return err
		},
		"all withdrawn": func(ctx context.Context, l *consent.Ledger, who consent.Subject) error {
			_, err := l.Withdraw(ctx, who)
			return err
		},
		"refused": func(ctx context.Context, l *consent.Ledger, who consent.Subject) error {
			_, err := l.Refuse(ctx, who, consent.TryOnRender)
			return err
		},
		"declined in a later form": func(ctx context.Context, l *consent.Ledger, who consent.Subject) error {
			g := yes(who, later, consent.Sizing)
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: consent.TryOnRender})
			_, err := l.Grant(ctx, g)
			return err
		},
		"a narrower yes": func(ctx context.Context, l *consent.Ledger, who consent.Subject) error {
			_, err := l.Grant(ctx, yes(who, later, consent.TryOnRender))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &clock{later}
			l := newLedger(t, memstore.New(), &consent.Options{Now: c.now})
			who := l.Subject("shop-a", "ann")
			if err := no(t.Context(), l, who); err != nil {
				t.Fatal(err)
			}
			c.t = later.Add(time.Minute)
			old := yes(who, later.Add(-time.Microsecond), consent.TryOnRender)
			old.Recipients = []string{"someone"}
			if _, err := l.Grant(t.Context(), old); !errors.Is(err, consent.ErrStaleGrant) {
				t.Errorf("older yes: %v, want ErrStaleGrant", err)
			}
			q := consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: []string{"someone"}}
			if d, err := l.Check(t.Context(), q); err != nil || d.Allowed {
				t.Errorf("allowed by an older yes: %v, %v", d.Reason, err)
			}
			if _, err := l.Grant(t.Context(), yes(who, c.t, consent.TryOnRender)); err != nil {
				t.Errorf("asked again and agreed: %v", err)
			}
		})
	}
}

func TestTerms(t *testing.T) {
	ctx := t.Context()
	store, keys := memstore.New(), consent.GenerateKeys()
	with := func(terms ...consent.Terms) *consent.Ledger {
		return newLedger(t, store, &consent.Options{Keys: keys, Purposes: terms})
	}
	l := with(consent.Terms{Purpose: "newsletter"})
	who := l.Subject("shop-a", "ann")
	if _, err := l.Grant(ctx, yes(who, time.Now(), consent.TryOnRender, "newsletter")); err != nil {
		t.Fatal(err)
	}
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	if got := reason(t, with(consent.Terms{Purpose: consent.TryOnRender, Versions: []string{"1"}}), q); got != consent.Granted {
		t.Errorf("version still accepted: %q", got)
	}
	if got := reason(t, with(consent.Terms{Purpose: consent.TryOnRender, Versions: []string{"2"}}), q); got != consent.PolicyChanged {
		t.Errorf("newer version needed: %q", got)
	}
	if got := reason(t, with(consent.Terms{Purpose: consent.TryOnRender, Notice: "other"}), q); got != consent.PolicyChanged {
		t.Errorf("other notice needed: %q", got)
	}
	// A purpose that is no longer offered opens nothing, and can be taken back.
	gone := with()
	gallery := consent.Query{Subject: who, Purpose: "newsletter"}
	if d, err := gone.Check(ctx, gallery); !errors.Is(err, consent.ErrPurpose) || d.Allowed || d.Reason != consent.BadQuery {
		t.Errorf("unknown purpose: %v, %v", d, err)
	}
	if _, err := gone.Withdraw(ctx, who, "newsletter"); err != nil {
		t.Errorf("taking back what is no longer offered: %v", err)
	}
	if got := reason(t, l, gallery); got != consent.Withdrawn {
		t.Errorf("got %q, want withdrawn", got)
	}
	if _, err := gone.Withdraw(ctx, who, "galery.publish"); !errors.Is(err, consent.ErrPurpose) {
		t.Errorf("a typing error must not pass for a withdrawal: %v", err)
	}
	for name, terms := range map[string][]consent.Terms{
		"malformed": {{Purpose: "Try On"}},
		"twice":     {{Purpose: "a"}, {Purpose: "a"}},
	} {
		if _, err := consent.New(store, &consent.Options{Keys: keys, Purposes: terms}); err == nil {
			t.Errorf("%s terms were accepted", name)
		}
	}
}

func TestRecipients(t *testing.T) {
	l := newLedger(t, memstore.New(), nil)
	who := l.Subject("shop-a", "ann")
	g := yes(who, time.Now(), consent.TryOnRender)
	g.Recipients = []string{"renderer", "storage"}
	if _, err := l.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		to   []string
		want consent.Reason
	}{
		{nil, consent.Granted},
		{[]string{"renderer"}, consent.Granted},
		{[]string{"storage", "renderer"}, consent.Granted},
		{[]string{"renderer", "advertiser"}, consent.RecipientBlocked},
		{[]string{""}, consent.RecipientBlocked},
	} {
		q := consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: row.to}
		if got := reason(t, l, q); got != row.want {
			t.Errorf("%q: got %q, want %q", row.to, got, row.want)
		}
	}
}

func TestTenantsAreStrangers(t *testing.T) {
	l := newLedger(t, memstore.New(), nil)
	here, there := l.Subject("shop-a", "ann"), l.Subject("shop-b", "ann")
	if here.Equal(there) || here.Pseudonym() == there.Pseudonym() {
		t.Error("two tenants can tell that they know the same person")
	}
	if !here.Equal(l.Subject("shop-a", "ann")) {
		t.Error("a pseudonym made twice differs")
	}
	if a, b := l.Subject("ab", "c"), l.Subject("a", "bc"); a.Pseudonym() == b.Pseudonym() {
		t.Error("tenant and id run together")
	}
	if _, err := l.Grant(t.Context(), yes(here, time.Now(), consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, l, consent.Query{Subject: there, Purpose: consent.Sizing}); got != consent.NeverAsked {
		t.Errorf("another tenant sees %q", got)
	}
}

func TestZeroSubject(t *testing.T) {
	ctx := t.Context()
	l := newLedger(t, memstore.New(), nil)
	key := bytes.Repeat([]byte{1}, 32)
	for name, s := range map[string]consent.Subject{
		"zero value":        {},
		"no tenant":         l.Subject("", "ann"),
		"no id":             l.Subject("shop-a", ""),
		"long tenant":       l.Subject(strings.Repeat("x", 129), "ann"),
		"long id":           l.Subject("shop-a", strings.Repeat("x", 4097)),
		"line in tenant":    l.Subject("shop\n", "ann"),
		"no key":            consent.NewSubject(nil, "shop-a", "ann"),
		"short key":         consent.NewSubject(key[:31], "shop-a", "ann"),
		"long key":          consent.NewSubject(append(key, 1), "shop-a", "ann"),
		"ledger not by New": new(consent.Ledger).Subject("shop-a", "ann"),
	} {
		if !s.IsZero() || s.Equal(s) || s.Tenant() != "" {
			t.Errorf("%s: somebody came of it", name)
		}
		d, err := l.Check(ctx, consent.Query{Subject: s, Purpose: consent.Sizing})
		if !errors.Is(err, consent.ErrSubject) || d.Allowed {
			t.Errorf("%s: check says %v, %v", name, d, err)
		}
		_, errGrant := l.Grant(ctx, yes(s, time.Now(), consent.Sizing))
		_, errRefuse := l.Refuse(ctx, s, consent.Sizing)
		_, errWithdraw := l.Withdraw(ctx, s)
		_, errErase := l.Erase(ctx, s)
		_, errPermit := l.Permit(ctx, consent.Query{Subject: s, Purpose: consent.Sizing})
		var errHistory error
		for _, errHistory = range l.History(ctx, s) {
		}
		for op, err := range map[string]error{
			"grant": errGrant, "refuse": errRefuse, "withdraw": errWithdraw, "erase": errErase, "permit": errPermit, "history": errHistory,
		} {
			if !errors.Is(err, consent.ErrSubject) {
				t.Errorf("%s: %s: %v, want ErrSubject", name, op, err)
			}
		}
	}
}

// A ledger that New did not make does nothing and does not panic.
func TestZeroLedger(t *testing.T) {
	ctx := t.Context()
	var nobody *consent.Ledger
	who := newLedger(t, memstore.New(), nil).Subject("shop-a", "ann")
	for _, l := range []*consent.Ledger{nobody, new(consent.Ledger)} {
		if d, err := l.Check(ctx, consent.Query{Subject: who, Purpose: consent.Sizing}); err == nil || d.Allowed {
			t.Error("it answers")
		}
		if _, err := l.Permit(ctx, consent.Query{Subject: who, Purpose: consent.Sizing}); !errors.Is(err, consent.ErrNoConsent) {
			t.Errorf("it permits: %v", err)
		}
		if _, err := l.Grant(ctx, yes(who, time.Now(), consent.Sizing)); err == nil {
			t.Error("it records")
		}
		if l.PublicKey() != nil || l.Issued(consent.Permit{}) || l.Issued(consent.Unmanaged("x").For(who)) {
			t.Error("it has keys or permits")
		}
	}
}
