package consenttest

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// grant is a complete grant; name makes its nonce.
func grant(who consent.Subject, name string, at time.Time) consent.Grant {
	return consent.Grant{
		Subject:    who,
		Purposes:   []consent.Purpose{consent.TryOnRender},
		Recipients: []string{"renderer"},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("May we?"))},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "consenttest/1",
			At:          at,
			Nonce:       []byte(name),
		},
	}
}

func ledger(t *testing.T, s consent.Store, keys consent.Keys) *consent.Ledger {
	t.Helper()
	l, err := consent.New(s, &consent.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func wantReason(t *testing.T, l *consent.Ledger, who consent.Subject, want consent.Reason) {
	t.Helper()
	d, err := l.Check(t.Context(), consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: []string{"renderer"}})
	if err != nil || d.Reason != want {
		t.Errorf("check says %q, %v; want %q", d.Reason, err, want)
	}
}

func testLedger(t *testing.T, s consent.Store) {
	ctx := t.Context()
	l := ledger(t, s, consent.GenerateKeys())
	who := l.Subject("shop", "ann")
	wantReason(t, l, who, consent.NeverAsked)
	g := grant(who, "first", time.Now())
	first, err := l.Grant(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Grant(ctx, g)
	if err != nil || again.Hash() != first.Hash() {
		t.Errorf("the same grant again gave another receipt: %v", err)
	}
	wantReason(t, l, who, consent.Granted)
	if _, err := l.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	wantReason(t, l, who, consent.Withdrawn)
	n := uint64(0)
	for e, err := range l.History(ctx, who) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Seq != n {
			t.Errorf("event %d has number %d", n, e.Seq)
		}
	}
	if done, err := l.Erase(ctx, who); err != nil || done.Events != 2 || n != 2 {
		t.Errorf("history had %d events, erase %d, %v; want 2", n, done.Events, err)
	}
	wantReason(t, l, who, consent.NeverAsked)
}

// testTwoLedgers has two ledgers write about the same people through one store,
// as two instances of a program would.
func testTwoLedgers(t *testing.T, s consent.Store) {
	const people, rounds = 3, 6
	keys := consent.GenerateKeys()
	var wg sync.WaitGroup
	for i := range 4 {
		l := ledger(t, s, keys)
		wg.Go(func() {
			for n := range rounds {
				who := l.Subject("shop", fmt.Sprint(n%people))
				if _, err := l.Refuse(t.Context(), who, consent.Sizing); err != nil {
					t.Errorf("ledger %d: %v", i, err)
				}
				if _, err := l.Withdraw(t.Context(), who); err != nil {
					t.Errorf("ledger %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	l := ledger(t, s, keys)
	total := 0
	for p := range people {
		for _, err := range l.History(t.Context(), l.Subject("shop", fmt.Sprint(p))) {
			if err != nil {
				t.Fatal(err)
			}
			total++
		}
	}
	if want := 4 * rounds * 2; total != want {
		t.Errorf("%d events, want %d", total, want)
	}
}
