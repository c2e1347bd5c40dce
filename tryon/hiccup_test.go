package tryon_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// hiccup is a store that is away, or fails to find the marks of erased people
// just once.
type hiccup struct {
	tryon.Memory
	away  atomic.Bool
	finds atomic.Int32
	fails atomic.Int32 // which of them; 0: none
	puts  int
	lost  [2]int // which Put fail
}

var errAway = errors.New("away")

func (s *hiccup) Put(ctx context.Context, r ...tryon.Record) error {
	if s.puts++; s.away.Load() || s.puts == s.lost[0] || s.puts == s.lost[1] {
		return errAway
	}
	return s.Memory.Put(ctx, r...)
}

func (s *hiccup) Get(ctx context.Context, k tryon.Kind, id string) (tryon.Record, error) {
	if s.away.Load() {
		return tryon.Record{}, errAway
	}
	return s.Memory.Get(ctx, k, id)
}

func (s *hiccup) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	if s.away.Load() || f.Kind == tryon.KindForgotten && s.finds.Add(1) == s.fails.Load() {
		return nil, errAway
	}
	return s.Memory.Find(ctx, f)
}

// Whichever question of the store fails, a picture that was drawn is handed out,
// and nothing is on record of a photo that was not sent.
func TestPictureSurvivesTheStore(t *testing.T) {
	w := newWorld(t)
	before, drawn := 0, 0
	for n := range int32(8) {
		s := &hiccup{}
		s.fails.Store(n + 1)
		sent := false
		backend := tryon.NewBackend(remote("far", "api.renderer.example"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
			sent = true
			return picture(), nil
		})
		client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, Store: s})
		result, err := client.Render(t.Context(), w.permit, &w.request)
		if sent {
			drawn++
			if result == nil {
				t.Errorf("question %d failed, and the picture is lost: %v", n+1, err)
			}
			continue
		}
		before++
		if !errors.Is(err, errAway) {
			t.Errorf("question %d: %v", n+1, err)
		}
		if h, err := client.Holdings(t.Context(), w.subject); err != nil || len(h.Jobs)+len(h.Deletions) > 0 {
			t.Errorf("question %d: on record of what was not sent: %+v, %v", n+1, h, err)
		}
	}
	if before < 1 || drawn < 2 {
		t.Errorf("%d failed before, %d drew: the test sees nothing", before, drawn)
	}
}

// leaving is a job that can be deleted by its name, but not just now.
type leaving struct{ farJob }

func (j *leaving) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	h, err := j.farJob.Submit(ctx, in)
	if err == nil {
		h.Left = []tryon.Leftover{{Kind: "output", ID: h.ID}}
	}
	return h, err
}

func (j *leaving) Erase(context.Context, *tryon.Erasure) error {
	return &tryon.Error{Code: tryon.Unavailable, Retry: true}
}

// Whichever two writes fail, a job whose name is on record has what it left
// behind in the queue.
func TestLeftoversSurviveTheStore(t *testing.T) {
	w := newWorld(t)
	named := 0
	for first := 2; first < 8; first++ {
		for second := first + 1; second < 10; second++ {
			s := &hiccup{lost: [2]int{first, second}}
			client := newClient(t, &tryon.Options{Routes: routes(&leaving{farJob{job{name: "far", polls: []any{picture()}}}}), Ledger: w.ledger, Store: s})
			if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
				t.Fatal(err)
			}
			h, err := client.Holdings(t.Context(), w.subject)
			if err != nil {
				t.Fatal(err)
			}
			queued := 0
			for i := range h.Deletions {
				if h.Deletions[i].Remote == "job-1" && h.Deletions[i].State == tryon.DeletionQueued {
					queued++
				}
			}
			for i := range h.Jobs {
				if h.Jobs[i].Remote == "" {
					continue
				}
				if named++; queued != 1 {
					t.Errorf("writes %d and %d failed: %d in the queue", first, second, queued)
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("%d jobs with a name: the test sees nothing", named)
	}
}

// A store that fails while somebody waits takes no job along.
func TestWaitSurvivesTheStore(t *testing.T) {
	w := newWorld(t)
	for n := range int32(8) {
		s := &hiccup{}
		client := newClient(t, &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: s})
		id, err := client.Start(t.Context(), w.permit, &w.request)
		if err != nil {
			t.Fatal(err)
		}
		s.fails.Store(s.finds.Load() + 1 + n)
		var result *tryon.Result
		for range 2 {
			if result == nil {
				result, err = client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject})
			}
		}
		if result == nil {
			t.Errorf("question %d failed, and the job is lost: %v", n+1, err)
		}
	}
}

