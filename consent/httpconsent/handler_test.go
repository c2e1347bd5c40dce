package httpconsent_test

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/httpconsent"
	"github.com/fitveil/fitveil/consent/memstore"
)

const (
	site   = "https://shop-a.example"
	adPost = consent.Purpose("ads.share")
)

func notices() []httpconsent.Notice {
	return []httpconsent.Notice{{
		ID: "tryon", Version: "3", Language: "en", Text: "We draw it on your photo.", For: 24 * time.Hour,
		Choices: []httpconsent.Choice{
			{Purpose: consent.TryOnRender, Label: "Draw it on my photo"},
			{Purpose: adPost, Label: "Show me advertising elsewhere", Shares: true},
		},
		Recipients: []string{"Example Renderer Ltd"},
	}}
}

// desk is a handler with what a test turns.
type desk struct {
	*httpconsent.Handler
	t         *testing.T
	ledger    *consent.Ledger
	now       time.Time
	withdrawn []consent.Subject
	failing   error
}

// newDesk knows the session of whoever sends the header Test-Person.
func newDesk(t *testing.T, change func(*httpconsent.Options)) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	now := func() time.Time { return d.now }
	var err error
	if d.ledger, err = consent.New(memstore.New(), &consent.Options{Now: now, Purposes: []consent.Terms{{Purpose: adPost}}}); err != nil {
		t.Fatal(err)
	}
	o := &httpconsent.Options{
		Key: []byte(strings.Repeat("k", 32)),
		Shopper: func(r *http.Request) (string, string) {
			return r.Header.Get("Test-Tenant") + "shop-a", r.Header.Get("Test-Person")
		},
		Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{site}, Notices: notices()}},
		Withdrawn: func(_ context.Context, s consent.Subject) error {
			d.withdrawn = append(d.withdrawn, s)
			return d.failing
		},
		Now: now,
	}
	if change != nil {
		change(o)
	}
	if d.Handler, err = httpconsent.New(d.ledger, o); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) do(method, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Test-Person", "anna")
	r.Header.Set("Origin", site)
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func (d *desk) form(header ...string) httpconsent.Form {
	d.t.Helper()
	w := d.do(http.MethodGet, "/form", nil, header...)
	var f httpconsent.Form
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != http.StatusOK {
		d.t.Fatalf("form: %d %s", w.Code, w.Body)
	}
	return f
}

func (d *desk) check(p consent.Purpose, want consent.Reason) {
	d.t.Helper()
	q := consent.Query{Subject: d.ledger.Subject("shop-a", "anna"), Purpose: p, Recipients: []string{"Example Renderer Ltd"}}
	got, err := d.ledger.Check(d.t.Context(), q)
	if err != nil || got.Reason != want {
		d.t.Errorf("%s: %v %v, want %v", p, got.Reason, err, want)
	}
}

// refused checks a problem document.
func (d *desk) refused(w *httptest.ResponseRecorder, status int, code httpconsent.Code) {
	d.t.Helper()
	var p struct{ Code httpconsent.Code }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != status || p.Code != code || w.Header().Get("Content-Type") != "application/problem+json" {
		d.t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, code)
	}
}

