package consent

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// refold computes the state from the events.
func (c *core) refold(ctx context.Context, who Subject, seq uint64) (*state, error) {
	st := new(state)
	for e, err := range c.chain(ctx, who) {
		if err != nil {
			return nil, err
		}
		if st.seq == seq {
			break // a writer was faster than we are
		}
		st.apply(&e.receipt.r.get().body, e.receipt.Hash())
	}
	if st.seq != seq {
		return nil, fmt.Errorf("%w: %d events, the state says %d", ErrCorrupt, st.seq, seq)
	}
	return st, nil
}

// link is an event in its chain, verified.
type link struct {
	receipt *Receipt
	opening opening
	leaf    int64 // its number in the tenant's log
}

// chain yields the subject's events, each verified: signature, owner, number
// and link to the one before.
func (c *core) chain(ctx context.Context, who Subject) iter.Seq2[link, error] {
	return func(yield func(link, error) bool) {
		keys := c.publicKeys()
		var seq uint64
		var last hex32
		for rec, err := range c.store.Events(ctx, who, 0) {
			if err != nil {
				yield(link{}, fmt.Errorf("consent: history: %w", err))
				return
			}
			var r *Receipt
			doc, opening, err := c.keys().openEvent(rec.Event)
			if err == nil {
				r, err = verifyAny(doc, keys)
			}
			if err == nil && (rec.Seq != seq+1 || r.r.get().body.Seq != seq+1 || r.r.get().body.Prev != last ||
				r.r.get().body.Tenant != who.Tenant() || r.r.get().body.PrincipalID != who.Pseudonym()) {
				err = errors.New("out of place")
			}
			if err != nil {
				yield(link{}, fmt.Errorf("consent: history: %w: event %d: %w", ErrCorrupt, seq+1, err))
				return
			}
			if !yield(link{r, opening, rec.Leaf}, nil) {
				return
			}
			seq, last = seq+1, r.Hash()
		}
	}
}

// History yields what is on record about s, oldest first, each event verified:
// its signature and its place in the chain. It ends with the first error, of
// which [ErrCorrupt] says that the record was damaged or changed. That events
// are missing at the end is not noticed. Where a rotation of keys has left two
// chains of one person (see [Keys.With]) the other follows, from Seq 1 on.
func (l *Ledger) History(ctx context.Context, s Subject) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		c, err := l.open()
		if err == nil && s.IsZero() {
			err = fmt.Errorf("consent: %w", ErrSubject)
		}
		names := []Subject{s}
		if err == nil && len(s.s.get().also()) > 0 {
			names, err = c.known(ctx, s)
		}
		if err != nil {
			yield(Event{}, err)
			return
		}
		for _, s := range names {
			for link, err := range c.chain(ctx, s) {
				if err != nil {
					yield(Event{}, err)
					return
				}
				e := link.receipt.r.get().body.event()
				e.Subject, e.receipt = s, link.receipt
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// Erased says what [Ledger.Erase] did.
type Erased struct {
	Events  int // how many were on record
	At      time.Time
	Holders []HolderResult
}

// Erase removes everything that is kept about s, durably, and looks that it is
// gone: first what the holders have, then what is on record here. Before that it
// withdraws what was agreed to, so that nothing new is stored meanwhile.
// Afterwards the person counts as never asked. Receipts that were handed out
// keep verifying; they are the person's. What a medium may still hold is said by
// the store.
//
// When a holder fails the others still erase, and the record stays, so that the
// person is found when Erase is called again, as it has to be: that is
// [ErrIncomplete], and Erased says who failed. Other errors: [ErrSubject], the
// store's, the context's.
func (l *Ledger) Erase(ctx context.Context, s Subject) (Erased, error) {
	c, err := l.open()
	if err != nil {
		return Erased{}, err
	}
	defer c.observed("erase", c.started(), &err)
	var done Erased
	if done, err = c.erase(ctx, s); err != nil {
		err = fmt.Errorf("consent: erase: %w", err)
	}
	return done, err
}

func (c *core) erase(ctx context.Context, s Subject) (done Erased, err error) {
	if s.IsZero() {
		return Erased{}, ErrSubject
	}
	if len(c.holders) > 0 {
		for _, s := range s.All() {
			if err := c.shut(ctx, s); err != nil {
				return Erased{}, err
			}
		}
		done.Holders = c.eraseAt(ctx, s)
		if err := incomplete(done.Holders); err != nil {
			return done, err
		}
	}
	for _, s := range s.All() {
		n, err := c.store.Erase(ctx, s)
		if c.own != nil {
			c.own.Forget(s)
		}
		if err != nil {
			return Erased{Holders: done.Holders}, err
		}
		head, err := c.store.Head(ctx, s)
		if err == nil && head.Seq != 0 {
			err = errors.New("something was recorded meanwhile")
		}
		if err != nil {
			return Erased{Holders: done.Holders}, fmt.Errorf("not confirmed: %w", err)
		}
		done.Events += n
	}
	done.At = c.wall()
	return done, nil
}

// shut withdraws whatever s has agreed to. A record that cannot be read is no
// obstacle to its erasure, and opens nothing.
func (c *core) shut(ctx context.Context, s Subject) error {
	_, err := c.record(ctx, s, func(st *state) (body, error) {
		for _, e := range st.entries {
			if e.kind == Granted {
				return body{EventType: Withdrawn, All: true}, nil
			}
		}
		return body{}, errNothingToDo
	})
	if errors.Is(err, errNothingToDo) || errors.Is(err, ErrCorrupt) {
		return nil
	}
	return err
}
