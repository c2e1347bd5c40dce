package consent

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// scanReceipt reads a document that is in canonical form as this package writes
// it. It takes no other, and leaves whatever it does not take, ok false, to
// [decodeReceipt], which says the last word and takes ten times as long. Its
// results are views of text.
func scanReceipt(text string) (d document, ok bool) {
	s := scanner{rest: text}
	s.want(docHead)
	s.body(&d.Body)
	s.want(docMid)
	d.Sig = s.base64(s.upTo())
	s.want(docTail[1:])
	return d, !s.bad && s.rest == ""
}

// scanner takes canonical JSON off the front; bad stays set after the first
// thing that it does not know.
type scanner struct {
	rest  string
	bad   bool
	first bool // the next field is the first of its object
}

func (s *scanner) want(text string) {
	rest, ok := strings.CutPrefix(s.rest, text)
	s.rest, s.bad = rest, s.bad || !ok
}

func (s *scanner) open() { s.want("{"); s.first = true }

func (s *scanner) close() { s.want("}"); s.first = false }

// has reports whether the field of this name comes next, and goes to its value.
func (s *scanner) has(name string) bool {
	rest, ok := s.rest, true
	if !s.first {
		rest, ok = strings.CutPrefix(rest, ",")
	}
	n := len(name)
	if s.bad || !ok || len(rest) < n+3 || rest[0] != '"' || rest[1:1+n] != name || rest[1+n:n+3] != `":` {
		return false
	}
	s.rest, s.first = rest[n+3:], false
	return true
}

func (s *scanner) need(name string) {
	if !s.has(name) {
		s.bad = true
	}
}

// upTo takes a text without its opening quote.
func (s *scanner) upTo() string {
	plain := true
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			out := s.rest[:i]
			s.rest = s.rest[i+1:]
			if !plain {
				out = s.spelt(out)
			}
			return out
		case c == '\\':
			plain = false
			i++
		case c < ' ' || c > '~' || c == '<' || c == '>' || c == '&':
			plain = false
		}
	}
	s.bad = true
	return ""
}

// spelt decodes a text in which something is escaped or might have to be.
func (s *scanner) spelt(raw string) (out string) {
	raw = `"` + raw + `"`
	if json.Unmarshal([]byte(raw), &out) != nil {
		s.bad = true
		return ""
	}
	again, err := canonical(out)
	s.bad = s.bad || err != nil || string(again) != raw
	return out
}

func (s *scanner) text() string {
	s.want(`"`)
	return s.upTo()
}

// some is a text that is left out when it is empty.
func (s *scanner) some(name string) string {
	if !s.has(name) {
		return ""
	}
	out := s.text()
	s.bad = s.bad || out == ""
	return out
}

// yes is a truth that is left out when it is none.
func (s *scanner) yes(name string) bool {
	if !s.has(name) {
		return false
	}
	s.want("true")
	return true
}

func (s *scanner) truth() bool {
	if rest, ok := strings.CutPrefix(s.rest, "true"); ok {
		s.rest = rest
		return true
	}
	s.want("false")
	return false
}

// number takes a positive number of up to 15 digits.
func (s *scanner) number() (n int64) {
	i := 0
	for ; i < len(s.rest) && i < 16 && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		n = 10*n + int64(s.rest[i]-'0')
	}
	if i == 0 || i == 16 || s.rest[0] == '0' {
		s.bad = true
		return 0
	}
	s.rest = s.rest[i:]
	return n
}

// count is a small number that is left out when it is zero.
func (s *scanner) count(name string) int {
	if !s.has(name) {
		return 0
	}
	n := s.number()
	s.bad = s.bad || n > 1<<30
	return int(n)
}

func (s *scanner) time() (t time.Time) {
	text := s.text()
	if s.bad || t.UnmarshalText([]byte(text)) != nil || t.IsZero() || t.Format(time.RFC3339Nano) != text {
		s.bad = true
	}
	return t
}

// moment is a time that is left out when it is zero.
func (s *scanner) moment(name string) (t time.Time) {
	if s.has(name) {
		t = s.time()
	}
	return t
}

func (s *scanner) hex(dst []byte) {
	text := s.text()
	if len(text) != hex.EncodedLen(len(dst)) || strings.ContainsAny(text, "ABCDEF") {
		s.bad = true
		return
	}
	if _, err := hex.Decode(dst, []byte(text)); err != nil {
		s.bad = true
	}
}

