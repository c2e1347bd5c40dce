package detect

import (
	"context"
	"errors"
	"fmt"

	"github.com/fitveil/fitveil/imageproc"
)

// ThumbSide is the longest side, in pixels, of the picture that Screen decodes
// for a Detector that is not a PhotoDetector.
const ThumbSide = 640

// ScreenOptions configures Screen; nil means defaults.
type ScreenOptions struct {
	// Reviewer decides about an Unsure photo, for instance by asking a person.
	// Anything but Pass refuses it; nil refuses it unasked. The scene is the
	// reviewer's own copy.
	Reviewer func(ctx context.Context, photo *imageproc.Clean, s *Scene) (Verdict, error)
}

// Screen asks d who is in photo and judges the answer by p. Only a Pass, the
// policy's or on Unsure the reviewer's, gives a Screened.
//
// A PhotoDetector gets a handle on the photo of its own; any other Detector gets
// photo.Thumb(ThumbSide), and its boxes and keypoints are scaled to displayed
// full-resolution pixels. What d keeps or changes afterwards has no effect.
//
// Errors: a *PolicyError for a verdict, ErrScene for an answer that can't be
// used, ErrPolicy for a malformed policy, the context's error when it ends
// first, otherwise what the detector, the decoder or the reviewer returned.
func Screen(ctx context.Context, d Detector, photo *imageproc.Clean, p Policy, o *ScreenOptions) (*Screened, error) {
	if d == nil {
		return nil, errors.New("detect: no detector")
	}
	if photo.IsZero() {
		return nil, errors.New("detect: the photo did not come from imageproc.Sanitize")
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if o == nil {
		o = &ScreenOptions{}
	}
	// From here on the caller's handle is not looked at again: *photo may be
	// overwritten while the detector works.
	s := &screenedState{photo: *photo, sum: photo.SHA256(), policy: p}
	scene, err := look(ctx, d, s.photo)
	if err != nil {
		return nil, err
	}
	s.scene = *scene

	verdict, reason := p.Judge(scene)
	if verdict == Unsure && o.Reviewer != nil {
		if verdict, err = s.review(ctx, o); err != nil {
			return nil, err
		}
		reason = ReasonReviewer
	}
	if verdict != Pass {
		return nil, &PolicyError{Policy: p, Scene: scene.clone(), Reason: reason}
	}
	return &Screened{&sealed{s}}, nil
}

// look runs the detector and returns a valid scene in the photo's own pixels
// that nobody else holds.
func look(ctx context.Context, d Detector, photo imageproc.Clean) (*Scene, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	bounds, seen := photo.Bounds(), photo.Bounds()
	var scene *Scene
	var err error
	if pd, ok := d.(PhotoDetector); ok {
		scene, err = pd.DetectPhoto(ctx, &photo)
	} else {
		img, thumbErr := photo.Thumb(ThumbSide)
		if thumbErr != nil {
			return nil, fmt.Errorf("detect: %w", thumbErr)
		}
		seen = img.Bounds()
		scene, err = d.Detect(ctx, img)
	}
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	if err := ctx.Err(); err != nil { // a detector that does not listen
		return nil, fmt.Errorf("detect: %w", err)
	}
	scene = scene.clone()
	if err := scene.Validate(); err != nil {
		return nil, err
	}
	if scene.Bounds != seen {
		return nil, fmt.Errorf("%w: its bounds are not those of the picture", ErrScene)
	}
	scene.rescale(bounds)
	return scene, nil
}

// review asks the reviewer about an unsure photo, with copies in hand.
func (s *screenedState) review(ctx context.Context, o *ScreenOptions) (Verdict, error) {
	photo := s.photo
	verdict, err := o.Reviewer(ctx, &photo, s.scene.clone())
	if err != nil {
		return Reject, fmt.Errorf("detect: reviewer: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return Reject, fmt.Errorf("detect: %w", err)
	}
	s.reviewed = true
	return verdict, nil
}
