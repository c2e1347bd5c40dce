package imageproc

import "errors"

// The reasons for which an upload is refused. Compare with errors.Is.
var (
	// ErrFormat: the bytes are no image format this package knows.
	ErrFormat = errors.New("imageproc: unknown format")
	// ErrTooLarge: a limit of Limits is exceeded.
	ErrTooLarge = errors.New("imageproc: too large")
	// ErrCorrupt: the container breaks the rules of its format.
	ErrCorrupt = errors.New("imageproc: corrupt")
	// ErrUnsupported: a known format, or a variant of one, that is not handled.
	ErrUnsupported = errors.New("imageproc: unsupported")
)