// awayFrom is a job whose store goes away when it is submitted.
type awayFrom struct {
	farJob
	store *hiccup
}

func (j *awayFrom) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	j.store.away.Store(true)
	return j.farJob.Submit(ctx, in)
}

func TestStartSurvivesTheStore(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		s := &hiccup{}
		j := &awayFrom{farJob{job{name: "far", polls: []any{picture()}}}, s}
		client := newClient(t, &tryon.Options{Routes: routes(j), Ledger: w.ledger, Store: s})
		_, err := client.Start(t.Context(), w.permit, &w.request)
		var e *tryon.Error
		if !errors.As(err, &e) || e.Code != tryon.StoreFailed || e.Job == "" {
			t.Fatalf("Start: %v", err)
		}
		pick := &tryon.Pickup{Job: e.Job, Subject: w.subject, Request: &w.request}
		result, err := client.Wait(t.Context(), w.permit, pick)
		if s.away.Store(false); result == nil {
			result, err = client.Wait(t.Context(), w.permit, pick)
		}
		if result == nil || j.submits.Load() != 1 {
			t.Errorf("submitted %d times, and no picture: %v", j.submits.Load(), err)
		}
	})
}

// Work that had begun when its person was erased ends, also when it had written
// nothing yet.
func TestEraseBeforeTheFirstRecord(t *testing.T) {
	w := newWorld(t)
	for n := range int32(8) {
		store := &tryon.Memory{}
		j := &farJob{job{name: "far", polls: []any{picture()}}}
		other := newClient(t, &tryon.Options{Routes: routes(j), Ledger: w.ledger, Store: store})
		var times atomic.Int32
		client := newClient(t, &tryon.Options{Routes: routes(j), Ledger: w.ledger, Store: store, Now: func() time.Time {
			if times.Add(1) == 3+n { // of which the first are before Render takes the request
				if _, err := other.Erase(t.Context(), w.subject); err != nil {
					t.Error(err)
				}
			}
			return time.Now()
		}})
		times.Store(0)
		_, err := client.Render(t.Context(), w.permit, &w.request)
		if times.Load() < 3+n {
			continue
		}
		h, e := client.Holdings(t.Context(), w.subject)
		if !errors.Is(err, tryon.ErrJob) || e != nil || len(h.Jobs) > 0 {
			t.Errorf("erased at look %d at the clock: Render %v; %d jobs on record, %v", 3+n, err, len(h.Jobs), e)
		}
	}
}

func TestWaitForSomebodyErased(t *testing.T) {
	w := newWorld(t)
	client := newClient(t, &tryon.Options{Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: &tryon.Memory{}})
	id, err := client.Start(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Erase(t.Context(), w.subject); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Wait(t.Context(), w.permit, &tryon.Pickup{Job: id, Subject: w.subject}); !errors.Is(err, tryon.ErrJob) {
		t.Errorf("%v, want %v", err, tryon.ErrJob)
	}
}

// A clock that was ahead and is put right leaves nothing that Erase does not find.
func TestEraseAfterTheClockWentBack(t *testing.T) {
	w := newWorld(t)
	var ahead atomic.Int64
	client := newClient(t, &tryon.Options{
		Routes: routes(&farJob{job{name: "far", polls: []any{picture()}}}), Ledger: w.ledger, Store: &tryon.Memory{},
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	ahead.Store(int64(365 * 24 * time.Hour))
	if _, err := client.Erase(t.Context(), w.subject); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(49 * time.Hour))
	if _, err := client.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	ahead.Store(0)
	if _, err := client.Erase(t.Context(), w.subject); err != nil {
		t.Fatal(err)
	}
	if h, err := client.Holdings(t.Context(), w.subject); err != nil || len(h.Jobs)+len(h.Transfers)+len(h.Deletions) > 0 {
		t.Errorf("left: %+v, %v", h, err)
	}
}
