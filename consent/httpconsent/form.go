package httpconsent

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Form is a notice as it is shown to one person.
type Form struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
	Text     string `json:"text"`
	SHA256   string `json:"sha256"` // of text and labels, hexadecimal
	Boxes    []Box  `json:"boxes"`
	Token    string `json:"form"` // to be sent back as "form"
}

// Box is a choice as it is shown. It is never ticked beforehand.
type Box struct {
	Purpose consent.Purpose `json:"purpose"` // to be sent back as "agree" when ticked
	Label   string          `json:"label"`
	Refused bool            `json:"refused"` // the browser's Global Privacy Control has said no: show it off
}

// Form makes the form of a notice for whoever sent r, for a page that renders it
// itself. An empty id or language means the tenant's first notice that matches.
// The error of a request whose session or notice is unknown says so; it can be
// handed to [Handler.Refuse].
func (h *Handler) Form(r *http.Request, id, language string) (*Form, error) {
	name, shopper := h.o.Shopper(r)
	t := h.tenants[name]
	if t == nil || shopper == "" {
		return nil, errSession
	}
	return h.formFor(r, t, h.ledger.Subject(name, shopper), id, language)
}

// Refuse writes an error of Form as a problem document.
func (h *Handler) Refuse(w http.ResponseWriter, err error) { h.refuse(w, err) }

func (h *Handler) formFor(r *http.Request, t *tenant, who consent.Subject, id, language string) (*Form, error) {
	n := t.find(id, language)
	if n == nil {
		return nil, errNotice
	}
	hash := n.SHA256()
	token, err := h.tokens.sealForm(&showing{Notice: n.ID, Language: n.Language, SHA256: hash[:], At: h.o.Now().UTC().Truncate(time.Millisecond)}, who)
	if err != nil {
		return nil, err
	}
	f := &Form{ID: n.ID, Version: n.Version, Language: n.Language, Text: n.Text, SHA256: hex.EncodeToString(hash[:]), Token: token}
	for _, c := range n.Choices {
		f.Boxes = append(f.Boxes, Box{c.Purpose, c.Label, c.Shares && optedOut(r)})
	}
	return f, nil
}

func (t *tenant) find(id, language string) *Notice {
	for i := range t.notices {
		n := &t.notices[i]
		if (id == "" || n.ID == id) && (language == "" || n.Language == language) {
			return n
		}
	}
	return nil
}

func (h *Handler) form(w http.ResponseWriter, r *http.Request) {
	t, who, err := h.shopper(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	f, err := h.formFor(r, t, who, r.URL.Query().Get("notice"), r.URL.Query().Get("language"))
	if err == nil {
		err = writeJSON(w, f)
	}
	if err != nil {
		h.refuse(w, err)
	}
}

// answer records what a person ticked, and what they left alone.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) {
	t, who, err := h.shopper(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	n, shown, err := h.shown(r, t, who)
	if err != nil {
		h.refuse(w, err)
		return
	}
	receipt, again, err := h.record(r, who, n, shown)
	switch {
	case err != nil:
		h.refuse(w, err)
	case again:
		send(w, http.StatusOK, receipt)
	default:
		send(w, http.StatusCreated, receipt)
	}
}

// parse reads a posted form, also as a script's FormData sends it.
func parse(r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		return r.ParseMultipartForm(maxBody) // so nothing of it goes to disk
	}
	return r.ParseForm()
}

// maxSkew is how far ahead the clock of the instance may be that showed a form.
const maxSkew = time.Minute

// shown finds out which text the person saw.
func (h *Handler) shown(r *http.Request, t *tenant, who consent.Subject) (*Notice, *showing, error) {
	if err := parse(r); err != nil {
		return nil, nil, errForm
	}
	s, err := h.tokens.openForm(r.PostForm.Get("form"), who)
	if err != nil {
		return nil, nil, errForm
	}
	n := t.find(s.Notice, s.Language)
	if n == nil || n.SHA256() != [32]byte(s.SHA256) {
		return nil, nil, errOutdated
	}
	if age := h.o.Now().Sub(s.At); age > h.o.FormFor || age < -maxSkew {
		return nil, nil, errOutdated
	}
	return n, s, nil
}

// record writes the answer down, or finds it where the same was sent before.
func (h *Handler) record(r *http.Request, who consent.Subject, n *Notice, s *showing) (receipt *consent.Receipt, again bool, err error) {
	now := h.o.Now()
	g := consent.Grant{Subject: who, Recipients: n.Recipients, Evidence: consent.Evidence{
		Notice: n.ref(), Affirmative: true, Surface: h.o.Surface, At: now, Nonce: s.Nonce,
	}}
	if n.For > 0 {
		g.Until = now.Add(n.For)
	}
	g.Heartbeat = n.Heartbeat
	if h.o.Facts != nil {
		f, e := h.o.Facts(r), &g.Evidence
		e.AtLeast, e.Country, e.OwnPhoto, e.Guardian = f.AtLeast, f.Country, f.OwnPhoto, f.Guardian
	}
	var refused []consent.Purpose
	ticked := r.PostForm["agree"]
	for _, c := range n.Choices {
		yes := slices.Contains(ticked, string(c.Purpose)) && !(c.Shares && optedOut(r))
		g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: c.Purpose, Granted: yes})
		if yes {
			g.Purposes = append(g.Purposes, c.Purpose)
		} else {
			refused = append(refused, c.Purpose)
		}
	}
	slices.Sort(refused) // as the ledger lists them
	for _, p := range ticked {
		if !slices.ContainsFunc(n.Choices, func(c Choice) bool { return string(c.Purpose) == p }) {
			return nil, false, errForm
		}
	}
	if receipt, err := h.before(r.Context(), &g, s, refused); receipt != nil || err != nil {
		return receipt, true, err
	}
	if len(g.Purposes) == 0 {
		receipt, err = h.ledger.Refuse(r.Context(), who, refused...)
		return receipt, false, err
	}
	receipt, err = h.ledger.Grant(r.Context(), g)
	if errors.Is(err, consent.ErrReplay) {
		if receipt, err := h.before(r.Context(), &g, s, refused); receipt != nil || err != nil {
			return receipt, true, err // two at the same time
		}
	}
	if errors.Is(err, consent.ErrReplay) || errors.Is(err, consent.ErrStaleGrant) || errors.Is(err, consent.ErrNotice) {
		err = errOutdated
	}
	if errors.Is(err, consent.ErrAge) || errors.Is(err, consent.ErrEvidence) {
		err = errNotOne
	}
	return receipt, false, err
}

// before looks for the same answer to the same showing, with nothing since. A
// form is filled in once: another yes on it is refused, and so is the same yes
// when something else was answered after it. A no is always taken.
func (h *Handler) before(ctx context.Context, g *consent.Grant, s *showing, refused []consent.Purpose) (*consent.Receipt, error) {
	var same *consent.Receipt
	no := len(g.Purposes) == 0
	for e, err := range h.ledger.History(ctx, g.Subject) {
		switch {
		case err != nil:
			return nil, err
		case !no && e.Evidence != nil && bytes.Equal(e.Evidence.Nonce, s.Nonce): // whatever the clock of the one that recorded it says
			if !slices.Equal(e.Evidence.Choices, g.Evidence.Choices) {
				return nil, errOutdated
			}
			same = e.Receipt()
		case e.At.Before(s.At):
		case no && e.Kind == consent.Refused && slices.Equal(e.Purposes, refused):
			same = e.Receipt()
		case no:
			same = nil
		case same != nil && e.Kind != consent.Expired:
			return nil, errOutdated
		}
	}
	return same, nil
}
