package sizing_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
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
		"Größe;Brust von;Brust bis;EAN\nM;94,5;102;4006381333931", "Size,S,M\nChest (cm),86-94,94-102", "title\n\nTaille,Tour de taille\nS,70 à 74",
		"<table><caption>men</caption><tr><th>Size<th colspan=2>Chest<tr><td rowspan=2>S<td>86&ndash;94<tr><td>94<td>98</table>",
		`{"@type": "SizeSpecification", "name": "S", "suggestedMeasurement": [{"name": "Chest", "minValue": 34, "maxValue": "36", "unitCode": "INH"}]}`,
		"\xff;\x80\nS;1",
		"Band;Unterbrust;Brustumfang A;Brustumfang B\n70;68-72;82-84;84-86\n75;73-77;87-89;", "Size,W,L\n30/32,30,32\n32/32,32,32", bras(2, 5),
		`[{"Size": "S", "Chest (cm)": "86 ± 4"}, {"Size": "M", "Waist": {"min": 74, "max": 82}}]`, "Sex,Size,EU-Größe,Brust-\numf.\nm,S,36,86-94*\nf,S,34,82-90",
		"<table><tr><th>Size<th>Chest<sup>1</sup><tr><td>S<td>34<sup>1/2</sup></table>", "Rozmiar;Obw\xf3d w biu\x9ccie\nS;86",
		"<table x=\"a>b\" id='y' colspan><tr><td Ⱥ rowspan=2>S<sup>1</sup><td>26<sup>1</sup>&frasl;2<script>ȺȺȺ</SCRIPT>",
		"size,chest\nMEN,\nS,86-94\nM,94-102\nWOMEN,\nS,82-90\nM,90-98",
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
		if !json.Valid(c.AppendJSONLD(nil)) {
			t.Fatal("JSON-LD that is none")
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

// FuzzParseXLSX feeds anything to the parts of a workbook, and the whole archive to the reader.
func FuzzParseXLSX(f *testing.F) {
	const book = `<workbook xmlns:r="r"><sheets><sheet name="a" r:id="1"/></sheets></workbook>`
	const rels = `<Relationships><Relationship Id="1" Target="worksheets/a.xml"/></Relationships>`
	f.Add(book, rels, `<sst><si><t>Size</t></si><si><r><t>Chest</t></r></si></sst>`,
		`<worksheet><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row><c t="inlineStr"><is><t>M</t></is></c><c><v>94.5</v></c></row></worksheet>`)
	f.Add(book, rels, "", `<row><c r="ZZZZZZZZZ1"><v>1</v></c></row><row r="2"><c r="B2" t="s"><v>-9</v></c><c r="A"/></row><mergeCell ref="A2:D4"/><mergeCell ref="B9:A1"/>`)
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, book, rels, sst, sheet string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range map[string]string{"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": rels, "xl/sharedStrings.xml": sst, "xl/worksheets/a.xml": sheet} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name})
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{b.Bytes(), []byte("PK\x03\x04" + sheet)} {
			c, err := sizing.ParseChart(bytes.NewReader(data), nil)
			var e *sizing.ChartError
			switch {
			case err != nil && !errors.As(err, &e):
				t.Fatalf("an error that is none of ours: %v", err)
			case err == nil:
				r, err := c.Recommend(nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				sane(t, r)
			}
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
	nest := parse(f, bras(2, 5))
	grid := parse(f, "size,waist (cm),inseam,foot length\n30/30,76-79,74-78,25\n30/32,76-79,78-82,26\n32/30,79-84,74-78,27\n32/32,79-84,78-82,28")
	f.Fuzz(func(t *testing.T, sex, source uint8, age, weight, height, bust, waist, hips, foot float64) {
		b := &sizing.Body{
			Sex: sizing.Sex(sex), Source: sizing.Source(source), Age: age, Weight: sizing.Mass(weight), Height: sizing.Length(height),
			Bust: sizing.Length(bust), Waist: sizing.Length(waist), Hips: sizing.Length(hips), FootLength: sizing.Length(foot),
		}
		for _, c := range []*sizing.Chart{c, grid, nest} {
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
