package imageproc

import (
	"bytes"
	"image"
	"io"
)

// Clean is a picture without metadata, and the proof of it: only Sanitize makes
// one. The zero value proves nothing and is refused everywhere. A Clean is
// immutable and safe for use by many goroutines; copying one copies the proof.
// Printing or marshalling one shows format and size, no pixels and no hash.
type Clean struct{ s *cleanState }

type cleanState struct {
	data   []byte
	format Format
	bounds image.Rectangle // as displayed, orientation applied
	report Report
	sum    [32]byte
}

// DecodeOptions configures Clean.Image; nil means defaults.
type DecodeOptions struct{ Limits Limits }

// IsZero reports whether c proves nothing: it is nil or was not made by Sanitize.
func (c *Clean) IsZero() bool { return c == nil || c.s == nil }

// Bytes returns a copy of the encoded picture.
func (c *Clean) Bytes() []byte {
	if c.IsZero() {
		return nil
	}
	return bytes.Clone(c.s.data)
}

// Reader reads the encoded picture without copying it.
func (c *Clean) Reader() io.Reader {
	if c.IsZero() {
		return bytes.NewReader(nil)
	}
	return readOnly{bytes.NewReader(c.s.data)}
}

// readOnly hides bytes.Reader's WriteTo, which would hand the slice itself to a
// foreign writer.
type readOnly struct{ r *bytes.Reader }

func (r readOnly) Read(p []byte) (int, error) { return r.r.Read(p) }

// Format is the container format of the encoded picture.
func (c *Clean) Format() Format {
	if c.IsZero() {
		return Unknown
	}
	return c.s.format
}

// Bounds is the size as displayed, orientation applied, with origin (0, 0).
func (c *Clean) Bounds() image.Rectangle {
	if c.IsZero() {
		return image.Rectangle{}
	}
	return c.s.bounds
}

// Report says what was removed on the way. The caller owns the copy.
func (c *Clean) Report() *Report { return nil }

// SHA256 is the hash of Bytes; the zero array for a zero Clean.
func (c *Clean) SHA256() [32]byte {
	if c.IsZero() {
		return [32]byte{}
	}
	return c.s.sum
}

// Thumb decodes the picture upright, its longest side at most maxSide pixels.
// The pixels are the caller's own.
func (c *Clean) Thumb(maxSide int) (image.Image, error) { return nil, errNotBuilt }

// Image decodes the picture upright at full size. The pixels are the caller's own.
func (c *Clean) Image(o *DecodeOptions) (image.Image, error) { return nil, errNotBuilt }
