package httpconsent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/internal/origin"
	"github.com/fitveil/fitveil/internal/problem"
)

// Code names a refusal. The codes are stable: shops translate by them.
type Code string

// The codes of a refusal.
const (
	BadOrigin    Code = "origin-not-allowed"   // 403: another site's page
	NoSession    Code = "no-session"           // 401: Options.Shopper knows nobody
	NoNotice     Code = "no-notice"            // 404: no such notice in that language
	BadForm      Code = "bad-form"             // 400: broken, or a token of somebody else
	FormOutdated Code = "form-outdated"        // 409: shown too long ago, the text has changed, or a later answer is on record
	NotEligible  Code = "not-eligible"         // 422: the terms want another age, a guardian, or a word that was not given
	NoLife       Code = "session-ended"        // 410: a beat for a consent that has ended; ask again
	BadLink      Code = "bad-link"             // 400: not a link of ours
	Unavailable  Code = "temporarily-unusable" // 503: the ledger can't answer; nothing was recorded as a yes
)

// Tenant is a shop.
type Tenant struct {
	Name string
	// Origins lists the sites whose pages may send answers: "https://shop.example",
	// or "https://*.shop.example" for the hosts one label below.
	Origins []string
	Notices []Notice
}

// Options configures New. It prints and logs as a fixed word, because of the key.
type Options struct {
	Key []byte // at least 32 secret bytes, the same in every instance

	// Shopper names the tenant and the person a request comes from, by the
	// shop's own session; an empty id means nobody. Required.
	Shopper func(*http.Request) (tenant, id string)
	Tenants []Tenant // at least one

	// Facts says what is known of the person, from the shop's own records or from
	// fields of its own in the form (r.PostForm), where purposes depend on it.
	// Default: nothing.
	Facts func(*http.Request) Facts

	FormFor time.Duration // how long a form may stay open; default one hour
	Surface string        // what receipts call the form; default "httpconsent/1"
	Path    string        // what links begin with; default "/consent"

	// Withdrawn is called when a withdrawal is on record, to drop what was made
	// under the consent. If it fails, the person is told to try again.
	Withdrawn func(context.Context, consent.Subject) error
	// Confirm is the page behind a link; it gets a struct with the field Link, to
	// be posted back as "link". Default: a plain English one.
	Confirm *template.Template

	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // nil: silent
}

const (
	optionsWord = "[httpconsent.Options]"
	handlerWord = "[httpconsent.Handler]"
)

// Format prints a fixed word for every verb.
func (o Options) Format(f fmt.State, _ rune) { io.WriteString(f, optionsWord) }

// LogValue logs a fixed word.
func (o Options) LogValue() slog.Value { return slog.StringValue(optionsWord) }

// Facts are what a shop has established of a person, see [consent.Evidence].
type Facts struct {
	AtLeast  int    // age in years; 0: not asked
	Country  string // ISO 3166-1 alpha-2; "": not asked
	OwnPhoto bool   // they declared that the photo is of them
	Guardian *consent.Guardian
}

// Handler serves forms and takes answers. It prints and logs as a fixed word.
// Safe for use by many goroutines.
type Handler struct {
	ledger  *consent.Ledger
	o       Options
	tokens  *tokens
	tenants map[string]*tenant
	mux     *http.ServeMux
}

type tenant struct {
	origins origin.List
	notices []Notice
}

