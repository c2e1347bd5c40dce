package httpbackend

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

//go:embed openapi.yaml
var openAPI []byte

const defaultKeep = time.Hour

// Job is what a Handler has drawn.
type Job struct {
	Photo  *imageproc.Clean
	Items  []tryon.Item
	Task   tryon.Task
	N      int
	Seed   *int64
	Region tryon.EditRegion
}

// Draw draws. A *tryon.Error says why it does not.
type Draw func(ctx context.Context, j *Job) (*tryon.Output, error)

// HandlerOptions configures NewHandler.
type HandlerOptions struct {
	Key      tryon.Key        // that clients present; required
	Workers  int              // jobs drawn at the same time; default 2
	Queue    int              // jobs that wait; default 64; more are told to come back
	MaxBytes int64            // of a request; default 40 MiB
	Timeout  time.Duration    // for drawing; default five minutes
	Keep     time.Duration    // how long a job stays that is not deleted; default an hour
	Limits   imageproc.Limits // of pictures
}

// Handler serves the protocol. It is safe for use by many goroutines.
type Handler struct {
	draw Draw
	o    HandlerOptions
	key  [32]byte
	mux  *http.ServeMux

	queue chan *task
	stop  context.CancelFunc
	ctx   context.Context
	done  sync.WaitGroup

	mu   sync.Mutex
	jobs map[string]*task
}

type task struct {
	job    *Job
	ctx    context.Context
	cancel context.CancelFunc
	until  time.Time
	// Set together, under Handler.mu, when it is over.
	over bool
	out  *tryon.Output
	err  error
}

// NewHandler makes the server's side. Close must be called when it is no longer
// served.
func NewHandler(draw Draw, o *HandlerOptions) (*Handler, error) {
	if draw == nil || o == nil || o.Key == "" {
		return nil, errors.New("httpbackend: something that draws and a key are needed")
	}
	h := &Handler{draw: draw, o: *o, key: sha256.Sum256([]byte(o.Key)), jobs: map[string]*task{}, mux: http.NewServeMux()}
	h.o.Key = ""
	if h.o.Workers <= 0 {
		h.o.Workers = 2
	}
	if h.o.Queue <= 0 {
		h.o.Queue = 64
	}
	if h.o.MaxBytes <= 0 {
		h.o.MaxBytes = 40 << 20
	}
	if h.o.Timeout <= 0 {
		h.o.Timeout = 5 * time.Minute
	}
	if h.o.Keep <= 0 {
		h.o.Keep = defaultKeep
	}
	h.queue = make(chan *task, h.o.Queue)
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.mux.HandleFunc("PUT /v1/renders/{name}", h.put)
	h.mux.HandleFunc("GET /v1/renders/{name}", h.get)
	h.mux.HandleFunc("DELETE /v1/renders/{name}", h.remove)
	h.mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(openAPI)
	})
	for range h.o.Workers {
		h.done.Go(h.work)
	}
	return h, nil
}

// Close stops what is being drawn, waits for it and forgets all jobs. A second
// one does nothing.
func (h *Handler) Close() error {
	h.stop()
	h.done.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.jobs)
	return nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/openapi.yaml" {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		sum := sha256.Sum256([]byte(given))
		if !ok || subtle.ConstantTimeCompare(sum[:], h.key[:]) != 1 {
			fail(w, &tryon.Error{Code: tryon.Unauthenticated})
			return
		}
	}
	h.mux.ServeHTTP(w, r)
}

// work draws one job after the other.
func (h *Handler) work() {
	for {
		select {
		case <-h.ctx.Done():
			return
		case t := <-h.queue:
			h.run(t)
		}
	}
}

func (h *Handler) run(t *task) {
	defer t.cancel()
	if t.ctx.Err() != nil {
		return // deleted while it waited
	}
	out, err := h.draw(t.ctx, t.job)
	if err == nil && (out == nil || len(out.Images) == 0) {
		err = &tryon.Error{Code: tryon.NoImage}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t.over, t.out, t.err, t.job = true, out, err, nil
}

func validName(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

func (h *Handler) put(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	var j job
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, h.o.MaxBytes)).Decode(&j); err != nil || !validName(name) {
		fail(w, &tryon.Error{Code: tryon.BadRequest, Reason: "not-a-job"})
		return
	}
	own, err := h.read(r.Context(), &j)
	if err != nil {
		fail(w, err)
		return
	}
	if err := h.accept(name, own); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusAccepted, map[string]string{"state": "pending"})
}

