package detect_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/google/go-cmp/cmp"
)

// sanitized is a w×h picture of one colour as imageproc hands it on.
func sanitized(t testing.TB, w, h int, shade uint8) *imageproc.Clean {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	photo, err := imageproc.Sanitize(t.Context(), &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

// thumbs is a plain detector: a function of the picture.
type thumbs func(ctx context.Context, img image.Image) (*detect.Scene, error)

func (f thumbs) Detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	return f(ctx, img)
}

// photos is a detector that decodes for itself.
type photos func(ctx context.Context, photo *imageproc.Clean) (*detect.Scene, error)

func (f photos) Detect(context.Context, image.Image) (*detect.Scene, error) {
	return nil, errors.New("photos: Detect was called")
}

func (f photos) DetectPhoto(ctx context.Context, photo *imageproc.Clean) (*detect.Scene, error) {
	return f(ctx, photo)
}

// finds answers with one person in the middle half of any picture.
var finds = thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{
		Presence: 0.9, Bounds: b, Model: "finds",
		People: []detect.Person{body(image.Rect(b.Dx()/4, b.Dy()/4, b.Dx()*3/4, b.Dy()*3/4).Add(b.Min), 0.9, 0.8)},
	}, nil
})

// answers is a plain detector that always says presence, with nobody listed.
func answers(presence float32) thumbs {
	return func(_ context.Context, img image.Image) (*detect.Scene, error) {
		return &detect.Scene{Presence: presence, Bounds: img.Bounds()}, nil
	}
}

func TestScreenScales(t *testing.T) {
	photo := sanitized(t, 1600, 1200, 90)
	var seen image.Rectangle
	d := thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
		seen = img.Bounds()
		who := body(image.Rect(101, 50, 301, 479), 0.9, 0.5)
		who.Keypoints[detect.Nose] = detect.Keypoint{X: 200.5, Y: 100.25, Score: 0.5}
		who.Keypoints[detect.LeftAnkle] = detect.Keypoint{X: 1e9}
		return &detect.Scene{Presence: 0.9, People: []detect.Person{who}, Bounds: img.Bounds()}, nil
	})
	s, err := detect.Screen(t.Context(), d, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, detect.ThumbSide, detect.ThumbSide*3/4); seen != want {
		t.Errorf("the detector saw %v, want %v", seen, want)
	}
	got := s.Scene()
	if got.Bounds != photo.Bounds() {
		t.Errorf("bounds are %v, want %v", got.Bounds, photo.Bounds())
	}
	// 1600/640 is 2.5: 101 becomes 252.5 and is rounded outwards.
	if want := image.Rect(252, 125, 753, 1198); got.People[0].Box != want {
		t.Errorf("box is %v, want %v", got.People[0].Box, want)
	}
	if want := (detect.Keypoint{X: 501.25, Y: 250.625, Score: 0.5}); got.People[0].Keypoints[detect.Nose] != want {
		t.Errorf("nose is %v, want %v", got.People[0].Keypoints[detect.Nose], want)
	}
	if got.People[0].Keypoints[detect.LeftAnkle] != (detect.Keypoint{}) {
		t.Errorf("an unseen keypoint kept a place: %v", got.People[0].Keypoints[detect.LeftAnkle])
	}
	if s.SHA256() != photo.SHA256() || s.IsZero() || s.Policy() != detect.OnePerson() || s.Reviewed() {
		t.Error("the proof is not about this photo and policy")
	}
}

func TestScreenVerdicts(t *testing.T) {
	photo := sanitized(t, 64, 48, 90)
	crowd := thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
		return &detect.Scene{
			Presence: 0.9, Bounds: img.Bounds(),
			People: []detect.Person{body(image.Rect(0, 0, 30, 40), 0.9, 0.9), body(image.Rect(31, 0, 60, 40), 0.8, 0.9)},
		}, nil
	})
	tests := []struct {
		name   string
		d      detect.Detector
		policy detect.Policy
		want   error
	}{
		{"somebody in a room", finds, detect.NoPeople(), detect.ErrPeople},
		{"nobody to dress", answers(0.1), detect.OnePerson(), detect.ErrNobody},
		{"two to dress", crowd, detect.OnePerson(), detect.ErrCrowd},
		{"doubtful room", answers(0.27), detect.NoPeople(), detect.ErrUnsure},
		{"malformed policy", finds, detect.Policy{}, detect.ErrPolicy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := detect.Screen(t.Context(), tt.d, photo, tt.policy, nil)
			if s != nil || !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v; want %v", s, err, tt.want)
			}
		})
	}
	if _, err := detect.Screen(t.Context(), answers(0.1), photo, detect.NoPeople(), nil); err != nil {
		t.Errorf("an empty room: %v", err)
	}
}

