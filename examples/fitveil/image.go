package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fitveil/fitveil/imageproc"
)

// finding is one entry of "removed".
type finding struct {
	Carrier string            `json:"carrier"`
	Bytes   int               `json:"bytes"`
	Classes []imageproc.Class `json:"classes"`
}

// imageReport is what strip, inspect and sanitize print for a file.
type imageReport struct {
	File        string    `json:"file"`
	Format      string    `json:"format"`
	OK          bool      `json:"ok"`
	Error       string    `json:"error"`
	BytesIn     int64     `json:"bytes_in"`
	BytesOut    int64     `json:"bytes_out"`
	Orientation int       `json:"orientation"`
	Removed     []finding `json:"removed"`
	Mended      []string  `json:"mended,omitempty"`
	Kept        []string  `json:"kept,omitempty"`

	Credentials *imageproc.Credentials `json:"credentials,omitempty"`
	Baking      imageproc.Baking       `json:"baking,omitempty"`

	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

func (r *imageReport) fill(rep *imageproc.Report) {
	if rep == nil {
		return
	}
	r.Format = rep.Format.String()
	r.BytesIn, r.BytesOut, r.Orientation = rep.BytesIn, rep.BytesOut, rep.Orientation
	r.Mended, r.Kept, r.Credentials, r.Baking = rep.Mended, rep.Kept, rep.Credentials, rep.Baking
	for _, f := range rep.Removed {
		r.Removed = append(r.Removed, finding{f.Carrier, f.Bytes, f.Classes})
	}
}

// finish prints the report of one file and says how it went. An unreadable
// file is an I/O error, everything imageproc turns down is a refusal.
func (sh *shell) finish(r *imageReport, err error) error {
	if r.Removed == nil {
		r.Removed = []finding{}
	}
	r.OK = err == nil
	if err != nil {
		r.Error = err.Error()
		r.BytesOut = 0
	}
	if perr := sh.print(r); perr != nil {
		return perr
	}
	return classify(err)
}

// classify tells a refusal from an I/O error; its text went out with the JSON.
func classify(err error) error {
	var perr *os.PathError
	var lerr *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &perr), errors.As(err, &lerr), errors.Is(err, errUsage):
		return fmt.Errorf("%w: %w", errReported, err)
	default:
		return fmt.Errorf("%w: %w", errRefused, errReported)
	}
}

// errUsage marks a mistake in the arguments that shows only with a file at hand.
var errUsage = errors.New("usage")

// open opens an input, which may be a pipe, and notes the format it begins with.
func open(path string, r *imageReport) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &os.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.BytesIn = info.Size()
	if info.Mode().IsRegular() {
		var prefix [32]byte
		n, err := f.ReadAt(prefix[:], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, f.Close())
		}
		r.Format = imageproc.Sniff(prefix[:n]).String()
		return f, nil // a file itself, which imageproc need not hold in memory
	}
	in := bufio.NewReaderSize(f, 1<<16)
	prefix, err := in.Peek(32) // a pipe can be read only once
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	r.Format = imageproc.Sniff(prefix).String()
	return struct {
		io.Reader
		io.Closer
	}{in, f}, nil
}

func strip(sh *shell, args []string) error {
	fs := sh.flags("strip")
	dir := fs.String("o", "", "write results into this directory, under their own names")
	lines := fs.Bool("json-lines", false, "walk directories; one JSON object a line")
	var o imageproc.StripOptions
	fs.BoolVar(&o.BakeOrientation, "bake", false, "turn JPEG files upright without loss, where that can be done")
	fs.BoolVar(&o.Thorough, "thorough", false, "follow coded pixels to their end, and take out what hides behind it; takes several times as long")
	fs.Func("keep", "what of the metadata to keep: copyright, source, gainmap, provenance; several with commas", func(list string) error {
		return keep(&o.Keep, list)
	})
	if err := parse(fs, args); err != nil {
		return err
	}
	if *dir == "" {
		if fs.NArg() != 2 {
			return errors.New("want IN OUT, or -o DIR and files; fitveil strip -h explains")
		}
		return sh.stripOne(file{path: fs.Arg(0)}, fs.Arg(1), &o)
	}
	files, err := expand(fs.Args(), *lines)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no files named")
	}
	written := map[string]bool{}
	for _, f := range files {
		out := filepath.Join(*dir, f.rel)
		if written[out] {
			e := sh.finish(&imageReport{File: f.path}, fmt.Errorf("%w: a file of this name was written already", errUsage))
			err = worst(err, e)
			continue
		}
		written[out] = true
		if f.err == nil {
			f.err = os.MkdirAll(filepath.Dir(out), 0o755)
		}
		err = worst(err, sh.stripOne(f, out, &o))
	}
	return err
}

