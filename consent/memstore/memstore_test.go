package memstore_test

import (
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/consenttest"
	"github.com/fitveil/fitveil/consent/memstore"
)

func TestStore(t *testing.T) {
	consenttest.Run(t, func(*testing.T) consent.Store { return memstore.New() })
}
