package overlay_test

import (
	"bytes"
	"context"
	"image"
	"os"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

func sanitise(t testing.TB, data []byte) *imageproc.Clean {
	t.Helper()
	c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func product(t testing.TB, path string) *imageproc.Clean {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sanitise(t, data)
}

func encoded(t testing.TB, img image.Image, f imageproc.Format) *imageproc.Clean {
	t.Helper()
	var b bytes.Buffer
	if err := imageproc.Encode(&b, img, f, &imageproc.EncodeOptions{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return sanitise(t, b.Bytes())
}

// knows is a detector that was told what is in the picture.
type knows struct{ scene *detect.Scene }

func (k knows) Detect(context.Context, image.Image) (*detect.Scene, error) { return k.scene, nil }

func (k knows) DetectPhoto(context.Context, *imageproc.Clean) (*detect.Scene, error) {
	return k.scene, nil
}

// screen lets a picture through with the scene that is known of it.
func screen(t testing.TB, photo *imageproc.Clean, scene *detect.Scene) *detect.Screened {
	t.Helper()
	s, err := detect.Screen(t.Context(), knows{scene}, photo, detect.AnyPeople(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func input(t testing.TB, f *overlay.Figure, format imageproc.Format, item string) *tryon.Input {
	t.Helper()
	return &tryon.Input{
		Photo: screen(t, encoded(t, f.Draw(), format), f.Scene()),
		Items: []tryon.Item{{ID: "item", Image: product(t, item), Garment: tryon.Top}},
		N:     1,
	}
}

// render goes the whole way, through a client.
func render(t testing.TB, in *tryon.Input) (*tryon.Result, error) {
	t.Helper()
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}})
	if err != nil {
		t.Fatal(err)
	}
	shopper := consent.NewSubject([]byte("a key of 32 bytes for tests only"), "shop", "customer")
	return client.Render(t.Context(), consent.Unmanaged("test").For(shopper), &tryon.Request{
		Subject: shopper, Photo: in.Photo, Items: in.Items, Task: in.Task,
	})
}

// pixelsOf decodes a picture.
func pixelsOf(t testing.TB, c *imageproc.Clean) *image.NRGBA {
	t.Helper()
	img, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.NRGBA)
}
