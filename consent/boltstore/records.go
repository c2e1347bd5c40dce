package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/internal/pages"
	"github.com/fitveil/fitveil/consent/merkle"
)

// The file: a bucket "meta", the journal, and one bucket per tenant, "t:" and its
// name, with the buckets
//
//	state   pseudonym                → sequence (8 bytes), state
//	events  pseudonym, sequence (8)  → number in the log (8 bytes), event
//	nonces  nonce                    → nothing
//	nodes   see package merkle       → node of the log or the map
//
// Numbers are big-endian, so that events sort. Each value stands behind a
// version byte and a checksum.
var (
	bucketMeta    = []byte("meta")
	bucketState   = []byte("state")
	bucketEvents  = []byte("events")
	bucketNonces  = []byte("nonces")
	bucketNodes   = []byte("nodes")
	bucketJournal = []byte("journal") // row (8 bytes) → bucket of one value, see encodeEntries
	keyRow        = []byte("row")
	keyTime       = []byte("time") // greatest Record.Time, microseconds since 1970
	keyFormat     = []byte("format")
)

const (
	format       = "fitveil-consent/3"
	formatBefore = "fitveil-consent/2" // the same without a journal
	valueVersion = 1
	valueHead    = 1 + 4 // version, CRC-32C
	eventsAtOnce = 64
)

// sum covers where a value stands as well, so that one that has moved is noticed.
func sum(place string, key, value []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli) // made at the first call, not while the program starts
	crc := crc32.Update(0, castagnoli, []byte(place))
	crc = crc32.Update(crc, castagnoli, key)
	return crc32.Update(crc, castagnoli, value)
}

// pack puts version and checksum in front of a value. place names the bucket.
func pack(place string, key, value []byte) []byte {
	out := append(make([]byte, 0, valueHead+len(value)), valueVersion)
	out = binary.BigEndian.AppendUint32(out, sum(place, key, value))
	return append(out, value...)
}

// unpack checks and returns a value, which lives as long as the transaction.
func unpack(place string, key, packed []byte) ([]byte, error) {
	if len(packed) < valueHead || packed[0] != valueVersion {
		return nil, fmt.Errorf("%w: %s value of unknown form", consent.ErrCorrupt, place)
	}
	value := packed[valueHead:]
	if binary.BigEndian.Uint32(packed[1:]) != sum(place, key, value) {
		return nil, fmt.Errorf("%w: %s value fails its checksum", consent.ErrCorrupt, place)
	}
	return value, nil
}

// initialise writes the format into a new file and checks it in an old one.
func initialise(tx *bolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	found := meta.Get(keyFormat)
	if found == nil {
		if k, _ := tx.Cursor().First(); !bytes.Equal(k, bucketMeta) {
			return fmt.Errorf("%w: a bbolt file with other things in it", consent.ErrCorrupt)
		}
		return meta.Put(keyFormat, []byte(format))
	}
	if string(found) == formatBefore {
		return meta.Put(keyFormat, []byte(format))
	}
	if string(found) != format {
		return fmt.Errorf("%w: format is not %s", consent.ErrCorrupt, format)
	}
	return nil
}

func tenantBucket(tenant string) []byte { return append([]byte("t:"), tenant...) }

func eventKey(id [32]byte, seq uint64) []byte { return binary.BigEndian.AppendUint64(id[:], seq) }

// wrap says who speaks. Nothing below names a person.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("boltstore: %w", err)
}

// Head implements [consent.Store].
func (s *Store) Head(ctx context.Context, who consent.Subject) (head consent.Head, err error) {
	if err := ctx.Err(); err != nil {
		return consent.Head{}, wrap(err)
	}
	// The journal first: what leaves it is in the file before.
	if p, ok := s.journal.head(placeOf(who)); ok && !s.closed.Load() {
		return consent.Head{Seq: p.seq, State: p.state, Time: s.journal.latest()}, nil
	}
	err = s.view(func(tx *bolt.Tx) (err error) {
		head, err = settledHead(tx, who)
		head.State = bytes.Clone(head.State)
		return err
	})
	if err != nil {
		return consent.Head{}, wrap(err)
	}
	head.Time = s.journal.latest()
	return head, nil
}

// settledHead reads a head, but for the journal and the time; its State lives as
// long as the transaction.
func settledHead(tx *bolt.Tx, who consent.Subject) (head consent.Head, err error) {
	t := tx.Bucket(tenantBucket(who.Tenant()))
	if t == nil {
		return head, nil
	}
	states, events := t.Bucket(bucketState), t.Bucket(bucketEvents)
	if states == nil || events == nil {
		return head, fmt.Errorf("%w: tenant without records", consent.ErrCorrupt)
	}
	id := who.Pseudonym()
	packed := states.Get(id[:])
	if packed == nil {
		if k, _ := events.Cursor().Seek(id[:]); bytes.HasPrefix(k, id[:]) {
			return head, fmt.Errorf("%w: events without a state", consent.ErrCorrupt)
		}
		return head, nil
	}
	value, err := unpack("state", id[:], packed)
	if err != nil {
		return head, err
	}
	if len(value) < 8 || binary.BigEndian.Uint64(value) == 0 {
		return head, fmt.Errorf("%w: state value of %d bytes", consent.ErrCorrupt, len(value))
	}
	head.Seq, head.State = binary.BigEndian.Uint64(value), value[8:]
	return head, nil
}

