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
	axes      []axis
	normal    *normalTable
	steps     int      // of the joint distribution function, over all axes
	unknown   []string // headers over numbers that are no measurement we know
}

// A dimension is one column of a chart.
type dimension struct {
	name      string
	measure   int // index into measures, or mWeight
	secondary bool
	ease      [2]float64 // garment charts: room over the body, least and most, cm
	hasEase   bool
	unit      float64 // of the chart's column, in cm or kg
	axis      int     // index into Chart.axes, or -1: reported, not deciding
	// log of the boundaries between the levels of the axis, ends included, per
	// Preference. Infinite where the chart is open.
	edges [3][]float64
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
	good    []span        // per dimension, the same with its share of gaps
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
	Format       string // "json" or "csv"
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
	c.group()
	c.normal = newNormalTable()
	c.steps = 1
	for i := range c.sizes {
		c.sizes[i].twin = slices.ContainsFunc(c.sizes[:i], func(s size) bool { return sameSpans(s.body, c.sizes[i].body) })
	}
	for a := range c.axes {
		c.level(a)
		c.steps *= c.axes[a].levels + 1
	}
	if c.steps > maxSteps && len(c.axes) > 1 {
		return &ChartError{Reason: "too many combinations of sizes", Err: ErrChartTooLarge}
	}
	if len(c.axes) == 0 {
		return &ChartError{Reason: "every dimension is secondary, none decides", Err: ErrChart}
	}
	for i := range c.sizes {
		s := &c.sizes[i]
		s.good = make([]span, len(c.dims))
		for d := range c.dims {
			s.good[d] = c.goodRange(s, d)
		}
	}
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
	return span{s.lo - d.ease[1], s.hi - d.ease[0]}
}

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

// distinct counts the different spans of dimension d.
func (c *Chart) distinct(d int) int {
	var seen []span
	for i := range c.sizes {
		if s := c.sizes[i].body[d]; s.known() && !slices.Contains(seen, s) {
			seen = append(seen, s)
		}
	}
	return len(seen)
}

// group sorts the deciding dimensions into axes. Two dimensions are on axes of
// their own when both repeat values and some size is larger in one and smaller in
// the other: waist and length of trousers. A dimension that is the same for
// every size of a longer chart decides nothing.
func (c *Chart) group() {
	repeats := make([]bool, len(c.dims))
	for d := range c.dims {
		c.dims[d].axis = -1
		n := c.distinct(d)
		if n == 0 || (n == 1 && len(c.sizes) > 1 && len(c.dims) > 1) {
			c.dims[d].secondary = true
		}
		repeats[d] = n < len(c.sizes)
	}
	for d := range c.dims {
		if c.dims[d].secondary {
			continue
		}
		home := -1
		for a := range c.axes {
			first := c.axes[a].dims[0]
			if len(c.axes) == maxAxes || !repeats[d] || !repeats[first] || !c.conflict(d, first) {
				home = a
				break
			}
		}
		if home < 0 {
			home = len(c.axes)
			c.axes = append(c.axes, axis{})
		}
		c.axes[home].dims = append(c.axes[home].dims, d)
		c.dims[d].axis = home
	}
}

// conflict reports whether one size is larger than another in d and smaller in e.
func (c *Chart) conflict(d, e int) bool {
	for i := range c.sizes {
		for j := range c.sizes[:i] {
			if c.sizes[i].body[d].order(c.sizes[j].body[d])*c.sizes[i].body[e].order(c.sizes[j].body[e]) < 0 {
				return true
			}
		}
	}
	return false
}

