package tryon_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/tryon"
)

// keeping is a remote backend that keeps what is said and can erase.
type keeping struct {
	tryon.Backend
	profile tryon.Profile
}

func (k keeping) Describe() tryon.Profile                     { return k.profile }
func (k keeping) Erase(context.Context, *tryon.Erasure) error { return nil }
func (k keeping) Classify(err error) tryon.Fault              { return tryon.DefaultFault(err) }

func strictly(p tryon.Profile) tryon.Backend { return keeping{profile: p} }

func lenient(p tryon.Profile) tryon.Backend { return tryon.NewBackend(p, nil) }

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func modern(change func(*tryon.Profile)) tryon.Profile {
	p := remote("remote", "api.renderer.example")
	p.Uploads, p.Outputs, p.AbuseLog = tryon.ErasedWithin(days(2)), tryon.NotKept(), tryon.KeptFor(days(30))
	if change != nil {
		change(&p)
	}
	return p
}

func agreement() tryon.Agreement {
	return tryon.Agreement{
		Name: "dpa-2026", SubProcessors: map[string]string{vendor: "notice-7"}, Regions: []string{"EU"},
		Uploads: days(2), Outputs: days(2), AbuseLog: days(30),
		Clauses: map[tryon.Clause]string{tryon.ClauseRegion: "§ 4.2"},
	}
}

// Each row breaks one clause, and New says which.
func TestAgreementMatrix(t *testing.T) {
	tests := []struct {
		name    string
		backend tryon.Backend
		change  func(*tryon.Agreement)
		clause  tryon.Clause
	}{
		{"nothing", strictly(modern(nil)), nil, ""},
		{"a sub-processor that is not named", strictly(modern(func(p *tryon.Profile) { p.SubProcessor = "Other Ltd" })), nil, tryon.ClauseSubProcessor},
		{"no notice", strictly(modern(nil)), func(a *tryon.Agreement) { a.SubProcessors = map[string]string{vendor: ""} }, tryon.ClauseNotice},
		{"region", strictly(modern(func(p *tryon.Profile) { p.Region = "US" })), nil, tryon.ClauseRegion},
		{"no regions at all", strictly(modern(nil)), func(a *tryon.Agreement) { a.Regions = nil }, tryon.ClauseRegion},
		{"uploads stay", strictly(modern(func(p *tryon.Profile) { p.Uploads = tryon.KeptFor(days(3)) })), nil, tryon.ClauseUploads},
		{"uploads unknown", strictly(modern(func(p *tryon.Profile) { p.Uploads = tryon.Retention{} })), nil, tryon.ClauseUploads},
		{"outputs stay", strictly(modern(func(p *tryon.Profile) { p.Outputs = tryon.KeptFor(days(3)) })), nil, tryon.ClauseOutputs},
		{"longer logs", strictly(modern(func(p *tryon.Profile) { p.AbuseLog = tryon.KeptFor(days(31)) })), nil, tryon.ClauseAbuseLog},
		{"no delete call", lenient(modern(nil)), nil, tryon.ClauseDeletion},
		{"not erasable", strictly(modern(func(p *tryon.Profile) { p.Uploads = tryon.KeptFor(days(1)) })), nil, tryon.ClauseDeletion},
		{"declared is enough", lenient(modern(nil)), func(a *tryon.Agreement) { a.Declared = true }, ""},
		{"training", strictly(modern(func(p *tryon.Profile) { p.Trains = true })), nil, tryon.ClauseTraining},
		{"over", strictly(modern(nil)), func(a *tryon.Agreement) { a.Until = time.Now().Add(-time.Hour) }, tryon.ClauseTerm},
		{"zero agreement", strictly(modern(nil)), func(a *tryon.Agreement) { *a = tryon.Agreement{Name: "zero"} }, tryon.ClauseSubProcessor},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := agreement()
			if test.change != nil {
				test.change(&a)
			}
			_, err := tryon.New(&tryon.Options{Routes: routes(test.backend), Agreements: []tryon.Agreement{a}})
			var broken *tryon.AgreementError
			if test.clause == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.As(err, &broken) || broken.Clause != test.clause || !errors.Is(err, tryon.ErrAgreement) {
				t.Fatalf("got %v, want clause %q broken", err, test.clause)
			}
			if ref := a.Clauses[test.clause]; !strings.Contains(err.Error(), ref) || !strings.Contains(err.Error(), a.Name) {
				t.Errorf("%q names neither agreement nor clause", err)
			}
		})
	}
	t.Run("licence", func(t *testing.T) {
		b := strictly(modern(func(p *tryon.Profile) { p.NonCommercial = true }))
		if _, err := tryon.New(&tryon.Options{Routes: routes(b)}); !errors.Is(err, tryon.ErrAgreement) {
			t.Errorf("got %v", err)
		}
		if _, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: b, Research: true}}}); err != nil {
			t.Errorf("research: %v", err)
		}
	})
	t.Run("a route of other agreements", func(t *testing.T) {
		a, b := agreement(), agreement()
		a.Regions, b.Name, a.Tenants = []string{"CH"}, "second", []string{"shop-c"}
		r := tryon.Route{Backend: strictly(modern(nil)), Agreements: []string{"second"}}
		if _, err := tryon.New(&tryon.Options{Routes: []tryon.Route{r}, Agreements: []tryon.Agreement{a, b}}); err != nil {
			t.Error(err)
		}
		r.Agreements = []string{"third"}
		if _, err := tryon.New(&tryon.Options{Routes: []tryon.Route{r}, Agreements: []tryon.Agreement{a, b}}); err == nil {
			t.Error("an agreement that does not exist was accepted")
		}
	})
	t.Run("model", func(t *testing.T) {
		p := modern(func(p *tryon.Profile) {
			p.Model, p.Models = "m-1", []tryon.Model{{ID: "m-1", Shutdown: time.Now().Add(-time.Hour), Successor: "m-2"}}
		})
		if _, err := tryon.New(&tryon.Options{Routes: routes(strictly(p))}); err == nil || !strings.Contains(err.Error(), "m-2") {
			t.Errorf("got %v", err)
		}
	})
}

