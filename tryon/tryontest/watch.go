package tryontest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errOwnConnection = errors.New("tryontest: a driver has no connections of its own")

// watched says whether somebody watches: the standard client and resolver are
// the whole process's, and who swaps them in between would restore a watch that
// has ended.
var watched struct {
	sync.Mutex
	by        []*atomic.Int64
	transport http.RoundTripper // before the first
	resolver  *net.Resolver
}

// watch notices, until stop is called, whatever is dialled by name or through
// the standard HTTP client, and lets none of it happen. What is dialled otherwise
// is noticed by the context that the suite gave (see under), or by what the
// goroutines of a case are at now and then (see sample).
//
// Several may watch at once: each counts what any of them would, and the last
// one to stop puts back what was there before the first.
func watch() (stop func() (tried int)) {
	n := new(atomic.Int64)
	watched.Lock()
	defer watched.Unlock()
	if len(watched.by) == 0 {
		watched.transport, watched.resolver = http.DefaultTransport, net.DefaultResolver
		own := &http.Transport{}
		if t, ok := watched.transport.(*http.Transport); ok {
			own = t.Clone()
		}
		own.Proxy, own.DialContext, own.DialTLSContext = nil, noDial, nil
		http.DefaultTransport, net.DefaultResolver = own, &net.Resolver{PreferGo: true, Dial: noDial}
	}
	watched.by = append(watched.by, n)
	sampled := sample()
	return func() int {
		sampled()
		watched.Lock()
		defer watched.Unlock()
		if i := slices.Index(watched.by, n); i >= 0 {
			watched.by = slices.Delete(watched.by, i, i+1)
			if len(watched.by) == 0 {
				http.DefaultTransport, net.DefaultResolver = watched.transport, watched.resolver
			}
		}
		return int(n.Load())
	}
}

// noDial dials nothing.
func noDial(context.Context, string, string) (net.Conn, error) {
	notice()
	return nil, errOwnConnection
}

// notice counts for everybody who watches.
func notice() {
	watched.Lock()
	defer watched.Unlock()
	for _, n := range watched.by {
		n.Add(1)
	}
}

// under is the context of a test, under which connections are noticed, and closed
// before a request is written to them. The gated client has none of its own here.
func under(t *testing.T) context.Context {
	return httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		ConnectStart: func(string, string) { notice() },
		GotConn: func(c httptrace.GotConnInfo) {
			notice()
			_ = c.Conn.Close()
		},
	})
}

// atNetwork are functions of goroutines that have a connection, or make one.
var atNetwork = [][]byte{
	[]byte("\nnet.(*Dialer)."), []byte("\nnet.(*sysDialer)."), []byte("\nnet.(*netFD)."), []byte("\nnet.(*conn)."),
	[]byte("\nnet.(*TCPConn)."), []byte("\nnet.(*UDPConn)."), []byte("\nnet/http.(*persistConn)."),
}

const (
	sampleEvery = time.Millisecond
	// stuckFor is how long a connection may be open in a case: its goroutines wait
	// for the network, so that simulated time stands still, and the case may never end.
	stuckFor = 20 * time.Second
)

// sample looks at the goroutines of cases, and notices those at a network.
func sample() (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		buf := make([]byte, 1<<20)
		var since time.Time // somebody is at the network without a pause
		for tick := time.NewTicker(sampleEvery); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
			switch found := networking(buf[:runtime.Stack(buf, true)]); {
			case !found:
				since = time.Time{}
			case since.IsZero():
				since = time.Now()
				notice()
			case time.Since(since) > stuckFor:
				panic("tryontest: a driver keeps a connection of its own open: all of its traffic goes through Input.HTTP, Handle.HTTP and Erasure.HTTP")
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-over })
}

// networking reports whether one of the goroutines, as runtime.Stack prints them,
// belongs to a case and is at a network.
func networking(stacks []byte) bool {
	for g := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		head, rest, _ := bytes.Cut(g, []byte("\n"))
		if !bytes.Contains(head, []byte("synctest bubble")) {
			continue
		}
		rest, _, _ = bytes.Cut(append([]byte("\n"), rest...), []byte("\ncreated by "))
		if slices.ContainsFunc(atNetwork, func(f []byte) bool { return bytes.Contains(rest, f) }) {
			return true
		}
	}
	return false
}
