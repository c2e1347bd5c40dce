package sizing

import "math"

// An areaCell is one cell of the chart, ready for the verdict on a body.
type areaCell struct {
	lo, hi float64 // bodies it fits
	at     float64 // what ease is measured from
	known  bool
	open   bool // no upper end: the ease is what the body lacks to the lower
}

// lay prepares the cells of all sizes, row by row.
func (c *Chart) lay() {
	for i := range c.sizes {
		s := &c.sizes[i]
		for d := range c.dims {
			in := c.goodRange(s, d)
			q := areaCell{lo: in.lo, hi: in.hi, at: in.hi, known: s.cells[d].known()}
			switch {
			case c.dims[d].hasEase:
				q.at = s.cells[d].mid()
			case math.IsInf(in.hi, 1):
				q.at, q.open = in.lo, true
			}
			c.cells = append(c.cells, q)
		}
	}
}

// areas writes the fit of every size at every dimension something is known of.
func (c *Chart) areas(r *Recommendation, w *wearer) {
	var columns [maxDims]struct {
		dim  int
		name string
		size float64
	}
	n := 0
	for d := range c.dims {
		if w.live[d] {
			q := &columns[n]
			q.dim, q.name, q.size = d, c.dims[d].name, w.size[d]
			n++
		}
	}
	all := r.areas[:cap(r.areas)]
	nd := len(c.dims)
	for i := range c.sizes {
		cells, list := c.cells[i*nd:][:nd], all[:n]
		m := 0
		for k := range columns[:n] {
			col := &columns[k]
			q := &cells[col.dim]
			if !q.known {
				continue
			}
			fit := Good
			if col.size > q.hi {
				fit = Tight
			} else if col.size < q.lo {
				fit = Loose
			}
			ease := q.at - col.size
			if ease < 0 && q.open {
				ease = 0
			}
			a := &list[m]
			a.Name, a.Fit, a.Ease = col.name, fit, Length(ease)
			m++
		}
		s := &r.Sizes[i]
		s.Label, s.P, s.Areas = c.sizes[i].label, 0, list[:m:m]
		all = all[m:]
	}
}

// goodRange is the bodies a size fits at dimension d. A deciding dimension counts
// its share of the gap to the next size; a single value that does not decide
// has a little slack.
func (c *Chart) goodRange(s *size, d int) span {
	in := s.body[d]
	if c.dims[d].axis >= 0 {
		e := c.edgesOf(s, d, Regular)
		in.lo, in.hi = min(in.lo, math.Exp(e[0])), max(in.hi, math.Exp(e[1]))
	} else if in.lo == in.hi {
		in.lo, in.hi = in.lo*(1-pointSlack), in.hi*(1+pointSlack)
	}
	return in
}

// pointSlack is how far from a single value a body may be, relative, at a
// dimension that does not decide.
const pointSlack = 0.03

// distribute sets the probabilities of the sizes and of none.
func (c *Chart) distribute(r *Recommendation, w *wearer, prefer Preference) {
	if c.nest != nil {
		for i := range r.Sizes {
			r.Sizes[i].P = 0
		}
		c.distributeNest(r, w, prefer)
	} else {
		c.distributeAxes(r, w, prefer)
	}
	var sum float64
	for i := range r.Sizes {
		sum += r.Sizes[i].P
	}
	if sum > 1 {
		for i := range r.Sizes {
			r.Sizes[i].P /= sum
		}
		sum = 1
	}
	r.None = 1 - sum
}

// distributeAxes sets the probability of every size of a chart that is a grid of levels.
func (c *Chart) distributeAxes(r *Recommendation, w *wearer, prefer Preference) {
	at := c.steps
	for a := range c.axes {
		n := c.axes[a].levels + 1
		c.marginal(r.scratch[at:at+n], a, w, prefer)
		at += n
	}
	joint := r.scratch[c.steps:]
	if len(c.axes) > 1 {
		joint = r.scratch[:c.steps]
		c.joint(joint, w, prefer)
	}
	for i := range c.sizes {
		s, p := &c.sizes[i], 0.0
		switch {
		case s.twin:
		case len(c.axes) == 1: // what cell does, straight
			p = max(joint[s.levels[0]+1]-joint[s.levels[0]], 0)
		default:
			p = c.cell(joint, s.levels)
		}
		r.Sizes[i].P = p
	}
}

