package tryon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon/identity"
)

// Options configures New.
type Options struct {
	Routes []Route         // tried in order; at least one
	Ledger *consent.Ledger // permits must come from it; nil accepts unmanaged permits too

	// Agreements are what the shop has promised; New refuses a route that would
	// break one. Without any, remote routes are bound by consent and by what
	// they declare, and by nothing else.
	Agreements []Agreement
	// Store keeps jobs, transfers and deletions; nil: in memory, so that all is
	// forgotten when the process ends.
	Store Store
	// Keep is how long records stay after they are over. Default 90 days.
	Keep time.Duration
	// Callback is the https address under which HandleCallback is reached, such
	// as "https://shop.example/tryon/callbacks"; "" asks providers for none.
	Callback string

	Quota  Quota            // of each tenant
	Quotas map[string]Quota // of some tenants, instead of Quota
	Cache  CacheOptions

	// Lock takes only the part of a remote backend's picture that was to be
	// edited; everything else stays the shopper's own pixels. nil: no lock.
	Lock *identity.Options
	// Detector looks at what remote backends draw; nil: only the colours of the
	// torso are held against the photo's.
	Detector detect.Detector
	// Catalogue holds the product pictures that may be drawn; nil: all.
	Catalogue *Catalogue
	// Label draws this text into a corner of each picture, such as "AI": up to
	// 24 of A-Z, 0-9, space, '-' and '.'; "" draws none.
	Label string

	// Limits bounds each picture that comes back; zero fields are imageproc's defaults.
	Limits imageproc.Limits

	TLS *tls.Config // for the gated clients, copied; nil: Go's defaults
	// Transport carries the gated clients' requests, for tests and for a proxy
	// of the shop's own. Hosts are still checked before it; that names resolve
	// to public addresses no longer is. nil: one that checks.
	Transport http.RoundTripper
	Now       func() time.Time // default time.Now
	Logger    *slog.Logger     // nil: silent
	Observe   func(Event)      // must be safe for many goroutines; nil: nobody
	// Trace is Observe with the context of the call that it happened in, so that
	// spans find their parents. Both are told of everything.
	Trace func(ctx context.Context, e Event)
}

// Route is a backend and how it may be used.
type Route struct {
	Backend Backend
	// Timeout bounds this route's share of a render. Default five minutes.
	Timeout time.Duration
	// Retries is how often work is handed over again after a fault that says
	// so. Default 2, negative none.
	Retries int
	// Agreements names those that this route serves; nil: all of them.
	Agreements []string
	// Spend caps what this route is given, whoever asks.
	Spend Quota
	// Research accepts a model whose licence forbids commercial use.
	Research bool
}

const (
	defaultTimeout = 5 * time.Minute
	maxItems       = 8 // products in one request
	maxPictures    = 8 // pictures in one request
	defaultRetries = 2
	defaultKeep    = 90 * 24 * time.Hour
)

// Client renders. It is immutable and safe for use by many goroutines.
type Client struct {
	routes     []route
	agreements []Agreement
	ledger     *consent.Ledger
	store      Store
	keep       time.Duration
	callback   string
	catalogue  *Catalogue
	lock       *identity.Options
	detector   detect.Detector
	label      string
	limits     imageproc.Limits
	tls        *tls.Config
	transport  http.RoundTripper
	now        func() time.Time
	log        *slog.Logger
	observe    func(context.Context, Event)

	quota     quotas
	cache     *cache
	waiting   waitingRoom
	listeners listeners
	fetching  fetching
	dropped   atomic.Int64 // when old records were last dropped, Unix seconds
}

type route struct {
	backend    Backend
	eraser     Eraser // nil: there is no delete call
	profile    Profile
	timeout    time.Duration
	retries    int
	agreements []string
	spend      *spending
	cool       *cooling
}

// model is what is known of the configured model, or nil.
func (r *route) model() *Model {
	for i := range r.profile.Models {
		if r.profile.Models[i].ID == r.profile.Model {
			return &r.profile.Models[i]
		}
	}
	return nil
}

