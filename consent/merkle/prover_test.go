package merkle_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/consent/merkle"
)

// TestProofsStay holds roots and proofs to what they were when they were first
// handed out.
func TestProofsStay(t *testing.T) {
	n, sum := nodes{}, sha256.New()
	for i := range int64(1000) {
		add(t, n, hash(fmt.Sprint(i)), fmt.Sprint(i))
		if i%37 != 0 {
			continue
		}
		h := head(t, n)
		fmt.Fprintln(sum, h.Size, h.Log, h.Map)
		for leaf := range i + 1 {
			path, err := merkle.ProveRecord(n, h.Size, leaf)
			if err != nil {
				t.Fatal(err)
			}
			value, branch, ok, err := merkle.ProveKey(n, hash(fmt.Sprint(leaf*2)))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(sum, path, value, branch, ok)
		}
	}
	const was = "4870a524e2f4ffe8d6794ebc78fbfdb8610860f5e3287991a6396948a89fd1ac"
	if is := hex.EncodeToString(sum.Sum(nil)); is != was {
		t.Errorf("proofs are other bytes than they were: %s, want %s", is, was)
	}
}

// reading lets tlog read what a log has stored.
func reading(n nodes) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if copy(out[i][:], n["l"+string(binary.BigEndian.AppendUint64(nil, uint64(index)))]) != len(out[i]) {
				return nil, fmt.Errorf("no node %d", index)
			}
		}
		return out, nil
	}
}

// TestRecordsLikeTlog proves every leaf of logs of every size, as tlog does.
func TestRecordsLikeTlog(t *testing.T) {
	n := nodes{}
	for size := range int64(140) {
		for leaf := range size {
			want, err := tlog.ProveRecord(size, leaf, reading(n))
			if err != nil {
				t.Fatal(err)
			}
			got, err := merkle.ProveRecord(n, size, leaf)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("leaf %d of %d: %v, %d nodes, want %d", leaf, size, err, len(got), len(want))
			}
		}
		add(t, n, hash(fmt.Sprint(size)), fmt.Sprint(size))
	}
	for _, leaf := range []int64{-1, 140, 141} {
		if _, err := merkle.ProveRecord(n, 140, leaf); !errors.Is(err, merkle.ErrCorrupt) {
			t.Errorf("leaf %d of 140: %v", leaf, err)
		}
	}
}

// branchOf is the branch of the definition.
func branchOf(in map[[32]byte]merkle.Hash, key [32]byte, depth int) []merkle.Hash {
	if len(in) < 2 {
		return nil
	}
	sides := [2]map[[32]byte]merkle.Hash{{}, {}}
	for k, v := range in {
		sides[k[depth/8]>>(7-depth%8)&1][k] = v
	}
	own := key[depth/8] >> (7 - depth%8) & 1
	return append([]merkle.Hash{naive(sides[1-own], depth+1)}, branchOf(sides[own], key, depth+1)...)
}

// TestProver grows and shrinks the trees of two tenants and looks that one
// Prover says of both what the definition says, whatever it has kept.
func TestProver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p merkle.Prover
		tenants := [2]nodes{{}, {}}
		in := [2]map[[32]byte]merkle.Hash{{}, {}}
		keys := [][32]byte{hash("nobody")}
		for i := range 40 {
			k := hash(fmt.Sprint(i))
			if i%4 == 3 { // keys that part anywhere, also below what is kept
				k = keys[len(keys)-1]
				k[rapid.IntRange(0, 5).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
			keys = append(keys, k)
		}
		for step := range rapid.IntRange(1, 50).Draw(t, "steps") {
			at := rapid.IntRange(0, 1).Draw(t, "tenant")
			n, now := tenants[at], in[at]
			k := rapid.SampledFrom(keys[1:]).Draw(t, "key")
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				if err := merkle.Remove(n, k); err != nil {
					t.Fatal(err)
				}
				delete(now, k)
			} else {
				leaf := tlog.RecordHash(fmt.Append(nil, step))
				if _, err := merkle.Append(n, merkle.Step{Leaf: leaf, Key: k}); err != nil {
					t.Fatal(err)
				}
				now[k] = leaf
			}
			for range 4 {
				k := rapid.SampledFrom(keys).Draw(t, "asked")
				value, branch, ok, err := p.ProveKey(n, k)
				plain, plainBranch, plainOK, plainErr := merkle.ProveKey(n, k)
				want, there := now[k]
				if err != nil || plainErr != nil || ok != there || plainOK != there || value != want || plain != want {
					t.Fatal("key:", ok, plainOK, there, err, plainErr)
				}
				if diff := cmp.Diff(branch, plainBranch, cmpopts.EquateEmpty()); diff != "" {
					t.Fatal("branch (-kept +plain):", diff)
				}
				if there && !slices.Equal(branch, branchOf(now, k, 0)) {
					t.Fatal("not the branch of the definition")
				}
			}
		}
	})
}

