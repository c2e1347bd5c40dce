package sizing_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// FuzzParseChart feeds anything to the parser; whatever it takes must lint,
// recommend and keep its promises.
func FuzzParseChart(f *testing.F) {
	for _, s := range []string{
		dressChart, "", "{}", "[]", "size;chest\nS;86,5–94\nM;94+", "a\tb\n1\t2", "size,waist,inseam\n30/30,76,74\n30/32,76,78\n32/30,79,74",
		`{"sizes": [{"label": "S", "chest": [86, null]}, {"label": "M", "chest": 98}]}`,
		`{"kind": "garment", "dimensions": [{"name": "chest", "flat": true, "ease": [4, 12]}], "sizes": [{"label": "S", "chest": 50}]}`,
		`{"columns": [{"name": "Size"}, {"name": "Chest"}], "rows": [{"Size": "S", "Chest": {"min": 35, "max": 37.5}}]}`,
		`{"b": {"cm": {"men": ["25", "25.5"]}, "us": {"men": ["7", "7.5"]}}}`,
		"size,chest min,chest max\nS,94,86\nM,,\nL,,110", "size,chest\nS,½\nM,31 7/8 - 32 1/8 in", "size,foot length,cm\n40,25,25",
	} {
		f.Add(s, "men", uint8(0))
	}
	f.Add(`{"b": {"cm": {"men": ["25", "25.5"]}, "us": {"men": ["7", "7.5"]}}}`, "b/men", uint8(1))
	bodies := []*sizing.Body{
		nil, {Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}, {Age: 6, Height: 118}, {Chest: 98, Waist: 84, Hips: 100, Source: sizing.Scanner, FootLength: 26},
	}
	f.Fuzz(func(t *testing.T, text, variant string, bits uint8) {
		o := &sizing.ChartOptions{Variant: variant, Garment: bits&1 != 0, Ease: map[string][2]sizing.Length{"chest": {4, 12}}}
		if bits&2 != 0 {
			o.Unit = sizing.Inch
		}
		c, err := sizing.ParseChart(strings.NewReader(text), o)
		if err != nil {
			var e *sizing.ChartError
			if !errors.As(err, &e) || !errors.Is(err, sizing.ErrChart) && !errors.Is(err, sizing.ErrChartTooLarge) || len(err.Error()) > 1000 {
				t.Fatalf("an error that is none of ours: %v", err)
			}
			return
		}
		for _, i := range c.Lint() {
			if i.Code == "" || i.Text == "" {
				t.Fatalf("an empty issue: %+v", i)
			}
		}
		for _, b := range bodies {
			r, err := c.Recommend(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			sane(t, r)
		}
	})
}

// FuzzRecommend feeds any numbers into a body.
func FuzzRecommend(f *testing.F) {
	f.Add(uint8(1), uint8(0), 34.0, 64.0, 168.0, 94.0, 78.0, 102.0, 26.0)
	f.Add(uint8(0), uint8(2), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
	f.Add(uint8(2), uint8(1), 2.0, 700.0, 40.0, 300.0, 25.0, 350.0, 50.0)
	f.Add(uint8(2), uint8(1), math.NaN(), math.Inf(1), -1.0, 1e300, 5e-324, math.Inf(-1), 1e-9)
	c := parse(f, dressChart)
	grid := parse(f, "size,waist (cm),inseam,foot length\n30/30,76-79,74-78,25\n30/32,76-79,78-82,26\n32/30,79-84,74-78,27\n32/32,79-84,78-82,28")
	f.Fuzz(func(t *testing.T, sex, source uint8, age, weight, height, bust, waist, hips, foot float64) {
		b := &sizing.Body{
			Sex: sizing.Sex(sex), Source: sizing.Source(source), Age: age, Weight: sizing.Mass(weight), Height: sizing.Length(height),
			Bust: sizing.Length(bust), Waist: sizing.Length(waist), Hips: sizing.Length(hips), FootLength: sizing.Length(foot),
		}
		for _, c := range []*sizing.Chart{c, grid} {
			r, err := c.Recommend(b, nil)
			var e *sizing.RangeError
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("an error that is none of ours: %v", err)
			}
			if err == nil {
				sane(t, r)
			}
		}
		e, err := sizing.Estimate(b)
		if err != nil {
			return
		}
		for m := range e.All() {
			if !(m.Mean > 0 && m.Lo95 > 0 && m.Lo95 <= m.Hi95) || math.IsInf(m.Mean+m.SD+m.Hi95, 0) || math.IsNaN(m.SD) {
				t.Fatalf("%s: an interval that is none", m.Name)
			}
		}
	})
}