// New checks the routes and makes a client. Each backend is asked for its
// profile once. A route is refused when its backend is nil or misses a name,
// names itself like another, knows no task, sends photos away without
// saying to whom, where and to which hosts, is configured with a model that is
// shut down or that a shop may not use, or would break an agreement: then the
// error is an *AgreementError, which names the clause.
func New(o *Options) (*Client, error) {
	if o == nil || len(o.Routes) == 0 {
		return nil, errors.New("tryon: no routes")
	}
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	for i, r := range o.Routes {
		checked, err := checkRoute(r)
		if err != nil {
			return nil, fmt.Errorf("tryon: route %d: %w", i, err)
		}
		for j := range c.routes {
			if c.routes[j].profile.Name == checked.profile.Name {
				return nil, fmt.Errorf("tryon: route %d: a second backend named %q", i, checked.profile.Name)
			}
		}
		if m := checked.model(); m != nil && !m.Shutdown.IsZero() && !c.now().Before(m.Shutdown) {
			return nil, fmt.Errorf("tryon: route %d: backend %s: model %s was shut down on %s; successor: %q",
				i, checked.profile.Name, m.ID, m.Shutdown.Format(time.DateOnly), m.Successor)
		}
		if err := c.matrix(&checked); err != nil {
			return nil, fmt.Errorf("tryon: route %d: %w", i, err)
		}
		c.warn(&checked)
		c.routes = append(c.routes, checked)
	}
	return c, nil
}

// observer tells Observe and Trace.
func (o *Options) observer() func(context.Context, Event) {
	observe, trace := o.Observe, o.Trace
	return func(ctx context.Context, e Event) {
		if observe != nil {
			observe(e)
		}
		if trace != nil {
			trace(ctx, e)
		}
	}
}

