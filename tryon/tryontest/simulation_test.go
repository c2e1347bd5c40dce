package tryontest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

// TestSimulation runs jobs over fakes that fail three times in ten, with a store
// that fails once in a hundred times and is sometimes away, kills the process in the middle of one in twenty, and
// then holds everything against everything. FITVEIL_TRYON_JOBS says how many
// jobs; the gate runs 400.
func TestSimulation(t *testing.T) {
	jobs := 400
	if s := os.Getenv("FITVEIL_TRYON_JOBS"); s != "" {
		var err error
		if jobs, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) { newSimulation(t).run(t, jobs) })
}

var errKilled = errors.New("the process is dead")

// process is a process that may die: nothing of what it does then reaches store
// or network.
type process struct {
	dead   atomic.Bool
	sim    *simulation
	client *tryon.Client
}

func (p *process) Put(ctx context.Context, r ...tryon.Record) error {
	return p.change(func() error { return p.sim.store.Put(ctx, r...) })
}

func (p *process) Delete(ctx context.Context, k tryon.Kind, ids ...string) error {
	return p.change(func() error { return p.sim.store.Delete(ctx, k, ids...) })
}

// change may fail before it is done, or after it: then nobody learns that it was.
func (p *process) change(do func() error) error {
	if p.dead.Load() {
		return errKilled
	}
	switch p.sim.storeFault(3) {
	case 1:
		return errStore
	case 2:
		return errors.Join(do(), errStore)
	}
	return do()
}

func (p *process) Get(ctx context.Context, k tryon.Kind, id string) (tryon.Record, error) {
	if p.sim.storeFault(2) > 0 {
		return tryon.Record{}, errStore
	}
	return p.sim.store.Get(ctx, k, id)
}

func (p *process) Find(ctx context.Context, f tryon.Filter) ([]tryon.Record, error) {
	if p.sim.storeFault(2) > 0 {
		return nil, errStore
	}
	return p.sim.store.Find(ctx, f)
}

var errStore = errors.New("the database is away")

// storeFault is one of so many ways, of which 0 is none, in which the store fails now.
func (s *simulation) storeFault(ways int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	away := time.Now().Before(s.away)
	if !away && s.rand.IntN(100) > 0 {
		return 0
	}
	if !away && s.rand.IntN(20) == 0 {
		s.away = time.Now().Add(2 * time.Second)
		s.tally["times the store was away for 2 s"]++
	}
	s.tally["faults of the store"]++
	return 1 + s.rand.IntN(ways-1)
}

// RoundTrip takes time, in which the process may die.
func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.dead.Load() {
		return nil, errKilled
	}
	for _, s := range p.sim.servers {
		for _, h := range s.Service.Hosts() {
			if h == r.URL.Hostname() {
				resp, err := s.RoundTrip(r)
				time.Sleep(200 * time.Millisecond)
				if p.dead.Load() {
					return nil, errKilled
				}
				return resp, err
			}
		}
	}
	return nil, errors.New("no such host")
}

type simulation struct {
	store   tryon.Memory
	servers map[string]*tryontest.Server
	ledger  *consent.Ledger
	item    *imageproc.Clean
	names   []string
	who     []string

	mu      sync.Mutex
	rand    *rand.Rand
	started map[string]bool // jobs whose names Start returned
	away    time.Time       // until then the store is
	runs    map[int]string  // by the shop's number of a job: where it was accepted and may have drawn
	tally   map[string]int
}

func newSimulation(t *testing.T) *simulation {
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &simulation{
		servers: map[string]*tryontest.Server{}, ledger: ledger, rand: rand.New(rand.NewPCG(1, 2)),
		started: map[string]bool{}, runs: map[int]string{}, tally: map[string]int{}, names: []string{"kie", "fal", "replicate", "fashn", "comfy", "gemini with files"},
	}
	all := drivers()
	for _, name := range s.names {
		server := tryontest.NewServer(all[name].Service())
		server.Forget = true
		server.Chance(s.fault)
		server.OnAccept(func(r *http.Request, f tryontest.Fault) { s.accepted(t, name, r, f) })
		s.servers[name] = server
		b, err := all[name].New()
		if err != nil {
			t.Fatal(err)
		}
		s.who = append(s.who, b.Describe().SubProcessor)
	}
	s.item = s.picture(t, 7)
	return s
}

