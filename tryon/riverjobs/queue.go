package riverjobs

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// Options configures New.
type Options struct {
	Key    []byte          // at least 32 secret bytes, which seal photos, proofs and pictures; required
	Ledger *consent.Ledger // gives workers their permits; required by Worker
	// Client draws; required by Worker. Its Store is a [Store] on the same
	// database, so that another machine can go on where one died.
	Client *tryon.Client
	// Item fetches a product picture by the shop's name for it; required by
	// Worker. An error is tried again.
	Item func(ctx context.Context, id string) (*imageproc.Clean, error)
	// Keep is how long photos wait for a worker and pictures for Collect.
	// Default one hour, at most 24.
	Keep time.Duration
	// Timeout bounds one try of a worker. Default 15 minutes.
	Timeout time.Duration
	// Insert is how jobs go into River: queue, priority, attempts. nil: as
	// River's defaults are, with three attempts.
	Insert *river.InsertOpts

	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // River's, when jobs are put in; nil: silent
}

// Queue puts orders in, works on them and gives pictures out. It is safe for use
// by many goroutines, and has nothing to close.
type Queue struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx] // puts jobs in and takes them out, works on none
	vault *vault
	o     Options
}

// New makes a queue on a pool whose schema is up to date (see [Migrate]). The
// pool is the caller's.
func New(pool *pgxpool.Pool, o *Options) (*Queue, error) {
	if pool == nil || o == nil {
		return nil, errors.New("riverjobs: a pool and a key are needed")
	}
	q := &Queue{pool: pool, o: *o}
	if q.o.Keep == 0 {
		q.o.Keep = time.Hour
	}
	if q.o.Timeout == 0 {
		q.o.Timeout = 15 * time.Minute
	}
	if q.o.Keep < 0 || q.o.Keep > 24*time.Hour || q.o.Timeout < 0 {
		return nil, errors.New("riverjobs: keep is not up to 24 hours, or the timeout is negative")
	}
	if q.o.Now == nil {
		q.o.Now = time.Now
	}
	if q.o.Logger == nil {
		q.o.Logger = slog.New(slog.DiscardHandler)
	}
	if q.o.Insert == nil {
		q.o.Insert = &river.InsertOpts{MaxAttempts: 3}
	}
	var err error
	if q.vault, err = newVault(o.Key); err != nil {
		return nil, err
	}
	q.o.Key = slices.Clone(o.Key)
	if q.river, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: q.o.Logger}); err != nil {
		return nil, wrap(err)
	}
	return q, nil
}

// Order is one try-on to draw.
type Order struct {
	Query    consent.Query // the subject, [consent.TryOnRender], and who may receive the photo
	Photo    *detect.Screened
	Items    []Item
	Task     tryon.Task
	N        int
	Seed     *int64
	Region   tryon.EditRegion
	Minimise tryon.Minimise
}

// Item is a product, whose picture the worker fetches.
type Item struct {
	ID      string        `json:"id"`
	Garment tryon.Garment `json:"garment"`
	Worn    bool          `json:"worn,omitempty"` // by a model, in the picture
}

// Args are what River stores of an order, as JSON.
type Args struct {
	Order      string           `json:"order"`
	Tenant     string           `json:"tenant"`
	Subjects   [][32]byte       `json:"subjects"` // pseudonyms, the one in use first
	Purpose    consent.Purpose  `json:"purpose"`
	Recipients []string         `json:"recipients"`
	Proof      []byte           `json:"proof"` // sealed; see detect.Screened.Seal
	Items      []Item           `json:"items"`
	Task       tryon.Task       `json:"task"`
	N          int              `json:"n"`
	Seed       *int64           `json:"seed,omitempty"`
	Region     tryon.EditRegion `json:"region,omitzero"`
	Minimise   tryon.Minimise   `json:"minimise,omitzero"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "fitveil_tryon" }

// Enqueue puts an order in, together with its sealed photo, in one transaction,
// and returns its name. Nothing is asked of the ledger yet.
func (q *Queue) Enqueue(ctx context.Context, o *Order) (string, error) {
	if o == nil || o.Query.Subject.IsZero() || o.Photo.IsZero() || len(o.Items) == 0 {
		return "", errors.New("riverjobs: subject, photo and items are needed")
	}
	now := q.o.Now()
	proof, err := o.Photo.Seal(q.o.Key, &detect.SealOptions{For: q.o.Keep, Now: q.o.Now})
	if err != nil {
		return "", wrap(err)
	}
	args := Args{
		Order: rand.Text(), Tenant: o.Query.Subject.Tenant(), Purpose: o.Query.Purpose, Recipients: o.Query.Recipients, Proof: proof,
		Items: o.Items, Task: o.Task, N: o.N, Seed: o.Seed, Region: o.Region, Minimise: o.Minimise,
	}
	for _, s := range o.Query.Subject.All() {
		args.Subjects = append(args.Subjects, s.Pseudonym())
	}
	photo := q.vault.seal(args.Order, "photo", o.Photo.Photo().Bytes())
	return args.Order, wrap(pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		put, err := q.river.InsertTx(ctx, tx, args, q.o.Insert)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into tryon_orders (id, tenant, subject, job, state, until, photo) values ($1, $2, $3, $4, $5, $6, $7)`,
			args.Order, args.Tenant, args.Subjects[0][:], put.Job.ID, string(Waiting), now.Add(q.o.Keep).UnixNano(), photo)
		return err
	}))
}