func TestAnswer(t *testing.T) {
	d := newDesk(t, nil)
	f := d.form()
	want := httpconsent.Form{
		ID: "tryon", Version: "3", Language: "en", Text: "We draw it on your photo.", SHA256: f.SHA256, Token: f.Token,
		Boxes: []httpconsent.Box{{Purpose: consent.TryOnRender, Label: "Draw it on my photo"}, {Purpose: adPost, Label: "Show me advertising elsewhere"}},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
	d.now = d.now.Add(time.Minute)
	w := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender)}})
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if _, err := consent.VerifyReceipt(w.Body.Bytes(), d.ledger.PublicKey()); err != nil {
		t.Error(err)
	}
	d.check(consent.TryOnRender, consent.Granted)
	d.check(adPost, consent.Refused)

	d.now = d.now.Add(time.Minute)
	again := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender)}})
	if again.Code != http.StatusOK || again.Body.String() != w.Body.String() {
		t.Errorf("sent twice: %d, another receipt %v", again.Code, again.Body.String() != w.Body.String())
	}
	d.refused(d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(adPost)}}), http.StatusConflict, httpconsent.FormOutdated)

	// A no is taken at once, also on a form that was used, and is one no.
	no := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}})
	if no.Code != http.StatusCreated {
		t.Fatalf("a no: %d %s", no.Code, no.Body)
	}
	d.check(consent.TryOnRender, consent.Refused)
	if w := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}}); w.Code != http.StatusOK || w.Body.String() != no.Body.String() {
		t.Errorf("the same no: %d", w.Code)
	}
	// The yes from before does not come back with its form.
	d.refused(d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender)}}), http.StatusConflict, httpconsent.FormOutdated)
	d.check(consent.TryOnRender, consent.Refused)

	d.now = d.now.Add(24*time.Hour + time.Minute)
	fresh := d.form()
	if w := d.do(http.MethodPost, "/answer", url.Values{"form": {fresh.Token}, "agree": {string(consent.TryOnRender)}}); w.Code != http.StatusCreated {
		t.Errorf("a yes later: %d %s", w.Code, w.Body)
	}
	d.now = d.now.Add(25 * time.Hour)
	d.check(consent.TryOnRender, consent.Expired)
}

// Many sends of one answer at the same time are one answer.
func TestSentTogether(t *testing.T) {
	d := newDesk(t, nil)
	f := d.form()
	var mu sync.Mutex
	var wg sync.WaitGroup
	receipts, created := map[string]bool{}, 0
	for range 16 {
		wg.Go(func() {
			w := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender)}})
			mu.Lock()
			defer mu.Unlock()
			receipts[w.Body.String()] = true
			if w.Code == http.StatusCreated {
				created++
			}
		})
	}
	wg.Wait()
	if len(receipts) != 1 || created == 0 {
		t.Errorf("%d receipts, %d times created", len(receipts), created)
	}
	events := 0
	for range d.ledger.History(t.Context(), d.ledger.Subject("shop-a", "anna")) {
		events++
	}
	if events != 1 {
		t.Errorf("%d events", events)
	}
}