// newClient takes over all options but the routes.
func newClient(o *Options) (*Client, error) {
	c := &Client{
		ledger: o.Ledger, limits: o.Limits, now: o.Now, log: o.Logger, observe: o.observer(), store: o.Store,
		keep: o.Keep, catalogue: o.Catalogue, lock: o.Lock, detector: o.Detector, label: o.Label, transport: o.Transport,
		quota: quotas{quota: o.Quota, own: maps.Clone(o.Quotas)}, cache: newCache(o.Cache),
		callback: strings.TrimSuffix(o.Callback, "/"),
	}
	if o.TLS != nil {
		c.tls = o.TLS.Clone()
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.store == nil {
		c.store = &Memory{}
	}
	if c.keep <= 0 {
		c.keep = defaultKeep
	}
	if c.callback != "" && !strings.HasPrefix(c.callback, "https://") {
		return nil, errors.New("tryon: the callback address is not https")
	}
	if !drawable(c.label) {
		return nil, errors.New("tryon: the label is not up to 24 of A-Z, 0-9, space, '-' and '.'")
	}
	if err := checkAgreements(o.Agreements); err != nil {
		return nil, err
	}
	for _, a := range o.Agreements {
		a.Tenants, a.Regions = slices.Clone(a.Tenants), slices.Clone(a.Regions)
		a.SubProcessors, a.Clauses = maps.Clone(a.SubProcessors), maps.Clone(a.Clauses)
		c.agreements = append(c.agreements, a)
	}
	return c, nil
}

// warn says in the log what will stop working soon.
func (c *Client) warn(r *route) {
	const soon = 60 * 24 * time.Hour
	if m := r.model(); m != nil && !m.Shutdown.IsZero() && m.Shutdown.Sub(c.now()) < soon {
		c.log.Warn("tryon: a model will be shut down", "backend", r.profile.Name, "model", m.ID,
			"shutdown", m.Shutdown.Format(time.DateOnly), "successor", m.Successor)
	}
}

func checkRoute(r Route) (route, error) {
	if r.Backend == nil {
		return route{}, errors.New("backend is nil")
	}
	if r.Timeout < 0 {
		return route{}, errors.New("negative timeout")
	}
	p := r.Backend.Describe()
	p.Tasks, p.Garments, p.Hosts = slices.Clone(p.Tasks), slices.Clone(p.Garments), slices.Clone(p.Hosts)
	p.ResultHosts, p.Models = slices.Clone(p.ResultHosts), slices.Clone(p.Models)
	if err := checkProfile(&p); err != nil {
		return route{}, err
	}
	if p.NonCommercial && !r.Research {
		return route{}, fmt.Errorf("backend %s: %w", p.Name, &AgreementError{
			Agreement: "the model's licence", Backend: p.Name, Clause: ClauseLicence,
			Want: "no commercial use", Have: "a route that is not marked as research",
		})
	}
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	if r.Retries == 0 {
		r.Retries = defaultRetries
	}
	eraser, _ := r.Backend.(Eraser)
	return route{
		backend: r.Backend, eraser: eraser, profile: p, timeout: r.Timeout, retries: max(r.Retries, 0),
		agreements: slices.Clone(r.Agreements), spend: &spending{quota: r.Spend}, cool: &cooling{},
	}, nil
}

// checkProfile refuses what cannot be right and fills in defaults.
func checkProfile(p *Profile) error {
	if !word(p.Name, 64) {
		return fmt.Errorf("backend name %q is not 1 to 64 lower-case letters, digits, '.', '_' or '-'", p.Name)
	}
	if len(p.Tasks) == 0 {
		return fmt.Errorf("backend %s knows no task", p.Name)
	}
	for _, t := range p.Tasks {
		if t > InRoom {
			return fmt.Errorf("backend %s: %s is no task", p.Name, t)
		}
	}
	for _, g := range p.Garments {
		if g > Dress {
			return fmt.Errorf("backend %s: %s is no garment", p.Name, g)
		}
	}
	if p.MaxItems < 0 || p.MaxSide < 0 {
		return fmt.Errorf("backend %s: negative limit", p.Name)
	}
	if p.MaxItems == 0 {
		p.MaxItems = 1
	}
	switch p.Source {
	case "":
		p.Source = imageproc.CompositeWithTrainedAlgorithmicMedia
	case imageproc.CompositeSynthetic, imageproc.AlgorithmicallyEnhanced,
		imageproc.CompositeWithTrainedAlgorithmicMedia, imageproc.TrainedAlgorithmicMedia:
	default:
		return fmt.Errorf("backend %s: unknown source type", p.Name)
	}
	if !p.Remote() {
		return nil
	}
	switch {
	case p.SubProcessor == "":
		return fmt.Errorf("backend %s sends photos away and names no sub-processor", p.Name)
	case p.Region == "":
		return fmt.Errorf("backend %s sends photos away and names no region", p.Name)
	case len(p.Hosts) == 0:
		return fmt.Errorf("backend %s sends photos away and names no hosts", p.Name)
	}
	for i, h := range p.Hosts {
		host, err := canonicalHost(h)
		if err != nil {
			return fmt.Errorf("backend %s: %w", p.Name, err)
		}
		p.Hosts[i] = host
	}
	for i, h := range p.ResultHosts {
		name := strings.ToLower(h)
		if _, err := canonicalHost(strings.TrimPrefix(name, ".")); err != nil || strings.Contains(name, ":") || !strings.Contains(strings.Trim(name, "."), ".") {
			return fmt.Errorf("backend %s: result host %q is not a host or a domain with a dot before it", p.Name, h)
		}
		p.ResultHosts[i] = name
	}
	return nil
}

// canonicalHost checks a host or host:port and returns it in lower case with
// its port.
func canonicalHost(s string) (string, error) {
	host, port := s, "443"
	if h, p, err := net.SplitHostPort(s); err == nil {
		host, port = h, p
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@*?#% \t\r\n") ||
		(strings.Contains(host, ":") && net.ParseIP(host) == nil) {
		return "", fmt.Errorf("%q is not a host or host:port", s)
	}
	return net.JoinHostPort(strings.ToLower(host), port), nil
}

// accepts reports whether a backend of this profile does the request.
func (p *Profile) accepts(r *Request) bool {
	if !slices.Contains(p.Tasks, r.Task) || len(r.Items) > p.MaxItems {
		return false
	}
	if r.Task != OnPerson || len(p.Garments) == 0 {
		return true
	}
	for i := range r.Items {
		if !slices.Contains(p.Garments, r.Items[i].Garment) {
			return false
		}
	}
	return true
}