// faults are what may go wrong at a stage.
var faults = map[tryontest.Stage][]tryontest.Fault{
	tryontest.Upload: {{Kind: tryontest.Status, Status: 500}, {Kind: tryontest.Gateway, Status: 504}, {Kind: tryontest.Drop}, {Kind: tryontest.Refuse}},
	tryontest.Submit: {
		{Kind: tryontest.Status, Status: 429},
		{Kind: tryontest.Status, Status: 429, After: 3},
		{Kind: tryontest.Status, Status: 503},
		{Kind: tryontest.Status, Status: 500},
		{Kind: tryontest.Gateway, Status: 408},
		{Kind: tryontest.Gateway, Status: 502},
		{Kind: tryontest.Gateway, Status: 504},
		{Kind: tryontest.Drop},
		{Kind: tryontest.Refuse},
		{Kind: tryontest.CutJSON},
		{Kind: tryontest.WrongType},
		{Kind: tryontest.JobFails},
		{Kind: tryontest.JobLost},
		{Kind: tryontest.TalksOnly},
		{Kind: tryontest.Blocked},
		{Kind: tryontest.NotPicture},
	},
	tryontest.Poll:   {{Kind: tryontest.Status, Status: 502}, {Kind: tryontest.Drop}, {Kind: tryontest.Refuse}, {Kind: tryontest.CutJSON}},
	tryontest.Result: {{Kind: tryontest.Status, Status: 500}, {Kind: tryontest.Truncate}},
	tryontest.Erase:  {{Kind: tryontest.Status, Status: 500}, {Kind: tryontest.Gateway, Status: 504}, {Kind: tryontest.Drop}, {Kind: tryontest.Refuse}},
}

func (s *simulation) fault(stage tryontest.Stage) tryontest.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := faults[stage]
	if len(list) == 0 || s.rand.IntN(10) >= 3 {
		return tryontest.Fault{}
	}
	s.tally["injected faults"]++
	return list[s.rand.IntN(len(list))]
}

// shopJob is the key of the shop's own number of a job in the context of all
// that is done for it: no driver and no route knows it.
type shopJob struct{}

