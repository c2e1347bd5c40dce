package pgstore

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Subjects implements [consent.Lister]. It reads some at a time, so that no
// connection is held while the loop's body runs.
func (s *Store) Subjects(ctx context.Context, tenant string) iter.Seq2[consent.Standing, error] {
	return func(yield func(consent.Standing, error) bool) {
		after := []byte{}
		for {
			some, err := s.someSubjects(ctx, tenant, after)
			if err != nil {
				yield(consent.Standing{}, wrap(err))
				return
			}
			for _, p := range some {
				if !yield(p, nil) {
					return
				}
			}
			if len(some) < subjectsAtOnce {
				return
			}
			id := some[len(some)-1].Subject.Pseudonym()
			after = id[:]
		}
	}
}

const subjectsAtOnce = 256

func (s *Store) someSubjects(ctx context.Context, tenant string, after []byte) (out []consent.Standing, err error) {
	err = s.within(ctx, tenant, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select subject, seq, state from consent_state where tenant = $1 and subject > $2 order by subject limit $3",
			tenant, after, subjectsAtOnce)
		if err != nil {
			return err
		}
		var id, state []byte
		var seq uint64
		_, err = pgx.ForEachRow(rows, []any{&id, &seq, &state}, func() error {
			out = append(out, consent.Standing{Subject: consent.SubjectOf(tenant, [32]byte(id)), Head: consent.Head{Seq: seq, State: state}})
			id, state = nil, nil
			return nil
		})
		return err
	})
	return out, err
}

// EraseIdle implements [consent.Lister].
func (s *Store) EraseIdle(ctx context.Context, idle []consent.Standing) (n int, err error) {
	if len(idle) == 0 {
		return 0, nil
	}
	tenant := idle[0].Subject.Tenant()
	err = s.within(ctx, tenant, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		n = 0
		if _, err := tx.Exec(ctx, "select from consent_clock where tenant = $1 for update", tenant); err != nil {
			return err
		}
		nodes := newNodes(ctx, tx, tenant)
		b := new(pgx.Batch)
		for _, p := range idle {
			id := p.Subject.Pseudonym()
			gone, err := tx.Exec(ctx, "delete from consent_state where tenant = $1 and subject = $2 and seq = $3 and state = $4",
				tenant, id[:], p.Head.Seq, p.Head.State)
			if err != nil {
				return err
			}
			if gone.RowsAffected() == 0 {
				continue
			}
			n++
			if err := merkle.Remove(nodes, id); err != nil {
				return err
			}
			b.Queue("delete from consent_events where tenant = $1 and subject = $2", tenant, id[:])
			b.Queue("delete from consent_sessions where tenant = $1 and subject = $2", tenant, id[:])
			s.outbox(b, p.Subject)
		}
		if n == 0 {
			return nil
		}
		nodes.flush(b)
		return tx.SendBatch(ctx, b).Close()
	})
	for _, p := range idle {
		err = s.told(p.Subject, err)
	}
	if err != nil {
		return 0, wrap(err)
	}
	return n, nil
}
