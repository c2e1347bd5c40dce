package boltstore

import (
	"context"
	"errors"
	"slices"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/fitveil/fitveil/consent"
)

// maxBatch bounds how many writes share a commit, and so what one of them waits for.
const maxBatch = 256

// write is a change that waits for its commit.
type write struct {
	do     func(d *draft) error
	kept   func() // called once it is on disk: of a record before it can be read, of anything before the next write; nil: nothing
	who    consent.Subject
	alone  bool          // shares no commit, and finds everything in its place
	err    error         // valid once done is closed
	done   chan struct{} // closed when the write is on disk or has failed
	lead   chan struct{} // receives when this writer is to commit for all
	chosen bool          // to lead: it cannot leave the queue any more
}

// errNoChange ends a transaction in which nothing was changed.
var errNoChange = errors.New("no change")

// commit has w done in a write transaction and returns when that is on disk.
//
// Writers queue. One that finds nobody leading leads: it commits all that is
// queued in one transaction and hands over to the first of those who came
// meanwhile. So a lone writer waits for its own sync only, many share theirs,
// and there is neither a goroutine nor a timer.
func (s *Store) commit(ctx context.Context, w *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.done, w.lead = make(chan struct{}), make(chan struct{}, 1)
	s.mu.Lock()
	if err := s.writable(); err != nil {
		s.mu.Unlock()
		return err
	}
	s.queue = append(s.queue, w)
	first := !s.leading
	s.leading = true
	s.mu.Unlock()
	if first {
		s.leadBatch()
		return w.err
	}
	select {
	case <-w.done:
		return w.err
	case <-w.lead:
		s.leadBatch()
		return w.err
	case <-ctx.Done():
		if s.leave(w) {
			return ctx.Err()
		}
	}
	// Too late to leave: the outcome is worth waiting for, and near.
	select {
	case <-w.done:
	case <-w.lead:
		s.leadBatch()
	}
	return w.err
}

// writable says why nothing can be written. The caller holds mu.
func (s *Store) writable() error {
	if s.closed.Load() {
		return bolterrors.ErrDatabaseNotOpen
	}
	return s.broken
}

// leave takes w out of the queue, unless its commit is under way.
func (s *Store) leave(w *write) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, w)
	if i < 0 || w.chosen {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	return true
}

// leadBatch commits the front of the queue, the caller's write among it, and
// hands over.
func (s *Store) leadBatch() {
	batch := s.takeBatch()
	s.writing.Lock()
	if batch[0].alone {
		s.commitAlone(batch[0])
	} else {
		s.commitBatch(batch)
	}
	for _, w := range batch {
		s.versions.Changed(w.who) // also after a failure, of which nobody knows what is left
		close(w.done)
	}
	if s.journal.full(s.unsettled) {
		// Their writes are on disk; if this fails, it is the next ones that hear of it.
		_ = s.settle()
	}
	s.writing.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.leading = false
		return
	}
	s.queue[0].chosen = true
	s.queue[0].lead <- struct{}{}
}

// takeBatch takes writes that can share a commit off the queue.
func (s *Store) takeBatch() []*write {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := slices.IndexFunc(s.queue, func(w *write) bool { return w.alone })
	switch {
	case n < 0:
		n = len(s.queue)
	case n == 0:
		n = 1
	}
	n = min(n, maxBatch)
	batch := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	return batch
}

// commitAlone runs a write that changes what is in its place already.
func (s *Store) commitAlone(w *write) {
	if w.err = s.settle(); w.err != nil {
		return
	}
	s.erasing.Lock()
	defer s.erasing.Unlock()
	w.err = s.update(func(tx *bolt.Tx) error { return w.do(newDraft(tx, &s.journal)) })
	if w.kept != nil && (w.err == nil || errors.Is(w.err, errNoChange)) {
		w.kept()
	}
}

// commitBatch runs the writes in one transaction and fills in their errors. A
// write that is refused has changed nothing and disturbs nobody. One that fails
// in another way may have changed something: the transaction is thrown away and
// the others run again without it.
func (s *Store) commitBatch(batch []*write) {
	for len(batch) > 0 {
		failed := -1
		var d *draft
		err := s.update(func(tx *bolt.Tx) error {
			changed := false
			d = newDraft(tx, &s.journal)
			for i, w := range batch {
				w.err = w.do(d)
				switch {
				case w.err == nil:
					changed = true
				case !refused(w.err):
					failed = i
					return w.err
				}
			}
			if !changed {
				return errNoChange
			}
			return d.write()
		})
		if failed >= 0 {
			batch = slices.Delete(slices.Clone(batch), failed, failed+1)
			continue
		}
		switch {
		case err == nil:
			for _, w := range batch {
				if w.err == nil && w.kept != nil {
					w.kept()
				}
			}
			s.journal.add(d.entries)
		case !errors.Is(err, errNoChange):
			for _, w := range batch {
				w.err = err
			}
		}
		return
	}
}

func refused(err error) bool {
	return errors.Is(err, consent.ErrConflict) || errors.Is(err, consent.ErrReplay) || errors.Is(err, errNoChange)
}
