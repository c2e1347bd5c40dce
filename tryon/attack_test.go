package tryon_test

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// fetching is a remote backend that fetches its picture where it was told to.
func fetching(p tryon.Profile, address string) tryon.Backend {
	return tryon.NewBackend(p, func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		resp, err := in.HTTP.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		return &tryon.Output{Images: []tryon.Encoded{{Data: data}}}, err
	})
}

// TestResultAddresses has a provider answer with addresses that look like its
// own, or like an address on the inside in one of its many spellings.
func TestResultAddresses(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{
		"https://127.0.0.1/", "https://127.1/", "https://0x7f.0.0.1/", "https://0x7f000001/", "https://2130706433/", "https://017700000001/",
		"https://0177.0.0.1/", "https://0.0.0.0/", "https://0/", "https://[::]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
		"https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/", "https://[fd00:ec2::254]/",
		"https://169.254.169.254/latest/meta-data/", "https://2852039166/", "https://metadata.google.internal/", "https://100.100.100.200/",
		"https://localhost/", "https://localhost./", "https://cdn.example/", "https://evilcdn.example/", "https://a.cdn.example./",
		"https://a.cdn.example@127.0.0.1/", "https://127.0.0.1#.cdn.example", "https://127.0.0.1?.cdn.example", "https://127.0.0.1/.cdn.example",
		"https://a.cdn.example.127.0.0.1.nip.example/", "https://a.cdn.example:8443/", "https://a.cdn.example:0443/", "https://.cdn.example/",
		"http://a.cdn.example/", "ftp://a.cdn.example/", "gopher://a.cdn.example/", "file:///etc/passwd", "//a.cdn.example/", "https:a.cdn.example",
		"https://a.cdn.example/picture.png", "https://A.B.CDN.example:443/", // these are
		"https://a%2Ecdn.example/", "https://a.cdn.example%2F@127.0.0.1/", "https://ａ.cdn.example/", "https://a.cdn.example%00.evil.example/",
	} {
		if _, err := url.Parse(address); err != nil {
			continue // no request can be made of it
		}
		reached := ""
		p := remote("fetching", "api.renderer.example")
		p.ResultHosts = []string{".cdn.example"}
		client := newClient(t, &tryon.Options{
			Routes: routes(fetching(p, address)), Ledger: w.ledger,
			Transport: carrier(func(r *http.Request) (*http.Response, error) {
				reached = r.URL.Host
				return nil, errors.New("there is no network")
			}),
		})
		_, err := client.Render(t.Context(), w.permit, &w.request)
		// What is let through must be one of the provider's own, by name.
		ours := reached != "" && strings.HasSuffix(strings.ToLower(strings.TrimSuffix(reached, ":443")), ".cdn.example") && !strings.ContainsAny(reached, "@/%")
		good := strings.HasSuffix(address, "/picture.png") || strings.Contains(address, "CDN")
		if reached != "" && !ours || good && reached == "" || err == nil {
			t.Errorf("%s reached %q: %v", address, reached, err)
		}
	}
}

// carrier carries requests.
type carrier func(*http.Request) (*http.Response, error)

func (f carrier) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// names has names resolve to an address, whatever they are, until the test ends.
func names(t *testing.T, to netip.Addr) {
	t.Helper()
	old := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = old })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			answerNames(ours, to)
		}()
		return theirs, nil
	}}
}

// answerNames is a name server over TCP (RFC 1035 §4.1, §4.2.2): every question
// for an address of the kind of to gets it, others nothing.
func answerNames(c net.Conn, to netip.Addr) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil || len(q) < 17 {
			return
		}
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5
		kind := uint16(1)
		if to.Is6() {
			kind = 28
		}
		a := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
		if binary.BigEndian.Uint16(q[end-4:]) == kind {
			a[7] = 1
			a = append(a, 0xC0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(to.AsSlice())))
			a = append(a, to.AsSlice()...)
		}
		if _, err := c.Write(binary.BigEndian.AppendUint16(nil, uint16(len(a)))); err != nil {
			return
		}
		if _, err := c.Write(a); err != nil {
			return
		}
	}
}

// TestNamesOfTheInside has the provider's own name resolve to the inside: what
// a name server says last counts, since the address is checked when it is
// connected to.
func TestNamesOfTheInside(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	_, port, err := net.SplitHostPort(s.host)
	if err != nil {
		t.Fatal(err)
	}
	host := "example.com:" + port // which the site's certificate is for
	render := func(private bool) error {
		p := remote("fetching", host)
		p.Private = private
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := w.remoteClient(t, trusting(s), fetching(p, "https://"+host+"/")).Render(ctx, w.permit, &w.request)
		return err
	}
	for _, to := range []string{
		"127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "::1", "::", "fe80::1", "fd00:ec2::254",
		"::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
	} {
		t.Run(to, func(t *testing.T) {
			names(t, netip.MustParseAddr(to))
			err := render(false)
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != tryon.HostRefused || e.Reason != "private-address" {
				t.Errorf("got %v", err)
			}
		})
	}
	if s.hits.Load() != 0 {
		t.Fatal("the inside was reached")
	}
	t.Run("a shop's own", func(t *testing.T) {
		names(t, netip.MustParseAddr("127.0.0.1"))
		if err := render(true); err != nil || s.hits.Load() != 1 {
			t.Errorf("got %v", err)
		}
	})
}

// TestBombs has a server answer with little that becomes much.
func TestBombs(t *testing.T) {
	w := newWorld(t)
	tests := map[string]struct {
		answer http.HandlerFunc
		code   tryon.Code
	}{
		"compressed": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			z, block := gzip.NewWriter(rw), make([]byte, 1<<20)
			for range 100 {
				if _, err := z.Write(block); err != nil {
					return
				}
			}
			_ = z.Close()
		}, tryon.BadOutput},
		"headers": {func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Long", strings.Repeat("x", 2<<20))
			answerPicture(rw, r)
		}, tryon.AcceptedUnknown},
		"many headers": {func(rw http.ResponseWriter, r *http.Request) {
			for i := range 100_000 {
				rw.Header()["X-"+strings.Repeat("a", i%50)] = append(rw.Header()["X-"+strings.Repeat("a", i%50)], "value")
			}
			answerPicture(rw, r)
		}, tryon.AcceptedUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, test.answer)
			_, err := w.remoteClient(t, trusting(s), sending(s.host, s.URL, []byte("photo"))).Render(t.Context(), w.permit, &w.request)
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != test.code {
				t.Errorf("got %v", err)
			}
		})
	}
}
