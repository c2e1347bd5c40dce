//go:build unix

package riverjobs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/pgstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/riverjobs"
)

const (
	renderer = "Renderer Ltd"
	rawID    = "customer-4711-jane.doe@example.com"
)

var key = []byte("a key of at least thirty-two secret bytes")

// service is a renderer over https: it accepts pictures, and gives one out once
// it is told to.
type service struct {
	*httptest.Server
	mu        sync.Mutex
	posts     map[string]int // by photo
	ready     bool
	fail      int    // status of all answers; 0: none
	meanwhile func() // it is asked; nil: nothing
}

func picture(shade uint8) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 48, 64))
	for y := range 64 {
		for x := range 48 {
			img.SetNRGBA(x, y, color.NRGBA{shade, uint8(x * 3), uint8(y * 2), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func newService(t *testing.T) *service {
	s := &service{posts: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // processes die while they are served
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fail != 0:
		if s.meanwhile != nil {
			s.meanwhile()
		}
		w.WriteHeader(s.fail)
	case r.Method == http.MethodPost:
		name := fmt.Sprintf("%x", sha256.Sum256(body))
		s.posts[name]++
		fmt.Fprint(w, name)
	case !s.ready:
		w.WriteHeader(http.StatusAccepted)
	default:
		_, _ = w.Write(picture(90))
	}
}

// set changes what the service does.
func (s *service) set(ready bool, fail int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.fail = ready, fail
}

// posted is how many photos arrived, and how often the most frequent one did.
func (s *service) posted() (photos, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.posts {
		most = max(most, n)
	}
	return len(s.posts), most
}

func (s *service) cert() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// posting is the backend for it.
type posting struct{ base *url.URL }

func (p posting) Describe() tryon.Profile {
	return tryon.Profile{
		Name: "posting", Tasks: []tryon.Task{tryon.OnPerson}, SubProcessor: renderer, Region: "EU", Hosts: []string{p.base.Host},
	}
}

func (p posting) call(ctx context.Context, c *http.Client, method, path string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.base.String()+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return io.ReadAll(resp.Body)
	case http.StatusAccepted:
		return nil, tryon.ErrPending
	case http.StatusServiceUnavailable:
		return nil, &tryon.Error{Code: tryon.Unavailable, Retry: true}
	}
	return nil, &tryon.Error{Code: tryon.BlockedInput}
}

func (p posting) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	if !in.Items[0].Worn {
		return nil, &tryon.Error{Code: tryon.BadProduct, Reason: "not-worn"} // as each order says
	}
	id, err := p.call(ctx, in.HTTP, http.MethodPost, "/jobs", bytes.NewReader(in.Photo.Photo().Bytes()))
	return &tryon.Handle{ID: string(id)}, err
}

func (p posting) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	data, err := p.call(ctx, h.HTTP, http.MethodGet, "/jobs/"+h.ID, nil)
	if err != nil {
		return nil, err
	}
	return &tryon.Output{Images: []tryon.Encoded{{Data: data}}}, nil
}

func (p posting) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

type anybody struct{}

func (anybody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{Presence: .9, Bounds: b, People: []detect.Person{{Box: b, Score: .9}}}, nil
}

func clean(t *testing.T, data []byte) *imageproc.Clean {
	t.Helper()
	c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shop is one machine.
type shop struct {
	pool    *pgxpool.Pool
	ledger  *consent.Ledger
	client  *tryon.Client
	queue   *riverjobs.Queue
	subject consent.Subject
	query   consent.Query
	before  func(ctx context.Context) // an item's picture is fetched; nil: nothing
	log     bytes.Buffer
	logging sync.Mutex
}

func (s *shop) Write(p []byte) (int, error) {
	s.logging.Lock()
	defer s.logging.Unlock()
	return s.log.Write(p)
}

func open(t *testing.T, dsn, base, cert string, keys consent.Keys) *shop {
	t.Helper()
	s := &shop{pool: connect(t, dsn)}
	store, err := pgstore.New(t.Context(), s.pool, &pgstore.Options{AllowUnsafe: true, Lease: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.ledger, err = consent.New(store, &consent.Options{Keys: keys}); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(cert))
	s.client, err = tryon.New(&tryon.Options{
		Routes: []tryon.Route{{Backend: posting{u}, Timeout: 20 * time.Second, Retries: -1}}, Ledger: s.ledger, Store: riverjobs.NewStore(s.pool),
		TLS: &tls.Config{RootCAs: roots}, Logger: slog.New(slog.NewJSONHandler(s, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	item := clean(t, picture(20))
	s.queue, err = riverjobs.New(s.pool, &riverjobs.Options{
		Key: key, Ledger: s.ledger, Client: s.client, Item: func(ctx context.Context, _ string) (*imageproc.Clean, error) {
			if s.before != nil {
				s.before(ctx)
			}
			return item, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.subject = s.ledger.Subject("shop", rawID)
	s.query = consent.Query{Subject: s.subject, Purpose: consent.TryOnRender, Recipients: []string{renderer}}
	return s
}

func (s *shop) agree(t *testing.T) {
	t.Helper()
	_, err := s.ledger.Grant(t.Context(), consent.Grant{
		Subject: s.subject, Purposes: []consent.Purpose{consent.TryOnRender}, Recipients: []string{renderer},
		Evidence: consent.Evidence{
			Notice:  consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("notice"))},
			Choices: []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}}, Affirmative: true,
			Surface: "test/1", At: time.Now(), Nonce: []byte(time.Now().String()),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// order puts a photo in that no other shade gives.
func (s *shop) order(t *testing.T, shade uint8) string {
	t.Helper()
	photo, err := detect.Screen(t.Context(), anybody{}, clean(t, picture(shade)), detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.queue.Enqueue(t.Context(), &riverjobs.Order{Query: s.query, Photo: photo, Items: []riverjobs.Item{{ID: "tee", Worn: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// work starts a worker, which stops with the test.
func (s *shop) work(t *testing.T) {
	t.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, s.queue.Worker())
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, FetchPollInterval: 50 * time.Millisecond,
		FetchCooldown: 20 * time.Millisecond, Logger: slog.New(slog.NewJSONHandler(s, nil)), RetryPolicy: soon{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := jobs.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	})
}

// soon tries again at once.
type soon struct{}

func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

// over waits for an order to be over.
func (s *shop) over(t *testing.T, id string) *riverjobs.Parcel {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p, err := s.queue.Collect(t.Context(), s.subject, id)
		if err != nil {
			t.Fatal(err)
		}
		if p.State != riverjobs.Waiting {
			return p
		}
	}
	t.Fatal("the order is still waiting")
	return nil
}

// everything is the database's content as text, binary columns in hexadecimal.
func (s *shop) everything(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"river_job", "tryon_orders", "tryon_records"} {
		rows, err := s.pool.Query(t.Context(), "select x::text from "+table+" x")
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.Join(list, "\n"))
	}
	return all.String()
}
