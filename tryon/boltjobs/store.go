//go:build !js && !wasip1

// bbolt maps its file into memory, which a browser cannot.

// Package boltjobs keeps a try-on client's records in one file, with bbolt: jobs,
// transfers and deletions survive the death of the process.
//
//	store, err := boltjobs.Open("/var/lib/shop/tryon.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	client, err := tryon.New(&tryon.Options{Routes: routes, Ledger: ledger, Store: store})
//
// # Limits
//
// One process at a time has the file open. A write waits for the disk, a few
// milliseconds on most; writes that come at once share one. What is deleted is
// overwritten only when its page is used again.
package boltjobs

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/tryon"
)

// ErrCorrupt is what a damaged record gives.
var ErrCorrupt = errors.New("boltjobs: damaged record")

// Options configures Open; nil means defaults.
type Options struct {
	// Wait is how long Open waits for another process that has the file.
	// Default one second.
	Wait time.Duration
}

// Store is a tryon.Store in a file. It is safe for use by many goroutines.
type Store struct{ db *bolt.DB }

var _ tryon.Store = (*Store)(nil)

// The buckets: records by kind and ID, and two indexes without values.
var (
	byID      = []byte("records") // kind 0 id → record
	bySubject = []byte("subject") // kind 0 subject id
	byDue     = []byte("due")     // kind 0 due id
)

// Open opens the file, or makes it, readable by its owner only. The caller
// closes the store.
func Open(path string, o *Options) (*Store, error) {
	wait := time.Second
	if o != nil && o.Wait > 0 {
		wait = o.Wait
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait})
	if err != nil {
		return nil, fmt.Errorf("boltjobs: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{byID, bySubject, byDue} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("boltjobs: %w", err), db.Close())
	}
	return &Store{db}, nil
}

// Close closes the file when all calls are over. A second one does nothing.
func (s *Store) Close() error { return s.db.Close() }

// stored is a record in the file.
type stored struct {
	Subject []byte    `json:"s,omitempty"`
	Due     time.Time `json:"d,omitzero"`
	Data    []byte    `json:"v"`
}

func key(kind tryon.Kind, parts ...[]byte) []byte {
	return append(append([]byte(kind), 0), bytes.Join(parts, nil)...)
}

// moment sorts as bytes as it does as time.
func moment(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixNano())^1<<63)
}

// Put implements tryon.Store.
func (s *Store) Put(ctx context.Context, records ...tryon.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return wrap(s.db.Batch(func(tx *bolt.Tx) error {
		for i := range records {
			if err := put(tx, &records[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

func put(tx *bolt.Tx, r *tryon.Record) error {
	if err := remove(tx, r.Kind, r.ID); err != nil {
		return err
	}
	v := stored{Due: r.Due, Data: r.Data}
	id := []byte(r.ID)
	if r.Subject != [32]byte{} {
		v.Subject = r.Subject[:]
		if err := tx.Bucket(bySubject).Put(key(r.Kind, v.Subject, id), nil); err != nil {
			return err
		}
	}
	if !r.Due.IsZero() {
		if err := tx.Bucket(byDue).Put(key(r.Kind, moment(r.Due), id), nil); err != nil {
			return err
		}
	}
	data, err := json.Marshal(&v)
	if err != nil {
		return err
	}
	return tx.Bucket(byID).Put(key(r.Kind, id), data)
}

// remove takes a record and its places in the indexes out, if it is there.
func remove(tx *bolt.Tx, kind tryon.Kind, id string) error {
	r, err := get(tx, kind, id)
	if errors.Is(err, tryon.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(
		tx.Bucket(bySubject).Delete(key(kind, r.Subject[:], []byte(id))),
		tx.Bucket(byDue).Delete(key(kind, moment(r.Due), []byte(id))),
		tx.Bucket(byID).Delete(key(kind, []byte(id))),
	)
}

func get(tx *bolt.Tx, kind tryon.Kind, id string) (tryon.Record, error) {
	data := tx.Bucket(byID).Get(key(kind, []byte(id)))
	if data == nil {
		return tryon.Record{}, tryon.ErrNoRecord
	}
	return decode(kind, id, data)
}

func decode(kind tryon.Kind, id string, data []byte) (tryon.Record, error) {
	var v stored
	if err := json.Unmarshal(data, &v); err != nil || len(v.Subject) != 0 && len(v.Subject) != 32 {
		return tryon.Record{}, fmt.Errorf("%w: %s", ErrCorrupt, kind)
	}
	r := tryon.Record{Kind: kind, ID: id, Due: v.Due, Data: v.Data}
	copy(r.Subject[:], v.Subject)
	return r, nil
}

// Get implements tryon.Store.
func (s *Store) Get(ctx context.Context, kind tryon.Kind, id string) (r tryon.Record, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		r, err = get(tx, kind, id)
		return err
	})
	return r, wrap(err)
}

// Delete implements tryon.Store.
func (s *Store) Delete(ctx context.Context, kind tryon.Kind, ids ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	return wrap(s.db.Batch(func(tx *bolt.Tx) error {
		for _, id := range ids {
			if err := remove(tx, kind, id); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Find implements tryon.Store: by the index that the filter can use.
func (s *Store) Find(ctx context.Context, f tryon.Filter) (list []tryon.Record, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		list = nil
		bucket, prefix, skip := byID, key(f.Kind), 0
		switch {
		case !f.DueBy.IsZero():
			bucket, skip = byDue, 8
		case f.Subject != [32]byte{}:
			bucket, prefix = bySubject, key(f.Kind, f.Subject[:])
		}
		start := prefix
		if skip == 0 && f.After != "" {
			start = append(bytes.Clone(prefix), f.After...)
		}
		c := tx.Bucket(bucket).Cursor()
		for k, v := c.Seek(start); bytes.HasPrefix(k, prefix) && (f.Limit <= 0 || len(list) < f.Limit); k, v = c.Next() {
			id := string(k[len(prefix)+skip:])
			if skip > 0 && bytes.Compare(k[len(prefix):len(prefix)+skip], moment(f.DueBy)) > 0 {
				break
			}
			var r tryon.Record
			var err error
			if bucket[0] == 'r' {
				r, err = decode(f.Kind, id, v)
			} else {
				r, err = get(tx, f.Kind, id)
			}
			if err != nil {
				return err
			}
			if f.Matches(&r) {
				list = append(list, r)
			}
		}
		return nil
	})
	return list, wrap(err)
}

// wrap names the package in errors that are not known to callers.
func wrap(err error) error {
	if err == nil || errors.Is(err, tryon.ErrNoRecord) || errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("boltjobs: %w", err)
}
