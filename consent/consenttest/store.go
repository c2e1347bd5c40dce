package consenttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Run tests what every store must do. open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) consent.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s consent.Store)
	}{
		{"empty", testEmpty},
		{"append", testAppend},
		{"sizes", testSizes},
		{"copies", testCopies},
		{"conflict", testConflict},
		{"nonces", testNonces},
		{"time", testTime},
		{"tenants", testTenants},
		{"erase", testErase},
		{"call inside events", testInsideEvents},
		{"cancelled", testCancelled},
		{"writers on one subject", testOneSubject},
		{"writers on many subjects", testManySubjects},
		{"prints nobody", testPrints},
		{"trees", testTrees},
		{"ledger", testLedger},
		{"proofs", testProofs},
		{"two ledgers", testTwoLedgers},
		{"sessions", testSessions},
		{"ageing", testAgeing},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

var (
	key  = bytes.Repeat([]byte{7}, 32)
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func subject(tenant, id string) consent.Subject { return consent.NewSubject(key, tenant, id) }

// nonce makes 32 bytes out of a name, as a ledger does.
func nonce(name string) []byte {
	h := sha256.Sum256([]byte(name))
	return h[:]
}

// record is the n-th record of a chain, different for each chain.
func record(chain string, n uint64) consent.Record {
	return consent.Record{
		Seq:   n,
		Time:  noon.Add(time.Duration(n) * time.Second),
		Event: fmt.Appendf(nil, "event %d of %s", n, chain),
		State: fmt.Appendf(nil, "state %d of %s", n, chain),
		Nonce: nonce(fmt.Sprint(chain, n)),
	}
}

// fill appends records first to last.
func fill(t *testing.T, s consent.Store, who consent.Subject, chain string, first, last uint64) {
	t.Helper()
	for n := first; n <= last; n++ {
		if err := s.Append(t.Context(), who, record(chain, n)); err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
	}
}

// wantChain checks that the subject has exactly the records 1 to last of chain.
func wantChain(t *testing.T, s consent.Store, who consent.Subject, chain string, last uint64) {
	t.Helper()
	head, err := s.Head(t.Context(), who)
	if err != nil {
		t.Errorf("head: %v", err)
		return
	}
	var want []byte
	if last > 0 {
		want = record(chain, last).State
	}
	if head.Seq != last || !bytes.Equal(head.State, want) {
		t.Errorf("head is %d %q, want %d %q", head.Seq, head.State, last, want)
	}
	wantEvents(t, s, who, chain, 0, last)
}

func wantEvents(t *testing.T, s consent.Store, who consent.Subject, chain string, after, last uint64) {
	t.Helper()
	var got, want []string
	for r, err := range s.Events(t.Context(), who, after) {
		if err != nil {
			t.Errorf("events: %v", err)
			return
		}
		got = append(got, fmt.Sprintf("%d %s", r.Seq, r.Event))
	}
	for n := after + 1; n <= last; n++ {
		want = append(want, fmt.Sprintf("%d %s", n, record(chain, n).Event))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events after %d (-want +got):\n%s", after, diff)
	}
}

func testEmpty(t *testing.T, s consent.Store) {
	who := subject("shop", "nobody")
	wantChain(t, s, who, "", 0)
	head, err := s.Head(t.Context(), who)
	if err != nil || !head.Time.IsZero() {
		t.Errorf("an empty store knows a time: %v, %v", head.Time, err)
	}
	if n, err := s.Erase(t.Context(), who); n != 0 || err != nil {
		t.Errorf("erase of nobody: %d records, %v", n, err)
	}
}

func testAppend(t *testing.T, s consent.Store) {
	const last = 150 // more than a store reads at once
	who, other := subject("shop", "ann"), subject("shop", "bob")
	fill(t, s, other, "bob", 1, 3)
	fill(t, s, who, "ann", 1, last)
	wantChain(t, s, who, "ann", last)
	wantChain(t, s, other, "bob", 3)
	for _, after := range []uint64{1, 63, 64, 65, last - 1, last, last + 1} {
		wantEvents(t, s, who, "ann", after, last)
	}
}

func testSizes(t *testing.T, s consent.Store) {
	for i, size := range []int{0, 1, 4096, 70_000} {
		who := subject("shop", fmt.Sprint(size))
		event, state := bytes.Repeat([]byte{'e'}, size), bytes.Repeat([]byte{'s'}, size)
		if err := s.Append(t.Context(), who, consent.Record{Seq: 1, Time: noon, Event: event, State: state}); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		head, err := s.Head(t.Context(), who)
		if err != nil || head.Seq != 1 || !bytes.Equal(head.State, state) {
			t.Errorf("row %d: state of %d bytes came back as %d, %v", i, size, len(head.State), err)
		}
		for r, err := range s.Events(t.Context(), who, 0) {
			if err != nil || !bytes.Equal(r.Event, event) {
				t.Errorf("row %d: event of %d bytes came back as %d, %v", i, size, len(r.Event), err)
			}
		}
	}
}

func testCopies(t *testing.T, s consent.Store) {
	who := subject("shop", "ann")
	r := record("ann", 1)
	if err := s.Append(t.Context(), who, r); err != nil {
		t.Fatal(err)
	}
	clear(r.Event)
	clear(r.State)
	clear(r.Nonce)
	wantChain(t, s, who, "ann", 1)
	if err := s.Append(t.Context(), subject("shop", "bob"), record("ann", 1)); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("the store kept the caller's nonce, not a copy: %v", err)
	}
	for r, err := range s.Events(t.Context(), who, 0) {
		if err != nil {
			t.Fatal(err)
		}
		clear(r.Event)
	}
	wantChain(t, s, who, "ann", 1)
}

func testConflict(t *testing.T, s consent.Store) {
	who := subject("shop", "ann")
	for _, seq := range []uint64{0, 2} {
		if err := s.Append(t.Context(), who, record("ann", seq)); !errors.Is(err, consent.ErrConflict) {
			t.Errorf("record %d on an empty chain: %v, want ErrConflict", seq, err)
		}
	}
	wantChain(t, s, who, "ann", 0)
	fill(t, s, who, "ann", 1, 3)
	for _, seq := range []uint64{0, 1, 3, 5} {
		r := record("ann", seq)
		r.Nonce = nonce("fresh")
		if err := s.Append(t.Context(), who, r); !errors.Is(err, consent.ErrConflict) {
			t.Errorf("record %d after 3: %v, want ErrConflict", seq, err)
		}
	}
	wantChain(t, s, who, "ann", 3)
	// What was refused used up no nonce.
	r := record("ann", 4)
	r.Nonce = nonce("fresh")
	if err := s.Append(t.Context(), who, r); err != nil {
		t.Error(err)
	}
}

func testNonces(t *testing.T, s consent.Store) {
	ann, bob := subject("shop", "ann"), subject("shop", "bob")
	fill(t, s, ann, "ann", 1, 1)
	for name, who := range map[string]consent.Subject{"same": ann, "another": bob} {
		r := record(name, 2)
		if who.Equal(bob) {
			r.Seq = 1
		}
		r.Nonce = record("ann", 1).Nonce
		if err := s.Append(t.Context(), who, r); !errors.Is(err, consent.ErrReplay) {
			t.Errorf("used nonce, %s subject: %v, want ErrReplay", name, err)
		}
	}
	wantChain(t, s, ann, "ann", 1)
	wantChain(t, s, bob, "bob", 0)
	// Nonces are the tenant's own, and records without one do not meet.
	fill(t, s, subject("other shop", "ann"), "ann", 1, 1)
	for n := uint64(2); n < 4; n++ {
		r := record("ann", n)
		r.Nonce = nil
		if err := s.Append(t.Context(), ann, r); err != nil {
			t.Error(err)
		}
	}
	wantChain(t, s, ann, "ann", 3)
}

func testTime(t *testing.T, s consent.Store) {
	times := []struct{ at, want time.Time }{
		{noon.Add(time.Hour + 123456*time.Microsecond), noon.Add(time.Hour + 123456*time.Microsecond)},
		{noon, noon.Add(time.Hour + 123456*time.Microsecond)},
		{noon.Add(2 * time.Hour), noon.Add(2 * time.Hour)},
	}
	for i, row := range times {
		who := subject(fmt.Sprint("shop", i), "ann") // the time is the whole store's
		r := record("ann", 1)
		r.Time = row.at
		if err := s.Append(t.Context(), who, r); err != nil {
			t.Fatal(err)
		}
		head, err := s.Head(t.Context(), subject("another", "nobody"))
		if err != nil || !head.Time.Equal(row.want) {
			t.Errorf("after a record of %v the store is at %v, want %v (%v)", row.at, head.Time, row.want, err)
		}
	}
}

func testTenants(t *testing.T, s consent.Store) {
	// Names that a careless key would run together, or take for a path.
	tenants := []string{"a", "ab", "a/b", "a:b", "A", "é", "state", "events", "meta", "t:a", "%61", "a' OR 'a'='a"}
	for i, tenant := range tenants {
		fill(t, s, subject(tenant, "ann"), tenant, 1, uint64(i+1))
	}
	for i, tenant := range tenants {
		wantChain(t, s, subject(tenant, "ann"), tenant, uint64(i+1))
		wantChain(t, s, subject(tenant, "bob"), tenant, 0)
	}
	if _, err := s.Erase(t.Context(), subject("a", "ann")); err != nil {
		t.Fatal(err)
	}
	for i, tenant := range tenants[1:] {
		wantChain(t, s, subject(tenant, "ann"), tenant, uint64(i+2))
	}
}

func testErase(t *testing.T, s consent.Store) {
	ann, bob := subject("shop", "ann"), subject("shop", "bob")
	fill(t, s, ann, "ann", 1, 70)
	fill(t, s, bob, "bob", 1, 2)
	if n, err := s.Erase(t.Context(), ann); n != 70 || err != nil {
		t.Errorf("erased %d records, %v; want 70", n, err)
	}
	wantChain(t, s, ann, "ann", 0)
	wantChain(t, s, bob, "bob", 2)
	if n, err := s.Erase(t.Context(), ann); n != 0 || err != nil {
		t.Errorf("erased %d records again, %v", n, err)
	}
	// An old form sent again must not bring an erased person back.
	if err := s.Append(t.Context(), ann, record("ann", 1)); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("nonce of an erased record: %v, want ErrReplay", err)
	}
	r := record("ann", 1)
	r.Nonce = nonce("new")
	if err := s.Append(t.Context(), ann, r); err != nil {
		t.Error(err)
	}
	wantChain(t, s, ann, "ann", 1)
}

