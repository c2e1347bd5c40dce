// Package memstore is a consent store in memory, for tests, examples and
// callers whose consents end with the process.
//
//	store := memstore.New()
//	ledger, err := consent.New(store, nil) // keys end with the process, like the records
//	if err != nil {
//		return err
//	}
//	shopper := ledger.Subject("shop-a", customerID)
//	decision, err := ledger.Check(ctx, consent.Query{Subject: shopper, Purpose: consent.Sizing})
//
// # Limits
//
// Nothing survives the process and nothing is ever evicted. A shop that has to
// show a consent next year needs boltstore.
package memstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// Store keeps records in memory; New makes one. It prints and logs as a fixed
// word. Safe for use by many goroutines.
type Store struct{ *sealed }

// sealed keeps the pseudonyms behind a second pointer. Methods are not enough:
// fmt cannot call them on a Store in an unexported field of somebody's struct,
// and for some verbs it follows one pointer.
type sealed struct{ *state }

type state struct {
	mu     sync.RWMutex
	chains map[subject][]consent.Record // State is kept in the last record only
	nonces map[nonce]bool
	trees  map[string]nodes // by tenant
	latest time.Time

	versions consent.Versions
	leases   consent.Leases
}

type subject struct {
	tenant string
	id     [32]byte
}

type nonce struct{ tenant, nonce string }

// New makes an empty store.
func New() *Store {
	return &Store{&sealed{&state{chains: make(map[subject][]consent.Record), nonces: make(map[nonce]bool), trees: make(map[string]nodes)}}}
}

// nodes are those of a tenant's trees.
type nodes map[string][]byte

func (n nodes) Nodes(keys [][]byte) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = n[string(k)]
	}
	return out, nil
}

func (n nodes) Put(key, node []byte) error {
	if len(node) == 0 {
		delete(n, string(key))
	} else {
		n[string(key)] = bytes.Clone(node)
	}
	return nil
}

// Ephemeral tells a ledger that nothing here outlives the process.
func (s *Store) Ephemeral() bool { return true }

const word = "[memstore.Store]"

// Format prints a fixed word for every verb.
func (s Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, word) }

// LogValue logs a fixed word.
func (s Store) LogValue() slog.Value { return slog.StringValue(word) }

func key(who consent.Subject) subject { return subject{who.Tenant(), who.Pseudonym()} }

