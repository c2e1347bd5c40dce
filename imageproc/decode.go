package imageproc

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"slices"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// DecodeOptions configures Decode and Clean.Image; nil means defaults.
type DecodeOptions struct {
	MaxSide int // longest side of the result in pixels; 0 decodes at full size
	Limits  Limits
	// Truncated takes a JPEG whose data ends early, as browsers do: what is missing
	// is grey, and the picture comes together with ErrTruncated.
	Truncated bool
	// Parallel is how many goroutines may decode one baseline JPEG; 0 is the
	// caller's alone, which serves most photos a second. The pixels are the same.
	Parallel int
	// SRGB makes the colours sRGB's where the picture has a profile of a matrix and
	// curves, as Display P3 and Adobe RGB are. Without it, and for profiles that are
	// tables, the numbers are those of the file. Clean.Thumb always does it.
	SRGB bool
	// Decoders decode what this package has no codec for, HEIC and AVIF: the first
	// of a picture's format does. Clean.Thumb uses those of SanitizeOptions, and
	// so does Clean.Image where there are none here.
	Decoders []Decoder
}

// Decode decodes the picture in r upright, as an *image.NRGBA with origin (0, 0)
// that is the caller's own. What the container holds beside the picture is
// checked and left aside, and the decoder never sees it. 16-bit samples become
// 8-bit ones, CMYK becomes RGB by plain subtraction, and a colour profile is not
// applied unless o says so: the numbers are those of the file.
//
// Errors: those of Strip, ErrTooLarge where decoding would take more memory than
// Limits.MaxMemory, and ErrTruncated, with which a picture comes all the same.
func Decode(r io.Reader, o *DecodeOptions) (image.Image, error) {
	if o == nil {
		o = &DecodeOptions{}
	}
	lim := o.Limits.orDefault()
	cut := false
	pic, _ := skim(r, lim, extras{silent: true}, o.MaxSide, o.Parallel)
	if pic == nil {
		data, err := readInput(r, lim)
		if err != nil {
			return nil, err
		}
		if pic, cut, err = parseTruncated(data, lim, o.Truncated); err != nil {
			return nil, err
		}
	}
	img, err := decodeUpright(context.Background(), pic.out, pic, o)
	if err == nil && cut {
		err = ErrTruncated
	}
	if img == nil {
		return nil, err
	}
	pic.close()
	return img, err
}

// parseTruncated parses an input; where allowed, a JPEG that ends early, or whose
// structure does, as if it ended as it should.
func parseTruncated(data []byte, lim Limits, allowed bool) (pic *picture, cut bool, err error) {
	pic, err = parse(data, lim, extras{silent: true})
	if err == nil {
		return pic, allowed && slices.Contains(pic.mended, cutShort), nil
	}
	var e *FormatError
	if !allowed || !errors.As(err, &e) || e.Format != JPEG || e.Err != ErrCorrupt || e.Offset < 2 || e.Offset > int64(len(data)) {
		return pic, false, err
	}
	head := bytes.TrimRight(data[:e.Offset], "\xFF")
	ended, again := parse(slices.Concat(head, []byte{0xFF, mEOI}), lim, extras{silent: true})
	if again != nil {
		return nil, false, err
	}
	return ended, true, nil
}

// decodeUpright decodes the output of a parser. The picture is made smaller
// first and turned afterwards, which moves fewer pixels.
func decodeUpright(ctx context.Context, file rope, pic *picture, o *DecodeOptions) (*image.NRGBA, error) {
	if o.MaxSide < 0 {
		return nil, optionError("a longest side of %d pixels", o.MaxSide)
	}
	width, height := pic.width, pic.height
	if o.MaxSide > 0 {
		width, height = fit(width, height, o.MaxSide)
	}
	if pic.undecodable != "" {
		return nil, &FormatError{Format: pic.format, Reason: pic.undecodable, Err: ErrUnsupported}
	}
	d := darkrooms.Get().(*darkroom)
	defer d.close()
	img, err := d.develop(ctx, file, pic, width, height, o)
	if img != nil && o.SRGB {
		if convert, _ := d.toSRGB(pic); convert != nil {
			convert.Pixels(img.Pix)
		}
	}
	return img, err
}

