package consent_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// cpuTime reports the thread's own processor time for each round of a
// benchmark, which the other work on a shared machine lengthens little. It is
// called before the loop, and what it returns after it. Linux only.
func cpuTime(b *testing.B) (report func()) {
	runtime.LockOSThread()
	const thread = 1 // RUSAGE_THREAD
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(thread, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() {
		b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op")
		runtime.UnlockOSThread()
	}
}
