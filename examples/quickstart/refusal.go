package main

import (
	"errors"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// refusal is an error in words for the person who sent the photo.
type refusal struct {
	text string
	err  error
}

func (r *refusal) Error() string { return "this photo can't be used. " + r.text }

func (r *refusal) Unwrap() error { return r.err }

// plainly says a refusal of the photo in a shopkeeper's words; other errors
// stay as they are.
func plainly(err error) error {
	var policy *detect.PolicyError
	switch {
	case errors.As(err, &policy):
		return &refusal{policy.Reason.Text(), err}
	case errors.Is(err, imageproc.ErrUnsupported):
		return &refusal{"Pictures of this kind are not handled. " + working, err}
	case errors.Is(err, imageproc.ErrFormat):
		return &refusal{"The file is no picture we know. " + working, err}
	case errors.Is(err, imageproc.ErrTooLarge):
		return &refusal{"The picture is too large. Please send a smaller one.", err}
	case errors.Is(err, imageproc.ErrCorrupt):
		return &refusal{"The file is damaged or cut short. Please send it again.", err}
	}
	return err
}

// working names what a try-on can be drawn on.
const working = "Please send a JPEG, PNG, WebP or GIF."
