package consent_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// Keys are changed in two steps while two ledgers on one store are in use:
// nobody is lost, no check fails, and every receipt and proof verifies.
func TestRotationUnderLoad(t *testing.T) {
	ctx := t.Context()
	store, first := memstore.New(), consent.GenerateKeys()
	a, b := newLedger(t, store, &consent.Options{Keys: first}), newLedger(t, store, &consent.Options{Keys: first})
	var people atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprint(w, " ", n)
				here, there := a, b
				if n%2 == 0 {
					here, there = b, a
				}
				if _, err := here.Grant(ctx, yes(here.Subject("shop", name), time.Now(), consent.Sizing)); err != nil {
					t.Error(err)
					return
				}
				people.Add(1)
				for i := range 3 {
					q := consent.Query{Subject: there.Subject("shop", name), Purpose: consent.Sizing}
					if d, err := there.Check(ctx, q); err != nil || !d.Allowed {
						t.Errorf("check %d of %q: %q, %v", i, name, d.Reason, err)
						return
					}
				}
				if n%3 == 0 {
					if _, err := there.Withdraw(ctx, there.Subject("shop", name)); err != nil {
						t.Error(err)
						return
					}
					if d, err := here.Check(ctx, consent.Query{Subject: here.Subject("shop", name), Purpose: consent.Sizing}); err != nil || d.Reason != consent.Withdrawn {
						t.Errorf("withdrawn at the other ledger: %q, %v", d.Reason, err)
						return
					}
				}
			}
		})
	}
	current := first
	for range 3 {
		time.Sleep(20 * time.Millisecond)
		next := consent.GenerateKeys()
		for _, keys := range []consent.Keys{current.With(next), next.With(current)} {
			for _, l := range []*consent.Ledger{a, b} {
				if err := l.UseKeys(keys); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Millisecond)
			}
			current = keys
		}
	}
	time.Sleep(20 * time.Millisecond)
	close(stop)
	wg.Wait()
	if n := len(current.PublicKeys()); n != 4 || current.PublicKeys()[0].Equal(first.PublicKey()) {
		t.Errorf("%d public keys, want 4, the newest first", n)
	}
	seen := map[string]bool{}
	for w := range 4 {
		for n := 0; ; n++ {
			who := a.Subject("shop", fmt.Sprint(w, " ", n))
			events := 0
			for e, err := range a.History(ctx, who) {
				if err != nil {
					t.Fatal(err)
				}
				seen[e.Receipt().KeyID()] = true
				events++
			}
			if events == 0 {
				break
			}
			proof, err := a.Prove(ctx, who, consent.Sizing, time.Time{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := consent.VerifyProof(proof, nil, current.PublicKeys()...); err != nil {
				t.Fatal(err)
			}
			people.Add(-1)
		}
	}
	if people.Load() != 0 || len(seen) < 2 {
		t.Errorf("%d people are not found again; %d keys signed", people.Load(), len(seen))
	}
	if err := a.UseKeys(consent.GenerateKeys()); !errors.Is(err, consent.ErrKeys) {
		t.Errorf("keys that recognise nothing: %v", err)
	}
	if err := a.UseKeys(consent.Keys{}); !errors.Is(err, consent.ErrKeys) {
		t.Errorf("no keys: %v", err)
	}
}

// A form sent again after a rotation is still the one that was sent before, also
// when the person was erased meanwhile.
func TestReplayAcrossRotation(t *testing.T) {
	ctx := t.Context()
	old := consent.GenerateKeys()
	l := newLedger(t, memstore.New(), &consent.Options{Keys: old})
	ann, bob := yes(l.Subject("shop", "ann"), time.Now(), consent.Sizing), yes(l.Subject("shop", "bob"), time.Now(), consent.Sizing)
	first, err := l.Grant(ctx, ann)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Grant(ctx, bob); err != nil {
		t.Fatal(err)
	}
	if err := l.UseKeys(consent.GenerateKeys().With(old)); err != nil {
		t.Fatal(err)
	}
	ann.Subject, bob.Subject = l.Subject("shop", "ann"), l.Subject("shop", "bob")
	again, err := l.Grant(ctx, ann)
	if err != nil || again.Hash() != first.Hash() {
		t.Errorf("the same grant gave another receipt: %v", err)
	}
	if _, err := l.Erase(ctx, bob.Subject); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Grant(ctx, bob); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("a form of somebody erased: %v, want ErrReplay", err)
	}
}

