package httpgate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/httpgate"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/imageproc/httpupload"
)

const (
	keyA = "publishable-key-of-shop-a"
	keyB = "publishable-key-of-shop-b"
	site = "https://shop-a.example"
)

// people is a detector that finds as many people as it says.
type people int

func (n people) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	s := &detect.Scene{Bounds: img.Bounds(), Model: "test"}
	for i := range int(n) {
		s.Presence = 0.9
		s.People = append(s.People, detect.Person{Box: image.Rect(8*i, 0, 8*i+8, 16), Score: 0.9})
	}
	return s, nil
}

// slow finds one person and lets go when told to.
type slow struct{ busy, free chan struct{} }

func (d slow) Detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	d.busy <- struct{}{}
	<-d.free
	return people(1).Detect(ctx, img)
}

func picture() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 24, 16))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func post(key, origin string) *http.Request {
	r := httptest.NewRequest("POST", "/tryon", bytes.NewReader(picture()))
	r.Header.Set("Content-Type", "image/png")
	if key != "" {
		r.Header.Set(httpgate.KeyHeader, key)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

func tenants() []httpgate.Tenant {
	return []httpgate.Tenant{
		{Name: "shop-a", Key: keyA, Origins: []string{site, "https://*.shop-a.example", "https://shop-a.example:8443"}, Rate: 1000, Burst: 1000},
		{Name: "shop-b", Key: keyB, Origins: []string{"https://shop-b.example"}, Servers: true, Rate: 1000, Burst: 1000},
	}
}

func open(t *testing.T, d detect.Detector, p detect.Policy, o *httpgate.Options) (http.Handler, *int) {
	t.Helper()
	g, err := httpgate.New(d, p, o)
	if err != nil {
		t.Fatal(err)
	}
	admitted := 0
	return g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := httpgate.From(r.Context())
		if in.Tenant == "" || in.Photo.IsZero() {
			t.Error("admitted without tenant or photo")
		}
		admitted++
		fmt.Fprint(w, in.Tenant)
	})), &admitted
}

func code(t *testing.T, w *httptest.ResponseRecorder) httpupload.Code {
	t.Helper()
	var p struct{ Code httpupload.Code }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return p.Code
}

func TestKeysAndOrigins(t *testing.T) {
	tests := []struct {
		name        string
		key, origin string
		change      func(*http.Request)
		status      int
	}{
		{"its own site", keyA, site, nil, 200},
		{"a host below", keyA, "https://www.shop-a.example", nil, 200},
		{"a declared port", keyA, "https://shop-a.example:8443", nil, 200},
		{"referer instead of origin", keyA, "", func(r *http.Request) { r.Header.Set("Referer", site+"/p/1?x=y") }, 200},
		{"a server, where allowed", keyB, "", nil, 200},

		{"no key", "", site, nil, 401},
		{"wrong key", keyA + "x", site, nil, 401},
		{"two keys", keyA, site, func(r *http.Request) { r.Header.Add(httpgate.KeyHeader, keyB) }, 401},
		{"another tenant's site", keyB, site, nil, 403},
		{"a server, where not allowed", keyA, "", nil, 403},
		{"name in front", keyA, "https://evil-shop-a.example", nil, 403},
		{"name inside", keyA, "https://shop-a.example.evil.test", nil, 403},
		{"two labels below", keyA, "https://a.b.shop-a.example", nil, 403},
		{"empty label", keyA, "https://.shop-a.example", nil, 403},
		{"null", keyA, "null", nil, 403},
		{"http", keyA, "http://shop-a.example", nil, 403},
		{"another port", keyA, "https://shop-a.example:444", nil, 403},
		{"its usual port spelt out", keyA, "https://shop-a.example:443", nil, 403},
		{"upper case", keyA, "https://SHOP-A.example", nil, 403},
		{"trailing dot", keyA, "https://shop-a.example.", nil, 403},
		{"look-alike letter", keyA, "https://ѕhop-a.example", nil, 403},
		{"its punycode", keyA, "https://xn--hop-a-2qf.example", nil, 403},
		{"credentials", keyA, "https://shop-a.example@evil.test", nil, 403},
		{"a path behind", keyA, site + "/", nil, 403},
		{"empty origin", keyA, "", func(r *http.Request) { r.Header["Origin"] = []string{""} }, 403},
		{"two origins", keyA, site, func(r *http.Request) { r.Header.Add("Origin", "https://evil.test") }, 403},
		{"bad origin, good referer", keyA, "https://evil.test", func(r *http.Request) { r.Header.Set("Referer", site+"/") }, 403},
	}
	h, admitted := open(t, people(1), detect.OnePerson(), &httpgate.Options{Tenants: tenants()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(tt.key, tt.origin)
			if tt.change != nil {
				tt.change(r)
			}
			before := *admitted
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if passed := *admitted > before; passed != (tt.status == 200) {
				t.Errorf("next handler called: %t", passed)
			}
			if tt.status == 200 && tt.origin != "" && w.Header().Get("Access-Control-Allow-Origin") != tt.origin {
				t.Error("the page may not read the answer")
			}
			if tt.status == 403 && w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Error("a foreign page may read the answer")
			}
		})
	}
}

