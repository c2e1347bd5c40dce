package tryon_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/identity"
)

// farJob is a remote backend whose jobs answer like job's.
type farJob struct{ job }

func (j *farJob) Describe() tryon.Profile { return remote(j.name, "api.renderer.example") }

// Whoever starts a job and never comes back keeps neither the tenant's place
// nor a photo in memory.
func TestAbandonedStart(t *testing.T) {
	w := newWorld(t)
	for _, sweep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, &tryon.Options{
				Routes: []tryon.Route{{Backend: &job{name: "slow", polls: []any{tryon.ErrPending}}, Timeout: time.Minute}},
				Ledger: w.ledger, Quota: tryon.Quota{AtOnce: 1},
			})
			id, err := client.Start(t.Context(), w.permit, &w.request)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Start(t.Context(), w.permit, &w.request); !errors.Is(err, tryon.ErrQuota) {
				t.Fatalf("got %v, want too many at once", err)
			}
			time.Sleep(time.Hour)
			if sweep {
				if _, err := client.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				// It is not held in memory any more: its request would be needed.
				var e *tryon.Error
				_, err := client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject})
				if !errors.As(err, &e) || e.Reason != "request-needed" {
					t.Errorf("got %v", err)
				}
			}
			if _, err := client.Start(t.Context(), w.permit, &w.request); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

// lateJob answers just after whoever waits for it has given up.
type lateJob struct{ job }

func (j *lateJob) Poll(ctx context.Context, _ *tryon.Handle) (*tryon.Output, error) {
	if j.polled.Add(1) == 1 {
		<-ctx.Done()
		time.Sleep(time.Millisecond)
	}
	return picture(), nil
}

// An answer that nobody waited for any more neither sends the photo to the next
// route nor loses the name under which the picture can be fetched.
func TestLateAnswer(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var second atomic.Int32
		j := &lateJob{job{name: "late"}}
		client := newClient(t, &tryon.Options{
			Routes: []tryon.Route{{Backend: j, Timeout: time.Minute}, {Backend: drawing("second", &second)}},
			Ledger: w.ledger,
			Now: func() time.Time {
				if j.polled.Load() > 0 {
					time.Sleep(time.Second) // the late answer is there before the attempt's end is looked at
				}
				return time.Now()
			},
		})
		id, err := client.Start(t.Context(), w.permit, &w.request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject})
		var e *tryon.Error
		if !errors.As(err, &e) || e.Code != tryon.Timeout || e.Job != id || second.Load() != 0 {
			t.Fatalf("got %v, second backend asked %d times", err, second.Load())
		}
		result, err := client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
		if err != nil || result.Job != id {
			t.Errorf("got %v, %v, want the picture", result, err)
		}
	})
}

// What a sub-processor keeps of a job is on record also when another process
// fetched the picture, or nobody did.
func TestKeptOfResumedJobs(t *testing.T) {
	w := newWorld(t)
	for _, abandoned := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := &tryon.Memory{}
			options := func() *tryon.Options {
				return &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: store}
			}
			id, err := newClient(t, options()).Start(t.Context(), w.permit, &w.request)
			if err != nil {
				t.Fatal(err)
			}
			other := newClient(t, options())
			if abandoned {
				time.Sleep(time.Hour)
				_, err = other.Sweep(t.Context())
			} else {
				_, err = other.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
			}
			if err != nil {
				t.Fatal(err)
			}
			h, err := other.Holdings(t.Context(), w.subject)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, d := range h.Deletions {
				if d.Job != id || d.State != tryon.DeletionNotPossible {
					t.Errorf("got %+v", d)
				}
				kinds = append(kinds, d.Kind)
			}
			slices.Sort(kinds)
			if diff := cmp.Diff([]string{"abuse-log", "output", "upload"}, kinds); diff != "" {
				t.Errorf("abandoned %v: %s", abandoned, diff)
			}
		})
	}
}

// A lock that was configured after a job began has nothing to hold without a
// region: the picture is refused.
func TestLockAddedLater(t *testing.T) {
	w := newWorld(t)
	store := &tryon.Memory{}
	options := &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: store}
	id, err := newClient(t, options).Start(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	options.Lock = &identity.Options{}
	_, err = newClient(t, options).Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
	var e *tryon.Error
	if !errors.As(err, &e) || e.Code != tryon.Unsupported || e.Reason != "no-region" {
		t.Errorf("got %v", err)
	}
}

// Several that wait for one job fetch it once between them; what one gives up,
// another gets.
func TestWaitAtOnce(t *testing.T) {
	w := newWorld(t)
	for _, elsewhere := range []bool{false, true} {
		for _, impatient := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				polls := slices.Repeat([]any{tryon.ErrPending}, 6)
				j := &farJob{job{name: "far", polls: append(polls, picture(), errors.New("given out"))}}
				options := &tryon.Options{Routes: routes(j), Ledger: w.ledger, Store: &tryon.Memory{}}
				client := newClient(t, options)
				id, err := client.Start(t.Context(), w.permit, &w.request)
				if err != nil {
					t.Fatal(err)
				}
				if elsewhere {
					client = newClient(t, options)
				}
				var pictures, gone, gaveUp atomic.Int32
				for i := range 8 {
					go func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						time.Sleep(time.Duration(i) * time.Millisecond)
						if impatient && i == 0 {
							ctx, cancel = context.WithTimeout(ctx, time.Second)
							defer cancel()
						}
						_, err := client.Wait(ctx, w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
						switch {
						case err == nil:
							pictures.Add(1)
						case errors.Is(err, tryon.ErrJob):
							gone.Add(1)
						case impatient && i == 0:
							gaveUp.Add(1)
						default:
							t.Errorf("got %v", err)
						}
					}()
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				wantUp := int32(0)
				if impatient {
					wantUp = 1
				}
				if pictures.Load() != 1 || gaveUp.Load() != wantUp || gone.Load() != 7-wantUp || j.polled.Load() != 7 || j.submits.Load() != 1 {
					t.Errorf("elsewhere %v, impatient %v: %d pictures, %d too late, %d gave up, %d polls, %d submissions", elsewhere, impatient,
						pictures.Load(), gone.Load(), gaveUp.Load(), j.polled.Load(), j.submits.Load())
				}
				// Without the request it says the same.
				if _, err := client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject}); !errors.Is(err, tryon.ErrJob) {
					t.Errorf("elsewhere %v, afterwards: %v", elsewhere, err)
				}
			})
		}
	}
}
