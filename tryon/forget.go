package tryon

import (
	"context"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// KindForgotten is the kind of the marks that somebody was erased. They hold a
// pseudonym and a number, and go after two days.
const KindForgotten Kind = "forgotten"

const (
	// forgetFor is how long a mark stays at least: longer than anything lives
	// that may still write a record.
	forgetFor = 48 * time.Hour
	// forgetEvery is how often what was written back is looked for after all: by
	// a process that died between writing and looking.
	forgetEvery = time.Hour
)

// forgotten is a mark, which each Erase makes anew and nobody changes. Records
// of a lower generation were begun before it, and are not there any more.
type forgotten struct {
	ID         string    `json:"id"`
	Generation int64     `json:"generation"`
	At         time.Time `json:"at"`
}

func (f *forgotten) record(subject [32]byte, due time.Time) Record {
	return record(KindForgotten, f.ID, subject, due, f)
}

// life is the generation of a person's records that a piece of work belongs to.
type life struct {
	known      bool
	generation int64 // 0 before the first Erase, and long after the last
}

// read fills l before the first record of its work is written. Whoever was erased
// under any of the names that the ledger's keys gave, was erased.
func (l *life) read(ctx context.Context, c *Client, s consent.Subject) *Error {
	if l.known {
		return nil
	}
	newest := int64(0)
	for _, name := range s.All() {
		n, err := c.generation(ctx, name.Pseudonym())
		if err != nil {
			return err
		}
		newest = max(newest, n)
	}
	l.known, l.generation = true, newest
	return nil
}

// generation is the one that records of a person are begun with now.
func (c *Client) generation(ctx context.Context, subject [32]byte) (int64, *Error) {
	var marks []forgotten
	if err := find(ctx, c.store, Filter{Kind: KindForgotten, Subject: subject}, &marks); err != nil {
		return 0, storeError(err)
	}
	n := int64(0)
	for i := range marks {
		n = max(n, marks[i].Generation)
	}
	return n, nil
}

// alive fails when the person was erased since records of this generation were
// begun.
func (c *Client) alive(ctx context.Context, subject [32]byte, generation int64) *Error {
	n, err := c.generation(ctx, subject)
	if err == nil && n > generation {
		err = &Error{Code: NoJob, Reason: reasonErased}
	}
	return err
}

const reasonErased Reason = "erased"

func (e *Error) erased() bool { return e != nil && e.Code == NoJob && e.Reason == reasonErased }

// write puts records of a person into the store. Erase leaves its mark before
// it looks for what there is, and write looks for marks after it has written:
// so one of the two sees the other, whatever process it is in, and what was
// written is taken out again. Deletions that are still to be done stay. The
// error is NoJob then, "erased".
func (c *Client) write(ctx context.Context, subject [32]byte, generation int64, records ...Record) *Error {
	if len(records) == 0 {
		return nil
	}
	if err := c.store.Put(ctx, records...); err != nil {
		return storeError(err)
	}
	// It must be looked at, also when the caller has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseWait)
	defer cancel()
	gone := c.alive(ctx, subject, generation)
	if !gone.erased() {
		return gone
	}
	for i := range records {
		if records[i].Kind == KindErasure && !records[i].Due.IsZero() {
			continue
		}
		if err := c.store.Delete(ctx, records[i].Kind, records[i].ID); err != nil {
			return storeError(err) // Sweep finds it
		}
	}
	return gone
}

// mark begins a new generation of a person's records, the same under all of the
// person's names: work may have begun under one and go on under another.
func (c *Client) mark(ctx context.Context, s consent.Subject) (int64, *Error) {
	var h Holdings
	newest := int64(0)
	for _, name := range s.All() {
		n, err := c.generation(ctx, name.Pseudonym())
		if err != nil {
			return 0, err
		}
		newest = max(newest, n)
		if err := c.holdings(ctx, name.Pseudonym(), &h); err != nil {
			return 0, storeError(err)
		}
	}
	for i := range h.Jobs {
		newest = max(newest, h.Jobs[i].Generation)
	}
	for i := range h.Transfers {
		newest = max(newest, h.Transfers[i].Generation)
	}
	for i := range h.Deletions {
		newest = max(newest, h.Deletions[i].Generation)
	}
	newest = max(newest+1, c.now().UnixNano())
	var marks []Record
	for _, name := range s.All() {
		f := forgotten{ID: newID(), Generation: newest, At: c.now().UTC()}
		marks = append(marks, f.record(name.Pseudonym(), c.now().Add(forgetEvery)))
	}
	if err := c.store.Put(ctx, marks...); err != nil {
		return 0, storeError(err)
	}
	return newest, nil
}

// remove takes out what is on record of generations before this one, but for
// deletions that are still to be done, and says how much that was.
func (c *Client) remove(ctx context.Context, subject [32]byte, before int64) (n int, e *Error) {
	var h Holdings
	if err := c.holdings(ctx, subject, &h); err != nil {
		return 0, storeError(err)
	}
	gone := map[Kind][]string{}
	for i := range h.Jobs {
		if h.Jobs[i].Generation < before {
			gone[KindJob] = append(gone[KindJob], h.Jobs[i].ID)
		}
	}
	for i := range h.Transfers {
		if h.Transfers[i].Generation < before {
			gone[KindTransfer] = append(gone[KindTransfer], h.Transfers[i].ID)
		}
	}
	for i := range h.Deletions {
		if d := &h.Deletions[i]; d.Generation < before && d.State != DeletionQueued {
			gone[KindErasure] = append(gone[KindErasure], d.ID)
		}
	}
	for _, kind := range []Kind{KindJob, KindTransfer, KindErasure} {
		if err := c.store.Delete(ctx, kind, gone[kind]...); err != nil {
			return n, storeError(err)
		}
		n += len(gone[kind])
	}
	return n, nil
}

// sweepForgotten takes out what was written back by processes that died before
// they could look, and the marks when their time is over.
func (c *Client) sweepForgotten(ctx context.Context, report *SweepReport) error {
	due, err := c.store.Find(ctx, Filter{Kind: KindForgotten, DueBy: c.now(), Limit: sweepBatch})
	if err != nil {
		return storeError(err)
	}
	for i := range due {
		var f forgotten
		if err := due[i].decode(&f); err != nil {
			return storeError(err)
		}
		n, e := c.remove(ctx, due[i].Subject, f.Generation)
		if report.Dropped += n; e != nil {
			return e
		}
		if c.now().Sub(f.At) >= c.remembers() {
			err = c.store.Delete(ctx, KindForgotten, f.ID)
		} else {
			err = c.store.Put(ctx, f.record(due[i].Subject, c.now().Add(forgetEvery)))
		}
		if err != nil {
			return storeError(err)
		}
	}
	return nil
}

// remembers is how long marks stay: no job of a route lives longer.
func (c *Client) remembers() time.Duration {
	d := forgetFor
	for i := range c.routes {
		d = max(d, 2*c.routes[i].timeout)
	}
	return d
}
