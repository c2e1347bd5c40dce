package boltstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

func TestFileIsTheOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("file modes are a POSIX thing")
	}
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v; want 0600", info.Mode().Perm(), err)
	}
}

func TestSecondOpener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = boltstore.Open(path, &boltstore.Options{Wait: 50 * time.Millisecond})
	if !errors.Is(err, boltstore.ErrInUse) {
		t.Errorf("second opener got %v, want ErrInUse", err)
	}
	for _, word := range []string{path, "one *Store inside a process", "database server"} {
		if !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = boltstore.Open(path, nil)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestForeignFile(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.db")
	db, err := bolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("accounts")); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.db")
	if err := os.WriteFile(short, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, text, short} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := boltstore.Open(path, nil)
		if !errors.Is(err, consent.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", filepath.Base(path), err)
			if err == nil {
				s.Close()
			}
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: Open changed a file that is not its own, %v", filepath.Base(path), err)
		}
	}
	if _, err := boltstore.Open(filepath.Join(dir, "no", "such", "dir.db"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

// TestDamagedFile cuts the file off and tears pages out of it. Whatever the
// store then says, it says: no panic, and no wrong answer.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(t, s)
	for i := range 40 {
		name := fmt.Sprint("person ", i)
		if _, err := l.Grant(t.Context(), grant(l.Subject("shop", name), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	try := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		damaged, err := boltstore.Open(path, &boltstore.Options{Wait: time.Millisecond})
		if err != nil {
			if !errors.Is(err, consent.ErrCorrupt) {
				t.Errorf("%s: %v, want ErrCorrupt", name, err)
			}
			return
		}
		defer damaged.Close()
		l := newLedger(t, damaged) // with other keys: every row it can read is not to be trusted
		for i := range 40 {
			d, err := l.Check(t.Context(), consent.Query{Subject: l.Subject("shop", fmt.Sprint("person ", i)), Purpose: consent.TryOnRender})
			if d.Allowed || err == nil && d.Reason != consent.NeverAsked {
				t.Errorf("%s: person %d: %s, %v", name, i, d.Reason, err)
			}
		}
		// These may go well or not; afterwards the store must still close.
		who := l.Subject("shop", "person 1")
		_, _ = l.Refuse(t.Context(), who, consent.Sizing)
		_, _ = l.Erase(t.Context(), who)
	}
	for at := 0; at < len(whole); at += page {
		try(fmt.Sprint("cut at ", at), whole[:at])
	}
	dice := rand.New(rand.NewPCG(1, 3))
	for at := 0; at+page <= len(whole); at += page {
		torn := bytes.Clone(whole)
		for i := range torn[at : at+page] {
			torn[at+i] = byte(dice.Uint32())
		}
		try(fmt.Sprint("noise in page at ", at), torn)
		clear(torn[at : at+page])
		try(fmt.Sprint("zeros in page at ", at), torn)
	}
}

// TestMovedValues puts values where others stood, each with the checksum it was
// written with, and takes a state away: no wrong answer may come of it.
func TestMovedValues(t *testing.T) {
	ann, bob := someone("ann"), someone("bob")
	at := func(who consent.Subject, seq ...byte) []byte { // the key of a state, or of an event
		id := who.Pseudonym()
		if len(seq) > 0 {
			return append(id[:], 0, 0, 0, 0, 0, 0, 0, seq[0])
		}
		return id[:]
	}
	for _, row := range []struct {
		name string
		bend func(states, events *bolt.Bucket) error
	}{
		{"another person's state", func(states, _ *bolt.Bucket) error { return states.Put(at(ann), bytes.Clone(states.Get(at(bob)))) }},
		{"another person's event", func(_, events *bolt.Bucket) error {
			return events.Put(at(ann, 1), bytes.Clone(events.Get(at(bob, 1))))
		}},
		{"another event", func(_, events *bolt.Bucket) error {
			return events.Put(at(ann, 1), bytes.Clone(events.Get(at(ann, 2))))
		}},
		{"an event gone", func(_, events *bolt.Bucket) error { return events.Delete(at(ann, 1)) }},
		{"state gone", func(states, _ *bolt.Bucket) error { return states.Delete(at(ann)) }},
	} {
		path := filepath.Join(t.TempDir(), "consent.db")
		s, err := boltstore.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []consent.Subject{ann, bob} {
			for seq := uint64(1); seq <= 2; seq++ {
				r := firstRecord()
				r.Seq = seq
				if err := s.Append(t.Context(), who, r); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		bendFile(t, path, row.bend)
		if s, err = boltstore.Open(path, nil); err != nil {
			t.Fatal(err)
		}
		_, last := s.Head(t.Context(), ann)
		for _, err := range s.Events(t.Context(), ann, 0) {
			last = errors.Join(last, err)
		}
		if !errors.Is(last, consent.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", row.name, last)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// bendFile changes what a closed store has of the shop.
func bendFile(t *testing.T, path string, bend func(states, events *bolt.Bucket) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		shop := tx.Bucket([]byte("t:shop"))
		return bend(shop.Bucket([]byte("state")), shop.Bucket([]byte("events")))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// A process that died between erasing and overwriting leaves what was erased in
// free pages; the next sweep, which begins with a list, makes that good.
func TestListOverwritesWhatIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	who := consent.NewSubject(bytes.Repeat([]byte{7}, 32), "shop", "ann")
	canary := []byte("the tiger of Bengal, whom nobody may find again")
	if err := s.Append(t.Context(), who, consent.Record{Seq: 1, Time: time.Now(), Event: canary, State: []byte("s")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bendFile(t, path, func(_, events *bolt.Bucket) error {
		k, _ := events.Cursor().First()
		return events.Delete(k)
	})
	found := func() bool {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(raw, canary)
	}
	if !found() {
		t.Fatal("nothing is left in free pages, so this shows nothing")
	}
	if s, err = boltstore.Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, err := range s.Subjects(t.Context(), "shop") {
		if err != nil {
			t.Fatal(err)
		}
	}
	if found() {
		t.Error("what was erased is still in the file")
	}
}