// Nothing is sent when an agreement ends, a model is shut down, or the tenant
// has none, although all was well at New.
func TestAgreementBeforeEachSend(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, answerPicture)
	now := time.Now()
	tests := []struct {
		name   string
		change func(*tryon.Agreement, *tryon.Profile)
		code   tryon.Code
	}{
		{"ended", func(a *tryon.Agreement, _ *tryon.Profile) { a.Until = now.Add(time.Hour) }, tryon.AgreementRefused},
		{"another tenant's", func(a *tryon.Agreement, _ *tryon.Profile) { a.Tenants = []string{"shop-z"} }, tryon.AgreementRefused},
		{"model", func(_ *tryon.Agreement, p *tryon.Profile) {
			p.Model, p.Models = "m-1", []tryon.Model{{ID: "m-1", Shutdown: now.Add(time.Hour)}}
		}, tryon.ModelRetired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, p := agreement(), modern(nil)
			a.Declared, p.Hosts = true, []string{s.host}
			test.change(&a, &p)
			late := now
			backend := tryon.NewBackend(p, func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
				resp, err := in.HTTP.Post(s.URL, "image/png", strings.NewReader("photo"))
				if err == nil {
					resp.Body.Close()
				}
				return picture(), err
			})
			client := newClient(t, &tryon.Options{
				Routes: routes(backend), Ledger: w.ledger, TLS: trusting(s), Agreements: []tryon.Agreement{a},
				Now: func() time.Time { return late },
			})
			late = now.Add(2 * time.Hour)
			_, err := client.Render(t.Context(), w.permit, &w.request)
			var e *tryon.Error
			if !errors.As(err, &e) || e.Code != test.code {
				t.Errorf("got %v, want %v", err, test.code)
			}
		})
	}
	if n := s.hits.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

func TestDisclosure(t *testing.T) {
	a := agreement()
	client := newClient(t, &tryon.Options{
		Routes: routes(strictly(modern(func(p *tryon.Profile) {
			p.Model, p.Models = "m-1", []tryon.Model{{ID: "m-1", Shutdown: time.Date(2031, 3, 15, 0, 0, 0, 0, time.UTC)}}
		})), lenient(local("near"))),
		Agreements: []tryon.Agreement{a},
	})
	want := []tryon.SubProcessor{{
		Name: vendor, Region: "EU", Backends: []string{"remote"}, Models: []string{"m-1"}, Hosts: []string{"api.renderer.example:443"},
		Tasks: []string{"on-person", "in-room"}, Uploads: "2 days", Outputs: "not kept", AbuseLog: "30 days",
		Erasable: true, Shutdown: "2031-03-15", Notices: []string{"notice-7"},
	}}
	if diff := cmp.Diff(want, client.Disclosure()); diff != "" {
		t.Error(diff)
	}
}

