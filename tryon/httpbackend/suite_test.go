package httpbackend_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/httpbackend"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is the protocol as the suite needs it: with faults.
type fake struct{ names *sync.Map }

func (fake) Hosts() []string { return []string{"own.fake.example"} }

func (fake) Stage(r *http.Request) tryontest.Stage {
	switch r.Method {
	case http.MethodPut:
		return tryontest.Submit
	case http.MethodDelete:
		return tryontest.Erase
	}
	return tryontest.Poll
}

func (f fake) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *tryontest.Exchange) {
	say := func(status int, v any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	problem := func(status int, code string) { say(status, map[string]string{"code": code}) }
	name := strings.TrimPrefix(r.URL.Path, "/v1/renders/")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+tryontest.Key, x.Fault.Kind == tryontest.Unauthorised:
		problem(401, "unauthenticated")
	case x.Fault.Kind == tryontest.NoCredits:
		problem(402, "quota-exhausted")
	case x.Fault.Kind == tryontest.Limited:
		w.Header().Set("Retry-After", "3")
		say(429, map[string]any{"code": "rate-limited", "retry": true})
	case x.Fault.Kind == tryontest.Retired:
		problem(410, "model-retired")
	case r.Method == http.MethodPut:
		var q struct {
			Photo struct{ Data []byte }
			N     int
		}
		if json.Unmarshal(body, &q) != nil || len(q.Photo.Data) == 0 {
			problem(400, "bad-request")
			return
		}
		f.names.Store(name, x.Accept(q.N, ""))
		say(202, map[string]string{"state": "pending"})
	case r.Method == http.MethodDelete:
		if !x.Remove(f.id(name)) {
			w.WriteHeader(404)
			return
		}
		w.WriteHeader(204)
	default:
		known, over, n := x.Ask(f.id(name))
		var images []any
		switch {
		case !known:
			problem(404, "no-job")
			return
		case !over:
			say(202, map[string]string{"state": "pending"})
			return
		case x.Fault.Kind == tryontest.Blocked || x.Fault.Kind == tryontest.BlockedOutput:
			problem(422, "blocked-output")
			return
		case x.Fault.Kind == tryontest.JobFails:
			problem(500, "internal")
			return
		case x.Fault.Kind == tryontest.TalksOnly:
		default:
			for range x.Pictures(n) {
				images = append(images, map[string]any{"mime": "image/png", "data": x.Picture()})
			}
		}
		say(200, map[string]any{"images": images})
	}
}

// id is the server's name for a job, "" for one that it does not know.
func (f fake) id(name string) string {
	id, _ := f.names.Load(name)
	s, _ := id.(string)
	return s
}

func TestSuite(t *testing.T) {
	tryontest.Run(t, tryontest.Driver{
		New: func() (tryon.Backend, error) {
			return httpbackend.New(&httpbackend.Options{
				BaseURL: "https://own.fake.example", Key: tryontest.Key,
				Contract: &tryon.Contract{SubProcessor: "Renderer Ltd", Region: "EU"},
			})
		},
		Service: func() tryontest.Service { return fake{names: new(sync.Map)} },
		Async:   true, Several: true,
	})
}
