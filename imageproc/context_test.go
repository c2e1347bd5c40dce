package imageproc_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/png"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/fitveil/fitveil/imageproc"
)

// impatient is a context that is over once it was asked so many times.
type impatient struct {
	context.Context
	asked, most int
}

func (c *impatient) Err() error {
	if c.asked++; c.most > 0 && c.asked > c.most {
		return context.Canceled
	}
	return nil
}

// TestContextBetween cancels at every place where a context is asked, of which
// there are several while pixels are read.
func TestContextBetween(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 5)
	}
	for name, encode := range map[string]func(*bytes.Buffer) error{
		"png":  func(b *bytes.Buffer) error { return png.Encode(b, img) },
		"gif":  func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) },
		"tiff": func(b *bytes.Buffer) error { return tiff.Encode(b, img, nil) },
		"jpeg": func(b *bytes.Buffer) error { return imageproc.Encode(b, img, imageproc.JPEG, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			if err := encode(&file); err != nil {
				t.Fatal(err)
			}
			o := &imageproc.SanitizeOptions{MaxSide: 100}
			all := &impatient{Context: context.Background()}
			if _, err := imageproc.Sanitize(all, bytes.NewReader(file.Bytes()), o); err != nil {
				t.Fatal(err)
			}
			if all.asked < 7 {
				t.Errorf("the context was asked %d times", all.asked)
			}
			for most := 1; most < all.asked; most++ {
				c := &impatient{Context: context.Background(), most: most}
				if _, err := imageproc.Sanitize(c, bytes.NewReader(file.Bytes()), o); !errors.Is(err, context.Canceled) {
					t.Errorf("over after %d questions of %d: %v", most, all.asked, err)
				}
			}
		})
	}
}
