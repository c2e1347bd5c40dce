package httpupload

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/fitveil/fitveil/imageproc"
	document "github.com/fitveil/fitveil/internal/problem"
)

// Code names a problem. The codes are stable: shops translate by them.
type Code string

// The codes of a Problem.
const (
	BadMethod   Code = "method-not-allowed" // 405
	NoPicture   Code = "no-picture"         // 400: no such field, or nothing in it
	BadForm     Code = "bad-form"           // 400: the multipart form is broken or oversized
	TooLarge    Code = "picture-too-large"  // 413: too many bytes or pixels
	Unsupported Code = "unsupported-format" // 415: not a picture, or of a kind that is not taken
	Corrupt     Code = "picture-corrupt"    // 422: damaged or truncated
	Timeout     Code = "upload-interrupted" // 408: the client went away or was too slow
	Internal    Code = "internal"           // 500: our fault
)

// Problem is why a request was turned down, as RFC 9457 writes it. It holds
// nothing of the picture.
type Problem struct {
	Status int
	Code   Code
	Detail string // English, a full sentence
	err    error
}

// Error reads `httpupload: picture-too-large: The picture is too large.`
func (p *Problem) Error() string { return "httpupload: " + string(p.Code) + ": " + p.Detail }

// Unwrap returns what went wrong underneath.
func (p *Problem) Unwrap() error { return p.err }

// MarshalJSON writes type, title, status, code and detail.
func (p *Problem) MarshalJSON() ([]byte, error) {
	return document.Document(p.Status, string(p.Code), p.Detail)
}

func problem(status int, code Code, err error, format string, args ...any) *Problem {
	return &Problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...), err: err}
}

// ProblemOf classifies any error of Read or of package imageproc.
func ProblemOf(err error) *Problem {
	var p *Problem
	var tooMany *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooMany), errors.Is(err, imageproc.ErrTooLarge):
		return problem(http.StatusRequestEntityTooLarge, TooLarge, err, "The picture is too large.")
	case errors.Is(err, imageproc.ErrFormat):
		return problem(http.StatusUnsupportedMediaType, Unsupported, err, "This file is not a picture of a known kind.")
	case errors.Is(err, imageproc.ErrUnsupported):
		return problem(http.StatusUnsupportedMediaType, Unsupported, err, "Pictures of this kind are not taken.")
	case errors.Is(err, imageproc.ErrCorrupt):
		return problem(http.StatusUnprocessableEntity, Corrupt, err, "The picture is damaged or incomplete.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errInterrupted):
		return problem(http.StatusRequestTimeout, Timeout, err, "The upload did not arrive completely.")
	default:
		return problem(http.StatusInternalServerError, Internal, err, "The picture could not be processed.")
	}
}

// WriteProblem sends err as application/problem+json.
func WriteProblem(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	if p.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "POST, PUT")
	}
	document.Write(w, p.Status, string(p.Code), p.Detail)
}
