// Package boltstore is the embedded consent store: one bbolt file, synced to
// disk before a call returns.
package boltstore

import (
	"errors"
)

// Options configures Open; nil means defaults.
type Options struct{}

// Store keeps events in a bbolt file. One process at a time.
type Store struct{}

// Open opens or creates the file at path.
func Open(path string, o *Options) (*Store, error) {
	return nil, errors.New("boltstore: not built yet")
}

// Close releases the file.
func (s *Store) Close() error { return nil }