func testInsideEvents(t *testing.T, s consent.Store) {
	who := subject("shop", "ann")
	fill(t, s, who, "ann", 1, 3)
	for r, err := range s.Events(t.Context(), who, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Head(t.Context(), who); err != nil {
			t.Error(err)
		}
		if r.Seq == 1 {
			fill(t, s, who, "ann", 4, 4)
		}
		if r.Seq == 2 {
			break
		}
	}
	wantChain(t, s, who, "ann", 4)
}

func testCancelled(t *testing.T, s consent.Store) {
	who := subject("shop", "ann")
	fill(t, s, who, "ann", 1, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants := func(op string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", op, err)
		}
	}
	_, err := s.Head(ctx, who)
	wants("head", err)
	wants("append", s.Append(ctx, who, record("ann", 3)))
	_, err = s.Erase(ctx, who)
	wants("erase", err)
	wants("trees", s.Trees(ctx, "shop", func(merkle.Reader) error { return nil }))
	n := 0
	for _, err := range s.Events(ctx, who, 0) {
		wants("events", err)
		n++
	}
	if n != 1 {
		t.Errorf("events yielded %d times, want the error alone", n)
	}
	wantChain(t, s, who, "ann", 2)
}

// testOneSubject lets many writers race for each number: one must win it.
func testOneSubject(t *testing.T, s consent.Store) {
	const writers, rounds = 8, 12
	who := subject("shop", "ann")
	won := make([][]uint64, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for seq := uint64(1); seq <= rounds; seq++ {
				r := record("ann", seq)
				r.Nonce = nonce(fmt.Sprint(w, seq))
				switch err := s.Append(t.Context(), who, r); {
				case err == nil:
					won[w] = append(won[w], seq)
				case errors.Is(err, consent.ErrConflict):
					head, err := s.Head(t.Context(), who)
					if err != nil {
						t.Errorf("writer %d: %v", w, err)
						return
					}
					if head.Seq < seq {
						t.Errorf("writer %d: conflict at %d, but the chain is at %d", w, seq, head.Seq)
						return
					}
				default:
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(won...)
	slices.Sort(all)
	var want []uint64
	for seq := uint64(1); seq <= rounds; seq++ {
		want = append(want, seq)
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("each number wants one winner (-want +got):\n%s", diff)
	}
	wantChain(t, s, who, "ann", rounds)
}

func testManySubjects(t *testing.T, s consent.Store) {
	const writers, rounds = 16, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			name := fmt.Sprint("writer", w)
			who := subject(fmt.Sprint("shop", w%3), name)
			for seq := uint64(1); seq <= rounds; seq++ {
				if err := s.Append(t.Context(), who, record(name, seq)); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				head, err := s.Head(t.Context(), who)
				if err != nil || head.Seq != seq {
					t.Errorf("%s: wrote %d and read %d, %v", name, seq, head.Seq, err)
				}
			}
		})
	}
	wg.Wait()
	for shop := range 3 {
		var who []consent.Subject
		for w := shop; w < writers; w += 3 {
			who = append(who, subject(fmt.Sprint("shop", shop), fmt.Sprint("writer", w)))
		}
		wantLeaves(t, s, fmt.Sprint("shop", shop), who)
	}
	for w := range writers {
		name := fmt.Sprint("writer", w)
		wantChain(t, s, subject(fmt.Sprint("shop", w%3), name), name, rounds)
	}
}
