package tryon_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/tryon"
)

// What was filed under a pseudonym is found, fetched and erased under the one
// that the person has after the ledger's keys were rotated.
func TestKeysRotated(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		before := consent.GenerateKeys()
		ledger, err := consent.New(memstore.New(), &consent.Options{Keys: before})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.ledger, w.subject = ledger, ledger.Subject("shop-a", rawID)
		w.request.Subject = w.subject
		w.grant(t, vendor)
		w.permit = w.permitFor(t, vendor)
		options := &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: ledger, Store: &tryon.Memory{}}
		client := newClient(t, options)
		var jobs []string
		for range 2 {
			id, err := client.Start(t.Context(), w.permit, &w.request)
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, id)
		}

		if err := ledger.UseKeys(consent.GenerateKeys().With(before)); err != nil {
			t.Fatal(err)
		}
		old := w.subject
		w.subject = ledger.Subject("shop-a", rawID)
		if w.subject.Pseudonym() == old.Pseudonym() {
			t.Fatal("the pseudonym did not change")
		}
		w.request.Subject = w.subject
		if elsewhere {
			client = newClient(t, options)
		}
		if h, err := client.Holdings(t.Context(), w.subject); err != nil || len(h.Jobs) != 2 {
			t.Fatalf("holdings %+v, %v", h, err)
		}
		pickup := &tryon.Pickup{Job: jobs[0], Subject: w.subject, Request: &w.request}
		if _, err := client.Wait(t.Context(), w.permitFor(t, vendor), pickup); err != nil {
			t.Errorf("elsewhere %v: %v", elsewhere, err)
		}
		if _, err := client.Erase(t.Context(), w.subject); err != nil {
			t.Fatal(err)
		}
		for _, s := range []consent.Subject{w.subject, old} {
			if h, err := client.Holdings(t.Context(), s); err != nil || len(h.Jobs)+len(h.Transfers)+len(h.Deletions) > 0 {
				t.Errorf("left: %+v, %v", h, err)
			}
		}
		pickup.Job = jobs[1]
		if _, err := client.Wait(t.Context(), w.permitFor(t, vendor), pickup); !errors.Is(err, tryon.ErrJob) {
			t.Errorf("a job that was erased: %v", err)
		}
	}
}

// sullen is a store that takes no record of accepted work, so often.
type sullen struct {
	tryon.Memory
	often atomic.Int32
}

func (s *sullen) Put(ctx context.Context, records ...tryon.Record) error {
	for _, r := range records {
		if r.Kind == tryon.KindJob && strings.Contains(string(r.Data), `"accepted"`) && s.often.Add(-1) >= 0 {
			return errors.New("the disk is full")
		}
	}
	return s.Memory.Put(ctx, records...)
}

// Work that has been accepted is not lost with a store that fails just then, and
// nobody is told to begin it again.
func TestStoreFailsOnceAccepted(t *testing.T) {
	w := newWorld(t)
	for _, often := range []int32{1, 3, 4, 100} {
		synctest.Test(t, func(t *testing.T) {
			store := &sullen{}
			store.often.Store(often)
			backend := &farJob{job{name: "far", polls: []any{picture()}}}
			client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, Store: store})
			id, err := client.Start(t.Context(), w.permit, &w.request)
			if often < 4 {
				if err != nil {
					t.Fatalf("%d times: %v", often, err)
				}
				if _, err := store.Get(t.Context(), tryon.KindJob, id); err != nil {
					t.Error(err)
				}
			} else {
				var e *tryon.Error
				if !errors.As(err, &e) || e.Code != tryon.StoreFailed || e.Job == "" || e.Retry {
					t.Fatalf("%d times: %v", often, err)
				}
				id = e.Job
			}
			if _, err := client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject}); err != nil {
				t.Errorf("%d times: %v", often, err)
			}
			if n := backend.submits.Load(); n != 1 {
				t.Errorf("submitted %d times", n)
			}
		})
	}
}

// erasing fails, and has somebody erased while it is asked.
type erasing struct {
	farJob
	erase func()
}

func (j *erasing) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	j.erase()
	return nil, &tryon.Error{Code: tryon.NoImage}
}

// Work that began under one pseudonym and goes on under another is not sent
// anywhere any more when its person is erased under the first, in a process that
// knows no other; and it goes on where the person was erased under both before.
func TestErasedUnderAnotherName(t *testing.T) {
	for _, meanwhile := range []bool{true, false} {
		before := consent.GenerateKeys()
		ledger, err := consent.New(memstore.New(), &consent.Options{Keys: before})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.ledger, w.subject = ledger, ledger.Subject("shop-a", rawID)
		old := w.subject
		w.request.Subject = old
		w.grant(t, vendor)
		w.permit = w.permitFor(t, vendor)
		var second atomic.Int32
		store := &tryon.Memory{}
		first := &erasing{farJob: farJob{job{name: "far"}}, erase: func() {}}
		client := newClient(t, &tryon.Options{
			Routes: []tryon.Route{{Backend: first}, {Backend: drawing("second", &second)}}, Ledger: ledger, Store: store,
		})
		erase := func(s consent.Subject) {
			if _, err := newClient(t, &tryon.Options{Routes: routes(&job{name: "none"}), Ledger: ledger, Store: store}).Erase(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
		if err := ledger.UseKeys(consent.GenerateKeys().With(before)); err != nil {
			t.Fatal(err)
		}
		w.subject = ledger.Subject("shop-a", rawID)
		if meanwhile {
			first.erase = func() { erase(old) }
		} else {
			erase(w.subject)
		}
		id, err := client.Start(t.Context(), w.permit, &w.request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Wait(t.Context(), w.permitFor(t, vendor), &tryon.Pickup{Job: id, Subject: w.subject})
		if meanwhile && (!errors.Is(err, tryon.ErrJob) || second.Load() != 0) || !meanwhile && (err != nil || second.Load() != 1) {
			t.Errorf("erased meanwhile %v: %v, sent on %d times", meanwhile, err, second.Load())
		}
		h, err := client.Holdings(t.Context(), w.subject)
		if meanwhile && (err != nil || len(h.Jobs)+len(h.Transfers) > 0) {
			t.Errorf("left: %+v, %v", h, err)
		}
		marks, err := store.Find(t.Context(), tryon.Filter{Kind: tryon.KindForgotten})
		if err != nil || len(marks) == 0 {
			t.Fatal(err)
		}
		for i := range marks {
			if newest(t, marks[i:i+1]) != newest(t, marks) {
				t.Error("one Erase began several generations")
			}
		}
	}
}
