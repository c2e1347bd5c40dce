package merkle_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/consent/merkle"
)

// nodes is a database.
type nodes map[string][]byte

func (n nodes) Nodes(keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = n[string(k)]
	}
	return out, nil
}

func (n nodes) Put(key, node []byte) error {
	if len(node) == 0 {
		delete(n, string(key))
	} else {
		n[string(key)] = node // as a writer may
	}
	return nil
}

func hash(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func add(t testing.TB, n nodes, key [32]byte, record string) merkle.Hash {
	t.Helper()
	leaf := tlog.RecordHash([]byte(record))
	if _, err := merkle.Append(n, merkle.Step{Leaf: leaf, Key: key}); err != nil {
		t.Fatal(err)
	}
	return leaf
}

func head(t interface{ Fatal(...any) }, n nodes) merkle.Head {
	h, err := merkle.ReadHead(n)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// naive computes the map's root from what is in it, from the definition alone.
func naive(in map[[32]byte]merkle.Hash, depth int) merkle.Hash {
	if len(in) == 0 {
		return merkle.Hash{}
	}
	if len(in) == 1 {
		for k, v := range in {
			return sha256.Sum256(slices.Concat([]byte{0}, k[:], v[:]))
		}
	}
	sides := [2]map[[32]byte]merkle.Hash{{}, {}}
	for k, v := range in {
		sides[k[depth/8]>>(7-depth%8)&1][k] = v
	}
	l, r := naive(sides[0], depth+1), naive(sides[1], depth+1)
	return sha256.Sum256(slices.Concat([]byte{1}, l[:], r[:]))
}

// TestTrees grows and shrinks the trees and looks that roots are those of the
// definition and that every proof holds.
func TestTrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, grouped := nodes{}, nodes{}
		in := map[[32]byte]merkle.Hash{}
		var group []merkle.Step // the same steps, several at once
		together := func() {
			if first, err := merkle.Append(grouped, group...); err != nil || first != head(t, n).Size-int64(len(group)) {
				t.Fatal(first, err)
			}
			group = nil
		}
		var leaves []merkle.Hash
		var keys [][32]byte
		for i := range 24 {
			k := hash(fmt.Sprint(i))
			if i%3 > 0 { // keys that part late, within a page and pages deep
				k = keys[len(keys)-1]
				k[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
			keys = append(keys, k)
		}
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			k := rapid.SampledFrom(keys).Draw(t, "key")
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				together()
				if err := errors.Join(merkle.Remove(n, k), merkle.Remove(grouped, k)); err != nil {
					t.Fatal(err)
				}
				delete(in, k)
			} else {
				leaf := tlog.RecordHash(fmt.Append(nil, step))
				if at, err := merkle.Append(n, merkle.Step{Leaf: leaf, Key: k}); err != nil || at != int64(len(leaves)) {
					t.Fatal(at, err)
				}
				leaves, in[k] = append(leaves, leaf), leaf
				group = append(group, merkle.Step{Leaf: leaf, Key: k})
			}
			if rapid.IntRange(0, 9).Draw(t, "together") == 0 {
				together()
			}
		}
		together()
		if diff := cmp.Diff(n, grouped); diff != "" {
			t.Fatal("several steps at once left other nodes than one by one (-one +several):", diff)
		}
		h, err := merkle.ReadHead(n)
		if err != nil || h.Size != int64(len(leaves)) {
			t.Fatal(h.Size, err)
		}
		if again, err := merkle.Recompute(n); err != nil || again != h {
			t.Fatal("recomputed:", err)
		}
		if h.Size > 0 && h.Map != naive(in, 0) {
			t.Fatalf("the map's root is not that of its %d keys", len(in))
		}
		for _, k := range keys {
			value, branch, ok, err := merkle.ProveKey(n, k)
			want, there := in[k]
			if err != nil || ok != there || value != want {
				t.Fatal("key:", ok, there, err)
			}
			if ok && merkle.CheckKey(branch, h.Map, k, value) != nil {
				t.Fatal("a true branch does not hold")
			}
		}
		for i, leaf := range leaves {
			p, err := merkle.ProveRecord(n, h.Size, int64(i))
			if err != nil || merkle.CheckRecord(p, h, int64(i), leaf) != nil {
				t.Fatal("record", i, err)
			}
		}
	})
}

