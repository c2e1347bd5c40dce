package consent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func BenchmarkSubject(b *testing.B) {
	l := newLedger(b, memstore.New(), nil)
	b.ReportAllocs()
	for b.Loop() {
		if l.Subject("shop-a", "customer-4711").IsZero() {
			b.Fatal("nobody")
		}
	}
}

// BenchmarkCheck asks about one of 10,000 people, from memory and from the store.
func BenchmarkCheck(b *testing.B) {
	b.Run("cached", func(b *testing.B) { benchmarkCheck(b, nil) })
	b.Run("cached-recipient", func(b *testing.B) { benchmarkCheck(b, nil, "renderer") })
	b.Run("read", func(b *testing.B) { benchmarkCheck(b, &consent.Options{Cache: -1}) })
}

func benchmarkCheck(b *testing.B, o *consent.Options, to ...string) {
	const people = 10_000
	l := newLedger(b, memstore.New(), o)
	queries := make([]consent.Query, people)
	for i := range queries {
		who := l.Subject("shop-a", fmt.Sprint(i))
		queries[i] = consent.Query{Subject: who, Purpose: consent.TryOnRender, Recipients: to}
		g := yes(who, time.Now(), consent.TryOnRender, consent.Sizing)
		g.Recipients = to
		if _, err := l.Grant(b.Context(), g); err != nil {
			b.Fatal(err)
		}
	}
	for _, q := range queries {
		if _, err := l.Check(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	b.ReportAllocs()
	report := cpuTime(b)
	for b.Loop() {
		d, err := l.Check(b.Context(), queries[i%people])
		if err != nil || !d.Allowed {
			b.Fatal(d.Reason, err)
		}
		i += 7
	}
	report()
}

func BenchmarkGrant(b *testing.B) {
	l := newLedger(b, memstore.New(), nil)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Grant(b.Context(), yes(l.Subject("shop-a", fmt.Sprint(i)), time.Now(), consent.TryOnRender)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkVerifyReceipt(b *testing.B) {
	keys := consent.GenerateKeys()
	doc, pub := someReceipt(b, keys).Bytes(), keys.PublicKey()
	b.ReportAllocs()
	report := cpuTime(b)
	for b.Loop() {
		if _, err := consent.VerifyReceipt(doc, pub); err != nil {
			b.Fatal(err)
		}
	}
	report()
}
