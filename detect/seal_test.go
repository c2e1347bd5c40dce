package detect_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

func TestSeal(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *detect.SealOptions {
		return &detect.SealOptions{Now: func() time.Time { return now.Add(d) }}
	}
	photo := sanitized(t, 40, 30, 90)
	before, err := detect.Screen(t.Context(), finds, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := before.Seal(key, at(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"finds", "oneperson", "sha256"} {
		if bytes.Contains(seal, []byte(word)) {
			t.Errorf("the seal shows %q", word)
		}
	}

	// As another process does it: from the stored bytes.
	again, err := imageproc.Sanitize(t.Context(), bytes.NewReader(photo.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := detect.OpenScreened(key, seal, again, at(23*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Scene(), after.Scene()); diff != "" {
		t.Error(diff)
	}
	if after.Policy() != before.Policy() || after.SHA256() != before.SHA256() || after.Reviewed() || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%v became %v", before, after)
	}

	changed := bytes.Clone(seal)
	changed[len(changed)/2] ^= 1
	other := []byte(strings.Repeat("o", 32))
	for name, open := range map[string]func() (*detect.Screened, error){
		"changed":     func() (*detect.Screened, error) { return detect.OpenScreened(key, changed, photo, at(0)) },
		"cut":         func() (*detect.Screened, error) { return detect.OpenScreened(key, seal[:20], photo, at(0)) },
		"empty":       func() (*detect.Screened, error) { return detect.OpenScreened(key, nil, photo, at(0)) },
		"another key": func() (*detect.Screened, error) { return detect.OpenScreened(other, seal, photo, at(0)) },
		"expired":     func() (*detect.Screened, error) { return detect.OpenScreened(key, seal, photo, at(24*time.Hour)) },
		"another photo": func() (*detect.Screened, error) {
			return detect.OpenScreened(key, seal, sanitized(t, 40, 30, 91), at(0))
		},
	} {
		if s, err := open(); !errors.Is(err, detect.ErrSeal) || !s.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := detect.OpenScreened(key[:31], seal, photo, at(0)); err == nil || !s.IsZero() {
		t.Error("a short key opened it")
	}
	if s, err := detect.OpenScreened(key, seal, &imageproc.Clean{}, at(0)); err == nil || !s.IsZero() {
		t.Error("without a photo it opened")
	}
}

func TestSealRefuses(t *testing.T) {
	key := make([]byte, 32)
	if _, err := (&detect.Screened{}).Seal(key, nil); err == nil {
		t.Error("nothing was sealed")
	}
	s, err := detect.Screen(t.Context(), finds, sanitized(t, 40, 30, 90), detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, lasts := range []time.Duration{-1, 31 * 24 * time.Hour} {
		if _, err := s.Seal(key, &detect.SealOptions{For: lasts}); err == nil {
			t.Errorf("a seal for %v", lasts)
		}
	}
	if _, err := s.Seal(key[:16], nil); err == nil {
		t.Error("a short key")
	}
}
