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
// CSV has a header line, cells separated by comma, semicolon, tab or bar, ranges like
// 86-94 or in two columns ("chest min", "chest max"), decimal points or commas,
// units in the header or the cell: "Chest (in)", "34 in". Lines starting with # are
// skipped, and so is a last line that is a sentence. A header may have two rows, name one measurement in two
// units, and stand over two columns. Headers may be English, German, French, Spanish, Italian, Polish or Dutch,
// the text UTF-8, UTF-16, Windows-1252 or Polish in Windows-1250, the sizes in rows or in columns. Columns "sku" and
// "gtin" name articles: see Chart.SizeOf. Spreadsheets and web pages are read the same
// way; Variant names the sheet or the table's caption.
//
// A JSON table is {"columns": [{"name": ...}], "rows": [{"Size": "S", "Chest":
// {"min": 35, "max": 37.5}}]}, in inches unless a header says otherwise, perhaps
// with "variants"; or a list of objects, [{"Size": "S", "Chest (cm)": "86-94"}]; or columns of arrays below a brand, {"brand": {"cm": {"men":
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
	if !bytes.ContainsRune(data, '\n') { // lines as they ended on old Macintoshes
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
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
	if guessed != "" {
		c.guesses = append([]Guess{{GuessEncoding, "", "The text is not UTF-8; it was read as " + guessed + "."}}, c.guesses...)
	}
	return c, nil
}

// tabbed has a tab between the columns of a table that is aligned by two blanks or more.
func tabbed(data string) string {
	var b strings.Builder
	for {
		before, after, more := strings.Cut(data, "  ")
		b.WriteString(before)
		if !more {
			return b.String()
		}
		b.WriteByte('\t')
		data = strings.TrimLeft(after, " ")
	}
}

// parseCSV reads a table of text. Quotes that stand for inches are taken as they are
// where strict reading fails.
func parseCSV(data string, o *ChartOptions) (*Chart, error) {
	if !strings.ContainsAny(data, "\t;|,") {
		data = tabbed(data)
	}
	comma := separator(data)
	if comma == '|' {
		data = withoutRules(data)
	}
	g, err := readCSV(data, comma, false)
	if errors.Is(err, csv.ErrBareQuote) {
		g, err = readCSV(data, comma, true)
	}
	if err != nil {
		var p *csv.ParseError
		var c *ChartError
		switch {
		case errors.As(err, &p):
			return nil, &ChartError{Format: "csv", Line: p.Line, Reason: p.Err.Error(), Err: ErrChart}
		case errors.As(err, &c):
			return nil, c
		}
		return nil, fmt.Errorf("sizing: chart: csv: %w", err)
	}
	return g.table().chart(o)
}

// readCSV reads the rows.
func readCSV(data string, comma rune, lazy bool) (*grid, error) {
	r := csv.NewReader(strings.NewReader(data))
	r.Comma, r.Comment, r.LazyQuotes = comma, '#', lazy
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = comma != '\t'
	g := &grid{format: "csv"}
	if comma != ',' {
		g.guess(GuessSeparator, "The cells were taken to be parted by %q.", comma)
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return g, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if len(record) > maxColumns {
			return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
		}
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		if len(g.rows) > 1 && remark(record) {
			g.guess(GuessSkipped, "Line %d is a remark and was left out.", line)
			continue
		}
		if len(g.rows) == maxRows+1 {
			return nil, &ChartError{Format: "csv", Line: line, Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
		}
		g.rows, g.lines = append(g.rows, record), append(g.lines, line)
	}
}

// remark reports whether a line is a sentence and not a size: nothing but its first cell is
// filled, and that by a star, more than three words, or a word that another explains.
func remark(record []string) bool {
	if strings.TrimSpace(strings.Join(record[1:], "")) != "" {
		return false
	}
	text := strings.TrimSpace(record[0])
	return strings.HasPrefix(text, "*") || strings.Contains(text, ": ") || len(strings.Fields(text)) > 3 // "Date: May"
}

// separator is the likeliest of tab, semicolon, bar and comma: the one that most
// of the first lines have.
func separator(data string) rune {
	best, most, seen := ',', 0, 0
	var count [4]int
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		for i, sep := range "\t;|," {
			if strings.ContainsRune(line, sep) {
				count[i]++
			}
		}
		if seen++; seen == 12 {
			break
		}
	}
	for i, sep := range []rune{'\t', ';', '|', ','} {
		if count[i] > most {
			best, most = sep, count[i]
		}
	}
	return best
}

// withoutRules strips what tables drawn with bars have besides cells: the bars at
// both ends, and lines of dashes.
func withoutRules(data string) string {
	var b strings.Builder
	for line := range strings.Lines(data) {
		cells := strings.Trim(strings.TrimSpace(line), "|")
		if strings.Trim(cells, "|-:=+ \t") != "" {
			b.WriteString(cells)
		}
		b.WriteByte('\n') // lines keep their numbers
	}
	return b.String()
}
