package tryon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/tryon"
)

// The numbers and names of codes may be stored by shops; they never change.
func TestCodesAreStable(t *testing.T) {
	want := map[tryon.Code]string{
		0: "unknown", 1: "bad-request", 2: "no-consent", 3: "not-screened", 4: "policy-refused",
		5: "bad-photo", 6: "bad-product", 7: "blocked-input", 8: "blocked-output", 9: "blocked-prompt",
		10: "blocked-copyright", 11: "no-image", 12: "bad-output", 13: "unsupported", 14: "unauthenticated",
		15: "forbidden", 16: "rate-limited", 17: "quota-exhausted", 18: "model-retired", 19: "unavailable",
		20: "timeout", 21: "canceled", 22: "accepted-unknown", 23: "host-refused", 24: "internal",
		25: "agreement-refused", 26: "over-quota", 27: "undressed", 28: "drifted", 29: "store-failed", 30: "no-job",
		31: "code(31)",
	}
	for code, name := range want {
		if code.String() != name {
			t.Errorf("code %d is %q, want %q", uint8(code), code, name)
		}
		if code.Text() == "" {
			t.Errorf("code %d has no text", uint8(code))
		}
	}
}

// However an error is printed, what a backend put into it stays inside.
func TestErrorsPrintNothingPrivate(t *testing.T) {
	const key = "sk-live-0123456789"
	cause := fmt.Errorf("post https://api.renderer.example/v1?key=%s: %s", key, rawID)
	w := newWorld(t)
	backend := tryon.NewBackend(local("leaky"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		return nil, &tryon.Error{Code: tryon.Unavailable, Reason: tryon.Reason("at " + key), Err: cause}
	})
	var log bytes.Buffer
	var calls int
	client := newClient(t, &tryon.Options{
		Ledger: w.ledger, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Routes: routes(backend, tryon.NewBackend(local("second"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
			calls++
			return nil, cause
		})),
	})
	_, err := client.Render(t.Context(), w.permit, &w.request)
	if err == nil || calls != 1 {
		t.Fatalf("got %v after %d calls", err, calls)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause can't be reached")
	}
	encoded, jsonErr := json.Marshal(err)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	slog.New(slog.NewTextHandler(&log, nil)).Error("failed", "err", err)
	for _, s := range []string{
		err.Error(), fmt.Sprintf("%v|%+v|%#v|%s|%q|%x|%d|%t", err, err, err, err, err, err, err, err), string(encoded), log.String(),
	} {
		for _, secret := range []string{key, "renderer.example", rawID, "https"} {
			if strings.Contains(s, secret) {
				t.Errorf("%q shows %q", s, secret)
			}
		}
	}
	if !strings.Contains(log.String(), "unavailable") || !strings.Contains(log.String(), "leaky") {
		t.Errorf("the log does not name the fault: %s", log.String())
	}
	if want := "tryon: second: internal error"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestErrorText(t *testing.T) {
	e := &tryon.Error{Code: tryon.BadPhoto, Backend: "overlay", Reason: "turned-away"}
	if got, want := e.Error(), "tryon: overlay: photo refused: turned-away"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(e, tryon.ErrRefused) || errors.Is(e, tryon.ErrBlocked) || errors.Is(e, nil) {
		t.Error("wrong sentinel")
	}
	if got := fmt.Sprintf("%q", e); got != `"tryon: overlay: photo refused: turned-away"` {
		t.Errorf("got %s", got)
	}
}
