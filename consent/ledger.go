package consent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fitveil/fitveil/consent/merkle"
)

// Options configures [New]; nil means defaults.
type Options struct {
	// Keys are the ledger's secrets: required, except with a store that forgets
	// everything, such as memstore, where new ones are made. See [LoadKeys].
	Keys Keys

	// Purposes adds purposes to the built-in ones and says which notices count.
	// With Profiles it says the latter only, for the purposes that they have.
	Purposes []Terms

	// Profiles are the agreements in force, by tenant; the one under "" is for
	// tenants that are not named. With any, a tenant without one is refused, and
	// so is a purpose that its profile does not have. See [LoadProfile].
	Profiles map[string]*Profile

	// Holders are all that keep personal data besides the ledger; see [Holder].
	Holders []Holder

	// PermitFor is how long a permit lives; default 10 minutes, at most 24 hours.
	// It bounds nothing but a forgotten permit: each use checks the record anyway.
	PermitFor time.Duration

	// Cache is how many people's standing is kept in memory, where the store can
	// tell when it has changed; default 65,536, some 500 bytes each. Negative: none.
	Cache int

	Now     func() time.Time  // default time.Now
	Logger  *slog.Logger      // nil: silent
	Observe func(Observation) // called after each operation, from its goroutine; nil: nobody
}

// Observation is what an observer hears of an operation: nothing about persons.
type Observation struct {
	Op   string // grant, refuse, withdraw, check, permit, prove, sweep, erase
	OK   bool   // no error; a no is an answer, not an error
	Took time.Duration
}

// Ledger answers and records. Safe for use by many goroutines. Several ledgers
// may share a store if they have the same keys. A Ledger has nothing to close;
// whoever opened the store closes it. The zero value denies everything.
type Ledger struct {
	// Behind a pointer, so that overwriting a Ledger redirects no permit.
	c *core
}

type core struct {
	store     Store
	ring      atomic.Pointer[keys]
	rules     *rules            // without profiles
	tenants   map[string]*rules // with
	permitFor time.Duration
	now       func() time.Time
	log       *slog.Logger
	observe   func(Observation)
	cache     *cache // nil: every check reads
	leases    Leaser
	own       *Leases // where the store keeps none
	holders   []Holder
	prover    merkle.Prover
	born      time.Time    // by the clock, when the ledger was made
	bornMono  time.Time    // the same moment, by the process
	seen      atomic.Int64 // the greatest time seen, in microseconds since 1970

	clockRight atomic.Bool // since a sweep; see trustedTime
}

// errClosed is what the methods of a zero Ledger return.
var errClosed = errors.New("consent: ledger was not made by New")

