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
	// Together names the other purposes' choices that this one could only be made
	// with: those with the same word. Bundling is refused with [ErrBundled], unless
	// the terms of the one purpose name the other in BundledWith. "": on its own.
	Together string
}

// Guardian says who agreed in the person's stead. Both fields are required.
type Guardian struct {
	Relation string // "parent", "legal guardian"
	Method   string // how it was established
}

// Evidence is what was shown and what the person did. All fields up to Nonce
// are required; the others when the terms of a purpose ask for them.
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

	AtLeast  int    // the age in years that the person was established to have reached; 0: not asked
	Country  string // where the person is, ISO 3166-1 alpha-2, for age limits; "": not asked
	OwnPhoto bool   // the person declared that the photo is of them
}

// Grant is a person's yes to some purposes.
type Grant struct {
	Subject    Subject
	Purposes   []Purpose // each must be a granted Choice of the evidence
	Recipients []string  // third parties the text named, up to 64; each purpose has those that its terms allow; empty: nobody
	Evidence   Evidence
	Until      time.Time // zero: no end
	// Heartbeat, if not zero, binds the consent to a session: it ends when
	// [Ledger.Beat] is not called for so long. Whole seconds, up to a day.
	Heartbeat time.Duration
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
	// ErrAge is returned for a grant of somebody who is too young for it, or may
	// be, by the terms of a purpose.
	ErrAge = errors.New("age is not established, or too low")
	// ErrBundled is returned for a grant of purposes that could not be chosen apart.
	ErrBundled = errors.New("choices are bundled")
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
	maxAhead     = 5 * time.Minute
	maxHeartbeat = 24 * time.Hour
	maxAge       = 150
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
	case g.Heartbeat < 0 || g.Heartbeat > maxHeartbeat || g.Heartbeat%time.Second != 0:
		return fmt.Errorf("%w: heartbeat %v, want whole seconds up to %v", ErrEvidence, g.Heartbeat, maxHeartbeat)
	}
	if err := e.check(); err != nil {
		return err
	}
	for _, p := range g.Purposes {
		if !slices.ContainsFunc(e.Choices, func(c Choice) bool { return c.Purpose == p && c.Granted }) {
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
	case e.AtLeast < 0 || e.AtLeast > maxAge:
		return fmt.Errorf("%w: age out of range", ErrEvidence)
	case e.Country != "" && !country(e.Country):
		return fmt.Errorf("%w: country is not two capital letters", ErrEvidence)
	}
	for i, c := range e.Choices {
		if !c.Purpose.valid() {
			return fmt.Errorf("%w: choice %d", ErrPurpose, i)
		}
		if c.Together != "" && !plainText(c.Together) {
			return fmt.Errorf("%w: choice %d is not plain text", ErrEvidence, i)
		}
		if slices.ContainsFunc(e.Choices[:i], func(d Choice) bool { return d.Purpose == c.Purpose }) {
			return fmt.Errorf("%w: purpose %q is offered twice", ErrEvidence, c.Purpose)
		}
	}
	return nil
}

func country(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
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
