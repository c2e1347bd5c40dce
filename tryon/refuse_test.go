package tryon_test

import (
	"context"
	"errors"
	"image/color"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// Each row must fail with its error, and the backend must not have been given
// anything.
func TestRenderRefuses(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	unsure := detect.AnyPeople()
	unsure.Name, unsure.Presence, unsure.Doubt = "lenient", .1, 0
	reviewed := func(p detect.Policy) *detect.Screened {
		return screened(t, people{1, .32}, p, &detect.ScreenOptions{
			Reviewer: func(context.Context, *imageproc.Clean, *detect.Scene) (detect.Verdict, error) {
				return detect.Pass, nil
			},
		})
	}
	asksMore := detect.AnyPeople()
	asksMore.Presence, asksMore.Doubt = .5, .3
	with := func(change func(*tryon.Request)) tryon.Request {
		r := w.request
		r.Items = append([]tryon.Item(nil), r.Items...)
		change(&r)
		return r
	}
	photo := func(s *detect.Screened) tryon.Request { return with(func(r *tryon.Request) { r.Photo = s }) }
	tests := []struct {
		name    string
		permit  consent.Permit
		request tryon.Request
		code    tryon.Code
		reason  tryon.Reason
		is      error
	}{
		{"zero permit", consent.Permit{}, w.request, tryon.NoConsent, "no-permit", tryon.ErrNoConsent},
		{"permit of another ledger", other.permit, w.request, tryon.NoConsent, "foreign-permit", tryon.ErrNoConsent},
		{"unmanaged permit", consent.Unmanaged("paper form").For(w.subject), w.request, tryon.NoConsent, "unmanaged-permit", tryon.ErrNoConsent},
		{"another shopper", w.permit, with(func(r *tryon.Request) { r.Subject = w.ledger.Subject("shop-a", "else") }), tryon.NoConsent, "permit-mismatch", tryon.ErrNoConsent},
		{"another tenant", w.permit, with(func(r *tryon.Request) { r.Subject = w.ledger.Subject("shop-b", rawID) }), tryon.NoConsent, "permit-mismatch", consent.ErrNoConsent},
		{"zero shopper", w.permit, with(func(r *tryon.Request) { r.Subject = consent.Subject{} }), tryon.NoConsent, "permit-mismatch", tryon.ErrNoConsent},
		{"no photo", w.permit, photo(nil), tryon.NotScreened, "", tryon.ErrNotScreened},
		{"zero photo", w.permit, photo(new(detect.Screened)), tryon.NotScreened, "", tryon.ErrNotScreened},
		{"two people", w.permit, photo(screened(t, people{2, .9}, detect.AnyPeople(), nil)), tryon.PolicyRefused, "crowd", detect.ErrCrowd},
		{"nobody", w.permit, photo(screened(t, people{0, 0}, detect.NoPeople(), nil)), tryon.PolicyRefused, "nobody", detect.ErrNobody},
		{"hardly somebody", w.permit, photo(screened(t, people{1, .32}, unsure, nil)), tryon.PolicyRefused, "unsure", detect.ErrUnsure},
		{"reviewed for another question", w.permit, photo(reviewed(asksMore)), tryon.PolicyRefused, "unsure", tryon.ErrPolicy},
		{"somebody in the room", w.permit, with(func(r *tryon.Request) { r.Task = tryon.InRoom }), tryon.PolicyRefused, "people", detect.ErrPeople},
		{"an order's name with a space", w.permit, with(func(r *tryon.Request) { r.Order = "a b" }), tryon.BadRequest, "order", nil},
		{"a long order's name", w.permit, with(func(r *tryon.Request) { r.Order = strings.Repeat("a", 129) }), tryon.BadRequest, "order", nil},
		{"no such task", w.permit, with(func(r *tryon.Request) { r.Task = 9 }), tryon.BadRequest, "task", nil},
		{"no items", w.permit, with(func(r *tryon.Request) { r.Items = nil }), tryon.BadRequest, "items", nil},
		{"nine items", w.permit, with(func(r *tryon.Request) { r.Items = make([]tryon.Item, 9) }), tryon.BadRequest, "items", nil},
		{"item without picture", w.permit, with(func(r *tryon.Request) { r.Items[0].Image = nil }), tryon.BadRequest, "item-image", nil},
		{"item with a zero picture", w.permit, with(func(r *tryon.Request) { r.Items[0].Image = new(imageproc.Clean) }), tryon.BadRequest, "item-image", nil},
		{"no such garment", w.permit, with(func(r *tryon.Request) { r.Items[0].Garment = 9 }), tryon.BadRequest, "garment", nil},
		{"nine pictures", w.permit, with(func(r *tryon.Request) { r.N = 9 }), tryon.BadRequest, "pictures", nil},
		{"minus one picture", w.permit, with(func(r *tryon.Request) { r.N = -1 }), tryon.BadRequest, "pictures", nil},
		{"two items for a backend of one", w.permit, with(func(r *tryon.Request) { r.Items = append(r.Items, r.Items[0]) }), tryon.Unsupported, "no-route", nil},
	}
	var calls atomic.Int32
	client := w.client(t, drawing("counting", &calls))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := client.Render(t.Context(), test.permit, &test.request)
			var e *tryon.Error
			if result != nil || !errors.As(err, &e) {
				t.Fatalf("got %v, %v; want a *tryon.Error", result, err)
			}
			if e.Code != test.code || e.Reason != test.reason {
				t.Errorf("got %s %q, want %s %q", e.Code, e.Reason, test.code, test.reason)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
		})
	}
	if _, err := client.Render(t.Context(), w.permit, nil); !errors.As(err, new(*tryon.Error)) {
		t.Errorf("no request: got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Render(ended, w.permit, &w.request); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: got %v", err)
	}
	if n := calls.Load(); n != 0 {
		t.Fatalf("the backend was asked %d times", n)
	}
	if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
		t.Fatalf("the same request without a fault: %v", err)
	}
	twice := detect.OnePerson()
	again := photo(reviewed(twice))
	if _, err := client.Render(t.Context(), w.permit, &again); err != nil {
		t.Errorf("a reviewer saw one person: %v", err)
	}
}

