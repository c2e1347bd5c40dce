package consent_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// Ends, permits and sessions by the real clock, in a bubble where hours pass at once.
func TestTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		l := newLedger(t, memstore.New(), &consent.Options{PermitFor: 10 * time.Minute})
		who := l.Subject("shop", "ann")
		g := yes(who, time.Now(), consent.TryOnRender)
		g.Until = time.Now().Add(time.Hour)
		if _, err := l.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
		session := yes(who, time.Now(), consent.Sizing)
		session.Heartbeat = time.Minute
		if _, err := l.Grant(ctx, session); err != nil {
			t.Fatal(err)
		}
		q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
		permit, err := l.Permit(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		beating := time.NewTicker(30 * time.Second)
		defer beating.Stop()
		for range 18 {
			<-beating.C
			if err := l.Beat(ctx, who, consent.Sizing); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute - time.Microsecond)
		for p, want := range map[consent.Purpose]consent.Reason{consent.TryOnRender: consent.Granted, consent.Sizing: consent.Granted} {
			if got := reason(t, l, consent.Query{Subject: who, Purpose: p}); got != want {
				t.Errorf("just before ten minutes, %s: %q", p, got)
			}
		}
		if err := permit.Use(ctx, q); err != nil {
			t.Errorf("just before ten minutes: %v", err)
		}
		time.Sleep(time.Microsecond)
		if err := permit.Use(ctx, q); !errors.Is(err, consent.ErrNoConsent) {
			t.Errorf("a permit of ten minutes after ten minutes: %v", err)
		}
		if got := reason(t, l, consent.Query{Subject: who, Purpose: consent.Sizing}); got != consent.SessionEnded {
			t.Errorf("a minute after the last beat: %q", got)
		}
		time.Sleep(50*time.Minute - time.Microsecond)
		if got := reason(t, l, q); got != consent.Granted {
			t.Errorf("just before the end: %q", got)
		}
		time.Sleep(time.Microsecond)
		if got := reason(t, l, q); got != consent.Expired {
			t.Errorf("at the end: %q", got)
		}
	})
}
