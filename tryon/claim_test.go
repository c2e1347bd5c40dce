package tryon_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// once is a service that gives its picture out once, after a while, to whoever
// asks, and forgets the job then.
type once struct {
	farJob
	ready time.Time
	given atomic.Int32
}

func (j *once) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	j.polled.Add(1)
	if time.Now().Before(j.ready) {
		return nil, tryon.ErrPending
	}
	if j.given.Add(1) == 1 {
		return picture(), nil
	}
	return nil, &tryon.Error{Code: tryon.Internal, Reason: "no-such-job"}
}

// machines are processes with one store, each with a second route to go to. The
// first has started the job.
type machines struct {
	*world
	job    *once
	second atomic.Int32
	list   []*tryon.Client
	id     string
}

func newMachines(t *testing.T, w *world, stores ...tryon.Store) *machines {
	t.Helper()
	m := &machines{world: w, job: &once{farJob: farJob{job{name: "far"}}, ready: time.Now().Add(20 * time.Second)}}
	for _, s := range stores {
		m.list = append(m.list, newClient(t, &tryon.Options{
			Routes: []tryon.Route{{Backend: m.job, Timeout: 2 * time.Minute}, {Backend: drawing("second", &m.second)}}, Ledger: w.ledger, Store: s,
		}))
	}
	var err error
	if m.id, err = m.list[0].Start(t.Context(), w.permit, &w.request); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machines) wait(ctx context.Context, i int) error {
	_, err := m.list[i].Wait(ctx, m.permit, &tryon.Pickup{Job: m.id, Subject: m.subject, Request: &m.request})
	return err
}

// check wants that the photo was handed over once, to one service, and that
// nothing is left of who waited.
func (m *machines) check(t *testing.T, s tryon.Store) {
	t.Helper()
	if m.job.submits.Load() != 1 || m.second.Load() != 0 || m.job.given.Load() != 1 {
		t.Errorf("handed over %d times, and %d times to another; given out %d times", m.job.submits.Load(), m.second.Load(), m.job.given.Load())
	}
	if left, err := s.Find(t.Context(), tryon.Filter{Kind: tryon.KindClaim}); err != nil || len(left) > 0 {
		t.Errorf("%d claims are left, %v", len(left), err)
	}
	h, err := m.list[0].Holdings(t.Context(), m.subject)
	if err != nil || len(h.Jobs) != 1 || h.Jobs[0].State != tryon.JobDone {
		t.Errorf("on record %+v, %v", h, err)
	}
}

// Two processes that wait for one job fetch it once between them, whoever comes
// first, and the other takes it to no other service.
func TestTwoProcessesWait(t *testing.T) {
	w := newWorld(t)
	for _, after := range [][2]time.Duration{{0, 0}, {0, time.Second}, {time.Second, 0}, {0, time.Minute}, {time.Minute, 0}} {
		synctest.Test(t, func(t *testing.T) {
			store := &tryon.Memory{}
			m := newMachines(t, w, store, store)
			var all sync.WaitGroup
			var pictures, gone atomic.Int32
			for i := range 2 {
				all.Go(func() {
					time.Sleep(after[i])
					switch err := m.wait(t.Context(), i); {
					case err == nil:
						pictures.Add(1)
					case errors.Is(err, tryon.ErrJob):
						gone.Add(1)
					default:
						t.Errorf("after %v: %v", after, err)
					}
				})
			}
			all.Wait()
			if pictures.Load() != 1 || gone.Load() != 1 {
				t.Errorf("after %v: %d pictures, %d too late", after, pictures.Load(), gone.Load())
			}
			m.check(t, store)
		})
	}
}

// So do many at once, of which some give up and come back.
func TestManyProcessesWait(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			store := &tryon.Memory{}
			stores := make([]tryon.Store, 12)
			for i := range stores {
				stores[i] = &distant{store}
			}
			m := newMachines(t, w, stores...)
			var all sync.WaitGroup
			var pictures, gone atomic.Int32
			for i := range stores {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%4*7+1)*time.Second)
					defer cancel()
					err := m.wait(ctx, i)
					if errors.Is(err, context.DeadlineExceeded) {
						err = m.wait(t.Context(), i)
					}
					switch {
					case err == nil:
						pictures.Add(1)
					case errors.Is(err, tryon.ErrJob):
						gone.Add(1)
					default:
						t.Errorf("%d: %v", i, err)
					}
				})
			}
			all.Wait()
			if pictures.Load() != 1 || int(gone.Load()) != len(stores)-1 {
				t.Errorf("%d pictures, %d too late", pictures.Load(), gone.Load())
			}
			m.check(t, store)
		})
	}
}

// distant is a store whose answers take a while.
type distant struct{ *tryon.Memory }

func far() { time.Sleep(rand.N(300 * time.Millisecond)) }

