package detect_test

import (
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"pgregory.net/rapid"
)

var frame = image.Rect(0, 0, 1000, 800)

// body is a person whose keypoints all score kpt; with kpt 0 there are none.
func body(box image.Rectangle, score, kpt float32) detect.Person {
	p := detect.Person{Box: box, Score: score}
	if kpt > 0 {
		for range detect.NumKeypoints {
			mid := box.Min.Add(box.Max).Div(2)
			p.Keypoints = append(p.Keypoints, detect.Keypoint{X: float32(mid.X), Y: float32(mid.Y), Score: kpt})
		}
	}
	return p
}

// hide makes keypoints unseen.
func hide(p detect.Person, points ...int) detect.Person {
	for _, k := range points {
		p.Keypoints[k].Score = 0
	}
	return p
}

func scene(presence float32, people ...detect.Person) *detect.Scene {
	return &detect.Scene{Presence: presence, People: people, Bounds: frame, Model: "hand-made"}
}

var (
	big   = image.Rect(100, 100, 500, 700)
	other = image.Rect(550, 100, 950, 700)
	small = image.Rect(900, 100, 950, 500) // 20,000 of big's 240,000 pixels: 8 %
)

func TestJudge(t *testing.T) {
	full := body(big, 0.8, 0.9)
	legs := []int{detect.LeftHip, detect.RightHip, detect.LeftKnee, detect.RightKnee, detect.LeftAnkle, detect.RightAnkle}
	strict := detect.OnePerson()
	strict.Name, strict.MinKeypoints = "tryon", 12
	few := detect.AnyPeople()
	few.Name, few.MinPeople, few.MaxPeople = "two or three", 2, 3

	tests := []struct {
		name    string
		policy  detect.Policy
		scene   *detect.Scene
		verdict detect.Verdict
		reason  detect.Reason
	}{
		{"room", detect.NoPeople(), scene(0.1), detect.Pass, detect.ReasonOK},
		{"room, just below doubt", detect.NoPeople(), scene(0.2499), detect.Pass, detect.ReasonOK},
		{"room, doubt", detect.NoPeople(), scene(0.25), detect.Unsure, detect.ReasonUnsure},
		{"room, somebody", detect.NoPeople(), scene(0.30), detect.Reject, detect.ReasonPeople},
		{"room, presence left out", detect.NoPeople(), scene(0, full), detect.Reject, detect.ReasonPeople},
		{"room, faint figure listed", detect.NoPeople(), scene(0, body(big, 0.1, 0)), detect.Unsure, detect.ReasonUnsure},
		{"room, bystander is somebody", detect.NoPeople(), scene(0, body(small, 0.9, 0)), detect.Reject, detect.ReasonPeople},

		{"one", detect.OnePerson(), scene(0.8, full), detect.Pass, detect.ReasonOK},
		{"one, no keypoints needed", detect.OnePerson(), scene(0.8, body(big, 0.8, 0)), detect.Pass, detect.ReasonOK},
		{"one, nobody", detect.OnePerson(), scene(0.29), detect.Reject, detect.ReasonNobody},
		{"one, doubt", detect.OnePerson(), scene(0.34, body(big, 0.34, 0)), detect.Unsure, detect.ReasonUnsure},
		{"one, felt but not found", detect.OnePerson(), scene(0.6), detect.Unsure, detect.ReasonUnsure},
		{"one, two there", detect.OnePerson(), scene(0.8, full, body(other, 0.4, 0)), detect.Reject, detect.ReasonCrowd},
		{"one and a bystander", detect.OnePerson(), scene(0.8, full, body(small, 0.4, 0)), detect.Pass, detect.ReasonOK},
		{"one behind a surer bystander", detect.OnePerson(), scene(0.9, body(small, 0.9, 0), full), detect.Pass, detect.ReasonOK},
		{"one, presence left out", detect.OnePerson(), scene(0, full), detect.Pass, detect.ReasonOK},

		{"selfie", detect.Selfie(), scene(0.8, full), detect.Pass, detect.ReasonOK},
		{"selfie, head and shoulders", detect.Selfie(), scene(0.8, hide(body(big, 0.8, 0.9), legs...)), detect.Pass, detect.ReasonOK},
		{"selfie, one shoulder", detect.Selfie(), scene(0.8, hide(body(big, 0.8, 0.9), detect.LeftShoulder)), detect.Reject, detect.ReasonNotVisible},
		{"selfie, faint shoulders", detect.Selfie(), scene(0.8, body(big, 0.8, 0.12)), detect.Reject, detect.ReasonNotVisible},
		{"selfie, no keypoints", detect.Selfie(), scene(0.8, body(big, 0.8, 0)), detect.Unsure, detect.ReasonUnsure},
		{"selfie, bystander without keypoints", detect.Selfie(), scene(0.8, body(small, 0.9, 0), full), detect.Pass, detect.ReasonOK},
		{"selfie, two", detect.Selfie(), scene(0.8, full, body(other, 0.4, 0.9)), detect.Reject, detect.ReasonCrowd},

		{"body", strict, scene(0.8, full), detect.Pass, detect.ReasonOK},
		{"body, legs out of the picture", strict, scene(0.8, hide(body(big, 0.8, 0.9), legs...)), detect.Reject, detect.ReasonNotVisible},

		{"any", detect.AnyPeople(), scene(0.5, full, body(other, 0.5, 0)), detect.Pass, detect.ReasonOK},
		{"any, doubt", detect.AnyPeople(), scene(0.29), detect.Unsure, detect.ReasonUnsure},
		{"any, nobody", detect.AnyPeople(), scene(0.24), detect.Reject, detect.ReasonNobody},

		{"two or three, one", few, scene(0.8, full), detect.Reject, detect.ReasonNobody},
		{"two or three, two", few, scene(0.8, full, body(other, 0.8, 0)), detect.Pass, detect.ReasonOK},
		{"two or three, four", few, scene(0.8, full, full, full, full), detect.Reject, detect.ReasonCrowd},

		{"zero policy", detect.Policy{}, scene(0), detect.Reject, detect.ReasonBadPolicy},
		{"zero policy, person", detect.Policy{}, scene(0.8, full), detect.Reject, detect.ReasonBadPolicy},
		{"no scene", detect.NoPeople(), nil, detect.Reject, detect.ReasonNoScene},
		{"zero scene", detect.NoPeople(), &detect.Scene{}, detect.Reject, detect.ReasonBadScene},
		{"malformed scene", detect.NoPeople(), scene(float32(math.NaN())), detect.Reject, detect.ReasonBadScene},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			verdict, reason := tt.policy.Judge(tt.scene)
			if verdict != tt.verdict || reason != tt.reason {
				t.Errorf("got %v, %q; want %v, %q", verdict, reason, tt.verdict, tt.reason)
			}
		})
	}
}

