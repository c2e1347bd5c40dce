package overlay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// open sanitises a file, as a shop does with what comes in.
func open(ctx context.Context, path string) *imageproc.Clean {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	c, err := imageproc.Sanitize(ctx, bytes.NewReader(data), nil)
	if err != nil {
		panic(err)
	}
	return c
}

// A T-shirt on a portrait of head and shoulders.
func Example() {
	ctx := context.Background()
	people, err := person.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	photo := open(ctx, "../../examples/quickstart/assets/portrait.jpg")
	screened, err := detect.Screen(ctx, people, photo, detect.Selfie(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	shopper := consent.NewSubject([]byte("an example key of 32 bytes or so"), "shop-a", "customer-4711")
	result, err := client.Render(ctx, consent.Unmanaged("example").For(shopper), &tryon.Request{
		Subject: shopper,
		Photo:   screened,
		Items:   []tryon.Item{{ID: "tee-4711", Image: open(ctx, "testdata/tee.png"), Garment: tryon.Top}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Images[0], "from", result.Backend)
	for _, w := range result.Warnings {
		fmt.Println(w.Code)
	}
	// Output:
	// imageproc.Clean(jpeg 512x600) from overlay
	// style-preview
	// arms-guessed
	// hips-guessed
}

// A photo that would come out badly is refused with a reason to translate.
func Example_refused() {
	ctx := context.Background()
	f := overlay.NewFigure(360, 480) // a drawn figure with known joints
	f.Tilt = .5
	var file bytes.Buffer
	if err := imageproc.Encode(&file, f.Draw(), imageproc.PNG, nil); err != nil {
		fmt.Println(err)
		return
	}
	photo, _ := imageproc.Sanitize(ctx, &file, nil)
	screened, _ := detect.Screen(ctx, knows{f.Scene()}, photo, detect.OnePerson(), nil)

	client, _ := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}})
	shopper := consent.NewSubject([]byte("an example key of 32 bytes or so"), "shop-a", "customer-4711")
	_, err := client.Render(ctx, consent.Unmanaged("example").For(shopper), &tryon.Request{
		Subject: shopper, Photo: screened,
		Items: []tryon.Item{{Image: open(ctx, "testdata/tee.png"), Garment: tryon.Top}},
	})
	var e *tryon.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Reason, errors.Is(err, tryon.ErrRefused))
	}
	// Output:
	// bad-photo tilted true
}
