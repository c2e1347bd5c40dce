package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Event is something that happened, as [Ledger.History] tells it. Where a
// person stands is what their events add up to, in the order of Seq.
type Event struct {
	Seq        uint64
	Kind       Reason // Granted, Refused, Withdrawn or Expired
	At         time.Time
	Subject    Subject
	Purposes   []Purpose // empty when All
	All        bool      // a withdrawal of everything
	Recipients []string
	Until      time.Time
	Heartbeat  time.Duration // of a consent that is bound to a session
	Evidence   *Evidence     // of a grant
	receipt    *Receipt
}

// Receipt returns the signed form of the event.
func (e Event) Receipt() *Receipt { return e.receipt }

// schema names the form of a receipt. Forms written once stay readable.
const schema = "fitveil-consent-receipt/1"

// signContext keeps a receipt's signature from meaning anything elsewhere.
const signContext = "fitveil consent receipt v1\n"

// document is a signed event, which is what is stored and what is handed out.
type document struct {
	Body body   `json:"body"`
	Sig  b64url `json:"sig"` // Ed25519 over signContext and the body's bytes as they stand here
}

// What stands around the body and the signature of a canonical document.
const (
	docHead = `{"body":`
	docMid  = `,"sig":"`
	docTail = `"}`
)

// body is an event in the words of ISO/IEC TS 27560 where it has one. Fields
// stand in the order of their names, so there is one spelling of each event.
type body struct {
	AgeAtLeast   int              `json:"age_at_least,omitempty"`
	Alg          string           `json:"alg"`
	All          bool             `json:"all,omitempty"`
	Choices      []jsonChoice     `json:"choices,omitempty"`
	ConsentType  string           `json:"consent_type,omitempty"`
	Country      string           `json:"country,omitempty"`
	EventState   string           `json:"event_state,omitempty"`
	EventTime    time.Time        `json:"event_time"`
	EventType    Reason           `json:"event_type"`
	EvidenceTime time.Time        `json:"evidence_time,omitzero"`
	Guardian     *jsonGuardian    `json:"guardian,omitempty"`
	Heartbeat    int              `json:"heartbeat_s,omitempty"`
	KeyID        string           `json:"kid"`
	Nonce        b64url           `json:"nonce,omitempty"`
	Notice       *jsonNotice      `json:"notice,omitempty"`
	OwnPhoto     bool             `json:"own_photo,omitempty"`
	PrincipalID  hex32            `json:"pii_principal_id"`
	Processing   []jsonProcessing `json:"pii_processing,omitempty"`
	Prev         hex32            `json:"prev"` // SHA-256 of the event before, zeros for the first
	Profile      string           `json:"profile,omitempty"`
	Purposes     []Purpose        `json:"purposes,omitempty"`
	Recipients   []string         `json:"recipients,omitempty"`
	RecordID     hex16            `json:"record_id"`
	Schema       string           `json:"schema_version"`
	Seq          uint64           `json:"seq"`
	Storage      []string         `json:"storage_locations,omitempty"` // the regions of the profile; none: anywhere
	Surface      string           `json:"surface,omitempty"`
	Tenant       string           `json:"tenant"`
	ValidUntil   time.Time        `json:"valid_until,omitzero"`
	Withdrawal   string           `json:"withdrawal_method,omitempty"`
}

// jsonProcessing says what a consent was asked for, by the terms in force then.
type jsonProcessing struct {
	LawfulBasis string   `json:"lawful_basis"`
	Categories  []string `json:"pii_categories"`
	Purpose     Purpose  `json:"purpose"`
	PurposeType string   `json:"purpose_type"`
	Recipients  []string `json:"recipient_third_parties,omitzero"` // those of the event that this purpose has; left out: all
	Retention   string   `json:"retention_period,omitempty"`
	Role        string   `json:"role"`
}

type jsonChoice struct {
	Granted  bool    `json:"granted"`
	Purpose  Purpose `json:"purpose"`
	Together string  `json:"together,omitempty"`
}

type jsonGuardian struct {
	Method   string `json:"method"`
	Relation string `json:"relation"`
}

type jsonNotice struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	SHA256   hex32  `json:"sha256"`
	Version  string `json:"version"`
}

type (
	hex16  [16]byte
	hex32  [32]byte
	b64url []byte
)

func (h hex16) MarshalText() ([]byte, error)  { return hex.AppendEncode(nil, h[:]), nil }
func (h hex32) MarshalText() ([]byte, error)  { return hex.AppendEncode(nil, h[:]), nil }
func (h *hex16) UnmarshalText(b []byte) error { return unhex(h[:], b) }
func (h *hex32) UnmarshalText(b []byte) error { return unhex(h[:], b) }

func unhex(dst, src []byte) error {
	if len(src) != hex.EncodedLen(len(dst)) {
		return fmt.Errorf("want %d hexadecimal digits", hex.EncodedLen(len(dst)))
	}
	_, err := hex.Decode(dst, src)
	return err
}

func (b b64url) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

func (b *b64url) UnmarshalText(src []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().AppendDecode(nil, src)
	return err
}

// canonical encodes v in the one form that is accepted back: no space, keys in
// order, and <, > and & escaped, so that a receipt inside other JSON comes
// through encoding/json unchanged.
func canonical(v any) ([]byte, error) { return json.Marshal(v) }

