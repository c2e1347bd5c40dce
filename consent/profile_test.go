package consent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func builtin(t testing.TB, name string) *consent.Profile {
	t.Helper()
	p, err := consent.BuiltinProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltinProfiles(t *testing.T) {
	want := []string{"conversation", "minimal", "photo-tryon", "recommendation", "room-render", "sizing-archive", "strict"}
	if diff := cmp.Diff(want, consent.BuiltinProfiles()); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for _, name := range want {
		p := builtin(t, name)
		if p.ID() != name+"/1" {
			t.Errorf("%s calls itself %s", name, p.ID())
		}
		for _, c := range p.Categories() {
			if keep, ok := p.Keep(c); !ok || keep.IsZero() {
				t.Errorf("%s keeps %s for %v", name, c, keep)
			}
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := consent.LoadProfile(bytes.NewReader(again)); err != nil || q.ID() != p.ID() {
			t.Errorf("%s does not survive being written: %v", name, err)
		}
	}
	if _, err := consent.BuiltinProfile("../profile"); !errors.Is(err, consent.ErrProfile) {
		t.Errorf("a name that is a path: %v", err)
	}
}

// The documentation promises that all five agreements are on in under thirty
// lines: those of ExampleBuiltinProfile, counted up to the ledger.
func TestFiveAgreementsInUnderThirtyLines(t *testing.T) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "example_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "ExampleBuiltinProfile" {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "New" {
				lines = files.Position(call.Pos()).Line - files.Position(fn.Pos()).Line
			}
			return true
		})
	}
	if lines == 0 || lines >= 30 {
		t.Errorf("%d lines, want under 30", lines)
	}
}