func TestScreenFailsClosed(t *testing.T) {
	photo := sanitized(t, 64, 48, 90)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	says := func(s *detect.Scene) detect.Detector {
		return thumbs(func(context.Context, image.Image) (*detect.Scene, error) { return s, nil })
	}
	broken := errors.New("detector is out of order")
	room := image.Rect(0, 0, 64, 48)

	tests := []struct {
		name  string
		ctx   context.Context
		d     detect.Detector
		photo *imageproc.Clean
		want  error // nil: any error
	}{
		{"no detector", t.Context(), nil, photo, nil},
		{"no photo", t.Context(), answers(0), nil, nil},
		{"zero photo", t.Context(), answers(0), &imageproc.Clean{}, nil},
		{"cancelled", cancelled, answers(0), photo, context.Canceled},
		{"detector fails", t.Context(), thumbs(func(context.Context, image.Image) (*detect.Scene, error) { return nil, broken }), photo, broken},
		{"detector fails and answers", t.Context(), thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
			return &detect.Scene{Bounds: img.Bounds()}, broken
		}), photo, broken},
		{"nil scene", t.Context(), says(nil), photo, detect.ErrScene},
		{"zero scene", t.Context(), says(&detect.Scene{}), photo, detect.ErrScene},
		{"NaN presence", t.Context(), says(&detect.Scene{Presence: float32(math.NaN()), Bounds: room}), photo, detect.ErrScene},
		{"other bounds", t.Context(), says(&detect.Scene{Bounds: image.Rect(0, 0, 63, 48)}), photo, detect.ErrScene},
		{"shifted bounds", t.Context(), says(&detect.Scene{Bounds: room.Add(image.Pt(1, 0))}), photo, detect.ErrScene},
		{"box outside", t.Context(), says(&detect.Scene{Bounds: room, People: []detect.Person{{Box: image.Rect(60, 0, 70, 9)}}}), photo, detect.ErrScene},
		{"photo detector with its own bounds", t.Context(), photos(func(context.Context, *imageproc.Clean) (*detect.Scene, error) {
			return &detect.Scene{Bounds: image.Rect(0, 0, 32, 24)}, nil
		}), photo, detect.ErrScene},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := detect.Screen(tt.ctx, tt.d, tt.photo, detect.NoPeople(), nil)
			if s != nil || err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
				t.Errorf("got %v, %v; want %v", s, err, tt.want)
			}
		})
	}

	t.Run("cancelled while the detector works", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		deaf := thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
			cancel()
			return &detect.Scene{Bounds: img.Bounds()}, nil
		})
		if s, err := detect.Screen(ctx, deaf, photo, detect.NoPeople(), nil); s != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, %v", s, err)
		}
	})
}