// marginal fills f[k] with the probability that axis a needs less than level k.
func (c *Chart) marginal(f []float64, a int, w *wearer, prefer Preference) {
	dims := w.dims(a)
	if len(dims) == 0 { // nothing is known along this axis: no level is likelier
		for k := range f {
			f[k] = float64(k) / float64(len(f)-1)
		}
		return
	}
	var edges [maxDims][]float64
	for i, d := range dims {
		edges[i] = c.dims[d].edges[prefer]
	}
	clear(f)
	for k := range w.box[:w.mix.n] {
		w.box[k].curve(c.normal, f, w.mix.w[k], dims, &edges)
	}
	for k := 1; k < len(f); k++ {
		if f[k] < f[k-1] { // the approximation must not run backwards
			f[k] = f[k-1]
		}
	}
}

// joint fills f with the joint distribution function over all axes, the last
// axis running fastest.
func (c *Chart) joint(f []float64, w *wearer, prefer Preference) {
	var limit [maxDims]float64
	all := w.list[:w.from[len(c.axes)]]
	for i := range f {
		rest, blind := i, 1.0
		for a := len(c.axes) - 1; a >= 0; a-- {
			levels := c.axes[a].levels + 1
			for _, d := range w.dims(a) {
				limit[d] = c.dims[d].edges[prefer][rest%levels]
			}
			if len(w.dims(a)) == 0 {
				blind *= float64(rest%levels) / float64(levels-1)
			}
			rest /= levels
		}
		f[i] = blind * w.below(c.normal, all, &limit)
	}
}

// below is box.below over the mixture. No dimension at all is below anything.
func (w *wearer) below(t *normalTable, dims []int, limit *[maxDims]float64) float64 {
	if len(dims) == 0 {
		return 1
	}
	var p float64
	for k := range w.box[:w.mix.n] {
		p += w.mix.w[k] * w.box[k].below(t, dims, limit)
	}
	return p
}

// cell is the probability of one combination of levels: the distribution
// function differenced along every axis.
func (c *Chart) cell(f []float64, levels []int) float64 {
	var p float64
	for corner := range 1 << len(levels) {
		at, sign := 0, 1.0
		for a, k := range levels {
			step := corner >> a & 1
			at = at*(c.axes[a].levels+1) + k + 1 - step
			if step == 1 {
				sign = -sign
			}
		}
		p += sign * f[at]
	}
	return min(max(p, 0), 1)
}

// reasons says which measurements spoke for the size, and what else moved it.
func (c *Chart) reasons(r *Recommendation, w *wearer, b *Body, o *Options) {
	if r.Size == "" {
		return
	}
	for a := range c.axes {
		top, level := -1, 0.0
		for _, d := range w.dims(a) {
			if b.value(&c.dims[d]) != 0 {
				r.Reasons = append(r.Reasons, reason(ReasonMeasured, c.dims[d].name))
			} else {
				r.Reasons = append(r.Reasons, reason(ReasonEstimated, c.dims[d].name))
			}
			if l := c.dims[d].level(w.log[d], o.Prefer); top < 0 || l > level {
				top, level = d, l
			}
		}
		if len(w.dims(a)) > 1 {
			r.Reasons = append(r.Reasons, reason(ReasonDecides, c.dims[top].name))
		}
	}
	switch o.Prefer {
	case SlimFit:
		r.Reasons = append(r.Reasons, reason(ReasonPrefersSlim, ""))
	case LooseFit:
		r.Reasons = append(r.Reasons, reason(ReasonPrefersLoose, ""))
	}
	if b.worn.n > 0 {
		r.Reasons = append(r.Reasons, reason(ReasonWorn, ""))
	}
	if math.Abs(o.Shift) >= runs {
		r.Reasons = append(r.Reasons, reason(ReasonLearned, ""))
	}
}

// level is where a body of log y stands along the dimension's levels, with its
// share of the way through the level.
func (d *dimension) level(y float64, p Preference) float64 {
	e := d.edges[p]
	k := 0
	for k+1 < len(e) && y >= e[k+1] {
		k++
	}
	if k+1 < len(e) && !math.IsInf(e[k], 0) && !math.IsInf(e[k+1], 0) && e[k+1] > e[k] {
		return float64(k) + (y-e[k])/(e[k+1]-e[k])
	}
	return float64(k)
}

