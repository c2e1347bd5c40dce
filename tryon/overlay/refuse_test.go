package overlay_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// refusal gives code and reason of an error.
func refusal(t *testing.T, err error) (tryon.Code, tryon.Reason) {
	t.Helper()
	var e *tryon.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *tryon.Error", err)
	}
	if !errors.Is(err, tryon.ErrRefused) {
		t.Errorf("%v is not tryon.ErrRefused", err)
	}
	return e.Code, e.Reason
}

// Poses that would come out badly are refused, each for its reason.
func TestRefusesPhotos(t *testing.T) {
	hide := func(k ...int) func(*detect.Scene) {
		return func(s *detect.Scene) {
			for _, i := range k {
				s.People[0].Keypoints[i] = detect.Keypoint{}
			}
		}
	}
	same := func(*detect.Scene) {}
	tests := []struct {
		name   string
		figure func(*overlay.Figure)
		scene  func(*detect.Scene)
		item   string
		reason tryon.Reason
	}{
		{"no keypoints", nil, func(s *detect.Scene) { s.People[0].Keypoints = nil }, "", overlay.NoShoulders},
		{"one shoulder", nil, hide(detect.LeftShoulder), "", overlay.NoShoulders},
		{"doubtful shoulder", nil, func(s *detect.Scene) { s.People[0].Keypoints[detect.LeftShoulder].Score = .2 }, "", overlay.NoShoulders},
		{"far away", func(f *overlay.Figure) { f.Width = 40 }, same, "", overlay.TooSmall},
		{"only a head", func(f *overlay.Figure) { f.Y = float64(f.H) - .2*f.Width }, same, "", overlay.NoTorso},
		{"leaning", func(f *overlay.Figure) { f.Tilt = .5 }, same, "", overlay.Tilted},
		{"from behind", nil, func(s *detect.Scene) {
			k := s.People[0].Keypoints
			for i := detect.LeftShoulder; i <= detect.LeftHip; i += 2 {
				k[i], k[i+1] = k[i+1], k[i]
			}
		}, "", overlay.TurnedAway},
		{"turned", nil, func(s *detect.Scene) { s.People[0].Keypoints[detect.Nose].X += 60 }, "", overlay.TurnedAway},
		{"side view", nil, func(s *detect.Scene) {
			k := s.People[0].Keypoints
			k[detect.LeftShoulder].X = k[detect.RightShoulder].X + 60
		}, "", overlay.TurnedAway},
		{"neither face nor hips", nil, hide(detect.Nose, detect.LeftEye, detect.RightEye, detect.LeftHip, detect.RightHip), "", overlay.OddGeometry},
		{"hips beside the body", nil, func(s *detect.Scene) {
			s.People[0].Keypoints[detect.LeftHip].X -= 90
			s.People[0].Keypoints[detect.RightHip].X -= 90
		}, "", overlay.Tilted},
		{"arm raised", func(f *overlay.Figure) { f.Elbow[1].X, f.Elbow[1].Y = .5, -.6 }, same, "", overlay.ArmsRaised},
		{"somebody beside", nil, func(s *detect.Scene) {
			p := s.People[0]
			p.Box = image.Rect(p.Box.Min.X+p.Box.Dx()/2, p.Box.Min.Y, s.Bounds.Max.X, p.Box.Max.Y)
			s.People = append(s.People, p)
		}, "", overlay.Crowded},
		{"sleeved arm before the chest", func(f *overlay.Figure) {
			f.LongArms = true
			f.Elbow[0].X, f.Elbow[0].Y = .15, .75
			f.Wrist[0].X, f.Wrist[0].Y = -.75, -.20
		}, same, "", overlay.ArmsInFront},
		{
			"arm behind the back", func(f *overlay.Figure) { f.Elbow[1].X, f.Elbow[1].Y = -.2, .75 },
			hide(detect.LeftElbow, detect.LeftWrist), "", overlay.ArmsHidden,
		},
		{"tank top over sleeves", nil, same, "testdata/tank.png", overlay.Uncovered},
		{"a hand felt before the chest", nil, func(s *detect.Scene) {
			k := s.People[0].Keypoints
			k[detect.RightWrist] = detect.Keypoint{
				X: (k[detect.RightShoulder].X + k[detect.LeftShoulder].X) / 2, Y: k[detect.RightElbow].Y, Score: .28,
			}
		}, "", overlay.ArmsInFront},
		{"long sleeves, arm before the chest", func(f *overlay.Figure) {
			f.Elbow[1].X, f.Elbow[1].Y = .12, .78
			f.Wrist[1].X, f.Wrist[1].Y = -.72, -.12
		}, same, "testdata/longsleeve.png", overlay.ArmsBent},
		{
			"long sleeves, forearm not seen", func(f *overlay.Figure) { f.Elbow[0].X, f.Elbow[0].Y = .6, .45 },
			hide(detect.RightWrist), "testdata/longsleeve.png", overlay.ArmsHidden,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := overlay.NewFigure(360, 480)
			if test.figure != nil {
				test.figure(f)
			}
			scene := f.Scene()
			test.scene(scene)
			item := test.item
			if item == "" {
				item = "testdata/tee.png"
			}
			in := input(t, f, imageproc.PNG, item)
			in.Photo = screen(t, encoded(t, f.Draw(), imageproc.PNG), scene)
			handle, err := overlay.New(nil).Submit(t.Context(), in)
			if handle != nil {
				t.Error("drawn as well")
			}
			if code, reason := refusal(t, err); code != tryon.BadPhoto || reason != test.reason {
				t.Errorf("got %v %q, want %v %q", code, reason, tryon.BadPhoto, test.reason)
			}
		})
	}
}

