package fast

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// team are the workers of a session. The goroutine that calls Run is the first;
// the others live as long as the call. Between operations lie microseconds, so
// that workers wait in a loop at first and only sleep when that takes long.
type team struct {
	session *Session
	loops   []func() // of the workers but the first
	size    int      // workers in this run
	over    bool
	step    int // of the program

	job      atomic.Uint32 // counts the operations given out
	left     atomic.Int32  // workers that have not finished theirs
	mu       sync.Mutex
	change   *sync.Cond // of job or left
	sleeping atomic.Int32
	gone     sync.WaitGroup
}

// spins is how often a worker looks before it sleeps: some 300 µs. To wake it
// takes a tenth of that, and workers wait longer where their parts are unequal.
const spins = 200000

// politely is how often it looks before it lets other goroutines run, some 50 µs. For a
// goroutine that is locked to its thread that takes two changes of threads.
const politely = 1 << 15

func newTeam(s *Session) *team {
	t := &team{session: s}
	t.change = sync.NewCond(&t.mu)
	for i := 1; i < s.program.Threads; i++ {
		w := &s.workers[i]
		t.loops = append(t.loops, func() { t.work(w) })
	}
	return t
}

// start wakes the workers there are processors for.
func (t *team) start() {
	t.size = min(1+len(t.loops), runtime.GOMAXPROCS(0))
	t.over = false
	t.job.Store(0)
	for _, f := range t.loops[:t.size-1] {
		t.gone.Add(1)
		go f()
	}
}

// stop returns when the workers are gone.
func (t *team) stop() {
	if t.size > 1 {
		t.over = true
		t.announce()
		t.gone.Wait()
	}
}

// announce gives an operation out, or the end.
func (t *team) announce() {
	t.job.Add(1)
	t.wake()
}

func (t *team) wake() {
	if t.sleeping.Load() > 0 {
		t.mu.Lock()
		t.change.Broadcast()
		t.mu.Unlock()
	}
}

// wait returns when ready does so. Who says that it is ready first changes what
// ready reads and then looks for sleepers; a sleeper counts itself first and
// then looks whether it is ready. One of them sees the other.
func (t *team) wait(ready func(*team, uint32) bool, last uint32) {
	for i := range spins {
		if ready(t, last) {
			return
		}
		if i%politely == politely-1 {
			runtime.Gosched()
		}
	}
	t.mu.Lock()
	t.sleeping.Add(1)
	for !ready(t, last) {
		t.change.Wait()
	}
	t.sleeping.Add(-1)
	t.mu.Unlock()
}

func newJob(t *team, last uint32) bool { return t.job.Load() != last }
func allDone(t *team, _ uint32) bool   { return t.left.Load() == 0 }

// run does an operation with all workers, each a contiguous part of it.
func (t *team) run(step int, o op) {
	first := &t.session.workers[0]
	if t.size == 1 || o.units() == 1 {
		first.do(step, o, 0, o.units())
		return
	}
	t.step = step
	t.left.Store(int32(t.size - 1))
	t.announce()
	first.share(t, o)
	t.wait(allDone, 0)
}

// share does the worker's part of an operation.
func (w *worker) share(t *team, o op) {
	units := o.units()
	// No more of them have scratch memory than there are units.
	if parts := min(t.size, units); w.index < parts {
		w.do(t.step, o, w.index*units/parts, (w.index+1)*units/parts)
	}
}

// work is what a goroutine does until the run is over.
func (t *team) work(w *worker) {
	defer t.gone.Done()
	for last := uint32(0); ; last++ {
		t.wait(newJob, last)
		if t.over {
			return
		}
		w.share(t, t.session.program.ops[t.step])
		if t.left.Add(-1) == 0 {
			t.wake()
		}
	}
}
