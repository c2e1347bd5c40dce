package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/fitveil/fitveil/sizing"
)

// bodyLine is one line of input: a body under the names of the library, and an
// id that comes back with the answer.
type bodyLine struct {
	id   json.RawMessage
	body sizing.Body
}

// parseBody reads {"id":..., "sex":"female", "height_cm":168, "weight_kg":64, ...}.
// A key it does not know is an error: a misspelt measurement must not be taken
// for one that was not given.
func parseBody(line []byte) (bodyLine, error) {
	b := bodyLine{id: json.RawMessage("null")}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return b, errors.New("the line is not a JSON object")
	}
	if id, ok := fields["id"]; ok {
		b.id = id
		delete(fields, "id")
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := b.set(name, fields[name]); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (b *bodyLine) set(name string, raw json.RawMessage) error {
	switch name {
	case "sex":
		return choose(&b.body.Sex, raw, name, map[string]sizing.Sex{
			"": sizing.Unspecified, "unspecified": sizing.Unspecified, "female": sizing.Female, "male": sizing.Male,
		})
	case "source":
		return choose(&b.body.Source, raw, name, map[string]sizing.Source{
			"tape": sizing.Tape, "self-reported": sizing.SelfReported, "self_reported": sizing.SelfReported, "scanner": sizing.Scanner,
		})
	case "population":
		return choose(&b.body.Population, raw, name, map[string]sizing.Population{
			"": sizing.AsMeasured, "as measured": sizing.AsMeasured, "civilians": sizing.Civilians, "active": sizing.Active,
		})
	}
	if name == "shape" {
		var text string
		shape, err := sizing.UnknownShape, json.Unmarshal(raw, &text)
		if err == nil {
			shape, err = sizing.ParseShape(text)
		}
		b.body.Shape = shape
		return err
	}
	var v float64
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	if json.Unmarshal(raw, &v) != nil {
		return fmt.Errorf("%q is not a number", name)
	}
	return b.body.Set(name, v)
}

func choose[T any](dst *T, raw json.RawMessage, name string, values map[string]T) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if v, ok := values[s]; ok {
			*dst = v
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %q", name, slices.Sorted(maps.Keys(values)))
}

// eachBody answers every line of standard input. A bad line is answered with
// an error and does not stop the rest.
func (sh *shell) eachBody(answer func(bodyLine) (any, error)) error {
	in := bufio.NewScanner(sh.in)
	in.Buffer(nil, 1<<20)
	var outcome error
	for in.Scan() {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 {
			continue
		}
		b, err := parseBody(line)
		var out any
		if err == nil {
			out, err = answer(b)
		}
		if err != nil {
			out = struct {
				ID    json.RawMessage `json:"id"`
				Error string          `json:"error"`
			}{b.id, err.Error()}
			outcome = fmt.Errorf("%w: %w", errRefused, errReported)
		}
		if err := sh.print(out); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return outcome
}

// length and mass are one measurement, under the unit in their names.
type length struct {
	Mean   float64 `json:"mean_cm"`
	SD     float64 `json:"sd_cm"`
	Lo95   float64 `json:"lo95_cm"`
	Hi95   float64 `json:"hi95_cm"`
	Source string  `json:"source"`
}

type mass struct {
	Mean   float64 `json:"mean_kg"`
	SD     float64 `json:"sd_kg"`
	Lo95   float64 `json:"lo95_kg"`
	Hi95   float64 `json:"hi95_kg"`
	Source string  `json:"source"`
}

func source(m sizing.Measurement) string {
	if m.Given {
		return "given"
	}
	return "estimated"
}

type estimateLine struct {
	ID           json.RawMessage  `json:"id"`
	Measurements map[string]any   `json:"measurements"`
	Warnings     []sizing.Warning `json:"warnings"`
}

func estimate(sh *shell, args []string) error {
	fs := sh.flags("estimate")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return errors.New("estimate reads JSON lines from standard input and takes no files")
	}
	return sh.eachBody(func(b bodyLine) (any, error) {
		e, err := sizing.Estimate(&b.body)
		if err != nil {
			return nil, err
		}
		out := estimateLine{ID: b.id, Measurements: map[string]any{}, Warnings: listed(e.Warnings())}
		for m := range e.All() {
			out.Measurements[m.Name] = length{m.Mean, m.SD, m.Lo95, m.Hi95, source(m)}
		}
		w := e.Weight()
		out.Measurements["weight_kg"] = mass{w.Mean, w.SD, w.Lo95, w.Hi95, source(w)}
		return out, nil
	})
}

// listed makes an empty list of none, so that JSON never says null.
func listed(in []sizing.Warning) []sizing.Warning { return append([]sizing.Warning{}, in...) }

type area struct {
	Name string     `json:"name"`
	Fit  sizing.Fit `json:"fit"`
	Ease float64    `json:"ease_cm"`
}

type sizeFit struct {
	Label string  `json:"label"`
	P     float64 `json:"p"`
	Areas []area  `json:"areas"`
}

type sizeLine struct {
	ID         json.RawMessage  `json:"id"`
	Chart      string           `json:"chart"`
	Size       string           `json:"size"`
	Confidence float64          `json:"confidence"`
	Between    []string         `json:"between"`
	Sizes      []sizeFit        `json:"sizes"`
	Wanted     string           `json:"wanted"`
	Reasons    []sizing.Reason  `json:"reasons"`
	Ask        []question       `json:"ask,omitempty"`
	Warnings   []sizing.Warning `json:"warnings"`
}

// question is a measurement worth asking for, and how much surer the answer would be.
type question struct {
	Field string  `json:"field"`
	Gain  float64 `json:"gain"`
}

func size(sh *shell, args []string) error {
	fs := sh.flags("size")
	file := fs.String("chart", "", "size chart: JSON, CSV, XLSX, HTML or JSON-LD")
	fit := fs.String("fit", "regular", "how the person likes clothes to sit: slim, regular or loose")
	stock := fs.String("stock", "", "sizes that can be had, parted by commas; all where empty")
	ask := fs.Bool("ask", false, "say what else to ask for, most useful first")
	if err := parse(fs, args); err != nil {
		return err
	}
	prefer, ok := map[string]sizing.Preference{"slim": sizing.SlimFit, "regular": sizing.Regular, "loose": sizing.LooseFit}[*fit]
	switch {
	case *file == "":
		return errors.New("-chart is needed")
	case !ok:
		return fmt.Errorf("-fit %q is not slim, regular or loose", *fit)
	case fs.NArg() > 0:
		return errors.New("size reads JSON lines from standard input and takes no files")
	}
	chart, err := sh.chart(*file)
	if err != nil {
		return err
	}
	o := &sizing.Options{Prefer: prefer}
	if *stock != "" {
		have := strings.Split(*stock, ",")
		o.InStock = func(size string) bool { return slices.Contains(have, size) }
	}
	return sh.eachBody(func(b bodyLine) (any, error) {
		r, err := chart.Recommend(&b.body, o)
		if err != nil {
			return nil, err
		}
		line := newSizeLine(b.id, chart.ID(), r)
		if *ask {
			list, err := chart.Ask(&b.body, o)
			if err != nil {
				return nil, err
			}
			for _, q := range list {
				line.Ask = append(line.Ask, question{q.Field, q.Gain})
			}
		}
		return line, nil
	})
}

// chart reads a chart and says on standard error what looks wrong with it.
func (sh *shell) chart(path string) (*sizing.Chart, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	chart, err := sizing.ParseChart(io.LimitReader(f, 16<<20), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, placed(err))
	}
	for _, guess := range chart.Guesses() {
		fmt.Fprintf(sh.err, "fitveil: %s: guessed: %s\n", path, guess.Text)
	}
	for _, issue := range chart.Lint() {
		fmt.Fprintf(sh.err, "fitveil: %s: %s\n", path, issue.Text)
	}
	return chart, nil
}

