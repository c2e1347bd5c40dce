package memstore_test

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// A store knows every pseudonym; printing one shows a fixed word.
func TestStorePrintsNobody(t *testing.T) {
	store := memstore.New()
	ledger, err := consent.New(store, &consent.Options{Keys: consent.GenerateKeys()})
	if err != nil {
		t.Fatal(err)
	}
	who := ledger.Subject("tenant-zebra", "customer-4711")
	if err := store.Append(t.Context(), who, consent.Record{Seq: 1, Time: time.Now(), Event: []byte("event-tiger"), State: []byte("state-lion")}); err != nil {
		t.Fatal(err)
	}
	id := who.Pseudonym()
	decimal := strings.Trim(fmt.Sprint(id[:4]), "[]")
	planted := []string{"zebra", "tiger", "lion", hex.EncodeToString(id[:4]), decimal, strings.Trim(fmt.Sprint([]byte("tiger")), "[]")}

	type holder struct {
		pointer *memstore.Store
		value   memstore.Store
		any     any
	}
	h := holder{store, *store, store}
	for _, v := range []any{store, *store, &store, h, &h, []any{h}, struct{ S *memstore.Store }{store}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%9.3v"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		for _, secret := range planted {
			if strings.Contains(strings.ToLower(out.String()), secret) {
				t.Errorf("%T prints %q", v, secret)
			}
		}
	}
	if got, want := fmt.Sprintf("%+v", store), "[memstore.Store]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