// Contradictions are refused when a profile is loaded, each by its name.
func TestContradictoryProfiles(t *testing.T) {
	good, err := os.ReadFile("profiles/photo-tryon.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, old, new string
		want           error
	}{
		{"archived and erased at once", `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}]`, `{"category": "photo", "stages": [{"after": "P90D", "do": "archive", "roles": ["legal"], "reasons": ["litigation"]}, {"after": "P90D", "do": "erase"}]`, consent.ErrAmbiguousStage},
		{"archived after erasure", `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}]`, `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}, {"after": "P1Y", "do": "erase"}]`, consent.ErrAmbiguousStage},
		{"two retentions", `{"category": "identifier"`, `{"category": "photo"`, consent.ErrAmbiguousStage},
		{"archived for ever", `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}]`, `{"category": "photo", "stages": [{"after": "P90D", "do": "archive", "roles": ["legal"], "reasons": ["litigation"]}]`, consent.ErrNoEnd},
		{"an open archive", `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}]`, `{"category": "photo", "stages": [{"after": "P90D", "do": "archive"}, {"after": "P1Y", "do": "erase"}]`, nil},
		{"no stages", `{"category": "photo", "stages": [{"after": "P90D", "do": "erase"}]`, `{"category": "photo", "stages": []`, consent.ErrNoEnd},
		{"data without retention", `"categories": ["photo", "tryon-image", "identifier"]`, `"categories": ["photo", "usage"]`, consent.ErrNoEnd},
		{"shortest above the promise", `"shortest": "PT24H"`, `"shortest": "P91D"`, consent.ErrLongerThanPromise},
		{"spaces only, and people", `"images": "people"`, `"images": "spaces"`, consent.ErrContradiction},
		{"a region without a name", `"images": "people"`, `"images": "people", "regions": ["EEA", ""]`, nil},
		{"no word on images", `"images": "people"`, `"images": ""`, nil},
		{"no basis", `"basis": "consent", "role": "processor", "categories": ["photo", "tryon-image", "identifier"]`, `"basis": "", "role": "processor", "categories": ["photo"]`, nil},
		{"a photo without consent", `"basis": "consent", "role": "processor", "categories": ["photo", "tryon-image", "identifier"]`, `"basis": "contract", "role": "processor", "categories": ["photo"]`, consent.ErrContradiction},
		{"transfer without consent", `"purpose": "transfer.outside_eea", "basis": "consent"`, `"purpose": "transfer.outside_eea", "basis": "contract"`, consent.ErrContradiction},
		{"transfer without its purpose", `"purpose": "transfer.outside_eea"`, `"purpose": "transfer"`, consent.ErrContradiction},
		{"gallery of one controller", `"purpose": "transfer.outside_eea"`, `"purpose": "gallery.publish"`, consent.ErrContradiction},
		{"bundled though strict", `"age": "adult", "own_photo": true`, `"age": "adult", "bundled_with": "transfer.outside_eea"`, consent.ErrBundled},
		{"forbidden", `"purpose": "tryon.render"`, `"purpose": "biometric.identify"`, consent.ErrForbiddenPurpose},
		{"unknown recipient", `"recipients": ["model"]`, `"recipients": ["somebody"]`, nil},
		{"where is it", `"region": "US", "outside_eea": true`, `"region": "EEA", "outside_eea": true`, consent.ErrContradiction},
		{"any age, and a guardian", `"age": "adult", "own_photo": true`, `"age": "any", "guardian": true`, consent.ErrContradiction},
		{"unknown category", `"photo", "tryon-image", "identifier"`, `"face-print"`, nil},
		{"unknown field", `"strict": true`, `"strickt": true`, nil},
		{"a field twice", `"strict": true`, `"strict": true, "Strict": false`, consent.ErrContradiction},
		{"a field twice, deeper", `"region": "US", `, `"region": "US", "region": "EEA", `, consent.ErrContradiction},
		{"something behind", `"version": 1,`, `"version": 1}{`, nil},
		{"no version", `"version": 1`, `"version": 0`, nil},
		{"a period of words", `"P90D"`, `"ninety days"`, nil},
		{"breach of no hours", `"breach_hours": 24`, `"breach_hours": 0`, nil},
	} {
		if !bytes.Contains(good, []byte(row.old)) {
			t.Fatalf("%s: the profile has no %s", row.name, row.old)
		}
		bad := bytes.Replace(good, []byte(row.old), []byte(row.new), 1)
		_, err := consent.LoadProfile(bytes.NewReader(bad))
		if !errors.Is(err, consent.ErrProfile) || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
}

func TestShorten(t *testing.T) {
	p := builtin(t, "photo-tryon")
	for _, row := range []struct {
		to   string
		want error
	}{
		{"PT24H", nil}, {"P30D", nil}, {"P90D", nil}, {"PT23H", consent.ErrProfile}, {"P91D", consent.ErrLongerThanPromise}, {"P3M", consent.ErrLongerThanPromise},
	} {
		to, err := consent.ParsePeriod(row.to)
		if err != nil {
			t.Fatal(err)
		}
		q, err := p.Shorten(consent.Photo, to)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.to, err, row.want)
		}
		if err == nil {
			if keep, _ := q.Keep(consent.Photo); keep != to {
				t.Errorf("%s: keeps %v", row.to, keep)
			}
		}
	}
	if keep, _ := p.Keep(consent.Photo); keep.String() != "P90D" {
		t.Errorf("the profile itself changed: %v", keep)
	}
	if _, err := p.Shorten(consent.Conversation, consent.Period{Days: 1}); !errors.Is(err, consent.ErrProfile) {
		t.Errorf("a category that is not there: %v", err)
	}
}

// adultYes is a grant that every profile with the purpose accepts.
func adultYes(who consent.Subject, at time.Time, p ...consent.Purpose) consent.Grant {
	g := yes(who, at, p...)
	g.Evidence.AtLeast, g.Evidence.OwnPhoto = 18, true
	return g
}