func TestPolicyValidate(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		name   string
		change func(p *detect.Policy)
		want   string // part of the error; "" is valid
	}{
		{"unchanged", func(*detect.Policy) {}, ""},
		{"no doubt", func(p *detect.Policy) { p.Doubt = 0 }, ""},
		{"zero presence", func(p *detect.Policy) { p.Presence, p.Doubt = 0, 0 }, "Presence"},
		{"NaN presence", func(p *detect.Policy) { p.Presence = nan }, "Presence"},
		{"presence above one", func(p *detect.Policy) { p.Presence = 1.01 }, "Presence"},
		{"doubt above presence", func(p *detect.Policy) { p.Doubt = 0.9 }, "Doubt"},
		{"NaN doubt", func(p *detect.Policy) { p.Doubt = nan }, "Doubt"},
		{"all bystanders", func(p *detect.Policy) { p.Bystander = 1 }, "Bystander"},
		{"NaN bystander", func(p *detect.Policy) { p.Bystander = nan }, "Bystander"},
		{"negative people", func(p *detect.Policy) { p.MinPeople = -1 }, "MinPeople"},
		{"more than the most", func(p *detect.Policy) { p.MinPeople = 2 }, "MinPeople"},
		{"too many keypoints", func(p *detect.Policy) { p.MinKeypoints = 18 }, "MinKeypoints"},
		{"keypoints of nobody", func(p *detect.Policy) { p.MinPeople = 0 }, "keypoints"},
		{"keypoints at zero", func(p *detect.Policy) { p.KeypointScore = 0 }, "KeypointScore"},
		{"keypoints at NaN", func(p *detect.Policy) { p.KeypointScore = nan }, "KeypointScore"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := detect.Selfie()
			tt.change(&p)
			err := p.Validate()
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v, want a valid policy", err)
				}
				return
			}
			if !errors.Is(err, detect.ErrPolicy) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an ErrPolicy naming %s", err, tt.want)
			}
			if v, r := p.Judge(scene(0.8, body(big, 0.8, 0.9))); v != detect.Reject || r != detect.ReasonBadPolicy {
				t.Errorf("Judge gave %v, %q", v, r)
			}
		})
	}
}

