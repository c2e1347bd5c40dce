package consenttest

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/consent"
)

// testPrints spells the store in every way that logs and errors do. It knows
// every pseudonym, and shows none: not by itself, nor where fmt cannot call its
// methods, in an unexported field.
func testPrints(t *testing.T, s consent.Store) {
	who := subject("tenant-zebra", "customer-4711")
	r := record("ann", 1)
	r.Event, r.State = []byte("event-tiger"), []byte("state-lion")
	if err := s.Append(t.Context(), who, r); err != nil {
		t.Fatal(err)
	}
	id := who.Pseudonym()
	decimal := func(b []byte) string { return strings.Trim(fmt.Sprint(b), "[]") }
	planted := []string{"zebra", "tiger", "lion", hex.EncodeToString(id[:4]), decimal(id[:4]), decimal([]byte("tiger"))}

	type holder struct{ Open, hidden any }
	values := []any{s}
	if v := reflect.ValueOf(s); v.Kind() == reflect.Pointer {
		values = append(values, v.Elem().Interface()) // what it points to, as a copy of it would print
	}
	for _, v := range values {
		for _, w := range []any{v, &v, []any{v}, holder{v, v}, &holder{v, v}} {
			var out strings.Builder
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%9.3v"} {
				fmt.Fprintf(&out, verb+"\n", w)
			}
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", w)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", w)
			text := strings.ToLower(out.String())
			for _, secret := range planted {
				if strings.Contains(text, secret) {
					t.Errorf("%T in %T prints %q", v, w, secret)
				}
			}
		}
	}
}
