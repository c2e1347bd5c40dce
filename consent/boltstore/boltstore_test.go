package boltstore_test

import (
	"path/filepath"
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
