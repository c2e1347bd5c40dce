package tryontest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// testCase is one case of the suite.
type testCase struct {
	name   string
	needs  func(*Driver) bool // nil: everybody
	faults []Fault
	run    func(*testing.T, *world)
}

func (c *testCase) applies(d *Driver) bool {
	for _, f := range c.faults {
		if slices.Contains(d.Deaf, f.Kind) {
			return false
		}
	}
	return c.needs == nil || c.needs(d)
}

func async(d *Driver) bool     { return d.Async }
func uploads(d *Driver) bool   { return d.Uploads }
func addresses(d *Driver) bool { return d.Addresses }
func again(d *Driver) bool     { return d.Async && !d.Once }
func keyed(d *Driver) bool     { return !d.Keyless }

// cases are all of them.
func cases() []testCase {
	return slices.Concat(plainCases(), faultCases(), jobCases(), pictureCases(), recordCases(), callbackCases())
}

// draws expects a picture, and so many submissions, of which one was accepted.
func draws(submits int) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		result, err := w.render(t, under(t))
		if err != nil {
			t.Fatalf("got %v", err)
		}
		if len(result.Images) != 1 || result.Images[0].IsZero() || result.Marks[0].Kind != tryon.MarkSourceType {
			t.Errorf("got %d pictures, marks %v", len(result.Images), result.Marks)
		}
		w.counts(t, submits, 1)
	}
}

func (w *world) counts(t *testing.T, submits, accepted int) {
	t.Helper()
	if n := w.server.Count(Submit); submits >= 0 && n != submits {
		t.Errorf("submitted %d times, want %d", n, submits)
	}
	if n := w.server.Accepted(); accepted >= 0 && n != accepted {
		t.Errorf("%d pieces of work were accepted, want %d", n, accepted)
	}
}

// fails expects one of some codes, at most so many submissions, and the next
// route to be asked or not.
func fails(submits int, next bool, codes ...tryon.Code) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		result, err := w.render(t, under(t))
		w.failed(t, result, err, next, codes...)
		if n := w.server.Count(Submit); n > submits {
			t.Errorf("submitted %d times, at most %d expected", n, submits)
		}
		if n := w.server.Accepted(); n > 1 {
			t.Errorf("%d pieces of work were accepted", n)
		}
	}
}

func (w *world) failed(t *testing.T, result *tryon.Result, err *tryon.Error, next bool, codes ...tryon.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("got %v, want one of %v", result, codes)
	}
	if (w.second > 0) != next {
		t.Errorf("the next route was asked %d times: %v", w.second, err)
	}
	code := err.Code
	if next && len(err.Attempts) > 0 { // the error is the next route's then
		for _, c := range codes {
			if err.Attempts[0].Outcome == c.String() {
				return
			}
		}
		t.Errorf("the first route says %q, want one of %v", err.Attempts[0].Outcome, codes)
		return
	}
	if !slices.Contains(codes, code) {
		t.Errorf("got %v (%s), want one of %v", err, code, codes)
	}
}

