package imageproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/icc"
	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
	"github.com/fitveil/fitveil/imageproc/internal/resample"
)

// darkroom is all the memory that a JPEG takes on its way from bytes to a
// thumbnail or a smaller copy. One serves one photo at a time.
type darkroom struct {
	decoder jpeg.Decoder
	scalers [4]resample.Plane
	pixels  [4][]byte // of the planes made last
	band    [4]jpeg.Plane
	planar  planar

	profile  []byte // that convert was made of
	convert  *icc.Transform
	converts bool
}

// darkrooms keeps those that are free, so that the next photo takes next to no
// memory of its own.
var darkrooms = sync.Pool{New: func() any { return new(darkroom) }}

// mostPixels is the size up to which planes stay.
const mostPixels = 16_000_000

func (d *darkroom) close() {
	d.decoder.Release()
	for i := range d.scalers {
		d.scalers[i].Release()
	}
	d.band, d.planar = [4]jpeg.Plane{}, planar{}
	if len(d.pixels[0]) > mostPixels {
		d.pixels = [4][]byte{}
	}
	darkrooms.Put(d)
}

// mostProfile is more than a profile of a matrix and curves takes.
const mostProfile = 64 << 10

// profiled says whether the colours of a picture are those of a profile that may
// be one of a matrix and curves.
func profiled(pic *picture) bool {
	cicp := func(chunk []byte) bool { return string(chunk[4:8]) == "cICP" } // goes before a profile
	return pic.channels == 3 && len(pic.icc) > 0 && len(pic.icc) <= mostProfile && !slices.ContainsFunc(pic.colour, cicp)
}

// toSRGB says whether the colours of a picture can be converted, and gives the
// conversion, which is nil where they are sRGB's. That of the last photo is kept:
// those of one camera have the same.
func (d *darkroom) toSRGB(pic *picture) (convert *icc.Transform, ok bool) {
	if !profiled(pic) {
		return nil, false
	}
	if !bytes.Equal(d.profile, pic.icc) {
		convert := icc.New(pic.icc)
		d.profile, d.convert, d.converts = append(d.profile[:0], pic.icc...), convert, convert != nil
		if convert != nil && convert.IsSRGB() {
			d.convert = nil
		}
	}
	return d.convert, d.converts
}

// headroom is how much larger than asked for a photo is decoded, in tenths: from
// 1.2 times on a Lanczos filter leaves no trace of the eighths in between.
const headroom = 12

// eighths is the smallest scale at which a picture of that longest side has what
// a result of maxSide needs. Fourths serve from five times the size on: nearer to it
// fine lines that they have lost are missed.
func eighths(longest, maxSide int) int {
	n := min(8, max(1, ceilDiv(8*headroom*maxSide, 10*longest)))
	if n == 2 && longest < 5*maxSide {
		return 3
	}
	return n
}

// evenness is what to sharpen a smaller copy by, so that its detail does not
// depend on the scale of decoding. Four eighths are averages, and softer than what
// the filter makes of the whole picture; three eighths keep more than libvips
// does, which decodes halves there, and from a third on fourths. The figures are
// those at which copies take the bytes of its: bench/compare/quality.
func evenness(n, longest, maxSide int) float64 {
	switch {
	case n == 4 && longest < 3*maxSide:
		return 0.03
	case n == 4:
		return -0.012
	case n == 3:
		return -0.024
	}
	return 0
}

// planar is a picture as the planes of a JPEG.
type planar struct {
	space    jpeg.Space
	inverted bool // CMYK: 255 is no ink
	planes   [4]jpeg.Plane
	named    image.YCbCr // see ycbcr
}

