package tryon

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/fitveil/fitveil/consent"
)

const (
	// grace is how long after a job's deadline it is left alone, in case its
	// owner still lives.
	grace = time.Minute
	// eraseWait bounds one deletion.
	eraseWait = 10 * time.Second
	// The pauses between attempts at one deletion.
	firstErase, longestErase = time.Minute, time.Hour
	sweepBatch               = 256
)

// ErrNotErasable is what Eraser returns for what it will never be able to delete.
var ErrNotErasable = errors.New("tryon: not erasable")

// deletion is the entry for something that a job left behind.
func (c *Client) deletion(rt *route, j *Job, l Leftover) Deletion {
	p := &rt.profile
	d := Deletion{
		ID: newID(), Job: j.ID, Tenant: j.Tenant, Backend: p.Name, SubProcessor: p.SubProcessor,
		Kind: l.Kind, Remote: l.ID, Made: c.now().UTC(), State: DeletionQueued, Generation: j.Generation,
	}
	kept := p.Outputs
	if l.Kind == "upload" {
		kept = p.Uploads
	}
	if kept.Known {
		d.Expires = d.Made.Add(kept.Max)
	}
	if rt.eraser == nil {
		d.State, d.Done = DeletionNotPossible, d.Made
	}
	return d
}

func (d *Deletion) record(subject [32]byte, due time.Time) Record {
	if d.State != DeletionQueued {
		due = time.Time{}
	}
	return record(KindErasure, d.ID, subject, due, d)
}