// accept puts a job into the queue, under its name.
func (h *Handler) accept(name string, j *Job) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for n, t := range h.jobs {
		if now.After(t.until) {
			t.cancel()
			delete(h.jobs, n)
		}
	}
	if h.jobs[name] != nil {
		return nil // said twice: the first one counts
	}
	t := &task{job: j, until: now.Add(h.o.Keep)}
	t.ctx, t.cancel = context.WithTimeout(h.ctx, h.o.Timeout)
	select {
	case h.queue <- t:
		h.jobs[name] = t
		return nil
	default:
		t.cancel()
		return &tryon.Error{Code: tryon.RateLimited, Reason: "queue-full", Retry: true, After: 5 * time.Second}
	}
}

// read sanitises the pictures of a job and checks the rest.
func (h *Handler) read(ctx context.Context, j *job) (*Job, error) {
	own := &Job{N: max(j.N, 1), Seed: j.Seed}
	bad := func(r tryon.Reason) error { return &tryon.Error{Code: tryon.BadRequest, Reason: r} }
	switch j.Task {
	case tryon.OnPerson.String():
	case tryon.InRoom.String():
		own.Task = tryon.InRoom
	default:
		return nil, bad("task")
	}
	if len(j.Items) < 1 || len(j.Items) > 8 || own.N > 8 || len(j.Region) > 64 {
		return nil, bad("range")
	}
	clean := func(p *picture) (*imageproc.Clean, error) {
		return imageproc.Sanitize(ctx, bytes.NewReader(p.Data), &imageproc.SanitizeOptions{Limits: h.o.Limits})
	}
	var err error
	if own.Photo, err = clean(&j.Photo); err != nil {
		return nil, &tryon.Error{Code: tryon.BadPhoto, Reason: "not-a-picture", Err: err}
	}
	garments := map[string]tryon.Garment{"": tryon.Top, "top": tryon.Top, "bottom": tryon.Bottom, "dress": tryon.Dress}
	for i := range j.Items {
		g, ok := garments[j.Items[i].Garment]
		if !ok {
			return nil, bad("garment")
		}
		image, err := clean(&j.Items[i].Picture)
		if err != nil {
			return nil, &tryon.Error{Code: tryon.BadProduct, Reason: "not-a-picture", Err: err}
		}
		own.Items = append(own.Items, tryon.Item{Image: image, Garment: g})
	}
	for _, p := range j.Region {
		own.Region.Polygon = append(own.Region.Polygon, tryon.Point{X: p[0], Y: p[1]})
	}
	return own, nil
}

func (h *Handler) get(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	t := h.jobs[r.PathValue("name")]
	if t != nil && time.Now().After(t.until) {
		t = nil
	}
	var over bool
	var out *tryon.Output
	var err error
	if t != nil {
		over, out, err = t.over, t.out, t.err
		if !over && t.ctx.Err() != nil {
			over, err = true, &tryon.Error{Code: tryon.Timeout}
		}
	}
	h.mu.Unlock()
	switch {
	case t == nil:
		fail(w, &tryon.Error{Code: tryon.NoJob})
	case !over:
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusAccepted, map[string]string{"state": "pending"})
	case err != nil:
		fail(w, err)
	default:
		res := result{Marks: out.Marks, Warnings: out.Warnings, Images: []picture{}}
		for _, i := range out.Images {
			res.Images = append(res.Images, picture{http.DetectContentType(i.Data), i.Data})
		}
		answer(w, http.StatusOK, res)
	}
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	h.mu.Lock()
	t := h.jobs[name]
	delete(h.jobs, name)
	h.mu.Unlock()
	if t == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	t.cancel()
	w.WriteHeader(http.StatusNoContent)
}

// fail answers with a problem. What is underneath an error stays here.
func fail(w http.ResponseWriter, err error) {
	f := tryon.DefaultFault(err)
	status, ok := codes[f.Code]
	if !ok {
		f, status = tryon.Fault{Code: tryon.Internal}, http.StatusInternalServerError
	}
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After.Seconds())))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{f.Code.String(), f.Reason, f.Retry}) // the client is gone, if it fails
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone, if it fails
}
