// Package wire is what drivers over HTTP have in common: calls that say no more
// than they must when they fail, the reading of pictures, and what status codes
// mean. Submit, Ask, Prepare and Erase differ in what a failure means: whether
// the work may have begun, whether it may be asked again, whether it is gone.
//
//	s := &wire.Service{Base: base, Auth: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }}
//	var answer struct{ ID string }
//	err := s.Submit(ctx, in.HTTP, wire.Call{Path: "/v1/run", JSON: question}, &answer)
//
// # Limits
//
// A driver needs none of it; examples/newdriver shows one that uses it, in an
// afternoon's lines. No error here holds an address, a header or a body in its
// text. Answers are read whole, up to 48 MiB, and pictures up to 32 MiB.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// Service is where a provider is reached.
type Service struct {
	Base *url.URL
	Auth func(*http.Request) // puts the key into a header; nil: no key
	// Explain says what an answer of 400 or more means where the status does
	// not; it returns false when it does not know. nil: only the status counts.
	Explain func(status int, body []byte) (tryon.Fault, bool)
}

// Base checks an address that a driver was configured with.
func Base(given, standard string) (*url.URL, error) {
	if given == "" {
		given = standard
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the address is not https://host[:port][/path]")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Call is one request.
type Call struct {
	Method string // default POST with a body, else GET
	Path   string // added to Base: "", or "/" and more; may have a query
	Header http.Header
	JSON   any    // the body
	Body   []byte // the body, of type Type
	Type   string
}

const maxAnswer = 48 << 20

// statusError is an answer that says no.
type statusError struct{ status int }

func (e *statusError) Error() string { return "status " + strconv.Itoa(e.status) }

// Do makes a call and decodes the answer's JSON into answer, when that is not
// nil. Errors are *tryon.Error: what failed on the way and an answer that cannot
// be read may be asked for again, as far as the call begins no work.
func (s *Service) Do(ctx context.Context, c *http.Client, call Call, answer any) (http.Header, error) {
	resp, err := s.send(ctx, c, call)
	if err != nil {
		return nil, transient(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode >= 300 {
		return resp.Header, s.refusal(resp, body)
	}
	if err == nil && len(body) > maxAnswer {
		err = &tryon.Error{Code: tryon.BadOutput, Reason: "answer-too-large"}
	}
	if err == nil && answer != nil {
		if raw, ok := answer.(*[]byte); ok {
			*raw = body
		} else if e := json.Unmarshal(body, answer); e != nil {
			err = errors.New("the answer is not the JSON it should be") // json's own errors quote it
		}
	}
	if err != nil {
		var known *tryon.Error
		if errors.As(err, &known) {
			return resp.Header, err
		}
		return resp.Header, &tryon.Error{Code: tryon.Unavailable, Reason: "unreadable-answer", Retry: true, Err: err}
	}
	return resp.Header, nil
}

// Submit is Do for the call that asks for the work: an answer that cannot be
// read is no reason to ask again, since the work may have begun.
func (s *Service) Submit(ctx context.Context, c *http.Client, call Call, answer any) error {
	_, err := s.Do(ctx, c, call, answer)
	var e *tryon.Error
	if errors.As(err, &e) && (e.Reason == "unreadable-answer" || e.Code == tryon.BadOutput) {
		return &tryon.Error{Code: tryon.AcceptedUnknown, Reason: e.Reason, Err: e.Err}
	}
	return err
}

// Begun is err, or tryon.AcceptedUnknown where status is a gateway's that got no
// answer: for services that put a status into the body of an answer to a
// submission. What an answer's own status says, the client knows.
func Begun(status int, err error) error {
	switch status {
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout, 499, 520, 522, 524:
		return &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "unanswered", Err: err}
	}
	return err
}

// Ask is Do for asking about accepted work: when the provider does not know it,
// it is lost.
func (s *Service) Ask(ctx context.Context, c *http.Client, call Call, answer any) error {
	_, err := s.Do(ctx, c, call, answer)
	var se *statusError
	if errors.As(err, &se) && (se.status == http.StatusNotFound || se.status == http.StatusGone) {
		return &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "job-lost", Err: err}
	}
	return err
}

// transient makes a failure of transport, on the way to something that may be
// asked any number of times, one that may pass.
func transient(err error) error {
	var e *tryon.Error
	if errors.As(err, &e) {
		return e
	}
	var where *url.Error // its text holds the address
	if errors.As(err, &where) {
		err = where.Err
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &tryon.Error{Code: tryon.Unavailable, Reason: "transport", Retry: true, Err: err}
}

// Prepare is Do for uploads and the like, which begin no work.
func (s *Service) Prepare(ctx context.Context, c *http.Client, call Call, answer any) (http.Header, error) {
	return s.Do(tryon.Preparation(ctx), c, call, answer)
}

// Erase is Do for a deletion: what is not there is deleted.
func (s *Service) Erase(ctx context.Context, c *http.Client, call Call) error {
	_, err := s.Do(ctx, c, call, nil)
	var se *statusError
	if errors.As(err, &se) && (se.status == http.StatusNotFound || se.status == http.StatusGone) {
		return nil
	}
	return err
}

func (s *Service) send(ctx context.Context, c *http.Client, call Call) (*http.Response, error) {
	body, kind := call.Body, call.Type
	if call.JSON != nil {
		var err error
		if body, err = json.Marshal(call.JSON); err != nil {
			return nil, fmt.Errorf("encoding the question: %w", err)
		}
		kind = "application/json"
	}
	if call.Path != "" && !strings.HasPrefix(call.Path, "/") {
		// Without the slash it would go on with the name of the host.
		return nil, &tryon.Error{Code: tryon.Internal, Reason: "path", Err: errors.New("wire: a path begins with /")}
	}
	method := call.Method
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Base.String()+call.Path, reader)
	if err != nil {
		return nil, errors.New("the address cannot be asked")
	}
	maps.Copy(req.Header, call.Header)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if s.Auth != nil {
		s.Auth(req)
	}
	return c.Do(req)
}

// refusal says what an answer of 300 or more means.
func (s *Service) refusal(resp *http.Response, body []byte) error {
	f := Status(resp.StatusCode)
	if s.Explain != nil && resp.StatusCode >= 400 {
		if known, ok := s.Explain(resp.StatusCode, body); ok {
			f = known
		}
	}
	if f.After == 0 {
		f.After = RetryAfter(resp.Header, time.Now())
	}
	return Fault(f, &statusError{resp.StatusCode})
}

// Fault makes an error of a fault.
func Fault(f tryon.Fault, cause error) error {
	return &tryon.Error{Code: f.Code, Reason: f.Reason, Retry: f.Retry, After: f.After, Err: cause}
}

// Status is what a status code means where nothing else is known.
func Status(status int) tryon.Fault {
	switch {
	case status == http.StatusUnauthorized:
		return tryon.Fault{Code: tryon.Unauthenticated}
	case status == http.StatusPaymentRequired:
		return tryon.Fault{Code: tryon.QuotaExhausted}
	case status == http.StatusForbidden:
		return tryon.Fault{Code: tryon.Forbidden}
	case status == http.StatusNotFound, status == http.StatusGone:
		return tryon.Fault{Code: tryon.ModelRetired}
	case status == http.StatusRequestEntityTooLarge:
		return tryon.Fault{Code: tryon.BadPhoto, Reason: "too-large"}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return tryon.Fault{Code: tryon.Timeout, Retry: true}
	case status == http.StatusTooManyRequests:
		return tryon.Fault{Code: tryon.RateLimited, Retry: true}
	case status >= 500:
		return tryon.Fault{Code: tryon.Unavailable, Retry: true}
	case status >= 400:
		return tryon.Fault{Code: tryon.Unsupported, Reason: "rejected"}
	}
	return tryon.Fault{Code: tryon.Internal, Reason: "odd-status"}
}

// RetryAfter reads Retry-After, in seconds or as a date, and OpenAI's
// Retry-After-Ms; 0 when there is none. What is longer than a day is a day.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	const most = 24 * time.Hour
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms, float64(most/time.Millisecond))) * time.Millisecond
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if s > 0 {
			return time.Duration(min(s, most.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), most)
	}
	return 0
}
