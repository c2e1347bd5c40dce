package sizing

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Guess is something ParseChart had to decide that the input does not say.
type Guess struct {
	Code   string // one of the Guess codes
	Column string // the header it is about, or ""
	Text   string // in English
}

// The codes of guesses.
const (
	GuessEncoding   = "encoding"    // not UTF-8: read as Windows-1252, or -1250
	GuessSeparator  = "separator"   // what parts the cells of CSV
	GuessTable      = "table"       // which table or sheet of several was taken
	GuessTransposed = "transposed"  // sizes stand in columns
	GuessHeader     = "header"      // the header is not the first line
	GuessLabel      = "label"       // which column names the sizes
	GuessMeasure    = "measurement" // what a header that is not our own word means
	GuessUnit       = "unit"        // centimetres or inches, by the values
	GuessSkipped    = "skipped"     // a line without measurements
)

// Guesses lists what ParseChart guessed, in the order it did. Show it to whoever
// owns the chart: a wrong guess is a wrong size for every customer.
func (c *Chart) Guesses() []Guess { return slices.Clone(c.guesses) }

// A grid is rows of text cells as a file has them, header somewhere among them.
type grid struct {
	format  string
	rows    [][]string
	lines   []int // of each row in the input, or nil
	guesses []Guess
	notes   bool // rows that hold no measurement may be left out
}

func (g *grid) guess(code, format string, args ...any) {
	g.guesses = append(g.guesses, Guess{Code: code, Text: fmt.Sprintf(format, args...)})
}

// table finds the header row, or the header column, and makes a table of the rest.
func (g *grid) table() *table {
	head := g.header()
	if head < 0 && g.transposed() {
		g.transpose()
		g.guess(GuessTransposed, "The sizes stand in columns: the table was turned.")
		head = g.header()
	}
	head = max(head, 0)
	if head > 0 {
		g.guess(GuessHeader, "The header was taken from row %d.", head+1)
	}
	t := &table{format: g.format, guesses: g.guesses, notes: g.notes}
	if len(g.rows) == 0 {
		return t
	}
	if g.lines != nil {
		t.headerLine = g.lines[head]
	}
	names := slices.Clone(g.rows[head])
	if head > 0 && onlyUnits(g.rows[head-1]) {
		names = beneath(g.rows[head-1], names)
	}
	first := head + 1
	for first < len(g.rows) && refines(names, g.rows[first]) {
		names = beneath(names, g.rows[first])
		first++
	}
	for _, text := range names {
		t.headers = append(t.headers, parseHeader(strings.TrimSpace(text)))
	}
	t.rows = g.rows[first:]
	if g.lines != nil {
		t.lines = g.lines[first:]
	}
	for i, r := range t.rows {
		for len(r) > len(t.headers) && strings.TrimSpace(r[len(r)-1]) == "" {
			r = r[:len(r)-1] // trailing separators
		}
		t.rows[i] = r
	}
	return t
}

// header is the first of the top rows that names measurements and holds few
// numbers, or -1.
func (g *grid) header() int {
	for i, row := range g.rows[:min(len(g.rows), 12)] {
		if onlyUnits(row) && i+1 < len(g.rows) && len(row) > 1 {
			if names, _, _ := looks(g.rows[i+1]); names > 0 {
				continue
			}
		}
		if names, numbers, filled := looks(row); names > 0 && 2*numbers <= filled && (filled > 1 || len(g.rows) == 1) {
			return i
		}
	}
	return -1
}

// looks counts the cells that name a measurement, hold numbers, hold anything.
func looks(row []string) (names, numbers, filled int) {
	var headers []header
	for _, cell := range row {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		filled++
		if s, ok := parseSpan(cell, 1); ok && s.known() {
			numbers++
		} else {
			headers = append(headers, parseHeader(cell))
		}
	}
	abbreviations(headers)
	for _, h := range headers {
		if h.measure >= 0 {
			names++
		}
	}
	return names, numbers, filled
}