// New makes a handler on a ledger, whose Terms decide which purposes and notices
// count.
func New(l *consent.Ledger, o *Options) (*Handler, error) {
	if l == nil || o == nil || o.Shopper == nil || len(o.Tenants) == 0 {
		return nil, errors.New("httpconsent: a ledger, Options.Shopper and a tenant are needed")
	}
	h := &Handler{ledger: l, o: *o, tenants: map[string]*tenant{}, mux: http.NewServeMux()}
	h.o.FormFor = cmp.Or(o.FormFor, time.Hour)
	h.o.Surface = cmp.Or(o.Surface, "httpconsent/1")
	h.o.Path = cmp.Or(o.Path, "/consent")
	if h.o.Confirm == nil {
		h.o.Confirm = confirm
	}
	if h.o.Now == nil {
		h.o.Now = time.Now
	}
	if h.o.Logger == nil {
		h.o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if h.tokens, err = newTokens(o.Key); err != nil {
		return nil, err
	}
	h.o.Key = nil // the tokens have what they need of it
	for _, t := range o.Tenants {
		if err := h.add(t); err != nil {
			return nil, fmt.Errorf("httpconsent: tenant %q: %w", t.Name, err)
		}
	}
	h.mux.HandleFunc("GET /form", h.form)
	h.mux.HandleFunc("POST /answer", h.answer)
	h.mux.HandleFunc("POST /beat", h.beat)
	h.mux.HandleFunc("GET /withdraw", h.confirm)
	h.mux.HandleFunc("POST /withdraw", h.withdraw)
	return h, nil
}

// Format prints a fixed word for every verb.
func (h Handler) Format(f fmt.State, _ rune) { io.WriteString(f, handlerWord) }

// LogValue logs a fixed word.
func (h Handler) LogValue() slog.Value { return slog.StringValue(handlerWord) }

func (h *Handler) add(t Tenant) error {
	if t.Name == "" || h.tenants[t.Name] != nil {
		return errors.New("a tenant needs a name of its own")
	}
	origins, err := origin.ParseList(t.Origins)
	if err != nil {
		return err
	}
	if len(origins) == 0 {
		return errors.New("no origins: nobody could answer")
	}
	for i := range t.Notices {
		if err := t.Notices[i].check(); err != nil {
			return err
		}
	}
	h.tenants[t.Name] = &tenant{origins, slices.Clone(t.Notices)}
	return nil
}

// maxBody is more than any form has.
const maxBody = 64 << 10

// ServeHTTP answers the requests that the package's doc lists.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "same-origin") // a link's token goes nowhere else, and our own button says where it stands
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Origin")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	h.mux.ServeHTTP(w, r)
}

// refusal is a problem that is to be written.
type refusal struct {
	status int
	code   Code
	detail string
}

func (e *refusal) Error() string { return "httpconsent: " + string(e.code) }

var (
	errOrigin   = &refusal{http.StatusForbidden, BadOrigin, "Answers are not taken from this site."}
	errSession  = &refusal{http.StatusUnauthorized, NoSession, "The shop does not know who is asking."}
	errNotice   = &refusal{http.StatusNotFound, NoNotice, "There is no such text in this language."}
	errForm     = &refusal{http.StatusBadRequest, BadForm, "The form is broken, or was opened by somebody else."}
	errOutdated = &refusal{http.StatusConflict, FormOutdated, "The form is out of date. Open it again."}
	errNotOne   = &refusal{http.StatusUnprocessableEntity, NotEligible, "This can't be agreed to with what is known of you, your age for one."}
	errOver     = &refusal{http.StatusGone, NoLife, "The visit is over. Please answer again."}
	errLink     = &refusal{http.StatusBadRequest, BadLink, "The link is not complete. Copy all of it."}
)

// refuse writes err: a refusal as it is, anything else as our fault.
func (h *Handler) refuse(w http.ResponseWriter, err error) {
	var e *refusal
	if !errors.As(err, &e) {
		h.o.Logger.Error("consent request failed", "error", err)
		e = &refusal{http.StatusServiceUnavailable, Unavailable, "This can't be recorded at the moment. Please try again."}
	}
	problem.Write(w, e.status, string(e.code), e.detail)
}

