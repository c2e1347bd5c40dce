package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/consent"
)

// Options configures New; nil means defaults.
type Options struct {
	// Lease bounds how long after a change at another instance this one may still
	// answer as if it had not been; default 250 ms, at least 20 ms. Negative:
	// every check reads the database.
	Lease time.Duration

	// AllowUnsafe accepts a role that row-level security does not bind, and a
	// session that acknowledges before the disk has it. For tests.
	AllowUnsafe bool

	Logger *slog.Logger // nil: silent
}

// Store keeps records in PostgreSQL; New makes one. It prints and logs as a
// fixed word. Safe for use by many goroutines.
type Store struct{ *sealed }

// sealed keeps everything behind a second pointer, where fmt does not follow.
type sealed struct{ *state }

type state struct {
	pool  *pgxpool.Pool
	lease time.Duration
	log   *slog.Logger

	versions consent.Versions
	start    time.Time    // origin of fresh
	fresh    atomic.Int64 // until when, in nanoseconds since start, nothing is missing
	closed   atomic.Bool
	muted    atomic.Bool // by tests

	kick chan struct{} // something was written: tell the others
	stop context.CancelFunc
	done sync.WaitGroup
}

// ErrRole is returned by New for a role or session that breaks what the store promises.
var ErrRole = errors.New("role is not fit for a consent store")

const defaultLease = 250 * time.Millisecond

// New makes a store on a pool, whose schema is up to date (see [Migrate]). The
// pool is the caller's, and outlives the store. Errors: [ErrRole], the
// database's.
func New(ctx context.Context, pool *pgxpool.Pool, o *Options) (*Store, error) {
	if o == nil {
		o = new(Options)
	}
	lease := o.Lease
	if lease == 0 {
		lease = defaultLease
	}
	if lease > 0 && lease < 20*time.Millisecond {
		return nil, fmt.Errorf("pgstore: lease of %v, want at least 20ms", lease)
	}
	s := &Store{&sealed{&state{pool: pool, lease: lease, log: o.Logger, start: time.Now(), kick: make(chan struct{}, 1)}}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.inspect(ctx, o.AllowUnsafe); err != nil {
		return nil, wrap(err)
	}
	running, stop := context.WithCancel(context.Background()) // ends with Close, not with the caller's context
	s.stop = stop
	s.done.Go(func() { s.notify(running) })
	if lease > 0 {
		s.done.Go(func() { s.watch(running) })
	}
	return s, nil
}

// inspect refuses what would make the store's promises untrue.
func (s *Store) inspect(ctx context.Context, unsafe bool) error {
	names, err := steps()
	if err != nil {
		return err
	}
	var have int
	var free, hurried bool
	err = s.pool.QueryRow(ctx, "select count(*) from consent_schema where step = any($1)", names).Scan(&have)
	if err != nil || have != len(names) {
		return fmt.Errorf("schema is not up to date, run Migrate: %d of %d steps: %w", have, len(names), errors.Join(err))
	}
	err = s.pool.QueryRow(ctx, `select rolsuper or rolbypassrls, current_setting('synchronous_commit') = 'off'
		from pg_roles where rolname = current_user`).Scan(&free, &hurried)
	switch {
	case err != nil:
		return err
	case free && !unsafe:
		return fmt.Errorf("%w: it is a superuser or bypasses row-level security", ErrRole)
	case hurried && !unsafe:
		return fmt.Errorf("%w: synchronous_commit is off, so what is acknowledged may be lost", ErrRole)
	}
	return nil
}

const word = "[pgstore.Store]"

// Format prints a fixed word for every verb.
func (s Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, word) }

// LogValue logs a fixed word.
func (s Store) LogValue() slog.Value { return slog.StringValue(word) }

// Close ends what runs in the background and waits for it. Calls that come
// later fail. The pool stays open. Closing again does nothing.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.stop()
	}
	s.done.Wait()
	return nil
}

var errClosed = errors.New("store is closed")

// wrap says who speaks. Of what PostgreSQL says, the text of its errors has the
// message and the code; the detail, which may quote a row, stays inside.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pgstore: %w", err)
}

// within runs fn in a transaction that sees the rows of one tenant.
func (s *Store) within(ctx context.Context, tenant string, o pgx.TxOptions, fn func(tx pgx.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return errClosed
	}
	return pgx.BeginTxFunc(ctx, s.pool, o, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, setTenant, tenant); err != nil {
			return err
		}
		return fn(tx)
	})
}

// setTenant holds for the transaction only, so that a pooled connection does
// not carry a tenant to its next user.
const setTenant = "select set_config('fitveil.tenant', $1, true)"

// setTenantPlan is setTenant for reads whose plan is the same whatever the
// values: left alone, the server plans over all partitions each time, which
// takes it longer than the reading.
const setTenantPlan = "select set_config('fitveil.tenant', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)"