// transposed reports whether the first column names measurements.
func (g *grid) transposed() bool {
	if len(g.rows) > maxColumns {
		return false
	}
	names, headers := 0, make([]header, len(g.rows))
	for i, row := range g.rows {
		headers[i].measure = -1
		if len(row) > 2 {
			headers[i] = parseHeader(row[0])
		}
	}
	abbreviations(headers)
	for i, row := range g.rows {
		if headers[i].measure >= 0 {
			if n, numbers, _ := looks(row[1:]); numbers > n {
				names++
			}
		}
	}
	return names > 0
}

func (g *grid) transpose() {
	width := 0
	for _, r := range g.rows {
		width = max(width, len(r))
	}
	out := make([][]string, min(width, maxRows+1))
	for i := range out {
		out[i] = make([]string, len(g.rows))
		for j, r := range g.rows {
			if i < len(r) {
				out[i][j] = r[i]
			}
		}
	}
	g.rows, g.lines = out, nil
}

// qualifies reports whether a cell is nothing but units and bounds: "cm", "(min)".
func qualifies(cell string) bool {
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ", "[", " ", "]", " ", ".", " ").Replace(strings.ToLower(cell)))
	for _, w := range words {
		if factors[w] == 0 && boundWords[w] == both {
			return false
		}
	}
	return len(words) > 0
}

// onlyUnits reports whether a row holds units and nothing else.
func onlyUnits(row []string) bool {
	n := 0
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" && !qualifies(cell) {
			return false
		}
		if strings.TrimSpace(cell) != "" {
			n++
		}
	}
	return n > 1
}

// refines reports whether a row is the second half of a header: units, bounds
// and cups below the names, and what hangs down from above.
func refines(names, row []string) bool {
	found, carried := false, ""
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		above := ""
		if i < len(names) {
			above = strings.TrimSpace(names[i])
		}
		if above != "" {
			carried = above
		}
		switch {
		case cell == "" || strings.EqualFold(cell, above):
		case qualifies(cell):
			found = true
		case slices.Contains(cupNames, cell) && overBust(carried):
			found = true
		case above == "" && slices.Contains(labelHeaders, strings.ToLower(cell)) || slices.Contains(labelWords, strings.ToLower(cell)):
		default:
			return false
		}
	}
	return found
}

// beneath joins two rows of a header. A name that stands over several columns is
// written once, or once over each.
func beneath(names, row []string) []string {
	out := make([]string, max(len(names), len(row)))
	last := ""
	for i := range out {
		above, below := "", ""
		if i < len(names) {
			above = strings.TrimSpace(names[i])
		}
		if i < len(row) {
			below = strings.TrimSpace(row[i])
		}
		switch {
		case above != "":
			last = above
		case below != "" && (qualifies(below) || qualifies(last) || slices.Contains(cupNames, below) && overBust(last)):
			above = last
		}
		out[i] = above
		if below != "" && !strings.EqualFold(above, below) {
			out[i] = strings.TrimSpace(above + " " + below)
		}
	}
	return out
}

// inches decides, for columns of which nothing says the unit, whether they are
// in inches: the middle of the column is no body in centimetres and one in inches.
func (t *table) inches(c *Chart, columns [][2]int, o *ChartOptions) {
	if o.Unit != 0 {
		return
	}
	for d := range c.dims {
		dim := &c.dims[d]
		i := max(columns[d][0], columns[d][1])
		if dim.measure == mWeight || t.headers[i].factor != 0 {
			continue
		}
		var mids []float64
		for _, row := range t.rows {
			if i >= len(row) {
				continue
			}
			one, ok := parseSpan(row[i], 1)
			ten, _ := parseSpan(row[i], 10)
			if !ok || !one.known() || one.lo == ten.lo && one.hi == ten.hi { // the cell says its unit
				continue
			}
			if m := one.mid(); !math.IsInf(m, 0) {
				mids = append(mids, m)
			}
		}
		if len(mids) == 0 {
			continue
		}
		slices.Sort(mids)
		mid, in := mids[len(mids)/2], usual[dim.measure]
		if (mid < in.lo || mid > in.hi) && 2.54*mid >= in.lo && 2.54*mid <= in.hi {
			dim.unit = 2.54
			for _, k := range columns[d] {
				if k >= 0 {
					t.headers[k].factor = 2.54
				}
			}
			dim.guessedUnit = true
			t.guess(GuessUnit, t.headers[i].text, "No unit is given; the numbers are taken for inches.")
		}
	}
}

