package tryontest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strconv"
	"sync"
)

// Stage is what a request is for.
type Stage string

// The stages.
const (
	Upload Stage = "upload" // prepares the work
	Submit Stage = "submit" // asks for it
	Poll   Stage = "poll"   // asks about it
	Result Stage = "result" // fetches a picture
	Erase  Stage = "erase"  // deletes or cancels
	Other  Stage = "other"  // public keys and the like
)

// Kind is a kind of fault.
type Kind string

// The faults that a Server makes by itself.
const (
	Refuse    Kind = "refuse"     // no connection: nothing arrives
	Drop      Kind = "drop"       // the request is acted upon, and the connection breaks before the answer
	Status    Kind = "status"     // Fault.Status, with Fault.After as Retry-After
	Gateway   Kind = "gateway"    // the request is acted upon, and something in between answers with Fault.Status
	Slow      Kind = "slow"       // the answer waits until the caller gives up
	Truncate  Kind = "truncate"   // half of the answer, and then the connection breaks
	CutJSON   Kind = "cut-json"   // half of the answer, as if it were all
	WrongType Kind = "wrong-type" // a page in place of the answer
	Endless   Kind = "endless"    // an answer without end
	Redirect  Kind = "redirect"   // to Fault.To
)

// The faults that a Service makes, in its own words.
const (
	Blocked       Kind = "blocked"        // moderation refuses what was sent
	BlockedOutput Kind = "blocked-output" // moderation withholds what was drawn
	TalksOnly     Kind = "talks-only"     // an answer without a picture
	Unauthorised  Kind = "unauthorised"   // a wrong key
	NoCredits     Kind = "no-credits"
	Retired       Kind = "retired" // the model is gone
	Limited       Kind = "limited" // too many requests, in the service's own words
	JobFails      Kind = "job-fails"
	JobLost       Kind = "job-lost" // accepted, and never heard of again
	NotPicture    Kind = "not-picture"
	Bomb          Kind = "bomb"         // a small file that says it is enormous
	Trailing      Kind = "trailing"     // a picture with other bytes behind it
	Fewer         Kind = "fewer"        // one picture, however many were asked for
	EvilAddress   Kind = "evil-address" // the picture's address is Fault.To
)

// Fault is something that goes wrong.
type Fault struct {
	On     Stage
	Kind   Kind
	Status int
	After  int // seconds in Retry-After; 0: no such header
	To     string
	Times  int // how often; 0: always
	Skip   int // requests of the stage that are spared first
}

// Seen is a request that arrived.
type Seen struct {
	Stage  Stage
	Method string
	Host   string
	Path   string // with its query
	Header http.Header
	Body   []byte
	SHA256 string // of Body
}

// Service fakes one rendering service: what it answers when all is well, and
// how it says that something is not.
type Service interface {
	// Hosts are the hosts it answers at, without port. Requests to others fail.
	Hosts() []string
	// Stage says what a request is for, without reading its body.
	Stage(r *http.Request) Stage
	// Serve answers. x tells the fault to make, and keeps what the service
	// remembers.
	Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange)
}

// Exchange is one request to a Service.
type Exchange struct {
	Fault Fault // with Kind "" when all is well
	s     *Server
	r     *http.Request
}

// Server carries requests to a Service, in memory, and makes the faults that it
// was told to. It is an http.RoundTripper for tryon.Options.Transport, and safe
// for use by many goroutines.
type Server struct {
	Service Service
	// Slowness is how many polls a job takes. Default 1.
	Slowness int
	// Forget keeps the bodies of requests out of the log, for long runs.
	Forget bool

	mu       sync.Mutex
	faults   []*Fault
	seen     []Seen
	jobs     map[string]*job
	files    map[string]bool // uploaded, and not deleted
	next     int
	accepted int
	chance   func(Stage) Fault
	accept   func(*http.Request, Fault)
}

// job is work that was accepted.
type job struct {
	polls    int
	n        int
	fault    Fault
	callback string
	erased   bool
}

// NewServer makes a server for a service.
func NewServer(s Service) *Server {
	return &Server{Service: s, jobs: map[string]*job{}, files: map[string]bool{}}
}

// Break tells the server what is to go wrong from now on.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// Chance has f choose a fault for each request that no Break concerns; the
// zero Fault is none. f is not called by two goroutines at once.
func (s *Server) Chance(f func(Stage) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chance = f
}

// OnAccept has f told of each piece of work that is accepted: the request that
// asked for it, and what is to go wrong with it. f is not called by two
// goroutines at once, and must not call the server.
func (s *Server) OnAccept(f func(r *http.Request, fault Fault)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accept = f
}

// Mend ends all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.chance = nil, nil
}

// Log is what arrived, in order.
func (s *Server) Log() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Count is how many requests of a stage arrived.
func (s *Server) Count(stage Stage) int {
	n := 0
	for _, r := range s.Log() {
		if r.Stage == stage {
			n++
		}
	}
	return n
}

