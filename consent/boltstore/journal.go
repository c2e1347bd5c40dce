package boltstore

import (
	"sync"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// A commit writes its records as one value at one place of the file: a row of
// the journal. Going to where they belong (their pseudonyms, nonces and trees
// are spread over the file like dice) costs a disk ten times as much, so that is
// done for thousands of records in one go, see settle. Until then they are in
// memory as well, where whoever reads finds them first.
//
// The journal is part of the same bbolt file and its transactions, so it needs
// no recovery of its own: Open reads it back.
type journal struct {
	mu      sync.RWMutex
	tenants map[string]*unsettled
	records int
	bytes   int
	row     uint64    // of the next commit
	time    time.Time // greatest Record.Time of the whole store
}

// unsettled is what the journal has of one tenant.
type unsettled struct {
	people map[[32]byte]*person
	nonces map[string]bool
	first  int64         // number of the first of steps as a leaf
	steps  []merkle.Step // in the order of the log
	nodes  overlay       // of the trees, as the first merged steps make them
	merged int
}

// person is what the journal has of one person: their latest state and the
// records that led there, the last of which has number seq.
type person struct {
	seq     uint64
	state   []byte
	records []consent.Record // Seq, Event and Leaf
}

// entry is a record on its way into the journal.
type entry struct {
	who  place
	r    consent.Record
	hash merkle.Hash // the leaf
}

// place is where a person's records belong.
type place struct {
	tenant string
	id     [32]byte
}

func placeOf(who consent.Subject) place { return place{who.Tenant(), who.Pseudonym()} }

// Of these a journal takes no more before it is settled: it bounds memory, and
// what Open reads back.
const (
	maxUnsettled      = 8192
	maxUnsettledBytes = 32 << 20
)

// head returns where a person stands by the journal, and their records in it.
func (j *journal) head(who place) (p person, ok bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if t := j.tenants[who.tenant]; t != nil {
		if p := t.people[who.id]; p != nil {
			return *p, true // what is appended later lies behind the slice's end
		}
	}
	return person{}, false
}

func (j *journal) used(tenant string, nonce []byte) bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	t := j.tenants[tenant]
	return t != nil && t.nonces[string(nonce)]
}

// size returns how many leaves a tenant's log has, if the journal knows.
func (j *journal) size(tenant string) (n int64, ok bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if t := j.tenants[tenant]; t != nil {
		return t.first + int64(len(t.steps)), true
	}
	return 0, false
}

// of returns what the journal has of a tenant, and its leaves up to now.
func (j *journal) of(tenant string) (*unsettled, []merkle.Step) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	t := j.tenants[tenant]
	if t == nil {
		return nil, nil
	}
	return t, t.steps
}

func (j *journal) latest() time.Time {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.time
}

// add takes in what a commit has written.
func (j *journal) add(entries []entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(entries) > 0 {
		j.row++
	}
	for i := range entries {
		e := &entries[i]
		t := j.tenants[e.who.tenant]
		if t == nil {
			t = &unsettled{people: make(map[[32]byte]*person), nonces: make(map[string]bool), first: e.r.Leaf, nodes: overlay{}}
			j.tenants[e.who.tenant] = t
		}
		p := t.people[e.who.id]
		if p == nil {
			p = new(person)
			t.people[e.who.id] = p
		}
		p.seq, p.state = e.r.Seq, e.r.State
		p.records = append(p.records, consent.Record{Seq: e.r.Seq, Event: e.r.Event, Leaf: e.r.Leaf})
		if e.r.Nonce != nil {
			t.nonces[string(e.r.Nonce)] = true
		}
		t.steps = append(t.steps, merkle.Step{Leaf: e.hash, Key: e.who.id})
		j.records++
		j.bytes += len(e.r.Event) + len(e.r.State)
		if e.r.Time.After(j.time) {
			j.time = e.r.Time
		}
	}
}

func (j *journal) full(records int) bool {
	return j.records >= records || j.bytes >= maxUnsettledBytes
}

// clear forgets what has been settled.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tenants, j.records, j.bytes, j.row = make(map[string]*unsettled), 0, 0, 0
}