// decide names the size, or says why it can't.
func (c *Chart) decide(r *Recommendation, w *wearer, b *Body, prefer Preference) {
	if w.blank {
		return
	}
	for d := range c.dims {
		if c.dims[d].variable() == vFootLength && c.dims[d].axis >= 0 && b.FootLength == 0 {
			r.Warnings = warn(r.Warnings, WarnNeedFootLength, "foot_length")
			return
		}
	}
	levels, code, field := c.middleLevels(r, w, prefer)
	if code != "" {
		r.Warnings = warn(r.Warnings, code, field)
		r.Confidence = r.None
		return
	}
	best := c.find(levels[:len(c.axes)], r)
	if best < 0 {
		r.Warnings = warn(r.Warnings, WarnNotOffered, "")
		r.Confidence = r.None
		return
	}
	r.Size, r.Confidence = r.Sizes[best].Label, r.Sizes[best].P
	c.second(r, best)
	if r.Confidence < unsure {
		r.Warnings = warn(r.Warnings, WarnLowConfidence, "")
	}
}

// middleLevels is the level at the middle of the distribution along every axis, -1 where nothing is
// known along it; or the warning that says why there is none.
func (c *Chart) middleLevels(r *Recommendation, w *wearer, prefer Preference) (levels [maxAxes]int, code, field string) {
	if c.nest != nil {
		return c.nestLevels(r, w, prefer)
	}
	at := c.steps
	for a := range c.axes {
		n := c.axes[a].levels
		k := middle(r.scratch[at : at+n+1])
		at += n + 1
		switch {
		case len(w.dims(a)) == 0:
			k = 0
		case k == 0:
			return levels, WarnBelowChart, c.dims[w.dims(a)[0]].name
		case k > n:
			return levels, WarnAboveChart, c.tightest(a, w)
		}
		levels[a] = k - 1
	}
	return levels, "", ""
}

// find is the likeliest size at the given levels, -1 for any; or -1 for none.
func (c *Chart) find(levels []int, r *Recommendation) int {
	const tie = 1e-9 // of equals the chart's first, whatever the last bits say
	best := -1
next:
	for i := range c.sizes {
		for a, k := range levels {
			if k >= 0 && c.sizes[i].levels[a] != k {
				continue next
			}
		}
		if !c.sizes[i].twin && (best < 0 || r.Sizes[i].P > r.Sizes[best].P+tie) {
			best = i
		}
	}
	return best
}

// second fills Between when another size is nearly as likely.
func (c *Chart) second(r *Recommendation, best int) {
	other := -1
	for i := range r.Sizes {
		if i != best && (other < 0 || r.Sizes[i].P > r.Sizes[other].P) {
			other = i
		}
	}
	if other < 0 || r.Sizes[other].P < between*r.Sizes[best].P || r.Sizes[other].P == 0 {
		return
	}
	r.Between = [2]string{r.Sizes[min(best, other)].Label, r.Sizes[max(best, other)].Label}
}

// substituteShare is how likely a size must be, against the right one, to be sold instead.
const substituteShare = 0.25

// substitute names the likeliest size in stock in place of one that is not.
func (c *Chart) substitute(r *Recommendation, inStock func(string) bool) {
	best, wanted := -1, 0.0
	for i := range r.Sizes {
		switch p := r.Sizes[i].P; {
		case r.Sizes[i].Label == r.Wanted:
			wanted = max(wanted, p)
		case !c.sizes[i].twin && (best < 0 || p > r.Sizes[best].P) && inStock(r.Sizes[i].Label):
			best = i
		}
	}
	r.Warnings = warn(r.Warnings, WarnOutOfStock, "")
	r.Size, r.Confidence, r.Between = "", 0, [2]string{}
	if best >= 0 && r.Sizes[best].P > 0 && r.Sizes[best].P >= substituteShare*wanted {
		r.Size, r.Confidence = r.Sizes[best].Label, r.Sizes[best].P
	}
}

// tightest names the dimension of axis a that exceeds the chart most.
func (c *Chart) tightest(a int, w *wearer) string {
	worst, name := math.Inf(-1), ""
	for _, d := range w.dims(a) {
		e := c.dims[d].edges[Regular]
		if over := math.Log(w.size[d]) - e[len(e)-1]; over > worst {
			worst, name = over, c.dims[d].name
		}
	}
	return name
}
