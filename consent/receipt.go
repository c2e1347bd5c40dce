package consent

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Receipt is the signed record of an event. It can be verified by anybody who
// has the public key, without the ledger and without a network.
//
// A receipt is personal data: it names the person's pseudonym and what they
// agreed to. Hand it to them and keep it out of logs; fmt and slog print a
// fixed word. MarshalJSON, unlike that of the other types here, gives the whole
// receipt, because handing it out is what a receipt is for.
type Receipt struct{ r hidden[receipt] }

type receipt struct {
	doc  []byte // canonical JSON of document
	body body
	sig  []byte
}

// ErrReceipt is returned for a receipt that is malformed, not signed by the
// key at hand, or changed since.
var ErrReceipt = errors.New("receipt does not verify")

const maxReceipt = 64 << 10

// signReceipt completes b and signs it.
func signReceipt(k *keys, b body) (*Receipt, error) {
	b.Schema, b.Alg, b.KeyID = schema, "Ed25519", k.kid
	msg, err := canonical(&b)
	if err != nil {
		return nil, err
	}
	sig := ed25519.Sign(k.sign, slices.Concat([]byte(signContext), msg))
	text, err := b64url(sig).MarshalText()
	if err != nil {
		return nil, err
	}
	doc := slices.Concat([]byte(docHead), msg, []byte(docMid), text, []byte(docTail))
	if len(doc) > maxReceipt {
		return nil, fmt.Errorf("%w: record of %d bytes, limit %d", ErrEvidence, len(doc), maxReceipt)
	}
	return &Receipt{hide(&receipt{doc: doc, body: b, sig: sig})}, nil
}

// ParseReceipt reads a receipt and checks its form, not its signature: call
// [Receipt.Verify]. There is one way to write a receipt; other spacing, order
// or spelling, unknown or repeated keys, anything behind it, and more than
// 64 KiB are [ErrReceipt].
func ParseReceipt(data []byte) (*Receipt, error) {
	if len(data) > maxReceipt {
		return nil, fmt.Errorf("consent: %w: %d bytes, limit %d", ErrReceipt, len(data), maxReceipt)
	}
	d, ok := scanReceipt(string(data))
	if !ok {
		var err error
		if d, err = decodeReceipt(data); err != nil {
			return nil, fmt.Errorf("consent: %w: %w", ErrReceipt, err)
		}
	}
	if err := d.Body.check(); err != nil {
		return nil, fmt.Errorf("consent: %w: %w", ErrReceipt, err)
	}
	return &Receipt{hide(&receipt{doc: bytes.Clone(data), body: d.Body, sig: d.Sig})}, nil
}

// decodeReceipt reads whatever is in canonical form.
func decodeReceipt(data []byte) (d document, err error) {
	// The decoder's error may quote the receipt, so it is not passed on. What it
	// is lenient about, the comparison below is not.
	if json.Unmarshal(data, &d) != nil {
		return document{}, errors.New("not a receipt")
	}
	if doc, err := canonical(&d); err != nil || !bytes.Equal(doc, data) {
		return document{}, errors.New("not in canonical form")
	}
	return d, nil
}

// VerifyReceipt is [ParseReceipt] followed by [Receipt.Verify].
func VerifyReceipt(data []byte, pub ed25519.PublicKey) (*Receipt, error) {
	r, err := ParseReceipt(data)
	if err != nil {
		return nil, err
	}
	if err := r.Verify(pub); err != nil {
		return nil, err
	}
	return r, nil
}

// Verify checks that r was signed with the key that pub belongs to and not
// changed since. Errors: [ErrReceipt].
func (r *Receipt) Verify(pub ed25519.PublicKey) error {
	d := r.read()
	switch {
	case d.doc == nil:
		return fmt.Errorf("consent: %w: empty", ErrReceipt)
	case len(pub) != ed25519.PublicKeySize:
		return fmt.Errorf("consent: %w: public key of %d bytes, want %d", ErrReceipt, len(pub), ed25519.PublicKeySize)
	case d.body.KeyID != KeyID(pub):
		return fmt.Errorf("consent: %w: signed with another key", ErrReceipt)
	}
	if !ed25519.Verify(pub, slices.Concat([]byte(signContext), d.signed()), d.sig) {
		return fmt.Errorf("consent: %w: signature", ErrReceipt)
	}
	return nil
}

// signed returns the bytes of the body. The document is canonical, so they
// stand at a known place.
func (d *receipt) signed() []byte {
	end := len(d.doc) - len(docTail) - base64.RawURLEncoding.EncodedLen(len(d.sig)) - len(docMid)
	return d.doc[len(docHead):end]
}

// read returns what is in r, an empty receipt for none.
func (r *Receipt) read() *receipt {
	if r != nil {
		if d := r.r.get(); d != nil {
			return d
		}
	}
	return new(receipt)
}

// Bytes returns the receipt as JSON, to hand out and to verify later.
func (r *Receipt) Bytes() []byte { return bytes.Clone(r.read().doc) }

// Hash returns the SHA-256 of Bytes, by which the next event of the person
// points back to this one.
func (r *Receipt) Hash() [32]byte { return hashOf(r.read().doc) }

// Kind says what was recorded: Granted, Refused, Withdrawn or Expired.
func (r *Receipt) Kind() Reason { return r.read().body.EventType }

// Seq returns the event's number in the person's history, from 1.
func (r *Receipt) Seq() uint64 { return r.read().body.Seq }

// At returns when the event was recorded.
func (r *Receipt) At() time.Time { return r.read().body.EventTime }

// KeyID names the key that signed, see [KeyID].
func (r *Receipt) KeyID() string { return r.read().body.KeyID }

const receiptWord = "[consent.Receipt]"

// Format prints a fixed word for every verb.
func (r Receipt) Format(f fmt.State, _ rune) { io.WriteString(f, receiptWord) }

// LogValue logs a fixed word.
func (r Receipt) LogValue() slog.Value { return slog.StringValue(receiptWord) }

// MarshalJSON gives the receipt itself. Its bytes verify only as they are: an
// encoder that indents or escapes them anew breaks them.
func (r Receipt) MarshalJSON() ([]byte, error) {
	if d := r.read(); d.doc != nil {
		return bytes.Clone(d.doc), nil
	}
	return []byte("null"), nil
}
