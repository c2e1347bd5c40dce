package consent

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Standing is a person on record, and where their chain stands.
type Standing struct {
	Subject Subject
	Head    Head // without Time
}

// Lister is what a store implements whose records can be erased by age; see
// [Ledger.Sweep]. With another store a sweep of a profile that limits
// [ConsentRecord] is incomplete.
type Lister interface {
	// Subjects yields who is on record at the tenant, in no order. Who is recorded
	// or erased meanwhile may be missing or not. It stops at the first error. The
	// loop's body may call the store.
	Subjects(ctx context.Context, tenant string) iter.Seq2[Standing, error]

	// EraseIdle is Erase of several people of one tenant at once, but of each only
	// if their last record still is the one they are listed with, by its number and
	// its state: somebody erased and recorded anew may have come as far. It returns
	// how many people it erased.
	EraseIdle(ctx context.Context, idle []Standing) (int, error)
}

// eraseAtOnce is how many people are erased together: boltstore overwrites its
// free pages once for all of them.
const eraseAtOnce = 256

var errNotListed = errors.New("the store cannot say who is on record, so nothing there is erased by age")

// sweepRecords erases what the ledger itself has kept for as long as the profile
// says: the records of those who have agreed to nothing any more, all of a person's
// at once, since a chain with its beginning gone proves nothing.
func (c *core) sweepRecords(ctx context.Context, tenant string, r *rules, before time.Time) HolderResult {
	out := HolderResult{Holder: ledgerName}
	store, ok := c.store.(Lister)
	if !ok {
		out.Err = errNotListed
		return out
	}
	var idle []Standing
	var failed []error
	erase := func() error {
		n, err := store.EraseIdle(ctx, idle)
		out.Items, idle = out.Items+n, idle[:0]
		return err
	}
	for s, err := range store.Subjects(ctx, tenant) {
		if err != nil {
			failed = append(failed, err)
			break
		}
		over, err := c.idle(ctx, s, r, before)
		if err != nil {
			if len(failed) < 8 { // enough to know what is wrong
				failed = append(failed, err)
			}
			continue
		}
		if !over {
			continue
		}
		if idle = append(idle, s); len(idle) == eraseAtOnce {
			if err := erase(); err != nil {
				failed = append(failed, err)
				break
			}
		}
	}
	if len(idle) > 0 {
		failed = append(failed, erase())
	}
	out.Err = errors.Join(failed...)
	return out
}

// keepRecords returns how long the evidence of what is over is kept: to the last
// stage, since an archive of it, too, is there to prove something.
func (p *Profile) keepRecords() (keep Period, ok bool) {
	for _, r := range p.doc.Retention {
		if r.Category == ConsentRecord {
			return r.Stages[len(r.Stages)-1].After, true
		}
	}
	return Period{}, false
}

// idle says whether a person's records have served nothing but as evidence since
// before, or for longer. Consents that go on do more than that, and so do objections to what rests
// on another basis: without them it would be allowed again. The same goes for any
// no while there are several keys, under which one person may have two chains
// with a yes on the other, and for one to a purpose that the terms do not name,
// whose basis is not known.
func (c *core) idle(ctx context.Context, s Standing, r *rules, before time.Time) (bool, error) {
	st, err := decodeState(c.keys(), s.Subject, s.Head.Seq, s.Head.State)
	if errors.Is(err, errStateVersion) {
		st, err = c.refold(ctx, s.Subject, s.Head.Seq)
	}
	if err != nil {
		return false, fmt.Errorf("consent: sweep: %w", err)
	}
	if st.lastAt.After(before) { // most people: whether a session is alive need not be asked
		return false, nil
	}
	now := c.latest(time.Time{})
	twice := len(c.keys().others) > 0
	if twice && !st.floor.IsZero() {
		return false, nil
	}
	for _, e := range st.entries {
		rule := r.of[e.purpose]
		switch {
		case e.kind != Granted:
			if e.kind != Expired && (twice || rule == nil || rule.Basis != Consent) {
				return false, nil
			}
		case !e.until.IsZero() && !e.until.After(now):
			if e.until.After(before) {
				return false, nil
			}
		case e.heartbeat != 0:
			alive, _, err := c.alive(ctx, s.Subject, e.purpose)
			if err != nil || alive {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}
