package sizing

import (
	"math"
	"slices"
)

// A nest is how a chart of two dimensions is cut where the sizes of one level of the outer
// dimension divide the inner one in their own way: bands and cups of bras, whose busts are others
// for every band; heights of short, regular and long, which grow with the chest.
type nest struct {
	inner int            // the dimension; it has the second axis
	edges [][3][]float64 // per level of the first axis and Preference: log of the boundaries
}

// outer is the dimension that divides a nest, or -1. The one of two dimensions has every value twice
// or more often; some size is larger in it and smaller in the other; and the other repeats none of its
// values, or so few that a grid of all values by all values would be half empty. Under-bust and bust
// need not be so clear: bands may be so far apart that no bust is in two of them.
func (c *Chart) outer() int {
	if len(c.dims) != 2 || slices.ContainsFunc(c.sizes, func(s size) bool { return !s.body[0].known() || !s.body[1].known() }) {
		return -1
	}
	all, n := len(c.sizes), [2]int{c.distinct(0), c.distinct(1)}
	for d := range n {
		if n[d] < 2 || 2*n[d] > all || n[d] > n[1-d] {
			continue
		}
		bra := c.dims[d].variable() == vUnderbust && c.dims[1-d].variable() == vChest
		if bra || c.conflict(0, 1) && (n[1-d] == all || 2*all < n[0]*n[1]) {
			return d
		}
	}
	return -1
}

// nested finds out whether the chart is a nest, and lays it out.
func (c *Chart) nested() bool {
	outer := c.outer()
	if outer < 0 {
		return false
	}
	inner := 1 - outer
	c.axes = []axis{{dims: []int{outer}}, {dims: []int{inner}}}
	c.dims[outer].axis, c.dims[inner].axis = 0, 1
	c.level(0)
	c.nest = &nest{inner: inner, edges: make([][3][]float64, c.axes[0].levels)}
	lo, hi, step := math.Inf(1), math.Inf(-1), 0.0
	for k := range c.nest.edges {
		var spans []span
		for i := range c.sizes {
			if c.sizes[i].levels[0] == k {
				spans = append(spans, c.sizes[i].body[inner])
			}
		}
		slices.SortFunc(spans, span.order)
		spans = slices.Compact(spans)
		for i := range c.sizes {
			if s := &c.sizes[i]; s.levels[0] == k {
				s.levels = append(s.levels, slices.Index(spans, s.body[inner]))
			}
		}
		c.axes[1].levels = max(c.axes[1].levels, len(spans))
		one := dimension{measure: c.dims[inner].measure}
		one.setEdges(boundaries(spans))
		c.nest.edges[k] = one.edges
		e := one.edges[Regular]
		lo, hi, step = min(lo, e[0]), max(hi, e[len(e)-1]), step+one.step/float64(len(c.nest.edges))
	}
	for p := range c.dims[inner].edges {
		c.dims[inner].edges[p] = []float64{lo, hi}
	}
	c.dims[inner].step = step
	c.steps = 2 * (c.axes[1].levels + 1)
	return true
}

// edgesOf is the boundaries of dimension d from the lower one of size s on.
func (c *Chart) edgesOf(s *size, d int, p Preference) []float64 {
	if c.nest != nil && d == c.nest.inner {
		return c.nest.edges[s.levels[0]][p][s.levels[1]:]
	}
	return c.dims[d].edges[p][c.dims[d].first[s.levels[c.dims[d].axis]]:]
}

// distributeNest sets the probability of every size of a nest.
func (c *Chart) distributeNest(r *Recommendation, w *wearer, prefer Preference) {
	rows := [2][]float64{r.scratch[:c.steps/2], r.scratch[c.steps/2 : c.steps]}
	outer := r.scratch[c.steps:][:c.axes[0].levels+1]
	c.marginal(outer, 0, w, prefer)
	for k := range c.nest.edges {
		inner := c.nest.edges[k][prefer]
		for side := range rows {
			for j := range inner {
				rows[side][j] = c.corner(w, prefer, outer, k+side, inner, j)
			}
		}
		for i := range c.sizes {
			if s := &c.sizes[i]; s.levels[0] == k && !s.twin {
				j := s.levels[1]
				r.Sizes[i].P = max(rows[1][j+1]-rows[1][j]-rows[0][j+1]+rows[0][j], 0)
			}
		}
	}
}

// corner is the probability of less than the k-th outer and the j-th inner boundary. Along a
// dimension of which nothing is known no level is likelier.
func (c *Chart) corner(w *wearer, prefer Preference, outer []float64, k int, inner []float64, j int) float64 {
	share := 1.0
	var limit [maxDims]float64
	switch o := w.dims(0); {
	case len(o) == 0:
		share *= outer[k]
	default:
		limit[o[0]] = c.dims[o[0]].edges[prefer][k]
	}
	if len(w.dims(1)) == 0 {
		share *= float64(j) / float64(len(inner)-1)
	} else {
		limit[c.nest.inner] = inner[j]
	}
	return share * w.below(c.normal, w.list[:w.from[2]], &limit)
}

// nestLevels is the level at the middle of the distribution along both axes, -1 where nothing is
// known; or a warning.
func (c *Chart) nestLevels(r *Recommendation, w *wearer, prefer Preference) (levels [maxAxes]int, code, field string) {
	levels = [maxAxes]int{-1, -1}
	if o := w.dims(0); len(o) > 0 {
		k := middle(r.scratch[c.steps:][:c.axes[0].levels+1])
		switch {
		case k == 0:
			return levels, WarnBelowChart, c.dims[o[0]].name
		case k > c.axes[0].levels:
			return levels, WarnAboveChart, c.dims[o[0]].name
		}
		levels[0] = k - 1
	}
	if len(w.dims(1)) == 0 || levels[0] < 0 {
		return levels, "", ""
	}
	d := c.nest.inner
	var limit [maxDims]float64
	below := func(edge float64) float64 {
		limit[d] = edge
		return w.below(c.normal, w.dims(1), &limit)
	}
	edges := c.nest.edges[levels[0]][prefer]
	k := 0
	for k < len(edges) && below(edges[k]) < 0.5 {
		k++
	}
	whole := c.dims[d].edges[prefer]
	switch {
	case k > 0 && k < len(edges):
		levels[1] = k - 1
	case below(whole[0]) >= 0.5:
		return levels, WarnBelowChart, c.dims[d].name
	case below(whole[1]) < 0.5:
		return levels, WarnAboveChart, c.dims[d].name
	default: // a cup that this band does not have
		return levels, WarnNotOffered, ""
	}
	return levels, "", ""
}

// middle is the first boundary with half of the probability below it.
func middle(f []float64) int {
	k := 0
	for k < len(f) && f[k] < 0.5 {
		k++
	}
	return k
}
