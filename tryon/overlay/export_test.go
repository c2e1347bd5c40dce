package overlay

import (
	"context"
	"image"
	_ "image/png"
	"os"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// Work returns a function that draws a product on a copy of a picture, without
// decoding and encoding.
func Work(t testing.TB, img *image.NRGBA, scene *detect.Scene, path string) func() *image.NRGBA {
	t.Helper()
	item := Load(t, path)
	p, refused := readPose(scene)
	if refused != nil {
		t.Fatal(refused)
	}
	return func() *image.NRGBA {
		photo := cutout.NRGBA(img)
		if _, refused := dress(photo, p, item); refused != nil {
			t.Fatal(refused)
		}
		return photo
	}
}

// Load cuts out the product of a file.
func Load(t testing.TB, path string) *product {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cutout.Cut(cutout.NRGBA(img))
	if err != nil {
		t.Fatal(err)
	}
	m, refused := read(c)
	if refused != nil {
		t.Fatal(refused)
	}
	clearOpening(c, m)
	return &product{c, m}
}

// Chin is the lowest point of the face that a scene's keypoints promise.
func Chin(scene *detect.Scene) (x, y float64) {
	p, _ := readPose(scene)
	q := p.face.add(p.down.mul(.8 * p.head))
	return q.X, q.Y
}

// InFace reports whether a pixel lies in the face, where nothing is drawn.
func InFace(scene *detect.Scene, x, y int) bool {
	p, _ := readPose(scene)
	return p.inFace(float64(x)+.5, float64(y)+.5) >= 1
}

// CutOut cuts a product picture out and reads its outline.
func CutOut(picture *imageproc.Clean) error {
	_, err := newProduct(context.Background(), picture, nil)
	return err
}

// Dress draws a product on a copy of a picture.
func Dress(img *image.NRGBA, scene *detect.Scene, item *product) (*image.NRGBA, *tryon.Error) {
	p, refused := readPose(scene)
	if refused != nil {
		return nil, refused
	}
	photo := cutout.NRGBA(img)
	if _, refused := dress(photo, p, item); refused != nil {
		return nil, refused
	}
	return photo, nil
}

// ReadProduct cuts out and reads a picture.
func ReadProduct(img *image.NRGBA) *tryon.Error {
	c, err := cutout.Cut(img)
	if err != nil {
		return badProduct(uncut(err))
	}
	m, refused := read(c)
	if refused == nil {
		clearOpening(c, m)
	}
	return refused
}
