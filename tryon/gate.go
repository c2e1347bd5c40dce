package tryon

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxResponse bounds what a backend may read of one response, decompressed:
// eight base64 pictures of a few megabytes each.
const maxResponse = 64 << 20

// gate is the transport of a backend's HTTP client during one attempt. It lets
// through what the profile declared, as long as consent holds and the attempt
// lasts, and counts what it let through.
type gate struct {
	ctx     context.Context // ends with the attempt; requests end with it
	hosts   []string        // canonical; nil blocks everything
	grant   grant
	base    *http.Transport
	now     func() time.Time
	observe func(outcome string, d time.Duration, sent int64)

	requests atomic.Int64
	sent     atomic.Int64

	mu      sync.Mutex
	refusal *Error // the first one
}

// newGate opens a gate for an attempt. close must be called when it ends.
func (c *Client) newGate(ctx context.Context, r *route, g grant) *gate {
	return &gate{
		ctx: ctx, hosts: r.profile.Hosts, grant: g, now: c.now,
		// Proxy stays nil: an environment variable must not redirect photos.
		base: &http.Transport{
			TLSClientConfig:       c.tls.Clone(),
			ForceAttemptHTTP2:     true,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			MaxIdleConnsPerHost:   4,
		},
		observe: func(outcome string, d time.Duration, sent int64) {
			c.observe(Event{Stage: StageRequest, Backend: r.profile.Name, Outcome: outcome, Duration: d, Bytes: sent})
		},
	}
}

// client is what the backend gets.
func (g *gate) client() *http.Client {
	return &http.Client{
		Transport: g,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return g.refuse(&Error{Code: HostRefused, Reason: "too-many-redirects"})
			}
			return g.checkHost(req.URL)
		},
	}
}

func (g *gate) close() { g.base.CloseIdleConnections() }

// refuse remembers the first refusal, so that a backend that wraps or drops
// the error cannot turn it into another one.
func (g *gate) refuse(e *Error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refusal == nil {
		g.refusal = e
	}
	return e
}

func (g *gate) refused() *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusal
}

func (g *gate) checkHost(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return g.refuse(&Error{Code: HostRefused, Reason: "not-https"})
	case u.User != nil:
		return g.refuse(&Error{Code: HostRefused, Reason: "credentials-in-address"})
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	if !slices.Contains(g.hosts, net.JoinHostPort(strings.ToLower(u.Hostname()), port)) {
		return g.refuse(&Error{Code: HostRefused, Reason: "undeclared-host"})
	}
	return nil
}

// RoundTrip implements http.RoundTripper.
func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	start := g.now()
	resp, sent, err := g.roundTrip(req)
	outcome := "ok"
	if err != nil {
		outcome = DefaultFault(err).Code.String()
	}
	g.observe(outcome, g.now().Sub(start), sent)
	return resp, err
}

func (g *gate) roundTrip(req *http.Request) (resp *http.Response, sent int64, err error) {
	passed := false
	defer func() {
		// A RoundTripper closes the body even when it sends nothing.
		if !passed && req.Body != nil {
			req.Body.Close()
		}
	}()
	if err := g.ctx.Err(); err != nil {
		return nil, 0, err
	}
	if err := g.checkHost(req.URL); err != nil {
		return nil, 0, err
	}
	if e := g.grant.use(req.Context()); e != nil {
		if e.Code == NoConsent {
			return nil, 0, g.refuse(e)
		}
		return nil, 0, e
	}
	// The request ends with the attempt, whatever context the backend gave it.
	ctx, cancel := context.WithCancel(req.Context())
	stop := context.AfterFunc(g.ctx, cancel)
	end := func() { stop(); cancel() }

	out := req.Clone(ctx)
	out.Host = "" // a Host header of its own would send the photo to another site of the same address
	counter := &countedBody{rc: req.Body, total: &g.sent}
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = counter
		out.GetBody = nil // a silent second sending would go uncounted and unchecked
	}
	passed = true
	g.requests.Add(1)
	resp, err = g.base.RoundTrip(out)
	if err != nil {
		end()
		return nil, counter.n.Load(), err
	}
	resp.Body = &boundedBody{rc: resp.Body, left: maxResponse, end: end}
	return resp, counter.n.Load(), nil
}

// countedBody counts what the transport takes out of a request body.
type countedBody struct {
	rc    io.ReadCloser
	n     atomic.Int64
	total *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	b.n.Add(int64(n))
	b.total.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error { return b.rc.Close() }

var errResponseTooLarge = errors.New("tryon: response is larger than 64 MiB")

// boundedBody is a response body with a ceiling; closing it ends the request.
type boundedBody struct {
	rc   io.ReadCloser
	left int64
	end  func()
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One more byte tells a body that fits exactly from one that does not.
		var one [1]byte
		n, err := b.rc.Read(one[:])
		if n > 0 {
			return 0, &Error{Code: BadOutput, Reason: "response-too-large", Err: errResponseTooLarge}
		}
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.rc.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error {
	err := b.rc.Close()
	b.end()
	return err
}
