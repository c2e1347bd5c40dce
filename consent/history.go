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
			doc, opening, err := c.keys.openEvent(rec.Event)
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
// are missing at the end is not noticed.
func (l *Ledger) History(ctx context.Context, s Subject) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		c, err := l.open()
		if err == nil && s.IsZero() {
			err = fmt.Errorf("consent: %w", ErrSubject)
		}
		if err != nil {
			yield(Event{}, err)
			return
		}
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

// Erased says what [Ledger.Erase] did.
type Erased struct {
	Events int // how many were on record
	At     time.Time
}

// Erase removes everything on record about s, durably, and looks that it is
// gone. Afterwards the person counts as never asked. Receipts that were handed
// out keep verifying; they are the person's. What a medium may still hold is
// said by the store. Errors: [ErrSubject], the store's, the context's.
func (l *Ledger) Erase(ctx context.Context, s Subject) (Erased, error) {
	c, err := l.open()
	if err != nil {
		return Erased{}, err
	}
	defer c.observed("erase", c.started(), &err)
	if s.IsZero() {
		err = fmt.Errorf("consent: erase: %w", ErrSubject)
		return Erased{}, err
	}
	n, err := c.store.Erase(ctx, s)
	if err != nil {
		err = fmt.Errorf("consent: erase: %w", err)
		return Erased{}, err
	}
	head, err := c.store.Head(ctx, s)
	if err == nil && head.Seq != 0 {
		err = errors.New("something was recorded meanwhile")
	}
	if err != nil {
		err = fmt.Errorf("consent: erase: not confirmed: %w", err)
		return Erased{}, err
	}
	return Erased{Events: n, At: c.wall()}, nil
}
