package tryon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxResponse bounds what a backend may read of one response, decompressed:
	// eight base64 pictures of a few megabytes each.
	maxResponse = 64 << 20
	// maxRequest bounds a request body. It is held in memory, so that its hash
	// is on record before the first byte leaves.
	maxRequest = 64 << 20
	maxHeader  = 256 << 10 // of a response's headers
	// What is sent outside of bodies is not recorded byte by byte, so it must be
	// little: signed addresses and keys are a few kilobytes long.
	maxAddress    = 8 << 10
	maxSentHeader = 64 << 10
	// maxService bounds a request body of calls without a job, such as deletions,
	// which name something and carry nothing.
	maxService = 64 << 10
)

// gate is the transport of a backend's HTTP client during one attempt. It lets
// through what the profile declared, as long as consent and agreements hold and
// the attempt lasts, and has every body recorded before it leaves.
type gate struct {
	ctx     context.Context // ends with the attempt; requests end with it
	profile *Profile
	allow   func(ctx context.Context) *Error                                    // asked before each request
	record  func(ctx context.Context, t *Transfer) *Error                       // before a body leaves, and again when it is answered
	observe func(ctx context.Context, outcome string, d time.Duration, n int64) // after each request
	base    http.RoundTripper
	now     func() time.Time
	most    int // bytes of one request body

	requests atomic.Int64
	sent     atomic.Int64
	// unanswered says that a request may have arrived, and that whoever acts upon
	// it did not answer: what it asked for may have begun.
	unanswered atomic.Bool

	mu      sync.Mutex
	refusal *Error // the first one
}

// newGate opens a gate for one attempt or one deletion.
func (c *Client) newGate(ctx context.Context, r *route, allow func(context.Context) *Error, record func(context.Context, *Transfer) *Error) *gate {
	g := &gate{
		ctx: ctx, profile: &r.profile, allow: allow, record: record, now: c.now, base: c.transport, most: maxRequest,
		observe: func(ctx context.Context, outcome string, d time.Duration, sent int64) {
			c.observe(ctx, Event{Stage: StageRequest, Backend: r.profile.Name, Outcome: outcome, Duration: d, Bytes: sent})
		},
	}
	if g.base == nil {
		// Proxy stays nil: an environment variable must not redirect photos.
		g.base = &http.Transport{
			TLSClientConfig:       c.tls.Clone(),
			ForceAttemptHTTP2:     true,
			DialContext:           g.dial,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			MaxIdleConnsPerHost:   4,

			MaxResponseHeaderBytes: maxHeader,
		}
	}
	return g
}

// client is what the backend gets.
func (g *gate) client() *http.Client {
	return &http.Client{
		Transport: g,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return g.refuse(&Error{Code: HostRefused, Reason: "too-many-redirects"})
			}
			_, err := g.checkHost(req)
			return err
		},
	}
}

