package memstore_test

import (
	"fmt"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/consenttest"
	"github.com/fitveil/fitveil/consent/memstore"
)

func TestStore(t *testing.T) {
	consenttest.Run(t, func(*testing.T) consent.Store { return memstore.New() })
}

// A store with the five methods and nothing else passes as well.
func TestStoreWithoutMore(t *testing.T) {
	consenttest.Run(t, func(*testing.T) consent.Store { return struct{ consent.Store }{memstore.New()} })
}

func TestPrintsAWord(t *testing.T) {
	if got, want := fmt.Sprintf("%+v", memstore.New()), "[memstore.Store]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