func timeOf(tx *bolt.Tx) (time.Time, error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return time.Time{}, fmt.Errorf("%w: no meta bucket", consent.ErrCorrupt)
	}
	packed := meta.Get(keyTime)
	if packed == nil {
		return time.Time{}, nil
	}
	value, err := unpack("meta", keyTime, packed)
	if err != nil || len(value) != 8 {
		return time.Time{}, fmt.Errorf("%w: time", consent.ErrCorrupt)
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(value))).UTC(), nil
}

// Append implements [consent.Store]. All that share a commit are one row of the
// journal: on disk together or not at all.
func (s *Store) Append(ctx context.Context, who consent.Subject, r consent.Record) error {
	err := s.commit(ctx, &write{
		who:  who,
		do:   func(d *draft) error { return d.append(who, r) },
		kept: func() { s.leases.Begin(who, &r) }, // else a reader could find the session before over
	})
	if err == nil {
		s.versions.Saw(r.Time)
	}
	return wrap(err)
}

// Alive implements [consent.Leaser]. Sessions end with the process.
func (s *Store) Alive(ctx context.Context, who consent.Subject, p consent.Purpose, now time.Time) (alive, known bool, err error) {
	if s.closed.Load() {
		return false, false, wrap(bolterrors.ErrDatabaseNotOpen)
	}
	alive, known, err = s.leases.Alive(ctx, who, p, now)
	return alive, known, wrap(err)
}

// Extend implements [consent.Leaser].
func (s *Store) Extend(ctx context.Context, who consent.Subject, p consent.Purpose, now, ends time.Time) (bool, error) {
	if s.closed.Load() {
		return false, wrap(bolterrors.ErrDatabaseNotOpen)
	}
	alive, err := s.leases.Extend(ctx, who, p, now, ends)
	return alive, wrap(err)
}

// Events implements [consent.Store]. It reads some at a time, so that no read
// transaction stays open while the loop's body runs: a writer in there could
// wait for it forever.
func (s *Store) Events(ctx context.Context, who consent.Subject, after uint64) iter.Seq2[consent.Record, error] {
	return pages.All(eventsAtOnce, func(last *consent.Record) ([]consent.Record, error) {
		from := after
		if last != nil {
			from = last.Seq
		}
		out, err := s.someEvents(ctx, who, from)
		return out, wrap(err)
	})
}

// someEvents copies up to eventsAtOnce records with a sequence above after.
func (s *Store) someEvents(ctx context.Context, who consent.Subject, after uint64) (out []consent.Record, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.erasing.RLock()
	defer s.erasing.RUnlock()
	late, _ := s.journal.head(placeOf(who)) // before the file, into which it may be moved
	err = s.view(func(tx *bolt.Tx) error {
		head, err := settledHead(tx, who)
		if err != nil {
			return err
		}
		for after < head.Seq && len(out) < eventsAtOnce {
			after++
			r, err := settledEvent(tx, who, after)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range late.records {
		if len(out) < eventsAtOnce && r.Seq > after {
			r.Event = bytes.Clone(r.Event)
			out = append(out, r)
		}
	}
	return out, nil
}

// settledEvent copies an event that is in its place.
func settledEvent(tx *bolt.Tx, who consent.Subject, seq uint64) (consent.Record, error) {
	key := eventKey(who.Pseudonym(), seq)
	event, err := unpack("events", key, tx.Bucket(tenantBucket(who.Tenant())).Bucket(bucketEvents).Get(key))
	if err != nil {
		return consent.Record{}, err
	}
	if len(event) < 8 {
		return consent.Record{}, fmt.Errorf("%w: event value of %d bytes", consent.ErrCorrupt, len(event))
	}
	leaf := int64(binary.BigEndian.Uint64(event))
	return consent.Record{Seq: seq, Leaf: leaf, Event: bytes.Clone(event[8:])}, nil
}

// Erase implements [consent.Store]. It takes time in proportion to the size of
// the file, of which all free pages are overwritten.
func (s *Store) Erase(ctx context.Context, who consent.Subject) (n int, err error) {
	err = s.commit(ctx, &write{who: who, alone: true, do: func(d *draft) (err error) {
		n, err = eraseRecords(d.tx, who)
		return err
	}, kept: func() { s.leases.Forget(who) }})
	if err != nil && !errors.Is(err, errNoChange) {
		return 0, wrap(err)
	}
	// Also when there was nothing: an earlier Erase may have died half-way.
	if err := s.scrub(); err != nil {
		return 0, fmt.Errorf("boltstore: erased, but free pages were not overwritten: %w", err)
	}
	return n, nil
}

// eraseRecords deletes by key, not by what the values say: damaged records go, too.
// The nonces stay; nothing there leads to a person.
func eraseRecords(tx *bolt.Tx, who consent.Subject) (n int, err error) {
	t := tx.Bucket(tenantBucket(who.Tenant()))
	if t == nil {
		return 0, errNoChange
	}
	id := who.Pseudonym()
	states, events := t.Bucket(bucketState), t.Bucket(bucketEvents)
	if states == nil || events == nil {
		return 0, fmt.Errorf("%w: tenant without records", consent.ErrCorrupt)
	}
	var keys [][]byte // a cursor loses its place when the bucket changes
	c := events.Cursor()
	for k, _ := c.Seek(id[:]); bytes.HasPrefix(k, id[:]); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	if len(keys) == 0 && states.Get(id[:]) == nil {
		return 0, errNoChange
	}
	for _, k := range keys {
		if err := events.Delete(k); err != nil {
			return 0, err
		}
	}
	if tree := t.Bucket(bucketNodes); tree != nil {
		if err := merkle.Remove(nodes{tree}, id); err != nil {
			return 0, err
		}
	}
	return len(keys), states.Delete(id[:])
}
