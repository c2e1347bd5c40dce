package tryon_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// site is a TLS server that counts requests and keeps what it was sent.
type site struct {
	*httptest.Server
	host string
	hits atomic.Int32
	got  atomic.Int64
}

func newSite(t *testing.T, handle http.HandlerFunc) *site {
	s := &site{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		n, _ := io.Copy(io.Discard, r.Body)
		s.got.Add(n)
		if handle != nil {
			handle(w, r)
		}
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host = u.Host
	return s
}

// trusting is a TLS configuration that knows the servers' certificate.
func trusting(sites ...*site) *tls.Config {
	pool := x509.NewCertPool()
	for _, s := range sites {
		pool.AddCert(s.Certificate())
	}
	return &tls.Config{RootCAs: pool}
}

// sending is a remote backend that posts the photo to an address.
func sending(host, address string, body []byte) tryon.Backend {
	return tryon.NewBackend(remote("sending", host), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		resp, err := in.HTTP.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		return &tryon.Output{Images: []tryon.Encoded{{Data: data}}}, nil
	})
}

func answerPicture(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(picture().Images[0].Data)
}

func (w *world) remoteClient(t *testing.T, conf *tls.Config, backends ...tryon.Backend) *tryon.Client {
	return newClient(t, &tryon.Options{Routes: routes(backends...), Ledger: w.ledger, TLS: conf})
}

// What the record says was sent is what the server received.
func TestTransferIsRecorded(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	body := bytes.Repeat([]byte("photo"), 5000)
	result, err := w.remoteClient(t, trusting(s), sending(s.host, s.URL+"/draw", body)).Render(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	a := result.Attempts[0]
	if a.Requests != 1 || a.BytesSent != int64(len(body)) || s.got.Load() != a.BytesSent {
		t.Errorf("recorded %d requests and %d bytes, the server got %d bytes", a.Requests, a.BytesSent, s.got.Load())
	}
	if a.SubProcessor != vendor || a.Region != "EU" || a.Outcome != "ok" {
		t.Errorf("recorded %+v", a)
	}
}

// What is no body is not on record by its hash, so there is little of it.
func TestGateBoundsWhatIsNoBody(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	long := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		name   string
		make   func(r *http.Request)
		reason tryon.Reason // "" for none
	}{
		{"a long address", func(r *http.Request) { r.URL.RawQuery = long(8 << 10) }, "address-too-long"},
		{"not too long", func(r *http.Request) { r.URL.RawQuery = long(7 << 10) }, ""},
		{"a large header", func(r *http.Request) { r.Header.Set("X-Data", long(64<<10)) }, "headers-too-large"},
		{"many values", func(r *http.Request) {
			for range 17 {
				r.Header.Add("X-Data", long(4<<10))
			}
		}, "headers-too-large"},
		{"large names", func(r *http.Request) { r.Header[long(64<<10)] = []string{"1"} }, "headers-too-large"},
		{"not too large", func(r *http.Request) { r.Header.Set("X-Data", long(60<<10)) }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := s.hits.Load()
			backend := tryon.NewBackend(remote("sending", s.host), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/draw", strings.NewReader("photo"))
				if err != nil {
					return nil, err
				}
				test.make(req)
				resp, err := in.HTTP.Do(req)
				if err != nil {
					return nil, err
				}
				return picture(), resp.Body.Close()
			})
			_, err := w.remoteClient(t, trusting(s), backend).Render(t.Context(), w.permit, &w.request)
			var e *tryon.Error
			if test.reason == "" && err != nil || test.reason != "" && (!errors.As(err, &e) || e.Code != tryon.BadRequest || e.Reason != test.reason) {
				t.Errorf("got %v, want %q", err, test.reason)
			}
			if arrived := s.hits.Load() > before; arrived != (test.reason == "") {
				t.Errorf("arrived: %v", arrived)
			}
		})
	}
}

// A trailer, which HTTP/2 sends behind any body, does not leave.
func TestGateSendsNoTrailer(t *testing.T) {
	w := newWorld(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.ProtoMajor != 2 || len(r.Trailer) > 0 {
			t.Errorf("%s arrived with %d trailers", r.Proto, len(r.Trailer))
		}
		answerPicture(rw, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "https://")
	backend := tryon.NewBackend(remote("sending", host), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader("photo"))
		if err != nil {
			return nil, err
		}
		req.Trailer = http.Header{"X-Data": {"photo"}}
		resp, err := in.HTTP.Do(req)
		if err != nil {
			return nil, err
		}
		return picture(), resp.Body.Close()
	})
	if _, err := w.remoteClient(t, trusting(&site{Server: s}), backend).Render(t.Context(), w.permit, &w.request); err != nil {
		t.Fatal(err)
	}
}

