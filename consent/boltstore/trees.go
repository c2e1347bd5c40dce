package boltstore

import (
	"context"
	"fmt"
	"maps"

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

// treesOf returns the trees of a tenant as the file has them.
func treesOf(tx *bolt.Tx, tenant string) (merkle.Reader, error) {
	t := tx.Bucket(tenantBucket(tenant))
	if t == nil {
		return noNodes{}, nil
	}
	tree := t.Bucket(bucketNodes)
	if tree == nil {
		return nil, fmt.Errorf("%w: tenant without trees", consent.ErrCorrupt)
	}
	return nodes{tree}, nil
}

// overlay are nodes of the trees that are not in the file yet; an empty one has
// been removed.
type overlay map[string][]byte

// over reads nodes through layers of overlays, the uppermost first, down to the
// file, and writes to the uppermost.
type over struct {
	layers []overlay
	file   merkle.Reader
}

// Nodes implements [merkle.Reader].
func (o over) Nodes(keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	var ask [][]byte // of the file
	var at []int
next:
	for i, key := range keys {
		for _, l := range o.layers {
			if node, ok := l[string(key)]; ok {
				if len(node) > 0 {
					out[i] = node
				}
				continue next
			}
		}
		ask, at = append(ask, key), append(at, i)
	}
	if len(ask) == 0 {
		return out, nil
	}
	nodes, err := o.file.Nodes(ask)
	if err != nil {
		return nil, err
	}
	for i, n := range nodes {
		out[at[i]] = n
	}
	return out, nil
}

// Put implements [merkle.Writer].
func (o over) Put(key, node []byte) error {
	o.layers[0][string(key)] = append([]byte(nil), node...)
	return nil
}

// merge brings the trees of a tenant up to date in memory. The caller holds the
// store's trees.
func (t *unsettled) merge(file merkle.Reader, steps []merkle.Step) error {
	if t.merged >= len(steps) {
		return nil
	}
	fresh := overlay{} // so that trees found damaged half-way are left as they were
	at, err := merkle.Append(over{[]overlay{fresh, t.nodes}, file}, steps[t.merged:]...)
	if err == nil && at != t.first+int64(t.merged) {
		err = fmt.Errorf("%w: leaf %d where %d was to come", consent.ErrCorrupt, at, t.first+int64(t.merged))
	}
	if err != nil {
		return err
	}
	maps.Copy(t.nodes, fresh)
	t.merged = len(steps)
	return nil
}

// Trees implements [consent.Store]. What the journal has of the tenant is put
// into the trees first, in memory.
func (s *Store) Trees(ctx context.Context, tenant string, read func(merkle.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return wrap(err)
	}
	if err := s.mergeTrees(tenant); err != nil {
		return wrap(err)
	}
	// Until read has returned nothing settles, and the overlay stays as it is. The
	// file may be as it was before the journal was settled, or after: what the
	// overlay has is in there by then, and nothing else.
	s.trees.RLock()
	defer s.trees.RUnlock()
	var late overlay
	if t, _ := s.journal.of(tenant); t != nil {
		late = t.nodes
	}
	return wrap(s.view(func(tx *bolt.Tx) error {
		file, err := treesOf(tx, tenant)
		if err != nil {
			return err
		}
		return read(over{[]overlay{late}, file})
	}))
}

// mergeTrees brings a tenant's trees up to date in memory.
func (s *Store) mergeTrees(tenant string) error {
	if t, _ := s.journal.of(tenant); t == nil {
		return nil
	}
	s.trees.Lock()
	defer s.trees.Unlock()
	t, steps := s.journal.of(tenant)
	if t == nil { // settled since
		return nil
	}
	return s.view(func(tx *bolt.Tx) error {
		file, err := treesOf(tx, tenant)
		if err != nil {
			return err
		}
		return t.merge(file, steps)
	})
}
