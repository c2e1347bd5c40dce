package detect

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/fitveil/fitveil/imageproc"
)

// Detector finds people. Detect gets an upright picture and answers in that
// picture's pixels: Scene.Bounds is img.Bounds(). Implementations are safe for
// use by many goroutines.
type Detector interface {
	Detect(ctx context.Context, img image.Image) (*Scene, error)
}

// PhotoDetector is a Detector that decodes for itself, to look twice or in
// tiles. It answers in displayed full-resolution pixels: Scene.Bounds is
// photo.Bounds().
type PhotoDetector interface {
	Detector
	DetectPhoto(ctx context.Context, photo *imageproc.Clean) (*Scene, error)
}

// Scene is what a detector saw. Validate says what a usable one looks like.
//
// Printed by fmt or logged by slog, a Scene shows how many people it holds, and
// Person and Keypoint show nothing; read the fields to get at positions. That
// covers what fmt may call methods on. It cannot cover a Scene, or a pointer to
// one, in an unexported field of your struct: give that struct a Format method
// of its own. encoding/json writes a Scene whole, for those who store it.
type Scene struct {
	// Presence is the evidence that anybody is in the picture, 0 to 1. A
	// detector without a score for the whole picture leaves it 0, and the best
	// Person.Score stands in for it.
	Presence float32

	// People are those the detector believes in, most certain first. Everybody
	// listed counts, however low the Score.
	People []Person

	Bounds image.Rectangle // the picture the boxes refer to
	Model  string          // names of the models, for records
}

// Person is one person found.
type Person struct {
	Box       image.Rectangle // within Scene.Bounds, not empty
	Score     float32         // 0 to 1
	Keypoints []Keypoint      // the 17 points of COCO in COCO's order, or nil
}

// Keypoint is one joint or feature. Score 0 means not seen; X and Y then have
// no meaning.
type Keypoint struct {
	X, Y  float32 // pixels of Scene.Bounds, continuous: the first pixel's centre is at 0.5
	Score float32 // 0 to 1
}

// The COCO-17 keypoints in order; left and right are the person's own.
const (
	Nose = iota
	LeftEye
	RightEye
	LeftEar
	RightEar
	LeftShoulder
	RightShoulder
	LeftElbow
	RightElbow
	LeftWrist
	RightWrist
	LeftHip
	RightHip
	LeftKnee
	RightKnee
	LeftAnkle
	RightAnkle
	NumKeypoints
)

// Validate reports the first thing that makes s unusable, as an ErrScene: a nil
// scene, empty or absurdly large Bounds, a score that is no number from 0 to 1, a box that is
// empty or leaves Bounds, a number of keypoints other than 0 and NumKeypoints,
// or a seen keypoint outside Bounds. The error holds no box and no score.
func (s *Scene) Validate() error {
	switch {
	case s == nil:
		return fmt.Errorf("%w: there is none", ErrScene)
	case s.Bounds.Empty() || !s.Bounds.In(farthest):
		return fmt.Errorf("%w: its bounds are empty or absurd", ErrScene)
	case !unit(s.Presence):
		return fmt.Errorf("%w: presence is no number from 0 to 1", ErrScene)
	}
	for i := range s.People {
		if what := s.People[i].fault(s.Bounds); what != "" {
			return fmt.Errorf("%w: person %d: %s", ErrScene, i, what)
		}
	}
	return nil
}

// farthest bounds what a scene may refer to, so that areas fit 64 bits.
var farthest = image.Rect(-1<<29, -1<<29, 1<<29, 1<<29)

// fault says what is wrong with p in a picture of these bounds, or "".
func (p *Person) fault(bounds image.Rectangle) string {
	switch {
	case !unit(p.Score):
		return "score is no number from 0 to 1"
	case p.Box.Empty():
		return "box is empty"
	case !p.Box.In(bounds):
		return "box leaves the picture"
	case len(p.Keypoints) != 0 && len(p.Keypoints) != NumKeypoints:
		return "keypoints are not the 17 of COCO"
	}
	for i := range p.Keypoints {
		k := &p.Keypoints[i]
		switch {
		case !unit(k.Score):
			return fmt.Sprintf("keypoint %d: score is no number from 0 to 1", i)
		case k.Score > 0 && !k.in(bounds):
			return fmt.Sprintf("keypoint %d: outside the picture", i)
		}
	}
	return ""
}

// unit reports whether v is a number from 0 to 1; NaN is not.
func unit(v float32) bool { return v >= 0 && v <= 1 }

// in reports whether k lies in r, edges included; NaN and infinities do not.
func (k *Keypoint) in(r image.Rectangle) bool {
	return k.X >= float32(r.Min.X) && k.X <= float32(r.Max.X) &&
		k.Y >= float32(r.Min.Y) && k.Y <= float32(r.Max.Y)
}

// evidence is the strongest sign that anybody is in the picture.
func (s *Scene) evidence() float32 {
	e := s.Presence
	for i := range s.People {
		e = max(e, s.People[i].Score)
	}
	return e
}

// clone copies s and everything it points to.
func (s *Scene) clone() *Scene {
	if s == nil {
		return nil
	}
	c := *s
	c.People = slices.Clone(s.People)
	for i := range c.People {
		c.People[i].Keypoints = slices.Clone(c.People[i].Keypoints)
	}
	return &c
}

// rescale moves a valid scene from its own bounds to the bounds of the same
// picture at another size. Boxes grow to whole pixels, so nothing falls out.
func (s *Scene) rescale(to image.Rectangle) {
	from := s.Bounds
	if from == to {
		return
	}
	fx := float64(to.Dx()) / float64(from.Dx())
	fy := float64(to.Dy()) / float64(from.Dy())
	for i := range s.People {
		p := &s.People[i]
		p.Box = image.Rect(
			to.Min.X+int(math.Floor(float64(p.Box.Min.X-from.Min.X)*fx)),
			to.Min.Y+int(math.Floor(float64(p.Box.Min.Y-from.Min.Y)*fy)),
			to.Min.X+int(math.Ceil(float64(p.Box.Max.X-from.Min.X)*fx)),
			to.Min.Y+int(math.Ceil(float64(p.Box.Max.Y-from.Min.Y)*fy)),
		).Intersect(to)
		for j := range p.Keypoints {
			k := &p.Keypoints[j]
			if k.Score == 0 {
				*k = Keypoint{}
				continue
			}
			k.X = rescaled(k.X, from.Min.X, to.Min.X, to.Max.X, fx)
			k.Y = rescaled(k.Y, from.Min.Y, to.Min.Y, to.Max.Y, fy)
		}
	}
	s.Bounds = to
}

// rescaled maps one coordinate; the clamp takes back what rounding may add.
func rescaled(v float32, from, lo, hi int, f float64) float32 {
	return min(max(float32((float64(v)-float64(from))*f+float64(lo)), float32(lo)), float32(hi))
}
