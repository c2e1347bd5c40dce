package sizing

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ChartOptions configures ParseChart; nil means defaults. What the input says
// of itself wins over ID, Unit, Sex, Garment and Ease.
type ChartOptions struct {
	ID      string               // for charts that carry none
	Unit    Length               // of numbers without a unit: Cm (default), Inch or Mm
	Sex     Sex                  // who the chart is for
	Variant string               // which table of a file that holds several: "mens", "nike/men", a sheet, a caption
	Garment bool                 // the numbers measure garments, not bodies
	Ease    map[string][2]Length // garment charts: least and most room over the body per dimension
}

// ParseChart reads a size chart: fitveil's JSON, CSV, a spreadsheet (XLSX), an
// HTML table, schema.org's SizeSpecification as JSON-LD, or a JSON table. What it had to
// guess, Chart.Guesses tells.
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
// body, and may have "flat": true where the garment was measured lying flat and
// "stretch": 0.2 where the cloth gives a fifth, half of which may be worn. A
// "secondary" dimension is reported and does not decide. "dimensions" may be left out.
//
// CSV has a header line, cells separated by comma, semicolon or tab, ranges like
// 86-94 or in two columns ("chest min", "chest max"), decimal points or commas,
// units in the header or the cell: "Chest (in)", "34 in". Lines starting with # are
// skipped. Headers may be English, German, French, Spanish, Italian, Polish or Dutch,
// the text UTF-8 or Windows-1252, the sizes in rows or in columns. Columns "sku" and
// "gtin" name articles: see Chart.SizeOf. Spreadsheets and web pages are read the same
// way; Variant names the sheet or the table's caption.
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
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return parseXLSX(data, &opts)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data, guessed, ok := decoded(data)
	if !ok {
		return nil, &ChartError{Reason: "not text in UTF-8 or Windows-1252", Err: ErrChart}
	}
	start := bytes.TrimLeft(data, " \t\r\n")
	if len(start) == 0 {
		return nil, &ChartError{Reason: "empty", Err: ErrChart}
	}
	var c *Chart
	switch start[0] {
	case '{', '[':
		c, err = parseJSON(data, &opts)
	case '<':
		c, err = parseHTML(string(data), &opts)
	default:
		c, err = parseCSV(string(data), &opts)
	}
	if err != nil {
		return nil, err
	}
	if guessed {
		c.guesses = append([]Guess{{GuessEncoding, "", "The text is not UTF-8; it was read as Windows-1252."}}, c.guesses...)
	}
	return c, nil
}

// parseCSV reads a table of text.
func parseCSV(data string, o *ChartOptions) (*Chart, error) {
	r := csv.NewReader(strings.NewReader(data))
	r.Comma = separator(data)
	r.Comment = '#'
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = r.Comma != '\t'
	g := &grid{format: "csv"}
	if r.Comma != ',' {
		g.guess(GuessSeparator, "The cells were taken to be parted by %q.", r.Comma)
	}
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
		if len(record) > maxColumns {
			return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		if len(g.rows) == maxRows+1 {
			return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
		}
		g.rows, g.lines = append(g.rows, record), append(g.lines, line)
	}
	return g.table().chart(o)
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