// A person on record under two pseudonyms, as a careless rotation leaves them:
// every no counts, and erasure reaches both.
func TestTwoRecordsOfOnePerson(t *testing.T) {
	ctx := t.Context()
	store, one, two := memstore.New(), consent.GenerateKeys(), consent.GenerateKeys()
	a, b := newLedger(t, store, &consent.Options{Keys: one}), newLedger(t, store, &consent.Options{Keys: two})
	for _, l := range []*consent.Ledger{a, b} {
		if _, err := l.Grant(ctx, yes(l.Subject("shop", "ann"), time.Now(), consent.Sizing)); err != nil {
			t.Fatal(err)
		}
	}
	both := newLedger(t, store, &consent.Options{Keys: two.With(one)})
	who := both.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	proven := func() consent.Reason {
		proof, err := both.Prove(ctx, who, consent.Sizing, time.Time{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := consent.VerifyProof(proof, nil, two.With(one).PublicKeys()...)
		if err != nil {
			t.Fatal(err)
		}
		return p.Reason
	}
	if got, proof := reason(t, both, q), proven(); got != consent.Granted || proof != consent.Granted {
		t.Errorf("two times yes: %q, proven %q", got, proof)
	}
	if _, err := a.Withdraw(ctx, a.Subject("shop", "ann")); err != nil {
		t.Fatal(err)
	}
	if got, proof := reason(t, both, q), proven(); got != consent.Withdrawn || proof != consent.Withdrawn {
		t.Errorf("a yes and a no: %q, proven %q", got, proof)
	}
	exported := 0
	for _, err := range both.Export(ctx, who) {
		if err != nil {
			t.Fatal(err)
		}
		exported++
	}
	if exported != 3 {
		t.Errorf("%d of 3 receipts exported", exported)
	}
	if done, err := both.Erase(ctx, who); err != nil || done.Events != 3 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := reason(t, both, q); got != consent.NeverAsked {
		t.Errorf("after erasure: %q", got)
	}
}

// Of two chains of one person the same one answers in a proof and in a check:
// asked on one of them only is not asked, once there is the other.
func TestProofOfTwoRecords(t *testing.T) {
	ctx := t.Context()
	for name, row := range map[string]struct {
		oldGrants, newGrants, oldRefuses, newRefuses, purpose consent.Purpose
		terms                                                 []consent.Terms
		before, want                                          consent.Reason // before: when there was but the first
	}{
		"asked on the first":  {oldGrants: consent.Sizing, newGrants: consent.TryOnRender, purpose: consent.Sizing, before: consent.Granted, want: consent.NeverAsked},
		"asked on the second": {oldGrants: consent.TryOnRender, newGrants: consent.Sizing, purpose: consent.Sizing, before: consent.NeverAsked, want: consent.NeverAsked},
		"asked on both":       {oldGrants: consent.Sizing, newGrants: consent.Sizing, purpose: consent.Sizing, before: consent.Granted, want: consent.Granted},
		"asked on neither":    {oldGrants: consent.TryOnRender, newGrants: consent.TryOnRender, purpose: consent.Sizing, before: consent.NeverAsked, want: consent.NeverAsked},
		"a yes and a no":      {oldGrants: consent.Sizing, newRefuses: consent.Sizing, purpose: consent.Sizing, before: consent.Granted, want: consent.Refused},
		"an objection, where no consent is needed": {
			oldRefuses: consent.Sizing, newGrants: consent.TryOnRender, purpose: consent.Sizing,
			terms:  []consent.Terms{{Purpose: consent.Sizing, Basis: consent.Contract}},
			before: consent.Refused, want: consent.Refused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, one, two := memstore.New(), consent.GenerateKeys(), consent.GenerateKeys()
			now := &clock{noon}
			fill := func(k consent.Keys, granted, refused consent.Purpose) {
				l := newLedger(t, store, &consent.Options{Keys: k, Now: now.now, Purposes: row.terms})
				who := l.Subject("shop", "ann")
				if granted != "" {
					if _, err := l.Grant(ctx, yes(who, now.t, granted)); err != nil {
						t.Fatal(err)
					}
				}
				if refused != "" {
					if _, err := l.Refuse(ctx, who, refused); err != nil {
						t.Fatal(err)
					}
				}
			}
			fill(one, row.oldGrants, row.oldRefuses)
			now.t = noon.Add(time.Hour)
			fill(two, row.newGrants, row.newRefuses)
			keys := two.With(one)
			both := newLedger(t, store, &consent.Options{Keys: keys, Now: now.now, Purposes: row.terms})
			who := both.Subject("shop", "ann")
			proven := func(at time.Time) consent.Reason {
				proof, err := both.Prove(ctx, who, row.purpose, at, nil)
				if err != nil {
					t.Fatal(err)
				}
				p, err := consent.VerifyProof(proof, nil, keys.PublicKeys()...)
				if err != nil {
					t.Fatal(err)
				}
				return p.Reason
			}
			if got, proof := reason(t, both, consent.Query{Subject: who, Purpose: row.purpose}), proven(time.Time{}); got != row.want || proof != row.want {
				t.Errorf("checked %q, proven %q, want %q", got, proof, row.want)
			}
			if got := proven(noon.Add(time.Minute)); got != row.before {
				t.Errorf("when there was but one: %q, want %q", got, row.before)
			}
		})
	}
}

// vault is a key management service in a few lines.
type vault struct {
	cipher.AEAD
	down error
}

func (v *vault) Wrap(_ context.Context, plain []byte) ([]byte, error) {
	return v.Seal(nil, nil, plain, nil), v.down
}

func (v *vault) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	if v.down != nil {
		return nil, v.down
	}
	return v.Open(nil, nil, wrapped, nil)
}

