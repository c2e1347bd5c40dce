package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
)

// Subject is the keyed pseudonym of a person at a tenant. It is made once and
// used again: a check derives no key. The raw id is not in it, and two tenants
// cannot tell that they know the same person. It prints, logs and encodes as a
// fixed word. The zero value is nobody: every method of a [Ledger] refuses it.
type Subject struct{ s hidden[subject] }

// subject fills one line of memory.
type subject struct {
	memo   atomic.Pointer[cached] // where the person stood when a ledger last looked
	others *[]Subject             // the same person under the other keys of the ring; nil: there are none
	id     [sha256.Size]byte
	tenant string
}

const (
	keySize     = 32
	maxRawID    = 1 << 12
	subjectWord = "[consent.Subject]"
)

// NewSubject derives the pseudonym of rawID at tenant: HMAC-SHA-256 under key,
// which is 32 bytes of secret. A key of another length, an empty tenant or
// rawID, a rawID over 4 KiB, and a tenant over 128 bytes or with control
// characters in it give the zero Subject. [Ledger.Subject] does this with the
// ledger's own key.
func NewSubject(key []byte, tenant, rawID string) Subject {
	if len(key) != keySize || rawID == "" || len(rawID) > maxRawID || !plainText(tenant) {
		return Subject{}
	}
	// The length in front keeps ("ab", "c") and ("a", "bc") apart.
	m := hmac.New(sha256.New, key)
	io.WriteString(m, "fitveil consent subject v1\n")
	m.Write(binary.AppendUvarint(nil, uint64(len(tenant))))
	io.WriteString(m, tenant)
	io.WriteString(m, rawID)
	s := &subject{tenant: tenant}
	m.Sum(s.id[:0])
	return Subject{hide(s)}
}

// SubjectOf is the Subject of a pseudonym that was filed, by a queue whose jobs
// outlive a process or by a store: of what [Subject.Pseudonym] returned or, with
// a ring of keys, of what each of [Subject.All] has, in that order. It proves
// nothing: whoever acts on it asks the ledger for a permit first. No pseudonym,
// one of zeros, and a tenant that [NewSubject] refuses give the zero Subject.
func SubjectOf(tenant string, pseudonyms ...[sha256.Size]byte) Subject {
	if len(pseudonyms) == 0 || slices.Contains(pseudonyms, [sha256.Size]byte{}) || !plainText(tenant) {
		return Subject{}
	}
	s := &subject{tenant: tenant, id: pseudonyms[0]}
	for _, id := range pseudonyms[1:] {
		s.add(Subject{hide(&subject{tenant: tenant, id: id})})
	}
	return Subject{hide(s)}
}

// also returns the same person under the other keys of the ring.
func (d *subject) also() []Subject {
	if d.others == nil {
		return nil
	}
	return *d.others
}

// add is for whoever makes the subject.
func (d *subject) add(other Subject) {
	all := append(d.also(), other)
	d.others = &all
}

// IsZero reports whether s is nobody.
func (s Subject) IsZero() bool { return s.s.get() == nil }

// Tenant returns the tenant the pseudonym belongs to, "" for the zero Subject.
func (s Subject) Tenant() string {
	if d := s.s.get(); d != nil {
		return d.tenant
	}
	return ""
}

// Pseudonym returns the 32 bytes that stand for the person, zeros for the zero
// Subject. It is for stores, which file records under it. It is personal data:
// keep it out of logs, metrics and URLs.
func (s Subject) Pseudonym() [32]byte {
	if d := s.s.get(); d != nil {
		return d.id
	}
	return [32]byte{}
}

// All returns s and, after a rotation of the ledger's keys, what the same person
// is called under the other ones; nil for the zero Subject. A holder looks under
// each.
func (s Subject) All() []Subject {
	d := s.s.get()
	if d == nil {
		return nil
	}
	return append([]Subject{s}, d.also()...)
}

// Equal reports whether s and t are the same person at the same tenant under
// the same key. Nobody equals nobody: false when either is zero.
func (s Subject) Equal(t Subject) bool {
	a, b := s.s.get(), t.s.get()
	return a != nil && b != nil && a.tenant == b.tenant && hmac.Equal(a.id[:], b.id[:])
}

// Format prints a fixed word for every verb.
func (s Subject) Format(f fmt.State, _ rune) { io.WriteString(f, subjectWord) }

// LogValue logs a fixed word.
func (s Subject) LogValue() slog.Value { return slog.StringValue(subjectWord) }

// MarshalJSON encodes a fixed word. There is no way back.
func (s Subject) MarshalJSON() ([]byte, error) { return []byte(`"` + subjectWord + `"`), nil }

// MarshalText encodes a fixed word, also as the key of a map.
func (s Subject) MarshalText() ([]byte, error) { return []byte(subjectWord), nil }
