package tryontest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
)

var errOwnConnection = errors.New("tryontest: a driver has no connections of its own")

// watch notices, until stop is called, whatever is dialled by name or through
// the standard HTTP client, and lets none of it happen. Addresses that are
// numbers, dialled past the standard client, it does not see.
func watch() (stop func() (tried int)) {
	var n atomic.Int64
	dial := func(context.Context, string, string) (net.Conn, error) {
		n.Add(1)
		return nil, errOwnConnection
	}
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	own := &http.Transport{}
	if t, ok := transport.(*http.Transport); ok {
		own = t.Clone()
	}
	own.Proxy, own.DialContext, own.DialTLSContext = nil, dial, nil
	http.DefaultTransport, net.DefaultResolver = own, &net.Resolver{PreferGo: true, Dial: dial}
	return func() int {
		http.DefaultTransport, net.DefaultResolver = transport, resolver
		return int(n.Load())
	}
}
