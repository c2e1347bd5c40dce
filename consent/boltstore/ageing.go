package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/internal/pages"
)

// Subjects implements [consent.Lister].
func (s *Store) Subjects(ctx context.Context, tenant string) iter.Seq2[consent.Standing, error] {
	return pages.All(subjectsAtOnce, func(last *consent.Standing) ([]consent.Standing, error) {
		var after []byte
		if last == nil {
			if err := s.settleForList(ctx); err != nil {
				return nil, wrap(err)
			}
		} else {
			id := last.Subject.Pseudonym()
			after = id[:]
		}
		out, err := s.someSubjects(ctx, tenant, after)
		return out, wrap(err)
	})
}

// settleForList puts everything in its place, what comes later is new, and makes
// good a sweep before this process that died between erasing and overwriting.
func (s *Store) settleForList(ctx context.Context) error {
	err := s.commit(ctx, &write{alone: true, do: func(*draft) error { return errNoChange }})
	if err != nil && !errors.Is(err, errNoChange) {
		return err
	}
	if s.scrubbed.Load() {
		return nil
	}
	return s.scrub()
}

const subjectsAtOnce = 256

// someSubjects copies the standings behind after.
func (s *Store) someSubjects(ctx context.Context, tenant string, after []byte) (out []consent.Standing, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.view(func(tx *bolt.Tx) error {
		t := tx.Bucket(tenantBucket(tenant))
		if t == nil {
			return nil
		}
		states := t.Bucket(bucketState)
		if states == nil {
			return fmt.Errorf("%w: tenant without records", consent.ErrCorrupt)
		}
		c := states.Cursor()
		k, packed := c.Seek(after)
		if after != nil && bytes.Equal(k, after) {
			k, packed = c.Next()
		}
		for ; k != nil && len(out) < subjectsAtOnce; k, packed = c.Next() {
			value, err := unpack("state", k, packed)
			if err != nil {
				return err
			}
			if len(k) != 32 || len(value) < 8 {
				return fmt.Errorf("%w: state value of %d bytes", consent.ErrCorrupt, len(value))
			}
			out = append(out, consent.Standing{
				Subject: consent.SubjectOf(tenant, [32]byte(k)),
				Head:    consent.Head{Seq: binary.BigEndian.Uint64(value), State: bytes.Clone(value[8:])},
			})
		}
		return nil
	})
	return out, err
}

// EraseIdle implements [consent.Lister]. It takes the time of one Erase.
func (s *Store) EraseIdle(ctx context.Context, idle []consent.Standing) (n int, err error) {
	var gone []consent.Subject
	err = s.commit(ctx, &write{alone: true, do: func(d *draft) error {
		gone = gone[:0]
		for _, p := range idle {
			head, err := settledHead(d.tx, p.Subject)
			if err != nil {
				return err
			}
			if head.Seq != p.Head.Seq || head.Seq == 0 || !bytes.Equal(head.State, p.Head.State) {
				continue
			}
			if _, err := eraseRecords(d.tx, p.Subject); err != nil {
				return err
			}
			gone = append(gone, p.Subject)
		}
		if len(gone) == 0 {
			return errNoChange
		}
		return nil
	}, kept: func() {
		for _, who := range gone {
			s.leases.Forget(who)
		}
	}})
	for _, p := range idle {
		s.versions.Changed(p.Subject)
	}
	if errors.Is(err, errNoChange) {
		return 0, nil
	}
	if err != nil {
		return 0, wrap(err)
	}
	if err := s.scrub(); err != nil {
		return len(gone), fmt.Errorf("boltstore: erased, but free pages were not overwritten: %w", err)
	}
	return len(gone), nil
}