// A page's script sends what it has as multipart/form-data.
func TestFormData(t *testing.T) {
	d := newDesk(t, nil)
	f := d.form()
	post := func(padding int) *httptest.ResponseRecorder {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		for k, v := range map[string]string{"form": f.Token, "agree": string(consent.TryOnRender), "padding": strings.Repeat("x", padding)} {
			if err := m.WriteField(k, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/answer", &body)
		r.Header.Set("Content-Type", m.FormDataContentType())
		r.Header.Set("Test-Person", "anna")
		r.Header.Set("Origin", site)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		return w
	}
	d.refused(post(64<<10), http.StatusBadRequest, httpconsent.BadForm)
	if w := post(0); w.Code != http.StatusCreated {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.check(consent.TryOnRender, consent.Granted)
}

func TestRefused(t *testing.T) {
	d := newDesk(t, nil)
	f := d.form()
	agree := url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender)}}
	with := func(key, value string) url.Values {
		return url.Values{"form": agree["form"], "agree": agree["agree"], key: {value}}
	}
	for _, q := range []struct {
		name, method, path string
		form               url.Values
		header             []string
		status             int
		code               httpconsent.Code
	}{
		{"another site", "POST", "/answer", agree, []string{"Origin", "https://evil.example"}, 403, httpconsent.BadOrigin},
		{"no site", "POST", "/answer", agree, []string{"Origin", ""}, 403, httpconsent.BadOrigin},
		{"a page without a site", "POST", "/answer", agree, []string{"Origin", "null"}, 403, httpconsent.BadOrigin},
		{"a site that ends like ours", "POST", "/answer", agree, []string{"Origin", "https://evil" + strings.TrimPrefix(site, "https://")}, 403, httpconsent.BadOrigin},
		{"a site that begins like ours", "POST", "/answer", agree, []string{"Origin", site + ".evil.example"}, 403, httpconsent.BadOrigin},
		{"our site with a dot", "POST", "/answer", agree, []string{"Origin", site + "."}, 403, httpconsent.BadOrigin},
		{"our site without TLS", "POST", "/answer", agree, []string{"Origin", strings.Replace(site, "https", "http", 1)}, 403, httpconsent.BadOrigin},
		{"another site's referrer", "POST", "/answer", agree, []string{"Origin", "", "Referer", "https://evil.example/?" + site}, 403, httpconsent.BadOrigin},
		{"withdrawal by a page without a site", "POST", "/withdraw", nil, []string{"Origin", "null"}, 403, httpconsent.BadOrigin},
		{"an answer in the address", "POST", "/answer?" + agree.Encode(), nil, nil, 400, httpconsent.BadForm},
		{"more than a form has", "POST", "/answer", with("more", strings.Repeat("x", 64<<10)), nil, 400, httpconsent.BadForm},
		{"withdrawal from another site", "POST", "/withdraw", nil, []string{"Origin", "https://evil.example"}, 403, httpconsent.BadOrigin},
		{"form for another site", "GET", "/form", nil, []string{"Origin", "https://evil.example"}, 403, httpconsent.BadOrigin},
		{"nobody", "POST", "/answer", agree, []string{"Test-Person", ""}, 401, httpconsent.NoSession},
		{"another tenant", "POST", "/answer", agree, []string{"Test-Tenant", "not-"}, 401, httpconsent.NoSession},
		{"somebody else's form", "POST", "/answer", agree, []string{"Test-Person", "berta"}, 400, httpconsent.BadForm},
		{"no form", "POST", "/answer", url.Values{"agree": agree["agree"]}, nil, 400, httpconsent.BadForm},
		{"changed form", "POST", "/answer", with("form", f.Token[:len(f.Token)-2]+"AA"), nil, 400, httpconsent.BadForm},
		{"a box that was not there", "POST", "/answer", with("agree", "sell.everything"), nil, 400, httpconsent.BadForm},
		{"a purpose nobody knows", "POST", "/withdraw", url.Values{"purpose": {"sell.everything"}}, nil, 400, httpconsent.BadForm},
		{"broken encoding", "POST", "/answer?%zz", agree, nil, 400, httpconsent.BadForm},
		{"no such notice", "GET", "/form?notice=other", nil, nil, 404, httpconsent.NoNotice},
		{"no such language", "GET", "/form?language=fr", nil, nil, 404, httpconsent.NoNotice},
		{"half a link", "POST", "/withdraw", url.Values{"link": {"abc"}}, []string{"Origin", ""}, 400, httpconsent.BadLink},
		{"half a link opened", "GET", "/withdraw?link=abc", nil, nil, 400, httpconsent.BadLink},
	} {
		t.Run(q.name, func(t *testing.T) { d.refused(d.do(q.method, q.path, q.form, q.header...), q.status, q.code) })
	}
	d.check(consent.TryOnRender, consent.NeverAsked)

	t.Run("open too long", func(t *testing.T) {
		d.now = d.now.Add(time.Hour + time.Second)
		d.refused(d.do(http.MethodPost, "/answer", agree), http.StatusConflict, httpconsent.FormOutdated)
	})
	t.Run("another text since", func(t *testing.T) {
		later := newDesk(t, func(o *httpconsent.Options) { o.Tenants[0].Notices[0].Text += " And more." })
		// The pseudonym is another one with other keys, so the form is made here.
		earlier, err := httpconsent.New(later.ledger, &httpconsent.Options{
			Key:     []byte(strings.Repeat("k", 32)),
			Shopper: func(*http.Request) (string, string) { return "shop-a", "anna" },
			Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{site}, Notices: notices()}},
			Now:     func() time.Time { return later.now },
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := earlier.Form(httptest.NewRequest(http.MethodGet, "/", nil), "", "")
		if err != nil {
			t.Fatal(err)
		}
		later.refused(later.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": agree["agree"]}), http.StatusConflict, httpconsent.FormOutdated)
	})
}

func TestGlobalPrivacyControl(t *testing.T) {
	d := newDesk(t, nil)
	f := d.form("Sec-GPC", "1")
	if f.Boxes[0].Refused || !f.Boxes[1].Refused {
		t.Errorf("boxes %+v", f.Boxes)
	}
	both := url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender), string(adPost)}}
	if w := d.do(http.MethodPost, "/answer", both, "Sec-GPC", "1"); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.check(consent.TryOnRender, consent.Granted)
	d.check(adPost, consent.Refused)
}