func TestQuota(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	inside, release := make(chan struct{}, 4), make(chan struct{})
	slow := tryon.NewBackend(local("slow"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		inside <- struct{}{}
		<-release
		return picture(), nil
	})
	client := newClient(t, &tryon.Options{
		Routes: routes(slow), Ledger: w.ledger, Now: func() time.Time { return now },
		Quota: tryon.Quota{Renders: 3, Per: time.Hour, AtOnce: 1},
	})
	done := make(chan error)
	go func() { _, err := client.Render(t.Context(), w.permit, &w.request); done <- err }()
	<-inside
	over := func(reason tryon.Reason) {
		t.Helper()
		_, err := client.Render(t.Context(), w.permit, &w.request)
		var e *tryon.Error
		if !errors.As(err, &e) || !errors.Is(err, tryon.ErrQuota) || e.Reason != reason || e.After <= 0 {
			t.Errorf("got %v, want over quota, %q", err, reason)
		}
	}
	over("too-many-at-once")
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
			t.Fatal(err)
		}
	}
	over("renders")
	now = now.Add(time.Hour)
	if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
		t.Errorf("the next hour: %v", err)
	}
}

// The same photo with the same product is drawn once, for one person, and as
// long as consent holds.
func TestCache(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	drawn := 0
	backend := tryon.NewBackend(local("near"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		drawn++
		return picture(), nil
	})
	client := newClient(t, &tryon.Options{
		Routes: routes(backend), Ledger: w.ledger, Cache: tryon.CacheOptions{Entries: 2, For: time.Hour},
		Now: func() time.Time { return now },
	})
	render := func(r *tryon.Request, want int, what string) *tryon.Result {
		t.Helper()
		result, err := client.Render(t.Context(), w.permit, r)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if drawn != want {
			t.Errorf("%s: drawn %d times, want %d", what, drawn, want)
		}
		return result
	}
	first := render(&w.request, 1, "first")
	again := render(&w.request, 1, "again")
	if again.Images[0].SHA256() != first.Images[0].SHA256() || again.Attempts[0].Outcome != "cached" {
		t.Errorf("got %v with %+v", again.Images[0], again.Attempts[0])
	}
	other := w.request
	other.N = 2
	render(&other, 2, "another number")
	now = now.Add(2 * time.Hour)
	render(&w.request, 3, "later")
	if _, err := client.Erase(t.Context(), w.subject); err != nil {
		t.Fatal(err)
	}
	render(&w.request, 4, "after erasing")
	if _, err := w.ledger.Withdraw(t.Context(), w.subject); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Render(t.Context(), w.permit, &w.request); !errors.Is(err, tryon.ErrNoConsent) {
		t.Errorf("after withdrawing: %v", err)
	}
}

// What a route says cools it down for everybody; the next one is asked meanwhile.
func TestCooling(t *testing.T) {
	tests := []struct {
		fault tryon.Error
		times int // failures until it is left alone
		pause time.Duration
	}{
		{tryon.Error{Code: tryon.RateLimited, After: 5 * time.Minute}, 1, 5 * time.Minute},
		{tryon.Error{Code: tryon.RateLimited}, 1, 30 * time.Second},
		{tryon.Error{Code: tryon.Unauthenticated}, 1, 10 * time.Minute},
		{tryon.Error{Code: tryon.QuotaExhausted}, 1, 10 * time.Minute},
		{tryon.Error{Code: tryon.ModelRetired}, 1, time.Hour},
		{tryon.Error{Code: tryon.Unavailable}, 3, 30 * time.Second},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.fault.Code.String(), func(t *testing.T) {
			now, asked := time.Now(), 0
			first := tryon.NewBackend(local("first"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
				asked++
				e := test.fault
				return nil, &e
			})
			second := tryon.NewBackend(local("second"), func(context.Context, *tryon.Input) (*tryon.Output, error) { return picture(), nil })
			client := newClient(t, &tryon.Options{Routes: routes(first, second), Ledger: w.ledger, Now: func() time.Time { return now }})
			ask := func(want int) {
				t.Helper()
				if _, err := client.Render(t.Context(), w.permit, &w.request); err != nil {
					t.Fatal(err)
				}
				if asked != want {
					t.Errorf("asked %d times, want %d", asked, want)
				}
			}
			for i := range test.times {
				ask(i + 1)
			}
			ask(test.times)
			now = now.Add(test.pause - time.Second)
			ask(test.times)
			now = now.Add(time.Second)
			ask(test.times + 1)
		})
	}
}
