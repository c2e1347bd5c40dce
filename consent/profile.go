package consent

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Profile is what one agreement promises, as data: which purposes there are, on
// which basis, who may receive what, and when it is erased. It is made by
// [LoadProfile], does not change, and is safe for use by many goroutines.
type Profile struct {
	doc        profileDoc
	withdrawal string
}

// The errors of a profile. All of them are [ErrProfile] as well.
var (
	ErrProfile           = errors.New("profile")
	ErrAmbiguousStage    = errors.New("two things are to happen at once, or something after the end")
	ErrNoEnd             = errors.New("data without an end")
	ErrLongerThanPromise = errors.New("longer than promised")
	ErrForbiddenPurpose  = errors.New("forbidden purpose")
	ErrContradiction     = errors.New("contradiction")
)

// profileDoc is the file. Every field is required unless its comment says otherwise.
type profileDoc struct {
	Name        string             `json:"name"`
	Version     int                `json:"version"`
	Title       string             `json:"title"`
	Strict      bool               `json:"strict,omitempty"`  // refuses bundling
	Images      string             `json:"images"`            // people, spaces or none: what pictures may show
	Regions     []string           `json:"regions,omitempty"` // where data may be kept; none: anywhere
	Withdrawal  string             `json:"withdrawal"`        // how to withdraw, for receipts
	Purposes    []profilePurpose   `json:"purposes"`
	Retention   []profileRetention `json:"retention"`
	Recipients  []profileRecipient `json:"recipients,omitempty"`
	BreachHours int                `json:"breach_hours"`         // notice of a breach
	NoticeDays  int                `json:"notice_days"`          // notice of a new recipient
	Unresolved  []string           `json:"unresolved,omitempty"` // what the agreement leaves open and this file decides
}

type profilePurpose struct {
	Purpose     Purpose    `json:"purpose"`
	Basis       Basis      `json:"basis"`
	Role        Role       `json:"role"`
	Categories  []Category `json:"categories"`
	Recipients  []string   `json:"recipients,omitempty"`
	Age         string     `json:"age"` // adult, digital-consent (GDPR Article 8, by country) or any
	AgeUnstated bool       `json:"age_unstated,omitempty"`
	Guardian    bool       `json:"guardian,omitempty"`
	OwnPhoto    bool       `json:"own_photo,omitempty"`
	BundledWith Purpose    `json:"bundled_with,omitempty"`
}

type profileRetention struct {
	Category Category       `json:"category"`
	Stages   []profileStage `json:"stages"`
	Shortest Period         `json:"shortest,omitzero"` // a tenant may shorten the first end to this
}

// profileStage is what happens to data at an age.
type profileStage struct {
	After   Period   `json:"after"`
	Do      string   `json:"do"`                // archive, anonymise or erase
	Roles   []string `json:"roles,omitempty"`   // of an archive: who may look
	Reasons []string `json:"reasons,omitempty"` // of an archive: for what
}

type profileRecipient struct {
	Name       string `json:"name"`
	Region     string `json:"region"`
	OutsideEEA bool   `json:"outside_eea,omitempty"`
}

const maxProfile = 1 << 20

// LoadProfile reads a profile and refuses one that contradicts itself. Errors:
// [ErrProfile], with the kind of mistake underneath where there is a word for it.
func LoadProfile(r io.Reader) (*Profile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
	if err != nil {
		return nil, fmt.Errorf("consent: %w: %w", ErrProfile, err)
	}
	p := new(Profile)
	if err := p.decode(data); err != nil {
		return nil, fmt.Errorf("consent: %w: %w", ErrProfile, err)
	}
	if err := p.doc.check(); err != nil {
		return nil, fmt.Errorf("consent: %w %q: %w", ErrProfile, p.doc.Name, err)
	}
	p.withdrawal = p.doc.Withdrawal
	return p, nil
}

func (p *Profile) decode(data []byte) error {
	if len(data) > maxProfile {
		return fmt.Errorf("over %d bytes", maxProfile)
	}
	if err := noTwins(json.NewDecoder(bytes.NewReader(data))); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p.doc); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the profile")
	}
	return nil
}

// noTwins refuses objects that have a key twice, of which a decoder would
// silently take the last.
func noTwins(d *json.Decoder) error {
	var keys []map[string]bool // of the objects we are in; nil for arrays
	expectKey := false
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				keys = append(keys, make(map[string]bool))
			case '[':
				keys = append(keys, nil)
			default:
				keys = keys[:len(keys)-1]
			}
			expectKey = len(keys) > 0 && keys[len(keys)-1] != nil
			continue
		case string:
			if expectKey {
				// Field names match in any case, so twins do, too.
				k, seen := strings.ToLower(t), keys[len(keys)-1]
				if seen[k] {
					return fmt.Errorf("%w: %q stands there twice", ErrContradiction, t)
				}
				seen[k], expectKey = true, false
				continue
			}
		}
		expectKey = len(keys) > 0 && keys[len(keys)-1] != nil
	}
}

//go:embed profiles/*.json
var profiles embed.FS

// BuiltinProfile returns a profile that comes with fitveil: strict and minimal,
// and one for each of five agreements that shops and their suppliers really
// sign, see [BuiltinProfiles].
func BuiltinProfile(name string) (*Profile, error) {
	f, err := profiles.Open("profiles/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("consent: %w: there is no %q; there are %s", ErrProfile, name, strings.Join(BuiltinProfiles(), ", "))
	}
	defer f.Close()
	return LoadProfile(f)
}