// flat draws a silhouette of one colour on white.
func flat(w, h int, c color.Color, parts ...image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, r := range parts {
		draw.Draw(img, r, &image.Uniform{c}, image.Point{}, draw.Src)
	}
	return img
}

// Product pictures that are no flat-lay top are refused.
func TestRefusesProducts(t *testing.T) {
	navy := color.NRGBA{30, 40, 80, 255}
	noisy := flat(400, 400, navy, image.Rect(100, 100, 300, 350))
	for i := 0; i < len(noisy.Pix); i += 4 {
		noisy.Pix[i] = uint8(i * 7 / 4)
	}
	tee := pixelsOf(t, product(t, "testdata/tee.png"))
	cropped := image.NewNRGBA(image.Rect(0, 0, 480, 330))
	draw.Draw(cropped, cropped.Rect, tee, image.Point{}, draw.Src)
	twice := image.NewNRGBA(image.Rect(0, 0, 960, 480))
	draw.Draw(twice, image.Rect(0, 0, 480, 480), tee, image.Point{}, draw.Src)
	draw.Draw(twice, image.Rect(480, 0, 960, 480), tee, image.Point{}, draw.Src)
	turned := image.NewNRGBA(image.Rect(0, 0, 480, 480))
	for y := range 480 {
		for x := range 480 {
			turned.SetNRGBA(479-y, x, tee.NRGBAAt(x, y))
		}
	}
	worn := overlay.NewFigure(360, 480)
	worn.Y = 150
	worn.Width = 120
	tests := []struct {
		name   string
		img    *image.NRGBA
		reason tryon.Reason
	}{
		{"no plain background", noisy, overlay.NoCutOut},
		{"cut off at the hem", cropped, overlay.ProductCut},
		{"two of them", twice, overlay.ProductParts},
		{"a speck", flat(400, 400, navy, image.Rect(190, 190, 210, 210)), overlay.ProductSize},
		{"nothing", flat(400, 400, navy), overlay.ProductSize},
		{"tiny", flat(50, 50, navy, image.Rect(10, 10, 40, 40)), overlay.ProductSize},
		{"trousers", flat(400, 600, navy, image.Rect(130, 40, 270, 160), image.Rect(130, 160, 190, 560), image.Rect(210, 160, 270, 560)), overlay.ProductShape},
		{"a scarf", flat(600, 400, navy, image.Rect(40, 150, 560, 250)), overlay.ProductShape},
		{"lying on its side", turned, overlay.ProductShape},
		{"one sleeve folded away", flat(400, 400, navy, image.Rect(140, 60, 300, 360), image.Rect(20, 60, 140, 140)), overlay.ProductShape},
		{"somebody wears it", worn.Cut(), overlay.ProductCut},
		{"somebody in the middle wears it", shrunk(worn.Cut()), overlay.ProductShape},
	}
	f := overlay.NewFigure(360, 480)
	in := input(t, f, imageproc.PNG, "testdata/tee.png")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in.Items[0].Image = encoded(t, test.img, imageproc.PNG)
			_, err := overlay.New(nil).Submit(t.Context(), in)
			if code, reason := refusal(t, err); code != tryon.BadProduct || reason != test.reason {
				t.Errorf("got %v %q, want %v %q", code, reason, tryon.BadProduct, test.reason)
			}
		})
	}
}