// accepted notes work that a fake accepted. What may draw a picture counts; what
// the fake will say to have failed, or will answer without a picture, may be done
// again elsewhere.
func (s *simulation) accepted(t *testing.T, name string, r *http.Request, f tryontest.Fault) {
	n, ok := r.Context().Value(shopJob{}).(int)
	if !ok {
		t.Errorf("%s accepted work of no job of the shop's", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if where := s.runs[n]; where != "" {
		s.tally["duplicates across routes"]++
		t.Errorf("job %d runs at %s and was accepted by %s", n, where, name)
	}
	switch f.Kind {
	case tryontest.JobFails, tryontest.TalksOnly, tryontest.NotPicture:
		s.tally["accepted, and said to have failed"]++
	default:
		s.runs[n] = name
	}
}

func (s *simulation) count(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally[what] += n
}

// picture is a small picture that no other number gives.
func (s *simulation) picture(t testing.TB, n int) *imageproc.Clean {
	img := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	binary.BigEndian.PutUint32(img.Pix, uint32(n)<<8|255)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	c, err := imageproc.Sanitize(t.Context(), &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// anybody finds one person, everywhere.
type anybody struct{}

func (anybody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{Presence: .9, Bounds: b, People: []detect.Person{{Box: b, Score: .9}}}, nil
}

// start starts a process, with the routes in an order of its own.
func (s *simulation) start(t *testing.T) *process {
	p := &process{sim: s}
	o := tryon.Options{Ledger: s.ledger, Transport: p, Store: p, Callback: "https://shop.example/callbacks"}
	s.mu.Lock()
	order := s.rand.Perm(len(s.names))
	s.mu.Unlock()
	all := drivers()
	for _, i := range order {
		b, err := all[s.names[i]].New()
		if err != nil {
			t.Fatal(err)
		}
		o.Routes = append(o.Routes, tryon.Route{Backend: b, Timeout: 2 * time.Minute})
	}
	var err error
	if p.client, err = tryon.New(&o); err != nil {
		t.Fatal(err)
	}
	return p
}

const workers = 16

func (s *simulation) run(t *testing.T, jobs int) {
	began := time.Now()
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			p := s.start(t)
			for n := w; n < jobs; n += workers {
				p = s.job(t, p, n)
				time.Sleep(time.Minute) // so that routes warm up again
			}
		})
	}
	done := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		p := s.start(t)
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Minute):
			}
			if _, err := p.client.Sweep(t.Context()); err != nil && !errors.Is(err, errStore) {
				t.Error(err)
			}
		}
	})
	all.Wait()
	close(done)
	sweeper.Wait()
	s.tally["jobs"] = jobs
	// Then two days pass, in a process that knows nothing but the store.
	last := s.start(t)
	for end := time.Now().Add(48 * time.Hour); time.Now().Before(end); time.Sleep(15 * time.Minute) {
		if _, err := last.client.Sweep(t.Context()); err != nil && !errors.Is(err, errStore) {
			t.Fatal(err)
		}
	}
	s.tally["simulated hours"] = int(time.Since(began).Hours())
	s.checkDuplicates(t)
	s.checkLedger(t)
	s.checkErasure(t)
	var lines strings.Builder
	for _, k := range []string{
		"jobs", "injected faults", "faults of the store", "times the store was away for 2 s", "kills", "handed over by name", "pictures", "failed", "fate unknown", "resumed", "accepted", "accepted, and said to have failed", "accepted, and the store failed",
		"duplicate submissions", "duplicates across routes", "lost handles", "bodies sent", "bytes sent", "bodies that differ", "left and not queued", "left, name never learned", "of those not attested", "erased", "longest, minutes", "expired by declaration", "still queued", "simulated hours",
	} {
		lines.WriteString(fmt.Sprintf("%-33s %d\n", k, s.tally[k]))
	}
	t.Log("\n" + lines.String())
	if path := os.Getenv("FITVEIL_TRYON_REPORT"); path != "" {
		if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// job runs one job, and returns the process that is alive afterwards.
func (s *simulation) job(t *testing.T, p *process, n int) *process {
	subject := s.ledger.Subject("shop", strconv.Itoa(n))
	_, err := s.ledger.Grant(t.Context(), consent.Grant{
		Subject: subject, Purposes: []consent.Purpose{consent.TryOnRender}, Recipients: s.who,
		Evidence: consent.Evidence{
			Notice:  consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("notice"))},
			Choices: []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}}, Affirmative: true,
			Surface: "test/1", At: time.Now(), Nonce: []byte(strconv.Itoa(n)),
		},
	})
	if err != nil {
		t.Error(err)
		return p
	}
	photo, err := detect.Screen(t.Context(), anybody{}, s.picture(t, n+1000), detect.OnePerson(), nil)
	if err != nil {
		t.Error(err)
		return p
	}
	r := &tryon.Request{Subject: subject, Photo: photo, Items: []tryon.Item{{Image: s.item}}}
	s.mu.Lock()
	killed := s.rand.IntN(20) == 0
	after := time.Duration(s.rand.IntN(4000)) * time.Millisecond
	s.mu.Unlock()
	if killed {
		s.count("kills", 1)
		timer := time.AfterFunc(after, func() { p.dead.Store(true) })
		defer timer.Stop()
	}
	ctx := context.WithValue(t.Context(), shopJob{}, n)
	s.once(ctx, t, p, r)
	if !p.dead.Load() {
		return p
	}
	next := s.start(t)
	s.pickUp(ctx, t, next, r)
	return next
}