// New makes a ledger on a store. Errors: [ErrKeys] for a durable store
// without keys, and whatever is wrong with the terms.
func New(s Store, o *Options) (*Ledger, error) {
	if o == nil {
		o = new(Options)
	}
	if s == nil {
		return nil, errors.New("consent: no store")
	}
	keys := o.Keys
	if e, ok := s.(ephemeral); keys.IsZero() && ok && e.Ephemeral() {
		keys = GenerateKeys()
	}
	if keys.IsZero() {
		return nil, fmt.Errorf("consent: %w missing: what is recorded under keys that are lost is lost; "+
			"make them once with GenerateKeys, keep them with Save away from the data, and pass LoadKeys in Options.Keys", ErrKeys)
	}
	base, err := rulesOf(o.Purposes)
	if err != nil {
		return nil, err
	}
	tenants, err := rulesOfProfiles(o.Profiles, o.Purposes)
	if err != nil {
		return nil, err
	}
	if o.PermitFor < 0 || o.PermitFor > 24*time.Hour {
		return nil, fmt.Errorf("consent: PermitFor %v: want up to 24h", o.PermitFor)
	}
	c := &core{store: s, rules: base, tenants: tenants, permitFor: o.PermitFor, now: o.Now, log: o.Logger, observe: o.Observe, cache: newCache(s, o.Cache)}
	c.rules.by = c
	for _, r := range c.tenants {
		r.by = c
	}
	c.ring.Store(keys.k.get())
	if leases, ok := s.(Leaser); ok {
		c.leases = leases
	} else {
		c.own = new(Leases)
		c.leases = c.own
	}
	if c.permitFor == 0 {
		c.permitFor = 10 * time.Minute
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.holders, c.born, c.bornMono = slices.Clone(o.Holders), c.wall(), time.Now()
	if err := c.checkHolders(); err != nil {
		return nil, err
	}
	return &Ledger{c}, nil
}

// ErrTenant is returned for a tenant that has no profile where others have.
var ErrTenant = errors.New("tenant has no profile")

// rulesFor returns the rules of the subject's tenant.
func (c *core) rulesFor(s Subject) (*rules, error) {
	if c.tenants == nil {
		return c.rules, nil
	}
	r := c.tenants[s.Tenant()]
	if r == nil {
		r = c.tenants[""]
	}
	if r == nil {
		return nil, fmt.Errorf("consent: %w", ErrTenant)
	}
	return r, nil
}

// publicKeys are those that the ledger's own records may be signed with.
func (c *core) publicKeys() []ed25519.PublicKey { return c.keys().publics() }

func (c *core) keys() *keys { return c.ring.Load() }

// UseKeys has the ledger go on with other keys, while it is in use; see
// [Keys.With]. They have to recognise what was written with those it had.
// Errors: [ErrKeys].
func (l *Ledger) UseKeys(k Keys) error {
	c, err := l.open()
	if err != nil {
		return err
	}
	d := k.k.get()
	if d == nil {
		return fmt.Errorf("consent: %w missing", ErrKeys)
	}
	for _, old := range c.keys().all() {
		if d.named(old.kid) == nil {
			return fmt.Errorf("consent: %w: they do not recognise those in use; join them with With", ErrKeys)
		}
	}
	c.ring.Store(d)
	return nil
}

func (l *Ledger) open() (*core, error) {
	if l == nil || l.c == nil {
		return nil, errClosed
	}
	return l.c, nil
}

// Subject derives the pseudonym of rawID at tenant with the ledger's key. Make
// it once per request or session and pass it on. The zero Subject comes back
// under the conditions of [NewSubject].
func (l *Ledger) Subject(tenant, rawID string) Subject {
	c, err := l.open()
	if err != nil {
		return Subject{}
	}
	ring := c.keys()
	s := NewSubject(ring.subject[:], tenant, rawID)
	if s.IsZero() {
		return s
	}
	for _, k := range ring.others {
		s.s.get().add(NewSubject(k.subject[:], tenant, rawID))
	}
	return s
}

// PublicKey returns the key that verifies the receipts this ledger writes now.
func (l *Ledger) PublicKey() ed25519.PublicKey {
	c, err := l.open()
	if err != nil {
		return nil
	}
	return c.keys().public()
}

// Grant records a yes; it is durable when Grant returns. The same grant sent
// again gives the receipt of the first. An option of the evidence that was
// offered and not taken is recorded as refused.
//
// Errors: [ErrSubject], [ErrNotAffirmative], [ErrEvidence], [ErrPurpose],
// [ErrNotice], [ErrReplay], [ErrStaleGrant], [ErrConflict], [ErrCorrupt], and
// whatever the store or the context says. After any other than the store's own
// nothing was recorded.
func (l *Ledger) Grant(ctx context.Context, g Grant) (*Receipt, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	defer c.observed("grant", c.started(), &err)
	r, err := c.grant(ctx, &g)
	return r, err
}

func (c *core) grant(ctx context.Context, g *Grant) (*Receipt, error) {
	what, err := c.admit(g)
	if err != nil {
		return nil, fmt.Errorf("consent: grant: %w", err)
	}
	names, err := c.known(ctx, g.Subject)
	if err != nil {
		return nil, err
	}
	who := names[0]
	r, err := c.record(ctx, who, func(s *state) (body, error) {
		for _, p := range what.Purposes {
			if s.answeredAfter(what.EvidenceTime, p) {
				return body{}, fmt.Errorf("consent: grant: %w", ErrStaleGrant)
			}
		}
		return what, nil
	})
	if errors.Is(err, ErrReplay) || errors.Is(err, ErrStaleGrant) {
		return c.replay(ctx, g, who, what, err)
	}
	return r, err
}

// admit checks what can be checked without the record and writes the grant down.
func (c *core) admit(g *Grant) (body, error) {
	if err := g.check(c.wall()); err != nil {
		return body{}, err
	}
	r, err := c.rulesFor(g.Subject)
	if err != nil {
		return body{}, err
	}
	for _, choice := range g.Evidence.Choices {
		if _, known := r.of[choice.Purpose]; !known {
			return body{}, fmt.Errorf("%w %q", ErrPurpose, choice.Purpose)
		}
	}
	if err := r.unbundled(g.Evidence.Choices); err != nil {
		return body{}, err
	}
	b := bodyOf(g)
	for _, p := range b.Purposes {
		e, t := &g.Evidence, r.of[p]
		switch {
		case !t.accepts(e.Notice.ID, e.Notice.Version):
			return body{}, fmt.Errorf("%w for purpose %q", ErrNotice, p)
		case !t.oldEnough(e.AtLeast, e.Country, e.Guardian != nil):
			return body{}, fmt.Errorf("%w for purpose %q", ErrAge, p)
		case t.OwnPhoto && !e.OwnPhoto:
			return body{}, fmt.Errorf("%w: purpose %q needs the word that the photo is the person's own", ErrEvidence, p)
		}
		b.Processing = append(b.Processing, processing(&t.Terms, b.Recipients))
	}
	if b.Recipients, err = r.receiving(&b); err != nil {
		return body{}, err
	}
	b.ConsentType = consentType
	if r.profile != nil {
		b.Profile, b.Storage, b.Withdrawal = r.profile.ID(), r.profile.doc.Regions, r.profile.withdrawal
	}
	return b, nil
}

// unbundled checks that nobody had to take one purpose for another's sake.
func (r *rules) unbundled(choices []Choice) error {
	for i, a := range choices {
		for _, b := range choices[:i] {
			if a.Together != "" && a.Together == b.Together &&
				r.of[a.Purpose].BundledWith != b.Purpose && r.of[b.Purpose].BundledWith != a.Purpose {
				return fmt.Errorf("%w: %q and %q", ErrBundled, b.Purpose, a.Purpose)
			}
		}
	}
	return nil
}

// receiving returns those of the recipients that a text named who are somebody's
// for a purpose that was agreed to. One who is so for none of the purposes that
// were offered is an error.
func (r *rules) receiving(b *body) (out []string, err error) {
	for _, to := range b.Recipients {
		if !slices.ContainsFunc(b.Choices, func(c jsonChoice) bool { return r.of[c.Purpose].receives(to) }) {
			return nil, fmt.Errorf("%w: a recipient of none of the purposes", ErrEvidence)
		}
		if slices.ContainsFunc(b.Purposes, func(p Purpose) bool { return r.of[p].receives(to) }) {
			out = append(out, to)
		}
	}
	return out, nil
}

// processing says in a receipt what the terms of a purpose were, and who of the
// recipients receives something for it.
func processing(t *Terms, recipients []string) jsonProcessing {
	p := jsonProcessing{
		LawfulBasis: t.Basis.IRI(), Purpose: t.Purpose, PurposeType: t.Purpose.IRI(), Role: t.Role.IRI(),
		Categories: make([]string, 0, len(t.Categories)), Recipients: []string{},
	}
	for _, to := range recipients {
		if t.receives(to) {
			p.Recipients = append(p.Recipients, to)
		}
	}
	for _, c := range t.Categories {
		p.Categories = append(p.Categories, c.IRI())
	}
	if !t.Retention.IsZero() {
		p.Retention = t.Retention.String()
	}
	return p
}

// replay looks for the grant that g repeats and gives its receipt, else the
// reason why a new one was refused. what is g as it would be recorded now.
func (c *core) replay(ctx context.Context, g *Grant, who Subject, what body, reason error) (*Receipt, error) {
	r, err := c.rulesFor(g.Subject)
	if err != nil {
		return nil, err
	}
	what.PrincipalID, what.Tenant, what.Schema, what.Alg = who.Pseudonym(), who.Tenant(), schema, "Ed25519"
	for e, err := range c.chain(ctx, who) {
		if err != nil {
			return nil, err
		}
		if b := e.receipt.r.get().body; sameAct(b, what) && r.sameRecipients(b.Recipients, g.Recipients, &what) {
			return e.receipt, nil
		}
	}
	return nil, reason
}

// sameRecipients reports whether recorded can be what the terms of then left of
// sent: nobody else, and of those who are missing, each is somebody whom the terms
// drop now as well, or whom they name for a purpose that was declined.
func (r *rules) sameRecipients(recorded, sent []string, now *body) bool {
	return subset(recorded, sent) && !slices.ContainsFunc(sent, func(to string) bool {
		return !slices.Contains(recorded, to) && slices.Contains(now.Recipients, to) &&
			!slices.ContainsFunc(now.Choices, func(c jsonChoice) bool {
				return !c.Granted && slices.Contains(r.of[c.Purpose].Recipients, to)
			})
	})
}

// Refuse records a no: the person was asked about p and declined. Errors:
// [ErrSubject], [ErrPurpose], [ErrConflict], [ErrCorrupt], the store's, the context's.
func (l *Ledger) Refuse(ctx context.Context, s Subject, p ...Purpose) (*Receipt, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	defer c.observed("refuse", c.started(), &err)
	if len(p) == 0 {
		err = fmt.Errorf("consent: refuse: %w: none named", ErrPurpose)
		return nil, err
	}
	r, err := c.recordAll(ctx, s, func(s Subject, st *state) (body, error) { return c.no(s, st, Refused, p) })
	return r, err
}

// Withdraw takes a yes back; without purposes, all of them, also those still
// on their way. It is in force when Withdraw returns: every later check and
// every use of a permit says no. Errors are those of [Ledger.Refuse].
func (l *Ledger) Withdraw(ctx context.Context, s Subject, p ...Purpose) (*Receipt, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	defer c.observed("withdraw", c.started(), &err)
	r, err := c.recordAll(ctx, s, func(s Subject, st *state) (body, error) {
		if len(p) == 0 {
			return body{EventType: Withdrawn, All: true}, nil
		}
		return c.no(s, st, Withdrawn, p)
	})
	return r, err
}

// no makes a refusal or withdrawal. A purpose that is on record counts even
// when the terms no longer name it: nobody is kept from taking it back.
func (c *core) no(who Subject, s *state, kind Reason, p []Purpose) (body, error) {
	r, err := c.rulesFor(who)
	if err != nil {
		r = new(rules)
	}
	for _, p := range p {
		_, known := r.of[p]
		if _, recorded := s.find(p); !known && !recorded {
			return body{}, fmt.Errorf("consent: %w %q", ErrPurpose, p)
		}
	}
	return body{EventType: kind, Purposes: set(p)}, nil
}

// errNothingToDo ends record without an event.
var errNothingToDo = errors.New("consent: nothing to record")

// maxTries bounds how often a writer may lose the race for the next number.
const maxTries = 256

// record appends the event that decide makes of the subject's state. decide
// runs again on the new state each time another writer was first.
func (c *core) record(ctx context.Context, who Subject, decide func(*state) (body, error)) (*Receipt, error) {
	if who.IsZero() {
		return nil, fmt.Errorf("consent: %w", ErrSubject)
	}
	for range maxTries {
		head, st, err := c.load(ctx, who)
		if err != nil {
			return nil, err
		}
		b, err := decide(st)
		if err != nil {
			return nil, err
		}
		r, rec, err := c.next(who, st, b)
		if err != nil {
			return nil, err
		}
		if c.own != nil {
			c.own.hold(who, &rec)
		}
		err = c.store.Append(ctx, who, rec)
		if c.own != nil {
			c.own.settle(who, &rec, err == nil)
		}
		switch {
		case err == nil:
			c.latest(head.Time)
			return r, nil
		case !errors.Is(err, ErrConflict):
			return nil, fmt.Errorf("consent: append: %w", err)
		}
	}
	return nil, fmt.Errorf("consent: append: %w, %d times", ErrConflict, maxTries)
}

// next completes b to the event after st, and advances st.
func (c *core) next(who Subject, st *state, b body) (*Receipt, Record, error) {
	b.Tenant, b.PrincipalID = who.Tenant(), who.Pseudonym()
	b.Seq, b.Prev = st.seq+1, st.last
	b.EventState = eventStates[b.EventType]
	rand.Read(b.RecordID[:]) // never fails, see crypto/rand
	// Within a chain time does not go back, or a withdrawal could look older
	// than the evidence it came after.
	now := c.wall()
	if b.EventTime = now; b.EventTime.Before(st.lastAt) {
		b.EventTime = st.lastAt
	}
	r, err := signReceipt(c.keys(), b)
	if err != nil {
		return nil, Record{}, fmt.Errorf("consent: %w", err)
	}
	st.apply(&r.r.get().body, hashOf(r.r.get().doc))
	rec := Record{Seq: b.Seq, Time: b.EventTime, State: encodeState(c.keys(), who, st)}
	if rec.Event, err = c.keys().sealEvent(r.r.get().doc); err != nil {
		return nil, Record{}, fmt.Errorf("consent: %w", err)
	}
	if b.Nonce != nil {
		rec.Nonce = c.keys().hideNonce(b.Nonce)
	}
	if b.Heartbeat != 0 {
		heartbeat := time.Duration(b.Heartbeat) * time.Second
		ends := c.latest(time.Time{}).Add(heartbeat)
		if c.behind(heartbeat) { // over by the time that the clock has caught up
			ends = now.Add(heartbeat)
		}
		for _, p := range b.Purposes {
			rec.Leases = append(rec.Leases, Lease{p, ends})
		}
	}
	return r, rec, nil
}

// load reads where the subject stands.
func (c *core) load(ctx context.Context, who Subject) (Head, *state, error) {
	head, err := c.store.Head(ctx, who)
	if err != nil {
		return Head{}, nil, fmt.Errorf("consent: read: %w", err)
	}
	if head.Seq == 0 {
		return head, new(state), nil
	}
	st, err := decodeState(c.keys(), who, head.Seq, head.State)
	if errors.Is(err, errStateVersion) {
		st, err = c.refold(ctx, who, head.Seq)
	}
	if err != nil {
		return Head{}, nil, fmt.Errorf("consent: read: %w", err)
	}
	return head, st, nil
}

// started and observed frame an operation for the observer, if there is one.
func (c *core) started() time.Time {
	if c.observe == nil {
		return time.Time{}
	}
	return c.now()
}

func (c *core) observed(op string, start time.Time, err *error) {
	if c.observe != nil {
		c.observe(Observation{Op: op, OK: *err == nil, Took: c.now().Sub(start)})
	}
}
