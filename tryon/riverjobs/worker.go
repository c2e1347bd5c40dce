package riverjobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// Worker works on orders, for river.AddWorker. It panics without Options.Ledger,
// Client or Item: they are set where the program starts.
func (q *Queue) Worker() river.Worker[Args] {
	if q.o.Ledger == nil || q.o.Client == nil || q.o.Item == nil {
		panic("riverjobs: a worker needs a ledger, a client and items")
	}
	return &worker{q: q}
}

type worker struct {
	river.WorkerDefaults[Args]
	q *Queue
}

// Timeout implements river.Worker. It must not be without end: River rescues no
// job then.
func (w *worker) Timeout(*river.Job[Args]) time.Duration { return w.q.o.Timeout }

// busy is how long an order is left to the worker that has it.
const busy = 20 * time.Second

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, job *river.Job[Args]) error {
	q, a := w.q, &job.Args
	// A worker that was thought dead may live: the database knows, since its
	// lock goes with its connection. That is not one of the pool's, which as many
	// workers as it has connections would empty.
	conn, err := pgx.ConnectConfig(ctx, q.pool.Config().ConnConfig)
	if err != nil {
		return wrap(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var mine bool
	if err := conn.QueryRow(ctx, "select pg_try_advisory_lock(hashtextextended($1, 7203))", a.Order).Scan(&mine); err != nil {
		return wrap(err)
	}
	if !mine {
		return river.JobSnooze(busy)
	}
	result, err := q.work(ctx, a)
	return q.settle(context.WithoutCancel(ctx), job, result, err)
}

// errGone says that the order was collected, erased or swept.
var errGone = errors.New("riverjobs: the order is gone")

// work draws an order, or finds out what became of it.
func (q *Queue) work(ctx context.Context, a *Args) (*tryon.Result, error) {
	var photo []byte
	err := q.pool.QueryRow(ctx, "select photo from tryon_orders where id = $1 and state = $2 and until > $3",
		a.Order, string(Waiting), q.o.Now().UnixNano()).Scan(&photo)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errGone
	}
	if err != nil {
		return nil, wrap(err)
	}
	subject := consent.SubjectOf(a.Tenant, a.Subjects...)
	permit, err := q.o.Ledger.Permit(ctx, consent.Query{Subject: subject, Purpose: a.Purpose, Recipients: slices.Clone(a.Recipients)})
	if err != nil {
		return nil, err
	}
	request, err := q.request(ctx, a, photo)
	if err != nil {
		return nil, err
	}
	request.Subject = subject
	request.Still = func(ctx context.Context) error { return q.waits(ctx, a.Order) }
	id, err := q.begun(ctx, subject, a.Order)
	if err != nil {
		return nil, err
	}
	if id == "" {
		if id, err = q.o.Client.Start(ctx, permit, request); err != nil {
			return nil, err
		}
	}
	return q.o.Client.Wait(ctx, permit, &tryon.Pickup{Job: id, Subject: subject, Request: request})
}

// waits fails when an order is not to be drawn any more. [Queue.Erase] may have come
// after its photo was read: it is asked once more when [tryon.Client.Erase], which
// comes after, would be noticed.
func (q *Queue) waits(ctx context.Context, order string) error {
	var there bool
	err := q.pool.QueryRow(ctx, "select exists (select from tryon_orders where id = $1 and state = $2 and until > $3)",
		order, string(Waiting), q.o.Now().UnixNano()).Scan(&there)
	if err != nil {
		return wrap(err)
	}
	if !there {
		return errGone
	}
	return nil
}

// request opens the seals.
func (q *Queue) request(ctx context.Context, a *Args, sealed []byte) (*tryon.Request, error) {
	data, err := q.vault.open(a.Order, "photo", sealed)
	if err != nil {
		return nil, err
	}
	clean, err := imageproc.Sanitize(ctx, bytes.NewReader(data), nil)
	if err != nil {
		return nil, wrap(err)
	}
	photo, err := detect.OpenScreened(q.o.Key, a.Proof, clean, &detect.SealOptions{Now: q.o.Now})
	if err != nil {
		return nil, err
	}
	r := &tryon.Request{
		Photo: photo, Order: a.Order, Task: a.Task, N: a.N, Seed: a.Seed, Region: a.Region, Minimise: a.Minimise,
	}
	for _, i := range a.Items {
		picture, err := q.o.Item(ctx, i.ID)
		if err != nil {
			return nil, wrap(err)
		}
		r.Items = append(r.Items, tryon.Item{ID: i.ID, Image: picture, Garment: i.Garment, Worn: i.Worn})
	}
	return r, nil
}

// begun looks for what an earlier worker of the order left: a job that was
// accepted is returned by name; after one whose fate nobody knows, and one that
// failed for good, nothing may be sent again.
func (q *Queue) begun(ctx context.Context, s consent.Subject, order string) (string, error) {
	h, err := q.o.Client.Holdings(ctx, s)
	if err != nil {
		return "", err
	}
	var ended error
	for _, j := range h.Jobs {
		if j.Order != order {
			continue
		}
		switch {
		case j.State == tryon.JobAccepted:
			return j.ID, nil
		case j.State == tryon.JobSending, j.State == tryon.JobUnknown:
			ended = &tryon.Error{Code: tryon.AcceptedUnknown, Backend: j.Backend, Job: j.ID}
		case j.State == tryon.JobDone:
			ended = &tryon.Error{Code: tryon.NoJob, Backend: j.Backend, Reason: "picture-lost"}
		case !slices.Contains(passing, j.Outcome) && ended == nil:
			ended = &tryon.Error{Code: tryon.Internal, Backend: j.Backend, Reason: "failed-before"}
		}
	}
	return "", ended
}

// passing are the failures after which an order may be handed over again: the
// backends did not begin.
var passing = []string{tryon.RateLimited.String(), tryon.Unavailable.String(), tryon.StoreFailed.String(), tryon.Canceled.String()}

// settle writes down what became of an order, and tells River. Once the order is
// over its photo is gone.
func (q *Queue) settle(ctx context.Context, job *river.Job[Args], result *tryon.Result, err error) error {
	var denied *consent.DeniedError
	var e *tryon.Error
	last := job.Attempt >= job.MaxAttempts
	switch {
	case err == nil:
		return q.deliver(ctx, job.Args.Order, result)
	case errors.Is(err, errGone):
		return river.JobCancel(err)
	case errors.As(err, &denied) && denied.Reason != consent.StoreDown && denied.Reason != consent.ClockSuspect:
		return q.end(ctx, job, Denied, string(denied.Reason), err)
	case errors.Is(err, ErrSeal), errors.Is(err, detect.ErrSeal):
		return q.end(ctx, job, Failed, tryon.NotScreened.String(), err)
	case errors.As(err, &e) && e.Job != "" && !last && (e.Code == tryon.Canceled || e.Code == tryon.Timeout):
		return err // it runs on there, and the next try waits for it
	case errors.As(err, &e) && (last || !slices.Contains(passing, e.Code.String())):
		return q.end(ctx, job, Failed, e.Code.String(), err)
	case last:
		return q.end(ctx, job, Failed, tryon.Internal.String(), err)
	}
	return err
}

// deliver seals the pictures for Collect.
func (q *Queue) deliver(ctx context.Context, order string, r *tryon.Result) error {
	p := Parcel{State: Drawn, Backend: r.Backend, Model: r.Model, Marks: r.Marks, Warnings: r.Warnings, Attempts: r.Attempts}
	for _, picture := range r.Images {
		p.Pictures = append(p.Pictures, picture.Bytes())
	}
	data, err := json.Marshal(&p)
	if err != nil {
		return wrap(err)
	}
	_, err = q.pool.Exec(ctx, "update tryon_orders set state = $2, photo = null, pictures = $3, until = $4 where id = $1",
		order, string(Drawn), q.vault.seal(order, "pictures", data), q.o.Now().Add(q.o.Keep).UnixNano())
	return wrap(err)
}

// end closes an order without pictures and cancels its job.
func (q *Queue) end(ctx context.Context, job *river.Job[Args], s State, code string, cause error) error {
	// Another worker may have drawn it, while this one was thought dead.
	_, err := q.pool.Exec(ctx, "update tryon_orders set state = $2, code = $3, photo = null where id = $1 and state = $4",
		job.Args.Order, string(s), code, string(Waiting))
	if err != nil {
		return wrap(err)
	}
	return river.JobCancel(cause)
}
