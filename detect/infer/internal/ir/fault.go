package ir

import (
	"errors"
	"fmt"
)

// The three kinds of refusal; package infer exports them under the same names.
var (
	ErrModel       = errors.New("infer: broken model")
	ErrUnsupported = errors.New("infer: model not supported")
	ErrTooLarge    = errors.New("infer: model too large")
)

// fault is a refusal: its text says what is wrong, its kind is one of the three.
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
