package sizing

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Tables that are not a row per size under a header of measurements: bands by cups, jeans by two
// numbers, and several charts below one another.

var cupNames = []string{"AAA", "AA", "A", "B", "C", "D", "DD", "DDD", "E", "EE", "F", "FF", "G", "GG", "H", "HH", "I", "J", "JJ", "K", "KK", "L"}

// cupOf is the cup that a header ends in, and whether the rest of it is nothing or a bust.
func cupOf(text string) (cup string, ok bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", false
	}
	cup = words[len(words)-1]
	rest := words[:len(words)-1]
	if n := len(rest); n > 0 && strings.EqualFold(rest[n-1], "cup") { // "Cup A"
		rest = rest[:n-1]
	}
	return cup, slices.Contains(cupNames, cup) && (len(rest) == 0 || overBust(strings.Join(rest, " ")))
}

// overBust reports whether a header is that of a bust.
func overBust(text string) bool {
	m := parseHeader(strings.TrimSpace(text)).measure
	return m == mBust || m == mChest
}

// cups makes a size of every cell of a table that has bands in rows and cups in columns, the bust
// in the cells.
func (t *table) cups() {
	band, name := -1, -1
	var columns []int
	for i, h := range t.headers {
		_, cup := cupOf(h.text)
		switch {
		case cup:
			columns = append(columns, i)
		case h.measure >= 0 && measureName(h.measure) == "underbust" && h.bound == both:
			band = i
		case h.measure < 0 && !isItem(h.key) && name < 0:
			name = i
		}
	}
	if band < 0 || len(columns) < 2 {
		return
	}
	under, bust := t.headers[band], t.headers[columns[0]]
	bust.measure, bust.bound = mBust, both
	var rows [][]string
	var lines []int
	for r, row := range t.rows {
		cell := func(i int) string {
			if i < 0 || i >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[i])
		}
		girth, label := bandOf(cell(band), under.factor == 2.54)
		if named := cell(name); named != "" {
			label = named
		}
		for _, i := range columns {
			if cell(i) == "" || label == "" {
				continue
			}
			cup, _ := cupOf(t.headers[i].text)
			rows = append(rows, []string{label + cup, girth, cell(i)})
			if t.lines != nil {
				lines = append(lines, t.lines[r])
			}
		}
	}
	t.headers, t.rows, t.lines = []header{{text: "size", key: "size", measure: -1}, under, bust}, rows, lines
	t.guess(GuessTransposed, under.text, "Bands stand in rows and cups in columns: every cell became a size.")
}

// bandOf is the girth of "63-67 (65)" and the band's name: what stands in brackets, or the middle
// rounded to whole bands.
func bandOf(cell string, inches bool) (girth, band string) {
	girth, band, named := strings.Cut(cell, "(")
	girth = strings.TrimSpace(girth)
	if band = strings.Trim(band, ") "); named && band != "" {
		return girth, band
	}
	s, ok := parseSpan(girth, 1)
	if !ok || !s.known() || math.IsInf(s.lo+s.hi, 0) {
		return girth, ""
	}
	step := 5.0
	if inches {
		step = 2
	}
	if s.lo == s.hi {
		return girth, strconv.FormatFloat(s.lo, 'g', 4, 64)
	}
	return girth, strconv.FormatFloat(step*math.Round(s.mid()/step), 'g', 4, 64)
}

// legs takes a length of 26 to 38 beside a waist for the inseam of trousers, and columns "W" and
// "L" for both: so are jeans sized, in inches.
func (t *table) legs() {
	waist, length := -1, -1
	for i, h := range t.headers {
		if h.measure >= 0 && h.factor != 0 && h.factor != 2.54 {
			continue
		}
		switch {
		case h.key == "w" || h.measure >= 0 && measureName(h.measure) == "waist" && h.bound == both:
			waist = i
		case slices.Contains([]string{"length", "l", "leg", "lengte", "länge", "longueur", "largo", "lunghezza", "długość"}, h.key):
			length = i
		case h.measure >= 0 && slices.Contains([]string{"height", "chest", "bust", "inseam", "outseam"}, measureName(h.measure)):
			return // children's, or of tops
		}
	}
	if waist < 0 || length < 0 || !t.within(waist, 22, 46) || !t.within(length, 26, 38) {
		return
	}
	for k, name := range []string{"waist", "inseam"} {
		i := []int{waist, length}[k]
		if h := &t.headers[i]; h.factor == 0 {
			h.factor = 2.54
			t.guess(GuessUnit, h.text, "Waist and length of trousers: the numbers are taken for inches.")
		}
		t.headers[i].measure, t.headers[i].bound = find(name), both
	}
}

