package consent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/fitveil/fitveil/consent/merkle"
)

// A proof says what a person had answered about a purpose at a time, so that
// somebody who has nothing but the public key can check it. It holds all events
// of the person, each with the key that opens its hash in the log; the branch of
// the map that says which of them is the last; where in the log the answer
// stands; and the signed checkpoint that all of it hangs on. That the map names
// the last event is what shows that nothing was taken back in between.
type proofBody struct {
	At         time.Time    `json:"at"`
	Branch     []hex32      `json:"branch"`
	Checkpoint string       `json:"checkpoint"`
	Events     []proofEvent `json:"events"`
	Growth     []hex32      `json:"growth,omitempty"`
	Inclusion  []hex32      `json:"inclusion"`
	KeyID      string       `json:"kid"`
	Leaf       int64        `json:"leaf"`
	Purpose    Purpose      `json:"purpose"`
	Schema     string       `json:"schema_version"`
	Since      string       `json:"since,omitempty"`
}

type proofEvent struct {
	opening
	Receipt json.RawMessage `json:"receipt"`
}

type proofDoc struct {
	Body proofBody `json:"body"`
	Sig  b64url    `json:"sig"` // Ed25519 over proofContext and the body's bytes
}

const (
	proofSchema  = "fitveil-consent-proof/1"
	proofContext = "fitveil consent proof v1\n"
	maxProof     = 16 << 20
)

// ErrNoRecord is returned by Prove for a person of whom nothing is on record,
// or was not yet at that time.
var ErrNoRecord = errors.New("nothing is on record")

// ProveOptions configures [Ledger.Prove]; nil means defaults.
type ProveOptions struct {
	// Since is an earlier checkpoint that somebody outside has kept: the proof then
	// also shows that the log was not rewritten since.
	Since []byte
}

// Prove makes a proof of what the person had answered about p at a time, for
// [VerifyProof]: JSON. A zero time means now. It contains the person's whole
// history, so it is for those who may see that.
//
// It proves what is on record. That a withdrawal was never recorded it cannot
// show; the person's receipt of that withdrawal does, since both are signed.
// Nor does it show that a session was alive, since heartbeats are on no record:
// for a consent that is bound to one it says [Granted] up to the first heartbeat
// that was due, and [SessionEnded], over or not known, from then on.
// Neither can it show when something was recorded more exactly than the
// ledger's clock was right, nor that a person was never asked at all.
//
// Errors: [ErrSubject], [ErrPurpose], [ErrNoRecord], [ErrProof] for a Since
// that is not of this log, [ErrCorrupt] when the log contradicts it or itself,
// [ErrConflict] when it changed all the while, the store's, the context's.
func (l *Ledger) Prove(ctx context.Context, s Subject, p Purpose, at time.Time, o *ProveOptions) ([]byte, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	defer c.observed("prove", c.started(), &err)
	if o == nil {
		o = new(ProveOptions)
	}
	var out []byte
	if out, err = c.prove(ctx, s, p, at, o.Since); err != nil {
		err = fmt.Errorf("consent: prove: %w", err)
	}
	return out, err
}

func (c *core) prove(ctx context.Context, who Subject, p Purpose, at time.Time, since []byte) ([]byte, error) {
	if who.IsZero() {
		return nil, ErrSubject
	}
	if !p.valid() {
		return nil, fmt.Errorf("%w %q", ErrPurpose, p)
	}
	names, err := c.known(ctx, who)
	if err != nil {
		return nil, err
	}
	if who, err = c.speaking(ctx, names, p, at); err != nil {
		return nil, err
	}
	for range maxTries {
		events, leaves, err := c.provable(ctx, who)
		if err != nil {
			return nil, err
		}
		now := c.wall()
		signer := c.keys()
		b := proofBody{At: instant(at), Events: events, Purpose: p, Schema: proofSchema, KeyID: signer.kid}
		if at.IsZero() {
			b.At = now
		}
		a, err := answerAt(events, p, b.At)
		if err != nil {
			return nil, err
		}
		b.Leaf = leaves[a.event]
		err = c.store.Trees(ctx, who.Tenant(), func(r merkle.Reader) error { return c.hang(r, who, &b, since) })
		switch {
		case errors.Is(err, ErrConflict): // somebody wrote in between
			continue
		case err != nil:
			return nil, corrupt(err)
		case b.At.After(now):
			return nil, fmt.Errorf("%w: that time has not come yet", ErrNoRecord)
		}
		msg, err := canonical(b)
		if err != nil {
			return nil, err
		}
		return canonical(proofDoc{b, ed25519.Sign(signer.sign, slices.Concat([]byte(proofContext), msg))})
	}
	return nil, ErrConflict
}