func TestSceneValidate(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tests := []struct {
		name  string
		spoil func(s *detect.Scene)
		want  string
	}{
		{"no bounds", func(s *detect.Scene) { s.Bounds = image.Rectangle{} }, "bounds"},
		{"turned bounds", func(s *detect.Scene) { s.Bounds.Min, s.Bounds.Max = s.Bounds.Max, s.Bounds.Min }, "bounds"},
		{"absurd bounds", func(s *detect.Scene) { s.Bounds.Max.X = math.MaxInt32 }, "bounds"},
		{"NaN presence", func(s *detect.Scene) { s.Presence = nan }, "presence"},
		{"negative presence", func(s *detect.Scene) { s.Presence = -0.1 }, "presence"},
		{"infinite presence", func(s *detect.Scene) { s.Presence = inf }, "presence"},
		{"NaN score", func(s *detect.Scene) { s.People[1].Score = nan }, "person 1: score"},
		{"logit for a score", func(s *detect.Scene) { s.People[0].Score = 4.2 }, "person 0: score"},
		{"empty box", func(s *detect.Scene) { s.People[0].Box.Max = s.People[0].Box.Min }, "box is empty"},
		{"box leaves", func(s *detect.Scene) { s.People[0].Box.Max.X = 1001 }, "box leaves"},
		{"box elsewhere", func(s *detect.Scene) { s.People[0].Box = s.People[0].Box.Add(image.Pt(5000, 0)) }, "box leaves"},
		{"five keypoints", func(s *detect.Scene) { s.People[0].Keypoints = s.People[0].Keypoints[:5] }, "keypoints"},
		{"NaN keypoint", func(s *detect.Scene) { s.People[0].Keypoints[3].X = nan }, "keypoint 3: outside"},
		{"infinite keypoint", func(s *detect.Scene) { s.People[0].Keypoints[3].Y = -inf }, "keypoint 3: outside"},
		{"keypoint leaves", func(s *detect.Scene) { s.People[0].Keypoints[3].Y = 801 }, "keypoint 3: outside"},
		{"NaN keypoint score", func(s *detect.Scene) { s.People[0].Keypoints[3].Score = nan }, "keypoint 3: score"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scene(0.8, body(big, 0.8, 0.9), body(other, 0.4, 0.9))
			if err := s.Validate(); err != nil {
				t.Fatalf("before it was broken: %v", err)
			}
			tt.spoil(s)
			err := s.Validate()
			if !errors.Is(err, detect.ErrScene) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an ErrScene naming %q", err, tt.want)
			}
		})
	}
	var none *detect.Scene
	if err := none.Validate(); !errors.Is(err, detect.ErrScene) {
		t.Errorf("nil scene: got %v", err)
	}
	unseen := scene(0.8, body(big, 0.8, 0.9))
	unseen.People[0].Keypoints[3] = detect.Keypoint{X: nan}
	if err := unseen.Validate(); err != nil {
		t.Errorf("the place of an unseen keypoint matters: %v", err)
	}
}

// TestJudgeMonotone: more evidence never turns a refusal of an empty-room
// policy into a pass, and what Judge is given it leaves alone.
func TestJudgeMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.Float32Range(0, 1)
		s := scene(score.Draw(t, "presence"))
		for range rapid.IntRange(0, 3).Draw(t, "people") {
			x := rapid.IntRange(0, 900).Draw(t, "x")
			s.People = append(s.People, body(image.Rect(x, 0, x+rapid.IntRange(1, 100).Draw(t, "w"), 700), score.Draw(t, "score"), score.Draw(t, "kpt")))
		}
		before, _ := detect.NoPeople().Judge(s)
		s.Presence = rapid.Float32Range(s.Presence, 1).Draw(t, "more")
		if after, _ := detect.NoPeople().Judge(s); after > before {
			t.Fatalf("%v became %v with more evidence", before, after)
		}
		s.People = append(s.People, body(big, score.Draw(t, "another"), 0))
		if v, _ := detect.NoPeople().Judge(s); v == detect.Pass {
			t.Fatal("passed a room with somebody listed")
		}
	})
}

func TestVerdictString(t *testing.T) {
	for v, want := range map[detect.Verdict]string{
		detect.Pass: "pass", detect.Reject: "reject", detect.Unsure: "unsure", 77: "reject",
	} {
		if got := v.String(); got != want {
			t.Errorf("Verdict(%d) is %q, want %q", uint8(v), got, want)
		}
	}
}

func TestReasons(t *testing.T) {
	for reason, sentinel := range map[detect.Reason]error{
		detect.ReasonPeople:     detect.ErrPeople,
		detect.ReasonNobody:     detect.ErrNobody,
		detect.ReasonCrowd:      detect.ErrCrowd,
		detect.ReasonUnsure:     detect.ErrUnsure,
		detect.ReasonReviewer:   detect.ErrUnsure,
		detect.ReasonNotVisible: detect.ErrNotVisible,
		detect.ReasonNoScene:    detect.ErrScene,
		detect.ReasonBadScene:   detect.ErrScene,
		detect.ReasonBadPolicy:  detect.ErrPolicy,
		"made up":               detect.ErrUnsure,
	} {
		if err := error(&detect.PolicyError{Reason: reason}); !errors.Is(err, sentinel) {
			t.Errorf("%q does not unwrap to %v", reason, sentinel)
		}
		if text := reason.Text(); !strings.HasSuffix(text, ".") {
			t.Errorf("%q has the text %q", reason, text)
		}
	}
}
