package tryon_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/tryon"
)

// Which faults are taken to the next route, and which end the render.
func TestFallback(t *testing.T) {
	tests := []struct {
		code tryon.Code
		next bool
	}{
		{tryon.BadRequest, false},
		{tryon.BadPhoto, false},
		{tryon.BadProduct, false},
		{tryon.BlockedInput, false},
		{tryon.BlockedOutput, false},
		{tryon.BlockedPrompt, false},
		{tryon.BlockedCopyright, false},
		{tryon.AcceptedUnknown, false},
		{tryon.NoImage, true},
		{tryon.BadOutput, true},
		{tryon.Unsupported, true},
		{tryon.Unauthenticated, true},
		{tryon.Forbidden, true},
		{tryon.RateLimited, true},
		{tryon.QuotaExhausted, true},
		{tryon.ModelRetired, true},
		{tryon.Unavailable, true},
		{tryon.Timeout, true},
		{tryon.Internal, true},
		{tryon.Unknown, true}, // counts as Internal
		{200, true},           // and so does a code that does not exist
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.code.String(), func(t *testing.T) {
			var first, second atomic.Int32
			client := w.client(t, failing("first", &tryon.Error{Code: test.code}, &first), drawing("second", &second))
			result, err := client.Render(t.Context(), w.permit, &w.request)
			if test.next {
				if err != nil || result.Backend != "second" || len(result.Attempts) != 2 {
					t.Fatalf("got %v, %v; want the second backend's picture", result, err)
				}
				return
			}
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != test.code || e.Backend != "first" || len(e.Attempts) != 1 {
				t.Fatalf("got %v, want the first backend's fault", err)
			}
			if second.Load() != 0 {
				t.Error("the second backend was asked")
			}
		})
	}
}

// scoped overrides the scope of every fault of a backend.
type scoped struct {
	tryon.Backend
	scope tryon.Scope
}

func (s scoped) Classify(err error) tryon.Fault {
	f := s.Backend.Classify(err)
	f.Scope = s.scope
	return f
}

// A backend may say how far its fault reaches, except for moderation: what one
// provider blocked is never taken to another.
func TestScope(t *testing.T) {
	tests := []struct {
		code  tryon.Code
		scope tryon.Scope
		next  bool
	}{
		{tryon.BadPhoto, tryon.ScopeRoute, true},
		{tryon.Unavailable, tryon.ScopeRequest, false},
		{tryon.BlockedInput, tryon.ScopeRoute, false},
		{tryon.BlockedOutput, tryon.ScopeRoute, false},
		{tryon.Unavailable, 77, true}, // no such scope
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(fmt.Sprint(test.code, test.scope), func(t *testing.T) {
			var first, second atomic.Int32
			backend := scoped{failing("first", &tryon.Error{Code: test.code}, &first), test.scope}
			_, err := w.client(t, backend, drawing("second", &second)).Render(t.Context(), w.permit, &w.request)
			if (err == nil) != test.next || (second.Load() == 1) != test.next {
				t.Errorf("got %v, second asked %d times", err, second.Load())
			}
		})
	}
}

// Routes that do not do the task are not asked.
func TestRouteMustSuit(t *testing.T) {
	w := newWorld(t)
	p := local("bottoms")
	p.Garments = []tryon.Garment{tryon.Bottom}
	room := local("room")
	room.Tasks = []tryon.Task{tryon.InRoom}
	var calls atomic.Int32
	never := func(p tryon.Profile) tryon.Backend {
		return tryon.NewBackend(p, func(context.Context, *tryon.Input) (*tryon.Output, error) {
			t.Errorf("%s was asked", p.Name)
			return nil, nil
		})
	}
	result, err := w.client(t, never(p), never(room), drawing("tops", &calls)).Render(t.Context(), w.permit, &w.request)
	if err != nil || result.Backend != "tops" || len(result.Attempts) != 1 {
		t.Fatalf("got %v, %v", result, err)
	}
}

// job is a backend that accepts work and is asked for it later.
type job struct {
	name    string
	polls   []any // *tryon.Output or error, one after the other; the last repeats
	submits atomic.Int32
	polled  atomic.Int32
}

func (j *job) Describe() tryon.Profile { return local(j.name) }

func (j *job) Submit(context.Context, *tryon.Input) (*tryon.Handle, error) {
	j.submits.Add(1)
	return &tryon.Handle{ID: "job-1"}, nil
}

func (j *job) Poll(_ context.Context, h *tryon.Handle) (*tryon.Output, error) {
	n := int(j.polled.Add(1)) - 1
	switch v := j.polls[min(n, len(j.polls)-1)].(type) {
	case *tryon.Output:
		return v, nil
	case error:
		return nil, v
	}
	return nil, nil
}

func (j *job) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

