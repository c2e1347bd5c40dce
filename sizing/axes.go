package sizing

import (
	"math"
	"slices"
)

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
		spans, first := make([]span, len(reps)), make([]int, len(reps))
		for k, i := range reps {
			spans[k], first[k] = c.sizes[i].body[d], k
			if k > 0 && spans[k] == spans[k-1] {
				first[k] = first[k-1]
			}
		}
		c.dims[d].first = first
		c.dims[d].setEdges(boundaries(spans))
	}
}

// boundaries is where one level ends and the next begins: halfway where they
// overlap or leave a gap, so that every body between the ends has a size. Levels of the same range end where
// the last of them does.
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
	for k := n - 1; k > 0; k-- { // who fits two sizes alike asks for the smaller: another dimension parts them
		if s[k] == s[k-1] {
			e[k] = e[k+1]
		}
	}
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
	step := func(i, inwards int) float64 {
		for j := i + inwards; j >= 0 && j < n && s[j].known() && !math.IsInf(s[j].mid(), 0); j += inwards {
			if s[j].mid() != s[i].mid() { // the longest may all have one inseam
				return math.Abs(s[j].mid()-s[i].mid()) / 2
			}
		}
		return 0.04 * s[i].lo
	}
	if s[0].lo == s[0].hi {
		e[0] = s[0].lo - step(0, 1)
	}
	if s[n-1].lo == s[n-1].hi {
		e[n] = s[n-1].hi + step(n-1, -1)
	}
}

// preferenceShift is the part of a size's range by which a liking for slim or
// loose clothes moves the boundaries.
const preferenceShift = 0.25

// setEdges stores the boundaries and what preferences make of them: who likes
// clothes loose moves up from the top quarter of a size, who likes them slim
// moves down from the lowest. The chart's own ends stay, and boundaries that are one stay one.
func (d *dimension) setEdges(e []float64) {
	n := len(e) - 1
	for p := range d.edges {
		out := slices.Clone(e)
		for k := 1; k < n && d.girth(); k++ {
			down, up := e[k]-below(e, k), above(e, k)-e[k]
			switch {
			case !(down > 0 && up > 0): // the end of all
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
	d.step = 0
	if inner := d.edges[Regular]; n > 0 {
		lo, hi := 0, n
		for lo < hi && math.IsInf(inner[lo], 0) {
			lo++
		}
		for hi > lo && math.IsInf(inner[hi], 0) {
			hi--
		}
		if hi > lo {
			d.step = (inner[hi] - inner[lo]) / float64(hi-lo)
		}
	}
}

// below is the next smaller boundary than e[k], or e[k] where there is none.
func below(e []float64, k int) float64 {
	j := k
	for j > 0 && e[j] == e[k] {
		j--
	}
	return e[j]
}

// above is the next larger boundary than e[k], or e[k] where there is none.
func above(e []float64, k int) float64 {
	j := k
	for j < len(e)-1 && e[j] == e[k] {
		j++
	}
	return e[j]
}
