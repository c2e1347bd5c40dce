package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
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
	photo := fs.String("photo", "", "picture of the person")
	item := fs.String("item", "", "product picture: a garment laid flat on a plain background, or cut out")
	backend := fs.String("backend", "overlay", "overlay")
	out := fs.String("out", "", "where the result goes")
	if err := parse(fs, args); err != nil {
		return err
	}
	switch {
	case *photo == "" || *item == "" || *out == "":
		return errors.New("-photo, -item and -out are needed")
	case *backend == "room":
		return errors.New("the room backend is not there yet")
	case *backend != "overlay":
		return fmt.Errorf("no backend %q; there is overlay", *backend)
	case sameFile(*photo, *out) || sameFile(*item, *out):
		return errors.New("-out would overwrite an input")
	}
	if err := checkOutput(*photo, *out); err != nil {
		return err
	}
	r := &tryOnReport{File: *out, Backend: *backend, Marks: []string{}, Warnings: []codeAndText{}}
	err := leaveNothing(*out, r.render(*photo, *item, *out))
	if err != nil {
		r.Error = err.Error()
	}
	if perr := sh.print(r); perr != nil {
		return perr
	}
	return classify(err)
}

// render runs the whole way with an unmanaged permit: whoever types the
// command answers for the consent.
func (r *tryOnReport) render(photoPath, itemPath, out string) error {
	ctx := context.Background()
	photo, err := load(photoPath)
	if err != nil {
		return fmt.Errorf("photo: %w", err)
	}
	item, err := load(itemPath)
	if err != nil {
		return fmt.Errorf("item: %w", err)
	}
	people, err := person.New(nil)
	if err != nil {
		return err
	}
	screened, err := detect.Screen(ctx, people, photo, detect.Selfie(), nil)
	if err != nil {
		return err
	}
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}})
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
	})
	if err != nil {
		return err
	}
	r.fill(result)
	return create(out, func(w io.Writer) error {
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