// open reads the headers of a file and charges what decoding it at n/8 takes,
// and extra bytes, before any of that is taken.
func (d *darkroom) open(ctx context.Context, file rope, pic *picture, n int, extra int64, o *DecodeOptions) (*jpeg.Header, error) {
	var h *jpeg.Header
	var err error
	if hole := pic.hole; hole != nil {
		h, err = d.decoder.ReadHeaderAround(file[:hole.piece], hole.reader(), file[hole.piece:])
	} else {
		h, err = d.decoder.ReadHeader(file)
	}
	if err != nil {
		return nil, d.jpegError(err)
	}
	if h.Width != pic.width || h.Height != pic.height {
		return nil, &FormatError{Format: JPEG, Reason: "the decoded size is not the one of the header", Err: ErrCorrupt}
	}
	how := jpeg.Options{Scale: [4]int{n, n, n, n}, Truncated: o.Truncated, Parallel: o.Parallel}
	if o.Parallel > 1 {
		extra += pic.size // the data once more
	}
	if err := pic.afford(h.Memory(how)+extra, o.Limits.orDefault()); err != nil {
		return nil, err
	}
	if err := d.decoder.Start(ctx, how); err != nil {
		return nil, d.jpegError(err)
	}
	return h, nil
}

// eachBand decodes the rest, band by band.
func (d *darkroom) eachBand(ctx context.Context, visit func(band *[4]jpeg.Plane)) error {
	for {
		var err error
		d.band, err = d.decoder.Band(ctx)
		if errors.Is(err, io.EOF) && d.decoder.ReadError() == nil {
			return nil
		}
		if err != nil {
			return d.jpegError(err)
		}
		visit(&d.band)
	}
}

// whole decodes at n/8 of the size into planes of their own.
func (d *darkroom) whole(ctx context.Context, file rope, pic *picture, n int, o *DecodeOptions) (*planar, error) {
	pixels := int64(ceilDiv(pic.width*n, 8)) * int64(ceilDiv(pic.height*n, 8))
	// The planes are no longer needed when the picture is turned.
	h, err := d.open(ctx, file, pic, n, max(int64(pic.channels)*pixels+4*pixels, 8*pixels), o)
	if err != nil {
		return nil, err
	}
	p := &planar{space: h.Space, inverted: h.Adobe}
	for i := range h.Components {
		w, height := h.Size(i, n)
		p.planes[i] = jpeg.Plane{Pix: make([]byte, w*height), Stride: w, Width: w, Height: height}
	}
	at := [4]int{}
	err = d.eachBand(ctx, func(band *[4]jpeg.Plane) {
		for i := range h.Components {
			b := &band[i]
			for y := range b.Height {
				at[i] += copy(p.planes[i].Pix[at[i]:], b.Pix[y*b.Stride:][:b.Width])
			}
		}
	})
	return p, err
}

// scaled decodes at some eighths and makes planes of width × height before they
// are turned upright, as they are afterwards. With halved those of chroma are
// half as large, rounded up. They are the darkroom's own.
func (d *darkroom) scaled(ctx context.Context, file rope, pic *picture, width, height int, halved bool, o *DecodeOptions) (*planar, error) {
	n := eighths(max(pic.width, pic.height), max(width, height))
	pixels := int64(width) * int64(height)
	h, err := d.open(ctx, file, pic, n, 8*pixels+scalerMemory(pic, n, width, height), o)
	if err != nil {
		return nil, err
	}
	p := &d.planar
	*p = planar{space: h.Space, inverted: h.Adobe}
	sharpen := 0.0
	if halved {
		sharpen = evenness(n, max(pic.width, pic.height), max(width, height))
	}
	for i := range h.Components {
		c := &h.Components[i]
		w, sh := h.Size(i, n)
		sub, filter := 1, resample.Lanczos
		if halved && h.Space == jpeg.YCbCr && i > 0 {
			sub, filter = 2, resample.Halved
		}
		d.start(p, i, pic.orientation, resample.Spec{
			Width: w, Height: sh, DstWidth: ceilDiv(width, sub), DstHeight: ceilDiv(height, sub), Filter: filter, Sharpen: sharpen,
			ScaleX: float64(pic.width*c.H*n*sub) / float64(8*h.HMax*width),
			ScaleY: float64(pic.height*c.V*n*sub) / float64(8*h.VMax*height),
		})
	}
	err = d.eachBand(ctx, func(band *[4]jpeg.Plane) {
		for i := range h.Components {
			b := &band[i]
			for y := range b.Height {
				d.scalers[i].Push(b.Pix[y*b.Stride:][:b.Width])
			}
		}
	})
	return p, err
}

