package sizing

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// Limits of a page: cells of all its tables, and how far one cell may span.
const (
	maxCells = 50000
	maxSpan  = 100
)

// parseHTML reads the first table of a page that is a chart, or the one whose
// caption or id is o.Variant. Where there is none it tries the page's JSON-LD.
func parseHTML(page string, o *ChartOptions) (*Chart, error) {
	tables, scripts, err := htmlTables(page)
	if err != nil {
		return nil, err
	}
	var first error
	for i, t := range tables {
		if o.Variant != "" && !strings.EqualFold(t.caption, o.Variant) && t.id != o.Variant {
			continue
		}
		g := &grid{format: "html", rows: t.rows, notes: true}
		if len(tables) > 1 && o.Variant == "" {
			g.guess(GuessTable, "Of %d tables the one taken is number %d.", len(tables), i+1)
		}
		c, err := g.table().chart(o)
		if err == nil {
			if c.title == "" {
				c.title = clip(t.caption, 4*maxLabel)
			}
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	if len(scripts) > 1 { // a size each
		scripts = slices.Insert(scripts, 0, "["+strings.Join(scripts, ",")+"]")
	}
	for _, s := range scripts {
		if c, err := parseJSON([]byte(s), o); err == nil {
			c.guesses = append(c.guesses, Guess{GuessTable, "", "The chart was taken from the page's JSON-LD."})
			return c, nil
		}
	}
	if first == nil {
		first = &ChartError{Format: "html", Reason: "no table, or none of that caption", Err: ErrChart}
	}
	return nil, first
}

type htmlTable struct {
	caption, id string
	rows        [][]string
}

// htmlScanner walks the tags of a page. It understands as much HTML as tables
// need: tags may be left open, nesting is ignored, scripts and styles are skipped.
type htmlScanner struct {
	tables  []htmlTable
	scripts []string
	inTable bool
	cells   int
	text    *strings.Builder // of the open cell or caption, or nil
	caption bool
	span    [2]int         // rows and columns of the open cell
	carry   map[int][2]any // column → rows left and text, of cells that span rows
}

func htmlTables(page string) ([]htmlTable, []string, error) {
	s := &htmlScanner{}
	for len(page) > 0 {
		before, rest, found := strings.Cut(page, "<")
		s.write(before)
		if !found {
			break
		}
		if after, ok := strings.CutPrefix(rest, "!--"); ok {
			_, page, _ = strings.Cut(after, "-->")
			continue
		}
		tag, after, closed := cutTag(rest)
		if !closed {
			break
		}
		page = after
		name, attributes := tagName(tag)
		if name == "script" || name == "style" {
			end := endOf(page, name)
			if end < 0 {
				break
			}
			if name == "script" && strings.Contains(strings.ToLower(attributes), "ld+json") && len(s.scripts) < 20 {
				s.scripts = append(s.scripts, strings.TrimSpace(page[:end]))
			}
			page = page[end:]
			continue
		}
		if err := s.tag(name, attributes); err != nil {
			return nil, nil, err
		}
	}
	s.endCell()
	return s.tables, s.scripts, nil
}

// tagName splits a tag: "td", "/td", and the attributes.
func tagName(tag string) (name, attributes string) {
	n := strings.IndexAny(tag, " \t\r\n")
	if n < 0 {
		n = len(tag)
	}
	return strings.ToLower(strings.TrimSuffix(tag[:n], "/")), tag[n:]
}

// cutTag cuts a tag at its end, which is none in a quoted value.
func cutTag(page string) (tag, after string, closed bool) {
	for i := 0; i < len(page); i++ {
		switch c := page[i]; {
		case c == '>':
			return page[:i], page[i+1:], true
		case (c == '"' || c == '\'') && i > 0 && page[i-1] == '=':
			n := strings.IndexByte(page[i+1:], c)
			if n < 0 {
				return strings.Cut(page, ">")
			}
			i += 1 + n
		}
	}
	return page, "", false
}

// endOf is where the end tag of that name begins, or -1.
func endOf(page, name string) int {
	for at := 0; ; at++ {
		n := strings.Index(page[at:], "</")
		if n < 0 {
			return -1
		}
		at += n
		if rest := page[at+2:]; len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
			return at
		}
	}
}

// attribute is the value of an attribute, unquoted.
func attribute(attributes, name string) string {
	for {
		attributes = strings.TrimLeft(attributes, " \t\r\n/")
		n := strings.IndexAny(attributes, "= \t\r\n")
		if n < 0 {
			return ""
		}
		found := strings.EqualFold(attributes[:n], name)
		rest, ok := strings.CutPrefix(strings.TrimLeft(attributes[n:], " \t\r\n"), "=")
		if !ok { // without a value
			attributes = rest
			continue
		}
		rest = strings.TrimLeft(rest, " \t\r\n")
		value := ""
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			value, attributes, _ = strings.Cut(rest[1:], rest[:1])
		} else {
			n = strings.IndexAny(rest, " \t\r\n")
			if n < 0 {
				n = len(rest)
			}
			value, attributes = rest[:n], rest[n:]
		}
		if found {
			return html.UnescapeString(value)
		}
	}
}