// bodyOf writes down a grant. Lists that are sets are sorted; the choices stay
// in the order in which they were shown.
func bodyOf(g *Grant) body {
	e := &g.Evidence
	b := body{
		EventType:    Granted,
		Purposes:     set(g.Purposes),
		Recipients:   set(g.Recipients),
		EvidenceTime: instant(e.At),
		ValidUntil:   instant(g.Until),
		Nonce:        bytes.Clone(e.Nonce),
		Surface:      e.Surface,
		AgeAtLeast:   e.AtLeast,
		Country:      e.Country,
		OwnPhoto:     e.OwnPhoto,
		Heartbeat:    int(g.Heartbeat / time.Second),
		Notice:       &jsonNotice{ID: e.Notice.ID, Version: e.Notice.Version, Language: e.Notice.Language, SHA256: e.Notice.SHA256},
	}
	for _, c := range e.Choices {
		b.Choices = append(b.Choices, jsonChoice{Purpose: c.Purpose, Granted: c.Granted, Together: c.Together})
	}
	if e.Guardian != nil {
		b.Guardian = &jsonGuardian{Relation: e.Guardian.Relation, Method: e.Guardian.Method}
	}
	return b
}

// sameAct reports whether two events record the same act of the same person:
// everything but what the ledger itself put in is equal. Recipients, of which it
// records only some, are left to [rules.sameRecipients].
func sameAct(a, b body) bool {
	strip := func(x *body) []byte {
		x.EventTime, x.Prev, x.RecordID, x.Seq, x.KeyID = time.Time{}, hex32{}, hex16{}, 0, ""
		x.ConsentType, x.EventState, x.Processing, x.Profile, x.Storage, x.Withdrawal = "", "", nil, "", nil, ""
		x.Recipients = nil
		out, err := canonical(x)
		if err != nil {
			return nil
		}
		return out
	}
	x := strip(&a)
	return x != nil && bytes.Equal(x, strip(&b))
}

// instant brings t to what is written down: UTC, microseconds.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// written reports whether t is as [instant] leaves it. Decoding and encoding keep
// a time's zone and digits, so comparing documents does not show it.
func written(t time.Time) bool { return t.Location() == time.UTC && t.Equal(instant(t)) }

// check reports why a body that was read is none we write.
func (b *body) check() error {
	switch {
	case b.Schema != schema:
		return fmt.Errorf("schema version is not %q", schema)
	case b.Alg != "Ed25519":
		return fmt.Errorf("algorithm is not Ed25519")
	case b.Seq == 0 || b.Seq >= 1<<53: // beyond that JSON numbers lose digits
		return fmt.Errorf("sequence %d out of range", b.Seq)
	case !plainText(b.Tenant):
		return fmt.Errorf("tenant missing")
	case b.All && (b.EventType != Withdrawn || len(b.Purposes) > 0):
		return fmt.Errorf("only a withdrawal is of everything")
	case !b.All && len(b.Purposes) == 0:
		return fmt.Errorf("no purpose")
	case slices.ContainsFunc(b.Purposes, func(p Purpose) bool { return !p.valid() }):
		return fmt.Errorf("malformed purpose")
	case !slices.Equal(b.Purposes, set(b.Purposes)) || !slices.Equal(b.Recipients, set(b.Recipients)):
		return fmt.Errorf("purposes or recipients out of order, or twice")
	case slices.ContainsFunc(b.Processing, func(p jsonProcessing) bool {
		return !slices.Equal(p.Recipients, set(p.Recipients)) || !subset(p.Recipients, b.Recipients)
	}):
		return fmt.Errorf("a purpose has recipients out of order, or others than the event")
	case !written(b.EventTime) || !written(b.EvidenceTime) || !written(b.ValidUntil):
		return fmt.Errorf("a time is not UTC in microseconds")
	case b.AgeAtLeast < 0 || b.AgeAtLeast > maxAge || b.Heartbeat < 0 || b.Heartbeat > int(maxHeartbeat/time.Second):
		return fmt.Errorf("age or heartbeat out of range")
	case (b.Notice != nil) != (b.EventType == Granted):
		return fmt.Errorf("a grant has a notice, and nothing else has")
	}
	switch b.EventType {
	case Granted, Refused, Withdrawn, Expired:
		return nil
	}
	return fmt.Errorf("unknown event type")
}

// recipients returns which recipients the person agreed to for p.
func (b *body) recipients(p Purpose) []string {
	for i := range b.Processing {
		if q := &b.Processing[i]; q.Purpose == p && q.Recipients != nil {
			return q.Recipients
		}
	}
	return b.Recipients
}

// event is what the outside sees of b. The caller adds subject and receipt.
func (b *body) event() Event {
	e := Event{
		Seq: b.Seq, Kind: b.EventType, At: b.EventTime, All: b.All, Until: b.ValidUntil,
		Purposes: slices.Clone(b.Purposes), Recipients: slices.Clone(b.Recipients),
		Heartbeat: time.Duration(b.Heartbeat) * time.Second,
	}
	if b.Notice == nil {
		return e
	}
	e.Evidence = &Evidence{
		Notice:      NoticeRef{ID: b.Notice.ID, Version: b.Notice.Version, Language: b.Notice.Language, SHA256: b.Notice.SHA256},
		Affirmative: true, // nothing else is recorded
		Surface:     b.Surface,
		AtLeast:     b.AgeAtLeast,
		Country:     b.Country,
		OwnPhoto:    b.OwnPhoto,
		At:          b.EvidenceTime,
		Nonce:       bytes.Clone(b.Nonce),
	}
	for _, c := range b.Choices {
		e.Evidence.Choices = append(e.Evidence.Choices, Choice{Purpose: c.Purpose, Granted: c.Granted, Together: c.Together})
	}
	if b.Guardian != nil {
		e.Evidence.Guardian = &Guardian{Relation: b.Guardian.Relation, Method: b.Guardian.Method}
	}
	return e
}

// hashOf is what the next event of the chain points back to.
func hashOf(doc []byte) hex32 { return sha256.Sum256(doc) }
