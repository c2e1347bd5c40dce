package consent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Purpose is what data is used for: 1 to 64 of a-z, 0-9, '.', '_' and '-'.
type Purpose string

// The purposes fitveil itself knows. None implies another.
const (
	TryOnRender        Purpose = "tryon.render"         // draw a product on the person's photo
	Sizing             Purpose = "sizing"               // recommend a size
	ProfileStore       Purpose = "profile.store"        // keep measurements for the next visit
	GalleryPublish     Purpose = "gallery.publish"      // show a result to others
	TransferOutsideEEA Purpose = "transfer.outside_eea" // send to a recipient outside the European Economic Area
)

// ErrPurpose is returned for a purpose that is neither built in nor named in
// Options.Purposes, or that the tenant's profile does not have, so that a typing
// error is not taken for a person's answer.
var ErrPurpose = errors.New("unknown purpose")

// Basis is the lawful basis of a purpose, of GDPR Article 6.
type Basis string

// The bases there are. The zero Basis means Consent.
const (
	Consent            Basis = "consent"
	Contract           Basis = "contract"
	LegitimateInterest Basis = "legitimate-interest"
	LegalObligation    Basis = "legal-obligation"
)

// Role is what the shop's supplier is for a purpose.
type Role string

// The roles there are. The zero Role means Processor.
const (
	Processor       Role = "processor"
	Controller      Role = "controller"
	JointController Role = "joint-controller"
)

// Category is a kind of data, such as [Photo]. See [Category.IRI].
type Category string

// The categories fitveil itself handles.
const (
	Photo           Category = "photo"            // of a person
	SpacePhoto      Category = "space-photo"      // of a room, without people
	TryOnImage      Category = "tryon-image"      // a rendered result
	BodyMeasurement Category = "body-measurement" // height, chest, foot length ...
	SizeAdvice      Category = "size-advice"      // what was recommended
	Contact         Category = "contact"          // name, e-mail, telephone
	Identifier      Category = "identifier"       // pseudonyms, session ids, hashed addresses
	Usage           Category = "usage"            // what was clicked, counts
	Conversation    Category = "conversation"     // chats, calls, shared screens
	ConsentRecord   Category = "consent-record"   // this ledger
)

// Terms adds a purpose to those a ledger knows, or says what a purpose needs.
type Terms struct {
	Purpose Purpose
	// Notice and Versions name the text a consent must rest on to count today.
	// A consent to another text is denied as [PolicyChanged]. Empty: any.
	Notice   string
	Versions []string

	Basis      Basis
	Role       Role
	Categories []Category
	Recipients []string // third parties who may receive the data at all; nil: whoever the person agreed to
	Retention  Period   // how long it is kept, for the receipt; zero: not said

	// MinAge is how old one has to be to agree, in years; 0 means what the built-in
	// terms of the purpose say, negative no limit. Ages has other limits by
	// country (ISO 3166-1 alpha-2, see [Evidence]).
	MinAge int
	Ages   map[string]int
	// AgeUnstated accepts evidence that says nothing about age. Guardian accepts
	// a guardian's act for somebody younger.
	AgeUnstated, Guardian bool

	OwnPhoto    bool    // the evidence has to say that the photo is of the person
	BundledWith Purpose // a choice may be offered together with that one; see [Choice]
	Fresh       bool    // never answered from memory
}

// The age from which people may agree to online services themselves: GDPR
// Article 8, and what member states and neighbours made of it.
const digitalAge = 16

var digitalAges = map[string]int{
	"AT": 14, "BE": 13, "BG": 14, "CY": 14, "CZ": 15, "DK": 15, "EE": 13, "ES": 14, "FI": 13, "FR": 15, "GB": 13, "GR": 15,
	"IS": 13, "IT": 14, "LT": 14, "LV": 13, "MT": 13, "NO": 13, "PT": 13, "SE": 13, "SI": 15,
}

const adult = 18

