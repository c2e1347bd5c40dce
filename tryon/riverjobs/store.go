package riverjobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/tryon"
)

// Store is a tryon.Store in PostgreSQL, for several processes at once. The pool
// is the caller's. It is safe for use by many goroutines.
type Store struct{ pool *pgxpool.Pool }

var _ tryon.Store = (*Store)(nil)

// NewStore makes a store on a pool whose schema is up to date (see [Migrate]).
// Sessions must not have synchronous_commit off: what is acknowledged would not
// survive a crash of the server.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool} }

// Put implements tryon.Store.
func (s *Store) Put(ctx context.Context, records ...tryon.Record) error {
	return wrap(pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for i := range records {
			r := &records[i]
			var subject []byte
			var due *int64
			if r.Subject != [32]byte{} {
				subject = r.Subject[:]
			}
			if !r.Due.IsZero() {
				ns := r.Due.UnixNano()
				due = &ns
			}
			batch.Queue(`insert into tryon_records (kind, id, subject, due, data) values ($1, $2, $3, $4, $5)
				on conflict (kind, id) do update set subject = excluded.subject, due = excluded.due, data = excluded.data`,
				string(r.Kind), r.ID, subject, due, r.Data)
		}
		return tx.SendBatch(ctx, &batch).Close()
	}))
}

// Get implements tryon.Store.
func (s *Store) Get(ctx context.Context, kind tryon.Kind, id string) (tryon.Record, error) {
	rows, err := s.pool.Query(ctx, "select id, subject, due, data from tryon_records where kind = $1 and id = $2", string(kind), id)
	if err != nil {
		return tryon.Record{}, wrap(err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scan(kind))
	if errors.Is(err, pgx.ErrNoRows) {
		return tryon.Record{}, tryon.ErrNoRecord
	}
	return r, wrap(err)
}

// Delete implements tryon.Store.
func (s *Store) Delete(ctx context.Context, kind tryon.Kind, ids ...string) error {
	if len(ids) == 0 {
		return ctx.Err()
	}
	_, err := s.pool.Exec(ctx, "delete from tryon_records where kind = $1 and id = any($2)", string(kind), ids)
	return wrap(err)
}

// Find implements tryon.Store.
func (s *Store) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	sql, args := "select id, subject, due, data from tryon_records where kind = $1", []any{string(f.Kind)}
	with := func(text string, arg any) {
		args = append(args, arg)
		sql += fmt.Sprintf(text, len(args))
	}
	if f.Subject != [32]byte{} {
		with(" and subject = $%d", f.Subject[:])
	}
	if f.DueBy.IsZero() {
		with(" and id > $%d order by id", f.After)
	} else {
		with(" and due <= $%d order by due, id", f.DueBy.UnixNano())
	}
	if f.Limit > 0 {
		with(" limit $%d", f.Limit)
	}
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, wrap(err)
	}
	list, err := pgx.CollectRows(rows, scan(f.Kind))
	return list, wrap(err)
}

// scan reads a row as a record of a kind.
func scan(kind tryon.Kind) pgx.RowToFunc[tryon.Record] {
	return func(row pgx.CollectableRow) (tryon.Record, error) {
		r := tryon.Record{Kind: kind}
		var subject []byte
		var due *int64
		err := row.Scan(&r.ID, &subject, &due, &r.Data)
		copy(r.Subject[:], subject)
		if due != nil {
			r.Due = time.Unix(0, *due).UTC()
		}
		return r, err
	}
}
