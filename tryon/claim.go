package tryon

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// KindClaim is the kind of the marks by which processes with one Store see that
// another of them waits for a job. They name the job and nobody, live as long as
// somebody waits, and are removed by Sweep when their process died.
const KindClaim Kind = "claim"

const (
	// claimBeat is how often whoever waits for a job says that it still does.
	claimBeat = 2 * time.Second
	// claimLate is when a waiter that could not say so looks whether it was
	// replaced. It must be less than claimDead: nobody replaces it earlier.
	claimLate = 4 * time.Second
	// claimDead is how long a mark must stay unchanged, by the clock of who looks,
	// until its process counts as dead. No two clocks are held against each other.
	claimDead = 6 * time.Second
	// claimKept is when Sweep removes a mark that nobody renews.
	claimKept = time.Hour
	// The pauses of who waits for somebody else to be done.
	claimLook, longestClaimLook = 50 * time.Millisecond, time.Second
	claimTries                  = 3 // of a store that fails
)

// reasonClaimed is that of a store that fails while somebody else waits for the job.
const reasonClaimed Reason = "claimed"

// claimMark is what a claim's record holds.
type claimMark struct {
	Job  string `json:"job"`
	Beat int64  `json:"beat"`
}

// claim is the sole right to fetch a job, among all processes with one store.
//
// A store has no operation that reads and writes at once, so the right comes from
// the order of two: leave a mark, then look for those of others. Of two that try
// at once at least one sees the other; whoever sees somebody takes its own mark
// back and tries again after a random pause.
type claim struct {
	client *Client
	id     string
	mark   claimMark

	renewed atomic.Int64 // when a renewal last began that was stored, since begun
	begun   time.Time
	gone    atomic.Bool // somebody took the job over
	stop    context.CancelFunc
	stopped chan struct{}
}

// seen is somebody else's mark, and since when it is as it is.
type seen struct {
	beat  int64
	since time.Time
}

// claim waits until nobody else fetches a job of that name; release must follow.
func (c *Client) claim(ctx context.Context, job string) (*claim, *Error) {
	k := &claim{client: c, id: job + "." + newID(), mark: claimMark{Job: job}, begun: time.Now(), stopped: make(chan struct{})}
	others, failed := map[string]seen{}, 0
	for pause := claimLook; ; pause = min(pause*3/2, longestClaimLook) {
		free, err := k.look(ctx, others)
		if err == nil && free {
			var began time.Duration
			if began, err = k.put(ctx); err == nil {
				k.renewed.Store(int64(began))
				free, err = k.look(ctx, others)
			}
			if err == nil && free {
				k.start(ctx)
				return k, nil
			}
			k.withdraw(ctx)
		}
		if failed++; err == nil {
			failed = 0
		}
		switch {
		case ctx.Err() != nil:
			return nil, contextError(ctx)
		case failed > claimTries:
			e := storeError(err)
			if len(others) > 0 {
				e.Reason = reasonClaimed
			}
			return nil, e
		case !sleep(ctx, pause/2+time.Duration(rand.Int64N(int64(pause))), nil):
			return nil, contextError(ctx)
		}
	}
}

// look reports whether nobody else has a claim. Marks that do not change are
// removed: whoever left them is dead, or will see that it lost the job.
func (k *claim) look(ctx context.Context, others map[string]seen) (free bool, err error) {
	asked := time.Now() // the answer may be as old as this
	list, err := k.client.store.Find(ctx, Filter{Kind: KindClaim, After: k.mark.Job + ".", Limit: 64})
	if err != nil {
		return false, err
	}
	free = true
	for i := range list {
		if list[i].ID == k.id || !strings.HasPrefix(list[i].ID, k.mark.Job+".") {
			continue
		}
		var m claimMark
		if err := list[i].decode(&m); err != nil {
			return false, err
		}
		s, known := others[list[i].ID]
		switch {
		case !known || s.beat != m.Beat:
			others[list[i].ID] = seen{m.Beat, time.Now()}
		case asked.Sub(s.since) > claimDead:
			if err := k.client.store.Delete(ctx, KindClaim, list[i].ID); err != nil {
				return false, err
			}
			delete(others, list[i].ID)
			continue
		}
		free = false
	}
	return free, nil
}

// put leaves the mark, and says when it began to, since begun.
func (k *claim) put(ctx context.Context) (began time.Duration, err error) {
	began = time.Since(k.begun)
	k.mark.Beat++ // also of a mark that was taken back before: it is no old one
	return began, k.client.store.Put(ctx, record(KindClaim, k.id, [32]byte{}, k.client.now().Add(claimKept), &k.mark))
}