// calling is a backend that sends so many bytes to verify a callback.
type calling struct {
	tryon.Backend
	address string
	bytes   int
}

func (c *calling) VerifyCallback(_ context.Context, b *tryon.Callback) (string, error) {
	resp, err := b.HTTP.Post(c.address, "text/plain", bytes.NewReader(make([]byte, c.bytes)))
	if err != nil {
		return "", err
	}
	return "job", resp.Body.Close()
}

// A call that carries nothing of a shopper has no room for it.
func TestCallbackSendsLittle(t *testing.T) {
	w, s, store := newWorld(t), newSite(t, nil), &tryon.Memory{}
	id := strings.Repeat("0a", 16)
	job, err := json.Marshal(tryon.Job{ID: id, Backend: "sending", Remote: "job"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), tryon.Record{Kind: tryon.KindJob, ID: id, Data: job}); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{64 << 10: http.StatusAccepted, 64<<10 + 1: http.StatusUnauthorized} {
		before := s.got.Load()
		backend := &calling{sending(s.host, s.URL, nil), s.URL, n}
		client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, TLS: trusting(s), Store: store})
		answer := httptest.NewRecorder()
		client.HandleCallback(answer, httptest.NewRequest(http.MethodPost, "/callbacks/sending/"+id, nil))
		if sent := s.got.Load() - before; answer.Code != want || (sent > 0) != (want == http.StatusAccepted) {
			t.Errorf("%d bytes: status %d, %d bytes arrived", n, answer.Code, sent)
		}
	}
}

// Each row wants to leave the declared hosts and must not reach anybody.
func TestGateRefuses(t *testing.T) {
	w := newWorld(t)
	declared, other := newSite(t, answerPicture), newSite(t, answerPicture)
	var plainHits atomic.Int32
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { plainHits.Add(1) }))
	defer plain.Close()
	conf := trusting(declared, other)
	withUser := strings.Replace(declared.URL, "https://", "https://key:secret@", 1)
	tests := []struct {
		name    string
		backend tryon.Backend
		reason  tryon.Reason
	}{
		{"another host", sending(declared.host, other.URL, nil), "undeclared-host"},
		{"another port", sending("127.0.0.1", declared.URL, nil), "undeclared-host"},
		{"plain http", sending(declared.host, plain.URL, nil), "not-https"},
		{"http on a declared host", sending(declared.host, "http://"+declared.host, nil), "not-https"},
		{"a file", sending(declared.host, "file:///etc/hosts", nil), "not-https"},
		{"credentials", sending(declared.host, withUser, nil), "credentials-in-address"},
		{"a name for the address", sending(declared.host, strings.Replace(declared.URL, "127.0.0.1", "localhost", 1), nil), "undeclared-host"},
		{"dot at the end", sending(declared.host, strings.Replace(declared.URL, "127.0.0.1", "127.0.0.1.", 1), nil), "undeclared-host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.remoteClient(t, conf, test.backend).Render(t.Context(), w.permit, &w.request)
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != tryon.HostRefused || e.Reason != test.reason || !errors.Is(err, tryon.ErrHost) {
				t.Fatalf("got %v, want %v %q", err, tryon.HostRefused, test.reason)
			}
			if e.Attempts[0].Requests != 0 || e.Attempts[0].BytesSent != 0 {
				t.Errorf("recorded as sent: %+v", e.Attempts[0])
			}
		})
	}
	if declared.hits.Load()+other.hits.Load()+plainHits.Load() != 0 {
		t.Errorf("requests arrived: %d declared, %d other, %d plain", declared.hits.Load(), other.hits.Load(), plainHits.Load())
	}
}

