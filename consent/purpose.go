package consent

import (
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Purpose is what data is used for: 1 to 64 of a-z, 0-9, '.', '_' and '-'.
type Purpose string

// The purposes fitveil itself knows. None implies another.
const (
	TryOnRender  Purpose = "tryon.render"  // draw a product on the person's photo
	Sizing       Purpose = "sizing"        // recommend a size
	ProfileStore Purpose = "profile.store" // keep measurements for the next visit
)

// ErrPurpose is returned for a purpose that is neither built in nor named in
// Options.Purposes, so that a typing error is not taken for a person's answer.
var ErrPurpose = errors.New("unknown purpose")

// Terms adds a purpose to those a ledger knows, or says which notice a
// purpose needs.
type Terms struct {
	Purpose Purpose
	// Notice and Versions name the text a consent must rest on to count today.
	// A consent to another text is denied as [PolicyChanged]. Empty: any.
	Notice   string
	Versions []string
}

// accepts reports whether a consent given on n counts under t.
func (t Terms) accepts(id, version string) bool {
	return (t.Notice == "" || t.Notice == id) && (len(t.Versions) == 0 || slices.Contains(t.Versions, version))
}

// rules are the terms by purpose. Of the first 64, each has a bit.
type rules map[Purpose]*rule

type rule struct {
	Terms
	bit uint64 // 0: beyond the 64th
}

func (r rules) add(t Terms) {
	bit := uint64(1) << len(r) // 0 from the 65th on
	if old, ok := r[t.Purpose]; ok {
		bit = old.bit
	}
	r[t.Purpose] = &rule{t, bit}
}

// rulesOf merges what the caller says with the built-in purposes.
func rulesOf(given []Terms) (rules, error) {
	all := make(rules)
	for _, p := range []Purpose{TryOnRender, Sizing, ProfileStore} {
		all.add(Terms{Purpose: p})
	}
	named := make(map[Purpose]bool, len(given))
	for _, t := range given {
		if !t.Purpose.valid() {
			return nil, fmt.Errorf("consent: purpose %q: want 1 to %d of a-z, 0-9, '.', '_', '-'", t.Purpose, maxPurpose)
		}
		if named[t.Purpose] {
			return nil, fmt.Errorf("consent: purpose %q has two terms", t.Purpose)
		}
		named[t.Purpose] = true
		t.Versions = slices.Clone(t.Versions)
		all.add(t)
	}
	return all, nil
}

const maxPurpose = 64

func (p Purpose) valid() bool {
	for _, c := range []byte(p) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return len(p) > 0 && len(p) <= maxPurpose
}

// maxText bounds every name and text in a record, in bytes.
const maxText = 128

// plainText reports whether s is 1 to maxText bytes of UTF-8 without control
// characters.
func plainText(s string) bool {
	if s == "" || len(s) > maxText || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
