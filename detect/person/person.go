package person

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"sync"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/infer"
)

// Options configures New; nil means defaults.
type Options struct {
	Threads  int // goroutines per picture; default GOMAXPROCS
	Parallel int // pictures at a time, the next ones wait; default GOMAXPROCS
}

// Detector finds people with the embedded models. It is immutable and safe for
// use by many goroutines. Each picture in work takes some 25 MB; what is not
// in use is left to the garbage collector. Make one Detector and keep it.
type Detector struct {
	nanodet, movenet *network
	pool             sync.Pool     // of *workspace
	slots            chan struct{} // one for each picture in work, so that memory has a bound
}

// New loads the embedded models.
func New(o *Options) (*Detector, error) {
	if o == nil {
		o = &Options{}
	}
	if o.Threads < 0 || o.Parallel < 0 {
		return nil, errors.New("person: Options.Threads or Parallel is negative")
	}
	cores := runtime.GOMAXPROCS(0)
	eo := &infer.Options{Threads: cmp.Or(o.Threads, cores)}
	nanodet, err := load(nanodetModel, eo, nanodetFormat, "cls_8", "reg_8", "cls_16", "reg_16", "cls_32", "reg_32")
	if err != nil {
		return nil, fmt.Errorf("person: nanodet: %w", err)
	}
	movenet, err := load(movenetModel, eo, movenetFormat, "center", "box_scale", "box_offset", "kpt_heat", "kpt_regress", "kpt_offset")
	if err != nil {
		return nil, fmt.Errorf("person: movenet: %w", err)
	}
	d := &Detector{nanodet: nanodet, movenet: movenet, slots: make(chan struct{}, cmp.Or(o.Parallel, cores))}
	d.pool.New = func() any { return newWorkspace(d) }
	return d, nil
}

// Detect finds the people in an upright picture of any size; about 640 pixels
// on the longest side carry all that the models use. Transparent parts are seen
// on white.
//
// Scene.Presence is 0.5·(NanoDet's best box) + 0.5·(MoveNet's best centre times
// the mean of its five best keypoints). People are listed from a presence of
// 0.25 on, each with the same sum for the one person as Score, so a person whom
// only one of the models sees has at most 0.5. A person whom only NanoDet sees
// has no keypoints. Small and far people are listed too: whether they count is
// for the policy to say.
//
// Errors: the context's, when it ends first.
func (d *Detector) Detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	if d == nil || d.nanodet == nil {
		return nil, errors.New("person: the Detector was not made by New")
	}
	if img == nil || img.Bounds().Empty() {
		return nil, errors.New("person: the picture is empty")
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("person: %w", ctx.Err())
	}
	w := d.pool.Get().(*workspace)
	defer d.pool.Put(w)
	return w.detect(ctx, img)
}