// start prepares plane i of p and the scaler that fills it.
func (d *darkroom) start(p *planar, i, orientation int, s resample.Spec) {
	w, h := s.DstWidth, s.DstHeight
	if orientation >= 5 {
		w, h = h, w
	}
	if cap(d.pixels[i]) < w*h {
		d.pixels[i] = make([]byte, w*h)
	}
	s.Orientation, s.Dst, s.DstStride = orientation, d.pixels[i][:w*h], w
	p.planes[i] = jpeg.Plane{Pix: s.Dst, Stride: w, Width: w, Height: h}
	d.scalers[i].Share(&d.scalers[0])
	d.scalers[i].Start(s)
}

// tiny says that a result is so much smaller than even an eighth of the picture
// that averages have to go before the filter.
func tiny(pic *picture, width, height int) bool {
	return max(pic.width/width, pic.height/height) > 8*4
}

// scalerMemory is what the scalers of a photo take, at most.
func scalerMemory(pic *picture, n, width, height int) int64 {
	s := resample.Spec{Width: ceilDiv(pic.width*n, 8), Height: ceilDiv(pic.height*n, 8), DstWidth: width, DstHeight: height}
	return s.Memory() * int64(pic.channels)
}

// thumb decodes to an upright picture of width × height, as they are before it
// is turned. With ErrTruncated there is a picture nevertheless.
func (d *darkroom) thumb(ctx context.Context, file rope, pic *picture, width, height int, o *DecodeOptions) (*image.NRGBA, error) {
	if same := width == pic.width && height == pic.height; same || tiny(pic, width, height) {
		n := 1
		if same {
			n = 8
		}
		p, err := d.whole(ctx, file, pic, n, o)
		if err != nil {
			return nil, err
		}
		return orient(scaleDown(p.picture(), width, height), pic.orientation), d.complete()
	}
	p, err := d.scaled(ctx, file, pic, width, height, false, o)
	if err != nil {
		return nil, err
	}
	return toNRGBA(p.picture()), d.complete()
}

// complete is ErrTruncated where data was missing.
func (d *darkroom) complete() error {
	if d.decoder.Truncated() {
		return ErrTruncated
	}
	return nil
}

// afford holds need bytes against what a picture of that size may take.
func (p *picture) afford(need int64, lim Limits) error {
	if budget := min(lim.MaxMemory, max(cheapMemory, memoryPerByte*p.size)); need > budget {
		return &FormatError{Format: p.format, Reason: fmt.Sprintf("decoding takes more than %d bytes", budget), Err: ErrTooLarge}
	}
	if p.blockVisits > maxBlockVisits {
		return &FormatError{Format: p.format, Reason: "too many scans for its size", Err: ErrTooLarge}
	}
	return nil
}

// jpegError makes an error of this package of the decoder's.
func (d *darkroom) jpegError(err error) error {
	if failed := d.decoder.ReadError(); failed != nil {
		return fmt.Errorf("imageproc: read: %w", failed)
	}
	var e *jpeg.Error
	if !errors.As(err, &e) {
		return err // the context's
	}
	f := &FormatError{Format: JPEG, Part: e.Part, Offset: e.Offset, Reason: "decode: " + e.Reason, Err: ErrCorrupt}
	if e.Kind == jpeg.Unsupported {
		f.Err = ErrUnsupported
	}
	return f
}
