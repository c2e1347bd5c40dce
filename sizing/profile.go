package sizing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// profileVersion is what "fitveil_profile" says; every version ever written is read.
const profileVersion = 1

// Limits of a profile.
const (
	maxPersons      = 16
	maxProfileBytes = 1 << 18
	maxWear         = 64 // sizes kept per person
)

// Errors of Profile.
var (
	// ErrNoConsent means that the gate did not permit what was asked.
	ErrNoConsent = errors.New("sizing: profile: not permitted")
	// ErrProfile means bytes that are no profile of a version this package reads.
	ErrProfile = errors.New("sizing: profile: not a profile this version reads")
	// ErrExpired means that the person's entry is older than it may be kept.
	ErrExpired = errors.New("sizing: profile: expired")
	// ErrPersons means more than 16 persons, or a person the profile has not.
	ErrPersons = errors.New("sizing: profile: no such person, or too many")
)

// ProfileOptions configures NewProfile and OpenProfile.
type ProfileOptions struct {
	// Permit says whether the shopper consents to storing and using measurements, right now:
	// for a consent.Ledger, a function that asks it for a permit and uses it. It is asked before
	// every read, write and encoding. Required: without it nothing is permitted.
	Permit func(ctx context.Context) error
	// Keep is how long an entry lives after it was last put; default a year.
	Keep time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// A Profile stores the bodies and sizes of one account's persons. It never shows
// them without the gate's permission, forgets them in time and on request, and prints nothing.
//
// Bodies age: measurements grow less sure with time, an adult's slowly, and a child's height and
// girths are dropped after some months. Not safe for use by many goroutines.
type Profile struct {
	o       ProfileOptions
	persons map[string]*person1
}

// person1 is one person as version 1 stores it.
type person1 struct {
	At       time.Time          `json:"at"`
	Sex      Sex                `json:"sex,omitempty"`
	Born     string             `json:"born,omitempty"` // year and month, from the age given
	Source   Source             `json:"source,omitempty"`
	Shape    Shape              `json:"shape,omitempty"`
	People   Population         `json:"people,omitempty"`
	Measures map[string]float64 `json:"measures,omitempty"` // names of Measurements, cm; weight_kg
	Sizes    map[string]string  `json:"sizes,omitempty"`    // chart id → size that fits
}

// NewProfile returns an empty profile.
func NewProfile(o ProfileOptions) *Profile {
	if o.Keep <= 0 {
		o.Keep = 365 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Profile{o: o, persons: map[string]*person1{}}
}

func (p *Profile) permit(ctx context.Context) error {
	if p.o.Permit == nil {
		return ErrNoConsent
	}
	if err := p.o.Permit(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrNoConsent, err)
	}
	return nil
}

// Put stores what is known of a person, "" for the account's own, in place of what was.
// Clothes of Body.Wears are not stored; Wear stores sizes. Errors: ErrNoConsent,
// ErrPersons, *RangeError.
func (p *Profile) Put(ctx context.Context, person string, b *Body) error {
	if err := p.permit(ctx); err != nil {
		return err
	}
	if err := b.Validate(); err != nil {
		return err
	}
	e, err := p.entry(person)
	if err != nil {
		return err
	}
	now := p.o.Now()
	e.At, e.Sex, e.Source, e.Shape, e.People, e.Born = now, b.Sex, b.Source, b.Shape, b.Population, ""
	if b.Age != 0 {
		e.Born = now.AddDate(0, -int(math.Round(b.Age*12)), 0).Format("2006-01")
	}
	e.Measures = map[string]float64{}
	for i := range fieldWeight + 1 {
		if v := b.field(i); v != 0 {
			e.Measures[fieldName(i)] = v
		}
	}
	return nil
}

func (p *Profile) entry(person string) (*person1, error) {
	e := p.persons[person]
	if e == nil {
		if len(p.persons) >= maxPersons || len(person) > maxLabel {
			return nil, ErrPersons
		}
		e = &person1{}
		p.persons[person] = e
	}
	return e, nil
}

// Wear notes a size that fits a person, by chart. Errors: ErrNoConsent, ErrPersons.
func (p *Profile) Wear(ctx context.Context, person, chart, size string) error {
	if err := p.permit(ctx); err != nil {
		return err
	}
	e, err := p.entry(person)
	if err != nil {
		return err
	}
	if e.Sizes == nil {
		e.Sizes = map[string]string{}
	}
	if _, ok := e.Sizes[chart]; !ok && len(e.Sizes) >= maxWear || len(chart) > maxLabel || len(size) > maxLabel {
		return fmt.Errorf("%w: too many or too long sizes", ErrPersons)
	}
	e.Sizes[chart], e.At = size, p.o.Now()
	return nil
}

// How bodies drift. A child's measurements are no use after growing for this
// long; of an adult, a year adds as much doubt as a second tape at home.
const (
	childKeeps = 120 * 24 * time.Hour
	adultFirm  = 365 * 24 * time.Hour
)

// Body returns the person's body as it is today: as much older, girths and weight taken
// for self-reported after a year, a child's dropped after four months. Errors:
// ErrNoConsent, ErrPersons, ErrExpired (the entry is erased).
func (p *Profile) Body(ctx context.Context, person string) (*Body, error) {
	if err := p.permit(ctx); err != nil {
		return nil, err
	}
	now := p.o.Now()
	e := p.persons[person]
	switch {
	case e == nil:
		return nil, ErrPersons
	case now.Sub(e.At) > p.o.Keep:
		delete(p.persons, person)
		return nil, ErrExpired
	}
	b := &Body{Sex: e.Sex, Source: e.Source, Shape: e.Shape, Population: e.People}
	if born, err := time.Parse("2006-01", e.Born); err == nil {
		b.Age = clamp(now.Sub(born).Hours()/(24*365.25), 0, maxAge)
		if b.Age < minAge {
			b.Age = 0
		}
	}
	old := now.Sub(e.At)
	if b.Age != 0 && b.Age-old.Hours()/(24*365.25) < 18 && old > childKeeps {
		return b, nil
	}
	for name, v := range e.Measures {
		if err := b.Set(name, v); err != nil {
			return nil, err
		}
	}
	if old > adultFirm && b.Source == Tape {
		b.Source = SelfReported
	}
	return b, nil
}

// Size returns the size a person wears in a chart, if the profile knows it.
// Errors: ErrNoConsent, ErrPersons, ErrExpired.
func (p *Profile) Size(ctx context.Context, person, chart string) (size string, known bool, err error) {
	if _, err := p.Body(ctx, person); err != nil {
		return "", false, err
	}
	size, known = p.persons[person].Sizes[chart]
	return size, known, nil
}

// Persons lists the names of the profile's persons, sorted. Errors: ErrNoConsent.
func (p *Profile) Persons(ctx context.Context) ([]string, error) {
	if err := p.permit(ctx); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(p.persons)), nil
}

