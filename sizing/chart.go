package sizing

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Chart is a size chart: sizes, each with a range of body measurements in one or
// more dimensions. Immutable, safe for use by many goroutines. ParseChart makes it.
type Chart struct {
	id, title string
	sex       Sex
	garment   bool
	dims      []dimension
	sizes     []size
	cells     []areaCell // of all sizes, row by row
	axes      []axis
	nest      *nest // where the second axis is cut by the first
	normal    *normalTable
	steps     int    // of the joint distribution function, over all axes
	labelled  string // key of the column the labels come from
	guesses   []Guess
	items     map[string]string // SKU or GTIN → label
	unknown   []string          // headers over numbers that are no measurement we know
}

// A dimension is one column of a chart.
type dimension struct {
	name      string
	measure   int // index into measures, or mWeight
	secondary bool
	ease      [2]float64 // garment charts: room over the body, least and most, cm
	hasEase   bool
	unit      float64 // of the chart's column, in cm or kg
	// guessedUnit: nothing said inches but the numbers.
	guessedUnit bool
	stretch     float64 // garment charts: by which share the cloth gives
	step        float64 // typical distance of two levels, of logarithms
	axis        int     // index into Chart.axes, or -1: reported, not deciding
	// log of the boundaries between the levels of the axis, ends included, per
	// Preference. Infinite where the chart is open.
	edges [3][]float64
	first []int // per level of the axis: the first level of the same range, which has all of it
}

// mWeight is the measure index of a chart's weight column, in kilograms.
const mWeight = len(measures)

func (d *dimension) variable() int {
	if d.measure == mWeight {
		return vWeight
	}
	return int(measures[d.measure].variable)
}

// girth reports whether the dimension is a width, which preference moves,
// rather than a length, which it does not.
func (d *dimension) girth() bool {
	switch d.variable() {
	case vHeight, vWeight, vInseam, vOutseam, vSleeve, vShoulder, vFootLength, vFootBreadth, vHeadGirth:
		return false
	}
	return true
}

// A size is one row of a chart.
type size struct {
	label   string
	systems []systemLabel // what other columns call it
	cells   []span        // per dimension, as the chart has them, in cm or kg
	body    []span        // per dimension, the bodies it is made for
	levels  []int         // per axis
	twin    bool          // an earlier size has the same ranges
}

// A systemLabel is a size's name in another system: {"uk", "8"}.
type systemLabel struct{ system, label string }

// A span is a closed range, open at infinite ends, a point where both are
// equal, and unknown where lo is NaN.
type span struct{ lo, hi float64 }

var unknownSpan = span{math.NaN(), math.NaN()}

func (s span) known() bool  { return !math.IsNaN(s.lo) }
func (s span) mid() float64 { return (s.lo + s.hi) / 2 }

// order compares spans by where they lie; unknown ones are equal to all.
func (s span) order(t span) int {
	switch {
	case !s.known() || !t.known() || s == t:
		return 0
	case s.lo+s.hi != t.lo+t.hi && !math.IsInf(s.lo+s.hi, 0) && !math.IsInf(t.lo+t.hi, 0):
		if s.lo+s.hi < t.lo+t.hi {
			return -1
		}
		return 1
	case s.lo < t.lo || (s.lo == t.lo && s.hi < t.hi):
		return -1
	}
	return 1
}

// An axis is a set of dimensions that grow together from size to size. Most
// charts have one; trousers by waist and length have two.
type axis struct {
	dims   []int // deciding dimensions
	levels int
}

// Limits of a chart.
const (
	maxRows    = 500
	maxColumns = 64
	maxDims    = 12
	maxAxes    = 3
	maxSteps   = 4096 // of the joint distribution function
	maxLabel   = 80   // bytes
	maxBytes   = 1 << 20
)

// Errors of ParseChart. ErrChart means the input is no chart or contradicts
// itself; ErrChartTooLarge that it exceeds 1 MiB, 500 sizes, 64 columns or 12 dimensions.
var (
	ErrChart         = errors.New("not a size chart")
	ErrChartTooLarge = errors.New("chart too large")
)

// A ChartError says what is wrong with a chart and where. It unwraps to
// ErrChart or ErrChartTooLarge.
type ChartError struct {
	Format       string // "json", "csv", "html", "xlsx" or "jsonld"
	Line, Column int    // from 1, 0 where unknown; Column is a cell in CSV and a byte in JSON
	Where        string // "sizes[3].chest", the header of the column, or ""
	Reason       string
	Err          error
}

func (e *ChartError) Error() string {
	s := "sizing: chart"
	if e.Format != "" {
		s += ": " + e.Format
	}
	if e.Line > 0 {
		s += fmt.Sprintf(": line %d", e.Line)
		if e.Column > 0 {
			s += fmt.Sprintf(" column %d", e.Column)
		}
	}
	if e.Where != "" {
		s += fmt.Sprintf(": %.60s", e.Where)
	}
	return s + ": " + e.Reason
}

