package person_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/disintegration/imaging"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/google/go-cmp/cmp"
)

const portrait = "testdata/grace_hopper.jpg"

// people is made once: loading takes as long as a picture.
var people = sync.OnceValues(func() (*person.Detector, error) { return person.New(nil) })

func detector(t testing.TB) *person.Detector {
	t.Helper()
	d, err := people()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func hopper(t testing.TB) image.Image {
	t.Helper()
	f, err := os.Open(portrait)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// on is a canvas of w×h with img at p.
func on(w, h int, img image.Image, p image.Point) *image.NRGBA {
	return imaging.Paste(imaging.New(w, h, color.Gray{128}), img, p)
}

// TestPortrait checks the answer to a portrait by what a human sees in it: the
// places of face and shoulders in the 512×600 picture.
func TestPortrait(t *testing.T) {
	s, err := detector(t).Detect(t.Context(), hopper(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(s.People) != 1 || s.Presence < 0.5 || s.Model != person.Model {
		t.Fatalf("%d people, presence %.2f, model %q", len(s.People), s.Presence, s.Model)
	}
	near(t, s.People[0], map[int]image.Point{
		detect.Nose: {267, 235}, detect.LeftEye: {307, 186}, detect.RightEye: {222, 188},
		detect.LeftEar: {362, 220}, detect.RightEar: {170, 225},
		detect.LeftShoulder: {455, 415}, detect.RightShoulder: {73, 420},
	}, 40)
}

// near checks that p has these keypoints, within slack pixels.
func near(t *testing.T, p detect.Person, want map[int]image.Point, slack float64) {
	t.Helper()
	if len(p.Keypoints) != detect.NumKeypoints {
		t.Fatalf("%d keypoints", len(p.Keypoints))
	}
	for k, at := range want {
		got := p.Keypoints[k]
		d := math.Hypot(float64(got.X)-float64(at.X), float64(got.Y)-float64(at.Y))
		if got.Score == 0 || d > slack {
			t.Errorf("keypoint %d at %.0f,%.0f (%.2f), want it near %v", k, got.X, got.Y, got.Score, at)
		}
	}
}

// TestGeometry puts the portrait in several places, at several sizes and
// mirrored, and expects box and keypoints to follow.
func TestGeometry(t *testing.T) {
	img := hopper(t)
	nose, left, right := image.Pt(267, 235), image.Pt(455, 415), image.Pt(73, 420)
	mirror := func(p image.Point) image.Point { return image.Pt(512-p.X, p.Y) }
	tests := []struct {
		name              string
		img               image.Image
		nose, left, right image.Point
		slack             float64
	}{
		{"far right of a wide picture", on(1536, 600, img, image.Pt(1024, 0)), nose.Add(image.Pt(1024, 0)), left.Add(image.Pt(1024, 0)), right.Add(image.Pt(1024, 0)), 60},
		{"bottom of a tall picture", on(512, 1200, img, image.Pt(0, 600)), nose.Add(image.Pt(0, 600)), left.Add(image.Pt(0, 600)), right.Add(image.Pt(0, 600)), 60},
		{"mirrored", imaging.FlipH(img), mirror(nose), mirror(right), mirror(left), 45},
		{"four times as large", imaging.Resize(img, 2048, 0, imaging.Linear), nose.Mul(4), left.Mul(4), right.Mul(4), 180},
		{"in a corner of a larger canvas", on(900, 900, img, image.Pt(0, 0)).SubImage(image.Rect(0, 0, 600, 620)), nose, left, right, 45},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := detector(t).Detect(t.Context(), tt.img)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(); err != nil || s.Bounds != tt.img.Bounds() {
				t.Fatalf("%v; bounds %v", err, s.Bounds)
			}
			if len(s.People) != 1 {
				t.Fatalf("%d people", len(s.People))
			}
			p := s.People[0]
			near(t, p, map[int]image.Point{detect.Nose: tt.nose, detect.LeftShoulder: tt.left, detect.RightShoulder: tt.right}, tt.slack)
			for _, at := range []image.Point{tt.nose, tt.left, tt.right} {
				if !at.In(p.Box) {
					t.Errorf("%v is not in the box %v", at, p.Box)
				}
			}
		})
	}
}

// TestNobody: pictures of nothing, and of shapes a detector must survive.
func TestNobody(t *testing.T) {
	for name, img := range map[string]image.Image{
		"grey":         image.NewGray(image.Rect(0, 0, 640, 480)),
		"one pixel":    image.NewRGBA(image.Rect(7, 7, 8, 8)),
		"a long strip": image.NewGray(image.Rect(0, 0, 30000, 2)),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := detector(t).Detect(t.Context(), img)
			if err != nil {
				t.Fatal(err)
			}
			if v, reason := detect.NoPeople().Judge(s); v != detect.Pass {
				t.Errorf("%v, %q", v, reason)
			}
		})
	}
}

