package pgstore

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/internal/pages"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Subjects implements [consent.Lister]. It reads some at a time, so that no
// connection is held while the loop's body runs.
func (s *Store) Subjects(ctx context.Context, tenant string) iter.Seq2[consent.Standing, error] {
	return pages.All(subjectsAtOnce, func(last *consent.Standing) ([]consent.Standing, error) {
		after := []byte{}
		if last != nil {
			id := last.Subject.Pseudonym()
			after = id[:]
		}
		out, err := s.someSubjects(ctx, tenant, after)
		return out, wrap(err)
	})
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
	var ids, states [][]byte
	var seqs []int64
	for _, p := range idle {
		id := p.Subject.Pseudonym()
		ids, seqs, states = append(ids, id[:]), append(seqs, int64(p.Head.Seq)), append(states, p.Head.State)
	}
	err = s.within(ctx, tenant, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select from consent_clock where tenant = $1 for update", tenant); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `delete from consent_state s using unnest($2::bytea[], $3::bigint[], $4::bytea[]) as listed (subject, seq, state)
			where s.tenant = $1 and s.subject = listed.subject and s.seq = listed.seq and s.state = listed.state returning s.subject`,
			tenant, ids, seqs, states)
		if err != nil {
			return err
		}
		gone, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if n = len(gone); err != nil || n == 0 {
			return err
		}
		nodes := newNodes(ctx, tx, tenant)
		b := new(pgx.Batch)
		for _, id := range gone {
			if err := merkle.Remove(nodes, [32]byte(id)); err != nil {
				return err
			}
			s.outbox(b, consent.SubjectOf(tenant, [32]byte(id)))
		}
		b.Queue("delete from consent_events where tenant = $1 and subject = any($2)", tenant, gone)
		b.Queue("delete from consent_sessions where tenant = $1 and subject = any($2)", tenant, gone)
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
