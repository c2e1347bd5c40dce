package sizing

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A table is a chart as rows of text cells, before its columns are understood.
// CSV, HTML, spreadsheets and imported JSON come through it.
type table struct {
	format     string
	headers    []header
	headerLine int // in the input, 0 where unknown
	rows       [][]string
	lines      []int // of each row in the input, or nil
	guesses    []Guess
	notes      bool // rows that hold no measurement may be left out
}

// chart understands the columns: one names the sizes, some are measurements, the
// other texts are the sizes' names in other systems.
func (t *table) chart(o *ChartOptions) (*Chart, error) {
	if len(t.headers) > maxColumns {
		return nil, &ChartError{Format: t.format, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
	}
	abbreviations(t.headers)
	t.cups()
	t.ambiguous()
	t.legs()
	t.twins()
	label := t.labelColumn()
	if label < 0 {
		label = t.selfNamed()
	}
	if label < 0 {
		return nil, &ChartError{Format: t.format, Line: t.line(-1), Reason: "no column names the sizes", Err: ErrChart}
	}
	if t.notes {
		t.pairs(label)
	}
	t.unnamed(label)
	t.sections(label, o.Variant)
	sex := t.sexes(label, o)
	t.systems()
	c := &Chart{id: o.ID, sex: sex, garment: o.Garment, labelled: t.headers[label].key}
	var columns [][2]int // per dimension: the columns of its two ends
	for i, h := range t.headers {
		if h.measure < 0 || i == label {
			continue
		}
		d := slices.IndexFunc(c.dims, func(d dimension) bool { return d.measure == h.measure })
		if d >= 0 && (h.bound == both || columns[d][int(h.bound)-1] >= 0) {
			return nil, &ChartError{Format: t.format, Line: t.line(-1), Column: i + 1, Where: h.text, Reason: "a second column for " + measureName(h.measure), Err: ErrChart}
		}
		if d < 0 {
			d = len(c.dims)
			c.dims = append(c.dims, dimension{name: measureName(h.measure), measure: h.measure, unit: h.unit(o)})
			columns = append(columns, [2]int{-1, -1})
		}
		switch h.bound {
		case lowEnd:
			columns[d][0] = i
		case highEnd:
			columns[d][1] = i
		default:
			columns[d] = [2]int{i, i}
		}
	}
	t.inches(c, columns, o)
	for r, row := range t.rows {
		if t.notes && t.note(row, columns) {
			t.guess(GuessSkipped, "", "Row %d holds no measurement and was left out.", r+1)
			continue
		}
		s, err := t.size(c, r, row, label, columns, o)
		if err != nil {
			return nil, err
		}
		c.sizes = append(c.sizes, s)
		if err := t.itemsOf(c, r, row, s.label); err != nil {
			return nil, err
		}
	}
	c.unknown = t.unknown(label)
	t.explain(label)
	c.guesses = t.guesses
	if err := c.finish(t.format, o); err != nil {
		return nil, err
	}
	return c, nil
}

// unknown lists the headers that stand over measurements, by their looks, and
// are neither a measurement nor a size system.
func (t *table) unknown(label int) []string {
	var out []string
	for i, h := range t.headers {
		if i == label || h.measure >= 0 || h.twin || isItem(h.key) || h.named() {
			continue
		}
		numbers := 0
		for _, row := range t.rows {
			if i < len(row) {
				if s, ok := parseSpan(row[i], 1); ok && s.known() {
					numbers++
				}
			}
		}
		if numbers > len(t.rows)/2 {
			out = append(out, clip(h.text, maxLabel))
		}
	}
	return out
}

// labelColumn is the first of labelHeaders there is, else the first column that
// is no measurement, else none.
func (t *table) labelColumn() int {
	for _, name := range slices.Concat(labelHeaders[:4], labelWords, labelHeaders[4:]) {
		if i := slices.IndexFunc(t.headers, func(h header) bool { return h.key == name && h.measure < 0 && !h.twin }); i >= 0 {
			return i
		}
	}
	fallback := -1
	for i, h := range t.headers {
		if h.measure >= 0 || h.twin || isItem(h.key) {
			continue
		}
		if slices.ContainsFunc(t.rows, func(row []string) bool { return i < len(row) && strings.TrimSpace(row[i]) != "" }) {
			return i
		}
		if fallback < 0 {
			fallback = i
		}
	}
	return fallback
}

// selfNamed makes labels of a measurement that its header calls a size, as shirts are sold by their collars: the
// number of the column it adds, or -1.
func (t *table) selfNamed() int {
	from := slices.IndexFunc(t.headers, func(h header) bool {
		return h.measure >= 0 && !h.twin && h.bound == both && slices.ContainsFunc(strings.Fields(strings.ToLower(h.text)), func(w string) bool {
			return w == "size" || slices.Contains(labelWords, w)
		})
	})
	if from < 0 {
		return -1
	}
	seen := map[string]bool{}
	for r, row := range t.rows {
		if from >= len(row) || len(row) > len(t.headers) || seen[row[from]] {
			return -1
		}
		seen[row[from]] = true
		t.rows[r] = append(append(slices.Clone(row), make([]string, len(t.headers)-len(row))...), row[from])
	}
	t.guess(GuessLabel, t.headers[from].text, "No column names the sizes; this one was taken for the names, too.")
	t.headers = append(t.headers, header{text: "size", key: "size", measure: -1})
	return len(t.headers) - 1
}

// twins leaves out columns that say in inches or pounds what another says in
// centimetres or kilograms.
func (t *table) twins() {
	for i := range t.headers {
		h := &t.headers[i]
		if h.measure < 0 || h.twin {
			continue
		}
		metric := func(o *header) bool { return o.factor == 0 || o.factor == 1 }
		for k := range t.headers {
			o := &t.headers[k]
			if k != i && o.measure == h.measure && o.bound == h.bound && o.factor != h.factor && metric(h) && (!metric(o) || h.factor == 1) {
				o.measure, o.twin = -1, true
				t.guess(GuessUnit, o.text, "The same as %q in another unit; it was left out.", clip(h.text, maxLabel))
			}
		}
	}
}

// pairs takes two neighbouring columns under one header for the ends of a range: a
// header cell that spans both looks like this.
func (t *table) pairs(label int) {
	for i := 1; i < len(t.headers); i++ {
		a, b := &t.headers[i-1], &t.headers[i]
		if i-1 != label && a.measure >= 0 && a.text == b.text && a.bound == both && b.bound == both {
			a.bound, b.bound = lowEnd, highEnd
			t.guess(GuessHeader, a.text, "Two columns share this header; they were taken for the ends of a range.")
		}
	}
}

// unnamed takes a column of numbers without a header, next to a measurement, for the upper ends
// of its ranges: so looks a merged header cell in CSV and spreadsheets.
func (t *table) unnamed(label int) {
	for i := 1; i < len(t.headers); i++ {
		a, b := &t.headers[i-1], &t.headers[i]
		if b.text != "" || a.measure < 0 || a.bound != both || i-1 == label || i == label {
			continue
		}
		rows := 0
		for _, row := range t.rows {
			if i >= len(row) || strings.TrimSpace(row[i]) == "" {
				continue
			}
			lo, ok := parseSpan(row[i-1], 1)
			hi, also := parseSpan(row[i], 1)
			if !ok || !also || lo.lo != lo.hi || !(hi.lo > lo.hi) {
				rows = 0
				break
			}
			rows++
		}
		if rows > 0 {
			*b = *a
			a.bound, b.bound = lowEnd, highEnd
			t.guess(GuessHeader, a.text, "The column beside it has no header; it was taken for the upper ends of the ranges.")
		}
	}
}

// ambiguous settles what a column called just "taille" is: the size in French, the waist in
// German and Dutch. It is the size where another column is the waist, its cells
// are no numbers, or nothing else names the sizes.
func (t *table) ambiguous() {
	for i := range t.headers {
		h := &t.headers[i]
		if h.key != "taille" || !strings.EqualFold(strings.TrimSpace(h.text), "taille") {
			continue
		}
		waist, named := false, false
		for k, o := range t.headers {
			waist = waist || (k != i && o.measure == h.measure)
			named = named || (k != i && o.measure < 0 && !isItem(o.key) && !slices.Contains(ageHeaders, o.key))
		}
		if waist || !named || t.worded(i) {
			h.measure = -1
		}
	}
}

// worded reports whether no cell of a column is a number.
func (t *table) worded(column int) bool {
	for _, row := range t.rows {
		if column < len(row) {
			if s, ok := parseSpan(row[column], 1); ok && s.known() {
				return false
			}
		}
	}
	return true
}

// isItem reports whether a column holds article numbers.
func isItem(key string) bool {
	switch key {
	case "sku", "skus", "gtin", "gtins", "ean", "upc", "barcode", "article", "article number", "artikelnummer", "référence", "referencia", "codice", "indeks":
		return true
	}
	return false
}

// maxItems limits the article numbers of a chart.
const maxItems = 10000

// itemsOf notes the article numbers of a row: one or several to a cell.
func (t *table) itemsOf(c *Chart, r int, row []string, label string) error {
	for i, h := range t.headers {
		if !isItem(h.key) || i >= len(row) {
			continue
		}
		for _, id := range strings.FieldsFunc(row[i], func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '|' }) {
			if reason := c.addItem(id, label); reason != "" {
				return &ChartError{Format: t.format, Line: t.line(r), Column: i + 1, Where: h.text, Reason: reason, Err: ErrChart}
			}
		}
	}
	return nil
}

