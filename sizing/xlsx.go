package sizing

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits of a spreadsheet: parts of the archive, and bytes of one part unpacked.
const (
	maxParts     = 500
	maxPartBytes = 8 << 20
	maxUnpacked  = 16 << 20 // of all parts that are read, those that are read again counted again
	maxStrings   = 20000
	maxSheets    = 50
	maxMerged    = 1000
)

func xlsxError(where, reason string) *ChartError {
	return &ChartError{Format: "xlsx", Where: where, Reason: reason, Err: ErrChart}
}

// parseXLSX reads the first sheet of a workbook that is a chart, or the one
// called o.Variant (ECMA-376 Part 1 §18.2 to 18.4: workbook, sheets, shared strings).
// Only values are read: formulas by the result they were saved with.
func parseXLSX(data []byte, o *ChartOptions) (*Chart, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, xlsxError("", "not a readable zip archive")
	}
	if len(z.File) > maxParts {
		return nil, &ChartError{Format: "xlsx", Reason: fmt.Sprintf("more than %d parts", maxParts), Err: ErrChartTooLarge}
	}
	w := &workbook{parts: map[string]*zip.File{}, left: maxUnpacked}
	for _, f := range z.File {
		w.parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	var first error
	for i, sheet := range w.sheets {
		if o.Variant != "" && !strings.EqualFold(sheet.name, o.Variant) {
			continue
		}
		rows, err := w.rows(sheet.part)
		if err == nil {
			g := &grid{format: "xlsx", rows: rows, notes: true}
			if len(w.sheets) > 1 && o.Variant == "" {
				g.guess(GuessTable, "Of %d sheets the one taken is number %d.", len(w.sheets), i+1)
			}
			var c *Chart
			if c, err = g.table().chart(o); err == nil {
				c.title = clip(sheet.name, 4*maxLabel)
				return c, nil
			}
		}
		if first == nil {
			first = err
		}
		if errors.Is(err, errAllCapped) {
			return nil, err
		}
	}
	if first == nil {
		first = xlsxError("", "no sheet, or none of that name")
	}
	return nil, first
}

type workbook struct {
	parts   map[string]*zip.File
	sheets  []struct{ name, part string }
	strings []string
	left    int // bytes that may still be unpacked
}

// part opens a part; reading more than maxPartBytes of it fails.
func (w *workbook) part(name string) (io.ReadCloser, error) {
	f := w.parts[strings.ToLower(name)]
	if f == nil {
		return nil, xlsxError(name, "the part is missing")
	}
	r, err := f.Open()
	if err != nil {
		return nil, xlsxError(name, "the part can't be unpacked")
	}
	return struct {
		io.Reader
		io.Closer
	}{&capped{r, maxPartBytes, &w.left}, r}, nil
}

// capped fails where io.LimitReader would end quietly.
type capped struct {
	r    io.Reader
	left int
	all  *int // of the workbook
}

var (
	errCapped    = &ChartError{Format: "xlsx", Reason: "a part is larger than 8 MiB", Err: ErrChartTooLarge}
	errAllCapped = &ChartError{Format: "xlsx", Reason: "the sheets are larger than 16 MiB", Err: ErrChartTooLarge}
)

func (c *capped) Read(p []byte) (int, error) {
	switch {
	case c.left <= 0:
		return 0, errCapped
	case *c.all <= 0:
		return 0, errAllCapped
	}
	n, err := c.r.Read(p[:min(len(p), c.left, *c.all)])
	c.left -= n
	*c.all -= n
	return n, err
}

