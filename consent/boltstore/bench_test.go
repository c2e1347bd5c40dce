package boltstore_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
)

func newLedger(b testing.TB, s consent.Store) *consent.Ledger {
	b.Helper()
	l, err := consent.New(s, &consent.Options{Keys: consent.GenerateKeys()})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func grant(who consent.Subject, nonce string) consent.Grant {
	return consent.Grant{
		Subject:  who,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("May we?"))},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "bench/1",
			At:          time.Now(),
			Nonce:       []byte(nonce),
		},
	}
}

// BenchmarkGrant measures a durable grant of a new person, receipt and all.
func BenchmarkGrant(b *testing.B) {
	for _, writers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			l := newLedger(b, open(b))
			var next atomic.Int64
			took := make([]time.Duration, b.N+1) // by number, from 1
			b.ReportAllocs()
			b.ResetTimer()
			// Not RunParallel: its writers are a multiple of the processors.
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						name := fmt.Sprint("person ", n)
						start := time.Now()
						if _, err := l.Grant(b.Context(), grant(l.Subject("shop", name), name)); err != nil {
							b.Error(err)
							return
						}
						took[n] = time.Since(start)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "grants/s")
			// The mean of a machine with other work on it is that of its scheduler.
			slices.Sort(took)
			b.ReportMetric(float64(took[(b.N+1)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[b.N*9/10].Microseconds()), "p90-µs")
		})
	}
}

// BenchmarkCheck asks about one of 10,000 people, each time from the file.
func BenchmarkCheck(b *testing.B) {
	const people = 10_000
	l, err := consent.New(open(b), &consent.Options{Keys: consent.GenerateKeys(), Cache: -1})
	if err != nil {
		b.Fatal(err)
	}
	queries := make([]consent.Query, people)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < people; n = next.Add(1) - 1 {
				name := fmt.Sprint("person ", n)
				who := l.Subject("shop", name)
				queries[n] = consent.Query{Subject: who, Purpose: consent.TryOnRender}
				if _, err := l.Grant(b.Context(), grant(who, name)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		d, err := l.Check(b.Context(), queries[i%people])
		if err != nil || !d.Allowed {
			b.Fatal(d.Reason, err)
		}
		i += 7
	}
}
