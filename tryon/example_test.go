package tryon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// examplePhoto and exampleProduct stand for what comes out of the shop's upload
// path: a screened photo and a sanitised product picture.
func examplePhoto(ctx context.Context) *detect.Screened {
	photo, _ := imageproc.Sanitize(ctx, bytes.NewReader(pngOf(60, 80, color.Gray{200})), nil)
	s, _ := detect.Screen(ctx, people{1, .9}, photo, detect.OnePerson(), nil)
	return s
}

func exampleProduct(ctx context.Context) *imageproc.Clean {
	c, _ := imageproc.Sanitize(ctx, bytes.NewReader(pngOf(40, 40, color.Gray{80})), nil)
	return c
}

// A retailer's own backend: here one that pastes the product onto the photo.
func ExampleNewBackend() {
	paste := tryon.NewBackend(tryon.Profile{
		Name: "paste", Tasks: []tryon.Task{tryon.OnPerson}, Source: imageproc.AlgorithmicallyEnhanced,
	}, func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		photo, err := in.Photo.Photo().Image(nil)
		if err != nil {
			return nil, &tryon.Error{Code: tryon.BadPhoto, Err: err}
		}
		product, err := in.Items[0].Image.Thumb(20)
		if err != nil {
			return nil, &tryon.Error{Code: tryon.BadProduct, Err: err}
		}
		canvas := photo.(draw.Image)
		draw.Draw(canvas, product.Bounds().Add(image.Pt(20, 40)), product, image.Point{}, draw.Over)
		var out bytes.Buffer
		err = imageproc.Encode(&out, canvas, imageproc.JPEG, nil)
		return &tryon.Output{Images: []tryon.Encoded{{Data: out.Bytes()}}}, err
	})

	ctx := context.Background()
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: paste}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	shopper := consent.NewSubject([]byte("an example key of 32 bytes or so"), "shop-a", "customer-4711")
	result, err := client.Render(ctx, consent.Unmanaged("example").For(shopper), &tryon.Request{
		Subject: shopper,
		Photo:   examplePhoto(ctx),
		Items:   []tryon.Item{{ID: "tee-4711", Image: exampleProduct(ctx), Garment: tryon.Top}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := result.Attempts[0]
	fmt.Println(result.Images[0], "by", result.Backend)
	fmt.Println(a.Outcome, "- bytes sent:", a.BytesSent, "- consent kept elsewhere:", a.Unmanaged)
	fmt.Println(result.Marks[0].Value)
	// Output:
	// imageproc.Clean(jpeg 60x80) by paste
	// ok - bytes sent: 0 - consent kept elsewhere: example
	// http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced
}

// Without a permit nothing happens, and the error says which step is missing.
func ExampleClient_Render_refused() {
	ctx := context.Background()
	backend := tryon.NewBackend(tryon.Profile{Name: "any", Tasks: []tryon.Task{tryon.OnPerson}},
		func(context.Context, *tryon.Input) (*tryon.Output, error) {
			fmt.Println("never called")
			return nil, nil
		})
	client, _ := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}})
	_, err := client.Render(ctx, consent.Permit{}, &tryon.Request{
		Photo: examplePhoto(ctx),
		Items: []tryon.Item{{Image: exampleProduct(ctx)}},
	})
	fmt.Println(err, "|", errors.Is(err, tryon.ErrNoConsent))
	_, err = client.Render(ctx, consent.Unmanaged("example"), &tryon.Request{Items: []tryon.Item{{Image: exampleProduct(ctx)}}})
	fmt.Println(err, "|", errors.Is(err, tryon.ErrNotScreened))
	// Output:
	// tryon: no consent: no-permit | true
	// tryon: photo was not screened | true
}
