package boltstore

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// nodes are a tenant's trees within a transaction.
type nodes struct{ b *bolt.Bucket }

// Nodes implements [merkle.Reader].
func (n nodes) Nodes(keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, key := range keys {
		packed := n.b.Get(key)
		if packed == nil {
			continue
		}
		var err error
		if out[i], err = unpack("nodes", key, packed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Put implements [merkle.Writer].
func (n nodes) Put(key, node []byte) error {
	if len(node) == 0 {
		return n.b.Delete(key)
	}
	return n.b.Put(key, pack("nodes", key, node))
}

// noNodes are those of a tenant without records.
type noNodes struct{}

func (noNodes) Nodes(keys [][]byte) ([][]byte, error) { return make([][]byte, len(keys)), nil }

// Trees implements [consent.Store].
func (s *Store) Trees(ctx context.Context, tenant string, read func(merkle.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return wrap(err)
	}
	return wrap(s.view(func(tx *bolt.Tx) error {
		t := tx.Bucket(tenantBucket(tenant))
		if t == nil {
			return read(noNodes{})
		}
		tree := t.Bucket(bucketNodes)
		if tree == nil {
			return fmt.Errorf("%w: tenant without trees", consent.ErrCorrupt)
		}
		return read(nodes{tree})
	}))
}
