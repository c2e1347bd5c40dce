package tryon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/imageproc"
)

// Options configures New.
type Options struct {
	Routes []Route         // tried in order; at least one
	Ledger *consent.Ledger // permits must come from it; nil accepts unmanaged permits too

	// Limits bounds each picture that comes back; zero fields are imageproc's defaults.
	Limits imageproc.Limits

	TLS     *tls.Config      // for the gated clients, copied; nil: Go's defaults
	Now     func() time.Time // default time.Now
	Logger  *slog.Logger     // nil: silent
	Observe func(Event)      // must be safe for many goroutines; nil: nobody
}

// Route is a backend and how it may be used.
type Route struct {
	Backend Backend
	// Timeout bounds this route's share of a render. Default five minutes.
	Timeout time.Duration
}

const (
	defaultTimeout = 5 * time.Minute
	maxItems       = 8 // products in one request
	maxPictures    = 8 // pictures in one request
)

// Client renders. It is immutable and safe for use by many goroutines.
type Client struct {
	routes  []route
	ledger  *consent.Ledger
	limits  imageproc.Limits
	tls     *tls.Config
	now     func() time.Time
	log     *slog.Logger
	observe func(Event)
}

type route struct {
	backend Backend
	profile Profile
	timeout time.Duration
}

// New checks the routes and makes a client. Each backend is asked for its
// profile once. A route is refused when its backend is nil or misses a name,
// names itself like another, knows no task, or sends photos away without
// saying to whom, where and to which hosts.
func New(o *Options) (*Client, error) {
	if o == nil || len(o.Routes) == 0 {
		return nil, errors.New("tryon: no routes")
	}
	c := &Client{
		ledger: o.Ledger, limits: o.Limits, now: o.Now, log: o.Logger, observe: o.Observe,
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
	if c.observe == nil {
		c.observe = func(Event) {}
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
		c.routes = append(c.routes, checked)
	}
	return c, nil
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
	if err := checkProfile(&p); err != nil {
		return route{}, err
	}
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	return route{backend: r.Backend, profile: p, timeout: r.Timeout}, nil
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
