package consent_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// history has ann say yes at noon, no an hour later, and yes to something else
// after that, among other people.
func history(t testing.TB, o *consent.Options) (*consent.Ledger, *clock) {
	t.Helper()
	c := &clock{noon}
	o.Now = c.now
	l := newLedger(t, memstore.New(), o)
	ann := l.Subject("shop-a", "ann")
	others := func(n int) {
		for range n {
			if _, err := l.Refuse(t.Context(), l.Subject("shop-a", fmt.Sprint(rand.Int())), consent.Sizing); err != nil {
				t.Fatal(err)
			}
		}
	}
	others(5)
	g := yes(ann, noon, consent.TryOnRender)
	g.Until = noon.Add(48 * time.Hour)
	if _, err := l.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	others(7)
	c.t = noon.Add(time.Hour)
	if _, err := l.Withdraw(t.Context(), ann, consent.TryOnRender); err != nil {
		t.Fatal(err)
	}
	c.t = noon.Add(2 * time.Hour)
	if _, err := l.Grant(t.Context(), yes(ann, c.t, consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	others(3)
	c.t = noon.Add(3 * time.Hour)
	return l, c
}

func prove(t testing.TB, l *consent.Ledger, p consent.Purpose, at time.Time, since []byte) []byte {
	t.Helper()
	proof, err := l.Prove(t.Context(), l.Subject("shop-a", "ann"), p, at, &consent.ProveOptions{Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestProve(t *testing.T) {
	l, c := history(t, &consent.Options{})
	for _, row := range []struct {
		purpose consent.Purpose
		at      time.Time
		want    consent.Reason
		seq     uint64
	}{
		{consent.TryOnRender, noon, consent.Granted, 1},
		{consent.TryOnRender, noon.Add(time.Hour - time.Microsecond), consent.Granted, 1},
		{consent.TryOnRender, noon.Add(time.Hour), consent.Withdrawn, 2},
		{consent.TryOnRender, time.Time{}, consent.Withdrawn, 2},
		{consent.Sizing, noon.Add(time.Hour), consent.NeverAsked, 0},
		{consent.Sizing, noon.Add(2 * time.Hour), consent.Granted, 3},
	} {
		p, err := consent.VerifyProof(prove(t, l, row.purpose, row.at, nil), nil, l.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		if p.Reason != row.want || p.Purpose != row.purpose || p.Events != 3 || p.Checkpoint.Head.Size != 18 || !p.Checkpoint.Time.Equal(c.t) {
			t.Errorf("%s at %v: %+v, want %q", row.purpose, row.at, p, row.want)
		}
		if got := p.Receipt; (got == nil) != (row.seq == 0) || got != nil && got.Seq() != row.seq {
			t.Errorf("%s at %v: another receipt than %d", row.purpose, row.at, row.seq)
		}
	}
	ann := l.Subject("shop-a", "ann")
	for _, row := range []struct {
		who  consent.Subject
		p    consent.Purpose
		at   time.Time
		want error
	}{
		{ann, consent.TryOnRender, noon.Add(-time.Second), consent.ErrNoRecord},
		{ann, consent.TryOnRender, c.t.Add(time.Second), consent.ErrNoRecord},
		{l.Subject("shop-a", "nobody"), consent.TryOnRender, noon, consent.ErrNoRecord},
		{l.Subject("shop-b", "ann"), consent.TryOnRender, noon, consent.ErrNoRecord},
		{ann, "Try On", noon, consent.ErrPurpose},
		{consent.Subject{}, consent.TryOnRender, noon, consent.ErrSubject},
	} {
		if _, err := l.Prove(t.Context(), row.who, row.p, row.at, nil); !errors.Is(err, row.want) {
			t.Errorf("%s at %v: %v, want %v", row.p, row.at, err, row.want)
		}
	}
	// An end that nobody has noticed yet is one all the same.
	g := yes(ann, c.t, consent.ProfileStore)
	g.Until = c.t.Add(time.Minute)
	if _, err := l.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(time.Minute)
	if p, err := consent.VerifyProof(prove(t, l, consent.ProfileStore, c.t, nil), nil, l.PublicKey()); err != nil || p.Reason != consent.Expired {
		t.Errorf("%+v, %v", p, err)
	}
}

// Erased people leave hashes behind, under which every other proof still holds.
func TestProveAfterErasure(t *testing.T) {
	l, _ := history(t, &consent.Options{})
	bob := l.Subject("shop-a", "bob")
	if _, err := l.Grant(t.Context(), yes(bob, noon.Add(3*time.Hour), consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	before, err := l.Checkpoint(t.Context(), "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Erase(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Prove(t.Context(), bob, consent.Sizing, time.Time{}, nil); !errors.Is(err, consent.ErrNoRecord) {
		t.Errorf("of somebody erased: %v", err)
	}
	p, err := consent.VerifyProof(prove(t, l, consent.TryOnRender, noon, before.Bytes()), before.Bytes(), l.PublicKey())
	if err != nil || p.Reason != consent.Granted || p.Checkpoint.Head.Size != before.Head.Size || p.Checkpoint.Head.Map == before.Head.Map {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestEveryByteOfAProofCounts(t *testing.T) {
	l, _ := history(t, &consent.Options{})
	cp, err := l.Checkpoint(t.Context(), "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	proof := prove(t, l, consent.TryOnRender, noon, cp.Bytes())
	if _, err := consent.VerifyProof(proof, cp.Bytes(), l.PublicKey()); err != nil {
		t.Fatal(err)
	}
	for i := range proof {
		bent := bytes.Clone(proof)
		bent[i] ^= 1 << rand.IntN(8)
		if _, err := consent.VerifyProof(bent, nil, l.PublicKey()); !errors.Is(err, consent.ErrProof) {
			t.Fatalf("byte %d changed: %v, want ErrProof", i, err)
		}
	}
	for i := range 8 * len(cp.Bytes()) {
		bent := cp.Bytes()
		bent[i/8] ^= 1 << (i % 8)
		if _, err := consent.ParseCheckpoint(bent, l.PublicKey()); !errors.Is(err, consent.ErrProof) {
			t.Fatalf("bit %d of a checkpoint changed: %v, want ErrProof", i, err)
		}
		if i%64 > 0 {
			continue
		}
		if _, err := consent.VerifyProof(proof, bent, l.PublicKey()); !errors.Is(err, consent.ErrProof) {
			t.Fatalf("bit %d of the outside checkpoint changed: %v, want ErrProof", i, err)
		}
	}
}

// Of a log that has not grown there is nothing to show.
func TestNothingLoggedInBetween(t *testing.T) {
	l, c := history(t, &consent.Options{})
	kept, err := l.Checkpoint(t.Context(), "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(time.Minute)
	proof := prove(t, l, consent.TryOnRender, noon, nil)
	if _, err := consent.VerifyProof(proof, kept.Bytes(), l.PublicKey()); err != nil {
		t.Error("the same log a minute later:", err)
	}
	if _, err := l.Withdraw(t.Context(), l.Subject("shop-a", "bob")); err != nil {
		t.Fatal(err)
	}
	later, err := l.Checkpoint(t.Context(), "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	grown := prove(t, l, consent.TryOnRender, noon, nil)
	if _, err := consent.VerifyProof(grown, kept.Bytes(), l.PublicKey()); !errors.Is(err, consent.ErrProof) {
		t.Errorf("a log that has grown, and does not show how: %v, want ErrProof", err)
	}
	if _, err := consent.VerifyProof(proof, later.Bytes(), l.PublicKey()); !errors.Is(err, consent.ErrProof) {
		t.Errorf("older than what was kept: %v, want ErrProof", err)
	}
}

// reordered writes JSON with the keys of every object the other way round.
func reordered(t *testing.T, data []byte) []byte {
	t.Helper()
	var v map[string]json.RawMessage
	if json.Unmarshal(data, &v) != nil {
		return data
	}
	var parts []string
	for k, w := range v {
		parts = append(parts, fmt.Sprintf("%q:%s", k, reordered(t, w)))
	}
	slices.Sort(parts)
	slices.Reverse(parts)
	return []byte("{" + strings.Join(parts, ",") + "}")
}

func TestForgedProofs(t *testing.T) {
	keys := consent.GenerateKeys()
	l, _ := history(t, &consent.Options{Keys: keys})
	pub := l.PublicKey()
	before, err := l.Checkpoint(t.Context(), "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	proof := prove(t, l, consent.TryOnRender, noon.Add(150*time.Minute), nil)
	if p, err := consent.VerifyProof(proof, before.Bytes(), pub); err != nil || p.Reason != consent.Withdrawn {
		t.Fatal(err) // hangs on that very checkpoint
	}
	// Another log by the same keys, in which ann never took it back.
	other := newLedger(t, memstore.New(), &consent.Options{Keys: keys, Now: (&clock{noon.Add(3 * time.Hour)}).now})
	if _, err := other.Grant(t.Context(), yes(other.Subject("shop-a", "ann"), noon, consent.TryOnRender)); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if _, err := other.Refuse(t.Context(), other.Subject("shop-a", fmt.Sprint(i)), consent.Sizing); err != nil {
			t.Fatal(err)
		}
	}
	rewritten, err := other.Prove(t.Context(), other.Subject("shop-a", "ann"), consent.TryOnRender, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := consent.VerifyProof(rewritten, nil, pub); err != nil || p.Reason != consent.Granted {
		t.Fatalf("the rewritten log is sound in itself: %v", err)
	}
	if _, err := other.Prove(t.Context(), other.Subject("shop-a", "ann"), consent.TryOnRender, time.Time{}, &consent.ProveOptions{Since: before.Bytes()}); !errors.Is(err, consent.ErrCorrupt) {
		t.Errorf("a rewritten log proves that it has only grown: %v", err)
	}
	if _, err := other.ProveGrowth(t.Context(), "shop-a", before.Bytes()); !errors.Is(err, consent.ErrCorrupt) {
		t.Errorf("a rewritten log proves growth: %v", err)
	}
	forge := func(bend func(b *consent.ProofBody)) []byte { return consent.Forge(keys, proof, bend) }
	for name, bent := range map[string][]byte{
		"nothing":     nil,
		"not JSON":    []byte("consent"),
		"reordered":   reordered(t, proof),
		"spaces":      append(bytes.Clone(proof), '\n'),
		"another key": consent.Forge(consent.GenerateKeys(), proof, func(*consent.ProofBody) {}),
		"algorithm": forge(func(b *consent.ProofBody) {
			b.Events[0].Receipt = bytes.Replace(b.Events[0].Receipt, []byte("Ed25519"), []byte("HS25619"), 1)
		}),
		"without a no": forge(func(b *consent.ProofBody) { b.Events = b.Events[:1] }),
		"no first":     forge(func(b *consent.ProofBody) { b.Events = b.Events[1:] }),
		"swapped":      forge(func(b *consent.ProofBody) { b.Events[0], b.Events[1] = b.Events[1], b.Events[0] }),
		"other salt":   forge(func(b *consent.ProofBody) { b.Events[2].Salt[0] ^= 1 }),
		"other event":  forge(func(b *consent.ProofBody) { b.Leaf++ }),
		"no inclusion": forge(func(b *consent.ProofBody) { b.Inclusion = nil }),
		"no branch":    forge(func(b *consent.ProofBody) { b.Branch = nil }),
		"later":        forge(func(b *consent.ProofBody) { b.At = noon.AddDate(1, 0, 0) }),
		"no events":    forge(func(b *consent.ProofBody) { b.Events = nil }),
		"another form": forge(func(b *consent.ProofBody) { b.Schema = "x" }),
		"another's log": forge(func(b *consent.ProofBody) {
			b.Checkpoint = string(consent.ForgeCheckpoint(keys, "shop-b", before.Head, before.Time))
		}),
	} {
		if _, err := consent.VerifyProof(bent, nil, pub); !errors.Is(err, consent.ErrProof) {
			t.Errorf("%s: %v, want ErrProof", name, err)
		}
	}
	// What only somebody with a checkpoint of their own can tell.
	for name, bent := range map[string][]byte{
		"rewritten": rewritten,
		"rewritten, and says it is about the checkpoint": consent.Forge(keys, rewritten, func(b *consent.ProofBody) { b.Since = string(before.Bytes()) }),
		"rewritten, with a made-up growth": consent.Forge(keys, rewritten, func(b *consent.ProofBody) {
			b.Since = string(before.Bytes())
			b.Growth = append(b.Growth, b.Inclusion...)
		}),
	} {
		if _, err := consent.VerifyProof(bent, before.Bytes(), pub); !errors.Is(err, consent.ErrProof) {
			t.Errorf("%s: %v, want ErrProof", name, err)
		}
	}
	for name, ks := range map[string][]ed25519.PublicKey{
		"no key": nil, "another tenant's key": {consent.GenerateKeys().PublicKey()}, "half a key": {pub[:16]},
	} {
		if _, err := consent.VerifyProof(proof, nil, ks...); !errors.Is(err, consent.ErrProof) {
			t.Errorf("%s: %v, want ErrProof", name, err)
		}
		if _, err := consent.ParseCheckpoint(before.Bytes(), ks...); !errors.Is(err, consent.ErrProof) {
			t.Errorf("checkpoint, %s: %v, want ErrProof", name, err)
		}
	}
}

func TestGrowth(t *testing.T) {
	l, c := history(t, &consent.Options{})
	ctx := t.Context()
	empty, err := l.Checkpoint(ctx, "shop-b")
	if err != nil || empty.Head.Size != 0 {
		t.Fatal(empty, err)
	}
	then, err := l.Checkpoint(ctx, "shop-a")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		for _, shop := range []string{"shop-a", "shop-b"} {
			if _, err := l.Refuse(ctx, l.Subject(shop, fmt.Sprint(i)), consent.Sizing); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.t = c.t.Add(time.Hour)
	for shop, old := range map[string]*consent.Checkpoint{"shop-a": then, "shop-b": empty} {
		proof, err := l.ProveGrowth(ctx, shop, old.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		now, err := consent.VerifyGrowth(proof, old.Bytes(), l.PublicKey())
		if err != nil || now.Head.Size != old.Head.Size+10 {
			t.Fatalf("%s: %v", shop, err)
		}
		if _, err := consent.VerifyGrowth(proof, now.Bytes(), l.PublicKey()); err != nil {
			t.Errorf("%s, against the newer one: %v", shop, err)
		}
		for i := range proof {
			bent := bytes.Clone(proof)
			bent[i] ^= 1 << rand.IntN(8)
			if _, err := consent.VerifyGrowth(bent, old.Bytes(), l.PublicKey()); !errors.Is(err, consent.ErrProof) {
				t.Fatalf("%s: byte %d changed: %v", shop, i, err)
			}
		}
	}
	if _, err := l.ProveGrowth(ctx, "shop-b", then.Bytes()); !errors.Is(err, consent.ErrProof) {
		t.Errorf("growth since another log: %v", err)
	}
	if _, err := l.ProveGrowth(ctx, "", then.Bytes()); err == nil {
		t.Error("a tenant without a name")
	}
}

func FuzzVerifyProof(f *testing.F) {
	l, _ := history(f, &consent.Options{})
	cp, err := l.Checkpoint(f.Context(), "shop-a")
	if err != nil {
		f.Fatal(err)
	}
	good := [][]byte{prove(f, l, consent.TryOnRender, noon, nil), prove(f, l, consent.Sizing, time.Time{}, cp.Bytes())}
	f.Add(good[0], cp.Bytes())
	f.Add(good[1], cp.Bytes())
	f.Add([]byte(`{"body":{},"sig":""}`), []byte("fitveil-consent/x\n1\n\nmap \ntime \n\n"))
	f.Fuzz(func(t *testing.T, proof, outside []byte) {
		_, err := consent.VerifyProof(proof, outside, l.PublicKey())
		if err == nil && !slices.ContainsFunc(good, func(g []byte) bool { return bytes.Equal(g, proof) }) {
			t.Errorf("forged: %s", proof)
		}
		if err != nil && !errors.Is(err, consent.ErrProof) {
			t.Errorf("%v, want ErrProof", err)
		}
	})
}

// BenchmarkProve makes a whole proof of one of 10,000 people, and verifies it.
func BenchmarkProve(b *testing.B) {
	l, _ := history(b, &consent.Options{})
	for i := range 10_000 {
		if _, err := l.Refuse(b.Context(), l.Subject("shop-a", fmt.Sprint(i)), consent.Sizing); err != nil {
			b.Fatal(err)
		}
	}
	var proof []byte
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			proof = prove(b, l, consent.TryOnRender, noon, nil)
		}
	})
	b.Run("verify", func(b *testing.B) {
		pub := l.PublicKey()
		for b.Loop() {
			if _, err := consent.VerifyProof(proof, nil, pub); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Heartbeats are on no record, so a proof vouches for a session up to the first
// that was due, also where nobody has put its end on record.
func TestProveASession(t *testing.T) {
	l, c := history(t, &consent.Options{})
	ann, began := l.Subject("shop-a", "ann"), c.t
	g := yes(ann, began, consent.ProfileStore)
	g.Heartbeat, g.Until = time.Minute, began.Add(time.Hour)
	if _, err := l.Grant(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	c.t = began.Add(time.Hour)
	for _, row := range []struct {
		at   time.Duration
		want consent.Reason
	}{
		{0, consent.Granted},
		{time.Minute - time.Microsecond, consent.Granted},
		{time.Minute, consent.SessionEnded},
		{time.Hour - time.Microsecond, consent.SessionEnded},
		{time.Hour, consent.Expired},
	} {
		p, err := consent.VerifyProof(prove(t, l, consent.ProfileStore, began.Add(row.at), nil), nil, l.PublicKey())
		if err != nil || p.Reason != row.want || p.Heartbeat != time.Minute || p.Receipt == nil || p.Receipt.Seq() != 4 {
			t.Errorf("%v after: %+v, %v; want %q", row.at, p, err, row.want)
		}
	}
}
