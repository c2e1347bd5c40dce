// Command sizeplot draws why a size was named: for each dimension of a chart the
// sizes' ranges as bars, and over them what the library believes of the body. It
// writes an SVG, or a PNG where the file's name ends so.
//
//	sizeplot -chart chart.csv -out why.svg < body.json
//	sizeplot -chart chart.csv -out why.png < body.json
//
// The body is one JSON object: {"sex":"female","height_cm":168,"weight_kg":64,"age":34}.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fitveil/fitveil/sizing"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stderr)) }

func run(args []string, in io.Reader, errw io.Writer) int {
	fs := flag.NewFlagSet("sizeplot", flag.ContinueOnError)
	fs.SetOutput(errw)
	chart := fs.String("chart", "", "size chart: CSV, JSON, XLSX, HTML or JSON-LD")
	out := fs.String("out", "", "file to write, .svg or .png; it must not exist")
	if fs.Parse(args) != nil {
		return 1
	}
	if *chart == "" || *out == "" {
		fmt.Fprintln(errw, "sizeplot: -chart and -out are needed")
		return 1
	}
	if err := plot(*chart, *out, in); err != nil {
		fmt.Fprintln(errw, "sizeplot:", err)
		return 1
	}
	return 0
}

// plot reads the chart and the body and writes the picture.
func plot(chartPath, outPath string, in io.Reader) error {
	f, err := os.Open(chartPath)
	if err != nil {
		return err
	}
	defer f.Close()
	c, err := sizing.ParseChart(f, nil)
	if err != nil {
		return err
	}
	b, err := readBody(in)
	if err != nil {
		return err
	}
	r, err := c.Recommend(b, nil)
	if err != nil {
		return err
	}
	e, err := sizing.Estimate(withSex(b, c.Sex()))
	if err != nil {
		return err
	}
	blank := newSVG
	if strings.EqualFold(filepath.Ext(outPath), ".png") {
		blank = newPNG
	}
	picture, err := draw(c, r, e, blank)
	if err != nil {
		return err
	}
	w, err := os.OpenFile(outPath, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = w.Write(picture)
	return errors.Join(err, w.Close())
}

// withSex is b with the chart's sex where its own is not given.
func withSex(b *sizing.Body, sex sizing.Sex) *sizing.Body {
	c := *b
	if c.Sex == sizing.Unspecified {
		c.Sex = sex
	}
	return &c
}

func readBody(in io.Reader) (*sizing.Body, error) {
	var fields map[string]any
	if err := json.NewDecoder(io.LimitReader(in, 1<<16)).Decode(&fields); err != nil {
		return nil, errors.New("the body is not a JSON object")
	}
	b := new(sizing.Body)
	for name, v := range fields {
		var err error
		switch v := v.(type) {
		case string:
			switch name {
			case "sex":
				b.Sex, err = sizing.ParseSex(v)
			case "source":
				b.Source, err = sizing.ParseSource(v)
			case "shape":
				b.Shape, err = sizing.ParseShape(v)
			default:
				err = fmt.Errorf("%q is not a number", name)
			}
		case float64:
			err = b.Set(name, v)
		default:
			err = fmt.Errorf("%q is neither text nor a number", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}
