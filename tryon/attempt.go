package tryon

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// attempt is one backend's try at one request: handing over, then waiting.
type attempt struct {
	client   *Client
	route    *route
	request  *Request
	grant    grant
	deadline time.Time // of the route's share, by the clock that contexts go by
	onRecord bool
	subject  [32]byte
	life     *life // shared by the attempts of one piece of work

	record    Attempt
	scope     Scope
	submitted bool // the backend was given the photo
	resumed   bool // by another process than the one that began it
	unclaimed bool // another process may fetch the job, too
	view      *view

	// accepted says that the backend holds a job of which we do not know the end.
	accepted atomic.Bool
	// erased says that the person was erased meanwhile: nothing is on record any more.
	erased atomic.Bool

	// mu guards what a backend that outlives its call may still write.
	mu        sync.Mutex
	job       Job
	handle    *Handle
	deletions []Deletion
	stored    *Error // the handle could not be written
}

const (
	firstPoll   = 500 * time.Millisecond
	longestPoll = 15 * time.Second
	maxStumbles = 5 // polls in a row that failed in a way that may pass
	firstRetry  = 400 * time.Millisecond
	// longestRetry is how long a backend may ask us to wait before the same
	// route is tried again; for longer the route is left to cool down.
	longestRetry = 20 * time.Second
)

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

