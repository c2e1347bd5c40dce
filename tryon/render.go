package tryon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Render draws r.Items on r.Photo, bounded by ctx. The routes are asked in
// order until one draws; which faults lead to the next one stands at Code and
// Scope. Consent is asked for right before a backend gets the photo, before
// each request it makes, and again before its picture is released.
//
// Every error is an *Error. Nothing is sent when the permit is zero, of
// another ledger, or does not allow this subject and recipient ([ErrNoConsent]);
// when the photo is not screened ([ErrNotScreened]) or its scene does not suit
// the task ([ErrPolicy]); when an agreement forbids it ([ErrAgreement]); when a
// quota is used up ([ErrQuota]); or when the request is incomplete.
//
// A backend that ignores its context does not hold Render up: its goroutine
// ends when the backend returns, what it returns is dropped, and its HTTP
// client sends nothing more. A job that was accepted stays on record, and Wait
// may still fetch it by Error.Job.
func (c *Client) Render(ctx context.Context, p consent.Permit, r *Request) (*Result, error) {
	start := c.now()
	result, err := c.render(ctx, p, r)
	return c.report(ctx, start, result, err)
}

// report tells Observe and Trace how a call went and gives the results their types.
func (c *Client) report(ctx context.Context, start time.Time, result *Result, err *Error) (*Result, error) {
	event := Event{Stage: StageRender, Outcome: outcome(err), Duration: c.now().Sub(start)}
	if err != nil {
		event.Backend = err.Backend
		c.observe(ctx, event)
		return nil, err
	}
	event.Backend = result.Backend
	c.observe(ctx, event)
	return result, nil
}

func (c *Client) render(ctx context.Context, p consent.Permit, r *Request) (*Result, *Error) {
	w, err := c.newWork(ctx, p, r)
	if err != nil {
		return nil, err
	}
	defer w.leave()
	if hit, err := w.cached(ctx); hit != nil || err != nil {
		return hit, err
	}
	result, err := w.finish(ctx)
	if err == nil {
		w.keep(ctx, result)
	}
	return result, err
}

// work is one request on its way through the routes.
type work struct {
	client   *Client
	permit   consent.Permit
	request  Request  // our own copy
	filed    [32]byte // the pseudonym under which it is on record, also when the ledger's keys change meanwhile
	started  bool     // by Start: even local work is on record
	life     life
	entered  string // the name under which a tenant's concurrency counts it
	next     int    // the route to ask next
	attempts []Attempt
	last     *Error
	current  *attempt // has been accepted
}

// newWork checks everything about a request that no backend needs to be asked for.
func (c *Client) newWork(ctx context.Context, p consent.Permit, r *Request) (*work, *Error) {
	if r == nil {
		return nil, badRequest("no-request", "no request")
	}
	w := &work{client: c, permit: p, request: r.snapshot()}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	if err := c.checkPermit(p); err != nil {
		return nil, err
	}
	if err := w.request.check(); err != nil {
		return nil, err
	}
	if err := c.approved(ctx, w.request.Items); err != nil {
		return nil, err
	}
	c.waiting.trim()
	name, err := c.quota.enter(w.request.Subject.Tenant(), c.now())
	if err != nil {
		return nil, err
	}
	w.entered = name
	w.filed = w.request.Subject.Pseudonym()
	_ = w.life.read(ctx, c, w.request.Subject) // a store that fails is said where something is recorded
	return w, nil
}

// leave gives the tenant's place back.
func (w *work) leave() { w.client.quota.leave(w.request.Subject.Tenant(), w.entered) }

// finish goes through the routes until a picture is released or no route is
// left to ask.
func (w *work) finish(ctx context.Context) (*Result, *Error) {
	for {
		if w.current == nil {
			if err := w.submit(ctx); err != nil {
				return nil, err
			}
		}
		a := w.current
		result, err := a.finish(ctx)
		w.attempts = append(w.attempts, a.record)
		w.current = nil
		if err == nil {
			result.Attempts = w.attempts
			return result, nil
		}
		if !w.falls(ctx, a, err) {
			return nil, w.last
		}
	}
}

// submit asks the routes in order until one accepts.
func (w *work) submit(ctx context.Context) *Error {
	c := w.client
	for w.next < len(c.routes) {
		rt := &c.routes[w.next]
		w.next++
		if !rt.profile.accepts(&w.request) {
			continue
		}
		a := w.begin(rt)
		err := a.submit(ctx)
		if err == nil {
			w.current = a
			return nil
		}
		a.end(ctx, err)
		w.attempts = append(w.attempts, a.record)
		if !w.falls(ctx, a, err) {
			return w.last
		}
	}
	if w.last == nil {
		w.last = &Error{Code: Unsupported, Reason: "no-route"}
	}
	w.last.Attempts = w.attempts
	return w.last
}

// falls notes why an attempt failed, and reports whether the next route is
// asked.
func (w *work) falls(ctx context.Context, a *attempt, err *Error) bool {
	err.Attempts, err.Job = w.attempts, ""
	if a.accepted.Load() && !a.erased.Load() {
		err.Job = a.job.ID
	}
	w.last = err
	if !a.fallsBack(err) || ctx.Err() != nil {
		return false
	}
	w.client.log.LogAttrs(ctx, slog.LevelWarn, "tryon: route failed", slog.Any("error", err))
	return true
}

func (w *work) begin(rt *route) *attempt {
	c := w.client
	reason, _ := w.permit.Unmanaged()
	a := &attempt{
		client: c, route: rt, request: &w.request, life: &w.life,
		grant:    newGrant(w.permit, w.request.Subject, &rt.profile),
		deadline: time.Now().Add(rt.timeout),
		onRecord: rt.profile.Remote() || w.started,
		record: Attempt{
			Backend: rt.profile.Name, SubProcessor: rt.profile.SubProcessor, Region: rt.profile.Region,
			Unmanaged: reason, Start: c.now(),
		},
	}
	photo := w.request.Photo.SHA256()
	a.job = Job{
		ID: newID(), Tenant: w.request.Subject.Tenant(), Order: w.request.Order, Backend: rt.profile.Name, Model: rt.profile.Model,
		Task: w.request.Task.String(), N: w.request.N, Photo: hexOf(photo), Created: c.now().UTC(),
		Deadline: c.now().Add(rt.timeout).UTC(), State: JobSending,
	}
	a.subject = w.filed
	return a
}

// sleep waits, and reports false when ctx ended first. wake cuts it short.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-wake:
		return true
	case <-ctx.Done():
		return false
	}
}

func contextError(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Code: Timeout, Retry: true, Err: ctx.Err()}
	}
	return &Error{Code: Canceled, Err: ctx.Err()}
}