// BuiltinProfiles names the profiles that come with fitveil.
func BuiltinProfiles() []string {
	files, err := profiles.ReadDir("profiles")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".json"))
	}
	return names
}

// ID returns the profile's name and version, like "strict/1".
func (p *Profile) ID() string { return fmt.Sprintf("%s/%d", p.doc.Name, p.doc.Version) }

// Images returns what pictures may show under the profile: people, spaces or none.
func (p *Profile) Images() string { return p.doc.Images }

// Categories returns the kinds of data that the profile has a retention for.
func (p *Profile) Categories() []Category {
	out := make([]Category, 0, len(p.doc.Retention))
	for _, r := range p.doc.Retention {
		out = append(out, r.Category)
	}
	return out
}

// Keep returns how long data of a category may be in use: until it is archived,
// anonymised or erased, whichever comes first. ok is false for one that the
// profile does not have, which may not be kept at all.
func (p *Profile) Keep(c Category) (keep Period, ok bool) {
	for _, r := range p.doc.Retention {
		if r.Category == c {
			return r.Stages[0].After, true
		}
	}
	return Period{}, false
}

// Allows reports whether data may be kept in a region.
func (p *Profile) Allows(region string) bool {
	return len(p.doc.Regions) == 0 || slices.Contains(p.doc.Regions, region)
}

// MarshalJSON gives the profile as it was read, for reports.
func (p *Profile) MarshalJSON() ([]byte, error) { return json.Marshal(p.doc) }

// Shorten returns the profile with a shorter time for a category, as an
// agreement may let a tenant choose: never longer than promised, and not below
// what the profile calls its shortest. Errors: [ErrProfile],
// [ErrLongerThanPromise].
func (p *Profile) Shorten(c Category, to Period) (*Profile, error) {
	out := *p
	out.doc.Retention = slices.Clone(p.doc.Retention)
	for i, r := range out.doc.Retention {
		if r.Category != c {
			continue
		}
		switch {
		case to.Longer(r.Stages[0].After):
			return nil, fmt.Errorf("consent: %w %q: %s: %v: %w", ErrProfile, p.doc.Name, c, to, ErrLongerThanPromise)
		case r.Shortest.IsZero() || r.Shortest.Longer(to):
			return nil, fmt.Errorf("consent: %w %q: %s cannot be kept for as short as %v", ErrProfile, p.doc.Name, c, to)
		}
		r.Stages = slices.Clone(r.Stages)
		r.Stages[0].After = to
		out.doc.Retention[i] = r
		return &out, nil
	}
	return nil, fmt.Errorf("consent: %w %q: no retention of %q", ErrProfile, p.doc.Name, c)
}

// rules makes the profile's terms. given says which notices are in force.
func (p *Profile) rules(given []Terms) *rules {
	r := &rules{of: make(map[Purpose]*rule), outside: make(map[string]bool), profile: p}
	for _, to := range p.doc.Recipients {
		r.outside[to.Name] = to.OutsideEEA
	}
	for _, t := range p.Terms() {
		for _, g := range given {
			if g.Purpose == t.Purpose {
				t.Notice, t.Versions = g.Notice, g.Versions
			}
		}
		r.add(t)
	}
	return r
}

// Terms returns the purposes of the profile in its order, for a form that asks
// about those whose basis is [Consent]. Recipients that are empty are nobody.
func (p *Profile) Terms() []Terms {
	out := make([]Terms, 0, len(p.doc.Purposes))
	for _, d := range p.doc.Purposes {
		t := Terms{
			Purpose: d.Purpose, Basis: d.Basis, Role: d.Role, Categories: slices.Clone(d.Categories),
			Recipients:  append([]string{}, d.Recipients...),
			AgeUnstated: d.AgeUnstated, Guardian: d.Guardian, OwnPhoto: d.OwnPhoto, BundledWith: d.BundledWith,
			Fresh: d.Purpose == GalleryPublish || d.Purpose == TransferOutsideEEA,
		}
		switch d.Age {
		case ageAdult:
			t.MinAge = adult
		case ageDigital:
			t.MinAge, t.Ages = digitalAge, maps.Clone(digitalAges)
		}
		t.Retention = p.longest(d.Categories)
		out = append(out, t)
	}
	return out
}

// longest is how long a purpose keeps any of its data.
func (p *Profile) longest(categories []Category) (longest Period) {
	for _, c := range categories {
		if keep, _ := p.Keep(c); keep.Longer(longest) {
			longest = keep
		}
	}
	return longest
}

// rulesOfProfiles makes the rules of each tenant, nil without profiles.
func rulesOfProfiles(all map[string]*Profile, given []Terms) (map[string]*rules, error) {
	if len(all) == 0 {
		return nil, nil
	}
	out := make(map[string]*rules, len(all))
	for tenant, p := range all {
		if p == nil || tenant != "" && !plainText(tenant) {
			return nil, fmt.Errorf("consent: %w: a tenant without a name, or a profile that was not loaded", ErrProfile)
		}
		out[tenant] = p.rules(given)
	}
	for _, g := range given {
		bare := Terms{Purpose: g.Purpose, Notice: g.Notice, Versions: g.Versions}
		if fmt.Sprint(bare) != fmt.Sprint(g) {
			return nil, fmt.Errorf("consent: purpose %q: with profiles, Purposes says which notices count and nothing else", g.Purpose)
		}
	}
	return out, nil
}