func TestScreenReviewer(t *testing.T) {
	photo := sanitized(t, 64, 48, 90)
	refused := errors.New("nobody at the desk")
	tests := []struct {
		name     string
		presence float32
		verdict  detect.Verdict
		err      error
		want     error // nil: passes
		asked    bool
	}{
		{"lets it pass", 0.27, detect.Pass, nil, nil, true},
		{"says no", 0.27, detect.Reject, nil, detect.ErrUnsure, true},
		{"can't say", 0.27, detect.Unsure, nil, detect.ErrUnsure, true},
		{"says nonsense", 0.27, 9, nil, detect.ErrUnsure, true},
		{"says pass and fails", 0.27, detect.Pass, refused, refused, true},
		{"not asked about a pass", 0.1, detect.Reject, nil, nil, false},
		{"not asked about a reject", 0.9, detect.Pass, nil, detect.ErrPeople, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := false
			o := &detect.ScreenOptions{Reviewer: func(_ context.Context, p *imageproc.Clean, s *detect.Scene) (detect.Verdict, error) {
				asked = p.SHA256() == photo.SHA256() && s.Presence == tt.presence
				*p, s.Presence = imageproc.Clean{}, 0 // copies: this must not reach the proof
				return tt.verdict, tt.err
			}}
			s, err := detect.Screen(t.Context(), answers(tt.presence), photo, detect.NoPeople(), o)
			if !errors.Is(err, tt.want) || (tt.want == nil) != (s != nil) {
				t.Fatalf("got %v, %v; want %v", s, err, tt.want)
			}
			if asked != tt.asked {
				t.Errorf("asked: %v, want %v", asked, tt.asked)
			}
			if s != nil && (s.Reviewed() != tt.asked || s.SHA256() != photo.SHA256() || s.Scene().Presence != tt.presence || s.Photo().IsZero()) {
				t.Error("the proof is not what was judged")
			}
			if pe := new(detect.PolicyError); tt.asked && errors.As(err, &pe) && pe.Reason != detect.ReasonReviewer {
				t.Errorf("reason %q", pe.Reason)
			}
		})
	}
}

