package ir

import (
	"errors"
	"fmt"
)

// The three kinds of refusal of a model, and that of what a program is to
// compute with; package infer exports them under the same names.
var (
	ErrModel       = errors.New("infer: broken model")
	ErrUnsupported = errors.New("infer: model not supported")
	ErrTooLarge    = errors.New("infer: model too large")
	ErrData        = errors.New("infer: data out of range")
)

// fault is a refusal: its text says what is wrong, its kind is one of the four.
type fault struct {
	text string
	kind error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.kind }

// Invalidf refuses with [ErrModel]: the model says something ONNX forbids.
func Invalidf(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrModel}
}

// Unsupportedf refuses with [ErrUnsupported]: the model may be fine, but the
// engine does not run it.
func Unsupportedf(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrUnsupported}
}

// TooLargef refuses with [ErrTooLarge]: the model asks for more memory than it may have.
func TooLargef(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrTooLarge}
}

// Dataf refuses with [ErrData]: a number computed by the run is out of range.
func Dataf(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrData}
}
