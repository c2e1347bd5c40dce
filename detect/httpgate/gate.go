package httpgate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc/httpupload"
	"github.com/fitveil/fitveil/internal/origin"
)

// KeyHeader is the header a tenant's key travels in.
const KeyHeader = "X-Fitveil-Key"

// The codes of a refusal, beside those of package httpupload.
const (
	UnknownKey     httpupload.Code = "unknown-key"        // 401
	BadOrigin      httpupload.Code = "origin-not-allowed" // 403
	RateLimited    httpupload.Code = "rate-limited"       // 429, with Retry-After
	Busy           httpupload.Code = "busy"               // 503, with Retry-After
	PhotoRefused   httpupload.Code = "photo-refused"      // 422: the policy's answer for another reason than those below
	PhotoPeople    httpupload.Code = "photo-people"       // 422: somebody is in it
	PhotoNobody    httpupload.Code = "photo-nobody"       // 422: nobody is in it
	PhotoCrowd     httpupload.Code = "photo-crowd"        // 422: too many people
	PhotoUnsure    httpupload.Code = "photo-unsure"       // 422: it can't be told
	PhotoTooLittle httpupload.Code = "photo-not-visible"  // 422: too little of the person
)

// Tenant is a shop that may send photos.
type Tenant struct {
	Name string
	Key  string // at least 16 bytes; kept as its hash
	// Origins lists the sites whose pages may call: "https://shop.example", or
	// "https://*.shop.example" for the hosts one label below.
	Origins []string
	// Servers also allows requests that name no site, as programs send them.
	Servers bool
	Rate    float64 // photos per second, default 5
	Burst   int     // photos at once after a pause, default 10
}

// Options configures New.
type Options struct {
	Tenants []Tenant // at least one
	Upload  httpupload.Options
	Screen  detect.ScreenOptions
	// Concurrent is how many photos are worked on at once; more wait up to Wait
	// and are then sent away. Defaults: the number of processors, two seconds.
	Concurrent int
	Wait       time.Duration
	Logger     *slog.Logger // nil: silent
	Observe    func(Event)  // must be safe for many goroutines; nil: nobody
}

// Event is what an observer hears of a request: nothing of photo or client.
type Event struct {
	Tenant   string          // "" when the key is unknown
	Outcome  httpupload.Code // "ok", or the code of the refusal
	Duration time.Duration   // until the next handler was called, or the refusal sent
}

// Admitted is what the next handler gets, from From.
type Admitted struct {
	Tenant string
	Photo  *detect.Screened
	Form   map[string][]string // the other fields of a multipart form
}

type contextKey struct{}

// From returns what the gate admitted; nil outside a handler behind a gate.
func From(ctx context.Context) *Admitted {
	a, _ := ctx.Value(contextKey{}).(*Admitted)
	return a
}

// Gate admits photos. Safe for use by many goroutines.
type Gate struct {
	detector detect.Detector
	policy   detect.Policy
	o        Options
	tenants  map[[sha256.Size]byte]*tenant
	slots    chan struct{}
}

type tenant struct {
	name    string
	origins origin.List
	servers bool
	limiter *rate.Limiter
}

// New makes a gate that screens with d under p.
func New(d detect.Detector, p detect.Policy, o *Options) (*Gate, error) {
	switch {
	case d == nil:
		return nil, errors.New("httpgate: no detector")
	case o == nil || len(o.Tenants) == 0:
		return nil, errors.New("httpgate: no tenants")
	case o.Concurrent < 0 || o.Wait < 0:
		return nil, errors.New("httpgate: negative limit")
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("httpgate: %w", err)
	}
	g := &Gate{detector: d, policy: p, o: *o, tenants: map[[sha256.Size]byte]*tenant{}}
	g.o.Tenants = nil // the keys are not kept
	if g.o.Concurrent == 0 {
		g.o.Concurrent = runtime.GOMAXPROCS(0)
	}
	if g.o.Wait == 0 {
		g.o.Wait = 2 * time.Second
	}
	if g.o.Logger == nil {
		g.o.Logger = slog.New(slog.DiscardHandler)
	}
	if g.o.Observe == nil {
		g.o.Observe = func(Event) {}
	}
	g.slots = make(chan struct{}, g.o.Concurrent)
	for _, t := range o.Tenants {
		if err := g.add(t); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Gate) add(t Tenant) error {
	added := &tenant{name: t.Name, servers: t.Servers}
	switch {
	case t.Name == "":
		return errors.New("httpgate: a tenant without a name")
	case len(t.Key) < 16:
		return fmt.Errorf("httpgate: tenant %q: the key is shorter than 16 bytes", t.Name)
	case len(t.Origins) == 0 && !t.Servers:
		return fmt.Errorf("httpgate: tenant %q: no origins, and not for servers: nobody could call", t.Name)
	case t.Rate < 0 || math.IsNaN(t.Rate) || t.Burst < 0:
		return fmt.Errorf("httpgate: tenant %q: negative rate", t.Name)
	}
	var err error
	if added.origins, err = origin.ParseList(t.Origins); err != nil {
		return fmt.Errorf("httpgate: tenant %q: %w", t.Name, err)
	}
	if t.Rate == 0 {
		t.Rate = 5
	}
	if t.Burst == 0 {
		t.Burst = 10
	}
	added.limiter = rate.NewLimiter(rate.Limit(t.Rate), t.Burst)
	sum := sha256.Sum256([]byte(t.Key))
	if other, taken := g.tenants[sum]; taken {
		return fmt.Errorf("httpgate: tenants %q and %q have the same key", other.name, t.Name)
	}
	g.tenants[sum] = added
	return nil
}

// Handler wraps next. It is called with a context in which From finds the
// tenant, the screened photo and the form; its request body is used up.
func (g *Gate) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			g.preflight(w, r)
			return
		}
		start := time.Now()
		in, err := g.admit(w, r)
		e := Event{Outcome: "ok", Duration: time.Since(start)}
		if in != nil {
			e.Tenant = in.Tenant
		}
		if err != nil {
			p := httpupload.ProblemOf(err)
			e.Outcome = p.Code
			g.o.Observe(e)
			g.o.Logger.LogAttrs(r.Context(), slog.LevelInfo, "httpgate: refused",
				slog.String("tenant", e.Tenant), slog.String("code", string(p.Code)))
			httpupload.WriteProblem(w, p)
			return
		}
		g.o.Observe(e)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, in)))
	})
}