// addItem notes an article number; reason is what is wrong with it, or "".
func (c *Chart) addItem(id, label string) (reason string) {
	have, again := c.items[id]
	switch {
	case len(c.items) >= maxItems || len(id) > maxLabel:
		return fmt.Sprintf("more than %d article numbers, or one of more than %d bytes", maxItems, maxLabel)
	case again && have != label:
		return "an article number of two sizes"
	}
	if c.items == nil {
		c.items = map[string]string{}
	}
	c.items[id] = label
	return ""
}

// note reports whether a row of a page or sheet holds no measurement.
func (t *table) note(row []string, columns [][2]int) bool {
	for _, pair := range columns {
		for _, i := range pair {
			if i < 0 || i >= len(row) {
				continue
			}
			if s, ok := parseSpan(row[i], 1); ok && s.known() {
				return false
			}
		}
	}
	return true
}

// explain reports what headers were taken for where they are not our own words.
func (t *table) explain(label int) {
	if h := t.headers[label]; h.key != "size" && h.key != "label" {
		t.guess(GuessLabel, h.text, "The sizes were taken to be named by this column.")
	}
	for _, h := range t.headers {
		if h.measure >= 0 && !strings.Contains(strings.ReplaceAll(strings.ToLower(h.text), " ", "_"), strings.TrimSuffix(measureName(h.measure), "_kg")) {
			t.guess(GuessMeasure, h.text, "Taken for %s.", measureName(h.measure))
		}
	}
}

