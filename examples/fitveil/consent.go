package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
	"github.com/fitveil/fitveil/consent/resultdir"
)

// consentFlags is what the verbs of consent take.
type consentFlags struct {
	db, keys string

	tenant, subject      string
	purposes, recipients string

	notice, version, language, text string
	surface, nonce, until           string
	affirmative                     bool
	atLeast                         int
	country                         string
	ownPhoto                        bool

	pub, at, since  string
	profile         string
	results, region string
	clockOK         bool
}

// consentVerbs are the verbs that need a ledger.
var consentVerbs = map[string]func(*shell, *consentFlags, *consent.Ledger) error{
	"grant":    grantConsent,
	"refuse":   answerNo((*consent.Ledger).Refuse),
	"withdraw": answerNo((*consent.Ledger).Withdraw),
	"check":    checkConsent,
	"history":  consentHistory,
	"erase":    eraseConsent,
	"key":      publicKey,

	"prove":      proveConsent,
	"checkpoint": checkpoint,
	"export":     exportConsent,
	"sweep":      sweepHolders,
	"report":     report,
}

// verbNames lists the verbs for those who ask.
const verbNames = "grant refuse withdraw check history prove verify checkpoint export erase sweep report key"

func consents(sh *shell, args []string) error {
	c := &consentFlags{}
	outer := sh.flags("consent")
	outer.StringVar(&c.db, "db", "", "file of the ledger; made by the first grant or refusal")
	outer.StringVar(&c.keys, "keys", "", "file of the ledger's keys; default: the -db file with .keys added.\nKeep it somewhere else than the data")
	printFlags := outer.Usage
	outer.Usage = func() {
		printFlags()
		fmt.Fprintln(sh.err, "verbs: "+verbNames+"; fitveil consent VERB -h explains one")
	}
	if err := parse(outer, args); err != nil {
		return err
	}
	if outer.NArg() == 0 {
		return errors.New("name a verb: " + verbNames)
	}
	verb := outer.Arg(0)
	run, ok := consentVerbs[verb]
	if !ok && verb != "verify" {
		return fmt.Errorf("no verb %q; there are %s", verb, verbNames)
	}
	inner := c.verbFlags(sh, verb)
	if err := parse(inner, outer.Args()[1:]); err != nil {
		return err
	}
	if verb == "verify" {
		return verifyConsent(sh, c, inner.Args())
	}
	switch {
	case inner.NArg() > 0:
		return fmt.Errorf("%s takes flags, not %q", verb, inner.Arg(0))
	case c.db == "":
		return errors.New("-db is needed")
	}
	return sh.withLedger(c, verb, run)
}

// verbFlags are the flags that a verb has a use for.
func (c *consentFlags) verbFlags(sh *shell, verb string) *flag.FlagSet {
	f := flag.NewFlagSet("consent "+verb, flag.ContinueOnError)
	f.SetOutput(sh.err)
	of := func(verbs string) bool { return slices.Contains(strings.Fields(verbs), verb) }
	f.StringVar(&c.db, "db", c.db, "file of the ledger")
	f.StringVar(&c.keys, "keys", c.keys, "file of the ledger's keys")
	if verb == "verify" {
		f.StringVar(&c.pub, "pub", "", "public keys, in base64 or as files, separated by commas; default: that of the keys file")
		f.StringVar(&c.since, "checkpoint", "", "file with an earlier checkpoint, which the proof has to fit")
		return f
	}
	f.StringVar(&c.tenant, "tenant", "default", "the shop")
	f.StringVar(&c.profile, "profile", "", "agreement in force: a file, or one of "+strings.Join(consent.BuiltinProfiles(), " "))
	f.StringVar(&c.results, "results", "", "folder with results, which export, erase and sweep reach")
	f.StringVar(&c.region, "region", "EEA", "where that folder is")
	if of("grant refuse withdraw check history prove export erase") {
		f.StringVar(&c.subject, "subject", "", "the shop's own id of the person; only a keyed pseudonym of it is kept")
	}
	if of("grant refuse withdraw check prove") {
		f.StringVar(&c.purposes, "purpose", "", "one or more of tryon.render, sizing, profile.store, separated by commas")
	}
	if of("grant check") {
		f.StringVar(&c.recipients, "recipient", "", "third parties, separated by commas")
	}
	switch verb {
	case "grant":
		c.evidenceFlags(f)
	case "prove":
		f.StringVar(&c.at, "at", "", "the time that the proof is about, like 2027-01-31T00:00:00Z; default: now")
		f.StringVar(&c.since, "checkpoint", "", "file with an earlier checkpoint: the proof shows that the log has only grown since")
	case "sweep":
		f.BoolVar(&c.clockOK, "clock-ok", false, "the clock is right, although nothing was recorded for long")
	}
	return f
}

