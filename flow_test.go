package fitveil_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// The bundled portrait and garment of the quickstart.
const (
	portrait = "examples/quickstart/assets/portrait.jpg"
	garment  = "examples/quickstart/assets/tee.png"
)

// TestFlow takes a real photograph from upload to rendered try-on, and checks
// that withdrawing consent stops the next one.
func TestFlow(t *testing.T) {
	ctx := t.Context()

	upload, err := os.ReadFile(portrait)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := imageproc.Sanitize(ctx, bytes.NewReader(upload), nil)
	if err != nil {
		t.Fatal(err)
	}
	var located bool
	for _, f := range photo.Report().Removed {
		for _, c := range f.Classes {
			located = located || c == imageproc.Location
		}
	}
	if !located {
		t.Error("the bundled photo carries GPS, the report does not say so")
	}

	people, err := person.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	screened, err := detect.Screen(ctx, people, photo, detect.Selfie(), nil)
	if err != nil {
		t.Fatal(err)
	}

	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	shopper := ledger.Subject("shop-a", "customer-4711")
	_, err = ledger.Grant(ctx, consent.Grant{
		Subject:  shopper,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: [32]byte{1}},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "flow-test/1",
			At:          time.Now(),
			Nonce:       []byte("flow-test-nonce-1"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	permit, err := ledger.Permit(ctx, consent.Query{Subject: shopper, Purpose: consent.TryOnRender})
	if err != nil {
		t.Fatal(err)
	}

	tee, err := os.Open(garment)
	if err != nil {
		t.Fatal(err)
	}
	defer tee.Close()
	product, err := imageproc.Sanitize(ctx, tee, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}, Ledger: ledger})
	if err != nil {
		t.Fatal(err)
	}
	request := &tryon.Request{Subject: shopper, Photo: screened, Items: []tryon.Item{{ID: "tee", Image: product, Garment: tryon.Top}}}
	result, err := client.Render(ctx, permit, request)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Images) != 1 || result.Images[0].Bounds() != photo.Bounds() {
		t.Fatalf("got %d pictures, want one of the photo's size", len(result.Images))
	}

	if _, err := ledger.Withdraw(ctx, shopper, consent.TryOnRender); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Render(ctx, permit, request); err == nil {
		t.Error("rendered after consent was withdrawn")
	}
}
