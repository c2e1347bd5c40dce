package tryon

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// Callback is what a provider sent to the address in Input.Callback.
type Callback struct {
	Header http.Header
	Body   []byte
	Now    time.Time
	HTTP   *http.Client // for fetching a provider's public keys, from Profile.Hosts
}

// CallbackVerifier is a backend whose provider signs its callbacks.
type CallbackVerifier interface {
	// VerifyCallback checks the signature and returns the provider's name for
	// the job. Nothing else in the body counts. An error means that it is not
	// the provider's, or an old one sent again.
	VerifyCallback(ctx context.Context, c *Callback) (remote string, err error)
}

const maxCallback = 1 << 20

// HandleCallback serves the addresses that are handed to providers:
// Options.Callback, the backend's name and the job's, such as
// /callbacks/kie/0f…; whatever comes before the last two parts of the path is
// left to the router. A callback is a hint and nothing more: it has Wait ask
// the provider at once, with our own key, and whatever it says about pictures
// or outcomes is not looked at. Where the provider signs, the signature must be
// right, and it may tell the name of a job that was accepted while our process
// died.
//
// It answers 202 for what it takes as a hint, also the second time; 401 for a
// wrong signature or the wrong job, 404 for an unknown one, 405, 413, 503 when
// the store fails.
func (c *Client) HandleCallback(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(c.callbackStatus(w, r))
}

func (c *Client) callbackStatus(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 {
		return http.StatusNotFound
	}
	rt, id := c.route(parts[len(parts)-2]), parts[len(parts)-1]
	if rt == nil || len(id) != 32 {
		return http.StatusNotFound
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	stored, err := c.store.Get(r.Context(), KindJob, id)
	if errors.Is(err, ErrNoRecord) {
		return http.StatusNotFound
	}
	if err != nil {
		return http.StatusServiceUnavailable // most providers call again
	}
	var j Job
	if stored.decode(&j) != nil || j.Backend != rt.profile.Name {
		return http.StatusNotFound
	}
	return c.takeHint(r, rt, &stored, &j, body)
}

// takeHint checks a callback about a known job, and wakes whoever waits.
func (c *Client) takeHint(r *http.Request, rt *route, stored *Record, j *Job, body []byte) int {
	if v, ok := rt.backend.(CallbackVerifier); ok {
		ctx, cancel := context.WithTimeout(r.Context(), eraseWait)
		defer cancel()
		g := c.serviceGate(ctx, rt, j, stored.Subject)
		defer g.close()
		remote, err := v.VerifyCallback(ctx, &Callback{Header: r.Header, Body: body, Now: c.now(), HTTP: g.client()})
		switch {
		case err != nil, remote == "", j.Remote != "" && j.Remote != remote:
			c.observe(r.Context(), Event{Stage: StageCallback, Backend: rt.profile.Name, Outcome: Unauthenticated.String()})
			return http.StatusUnauthorized
		case j.Remote == "" && (j.State == JobUnknown || j.State == JobSending && c.now().After(j.Deadline)):
			// Whoever submitted it is gone, and could not learn its name.
			switch e := c.adopt(ctx, stored, j, remote); {
			case errors.Is(e, ErrJob):
				return http.StatusNotFound
			case e != nil:
				return http.StatusServiceUnavailable
			}
		}
	}
	c.observe(r.Context(), Event{Stage: StageCallback, Backend: rt.profile.Name, Outcome: "ok"})
	c.listeners.wake(j.ID)
	return http.StatusAccepted
}

// adopt gives a job of unknown fate the name that its provider signed.
func (c *Client) adopt(ctx context.Context, stored *Record, j *Job, remote string) error {
	if len(remote) > 512 {
		return ErrJob
	}
	j.State, j.Remote, j.Outcome = JobAccepted, remote, ""
	j.Deadline = c.now().Add(defaultTimeout).UTC()
	due := j.Deadline.Add(grace)
	records := []Record{record(KindJob, j.ID, stored.Subject, due, j)}
	rt := c.route(j.Backend)
	if l, ok := rt.backend.(Leaver); ok {
		for _, left := range l.Leftovers(remote) {
			d := c.deletion(rt, j, left)
			records = append(records, d.record(stored.Subject, due))
		}
	}
	if err := c.write(ctx, stored.Subject, j.Generation, records...); err != nil {
		return err
	}
	return nil
}
