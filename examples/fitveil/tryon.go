package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
	"github.com/fitveil/fitveil/tryon/room"
)

// tryOnReport is what tryon prints.
type tryOnReport struct {
	File     string        `json:"file"`
	Backend  string        `json:"backend"`
	Marks    []string      `json:"marks"`
	Warnings []codeAndText `json:"warnings"`
	Error    string        `json:"error,omitempty"`
}

// codeAndText is a warning: the code for machines, the text for people.
type codeAndText struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func tryOn(sh *shell, args []string) error {
	fs := sh.flags("tryon")
	photo := fs.String("photo", "", "picture of the person, or of the room")
	item := fs.String("item", "", "product picture: a garment laid flat on a plain background, or cut out;\nfor a room whatever hangs, lies or stands")
	backend := fs.String("backend", "overlay", "overlay draws a garment on a person, room a product in a room")
	quad := fs.String("quad", "", "room: the corners of the place in displayed pixels,\nX,Y of top left, top right, bottom right, bottom left")
	standing := fs.Bool("standing", false, "room: the product stands on the lower edge of -quad instead of lying flat in it")
	out := fs.String("out", "", "where the result goes")
	if err := parse(fs, args); err != nil {
		return err
	}
	switch {
	case *photo == "" || *item == "" || *out == "":
		return errors.New("-photo, -item and -out are needed")
	case *backend != "overlay" && *backend != "room":
		return fmt.Errorf("no backend %q; there are overlay and room", *backend)
	case *backend == "overlay" && (*quad != "" || *standing):
		return errors.New("-quad and -standing are for -backend room")
	case sameFile(*photo, *out) || sameFile(*item, *out):
		return errors.New("-out would overwrite an input")
	}
	if err := checkOutput(*photo, *out); err != nil {
		return err
	}
	job := &tryOnJob{photo: *photo, item: *item, out: *out, backend: overlay.New(nil), policy: detect.Selfie()}
	if *backend == "room" {
		corners, err := parseQuad(*quad)
		if err != nil {
			return err
		}
		job.backend, job.policy, job.task = room.New(&room.Options{Standing: *standing}), detect.NoPeople(), tryon.InRoom
		job.region = tryon.EditRegion{Polygon: corners}
	}
	r := &tryOnReport{File: *out, Backend: *backend, Marks: []string{}, Warnings: []codeAndText{}}
	err := leaveNothing(*out, r.render(job))
	if err != nil {
		r.Error = err.Error()
	}
	if perr := sh.print(r); perr != nil {
		return perr
	}
	return classify(err)
}

// tryOnJob is what is to be drawn.
type tryOnJob struct {
	photo, item, out string
	backend          tryon.Backend
	policy           detect.Policy
	task             tryon.Task
	region           tryon.EditRegion
}

// parseQuad reads four corners, eight numbers between commas.
func parseQuad(s string) ([]tryon.Point, error) {
	numbers := strings.Split(s, ",")
	if len(numbers) != 8 {
		return nil, fmt.Errorf("-quad wants eight numbers: X,Y of top left, top right, bottom right, bottom left; not %q", s)
	}
	var p [4]tryon.Point
	for i, n := range numbers {
		v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		if err != nil {
			return nil, fmt.Errorf("-quad: %q is no number", n)
		}
		if i%2 == 0 {
			p[i/2].X = v
		} else {
			p[i/2].Y = v
		}
	}
	return p[:], nil
}

// render runs the whole way with an unmanaged permit: whoever types the
// command answers for the consent.
func (r *tryOnReport) render(job *tryOnJob) error {
	ctx := context.Background()
	photo, err := load(job.photo)
	if err != nil {
		return fmt.Errorf("photo: %w", err)
	}
	item, err := load(job.item)
	if err != nil {
		return fmt.Errorf("item: %w", err)
	}
	people, err := person.New(nil)
	if err != nil {
		return err
	}
	screened, err := detect.Screen(ctx, people, photo, job.policy, nil)
	if err != nil {
		return err
	}
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: job.backend}}})
	if err != nil {
		return err
	}
	key := make([]byte, 32)
	rand.Read(key)
	subject := consent.NewSubject(key, "command-line", "operator")
	permit := consent.Unmanaged("run by hand from the command line").For(subject)
	result, err := client.Render(ctx, permit, &tryon.Request{
		Subject: subject,
		Photo:   screened,
		Items:   []tryon.Item{{ID: "item", Image: item, Garment: tryon.Top}},
		Task:    job.task,
		Region:  job.region,
	})
	if err != nil {
		return err
	}
	r.fill(result)
	return create(job.out, func(w io.Writer) error {
		_, err := io.Copy(w, result.Images[0].Reader())
		return err
	})
}

func (r *tryOnReport) fill(result *tryon.Result) {
	r.Backend = result.Backend
	for _, m := range result.Marks {
		r.Marks = append(r.Marks, m.Kind+" "+m.Value)
	}
	for _, w := range result.Warnings {
		r.Warnings = append(r.Warnings, codeAndText{w.Code, w.Text})
	}
}
