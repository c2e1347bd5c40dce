package sizing_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
	"github.com/google/go-cmp/cmp"
)

// sizeOf is the size an exactly measured body gets.
func sizeOf(t *testing.T, c *sizing.Chart, set map[string]float64) string {
	t.Helper()
	b := &sizing.Body{Sex: sizing.Female, Source: sizing.Scanner}
	for name, v := range set {
		if err := b.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	r, err := c.Recommend(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Size
}

func TestParseCSV(t *testing.T) {
	for _, q := range []struct {
		name, text string
		opts       *sizing.ChartOptions
		dims       string
		want       map[float64]string // of the first dimension, in cm
	}{
		{"ranges", "size,chest\nS,86-94\nM,94-102\nL,102-110", nil, "chest", map[float64]string{85.9: "", 86: "S", 93.9: "S", 94: "M", 101.9: "M", 102: "L", 110: ""}},
		{"semicolons, decimal commas, dashes", "Size;Bust (cm)\nS;82,5–90,5\nM;90,5 — 98,5\n", nil, "bust", map[float64]string{82: "", 82.5: "S", 90.4: "S", 90.6: "M", 98.6: ""}},
		{"tabs and units in the header", "Label\tChest circumference [in]\nS\t34-36\nM\t36-38\n", nil, "chest", map[float64]string{86.4: "S", 91.43: "S", 91.45: "M", 96.6: ""}},
		{"units in the cell", "size,waist\n30,\"30 in - 32 in\"\n32,32-34 in\n", nil, "waist", map[float64]string{76.3: "30", 81.4: "32"}},
		{"unit by option", "size,waist\n30,30-32\n32,32-34\n", &sizing.ChartOptions{Unit: sizing.Inch}, "waist", map[float64]string{76.3: "30", 81.4: "32"}},
		{"two columns per range", "size,chest min (cm),chest max (cm)\nS,86,94\nM,94,102\n", nil, "chest", map[float64]string{90: "S", 99: "M"}},
		{"names of the command line", "label,chest_cm_min,chest_cm_max\nS,86,94\nM,94,102\n", nil, "chest", map[float64]string{90: "S", 99: "M"}},
		{"whole centimetres leave gaps of one", "size,chest\nS,86-93\nM,94-101\n", nil, "chest", map[float64]string{93.4: "S", 93.6: "M"}},
		{"overlap splits in the middle", "size,chest\nS,86-96\nM,92-104\n", nil, "chest", map[float64]string{93.9: "S", 94.1: "M"}},
		{"points", "size,bust\n36,84\n38,88\n40,92\n", nil, "bust", map[float64]string{81.9: "", 82.1: "36", 85.9: "36", 86.1: "38", 90.1: "40", 93.9: "40", 94.1: ""}},
		{"open ends", "size,chest\nS,up to 94\nM,94-102\nL,102+\n", nil, "chest", map[float64]string{40: "S", 100: "M", 200: "L"}},
		{"comparison signs", "size,chest\nS,<94\nM,94-102\nL,>102\n", nil, "chest", map[float64]string{40: "S", 100: "M", 200: "L"}},
		{"fractions", "size,waist (in)\n0,25 3/8\n2,26 1/8\n4,27½\n", nil, "waist", map[float64]string{64.5: "0", 66.3: "2", 70: "4"}},
		{"largest first", "size,chest\nL,102-110\nM,94-102\nS,86-94\n", nil, "chest", map[float64]string{88: "S", 95: "M", 105: "L"}},
		{"comments, blank lines, byte order mark", "\ufeff# made by hand\nsize,chest\n\nS,86-94\n,\nM,94-102\n", nil, "chest", map[float64]string{88: "S", 95: "M"}},
		{"label column anywhere", "chest,EU\n86-94,S\n94-102,M\n", nil, "chest", map[float64]string{88: "S"}},
		{"to fit", "size,To fit chest (cm)\nS,86-94\nM,94-102\n", nil, "chest", map[float64]string{88: "S"}},
		{"millimetres", "size,Foot length (mm)\n41,255-260\n42,260-267\n", nil, "foot_length", map[float64]string{25.7: "41", 26.5: "42"}},
		{"blank cell", "size,chest\nS,86-94\nM,\nL,102-110\nXL,110-118\n", nil, "chest", map[float64]string{90: "S", 97: "M", 105: "L"}},
	} {
		t.Run(q.name, func(t *testing.T) {
			c, err := sizing.ParseChart(strings.NewReader(q.text), q.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Dimensions(), " "); got != q.dims {
				t.Fatalf("dimensions %q, want %q", got, q.dims)
			}
			for x, want := range q.want {
				if got := sizeOf(t, c, map[string]float64{q.dims: x}); got != want {
					t.Errorf("%v cm is %q, want %q", x, got, want)
				}
			}
		})
	}
}

func TestParseJSON(t *testing.T) {
	const ours = `{"fitveil_chart": 1, "id": "acme", "title": "Acme tops", "unit": "in", "sex": "female",
		"dimensions": [{"name": "bust"}, {"name": "waist", "secondary": true}],
		"sizes": [{"label": "S", "bust": [32, 35], "waist": 26, "us": "4"}, {"label": "M", "bust": "35-38", "waist": {"min": 28, "max": null}},
		          {"label": "L", "bust": {"min": 38, "max": 42}}]}`
	c := parse(t, ours)
	if c.ID() != "acme" || c.Title() != "Acme tops" || c.Sex() != sizing.Female {
		t.Errorf("got id %q, title %q, sex %v", c.ID(), c.Title(), c.Sex())
	}
	if diff := cmp.Diff([]string{"S", "M", "L"}, c.Sizes()); diff != "" {
		t.Error(diff)
	}
	for x, want := range map[float64]string{81: "", 82: "S", 88.8: "S", 89: "M", 96.6: "L", 107: ""} {
		// The waist is secondary: however large, it does not decide.
		if got := sizeOf(t, c, map[string]float64{"bust": x, "waist": 140}); got != want {
			t.Errorf("%v cm is %q, want %q", x, got, want)
		}
	}
	// Nested, with an end per key, and a chart's own words for the hips.
	c = parse(t, `{"sizes": [{"label": "S", "measurements": {"chest_min_cm": 86, "chest_max_cm": 94, "hip": [90, 98]}}, {"label": "M", "measurements": {"chest_min_cm": 94, "chest_max_cm": 102, "hip": [98, 106]}}]}`)
	if got := sizeOf(t, c, map[string]float64{"chest": 92, "hips": 94}) + sizeOf(t, c, map[string]float64{"chest": 92, "hips": 99}); got != "SM" {
		t.Errorf("nested: got %q", got)
	}
	// Without dimensions, all that is mentioned decides.
	c = parse(t, `{"sizes": [{"label": "S", "hips": 90, "bust": 84}, {"label": "M", "hips": 98, "bust": 92}]}`)
	if diff := cmp.Diff([]string{"bust", "hips"}, c.Dimensions()); diff != "" {
		t.Error(diff)
	}
}

func TestGarmentChart(t *testing.T) {
	c := parse(t, `{"kind": "garment", "dimensions": [{"name": "chest", "flat": true, "ease": [4, 12]}],
		"sizes": [{"label": "S", "chest": 50}, {"label": "M", "chest": 54}, {"label": "L", "chest": 58}]}`)
	// S is 100 cm round: bodies of 88 to 96. M: 96 to 104 after the overlap is split at 96.
	for x, want := range map[float64]string{87.9: "", 88.1: "S", 95.9: "S", 96.1: "M", 103.9: "M", 111.9: "L", 112.1: ""} {
		if got := sizeOf(t, c, map[string]float64{"chest": x}); got != want {
			t.Errorf("%v cm is %q, want %q", x, got, want)
		}
	}
	r, err := c.Recommend(&sizing.Body{Sex: sizing.Male, Chest: 98, Source: sizing.Scanner}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Sizes[1].Areas[0]; a.Ease != 10 || a.Fit != sizing.Good {
		t.Error("M should leave 10 cm, good")
	}
	if a := r.Sizes[0].Areas[0]; a.Ease != 2 || a.Fit != sizing.Tight {
		t.Error("S should leave 2 cm, tight")
	}
	csv, err := sizing.ParseChart(strings.NewReader("size,chest\nS,100\nM,108"), &sizing.ChartOptions{Garment: true, Ease: map[string][2]sizing.Length{"chest": {4, 12}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := sizeOf(t, csv, map[string]float64{"chest": 95}); got != "S" {
		t.Errorf("CSV garment: 95 cm is %q", got)
	}
}

func TestRefusedCharts(t *testing.T) {
	rows := strings.Repeat("S,86-94\n", 501)
	for _, q := range []struct {
		name, text string
		is         error
		line       int
		says       string
	}{
		{"empty", "", sizing.ErrChart, 0, "empty"},
		{"no measurement", "size,price\nS,12\n", sizing.ErrChart, 0, "measurement we know"},
		{"no label column", "chest,waist\n90-94,80-84\n", sizing.ErrChart, 1, "names the sizes"},
		{"no sizes", "size,chest\n", sizing.ErrChart, 0, "no sizes"},
		{"not a measurement", "size,chest\nS,86-94\nM,large\n", sizing.ErrChart, 3, `"large" is not a measurement`},
		{"unquoted decimal commas", "size,chest\nS,86,5-94,5\n", sizing.ErrChart, 2, "cells under"},
		{"no label", "size,chest\n,86-94\n", sizing.ErrChart, 2, "label"},
		{"two columns for one", "size,chest,chest\nS,86,87\n", sizing.ErrChart, 1, "second column"},
		{"impossible", "size,chest\nS,86000\n", sizing.ErrChart, 2, "outside"},
		{"open quote", "size,chest\nS,\"86\n", sizing.ErrChart, 2, "csv"},
		{"too many rows", "size,chest\n" + rows, sizing.ErrChartTooLarge, 502, "500 sizes"},
		{"too many columns", "size" + strings.Repeat(",x", 64) + "\nS\n", sizing.ErrChartTooLarge, 1, "64 columns"},
		{"too long", "size,chest\n" + strings.Repeat("# \n", 400_000), sizing.ErrChartTooLarge, 0, "1 MiB"},
		{"not text", "size,chest\nS,\x81\x00\n", sizing.ErrChart, 0, "UTF-8"},
		{"broken json", "{\"sizes\": [\n{\"label\": }]}", sizing.ErrChart, 2, "json: line 2 column"},
		{"json of another kind", `{"sizes": 3}`, sizing.ErrChart, 1, "json"},
		{"json list", `[1, 2]`, sizing.ErrChart, 1, "json"},
		{"json of nothing", `{"id": "x"}`, sizing.ErrChart, 0, "neither"},
		{"later version", `{"fitveil_chart": 2, "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "version 2"},
		{"unknown measurement", `{"sizes": [{"label": "S", "chest": 90, "ches": [4, 5]}]}`, sizing.ErrChart, 0, "sizes[0].ches"},
		{"unknown dimension", `{"dimensions": [{"name": "brain"}], "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "dimensions[0]"},
		{"unknown unit", `{"unit": "furlong", "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "unit"},
		{"unknown kind", `{"kind": "shoe", "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "kind"},
		{"three numbers", `{"sizes": [{"label": "S", "chest": [1, 2, 3]}]}`, sizing.ErrChart, 0, "sizes[0].chest"},
		{"garment without ease", `{"kind": "garment", "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "ease"},
		{"ease on a body chart", `{"dimensions": [{"name": "chest", "ease": [1, 2]}], "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "garment"},
		{"nothing decides", `{"dimensions": [{"name": "chest", "secondary": true}], "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart, 0, "secondary"},
		{"a list with something else in it", "[{\"Size\": \"S\", \"Chest\": 90}, null]", sizing.ErrChart, 0, "[1]"},
		{"a list of nested objects", `[{"Size": "S", "Chest": {"a": 1}}]`, sizing.ErrChart, 0, "Chest"},
		{"variants unnamed", `{"columns": [{"name": "Size"}], "variants": {"mens": {"rows": []}}}`, sizing.ErrChart, 0, "mens"},
	} {
		t.Run(q.name, func(t *testing.T) {
			_, err := sizing.ParseChart(strings.NewReader(q.text), nil)
			var e *sizing.ChartError
			if !errors.As(err, &e) || !errors.Is(err, q.is) {
				t.Fatalf("got %v", err)
			}
			if e.Line != q.line || !strings.Contains(err.Error(), q.says) || !strings.HasPrefix(err.Error(), "sizing: chart: ") {
				t.Errorf("got %q at line %d, want line %d and %q", err, e.Line, q.line, q.says)
			}
		})
	}
}

// TestTemplates imports the MIT chart templates and the two shoe tables.
func TestTemplates(t *testing.T) {
	root := os.Getenv("FITVEIL_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	files, _ := filepath.Glob(filepath.Join(root, "data", "charts", "*.json"))
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the chart templates are required in CI: none in %s/data/charts", root)
		}
		t.Skipf("no chart templates: put those of mattdecrevel/size-charts into %s/data/charts, or set FITVEIL_SHARED", root)
	}
	open := func(name, variant string) (*sizing.Chart, error) {
		f, err := os.Open(filepath.Join(root, "data", "charts", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return sizing.ParseChart(f, &sizing.ChartOptions{Variant: variant})
	}
	parsed := 0
	for _, f := range files {
		variant := map[string]string{"shoe_converter_brands.json": "adidas/men"}[filepath.Base(f)]
		c, err := open(filepath.Base(f), variant)
		if filepath.Base(f) == "socks.json" { // by shoe size alone: not a body chart
			if !errors.Is(err, sizing.ErrChart) {
				t.Errorf("socks: %v", err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		parsed++
		if len(c.Sizes()) == 0 || c.ID() == "" {
			t.Errorf("%s: %d sizes, id %q", f, len(c.Sizes()), c.ID())
		}
	}
	if parsed < 16 {
		t.Errorf("%d charts of %d were read", parsed, len(files))
	}
	tops, err := open("mens-tops.json", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := sizeOf(t, tops, map[string]float64{"chest": 100, "waist": 85}); got != "M" { // 37.5 to 41 in
		t.Errorf("a chest of 100 cm is %q", got)
	}
	for _, q := range []struct {
		variant string
		shifted bool
	}{{"nike/men", true}, {"nike/women", false}, {"adidas/men", false}, {"adidas/women", false}} {
		c, err := open("shoe_converter_brands.json", q.variant)
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(c.Lint())[sizing.LintShifted] > 0; got != q.shifted {
			t.Errorf("%s: shifted %v, want %v: %v", q.variant, got, q.shifted, c.Lint())
		}
	}
	for _, name := range []string{"mens-tops.json", "womens-tops.json", "womens-bottoms.json", "mens-bottoms.json", "womens-plus-sizes.json"} {
		c, err := open(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if issues := c.Lint(); len(issues) > 0 {
			t.Errorf("%s is a clean chart: %v", name, issues)
		}
	}
}
