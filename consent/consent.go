package consent

import (
	"context"
	"errors"
	"time"
)

var errNotBuilt = errors.New("consent: not built yet")

// Purpose is what data is used for.
type Purpose string

// The purposes fitveil itself knows.
const (
	TryOnRender  Purpose = "tryon.render"  // draw a product on the person's photo
	Sizing       Purpose = "sizing"        // recommend a size
	ProfileStore Purpose = "profile.store" // keep measurements for the next visit
)

// Subject is the keyed pseudonym of a person at a tenant: made once, reusable,
// the raw id is not in it. The zero value is refused.
type Subject struct{ s *subject }

type subject struct {
	tenant string
	id     [32]byte
}

// NewSubject derives the pseudonym of rawID at tenant under key.
func NewSubject(key []byte, tenant, rawID string) Subject { return Subject{} }

// NoticeRef names the text a person was shown.
type NoticeRef struct {
	ID, Version, Language string
	SHA256                [32]byte // of the text as rendered
}

// Choice is one option that was offered and what the person did with it.
type Choice struct {
	Purpose Purpose
	Granted bool
}

// Guardian says who agreed in the person's stead.
type Guardian struct {
	Relation string // "parent", "legal guardian"
	Method   string // how it was established
}

// Evidence is what was shown and what the person did.
type Evidence struct {
	Notice      NoticeRef
	Choices     []Choice
	Affirmative bool   // a clear act, no pre-ticked box; false is refused
	Surface     string // widget or page, and its version
	At          time.Time
	Nonce       []byte // replay protection
	Guardian    *Guardian
}

// Grant is a person's yes to some purposes.
type Grant struct {
	Subject  Subject
	Purposes []Purpose
	Evidence Evidence
	Until    time.Time // zero: no end
}

// Query asks whether something may be done now.
type Query struct {
	Subject    Subject
	Purpose    Purpose
	Recipients []string // third parties who would receive the data; empty: nobody
}

// Reason is a code for a decision; Text is its English.
type Reason string

// The reasons of a Decision.
const (
	Granted    Reason = "granted"
	NeverAsked Reason = "never-asked"
	Refused    Reason = "refused"
	Withdrawn  Reason = "withdrawn"
	Expired    Reason = "expired"
)

// Decision is the answer to a Query.
type Decision struct {
	Allowed bool
	Reason  Reason
	Until   time.Time
}

// Receipt is the signed record of an event, verifiable offline.
type Receipt struct{}

// Options configures New.
type Options struct {
	Now func() time.Time // default time.Now
}

// Store keeps events.
type Store interface{ Close() error }

// Ledger answers and records. Safe for use by many goroutines.
type Ledger struct{}

// New opens a ledger on a store.
func New(s Store, o *Options) (*Ledger, error) { return nil, errNotBuilt }

// Subject derives a pseudonym with the ledger's key.
func (l *Ledger) Subject(tenant, rawID string) Subject { return Subject{} }

// Grant records a yes; it is durable when Grant returns.
func (l *Ledger) Grant(ctx context.Context, g Grant) (*Receipt, error) { return nil, errNotBuilt }

// Refuse records a no.
func (l *Ledger) Refuse(ctx context.Context, s Subject, p ...Purpose) (*Receipt, error) {
	return nil, errNotBuilt
}

// Withdraw takes a yes back. Without purposes it withdraws all of them.
func (l *Ledger) Withdraw(ctx context.Context, s Subject, p ...Purpose) (*Receipt, error) {
	return nil, errNotBuilt
}

// Check answers a query; an error means no.
func (l *Ledger) Check(ctx context.Context, q Query) (Decision, error) {
	return Decision{}, errNotBuilt
}

// Permit checks and hands out the proof.
func (l *Ledger) Permit(ctx context.Context, q Query) (Permit, error) { return Permit{}, errNotBuilt }

// Issued reports whether p came from this ledger.
func (l *Ledger) Issued(p Permit) bool { return false }

// Permit is the proof that a Query was answered with yes. The zero value denies.
type Permit struct{ p *permit }

type permit struct{}

// Use checks again, before a side effect, that q is allowed now.
func (p Permit) Use(ctx context.Context, q Query) error { return errNotBuilt }

// IsZero reports whether p permits nothing.
func (p Permit) IsZero() bool { return p.p == nil }

// Unmanaged makes a permit without a ledger, for callers who keep consent
// elsewhere. The reason shows in every record. It permits nothing until For
// binds it to a subject.
func Unmanaged(reason string) Permit { return Permit{} }

// For binds an unmanaged permit to a subject.
func (p Permit) For(s Subject) Permit { return Permit{} }

// Unmanaged returns the reason given to Unmanaged, and whether p is unmanaged.
func (p Permit) Unmanaged() (reason string, ok bool) { return "", false }
