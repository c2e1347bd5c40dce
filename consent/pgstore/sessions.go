package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fitveil/fitveil/consent"
)

// Alive implements [consent.Leaser]. It reads the database each time: another
// instance may have heard a beat, or begun a shorter session.
func (s *Store) Alive(ctx context.Context, who consent.Subject, p consent.Purpose, now time.Time) (alive, known bool, err error) {
	if err := errors.Join(ctx.Err(), s.open()); err != nil {
		return false, false, wrap(err)
	}
	id := who.Pseudonym()
	b := new(pgx.Batch)
	b.Queue(setTenant, who.Tenant())
	b.Queue("select ends > $4 from consent_sessions where tenant = $1 and subject = $2 and purpose = $3", who.Tenant(), id[:], string(p), now.UnixMicro()).
		QueryRow(func(row pgx.Row) error {
			err := row.Scan(&alive)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			known = err == nil
			return err
		})
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return false, false, wrap(err)
	}
	return alive, known, nil
}

// Extend implements [consent.Leaser].
func (s *Store) Extend(ctx context.Context, who consent.Subject, p consent.Purpose, now, ends time.Time) (alive bool, err error) {
	id := who.Pseudonym()
	err = s.within(ctx, who.Tenant(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, `update consent_sessions set ends = greatest(ends, $5)
			where tenant = $1 and subject = $2 and purpose = $3 and ends > $4`, who.Tenant(), id[:], string(p), now.UnixMicro(), ends.UnixMicro())
		alive = err == nil && done.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, wrap(err)
	}
	return alive, nil
}

// keepLeases is how long a session that is over stays on record, so that its
// consent is found to have ended by whoever asks. Afterwards it is not known,
// which is a no as well.
const keepLeases = 24 * time.Hour

// begin records the sessions of a record, and drops old ones.
func begin(b *pgx.Batch, who consent.Subject, r *consent.Record) {
	if len(r.Leases) == 0 {
		return
	}
	id := who.Pseudonym()
	b.Queue("delete from consent_sessions where tenant = $1 and ends < $2", who.Tenant(), r.Time.Add(-keepLeases).UnixMicro())
	for _, l := range r.Leases {
		b.Queue(`insert into consent_sessions (tenant, subject, purpose, ends) values ($1, $2, $3, $4)
			on conflict (tenant, subject, purpose) do update set ends = excluded.ends`, who.Tenant(), id[:], string(l.Purpose), l.Ends.UnixMicro())
	}
}
