package fitveil_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// The main job: an upload is stripped and screened, consent is checked, a
// garment is drawn. Each step takes the proof of the one before.
func Example() {
	ctx := context.Background()
	upload, tee := open("examples/quickstart/assets/portrait.jpg"), open("examples/quickstart/assets/tee.png")
	ledger, shopper := shopWithConsent(ctx)

	photo, err := imageproc.Sanitize(ctx, upload, nil) // EXIF, GPS and the rest are gone
	check(err)
	people, err := person.New(nil)
	check(err)
	screened, err := detect.Screen(ctx, people, photo, detect.Selfie(), nil) // exactly one person
	check(err)
	permit, err := ledger.Permit(ctx, consent.Query{Subject: shopper, Purpose: consent.TryOnRender})
	check(err)
	garment, err := imageproc.Sanitize(ctx, tee, nil)
	check(err)
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}, Ledger: ledger})
	check(err)
	result, err := client.Render(ctx, permit, &tryon.Request{
		Subject: shopper, Photo: screened, Items: []tryon.Item{{ID: "tee", Image: garment, Garment: tryon.Top}},
	})
	check(err)

	fmt.Println("removed:", photo.Report().Removed[0].Carrier)
	fmt.Println("people:", len(screened.Scene().People))
	fmt.Println("drawn by:", result.Backend, result.Images[0].Bounds().Size())
	// Output:
	// removed: APP1 Exif
	// people: 1
	// drawn by: overlay (512,600)
}

// shopWithConsent is a shop whose only customer agreed to a try-on.
func shopWithConsent(ctx context.Context) (*consent.Ledger, consent.Subject) {
	ledger, err := consent.New(memstore.New(), nil)
	check(err)
	shopper := ledger.Subject("shop-a", "customer-4711")
	_, err = ledger.Grant(ctx, consent.Grant{
		Subject:  shopper,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: [32]byte{1}},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "example/1",
			At:          time.Now(),
			Nonce:       []byte("one per form shown"),
		},
	})
	check(err)
	return ledger, shopper
}

func open(path string) *os.File {
	f, err := os.Open(path)
	check(err)
	return f
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
