package httpbackend_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/httpbackend"
)

type anybody struct{}

func (anybody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{Presence: .9, Bounds: b, People: []detect.Person{{Box: b, Score: .9}}}, nil
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

type shop struct {
	server  *httptest.Server
	client  *tryon.Client
	request tryon.Request
	permit  consent.Permit
}

func newShop(t *testing.T, draw httpbackend.Draw, o *httpbackend.HandlerOptions, key tryon.Key) *shop {
	t.Helper()
	h, err := httpbackend.NewHandler(draw, o)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{server: httptest.NewTLSServer(h)}
	t.Cleanup(func() { s.server.Close(); h.Close() })
	pool := x509.NewCertPool()
	pool.AddCert(s.server.Certificate())
	b, err := httpbackend.New(&httpbackend.Options{
		BaseURL: s.server.URL, Key: key, Contract: &tryon.Contract{SubProcessor: "Renderer Ltd", Region: "EU"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.client, err = tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: b, Retries: -1}}, TLS: &tls.Config{RootCAs: pool}})
	if err != nil {
		t.Fatal(err)
	}
	clean, err := imageproc.Sanitize(t.Context(), bytes.NewReader(picture(t, 60, 80)), nil)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := detect.Screen(t.Context(), anybody{}, clean, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	subject := consent.NewSubject(make([]byte, 32), "shop", "somebody")
	s.permit = consent.Unmanaged("test").For(subject)
	s.request = tryon.Request{Subject: subject, Photo: photo, Items: []tryon.Item{{ID: "sku", Image: clean, Garment: tryon.Dress}}, N: 2}
	return s
}

// Both sides talk to each other over TLS, and nothing stays with the handler.
func TestBothSides(t *testing.T) {
	s := newShop(t, func(_ context.Context, j *httpbackend.Job) (*tryon.Output, error) {
		if j.Task != tryon.OnPerson || j.N != 2 || j.Items[0].Garment != tryon.Dress || j.Items[0].ID != "" || j.Photo.Bounds().Dx() != 60 {
			t.Errorf("got %+v", j)
		}
		return &tryon.Output{
			Images:   []tryon.Encoded{{Data: picture(t, 60, 80)}, {Data: picture(t, 60, 80)}},
			Warnings: []tryon.Warning{{Code: "hem-cropped", Text: "the hem is cropped"}},
		}, nil
	}, &httpbackend.HandlerOptions{Key: "k"}, "k")
	result, err := s.client.Render(t.Context(), s.permit, &s.request)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Images) != 2 || len(result.Warnings) != 1 || result.Warnings[0].Code != "hem-cropped" {
		t.Errorf("got %v, %v", result.Images, result.Warnings)
	}
	h, err := s.client.Holdings(t.Context(), s.request.Subject)
	if err != nil || len(h.Deletions) != 1 || h.Deletions[0].State != tryon.DeletionErased {
		t.Fatalf("got %+v, %v", h, err)
	}
	req, _ := http.NewRequest(http.MethodGet, s.server.URL+"/v1/renders/"+h.Deletions[0].Remote, nil)
	req.Header.Set("Authorization", "Bearer k")
	resp, err := s.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("after the deletion: %d", resp.StatusCode)
	}
}

func TestHandlerRefuses(t *testing.T) {
	tests := []struct {
		name string
		err  error
		key  tryon.Key
		code tryon.Code
	}{
		{"photo", &tryon.Error{Code: tryon.BadPhoto, Reason: "turned-away"}, "k", tryon.BadPhoto},
		{"blocked", &tryon.Error{Code: tryon.BlockedInput}, "k", tryon.BlockedInput},
		{"anything", errors.New("secret path /var/x"), "k", tryon.Internal},
		{"wrong key", nil, "other", tryon.Unauthenticated},
		{"a code that is ours", &tryon.Error{Code: tryon.NoConsent}, "k", tryon.Internal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newShop(t, func(context.Context, *httpbackend.Job) (*tryon.Output, error) { return nil, test.err },
				&httpbackend.HandlerOptions{Key: "k"}, test.key)
			_, err := s.client.Render(t.Context(), s.permit, &s.request)
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != test.code {
				t.Errorf("got %v, want %v", err, test.code)
			}
			var want *tryon.Error
			if errors.As(test.err, &want) && test.code == want.Code && e.Reason != want.Reason {
				t.Errorf("the reason is %q", e.Reason)
			}
		})
	}
}

