package wire_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// nowhere is a transport that fails the test for whatever is sent.
type nowhere struct{ t *testing.T }

func (n nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("asked %s", r.URL.Host)
	return nil, errors.New("nowhere")
}

// A path that would change the host's name is asked of nobody.
func TestPathStaysOnHost(t *testing.T) {
	base, err := wire.Base("https://api.fake.example", "")
	if err != nil {
		t.Fatal(err)
	}
	s, c := wire.Service{Base: base}, &http.Client{Transport: nowhere{t}}
	for _, path := range []string{".evil.example/v1", "v1", ":8443/v1", "@evil.example/", "?a=b"} {
		var e *tryon.Error
		if _, err := s.Do(t.Context(), c, wire.Call{Path: path}, nil); !errors.As(err, &e) || e.Code != tryon.Internal || e.Reason != "path" || e.Retry {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

// No pictures wanted, none fetched.
func TestFetchNone(t *testing.T) {
	for _, n := range []int{0, -1} {
		var e *tryon.Error
		_, err := wire.Fetch(t.Context(), &http.Client{Transport: nowhere{t}}, []string{"https://api.fake.example/a.png"}, n)
		if !errors.As(err, &e) || e.Code != tryon.NoImage {
			t.Errorf("%d: got %v", n, err)
		}
	}
}
