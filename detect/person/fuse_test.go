package person

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// who is a pose whose keypoints all score kpt.
func who(b box, center, kpt float32) pose {
	p := pose{box: b, center: center, k5: kpt}
	for i := range p.points {
		p.points[i] = detect.Keypoint{X: (b.x0 + b.x1) / 2, Y: (b.y0 + b.y1) / 2, Score: kpt}
	}
	return p
}

func TestFuse(t *testing.T) {
	bounds := image.Rect(0, 0, 1000, 500)
	left, right := box{100, 100, 300, 400}, box{600, 100, 800, 400}
	type seen struct {
		Box       image.Rectangle
		Score     float32
		Keypoints bool
	}
	tests := []struct {
		name     string
		poses    []pose
		boxes    []candidate
		presence float32
		want     []seen
	}{
		{"nothing", nil, nil, 0, nil},
		{
			"both see one",
			[]pose{who(left, 0.8, 0.9)},
			[]candidate{{box{110, 90, 290, 390}, 0.6}},
			0.66,
			[]seen{{image.Rect(100, 90, 300, 400), 0.66, true}},
		},
		{
			"too weak to list anybody",
			[]pose{who(left, 0.9, 0.5)},
			[]candidate{{right, 0.04}},
			0.245, nil,
		},
		{
			"each sees another, fractions round outwards",
			[]pose{who(box{100.5, 100.5, 300.5, 400.5}, 0.8, 0.5)},
			[]candidate{{right, 0.6}},
			0.5,
			[]seen{{image.Rect(600, 100, 800, 400), 0.3, false}, {image.Rect(100, 100, 301, 401), 0.2, true}},
		},
		{
			"a faint pose, an unsure box",
			[]pose{who(left, 0.39, 0.9)},
			[]candidate{{right, 0.44}},
			0.3955, nil,
		},
		{
			"a faint pose gives a sure box its keypoints",
			[]pose{who(left, 0.39, 0.9)},
			[]candidate{{left, 0.7}},
			0.5255,
			[]seen{{image.Rect(100, 100, 300, 400), 0.5255, true}},
		},
		{
			"two poses of one person",
			[]pose{who(left, 0.8, 0.5), who(box{120, 150, 280, 350}, 0.7, 0.9)},
			nil,
			0.315,
			[]seen{{image.Rect(100, 100, 300, 400), 0.2, true}},
		},
		{
			"a strip through the eyes",
			[]pose{who(box{300, 200, 600, 240}, 0.5, 0.6)},
			[]candidate{{box{200, 0, 700, 500}, 0.8}},
			0.55,
			[]seen{{image.Rect(200, 0, 700, 500), 0.55, true}},
		},
		{
			"a box around both of two",
			[]pose{who(left, 0.8, 0.5), who(right, 0.7, 0.5)},
			[]candidate{{box{90, 90, 810, 410}, 0.5}},
			0.45,
			[]seen{{image.Rect(100, 100, 300, 400), 0.45, true}, {image.Rect(600, 100, 800, 400), 0.425, true}},
		},
		{
			"an empty box",
			[]pose{who(box{100, 100, 100, 100}, 0.9, 0.9)},
			[]candidate{{right, 0.2}},
			0.505, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := fuse(tt.poses, tt.boxes, bounds)
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			if s.Bounds != bounds || s.Model != Model {
				t.Errorf("bounds %v, model %q", s.Bounds, s.Model)
			}
			var got []seen
			for _, p := range s.People {
				got = append(got, seen{p.Box, p.Score, p.Keypoints != nil})
				if p.Score > s.Presence {
					t.Errorf("score %v is above presence %v", p.Score, s.Presence)
				}
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.presence, s.Presence, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("presence, -want +got:\n%s", diff)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	tests := []struct {
		name           string
		a, b           box
		iou, contained float32
	}{
		{"equal", box{0, 0, 10, 10}, box{0, 0, 10, 10}, 1, 1},
		{"half", box{0, 0, 10, 10}, box{5, 0, 15, 10}, 1.0 / 3, 0.5},
		{"inside", box{0, 0, 10, 10}, box{2, 2, 7, 7}, 0.25, 1},
		{"touching", box{0, 0, 10, 10}, box{10, 0, 20, 10}, 0, 0},
		{"empty", box{0, 0, 10, 10}, box{5, 5, 5, 5}, 0, 0},
		{"turned inside out", box{0, 0, 10, 10}, box{8, 8, 2, 2}, 0, 0},
	}
	for _, tt := range tests {
		iou, contained := overlap(tt.a, tt.b)
		if diff := cmp.Diff([2]float32{tt.iou, tt.contained}, [2]float32{iou, contained}, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("%s, -want +got:\n%s", tt.name, diff)
		}
	}
}

// TestAnyAnswerMakesAValidScene feeds maps of arbitrary finite numbers, absurd
// ones included, through decoding and fusion.
func TestAnyAnswerMakesAValidScene(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		bounds := image.Rect(0, 0, rapid.IntRange(1, 3000).Draw(t, "w"), rapid.IntRange(1, 3000).Draw(t, "h"))
		bounds = bounds.Add(image.Pt(rapid.IntRange(-9, 9).Draw(t, "x"), rapid.IntRange(-9, 9).Draw(t, "y")))
		scale := rapid.SampledFrom([]float32{1, 30, 1e6, math.MaxFloat32}).Draw(t, "scale")
		dense := rapid.SampledFrom([]float32{0.001, 0.05}).Draw(t, "dense")
		fill := func(values []float32) {
			for i := range values {
				values[i] = (2*r.Float32() - 1) * scale
			}
		}
		scores := func(values []float32) {
			for i := range values {
				if values[i] = 0; r.Float32() < dense {
					values[i] = r.Float32()
				}
			}
		}
		n, m := emptyNanodet(), emptyMovenet()
		for s := range n.score {
			scores(n.score[s])
			fill(n.sides[s])
		}
		scores(m.center)
		scores(m.heat)
		for _, values := range [][]float32{m.scale, m.offset, m.regress, m.refine} {
			fill(values)
		}
		s := fuse(m.decode(nil, fitInto(bounds, 256)), n.decode(nil, fitInto(bounds, 416)), bounds)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.People {
			if p.Score > s.Presence {
				t.Fatalf("score %v is above presence %v", p.Score, s.Presence)
			}
		}
	})
}