// The Host header is the host that was checked.
func TestHostHeader(t *testing.T) {
	w := newWorld(t)
	var host atomic.Value
	s := newSite(t, func(rw http.ResponseWriter, r *http.Request) { host.Store(r.Host); answerPicture(rw, r) })
	backend := tryon.NewBackend(remote("masked", s.host), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		req.Host = "elsewhere.example"
		resp, err := in.HTTP.Do(req)
		if err != nil {
			return nil, err
		}
		resp.Body.Close()
		return picture(), nil
	})
	if _, err := w.remoteClient(t, trusting(s), backend).Render(t.Context(), w.permit, &w.request); err != nil {
		t.Fatal(err)
	}
	if host.Load() != s.host {
		t.Errorf("the request was for host %v", host.Load())
	}
}

// A redirect is followed on the declared hosts only, and a body is never sent a
// second time behind the back of record and consent.
func TestRedirect(t *testing.T) {
	w := newWorld(t)
	other := newSite(t, answerPicture)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		s := newSite(t, func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, other.URL, status) })
		_, err := w.remoteClient(t, trusting(s, other), sending(s.host, s.URL, []byte("photo"))).Render(t.Context(), w.permit, &w.request)
		if !errors.Is(err, tryon.ErrHost) {
			t.Errorf("%d: got %v", status, err)
		}
	}
	if other.hits.Load() != 0 {
		t.Errorf("the redirect was followed %d times", other.hits.Load())
	}
	var s *site
	s = newSite(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.Redirect(rw, r, s.URL+"/there", http.StatusTemporaryRedirect)
			return
		}
		answerPicture(rw, r)
	})
	result, err := w.remoteClient(t, trusting(s), sending(s.host, s.URL, []byte("photo"))).Render(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	if a := result.Attempts[0]; a.Requests != 2 || a.BytesSent != 10 || s.got.Load() != 10 {
		t.Errorf("recorded %d requests, %d bytes; the server got %d", a.Requests, a.BytesSent, s.got.Load())
	}
	loop := newSite(t, nil)
	loop.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/", http.StatusFound) })
	if _, err := w.remoteClient(t, trusting(loop), sending(loop.host, loop.URL, nil)).Render(t.Context(), w.permit, &w.request); !errors.Is(err, tryon.ErrHost) {
		t.Errorf("endless redirect: got %v", err)
	}
}

// A local backend's client reaches nothing at all.
func TestLocalReachesNothing(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	backend := tryon.NewBackend(local("near"), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		resp, err := in.HTTP.Get(s.URL)
		if err == nil {
			resp.Body.Close()
			return picture(), nil
		}
		return nil, err
	})
	if _, err := w.remoteClient(t, trusting(s), backend).Render(t.Context(), w.permit, &w.request); !errors.Is(err, tryon.ErrHost) {
		t.Errorf("got %v", err)
	}
	if s.hits.Load() != 0 {
		t.Error("a request arrived")
	}
}

// An environment variable must not redirect photos. Go reads the variables
// once, so the render runs in a process of its own.
func TestNoProxyFromEnvironment(t *testing.T) {
	const child = "FITVEIL_TEST_PROXY_CHILD"
	if os.Getenv(child) != "" {
		w := newWorld(t)
		// Go leaves loopback addresses out of proxying: a name that nobody can
		// resolve shows whether the proxy is asked for it.
		_, err := w.remoteClient(t, nil, sending("renderer.invalid", "https://renderer.invalid/", nil)).Render(t.Context(), w.permit, &w.request)
		if err == nil {
			t.Error("the host does not exist, and it worked")
		}
		return
	}
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var dialled atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			c.Close()
		}
	}()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoProxyFromEnvironment$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=1")
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"} {
		cmd.Env = append(cmd.Env, name+"=http://"+proxy.Addr().String())
	}
	out, err := cmd.CombinedOutput()
	proxy.Close()
	<-done
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestNoProxyFromEnvironment")) {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("the proxy was dialled %d times", n)
	}
}

