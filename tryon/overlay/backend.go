package overlay

import (
	"bytes"
	"context"
	"image"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// Name is the backend's name in profiles, results and errors.
const Name = "overlay"

// Options configures New; nil means defaults.
type Options struct {
	// Quality of a JPEG result, 1 to 100; default 92. A PNG photo gives a PNG.
	Quality int
	// Products is how many cut-out products are kept in memory, about 5 MB
	// each; default 16, negative none.
	Products int
	// People looks at product pictures and keeps out those that somebody wears:
	// drawn on a shopper they would show a second face. nil: the outline alone
	// decides, which catches most of them.
	People detect.Detector
}

// Backend draws. It is safe for use by many goroutines.
type Backend struct {
	quality  int
	products *shelf
	people   detect.Detector
}

// New makes the backend.
func New(o *Options) *Backend {
	if o == nil {
		o = &Options{}
	}
	b := &Backend{quality: o.Quality, products: newShelf(o.Products), people: o.People}
	if b.quality < 1 || b.quality > 100 {
		b.quality = 92
	}
	return b
}

var _ tryon.Backend = (*Backend)(nil)

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile {
	return tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson}, Garments: []tryon.Garment{tryon.Top},
		Source: imageproc.AlgorithmicallyEnhanced,
	}
}

// Submit implements tryon.Backend. It draws at once, however many pictures are
// asked for: there is one way to draw it.
func (b *Backend) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	out, err := b.render(ctx, in)
	if err != nil {
		return nil, err
	}
	return &tryon.Handle{Done: out}, nil
}

// Poll implements tryon.Backend; nothing is ever pending.
func (b *Backend) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Backend: Name}
}

// Classify implements tryon.Backend. What cannot be drawn by geometry another
// backend may be able to make, so a refusal holds for this route only.
func (b *Backend) Classify(err error) tryon.Fault {
	f := tryon.DefaultFault(err)
	if f.Code == tryon.BadPhoto || f.Code == tryon.BadProduct {
		f.Scope = tryon.ScopeRoute
	}
	return f
}

func (b *Backend) render(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
	if in.Task != tryon.OnPerson || len(in.Items) != 1 || in.Items[0].Garment != tryon.Top {
		return nil, &tryon.Error{Code: tryon.Unsupported, Backend: Name}
	}
	scene := in.Photo.Scene()
	p, refused := readPose(scene)
	if refused != nil {
		return nil, refused
	}
	item, err := b.product(ctx, in.Items[0].Image)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	photo, err := pixels(in.Photo.Photo(), scene)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	warnings, refused := dress(photo, p, item)
	if refused != nil {
		return nil, refused
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := b.encode(photo, in.Photo.Photo())
	if err != nil {
		return nil, err
	}
	return &tryon.Output{Images: []tryon.Encoded{{Data: data}}, Warnings: warnings}, nil
}

// pixels decodes the photo, upright and at full size.
func pixels(photo *imageproc.Clean, scene *detect.Scene) (*image.NRGBA, error) {
	img, err := photo.Image(nil)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadPhoto, Backend: Name, Reason: noPicture, Err: err}
	}
	if img.Bounds() != scene.Bounds {
		return nil, badPhoto(OddGeometry)
	}
	if own, ok := img.(*image.NRGBA); ok {
		return own, nil
	}
	return cutout.NRGBA(img), nil
}

// encode writes the picture as the photo was, with its colour profile.
func (b *Backend) encode(img *image.NRGBA, photo *imageproc.Clean) ([]byte, error) {
	f := photo.Format()
	if f != imageproc.PNG {
		f = imageproc.JPEG
	}
	var buf bytes.Buffer
	if err := imageproc.Encode(&buf, img, f, &imageproc.EncodeOptions{Quality: b.quality, ColoursOf: photo}); err != nil {
		return nil, &tryon.Error{Code: tryon.Internal, Backend: Name, Reason: "not-encodable", Err: err}
	}
	return buf.Bytes(), nil
}