func TestWithdraw(t *testing.T) {
	d := newDesk(t, nil)
	agree := func() {
		t.Helper()
		d.now = d.now.Add(time.Minute)
		f := d.form()
		d.now = d.now.Add(time.Minute)
		if w := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {string(consent.TryOnRender), string(adPost)}}); w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	agree()
	if w := d.do(http.MethodPost, "/withdraw", url.Values{"purpose": {string(adPost)}}); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.check(consent.TryOnRender, consent.Granted)
	d.check(adPost, consent.Withdrawn)
	if w := d.do(http.MethodPost, "/withdraw", nil); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.check(consent.TryOnRender, consent.Withdrawn)

	agree()
	link := d.WithdrawLink("shop-a", "anna")
	path, ok := strings.CutPrefix(link, "/consent")
	if !ok || strings.Contains(link, "anna") || link == d.WithdrawLink("shop-a", "anna") {
		t.Fatalf("link %s", link)
	}
	page := d.do(http.MethodGet, path, nil, "Test-Person", "", "Origin", "")
	d.check(consent.TryOnRender, consent.Granted) // looking is not pressing
	m := regexp.MustCompile(`name="link" value="([^"]+)"`).FindStringSubmatch(page.Body.String())
	if m == nil {
		t.Fatalf("%d %s", page.Code, page.Body)
	}
	before := len(d.withdrawn)
	if w := d.do(http.MethodPost, path, url.Values{"link": {html.UnescapeString(m[1])}}, "Test-Person", "", "Origin", "null"); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.check(consent.TryOnRender, consent.Withdrawn)
	if len(d.withdrawn) != before+1 || !d.withdrawn[before].Equal(d.ledger.Subject("shop-a", "anna")) {
		t.Error("nobody was told of the withdrawal")
	}

	d.failing = errors.New("disk on fire at /var/anna")
	w := d.do(http.MethodPost, "/withdraw", nil)
	d.refused(w, http.StatusServiceUnavailable, httpconsent.Unavailable)
	if strings.Contains(w.Body.String(), "anna") {
		t.Error("the answer says what went wrong inside")
	}
}