// State says how far an order is.
type State string

// The states of an order.
const (
	Waiting State = "waiting" // for a worker, or at one
	Drawn   State = "drawn"   // the pictures wait for Collect
	Denied  State = "denied"  // the ledger said no; nothing was sent
	Failed  State = "failed"  // Parcel.Code says why
)

// Parcel is what has become of an order.
type Parcel struct {
	State    State
	Code     string // for Failed the name of a tryon.Code, for Denied of a consent.Reason
	Pictures [][]byte
	Backend  string
	Model    string
	Marks    []tryon.Mark
	Warnings []tryon.Warning
	Attempts []tryon.Attempt
}

// ErrOrder is returned for an order that is not there, is somebody else's, was
// collected, or has waited for too long.
var ErrOrder = errors.New("riverjobs: no such order")

// Collect tells what has become of an order of s. An order that is over is given
// out once and then forgotten. Errors: ErrOrder, ErrSeal, the database's.
func (q *Queue) Collect(ctx context.Context, s consent.Subject, id string) (*Parcel, error) {
	p := &Parcel{}
	err := pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		var sealed []byte
		err := tx.QueryRow(ctx, `select state, code, pictures from tryon_orders
			where id = $1 and subject = any($2) and until > $3 for update`,
			id, pseudonyms(s), q.o.Now().UnixNano()).Scan(&p.State, &p.Code, &sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrOrder
		}
		if err != nil || p.State == Waiting {
			return err
		}
		if p.State == Drawn {
			data, err := q.vault.open(id, "pictures", sealed)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(data, p); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "delete from tryon_orders where id = $1", id)
		return err
	})
	if err != nil {
		return nil, wrap(err)
	}
	return p, nil
}

func pseudonyms(s consent.Subject) [][]byte {
	var list [][]byte
	for _, one := range s.All() {
		id := one.Pseudonym()
		list = append(list, id[:])
	}
	return list
}

// Erase forgets all orders of s, their photos and pictures, and their jobs; it
// returns how many there were. Work that a backend has already is stopped and
// erased by [tryon.Client.Erase], to be called after it.
func (q *Queue) Erase(ctx context.Context, s consent.Subject) (int, error) {
	return q.drop(ctx, "subject = any($1)", pseudonyms(s))
}

// Sweep forgets orders that have waited for too long, and returns how many there
// were. Call it every few minutes.
func (q *Queue) Sweep(ctx context.Context) (int, error) {
	return q.drop(ctx, "until <= $1", q.o.Now().UnixNano())
}

func (q *Queue) drop(ctx context.Context, which string, arg any) (int, error) {
	rows, err := q.pool.Query(ctx, "delete from tryon_orders where "+which+" returning job", arg)
	if err != nil {
		return 0, wrap(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, wrap(err)
	}
	var failed []error
	for _, id := range jobs {
		_, err := q.river.JobDelete(ctx, id)
		if errors.Is(err, rivertype.ErrJobRunning) {
			_, err = q.river.JobCancel(ctx, id) // its worker finds the order gone
		}
		if err != nil && !errors.Is(err, rivertype.ErrNotFound) {
			failed = append(failed, err)
		}
	}
	return len(jobs), wrap(errors.Join(failed...))
}