// fallsBack reports whether the next route is asked after err.
func (a *attempt) fallsBack(err *Error) bool {
	switch {
	case a.accepted.Load() || a.unclaimed || err.Code.blocked():
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

// end completes the record of an attempt, and of its job.
func (a *attempt) end(ctx context.Context, err *Error) {
	a.complete(err)
	a.route.cool.note(err, a.client.now())
	if a.submitted {
		a.close(ctx, err)
	}
	a.tell(ctx)
}

// complete says in the attempt's record how it ended.
func (a *attempt) complete(err *Error) {
	if err != nil {
		err.Backend = a.route.profile.Name
	}
	a.record.Duration = a.client.now().Sub(a.record.Start)
	a.record.Outcome = outcome(err)
}

// tell has the attempt observed.
func (a *attempt) tell(ctx context.Context) {
	a.client.observe(ctx, Event{
		Stage: StageAttempt, Backend: a.route.profile.Name, Outcome: a.record.Outcome,
		Duration: a.record.Duration, Bytes: a.record.BytesSent,
	})
}

// submit hands the work over. It is repeated on the same route while that is
// safe: the backend said that it may help, and did not begin.
func (a *attempt) submit(ctx context.Context) *Error {
	c := a.client
	if err := a.route.cool.check(c.now()); err != nil {
		return err
	}
	if err := c.allowed(a.route, a.job.Tenant); err != nil {
		return err
	}
	if err := a.grant.use(ctx); err != nil {
		return err
	}
	if err := a.route.spend.take(c.now()); err != nil {
		return err
	}
	bounded, cancel := context.WithDeadline(ctx, a.deadline)
	defer cancel()
	photo, err := a.prepare(bounded)
	if err != nil {
		return err
	}
	if err := a.lockable(); err != nil {
		return err
	}
	if a.onRecord {
		if err := a.life.read(ctx, c, a.request.Subject); err != nil {
			return err
		}
		a.job.Generation = a.life.generation
	}
	if err := a.request.stands(ctx); err != nil {
		return err
	}
	if err := a.put(ctx, JobSending, ""); err != nil {
		if a.onRecord && !err.erased() { // nothing was sent: what was written of it goes
			_ = c.store.Delete(context.WithoutCancel(ctx), KindJob, a.job.ID)
		}
		return err
	}
	a.submitted = true
	if a.onRecord {
		a.record.Job = a.job.ID
	}
	for try := 0; ; try++ {
		fault, err := a.offer(bounded, photo)
		if err == nil {
			return nil
		}
		pause := a.pause(fault, try)
		if pause < 0 || !sleep(bounded, pause, nil) {
			return err
		}
	}
}

// pause is how long to wait before the same route is tried again; negative: it
// is not.
func (a *attempt) pause(f Fault, try int) time.Duration {
	if a.accepted.Load() || !f.Retry || try >= a.route.retries || f.Scope == ScopeRequest || f.After > longestRetry {
		return -1
	}
	switch f.Code {
	case RateLimited, Unavailable, Timeout:
	default:
		return -1
	}
	pause := firstRetry << min(try, 6)
	pause += time.Duration(rand.Int64N(int64(pause / 2)))
	return max(pause, f.After)
}

// offer gives the work to the backend once.
func (a *attempt) offer(ctx context.Context, photo photoOf) (Fault, *Error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := a.gate(ctx, a.request.stands)
	in := a.input(g, photo)
	type answer struct {
		fault Fault
		err   *Error
	}
	ans, ended := guard(ctx, func() answer {
		h, err := a.route.backend.Submit(ctx, in)
		f, e := a.settle(ctx, g, h, err)
		return answer{f, e}
	})
	a.count(g)
	refusal := g.refused()
	switch {
	case ended:
		if g.sent.Load() > 0 {
			a.accepted.Store(true) // for all we know
		}
		return Fault{}, contextError(ctx)
	case refusal != nil && (ans.err != nil || refusal.final()):
		return Fault{}, refusal
	case ans.err != nil && ctx.Err() != nil:
		return Fault{}, contextError(ctx)
	}
	a.scope = ans.fault.Scope
	return ans.fault, ans.err
}

// input is what a backend gets.
func (a *attempt) input(g *gate, photo photoOf) *Input {
	in := a.request.input()
	in.Photo, in.Region = photo.photo, photo.region
	in.HTTP = g.client()
	if a.route.profile.Remote() {
		in.Job, in.Leave = newID(), a.leave
		if a.client.callback != "" {
			in.Callback = a.client.callback + "/" + a.route.profile.Name + "/" + a.job.ID
		}
	}
	return in
}

// settle writes down what came of handing over, as soon as it is known: also
// when nobody waits for it any more.
func (a *attempt) settle(ctx context.Context, g *gate, h *Handle, err error) (Fault, *Error) {
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		f := a.fault(err)
		if f.Code == AcceptedUnknown || g.unanswered.Load() {
			// Whether it runs there, nobody knows: it is not asked for again, also
			// where something else was refused before or after.
			a.accepted.Store(true)
			if f.Code != AcceptedUnknown && !f.Code.definite() {
				f = Fault{Code: AcceptedUnknown, Reason: "unanswered"}
			}
		}
		return f, f.err(err)
	}
	switch {
	case h == nil, h.Done == nil && h.ID == "":
		return Fault{}, &Error{Code: NoImage, Reason: "no-handle"}
	case h.Done == nil && (len(h.ID) > 512 || len(h.State) > 4<<10 || len(h.Left) > 64):
		a.accepted.Store(true)
		return Fault{}, &Error{Code: AcceptedUnknown, Reason: "handle-too-large"}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handle = h
	state := JobAccepted
	if h.Done == nil {
		a.accepted.Store(true)
		a.job.Remote, a.job.Memo = h.ID, h.State
	} else {
		state = JobSending // until the picture is released
	}
	if err := a.put(ctx, state, "", a.leaves(h.Left)...); err != nil {
		a.stored = err
	}
	if a.stored != nil && !a.erased.Load() {
		a.client.log.LogAttrs(ctx, slog.LevelError, "tryon: the handle of accepted work could not be stored", slog.Any("error", a.stored))
	}
	return Fault{}, nil
}

// definite reports whether a fault of this code says that no work began.
func (c Code) definite() bool {
	switch c {
	case Unknown, Internal, Unavailable, Timeout, Canceled, NoImage, BadOutput:
		return false
	}
	return true
}

// over reports whether a fault of this code, said of accepted work, means that
// nothing runs there any more.
func (c Code) over() bool {
	switch c {
	case NoImage, BadOutput, BadPhoto, BadProduct, Unsupported, Internal:
		return true
	}
	return c.blocked()
}

// finish waits for the picture and releases it.
func (a *attempt) finish(ctx context.Context) (*Result, *Error) {
	held, err := a.claim(ctx)
	if err != nil {
		return nil, a.leaveTo(ctx, err)
	}
	defer held.release(ctx)
	out, err := a.await(ctx, held)
	var result *Result
	if err == nil {
		result, err = a.release(ctx, out)
	}
	if held.lost(ctx) {
		return nil, a.leaveTo(ctx, fetchedElsewhere())
	}
	if result != nil {
		result.Job, result.Model = a.job.ID, a.route.profile.Model
	}
	a.end(ctx, err)
	if err == nil && a.erased.Load() {
		err = &Error{Code: NoJob, Backend: a.route.profile.Name, Reason: reasonErased}
		result, a.record.Outcome = nil, outcome(err)
	}
	return result, err
}

func fetchedElsewhere() *Error { return &Error{Code: NoJob, Reason: "fetched-elsewhere"} }

// leaveTo ends the attempt without a word about the job, which is somebody
// else's to end.
func (a *attempt) leaveTo(ctx context.Context, err *Error) *Error {
	if err.Code == NoJob {
		a.accepted.Store(false) // there is nothing to come back for
	}
	a.complete(err)
	a.tell(ctx)
	return err
}

// await is output within the route's share, of somebody who was not erased.
func (a *attempt) await(ctx context.Context, held *claim) (*Output, *Error) {
	if a.onRecord {
		if err := a.client.alive(ctx, a.subject, a.job.Generation); err.erased() {
			a.erased.Store(true)
			return nil, err
		}
	}
	ctx, cancel := context.WithDeadline(ctx, a.deadline)
	defer cancel() // nothing leaves any more, even if the backend still runs
	return a.output(ctx, held)
}

// output is what the backend drew, waited for where it was not there at once.
func (a *attempt) output(ctx context.Context, held *claim) (*Output, *Error) {
	if a.handle.Done != nil {
		return a.handle.Done, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := a.gate(ctx, func(context.Context) *Error { return nil })
	type answer struct {
		out   *Output
		runs  bool // the backend may still be at it
		scope Scope
		err   *Error
	}
	h := *a.handle
	h.HTTP = g.client()
	ans, ended := guard(ctx, func() answer {
		out, runs, scope, err := a.poll(ctx, &h, held)
		return answer{out, runs, scope, err}
	})
	a.count(g)
	if !ended { // else what a late answer says is not known to anybody
		a.accepted.Store(ans.runs)
	}
	a.scope = ans.scope
	refusal := g.refused()
	switch {
	case ended:
		return nil, contextError(ctx)
	case refusal != nil && (ans.err != nil || refusal.final()):
		return nil, refusal
	case ans.err != nil && ctx.Err() != nil:
		return nil, contextError(ctx)
	}
	return ans.out, ans.err
}

// poll asks until there is an answer, while it has the right to; runs says that the
// job may go on there.
func (a *attempt) poll(ctx context.Context, h *Handle, held *claim) (out *Output, runs bool, scope Scope, e *Error) {
	wake := a.client.listeners.add(a.job.ID)
	defer a.client.listeners.remove(a.job.ID)
	wait, stumbles := firstPoll, 0
	for {
		switch now, lost := held.holds(); {
		case ctx.Err() != nil: // the job may be somebody else's already
			return nil, true, ScopeDefault, contextError(ctx)
		case lost:
			return nil, false, ScopeDefault, fetchedElsewhere()
		case !now: // the store is away, and somebody else may think that we are
			if !sleep(ctx, claimLook, nil) {
				return nil, true, ScopeDefault, contextError(ctx)
			}
			continue
		}
		out, err := a.route.backend.Poll(ctx, h)
		if err == nil {
			if out == nil {
				return nil, false, ScopeDefault, &Error{Code: NoImage, Reason: "no-output"}
			}
			return out, false, ScopeDefault, nil
		}
		pause := wait
		if errors.Is(err, ErrPending) {
			stumbles = 0
			if after := retryAfter(err); after > 0 {
				pause = after
			}
		} else {
			f := a.fault(err)
			stumbles++
			if !f.Retry || stumbles >= maxStumbles {
				// A job that is known to have failed may be done elsewhere; one
				// that only can't be asked about may not.
				return nil, f.Retry || !f.Code.over(), f.Scope, f.err(err)
			}
			pause = max(pause, f.After)
		}
		if !sleep(ctx, min(pause, longestPoll), wake) {
			return nil, true, ScopeDefault, contextError(ctx)
		}
		wait = min(wait*3/2, longestPoll)
	}
}

// gate opens the way to the backend's hosts for as long as ctx lasts, agreement
// and consent hold, and nothing else forbids it.
func (a *attempt) gate(ctx context.Context, stands func(context.Context) *Error) *gate {
	allow := func(ctx context.Context) *Error {
		if err := a.client.allowed(a.route, a.job.Tenant); err != nil {
			return err
		}
		if err := stands(ctx); err != nil {
			return err
		}
		return a.grant.use(ctx)
	}
	return a.client.newGate(ctx, a.route, allow, a.transfer)
}

// transfer writes down that a body leaves, or what came of it.
func (a *attempt) transfer(ctx context.Context, t *Transfer) *Error {
	t.Job, t.Tenant, t.Purpose, t.Photo = a.job.ID, a.job.Tenant, "render", a.job.Photo
	t.Generation = a.job.Generation
	return a.write(ctx, t.record(a.route, a.subject))
}

func (t *Transfer) record(r *route, subject [32]byte) Record {
	t.Backend, t.SubProcessor, t.Region = r.profile.Name, r.profile.SubProcessor, r.profile.Region
	return record(KindTransfer, t.ID, subject, time.Time{}, t)
}

// write is Client.write of the attempt's own records, and notes that the person
// is not there any more.
func (a *attempt) write(ctx context.Context, records ...Record) *Error {
	err := a.client.write(ctx, a.subject, a.job.Generation, records...)
	if err.erased() {
		a.erased.Store(true)
	}
	return err
}

// put writes the job down in a new state, together with other records. The
// caller holds mu, or nobody else can have the attempt yet.
func (a *attempt) put(ctx context.Context, s JobState, outcome string, others ...Record) *Error {
	if !a.onRecord {
		return nil
	}
	a.job.State, a.job.Outcome = s, outcome
	due := time.Time{}
	if s == JobSending || s == JobAccepted {
		due = a.due()
	}
	return a.write(ctx, append(others, record(KindJob, a.job.ID, a.subject, due, &a.job))...)
}

// due is when the job, and what it leaves behind, is looked at if nobody has by then.
func (a *attempt) due() time.Time { return a.job.Deadline.Add(grace) }

// leaves puts what accepted work leaves behind into the attempt, and gives its records.
func (a *attempt) leaves(left []Leftover) []Record {
	var records []Record
	if !a.onRecord {
		return nil
	}
	for _, l := range left {
		d := a.client.deletion(a.route, &a.job, l)
		a.deletions = append(a.deletions, d)
		records = append(records, d.record(a.subject, a.due()))
	}
	return records
}

// count adds what went through a gate to the attempt's record.
func (a *attempt) count(g *gate) {
	a.record.Requests += int(g.requests.Load())
	a.record.BytesSent += g.sent.Load()
	g.close()
}

// fault has the backend classify its error, and holds it to codes we know.
func (a *attempt) fault(err error) Fault {
	f := a.route.backend.Classify(err)
	if f.Code == Unknown || int(f.Code) >= len(codeNames) {
		f.Code = Internal
	}
	f.Reason = f.Reason.bounded()
	if f.Scope > ScopeRequest {
		f.Scope = ScopeDefault
	}
	return f
}

func (f Fault) err(cause error) *Error {
	return &Error{Code: f.Code, Reason: f.Reason, Retry: f.Retry, After: max(f.After, 0), Err: cause}
}

// guard runs f in a goroutine of its own, so that a backend that ignores its
// context does not hold the caller up; ended says that ctx ended first. A panic
// is passed on to the caller's goroutine, as if f had been called there.
func guard[T any](ctx context.Context, f func() T) (result T, ended bool) {
	type answer struct {
		value    T
		panicked any
	}
	done := make(chan answer, 1)
	go func() {
		var ans answer
		defer func() {
			if v := recover(); v != nil {
				ans = answer{panicked: v}
			}
			done <- ans
		}()
		ans.value = f()
	}()
	select {
	case ans := <-done:
		if ans.panicked != nil {
			panic(ans.panicked)
		}
		return ans.value, false
	case <-ctx.Done():
		return result, true
	}
}
