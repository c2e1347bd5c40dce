package pgstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/internal/pages"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Head implements [consent.Store]. It is one round trip.
func (s *Store) Head(ctx context.Context, who consent.Subject) (consent.Head, error) {
	if err := errors.Join(ctx.Err(), s.open()); err != nil {
		return consent.Head{}, wrap(err)
	}
	id := who.Pseudonym()
	var head consent.Head
	var latest int64
	b := new(pgx.Batch) // an implicit transaction
	b.Queue(setTenantPlan, who.Tenant())
	b.Queue(readHead, who.Tenant(), id[:]).QueryRow(func(row pgx.Row) error { return row.Scan(&latest, &head.Seq, &head.State) })
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return consent.Head{}, wrap(err)
	}
	if latest != 0 {
		head.Time = time.UnixMicro(latest).UTC()
	}
	return head, nil
}

// readHead gives one row in any case: each statement less is some 20 µs less.
const readHead = `select (select coalesce(max(latest), 0) from consent_clock), coalesce(s.seq, 0), s.state
	from (select) one left join consent_state s on s.tenant = $1 and s.subject = $2`

func (s *Store) open() error {
	if s.closed.Load() {
		return errClosed
	}
	return nil
}

// Append implements [consent.Store].
func (s *Store) Append(ctx context.Context, who consent.Subject, r consent.Record) error {
	err := s.within(ctx, who.Tenant(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error { return s.appendRecord(ctx, tx, who, r) })
	if err == nil {
		s.versions.Saw(r.Time)
	}
	return wrap(s.told(who, err))
}

// told lets the world know of a change. After an error that leaves it open
// whether there was one, this instance forgets, and the others ask anyway.
func (s *Store) told(who consent.Subject, err error) error {
	if errors.Is(err, consent.ErrConflict) || errors.Is(err, consent.ErrReplay) {
		return err
	}
	s.versions.Changed(who)
	select {
	case s.kick <- struct{}{}:
	default: // somebody has kicked already
	}
	return err
}

// lock has the caller be the only one who writes for the tenant.
const lock = `insert into consent_clock as c (tenant, latest) values ($1, $2)
	on conflict (tenant) do update set latest = greatest(c.latest, excluded.latest)`

func (s *Store) appendRecord(ctx context.Context, tx pgx.Tx, who consent.Subject, r consent.Record) error {
	tenant, id := who.Tenant(), who.Pseudonym()
	var seq uint64
	fresh := true
	b := new(pgx.Batch)
	b.Queue(lock, tenant, r.Time.UnixMicro())
	b.Queue("select seq from consent_state where tenant = $1 and subject = $2", tenant, id[:]).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&seq)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if r.Nonce != nil {
		b.Queue("select not exists (select from consent_nonces where tenant = $1 and nonce = $2)", tenant, r.Nonce).
			QueryRow(func(row pgx.Row) error { return row.Scan(&fresh) })
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	switch {
	case r.Seq != seq+1:
		return consent.ErrConflict
	case !fresh:
		return consent.ErrReplay
	}
	n := newNodes(ctx, tx, tenant)
	leaf, err := merkle.Append(n, merkle.Step{Leaf: tlog.RecordHash(r.Event), Key: id})
	if err != nil {
		return err
	}
	b = new(pgx.Batch)
	if r.Nonce != nil {
		b.Queue("insert into consent_nonces (tenant, nonce) values ($1, $2)", tenant, r.Nonce)
	}
	b.Queue("insert into consent_events (tenant, subject, seq, leaf, event) values ($1, $2, $3, $4, $5)", tenant, id[:], r.Seq, leaf, notNull(r.Event))
	b.Queue(`insert into consent_state (tenant, subject, seq, state) values ($1, $2, $3, $4)
		on conflict (tenant, subject) do update set seq = excluded.seq, state = excluded.state`, tenant, id[:], r.Seq, notNull(r.State))
	n.flush(b)
	begin(b, who, &r)
	s.outbox(b, who)
	return tx.SendBatch(ctx, b).Close()
}

// notNull keeps an empty value from being taken for none.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// outbox records that something about somebody like who has changed.
func (s *Store) outbox(b *pgx.Batch, who consent.Subject) {
	b.Queue("insert into consent_outbox (slot) values ($1)", s.versions.Slot(who))
}

// eventsAtOnce is how many events are read at a time.
const eventsAtOnce = 64

// Events implements [consent.Store]. It reads some at a time, so that no
// connection is held while the loop's body runs.
func (s *Store) Events(ctx context.Context, who consent.Subject, after uint64) iter.Seq2[consent.Record, error] {
	return pages.All(eventsAtOnce, func(last *consent.Record) ([]consent.Record, error) {
		from := after
		if last != nil {
			from = last.Seq
		}
		out, err := s.someEvents(ctx, who, from)
		for _, r := range out {
			if from++; r.Seq != from && err == nil {
				err = fmt.Errorf("%w: event %d is missing", consent.ErrCorrupt, from)
			}
		}
		return out, wrap(err)
	})
}

func (s *Store) someEvents(ctx context.Context, who consent.Subject, after uint64) (out []consent.Record, err error) {
	if err := errors.Join(ctx.Err(), s.open()); err != nil {
		return nil, err
	}
	id := who.Pseudonym()
	b := new(pgx.Batch)
	b.Queue(setTenantPlan, who.Tenant())
	b.Queue("select seq, leaf, event from consent_events where tenant = $1 and subject = $2 and seq > $3 order by seq limit $4",
		who.Tenant(), id[:], after, eventsAtOnce).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var r consent.Record
			if err := rows.Scan(&r.Seq, &r.Leaf, &r.Event); err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, s.pool.SendBatch(ctx, b).Close()
}

// Erase implements [consent.Store].
func (s *Store) Erase(ctx context.Context, who consent.Subject) (n int, err error) {
	tenant, id := who.Tenant(), who.Pseudonym()
	err = s.within(ctx, tenant, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select from consent_clock where tenant = $1 for update", tenant); err != nil {
			return err
		}
		gone, err := tx.Exec(ctx, "delete from consent_events where tenant = $1 and subject = $2", tenant, id[:])
		if err != nil {
			return err
		}
		n = int(gone.RowsAffected())
		nodes := newNodes(ctx, tx, tenant)
		if err := merkle.Remove(nodes, id); err != nil {
			return err
		}
		b := new(pgx.Batch)
		b.Queue("delete from consent_state where tenant = $1 and subject = $2", tenant, id[:])
		b.Queue("delete from consent_sessions where tenant = $1 and subject = $2", tenant, id[:])
		nodes.flush(b)
		s.outbox(b, who)
		return tx.SendBatch(ctx, b).Close()
	})
	if err = s.told(who, err); err != nil {
		return 0, wrap(err)
	}
	return n, nil
}

// Trees implements [consent.Store].
func (s *Store) Trees(ctx context.Context, tenant string, read func(merkle.Reader) error) error {
	o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return wrap(s.within(ctx, tenant, o, func(tx pgx.Tx) error { return read(newNodes(ctx, tx, tenant)) }))
}
