package detect_test

import (
	"image"
	"testing"

	"github.com/fitveil/fitveil/detect"
)

func TestHead(t *testing.T) {
	bounds := image.Rect(0, 0, 400, 600)
	points := func(seen map[int][2]float32) []detect.Keypoint {
		k := make([]detect.Keypoint, detect.NumKeypoints)
		for i, at := range seen {
			k[i] = detect.Keypoint{X: at[0], Y: at[1], Score: .8}
		}
		return k
	}
	face := map[int][2]float32{detect.Nose: {200, 110}, detect.LeftEye: {215, 95}, detect.RightEye: {185, 95}, detect.LeftEar: {235, 100}, detect.RightEar: {165, 100}}
	for _, q := range []struct {
		name          string
		p             detect.Person
		holds, within image.Rectangle
	}{
		{"a face", detect.Person{Box: image.Rect(100, 40, 300, 590), Keypoints: points(face)}, image.Rect(150, 50, 250, 155), image.Rect(80, 0, 320, 240)},
		{
			"in profile",
			detect.Person{Box: image.Rect(100, 40, 300, 590), Keypoints: points(map[int][2]float32{detect.Nose: {170, 110}, detect.LeftEar: {210, 100}})},
			image.Rect(150, 70, 230, 145), image.Rect(80, 0, 320, 240),
		},
		{"no keypoints", detect.Person{Box: image.Rect(100, 40, 300, 590)}, image.Rect(100, 40, 300, 200), image.Rect(100, 40, 300, 210)},
		{"from behind", detect.Person{Box: image.Rect(100, 40, 300, 590), Keypoints: points(nil)}, image.Rect(100, 40, 300, 200), image.Rect(100, 40, 300, 210)},
		{"no more than a head", detect.Person{Box: image.Rect(100, 40, 300, 220)}, image.Rect(100, 40, 300, 190), image.Rect(100, 40, 300, 220)},
		{
			"at the edge",
			detect.Person{Box: image.Rect(0, 0, 60, 80), Keypoints: points(map[int][2]float32{detect.Nose: {0, 0}, detect.LeftEye: {4, 0}})},
			image.Rect(0, 0, 5, 6), bounds,
		},
	} {
		got := q.p.Head(bounds)
		if !q.holds.In(got) || !got.In(q.within) || !got.In(bounds) {
			t.Errorf("%s: %v, want all of %v and nothing outside of %v", q.name, got, q.holds, q.within)
		}
	}
}