// each calls f for every start element and text of a part.
func (w *workbook) each(name string, f func(d *xml.Decoder, t xml.Token) error) error {
	r, err := w.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f(d, t)
		}
		var own *ChartError
		switch {
		case errors.As(err, &own):
			return own
		case err != nil:
			return xlsxError(name, "not well-formed XML")
		}
	}
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// open reads the list of sheets and the shared strings.
func (w *workbook) open() error {
	targets := map[string]string{}
	err := w.each("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" {
			target := attr(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[attr(e, "Id")] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = w.each("xl/workbook.xml", func(_ *xml.Decoder, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "sheet" {
			return nil
		}
		if len(w.sheets) == maxSheets {
			return &ChartError{Format: "xlsx", Reason: fmt.Sprintf("more than %d sheets", maxSheets), Err: ErrChartTooLarge}
		}
		id := ""
		for _, a := range e.Attr {
			if a.Name.Local == "id" && a.Name.Space != "" {
				id = a.Value
			}
		}
		w.sheets = append(w.sheets, struct{ name, part string }{attr(e, "name"), targets[id]})
		return nil
	})
	if err != nil || w.parts["xl/sharedstrings.xml"] == nil {
		return err
	}
	inside, skipped := false, false
	return w.each("xl/sharedStrings.xml", func(_ *xml.Decoder, t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "si":
				if len(w.strings) == maxStrings {
					return &ChartError{Format: "xlsx", Reason: fmt.Sprintf("more than %d texts", maxStrings), Err: ErrChartTooLarge}
				}
				w.strings = append(w.strings, "")
			case "t":
				inside = true
			case "rPh": // phonetic reading, not the text
				skipped = true
			}
		case xml.EndElement:
			inside = inside && t.Name.Local != "t"
			skipped = skipped && t.Name.Local != "rPh"
		case xml.CharData:
			if n := len(w.strings); inside && !skipped && n > 0 && len(w.strings[n-1]) < 1000 {
				w.strings[n-1] += clip(string(t), 1000)
			}
		}
		return nil
	})
}

// rows reads the cells of a sheet as text.
func (w *workbook) rows(name string) ([][]string, error) {
	var rows [][]string
	var merged []string
	index := map[int]int{} // number of a row → where it is in rows
	number := 0
	var at int
	var kind, text string
	var inside bool
	err := w.each(name, func(_ *xml.Decoder, t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				if len(rows) > maxRows {
					return &ChartError{Format: "xlsx", Where: name, Reason: fmt.Sprintf("more than %d rows", maxRows), Err: ErrChartTooLarge}
				}
				rows, at = append(rows, nil), -1
				if n, err := strconv.Atoi(attr(t, "r")); err == nil {
					number = n
				} else {
					number++
				}
				index[number] = len(rows) - 1
			case "mergeCell":
				if len(merged) < maxMerged {
					merged = append(merged, attr(t, "ref"))
				}
			case "c":
				kind, text = attr(t, "t"), ""
				if i, ok := columnOf(attr(t, "r")); ok {
					at = i
				} else {
					at++
				}
			case "v", "t":
				inside = true
			}
		case xml.CharData:
			if inside && len(text) < 1000 {
				text += clip(string(t), 1000)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v", "t":
				inside = false
			case "c":
				if len(rows) == 0 || text == "" {
					return nil
				}
				if at < 0 || at >= maxColumns {
					return &ChartError{Format: "xlsx", Where: name, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
				}
				row := &rows[len(rows)-1]
				for len(*row) <= at {
					*row = append(*row, "")
				}
				(*row)[at] = w.value(kind, text)
			}
		}
		return nil
	})
	for _, ref := range merged {
		spread(rows, index, ref)
	}
	var out [][]string
	for _, r := range rows {
		if strings.TrimSpace(strings.Join(r, "")) != "" {
			out = append(out, r)
		}
	}
	return out, err
}

// value is the text of a cell: "s" is an index into the shared strings, "e" an error.
func (w *workbook) value(kind, text string) string {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || i < 0 || i >= len(w.strings) {
			return ""
		}
		return strings.TrimSpace(w.strings[i])
	case "e":
		return ""
	case "", "n":
		if v, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil { // 31.2 is stored as 31.199999999999999
			return strconv.FormatFloat(v, 'g', 12, 64)
		}
	}
	return strings.TrimSpace(text)
}

// columnOf is the index of the column of a reference: 2 of "C7".
func columnOf(ref string) (int, bool) {
	n := 0
	for i, r := range ref {
		if r < 'A' || r > 'Z' {
			return n - 1, i > 0
		}
		if n = 26*n + int(r-'A') + 1; n > 1<<20 {
			return n, true
		}
	}
	return 0, false
}
