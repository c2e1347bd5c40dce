package tryontest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

func erases(d *Driver) bool {
	b, err := d.New()
	if err != nil {
		return false
	}
	_, ok := b.(tryon.Eraser)
	return ok
}

func recordCases() []testCase {
	return []testCase{
		{name: "no consent", run: func(t *testing.T, w *world) {
			p := w.permit(t)
			must(w.ledger.Withdraw(under(t), w.subject))(t)
			_, err := w.client.Render(under(t), p, &w.request)
			if e := w.heard(t, err); e == nil || e.Code != tryon.NoConsent && w.second == 0 {
				t.Errorf("got %v", e)
			}
			w.nothing(t)
		}},
		{name: "an agreement that forbids it", run: func(t *testing.T, w *world) {
			w.o.Agreements = []tryon.Agreement{{Name: "nothing-leaves"}}
			if _, err := tryon.New(&w.o); !errors.Is(err, tryon.ErrAgreement) {
				t.Errorf("got %v", err)
			}
			w.nothing(t)
		}},
		{name: "no record, no request", run: func(t *testing.T, w *world) {
			w.o.Store = deadStore{}
			w.client = must(tryon.New(&w.o))(t)
			result, err := w.render(t, under(t))
			w.failed(t, result, err, false, tryon.StoreFailed)
			w.nothing(t)
		}},
		{name: "consent ends while it draws", needs: async, run: func(t *testing.T, w *world) {
			w.server.Chance(func(s Stage) Fault {
				if s == Submit {
					must(w.ledger.Withdraw(context.Background(), w.subject))(t)
				}
				return Fault{}
			})
			result, err := w.render(t, under(t))
			w.failed(t, result, err, false, tryon.NoConsent)
		}},
		{name: "start and wait", run: func(t *testing.T, w *world) {
			id := w.start(t)
			result, err := w.client.Wait(under(t), w.permit(t), &tryon.Pickup{Job: id, Subject: w.subject})
			if err != nil || result.Job != id {
				t.Fatalf("got %v, %v", result, err)
			}
			if _, err := w.client.Wait(under(t), w.permit(t), &tryon.Pickup{Job: id, Subject: w.subject, Request: &w.request}); !errors.Is(err, tryon.ErrJob) {
				t.Errorf("fetched twice: %v", err)
			}
			w.counts(t, 1, 1)
		}},
		{name: "wait in another process", needs: async, run: func(t *testing.T, w *world) {
			id := w.start(t)
			w.client = must(tryon.New(&w.o))(t)
			k := tryon.Pickup{Job: id, Subject: w.ledger.Subject("shop-a", "somebody else"), Request: &w.request}
			if _, err := w.client.Wait(under(t), w.permit(t), &k); !errors.Is(err, tryon.ErrJob) {
				t.Errorf("somebody else: %v", err)
			}
			k.Subject = w.subject
			result, err := w.client.Wait(under(t), w.permit(t), &k)
			if err != nil || len(result.Images) != 1 {
				t.Fatalf("got %v, %v", result, w.heard(t, err))
			}
			w.counts(t, 1, 1)
		}},
		{name: "gives up and comes back", needs: again, run: func(t *testing.T, w *world) {
			w.server.Slowness = 20
			id := w.start(t)
			ctx, cancel := context.WithTimeout(under(t), 2*time.Second)
			_, err := w.client.Wait(ctx, w.permit(t), &tryon.Pickup{Job: id, Subject: w.subject})
			cancel()
			if e := w.heard(t, err); e == nil || e.Code != tryon.Timeout || e.Job != id {
				t.Fatalf("got %v", err)
			}
			if _, err := w.client.Wait(under(t), w.permit(t), &tryon.Pickup{Job: id, Subject: w.subject}); err != nil {
				t.Fatal(err)
			}
			w.counts(t, 1, 1)
		}},
		{name: "nothing is left behind", needs: erases, run: func(t *testing.T, w *world) {
			draws(1)(t, w)
			w.empty(t)
		}},
		{name: "what can't be named is attested", needs: func(d *Driver) bool { return d.Async }, faults: []Fault{{On: Submit, Kind: Drop}}, run: func(t *testing.T, w *world) {
			result, err := w.render(t, under(t))
			w.failed(t, result, err, false, tryon.AcceptedUnknown)
			w.attested(t)
		}},
		{name: "deletions are tried again", needs: erases, faults: []Fault{{On: Erase, Kind: Status, Status: 500, Times: 4}}, run: func(t *testing.T, w *world) {
			draws(1)(t, w)
			w.sweep(t, 10*time.Hour)
			w.empty(t)
		}},
		{name: "deletions survive the process", needs: erases, faults: []Fault{{On: Erase, Kind: Refuse, Times: 3}}, run: func(t *testing.T, w *world) {
			draws(1)(t, w)
			w.client = must(tryon.New(&w.o))(t)
			w.sweep(t, 10*time.Hour)
			w.empty(t)
		}},
		{name: "deletions of jobs that nobody waits for", needs: func(d *Driver) bool { return erases(d) && d.Async }, run: func(t *testing.T, w *world) {
			w.start(t)
			w.client = must(tryon.New(&w.o))(t)
			w.sweep(t, 2*time.Hour)
			w.empty(t)
		}},
		{name: "erased while it draws", run: func(t *testing.T, w *world) {
			for n := 0; w.erasedAt(t, n, true) && w.erasedAt(t, n, false); n++ {
			}
		}},
		{name: "erase on request", run: func(t *testing.T, w *world) {
			draws(1)(t, w)
			before := must(w.client.Holdings(under(t), w.subject))(t)
			if len(before.Jobs) != 1 || len(before.Transfers) == 0 || before.Jobs[0].State != tryon.JobDone {
				t.Errorf("on record: %+v", before.Jobs)
			}
			report := must(w.client.Erase(under(t), w.subject))(t)
			if len(report.Queued) != 0 {
				t.Errorf("still queued: %+v", report.Queued)
			}
			w.audited(t, before)
		}},
	}
}

