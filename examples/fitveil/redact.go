package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
)

// redactReport is what redact prints.
type redactReport struct {
	File    string   `json:"file"`
	Regions [][4]int `json:"regions"`
	Error   string   `json:"error,omitempty"`
}

func redact(sh *shell, args []string) error {
	fs := sh.flags("redact")
	what := fs.String("what", "people", "people (their whole boxes) or faces")
	how := fs.String("mode", "pixelate", "pixelate, blur or fill; none of them can be undone")
	if err := parse(fs, args); err != nil {
		return err
	}
	mode, ok := map[string]imageproc.RedactMode{"pixelate": imageproc.Pixelate, "blur": imageproc.Blur, "fill": imageproc.Fill}[*how]
	switch {
	case fs.NArg() != 2:
		return errors.New("want IN OUT")
	case *what != "people" && *what != "faces":
		return fmt.Errorf("-what %q; there are people and faces", *what)
	case !ok:
		return fmt.Errorf("-mode %q; there are pixelate, blur and fill", *how)
	}
	in, out := fs.Arg(0), fs.Arg(1)
	r := &redactReport{File: in, Regions: [][4]int{}}
	err := leaveNothing(out, r.redact(in, out, *what == "faces", mode))
	if err != nil {
		r.Error = err.Error()
		r.Regions = [][4]int{}
	}
	if perr := sh.print(r); perr != nil {
		return perr
	}
	return classify(err)
}

// redact takes metadata and people out of the picture in.
func (r *redactReport) redact(in, out string, faces bool, mode imageproc.RedactMode) error {
	if err := checkOutput(in, out); err != nil {
		return err
	}
	photo, err := load(in)
	if err != nil {
		return err
	}
	people, err := person.New(nil)
	if err != nil {
		return err
	}
	scene, err := sceneOf(people, photo)
	if err != nil {
		return err
	}
	var regions []image.Rectangle
	for i := range scene.People {
		p := &scene.People[i]
		region := p.Box
		if faces {
			region = p.Head(scene.Bounds)
		}
		regions = append(regions, region)
		r.Regions = append(r.Regions, [4]int{region.Min.X, region.Min.Y, region.Max.X, region.Max.Y})
	}
	img, err := photo.Image(nil)
	if err != nil {
		return err
	}
	canvas, ok := img.(draw.Image)
	if !ok {
		rgba := image.NewRGBA(img.Bounds())
		draw.Draw(rgba, rgba.Rect, img, img.Bounds().Min, draw.Src)
		canvas = rgba
	}
	if err := imageproc.Redact(canvas, regions, &imageproc.RedactOptions{Mode: mode}); err != nil {
		return err
	}
	f := photo.Format()
	if f != imageproc.PNG {
		f = imageproc.JPEG
	}
	return create(out, func(w io.Writer) error {
		return imageproc.Encode(w, canvas, f, &imageproc.EncodeOptions{Quality: 92, ColoursOf: photo})
	})
}

// sceneOf finds people. Somebody who is felt and not found can't be redacted:
// then it is an error.
func sceneOf(d detect.Detector, photo *imageproc.Clean) (*detect.Scene, error) {
	screened, err := detect.Screen(context.Background(), d, photo, detect.AnyPeople(), nil)
	var refused *detect.PolicyError
	switch {
	case err == nil:
		return screened.Scene(), nil
	case errors.As(err, &refused) && refused.Scene != nil && (len(refused.Scene.People) > 0 || errors.Is(err, detect.ErrNobody)):
		return refused.Scene, nil
	case refused != nil:
		return nil, errors.New("somebody may be in the picture, but it can't be told where")
	}
	return nil, err
}