// overdue reports that the mark may look dead to others.
func (k *claim) overdue() bool {
	return time.Since(k.begun)-time.Duration(k.renewed.Load()) > claimLate
}

// start renews the mark until release.
func (k *claim) start(ctx context.Context) {
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(k.stopped)
		for sleep(ctx, claimBeat, nil) && !k.gone.Load() {
			k.renew(ctx)
		}
	}()
}

func (k *claim) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, claimBeat)
	defer cancel()
	switch _, err := k.client.store.Get(ctx, KindClaim, k.id); {
	case errors.Is(err, ErrNoRecord):
		k.gone.Store(true)
		return
	case err != nil:
		return // the next one tries again
	}
	late := k.overdue()
	began, err := k.put(ctx)
	if err != nil {
		return
	}
	if late { // somebody may have taken the mark away just before it was put there again
		switch free, err := k.look(ctx, map[string]seen{}); {
		case err != nil:
			return // as late as before
		case !free:
			k.gone.Store(true)
			k.withdraw(ctx)
			return
		}
	}
	k.renewed.Store(int64(began))
}

// holds reports whether the job may be asked for now; lost, that it never may again.
func (k *claim) holds() (now, lost bool) {
	if k == nil {
		return true, false
	}
	lost = k.gone.Load()
	return !lost && !k.overdue(), lost
}

// lost reports whether somebody else took the job over. A store that can't be
// asked gave it to nobody.
func (k *claim) lost(ctx context.Context) bool {
	switch now, lost := k.holds(); {
	case now:
		return false
	case lost:
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseWait)
	defer cancel()
	if _, err := k.client.store.Get(ctx, KindClaim, k.id); errors.Is(err, ErrNoRecord) {
		return true
	}
	free, err := k.look(ctx, map[string]seen{})
	return err == nil && !free
}

// release ends the claim.
func (k *claim) release(ctx context.Context) {
	if k == nil {
		return
	}
	k.stop()
	<-k.stopped // else its last renewal would put back what is taken away
	k.withdraw(ctx)
}

func (k *claim) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseWait)
	defer cancel()
	if err := k.client.store.Delete(ctx, KindClaim, k.id); err != nil {
		k.client.log.LogAttrs(ctx, slog.LevelWarn, "tryon: a claim could not be removed; it ends by itself", slog.Any("error", storeError(err)))
	}
}

// sweepClaims removes what died processes left.
func (c *Client) sweepClaims(ctx context.Context) error {
	due, err := c.store.Find(ctx, Filter{Kind: KindClaim, DueBy: c.now(), Limit: sweepBatch})
	if err != nil {
		return storeError(err)
	}
	ids := make([]string, len(due))
	for i := range due {
		ids[i] = due[i].ID
	}
	if len(ids) == 0 {
		return nil
	}
	if err := c.store.Delete(ctx, KindClaim, ids...); err != nil {
		return storeError(err)
	}
	return nil
}

// claim gives the attempt the sole right to fetch its job. One that can't be
// fetched from elsewhere needs none: its picture is here already, or no other
// process can know its name.
func (a *attempt) claim(ctx context.Context) (*claim, *Error) {
	if !a.onRecord || a.handle.Done != nil || a.stored != nil {
		return nil, nil
	}
	bounded, cancel := context.WithDeadline(ctx, a.deadline)
	defer cancel()
	k, err := a.client.claim(bounded, a.job.ID)
	if err == nil {
		err = a.unfetched(bounded)
		if err == nil {
			return k, nil
		}
		k.release(ctx)
	}
	if err.Code == StoreFailed && err.Reason != reasonClaimed && !a.resumed {
		// A store that fails here gives the job to nobody else, as far as we know;
		// the photo goes nowhere else then.
		a.unclaimed = true
		return nil, nil
	}
	return nil, err
}

// unfetched fails when somebody else has fetched the job, or found it failed.
func (a *attempt) unfetched(ctx context.Context) *Error {
	r, err := a.client.store.Get(ctx, KindJob, a.job.ID)
	if errors.Is(err, ErrNoRecord) {
		return nil // of somebody erased, which is looked at next
	}
	if err != nil {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		return storeError(err)
	}
	var j Job
	if err := r.decode(&j); err != nil {
		return storeError(err)
	}
	if j.State == JobDone || j.State == JobFailed {
		return &Error{Code: NoJob, Reason: Reason(j.State)}
	}
	return nil
}