// keep reads the names of what is to be kept.
func keep(k *imageproc.Keep, list string) error {
	for name := range strings.SplitSeq(list, ",") {
		switch name {
		case "copyright":
			k.Copyright = true
		case "source":
			k.SourceType = true
		case "gainmap":
			k.GainMap = true
		case "provenance":
			k.Provenance = true
		default:
			return errors.New("none of copyright, source, gainmap, provenance")
		}
	}
	return nil
}

func (sh *shell) stripOne(f file, out string, o *imageproc.StripOptions) error {
	r := &imageReport{File: f.path}
	return sh.finish(r, leaveNothing(out, r.strip(f, out, o)))
}

func (r *imageReport) strip(f file, out string, o *imageproc.StripOptions) error {
	if f.err != nil {
		return f.err
	}
	in, err := open(f.path, r)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := checkOutput(f.path, out); err != nil {
		return err
	}
	return create(out, func(w io.Writer) error {
		rep, err := imageproc.Strip(w, in, o)
		r.fill(rep)
		return err
	})
}

func inspect(sh *shell, args []string) error {
	fs := sh.flags("inspect")
	lines := fs.Bool("json-lines", false, "walk directories; one JSON object a line")
	if err := parse(fs, args); err != nil {
		return err
	}
	files, err := expand(fs.Args(), *lines)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no files named")
	}
	for _, f := range files {
		r := &imageReport{File: f.path}
		err = worst(err, sh.finish(r, r.inspect(f)))
	}
	return err
}

func (r *imageReport) inspect(f file) error {
	if f.err != nil {
		return f.err
	}
	in, err := open(f.path, r)
	if err != nil {
		return err
	}
	defer in.Close()
	rep, err := imageproc.Inspect(in, nil)
	r.fill(rep)
	return err
}

func sanitize(sh *shell, args []string) error {
	fs := sh.flags("sanitize")
	maxSide := fs.Int("max-side", 0, "longest side of the result in pixels; 0 keeps the pixels bit for bit")
	quality := fs.Int("quality", 85, "JPEG quality, 1 to 100, where -max-side re-encodes")
	if err := parse(fs, args); err != nil {
		return err
	}
	switch {
	case fs.NArg() != 2:
		return errors.New("want IN OUT; fitveil sanitize -h explains")
	case *quality < 1 || *quality > 100:
		return fmt.Errorf("quality %d is not between 1 and 100", *quality)
	case *maxSide < 0:
		return fmt.Errorf("max-side %d is negative", *maxSide)
	}
	forgetStartup()
	in, out := fs.Arg(0), fs.Arg(1)
	r := &imageReport{File: in}
	err := r.sanitize(in, out, &imageproc.SanitizeOptions{MaxSide: *maxSide, Quality: *quality})
	return sh.finish(r, leaveNothing(out, err))
}

func (r *imageReport) sanitize(path, out string, o *imageproc.SanitizeOptions) error {
	in, err := open(path, r)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := checkOutput(path, out); err != nil {
		return err
	}
	photo, err := imageproc.Sanitize(context.Background(), in, o)
	if err != nil {
		return err
	}
	r.fill(photo.Report())
	r.Width, r.Height = photo.Bounds().Dx(), photo.Bounds().Dy()
	return create(out, func(w io.Writer) error {
		_, err := io.Copy(w, photo.Reader())
		return err
	})
}
