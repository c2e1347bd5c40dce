// Package boltstore is the embedded consent store: one bbolt file, synced to
// disk before a call returns.
//
//	store, err := boltstore.Open("consent.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	keys, err := consent.LoadKeys("/etc/shop/consent.keys") // not beside the data
//	if err != nil {
//		return err
//	}
//	ledger, err := consent.New(store, &consent.Options{Keys: keys})
//
// Writers that arrive while the disk is busy share the next sync; a lone writer
// waits for nobody. What a commit records goes to one place of the file, a
// journal, and some thousands of records at a time from there to where they
// belong. All of it is bbolt's own transactions: a call returns when its record
// is synced, and after a crash Open reads the journal back. Each value carries a
// checksum that also covers where it stands, and is checked when it is read.
//
// # Erasure
//
// [Store.Erase] deletes, then overwrites with zeros every page of the file that
// is free, so the file holds nothing of the person any more. What the medium
// below keeps is out of reach: blocks a flash drive has remapped, snapshots of
// the file system, backups, swap. If the process dies between the two steps,
// the next Erase overwrites what the first left.
//
// # Limits
//
// One process at a time, and one Store per file in it. After a failed sync the
// Store takes no more writes, since nobody knows what reached the disk: close
// it, look at the disk, open again. The file never shrinks. Every 8192 records
// (or 32 MB) the writers at that moment wait while the journal is emptied: some
// tenths of a second when people are many. Up to that many records are held in
// memory as well.
package boltstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/fitveil/fitveil/consent"
)

// ErrInUse is returned by Open when another Store has the file.
var ErrInUse = errors.New("file is in use")

// Options configures Open; nil means defaults.
type Options struct {
	// Wait is how long Open waits for another Store to let go of the file;
	// default 1 second. A restart that overlaps with its predecessor needs some.
	Wait time.Duration
}

// Store keeps records in a bbolt file; Open makes one. It prints and logs as a
// fixed word. Safe for use by many goroutines.
type Store struct{ *sealed }

// sealed keeps the database behind a second pointer. Methods are not enough:
// fmt cannot call them on a Store in an unexported field of somebody's struct,
// and for some verbs it follows one pointer, to the mapped file if it may.
type sealed struct{ *state }

type state struct {
	db   *bolt.DB
	file *os.File // bbolt's own handle; Close closes it

	// Who takes several of the locks takes them in the order writing, erasing,
	// bbolt's own for writers, trees, views, mu.

	// Readers hold views; overwriting free pages takes it alone, because a page
	// that is free now may be part of what a running reader sees.
	views sync.RWMutex

	versions consent.Versions
	leases   consent.Leases // not in the file: a beat is not worth a sync
	scrubbed atomic.Bool    // nothing erased is left in free pages; not known at Open

	journal   journal
	unsettled int          // records that the journal takes at most
	trees     sync.RWMutex // the journal's overlays: read by proofs, written while nobody reads
	erasing   sync.RWMutex // keeps an erasure from coming between journal and file
	writing   sync.Mutex   // held by whoever commits

	mu      sync.Mutex
	queue   []*write // waiting for the next commit; empty while nobody leads
	leading bool
	closed  atomic.Bool // set under mu
	broken  error       // the first failed commit
}

// Open opens the file at path, or creates it for its owner alone (mode 0600).
// Errors: [ErrInUse]; [consent.ErrCorrupt] for a file that is no such store.
func Open(path string, o *Options) (*Store, error) {
	if o == nil {
		o = new(Options)
	}
	wait := o.Wait
	if wait == 0 {
		wait = time.Second
	}
	_, statErr := os.Stat(path)
	s := &Store{&sealed{&state{unsettled: maxUnsettled}}}
	if err := s.open(path, wait); err != nil {
		return nil, fmt.Errorf("boltstore: %s: %w", path, err)
	}
	err := s.update(func(tx *bolt.Tx) error { return initialise(tx) })
	if err == nil {
		err = s.view(s.restore)
	}
	if err == nil && errors.Is(statErr, fs.ErrNotExist) {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = s.fail(err) // Close settles nothing
		return nil, errors.Join(fmt.Errorf("boltstore: %s: %w", path, err), s.Close())
	}
	return s, nil
}

