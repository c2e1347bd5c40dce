package tryontest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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
// the standard HTTP client, and lets none of it happen. Addresses that are
// numbers, dialled past the standard client, it does not see.
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
	return func() int {
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

// noDial counts for everybody who watches, and dials nothing.
func noDial(context.Context, string, string) (net.Conn, error) {
	watched.Lock()
	defer watched.Unlock()
	for _, n := range watched.by {
		n.Add(1)
	}
	return nil, errOwnConnection
}