func plainCases() []testCase {
	return []testCase{
		{name: "ok", run: draws(1)},
		{name: "seed", run: func(t *testing.T, w *world) {
			seed := int64(42)
			w.request.Seed = &seed
			draws(1)(t, w)
		}},
		{name: "two pictures", run: func(t *testing.T, w *world) {
			w.request.N = 2
			result, err := w.render(t, under(t))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(result.Images); n != 2 && (w.driver.Several || n != 1) {
				t.Errorf("got %d pictures", n)
			}
		}},
		{name: "one picture of two", needs: func(d *Driver) bool { return d.Several }, faults: []Fault{{On: Submit, Kind: Fewer}}, run: func(t *testing.T, w *world) {
			w.request.N = 2
			result, err := w.render(t, under(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Images) != 1 || !slices.ContainsFunc(result.Warnings, func(x tryon.Warning) bool { return x.Code == "fewer-pictures" }) {
				t.Errorf("got %d pictures and %v", len(result.Images), result.Warnings)
			}
		}},
		{name: "sixteen at once", run: func(t *testing.T, w *world) {
			p, errs := w.permit(t), make(chan error)
			for range 16 {
				go func() {
					_, err := w.client.Render(under(t), p, &w.request)
					errs <- err
				}()
			}
			for range 16 {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			w.counts(t, 16, 16)
		}},
		{name: "a key of one's own", needs: keyed, run: func(t *testing.T, w *world) {
			draws(1)(t, w)
			for _, s := range w.server.Log() {
				if s.Stage == Submit && !strings.Contains(fmt.Sprint(s.Header), Key) {
					t.Error("tryontest.Key is in no header of the submission; a driver that needs no key sets Driver.Keyless")
				}
			}
		}},
		{name: "describes itself", run: func(t *testing.T, w *world) {
			p := w.backend.Describe()
			if !p.Remote() || p.SubProcessor == "" || p.Region == "" || len(p.Hosts) == 0 || len(p.Tasks) == 0 {
				t.Errorf("got %+v", p)
			}
			if f := w.backend.Classify(context.DeadlineExceeded); f.Code != tryon.Timeout {
				t.Errorf("a deadline is %v", f.Code)
			}
			if f := w.backend.Classify(http.ErrNotSupported); f.Code == tryon.Unknown {
				t.Error("an error it does not know is not classified")
			}
			if len(w.server.Log()) != 0 {
				t.Error("describing itself, it made requests")
			}
		}},
	}
}

func faultCases() []testCase {
	list := []testCase{
		{name: "blocked", faults: []Fault{{On: Submit, Kind: Blocked}}, run: blocked},
		{name: "blocked output", faults: []Fault{{On: Submit, Kind: BlockedOutput}}, run: blocked},
		{name: "talks only", faults: []Fault{{On: Submit, Kind: TalksOnly}}, run: fails(1, true, tryon.NoImage)},
		{name: "wrong key", faults: []Fault{{On: Submit, Kind: Unauthorised}}, run: fails(1, true, tryon.Unauthenticated)},
		{name: "no credits", faults: []Fault{{On: Submit, Kind: NoCredits}}, run: fails(1, true, tryon.QuotaExhausted)},
		{name: "model retired", faults: []Fault{{On: Submit, Kind: Retired}}, run: fails(1, true, tryon.ModelRetired)},
		{name: "limited in its own words", faults: []Fault{{On: Submit, Kind: Limited, Times: 1}}, run: draws(2)},
		{name: "limited for ever", faults: []Fault{{On: Submit, Kind: Limited}}, run: fails(3, true, tryon.RateLimited)},
		{name: "403", faults: []Fault{{On: Submit, Kind: Status, Status: 403}}, run: fails(1, true, tryon.Forbidden)},
		{name: "413", faults: []Fault{{On: Submit, Kind: Status, Status: 413}}, run: fails(1, false, tryon.BadPhoto)},
		{name: "422", faults: []Fault{{On: Submit, Kind: Status, Status: 422}}, run: fails(1, true, tryon.Unsupported)},
		{name: "429 with Retry-After", faults: []Fault{{On: Submit, Kind: Status, Status: 429, After: 9, Times: 1}}, run: func(t *testing.T, w *world) {
			start := time.Now()
			draws(2)(t, w)
			if d := time.Since(start); d < 9*time.Second {
				t.Errorf("asked again after %v, told to wait 9s", d)
			}
		}},
		{name: "429 without", faults: []Fault{{On: Submit, Kind: Status, Status: 429, Times: 1}}, run: draws(2)},
		{name: "429 for an hour", faults: []Fault{{On: Submit, Kind: Status, Status: 429, After: 3600}}, run: fails(1, true, tryon.RateLimited)},
		{name: "500 once", faults: []Fault{{On: Submit, Kind: Status, Status: 500, Times: 1}}, run: draws(2)},
		{name: "503 for ever", faults: []Fault{{On: Submit, Kind: Status, Status: 503}}, run: fails(3, true, tryon.Unavailable)},
		{name: "502 with nothing behind it", faults: []Fault{{On: Submit, Kind: Status, Status: 502}}, run: fails(1, false, tryon.AcceptedUnknown)},
		{name: "no connection once", faults: []Fault{{On: Submit, Kind: Refuse, Times: 1}}, run: draws(1)},
		{name: "no connection", faults: []Fault{{On: Submit, Kind: Refuse}}, run: fails(0, true, tryon.Unavailable)},
		{name: "connection breaks", faults: []Fault{{On: Submit, Kind: Drop}}, run: fails(1, false, tryon.AcceptedUnknown)},
		{name: "slow", faults: []Fault{{On: Submit, Kind: Slow}}, run: fails(1, false, tryon.Timeout)},
		{name: "the caller gives up", faults: []Fault{{On: Submit, Kind: Slow}}, run: func(t *testing.T, w *world) {
			ctx, cancel := context.WithTimeout(under(t), 5*time.Second)
			defer cancel()
			start := time.Now()
			result, err := w.render(t, ctx)
			w.failed(t, result, err, false, tryon.Timeout)
			if d := time.Since(start); d > 6*time.Second {
				t.Errorf("took %v", d)
			}
		}},
	}
	// The service took the work, and whoever stands before it says something else.
	for _, status := range []int{408, 502, 504, 524} {
		list = append(list, testCase{
			name: fmt.Sprintf("accepted, and answered %d", status), faults: []Fault{{On: Submit, Kind: Gateway, Status: status}},
			run: func(t *testing.T, w *world) {
				fails(1, false, tryon.AcceptedUnknown)(t, w)
				w.counts(t, 1, 1)
			},
		})
	}
	for _, k := range []Kind{CutJSON, Truncate, WrongType, Endless} {
		list = append(list, testCase{name: "answer: " + string(k), faults: []Fault{{On: Submit, Kind: k}}, run: fails(1, false, tryon.AcceptedUnknown)})
	}
	for name, to := range inside {
		list = append(list, testCase{name: "redirect to " + name, faults: []Fault{{On: Submit, Kind: Redirect, To: to}}, run: fails(1, true, tryon.HostRefused)})
	}
	return list
}

// inside are addresses that nobody may be sent to.
var inside = map[string]string{
	"loopback": "https://127.0.0.1/admin", "metadata": "http://169.254.169.254/latest/meta-data/",
	"a file": "file:///etc/passwd", "another shop": "https://elsewhere.example/x.png",
}

// blocked expects moderation's word to be the last.
func blocked(t *testing.T, w *world) {
	fails(1, false, tryon.BlockedInput, tryon.BlockedOutput, tryon.BlockedPrompt, tryon.BlockedCopyright)(t, w)
}

func jobCases() []testCase {
	return []testCase{
		{name: "poll: 500 once", needs: async, faults: []Fault{{On: Poll, Kind: Status, Status: 500, Times: 1}}, run: draws(1)},
		{name: "poll: 429 with Retry-After", needs: async, faults: []Fault{{On: Poll, Kind: Status, Status: 429, After: 8, Times: 1}}, run: func(t *testing.T, w *world) {
			start := time.Now()
			draws(1)(t, w)
			if d := time.Since(start); d < 8*time.Second {
				t.Errorf("asked again after %v, told to wait 8s", d)
			}
		}},
		{name: "poll: no connection once", needs: async, faults: []Fault{{On: Poll, Kind: Refuse, Times: 1}}, run: draws(1)},
		{name: "poll: connection breaks once", needs: again, faults: []Fault{{On: Poll, Kind: Drop, Times: 1}}, run: draws(1)},
		{name: "poll: cut short once", needs: again, faults: []Fault{{On: Poll, Kind: CutJSON, Times: 1}}, run: draws(1)},
		{name: "poll: a page once", needs: again, faults: []Fault{{On: Poll, Kind: WrongType, Times: 1}}, run: draws(1)},
		{name: "poll: 500 for ever", needs: async, faults: []Fault{{On: Poll, Kind: Status, Status: 500}}, run: fails(1, false, tryon.Unavailable)},
		{name: "poll: redirect to loopback", needs: async, faults: []Fault{{On: Poll, Kind: Redirect, To: inside["loopback"]}}, run: fails(1, false, tryon.HostRefused)},
		{name: "poll: slow", needs: async, faults: []Fault{{On: Poll, Kind: Slow}}, run: fails(1, false, tryon.Timeout)},
		{name: "job fails", needs: async, faults: []Fault{{On: Submit, Kind: JobFails}}, run: fails(1, true, tryon.Internal, tryon.NoImage, tryon.Unsupported)},
		{name: "job lost", needs: async, faults: []Fault{{On: Submit, Kind: JobLost}}, run: fails(1, false, tryon.AcceptedUnknown)},
		{name: "job without end", needs: again, run: func(t *testing.T, w *world) {
			w.server.Slowness = 1 << 30
			fails(1, false, tryon.Timeout)(t, w)
		}},
		{name: "job takes long", needs: again, run: func(t *testing.T, w *world) {
			w.server.Slowness = 9
			draws(1)(t, w)
		}},
		{name: "upload: 500 once", needs: uploads, faults: []Fault{{On: Upload, Kind: Status, Status: 500, Times: 1}}, run: draws(1)},
		{name: "upload: 504 once", needs: uploads, faults: []Fault{{On: Upload, Kind: Gateway, Status: 504, Times: 1}}, run: draws(1)},
		{name: "upload: connection breaks once", needs: uploads, faults: []Fault{{On: Upload, Kind: Drop, Times: 1}}, run: draws(1)},
		{name: "upload: cut short once", needs: uploads, faults: []Fault{{On: Upload, Kind: WrongType, Times: 1}}, run: draws(1)},
		{name: "upload: refused", needs: uploads, faults: []Fault{{On: Upload, Kind: Status, Status: 403}}, run: fails(0, true, tryon.Forbidden)},
		{name: "upload: redirect to loopback", needs: uploads, faults: []Fault{{On: Upload, Kind: Redirect, To: inside["loopback"]}}, run: fails(0, true, tryon.HostRefused)},
	}
}

func pictureCases() []testCase {
	list := []testCase{
		{name: "not a picture", faults: []Fault{{On: Submit, Kind: NotPicture}}, run: fails(1, true, tryon.BadOutput)},
		{name: "bomb", faults: []Fault{{On: Submit, Kind: Bomb}}, run: fails(1, true, tryon.BadOutput)},
		{name: "bytes behind the picture", faults: []Fault{{On: Submit, Kind: Trailing}}, run: func(t *testing.T, w *world) {
			result, err := w.render(t, under(t))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(result.Images[0].Bytes(), []byte(Hidden)) {
				t.Error("they came through")
			}
		}},
		{name: "picture: 404", needs: addresses, faults: []Fault{{On: Result, Kind: Status, Status: 404}}, run: fails(1, true, tryon.NoImage)},
		{name: "picture: 500 once", needs: func(d *Driver) bool { return addresses(d) && again(d) }, faults: []Fault{{On: Result, Kind: Status, Status: 500, Times: 1}}, run: draws(1)},
		{name: "picture: cut short once", needs: func(d *Driver) bool { return addresses(d) && again(d) }, faults: []Fault{{On: Result, Kind: Truncate, Times: 1}}, run: draws(1)},
		{name: "picture: a page", needs: addresses, faults: []Fault{{On: Result, Kind: WrongType}}, run: fails(1, true, tryon.BadOutput)},
		{name: "picture: without end", needs: addresses, faults: []Fault{{On: Result, Kind: Endless}}, run: fails(1, true, tryon.BadOutput)},
	}
	for name, to := range inside {
		list = append(list,
			testCase{name: "picture: redirect to " + name, needs: addresses, faults: []Fault{{On: Result, Kind: Redirect, To: to}}, run: fails(1, false, tryon.HostRefused)},
			testCase{name: "picture at " + name, needs: addresses, faults: []Fault{{On: Submit, Kind: EvilAddress, To: to}}, run: fails(1, false, tryon.HostRefused)})
	}
	return list
}