// erasedAt erases the person right before or after a record of a render is
// written, from another process, and looks that nothing comes back. It reports
// false when there were not so many records.
func (w *world) erasedAt(t *testing.T, n int, before bool) bool {
	t.Helper()
	v := newWorld(t, w.driver)
	other := must(tryon.New(&v.o))(t)
	s := &interrupted{Store: v.store, left: n, before: before, then: func() { must(other.Erase(under(t), v.subject))(t) }}
	v.o.Store = s
	v.client = must(tryon.New(&v.o))(t)
	result, err := v.render(t, under(t))
	if s.left >= 0 {
		return false
	}
	if erased := err != nil && err.Code == tryon.NoJob; !erased && !s.over || v.second > 0 {
		t.Errorf("erased at record %d: got %v, %v, the next route was asked %d times", n, result, err, v.second)
	}
	synctest.Wait()
	h := must(other.Holdings(under(t), v.subject))(t)
	if len(h.Jobs)+len(h.Transfers) > 0 || slices.ContainsFunc(h.Deletions, func(d tryon.Deletion) bool { return d.State != tryon.DeletionQueued }) {
		t.Errorf("erased at record %d: came back: %+v", n, h)
	}
	v.sweep(t, 3*time.Hour)
	if erases(v.driver) {
		v.empty(t)
	}
	must(other.Erase(under(t), v.subject))(t)
	v.sweep(t, 50*time.Hour)
	for _, kind := range []tryon.Kind{tryon.KindJob, tryon.KindTransfer, tryon.KindErasure, tryon.KindForgotten} {
		if list := must(v.store.Find(under(t), tryon.Filter{Kind: kind}))(t); len(list) > 0 {
			t.Errorf("erased at record %d: on record in the end: %s", n, list[0].Data)
		}
	}
	return true
}

// interrupted is a store in which something happens right before or after a Put.
type interrupted struct {
	tryon.Store
	left   int // Puts until then
	before bool
	then   func()
	over   bool // the picture was there before
}

func (s *interrupted) Put(ctx context.Context, r ...tryon.Record) error {
	s.left--
	now := s.left == -1
	if now && s.before {
		s.then()
	}
	err := s.Store.Put(ctx, r...)
	if now && !s.before {
		s.then()
	}
	s.over = s.over || s.left >= 0 && slices.ContainsFunc(r, func(r tryon.Record) bool {
		return r.Kind == tryon.KindJob && bytes.Contains(r.Data, []byte(`"state":"done"`))
	})
	return err
}

