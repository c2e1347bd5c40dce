package boltstore

import (
	"bytes"
	"errors"
	"io"
)

// scrub overwrites with zeros every page of the file that bbolt has no use for.
//
// bbolt copies on write: what is deleted stays in the pages that held it until
// they are used again. With a write transaction open and no reader left, a free
// page is in nobody's sight: bbolt itself may write over it with the next
// commit, so the file is no less safe against a crash than after that one.
func (s *Store) scrub() (err error) {
	// Before readers are kept out: a commit under way may wait for one of them.
	s.writing.Lock()
	defer s.writing.Unlock()
	s.views.Lock()
	defer s.views.Unlock()
	defer guard(&err)()
	s.mu.Lock()
	err = s.writable()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()

	s.scrubbed.Store(false) // until this has come to its end
	size := int64(s.db.Info().PageSize)
	var from int64 // first page of the run of free pages at hand
	pages := tx.Size() / size
	for id := int64(0); id < pages; id++ {
		page, err := tx.Page(int(id))
		if err != nil {
			return err
		}
		if page.Type == "free" {
			continue
		}
		if err := s.zero(from*size, id*size); err != nil {
			return err
		}
		id += int64(page.OverflowCount)
		from = id + 1
	}
	if err := s.zero(from*size, pages*size); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.scrubbed.Store(true)
	return nil
}

// zero overwrites the file from one offset to another, where it is not zero.
func (s *Store) zero(from, to int64) error {
	const chunk = 1 << 20
	var zeros, buf []byte
	for from < to {
		n := min(to-from, chunk)
		if buf == nil {
			zeros, buf = make([]byte, n), make([]byte, n)
		}
		if _, err := s.file.ReadAt(buf[:n], from); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !bytes.Equal(buf[:n], zeros[:n]) {
			if _, err := s.file.WriteAt(zeros[:n], from); err != nil {
				return err
			}
		}
		from += n
	}
	return nil
}