// Consent names who may receive the photo. A remote backend that it does not
// name gets nothing, and the next route is asked.
func TestRecipientNotNamed(t *testing.T) {
	w := newWorld(t)
	w.grant(t) // agreed again, to nobody else this time
	permit := w.permitFor(t)
	var away, here atomic.Int32
	far := tryon.NewBackend(remote("far", "api.renderer.example"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		away.Add(1)
		return picture(), nil
	})
	result, err := w.client(t, far, drawing("near", &here)).Render(t.Context(), permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for _, a := range result.Attempts {
		outcomes = append(outcomes, a.Backend+" "+a.Outcome)
	}
	if diff := cmp.Diff([]string{"far no-consent", "near ok"}, outcomes); diff != "" {
		t.Error(diff)
	}
	if away.Load() != 0 || here.Load() != 1 {
		t.Errorf("far was asked %d times, near %d", away.Load(), here.Load())
	}
}

// Without a ledger an unmanaged permit is enough, for the person it is bound
// to, and every record says so.
func TestUnmanaged(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int32
	client := newClient(t, &tryon.Options{Routes: routes(drawing("near", &calls))})
	permit := consent.Unmanaged("agreed at the counter")
	if _, err := client.Render(t.Context(), permit, &w.request); !errors.Is(err, tryon.ErrNoConsent) {
		t.Errorf("unbound permit: got %v", err)
	}
	result, err := client.Render(t.Context(), permit.For(w.subject), &w.request)
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Attempts[0].Unmanaged; got != "agreed at the counter" {
		t.Errorf("the record says %q", got)
	}
	if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
		t.Errorf("a ledger's permit: %v", err)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("drawn %d times", n)
	}
}

// What the caller does to the request while Render works changes nothing.
func TestSnapshot(t *testing.T) {
	w := newWorld(t)
	photo, item := *w.request.Photo, *w.request.Items[0].Image
	seed := int64(7)
	request := tryon.Request{
		Subject: w.subject, Photo: &photo, Seed: &seed,
		Items: []tryon.Item{{ID: "tee", Image: &item}},
	}
	want := photo.SHA256()
	backend := tryon.NewBackend(local("looking"), func(_ context.Context, in *tryon.Input) (*tryon.Output, error) {
		photo = *screened(t, people{2, .9}, detect.AnyPeople(), nil)
		item = *clean(t, pngOf(30, 30, color.White))
		seed = 8
		request.Items[0] = tryon.Item{}
		if in.Photo.SHA256() != want || in.Items[0].Image.Bounds().Dx() != 40 || in.Items[0].ID != "tee" || *in.Seed != 7 {
			t.Error("the backend sees what the caller changed")
		}
		*in.Photo = detect.Screened{} // its own copy
		return picture(), nil
	})
	if _, err := w.client(t, backend).Render(t.Context(), w.permit, &request); err != nil {
		t.Fatal(err)
	}
}
