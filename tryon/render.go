package tryon

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
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
// the task ([ErrPolicy]); or when the request is incomplete.
//
// A backend that ignores its context does not hold Render up: its goroutine
// ends when the backend returns, what it returns is dropped, and its HTTP
// client sends nothing more.
func (c *Client) Render(ctx context.Context, p consent.Permit, r *Request) (*Result, error) {
	start := c.now()
	result, err := c.render(ctx, p, r)
	event := Event{Stage: StageRender, Outcome: outcome(err), Duration: c.now().Sub(start)}
	if err != nil {
		event.Backend = err.Backend
		c.observe(event)
		return nil, err
	}
	event.Backend = result.Backend
	c.observe(event)
	return result, nil
}

func (c *Client) render(ctx context.Context, p consent.Permit, r *Request) (*Result, *Error) {
	if r == nil {
		return nil, badRequest("no-request", "no request")
	}
	own := r.snapshot()
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	if err := c.checkPermit(p); err != nil {
		return nil, err
	}
	if err := own.check(); err != nil {
		return nil, err
	}
	var attempts []Attempt
	var last *Error
	for i := range c.routes {
		rt := &c.routes[i]
		if !rt.profile.accepts(&own) {
			continue
		}
		a := c.begin(rt, p, &own)
		result, err := a.run(ctx)
		attempts = append(attempts, a.record)
		if err == nil {
			result.Attempts = attempts
			return result, nil
		}
		last = err
		if !a.fallsBack(err) || ctx.Err() != nil {
			break
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "tryon: route failed", slog.Any("error", err))
	}
	if last == nil {
		last = &Error{Code: Unsupported, Reason: "no-route"}
	}
	last.Attempts = attempts
	return nil, last
}

// attempt is one backend's try at one request.
type attempt struct {
	client    *Client
	route     *route
	request   *Request
	grant     grant
	record    Attempt
	scope     Scope
	submitted bool // the backend was given the photo
	accepted  bool // the backend holds a job of which we do not know the end
}

func (c *Client) begin(rt *route, p consent.Permit, r *Request) *attempt {
	reason, _ := p.Unmanaged()
	return &attempt{
		client: c, route: rt, request: r,
		grant: newGrant(p, r.Subject, &rt.profile),
		record: Attempt{
			Backend: rt.profile.Name, SubProcessor: rt.profile.SubProcessor, Region: rt.profile.Region,
			Unmanaged: reason,
		},
	}
}

// fallsBack reports whether the next route is asked after err.
func (a *attempt) fallsBack(err *Error) bool {
	switch {
	case a.accepted || err.Code.blocked():
		return false
	case err.Code == NoConsent:
		// Consent may name some recipients and not others; the next route asks
		// for itself. Consent that ended on the way ends the render.
		return !a.submitted
	case a.scope != ScopeDefault:
		return a.scope == ScopeRoute
	}
	return err.Code.fallsBack()
}

func (a *attempt) run(ctx context.Context) (*Result, *Error) {
	c, name := a.client, a.route.profile.Name
	a.record.Start = c.now()
	result, err := a.draw(ctx)
	if err != nil {
		err.Backend = name
	}
	a.record.Duration = c.now().Sub(a.record.Start)
	a.record.Outcome = outcome(err)
	c.observe(Event{
		Stage: StageAttempt, Backend: name, Outcome: a.record.Outcome,
		Duration: a.record.Duration, Bytes: a.record.BytesSent,
	})
	return result, err
}

// draw has the backend draw and releases what it drew.
func (a *attempt) draw(ctx context.Context) (*Result, *Error) {
	if err := a.grant.use(ctx); err != nil {
		return nil, err
	}
	a.submitted = true
	bounded, cancel := context.WithTimeout(ctx, a.route.timeout)
	defer cancel()
	g := a.client.newGate(bounded, a.route, a.grant)
	in := a.request.input()
	in.HTTP = g.client()
	out, err := a.call(bounded, g, in)
	cancel() // nothing leaves any more, even if the backend still runs
	g.close()
	a.record.Requests, a.record.BytesSent = int(g.requests.Load()), g.sent.Load()
	if refusal := g.refused(); refusal != nil && (err != nil || refusal.Code == NoConsent) {
		return nil, refusal
	}
	if err != nil {
		return nil, err
	}
	return a.release(ctx, out)
}