func (s *distant) Put(ctx context.Context, r ...tryon.Record) error {
	far()
	defer far()
	return s.Memory.Put(ctx, r...)
}

func (s *distant) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	far()
	defer far()
	return s.Memory.Find(ctx, f)
}

// cutOff is one process's way to a store, which may be cut.
type cutOff struct {
	*tryon.Memory
	cut atomic.Bool
}

func (s *cutOff) Put(ctx context.Context, r ...tryon.Record) error {
	if s.cut.Load() {
		return errAway
	}
	return s.Memory.Put(ctx, r...)
}

func (s *cutOff) Get(ctx context.Context, k tryon.Kind, id string) (tryon.Record, error) {
	if s.cut.Load() {
		return tryon.Record{}, errAway
	}
	return s.Memory.Get(ctx, k, id)
}

func (s *cutOff) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	if s.cut.Load() {
		return nil, errAway
	}
	return s.Memory.Find(ctx, f)
}

func (s *cutOff) Delete(ctx context.Context, k tryon.Kind, ids ...string) error {
	if s.cut.Load() {
		return errAway
	}
	return s.Memory.Delete(ctx, k, ids...)
}

// Of a process that is cut off, or died, another one takes over soon. When it
// comes back, it has lost the job, and does nothing about it.
func TestWaitTakenOver(t *testing.T) {
	w := newWorld(t)
	for _, comesBack := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := &tryon.Memory{}
			first := &cutOff{Memory: store}
			m := newMachines(t, w, first, store)
			m.job.ready = time.Now().Add(12 * time.Second)
			ctx, die := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() {
				err := m.wait(ctx, 0)
				if comesBack && !errors.Is(err, tryon.ErrJob) || !comesBack && err == nil {
					t.Errorf("comes back %v: %v", comesBack, err)
				}
			})
			time.Sleep(3 * time.Second)
			first.cut.Store(true)
			if !comesBack {
				die()
			}
			all.Go(func() {
				start := time.Now()
				if err := m.wait(t.Context(), 1); err != nil {
					t.Errorf("comes back %v: the other: %v", comesBack, err)
				}
				if d := time.Since(start); d > 15*time.Second {
					t.Errorf("comes back %v: fetched after %v", comesBack, d)
				}
			})
			if comesBack {
				time.Sleep(8 * time.Second)
				first.cut.Store(false)
			}
			all.Wait()
			die()
			first.cut.Store(false)
			m.check(t, store)
		})
	}
}

// What a process left that died while it waited, and nobody asked for since, is
// swept away.
func TestClaimsSwept(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		store := &tryon.Memory{}
		first := &cutOff{Memory: store}
		m := newMachines(t, w, first, store)
		ctx, die := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = m.wait(ctx, 0) })
		time.Sleep(3 * time.Second)
		first.cut.Store(true)
		die()
		all.Wait()
		if left, err := store.Find(t.Context(), tryon.Filter{Kind: tryon.KindClaim}); err != nil || len(left) != 1 {
			t.Fatalf("%d claims, %v: the test sees nothing", len(left), err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := m.list[1].Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := store.Find(t.Context(), tryon.Filter{Kind: tryon.KindClaim}); err != nil || len(left) > 0 {
			t.Errorf("%d claims are left, %v", len(left), err)
		}
	})
}

// slowFind is a store of whose lists the second is old when it arrives.
type slowFind struct {
	*cutOff
	finds atomic.Int32
}

func (s *slowFind) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	list, err := s.cutOff.Find(ctx, f)
	if f.Kind == tryon.KindClaim && s.finds.Add(1) == 2 {
		time.Sleep(7 * time.Second)
	}
	return list, err
}

// Whoever waits behind a process that lives does not take the job from it: not when
// its own store fails meanwhile, nor when that is slow.
func TestWaitBehind(t *testing.T) {
	w := newWorld(t)
	for _, slow := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			store := &tryon.Memory{}
			behind := &cutOff{Memory: store}
			var first tryon.Store = behind
			if slow {
				first = &slowFind{cutOff: behind}
			}
			m := newMachines(t, w, first, store)
			var all sync.WaitGroup
			all.Go(func() {
				if err := m.wait(t.Context(), 1); err != nil {
					t.Errorf("slow %v: the one that came first: %v", slow, err)
				}
			})
			time.Sleep(time.Second)
			all.Go(func() {
				err := m.wait(t.Context(), 0)
				var e *tryon.Error
				if !slow && (!errors.As(err, &e) || e.Code != tryon.StoreFailed || e.Job != m.id) || slow && !errors.Is(err, tryon.ErrJob) {
					t.Errorf("slow %v: the other: %v", slow, err)
				}
			})
			time.Sleep(3 * time.Second)
			behind.cut.Store(!slow)
			all.Wait()
			behind.cut.Store(false)
			m.check(t, store)
		})
	}
}
