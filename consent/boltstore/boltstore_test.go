package boltstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