func TestProfilesByTenant(t *testing.T) {
	ctx := t.Context()
	l := newLedger(t, memstore.New(), &consent.Options{
		Profiles: map[string]*consent.Profile{"photos": builtin(t, "photo-tryon"), "rooms": builtin(t, "room-render"), "talk": builtin(t, "conversation")},
		Purposes: []consent.Terms{{Purpose: consent.TryOnRender, Notice: "tryon"}},
	})
	who := func(tenant string) consent.Subject { return l.Subject(tenant, "ann") }
	now := time.Now()
	for _, row := range []struct {
		name string
		g    consent.Grant
		want error
	}{
		{"no word on age", yes(who("photos"), now, consent.TryOnRender), consent.ErrAge},
		{"not said to be one's own photo", func() consent.Grant {
			g := adultYes(who("photos"), now, consent.TryOnRender)
			g.Evidence.OwnPhoto = false
			return g
		}(), consent.ErrEvidence},
		{"complete", adultYes(who("photos"), now, consent.TryOnRender), nil},
		{"another tenant's purpose", adultYes(who("rooms"), now, consent.TryOnRender), consent.ErrPurpose},
		{"a purpose of no agreement", adultYes(who("photos"), now, consent.ProfileStore), consent.ErrPurpose},
		{"a recipient of no agreement", func() consent.Grant {
			g := adultYes(who("photos"), now, consent.TryOnRender)
			g.Recipients = []string{"somebody"}
			return g
		}(), consent.ErrEvidence},
		{"a tenant without an agreement", adultYes(who("nobody"), now, consent.TryOnRender), consent.ErrTenant},
		{"declared bundle", func() consent.Grant {
			g := adultYes(who("talk"), now, "conversation", "conversation.mirror")
			g.Evidence.Choices[0].Together, g.Evidence.Choices[1].Together = "chat", "chat"
			return g
		}(), nil},
		{"undeclared bundle", func() consent.Grant {
			g := adultYes(who("talk"), now, "conversation", "conversation.cobrowse")
			g.Evidence.Choices[0].Together, g.Evidence.Choices[1].Together = "chat", "chat"
			return g
		}(), consent.ErrBundled},
	} {
		if _, err := l.Grant(ctx, row.g); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
	check := func(tenant string, p consent.Purpose, to ...string) consent.Reason {
		d, err := l.Check(ctx, consent.Query{Subject: who(tenant), Purpose: p, Recipients: to})
		if d.Allowed != (d.Reason == consent.Granted || d.Reason == consent.OtherBasis) || d.Allowed && err != nil {
			t.Errorf("%s %s: %+v, %v", tenant, p, d, err)
		}
		return d.Reason
	}
	for _, row := range []struct {
		tenant string
		p      consent.Purpose
		to     []string
		want   consent.Reason
	}{
		{"photos", consent.TryOnRender, nil, consent.Granted},
		{"photos", consent.TryOnRender, []string{"model"}, consent.RecipientBlocked},
		{"rooms", "room.render", nil, consent.OtherBasis},
		{"rooms", "room.render", []string{"renderer"}, consent.TransferBlocked},
		{"rooms", "room.render", []string{"somebody"}, consent.RecipientBlocked},
		{"rooms", consent.GalleryPublish, nil, consent.NeverAsked},
		{"rooms", consent.TryOnRender, nil, consent.BadQuery},
		{"nobody", consent.TryOnRender, nil, consent.BadQuery},
	} {
		if got := check(row.tenant, row.p, row.to...); got != row.want {
			t.Errorf("%s %s %v: %q, want %q", row.tenant, row.p, row.to, got, row.want)
		}
	}
	// Outside the EEA only with the consent to that, for that recipient.
	g := adultYes(who("photos"), time.Now(), consent.TryOnRender)
	g.Recipients = []string{"model", "model-eu"}
	if _, err := l.Grant(ctx, g); err != nil {
		t.Fatal(err)
	}
	if got := check("photos", consent.TryOnRender, "model-eu"); got != consent.Granted {
		t.Errorf("within the EEA: %q", got)
	}
	if got := check("photos", consent.TryOnRender, "model"); got != consent.TransferBlocked {
		t.Errorf("outside, without a consent to that: %q", got)
	}
	transfer := adultYes(who("photos"), time.Now(), consent.TransferOutsideEEA)
	transfer.Recipients = []string{"model"}
	if _, err := l.Grant(ctx, transfer); err != nil {
		t.Fatal(err)
	}
	if got := check("photos", consent.TryOnRender, "model", "model-eu"); got != consent.Granted {
		t.Errorf("outside, with it: %q", got)
	}
	if _, err := l.Withdraw(ctx, who("photos"), consent.TransferOutsideEEA); err != nil {
		t.Fatal(err)
	}
	if got := check("photos", consent.TryOnRender, "model"); got != consent.TransferBlocked {
		t.Errorf("outside, with it taken back: %q", got)
	}
	// An objection counts whatever the basis.
	if _, err := l.Refuse(ctx, who("rooms"), "room.render"); err != nil {
		t.Fatal(err)
	}
	if got := check("rooms", "room.render"); got != consent.Refused {
		t.Errorf("after an objection: %q", got)
	}
}

// A receipt under an agreement says in the fields of ISO/IEC TS 27560 what was
// agreed to; and the same grant sent again, under the next agreement, gets it.
func TestReceiptUnderAProfile(t *testing.T) {
	keys, store := consent.GenerateKeys(), memstore.New()
	l := newLedger(t, store, &consent.Options{Keys: keys, Profiles: map[string]*consent.Profile{"": builtin(t, "strict")}})
	g := adultYes(l.Subject("shop", "ann"), time.Now(), consent.TryOnRender)
	r, err := l.Grant(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Body map[string]any }
	if err := json.Unmarshal(r.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	processing := map[string]any{
		"lawful_basis": "https://w3id.org/dpv#Consent", "purpose": "tryon.render", "purpose_type": "https://fitveil.dev/vocabulary#VirtualTryOn",
		"pii_categories":          []any{"https://w3id.org/dpv/pd#Picture", "https://fitveil.dev/vocabulary#TryOnImage"},
		"recipient_third_parties": []any{}, "retention_period": "PT24H", "role": "https://w3id.org/dpv#DataProcessor",
	}
	for field, want := range map[string]any{
		"schema_version": "fitveil-consent-receipt/1", "profile": "strict/1", "event_type": "granted",
		"event_state": "https://w3id.org/dpv#ConsentGiven", "consent_type": "https://w3id.org/dpv#ExplicitlyExpressedConsent",
		"storage_locations": []any{"EEA"}, "withdrawal_method": "the withdraw link beside the picture, or a message to the shop",
		"pii_processing": []any{processing},
	} {
		if diff := cmp.Diff(want, doc.Body[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	for _, field := range []string{"record_id", "pii_principal_id", "event_time"} {
		if s, ok := doc.Body[field].(string); !ok || s == "" {
			t.Errorf("%s is missing", field)
		}
	}
	next := newLedger(t, store, &consent.Options{Keys: keys, Profiles: map[string]*consent.Profile{"": builtin(t, "minimal")}})
	again, err := next.Grant(t.Context(), g)
	if err != nil || !bytes.Equal(again.Bytes(), r.Bytes()) {
		t.Errorf("sent again: %v, or another receipt", err)
	}
}

// One form may name the recipients of several purposes. Each purpose has its own
// of them, also when its terms later allow more.
func TestRecipientsByPurpose(t *testing.T) {
	ctx := t.Context()
	keys, store := consent.GenerateKeys(), memstore.New()
	profiles := map[string]*consent.Profile{"photos": builtin(t, "photo-tryon"), "talk": builtin(t, "conversation")}
	l := newLedger(t, store, &consent.Options{Keys: keys, Profiles: profiles})
	const call, talk = consent.Purpose("call"), consent.Purpose("conversation")
	grant := func(tenant, name string, to []string, refused consent.Purpose, p ...consent.Purpose) (*consent.Receipt, error) {
		g := adultYes(l.Subject(tenant, name), time.Now(), p...)
		g.Recipients = to
		if refused != "" {
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: refused})
		}
		return l.Grant(ctx, g)
	}
	r, err := grant("photos", "ann", []string{"model-eu", "model"}, "", consent.TryOnRender, consent.TransferOutsideEEA)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"purpose":"tryon.render","purpose_type":"https://fitveil.dev/vocabulary#VirtualTryOn","recipient_third_parties":["model","model-eu"]`,
		`"purpose_type":"https://fitveil.dev/vocabulary#TransferOutsideEEA","recipient_third_parties":["model"]`,
		`"recipients":["model","model-eu"]`,
	} {
		if !bytes.Contains(r.Bytes(), []byte(part)) {
			t.Errorf("the receipt does not say %s:\n%s", part, r.Bytes())
		}
	}
	for name, bent := range map[string]string{"one more": `["other"]`, "out of order": `["model-eu","model"]`, "twice": `["model","model"]`} {
		other := bytes.Replace(r.Bytes(), []byte(`"recipient_third_parties":["model"]`), []byte(`"recipient_third_parties":`+bent), 1)
		if _, err := consent.ParseReceipt(other); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s: %v, want ErrReceipt", name, err)
		}
	}
	if _, err := grant("talk", "ann", []string{"telephony"}, "", talk, call); err != nil {
		t.Fatal(err)
	}
	if r, err = grant("talk", "bob", []string{"telephony"}, call, talk); err != nil || bytes.Contains(r.Bytes(), []byte("telephony")) {
		t.Errorf("a box left alone: %v, or its recipient is on the receipt", err)
	}
	if _, err := grant("talk", "cem", []string{"telephony"}, "", talk); !errors.Is(err, consent.ErrEvidence) {
		t.Errorf("a recipient of no purpose that was offered: %v, want ErrEvidence", err)
	}
	// The next version of the agreement lets the telephone provider have chats, too.
	doc, err := json.Marshal(profiles["talk"])
	if err != nil {
		t.Fatal(err)
	}
	wider := bytes.Replace(doc, []byte(`"categories":["conversation","identifier"],`), []byte(`"categories":["conversation","identifier"],"recipients":["telephony"],`), 1)
	if bytes.Equal(wider, doc) {
		t.Fatal("the profile has changed, and this test has not")
	}
	next, err := consent.LoadProfile(bytes.NewReader(wider))
	if err != nil {
		t.Fatal(err)
	}
	later := newLedger(t, store, &consent.Options{Keys: keys, Profiles: map[string]*consent.Profile{"talk": next}})
	for _, row := range []struct {
		l            *consent.Ledger
		tenant, name string
		p            consent.Purpose
		to           string
		want         consent.Reason
	}{
		{l, "photos", "ann", consent.TryOnRender, "model-eu", consent.Granted},
		{l, "photos", "ann", consent.TryOnRender, "model", consent.Granted},
		{l, "photos", "ann", consent.TransferOutsideEEA, "model", consent.Granted},
		{l, "photos", "ann", consent.TransferOutsideEEA, "model-eu", consent.RecipientBlocked},
		{l, "talk", "ann", talk, "telephony", consent.RecipientBlocked},
		{l, "talk", "ann", call, "telephony", consent.TransferBlocked}, // that box was not there
		{later, "talk", "ann", talk, "telephony", consent.RecipientBlocked},
		{later, "talk", "bob", talk, "telephony", consent.RecipientBlocked},
	} {
		got := reason(t, row.l, consent.Query{Subject: row.l.Subject(row.tenant, row.name), Purpose: row.p, Recipients: []string{row.to}})
		if got != row.want {
			t.Errorf("%s's %s to %s: %q, want %q", row.name, row.p, row.to, got, row.want)
		}
	}
}

// A grant sent again is the same one also when the terms leave other recipients of
// it by now; one with others than were agreed to is another.
func TestReplayAfterRecipientsChange(t *testing.T) {
	ctx := t.Context()
	const call, talk = consent.Purpose("call"), consent.Purpose("conversation")
	now, err := json.Marshal(builtin(t, "conversation"))
	if err != nil {
		t.Fatal(err)
	}
	wide := bytes.Replace(now, []byte(`"categories":["conversation","identifier"],`), []byte(`"categories":["conversation","identifier"],"recipients":["telephony"],`), 1)
	if bytes.Equal(wide, now) {
		t.Fatal("the profile has changed, and this test has not")
	}
	keys, store := consent.GenerateKeys(), memstore.New()
	ledger := func(doc []byte) *consent.Ledger {
		p, err := consent.LoadProfile(bytes.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		return newLedger(t, store, &consent.Options{Keys: keys, Profiles: map[string]*consent.Profile{"talk": p}})
	}
	narrow, wider := ledger(now), ledger(wide)
	for _, row := range []struct {
		name          string
		first, second *consent.Ledger
		before, after []string // the recipients of the first and the second grant
		declined      bool     // the call
		want          error
	}{
		{"wider terms", narrow, wider, []string{"telephony"}, []string{"telephony"}, true, nil},
		{"narrower terms", wider, narrow, []string{"telephony"}, []string{"telephony"}, true, nil},
		{"the same terms", narrow, narrow, []string{"telephony"}, []string{"telephony"}, true, nil},
		{"one less", wider, wider, []string{"telephony"}, nil, true, consent.ErrReplay},
		{"one less, of terms that drop it now", wider, narrow, []string{"telephony"}, nil, true, consent.ErrReplay},
		{"one more, and nothing was declined", narrow, wider, nil, []string{"telephony"}, false, consent.ErrReplay},
	} {
		g := adultYes(narrow.Subject("talk", row.name), time.Now(), talk)
		if g.Recipients = row.before; row.declined {
			g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: call})
		}
		first, err := row.first.Grant(ctx, g)
		if err != nil {
			t.Fatal(err)
		}
		g.Recipients = row.after
		switch again, err := row.second.Grant(ctx, g); {
		case !errors.Is(err, row.want):
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		case err == nil && !bytes.Equal(again.Bytes(), first.Bytes()):
			t.Errorf("%s: another receipt", row.name)
		}
	}
}

// An agreement that becomes stricter ends what was given under the old one.
func TestStricterProfile(t *testing.T) {
	store, keys := memstore.New(), consent.GenerateKeys()
	before := newLedger(t, store, &consent.Options{Keys: keys})
	who := before.Subject("shop", "ann")
	if _, err := before.Grant(t.Context(), yes(who, time.Now(), consent.TryOnRender, consent.Sizing)); err != nil {
		t.Fatal(err)
	}
	after := newLedger(t, store, &consent.Options{Keys: keys, Profiles: map[string]*consent.Profile{"": builtin(t, "strict")}})
	for p, want := range map[consent.Purpose]consent.Reason{consent.TryOnRender: consent.PolicyChanged, consent.Sizing: consent.AgeUnmet} {
		if got := reason(t, after, consent.Query{Subject: who, Purpose: p}); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}

func TestAges(t *testing.T) {
	l := newLedger(t, memstore.New(), &consent.Options{Profiles: map[string]*consent.Profile{"": builtin(t, "strict")}})
	guardian := &consent.Guardian{Relation: "parent", Method: "e-mail and callback"}
	for i, row := range []struct {
		purpose  consent.Purpose
		age      int
		country  string
		guardian *consent.Guardian
		want     error
	}{
		{consent.Sizing, 16, "", nil, nil},
		{consent.Sizing, 15, "", nil, consent.ErrAge},
		{consent.Sizing, 15, "FR", nil, nil},
		{consent.Sizing, 14, "FR", nil, consent.ErrAge},
		{consent.Sizing, 13, "SE", nil, nil},
		{consent.Sizing, 12, "SE", nil, consent.ErrAge},
		{consent.Sizing, 12, "SE", guardian, nil},
		{consent.Sizing, 0, "DE", guardian, nil},
		{consent.Sizing, 0, "DE", nil, consent.ErrAge},
		{consent.Sizing, 15, "DE", nil, consent.ErrAge},
		{consent.TryOnRender, 17, "SE", nil, consent.ErrAge},
		{consent.TryOnRender, 17, "SE", guardian, consent.ErrAge},
		{consent.TryOnRender, 18, "", nil, nil},
		{consent.TryOnRender, 0, "", guardian, consent.ErrAge},
		{consent.Sizing, 15, "DK", nil, nil},
		{consent.Sizing, 14, "DK", nil, consent.ErrAge},
	} {
		g := adultYes(l.Subject("shop", fmt.Sprint(i)), time.Now(), row.purpose)
		g.Evidence.AtLeast, g.Evidence.Country, g.Evidence.Guardian = row.age, row.country, row.guardian
		if _, err := l.Grant(t.Context(), g); !errors.Is(err, row.want) {
			t.Errorf("row %d: %v, want %v", i, err, row.want)
		}
	}
}

// Every term that a receipt may use is on the list, ours with what they are
// narrower than, and no other.
func TestVocabulary(t *testing.T) {
	data, err := os.ReadFile("testdata/terms.tsv")
	if err != nil {
		t.Fatal(err)
	}
	full := strings.NewReplacer("dpv:", "https://w3id.org/dpv#", "pd:", "https://w3id.org/dpv/pd#", "fv:", "https://fitveil.dev/vocabulary#")
	listed := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		term, broader, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		listed[full.Replace(term)] = true
		if strings.HasPrefix(term, "fv:") && (broader == "" || strings.HasPrefix(broader, "fv:")) {
			t.Errorf("%s is narrower than nothing of the vocabulary it extends", term)
		}
	}
	seen := map[string]bool{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, w := range v {
				look(w)
			}
		case []any:
			for _, w := range v {
				look(w)
			}
		case string:
			if strings.Contains(v, "#") {
				seen[v] = true
			}
		}
	}
	for _, name := range consent.BuiltinProfiles() {
		p := builtin(t, name)
		l := newLedger(t, memstore.New(), &consent.Options{Profiles: map[string]*consent.Profile{"": p}})
		var doc struct {
			Purposes []struct{ Purpose consent.Purpose }
		}
		if text, err := json.Marshal(p); err != nil || json.Unmarshal(text, &doc) != nil {
			t.Fatal(err)
		}
		for _, d := range doc.Purposes {
			who := l.Subject("shop", string(d.Purpose))
			grant, err1 := l.Grant(t.Context(), adultYes(who, time.Now(), d.Purpose))
			refusal, err2 := l.Refuse(t.Context(), who, d.Purpose)
			withdrawal, err3 := l.Withdraw(t.Context(), who)
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}
			for _, r := range []*consent.Receipt{grant, refusal, withdrawal} {
				var v any
				if err := json.Unmarshal(r.Bytes(), &v); err != nil {
					t.Fatal(err)
				}
				look(v)
			}
		}
	}
	for term := range seen {
		if !listed[term] {
			t.Errorf("%s is not on the list", term)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d terms were used", len(seen))
	}
	for _, c := range []consent.Category{consent.SpacePhoto, consent.ConsentRecord, consent.Conversation} {
		if !listed[c.IRI()] {
			t.Errorf("%s of %s is not on the list", c.IRI(), c)
		}
	}
}

func TestPeriod(t *testing.T) {
	day := func(s string) time.Time {
		at, err := time.Parse("2006-01-02", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, row := range []struct{ from, period, want string }{
		{"2024-02-29", "P12M", "2025-02-28"},
		{"2024-02-29", "P1Y", "2025-02-28"},
		{"2024-02-29", "P4Y", "2028-02-29"},
		{"2023-01-31", "P1M", "2023-02-28"},
		{"2024-01-31", "P1M1D", "2024-03-01"},
		{"2023-10-31", "P1M", "2023-11-30"},
		{"2023-12-15", "P90D", "2024-03-14"},
		{"2023-12-15", "P2W", "2023-12-29"},
		{"2023-03-25", "PT48H", "2023-03-27"},
	} {
		p, err := consent.ParsePeriod(row.period)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.From(day(row.from)); !got.Equal(day(row.want)) {
			t.Errorf("%s after %s is %v, want %s", row.period, row.from, got, row.want)
		}
		// Before is the other way round: what began then is due, a moment later not yet.
		for i := range 800 {
			now := day(row.from).Add(time.Duration(i) * 7 * time.Hour)
			at := p.Before(now)
			if p.From(at).After(now) || !p.From(at.Add(time.Microsecond)).After(now) {
				t.Fatalf("%s before %v is %v", row.period, now, at)
			}
		}
	}
	for _, bad := range []string{"", "P", "PT", "90D", "P90", "P90X", "P-1D", "P1D1Y", "P1.5D", "PT1D", "P1DT", "p1d", "P99999999Y", "P1D "} {
		if p, err := consent.ParsePeriod(bad); err == nil {
			t.Errorf("%q is read as %v", bad, p)
		}
	}
	for _, s := range []string{"P4Y", "P12M", "P90D", "PT24H", "P1Y2M3DT4H5M6S", "PT1S"} {
		if p, err := consent.ParsePeriod(s); err != nil || p.String() != s {
			t.Errorf("%s comes back as %v, %v", s, p, err)
		}
	}
}

func FuzzLoadProfile(f *testing.F) {
	for _, name := range consent.BuiltinProfiles() {
		data, err := os.ReadFile("profiles/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := consent.LoadProfile(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, consent.ErrProfile) {
				t.Errorf("%v, want ErrProfile", err)
			}
			return
		}
		for _, c := range p.Categories() {
			keep, _ := p.Keep(c)
			if at := keep.Before(noon); keep.From(at).After(noon) {
				t.Errorf("%v before noon is %v", keep, at)
			}
		}
	})
}

// Session-bound consent lives as long as somebody beats. On a store that knows
// nothing of sessions it lives at the ledger that took it.
func TestSession(t *testing.T) {
	ctx := t.Context()
	c := &clock{noon}
	keys := consent.GenerateKeys()
	var store consent.Store = struct{ consent.Store }{memstore.New()}
	o := &consent.Options{Keys: keys, Now: c.now}
	l := newLedger(t, store, o)
	who := l.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.Sizing}
	begin := func() {
		t.Helper()
		g := yes(who, c.t, consent.Sizing)
		g.Heartbeat = time.Minute
		if _, err := l.Grant(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	for range 5 {
		c.t = c.t.Add(59 * time.Second)
		if got := reason(t, l, q); got != consent.Granted {
			t.Fatalf("within the minute: %q", got)
		}
		if err := l.Beat(ctx, who, consent.Sizing); err != nil {
			t.Fatal(err)
		}
	}
	if got := reason(t, newLedger(t, store, o), q); got != consent.SessionEnded {
		t.Errorf("another ledger, which does not know the session: %q", got)
	}
	permit, err := l.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(time.Minute)
	if err := permit.Use(ctx, q); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("a permit of a session that is over: %v", err)
	}
	if err := l.Beat(ctx, who, consent.Sizing); !errors.Is(err, consent.ErrSession) {
		t.Errorf("a beat that comes too late: %v", err)
	}
	c.t = c.t.Add(-time.Minute) // clocks revive nothing
	if got := reason(t, l, q); got != consent.Expired {
		t.Errorf("clock set back: %q", got)
	}
	begin()
	if got := reason(t, l, q); got != consent.Granted {
		t.Errorf("asked again: %q", got)
	}
	if _, err := l.Withdraw(ctx, who); err != nil {
		t.Fatal(err)
	}
	if err := l.Beat(ctx, who, consent.Sizing); !errors.Is(err, consent.ErrSession) || reason(t, l, q) != consent.Withdrawn {
		t.Errorf("a beat after the withdrawal: %v", err)
	}
	for _, err := range []error{l.Beat(ctx, consent.Subject{}, consent.Sizing), l.Beat(ctx, who), new(consent.Ledger).Beat(ctx, who, consent.Sizing)} {
		if err == nil {
			t.Error("a beat of nobody")
		}
	}
	if !slices.Contains([]consent.Reason{consent.Withdrawn}, reason(t, newLedger(t, store, o), q)) {
		t.Error("withdrawn everywhere")
	}
}