// audited holds the records against what arrived before they go, and looks that
// they are gone.
func (w *world) audited(t *testing.T, before *tryon.Holdings) {
	t.Helper()
	bodies := 0
	for _, s := range w.server.Log() {
		if len(s.Body) > 0 && s.Stage != Erase {
			bodies++
		}
	}
	renders := 0
	for _, x := range before.Transfers {
		if x.Purpose == "render" {
			renders++
		}
	}
	if bodies != renders {
		t.Errorf("%d bodies arrived, %d are on record", bodies, renders)
	}
	after := must(w.client.Holdings(under(t), w.subject))(t)
	if len(after.Jobs)+len(after.Transfers)+len(after.Deletions) != 0 {
		t.Errorf("still on record: %+v", after)
	}
	w.server = NewServer(w.server.Service) // nothing left to compare
}

func (w *world) start(t *testing.T) string {
	t.Helper()
	id, err := w.client.Start(under(t), w.permit(t), &w.request)
	if err != nil {
		t.Fatal(w.heard(t, err))
	}
	r := must(w.store.Get(under(t), tryon.KindJob, id))(t)
	var j tryon.Job
	if err := json.Unmarshal(r.Data, &j); err != nil || w.driver.Async && (j.State != tryon.JobAccepted || j.Remote == "") {
		t.Errorf("on record: %+v, %v", j, err)
	}
	return id
}

