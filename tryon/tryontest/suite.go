package tryontest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// Driver is what Run tests.
type Driver struct {
	// New makes the backend. It reaches the service's hosts over https, and its
	// key is Key where it takes one.
	New func() (tryon.Backend, error)
	// Service makes the fake it talks to.
	Service func() Service

	Async     bool // Submit returns before the picture is there
	Uploads   bool // it uploads before it submits
	Addresses bool // it fetches pictures by address
	Several   bool // it draws as many pictures as asked for
	Keyless   bool // it sends no key
	// Once says that a job can be asked about only until the answer breaks.
	Once bool
	// JobsStay says that its eraser deletes uploads and the like, and that jobs
	// stay with the service.
	JobsStay bool
	// Deaf are faults that the service has no words for.
	Deaf []Kind
	// Sign makes a callback as the provider would; nil: it signs none.
	Sign func(s *Server, job string, at time.Time) (http.Header, []byte)
}

// Key is the key that a driver is made with in tests. It must arrive in headers
// only.
const Key = "sk-canary-7f3a9c"

const (
	rawID     = "customer-4711-jane.doe@example.com"
	secretSKU = "SKU-CANARY-0815"
	secretGPS = "GPS-CANARY-51.4778N"
)

// Run tests a driver: at least 40 cases, each a subtest. While it runs, names
// are resolved for nobody in the process, so it does not run beside parallel
// tests that use a network. A driver that opens a connection of its own, to
// whatever address, fails: one under the context that it was given is closed before
// a request is written to it. One that it keeps open under another context ends the
// whole run with a panic that says so, since simulated time would stand still.
func Run(t *testing.T, d Driver) {
	t.Helper()
	stop := watch()
	defer func() {
		if n := stop(); n > 0 {
			t.Errorf("%d times a connection was opened or used past the client: all of a driver's traffic goes through Input.HTTP, Handle.HTTP and Erasure.HTTP", n)
		}
	}()
	n := 0
	for _, c := range cases() {
		if !c.applies(&d) {
			continue
		}
		n++
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, &d)
				w.server.Break(c.faults...)
				defer advise(t, c.name)
				c.run(t, w)
				synctest.Wait() // backends that outlive their call
				w.audit(t)
			})
		})
	}
	if n < 40 {
		t.Errorf("only %d cases apply, want 40: set what the driver does in Driver (Async, Uploads, Addresses, Several), and keep Deaf short", n)
	}
}

// world is a shop with one route.
type world struct {
	driver  *Driver
	backend tryon.Backend
	server  *Server
	store   *tryon.Memory
	ledger  *consent.Ledger
	subject consent.Subject
	request tryon.Request
	client  *tryon.Client
	o       tryon.Options
	second  int // how often the next route was asked

	mu   sync.Mutex
	log  bytes.Buffer
	said []string // errors
	seen []string // what a tracer or a meter would get
}

// observe keeps events for the audit.
func (w *world) observe(e tryon.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, fmt.Sprintf("%+v %#v", e, e))
}

// Write implements io.Writer for the log.
func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// must gives a function that fails the test for an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// onePerson is a detector that finds one person, everywhere.
type onePerson struct{}

func (onePerson) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	k := make([]detect.Keypoint, detect.NumKeypoints)
	return &detect.Scene{Presence: .9, Bounds: b, Model: "test", People: []detect.Person{{Box: b, Score: .9, Keypoints: k}}}, nil
}

// upload is a photo as it leaves a phone: with a place in its metadata.
func upload(shade uint8) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 96, 128))
	for i := range img.Pix {
		img.Pix[i] = shade + uint8(i%7)*9
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"), secretGPS...)
	seg := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2))
	return slices.Concat(b.Bytes()[:2], seg, exif, b.Bytes()[2:])
}