// evidenceFlags say what the person was shown and did.
func (c *consentFlags) evidenceFlags(f *flag.FlagSet) {
	f.StringVar(&c.notice, "notice", "", "id of the text the person was shown")
	f.StringVar(&c.version, "notice-version", "1", "its version")
	f.StringVar(&c.language, "language", "en", "its language, a BCP 47 tag")
	f.StringVar(&c.text, "notice-file", "", "file with the text as shown; its SHA-256 goes on record")
	f.StringVar(&c.surface, "surface", "command line", "where it was shown")
	f.BoolVar(&c.affirmative, "affirmative", false, "the person did something to agree; without it a grant is refused")
	f.StringVar(&c.nonce, "nonce", "", "ties the grant to one showing, in hexadecimal; default: random")
	f.StringVar(&c.until, "until", "", "end of the consent, like 2027-01-31T00:00:00Z; default: none")
	f.IntVar(&c.atLeast, "at-least", 0, "the age in years that the person was established to have reached")
	f.StringVar(&c.country, "country", "", "where the person is, two letters, for age limits")
	f.BoolVar(&c.ownPhoto, "own-photo", false, "the person said that the photo is of them")
}

// withLedger opens store and keys, runs a verb and closes the store again.
func (sh *shell) withLedger(c *consentFlags, verb string, run func(*shell, *consentFlags, *consent.Ledger) error) (err error) {
	writes := verb == "grant" || verb == "refuse"
	switch _, err := os.Stat(c.db); {
	case err == nil, writes && errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no ledger at %s: the first grant makes one", c.db)
	default:
		return err
	}
	keys, err := sh.loadKeys(c, writes)
	if err != nil {
		return err
	}
	store, err := boltstore.Open(c.db, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	o := &consent.Options{Keys: keys}
	if c.profile != "" {
		p, err := c.loadProfile()
		if err != nil {
			return refusedUnlessIO(err)
		}
		o.Profiles = map[string]*consent.Profile{c.tenant: p}
	}
	if c.results != "" {
		results, err := resultdir.Open(c.results, &resultdir.Options{Region: c.region})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, results.Close()) }()
		o.Holders = []consent.Holder{results}
	}
	ledger, err := consent.New(store, o)
	if err != nil {
		return refusedUnlessIO(err)
	}
	return run(sh, c, ledger)
}