// shopper returns who is asking and their tenant, if the request comes from one
// of its pages. A GET changes nothing and may come without a named site.
func (h *Handler) shopper(w http.ResponseWriter, r *http.Request) (*tenant, consent.Subject, error) {
	name, id := h.o.Shopper(r)
	t := h.tenants[name]
	if t == nil || id == "" {
		return nil, consent.Subject{}, errSession
	}
	site, named := origin.Site(r)
	if named && !t.origins.Allows(site) || !named && r.Method != http.MethodGet {
		return nil, consent.Subject{}, errOrigin
	}
	if _, cors := r.Header["Origin"]; cors {
		w.Header().Set("Access-Control-Allow-Origin", site)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	return t, h.ledger.Subject(name, id), nil
}

// send writes a receipt.
func send(w http.ResponseWriter, status int, r *consent.Receipt) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="consent-receipt.json"`)
	w.WriteHeader(status)
	w.Write(r.Bytes())
}

// WithdrawLink returns the path, below Options.Path, of a page where the person
// can withdraw everything without logging in. It names nobody.
func (h *Handler) WithdrawLink(tenant, id string) string {
	return h.o.Path + "/withdraw?" + url.Values{"link": {h.tokens.sealLink(tenant, id)}}.Encode()
}

// confirm shows the page behind a link. The button on it withdraws: programs
// that look at every link of a mail must not.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request) {
	link := r.URL.Query().Get("link")
	if _, _, err := h.tokens.openLink(link); err != nil {
		h.refuse(w, errLink)
		return
	}
	var page bytes.Buffer
	if err := h.o.Confirm.Execute(&page, struct{ Link string }{link}); err != nil {
		h.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	w.Write(page.Bytes())
}

var confirm = template.Must(template.New("confirm").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Withdraw consent</title></head>
<body><h1>Withdraw consent</h1>
<p>Take back everything you agreed to at this shop? What was made from your photo is deleted.</p>
<form method="post"><input type="hidden" name="link" value="{{.Link}}"><button>Withdraw</button></form>
</body></html>
`))

// withdraw takes back all, or the purposes named, for the session's person or
// the link's.
func (h *Handler) withdraw(w http.ResponseWriter, r *http.Request) {
	receipt, err := h.withdrawal(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	send(w, http.StatusCreated, receipt)
}

func (h *Handler) withdrawal(w http.ResponseWriter, r *http.Request) (*consent.Receipt, error) {
	if err := parse(r); err != nil {
		return nil, errForm
	}
	var who consent.Subject
	if link := r.PostForm.Get("link"); link != "" {
		tenant, id, err := h.tokens.openLink(link)
		if err != nil || h.tenants[tenant] == nil {
			return nil, errLink
		}
		who = h.ledger.Subject(tenant, id)
	} else {
		var err error
		if _, who, err = h.shopper(w, r); err != nil {
			return nil, err
		}
	}
	receipt, err := h.ledger.Withdraw(r.Context(), who, purposes(r)...)
	if errors.Is(err, consent.ErrPurpose) {
		return nil, errForm
	}
	if err != nil {
		return nil, err
	}
	if h.o.Withdrawn != nil {
		if err := h.o.Withdrawn(r.Context(), who); err != nil {
			return nil, fmt.Errorf("after a withdrawal: %w", err)
		}
	}
	return receipt, nil
}

// beat keeps consents alive that end with the visit, see [Notice].
func (h *Handler) beat(w http.ResponseWriter, r *http.Request) {
	_, who, err := h.shopper(w, r)
	if err == nil && parse(r) != nil {
		err = errForm
	}
	if err == nil {
		err = h.ledger.Beat(r.Context(), who, purposes(r)...)
	}
	switch {
	case errors.Is(err, consent.ErrPurpose):
		err = errForm
	case errors.Is(err, consent.ErrSession):
		err = errOver
	}
	if err != nil {
		h.refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// purposes are those that a form names.
func purposes(r *http.Request) (out []consent.Purpose) {
	for _, p := range r.PostForm["purpose"] {
		out = append(out, consent.Purpose(p))
	}
	return out
}

// optedOut reports whether the browser sends Global Privacy Control.
func optedOut(r *http.Request) bool {
	return slices.ContainsFunc(r.Header.Values("Sec-GPC"), func(v string) bool { return strings.TrimSpace(v) == "1" })
}

func writeJSON(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
	return nil
}