// TestScreenedStands tries to change a proof from every side that holds
// something of it.
func TestScreenedStands(t *testing.T) {
	photo, another := sanitized(t, 64, 48, 90), sanitized(t, 64, 48, 200)
	sum := photo.SHA256()

	var kept *detect.Scene
	var handle *imageproc.Clean
	keeper := photos(func(_ context.Context, p *imageproc.Clean) (*detect.Scene, error) {
		*photo = *another // the caller's handle, while the detector works
		*p = *another     // the detector's handle
		handle = p
		kept = &detect.Scene{Presence: 0.9, Bounds: p.Bounds(), People: []detect.Person{body(image.Rect(1, 2, 30, 40), 0.9, 0.9)}}
		return kept, nil
	})
	policy := detect.Selfie()
	s, err := detect.Screen(t.Context(), keeper, photo, policy, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := s.Scene()
	kept.Presence, kept.People[0].Box, kept.People[0].Keypoints[0] = 0, image.Rectangle{}, detect.Keypoint{}
	*handle = imageproc.Clean{}
	got := s.Scene()
	got.People[0].Keypoints[1] = detect.Keypoint{}
	got.People = append(got.People[:0], detect.Person{})
	*s.Photo() = *another
	policy.Name = "changed"

	if diff := cmp.Diff(want, s.Scene()); diff != "" {
		t.Errorf("the scene changed (-want +got):\n%s", diff)
	}
	if want.People[0].Box != image.Rect(1, 2, 30, 40) {
		t.Errorf("box %v", want.People[0].Box)
	}
	if s.SHA256() != sum || s.Photo().SHA256() != sum {
		t.Error("the proof moved to another photo")
	}
	if s.Policy() != detect.Selfie() {
		t.Error("the policy changed")
	}
}

func TestScreenedCannotBeForged(t *testing.T) {
	s, err := detect.Screen(t.Context(), finds, sanitized(t, 64, 48, 90), detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	zero := func(t *testing.T, f *detect.Screened) {
		t.Helper()
		if !f.IsZero() || f.Photo() != nil || f.Scene() != nil || f.Policy() != (detect.Policy{}) || f.SHA256() != [32]byte{} || f.Reviewed() {
			t.Error("made without Screen, and proves something")
		}
	}
	t.Run("nil", func(t *testing.T) { zero(t, nil) })
	t.Run("zero", func(t *testing.T) { zero(t, new(detect.Screened)) })
	t.Run("json", func(t *testing.T) {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []string{string(data), `{"s":{"policy":{}},"policy":"oneperson","verdict":"pass"}`} {
			var f detect.Screened
			if err := json.Unmarshal([]byte(in), &f); err == nil {
				zero(t, &f)
			}
		}
	})
	t.Run("gob", func(t *testing.T) {
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(s); err == nil {
			var f detect.Screened
			if err := gob.NewDecoder(&buf).Decode(&f); err == nil {
				zero(t, &f)
			}
		}
	})
	t.Run("decoding over a real one", func(t *testing.T) {
		sum := s.SHA256()
		_ = json.Unmarshal([]byte(`{"policy":"anypeople","verdict":"pass"}`), s) // refused or without effect
		if s.SHA256() != sum || s.Policy() != detect.OnePerson() {
			t.Error("decoding changed a proof")
		}
	})
}

// TestNothingPersonalIsPrinted prints a proof and a refusal in every way there
// is. The scene is made of numbers that occur nowhere else.
func TestNothingPersonalIsPrinted(t *testing.T) {
	photo := sanitized(t, 1000, 800, 90)
	d := thumbs(func(_ context.Context, img image.Image) (*detect.Scene, error) {
		s := &detect.Scene{Presence: 0.87654, Bounds: img.Bounds(), Model: "secretmodel"}
		s.People = []detect.Person{body(image.Rect(111, 122, 333, 444), 0.87654, 0.76543)}
		return s, nil
	})
	s, err := detect.Screen(t.Context(), d, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, refusal := detect.Screen(t.Context(), d, photo, detect.NoPeople(), nil)
	pe := new(detect.PolicyError)
	if !errors.As(refusal, &pe) {
		t.Fatalf("got %v", refusal)
	}
	if want := "detect: nopeople: people"; refusal.Error() != want {
		t.Errorf("got %q, want %q", refusal, want)
	}

	sum := photo.SHA256()
	secrets := []string{"8765", "7654", "111", "122", "333", "444", "173", "secretmodel", fmt.Sprintf("%x", sum[:4]), fmt.Sprint(sum[0], sum[1], sum[2])}
	var said bytes.Buffer
	values := []any{s, *s, struct{ P *detect.Screened }{s}, []detect.Screened{*s}, pe, *pe, fmt.Errorf("upload: %w", refusal)}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			said.WriteString(hideAddresses(fmt.Sprintf(verb, v)) + "\n")
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json: %v", err)
		}
		said.Write(data)
		for _, h := range []slog.Handler{slog.NewTextHandler(&said, nil), slog.NewJSONHandler(&said, nil)} {
			slog.New(h).Info("screened", "v", v)
		}
	}
	for _, secret := range secrets {
		for line := range strings.Lines(said.String()) {
			// The time of a log line may hold any digits.
			if _, rest, ok := strings.Cut(line, "screened"); ok {
				line = rest
			}
			if strings.Contains(line, secret) {
				t.Errorf("%q is in %q", secret, line)
			}
		}
	}
	if got, want := fmt.Sprint(s), "detect.Screened(oneperson: pass)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := fmt.Sprint(detect.Screened{}), "detect.Screened(none: reject)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if data, _ := json.Marshal(s); string(data) != `{"policy":"oneperson","verdict":"pass"}` {
		t.Errorf("json: %s", data)
	}
}

// addresses are what fmt prints of a pointer: the heap begins anywhere.
var addresses = regexp.MustCompile(`\b(0x)?[0-9a-f]{9,12}\b|\b[0-9]{12,15}\b`)

func hideAddresses(s string) string { return addresses.ReplaceAllString(s, "") }

func TestScreenIsSafeForManyGoroutines(t *testing.T) {
	photo := sanitized(t, 640, 480, 90)
	s, err := detect.Screen(t.Context(), finds, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			mine, err := detect.Screen(t.Context(), finds, photo, detect.OnePerson(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			a, b := s.Scene(), mine.Scene()
			a.People[0].Box = image.Rectangle{} // the copy is ours to spoil
			if b.People[0].Box.Empty() || s.SHA256() != mine.SHA256() {
				t.Error("proofs of the same photo differ")
			}
			_ = fmt.Sprint(s, mine)
		})
	}
	wg.Wait()
}

func BenchmarkScreen(b *testing.B) {
	photo := sanitized(b, 640, 480, 90)
	d := photos(func(_ context.Context, p *imageproc.Clean) (*detect.Scene, error) {
		return &detect.Scene{Bounds: p.Bounds()}, nil
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := detect.Screen(b.Context(), d, photo, detect.NoPeople(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
