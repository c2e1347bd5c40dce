package shop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/examples/quickstart/assets"
	"github.com/fitveil/fitveil/examples/webshop/shop"
)

// visitor is a browser with the page open.
type visitor struct {
	t      *testing.T
	url    string
	client *http.Client
	form   string
	key    string
}

// enter opens the page as somebody new.
func enter(t *testing.T, address string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, url: address, client: &http.Client{Jar: jar}}
	_, body := v.get("/")
	v.form = submatch(t, `name="form" value="([^"]+)"`, body)
	v.key = submatch(t, `data-key="([^"]+)"`, body)
	return v
}

func submatch(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the page holds no %s", pattern)
	}
	return m[1]
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil, nil)
}

func (v *visitor) post(path string, form url.Values) (int, string) {
	v.t.Helper()
	return v.do(http.MethodPost, path, strings.NewReader(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": v.url})
}

// upload sends a photo as the page does.
func (v *visitor) upload(photo []byte) (int, string) {
	v.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("photo", "photo")
	if err != nil {
		v.t.Fatal(err)
	}
	part.Write(photo)
	form.Close()
	return v.do(http.MethodPost, "/tryon", &b, map[string]string{"Content-Type": form.FormDataContentType(), "X-Fitveil-Key": v.key, "Origin": v.url})
}

func (v *visitor) do(method, path string, body io.Reader, header map[string]string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// yes is the form with both boxes ticked.
func (v *visitor) yes() url.Values {
	return url.Values{"agree": {string(consent.TryOnRender), string(consent.Sizing)}, "form": {v.form}}
}

func (v *visitor) agree() {
	v.t.Helper()
	if status, body := v.post("/consent/answer", v.yes()); status != http.StatusCreated {
		v.t.Fatalf("agreeing: %d %s", status, body)
	}
}

func openShop(t *testing.T) (address string, l *consent.Ledger) {
	t.Helper()
	l, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	address = "http://" + server.Listener.Addr().String()
	s, err := shop.New(l, &shop.Options{Origins: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s
	server.Start()
	t.Cleanup(func() { server.Close(); s.Close() })
	return address, l
}

func TestVisit(t *testing.T) {
	address, ledger := openShop(t)
	v := enter(t, address)
	if status, body := v.upload(assets.Portrait); status != http.StatusForbidden || !strings.Contains(body, "no-consent") {
		t.Fatalf("a photo before consent: %d %s", status, body)
	}
	if status, body := v.post("/size", url.Values{"bust": {"94"}}); status != http.StatusForbidden {
		t.Fatalf("measurements before consent: %d %s", status, body)
	}
	status, receipt := v.post("/consent/answer", v.yes())
	if status != http.StatusCreated {
		t.Fatalf("agreeing: %d %s", status, receipt)
	}
	if _, err := consent.VerifyReceipt([]byte(receipt), ledger.PublicKey()); err != nil {
		t.Error(err)
	}

	status, body := v.upload(assets.Portrait)
	if status != http.StatusOK {
		t.Fatalf("the portrait: %d %s", status, body)
	}
	var answer struct {
		Picture        string
		Removed, Marks []string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(answer.Removed, "APP1 Exif") || len(answer.Marks) == 0 {
		t.Errorf("got %+v", answer)
	}
	status, drawn := v.get(answer.Picture)
	if status != http.StatusOK {
		t.Fatalf("the picture: %d %s", status, drawn)
	}
	img, err := jpeg.Decode(strings.NewReader(drawn))
	if err != nil || img.Bounds().Size() != image.Pt(512, 600) {
		t.Errorf("the picture: %v", err)
	}

	other := enter(t, address)
	other.agree()
	if status, _ := other.get(answer.Picture); status != http.StatusNotFound {
		t.Errorf("somebody else's picture: %d", status)
	}

	half := enter(t, address)
	if status, _ := half.post("/consent/answer", url.Values{"agree": {string(consent.Sizing)}, "form": {half.form}}); status != http.StatusCreated {
		t.Fatal(status)
	}
	if status, _ := half.upload(assets.Portrait); status != http.StatusForbidden {
		t.Errorf("a photo where only the size was agreed to: %d", status)
	}

	if status, body := v.post("/size", url.Values{"height": {"168"}, "weight_kg": {"66"}, "bust": {"94"}}); status != http.StatusOK || !strings.Contains(body, `"size":"M"`) {
		t.Errorf("the size: %d %s", status, body)
	}
	if status, body := v.post("/size", url.Values{"height": {"16800"}}); status != http.StatusUnprocessableEntity || strings.Contains(body, "16800") {
		t.Errorf("an impossible height: %d %s", status, body)
	}

	if status, body := v.post("/consent/withdraw", nil); status != http.StatusCreated {
		t.Fatalf("withdrawing: %d %s", status, body)
	}
	if status, _ := v.get(answer.Picture); status != http.StatusNotFound {
		t.Errorf("the picture after the withdrawal: %d", status)
	}
	if status, _ := v.upload(assets.Portrait); status != http.StatusForbidden {
		t.Errorf("a photo after the withdrawal: %d", status)
	}
	if status, body := v.post("/consent/answer", v.yes()); status != http.StatusConflict {
		t.Errorf("the old form again: %d %s", status, body)
	}
	if status, _ := v.upload(assets.Portrait); status != http.StatusForbidden {
		t.Errorf("the old form brought consent back: %d", status)
	}
}

func TestRefusedPhotos(t *testing.T) {
	address, _ := openShop(t)
	v := enter(t, address)
	v.agree()
	for _, q := range []struct {
		name, code string
		photo      []byte
		status     int
	}{
		{"nobody", "photo-nobody", assets.Tee, http.StatusUnprocessableEntity},
		{"no picture", "unsupported-format", []byte("a photo of me"), http.StatusUnsupportedMediaType},
		{"cut short", "picture-corrupt", assets.Portrait[:20_000], http.StatusUnprocessableEntity},
		{"nothing", "no-picture", nil, http.StatusBadRequest},
	} {
		if status, body := v.upload(q.photo); status != q.status || !strings.Contains(body, q.code) {
			t.Errorf("%s: %d %s", q.name, status, body)
		}
	}
}

func TestForeignPage(t *testing.T) {
	address, _ := openShop(t)
	v := enter(t, address)
	for _, path := range []string{"/consent/answer", "/consent/withdraw", "/size", "/tryon"} {
		if status, _ := v.do(http.MethodPost, path, nil, map[string]string{"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}); status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, status)
		}
	}
}

// The record outlives the process, with its keys.
func TestServe(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	var cookies http.CookieJar
	for _, again := range []bool{false, true} {
		ctx, stop := context.WithCancel(t.Context())
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- shop.Serve(ctx, w, "127.0.0.1:0", db); w.Close() }()
		said := make([]byte, 200)
		n, err := r.Read(said)
		if err != nil {
			t.Fatal(err, <-done)
		}
		go io.Copy(io.Discard, r)
		v := &visitor{t: t, url: submatch(t, `(http://[0-9.:]+)`, string(said[:n])), client: &http.Client{Jar: cookies, Timeout: time.Minute}}
		if !again {
			v = enter(t, v.url)
			v.agree()
			cookies = v.client.Jar
		} else if status, body := v.post("/size", url.Values{"bust": {"94"}}); status != http.StatusOK {
			t.Errorf("after a restart: %d %s", status, body)
		}
		v.client.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