func (s *simulation) permit(t *testing.T, subject consent.Subject) consent.Permit {
	p, err := s.ledger.Permit(t.Context(), consent.Query{Subject: subject, Purpose: consent.TryOnRender, Recipients: s.who})
	if err != nil {
		t.Error(err)
	}
	return p
}

func (s *simulation) once(ctx context.Context, t *testing.T, p *process, r *tryon.Request) {
	id, err := p.client.Start(ctx, s.permit(t, r.Subject), r)
	var e *tryon.Error
	if err == nil {
		s.mu.Lock()
		s.started[id] = true
		s.tally["handed over by name"]++
		s.mu.Unlock()
	} else if errors.As(err, &e) && e.Code == tryon.StoreFailed && e.Job != "" {
		s.count("accepted, and the store failed", 1)
		id, err = e.Job, nil // in this process it can be fetched
	}
	if err == nil {
		_, err = p.client.Wait(ctx, s.permit(t, r.Subject), &tryon.Pickup{Job: id, Subject: r.Subject})
	}
	s.outcome(err)
}

func (s *simulation) outcome(err error) {
	var e *tryon.Error
	switch {
	case err == nil:
		s.count("pictures", 1)
	case errors.As(err, &e) && e.Code == tryon.AcceptedUnknown:
		s.count("fate unknown", 1)
	default:
		s.count("failed", 1)
	}
}

// pickUp is what a new process does with what it finds on record.
func (s *simulation) pickUp(ctx context.Context, t *testing.T, p *process, r *tryon.Request) {
	h, err := p.client.Holdings(ctx, r.Subject)
	for errors.Is(err, errStore) {
		time.Sleep(time.Second) // time stands still for whoever does not wait
		h, err = p.client.Holdings(ctx, r.Subject)
	}
	if err != nil {
		t.Error(err)
		return
	}
	for _, j := range h.Jobs {
		if j.State != tryon.JobAccepted {
			continue
		}
		s.count("resumed", 1)
		pickup := &tryon.Pickup{Job: j.ID, Subject: r.Subject, Request: r}
		_, err := p.client.Wait(ctx, s.permit(t, r.Subject), pickup)
		var e *tryon.Error
		if errors.As(err, &e) && e.Code == tryon.StoreFailed {
			_, err = p.client.Wait(ctx, s.permit(t, r.Subject), pickup)
		}
		s.outcome(err)
	}
}

// checkDuplicates looks at what the fakes accepted: no job of ours more than
// once, and every one of them on record; those that Start named, by their
// provider's name.
func (s *simulation) checkDuplicates(t *testing.T) {
	jobs := map[string]tryon.Job{}
	perBackend := map[string]int{}
	for _, r := range s.find(t, tryon.KindJob) {
		var j tryon.Job
		if err := json.Unmarshal(r.Data, &j); err != nil {
			t.Fatal(err)
		}
		jobs[j.ID] = j
		perBackend[j.Backend]++
	}
	times := map[string]int{}
	for name, server := range s.servers {
		s.tally["accepted"] += server.Accepted()
		backend, _, _ := strings.Cut(name, " ")
		if server.Accepted() > perBackend[backend] {
			t.Errorf("%s accepted %d, and was given %d", name, server.Accepted(), perBackend[backend])
		}
		for remote, address := range server.Callbacks() {
			id := address[strings.LastIndex(address, "/")+1:]
			if times[id]++; times[id] > 1 {
				s.tally["duplicate submissions"]++
				t.Errorf("job %s was accepted %d times", id, times[id])
			}
			j, known := jobs[id]
			if !known || s.started[id] && j.Remote != remote || j.Remote != "" && j.Remote != remote {
				s.tally["lost handles"]++
				t.Errorf("accepted as %s and on record as %+v", remote, j)
			}
		}
	}
	for id := range s.started {
		if j := jobs[id]; j.Remote == "" && j.Backend != "gemini" {
			s.tally["lost handles"]++
			t.Errorf("started and without a name: %+v", j)
		}
	}
}