func TestNewRefuses(t *testing.T) {
	l, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*httpconsent.Options){
		"short key":         func(o *httpconsent.Options) { o.Key = o.Key[:31] },
		"no shopper":        func(o *httpconsent.Options) { o.Shopper = nil },
		"no tenants":        func(o *httpconsent.Options) { o.Tenants = nil },
		"no origins":        func(o *httpconsent.Options) { o.Tenants[0].Origins = nil },
		"bad origin":        func(o *httpconsent.Options) { o.Tenants[0].Origins = []string{"shop-a.example"} },
		"nameless":          func(o *httpconsent.Options) { o.Tenants[0].Name = "" },
		"twice":             func(o *httpconsent.Options) { o.Tenants = append(o.Tenants, o.Tenants[0]) },
		"no choices":        func(o *httpconsent.Options) { o.Tenants[0].Notices[0].Choices = nil },
		"one purpose twice": func(o *httpconsent.Options) { c := o.Tenants[0].Notices[0].Choices; c[1].Purpose = c[0].Purpose },
		"no label":          func(o *httpconsent.Options) { o.Tenants[0].Notices[0].Choices[0].Label = "" },
		"no text":           func(o *httpconsent.Options) { o.Tenants[0].Notices[0].Text = "" },
		"silent too long":   func(o *httpconsent.Options) { o.Tenants[0].Notices[0].Heartbeat = 24*time.Hour + time.Second },
		"negative":          func(o *httpconsent.Options) { o.Tenants[0].Notices[0].For = -1 },
	} {
		o := &httpconsent.Options{
			Key:     make([]byte, 32),
			Shopper: func(*http.Request) (string, string) { return "", "" },
			Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{site}, Notices: notices()}},
		}
		change(o)
		if _, err := httpconsent.New(l, o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// Agreements ask for more than a tick; what the shop knows goes into the evidence.
func TestFacts(t *testing.T) {
	p, err := consent.BuiltinProfile("strict")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, nil)
	if d.ledger, err = consent.New(memstore.New(), &consent.Options{
		Now: func() time.Time { return d.now }, Profiles: map[string]*consent.Profile{"shop-a": p},
	}); err != nil {
		t.Fatal(err)
	}
	d.Handler, err = httpconsent.New(d.ledger, &httpconsent.Options{
		Key:     []byte(strings.Repeat("k", 32)),
		Shopper: func(r *http.Request) (string, string) { return "shop-a", r.Header.Get("Test-Person") },
		Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{site}, Notices: []httpconsent.Notice{{
			ID: "tryon", Version: "1", Language: "en", Text: "We draw it on your photo.", Heartbeat: time.Minute,
			Choices: []httpconsent.Choice{{Purpose: consent.TryOnRender, Label: "Draw it"}},
		}}}},
		Facts: func(r *http.Request) httpconsent.Facts {
			f := httpconsent.Facts{OwnPhoto: r.PostForm.Get("own") == "yes", Country: "FR"}
			if r.Header.Get("Test-Person") == "anna" {
				f.AtLeast = 18
			}
			return f
		},
		Now: func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(own, person string) *httptest.ResponseRecorder {
		f := d.form("Test-Person", person)
		return d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": {"tryon.render"}, "own": {own}}, "Test-Person", person)
	}
	d.refused(answer("", "anna"), http.StatusUnprocessableEntity, httpconsent.NotEligible)
	d.refused(answer("yes", "ben"), http.StatusUnprocessableEntity, httpconsent.NotEligible)
	beat := func(purpose string, header ...string) *httptest.ResponseRecorder {
		return d.do(http.MethodPost, "/beat", url.Values{"purpose": {purpose}}, header...)
	}
	d.refused(beat("tryon.render"), http.StatusGone, httpconsent.NoLife)
	if w := answer("yes", "anna"); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	check := func(want consent.Reason) {
		t.Helper()
		got, err := d.ledger.Check(t.Context(), consent.Query{Subject: d.ledger.Subject("shop-a", "anna"), Purpose: consent.TryOnRender})
		if err != nil || got.Reason != want {
			t.Errorf("%q, %v; want %q", got.Reason, err, want)
		}
	}
	for range 3 {
		d.now = d.now.Add(50 * time.Second)
		check(consent.Granted)
		if w := beat("tryon.render"); w.Code != http.StatusNoContent {
			t.Errorf("beat: %d %s", w.Code, w.Body)
		}
	}
	d.refused(beat("tryon.render", "Origin", "https://evil.example"), http.StatusForbidden, httpconsent.BadOrigin)
	d.refused(beat("tryon.render", "Test-Person", "ben"), http.StatusGone, httpconsent.NoLife)
	d.refused(d.do(http.MethodPost, "/beat", nil), http.StatusBadRequest, httpconsent.BadForm)
	d.now = d.now.Add(time.Minute)
	d.refused(beat("tryon.render"), http.StatusGone, httpconsent.NoLife)
	check(consent.SessionEnded)
}

// A form that one instance showed and another recorded, whose clock is behind, is
// recorded, and once.
func TestClocksOfInstances(t *testing.T) {
	d := newDesk(t, nil)
	d.now = d.now.Add(2 * time.Second)
	form := d.form()
	d.now = d.now.Add(-time.Second)
	answer := func() *httptest.ResponseRecorder {
		return d.do(http.MethodPost, "/answer", url.Values{"form": {form.Token}, "agree": {"tryon.render"}})
	}
	first, again := answer(), answer()
	if first.Code != http.StatusCreated || again.Code != http.StatusOK || again.Body.String() != first.Body.String() {
		t.Errorf("%d, and again %d %s", first.Code, again.Code, again.Body)
	}
	d.now = d.now.Add(-2 * time.Minute)
	d.refused(answer(), http.StatusConflict, httpconsent.FormOutdated)
}

