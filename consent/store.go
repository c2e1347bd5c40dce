package consent

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/fitveil/fitveil/consent/merkle"
)

// Store keeps a chain of records for each subject. Ledgers bring the meaning,
// stores bring atomicity and durability: what the bytes say is none of their
// business. Safe for use by many goroutines. The suite in consenttest is the
// specification; run it against a store of your own. What more it can do it says
// by implementing [Versioner] (checks from memory), [Leaser] (sessions known to
// every ledger on it) and [Lister] (records erased by age).
//
// Every key a store uses holds the tenant as well as the pseudonym. Errors are
// wrapped, never replaced, and hold no pseudonym; a store that is printed shows
// none. A value that cannot be read
// back exactly as written is an error ([ErrCorrupt]), never an absence.
type Store interface {
	// Head returns where the subject stands; the zero Seq means nothing is on
	// record. The caller does not modify what it gets.
	Head(ctx context.Context, s Subject) (Head, error)

	// Append adds r to the subject's chain and, with [merkle.Append], the hash of
	// r.Event ([tlog.RecordHash]) to the trees of its tenant, all of it or nothing,
	// and returns when it is durable. r.Seq must be one above the chain's, else
	// [ErrConflict]; a nonce that the tenant has used is [ErrReplay]. An error
	// other than these two leaves it open whether r was kept, as a broken
	// connection does. The store does not keep r's slices.
	Append(ctx context.Context, s Subject, r Record) error

	// Events yields the subject's records with Seq above after, in order, with
	// Seq, Event and Leaf filled in. It stops at the first error. The loop's body may
	// call the store again.
	Events(ctx context.Context, s Subject, after uint64) iter.Seq2[Record, error]

	// Erase removes the subject's records and state, durably, and returns how
	// many records there were; none is no error. The subject leaves the map of the
	// trees ([merkle.Remove]). The nonces stay used, cut off from the subject.
	Erase(ctx context.Context, s Subject) (int, error)

	// Trees calls read with the trees of the tenant as they are at one moment. The
	// reader is good until read returns.
	Trees(ctx context.Context, tenant string, read func(merkle.Reader) error) error
}

// Record is one step of a subject's chain. More may come to be written in the
// same step; a store ignores no field it does not know because this struct
// grows only together with the suite.
type Record struct {
	Seq   uint64    // 1, 2, 3 ... for each subject
	Time  time.Time // microseconds; a store remembers the greatest it was given
	Event []byte    // what happened; kept for good
	State []byte    // where the subject stands now; replaces the one before
	Nonce []byte    // 32 bytes, unique within the tenant; nil: none
	Leaf  int64     // its number in the tenant's log, which the store gives it; Append ignores it

	Leases []Lease // sessions that begin with it, for a store that is a [Leaser]
}

// Head is where a subject's chain stands.
type Head struct {
	Seq   uint64    // of the last record; 0: none
	State []byte    // of the last record
	Time  time.Time // the greatest Record.Time of the whole store: time cannot be before it
}

var (
	// ErrConflict is returned by a store when another writer was first, and by a
	// ledger when that happened too often in a row.
	ErrConflict = errors.New("another writer was first")
	// ErrCorrupt is returned when what is on record cannot be trusted.
	ErrCorrupt = errors.New("record is damaged")
)

// ephemeral is what a store implements that forgets everything when the
// process ends. Only with such a store may the ledger's keys be forgotten, too.
type ephemeral interface{ Ephemeral() bool }