func (t *table) guess(code, column, format string, args ...any) {
	t.guesses = append(t.guesses, Guess{code, clip(column, maxLabel), fmt.Sprintf(format, args...)})
}

// windows1252 are the characters of 0x80 to 0x9f in that code page; 0 where it has none.
var windows1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0, 0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// polish1250 are the letters of Polish that Windows-1250 has in another place than Windows-1252.
var polish1250 = map[byte]rune{
	0x8c: 'Ś', 0x8f: 'Ź', 0x9c: 'ś', 0x9f: 'ź', 0xa3: 'Ł', 0xa5: 'Ą', 0xaf: 'Ż', 0xb3: 'ł', 0xb9: 'ą', 0xbf: 'ż',
	0xc6: 'Ć', 0xca: 'Ę', 0xd1: 'Ń', 0xe6: 'ć', 0xea: 'ę', 0xf1: 'ń',
}

// composed has one character for a letter and the accent behind it, as text comes out of PDF files, where a header may hold the letter.
var composed = strings.NewReplacer(
	"a\u0308", "ä", "A\u0308", "Ä", "o\u0308", "ö", "O\u0308", "Ö", "u\u0308", "ü", "U\u0308", "Ü",
	"e\u0301", "é", "E\u0301", "É", "a\u0301", "á", "i\u0301", "í", "o\u0301", "ó", "u\u0301", "ú", "n\u0303", "ñ",
	"a\u0300", "à", "e\u0300", "è", "i\u0300", "ì", "o\u0300", "ò", "u\u0300", "ù", "a\u0302", "â", "A\u0302", "Â", "e\u0302", "ê", "i\u0302", "î", "o\u0302", "ô", "u\u0302", "û", "c\u0327", "ç",
	"a\u0328", "ą", "e\u0328", "ę", "c\u0301", "ć", "n\u0301", "ń", "s\u0301", "ś", "z\u0301", "ź", "z\u0307", "ż",
)

// polish reports whether a text has a word that Polish charts do not go without; all are ASCII.
func polish(data []byte) bool {
	data = bytes.ToLower(data)
	return slices.ContainsFunc([]string{"rozmiar", "wzrost", "klatk", "biodr"}, func(w string) bool { return bytes.Contains(data, []byte(w)) })
}

// decoded is data as UTF-8: UTF-16 where a mark says so; what is not, is in the code page that is
// guessed, Windows-1252 or for Polish Windows-1250, or no text.
func decoded(data []byte) (text []byte, guessed string, ok bool) {
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		if !bytes.HasPrefix(data, []byte(mark)) {
			continue
		}
		units := make([]uint16, 0, len(data)/2)
		for rest := data[2:]; len(rest) > 1; rest = rest[2:] {
			units = append(units, order.Uint16(rest))
		}
		return []byte(string(utf16.Decode(units))), "", len(data)%2 == 0
	}
	if utf8.Valid(data) {
		if bytes.ContainsAny(data, "\u0300\u0301\u0302\u0303\u0307\u0308\u0327\u0328") {
			data = []byte(composed.Replace(string(data)))
		}
		return data, "", true
	}
	guessed = "Windows-1252"
	var letters map[byte]rune
	if polish(data) {
		guessed, letters = "Windows-1250", polish1250
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		r := rune(b)
		if b >= 0x80 && b < 0xa0 {
			r = windows1252[b-0x80]
		}
		if letter, ok := letters[b]; ok {
			r = letter
		}
		if r == 0 || (r < 0x20 && r != '\t' && r != '\n' && r != '\r') {
			return nil, "", false
		}
		out = utf8.AppendRune(out, r)
	}
	return out, guessed, true
}
