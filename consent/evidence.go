package consent

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// NoticeRef names the text a person was shown.
type NoticeRef struct {
	ID, Version, Language string   // up to 128 bytes each; Language is a BCP 47 tag
	SHA256                [32]byte // of the text as shown
}

// Choice is one option that was offered and what the person did with it.
type Choice struct {
	Purpose Purpose
	Granted bool
}

// Guardian says who agreed in the person's stead. Both fields are required.
type Guardian struct {
	Relation string // "parent", "legal guardian"
	Method   string // how it was established
}

// Evidence is what was shown and what the person did. All fields but Guardian
// are required.
type Evidence struct {
	Notice      NoticeRef
	Choices     []Choice  // every option offered, also those left alone; up to 64
	Affirmative bool      // a clear act, no pre-ticked box; false is refused
	Surface     string    // widget or page, and its version
	At          time.Time // when the person acted, best by the server's clock; microseconds are kept
	// Nonce ties the record to one showing of the form: 1 to 128 bytes, best 16
	// random ones. A second grant with it at the same tenant is either the same
	// grant sent again, which gives the same receipt, or [ErrReplay].
	Nonce    []byte
	Guardian *Guardian // who acted for the person; nil: the person
}

// Grant is a person's yes to some purposes.
type Grant struct {
	Subject    Subject
	Purposes   []Purpose // each must be a granted Choice of the evidence
	Recipients []string  // third parties the person agreed to, up to 64; empty: nobody
	Evidence   Evidence
	Until      time.Time // zero: no end
}

var (
	// ErrSubject is returned for the zero Subject.
	ErrSubject = errors.New("no subject")
	// ErrNotAffirmative is returned for a grant without a clear act of the person.
	ErrNotAffirmative = errors.New("no affirmative act")
	// ErrEvidence is returned for a grant whose evidence is incomplete or contradicts itself.
	ErrEvidence = errors.New("evidence incomplete")
	// ErrNotice is returned for a grant on a text that the ledger's Terms no longer accept.
	ErrNotice = errors.New("notice is not the one in force")
	// ErrReplay is returned for a nonce that was used for something else.
	ErrReplay = errors.New("nonce was used before")
	// ErrStaleGrant is returned for a grant whose evidence is older than the
	// answer on record: a no, or a narrower yes, never loses to an earlier yes.
	ErrStaleGrant = errors.New("a later answer is on record")
)

const (
	maxList  = 64
	maxNonce = 128
	// maxAhead is how far the time of the evidence may be ahead of ours.
	maxAhead = 5 * time.Minute
)

// check reports what g lacks. It says nothing about state or terms.
func (g *Grant) check(now time.Time) error {
	e := &g.Evidence
	switch {
	case g.Subject.IsZero():
		return ErrSubject
	case !e.Affirmative:
		return ErrNotAffirmative
	case len(g.Purposes) == 0 || len(g.Purposes) > maxList:
		return fmt.Errorf("%w: want 1 to %d purposes, got %d", ErrEvidence, maxList, len(g.Purposes))
	case len(g.Recipients) > maxList:
		return fmt.Errorf("%w: %d recipients, limit %d", ErrEvidence, len(g.Recipients), maxList)
	case !plainTexts(g.Recipients):
		return fmt.Errorf("%w: a recipient is empty, over %d bytes or not plain text", ErrEvidence, maxText)
	case !e.At.Before(now.Add(maxAhead)):
		return fmt.Errorf("%w: its time is more than %v ahead of the clock", ErrEvidence, maxAhead)
	case !g.Until.IsZero() && !g.Until.After(now):
		return fmt.Errorf("%w: the consent would end before it starts", ErrEvidence)
	case g.Until.Year() > 9999:
		return fmt.Errorf("%w: end beyond year 9999", ErrEvidence)
	}
	if err := e.check(); err != nil {
		return err
	}
	for _, p := range g.Purposes {
		if !slices.Contains(e.Choices, Choice{Purpose: p, Granted: true}) {
			return fmt.Errorf("%w: purpose %q is not a granted choice", ErrEvidence, p)
		}
	}
	return nil
}

func (e *Evidence) check() error {
	n := e.Notice
	switch {
	case !plainText(n.ID) || !plainText(n.Version) || !plainText(n.Language):
		return fmt.Errorf("%w: notice needs id, version and language, up to %d bytes each", ErrEvidence, maxText)
	case n.SHA256 == [32]byte{}:
		return fmt.Errorf("%w: notice needs the hash of the text shown", ErrEvidence)
	case !plainText(e.Surface):
		return fmt.Errorf("%w: surface missing, over %d bytes or not plain text", ErrEvidence, maxText)
	case len(e.Nonce) == 0 || len(e.Nonce) > maxNonce:
		return fmt.Errorf("%w: want a nonce of 1 to %d bytes, got %d", ErrEvidence, maxNonce, len(e.Nonce))
	case e.At.Unix() <= 0:
		return fmt.Errorf("%w: time missing", ErrEvidence)
	case len(e.Choices) > maxList:
		return fmt.Errorf("%w: %d choices, limit %d", ErrEvidence, len(e.Choices), maxList)
	case e.Guardian != nil && (!plainText(e.Guardian.Relation) || !plainText(e.Guardian.Method)):
		return fmt.Errorf("%w: guardian needs relation and method", ErrEvidence)
	}
	for i, c := range e.Choices {
		if !c.Purpose.valid() {
			return fmt.Errorf("%w: choice %d", ErrPurpose, i)
		}
		if slices.ContainsFunc(e.Choices[:i], func(d Choice) bool { return d.Purpose == c.Purpose }) {
			return fmt.Errorf("%w: purpose %q is offered twice", ErrEvidence, c.Purpose)
		}
	}
	return nil
}

func plainTexts(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !plainText(s) })
}

// set returns list sorted and without repetitions, nil when empty, so that
// equal sets have one spelling.
func set[T ~string](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// subset reports whether every member of part is in whole.
func subset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}