func TestScreenOfPortrait(t *testing.T) {
	f, err := os.Open(portrait)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	photo, err := imageproc.Sanitize(t.Context(), f, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := detect.Screen(t.Context(), detector(t), photo, detect.Selfie(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Scene().Bounds != photo.Bounds() {
		t.Errorf("bounds %v, want %v", s.Scene().Bounds, photo.Bounds())
	}
	if _, err := detect.Screen(t.Context(), detector(t), photo, detect.NoPeople(), nil); !errors.Is(err, detect.ErrPeople) {
		t.Errorf("as a room: got %v", err)
	}
}

// TestPhoneHeldUpright screens the portrait as a phone stores it: lying on its
// side, with an EXIF orientation that says so.
func TestPhoneHeldUpright(t *testing.T) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, imaging.Rotate90(hopper(t)), nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00" + "MM\x00*\x00\x00\x00\x08" + "\x00\x01" +
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + "\x00\x00\x00\x00" // Orientation: turn clockwise to view
	app1 := fmt.Sprintf("\xff\xe1\x00%c%s", len(exif)+2, exif)
	upload := slices.Concat(file.Bytes()[:2], []byte(app1), file.Bytes()[2:])

	photo, err := imageproc.Sanitize(t.Context(), bytes.NewReader(upload), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := detect.Screen(t.Context(), detector(t), photo, detect.Selfie(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, 512, 600); s.Scene().Bounds != want {
		t.Errorf("bounds %v, want %v", s.Scene().Bounds, want)
	}
	near(t, s.Scene().People[0], map[int]image.Point{
		detect.Nose: {267, 235}, detect.LeftShoulder: {455, 415}, detect.RightShoulder: {73, 420},
	}, 40)
}

func TestDetectRefuses(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := detector(t).Detect(cancelled, hopper(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := detector(t).Detect(t.Context(), nil); err == nil {
		t.Error("nil picture: no error")
	}
	if _, err := detector(t).Detect(t.Context(), image.NewGray(image.Rectangle{})); err == nil {
		t.Error("empty picture: no error")
	}
	for _, d := range []*person.Detector{nil, {}} {
		if _, err := d.Detect(t.Context(), hopper(t)); err == nil {
			t.Error("a Detector not made by New: no error")
		}
	}
	if _, err := person.New(&person.Options{Threads: -1}); err == nil {
		t.Error("negative Threads: no error")
	}
}

// TestManyGoroutines: the same picture at the same time gives the same answer.
func TestManyGoroutines(t *testing.T) {
	img := hopper(t)
	scenes := make([]*detect.Scene, 3)
	var wg sync.WaitGroup
	for i := range scenes {
		wg.Go(func() {
			s, err := detector(t).Detect(t.Context(), img)
			if err != nil {
				t.Error(err)
			}
			scenes[i] = s
		})
	}
	wg.Wait()
	for _, s := range scenes[1:] {
		if diff := cmp.Diff(scenes[0], s); diff != "" {
			t.Errorf("answers differ:\n%s", diff)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	d, img := detector(b), imaging.Fit(hopper(b), detect.ThumbSide, detect.ThumbSide, imaging.Linear)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Detect(b.Context(), img); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := person.New(nil); err != nil {
			b.Fatal(err)
		}
	}
}
