package imageproc

import (
	"errors"
	"fmt"
)

// The reasons for which an upload is refused. Compare with errors.Is; the error
// itself is a *FormatError wherever a place in the input is to blame.
var (
	// ErrFormat: the bytes are no image format this package knows.
	ErrFormat = errors.New("imageproc: unknown format")
	// ErrTooLarge: a limit of Limits is exceeded.
	ErrTooLarge = errors.New("imageproc: too large")
	// ErrCorrupt: the container breaks the rules of its format.
	ErrCorrupt = errors.New("imageproc: corrupt")
	// ErrUnsupported: a known format, or a variant of one, that is not handled.
	ErrUnsupported = errors.New("imageproc: unsupported")
	// ErrNeedsDecoder: the format is stripped without a codec, and there is none to
	// decode it. Decode, Clean.Thumb, Clean.Image and Sanitize with a MaxSide that
	// the picture exceeds return it for HEIC and AVIF where their options hold no
	// Decoder for them. It is an ErrUnsupported as well.
	ErrNeedsDecoder = fmt.Errorf("imageproc: needs a decoder: %w", ErrUnsupported)
	// ErrVerify: the output was not accepted, so nothing of it was released: the
	// second walker found something that may not be there, or a text of the
	// input's metadata was found in it. The former is a bug of this package; the
	// latter can also be a file that hides the text in its coded pictures.
	ErrVerify = errors.New("imageproc: output failed verification")
	// ErrTruncated: the data of a JPEG ends before the picture does. It comes
	// together with the picture, and only where DecodeOptions.Truncated asks for it.
	ErrTruncated = errors.New("imageproc: truncated")
	// ErrOption: an option is out of its range.
	ErrOption = errors.New("imageproc: bad option")
)

// FormatError says where an input was refused and why. It holds names and
// numbers of the container format, never a value found in the file.
type FormatError struct {
	Format Format // Unknown if the input is no known format
	Part   string // the segment or chunk, such as `SOF2` or `chunk "eXIf"`; may be empty
	Offset int64  // where the part begins, in bytes from the start of the input
	Reason string // English, lower case, without a full stop
	Err    error  // ErrFormat, ErrTooLarge, ErrCorrupt, ErrUnsupported, ErrNeedsDecoder or ErrVerify
}

// Error reads `imageproc: png: chunk "eXIf" at 8: length 4294967295 exceeds input`.
func (e *FormatError) Error() string {
	s := "imageproc: "
	if e.Format != Unknown {
		s += e.Format.String() + ": "
	}
	if e.Part != "" {
		s += fmt.Sprintf("%s at %d: ", e.Part, e.Offset)
	}
	return s + e.Reason
}

// Unwrap returns the sentinel, so that errors.Is works.
func (e *FormatError) Unwrap() error { return e.Err }

// optionError reports an option out of its range.
func optionError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...))
}
