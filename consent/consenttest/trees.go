package consenttest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// wantTrees recomputes the trees of a tenant and looks that they say the same
// as the records of these people: each record is the leaf it claims to be, and
// the map names the last.
func wantTrees(t *testing.T, s consent.Store, l *consent.Ledger, tenant string, people []string) {
	t.Helper()
	var who []consent.Subject
	for _, p := range people {
		who = append(who, l.Subject(tenant, p))
	}
	wantLeaves(t, s, tenant, who)
}

func wantLeaves(t *testing.T, s consent.Store, tenant string, who []consent.Subject) {
	t.Helper()
	type last struct {
		leaf merkle.Hash
		ok   bool
	}
	leaves, lasts := make(map[int64]merkle.Hash), make([]last, len(who))
	for i, w := range who {
		for r, err := range s.Events(t.Context(), w, 0) {
			if err != nil {
				t.Errorf("events: %v", err)
				return
			}
			h := tlog.RecordHash(r.Event)
			if _, twice := leaves[r.Leaf]; twice {
				t.Errorf("two records are leaf %d", r.Leaf)
			}
			leaves[r.Leaf], lasts[i] = h, last{h, true}
		}
	}
	err := s.Trees(t.Context(), tenant, func(r merkle.Reader) error {
		head, err := merkle.Recompute(r)
		if err != nil {
			return err
		}
		if head.Size < int64(len(leaves)) {
			return fmt.Errorf("%d records, %d leaves", len(leaves), head.Size)
		}
		for n, h := range leaves {
			p, err := merkle.ProveRecord(r, head.Size, n)
			if err == nil {
				err = merkle.CheckRecord(p, head, n, h)
			}
			if err != nil {
				return fmt.Errorf("leaf %d: %w", n, err)
			}
		}
		for i, w := range who {
			h, branch, ok, err := merkle.ProveKey(r, w.Pseudonym())
			if err != nil {
				return err
			}
			if ok != lasts[i].ok || h != lasts[i].leaf || ok && merkle.CheckKey(branch, head.Map, w.Pseudonym(), h) != nil {
				return fmt.Errorf("the map does not name the last record of person %d", i)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("trees: %v", err)
	}
}

// testTrees looks at the trees after appends, a refused one, and an erasure.
func testTrees(t *testing.T, s consent.Store) {
	ann, bob, cem := subject("shop", "ann"), subject("shop", "bob"), subject("other", "cem")
	wantLeaves(t, s, "shop", []consent.Subject{ann, bob})
	fill(t, s, ann, "ann", 1, 3)
	fill(t, s, bob, "bob", 1, 9)
	fill(t, s, cem, "cem", 1, 2)
	fill(t, s, ann, "ann", 4, 4)
	if err := s.Append(t.Context(), ann, record("ann", 2)); !errors.Is(err, consent.ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
	size := func(tenant string, want int64) {
		t.Helper()
		err := s.Trees(t.Context(), tenant, func(r merkle.Reader) error {
			head, err := merkle.ReadHead(r)
			if err == nil && head.Size != want {
				err = fmt.Errorf("%d leaves, want %d", head.Size, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	size("shop", 13)
	size("other", 2)
	size("nowhere", 0)
	wantLeaves(t, s, "shop", []consent.Subject{ann, bob})
	wantLeaves(t, s, "other", []consent.Subject{cem})
	if _, err := s.Erase(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	size("shop", 13) // what was logged stays logged
	wantLeaves(t, s, "shop", []consent.Subject{ann, bob})
	mine := errors.New("the reader's own")
	if err := s.Trees(t.Context(), "shop", func(merkle.Reader) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("an error of the reader came back as %v", err)
	}
}

// testProofs has a ledger prove what it recorded through the store.
func testProofs(t *testing.T, s consent.Store) {
	l := ledger(t, s, consent.GenerateKeys())
	who := l.Subject("shop", "ann")
	if _, err := l.Grant(t.Context(), grant(who, "one", time.Now())); err != nil {
		t.Fatal(err)
	}
	then, err := l.Checkpoint(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Withdraw(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	proof, err := l.Prove(t.Context(), who, consent.TryOnRender, time.Time{}, &consent.ProveOptions{Since: then.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := consent.VerifyProof(proof, then.Bytes(), l.PublicKey())
	if err != nil || p.Reason != consent.Withdrawn || p.Checkpoint.Head.Size != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}