// position is where a chart in JSON is at fault, as far as it does not quote a key.
var position = regexp.MustCompile(`^(sizes|rows|dimensions|columns)\[\d+\]`)

// placed says where a chart is at fault without quoting it: the file may not be
// a chart at all, and standard error often ends in a log.
func placed(err error) error {
	var c *sizing.ChartError
	if !errors.As(err, &c) {
		return err
	}
	said := *c
	said.Where = position.FindString(c.Where)
	if strings.Contains(c.Reason, `"`) || strings.HasPrefix(c.Reason, "unexpected ") {
		said.Reason = "not a size chart, or there is a mistake here"
	}
	return &said
}

func newSizeLine(id json.RawMessage, chart string, r *sizing.Recommendation) sizeLine {
	out := sizeLine{
		ID: id, Chart: chart, Size: r.Size, Confidence: r.Confidence,
		Between: []string{}, Sizes: []sizeFit{}, Wanted: r.Wanted, Reasons: append([]sizing.Reason{}, r.Reasons...), Warnings: listed(r.Warnings),
	}
	if r.Between[0] != "" {
		out.Between = r.Between[:]
	}
	for _, s := range r.Sizes {
		fit := sizeFit{Label: s.Label, P: s.P, Areas: []area{}}
		for _, a := range s.Areas {
			fit.Areas = append(fit.Areas, area{a.Name, a.Fit, float64(a.Ease)})
		}
		out.Sizes = append(out.Sizes, fit)
	}
	return out
}