// sweep lets time pass.
func (w *world) sweep(t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Minute) {
		if _, err := w.client.Sweep(under(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// attested looks that, of a job whose name was lost, all that the profile says
// to be kept is in the queue or attested as not possible to delete.
func (w *world) attested(t *testing.T) {
	t.Helper()
	h := must(w.client.Holdings(under(t), w.subject))(t)
	p := w.backend.Describe()
	for kind, r := range map[string]tryon.Retention{"upload": p.Uploads, "output": p.Outputs} {
		if r.Known && r.Max == 0 {
			continue
		}
		if !slices.ContainsFunc(h.Deletions, func(d tryon.Deletion) bool {
			return d.Kind == kind && d.State == tryon.DeletionNotPossible || d.State == tryon.DeletionErased || d.State == tryon.DeletionQueued
		}) {
			t.Errorf("%s: kept, and nothing on record says so: %+v", kind, h.Deletions)
		}
	}
}

// empty looks that nothing is left at the provider or in the queue.
func (w *world) empty(t *testing.T) {
	t.Helper()
	left := w.server.Left()
	if w.driver.JobsStay {
		left = slices.DeleteFunc(left, func(name string) bool { return strings.HasPrefix(name, "job-") })
	}
	if len(left) > 0 {
		t.Errorf("left at the provider: %v", left)
	}
	h := must(w.client.Holdings(under(t), w.subject))(t)
	for _, d := range h.Deletions {
		if d.State == tryon.DeletionQueued {
			t.Errorf("still in the queue: %+v", d)
		}
	}
}

func (w *world) nothing(t *testing.T) {
	t.Helper()
	if n := len(w.server.Log()); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

// deadStore fails.
type deadStore struct{}

var errDead = errors.New("the disk is full")

func (deadStore) Put(context.Context, ...tryon.Record) error                 { return errDead }
func (deadStore) Delete(context.Context, tryon.Kind, ...string) error        { return errDead }
func (deadStore) Find(context.Context, tryon.Filter) ([]tryon.Record, error) { return nil, errDead }
func (deadStore) Get(context.Context, tryon.Kind, string) (tryon.Record, error) {
	return tryon.Record{}, errDead
}

func signed(d *Driver) bool { return d.Sign != nil }

func callbackCases() []testCase {
	post := func(w *world, address string, h http.Header, body []byte) int {
		u, err := url.Parse(address)
		if err != nil {
			return 0
		}
		r := httptest.NewRequest(http.MethodPost, u.Path, strings.NewReader(string(body)))
		maps.Copy(r.Header, h)
		rec := httptest.NewRecorder()
		w.client.HandleCallback(rec, r)
		return rec.Code
	}
	// started is a job that asked to be called.
	started := func(t *testing.T, w *world) (job, remote, address string) {
		t.Helper()
		w.server.Slowness = 6
		job = w.start(t)
		for remote, address = range w.server.Callbacks() {
		}
		if !strings.HasPrefix(address, w.o.Callback+"/") {
			t.Fatalf("the provider was told to call %q", address)
		}
		return job, remote, address
	}
	expect := func(t *testing.T, what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: answered %d, want %d", what, got, want)
		}
	}
	return []testCase{
		{name: "callback", needs: signed, run: func(t *testing.T, w *world) {
			job, remote, address := started(t, w)
			done := make(chan error)
			p := w.permit(t)
			go func() {
				_, err := w.client.Wait(under(t), p, &tryon.Pickup{Job: job, Subject: w.subject})
				done <- err
			}()
			time.Sleep(4 * time.Second)
			before := w.server.Count(Poll)
			h, body := w.driver.Sign(w.server, remote, time.Now())
			expect(t, "the provider's", post(w, address, h, body), http.StatusAccepted)
			expect(t, "the same again", post(w, address, h, body), http.StatusAccepted)
			time.Sleep(time.Millisecond)
			if w.server.Count(Poll) <= before {
				t.Error("nobody asked when the callback came")
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			w.counts(t, 1, 1)
		}},
		{name: "callback: forged", needs: signed, run: func(t *testing.T, w *world) {
			_, remote, address := started(t, w)
			h, body := w.driver.Sign(w.server, remote, time.Now())
			for k := range h {
				if strings.Contains(k, "Signature") {
					h.Set(k, strings.NewReplacer("a", "b", "b", "a", "A", "B", "B", "A", "1", "2", "2", "1").Replace(h.Get(k)))
				}
			}
			expect(t, "a wrong signature", post(w, address, h, body), http.StatusUnauthorized)
			expect(t, "none", post(w, address, nil, body), http.StatusUnauthorized)
			expect(t, "no body", post(w, address, h, nil), http.StatusUnauthorized)
		}},
		{name: "callback: old", needs: signed, run: func(t *testing.T, w *world) {
			_, remote, address := started(t, w)
			for _, skew := range []time.Duration{-time.Hour, time.Hour} {
				h, body := w.driver.Sign(w.server, remote, time.Now().Add(skew))
				expect(t, skew.String(), post(w, address, h, body), http.StatusUnauthorized)
			}
			h, body := w.driver.Sign(w.server, remote, time.Now().Add(-2*time.Minute))
			expect(t, "a clock that is two minutes off", post(w, address, h, body), http.StatusAccepted)
		}},
		{name: "callback: of another job", needs: signed, run: func(t *testing.T, w *world) {
			_, _, address := started(t, w)
			h, body := w.driver.Sign(w.server, "job-4711", time.Now())
			expect(t, "signed", post(w, address, h, body), http.StatusUnauthorized)
			unknown := address[:len(address)-32] + strings.Repeat("0", 32)
			expect(t, "a job that is not there", post(w, unknown, h, body), http.StatusNotFound)
			expect(t, "no job", post(w, w.o.Callback, h, body), http.StatusNotFound)
		}},
		// The process dies between acceptance and the record of it: the provider's
		// callback brings the job's name.
		{name: "callback: finds a job that was lost", needs: signed, faults: []Fault{{On: Submit, Kind: CutJSON}}, run: func(t *testing.T, w *world) {
			result, err := w.render(t, under(t))
			w.failed(t, result, err, false, tryon.AcceptedUnknown)
			for remote, address := range w.server.Callbacks() {
				h, body := w.driver.Sign(w.server, remote, time.Now())
				expect(t, "the provider's", post(w, address, h, body), http.StatusAccepted)
			}
			w.server.Mend()
			k := &tryon.Pickup{Job: err.Job, Subject: w.subject, Request: &w.request}
			if _, err := w.client.Wait(under(t), w.permit(t), k); err != nil {
				t.Errorf("got %v", w.heard(t, err))
			}
			w.counts(t, 1, 1)
			if erases(w.driver) {
				w.empty(t)
			}
		}},
	}
}