// shrunk puts a picture into the middle of a larger transparent one.
func shrunk(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx()+40, img.Rect.Dy()+40))
	draw.Draw(out, img.Rect.Add(image.Pt(20, 20)), img, image.Point{}, draw.Src)
	return out
}

// A detector, when there is one, keeps faces out of product pictures, and takes
// no shirt for a person.
func TestPeopleInProducts(t *testing.T) {
	f := overlay.NewFigure(360, 480)
	in := input(t, f, imageproc.PNG, "testdata/tee.png")
	faceless := overlay.NewFigure(480, 480).Scene()
	for _, i := range []int{detect.Nose, detect.LeftEye, detect.RightEye} {
		faceless.People[0].Keypoints[i].Score = .2
	}
	for _, test := range []struct {
		name  string
		scene *detect.Scene
		ok    bool
	}{
		{"face", overlay.NewFigure(480, 480).Scene(), false},
		{"no face", faceless, true},
		{"nobody", &detect.Scene{}, true},
		{"no answer", nil, true},
	} {
		_, err := overlay.New(&overlay.Options{People: knows{test.scene}}).Submit(t.Context(), in)
		if (err == nil) != test.ok {
			t.Errorf("%s: got %v", test.name, err)
		}
		if err != nil {
			if _, reason := refusal(t, err); reason != overlay.ProductPerson {
				t.Errorf("%s: got %v", test.name, err)
			}
		}
	}
	down := errors.New("down")
	if _, err := overlay.New(&overlay.Options{People: broken{down}}).Submit(t.Context(), in); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

type broken struct{ err error }

func (b broken) Detect(context.Context, image.Image) (*detect.Scene, error) { return nil, b.err }

// What it does not do it says, and another route may do what it refuses.
func TestClassify(t *testing.T) {
	b := overlay.New(nil)
	in := input(t, overlay.NewFigure(360, 480), imageproc.PNG, "testdata/tee.png")
	for name, change := range map[string]func(*tryon.Input){
		"room":      func(in *tryon.Input) { in.Task = tryon.InRoom },
		"trousers":  func(in *tryon.Input) { in.Items[0].Garment = tryon.Bottom },
		"two items": func(in *tryon.Input) { in.Items = append(in.Items, in.Items[0]) },
	} {
		other := *in
		other.Items = append([]tryon.Item(nil), in.Items...)
		change(&other)
		_, err := b.Submit(t.Context(), &other)
		if f := b.Classify(err); f.Code != tryon.Unsupported {
			t.Errorf("%s: %v", name, f.Code)
		}
	}
	if f := b.Classify(&tryon.Error{Code: tryon.BadPhoto}); f.Scope != tryon.ScopeRoute {
		t.Errorf("a refused photo has scope %v", f.Scope)
	}
	if _, err := b.Poll(t.Context(), &tryon.Handle{ID: "x"}); err == nil {
		t.Error("something was pending")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Submit(ended, in); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}
