package boltstore_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
	"github.com/fitveil/fitveil/consent/merkle"
)

// acknowledged is what a store has confirmed at some moment: how many events
// each person has.
type acknowledged map[string]uint64

// image is the file as the disk had it once everything up to then was synced.
type image struct {
	bytes []byte
	acked acknowledged
}

// film records consents and copies the file after each commit. Every so many
// events the journal is settled, which is a commit, too.
func film(t *testing.T, path string, keys consent.Keys, events, settle int) []image {
	t.Helper()
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := consent.New(s, &consent.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	acked := acknowledged{}
	var out []image
	shot := func() {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now := acknowledged{}
		maps.Copy(now, acked)
		out = append(out, image{data, now})
	}
	shot()
	for n := range events {
		name := fmt.Sprint("person ", n%7)
		who := l.Subject("shop", name)
		if n%5 == 4 {
			_, err = l.Withdraw(t.Context(), who)
		} else {
			_, err = l.Grant(t.Context(), grant(who, fmt.Sprint(n)))
		}
		if err != nil {
			t.Fatal(err)
		}
		acked[name]++
		shot()
		if n%settle == settle-1 {
			if err := s.Settle(); err != nil {
				t.Fatal(err)
			}
			shot()
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

const sector = 512

// crashImages makes what the disk may hold when the power fails during the
// commit that leads from a to b. bbolt writes new pages, syncs, then writes one
// of the two meta pages and syncs again. Before the first sync any of the
// sectors it wrote may have arrived or not, and the file may have grown or not;
// before the second all but the meta page have, and that may be torn.
func crashImages(a, b []byte, dice *rand.Rand) [][]byte {
	page := os.Getpagesize()
	grown := append(bytes.Clone(a), make([]byte, max(0, len(b)-len(a)))...)
	var written []int // sectors that differ, meta pages left out
	for at := 2 * page; at+sector <= len(b); at += sector {
		if !bytes.Equal(grown[at:at+sector], b[at:at+sector]) {
			written = append(written, at)
		}
	}
	var out [][]byte
	for _, share := range []float64{0, 0.1, 0.5, 0.9, 1} {
		img := bytes.Clone(grown)
		for _, at := range written {
			if dice.Float64() < share {
				copy(img[at:at+sector], b[at:])
			}
		}
		out = append(out, img)
		if share < 1 && dice.IntN(2) == 0 {
			out = append(out, img[:len(a)]) // it has not grown yet
		}
	}
	synced := bytes.Clone(grown)
	copy(synced[2*page:], b[2*page:])
	for range 4 { // the meta page, up to some byte
		img := bytes.Clone(synced)
		for meta := range 2 {
			n := dice.IntN(120)
			copy(img[meta*page:meta*page+n], b[meta*page:])
		}
		out = append(out, img)
	}
	return append(out, synced)
}

// TestCrashImages opens what a power failure may leave of each commit: what was
// acknowledged before it is there, of the commit itself all or nothing, and the
// trees add up.
func TestCrashImages(t *testing.T) {
	dir := t.TempDir()
	keys := consent.GenerateKeys()
	frames := film(t, filepath.Join(dir, "film.db"), keys, 20, 3)
	dice := rand.New(rand.NewPCG(2, 3))
	images, kept, lost := 0, 0, 0
	for n := 1; n < len(frames); n++ {
		before, after := frames[n-1], frames[n]
		for i, img := range crashImages(before.bytes, after.bytes, dice) {
			images++
			path := filepath.Join(dir, "image.db")
			if err := os.WriteFile(path, img, 0o600); err != nil {
				t.Fatal(err)
			}
			if wantOneOf(t, path, keys, before.acked, after.acked) {
				kept++
			} else {
				lost++
			}
			if t.Failed() {
				t.Fatalf("commit %d, image %d", n, i)
			}
		}
	}
	t.Logf("%d crash images of %d commits: the commit was there in %d, not there in %d, and never in part", images, len(frames)-1, kept, lost)
	if kept == 0 || lost == 0 {
		t.Error("the images show one outcome only")
	}
}

// wantOneOf opens the file and wants it to say what was acknowledged before the
// last commit, or after it, and reports whether it is the latter.
func wantOneOf(t *testing.T, path string, keys consent.Keys, before, after acknowledged) (isAfter bool) {
	t.Helper()
	s, err := boltstore.Open(path, &boltstore.Options{Wait: time.Millisecond})
	if err != nil {
		t.Errorf("does not open: %v", err)
		return false
	}
	defer s.Close()
	l, err := consent.New(s, &consent.Options{Keys: keys})
	if err != nil {
		t.Error(err)
		return false
	}
	total, found := int64(0), acknowledged{}
	for name := range after {
		who := l.Subject("shop", name)
		for e, err := range l.History(t.Context(), who) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return false
			}
			found[name] = e.Seq
			total++
		}
		d, err := l.Check(t.Context(), consent.Query{Subject: who, Purpose: consent.TryOnRender})
		if err != nil || d.Seq != found[name] {
			t.Errorf("%s: state at %d, events at %d, %v", name, d.Seq, found[name], err)
		}
	}
	same := func(want acknowledged) bool {
		for name := range after {
			if found[name] != want[name] {
				return false
			}
		}
		return true
	}
	if !same(before) && !same(after) {
		t.Errorf("neither before nor after the commit")
	}
	err = s.Trees(t.Context(), "shop", func(r merkle.Reader) error {
		head, err := merkle.Recompute(r)
		if err == nil && head.Size != total {
			err = fmt.Errorf("%d leaves, %d events", head.Size, total)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return same(after)
}
