package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
)

// restore reads the journal of a file that was opened.
func (s *Store) restore(tx *bolt.Tx) error {
	j := &s.journal
	j.clear()
	var err error
	if j.time, err = timeOf(tx); err != nil {
		return err
	}
	rows := tx.Bucket(bucketJournal)
	if rows == nil {
		return nil
	}
	return rows.ForEachBucket(func(key []byte) error {
		if len(key) != 8 || binary.BigEndian.Uint64(key) != j.row {
			return fmt.Errorf("%w: row of the journal missing", consent.ErrCorrupt)
		}
		value, err := unpack("journal", key, rows.Bucket(key).Get(keyRow))
		if err != nil {
			return err
		}
		entries, err := decodeEntries(append([]byte(nil), value...))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("%w: empty row of the journal", consent.ErrCorrupt)
		}
		j.add(entries)
		return nil
	})
}

// settle takes what the journal has to where it belongs. Only one at a time may
// run, and no commit beside it.
func (s *Store) settle() error {
	if s.journal.records == 0 {
		return nil
	}
	err := s.update(func(tx *bolt.Tx) error {
		s.trees.Lock()
		defer s.trees.Unlock()
		for tenant, t := range s.journal.tenants {
			if err := t.settle(tx, tenant); err != nil {
				return err
			}
		}
		return tx.DeleteBucket(bucketJournal)
	})
	if err != nil {
		return s.fail(err)
	}
	// Who reads through the journal at this moment also sees the file as it was
	// when they began: let them finish.
	s.trees.Lock()
	defer s.trees.Unlock()
	s.journal.clear()
	return nil
}

// settle writes a tenant's records, states, nonces and nodes.
func (t *unsettled) settle(tx *bolt.Tx, tenant string) error {
	file, err := treesOf(tx, tenant)
	if err != nil {
		return err
	}
	if err := t.merge(file, t.steps); err != nil {
		return err
	}
	b, err := tx.CreateBucketIfNotExists(tenantBucket(tenant))
	if err != nil {
		return err
	}
	var buckets [4]*bolt.Bucket
	for i, name := range [][]byte{bucketState, bucketEvents, bucketNonces, bucketNodes} {
		if buckets[i], err = b.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	states, events, nonces, tree := buckets[0], buckets[1], buckets[2], nodes{buckets[3]}
	// In order of their keys, or bbolt would spend its time making room.
	for _, id := range slices.SortedFunc(maps.Keys(t.people), func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }) {
		p := t.people[id]
		state := append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(p.state)), p.seq), p.state...)
		if err := states.Put(id[:], pack("state", id[:], state)); err != nil {
			return err
		}
		for _, r := range p.records {
			key := eventKey(id, r.Seq)
			event := append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(r.Event)), uint64(r.Leaf)), r.Event...)
			if err := events.Put(key, pack("events", key, event)); err != nil {
				return err
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(t.nonces)) {
		nonce := []byte(n)
		if err := nonces.Put(nonce, pack("nonces", nonce, nil)); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.nodes)) {
		if err := tree.Put([]byte(key), t.nodes[key]); err != nil {
			return err
		}
	}
	return nil
}