func TestFalseProofs(t *testing.T) {
	n := nodes{}
	keys := make([][32]byte, 50)
	for i := range keys {
		keys[i] = hash(fmt.Sprint(i))
		add(t, n, keys[i], fmt.Sprint("first of ", i))
	}
	then := head(t, n)
	old, oldBranch, _, err := merkle.ProveKey(n, keys[7])
	if err != nil {
		t.Fatal(err)
	}
	latest := add(t, n, keys[7], "second of 7")
	now := head(t, n)
	value, branch, ok, err := merkle.ProveKey(n, keys[7])
	if err != nil || !ok || value != latest {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"yesterday's value":          merkle.CheckKey(oldBranch, now.Map, keys[7], old),
		"another key":                merkle.CheckKey(branch, now.Map, keys[8], value),
		"another value":              merkle.CheckKey(branch, now.Map, keys[7], hash("x")),
		"a shorter branch":           merkle.CheckKey(branch[1:], now.Map, keys[7], value),
		"a longer branch":            merkle.CheckKey(append(slices.Clone(branch), merkle.Hash{}), now.Map, keys[7], value),
		"an endless branch":          merkle.CheckKey(make([]merkle.Hash, 257), now.Map, keys[7], value),
		"another record":             merkle.CheckRecord(nil, now, 3, hash("x")),
		"growth out of nothing":      merkle.CheckGrowth([]merkle.Hash{{}}, now, merkle.Head{}),
		"growth without a proof":     merkle.CheckGrowth(nil, now, then),
		"growth from something else": merkle.CheckGrowth(nil, now, merkle.Head{Size: now.Size, Log: hash("x")}),
	} {
		if !errors.Is(err, merkle.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	p, err := merkle.ProveGrowth(n, now.Size, then.Size)
	if err != nil || merkle.CheckGrowth(p, now, then) != nil {
		t.Error("the log has grown, and the proof does not hold", err)
	}
	if err := merkle.CheckGrowth(p, now, merkle.Head{Size: then.Size, Log: hash("another log")}); !errors.Is(err, merkle.ErrCorrupt) {
		t.Errorf("growth from another log: %v", err)
	}
}

// A node that was changed or lost is noticed before anything is built on it.
func TestDamagedNodes(t *testing.T) {
	n := nodes{}
	key := hash("ann")
	for i := range 200 {
		add(t, n, hash(fmt.Sprint(i)), fmt.Sprint(i))
	}
	add(t, n, key, "ann")
	for name := range maps.Clone(n) {
		if name[0] != 'm' && name[0] != 'h' {
			continue
		}
		bent := maps.Clone(n)
		bent[name] = slices.Clone(n[name])
		at := rand.IntN(len(bent[name]))
		if name[0] == 'h' {
			at = 8 + rand.IntN(32)
		}
		bent[name][at] ^= 1
		value, branch, ok, err := merkle.ProveKey(bent, key)
		if err == nil && ok && merkle.CheckKey(branch, head(t, n).Map, key, value) != nil {
			t.Errorf("node %q bent at %d: a proof that does not hold", name, at)
		}
	}
	// All of it recomputed, every changed node shows, but for those of the log
	// above its leaves that this size does not use.
	for i, name := range slices.Sorted(maps.Keys(n)) {
		bent := maps.Clone(n)
		bent[name] = slices.Clone(n[name])
		bent[name][len(bent[name])-1-i%8] ^= 1
		if _, err := merkle.Recompute(bent); !errors.Is(err, merkle.ErrCorrupt) && name[0] != 'l' {
			t.Errorf("node %q bent, and everything adds up: %v", name, err)
		}
	}
	for i := range int64(200) { // the last is a root by itself, and only a checkpoint shows that it changed
		name := "l" + string(binary.BigEndian.AppendUint64(nil, uint64(tlog.StoredHashIndex(0, i))))
		bent := maps.Clone(n)
		bent[name] = slices.Clone(n[name])
		bent[name][i%32] ^= 1
		if _, err := merkle.Recompute(bent); !errors.Is(err, merkle.ErrCorrupt) {
			t.Errorf("leaf %d bent, and everything adds up: %v", i, err)
		}
	}
	for _, size := range []int{0, 3, 4, 5, 40, 100} {
		bent := maps.Clone(n)
		bent["m"] = make([]byte, size)
		if _, _, _, err := merkle.ProveKey(bent, key); !errors.Is(err, merkle.ErrCorrupt) {
			t.Errorf("root page of %d zeros: %v", size, err)
		}
		bent["h"] = make([]byte, size)
		if _, err := merkle.ReadHead(bent); size != 40 && !errors.Is(err, merkle.ErrCorrupt) {
			t.Errorf("head of %d zeros: %v", size, err)
		}
	}
	delete(n, "l"+string(make([]byte, 8)))
	if _, err := merkle.ProveRecord(n, 201, 1); !errors.Is(err, merkle.ErrCorrupt) {
		t.Errorf("a log node is gone: %v", err)
	}
}

// BenchmarkProof proves one of a million records and checks the proof.
func BenchmarkProof(b *testing.B) {
	const size = 1 << 20
	n := nodes{}
	steps := make([]merkle.Step, 0, size)
	for i := range size {
		steps = append(steps, merkle.Step{Leaf: tlog.RecordHash(fmt.Append(nil, i)), Key: hash(fmt.Sprint(i))})
	}
	if _, err := merkle.Append(n, steps...); err != nil {
		b.Fatal(err)
	}
	h := head(b, n)
	// The median, because the mean of a machine with other work on it is that of
	// its scheduler.
	median := func(b *testing.B, one func(i int64) error) {
		took := make([]time.Duration, 0, 1<<16)
		b.ReportAllocs()
		for i := int64(0); b.Loop(); i = (i + 7919) % size {
			start := time.Now()
			err := one(i)
			if err != nil {
				b.Fatal(err)
			}
			if len(took) < cap(took) {
				took = append(took, time.Since(start))
			}
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	}
	record := func(i int64) error {
		p, err := merkle.ProveRecord(n, size, i)
		if err != nil {
			return err
		}
		return merkle.CheckRecord(p, h, i, steps[i].Leaf)
	}
	b.Run("record", func(b *testing.B) { median(b, record) })
	key := func(prove func(merkle.Reader, [32]byte) (merkle.Hash, []merkle.Hash, bool, error), i int64) error {
		value, branch, ok, err := prove(n, steps[i].Key)
		if err != nil || !ok {
			return errors.Join(err, errors.New("not there"))
		}
		return merkle.CheckKey(branch, h.Map, steps[i].Key, value)
	}
	b.Run("latest-alone", func(b *testing.B) { // with nothing kept
		median(b, func(i int64) error { return key(merkle.ProveKey, i) })
	})
	var p merkle.Prover // of a ledger that has made proofs before
	for i := range int64(32 << 10) {
		if err := key(p.ProveKey, i); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("latest", func(b *testing.B) {
		median(b, func(i int64) error { return key(p.ProveKey, i) })
	})
	b.Run("both", func(b *testing.B) { // as in each proof of a ledger
		median(b, func(i int64) error { return errors.Join(record(i), key(p.ProveKey, i)) })
	})
}