// Accepted is how many pieces of work were accepted.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Left lists files and jobs that were made and not deleted.
func (s *Server) Left() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for f := range s.files {
		list = append(list, f)
	}
	for id, j := range s.jobs {
		if !j.erased {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// Callbacks are the addresses that accepted work asks to be called at.
func (s *Server) Callbacks() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := map[string]string{}
	for id, j := range s.jobs {
		if j.callback != "" {
			m[id] = j.callback
		}
	}
	return m
}

var errRefused = errors.New("tryontest: connection refused")

// RoundTrip implements http.RoundTripper.
func (s *Server) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if !slices.Contains(s.Service.Hosts(), req.URL.Hostname()) {
		return nil, errRefused
	}
	stage := s.Service.Stage(req)
	f := s.draw(stage)
	if f.Kind == Refuse {
		return nil, errRefused
	}
	peek, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	if t := httptrace.ContextClientTrace(req.Context()); t != nil && t.WroteHeaders != nil {
		t.WroteHeaders()
	}
	s.note(req, stage, peek)
	switch f.Kind {
	case Drop:
		s.Service.Serve(httptest.NewRecorder(), req, peek, &Exchange{s: s, r: req})
		return nil, io.ErrUnexpectedEOF
	case Slow:
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	return s.answer(req, peek, f)
}

// bodyOf reads a request's body whole.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// draw picks the fault of a request.
func (s *Server) draw(stage Stage) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.On != stage || f.Times < 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1
			}
		}
		return *f
	}
	if s.chance != nil {
		return s.chance(stage)
	}
	return Fault{}
}

func (s *Server) note(req *http.Request, stage Stage, body []byte) {
	sum := sha256.Sum256(body)
	seen := Seen{
		Stage: stage, Method: req.Method, Host: req.URL.Host, Path: req.URL.RequestURI(),
		Header: req.Header.Clone(), Body: body, SHA256: hex.EncodeToString(sum[:]),
	}
	if s.Forget {
		seen.Body, seen.Header = make([]byte, 0), nil
		seen.Path = strconv.Itoa(len(body))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, seen)
}

// refuser is a service that words a bare status as the real one does.
type refuser interface {
	refuse(w http.ResponseWriter, status int)
}

// answer lets the service answer and spoils the answer where it is to be.
func (s *Server) answer(req *http.Request, body []byte, f Fault) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch f.Kind {
	case Gateway:
		s.Service.Serve(httptest.NewRecorder(), req, body, &Exchange{s: s, r: req})
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.WriteString("<html><body>" + http.StatusText(f.Status) + "</body></html>")
	case Status:
		if f.After > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.After))
		}
		if own, ok := s.Service.(refuser); ok {
			own.refuse(w, f.Status)
			break
		}
		w.WriteHeader(f.Status)
		_, _ = w.WriteString(`{"error":"` + http.StatusText(f.Status) + `"}`)
	case WrongType:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.WriteString("<html><body>Please sign in</body></html>")
	case Redirect:
		w.Header().Set("Location", f.To)
		w.WriteHeader(http.StatusFound)
	default:
		s.Service.Serve(w, req, body, &Exchange{Fault: f, s: s, r: req})
	}
	resp := w.Result()
	resp.Request = req
	switch f.Kind {
	case Truncate:
		resp.Body = &broken{bytes.NewReader(w.Body.Bytes()[:w.Body.Len()/2])}
	case CutJSON:
		resp.Body = io.NopCloser(bytes.NewReader(w.Body.Bytes()[:w.Body.Len()/2]))
	case Endless:
		resp.Body = &endless{ctx: req.Context()}
	}
	return resp, nil
}

// broken ends before it should.
type broken struct{ r *bytes.Reader }

func (b *broken) Read(p []byte) (int, error) {
	if b.r.Len() == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return b.r.Read(p)
}

func (b *broken) Close() error { return nil }

// endless never ends.
type endless struct{ ctx context.Context }

func (e *endless) Read(p []byte) (int, error) { return len(p), e.ctx.Err() }
func (e *endless) Close() error               { return nil }

// Accept makes a job of n pictures and returns its name.
func (x *Exchange) Accept(n int, callback string) string {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.next++
	x.accepted()
	id := "job-" + strconv.Itoa(x.s.next)
	x.s.jobs[id] = &job{n: max(n, 1), callback: callback, fault: x.Fault}
	return id
}

// Done counts work that is over as soon as it is asked for.
func (x *Exchange) Done() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.accepted()
}

// accepted counts; the caller holds mu.
func (x *Exchange) accepted() {
	x.s.accepted++
	if x.s.accept != nil {
		x.s.accept(x.r, x.Fault)
	}
}

// Ask asks about a job: whether it is known, whether it is over, how many
// pictures it has. A fault of the poll, or else of the submission, goes into
// x.Fault.
func (x *Exchange) Ask(id string) (known, over bool, n int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	j := x.s.jobs[id]
	if j == nil || j.fault.Kind == JobLost || x.Fault.Kind == JobLost {
		return false, false, 0
	}
	if x.Fault.Kind == "" {
		x.Fault = j.fault
	}
	j.polls++
	return true, j.polls > max(x.s.Slowness, 1), j.n
}

// Over reports whether a job has been polled to its end already, without
// counting as a poll.
func (x *Exchange) Over(id string) (known bool, n int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	j := x.s.jobs[id]
	if j == nil {
		return false, 0
	}
	if x.Fault.Kind == "" {
		x.Fault = j.fault
	}
	return true, j.n
}

// Keep remembers a file that was uploaded, and Remove forgets a file or job; it
// reports whether it was there.
func (x *Exchange) Keep(name string) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.files[name] = true
}

// Remove forgets a file or a job and reports whether it was there.
func (x *Exchange) Remove(name string) bool {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.files[name] {
		delete(x.s.files, name)
		return true
	}
	j := x.s.jobs[name]
	if j == nil || j.erased {
		return false
	}
	j.erased = true
	return true
}