func TestWrappedKeys(t *testing.T) {
	ctx := t.Context()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	v := &vault{AEAD: aead}
	keys := consent.GenerateKeys().With(consent.GenerateKeys())
	wrapped, err := keys.Wrap(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys")
	if err := keys.Save(path); err != nil {
		t.Fatal(err)
	}
	fromFile, err := consent.LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	fromVault, err := consent.UnwrapKeys(ctx, v, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	who := newLedger(t, memstore.New(), &consent.Options{Keys: keys}).Subject("shop", "ann")
	for _, k := range []consent.Keys{fromFile, fromVault} {
		again := newLedger(t, memstore.New(), &consent.Options{Keys: k}).Subject("shop", "ann")
		if !again.Equal(who) || len(again.All()) != 2 || !again.All()[1].Equal(who.All()[1]) || !k.PublicKeys()[1].Equal(keys.PublicKeys()[1]) {
			t.Error("other keys came back")
		}
	}
	wrapped[3] ^= 1
	if _, err := consent.UnwrapKeys(ctx, v, wrapped); err == nil {
		t.Error("damaged, and unwrapped")
	}
	v.down = errors.New("vault is sealed")
	if _, err := consent.UnwrapKeys(ctx, v, wrapped); !errors.Is(err, v.down) {
		t.Errorf("%v, want the wrapper's own", err)
	}
	if _, err := keys.Wrap(ctx, v); !errors.Is(err, v.down) {
		t.Errorf("%v, want the wrapper's own", err)
	}
	if _, err := (consent.Keys{}).Wrap(ctx, v); !errors.Is(err, consent.ErrKeys) {
		t.Errorf("no keys: %v", err)
	}
}
