package sizing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/sizing"
)

func TestProfile(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	withdrawn := errors.New("withdrawn")
	var denied error
	o := sizing.ProfileOptions{Permit: func(context.Context) error { return denied }, Now: func() time.Time { return now }}
	p := sizing.NewProfile(o)
	adult := &sizing.Body{Sex: sizing.Female, Age: 34, Height: 168.25, Weight: 64, Bust: 92, Shape: sizing.Pear, Population: sizing.Active}
	child := &sizing.Body{Sex: sizing.Male, Age: 7, Height: 122, Weight: 24}
	for name, b := range map[string]*sizing.Body{"": adult, "son": child} {
		if err := p.Put(ctx, name, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Wear(ctx, "", "acme-tops", "M"); err != nil {
		t.Fatal(err)
	}
	file, err := p.Encode(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = sizing.OpenProfile(ctx, file, o); err != nil {
		t.Fatal(err)
	}
	got, err := p.Body(ctx, "")
	if err != nil || math.Abs(got.Age-34) > 0.1 || got.Height != adult.Height || got.Bust != adult.Bust || got.Shape != sizing.Pear || got.Source != sizing.Tape || got.Population != sizing.Active {
		t.Fatalf("the body came back changed (%v)", err)
	}
	if size, ok, err := p.Size(ctx, "", "acme-tops"); size != "M" || !ok || err != nil {
		t.Errorf("size %q %v %v", size, ok, err)
	}
	if list, _ := p.Persons(ctx); len(list) != 2 {
		t.Errorf("persons %q", list)
	}

	now = now.AddDate(0, 6, 0) // half a year: the child has grown
	if b, err := p.Body(ctx, "son"); err != nil || b.Height != 0 || math.Abs(b.Age-7.5) > 0.1 {
		t.Errorf("a child of half a year ago: age %.1f %v", b.Age, err)
	}
	if b, err := p.Body(ctx, ""); err != nil || b.Height != 168.25 || math.Abs(b.Age-34.5) > 0.1 {
		t.Errorf("an adult of half a year ago: %v", err)
	}

	denied = withdrawn
	for name, err := range map[string]error{
		"Put": p.Put(ctx, "", adult), "Wear": p.Wear(ctx, "", "a", "M"),
		"Body": func() error { _, err := p.Body(ctx, ""); return err }(), "Encode": func() error { _, err := p.Encode(ctx); return err }(),
		"Open": func() error { _, err := sizing.OpenProfile(ctx, file, o); return err }(), "Persons": func() error { _, err := p.Persons(ctx); return err }(),
	} {
		if !errors.Is(err, sizing.ErrNoConsent) || !errors.Is(err, withdrawn) {
			t.Errorf("%s after the withdrawal: %v", name, err)
		}
	}
	denied = nil
	if err := sizing.NewProfile(sizing.ProfileOptions{}).Put(ctx, "", adult); !errors.Is(err, sizing.ErrNoConsent) {
		t.Errorf("without a gate: %v", err)
	}

	now = now.AddDate(0, 7, 0) // thirteen months after
	if _, err := p.Body(ctx, ""); !errors.Is(err, sizing.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	if n := p.Sweep(); n != 1 {
		t.Errorf("swept %d", n)
	}
	long := o
	long.Keep = 5 * 365 * 24 * time.Hour
	if p, err = sizing.OpenProfile(ctx, file, long); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Body(ctx, ""); err != nil || b.Source != sizing.SelfReported {
		t.Errorf("a body of last year is as sure as ever (%v)", err)
	}
	p.Erase("")
	if _, err := p.Body(ctx, ""); !errors.Is(err, sizing.ErrPersons) {
		t.Errorf("erased: %v", err)
	}
	p.EraseAll()
	if list, _ := p.Persons(ctx); len(list) != 0 {
		t.Errorf("left: %q", list)
	}
}

func TestProfileRefuses(t *testing.T) {
	ctx := context.Background()
	o := sizing.ProfileOptions{Permit: func(context.Context) error { return nil }}
	for name, text := range map[string]string{
		"nothing": "", "another version": `{"fitveil_profile": 2}`, "a list": "[]", "null": `{"fitveil_profile": 1, "persons": {"": null}}`,
		"an impossible height": `{"fitveil_profile": 1, "persons": {"": {"measures": {"height": 1e9}}}}`,
		"an unknown measure":   `{"fitveil_profile": 1, "persons": {"": {"measures": {"iq": 100}}}}`,
		"a birth of no date":   `{"fitveil_profile": 1, "persons": {"": {"born": "soon"}}}`,
		"too long":             `{"fitveil_profile": 1, "persons": {"` + strings.Repeat("x", 1<<18) + `": {}}}`,
	} {
		if _, err := sizing.OpenProfile(ctx, []byte(text), o); !errors.Is(err, sizing.ErrProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := sizing.NewProfile(o)
	for i := range 17 {
		err := p.Put(ctx, fmt.Sprint(i), &sizing.Body{Height: 171})
		if (i < 16) != (err == nil) {
			t.Errorf("person %d: %v", i, err)
		}
	}
	if err := p.Put(ctx, "0", &sizing.Body{Height: -1}); err == nil {
		t.Error("an impossible body is stored")
	}
	text, err := json.Marshal(struct{ P *sizing.Profile }{p})
	if shown := fmt.Sprintf("%v %+v %#v", p, p, p) + string(text); err != nil || strings.Contains(shown, "171") {
		t.Errorf("printed: %s", shown)
	}
}