// speaking returns which of a person's chains is to answer for p, as in a check:
// the first that does not allow it, else one with a yes, else the first there was.
// Not to have been asked is a no where a purpose needs consent.
func (c *core) speaking(ctx context.Context, names []Subject, p Purpose, at time.Time) (Subject, error) {
	best, found, agreed := names[0], false, false
	if len(names) == 1 {
		return best, nil
	}
	if at.IsZero() {
		at = c.wall()
	}
	otherBasis := false
	if r, err := c.rulesFor(best); err == nil {
		rule := r.of[p]
		otherBasis = rule != nil && rule.Basis != Consent
	}
	for _, s := range names {
		events, _, err := c.provable(ctx, s)
		if err != nil {
			return Subject{}, err
		}
		a, err := answerAt(events, p, at)
		switch {
		case errors.Is(err, ErrNoRecord): // this chain came later
			continue
		case err != nil:
			return Subject{}, err
		case a.reason != Granted && (a.reason != NeverAsked || !otherBasis):
			return s, nil
		case !found || a.reason == Granted && !agreed:
			best, found, agreed = s, true, a.reason == Granted
		}
	}
	return best, nil
}

// provable reads the person's events with what opens their hashes.
func (c *core) provable(ctx context.Context, who Subject) (events []proofEvent, leaves []int64, err error) {
	for e, err := range c.chain(ctx, who) {
		if err != nil {
			return nil, nil, err
		}
		events = append(events, proofEvent{e.opening, e.receipt.Bytes()})
		leaves = append(leaves, e.leaf)
	}
	if len(events) == 0 {
		return nil, nil, ErrNoRecord
	}
	return events, leaves, nil
}

// hang fills in what ties the events to a checkpoint made of the same snapshot.
func (c *core) hang(r merkle.Reader, who Subject, b *proofBody, since []byte) error {
	head, err := merkle.ReadHead(r)
	if err != nil {
		return err
	}
	last, branch, ok, err := c.prover.ProveKey(r, who.Pseudonym())
	if err != nil {
		return err
	}
	want, err := b.Events[len(b.Events)-1].hash()
	if err != nil {
		return err
	}
	if !ok || last != want {
		return ErrConflict
	}
	path, err := merkle.ProveRecord(r, head.Size, b.Leaf)
	if err != nil {
		return err
	}
	cp, err := signCheckpoint(c.keys(), who.Tenant(), head, c.latest(time.Time{}))
	if err != nil {
		return err
	}
	b.Checkpoint, b.Branch, b.Inclusion = string(cp.text), hexes(branch), hexes(path)
	if since != nil {
		b.Since = string(since)
		b.Growth, err = c.growth(r, cp, since)
	}
	return err
}

// hash is the leaf of an event.
func (e proofEvent) hash() (merkle.Hash, error) {
	stored, err := e.seal(e.Receipt)
	return tlog.RecordHash(stored), err
}

// answered is what events say about a purpose at a time.
type answered struct {
	reason Reason
	until  time.Time
	bound  time.Duration // the heartbeat of a consent bound to a session
	event  int           // index of the event that says so; of the last, if none does
}

// answerAt folds the events up to a time.
func answerAt(events []proofEvent, p Purpose, at time.Time) (answered, error) {
	st := new(state)
	var silent time.Time // when a session is over unless somebody was heard
	a := answered{reason: NeverAsked, event: len(events) - 1}
	for i, e := range events {
		r, err := ParseReceipt(e.Receipt)
		if err != nil {
			return answered{}, err
		}
		b := &r.r.get().body
		if b.EventTime.After(at) {
			break
		}
		before, _ := st.find(p)
		st.apply(b, r.Hash())
		now, found := st.find(p)
		if found && (before.kind != now.kind || !before.at.Equal(now.at) || slices.Contains(b.Purposes, p)) {
			a = answered{reason: now.kind, until: now.until, bound: now.heartbeat, event: i}
			silent = b.EventTime.Add(now.heartbeat)
		}
	}
	if st.seq == 0 {
		return answered{}, ErrNoRecord
	}
	switch {
	case a.reason != Granted:
	case !a.until.IsZero() && !a.until.After(at):
		a.reason = Expired
	case a.bound != 0 && !silent.After(at): // beats are on no record
		a.reason = SessionEnded
	}
	return a, nil
}

// Proven is what a proof shows.
type Proven struct {
	Reason     Reason // Granted, Refused, Withdrawn, Expired, NeverAsked, or SessionEnded: see [Ledger.Prove]
	Purpose    Purpose
	At         time.Time
	Until      time.Time     // end of the consent; zero: none
	Heartbeat  time.Duration // of a consent that is bound to a session; zero: not bound
	Receipt    *Receipt      // of the event that answers; nil for NeverAsked
	Events     int           // how many there are about the person, the later ones included
	Checkpoint *Checkpoint   // worth keeping
}

