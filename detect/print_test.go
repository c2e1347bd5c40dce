package detect_test

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/detect"
)

func TestPositionsAreNotPrinted(t *testing.T) {
	who := detect.Person{
		Box:       image.Rect(74117411, 74117412, 74117513, 74117514),
		Score:     0.74117415,
		Keypoints: []detect.Keypoint{{X: 74117416, Y: 74117417, Score: 0.74117418}},
	}
	scene := &detect.Scene{Presence: 0.74117419, People: []detect.Person{who}, Bounds: image.Rect(0, 0, 74117520, 74117520)}
	refusal := detect.PolicyError{Policy: detect.NoPeople(), Scene: scene, Reason: detect.ReasonPeople}
	values := []any{
		scene, *scene, who, &who, who.Keypoints[0], &who.Keypoints[0], scene.People, who.Keypoints,
		refusal, &refusal,
		struct{ Err error }{refusal},
		struct{ err *detect.PolicyError }{&refusal},
		map[string]detect.PolicyError{"k": refusal},
		fmt.Errorf("upload: %w", &refusal), errors.Join(&refusal),
	}
	for _, v := range values {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%f", "%t", "%8.3v"} {
			for _, w := range []any{v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, &struct{ V any }{v}} {
				fmt.Fprintf(&out, verb+"\n", w)
			}
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			switch v.(type) {
			case *detect.Scene, detect.Scene, detect.Person, detect.Keypoint, error: // what slog asks for a LogValue
				slog.New(h).Info("m", "v", v)
			}
		}
		for _, number := range []string{"741174", "741175", "7.411", "46af1"} { // 46af1: the boxes in hexadecimal
			if strings.Contains(strings.ToLower(out.String()), number) {
				t.Errorf("%T prints %q", v, number)
			}
		}
	}
	if got, want := fmt.Sprintf("%+v", scene), "detect.Scene(1 people)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := fmt.Sprint((*detect.Scene)(nil)); got != "<nil>" {
		t.Errorf("a nil scene prints %q", got)
	}
}
