package sizing

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ChartOptions configures ParseChart; nil means defaults. What the input says
// of itself wins over ID, Unit, Sex, Garment and Ease.
type ChartOptions struct {
	ID      string               // for charts that carry none
	Unit    Length               // of numbers without a unit: Cm (default), Inch or Mm
	Sex     Sex                  // who the chart is for
	Variant string               // which table of a file that holds several: "mens", "nike/men"
	Garment bool                 // the numbers measure garments, not bodies
	Ease    map[string][2]Length // garment charts: least and most room over the body per dimension
}

// ParseChart reads a size chart: fitveil's JSON, CSV, or a JSON table.
//
// fitveil's JSON names the sizes in order, each with a range, an open range or a
// single value per measurement of Measurements (and "weight_kg"):
//
//	{
//	  "fitveil_chart": 1,
//	  "id": "acme-tops", "title": "Tops", "unit": "cm", "sex": "female",
//	  "dimensions": [{"name": "bust"}, {"name": "waist", "secondary": true}],
//	  "sizes": [
//	    {"label": "S", "bust": [82, 90], "waist": [66, 74]},
//	    {"label": "M", "bust": [90, 98], "waist": 78},
//	    {"label": "L", "bust": "98-107", "waist": [82, null]}
//	  ]
//	}
//
// "unit" is cm (default), in or mm; a column called just "weight" is in kilograms, or in
// pounds where the unit is in. "kind": "garment" means the numbers measure
// the garment; then each dimension has "ease": [least, most], the room over the
// body, and may have "flat": true where the garment was measured lying flat. A
// "secondary" dimension is reported and does not decide. "dimensions" may be left out.
//
// CSV has a header line, cells separated by comma, semicolon or tab, ranges like
// 86-94 or in two columns ("chest min", "chest max"), decimal points or commas,
// units in the header or the cell: "Chest (in)", "34 in". Lines starting with # are skipped.
//
// A JSON table is {"columns": [{"name": ...}], "rows": [{"Size": "S", "Chest":
// {"min": 35, "max": 37.5}}]}, in inches unless a header says otherwise, perhaps
// with "variants"; or columns of arrays below a brand, {"brand": {"cm": {"men":
// [...]}, "eu": {"men": [...]}}}. ChartOptions.Variant picks one.
//
// At most 1 MiB, 500 sizes, 64 columns and 12 dimensions are read. Errors:
// *ChartError, unwrapping to ErrChart or ErrChartTooLarge, or the reader's own.
func ParseChart(r io.Reader, o *ChartOptions) (*Chart, error) {
	var opts ChartOptions
	if o != nil {
		opts = *o
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("sizing: chart: %w", err)
	}
	if len(data) > maxBytes {
		return nil, &ChartError{Reason: "more than 1 MiB", Err: ErrChartTooLarge}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, &ChartError{Reason: "not UTF-8 text", Err: ErrChart}
	}
	start := bytes.TrimLeft(data, " \t\r\n")
	if len(start) == 0 {
		return nil, &ChartError{Reason: "empty", Err: ErrChart}
	}
	if start[0] == '{' || start[0] == '[' {
		return parseJSON(data, &opts)
	}
	return parseCSV(string(data), &opts)
}

// parseCSV reads a table of text.
func parseCSV(data string, o *ChartOptions) (*Chart, error) {
	r := csv.NewReader(strings.NewReader(data))
	r.Comma = separator(data)
	r.Comment = '#'
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = r.Comma != '\t'
	t := &table{format: "csv"}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				return nil, &ChartError{Format: "csv", Line: p.Line, Reason: p.Err.Error(), Err: ErrChart}
			}
			return nil, fmt.Errorf("sizing: chart: csv: %w", err)
		}
		line, _ := r.FieldPos(0)
		if t.headers == nil {
			if len(record) > maxColumns {
				return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
			}
			for _, text := range record {
				t.headers = append(t.headers, parseHeader(strings.TrimSpace(text)))
			}
			continue
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		for len(record) > len(t.headers) && record[len(record)-1] == "" {
			record = record[:len(record)-1] // trailing separators
		}
		if len(t.rows) == maxRows {
			return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
		}
		t.rows, t.lines = append(t.rows, record), append(t.lines, line)
	}
	return t.chart(o)
}

// separator is the likeliest of tab, semicolon and comma in the header line.
func separator(data string) rune {
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		for _, sep := range []rune{'\t', ';'} {
			if strings.ContainsRune(line, sep) {
				return sep
			}
		}
		break
	}
	return ','
}