// level numbers the sizes along axis a and computes the boundaries between the
// levels in each of its dimensions.
func (c *Chart) level(a int) {
	dims := c.axes[a].dims
	compare := func(i, j int) int {
		for _, d := range dims {
			if o := c.sizes[i].body[d].order(c.sizes[j].body[d]); o != 0 {
				return o
			}
		}
		return 0
	}
	byLevel := make([]int, len(c.sizes))
	for i := range byLevel {
		byLevel[i] = i
	}
	slices.SortStableFunc(byLevel, compare)
	var reps []int // one size of each level
	for _, i := range byLevel {
		if len(reps) == 0 || compare(reps[len(reps)-1], i) != 0 {
			reps = append(reps, i)
		}
		c.sizes[i].levels = append(c.sizes[i].levels, len(reps)-1)
	}
	c.axes[a].levels = len(reps)
	for _, d := range dims {
		spans := make([]span, len(reps))
		for k, i := range reps {
			spans[k] = c.sizes[i].body[d]
		}
		c.dims[d].setEdges(boundaries(spans))
	}
}

// boundaries is where one level ends and the next begins: halfway where they
// overlap or leave a gap, so that every body between the ends has a size.
func boundaries(s []span) []float64 {
	n := len(s)
	e := make([]float64, n+1)
	for k := range e {
		e[k] = math.NaN()
	}
	for k := 1; k < n; k++ {
		lo, hi := s[k].lo, s[k-1].hi // NaN where unknown
		switch {
		case math.IsNaN(hi) || math.IsInf(hi, 1):
			e[k] = lo
		case math.IsNaN(lo) || math.IsInf(lo, -1):
			e[k] = hi
		default:
			e[k] = (lo + hi) / 2
		}
	}
	e[0], e[n] = s[0].lo, s[n-1].hi
	if math.IsNaN(e[0]) {
		e[0] = math.Inf(-1)
	}
	if math.IsNaN(e[n]) {
		e[n] = math.Inf(1)
	}
	fillGaps(e)
	widenPoints(s, e)
	for k := 1; k <= n; k++ { // a chart that runs backwards somewhere loses that level
		e[k] = max(e[k], e[k-1])
	}
	return e
}

// fillGaps interpolates boundaries that no cell gives.
func fillGaps(e []float64) {
	for k := 1; k < len(e)-1; k++ {
		if !math.IsNaN(e[k]) {
			continue
		}
		j := k
		for math.IsNaN(e[j]) {
			j++
		}
		if math.IsInf(e[k-1], 0) || math.IsInf(e[j], 0) {
			e[k] = e[k-1]
			if math.IsInf(e[k], 0) {
				e[k] = e[j]
			}
			continue
		}
		e[k] = e[k-1] + (e[j]-e[k-1])/float64(j-k+1)
	}
}

// widenPoints gives the first and last level half a step where they are points.
func widenPoints(s []span, e []float64) {
	n := len(s)
	step := func(i, j int) float64 {
		if n == 1 || !s[i].known() || !s[j].known() || math.IsInf(s[j].mid()-s[i].mid(), 0) {
			return 0.04 * s[i].lo
		}
		return math.Abs(s[j].mid()-s[i].mid()) / 2
	}
	if s[0].lo == s[0].hi {
		e[0] = s[0].lo - step(0, min(1, n-1))
	}
	if s[n-1].lo == s[n-1].hi {
		e[n] = s[n-1].hi + step(n-1, max(n-2, 0))
	}
}

// preferenceShift is the part of a size's range by which a liking for slim or
// loose clothes moves the boundaries.
const preferenceShift = 0.25

// setEdges stores the boundaries and what preferences make of them: who likes
// clothes loose moves up from the top quarter of a size, who likes them slim
// moves down from the lowest. The chart's own ends stay.
func (d *dimension) setEdges(e []float64) {
	n := len(e) - 1
	for p := range d.edges {
		out := slices.Clone(e)
		for k := 1; k < n && d.girth(); k++ {
			down, up := e[k]-e[k-1], e[k+1]-e[k]
			switch {
			case Preference(p) == LooseFit && !math.IsInf(down, 0):
				out[k] -= preferenceShift * down
			case Preference(p) == SlimFit && !math.IsInf(up, 0):
				out[k] += preferenceShift * up
			}
		}
		for k := range out {
			if out[k] > 0 {
				out[k] = math.Log(out[k])
			} else {
				out[k] = math.Inf(-1)
			}
		}
		d.edges[p] = out
	}
}