// Consent is asked for before each request, and a refusal ends the render even
// when the backend hides it.
func TestWithdrawnBetweenRequests(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	var second atomic.Int32
	backend := tryon.NewBackend(remote("twice", s.host), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		if resp, err := in.HTTP.Post(s.URL, "image/png", strings.NewReader("photo")); err == nil {
			resp.Body.Close()
		}
		if _, err := w.ledger.Withdraw(ctx, w.subject); err != nil {
			t.Error(err)
		}
		if resp, err := in.HTTP.Post(s.URL, "image/png", strings.NewReader("photo")); err == nil {
			resp.Body.Close()
			t.Error("sent after consent was withdrawn")
		}
		return picture(), nil // as if nothing had happened
	})
	_, err := w.remoteClient(t, trusting(s), backend, drawing("second", &second)).Render(t.Context(), w.permit, &w.request)
	var e *tryon.Error
	if !errors.As(err, &e) || e.Code != tryon.NoConsent || e.Reason != "withdrawn" {
		t.Fatalf("got %v", err)
	}
	if s.hits.Load() != 1 || second.Load() != 0 || e.Attempts[0].BytesSent != 5 {
		t.Errorf("%d requests arrived, the second backend was asked %d times, recorded %+v", s.hits.Load(), second.Load(), e.Attempts[0])
	}
}

// The client dies with the render: what a stray goroutine sends later does not
// arrive, and a request on its way is cut off.
func TestClientEndsWithRender(t *testing.T) {
	w := newWorld(t)
	reached := make(chan struct{})
	s := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second): // a failing test should end too
		}
	})
	var kept *http.Client
	ended := make(chan error, 1)
	backend := tryon.NewBackend(remote("stray", s.host), func(_ context.Context, in *tryon.Input) (*tryon.Output, error) {
		kept = in.HTTP
		// A context of its own does not help.
		req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL, nil)
		resp, err := in.HTTP.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
		return picture(), nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if _, err := w.remoteClient(t, trusting(s), backend).Render(ctx, w.permit, &w.request); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the request on its way went through")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the request on its way was not cut off")
	}
	if resp, err := kept.Get(s.URL); err == nil {
		resp.Body.Close()
		t.Error("the client works after the render")
	}
	if n := s.hits.Load(); n != 1 {
		t.Errorf("%d requests arrived", n)
	}
}

// A response without end is cut off.
func TestResponseIsBounded(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, func(rw http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<20)
		for {
			if _, err := rw.Write(block); err != nil {
				return
			}
		}
	})
	_, err := w.remoteClient(t, trusting(s), sending(s.host, s.URL, nil)).Render(t.Context(), w.permit, &w.request)
	var e *tryon.Error
	if !errors.As(err, &e) || e.Code != tryon.BadOutput || e.Reason != "response-too-large" {
		t.Errorf("got %v", err)
	}
}

// A server whose certificate is unknown gets nothing.
func TestUntrustedServer(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	s.Config.ErrorLog = nil
	if _, err := w.remoteClient(t, nil, sending(s.host, s.URL, []byte("photo"))).Render(t.Context(), w.permit, &w.request); err == nil {
		t.Error("an unknown certificate was accepted")
	}
	if s.hits.Load() != 0 {
		t.Error("a request arrived")
	}
}

// dropping is a network that takes every body and never answers.
type dropping struct{}

func (dropping) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return nil, io.ErrUnexpectedEOF
}

// A refusal besides a body that may have arrived does not make the work new:
// the next route does not get the photo.
func TestUnansweredAndRefused(t *testing.T) {
	w := newWorld(t)
	for _, hosts := range [][]string{
		{"api.renderer.example", "elsewhere.example"}, {"elsewhere.example", "api.renderer.example"},
	} {
		var second atomic.Int32
		backend := tryon.NewBackend(remote("far", "api.renderer.example"), func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
			var last error
			for _, host := range hosts {
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/v1", strings.NewReader("photo"))
				if err != nil {
					return nil, err
				}
				if _, err := in.HTTP.Do(r); err != nil {
					last = err
				}
			}
			return nil, last
		})
		client := newClient(t, &tryon.Options{
			Routes: routes(backend, drawing("second", &second)), Ledger: w.ledger, Transport: dropping{},
		})
		_, err := client.Render(t.Context(), w.permit, &w.request)
		var e *tryon.Error
		if !errors.As(err, &e) || e.Job == "" || second.Load() != 0 {
			t.Errorf("%v: got %v, second backend asked %d times", hosts, err, second.Load())
		}
	}
}

// One address that is refused, of a name that has others, refuses nothing.
func TestOneAddressRefused(t *testing.T) {
	for _, addr := range []string{"10.1.2.3:443", "[64:ff9b::a01:203]:443"} {
		err, recorded := tryon.CheckAddress(addr)
		if !errors.Is(err, tryon.ErrHost) || recorded {
			t.Errorf("%s: %v, recorded %v", addr, err, recorded)
		}
	}
}
