package sizing

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A table is a chart as rows of text cells, before its columns are understood.
// CSV and imported JSON come through it.
type table struct {
	format  string
	headers []header
	rows    [][]string
	lines   []int // of each row in the input, or nil
}

// chart understands the columns: one names the sizes, some are measurements, the
// other texts are the sizes' names in other systems.
func (t *table) chart(o *ChartOptions) (*Chart, error) {
	if len(t.headers) > maxColumns {
		return nil, &ChartError{Format: t.format, Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
	}
	label := t.labelColumn()
	if label < 0 {
		return nil, &ChartError{Format: t.format, Line: t.line(-1), Reason: "no column names the sizes", Err: ErrChart}
	}
	c := &Chart{id: o.ID, sex: o.Sex, garment: o.Garment, labelled: t.headers[label].key}
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
	for r, row := range t.rows {
		s, err := t.size(c, r, row, label, columns, o)
		if err != nil {
			return nil, err
		}
		c.sizes = append(c.sizes, s)
	}
	c.unknown = t.unknown(label)
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
		if i == label || h.measure >= 0 || isSystem(strings.TrimSuffix(h.key, " size")) || h.key == "age" {
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
	for _, name := range labelHeaders {
		if i := slices.IndexFunc(t.headers, func(h header) bool { return h.key == name && h.measure < 0 }); i >= 0 {
			return i
		}
	}
	return slices.IndexFunc(t.headers, func(h header) bool { return h.measure < 0 })
}

func (t *table) line(row int) int {
	if t.lines == nil {
		return 0
	}
	if row < 0 {
		return 1
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
	s := size{label: cell(label), cells: make([]span, len(c.dims))}
	if s.label == "" || len(s.label) > maxLabel {
		return s, fail(label, "a size needs a label of 1 to 80 bytes")
	}
	for i, h := range t.headers {
		if h.measure < 0 && i != label && cell(i) != "" {
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
