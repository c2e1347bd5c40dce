package room

import (
	"bytes"
	"context"
	"image"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// Name is the backend's name in profiles, results and errors.
const Name = "room"

// The reasons of refusals, in tryon.Error.Reason.
const (
	NoRegion    tryon.Reason = "region-missing" // the request says not where
	RegionShape tryon.Reason = "region-shape"   // not four corners in order, or not convex
	RegionSmall tryon.Reason = "region-small"   // fewer than 16 pixels high or wide, or hardly seen from the side
	NoCutOut    tryon.Reason = "no-cut-out"     // a standing product's picture has no transparent and no plain background
	noPicture   tryon.Reason = "not-decodable"
)

// WarnPreview is the code of the warning on every picture.
const WarnPreview = "style-preview"

// Options configures New; nil means defaults.
type Options struct {
	// Standing sets products upright on the lower edge of the quadrilateral, with
	// a shadow where they touch the ground. Otherwise they lie flat in it.
	Standing bool
	// Quality of a JPEG result, 1 to 100; default 92. A PNG photo gives a PNG.
	Quality int
}

// Backend draws. It is safe for use by many goroutines.
type Backend struct{ o Options }

// New makes the backend.
func New(o *Options) *Backend {
	b := &Backend{}
	if o != nil {
		b.o = *o
	}
	if b.o.Quality < 1 || b.o.Quality > 100 {
		b.o.Quality = 92
	}
	return b
}

var _ tryon.Backend = (*Backend)(nil)

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile {
	return tryon.Profile{Name: Name, Tasks: []tryon.Task{tryon.InRoom}, Source: imageproc.AlgorithmicallyEnhanced}
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
	if in.Task != tryon.InRoom || len(in.Items) != 1 {
		return nil, &tryon.Error{Code: tryon.Unsupported, Backend: Name}
	}
	q, refused := newQuad(in.Region.Polygon)
	if refused != nil {
		return nil, refused
	}
	product, refused := b.product(in.Items[0].Image)
	if refused != nil {
		return nil, refused
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	img, err := in.Photo.Photo().Image(nil)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadPhoto, Backend: Name, Reason: noPicture, Err: err}
	}
	photo := cutout.NRGBA(img)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := place(photo, product, q, b.o.Standing); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := b.encode(photo, in.Photo.Photo())
	if err != nil {
		return nil, err
	}
	return &tryon.Output{
		Images:   []tryon.Encoded{{Data: data}},
		Warnings: []tryon.Warning{{Code: WarnPreview, Text: "drawn where and as large as the corners say; what stands before it is drawn over"}},
	}, nil
}

// productSide is the longest side at which a product is read, in pixels.
const productSide = 2048

// product reads a product's picture and frees it from its background. What lies
// flat and fills its picture, as a poster does, is taken whole.
func (b *Backend) product(picture *imageproc.Clean) (*image.NRGBA, *tryon.Error) {
	img, err := picture.Thumb(productSide)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadProduct, Backend: Name, Reason: noPicture, Err: err}
	}
	whole := cutout.NRGBA(img)
	c, err := cutout.Cut(cutout.NRGBA(img)) // a copy: it is changed even if nothing comes of it
	switch {
	case err == nil:
		cut := &image.NRGBA{Pix: c.Pix, Stride: 4 * c.W, Rect: image.Rect(0, 0, c.W, c.H)}
		return cutout.NRGBA(cut.SubImage(c.Box)), nil
	case b.o.Standing:
		return nil, &tryon.Error{Code: tryon.BadProduct, Backend: Name, Reason: NoCutOut, Err: err}
	}
	return whole, nil
}

// encode writes the picture as the photo was, with its colour profile.
func (b *Backend) encode(img *image.NRGBA, photo *imageproc.Clean) ([]byte, error) {
	f := photo.Format()
	if f != imageproc.PNG {
		f = imageproc.JPEG
	}
	var buf bytes.Buffer
	if err := imageproc.Encode(&buf, img, f, &imageproc.EncodeOptions{Quality: b.o.Quality, ColoursOf: photo}); err != nil {
		return nil, &tryon.Error{Code: tryon.Internal, Backend: Name, Reason: "not-encodable", Err: err}
	}
	return buf.Bytes(), nil
}
