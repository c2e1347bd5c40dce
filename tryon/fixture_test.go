package tryon_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

const (
	rawID  = "customer-4711-jane.doe@example.com"
	vendor = "Renderer Ltd"
)

// pngOf encodes a picture of one colour.
func pngOf(w, h int, c color.Color) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	return pngFile(img)
}

func pngFile(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func clean(t testing.TB, data []byte) *imageproc.Clean {
	t.Helper()
	c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// people is a detector that finds so many people side by side, with this
// evidence.
type people struct {
	n        int
	presence float32
}

func (p people) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	s := &detect.Scene{Presence: p.presence, Bounds: b, Model: "test"}
	for i := range p.n {
		box := image.Rect(i*b.Dx()/p.n, 0, (i+1)*b.Dx()/p.n, b.Dy())
		k := make([]detect.Keypoint, detect.NumKeypoints)
		for j := range k {
			k[j] = detect.Keypoint{X: float32(box.Min.X+box.Max.X) / 2, Y: float32(box.Dy()) / 2, Score: .9}
		}
		s.People = append(s.People, detect.Person{Box: box, Score: p.presence, Keypoints: k})
	}
	return s, nil
}

func screened(t testing.TB, d detect.Detector, p detect.Policy, o *detect.ScreenOptions) *detect.Screened {
	t.Helper()
	s, err := detect.Screen(t.Context(), d, clean(t, pngOf(60, 80, color.NRGBA{200, 180, 160, 255})), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world is a shop with a ledger, one shopper who agreed, and a valid request.
type world struct {
	ledger  *consent.Ledger
	subject consent.Subject
	permit  consent.Permit
	request tryon.Request
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{ledger: ledger, subject: ledger.Subject("shop-a", rawID)}
	w.grant(t, vendor)
	w.permit = w.permitFor(t, vendor)
	w.request = tryon.Request{
		Subject: w.subject,
		Photo:   screened(t, people{1, .9}, detect.OnePerson(), nil),
		Items:   []tryon.Item{{ID: "tee", Image: clean(t, pngOf(40, 40, color.NRGBA{20, 120, 90, 255})), Garment: tryon.Top}},
	}
	return w
}

var nonces atomic.Uint32

func (w *world) grant(t testing.TB, recipients ...string) {
	t.Helper()
	n := nonces.Add(1)
	_, err := w.ledger.Grant(t.Context(), consent.Grant{
		Subject: w.subject, Purposes: []consent.Purpose{consent.TryOnRender}, Recipients: recipients,
		Evidence: consent.Evidence{
			Notice:  consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: [32]byte{1}},
			Choices: []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}}, Affirmative: true,
			Surface: "test/1", At: time.Now(), Nonce: []byte{byte(n), byte(n >> 8), 1},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) permitFor(t testing.TB, recipients ...string) consent.Permit {
	t.Helper()
	p, err := w.ledger.Permit(t.Context(), consent.Query{Subject: w.subject, Purpose: consent.TryOnRender, Recipients: recipients})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) client(t testing.TB, backends ...tryon.Backend) *tryon.Client {
	t.Helper()
	return newClient(t, &tryon.Options{Routes: routes(backends...), Ledger: w.ledger})
}

func routes(backends ...tryon.Backend) []tryon.Route {
	var list []tryon.Route
	for _, b := range backends {
		list = append(list, tryon.Route{Backend: b})
	}
	return list
}

func newClient(t testing.TB, o *tryon.Options) *tryon.Client {
	t.Helper()
	c, err := tryon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func local(name string) tryon.Profile {
	return tryon.Profile{Name: name, Tasks: []tryon.Task{tryon.OnPerson, tryon.InRoom}}
}

func remote(name string, hosts ...string) tryon.Profile {
	p := local(name)
	p.SubProcessor, p.Region, p.Hosts = vendor, "EU", hosts
	return p
}

// drawing is a local backend that answers with a picture of its own and counts
// how often it was given a photo.
func drawing(name string, calls *atomic.Int32) tryon.Backend {
	return tryon.NewBackend(local(name), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		calls.Add(1)
		return picture(), nil
	})
}

// failing is a local backend that always fails in the same way.
func failing(name string, err error, calls *atomic.Int32) tryon.Backend {
	return tryon.NewBackend(local(name), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		calls.Add(1)
		return nil, err
	})
}

func picture() *tryon.Output {
	return &tryon.Output{Images: []tryon.Encoded{{Data: pngOf(60, 80, color.NRGBA{20, 120, 90, 255})}}}
}
