package imageproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
)

// Clean is a picture without metadata, and the proof of it: only Sanitize makes
// one. The zero value proves nothing and is refused everywhere. A Clean is
// immutable and safe for use by many goroutines; copying one copies the proof.
// Printing or marshalling one shows format and size, no pixels and no hash, and
// nothing can be decoded into one.
type Clean struct{ s *sealed }

// sealed is a second pointer in between: with a verb that does not fit, such as
// %t, fmt follows the first pointer it meets and prints what it finds there,
// whatever methods there are.
type sealed struct{ *cleanState }

type cleanState struct {
	data   []byte
	pic    picture // of data; its slices are not kept
	bounds image.Rectangle
	report *Report
	sum    [32]byte

	thumb     *image.NRGBA // made on the way, or nil
	thumbSide int
	decoders  []Decoder
	planes    image.Image // of a smaller copy, before it was encoded, or nil
}

// IsZero reports whether c proves nothing: it is nil or was not made by Sanitize.
func (c *Clean) IsZero() bool { return c == nil || c.s == nil }

// Bytes returns a copy of the encoded picture.
func (c *Clean) Bytes() []byte {
	if c.IsZero() {
		return nil
	}
	return bytes.Clone(c.s.data)
}

// Reader reads the encoded picture without copying it as a whole.
func (c *Clean) Reader() io.Reader {
	if c.IsZero() {
		return bytes.NewReader(nil)
	}
	return readOnly{bytes.NewReader(c.s.data)}
}

// readOnly hides bytes.Reader's WriteTo, which would hand the slice itself to a
// foreign writer. It keeps Len, so that whoever reads knows the size.
type readOnly struct{ r *bytes.Reader }

func (r readOnly) Read(p []byte) (int, error) { return r.r.Read(p) }
func (r readOnly) Len() int                   { return r.r.Len() }

// Format is the container format of the encoded picture.
func (c *Clean) Format() Format {
	if c.IsZero() {
		return Unknown
	}
	return c.s.pic.format
}

// Bounds is the size as displayed, orientation applied, with origin (0, 0).
func (c *Clean) Bounds() image.Rectangle {
	if c.IsZero() {
		return image.Rectangle{}
	}
	return c.s.bounds
}

// Report says what was removed on the way; nil for a zero Clean. The caller owns
// the copy.
func (c *Clean) Report() *Report {
	if c.IsZero() {
		return nil
	}
	return c.s.report.clone()
}

// SHA256 is the hash of Bytes; the zero array for a zero Clean.
func (c *Clean) SHA256() [32]byte {
	if c.IsZero() {
		return [32]byte{}
	}
	return c.s.sum
}

var errZeroClean = errors.New("imageproc: the zero Clean holds no picture")

// Thumb decodes the picture upright, its longest side at most maxSide pixels; a
// smaller picture keeps its size. The result is an *image.NRGBA with origin
// (0, 0), and its pixels are the caller's own. Its colours are sRGB's, ready to be
// shown or given to a detector, as with DecodeOptions.SRGB. Errors are those of
// Decode.
func (c *Clean) Thumb(maxSide int) (image.Image, error) {
	if maxSide < 1 {
		return nil, optionError("a longest side of %d pixels", maxSide)
	}
	if !c.IsZero() && c.s.thumb != nil && c.s.thumbSide == maxSide {
		return toNRGBA(c.s.thumb), nil
	}
	return c.Image(&DecodeOptions{MaxSide: maxSide, SRGB: true})
}

// Image decodes the picture upright, at full size unless o says otherwise, with
// the result as Thumb has it, but for the colours: without DecodeOptions.SRGB the
// numbers are those of the file, and go with EncodeOptions.ColoursOf.
func (c *Clean) Image(o *DecodeOptions) (image.Image, error) {
	if c.IsZero() {
		return nil, errZeroClean
	}
	if o == nil {
		o = &DecodeOptions{}
	}
	if o.Decoders == nil {
		with := *o
		with.Decoders, o = c.s.decoders, &with
	}
	img, err := decodeUpright(context.Background(), rope{c.s.data}, &c.s.pic, o)
	if img == nil {
		return nil, err
	}
	return img, err
}

// String shows format and size: "imageproc.Clean(jpeg 4032x3024)".
func (c *Clean) String() string {
	if c.IsZero() {
		return "imageproc.Clean(zero)"
	}
	return fmt.Sprintf("imageproc.Clean(%s %dx%d)", c.s.pic.format, c.s.bounds.Dx(), c.s.bounds.Dy())
}

// GoString is String: %#v shows no more.
func (c *Clean) GoString() string { return c.String() }

// LogValue is String.
func (c *Clean) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes {"format":"jpeg","width":4032,"height":3024}.
func (c *Clean) MarshalJSON() ([]byte, error) {
	b := c.Bounds()
	return fmt.Appendf(nil, `{"format":%q,"width":%d,"height":%d}`, c.Format(), b.Dx(), b.Dy()), nil
}

// UnmarshalJSON refuses: a proof is made by Sanitize, never read.
func (c *Clean) UnmarshalJSON([]byte) error {
	return errors.New("imageproc: a Clean can't be decoded; only Sanitize makes one")
}