func TestHandlerRequests(t *testing.T) {
	block := make(chan struct{})
	s := newShop(t, func(ctx context.Context, _ *httpbackend.Job) (*tryon.Output, error) {
		select {
		case <-block:
		case <-ctx.Done():
		}
		return nil, ctx.Err()
	}, &httpbackend.HandlerOptions{Key: "k", Workers: 1, Queue: 1, MaxBytes: 64 << 10, Timeout: time.Minute}, "k")
	defer close(block)
	name := strings.Repeat("a1", 16)
	do := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, s.server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer k")
		resp, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	good := `{"task":"on-person","photo":{"mime":"image/png","data":"` + b64(picture(t, 40, 40)) + `"},"items":[{"picture":{"mime":"image/png","data":"` + b64(picture(t, 40, 40)) + `"}}]}`
	tests := []struct {
		name, method, path, body string
		status                   int
	}{
		{"no JSON", "PUT", "/v1/renders/" + name, "{", 400},
		{"a name of one's own", "PUT", "/v1/renders/customer-4711", good, 400},
		{"no task", "PUT", "/v1/renders/" + name, strings.Replace(good, "on-person", "on-moon", 1), 400},
		{"no picture", "PUT", "/v1/renders/" + name, strings.Replace(good, b64(picture(t, 40, 40)), "AAAA", 1), 422},
		{"no items", "PUT", "/v1/renders/" + name, good[:strings.Index(good, `,"items"`)] + "}", 400},
		{"too large", "PUT", "/v1/renders/" + name, good + strings.Repeat(" ", 70<<10) + "{", 202},
		{"again", "PUT", "/v1/renders/" + name, good, 202},
		{"pending", "GET", "/v1/renders/" + name, "", 202},
		{"another", "GET", "/v1/renders/" + strings.Repeat("b2", 16), "", 404},
		{"delete", "DELETE", "/v1/renders/" + name, "", 204},
		{"delete again", "DELETE", "/v1/renders/" + name, "", 404},
		{"gone", "GET", "/v1/renders/" + name, "", 404},
		{"another method", "POST", "/v1/renders/" + name, "", 405},
	}
	for _, test := range tests {
		if status, body := do(test.method, test.path, test.body); status != test.status {
			t.Errorf("%s: %d %s, want %d", test.name, status, body, test.status)
		}
	}
	if status, _ := do("PUT", "/v1/renders/"+name, strings.Replace(good, `"task"`, `"x":"`+strings.Repeat("x", 70<<10)+`","task"`, 1)); status != 400 {
		t.Errorf("too large: %d", status)
	}
}

// The document names every path, method and code that the handler knows.
func TestOpenAPI(t *testing.T) {
	s := newShop(t, func(context.Context, *httpbackend.Job) (*tryon.Output, error) { return nil, nil }, &httpbackend.HandlerOptions{Key: "k"}, "k")
	resp, err := s.server.Client().Get(s.server.URL + "/v1/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/v1/renders/{name}:", "put:", "get:", "delete:"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %q", want)
		}
	}
	list := regexp.MustCompile(`enum: \[(bad-request[^\]]*)\]`).FindSubmatch(text)
	if list == nil {
		t.Fatal("no list of codes")
	}
	named := strings.Split(string(list[1]), ", ")
	for code := range httpbackend.Codes() {
		if !strings.Contains(", "+string(list[1])+",", ", "+code.String()+",") {
			t.Errorf("the document does not name %v", code)
		}
	}
	if len(named) != len(httpbackend.Codes()) {
		t.Errorf("the document names %d codes, the handler knows %d", len(named), len(httpbackend.Codes()))
	}
}
