package detect

import (
	"context"
	"image"

	"github.com/fitveil/fitveil/imageproc"
)

// Detector finds people. Detect gets an upright picture and answers in that
// picture's pixels: Scene.Bounds is img.Bounds(). Implementations are safe for
// use by many goroutines.
type Detector interface {
	Detect(ctx context.Context, img image.Image) (*Scene, error)
}

// PhotoDetector is a Detector that decodes for itself, to look twice or in
// tiles. It answers in displayed full-resolution pixels.
type PhotoDetector interface {
	Detector
	DetectPhoto(ctx context.Context, photo *imageproc.Clean) (*Scene, error)
}

// Scene is what a detector saw.
type Scene struct {
	Presence float32         // evidence that anybody is in the picture, 0 to 1
	People   []Person        // most certain first
	Bounds   image.Rectangle // the picture the boxes refer to
	Model    string          // names of the models, for records
}

// Person is one person found.
type Person struct {
	Box       image.Rectangle // within Scene.Bounds
	Score     float32         // 0 to 1
	Keypoints []Keypoint      // the 17 points of COCO in COCO's order, or nil
}

// Keypoint is one joint or feature. Score 0 means not seen.
type Keypoint struct {
	X, Y  float32 // pixels of Scene.Bounds
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