func (e *ChartError) Unwrap() error { return e.Err }

// ID returns the chart's id.
func (c *Chart) ID() string { return c.id }

// Title returns the chart's title.
func (c *Chart) Title() string { return c.title }

// Sex returns who the chart is for, Unspecified where it does not say.
func (c *Chart) Sex() Sex { return c.sex }

// Sizes returns the labels in the chart's order.
func (c *Chart) Sizes() []string {
	labels := make([]string, len(c.sizes))
	for i := range c.sizes {
		labels[i] = c.sizes[i].label
	}
	return labels
}

// Dimensions returns the measurements the chart uses, in its order.
func (c *Chart) Dimensions() []string {
	names := make([]string, len(c.dims))
	for i := range c.dims {
		names[i] = c.dims[i].name
	}
	return names
}

// compile works out body ranges, axes and boundaries.
func (c *Chart) compile() error {
	if len(c.sizes) == 0 {
		return &ChartError{Reason: "no sizes", Err: ErrChart}
	}
	if len(c.dims) == 0 {
		return &ChartError{Reason: "no column is a measurement we know", Err: ErrChart}
	}
	if len(c.sizes) > maxRows || len(c.dims) > maxDims {
		return &ChartError{Reason: fmt.Sprintf("more than %d sizes or %d dimensions", maxRows, maxDims), Err: ErrChartTooLarge}
	}
	for i := range c.sizes {
		s := &c.sizes[i]
		s.body = make([]span, len(c.dims))
		for d := range c.dims {
			s.body[d] = c.dims[d].bodies(s.cells[d])
		}
	}
	for d := range c.dims {
		c.bridge(d)
	}
	c.normal = newNormalTable()
	for i := range c.sizes {
		c.sizes[i].twin = slices.ContainsFunc(c.sizes[:i], func(s size) bool { return sameSpans(s.body, c.sizes[i].body) })
	}
	if !c.nested() {
		c.group()
		c.steps = 1
		for a := range c.axes {
			c.level(a)
			c.steps *= c.axes[a].levels + 1
		}
	}
	if c.steps > maxSteps && len(c.axes) > 1 {
		return &ChartError{Reason: "too many combinations of sizes", Err: ErrChartTooLarge}
	}
	if len(c.axes) == 0 {
		return &ChartError{Reason: "every dimension is secondary, none decides", Err: ErrChart}
	}
	c.lay()
	return nil
}

// bodies turns what the chart says into the bodies a size is for. A range
// written the wrong way round is turned; Lint names it.
func (d *dimension) bodies(s span) span {
	if s.lo > s.hi {
		s.lo, s.hi = s.hi, s.lo
	}
	if !s.known() || !d.hasEase {
		return s
	}
	return span{s.lo - d.ease[1], s.hi*(1+comfort*d.stretch) - d.ease[0]}
}

// comfort is how much of a cloth's stretch a garment may be worn with.
const comfort = 0.5

// bridge fills a single missing cell with what its neighbours leave.
func (c *Chart) bridge(d int) {
	for i := 1; i+1 < len(c.sizes); i++ {
		a, b := c.sizes[i-1].body[d], c.sizes[i+1].body[d]
		if c.sizes[i].body[d].known() || !a.known() || !b.known() {
			continue
		}
		if b.order(a) < 0 {
			a, b = b, a
		}
		switch {
		case a.lo == a.hi && b.lo == b.hi:
			c.sizes[i].body[d] = span{(a.lo + b.lo) / 2, (a.lo + b.lo) / 2}
		case a.hi <= b.lo:
			c.sizes[i].body[d] = span{a.hi, b.lo}
		}
	}
}

// sameSpans compares cell by cell; unknown cells are the same as each other.
func sameSpans(a, b []span) bool {
	return slices.EqualFunc(a, b, func(s, t span) bool { return s == t || (!s.known() && !t.known()) })
}

// Range is the bodies that a size is made for in one dimension, in centimetres
// (kilograms for a weight): the chart's own range, less the ease of a garment chart, and its
// share of gaps and overlaps. Ends may be infinite. It is false where the chart has no such size,
// dimension or cell.
func (c *Chart) Range(size, dimension string) (lo, hi float64, ok bool) {
	for i := range c.sizes {
		for d := range c.dims {
			if c.sizes[i].label == size && c.dims[d].name == dimension {
				q := c.cells[i*len(c.dims)+d]
				whole := func(v float64) float64 { return math.Round(v*1e9) / 1e9 } // 94, and not what its logarithm left of it
				return whole(q.lo), whole(q.hi), q.known
			}
		}
	}
	return 0, 0, false
}