const word = "[boltstore.Store]"

// Format prints a fixed word for every verb.
func (s Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, word) }

// LogValue logs a fixed word.
func (s Store) LogValue() slog.Value { return slog.StringValue(word) }

func (s *Store) open(path string, wait time.Duration) (err error) {
	defer func() {
		if err != nil && s.file != nil {
			// After a panic bbolt still holds the file. When it does not, these two
			// fail, and nobody has to know.
			_ = unlock(s.file)
			_ = s.file.Close()
		}
	}()
	defer guard(&err)()
	s.db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout:      wait,
		FreelistType: bolt.FreelistMapType, // stays fast in a large file
		NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			s.file = f
			return f, err
		},
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w by another process, or opened twice in this one: share one *Store inside a process; "+
			"several processes need a store on a database server", ErrInUse)
	case err != nil && !fromSystem(err):
		return fmt.Errorf("%w: not a bbolt file: %w", consent.ErrCorrupt, err)
	}
	return err
}

// fromSystem reports whether the operating system refused, rather than bbolt.
func fromSystem(err error) bool {
	var path *fs.PathError
	var code syscall.Errno
	return errors.As(err, &path) || errors.As(err, &code)
}

// guard turns a panic of bbolt, and a fault in the memory-mapped file, into
// [consent.ErrCorrupt]: bbolt trusts its file, and a truncated or overwritten
// one must cost an answer, not the process.
func guard(err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			*err = fmt.Errorf("%w: bbolt: %v", consent.ErrCorrupt, r)
		}
	}
}

// syncDir makes a new file's name durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Version implements [consent.Versioner]. Nobody else writes to the file.
func (s *Store) Version(who consent.Subject) (version uint64, latest int64, ok bool) {
	if s.closed.Load() {
		return 0, 0, false
	}
	return s.versions.Version(who)
}

// Close waits for calls that are running, puts everything in its place in the
// file and releases it. Calls that come later fail. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	closed, broken := s.closed.Swap(true), s.broken != nil
	s.mu.Unlock()
	if closed {
		return nil
	}
	var err error
	s.writing.Lock()
	if !broken {
		err = s.settle()
	}
	s.writing.Unlock()
	if err := errors.Join(err, s.db.Close()); err != nil {
		return fmt.Errorf("boltstore: close: %w", err)
	}
	return nil
}

// view runs a read transaction.
func (s *Store) view(fn func(tx *bolt.Tx) error) (err error) {
	s.views.RLock()
	defer s.views.RUnlock()
	defer guard(&err)()
	return s.db.View(fn)
}

// update runs a write transaction; nil means it is on disk. A failed commit, or
// a panic of bbolt on the way, stops all later writes.
func (s *Store) update(fn func(tx *bolt.Tx) error) (err error) {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	lost := true // until we know better: a panic leaves it so
	defer func() {
		if lost {
			err = s.fail(errors.Join(err, s.abandon(tx)))
		}
	}()
	defer guard(&err)()
	if err := fn(tx); err != nil {
		lost = false
		return errors.Join(err, tx.Rollback())
	}
	err = tx.Commit()
	lost = err != nil
	return err
}

// abandon ends a transaction that broke off, so that Close does not wait for it.
func (s *Store) abandon(tx *bolt.Tx) (err error) {
	defer guard(&err)()
	if err := tx.Rollback(); err != nil && !errors.Is(err, bolterrors.ErrTxClosed) {
		return err
	}
	return nil
}

// fail keeps the first reason why nothing more can be written.
func (s *Store) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = fmt.Errorf("no more writes after a failed commit, close and open again: %w", err)
	}
	return s.broken
}