func (t *table) line(row int) int {
	if t.lines == nil {
		return 0
	}
	if row < 0 {
		return t.headerLine
	}
	return t.lines[row]
}

// size reads one row.
func (t *table) size(c *Chart, r int, row []string, label int, columns [][2]int, o *ChartOptions) (size, error) {
	fail := func(column int, reason string) error {
		return &ChartError{Format: t.format, Line: t.line(r), Column: column + 1, Where: t.headers[min(column, len(t.headers)-1)].text, Reason: reason, Err: ErrChart}
	}
	if len(row) > len(t.headers) {
		return size{}, fail(len(t.headers), fmt.Sprintf("%d cells under %d headers", len(row), len(t.headers)))
	}
	cell := func(i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	s := size{label: strings.Join(strings.Fields(cell(label)), " "), cells: make([]span, len(c.dims))}
	if s.label == "" || len(s.label) > maxLabel {
		return s, fail(label, "a size needs a label of 1 to 80 bytes")
	}
	for i, h := range t.headers {
		if h.measure < 0 && !h.twin && i != label && !isItem(h.key) && cell(i) != "" {
			text := cell(i)
			s.systems = append(s.systems, systemLabel{h.key, text[:min(len(text), maxLabel)]})
		}
	}
	for d := range c.dims {
		ends := [2]span{unknownSpan, unknownSpan}
		for e, i := range columns[d] {
			if i < 0 {
				continue
			}
			v, ok := parseSpan(cell(i), t.headers[i].unit(o))
			if !ok {
				return s, fail(i, fmt.Sprintf("%.40q is not a measurement", cell(i)))
			}
			ends[e] = v
		}
		s.cells[d] = join(ends, columns[d])
		if err := c.dims[d].check(s.cells[d]); err != "" {
			return s, fail(max(columns[d][0], columns[d][1]), err)
		}
	}
	return s, nil
}

// unit is the factor of a column without a unit in the cell.
func (h header) unit(o *ChartOptions) float64 {
	if h.factor != 0 {
		return h.factor
	}
	if h.measure == mWeight {
		if o.Unit == Inch {
			return float64(Lb)
		}
		return 1
	}
	if o.Unit != 0 {
		return float64(o.Unit)
	}
	return 1
}

// join makes one span of the cells for its low and high end.
func join(ends [2]span, columns [2]int) span {
	if columns[0] == columns[1] {
		return ends[0]
	}
	s := span{math.Inf(-1), math.Inf(1)}
	if ends[0].known() {
		s.lo = ends[0].lo
	}
	if ends[1].known() {
		s.hi = ends[1].hi
	}
	if math.IsInf(s.lo, -1) && math.IsInf(s.hi, 1) {
		return unknownSpan
	}
	return s
}

// check reports what makes a span impossible, or "". Inverted ranges are turned
// round and left to Lint.
func (d *dimension) check(s span) string {
	if !s.known() {
		return ""
	}
	lo, hi := 0.5, 1000.0 // cm or kg: wide enough for garments and for unit mistakes Lint names
	for _, v := range []float64{s.lo, s.hi} {
		if !math.IsInf(v, 0) && (v < lo || v > hi) {
			return "outside 0.5 to 1000 " + d.unitName()
		}
	}
	return ""
}

func (d *dimension) unitName() string {
	if d.measure == mWeight {
		return "kg"
	}
	return "cm"
}

// finish gives garment dimensions their ease and compiles the chart.
func (c *Chart) finish(format string, o *ChartOptions) error {
	for i := range c.dims {
		d := &c.dims[i]
		if ease, ok := o.Ease[d.name]; ok && c.garment {
			d.ease, d.hasEase = [2]float64{float64(ease[0]), float64(ease[1])}, true
		}
		if !c.garment {
			continue
		}
		if !d.hasEase && !d.secondary {
			return &ChartError{Format: format, Where: d.name, Reason: "a garment chart needs the ease of every dimension that decides", Err: ErrChart}
		}
		if d.hasEase && !(d.ease[0] <= d.ease[1] && math.Abs(d.ease[0]) <= 100 && math.Abs(d.ease[1]) <= 100) {
			return &ChartError{Format: format, Where: d.name, Reason: "ease must be two lengths up to 100 cm, least first", Err: ErrChart}
		}
		for r := range c.sizes {
			s := c.sizes[r].cells[i]
			if math.IsInf(s.lo, 0) || math.IsInf(s.hi, 0) {
				return &ChartError{Format: format, Where: fmt.Sprintf("size %.20q, %s", c.sizes[r].label, d.name), Reason: "a garment has no open range", Err: ErrChart}
			}
		}
	}
	if err := c.compile(); err != nil {
		if e, ok := err.(*ChartError); ok {
			e.Format = format
		}
		return err
	}
	return nil
}
