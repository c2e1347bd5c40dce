package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
)

// personReport is one entry of "people".
type personReport struct {
	Box       [4]int       `json:"box"`
	Score     float32      `json:"score"`
	Keypoints [][3]float32 `json:"keypoints"`
}

// sceneReport is what detect prints for a file.
type sceneReport struct {
	File     string         `json:"file"`
	Presence float32        `json:"presence"`
	People   []personReport `json:"people"`
	Verdict  string         `json:"verdict"`
	Reason   string         `json:"reason"`
	MS       float64        `json:"ms"`
	Error    string         `json:"error,omitempty"`
}

func (r *sceneReport) fill(s *detect.Scene) {
	r.Presence = s.Presence
	for _, p := range s.People {
		pr := personReport{
			Box:       [4]int{p.Box.Min.X, p.Box.Min.Y, p.Box.Max.X, p.Box.Max.Y},
			Score:     p.Score,
			Keypoints: [][3]float32{},
		}
		for _, k := range p.Keypoints {
			pr.Keypoints = append(pr.Keypoints, [3]float32{k.X, k.Y, k.Score})
		}
		r.People = append(r.People, pr)
	}
}

func policies() map[string]detect.Policy {
	return map[string]detect.Policy{
		"nopeople":  detect.NoPeople(),
		"oneperson": detect.OnePerson(),
		"selfie":    detect.Selfie(),
		"anypeople": detect.AnyPeople(),
	}
}

func detectPeople(sh *shell, args []string) error {
	fs := sh.flags("detect")
	name := fs.String("policy", "", "nopeople, oneperson, selfie or anypeople; the exit status is 2 unless every picture passes.\nWithout it anypeople is judged and the status stays 0")
	lines := fs.Bool("json-lines", false, "walk directories; one JSON object a line")
	if err := parse(fs, args); err != nil {
		return err
	}
	policy, ok := policies()[*name]
	if *name == "" {
		policy, ok = detect.AnyPeople(), true
	}
	if !ok {
		return fmt.Errorf("no policy %q; there are nopeople, oneperson, selfie and anypeople", *name)
	}
	files, err := expand(fs.Args(), *lines)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no files named")
	}
	people, err := person.New(nil)
	if err != nil {
		return err
	}
	for _, f := range files {
		e := sh.detectOne(people, f, policy)
		if *name == "" && errors.Is(e, errVerdict) {
			e = nil
		}
		err = worst(err, e)
	}
	return err
}

// errVerdict marks a refusal by the policy, as opposed to one of the file.
var errVerdict = errors.New("verdict")

func (sh *shell) detectOne(d detect.Detector, f file, p detect.Policy) error {
	start := time.Now()
	r := &sceneReport{File: f.path, People: []personReport{}, Verdict: detect.Reject.String()}
	verdict, err := r.screen(d, f, p)
	r.MS = float64(time.Since(start).Microseconds()) / 1000
	if err != nil {
		r.Error = err.Error()
	} else {
		r.Verdict = verdict.String()
	}
	if perr := sh.print(r); perr != nil {
		return perr
	}
	if err == nil && verdict != detect.Pass {
		return fmt.Errorf("%w: %w: %w", errRefused, errVerdict, errReported)
	}
	return classify(err)
}

// screen fills r from the picture in f and returns the verdict. A verdict
// against the picture is no error here.
func (r *sceneReport) screen(d detect.Detector, f file, p detect.Policy) (detect.Verdict, error) {
	if f.err != nil {
		return detect.Reject, f.err
	}
	photo, err := load(f.path)
	if err != nil {
		return detect.Reject, err
	}
	ctx := context.Background()
	screened, err := detect.Screen(ctx, d, photo, p, nil)
	var refused *detect.PolicyError
	switch {
	case err == nil:
		r.fill(screened.Scene())
		_, reason := p.Judge(screened.Scene())
		r.Reason = string(reason)
		return detect.Pass, nil
	case errors.As(err, &refused) && refused.Scene != nil:
		r.fill(refused.Scene)
		r.Reason = string(refused.Reason)
		verdict, _ := p.Judge(refused.Scene)
		return verdict, nil
	default:
		return detect.Reject, err
	}
}

// load sanitises the picture at path.
func load(path string) (*imageproc.Clean, error) {
	in, err := open(path, &imageReport{})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return imageproc.Sanitize(context.Background(), in, nil)
}
