package tryontest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A driver that opens a connection of its own is noticed, however it does.
func TestWatch(t *testing.T) {
	stop := watch()
	ways := map[string]func() error{
		"the standard client": func() error { _, err := http.Get("http://127.0.0.1:9/"); return err },
		"a copy of its transport": func() error {
			c := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
			_, err := c.Get("http://127.0.0.1:9/")
			return err
		},
		"a transport of its own": func() error {
			c := &http.Client{Transport: &http.Transport{}}
			_, err := c.Get("http://renderer.invalid/")
			return err
		},
		"a dial": func() error { _, err := net.Dial("tcp", "renderer.invalid:443"); return err },
	}
	for name, way := range ways {
		if way() == nil {
			t.Errorf("%s: went through", name)
		}
	}
	if n := stop(); n < len(ways) {
		t.Errorf("%d attempts noticed of %d", n, len(ways))
	}
}

// So are connections to addresses that are numbers: by the suite's context before
// anything is written to them, and without it by what goroutines of a case do.
func TestWatchNumbers(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		arrived.Add(n)
	}))
	defer server.Close()
	post := func(ctx context.Context, tr *http.Transport) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("photo"))
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := (&http.Client{Transport: tr}).Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	kept := &http.Transport{}
	for name, way := range map[string]func(ctx context.Context){
		"a transport that keeps connections": func(ctx context.Context) { post(ctx, kept) },
		"one for each request":               func(ctx context.Context) { post(ctx, &http.Transport{}) },
		"when the call is over":              func(ctx context.Context) { post(context.WithoutCancel(ctx), &http.Transport{DisableKeepAlives: true}) },
		"a dial": func(ctx context.Context) {
			if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String()); err == nil {
				_ = c.Close()
			}
		},
	} {
		stop := watch()
		synctest.Test(t, func(t *testing.T) { way(under(t)) })
		if n := stop(); n == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
	if n := arrived.Load(); n > 0 {
		t.Errorf("%d bytes arrived", n)
	}
	// Without the suite's context it takes a few; a suite has a hundred occasions.
	stop := watch()
	synctest.Test(t, func(*testing.T) {
		var seen bool
		for i := 0; i < 100_000 && !seen; i++ {
			post(context.Background(), &http.Transport{DisableKeepAlives: true})
			watched.Lock()
			seen = watched.by[len(watched.by)-1].Load() > 0
			watched.Unlock()
		}
	})
	if stop() == 0 {
		t.Error("a connection under no context of ours is never noticed")
	}
	if arrived.Load() == 0 {
		t.Error("the test sees nothing")
	}
}

// Watches that overlap leave the process as they found it, whichever ends first.
func TestWatches(t *testing.T) {
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	for _, firstEndsFirst := range []bool{true, false} {
		a, b := watch(), watch()
		if !firstEndsFirst {
			a, b = b, a
		}
		_ = a()
		if _, err := http.Get("http://127.0.0.1:9/"); err == nil || b() != 1 {
			t.Errorf("first ends first %v: the one that goes on noticed nothing: %v", firstEndsFirst, err)
		}
		_ = b() // a second time does nothing
		if http.DefaultTransport != transport || net.DefaultResolver != resolver {
			t.Errorf("first ends first %v: the process's own client and resolver are not back", firstEndsFirst)
		}
	}
}