// loadProfile takes a name that comes with the library, or else a file.
func (c *consentFlags) loadProfile() (*consent.Profile, error) {
	if slices.Contains(consent.BuiltinProfiles(), c.profile) {
		return consent.BuiltinProfile(c.profile)
	}
	f, err := os.Open(c.profile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return consent.LoadProfile(f)
}

// loadKeys reads the keys file. Only where a new ledger begins are keys made:
// an existing one is of no use without its own.
func (sh *shell) loadKeys(c *consentFlags, writes bool) (consent.Keys, error) {
	if c.keys == "" {
		c.keys = c.db + ".keys"
	}
	keys, err := consent.LoadKeys(c.keys)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if _, dbErr := os.Stat(c.db); dbErr == nil || !writes {
		return keys, fmt.Errorf("%w; name the keys of this ledger with -keys", err)
	}
	keys = consent.GenerateKeys()
	if err := keys.Save(c.keys); err != nil {
		return consent.Keys{}, err
	}
	fmt.Fprintf(sh.err, "fitveil consent: made new keys in %s; keep a copy, and not beside the data\n", c.keys)
	return keys, nil
}

func (c *consentFlags) who(l *consent.Ledger) (consent.Subject, error) {
	s := l.Subject(c.tenant, c.subject)
	if s.IsZero() {
		return s, errors.New("-subject and -tenant are needed: an id of at most 4 KiB, and a plain name")
	}
	return s, nil
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func (c *consentFlags) purposeList() []consent.Purpose {
	var out []consent.Purpose
	for _, p := range split(c.purposes) {
		out = append(out, consent.Purpose(strings.TrimSpace(p)))
	}
	return out
}

func grantConsent(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	g := consent.Grant{Subject: who, Purposes: c.purposeList(), Recipients: split(c.recipients)}
	if len(g.Purposes) == 0 {
		return errors.New("-purpose is needed")
	}
	if g.Evidence, err = c.evidence(g.Purposes); err != nil {
		return err
	}
	if c.until != "" {
		if g.Until, err = time.Parse(time.RFC3339, c.until); err != nil {
			return fmt.Errorf("-until: %w", err)
		}
	}
	return sh.receipt(l.Grant(context.Background(), g))
}

func (c *consentFlags) evidence(purposes []consent.Purpose) (consent.Evidence, error) {
	if c.notice == "" || c.text == "" {
		return consent.Evidence{}, errors.New("-notice and -notice-file are needed: what was the person shown?")
	}
	text, err := os.ReadFile(c.text)
	if err != nil {
		return consent.Evidence{}, err
	}
	nonce := make([]byte, 16)
	if c.nonce == "" {
		rand.Read(nonce)
	} else if nonce, err = hex.DecodeString(c.nonce); err != nil {
		return consent.Evidence{}, errors.New("-nonce is not hexadecimal")
	}
	e := consent.Evidence{
		Notice:      consent.NoticeRef{ID: c.notice, Version: c.version, Language: c.language, SHA256: sha256.Sum256(text)},
		Affirmative: c.affirmative,
		Surface:     c.surface,
		At:          time.Now(),
		Nonce:       nonce,
		AtLeast:     c.atLeast,
		Country:     c.country,
		OwnPhoto:    c.ownPhoto,
	}
	for _, p := range purposes {
		e.Choices = append(e.Choices, consent.Choice{Purpose: p, Granted: true})
	}
	return e, nil
}

// receipt prints a receipt as it is: its bytes are what the signature is over.
func (sh *shell) receipt(r *consent.Receipt, err error) error {
	if err != nil {
		return refusedUnlessIO(err)
	}
	_, err = fmt.Fprintf(sh.out, "%s\n", r.Bytes())
	return err
}

// refusedUnlessIO marks what the ledger turned down; what the disk did is left as it is.
func refusedUnlessIO(err error) error {
	for _, refusal := range []error{
		consent.ErrNoConsent, consent.ErrSubject, consent.ErrNotAffirmative, consent.ErrEvidence, consent.ErrPurpose,
		consent.ErrNotice, consent.ErrReplay, consent.ErrStaleGrant, consent.ErrReceipt, consent.ErrCorrupt,
		consent.ErrAge, consent.ErrBundled, consent.ErrTenant, consent.ErrProfile, consent.ErrProof, consent.ErrNoRecord, consent.ErrClock,
	} {
		if errors.Is(err, refusal) {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	return err
}

func answerNo(record func(*consent.Ledger, context.Context, consent.Subject, ...consent.Purpose) (*consent.Receipt, error)) func(*shell, *consentFlags, *consent.Ledger) error {
	return func(sh *shell, c *consentFlags, l *consent.Ledger) error {
		who, err := c.who(l)
		if err != nil {
			return err
		}
		return sh.receipt(record(l, context.Background(), who, c.purposeList()...))
	}
}

// decision is what check prints.
type decision struct {
	Allowed bool           `json:"allowed"`
	Purpose string         `json:"purpose"`
	Reason  consent.Reason `json:"reason"`
	Text    string         `json:"text"`
	Until   *time.Time     `json:"until,omitempty"`
	Seq     uint64         `json:"seq"`
}

func checkConsent(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	if len(c.purposeList()) != 1 {
		return errors.New("-purpose is needed, one of them")
	}
	p := c.purposeList()[0]
	d, err := l.Check(context.Background(), consent.Query{Subject: who, Purpose: p, Recipients: split(c.recipients)})
	if err != nil {
		return refusedUnlessIO(err)
	}
	out := decision{Allowed: d.Allowed, Purpose: string(p), Reason: d.Reason, Text: d.Reason.Text(), Seq: d.Seq}
	if !d.Until.IsZero() {
		out.Until = &d.Until
	}
	if err := sh.print(out); err != nil {
		return err
	}
	if !d.Allowed {
		return fmt.Errorf("%w: %w", errRefused, errReported)
	}
	return nil
}

// event is one line of history.
type event struct {
	Seq      uint64            `json:"seq"`
	Event    consent.Reason    `json:"event"`
	At       time.Time         `json:"at"`
	Purposes []consent.Purpose `json:"purposes"`
	All      bool              `json:"all,omitempty"`
	Receipt  json.RawMessage   `json:"receipt"`
}

func consentHistory(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	for e, err := range l.History(context.Background(), who) {
		if err != nil {
			return refusedUnlessIO(err)
		}
		line := event{Seq: e.Seq, Event: e.Kind, At: e.At, Purposes: e.Purposes, All: e.All, Receipt: e.Receipt().Bytes()}
		if line.Purposes == nil {
			line.Purposes = []consent.Purpose{}
		}
		if err := sh.print(line); err != nil {
			return err
		}
	}
	return nil
}

func publicKey(sh *shell, _ *consentFlags, l *consent.Ledger) error {
	pub := l.PublicKey()
	return sh.print(struct {
		KeyID     string `json:"kid"`
		PublicKey string `json:"public_key"`
	}{consent.KeyID(pub), base64.StdEncoding.EncodeToString(pub)})
}
