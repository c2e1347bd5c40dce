package boltstore

import (
	"errors"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
)

// OpenSettling opens a store whose journal takes that many records, so that
// short tests see it settled.
func OpenSettling(path string, records int) (*Store, error) {
	s, err := Open(path, nil)
	if err == nil {
		s.unsettled = records
	}
	return s, err
}

// Settle puts everything in its place.
func (s *Store) Settle() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.settle()
}

// Unsettled is how many records the journal has.
func (s *Store) Unsettled() int {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.journal.records
}

// KeepUnread keeps what is committed from being read until release is called.
func (s *Store) KeepUnread() (release func()) {
	s.journal.mu.RLock()
	return s.journal.mu.RUnlock
}

// PullThePlug closes the file under the store, so that the next commit fails.
func (s *Store) PullThePlug() error { return s.file.Close() }

// ErrSpoilt is what the bad write of CommitTogether fails with.
var ErrSpoilt = errors.New("spoilt")

// CommitTogether appends the records in one batch, with a write among them
// that changes something and then fails. It returns their errors, and its last.
func (s *Store) CommitTogether(who []consent.Subject, r consent.Record) []error {
	var batch []*write
	for i, w := range who {
		batch = append(batch, &write{do: func(d *draft) error { return d.append(w, r) }})
		if i == 0 {
			batch = append(batch, &write{do: func(d *draft) error {
				return errors.Join(ErrSpoilt, d.tx.Bucket(bucketMeta).Put([]byte("spoilt"), nil))
			}})
		}
	}
	s.commitBatch(batch)
	errs := make([]error, 0, len(batch))
	for i, w := range batch {
		if i != 1 {
			errs = append(errs, w.err)
		}
	}
	return append(errs, batch[1].err)
}

// Spoilt reports whether anything of the bad write is left.
func (s *Store) Spoilt() (left bool, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		left = tx.Bucket(bucketMeta).Get([]byte("spoilt")) != nil
		return nil
	})
	return left, err
}
