package consent_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// Somebody who clicks many times has agreed once.
func TestSameGrantManyTimesAtOnce(t *testing.T) {
	l := newLedger(t, memstore.New(), nil)
	who := l.Subject("shop-a", "ann")
	g := yes(who, time.Now(), consent.TryOnRender)
	hashes := make([][32]byte, 16)
	var wg sync.WaitGroup
	for i := range hashes {
		wg.Go(func() {
			r, err := l.Grant(t.Context(), g)
			if err != nil {
				t.Error(err)
				return
			}
			hashes[i] = r.Hash()
		})
	}
	wg.Wait()
	for _, h := range hashes {
		if h != hashes[0] {
			t.Fatal("two receipts for one act")
		}
	}
	if d, err := l.Check(t.Context(), consent.Query{Subject: who, Purpose: consent.TryOnRender}); err != nil || d.Seq != 1 {
		t.Errorf("%d events, %v; want 1", d.Seq, err)
	}
}

// Once Withdraw has returned, no permit works, however many are in use.
func TestWithdrawStopsRunningWork(t *testing.T) {
	ctx := t.Context()
	store, keys := memstore.New(), consent.GenerateKeys()
	a := newLedger(t, store, &consent.Options{Keys: keys})
	b := newLedger(t, store, &consent.Options{Keys: keys})
	who := a.Subject("shop-a", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	for range 20 {
		if _, err := a.Grant(ctx, yes(who, time.Now(), consent.TryOnRender)); err != nil {
			t.Fatal(err)
		}
		var withdrawn atomic.Bool
		var used atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			p, err := a.Permit(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for {
					after := withdrawn.Load()
					err := p.Use(ctx, q)
					if err == nil {
						used.Add(1)
					}
					if after && err == nil {
						t.Error("used after Withdraw had returned")
					}
					if after {
						return
					}
				}
			})
		}
		for used.Load() < 10 {
			time.Sleep(10 * time.Microsecond) // lets the work run; nothing is measured
		}
		if _, err := b.Withdraw(ctx, who); err != nil {
			t.Error(err)
		}
		withdrawn.Store(true)
		wg.Wait()
	}
}