func (s *htmlScanner) write(text string) {
	if s.text != nil && s.text.Len() < 1000 {
		s.text.WriteString(clip(text, 1000))
	}
}

// cleanText is the text of a cell: entities resolved, spaces one each.
func cleanText(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(s)), " ")
}

func (s *htmlScanner) tag(name, attributes string) error {
	switch name {
	case "table":
		s.endCell()
		if len(s.tables) == 100 {
			return &ChartError{Format: "html", Reason: "more than 100 tables", Err: ErrChartTooLarge}
		}
		s.tables = append(s.tables, htmlTable{id: attribute(attributes, "id")})
		s.inTable, s.carry = true, map[int][2]any{}
	case "/table":
		s.endCell()
		s.inTable = false
	case "caption":
		if s.inTable {
			s.text, s.caption = new(strings.Builder), true
		}
	case "tr":
		s.endCell()
		return s.startRow()
	case "td", "th":
		s.endCell()
		return s.startCell(attributes)
	case "/td", "/th", "/tr", "/caption", "/thead", "/tbody":
		s.endCell()
	case "sup":
		s.write(raised)
	case "/sup":
		s.write(lowered)
	case "br", "/p", "/div", "/li", "/span":
		s.write(" ")
	}
	return nil
}

// What stands for <sup> and </sup> until the cell is whole.
const raised, lowered = "\x01", "\x02"

// withoutNotes takes the numbers of notes out of a text, "94-102¹" and "Chest (a)", and leaves raised fractions and units.
func withoutNotes(text string) string {
	before, rest, found := strings.Cut(text, raised)
	if !found {
		return text
	}
	var b strings.Builder
	for found {
		b.WriteString(before + " ")
		mark, after, _ := strings.Cut(rest, lowered)
		next := html.UnescapeString(strings.TrimSpace(after[:min(len(after), 10)])) // "<sup>1</sup>&frasl;<sub>2</sub>"
		if word := strings.TrimSpace(html.UnescapeString(mark)); !isNote(word) || strings.HasPrefix(next, "/") || strings.HasPrefix(next, "⁄") {
			b.WriteString(mark)
		}
		before, rest, found = strings.Cut(after, raised)
	}
	b.WriteString(before)
	return b.String()
}

// isNote reports whether a word that is raised refers to a note.
func isNote(word string) bool {
	_, unit := factors[strings.ToLower(strings.Trim(word, "(). "))]
	digits := len(word) - len(strings.TrimLeft(word, "0123456789"))
	return !unit && digits < 2 && !strings.ContainsAny(word, "/⁄+.'\"″′½¼¾⅛⅜⅝⅞⅓⅔")
}

func (s *htmlScanner) startRow() error {
	if !s.inTable {
		return nil
	}
	t := &s.tables[len(s.tables)-1]
	if len(t.rows) > maxRows {
		return &ChartError{Format: "html", Reason: fmt.Sprintf("more than %d rows", maxRows), Err: ErrChartTooLarge}
	}
	t.rows = append(t.rows, nil)
	s.fill()
	return nil
}

// fill puts in the cells that rows above let hang into this one.
func (s *htmlScanner) fill() {
	t := &s.tables[len(s.tables)-1]
	row := &t.rows[len(t.rows)-1]
	for {
		left, ok := s.carry[len(*row)]
		if !ok {
			return
		}
		at, n := len(*row), left[0].(int)
		*row = append(*row, left[1].(string))
		if n == 1 {
			delete(s.carry, at)
		} else {
			s.carry[at] = [2]any{n - 1, left[1]}
		}
	}
}

func (s *htmlScanner) startCell(attributes string) error {
	if !s.inTable {
		return nil
	}
	if len(s.tables[len(s.tables)-1].rows) == 0 {
		if err := s.startRow(); err != nil {
			return err
		}
	}
	if s.cells++; s.cells > maxCells {
		return &ChartError{Format: "html", Reason: fmt.Sprintf("more than %d cells", maxCells), Err: ErrChartTooLarge}
	}
	s.text, s.caption = new(strings.Builder), false
	for i, name := range []string{"rowspan", "colspan"} {
		n, err := strconv.Atoi(attribute(attributes, name))
		if err != nil {
			n = 1
		}
		s.span[i] = min(max(n, 1), maxSpan)
	}
	return nil
}

// endCell stores the open cell, once for every column it spans.
func (s *htmlScanner) endCell() {
	if s.text == nil {
		return
	}
	text := cleanText(withoutNotes(s.text.String()))
	s.text = nil
	t := &s.tables[len(s.tables)-1]
	if s.caption {
		t.caption, s.caption = text, false
		return
	}
	row := &t.rows[len(t.rows)-1]
	for range s.span[1] {
		if len(*row) > maxColumns {
			return
		}
		if s.span[0] > 1 {
			s.carry[len(*row)] = [2]any{s.span[0] - 1, text}
		}
		*row = append(*row, text)
		s.fill()
	}
}
