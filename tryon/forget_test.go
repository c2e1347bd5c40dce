package tryon_test

import (
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// While one person is rendered, waited for, swept and erased by two processes at
// once, nothing that was begun before the last Erase stays on record, and what
// was begun after it does.
func TestEraseAtOnce(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		store := &tryon.Memory{}
		var clients []*tryon.Client
		for range 2 {
			clients = append(clients, newClient(t, &tryon.Options{
				Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: store,
				Cache: tryon.CacheOptions{Entries: 8},
			}))
		}
		var all sync.WaitGroup
		var drawn atomic.Int32
		for i := range 12 {
			client := clients[i%2]
			all.Go(func() {
				switch i % 6 {
				case 0, 1:
					if _, err := client.Render(t.Context(), w.permit, &w.request); err == nil {
						drawn.Add(1)
					} else if !errors.Is(err, tryon.ErrJob) {
						t.Errorf("Render: %v", err)
					}
				case 2, 3:
					id, err := client.Start(t.Context(), w.permit, &w.request)
					if err == nil {
						_, err = client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
					}
					if err == nil {
						drawn.Add(1)
					} else if !errors.Is(err, tryon.ErrJob) {
						t.Errorf("Start and Wait: %v", err)
					}
				case 4:
					if _, err := client.Sweep(t.Context()); err != nil {
						t.Errorf("Sweep: %v", err)
					}
				case 5:
					time.Sleep(time.Duration(i) * 40 * time.Microsecond)
					if _, err := client.Erase(t.Context(), w.subject); err != nil {
						t.Errorf("Erase: %v", err)
					}
				}
			})
		}
		all.Wait()
		h, err := clients[0].Holdings(t.Context(), w.subject)
		if err != nil {
			t.Fatal(err)
		}
		marks, err := store.Find(t.Context(), tryon.Filter{Kind: tryon.KindForgotten, Subject: w.subject.Pseudonym()})
		if err != nil || len(marks) != 2 {
			t.Fatalf("%d marks, %v", len(marks), err)
		}
		last := newest(t, marks)
		for _, j := range h.Jobs {
			if j.Generation < last || j.State != tryon.JobDone {
				t.Errorf("begun in generation %d, erased in %d: %+v", j.Generation, last, j)
			}
		}
		if n := int(drawn.Load()); len(h.Jobs) > n {
			t.Errorf("%d jobs on record, %d pictures", len(h.Jobs), n)
		}
		for _, d := range h.Deletions {
			if d.Generation < last && d.State != tryon.DeletionQueued {
				t.Errorf("came back: %+v", d)
			}
		}

		// Erased once more, nothing is left, in the caches neither.
		for i := range clients {
			if _, err := clients[i].Erase(t.Context(), w.subject); err != nil {
				t.Fatal(err)
			}
		}
		if h, err := clients[0].Holdings(t.Context(), w.subject); err != nil || len(h.Jobs)+len(h.Transfers)+len(h.Deletions) > 0 {
			t.Errorf("left: %+v, %v", h, err)
		}
	}
}

func newest(t *testing.T, marks []tryon.Record) int64 {
	t.Helper()
	last := int64(0)
	for _, m := range marks {
		var f struct{ Generation int64 }
		if err := json.Unmarshal(m.Data, &f); err != nil {
			t.Fatal(err)
		}
		last = max(last, f.Generation)
	}
	return last
}

// A result in the memory of one process is not handed out any more when another
// has erased the person.
func TestEraseEmptiesOtherCaches(t *testing.T) {
	w := newWorld(t)
	store := &tryon.Memory{}
	j := &farJob{job{name: "far", polls: []any{picture()}}}
	options := &tryon.Options{Routes: routes(j), Ledger: w.ledger, Store: store, Cache: tryon.CacheOptions{Entries: 8}}
	client, other := newClient(t, options), newClient(t, options)
	for want := int32(1); want <= 2; want++ {
		for range 2 {
			if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
				t.Fatal(err)
			}
			if n := j.submits.Load(); n != want {
				t.Fatalf("submitted %d times, want %d", n, want)
			}
		}
		if _, err := other.Erase(t.Context(), w.subject); err != nil {
			t.Fatal(err)
		}
	}
}

// What a process wrote and died before it could look for a mark is not picked
// up, and is gone after the next hour's sweep.
func TestSweepFindsWhatCameBack(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		store := &tryon.Memory{}
		client := newClient(t, &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: store})
		id, err := client.Start(t.Context(), w.permit, &w.request)
		if err != nil {
			t.Fatal(err)
		}
		dead, err := store.Get(t.Context(), tryon.KindJob, id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Erase(t.Context(), w.subject); err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		_, err = client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request})
		if !errors.Is(err, tryon.ErrJob) {
			t.Errorf("fetched what was erased: %v", err)
		}
		if err := store.Put(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		for range 49 {
			time.Sleep(time.Hour + time.Minute)
			if _, err := client.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Get(t.Context(), tryon.KindJob, id); !errors.Is(err, tryon.ErrNoRecord) {
				t.Fatalf("still there: %v", err)
			}
		}
		if marks, err := store.Find(t.Context(), tryon.Filter{Kind: tryon.KindForgotten}); err != nil || len(marks) > 0 {
			t.Errorf("after two days %d marks, %v", len(marks), err)
		}
		// And the same person may come again.
		if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
			t.Error(err)
		}
	})
}