func (s *scanner) base64(text string) []byte {
	out, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder passes over line ends.
	s.bad = s.bad || err != nil || len(out) == 0 || base64.RawURLEncoding.EncodeToString(out) != text
	return out
}

// list takes a list, each item with take, which is left out when it is empty.
func (s *scanner) list(name string, take func()) {
	if s.has(name) {
		s.items(take)
	}
}

// items takes what is in a list of one or more.
func (s *scanner) items(take func()) {
	s.want("[")
	for s.bad = s.bad || strings.HasPrefix(s.rest, "]"); !s.bad; {
		take()
		if rest, ok := strings.CutPrefix(s.rest, "]"); ok {
			s.rest = rest
			return
		}
		s.want(",")
	}
}

// names takes a list of texts that is written also when it is empty; nil when it
// is left out.
func (s *scanner) names(name string) []string {
	if !s.has(name) {
		return nil
	}
	out := []string{}
	if rest, ok := strings.CutPrefix(s.rest, "[]"); ok {
		s.rest = rest
		return out
	}
	s.items(func() { out = append(out, s.text()) })
	return out
}

func (s *scanner) body(b *body) {
	s.open()
	b.AgeAtLeast = s.count("age_at_least")
	s.need("alg")
	b.Alg = s.text()
	b.All = s.yes("all")
	s.list("choices", func() { b.Choices = append(b.Choices, s.choice()) })
	b.ConsentType, b.Country, b.EventState = s.some("consent_type"), s.some("country"), s.some("event_state")
	s.need("event_time")
	b.EventTime = s.time()
	s.need("event_type")
	b.EventType = Reason(s.text())
	b.EvidenceTime = s.moment("evidence_time")
	if s.has("guardian") {
		b.Guardian = new(jsonGuardian)
		s.open()
		s.need("method")
		b.Guardian.Method = s.text()
		s.need("relation")
		b.Guardian.Relation = s.text()
		s.close()
	}
	b.Heartbeat = s.count("heartbeat_s")
	s.need("kid")
	b.KeyID = s.text()
	if s.has("nonce") {
		b.Nonce = s.base64(s.text())
	}
	if s.has("notice") {
		b.Notice = s.notice()
	}
	b.OwnPhoto = s.yes("own_photo")
	s.need("pii_principal_id")
	s.hex(b.PrincipalID[:])
	s.list("pii_processing", func() { b.Processing = append(b.Processing, s.processing()) })
	s.need("prev")
	s.hex(b.Prev[:])
	b.Profile = s.some("profile")
	s.list("purposes", func() { b.Purposes = append(b.Purposes, Purpose(s.text())) })
	s.list("recipients", func() { b.Recipients = append(b.Recipients, s.text()) })
	s.need("record_id")
	s.hex(b.RecordID[:])
	s.need("schema_version")
	b.Schema = s.text()
	s.need("seq")
	b.Seq = uint64(s.number())
	s.list("storage_locations", func() { b.Storage = append(b.Storage, s.text()) })
	b.Surface = s.some("surface")
	s.need("tenant")
	b.Tenant = s.text()
	b.ValidUntil = s.moment("valid_until")
	b.Withdrawal = s.some("withdrawal_method")
	s.close()
}

func (s *scanner) choice() (c jsonChoice) {
	s.open()
	s.need("granted")
	c.Granted = s.truth()
	s.need("purpose")
	c.Purpose = Purpose(s.text())
	c.Together = s.some("together")
	s.close()
	return c
}

func (s *scanner) notice() *jsonNotice {
	n := new(jsonNotice)
	s.open()
	s.need("id")
	n.ID = s.text()
	s.need("language")
	n.Language = s.text()
	s.need("sha256")
	s.hex(n.SHA256[:])
	s.need("version")
	n.Version = s.text()
	s.close()
	return n
}

func (s *scanner) processing() (p jsonProcessing) {
	s.open()
	s.need("lawful_basis")
	p.LawfulBasis = s.text()
	p.Categories = s.names("pii_categories")
	s.bad = s.bad || p.Categories == nil
	s.need("purpose")
	p.Purpose = Purpose(s.text())
	s.need("purpose_type")
	p.PurposeType = s.text()
	p.Recipients = s.names("recipient_third_parties")
	p.Retention = s.some("retention_period")
	s.need("role")
	p.Role = s.text()
	s.close()
	return p
}