// call runs Submit and Poll in a goroutine of their own, so that a backend
// that ignores its context does not hold the caller up. A panic of the backend
// is passed on to the caller's goroutine, as if it had been called there.
func (a *attempt) call(ctx context.Context, g *gate, in *Input) (*Output, *Error) {
	type answer struct {
		out      *Output
		err      *Error
		panicked any
	}
	done := make(chan answer, 1)
	x := &exchange{backend: a.route.backend}
	go func() {
		var ans answer
		defer func() {
			if v := recover(); v != nil {
				ans = answer{panicked: v}
			}
			done <- ans
		}()
		ans.out, ans.err = x.run(ctx, in)
	}()
	select {
	case ans := <-done:
		if ans.panicked != nil {
			panic(ans.panicked)
		}
		a.scope, a.accepted = x.scope, x.accepted.Load()
		if ans.err != nil && ctx.Err() != nil && g.refused() == nil {
			ans.err = contextError(ctx)
		}
		return ans.out, ans.err
	case <-ctx.Done():
		a.accepted = x.accepted.Load()
		return nil, contextError(ctx)
	}
}

// exchange is the conversation with a backend about one piece of work.
type exchange struct {
	backend  Backend
	scope    Scope
	accepted atomic.Bool
}

const (
	firstPoll   = 500 * time.Millisecond
	longestPoll = 15 * time.Second
	maxStumbles = 5 // polls in a row that failed in a way that may pass
)

func (x *exchange) run(ctx context.Context, in *Input) (*Output, *Error) {
	h, err := x.backend.Submit(ctx, in)
	if err != nil {
		return nil, x.fault(err).err(err)
	}
	switch {
	case h == nil, h.Done == nil && h.ID == "":
		return nil, &Error{Code: NoImage, Reason: "no-handle"}
	case h.Done != nil:
		return h.Done, nil
	}
	x.accepted.Store(true)
	wait, stumbles := firstPoll, 0
	for {
		out, err := x.backend.Poll(ctx, h)
		if err == nil {
			x.accepted.Store(false)
			if out == nil {
				return nil, &Error{Code: NoImage, Reason: "no-output"}
			}
			return out, nil
		}
		pause := wait
		if errors.Is(err, ErrPending) {
			stumbles = 0
			if after := retryAfter(err); after > 0 {
				pause = after
			}
		} else {
			f := x.fault(err)
			stumbles++
			if !f.Retry || stumbles >= maxStumbles {
				// A job that is known to have failed may be done elsewhere; one
				// that only can't be asked about may not.
				x.accepted.Store(f.Retry || f.Code == AcceptedUnknown)
				return nil, f.err(err)
			}
			pause = max(pause, f.After)
		}
		if !sleep(ctx, min(pause, longestPoll)) {
			return nil, contextError(ctx)
		}
		wait = min(wait*3/2, longestPoll)
	}
}

// fault has the backend classify its error, and holds it to codes we know.
func (x *exchange) fault(err error) Fault {
	f := x.backend.Classify(err)
	if f.Code == Unknown || int(f.Code) >= len(codeNames) {
		f.Code = Internal
	}
	f.Reason = f.Reason.bounded()
	if f.Scope > ScopeRequest {
		f.Scope = ScopeDefault
	}
	x.scope = f.Scope
	return f
}

func (f Fault) err(cause error) *Error {
	return &Error{Code: f.Code, Reason: f.Reason, Retry: f.Retry, After: max(f.After, 0), Err: cause}
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
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