func newWorld(t *testing.T, d *Driver) *world {
	t.Helper()
	w := &world{driver: d, server: NewServer(d.Service()), store: &tryon.Memory{}}
	w.ledger = must(consent.New(memstore.New(), nil))(t)
	w.subject = w.ledger.Subject("shop-a", rawID)
	w.backend = must(d.New())(t)
	w.agree(t)
	photo := must(imageproc.Sanitize(t.Context(), bytes.NewReader(upload(90)), nil))(t)
	item := must(imageproc.Sanitize(t.Context(), bytes.NewReader(upload(30)), nil))(t)
	screened := must(detect.Screen(t.Context(), onePerson{}, photo, detect.OnePerson(), nil))(t)
	w.request = tryon.Request{
		Subject: w.subject, Photo: screened, Items: []tryon.Item{{ID: secretSKU, Image: item, Garment: tryon.Top}},
	}
	w.o = tryon.Options{
		Ledger: w.ledger, Transport: w.server, Store: w.store, Logger: slog.New(slog.NewJSONHandler(w, nil)),
		Callback: "https://shop.example/callbacks", Observe: w.observe,
		Routes: []tryon.Route{{Backend: w.backend, Timeout: 3 * time.Minute, Research: true}, {Backend: tryon.NewBackend(
			tryon.Profile{Name: "next", Tasks: []tryon.Task{tryon.OnPerson}},
			func(context.Context, *tryon.Input) (*tryon.Output, error) {
				w.second++
				return nil, &tryon.Error{Code: tryon.Internal, Reason: "next-route"}
			},
		)}},
	}
	w.client = must(tryon.New(&w.o))(t)
	return w
}

func (w *world) agree(t *testing.T) {
	t.Helper()
	p := w.backend.Describe()
	_, err := w.ledger.Grant(t.Context(), consent.Grant{
		Subject: w.subject, Purposes: []consent.Purpose{consent.TryOnRender}, Recipients: []string{p.SubProcessor},
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

func (w *world) permit(t *testing.T) consent.Permit {
	t.Helper()
	q := consent.Query{Subject: w.subject, Purpose: consent.TryOnRender, Recipients: []string{w.backend.Describe().SubProcessor}}
	return must(w.ledger.Permit(t.Context(), q))(t)
}

func (w *world) render(t *testing.T, ctx context.Context) (*tryon.Result, *tryon.Error) {
	t.Helper()
	result, err := w.client.Render(ctx, w.permit(t), &w.request)
	return result, w.heard(t, err)
}

// heard keeps an error's words for the audit.
func (w *world) heard(t *testing.T, err error) *tryon.Error {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *tryon.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is no *tryon.Error", err)
	}
	encoded := must(json.Marshal(err))(t)
	w.said = append(w.said, fmt.Sprintf("%v %+v %#v %q %s", err, err, err, err, encoded))
	for cause := e.Err; cause != nil; cause = errors.Unwrap(cause) {
		w.said = append(w.said, cause.Error())
	}
	return e
}

// audit holds what is on record against what arrived, and looks for what should
// have arrived nowhere.
func (w *world) audit(t *testing.T) {
	t.Helper()
	records := must(w.store.Find(t.Context(), tryon.Filter{Kind: tryon.KindTransfer}))(t)
	recorded, arrived := map[string]int{}, map[string]int{}
	for _, r := range records {
		var x tryon.Transfer
		if err := json.Unmarshal(r.Data, &x); err != nil {
			t.Fatal(err)
		}
		if x.Outcome == tryon.TransferAnswered || x.Outcome == tryon.TransferUnanswered {
			recorded[fmt.Sprintf("%s %d %s", strings.TrimSuffix(x.Host, ":443"), x.Bytes, x.SHA256)]++
		}
	}
	for _, s := range w.server.Log() {
		if len(s.Body) > 0 {
			arrived[fmt.Sprintf("%s %d %s", s.Host, len(s.Body), s.SHA256)]++
		}
	}
	for k, n := range arrived {
		if recorded[k] != n {
			t.Errorf("%q arrived %d times and is on record %d times", k, n, recorded[k])
		}
	}
	for k, n := range recorded {
		if arrived[k] != n {
			t.Errorf("%q is on record %d times and arrived %d times", k, n, arrived[k])
		}
	}
	for _, l := range w.leaks(records) {
		t.Error(l)
	}
}