// admit goes from the cheapest question to the dearest. On an error the
// tenant's name is in the result as far as it is known.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request) (*Admitted, error) {
	t, err := g.tenantOf(r)
	if err != nil {
		return nil, err
	}
	in := &Admitted{Tenant: t.name}
	if err := t.allowSite(w, r); err != nil {
		return in, err
	}
	if reservation := t.limiter.Reserve(); reservation.Delay() > 0 {
		delay := reservation.Delay()
		reservation.Cancel()
		return in, retryLater(w, http.StatusTooManyRequests, RateLimited, delay, "Too many photos in a short time.")
	}
	if err := g.enter(r.Context(), w); err != nil {
		return in, err
	}
	defer func() { <-g.slots }()

	up, err := httpupload.Read(w, r, &g.o.Upload)
	if err != nil {
		return in, err
	}
	screen := g.o.Screen
	in.Photo, err = detect.Screen(r.Context(), g.detector, up.Photo, g.policy, &screen)
	if err != nil {
		return in, refusal(err)
	}
	in.Form = up.Form
	return in, nil
}

// tenantOf looks the key up by its hash, so that the time it takes says
// nothing about keys that exist.
func (g *Gate) tenantOf(r *http.Request) (*tenant, error) {
	values := r.Header.Values(KeyHeader)
	if len(values) == 1 {
		if t, ok := g.tenants[sha256.Sum256([]byte(values[0]))]; ok {
			return t, nil
		}
	}
	return nil, &httpupload.Problem{Status: http.StatusUnauthorized, Code: UnknownKey, Detail: "The request carries no known key."}
}

// allowSite checks where the request comes from and tells the browser that its
// page may read the answer.
func (t *tenant) allowSite(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Origin")
	from, named := origin.Site(r)
	if (named && !t.origins.Allows(from)) || (!named && !t.servers) {
		return &httpupload.Problem{Status: http.StatusForbidden, Code: BadOrigin, Detail: "Photos are not taken from this site."}
	}
	if _, cors := r.Header["Origin"]; cors {
		w.Header().Set("Access-Control-Allow-Origin", from)
	}
	return nil
}

// preflight answers a browser that asks whether a page may call. It cannot send
// the key with it, so any tenant's origin will do; the call itself is checked.
func (g *Gate) preflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	from, _ := origin.Site(r)
	for _, t := range g.tenants {
		if t.origins.Allows(from) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", from)
			h.Set("Access-Control-Allow-Methods", "POST, PUT")
			h.Set("Access-Control-Allow-Headers", "Content-Type, "+KeyHeader)
			h.Set("Access-Control-Max-Age", "600")
			break
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// enter waits for a place among those who are worked on.
func (g *Gate) enter(ctx context.Context, w http.ResponseWriter) error {
	timer := time.NewTimer(g.o.Wait)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return retryLater(w, http.StatusServiceUnavailable, Busy, g.o.Wait, "Too much is going on; try again.")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func retryLater(w http.ResponseWriter, status int, code httpupload.Code, after time.Duration, detail string) error {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(after.Seconds())))))
	return &httpupload.Problem{Status: status, Code: code, Detail: detail}
}

// refusal turns the answer of detect.Screen into a problem.
func refusal(err error) error {
	var p *detect.PolicyError
	if !errors.As(err, &p) {
		return err
	}
	code := PhotoRefused
	for _, c := range []struct {
		err  error
		code httpupload.Code
	}{
		{detect.ErrPeople, PhotoPeople},
		{detect.ErrNobody, PhotoNobody},
		{detect.ErrCrowd, PhotoCrowd},
		{detect.ErrUnsure, PhotoUnsure},
		{detect.ErrNotVisible, PhotoTooLittle},
	} {
		if errors.Is(err, c.err) {
			code = c.code
		}
	}
	return &httpupload.Problem{Status: http.StatusUnprocessableEntity, Code: code, Detail: "This photo is not taken: " + p.Reason.Text() + "."}
}
