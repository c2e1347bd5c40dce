package tryon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/fitveil/fitveil/tryon"
)

// uploading sends a file, and then asks for the work.
type uploading struct {
	farJob
	address string
}

func (u *uploading) Describe() tryon.Profile { return remote(u.name, u.address[len("https://"):]) }

func (u *uploading) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	for _, path := range []string{"/files", "/jobs"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.address+path, bytes.NewReader(in.Photo.Photo().Bytes()))
		if err != nil {
			return nil, err
		}
		resp, err := in.HTTP.Do(req)
		if err != nil {
			return nil, errors.New("it failed") // whatever it was
		}
		_ = resp.Body.Close()
	}
	return u.farJob.Submit(ctx, in)
}

// A request that was taken back is not sent, and not any further, by no route;
// nor one of somebody erased while it is asked.
func TestTakenBack(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name  string
		asked int32 // how often it stands
		erase bool
		sent  int32
		want  error
	}{
		{"it stands", 99, false, 2, nil},
		{"before", 0, false, 0, errOrder},
		{"before the first request", 1, false, 0, errOrder},
		{"between two", 2, false, 1, errOrder},
		{"erased while it is asked", 99, true, 0, tryon.ErrJob},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent, asked, second atomic.Int32
			server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if n, _ := io.Copy(io.Discard, r.Body); n > 0 {
					sent.Add(1)
				}
			}))
			defer server.Close()
			backend := &uploading{farJob{job{name: "far", polls: []any{picture()}}}, server.URL}
			client := newClient(t, &tryon.Options{
				Routes: []tryon.Route{{Backend: backend}, {Backend: drawing("second", &second)}},
				Ledger: w.ledger, TLS: server.Client().Transport.(*http.Transport).TLSClientConfig,
			})
			request := w.request
			request.Still = func(ctx context.Context) error {
				if asked.Add(1) > test.asked {
					return errOrder
				}
				if test.erase {
					if _, err := client.Erase(ctx, w.subject); err != nil {
						t.Error(err)
					}
				}
				return nil
			}
			_, err := client.Render(t.Context(), w.permit, &request)
			if !errors.Is(err, test.want) || sent.Load() != test.sent || second.Load() != 0 {
				t.Errorf("%v; %d bodies arrived, the second route was asked %d times", err, sent.Load(), second.Load())
			}
			var e *tryon.Error
			if errors.Is(err, errOrder) && (!errors.As(err, &e) || e.Code != tryon.Canceled || e.Reason != "taken-back" || e.Job != "") {
				t.Errorf("got %v", err)
			}
			if test.sent == 0 {
				if h, err := client.Holdings(t.Context(), w.subject); err != nil || len(h.Transfers)+len(h.Deletions) > 0 {
					t.Errorf("on record: %+v, %v", h, err)
				}
			}
		})
	}
}

var errOrder = errors.New("the order is gone")
