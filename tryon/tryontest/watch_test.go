package tryontest

import (
	"net"
	"net/http"
	"testing"
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