// leave is Input.Leave: what a driver is about to make is in the queue before
// it exists.
func (a *attempt) leave(ctx context.Context, l Leftover) error {
	if l.ID == "" || len(l.ID) > 1<<10 {
		return errors.New("tryon: a leftover's ID is empty or too long")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.client.deletion(a.route, &a.job, l)
	if err := a.write(ctx, d.record(a.subject, a.due())); err != nil {
		if err.erased() { // and it will not be made
			return errors.Join(err, a.client.store.Delete(context.WithoutCancel(ctx), KindErasure, d.ID))
		}
		return err
	}
	a.deletions = append(a.deletions, d)
	return nil
}

// close writes the end of an attempt down, and deletes what it left behind
// unless the work may still be waited for. What can't be deleted now stays in
// the queue.
func (a *attempt) close(ctx context.Context, err *Error) {
	if !a.onRecord {
		return
	}
	ctx = context.WithoutCancel(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	state := JobFailed
	switch {
	case err == nil:
		state = JobDone
	case a.accepted.Load() && a.job.Remote != "":
		state = JobAccepted
	case a.accepted.Load():
		state = JobUnknown
	}
	var stays []Record
	if state != JobAccepted && (a.record.BytesSent > 0 || a.job.Remote != "") { // a job taken up again has sent nothing here
		stays = a.client.attest(a.route, &a.job, a.subject, state != JobUnknown || len(a.deletions) > 0)
	}
	if a.stored != nil { // nor is what it left behind, in a store that failed just then
		for i := range a.deletions {
			stays = append(stays, a.deletions[i].record(a.subject, a.due()))
		}
	}
	// All or none: of a job that is not on record as over, Sweep says what stays.
	if e := a.put(ctx, state, outcome(err), stays...); e != nil && !e.erased() {
		a.client.log.LogAttrs(ctx, slog.LevelError, "tryon: the end of a job could not be stored", slog.Any("error", e))
	}
	if state == JobAccepted {
		if !a.erased.Load() {
			return
		}
		a.client.cancel(ctx, &a.job, a.subject) // nobody may fetch it any more
	}
	for i := range a.deletions {
		a.client.tryErase(ctx, a.route, &a.deletions[i], a.subject)
	}
}

// attest is the record of what a sub-processor keeps of a job and cannot be asked
// to delete, with the time at which it declares to have deleted it. Where the
// job's name never came back, nothing can be asked for, unless it was uploaded
// under a name of ours: named says that one of the two is known.
func (c *Client) attest(rt *route, j *Job, subject [32]byte, named bool) []Record {
	p := &rt.profile
	if !p.Remote() {
		return nil
	}
	var records []Record
	for _, k := range []struct {
		kind string
		have Retention
	}{{"upload", p.Uploads}, {"output", p.Outputs}, {"abuse-log", p.AbuseLog}} {
		if k.have.Known && k.have.Max == 0 || named && k.have.Erasable && rt.eraser != nil {
			continue
		}
		d := c.deletion(rt, j, Leftover{Kind: k.kind, ID: j.ID})
		d.State, d.Done, d.Expires = DeletionNotPossible, d.Made, time.Time{}
		if k.have.Known {
			d.Expires = d.Made.Add(k.have.Max)
		}
		if !named && k.have.Erasable {
			d.Last = "name-unknown"
		}
		records = append(records, d.record(subject, time.Time{}))
	}
	return records
}

// tryErase tries one deletion and writes down what came of it.
func (c *Client) tryErase(ctx context.Context, r *route, d *Deletion, subject [32]byte) {
	if d.State != DeletionQueued || r.eraser == nil {
		return
	}
	start := c.now()
	bounded, cancel := context.WithTimeout(ctx, eraseWait)
	err := c.eraseOnce(bounded, r, d, subject)
	cancel()
	d.Attempts++
	now := c.now().UTC()
	due := now.Add(min(firstErase<<min(d.Attempts-1, 16), longestErase))
	switch {
	case err == nil:
		d.State, d.Done, d.Last = DeletionErased, now, "ok"
	case errors.Is(err, ErrNotErasable):
		d.State, d.Done, d.Last = DeletionNotPossible, now, "not-erasable"
	default:
		d.Last = r.classify(err).Code.String()
		if !d.Expires.IsZero() && !now.Before(d.Expires) {
			d.State, d.Done = DeletionExpired, now
		}
	}
	if err := c.write(ctx, subject, d.Generation, d.record(subject, due)); err != nil && !err.erased() {
		c.log.LogAttrs(ctx, slog.LevelError, "tryon: a deletion could not be stored", slog.Any("error", err))
	}
	c.observe(ctx, Event{Stage: StageErase, Backend: r.profile.Name, Outcome: d.Last, Duration: c.now().Sub(start)})
}

func (c *Client) eraseOnce(ctx context.Context, r *route, d *Deletion, subject [32]byte) error {
	g := c.serviceGate(ctx, r, &Job{ID: d.Job, Tenant: d.Tenant, Generation: d.Generation}, subject)
	defer g.close()
	answer, ended := guard(ctx, func() error {
		return r.eraser.Erase(ctx, &Erasure{Leftover: Leftover{Kind: d.Kind, ID: d.Remote}, HTTP: g.client()})
	})
	if ended {
		return contextError(ctx)
	}
	return answer
}

// serviceGate is a gate for calls that carry nothing of a shopper and must work
// when consent is gone. What it sends is on record all the same; of somebody who was
// erased, until it is answered.
func (c *Client) serviceGate(ctx context.Context, r *route, j *Job, subject [32]byte) *gate {
	g := c.newGate(ctx, r,
		func(context.Context) *Error { return nil },
		func(ctx context.Context, t *Transfer) *Error {
			t.Job, t.Tenant, t.Purpose, t.Generation = j.ID, j.Tenant, "erase", j.Generation
			if t.Outcome != TransferSending {
				return c.write(ctx, subject, t.Generation, t.record(r, subject))
			}
			if err := c.store.Put(ctx, t.record(r, subject)); err != nil {
				return storeError(err)
			}
			return nil
		})
	g.most = maxService
	return g
}

func (r *route) classify(err error) Fault {
	f := r.backend.Classify(err)
	if f.Code == Unknown || int(f.Code) >= len(codeNames) {
		f.Code = Internal
	}
	return f
}

// SweepReport says what a Sweep did.
type SweepReport struct {
	Erased  int `json:"erased"`  // deletions confirmed
	Queued  int `json:"queued"`  // deletions that failed and will be tried again
	Closed  int `json:"closed"`  // deletions that can't be done, or need not any more
	Unknown int `json:"unknown"` // jobs whose process died before it knew whether they were accepted
	Dropped int `json:"dropped"` // records that were older than Options.Keep, or written back of somebody erased
}

// Sweep does what is due: deletions that failed before or whose process died,
// and jobs that nobody waits for any more. Call it every minute or so, from one
// process per store; it needs no consent. An error is the store's or the
// context's; what was done until then is in the report.
func (c *Client) Sweep(ctx context.Context) (SweepReport, error) {
	var report SweepReport
	c.waiting.trim()
	if err := c.sweepJobs(ctx, &report); err != nil {
		return report, err
	}
	if err := c.sweepForgotten(ctx, &report); err != nil {
		return report, err
	}
	if err := c.sweepClaims(ctx); err != nil {
		return report, err
	}
	due, err := c.store.Find(ctx, Filter{Kind: KindErasure, DueBy: c.now(), Limit: sweepBatch})
	if err != nil {
		return report, storeError(err)
	}
	for i := range due {
		if ctx.Err() != nil {
			return report, contextError(ctx)
		}
		if err := c.sweepErasure(ctx, &due[i], &report); err != nil {
			return report, err
		}
	}
	// Old records are looked for once a day: it takes reading all of them.
	now, last := c.now().Unix(), c.dropped.Load()
	if now-last < 24*3600 || !c.dropped.CompareAndSwap(last, now) {
		return report, nil
	}
	return report, c.drop(ctx, &report)
}

func (c *Client) sweepErasure(ctx context.Context, r *Record, report *SweepReport) error {
	var d Deletion
	if err := r.decode(&d); err != nil {
		return storeError(err)
	}
	rt := c.route(d.Backend)
	if rt == nil || rt.eraser == nil {
		// Its route is not configured any more: it stays in the queue, once an hour.
		d.Last = "no-route"
		if err := c.write(ctx, r.Subject, d.Generation, d.record(r.Subject, c.now().Add(longestErase))); err != nil && !err.erased() {
			return err
		}
		report.Queued++
		return nil
	}
	c.tryErase(ctx, rt, &d, r.Subject)
	switch d.State {
	case DeletionErased:
		report.Erased++
	case DeletionQueued:
		report.Queued++
	default:
		report.Closed++
	}
	return nil
}

// sweepJobs gives jobs up whose process died or left them.
func (c *Client) sweepJobs(ctx context.Context, report *SweepReport) error {
	due, err := c.store.Find(ctx, Filter{Kind: KindJob, DueBy: c.now(), Limit: sweepBatch})
	if err != nil {
		return storeError(err)
	}
	for i := range due {
		var j Job
		if err := due[i].decode(&j); err != nil {
			return storeError(err)
		}
		var stays []Record
		if j.State == JobSending {
			j.State = JobUnknown
			report.Unknown++
			if stays, err = c.lost(ctx, &j, due[i].Subject); err != nil {
				return err
			}
		}
		j.Outcome = Timeout.String()
		if j.State == JobAccepted {
			j.State = JobFailed
			c.cancel(ctx, &j, due[i].Subject)
			if rt := c.route(j.Backend); rt != nil {
				stays = c.attest(rt, &j, due[i].Subject, true)
			}
		}
		stays = append(stays, record(KindJob, j.ID, due[i].Subject, time.Time{}, &j))
		if err := c.write(ctx, due[i].Subject, j.Generation, stays...); err != nil && !err.erased() {
			return err
		}
	}
	return nil
}

// lost is what may have stayed of a job whose process died before it learnt the
// job's name.
func (c *Client) lost(ctx context.Context, j *Job, subject [32]byte) ([]Record, error) {
	rt := c.route(j.Backend)
	if rt == nil {
		return nil, nil
	}
	var left []Deletion
	if err := find(ctx, c.store, Filter{Kind: KindErasure, Subject: subject}, &left); err != nil {
		return nil, storeError(err)
	}
	named := slices.ContainsFunc(left, func(d Deletion) bool { return d.Job == j.ID })
	return c.attest(rt, j, subject, named), nil
}

// cancel tells a backend that nobody waits for a job any more, where it can be
// told. That it could not is no error: the job's leftovers are erased.
func (c *Client) cancel(ctx context.Context, j *Job, subject [32]byte) {
	rt := c.route(j.Backend)
	if rt == nil || j.Remote == "" {
		return
	}
	canceler, ok := rt.backend.(Canceler)
	if !ok {
		return
	}
	bounded, stop := context.WithTimeout(ctx, eraseWait)
	defer stop()
	g := c.serviceGate(bounded, rt, j, subject)
	defer g.close()
	_, _ = guard(bounded, func() error {
		return canceler.Cancel(bounded, &Handle{ID: j.Remote, State: j.Memo, HTTP: g.client()})
	})
}

// drop removes records that are older than they need to be.
func (c *Client) drop(ctx context.Context, report *SweepReport) error {
	old := c.now().Add(-c.keep)
	for _, kind := range []Kind{KindTransfer, KindJob, KindErasure} {
		// IDs are random: the whole kind is looked through, in pages.
		after := ""
		for {
			page, err := c.store.Find(ctx, Filter{Kind: kind, After: after, Limit: sweepBatch})
			if err != nil {
				return storeError(err)
			}
			var gone []string
			for i := range page {
				after = page[i].ID
				if page[i].Due.IsZero() && page[i].older(old) {
					gone = append(gone, page[i].ID)
				}
			}
			if err := c.store.Delete(ctx, kind, gone...); err != nil {
				return storeError(err)
			}
			report.Dropped += len(gone)
			if len(page) < sweepBatch {
				break
			}
		}
	}
	return nil
}

func (r *Record) older(than time.Time) bool {
	var t struct {
		At, Created, Made, Expires time.Time
	}
	if r.decode(&t) != nil {
		return false
	}
	latest := t.At
	for _, u := range []time.Time{t.Created, t.Made, t.Expires} {
		if u.After(latest) {
			latest = u
		}
	}
	return !latest.IsZero() && latest.Before(than)
}

// EraseReport says what became of everything that sub-processors held of one
// person.
type EraseReport struct {
	Erased      []Deletion `json:"erased"`       // gone, as the sub-processor said
	Queued      []Deletion `json:"queued"`       // Sweep will try again
	NotPossible []Deletion `json:"not_possible"` // no call for it; Expires says what is declared
	Forgotten   int        `json:"forgotten"`    // records of what was over before that were removed from the store
}

// Erase stops the jobs of s, deletes what sub-processors hold of s as far as
// they have a call for it, and then forgets s: all records are removed but
// those of deletions that are still to be done. It needs no permit. Erase it
// again until Queued is empty.
//
// Work for s that runs meanwhile, here or in another process with the same
// Store, ends as ErrJob and leaves nothing on record: a mark under the
// pseudonym, which stays for two days and holds nothing else, sees to that.
// What such work had left at a sub-processor is deleted like everything else.
func (c *Client) Erase(ctx context.Context, s consent.Subject) (*EraseReport, error) {
	if s.IsZero() {
		return nil, badRequest("no-subject", "no subject")
	}
	report := &EraseReport{Erased: []Deletion{}, Queued: []Deletion{}, NotPossible: []Deletion{}}
	// The mark comes first: what is written after we looked, looks for it.
	generation, e := c.mark(ctx, s)
	if e != nil {
		return report, e
	}
	for _, name := range s.All() {
		if err := c.erase(ctx, name.Pseudonym(), generation, report); err != nil {
			return report, err
		}
	}
	return report, nil
}

// erase is Erase of what is filed under one pseudonym.
func (c *Client) erase(ctx context.Context, subject [32]byte, generation int64, report *EraseReport) error {
	c.cache.forget(subject)
	var h Holdings
	if err := c.holdings(ctx, subject, &h); err != nil {
		return storeError(err)
	}
	c.stopJobs(ctx, h.Jobs, generation, subject)
	for i := range h.Deletions {
		d := &h.Deletions[i]
		if d.Generation >= generation {
			continue // of a render that began since
		}
		if rt := c.route(d.Backend); rt != nil {
			c.tryErase(ctx, rt, d, subject)
		}
		switch d.State {
		case DeletionErased:
			report.Erased = append(report.Erased, *d)
		case DeletionQueued:
			report.Queued = append(report.Queued, *d)
			// What becomes of it is for the next Erase to report.
			d.Generation = generation
			if err := c.store.Put(ctx, d.record(subject, c.now().Add(firstErase))); err != nil {
				return storeError(err)
			}
		default:
			report.NotPossible = append(report.NotPossible, *d)
		}
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	n, e := c.remove(ctx, subject, generation)
	if report.Forgotten += n; e != nil {
		return e
	}
	return nil
}

// stopJobs cancels the jobs of a person.
func (c *Client) stopJobs(ctx context.Context, jobs []Job, before int64, subject [32]byte) {
	for i := range jobs {
		if jobs[i].Generation >= before {
			continue
		}
		c.waiting.drop(jobs[i].ID)
		if jobs[i].State == JobAccepted {
			c.cancel(ctx, &jobs[i], subject)
		}
	}
}

func (c *Client) route(backend string) *route {
	for i := range c.routes {
		if c.routes[i].profile.Name == backend {
			return &c.routes[i]
		}
	}
	return nil
}
