package consent_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// full is a grant with every field in it.
func full(who consent.Subject) consent.Grant {
	g := yes(who, noon, consent.TryOnRender, consent.Sizing)
	g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: consent.ProfileStore})
	g.Evidence.Guardian = &consent.Guardian{Relation: "parent", Method: "signed form"}
	g.Evidence.AtLeast, g.Evidence.Country, g.Evidence.OwnPhoto = 18, "FR", true
	g.Heartbeat = time.Minute
	g.Evidence.Surface = "Tom & Jerry's <shop> \u2028 é/1"
	g.Recipients = []string{"renderer", "storage"}
	g.Until = noon.Add(24 * time.Hour)
	return g
}

func someReceipt(t testing.TB, keys consent.Keys) *consent.Receipt {
	t.Helper()
	l := newLedger(t, memstore.New(), &consent.Options{Keys: keys, Now: (&clock{noon}).now})
	r, err := l.Grant(t.Context(), full(l.Subject("shop-a", "customer-4711")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A receipt that is read in the fast way is what the decoder reads, and neither
// takes what the other refuses: every receipt that is written is read fast, and
// no change of a byte makes the two disagree.
func TestReceiptsAreReadInOneWay(t *testing.T) {
	keys := consent.GenerateKeys()
	l := newLedger(t, memstore.New(), &consent.Options{Keys: keys})
	who := l.Subject("shop-\u00e4", "ann")
	docs := [][]byte{someReceipt(t, keys).Bytes()}
	for _, record := range []func() (*consent.Receipt, error){
		func() (*consent.Receipt, error) { return l.Grant(t.Context(), yes(who, time.Now(), consent.Sizing)) },
		func() (*consent.Receipt, error) { return l.Refuse(t.Context(), who, consent.TryOnRender) },
		func() (*consent.Receipt, error) { return l.Withdraw(t.Context(), who, consent.Sizing) },
		func() (*consent.Receipt, error) { return l.Withdraw(t.Context(), who) },
	} {
		r, err := record()
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, r.Bytes())
	}
	for n, doc := range docs {
		if fast, same := consent.ReadTwice(doc); !fast || !same {
			t.Errorf("read fast: %v, the same: %v: %s", fast, same, doc)
		}
		if n%4 != 0 { // the longest and the shortest will do for what follows
			continue
		}
		for i := range doc {
			for _, c := range []byte(" \"\\,}0A\xff") {
				for _, bent := range [][]byte{
					slices.Concat(doc[:i], []byte{c}, doc[i+1:]), // in its place
					slices.Concat(doc[:i], []byte{c}, doc[i:]),   // before it
					slices.Concat(doc[:i], doc[i+1:]),            // gone
				} {
					if _, same := consent.ReadTwice(bent); !same {
						t.Fatalf("read in two ways: %s", bent)
					}
				}
			}
		}
	}
}

func TestReceiptSaysWhatWasAgreed(t *testing.T) {
	keys := consent.GenerateKeys()
	l := newLedger(t, memstore.New(), &consent.Options{Keys: keys, Now: (&clock{noon}).now})
	who := l.Subject("shop-a", "customer-4711")
	g := full(who)
	r, err := l.Grant(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(r.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	body := doc["body"].(map[string]any)
	id := who.Pseudonym()
	want := map[string]any{
		"age_at_least": 18.0,
		"alg":          "Ed25519",
		"consent_type": "https://w3id.org/dpv#ExplicitlyExpressedConsent",
		"country":      "FR",
		"event_state":  "https://w3id.org/dpv#ConsentGiven",
		"heartbeat_s":  60.0,
		"own_photo":    true,
		"pii_processing": []any{
			map[string]any{
				"lawful_basis": "https://w3id.org/dpv#Consent", "purpose": "sizing", "role": "https://w3id.org/dpv#DataProcessor",
				"purpose_type":            "https://w3id.org/dpv#ProvideProductRecommendations",
				"recipient_third_parties": []any{"renderer", "storage"},
				"pii_categories":          []any{"https://fitveil.dev/vocabulary#BodyMeasurement", "https://fitveil.dev/vocabulary#SizeAdvice"},
			},
			map[string]any{
				"lawful_basis": "https://w3id.org/dpv#Consent", "purpose": "tryon.render", "role": "https://w3id.org/dpv#DataProcessor",
				"purpose_type":            "https://fitveil.dev/vocabulary#VirtualTryOn",
				"recipient_third_parties": []any{"renderer", "storage"},
				"pii_categories":          []any{"https://w3id.org/dpv/pd#Picture", "https://fitveil.dev/vocabulary#TryOnImage"},
			},
		},
		"event_time":       "2026-03-01T12:00:00Z",
		"event_type":       "granted",
		"evidence_time":    "2026-03-01T12:00:00Z",
		"guardian":         map[string]any{"method": "signed form", "relation": "parent"},
		"kid":              consent.KeyID(keys.PublicKey()),
		"pii_principal_id": hex.EncodeToString(id[:]),
		"prev":             strings.Repeat("0", 64),
		"purposes":         []any{"sizing", "tryon.render"},
		"recipients":       []any{"renderer", "storage"},
		"schema_version":   "fitveil-consent-receipt/1",
		"seq":              1.0,
		"surface":          g.Evidence.Surface,
		"tenant":           "shop-a",
		"valid_until":      "2026-03-02T12:00:00Z",
		"notice": map[string]any{
			"id": "tryon", "language": "en", "version": "1", "sha256": hex.EncodeToString(g.Evidence.Notice.SHA256[:]),
		},
		"choices": []any{
			map[string]any{"granted": true, "purpose": "tryon.render"},
			map[string]any{"granted": true, "purpose": "sizing"},
			map[string]any{"granted": false, "purpose": "profile.store"},
		},
	}
	for _, random := range []string{"record_id", "nonce"} {
		if s, _ := body[random].(string); s == "" {
			t.Errorf("%s is missing", random)
		}
		delete(body, random)
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if bytes.Contains(r.Bytes(), []byte("4711")) {
		t.Error("the raw id is in the receipt")
	}

	// What History tells is what was granted.
	for e, err := range l.History(t.Context(), who) {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&g.Evidence, e.Evidence); diff != "" {
			t.Errorf("evidence (-want +got):\n%s", diff)
		}
		if !e.Subject.Equal(who) || !e.Until.Equal(g.Until) || e.Receipt().Hash() != r.Hash() {
			t.Errorf("event is not the grant: %+v", e)
		}
	}
}

func TestReceiptVerifies(t *testing.T) {
	keys := consent.GenerateKeys()
	r := someReceipt(t, keys)
	if err := r.Verify(keys.PublicKey()); err != nil {
		t.Error(err)
	}
	again, err := consent.VerifyReceipt(r.Bytes(), keys.PublicKey())
	if err != nil || again.Hash() != r.Hash() || again.Kind() != consent.Granted || again.Seq() != 1 ||
		!again.At().Equal(noon) || again.KeyID() != consent.KeyID(keys.PublicKey()) {
		t.Errorf("it came back different: %v", err)
	}
	// It stays whole inside other JSON.
	inside, err := json.Marshal(map[string]any{"receipt": r, "note": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	var outer struct{ Receipt json.RawMessage }
	if err := json.Unmarshal(inside, &outer); err != nil {
		t.Fatal(err)
	}
	if _, err := consent.VerifyReceipt(outer.Receipt, keys.PublicKey()); err != nil {
		t.Errorf("taken out of other JSON: %v", err)
	}
	for name, pub := range map[string]ed25519.PublicKey{
		"another key": consent.GenerateKeys().PublicKey(),
		"no key":      nil,
		"short key":   keys.PublicKey()[:31],
	} {
		if err := r.Verify(pub); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s: %v, want ErrReceipt", name, err)
		}
	}
	for name, empty := range map[string]*consent.Receipt{"nil": nil, "zero": {}} {
		if err := empty.Verify(keys.PublicKey()); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s receipt: %v, want ErrReceipt", name, err)
		}
		if empty.Bytes() != nil || empty.Seq() != 0 || empty.Kind() != "" || empty.KeyID() != "" || !empty.At().IsZero() {
			t.Errorf("%s receipt says something", name)
		}
	}
}

func TestReceiptEveryBitCounts(t *testing.T) {
	keys := consent.GenerateKeys()
	pub := keys.PublicKey()
	doc := someReceipt(t, keys).Bytes()
	for i := range len(doc) * 8 {
		doc[i/8] ^= 1 << (i % 8)
		if _, err := consent.VerifyReceipt(doc, pub); !errors.Is(err, consent.ErrReceipt) {
			t.Fatalf("bit %d of byte %d (%q) flipped: %v", i%8, i/8, doc[i/8], err)
		}
		doc[i/8] ^= 1 << (i % 8)
	}
	for cut := range doc {
		if _, err := consent.VerifyReceipt(doc[:cut], pub); !errors.Is(err, consent.ErrReceipt) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	if _, err := consent.VerifyReceipt(doc, pub); err != nil {
		t.Fatal(err)
	}
}

// What is malformed is refused for its form, whoever signed it.
func TestReceiptForm(t *testing.T) {
	doc := string(someReceipt(t, consent.GenerateKeys()).Bytes())
	for _, row := range []struct{ name, old, new string }{
		{"trailing newline", "}", "}\n"},
		{"trailing document", "}", "}{}"},
		{"space", `{"body"`, `{ "body"`},
		{"keys in other order", `"alg":"Ed25519","choices"`, `"choices":[],"alg":"Ed25519","choices"`},
		{"repeated key", `"alg":"Ed25519"`, `"alg":"Ed25519","alg":"Ed25519"`},
		{"repeated signature", `"sig":`, `"sig":"","sig":`},
		{"unknown key", `"alg":"Ed25519"`, `"alg":"Ed25519","amount":1`},
		{"unknown key outside", `"sig":`, `"extra":1,"sig":`},
		{"key in capitals", `"alg"`, `"ALG"`},
		{"other algorithm", `"alg":"Ed25519"`, `"alg":"none"`},
		{"no algorithm", `"alg":"Ed25519",`, ``},
		{"other schema", `receipt/1`, `receipt/2`},
		{"number as text", `"seq":1`, `"seq":"1"`},
		{"number with fraction", `"seq":1`, `"seq":1.0`},
		{"sequence zero", `"seq":1`, `"seq":0`},
		{"sequence beyond JSON", `"seq":1`, `"seq":9007199254740992`},
		{"escaped letter", `"granted"`, `"\u0067ranted"`},
		{"unknown event", `"event_type":"granted"`, `"event_type":"sold"`},
		{"grant turned refusal", `"event_type":"granted"`, `"event_type":"refused"`},
		{"time in another zone", `12:00:00Z"`, `13:00:00+01:00"`},
		{"time in nanoseconds", `12:00:00Z"`, `12:00:00.000000001Z"`},
		{"purposes in another order", `"sizing","tryon.render"`, `"tryon.render","sizing"`},
		{"purpose twice", `"sizing","tryon.render"`, `"sizing","sizing","tryon.render"`},
		{"recipients in another order", `"renderer","storage"`, `"storage","renderer"`},
		{"capital hexadecimal", `"prev":"0`, `"prev":"A`},
		{"short hash", `"prev":"00`, `"prev":"`},
		{"no purposes", `"purposes":["sizing","tryon.render"],`, ``},
		{"null guardian", `"guardian":{"method":"signed form","relation":"parent"}`, `"guardian":null`},
		{"empty list", `"recipients":["renderer","storage"]`, `"recipients":[]`},
		{"array", `{"body"`, `[{"body"`},
	} {
		i := strings.LastIndex(doc, row.old)
		if i < 0 {
			t.Errorf("%s: %q is not in the receipt", row.name, row.old)
			continue
		}
		bent := doc[:i] + row.new + doc[i+len(row.old):]
		if _, err := consent.ParseReceipt([]byte(bent)); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s: %v, want ErrReceipt", row.name, err)
		}
	}
	for name, data := range map[string]string{
		"nothing": "", "null": "null", "empty object": "{}", "number": "1", "too long": strings.Repeat(" ", 1<<17), "deep": strings.Repeat("[", 1<<15),
	} {
		if _, err := consent.ParseReceipt([]byte(data)); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s: %v, want ErrReceipt", name, err)
		}
	}
}

// A body under another receipt's signature does not verify.
func TestReceiptSignaturesDoNotTravel(t *testing.T) {
	keys := consent.GenerateKeys()
	a, b := someReceipt(t, keys).Bytes(), someReceipt(t, keys).Bytes()
	mark := []byte(`},"sig":`)
	head, _, _ := bytes.Cut(a, mark)
	_, tail, _ := bytes.Cut(b, mark)
	mixed := bytes.Join([][]byte{head, tail}, mark)
	if _, err := consent.ParseReceipt(mixed); err != nil {
		t.Fatalf("the mixture should be well formed: %v", err)
	}
	if _, err := consent.VerifyReceipt(mixed, keys.PublicKey()); !errors.Is(err, consent.ErrReceipt) {
		t.Errorf("a signature of another receipt: %v", err)
	}
}

// What version 1 wrote stays readable: a key file and a chain of events, kept
// as they were written. See testdata/README.md.
func TestVersion1StaysReadable(t *testing.T) {
	file, err := os.ReadFile("testdata/v1-keys.json")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := consent.ParseKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := os.ReadFile("testdata/v1-events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New()
	l := newLedger(t, store, &consent.Options{Keys: keys, Now: (&clock{noon.AddDate(1, 0, 0)}).now})
	who := l.Subject("shop-a", "customer-4711")
	for i, doc := range bytes.Split(bytes.TrimSpace(chain), []byte("\n")) {
		if _, err := consent.VerifyReceipt(doc, keys.PublicKey()); err != nil {
			t.Fatalf("event %d: %v", i+1, err)
		}
		// A state row of an unknown version has the ledger work it out anew.
		r := consent.Record{Seq: uint64(i + 1), Time: noon, Event: doc, State: []byte{0}}
		if err := store.Append(t.Context(), who, r); err != nil {
			t.Fatal(err)
		}
	}
	for p, want := range map[consent.Purpose]consent.Reason{
		consent.TryOnRender:  consent.Withdrawn,
		consent.Sizing:       consent.Granted,
		consent.ProfileStore: consent.Expired,
	} {
		if got := reason(t, l, consent.Query{Subject: who, Purpose: p}); got != want {
			t.Errorf("%s: got %q, want %q", p, got, want)
		}
	}
	// And the chain goes on.
	if _, err := l.Refuse(t.Context(), who, consent.Sizing); err != nil {
		t.Error(err)
	}
	n := 0
	for _, err := range l.History(t.Context(), who) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 5 { // three of version 1, the expiry noticed above, the refusal
		t.Errorf("%d events, want 5", n)
	}
}

func FuzzParseReceipt(f *testing.F) {
	keys := consent.GenerateKeys()
	r := someReceipt(f, keys)
	f.Add(r.Bytes())
	f.Add([]byte(`{"body":{"alg":"Ed25519"},"sig":""}`))
	f.Add([]byte(`{"body":{"alg":"Ed25519","all":true,"event_time":"2026-03-01T12:00:00Z","event_type":"withdrawn"},"sig":"AA"}`))
	if chain, err := os.ReadFile("testdata/v1-events.jsonl"); err == nil {
		for doc := range bytes.Lines(chain) {
			f.Add(bytes.TrimSpace(doc))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, same := consent.ReadTwice(data); !same {
			t.Errorf("read in two ways: %s", data)
		}
		got, err := consent.ParseReceipt(data)
		if err != nil {
			if !errors.Is(err, consent.ErrReceipt) || got != nil {
				t.Errorf("%v, want ErrReceipt", err)
			}
			return
		}
		if !bytes.Equal(got.Bytes(), data) {
			t.Errorf("accepted another spelling of %s", got.Bytes())
		}
		if got.Verify(keys.PublicKey()) == nil && !bytes.Equal(data, r.Bytes()) {
			t.Errorf("forged: %s", data)
		}
	})
}