func TestPoll(t *testing.T) {
	down := &tryon.Error{Code: tryon.Unavailable, Retry: true}
	tests := []struct {
		name   string
		polls  []any
		code   tryon.Code // Unknown: it succeeds
		next   bool       // the second route is asked
		polled int32
		took   time.Duration
	}{
		{"at once", []any{picture()}, tryon.Unknown, false, 1, 0},
		{"after some time", []any{tryon.Pending(2 * time.Second), tryon.Pending(3 * time.Second), picture()}, tryon.Unknown, false, 3, 5 * time.Second},
		{"wrapped", []any{fmt.Errorf("vendor: %w", tryon.Pending(time.Second)), picture()}, tryon.Unknown, false, 2, time.Second},
		{"the sentinel itself", []any{tryon.ErrPending, picture()}, tryon.Unknown, false, 2, 500 * time.Millisecond},
		{"absurd wait", []any{tryon.Pending(1000 * time.Hour), picture()}, tryon.Unknown, false, 2, 15 * time.Second},
		{"stumbles", []any{down, down, picture()}, tryon.Unknown, false, 3, 1250 * time.Millisecond},
		{"job failed", []any{tryon.Pending(0), &tryon.Error{Code: tryon.NoImage}}, tryon.NoImage, true, 2, 500 * time.Millisecond},
		{"blocked", []any{&tryon.Error{Code: tryon.BlockedOutput}}, tryon.BlockedOutput, false, 1, 0},
		{"job lost", []any{&tryon.Error{Code: tryon.AcceptedUnknown}}, tryon.AcceptedUnknown, false, 1, 0},
		// Nobody knows whether the job runs on: it is not given to another one.
		{"stays down", []any{down}, tryon.Unavailable, false, 5, 0},
		{"neither output nor error", []any{nil}, tryon.NoImage, true, 1, 0},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var second atomic.Int32
				j := &job{name: "first", polls: test.polls}
				client := newClient(t, &tryon.Options{Routes: routes(j, drawing("second", &second)), Ledger: w.ledger})
				start := time.Now()
				result, err := client.Render(t.Context(), w.permit, &w.request)
				took := time.Since(start)
				switch {
				case test.code == tryon.Unknown:
					if err != nil || result.Backend != "first" {
						t.Fatalf("got %v, %v", result, err)
					}
				case test.next:
					if err != nil || result.Backend != "second" {
						t.Fatalf("got %v, %v; want the second backend's picture", result, err)
					}
				default:
					var e *tryon.Error
					if !errors.As(err, &e) || e.Code != test.code {
						t.Fatalf("got %v, want %v", err, test.code)
					}
				}
				if (second.Load() == 1) != test.next {
					t.Errorf("the second backend was asked %d times", second.Load())
				}
				if j.submits.Load() != 1 || j.polled.Load() != test.polled {
					t.Errorf("submitted %d times, polled %d, want 1 and %d", j.submits.Load(), j.polled.Load(), test.polled)
				}
				if test.took != 0 && took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
			})
		})
	}
}

// A job that never ends is given up when the context or the route's time ends,
// and not given to another backend.
func TestEndless(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var second atomic.Int32
		j := &job{name: "first", polls: []any{tryon.ErrPending}}
		client := newClient(t, &tryon.Options{
			Ledger: w.ledger,
			Routes: []tryon.Route{{Backend: j, Timeout: time.Minute}, {Backend: drawing("second", &second)}},
		})
		start := time.Now()
		_, err := client.Render(t.Context(), w.permit, &w.request)
		var e *tryon.Error
		if !errors.As(err, &e) || e.Code != tryon.Timeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a timeout", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
		if second.Load() != 0 {
			t.Error("an accepted job was given to another backend")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := client.Render(ctx, w.permit, &w.request); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
	})
}

// A slow backend is left behind when the caller gives up, whether it listens to
// its context or not; its late answer is dropped.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	for _, listens := range []bool{true, false} {
		t.Run(fmt.Sprintf("listens %v", listens), func(t *testing.T) {
			started, release, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
			slow := tryon.NewBackend(local("slow"), func(ctx context.Context, _ *tryon.Input) (*tryon.Output, error) {
				defer close(left)
				close(started)
				if listens {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				<-release
				return picture(), nil
			})
			var second atomic.Int32
			client := w.client(t, slow, drawing("second", &second))
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-started; cancel() }()
			result, err := client.Render(ctx, w.permit, &w.request)
			var e *tryon.Error
			if result != nil || !errors.As(err, &e) || e.Code != tryon.Canceled || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", result, err)
			}
			if second.Load() != 0 {
				t.Error("another backend was asked for a caller who is gone")
			}
			close(release)
			<-left
		})
	}
}

// A backend's panic reaches the caller's goroutine, where a server can recover
// from it.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	backend := tryon.NewBackend(local("broken"), func(context.Context, *tryon.Input) (*tryon.Output, error) { panic("broken") })
	defer func() {
		if v := recover(); v != "broken" {
			t.Errorf("recovered %v", v)
		}
	}()
	_, _ = w.client(t, backend).Render(t.Context(), w.permit, &w.request)
	t.Error("no panic")
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var seen []string
	var calls atomic.Int32
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	client := newClient(t, &tryon.Options{
		Ledger: w.ledger,
		Routes: routes(failing("down", &tryon.Error{Code: tryon.Unavailable}, &calls), drawing("near", &calls)),
		Now:    func() time.Time { mu.Lock(); defer mu.Unlock(); now = now.Add(time.Second); return now },
		Observe: func(e tryon.Event) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprintf("%s %s %s", e.Stage, e.Backend, e.Outcome))
		},
	})
	result, err := client.Render(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"attempt down unavailable", "release near ok", "attempt near ok", "render near ok"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	for i, a := range result.Attempts {
		if !a.Start.After(now.Add(-time.Minute)) || a.Duration <= 0 {
			t.Errorf("attempt %d: start %v, duration %v", i, a.Start, a.Duration)
		}
	}
}
