package tryon

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Start hands r over like Render and returns the job's name as soon as a
// backend has accepted it and that is on record. Errors are those of Render;
// where the store fails when work has been accepted, Error.Job names the job, and
// Wait fetches it in this process alone.
// Wait fetches the picture, in this process or, where the backend works
// asynchronously, in another one with the same Store.
func (c *Client) Start(ctx context.Context, p consent.Permit, r *Request) (string, error) {
	start := c.now()
	w, err := c.newWork(ctx, p, r)
	if err != nil {
		_, e := c.report(ctx, start, nil, err)
		return "", e
	}
	w.started = true
	if err := w.submit(ctx); err != nil {
		w.leave()
		_, e := c.report(ctx, start, nil, err)
		return "", e
	}
	a := w.current
	if a.stored != nil && !a.erased.Load() {
		a.stored = a.storeAgain(ctx)
	}
	if a.erased.Load() { // nobody will fetch it: it is stopped, and what it left is deleted
		gone := &Error{Code: NoJob, Reason: reasonErased}
		a.end(ctx, gone)
		w.leave()
		gone.Attempts = append(w.attempts, a.record)
		_, e := c.report(ctx, start, nil, gone)
		return "", e
	}
	c.waiting.put(a.job.ID, w, a.deadline.Add(grace))
	if a.stored != nil { // the work has begun: it can be fetched here, and is not to be begun again
		a.stored.Job, a.stored.Backend, a.stored.Retry = a.job.ID, a.job.Backend, false
		_, e := c.report(ctx, start, nil, a.stored)
		return "", e
	}
	return a.job.ID, nil
}

// storeAgain puts what is known of accepted work on record after it could not be.
func (a *attempt) storeAgain(ctx context.Context) (err *Error) {
	records := []Record{record(KindJob, a.job.ID, a.subject, a.due(), &a.job)}
	for i := range a.deletions {
		records = append(records, a.deletions[i].record(a.subject, a.due()))
	}
	for _, pause := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 800 * time.Millisecond} {
		select {
		case <-ctx.Done():
			return storeError(ctx.Err())
		case <-time.After(pause):
		}
		if err = a.write(ctx, records...); err == nil || err.erased() {
			return err
		}
	}
	return err
}

// Pickup is what Wait needs to know.
type Pickup struct {
	Job     string // what Start returned, or Error.Job
	Subject consent.Subject
	// Request is what was handed to Start. It is needed in another process than
	// the one that started the job, with the same photo.
	Request *Request
}

// Wait waits for a job that Start began and returns its picture, once. It takes
// a permit of its own: consent may have ended since. In the process that
// started the job a failed job is taken to the next route like in Render; in
// another process there is nothing to take there, and the failure is returned.
// Errors: those of Render, and ErrJob for a job that is not there, is somebody
// else's, or was fetched before. Of several that wait for the same job, in one
// process or in several with one Store, one fetches it: the others get ErrJob when
// it has, and may go on when it has given up, or some seconds after its process died.
func (c *Client) Wait(ctx context.Context, p consent.Permit, k *Pickup) (*Result, error) {
	start := c.now()
	result, err := c.wait(ctx, p, k)
	return c.report(ctx, start, result, err)
}

func (c *Client) wait(ctx context.Context, p consent.Permit, k *Pickup) (*Result, *Error) {
	switch {
	case k == nil || k.Job == "":
		return nil, badRequest("no-job", "no job is named")
	case ctx.Err() != nil:
		return nil, contextError(ctx)
	}
	if err := c.checkPermit(p); err != nil {
		return nil, err
	}
	release, err := c.fetching.claim(ctx, k.Job)
	if err != nil {
		return nil, err
	}
	defer release()
	if w := c.waiting.take(k.Job, k.Subject); w != nil {
		w.permit, w.request.Subject = p, k.Subject // which may be called otherwise since
		a := w.current
		a.grant = newGrant(p, k.Subject, &a.route.profile)
		result, err := w.finish(ctx)
		if err != nil && err.Job == k.Job && (ctx.Err() != nil || err.Code == StoreFailed) {
			// The caller may come back for it.
			w.current, w.last, w.attempts = a, nil, nil
			c.waiting.put(k.Job, w, a.deadline.Add(grace))
			return nil, err
		}
		w.leave()
		return result, err
	}
	a, err := c.resume(ctx, p, k)
	if err != nil {
		return nil, err
	}
	result, err := a.finish(ctx)
	if err != nil {
		err.Attempts = []Attempt{a.record}
		if a.accepted.Load() && !a.erased.Load() {
			err.Job = k.Job
		}
		return nil, err
	}
	result.Attempts = []Attempt{a.record}
	return result, nil
}

