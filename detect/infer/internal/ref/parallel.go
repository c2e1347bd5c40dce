package ref

import "sync"

// spread splits [0, n) into contiguous parts, one a goroutine, at most threads
// of them, none smaller than least. It returns when all are done.
func spread(threads, n, least int, part func(lo, hi int)) {
	if least > 1 {
		threads = min(threads, n/least)
	}
	threads = min(threads, n)
	if threads <= 1 {
		part(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := 1; i < threads; i++ {
		wg.Go(func() { part(i*n/threads, (i+1)*n/threads) })
	}
	part(0, n/threads)
	wg.Wait()
}
