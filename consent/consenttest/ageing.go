package consenttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
)

// testAgeing lists people and erases those about whom nothing was recorded
// since, on a store that is a [consent.Lister].
func testAgeing(t *testing.T, s consent.Store) {
	lister, ok := s.(consent.Lister)
	if !ok {
		t.Log("the store does not list people, so nothing in it is erased by age")
		return
	}
	ctx := t.Context()
	const many = 300 // more than are read or erased at a time
	people := make([]consent.Subject, many)
	var wg sync.WaitGroup
	for i := range people {
		people[i] = subject("shop", fmt.Sprint("p", i))
		wg.Go(func() {
			if err := s.Append(ctx, people[i], record(fmt.Sprint("p", i), 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	fill(t, s, people[0], "p0", 2, 3)
	fill(t, s, subject("other", "p0"), "other", 1, 1)
	list := func(tenant string) map[[32]byte]consent.Standing {
		t.Helper()
		out := make(map[[32]byte]consent.Standing)
		for p, err := range lister.Subjects(ctx, tenant) {
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := out[p.Subject.Pseudonym()]; twice {
				t.Error("somebody is listed twice")
			}
			if out[p.Subject.Pseudonym()] = p; len(out)%50 != 0 {
				continue
			}
			head, err := s.Head(ctx, p.Subject) // the body may call the store
			if err != nil || head.Seq != p.Head.Seq || !bytes.Equal(head.State, p.Head.State) || p.Subject.Tenant() != tenant {
				t.Errorf("listed with %d, is at %d, %v", p.Head.Seq, head.Seq, err)
			}
		}
		return out
	}
	all := list("shop")
	if len(all) != many || len(list("other")) != 1 || len(list("nobody's")) != 0 {
		t.Errorf("%d people, want %d; %d elsewhere", len(all), many, len(list("other")))
	}
	if diff := cmp.Diff(record("p0", 3).State, all[people[0].Pseudonym()].Head.State); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	fill(t, s, people[1], "p1", 2, 2) // after the list was made
	if _, err := s.Erase(ctx, people[4]); err != nil {
		t.Fatal(err)
	}
	fill(t, s, people[4], "p4 anew", 1, 1) // a new chain, as long as the one on the list
	idle := []consent.Standing{
		all[people[0].Pseudonym()], all[people[1].Pseudonym()], all[people[2].Pseudonym()], all[people[4].Pseudonym()],
	}
	for _, want := range []int{2, 0} {
		if n, err := lister.EraseIdle(ctx, idle); n != want || err != nil {
			t.Errorf("erased %d people, %v; want %d", n, err, want)
		}
	}
	wantChain(t, s, people[0], "p0", 0)
	wantChain(t, s, people[1], "p1", 2)
	wantChain(t, s, people[2], "p2", 0)
	wantChain(t, s, people[3], "p3", 1)
	wantChain(t, s, people[4], "p4 anew", 1)
	if n := len(list("shop")); n != many-2 {
		t.Errorf("%d people are left, want %d", n, many-2)
	}
	wantLeaves(t, s, "shop", people[:8])
	if err := s.Append(ctx, people[2], record("p2", 1)); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("nonce of an erased record: %v, want ErrReplay", err)
	}
	if n, err := lister.EraseIdle(ctx, nil); n != 0 || err != nil {
		t.Errorf("erased nobody: %d, %v", n, err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if n, err := lister.EraseIdle(gone, idle[1:2]); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("erased with a cancelled context: %d, %v", n, err)
	}
	for _, err := range lister.Subjects(gone, "shop") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("listed with a cancelled context: %v", err)
		}
	}
}
