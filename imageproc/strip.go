package imageproc

import (
	"context"
	"errors"
	"io"
)

var errNotBuilt = errors.New("imageproc: not built yet")

// Limits bounds what an input may cost. A zero field means its default.
type Limits struct {
	MaxBytes    int64 // size of the input; default 20 MiB
	MaxPixels   int64 // width times height; default 64,000,000
	MaxSegments int   // segments or chunks; default 65,536
}

// InspectOptions configures Inspect; nil means defaults.
type InspectOptions struct{ Limits Limits }

// StripOptions configures Strip; nil means defaults.
type StripOptions struct{ Limits Limits }

// SanitizeOptions configures Sanitize; nil means defaults.
type SanitizeOptions struct {
	MaxSide int // longest side of the result in pixels; 0 keeps the pixels bit for bit
	Quality int // JPEG quality 1 to 100 when MaxSide re-encodes; default 85
	Limits  Limits
}

// Sniff names the format that prefix begins with, or Unknown. 32 bytes suffice.
func Sniff(prefix []byte) Format { return Unknown }

// Inspect reports what personal data r carries, without writing anything.
func Inspect(r io.Reader, o *InspectOptions) (*Report, error) { return nil, errNotBuilt }

// Strip copies the picture in r to w without its metadata, losslessly.
// Nothing is written to w unless the whole output has been verified.
func Strip(w io.Writer, r io.Reader, o *StripOptions) (*Report, error) { return nil, errNotBuilt }

// Sanitize strips r, verifies the result and returns it as a proof.
func Sanitize(ctx context.Context, r io.Reader, o *SanitizeOptions) (*Clean, error) {
	return nil, errNotBuilt
}