// VerifyProof checks a proof with public keys alone, without ledger and network.
// outside, unless nil, is a checkpoint of the same log that was kept elsewhere:
// the proof must then show that the log has only grown since, and so must have
// been made with it as ProveOptions.Since, unless nothing was logged in between.
// Errors: [ErrProof].
func VerifyProof(proof, outside []byte, keys ...ed25519.PublicKey) (*Proven, error) {
	p, err := verifyProof(proof, outside, keys)
	if err != nil && !errors.Is(err, ErrProof) {
		err = fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err != nil {
		return nil, fmt.Errorf("consent: proof: %w", err)
	}
	return p, nil
}

// decodeCanonical decodes what was encoded in the one spelling there is. Errors
// do not quote it.
func decodeCanonical(data []byte, v any, limit int) error {
	if len(data) > limit {
		return fmt.Errorf("%d bytes, limit %d", len(data), limit)
	}
	if json.Unmarshal(data, v) != nil {
		return errors.New("malformed")
	}
	again, err := canonical(v)
	if err != nil || !bytes.Equal(again, data) {
		return errors.New("not in canonical form")
	}
	return nil
}

func verifyProof(proof, outside []byte, keys []ed25519.PublicKey) (*Proven, error) {
	var d proofDoc
	if err := decodeCanonical(proof, &d, maxProof); err != nil {
		return nil, err
	}
	b := &d.Body
	if b.Schema != proofSchema || !b.Purpose.valid() || !written(b.At) || b.At.IsZero() || len(b.Events) == 0 {
		return nil, errors.New("not a proof of this kind")
	}
	if err := d.verifySignature(proof, keys); err != nil {
		return nil, err
	}
	cp, err := checkGrowth(b.Checkpoint, b.Since, b.Growth, outside, keys)
	if err != nil {
		return nil, err
	}
	if b.At.After(cp.Time) {
		return nil, errors.New("the checkpoint is older than the time in question")
	}
	receipts, err := b.checkChain(cp, keys)
	if err != nil {
		return nil, err
	}
	a, err := answerAt(b.Events, b.Purpose, b.At)
	if err != nil {
		return nil, err
	}
	leaf, err := b.Events[a.event].hash()
	if err != nil {
		return nil, err
	}
	if err := merkle.CheckRecord(hashes(b.Inclusion), cp.Head, b.Leaf, leaf); err != nil {
		return nil, errors.New("the answer is not in the log")
	}
	out := &Proven{
		Reason: a.reason, Purpose: b.Purpose, At: b.At, Until: a.until, Heartbeat: a.bound,
		Events: len(b.Events), Checkpoint: cp,
	}
	if a.reason != NeverAsked {
		out.Receipt = receipts[a.event]
	}
	return out, nil
}

func (d *proofDoc) verifySignature(proof []byte, keys []ed25519.PublicKey) error {
	tail := len(docMid) + base64.RawURLEncoding.EncodedLen(len(d.Sig)) + len(docTail)
	signed := slices.Concat([]byte(proofContext), proof[len(docHead):len(proof)-tail])
	for _, k := range keys {
		if len(k) == ed25519.PublicKeySize && KeyID(k) == d.Body.KeyID {
			if ed25519.Verify(k, signed, d.Sig) {
				return nil
			}
			return errors.New("signature")
		}
	}
	return errors.New("signed with another key")
}

// checkChain verifies every event, that they are one person's chain from the
// first on, and that the map names the last of them.
func (b *proofBody) checkChain(cp *Checkpoint, keys []ed25519.PublicKey) ([]*Receipt, error) {
	receipts := make([]*Receipt, 0, len(b.Events))
	var prev hex32
	for i, e := range b.Events {
		r, err := verifyAny(e.Receipt, keys)
		if err != nil {
			return nil, err
		}
		was := &r.r.get().body
		if was.Seq != uint64(i)+1 || was.Prev != prev || Origin(was.Tenant) != cp.Origin ||
			i > 0 && was.PrincipalID != receipts[0].r.get().body.PrincipalID {
			return nil, fmt.Errorf("event %d is out of place", i+1)
		}
		if was.EventTime.After(cp.Time) {
			return nil, fmt.Errorf("event %d is newer than the checkpoint", i+1)
		}
		prev = r.Hash()
		receipts = append(receipts, r)
	}
	last, err := b.Events[len(b.Events)-1].hash()
	if err != nil {
		return nil, err
	}
	who := receipts[0].r.get().body.PrincipalID
	if err := merkle.CheckKey(hashes(b.Branch), cp.Head.Map, who, last); err != nil {
		return nil, errors.New("the last event is not the person's last by the map")
	}
	return receipts, nil
}

// verifyAny verifies a receipt with whichever key it names.
func verifyAny(data []byte, keys []ed25519.PublicKey) (*Receipt, error) {
	r, err := ParseReceipt(data)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if KeyID(k) == r.KeyID() {
			return r, r.Verify(k)
		}
	}
	return nil, fmt.Errorf("consent: %w: signed with another key", ErrReceipt)
}