// Head implements [consent.Store].
func (s *Store) Head(ctx context.Context, who consent.Subject) (consent.Head, error) {
	if err := ctx.Err(); err != nil {
		return consent.Head{}, fmt.Errorf("memstore: %w", err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	head := consent.Head{Time: s.latest}
	if chain := s.chains[key(who)]; len(chain) > 0 {
		last := &chain[len(chain)-1]
		head.Seq, head.State = last.Seq, bytes.Clone(last.State) // Erase clears its own copy
	}
	return head, nil
}

// Version implements [consent.Versioner].
func (s *Store) Version(who consent.Subject) (version uint64, latest int64, ok bool) {
	return s.versions.Version(who)
}

// Alive implements [consent.Leaser].
func (s *Store) Alive(ctx context.Context, who consent.Subject, p consent.Purpose, now time.Time) (alive, known bool, err error) {
	if alive, known, err = s.leases.Alive(ctx, who, p, now); err != nil {
		return false, false, fmt.Errorf("memstore: %w", err)
	}
	return alive, known, nil
}

// Extend implements [consent.Leaser].
func (s *Store) Extend(ctx context.Context, who consent.Subject, p consent.Purpose, now, ends time.Time) (bool, error) {
	alive, err := s.leases.Extend(ctx, who, p, now, ends)
	if err != nil {
		return false, fmt.Errorf("memstore: %w", err)
	}
	return alive, nil
}

// Append implements [consent.Store].
func (s *Store) Append(ctx context.Context, who consent.Subject, r consent.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memstore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(who)
	chain := s.chains[k]
	if r.Seq != uint64(len(chain))+1 {
		return fmt.Errorf("memstore: %w", consent.ErrConflict)
	}
	if r.Nonce != nil {
		n := nonce{k.tenant, string(r.Nonce)}
		if s.nonces[n] {
			return fmt.Errorf("memstore: %w", consent.ErrReplay)
		}
		s.nonces[n] = true
	}
	if s.trees[k.tenant] == nil {
		s.trees[k.tenant] = make(nodes)
	}
	var err error
	if r.Leaf, err = merkle.Append(s.trees[k.tenant], merkle.Step{Leaf: tlog.RecordHash(r.Event), Key: k.id}); err != nil {
		return fmt.Errorf("memstore: %w", err)
	}
	s.leases.Begin(who, &r)
	r.Event, r.State, r.Nonce, r.Leases = bytes.Clone(r.Event), bytes.Clone(r.State), nil, nil
	if len(chain) > 0 {
		chain[len(chain)-1].State = nil
	}
	s.chains[k] = append(chain, r)
	s.versions.Changed(who) // readers wait for the lock
	if r.Time.After(s.latest) {
		s.latest = r.Time
		s.versions.Saw(r.Time)
	}
	return nil
}

// Events implements [consent.Store].
func (s *Store) Events(ctx context.Context, who consent.Subject, after uint64) iter.Seq2[consent.Record, error] {
	return func(yield func(consent.Record, error) bool) {
		for {
			if err := ctx.Err(); err != nil {
				yield(consent.Record{}, fmt.Errorf("memstore: %w", err))
				return
			}
			// One record at a time: the loop's body may call the store.
			s.mu.RLock()
			chain := s.chains[key(who)]
			if after >= uint64(len(chain)) {
				s.mu.RUnlock()
				return
			}
			r := consent.Record{Seq: chain[after].Seq, Leaf: chain[after].Leaf, Event: bytes.Clone(chain[after].Event)}
			s.mu.RUnlock()
			if !yield(r, nil) {
				return
			}
			after++
		}
	}
}

// Erase implements [consent.Store].
func (s *Store) Erase(ctx context.Context, who consent.Subject) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("memstore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.erase(who)
}

// erase removes a person. The caller holds the lock.
func (s *Store) erase(who consent.Subject) (int, error) {
	chain := s.chains[key(who)]
	if len(chain) > 0 {
		if err := merkle.Remove(s.trees[who.Tenant()], who.Pseudonym()); err != nil {
			return 0, fmt.Errorf("memstore: %w", err)
		}
	}
	for i := range chain {
		clear(chain[i].Event)
		clear(chain[i].State)
	}
	delete(s.chains, key(who))
	s.leases.Forget(who)
	s.versions.Changed(who)
	return len(chain), nil
}

// Subjects implements [consent.Lister].
func (s *Store) Subjects(ctx context.Context, tenant string) iter.Seq2[consent.Standing, error] {
	return func(yield func(consent.Standing, error) bool) {
		s.mu.RLock()
		var all []subject
		for k := range s.chains {
			if k.tenant == tenant {
				all = append(all, k)
			}
		}
		s.mu.RUnlock()
		for _, k := range all {
			who := consent.SubjectOf(k.tenant, k.id)
			head, err := s.Head(ctx, who)
			if err != nil {
				yield(consent.Standing{}, err)
				return
			}
			head.Time = time.Time{}
			if head.Seq > 0 && !yield(consent.Standing{Subject: who, Head: head}, nil) {
				return
			}
		}
	}
}

// EraseIdle implements [consent.Lister].
func (s *Store) EraseIdle(ctx context.Context, idle []consent.Standing) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("memstore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range idle {
		chain := s.chains[key(p.Subject)]
		if n := uint64(len(chain)); n == 0 || n != p.Head.Seq || !bytes.Equal(chain[n-1].State, p.Head.State) {
			continue
		}
		if _, err := s.erase(p.Subject); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Trees implements [consent.Store].
func (s *Store) Trees(ctx context.Context, tenant string, read func(merkle.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memstore: %w", err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return read(s.trees[tenant])
}