// A text names the recipients of all its boxes, and whatever is ticked is taken.
func TestRecipientsOfSomeBoxes(t *testing.T) {
	profile, err := consent.BuiltinProfile("conversation")
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := consent.New(memstore.New(), &consent.Options{Profiles: map[string]*consent.Profile{"shop-a": profile}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := httpconsent.New(ledger, &httpconsent.Options{
		Key:     []byte(strings.Repeat("k", 32)),
		Shopper: func(r *http.Request) (string, string) { return "shop-a", r.Header.Get("Test-Person") },
		Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{site}, Notices: []httpconsent.Notice{{
			ID: "talk", Version: "1", Language: "en", Text: "We talk, and call you through a provider in the US.", Recipients: []string{"telephony"},
			Choices: []httpconsent.Choice{{Purpose: "conversation", Label: "Chat"}, {Purpose: "call", Label: "Call me"}, {Purpose: consent.TransferOutsideEEA, Label: "Through the US"}},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, Handler: h, ledger: ledger}
	for person, row := range map[string]struct {
		ticked []string
		call   consent.Reason
	}{
		"anna": {[]string{"conversation"}, consent.Refused},
		"bert": {[]string{"conversation", "call"}, consent.TransferBlocked},
		"cleo": {[]string{"conversation", "call", "transfer.outside_eea"}, consent.Granted},
	} {
		f := d.form("Test-Person", person)
		w := d.do(http.MethodPost, "/answer", url.Values{"form": {f.Token}, "agree": row.ticked}, "Test-Person", person)
		if w.Code != http.StatusCreated {
			t.Errorf("%s: %d %s", person, w.Code, w.Body)
		}
		who := ledger.Subject("shop-a", person)
		if got, err := ledger.Check(t.Context(), consent.Query{Subject: who, Purpose: "conversation"}); err != nil || !got.Allowed {
			t.Errorf("%s: chat %q, want granted", person, got.Reason)
		}
		got, err := ledger.Check(t.Context(), consent.Query{Subject: who, Purpose: "call", Recipients: []string{"telephony"}})
		if err != nil || got.Reason != row.call {
			t.Errorf("%s: call %q, want %q", person, got.Reason, row.call)
		}
	}
}

// The key is printed by neither the options nor the handler, also where fmt
// cannot call the methods of the handler.
func TestKeyIsNotPrinted(t *testing.T) {
	const key = "kEkEkEkEkEkEkEkEkEkEkEkEkEkEkEkE"
	var o httpconsent.Options
	d := newDesk(t, func(given *httpconsent.Options) { given.Key = []byte(key); o = *given })
	var out bytes.Buffer
	say := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	for _, v := range []any{o, &o, []any{o}, map[string]any{"k": &o}, d.Handler, *d.Handler, struct{ h *httpconsent.Handler }{d.Handler}, struct{ h httpconsent.Handler }{*d.Handler}} {
		say(v)
	}
	say(d.WithdrawLink("shop-a", "anna"))
	secrets := []string{key[:4]}
	for _, label := range []string{"", "fitveil httpconsent form", "fitveil httpconsent link"} {
		secret := []byte(key)
		if label != "" {
			var err error
			if secret, err = hkdf.Key(sha256.New, secret, nil, label, 32); err != nil {
				t.Fatal(err)
			}
		}
		decimal := strings.Trim(fmt.Sprint(secret[:4]), "[]")
		secrets = append(secrets, string(secret[:4]), fmt.Sprintf("%x", secret[:4]), fmt.Sprintf("%X", secret[:4]), decimal,
			strings.ReplaceAll(decimal, " ", ", "), fmt.Sprintf("%#x, %#x, %#x", secret[0], secret[1], secret[2]))
	}
	for _, secret := range secrets {
		if i := strings.Index(out.String(), secret); i >= 0 {
			t.Errorf("%q is printed: ...%.80q", secret, out.String()[max(0, i-40):])
		}
	}
}
