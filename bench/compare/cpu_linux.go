package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// thread runs f and returns the CPU time this thread spent on it, in seconds.
// Work that f hands to other threads does not count; single-threaded sessions
// hand over none.
func thread(f func() error) (float64, error) {
	return clocked(unix.CLOCK_THREAD_CPUTIME_ID, f)
}

// process is the same for all threads of this process together.
func process(f func() error) (float64, error) {
	return clocked(unix.CLOCK_PROCESS_CPUTIME_ID, f)
}

// elapsed is the time that passes, for work that other threads do as well. The
// threads of the other side go on looking for work for a while after a run, on
// cores that f needs: they are given time to go to sleep, and f a run to warm up.
func elapsed(f func() error) (float64, error) {
	time.Sleep(50 * time.Millisecond)
	if err := f(); err != nil {
		return 0, err
	}
	return clocked(unix.CLOCK_MONOTONIC, f)
}

func clocked(clock int32, f func() error) (float64, error) {
	var before, after unix.Timespec
	if err := unix.ClockGettime(clock, &before); err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	if err := unix.ClockGettime(clock, &after); err != nil {
		return 0, err
	}
	return float64(after.Nano()-before.Nano()) / 1e9, nil
}