// Erase forgets a person. It needs no permission.
func (p *Profile) Erase(person string) { delete(p.persons, person) }

// EraseAll forgets everybody: what to do when consent is withdrawn. It needs no permission.
func (p *Profile) EraseAll() { clear(p.persons) }

// Sweep erases what has expired and says how many entries that were.
func (p *Profile) Sweep() int {
	n := len(p.persons)
	maps.DeleteFunc(p.persons, func(_ string, e *person1) bool { return p.o.Now().Sub(e.At) > p.o.Keep })
	return n - len(p.persons)
}

type jsonProfile struct {
	Version int                 `json:"fitveil_profile"`
	Persons map[string]*person1 `json:"persons"`
}

// Encode writes the profile as JSON, for a store that is yours and encrypted. Errors: ErrNoConsent.
func (p *Profile) Encode(ctx context.Context) ([]byte, error) {
	if err := p.permit(ctx); err != nil {
		return nil, err
	}
	return json.Marshal(jsonProfile{profileVersion, p.persons})
}

// OpenProfile reads what Encode wrote; expired entries are left out. Errors:
// ErrNoConsent, ErrProfile.
func OpenProfile(ctx context.Context, data []byte, o ProfileOptions) (*Profile, error) {
	p := NewProfile(o)
	if err := p.permit(ctx); err != nil {
		return nil, err
	}
	var j jsonProfile
	if len(data) > maxProfileBytes || json.Unmarshal(data, &j) != nil || j.Version != profileVersion || len(j.Persons) > maxPersons {
		return nil, ErrProfile
	}
	for name, e := range j.Persons {
		if e == nil || !e.valid() || len(name) > maxLabel {
			return nil, ErrProfile
		}
		p.persons[name] = e
	}
	p.Sweep()
	return p, nil
}

// valid reports whether an entry holds what Put and Wear write.
func (e *person1) valid() bool {
	b := Body{Sex: e.Sex, Source: e.Source, Shape: e.Shape, Population: e.People}
	for name, v := range e.Measures {
		if strings.TrimSpace(name) == "" || b.Set(name, v) != nil {
			return false
		}
	}
	if _, err := time.Parse("2006-01", e.Born); err != nil && e.Born != "" {
		return false
	}
	for chart, size := range e.Sizes {
		if len(chart) > maxLabel || len(size) > maxLabel {
			return false
		}
	}
	return len(e.Sizes) <= maxWear && b.Validate() == nil
}

// Format implements fmt.Formatter for every verb.
func (p *Profile) Format(f fmt.State, _ rune) { redact(f, "Profile") }

// LogValue implements slog.LogValuer.
func (p *Profile) LogValue() slog.Value { return slog.StringValue("sizing.Profile{redacted}") }

// MarshalJSON implements json.Marshaler. Encode writes the profile.
func (p *Profile) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote("sizing.Profile{redacted}")), nil
}
