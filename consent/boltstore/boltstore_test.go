package boltstore_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
	"github.com/fitveil/fitveil/consent/consenttest"
)

func open(t testing.TB) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "consent.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	consenttest.Run(t, func(t *testing.T) consent.Store { return open(t) })
}

func TestStoreThatSettles(t *testing.T) {
	consenttest.Run(t, func(t *testing.T) consent.Store {
		s, err := boltstore.OpenSettling(filepath.Join(t.TempDir(), "consent.db"), 3)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}

func TestPrintsAWord(t *testing.T) {
	if got, want := fmt.Sprintf("%+v", open(t)), "[boltstore.Store]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func openDir(dir string) (consenttest.Durable, error) {
	return boltstore.Open(filepath.Join(dir, "consent.db"), nil)
}

func TestDurable(t *testing.T) { consenttest.RunDurable(t, openDir) }

// openSettling has kills hit the journal as well as its settling.
func openSettling(dir string) (consenttest.Durable, error) {
	return boltstore.OpenSettling(filepath.Join(dir, "consent.db"), 6)
}

// What [consenttest.RunDurable] looks for when it searches the file for erased
// bytes, and changes others, is in this store's file as it was written: if it
// were not those tests would be skipped.
func TestRecordsStandInTheFile(t *testing.T) {
	for name, open := range map[string]func(dir string) (consenttest.Durable, error){"at once": openDir, "settling": openSettling} {
		dir := t.TempDir()
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		who := consent.NewSubject(make([]byte, 32), "shop", "bob")
		id := who.Pseudonym()
		for n := range uint64(3) {
			mark := fmt.Appendf(nil, "<<bob %d>>", n+1)
			r := consent.Record{Seq: n + 1, Event: slices.Concat(mark, []byte("event")), State: slices.Concat(mark, []byte("state"))}
			if err := s.Append(t.Context(), who, r); err != nil {
				t.Fatal(err)
			}
		}
		look := func(when string, what ...string) {
			data, err := os.ReadFile(filepath.Join(dir, "consent.db"))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range what {
				if !bytes.Contains(data, []byte(w)) {
					t.Errorf("%s, %s: %q is not in the file", name, when, w)
				}
			}
		}
		look("open", "<<bob 3>>event", "<<bob 3>>state", string(id[:]))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		look("closed", "<<bob 1>>event", "<<bob 2>>event", "<<bob 3>>event", "<<bob 3>>state", string(id[:]))
	}
}

func TestCrash(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("killing at once is a POSIX thing; run this on Linux or macOS")
	}
	kills := 100
	if s := os.Getenv("FITVEIL_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	consenttest.RunCrash(t, kills, openSettling)
}