func (s *simulation) find(t *testing.T, k tryon.Kind) []tryon.Record {
	t.Helper()
	list, err := s.store.Find(t.Context(), tryon.Filter{Kind: k})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// checkLedger holds the record against the fakes' own logs. What a process that
// was killed left as "sending" may have arrived, and may not.
func (s *simulation) checkLedger(t *testing.T) {
	sure, maybe, arrived := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range s.find(t, tryon.KindTransfer) {
		var x tryon.Transfer
		if err := json.Unmarshal(r.Data, &x); err != nil {
			t.Fatal(err)
		}
		k := fmt.Sprintf("%s %d %s", strings.TrimSuffix(x.Host, ":443"), x.Bytes, x.SHA256)
		switch x.Outcome {
		case tryon.TransferAnswered, tryon.TransferUnanswered:
			sure[k]++
		case tryon.TransferSending:
			maybe[k]++
		}
	}
	for _, server := range s.servers {
		for _, seen := range server.Log() {
			if n, err := strconv.Atoi(seen.Path); err == nil && n > 0 {
				arrived[fmt.Sprintf("%s %d %s", seen.Host, n, seen.SHA256)]++
				s.tally["bodies sent"]++
				s.tally["bytes sent"] += n
			}
		}
	}
	for k, n := range arrived {
		if n < sure[k] || n > sure[k]+maybe[k] {
			s.tally["bodies that differ"]++
			t.Errorf("%s arrived %d times; on record: %d, and %d that may have", k, n, sure[k], maybe[k])
		}
	}
	for k, n := range sure {
		if arrived[k] < n {
			s.tally["bodies that differ"]++
			t.Errorf("%s is on record %d times and arrived %d times", k, n, arrived[k])
		}
	}
}

// checkErasure looks that whatever is left at a provider that can delete is in
// the queue.
func (s *simulation) checkErasure(t *testing.T) {
	queued, attested := map[string]bool{}, map[string]bool{}
	for _, r := range s.find(t, tryon.KindErasure) {
		var d tryon.Deletion
		if err := json.Unmarshal(r.Data, &d); err != nil {
			t.Fatal(err)
		}
		switch d.State {
		case tryon.DeletionQueued:
			queued[d.Remote] = true
			s.tally["still queued"]++
		case tryon.DeletionErased:
			s.tally["erased"]++
			s.tally["longest, minutes"] = max(s.tally["longest, minutes"], int(d.Done.Sub(d.Made).Minutes()))
		case tryon.DeletionNotPossible:
			attested[d.Job] = true
		case tryon.DeletionExpired:
			queued[d.Remote] = true // the provider declares to have deleted it
			s.tally["expired by declaration"]++
		}
	}
	for _, name := range []string{"gemini with files"} {
		for _, left := range s.servers[name].Left() {
			if !queued[left] {
				s.tally["left and not queued"]++
				t.Errorf("%s: %s is left and not in the queue", name, left)
			}
		}
	}
	named, nameless := map[string]bool{}, map[string]int{}
	for _, r := range s.find(t, tryon.KindJob) {
		var j tryon.Job
		if err := json.Unmarshal(r.Data, &j); err != nil {
			t.Fatal(err)
		}
		if j.Remote != "" {
			named[j.Backend+" "+j.Remote] = true
		} else if j.State == tryon.JobUnknown {
			nameless[j.Backend]++
			if !attested[j.ID] {
				t.Errorf("its name was lost, and nothing says that it stays: %+v", j)
			}
		}
	}
	for _, name := range []string{"fal", "comfy"} {
		for _, left := range s.servers[name].Left() {
			// A job whose name we never learned cannot be deleted by it; it expires.
			if !named[name+" "+left] {
				s.tally["left, name never learned"]++
				nameless[name]--
			} else if !queued[left] {
				s.tally["left and not queued"]++
				t.Errorf("%s: %s is left and not in the queue", name, left)
			}
		}
		if nameless[name] < 0 {
			s.tally["of those not attested"] -= nameless[name]
			t.Errorf("%s: %d jobs are left there that no record speaks of", name, -nameless[name])
		}
	}
}