// builtin are the terms of the purposes that fitveil knows. Photos are for
// adults; sizing without one is open to children whose guardian agrees.
func builtin() []Terms {
	return []Terms{
		{Purpose: TryOnRender, Categories: []Category{Photo, TryOnImage}, MinAge: adult, AgeUnstated: true},
		{Purpose: Sizing, Categories: []Category{BodyMeasurement, SizeAdvice}, MinAge: digitalAge, Ages: digitalAges, AgeUnstated: true, Guardian: true},
		{Purpose: ProfileStore, Categories: []Category{BodyMeasurement}, MinAge: digitalAge, Ages: digitalAges, AgeUnstated: true, Guardian: true},
		{Purpose: GalleryPublish, Role: JointController, Categories: []Category{TryOnImage}, MinAge: adult, AgeUnstated: true, Fresh: true},
		{Purpose: TransferOutsideEEA, Categories: []Category{Photo}, MinAge: adult, AgeUnstated: true, Fresh: true},
	}
}

// accepts reports whether a consent given on n counts under t.
func (t *Terms) accepts(id, version string) bool {
	return (t.Notice == "" || t.Notice == id) && (len(t.Versions) == 0 || slices.Contains(t.Versions, version))
}

// receives reports whether a third party may receive data for the purpose.
func (t *Terms) receives(to string) bool {
	return t.Recipients == nil || slices.Contains(t.Recipients, to)
}

// oldEnough reports whether somebody who is at least so old, or unknown (0), may
// agree in that country.
func (t *Terms) oldEnough(atLeast int, country string, guardian bool) bool {
	limit := t.MinAge
	if n, ok := t.Ages[country]; ok {
		limit = n
	}
	return limit <= 0 || atLeast >= limit || guardian && t.Guardian || atLeast == 0 && !guardian && t.AgeUnstated
}

// rules are the terms of a tenant by purpose.
type rules struct {
	of      map[Purpose]*rule
	outside map[string]bool          // recipients outside the EEA
	profile *Profile                 // nil: none
	by      *core                    // whose they are; nil: nobody's, and nothing under them is recalled
	last    atomic.Pointer[[]string] // recipients that somebody agreed to, see shared
}

// rule has a bit of its own, if it is among the first 64.
type rule struct {
	Terms
	bit uint64 // 0: beyond the 64th
}

func (r *rules) add(t Terms) {
	bit := uint64(1) << len(r.of) // 0 from the 65th on
	if old, ok := r.of[t.Purpose]; ok {
		bit = old.bit
	}
	t.Versions, t.Recipients = slices.Clone(t.Versions), slices.Clone(t.Recipients)
	t.Categories, t.Ages = slices.Clone(t.Categories), maps.Clone(t.Ages)
	if t.Basis == "" {
		t.Basis = Consent
	}
	if t.Role == "" {
		t.Role = Processor
	}
	r.of[t.Purpose] = &rule{t, bit}
}

// rulesOf merges what the caller says with the built-in purposes.
func rulesOf(given []Terms) (*rules, error) {
	all := &rules{of: make(map[Purpose]*rule)}
	for _, t := range builtin() {
		all.add(t)
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
		if t.Basis != "" && t.Basis.IRI() == "" || t.Role != "" && t.Role.IRI() == "" ||
			slices.ContainsFunc(t.Categories, func(c Category) bool { return c.IRI() == "" }) {
			return nil, fmt.Errorf("consent: purpose %q: unknown basis, role or category", t.Purpose)
		}
		if old, ok := all.of[t.Purpose]; ok {
			if t.MinAge == 0 {
				t.MinAge, t.Ages, t.AgeUnstated, t.Guardian = old.MinAge, old.Ages, old.AgeUnstated, old.Guardian
			}
			if t.Categories == nil {
				t.Categories = old.Categories
			}
			if t.Role == "" {
				t.Role = old.Role
			}
			t.Fresh = t.Fresh || old.Fresh
		}
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
