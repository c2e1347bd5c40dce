package consenttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Durable is a store that outlives its process.
type Durable interface {
	consent.Store
	io.Closer
}

// RunDurable tests that what a store acknowledged is there when it is opened
// again, that it is nowhere in the folder after it was erased, and that a
// changed byte is never taken for what was written. open opens the store that
// keeps its files in dir, or makes it.
func RunDurable(t *testing.T, open func(dir string) (Durable, error)) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open func(dir string) (Durable, error))
	}{
		{"reopen", testReopen},
		{"closed", testClosed},
		{"erased bytes", testErasedBytes},
		{"changed bytes", testChangedBytes},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// opened opens the store and closes it when the test ends.
func opened(t *testing.T, dir string, open func(dir string) (Durable, error)) Durable {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // again, perhaps; testClosed looks at the error
	return s
}

func shut(t *testing.T, s Durable) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func testReopen(t *testing.T, open func(dir string) (Durable, error)) {
	dir := t.TempDir()
	ann, bob := subject("shop", "ann"), subject("other", "bob")
	for n := uint64(1); n <= 5; n++ {
		s := opened(t, dir, open)
		wantChain(t, s, ann, "ann", n-1)
		fill(t, s, ann, "ann", n, n)
		if n == 3 {
			fill(t, s, bob, "bob", 1, 1)
		}
		shut(t, s)
	}
	s := opened(t, dir, open)
	wantChain(t, s, ann, "ann", 5)
	wantChain(t, s, bob, "bob", 1)
	r := record("ann", 6)
	r.Nonce = record("ann", 1).Nonce
	if err := s.Append(t.Context(), ann, r); !errors.Is(err, consent.ErrReplay) {
		t.Errorf("nonce used before reopening: %v, want ErrReplay", err)
	}
	head, err := s.Head(t.Context(), bob)
	if want := record("", 5).Time; err != nil || !head.Time.Equal(want) {
		t.Errorf("the store is at %v, want %v (%v)", head.Time, want, err)
	}
	if _, err := s.Erase(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	s = opened(t, dir, open)
	wantChain(t, s, ann, "ann", 0)
	wantChain(t, s, bob, "bob", 1)
}

func testClosed(t *testing.T, open func(dir string) (Durable, error)) {
	s := opened(t, t.TempDir(), open)
	who := subject("shop", "ann")
	fill(t, s, who, "ann", 1, 1)
	shut(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := s.Head(t.Context(), who); err == nil {
		t.Error("a closed store answers")
	}
	if err := s.Append(t.Context(), who, record("ann", 2)); err == nil {
		t.Error("a closed store records")
	}
	if _, err := s.Erase(t.Context(), who); err == nil {
		t.Error("a closed store erases")
	}
	if err := s.Trees(t.Context(), "shop", func(merkle.Reader) error { return nil }); err == nil {
		t.Error("a closed store shows its trees")
	}
	n := 0
	for _, err := range s.Events(t.Context(), who, 0) {
		if n++; err == nil {
			t.Error("a closed store yields events")
		}
	}
	if n != 1 {
		t.Errorf("events of a closed store yielded %d times, want one error", n)
	}
}

// marked is a record with a marker in it that can be looked for in files.
func marked(who string, n uint64) consent.Record {
	r := record(who, n)
	mark := fmt.Sprintf("<<%s %d>>", who, n)
	r.Event = fmt.Appendf(nil, "%sevent%s", mark, bytes.Repeat([]byte(mark), 20))
	r.State = fmt.Appendf(nil, "%sstate%s", mark, bytes.Repeat([]byte(mark), 20))
	return r
}

// files reads all files under dir.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// testErasedBytes looks for what was erased in the files themselves.
func testErasedBytes(t *testing.T, open func(dir string) (Durable, error)) {
	dir := t.TempDir()
	s := opened(t, dir, open)
	people := []string{"ann", "bob", "cem", "dot"}
	for n := uint64(1); n <= 30; n++ {
		for _, p := range people {
			if err := s.Append(t.Context(), subject("shop", p), marked(p, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func(what []byte) (n int) {
		for _, data := range files(t, dir) {
			n += bytes.Count(data, what)
		}
		return n
	}
	pseudonym := func(p string) []byte { id := subject("shop", p).Pseudonym(); return id[:] }
	if count([]byte("<<bob ")) == 0 || count(pseudonym("bob")) == 0 {
		t.Skip("the store does not keep records as they are in its folder; nothing to look for")
	}
	for i, p := range people[:3] {
		if _, err := s.Erase(t.Context(), subject("shop", p)); err != nil {
			t.Fatal(err)
		}
		for _, gone := range people[:i+1] {
			if n := count([]byte("<<" + gone + " ")); n > 0 {
				t.Errorf("after erasing %s the files still hold %d pieces of %s", p, n, gone)
			}
			if n := count(pseudonym(gone)); n > 0 {
				t.Errorf("after erasing %s the files still hold the pseudonym of %s %d times", p, gone, n)
			}
		}
	}
	if count([]byte("<<dot 30>>")) == 0 {
		t.Error("erasing others took dot along")
	}
	shut(t, s)
	s = opened(t, dir, open)
	if head, err := s.Head(t.Context(), subject("shop", "dot")); err != nil || head.Seq != 30 {
		t.Errorf("dot is at %d after erasing others, %v; want 30", head.Seq, err)
	}
}

// testChangedBytes changes bytes in the files, one a time, and wants either the
// truth or an error.
func testChangedBytes(t *testing.T, open func(dir string) (Durable, error)) {
	dir := t.TempDir()
	who := subject("shop", "ann")
	s := opened(t, dir, open)
	const last = 3
	for n := uint64(1); n <= last; n++ {
		if err := s.Append(t.Context(), who, marked("ann", n)); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, s)
	hit := 0
	for path, data := range files(t, dir) {
		for _, what := range []string{"<<ann 1>>event", "<<ann 2>>event", "<<ann 3>>event", "<<ann 3>>state"} {
			for at := bytes.Index(data, []byte(what)); at >= 0; {
				hit++
				changed := bytes.Clone(data)
				changed[at+3] ^= 0x40
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
				wantTruthOrError(t, dir, open, who, last)
				next := bytes.Index(data[at+1:], []byte(what))
				if next < 0 {
					break
				}
				at += 1 + next
			}
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if hit == 0 {
		t.Skip("the store does not keep records as they are in its folder; nothing to change")
	}
	s = opened(t, dir, open)
	if head, err := s.Head(t.Context(), who); err != nil || head.Seq != last {
		t.Errorf("with its bytes back the store is at %d, %v", head.Seq, err)
	}
}

// wantTruthOrError reads everything about who.
func wantTruthOrError(t *testing.T, dir string, open func(dir string) (Durable, error), who consent.Subject, last uint64) {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		return
	}
	defer shut(t, s)
	head, err := s.Head(t.Context(), who)
	if err == nil && (head.Seq != last || !bytes.Equal(head.State, marked("ann", last).State)) {
		t.Errorf("a changed byte gave a wrong state: %d %.20q", head.Seq, head.State)
	}
	if err != nil && !errors.Is(err, consent.ErrCorrupt) {
		t.Errorf("head: %v, want ErrCorrupt", err)
	}
	n := uint64(0)
	for r, err := range s.Events(t.Context(), who, 0) {
		if err != nil {
			if !errors.Is(err, consent.ErrCorrupt) {
				t.Errorf("events: %v, want ErrCorrupt", err)
			}
			return
		}
		if n++; !bytes.Equal(r.Event, marked("ann", n).Event) {
			t.Errorf("a changed byte gave a wrong event: %d %.20q", r.Seq, r.Event)
		}
	}
	if n != last {
		t.Errorf("a changed byte lost events silently: %d of %d", n, last)
	}
}