func (g *gate) close() {
	if t, ok := g.base.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

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

// final reports whether a refusal counts whatever the backend makes of it.
func (e *Error) final() bool {
	return e.Code == NoConsent || e.Code == AgreementRefused || e.Code == Canceled && e.Reason == reasonTakenBack
}

// checkHost refuses addresses that the profile does not declare, and reports
// whether it is one of those that only pictures are fetched from.
func (g *gate) checkHost(req *http.Request) (results bool, err error) {
	u := req.URL
	switch {
	case u.Scheme != "https":
		return false, g.refuse(&Error{Code: HostRefused, Reason: "not-https"})
	case u.User != nil:
		return false, g.refuse(&Error{Code: HostRefused, Reason: "credentials-in-address"})
	}
	host := hostPort(u)
	if slices.Contains(g.profile.Hosts, host) {
		return false, nil
	}
	if !servesResults(g.profile.ResultHosts, u) {
		return false, g.refuse(&Error{Code: HostRefused, Reason: "undeclared-host"})
	}
	if req.Method != http.MethodGet || req.Body != nil && req.Body != http.NoBody {
		return false, g.refuse(&Error{Code: HostRefused, Reason: "results-only-host"})
	}
	return true, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// servesResults reports whether u is at one of the hosts that pictures may be
// fetched from.
func servesResults(hosts []string, u *url.URL) bool {
	if p := u.Port(); p != "" && p != "443" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(hosts, func(h string) bool {
		if strings.HasPrefix(h, ".") {
			return len(name) > len(h) && strings.HasSuffix(name, h)
		}
		return name == h
	})
}

type preparation struct{}

// Preparation marks requests under ctx as preparing work and not asking for
// it, such as the upload of a file. When such a request is sent and not
// answered, or answered by a gateway in place of the service (status 408, 499,
// 502, 504 and their like), the whole submission may be repeated; without the
// mark it may not, since the work may have begun.
func Preparation(ctx context.Context) context.Context {
	return context.WithValue(ctx, preparation{}, true)
}

// begins reports whether a request may ask for work.
func begins(req *http.Request) bool {
	if req.Context().Value(preparation{}) != nil {
		return false
	}
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return req.Body != nil && req.Body != http.NoBody
	}
	return true
}

// mayHaveBegun reports whether work may go on behind an answer, or the lack of
// one. The service's own refusals say that it does not: 4xx, 500, and 503, which
// is "unable to handle the request" (RFC 9110, 15.6.4). A gateway that got no
// answer, or a broken one, knows no more than we do (15.6.3, 15.6.5); what 408
// says (15.5.9) holds only of a body that was not sent whole. Of statuses that
// have no meaning in the standard, those count as refusals whose makers say that
// the service was not reached (Cloudflare's 521, 523, 525, 526) or is overloaded (529).
func mayHaveBegun(resp *http.Response, reached, whole bool) bool {
	if resp == nil {
		return reached
	}
	switch s := resp.StatusCode; s {
	case http.StatusRequestTimeout:
		return whole
	case http.StatusSeeOther, 499: // done, look there; and: the caller left
		return true
	case http.StatusInternalServerError, http.StatusNotImplemented, http.StatusServiceUnavailable,
		http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage, http.StatusNetworkAuthenticationRequired, 521, 523, 525, 526, 529:
		return false
	default:
		return s >= 500
	}
}

// checkSize refuses addresses and headers that are long enough to carry a photo
// past the record of bodies.
func (g *gate) checkSize(req *http.Request) error {
	if len(req.URL.String()) > maxAddress {
		return g.refuse(&Error{Code: BadRequest, Reason: "address-too-long"})
	}
	n := 0
	for name, values := range req.Header {
		for _, v := range values {
			n += len(name) + len(v) + 4
		}
	}
	if n > maxSentHeader {
		return g.refuse(&Error{Code: BadRequest, Reason: "headers-too-large"})
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
	g.observe(req.Context(), outcome, g.now().Sub(start), sent)
	return resp, err
}

func (g *gate) roundTrip(req *http.Request) (resp *http.Response, sent int64, err error) {
	if req.Body != nil {
		defer req.Body.Close() // it is read whole, or not at all
	}
	if err := g.ctx.Err(); err != nil {
		return nil, 0, err
	}
	results, err := g.checkHost(req)
	if err != nil {
		return nil, 0, err
	}
	if err := g.checkSize(req); err != nil {
		return nil, 0, err
	}
	if e := g.allow(req.Context()); e != nil {
		if e.final() {
			return nil, 0, g.refuse(e)
		}
		return nil, 0, e
	}
	// The request ends with the attempt, whatever context the backend gave it.
	ctx, cancel := context.WithCancel(req.Context())
	stop := context.AfterFunc(g.ctx, cancel)
	end := func() { stop(); cancel() }
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	out := req.Clone(ctx)
	out.Trailer = nil // it would leave behind the body, unseen
	out.Host = ""     // a Host header of its own would send the photo to another site of the same address
	if results {
		out.Header = http.Header{"Accept": {"image/*"}} // and no key of the backend's
	}
	counter, transfer, err := g.body(out, req.Body)
	if err != nil {
		end()
		return nil, 0, err
	}
	g.requests.Add(1)
	resp, err = g.base.RoundTrip(out)
	reached := wrote.Load() || counter.n.Load() > 0
	if begins(req) && mayHaveBegun(resp, reached, transfer == nil || counter.n.Load() == transfer.Bytes) {
		g.unanswered.Store(true)
	}
	if transfer != nil {
		g.settle(transfer, resp, reached)
	}
	if err != nil {
		end()
		return nil, counter.n.Load(), err
	}
	resp.Body = &boundedBody{rc: resp.Body, left: maxResponse, end: end}
	return resp, counter.n.Load(), nil
}

// body reads the request's body into memory and has it recorded.
func (g *gate) body(out *http.Request, body io.Reader) (*countedBody, *Transfer, error) {
	counter := &countedBody{total: &g.sent}
	if body == nil || body == http.NoBody {
		return counter, nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(body, int64(g.most)+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > g.most {
		return nil, nil, &Error{Code: BadRequest, Reason: "request-too-large"}
	}
	if len(data) == 0 {
		out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, 0
		return counter, nil, nil
	}
	sum := sha256.Sum256(data)
	t := &Transfer{
		ID: newID(), Host: hostPort(out.URL), At: g.now().UTC(), Bytes: int64(len(data)),
		SHA256: hex.EncodeToString(sum[:]), Outcome: TransferSending,
	}
	if e := g.record(g.ctx, t); e != nil {
		return nil, nil, g.refuse(e)
	}
	counter.r = bytes.NewReader(data)
	out.Body, out.ContentLength = counter, int64(len(data))
	out.GetBody = nil // a silent second sending would go uncounted and unchecked
	return counter, t, nil
}

// settle completes the record of a body. A failure to write it is no failure
// of the request: the record says "sending", which is the careful answer.
func (g *gate) settle(t *Transfer, resp *http.Response, reached bool) {
	switch {
	case resp != nil:
		t.Outcome, t.Status = TransferAnswered, resp.StatusCode
	case !reached:
		t.Outcome = TransferNotSent
	default:
		t.Outcome = TransferUnanswered
	}
	_ = g.record(context.WithoutCancel(g.ctx), t)
}

// countedBody counts what the transport takes out of a request body.
type countedBody struct {
	r     *bytes.Reader
	n     atomic.Int64
	total *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n.Add(int64(n))
	b.total.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error { return nil }

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