func TestPhotos(t *testing.T) {
	tests := []struct {
		name   string
		people people
		policy detect.Policy
		body   string
		code   httpupload.Code
	}{
		{"one", 1, detect.OnePerson(), "", ""},
		{"nobody", 0, detect.OnePerson(), "", httpgate.PhotoNobody},
		{"a crowd", 3, detect.OnePerson(), "", httpgate.PhotoCrowd},
		{"somebody in a room", 1, detect.NoPeople(), "", httpgate.PhotoPeople},
		{"no keypoints", 1, detect.Selfie(), "", httpgate.PhotoUnsure},
		{"not a picture", 1, detect.OnePerson(), "GIF", httpupload.Unsupported},
		{"damaged", 1, detect.OnePerson(), string(picture()[:40]), httpupload.Corrupt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, admitted := open(t, tt.people, tt.policy, &httpgate.Options{Tenants: tenants()})
			r := post(keyA, site)
			if tt.body != "" {
				r = httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
				r.Header = post(keyA, site).Header
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if tt.code == "" {
				if w.Code != 200 || *admitted != 1 {
					t.Errorf("refused: %d %s", w.Code, w.Body)
				}
				return
			}
			if got := code(t, w); got != tt.code || *admitted != 0 {
				t.Errorf("got %q, want %q; admitted %d", got, tt.code, *admitted)
			}
		})
	}
}

func TestRateIsPerTenant(t *testing.T) {
	list := tenants()
	list[0].Rate, list[0].Burst = 0.001, 2
	var mu sync.Mutex
	outcomes := map[string]int{}
	h, _ := open(t, people(1), detect.OnePerson(), &httpgate.Options{Tenants: list, Observe: func(e httpgate.Event) {
		mu.Lock()
		defer mu.Unlock()
		outcomes[e.Tenant+" "+string(e.Outcome)]++
	}})
	for range 4 {
		h.ServeHTTP(httptest.NewRecorder(), post(keyA, site))
		h.ServeHTTP(httptest.NewRecorder(), post(keyB, "https://shop-b.example"))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(keyA, site))
	if w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if outcomes["shop-a ok"] != 2 || outcomes["shop-a rate-limited"] != 3 || outcomes["shop-b ok"] != 4 {
		t.Errorf("outcomes %v", outcomes)
	}
}

func TestBusy(t *testing.T) {
	d := slow{make(chan struct{}), make(chan struct{})}
	h, _ := open(t, d, detect.OnePerson(), &httpgate.Options{Tenants: tenants(), Concurrent: 1, Wait: 10 * time.Millisecond})
	done := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post(keyA, site))
		done <- w.Code
	}()
	<-d.busy
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(keyB, ""))
	if w.Code != 503 || code(t, w) != httpgate.Busy || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	close(d.free)
	if c := <-done; c != 200 {
		t.Errorf("the first one got %d", c)
	}
}

func TestPreflight(t *testing.T) {
	h, admitted := open(t, people(1), detect.OnePerson(), &httpgate.Options{Tenants: tenants()})
	for origin, want := range map[string]string{site: site, "https://evil.test": ""} {
		r := httptest.NewRequest("OPTIONS", "/", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Code != 204 || *admitted != 0 {
			t.Errorf("%s: %d, allowed %q", origin, w.Code, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := tenants()[0]
	with := func(change func(*httpgate.Tenant)) *httpgate.Options {
		tenant := good
		change(&tenant)
		return &httpgate.Options{Tenants: []httpgate.Tenant{tenant}}
	}
	origins := func(s string) *httpgate.Options {
		return with(func(t *httpgate.Tenant) { t.Origins = []string{s} })
	}
	for name, o := range map[string]*httpgate.Options{
		"no tenants":       {},
		"short key":        with(func(t *httpgate.Tenant) { t.Key = "short" }),
		"no name":          with(func(t *httpgate.Tenant) { t.Name = "" }),
		"nobody could":     with(func(t *httpgate.Tenant) { t.Origins = nil }),
		"same key":         {Tenants: []httpgate.Tenant{good, good}},
		"plain http":       origins("http://shop.example"),
		"all of a domain":  origins("https://*.example"),
		"upper case":       origins("https://Shop.example"),
		"path":             origins("https://shop.example/x"),
		"no scheme":        origins("shop.example"),
		"usual port":       origins("https://shop.example:443"),
		"wildcard of none": origins("https://*."),
	} {
		if _, err := httpgate.New(people(1), detect.OnePerson(), o); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), keyA) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
	if _, err := httpgate.New(nil, detect.OnePerson(), &httpgate.Options{Tenants: tenants()}); err == nil {
		t.Error("no detector: accepted")
	}
	if _, err := httpgate.New(people(1), detect.Policy{}, &httpgate.Options{Tenants: tenants()}); err == nil {
		t.Error("zero policy: accepted")
	}
}

func ExampleNew() {
	gate, err := httpgate.New(people(1), detect.OnePerson(), &httpgate.Options{
		Tenants: []httpgate.Tenant{{Name: "shop-a", Key: keyA, Origins: []string{site}}},
		Upload:  httpupload.Options{Sanitize: imageproc.SanitizeOptions{MaxSide: 1024}},
	})
	if err != nil {
		panic(err)
	}
	tryon := gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := httpgate.From(r.Context())
		fmt.Fprintln(w, in.Tenant, "sent", in.Photo.Photo().Format(), "with", len(in.Photo.Scene().People), "person")
	}))
	w := httptest.NewRecorder()
	tryon.ServeHTTP(w, post(keyA, site))
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 200 shop-a sent png with 1 person
}