// within reports whether every number of a column lies between lo and hi, and there is one.
func (t *table) within(column int, lo, hi float64) bool {
	n := 0
	for _, row := range t.rows {
		if column >= len(row) || strings.TrimSpace(row[column]) == "" {
			continue
		}
		s, ok := parseSpan(row[column], 1)
		if !ok || !(s.lo >= lo && s.hi <= hi) {
			return false
		}
		n++
	}
	return n > 0
}

// sections keeps one of several charts that stand below one another under one header, each below
// a row that holds nothing but its title: the one called variant, or the first. Titles count as such only
// where a size comes back in another section; else they are sizes without values, or notes.
func (t *table) sections(label int, variant string) {
	type section struct {
		title    string
		from, to int
	}
	var list []section
	at := map[string]int{} // size → its section
	again := false
	for r, row := range t.rows {
		if title, ok := t.title(row); ok {
			list = append(list, section{title, r + 1, r + 1})
			continue
		}
		if len(list) == 0 {
			list = append(list, section{"", 0, 0})
		}
		list[len(list)-1].to = r + 1
		if label >= len(row) || strings.TrimSpace(row[label]) == "" {
			continue
		}
		name := strings.TrimSpace(row[label])
		if was, ok := at[name]; ok && was == len(list)-1 {
			return // the same size twice in one section: something else is wrong
		} else if ok {
			again = true
		}
		at[name] = len(list) - 1
	}
	list = slices.DeleteFunc(list, func(s section) bool { return s.to == s.from })
	if !again || len(list) < 2 {
		return
	}
	one := max(slices.IndexFunc(list, func(s section) bool { return variant != "" && strings.EqualFold(s.title, variant) }), 0)
	if variant == "" || !strings.EqualFold(list[one].title, variant) {
		t.guess(GuessTable, list[one].title, "Of %d charts below one another the one taken is number %d.", len(list), one+1)
	}
	t.rows = t.rows[list[one].from:list[one].to]
	if t.lines != nil {
		t.lines = t.lines[list[one].from:list[one].to]
	}
}

// title is the text of a row that holds one text, once or in every cell, and no number.
func (t *table) title(row []string) (string, bool) {
	text := ""
	for _, cell := range row {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		if text != "" && cell != text {
			return "", false
		}
		text = cell
	}
	if s, ok := parseSpan(text, 1); text == "" || ok && s.known() {
		return "", false
	}
	return text, true
}

// spread fills the cells that a merged one covers with its text, as the spreadsheet shows it. at
// says in which of the rows a row's number is.
func spread(rows [][]string, at map[int]int, ref string) {
	from, to, ok := strings.Cut(ref, ":")
	c0, r0, ok0 := cellAt(from)
	c1, r1, ok1 := cellAt(to)
	if !ok || !ok0 || !ok1 || c1 < c0 || r1 < r0 || c1 >= maxColumns || r1-r0 > maxRows {
		return
	}
	first, ok := at[r0]
	if !ok || c0 >= len(rows[first]) || rows[first][c0] == "" {
		return
	}
	text := rows[first][c0]
	for r := r0; r <= r1; r++ {
		i, ok := at[r]
		if !ok {
			continue
		}
		for len(rows[i]) <= c1 {
			rows[i] = append(rows[i], "")
		}
		for c := c0; c <= c1; c++ {
			rows[i][c] = text
		}
	}
}

// cellAt is the column, from 0, and the row, from 1, of a reference: 2 and 7 of "C7".
func cellAt(ref string) (column, row int, ok bool) {
	column, ok = columnOf(ref)
	if !ok {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "%d", &row); err != nil || row < 1 {
		return 0, 0, false
	}
	return column, row, true
}
