package newdriver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/examples/newdriver"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func TestDriver(t *testing.T) {
	tryontest.Run(t, tryontest.Driver{
		New: func() (tryon.Backend, error) {
			return newdriver.New(&newdriver.Options{Key: tryontest.Key, BaseURL: "https://atelier.fake.example"})
		},
		Service: func() tryontest.Service { return atelier{} },
		Async:   true, Several: true,
	})
}

// atelier is a fake of the service: what it answers, and how it says that
// something is wrong. The suite's server keeps its orders.
type atelier struct{}

func (atelier) Hosts() []string { return []string{"atelier.fake.example"} }

func (atelier) Stage(r *http.Request) tryontest.Stage {
	switch {
	case r.Method == http.MethodPost:
		return tryontest.Submit
	case r.Method == http.MethodDelete:
		return tryontest.Erase
	case strings.Contains(r.URL.Path, "/pictures/"):
		return tryontest.Result
	}
	return tryontest.Poll
}

func (a atelier) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *tryontest.Exchange) {
	say := func(status int, v map[string]any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/orders/"), "/")
	switch {
	case r.Header.Get("X-Atelier-Key") != tryontest.Key, x.Fault.Kind == tryontest.Unauthorised:
		say(401, nil)
	case x.Fault.Kind == tryontest.NoCredits:
		say(409, map[string]any{"problem": "no-balance"})
	case x.Fault.Kind == tryontest.Limited:
		say(503, map[string]any{"problem": "too-busy"})
	case x.Fault.Kind == tryontest.Retired:
		say(422, map[string]any{"problem": "no-such-style"})
	case a.Stage(r) == tryontest.Submit:
		var q struct {
			Portrait string
			Garments []string
			Copies   int
			Notify   string
		}
		if json.Unmarshal(body, &q) != nil || q.Portrait == "" || len(q.Garments) == 0 {
			say(400, nil)
			return
		}
		say(201, map[string]any{"order": x.Accept(q.Copies, q.Notify)})
	case a.Stage(r) == tryontest.Erase:
		if !x.Remove(id) {
			say(404, nil)
			return
		}
		say(204, nil)
	case a.Stage(r) == tryontest.Result:
		if known, _ := x.Over(id); !known {
			say(404, nil)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(x.Picture())
	default:
		known, over, n := x.Ask(id)
		switch {
		case !known:
			say(404, nil)
		case !over:
			say(200, map[string]any{"phase": "drawing"})
		case x.Fault.Kind == tryontest.Blocked, x.Fault.Kind == tryontest.BlockedOutput:
			say(200, map[string]any{"phase": "refused"})
		case x.Fault.Kind == tryontest.JobFails:
			say(200, map[string]any{"phase": "failed"})
		case x.Fault.Kind == tryontest.TalksOnly:
			say(200, map[string]any{"phase": "ready", "pictures": 0})
		default:
			say(200, map[string]any{"phase": "ready", "pictures": x.Pictures(n)})
		}
	}
}
