// Package memstore is a consent store in memory, for tests, examples and
// callers whose consents end with the process.
package memstore

import "github.com/fitveil/fitveil/consent"

// Store keeps events in memory.
type Store struct{}

// New makes an empty store.
func New() *Store { return &Store{} }

// Close drops everything.
func (s *Store) Close() error { return nil }

var _ consent.Store = (*Store)(nil)
