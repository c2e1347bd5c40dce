package consent_test

import (
	"testing"

	"github.com/fitveil/fitveil/consent"
)

// TestSubjectOf files pseudonyms, as a queue does, and makes the subject again.
func TestSubjectOf(t *testing.T) {
	old, young := consent.NewSubject(make([]byte, 32), "shop", "jane"), consent.NewSubject([]byte("another key, of thirty-two bytes"), "shop", "jane")
	again := consent.SubjectOf("shop", young.Pseudonym(), old.Pseudonym())
	if !again.Equal(young) || again.Tenant() != "shop" || again.Pseudonym() != young.Pseudonym() {
		t.Error("another subject came back")
	}
	if all := again.All(); len(all) != 2 || !all[0].Equal(young) || !all[1].Equal(old) {
		t.Errorf("%d subjects came back", len(all))
	}
	if other := consent.SubjectOf("shop-b", young.Pseudonym()); other.Equal(young) {
		t.Error("two tenants share a subject")
	}
	for name, s := range map[string]consent.Subject{
		"no pseudonym":   consent.SubjectOf("shop"),
		"zeros":          consent.SubjectOf("shop", [32]byte{}),
		"zeros at last":  consent.SubjectOf("shop", young.Pseudonym(), [32]byte{}),
		"no tenant":      consent.SubjectOf("", young.Pseudonym()),
		"a tenant's end": consent.SubjectOf("shop\n", young.Pseudonym()),
	} {
		if !s.IsZero() {
			t.Errorf("%s gave somebody", name)
		}
	}
}