// develop decodes to an upright picture of width × height, as they are before it
// is turned.
func (d *darkroom) develop(ctx context.Context, file rope, pic *picture, width, height int, o *DecodeOptions) (*image.NRGBA, error) {
	switch pic.format {
	case JPEG:
		return d.thumb(ctx, file, pic, width, height, o)
	case HEIC, AVIF:
		return decodeForeign(ctx, file, pic, width, height, o)
	}
	if err := pic.charge(width, height, o.Limits.orDefault()); err != nil {
		return nil, err
	}
	img, err := decodePixels(attended{ctx, file.reader()}, pic.format)
	if over := ctx.Err(); over != nil {
		return nil, over
	}
	if err != nil && (pic.format == PNG || pic.format == GIF) {
		// Others show what there is of data that is too short, or that breaks the rules.
		if whole, again := parse(file.bytes(), o.Limits.orDefault(), extras{scrub: true}); again == nil {
			img, err = decodePixels(attended{ctx, whole.out.reader()}, pic.format)
		}
	}
	if over := ctx.Err(); over != nil {
		return nil, over
	}
	if err != nil {
		return nil, err
	}
	if b := img.Bounds(); b.Dx() != pic.width || b.Dy() != pic.height {
		return nil, &FormatError{Format: pic.format, Reason: "the decoded size is not the one of the header", Err: ErrCorrupt}
	}
	return orient(scaleDown(img, width, height), pic.orientation), nil
}

const (
	// cheapMemory may be asked for by any file. More has to be earned: decoders
	// take memory by the size a header names, before they see whether there is
	// data to fill it.
	cheapMemory   = 256 << 20
	memoryPerByte = 64 // for a compressed byte; a sound progressive photo asks for some 30
	// maxBlockVisits bounds the work of progressive files, whose scans cost time
	// by the size of the picture however little they hold. A photo of 64
	// megapixels in ten scans takes some 15 million.
	maxBlockVisits = 100_000_000
)

// charge holds what decoding to width × height takes against the limits, before
// any of it is taken.
func (p *picture) charge(width, height int, lim Limits) error {
	pixels := int64(width) * int64(height)
	// The decoder's planes are no longer needed when the picture is turned.
	return p.afford(max(p.memory+4*pixels, 8*pixels), lim)
}

// attended is a reader that fails when its context is over: decoders of other
// packages know of no context, but all of them read as they go.
type attended struct {
	ctx context.Context
	r   io.Reader
}

func (a attended) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.r.Read(p[:min(len(p), 32<<10)])
}

// decodePixels runs a decoder, which sees nothing but an output of the parser.
func decodePixels(r io.Reader, f Format) (img image.Image, err error) {
	switch f {
	case WebP:
		img, err = decodeWebP(r)
	case GIF:
		img, err = decodeGIF(r)
	case PNG:
		img, err = png.Decode(r)
	case TIFF:
		img, err = decodeTIFF(r)
	case BMP:
		img, err = bmp.Decode(r)
	default:
		return nil, &FormatError{Format: f, Reason: "this format is not supported", Err: ErrUnsupported}
	}
	if err == nil {
		return img, nil
	}
	sentinel := ErrCorrupt
	var pu png.UnsupportedError
	var tu tiff.UnsupportedError
	if errors.As(err, &pu) || errors.As(err, &tu) {
		sentinel = ErrUnsupported
	}
	return nil, &FormatError{Format: f, Reason: "decode: " + err.Error(), Err: sentinel}
}

// fit is the largest size with the shape of width × height whose longest side is
// at most maxSide; never larger than the picture, never 0.
func fit(width, height, maxSide int) (int, int) {
	longest := max(width, height)
	if longest <= maxSide {
		return width, height
	}
	scale := func(n int) int { return max(1, (n*maxSide+longest/2)/longest) }
	return scale(width), scale(height)
}
