// Package shop is a small shop's server on fitveil, for the webshop example and
// the command line. What a retailer adds to a server of their own are the calls
// in New and the handlers of tryon.go; the rest is the page.
//
// The order is the one agreements ask for: consent is on record before a photo
// is read; the photo is stripped and screened before a handler sees it; pictures
// are held in memory for minutes and dropped at once when consent is withdrawn.
package shop

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/httpconsent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/httpgate"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/examples/quickstart/assets"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/sizing"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// tenant is the shop's name in the ledger and at the gate.
const tenant = "sunset-shop"

//go:embed page
var files embed.FS

var page = template.Must(template.ParseFS(files, "page/index.html"))

// Options configures New.
type Options struct {
	Origins []string     // the addresses the page is reached under, such as "https://shop.example"; at least one
	Logger  *slog.Logger // nil: silent
}

// Shop serves the page and what it calls. Safe for use by many goroutines.
type Shop struct {
	mux      http.Handler
	ledger   *consent.Ledger
	consent  *httpconsent.Handler
	client   *tryon.Client
	chart    *sizing.Chart
	tee      *imageproc.Clean
	pictures *pictures
	key      string // the tenant's key at the gate; the page sends it
	log      *slog.Logger
}

// New makes a shop that keeps its consents in l.
func New(l *consent.Ledger, o *Options) (*Shop, error) {
	s := &Shop{ledger: l, pictures: newPictures(), key: rand.Text(), log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.tee, err = imageproc.Sanitize(context.Background(), bytes.NewReader(assets.Tee), nil); err != nil {
		return nil, err
	}
	if s.chart, err = sizing.ParseChart(bytes.NewReader(assets.Chart), nil); err != nil {
		return nil, err
	}
	if s.client, err = tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}, Ledger: l}); err != nil {
		return nil, err
	}
	people, err := person.New(nil)
	if err != nil {
		return nil, err
	}
	gate, err := httpgate.New(people, detect.Selfie(), &httpgate.Options{
		Tenants: []httpgate.Tenant{{Name: tenant, Key: s.key, Origins: o.Origins}},
		Observe: func(e httpgate.Event) { s.log.Info("photo", "outcome", e.Outcome, "took", e.Duration) },
	})
	if err != nil {
		return nil, err
	}
	if s.consent, err = s.consents(o.Origins); err != nil {
		return nil, err
	}
	static, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.Handle("GET /style.css", http.FileServerFS(static))
	mux.Handle("GET /app.js", http.FileServerFS(static))
	mux.HandleFunc("GET /tee.png", s.product)
	mux.Handle("/consent/", http.StripPrefix("/consent", s.consent))
	mux.Handle("POST /tryon", s.agreed(gate.Handler(http.HandlerFunc(s.tryOn))))
	mux.HandleFunc("POST /size", s.size)
	mux.HandleFunc("GET /picture/{name}", s.picture)
	foreign := http.NewCrossOriginProtection()
	for _, origin := range o.Origins {
		if err := foreign.AddTrustedOrigin(origin); err != nil {
			return nil, errors.Join(errors.New("shop: an origin"), err)
		}
	}
	s.mux = foreign.Handler(mux)
	return s, nil
}

// Close drops the pictures.
func (s *Shop) Close() { s.pictures.clear() }

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

func (s *Shop) index(w http.ResponseWriter, r *http.Request) {
	if visitor(r) == "" {
		c := &http.Cookie{Name: cookie, Value: rand.Text(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil}
		http.SetCookie(w, c)
		r.AddCookie(c)
	}
	form, err := s.consent.Form(r, "", "")
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, map[string]any{"Form": form, "Key": s.key}); err != nil {
		s.log.Warn("page not sent", "error", err)
	}
}

func (s *Shop) product(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/png")
	w.Write(s.tee.Bytes())
}

// cookie is what tells one visitor from the next: a random word that says nothing.
const cookie = "shopper"

// visitor is the word a request brings, "" where it brings none of ours.
func visitor(r *http.Request) string {
	c, err := r.Cookie(cookie)
	if err != nil || len(c.Value) != len(rand.Text()) {
		return ""
	}
	return c.Value
}

// shopper is nobody for a request without a cookie: the ledger denies.
func (s *Shop) shopper(r *http.Request) consent.Subject { return s.ledger.Subject(tenant, visitor(r)) }
