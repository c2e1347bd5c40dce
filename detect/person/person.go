package person

import (
	"context"
	"errors"
	"image"

	"github.com/fitveil/fitveil/detect"
)

// Options configures New; nil means defaults.
type Options struct {
	Threads int // goroutines per picture; default GOMAXPROCS
}

// Detector finds people with the embedded models. Safe for many goroutines.
type Detector struct{}

var errNotBuilt = errors.New("person: not built yet")

// New loads the embedded models.
func New(o *Options) (*Detector, error) { return nil, errNotBuilt }

// Detect finds the people in an upright picture.
func (d *Detector) Detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	return nil, errNotBuilt
}