// resume takes a job up that is only on record.
func (c *Client) resume(ctx context.Context, p consent.Permit, k *Pickup) (*attempt, *Error) {
	if k.Request == nil {
		var j Job
		r, err := c.store.Get(ctx, KindJob, k.Job)
		if errors.Is(err, ErrNoRecord) {
			return nil, &Error{Code: NoJob, Err: err}
		}
		if err == nil && called(k.Subject, r.Subject) && r.decode(&j) == nil && j.State == JobDone {
			return nil, &Error{Code: NoJob, Reason: Reason(j.State)}
		}
		return nil, badRequest("request-needed", "another process started this job: its request is needed")
	}
	own := k.Request.snapshot()
	if err := own.check(); err != nil {
		return nil, err
	}
	r, err := c.store.Get(ctx, KindJob, k.Job)
	if errors.Is(err, ErrNoRecord) {
		return nil, &Error{Code: NoJob, Err: err}
	}
	if err != nil {
		return nil, storeError(err)
	}
	var j Job
	if err := r.decode(&j); err != nil {
		return nil, storeError(err)
	}
	rt := c.route(j.Backend)
	switch {
	case !called(k.Subject, r.Subject) || !own.Subject.Equal(k.Subject) || j.Photo != hexOf(own.Photo.SHA256()):
		return nil, &Error{Code: NoJob}
	case j.State == JobUnknown, j.State == JobSending:
		return nil, &Error{Code: AcceptedUnknown, Backend: j.Backend, Job: j.ID}
	case j.State != JobAccepted || rt == nil:
		return nil, &Error{Code: NoJob, Reason: Reason(j.State)}
	}
	a := &attempt{
		client: c, route: rt, grant: newGrant(p, k.Subject, &rt.profile), onRecord: true, submitted: true, resumed: true,
		life:    &life{known: true, generation: j.Generation},
		request: &own, subject: r.Subject, job: j,
		handle:   &Handle{ID: j.Remote, State: j.Memo},
		deadline: time.Now().Add(max(j.Deadline.Sub(c.now()), 30*time.Second)),
		record: Attempt{
			Backend: rt.profile.Name, SubProcessor: rt.profile.SubProcessor, Region: rt.profile.Region, Start: c.now(),
		},
	}
	if rt.profile.Remote() { // the same photo gives the same view of it
		v, err := a.look()
		if err != nil {
			return nil, err
		}
		a.view = v
	}
	a.accepted.Store(true)
	// What it left behind is on record too; it goes when the job is over.
	records, err := c.store.Find(ctx, Filter{Kind: KindErasure, Subject: r.Subject})
	if err != nil {
		return nil, storeError(err)
	}
	for i := range records {
		var d Deletion
		if records[i].decode(&d) == nil && d.Job == j.ID {
			a.deletions = append(a.deletions, d)
		}
	}
	return a, nil
}

// waitingRoom holds work that was started here and not been fetched.
type waitingRoom struct {
	mu   sync.Mutex
	jobs map[string]waiting
}

type waiting struct {
	work  *work
	until time.Time
}

// put keeps work until a time, after which nobody is expected to ask for it.
func (r *waitingRoom) put(id string, w *work, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs == nil {
		r.jobs = map[string]waiting{}
	}
	r.jobs[id] = waiting{w, until}
}

// trim drops work that nobody is expected to ask for any more: its photo leaves
// memory, and its tenant gets the place back.
func (r *waitingRoom) trim() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, v := range r.jobs {
		if time.Now().After(v.until) {
			v.work.leave()
			delete(r.jobs, k)
		}
	}
}

// called says that id is a pseudonym of s, of which there are several after the
// ledger's keys were rotated.
func called(s consent.Subject, id [32]byte) bool {
	return slices.ContainsFunc(s.All(), func(s consent.Subject) bool { return s.Pseudonym() == id })
}

// take removes and returns the work of that name if it is of s.
func (r *waitingRoom) take(id string, s consent.Subject) *work {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.jobs[id]
	if !ok || !called(s, v.work.request.Subject.Pseudonym()) {
		return nil
	}
	delete(r.jobs, id)
	return v.work
}

func (r *waitingRoom) drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.jobs[id]; ok {
		v.work.leave()
		delete(r.jobs, id)
	}
}

// fetching are the jobs that somebody waits for, each until it is closed.
type fetching struct {
	mu   sync.Mutex
	jobs map[string]chan struct{}
}

// claim waits until nobody else waits for a job; release must follow.
func (f *fetching) claim(ctx context.Context, id string) (release func(), e *Error) {
	for {
		f.mu.Lock()
		if f.jobs == nil {
			f.jobs = map[string]chan struct{}{}
		}
		other, taken := f.jobs[id]
		if !taken {
			mine := make(chan struct{})
			f.jobs[id] = mine
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				delete(f.jobs, id)
				close(mine)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
}

// listeners are those who wait for a job right now.
type listeners struct {
	mu   sync.Mutex
	jobs map[string]chan struct{}
}

// add returns a channel on which wake is heard; remove must follow.
func (l *listeners) add(id string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs == nil {
		l.jobs = map[string]chan struct{}{}
	}
	ch := make(chan struct{}, 1)
	l.jobs[id] = ch
	return ch
}

func (l *listeners) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, id)
}

// wake has whoever waits for a job ask at once.
func (l *listeners) wake(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.jobs[id] <- struct{}{}:
	default: // nobody waits, or has been told already
	}
}
