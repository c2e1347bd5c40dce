package tryon

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is a kind of Record.
type Kind string

// The kinds of records.
const (
	KindJob      Kind = "job"      // work that a backend was given
	KindTransfer Kind = "transfer" // a request body that left the process
	KindErasure  Kind = "erasure"  // something to delete at a sub-processor, or deleted
	KindApproval Kind = "approval" // a product picture of the catalogue
)

// Record is what a Store keeps. Data is JSON that the client wrote; it holds no
// picture, no key and no address of a shopper.
type Record struct {
	Kind    Kind
	ID      string    // unique within its kind
	Subject [32]byte  // pseudonym of the person it is about; zeros: nobody
	Due     time.Time // when something is to be done about it; zero: nothing
	Data    []byte
}

// Filter selects records of one kind, in order of Due where DueBy is set and of
// ID otherwise.
type Filter struct {
	Kind    Kind
	Subject [32]byte  // zeros: anybody
	DueBy   time.Time // only those due at this time or earlier; zero: all
	After   string    // only IDs greater than this one; not together with DueBy
	Limit   int       // 0: no limit
}

// ErrNoRecord is what Store.Get returns for an ID it does not know.
var ErrNoRecord = errors.New("tryon: no such record")

// Store keeps jobs, transfers and deletions. When Put or Delete returns nil,
// the change survives the death of the process. Implementations are safe for
// use by many goroutines and copy what they are given and what they give.
type Store interface {
	// Put inserts the records or replaces those of the same Kind and ID: all of
	// them or none.
	Put(ctx context.Context, records ...Record) error
	Get(ctx context.Context, kind Kind, id string) (Record, error)
	// Delete removes records; IDs that are not there are no error.
	Delete(ctx context.Context, kind Kind, ids ...string) error
	Find(ctx context.Context, f Filter) ([]Record, error)
}

// Memory is a Store that forgets everything when the process ends. The zero
// value is empty and ready.
type Memory struct {
	mu      sync.Mutex
	records map[Kind]map[string]Record
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, records ...Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[Kind]map[string]Record{}
	}
	for _, r := range records {
		if m.records[r.Kind] == nil {
			m.records[r.Kind] = map[string]Record{}
		}
		r.Data = bytes.Clone(r.Data)
		m.records[r.Kind][r.ID] = r
	}
	return nil
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, kind Kind, id string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[kind][id]
	if !ok {
		return Record{}, ErrNoRecord
	}
	r.Data = bytes.Clone(r.Data)
	return r, nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, kind Kind, ids ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		delete(m.records[kind], id)
	}
	return nil
}

// Find implements Store.
func (m *Memory) Find(ctx context.Context, f Filter) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Record
	for _, r := range m.records[f.Kind] {
		if f.Matches(&r) {
			r.Data = bytes.Clone(r.Data)
			list = append(list, r)
		}
	}
	return f.Cut(list), nil
}

// Matches reports whether f selects r.
func (f *Filter) Matches(r *Record) bool {
	switch {
	case r.Kind != f.Kind, f.Subject != [32]byte{} && r.Subject != f.Subject:
		return false
	case !f.DueBy.IsZero():
		return !r.Due.IsZero() && !r.Due.After(f.DueBy)
	}
	return r.ID > f.After
}

// Cut puts records in the order that f asks for and keeps the first Limit.
func (f *Filter) Cut(list []Record) []Record {
	slices.SortFunc(list, func(a, b Record) int {
		if !f.DueBy.IsZero() {
			if c := a.Due.Compare(b.Due); c != 0 {
				return c
			}
		}
		return strings.Compare(a.ID, b.ID)
	})
	if f.Limit > 0 && len(list) > f.Limit {
		list = list[:f.Limit]
	}
	return list
}