// A page that was changed or lost is kept by no Prover, and one that is kept is
// not asked for again.
func TestProverDamage(t *testing.T) {
	n := nodes{}
	for i := range 3000 {
		add(t, n, hash(fmt.Sprint(i)), fmt.Sprint(i))
	}
	key := hash("7")
	value, branch, _, err := merkle.ProveKey(n, key)
	if err != nil {
		t.Fatal(err)
	}
	var kept merkle.Prover
	if _, _, _, err := kept.ProveKey(n, key); err != nil {
		t.Fatal(err)
	}
	for depth := range 4 {
		name := []byte("m")
		for d := range depth {
			name = append(name, key[d/2]>>(4*(1-d%2))&15)
		}
		page, ok := n[string(name)]
		if !ok {
			break
		}
		for _, at := range []int{0, 1, 2, 3, 4, 40, len(page) - 1} {
			if at >= len(page) {
				continue
			}
			bent := maps.Clone(n)
			bent[string(name)] = slices.Clone(page)
			bent[string(name)][at] ^= 1
			var fresh merkle.Prover
			for range 2 { // the second time, too
				if _, _, _, err := fresh.ProveKey(bent, key); !errors.Is(err, merkle.ErrCorrupt) {
					t.Errorf("page at depth %d bent at %d: %v", depth, at, err)
				}
			}
			if v, b, ok, err := fresh.ProveKey(n, key); err != nil || !ok || v != value || !slices.Equal(b, branch) {
				t.Errorf("page at depth %d mended: %v %v", depth, ok, err)
			}
			if v, b, ok, err := kept.ProveKey(bent, key); err != nil || !ok || v != value || !slices.Equal(b, branch) {
				t.Errorf("page at depth %d bent behind a Prover that has it: %v %v", depth, ok, err)
			}
		}
	}
}

// TestProverFull proves under more roots than a Prover keeps pages of, from
// several goroutines.
func TestProverFull(t *testing.T) {
	var p merkle.Prover
	var all sync.WaitGroup
	for tenant := range 4 {
		all.Go(func() {
			n := nodes{}
			for i := range 1600 {
				k := hash(fmt.Sprint(tenant, i))
				leaf := tlog.RecordHash(k[:])
				if _, err := merkle.Append(n, merkle.Step{Leaf: leaf, Key: k}); err != nil {
					t.Error(err)
					return
				}
				value, branch, ok, err := p.ProveKey(n, k)
				if err != nil || !ok || value != leaf {
					t.Error(tenant, i, ok, err)
					return
				}
				if i%16 > 0 {
					continue
				}
				if h, err := merkle.ReadHead(n); err != nil || merkle.CheckKey(branch, h.Map, k, value) != nil {
					t.Error("a branch does not hold", err)
					return
				}
			}
		})
	}
	all.Wait()
	if kept := p.Kept(); kept == 0 || kept > merkle.MostPages {
		t.Errorf("%d pages are kept, at most %d", kept, merkle.MostPages)
	}
}
