package sizing

import (
	"cmp"
	"slices"
)

// Ranked is how well one of many products fits a body.
type Ranked struct {
	Index      int     // into the charts given
	Size       string  // "" where none fits
	Confidence float64 // that Size is right, 0 where there is none
}

// Rank appends to dst how well each chart fits b and sorts dst, best first;
// charts of equal confidence stay in order. The body is worked out once for all
// charts, which makes this several times faster than asking chart by chart, and
// the sizes are the same. A nil chart ranks last. Errors: *RangeError.
func Rank(dst []Ranked, b *Body, charts []*Chart, o *Options) ([]Ranked, error) {
	opts, err := o.checked()
	if err != nil {
		return dst, err
	}
	var known Body
	if b != nil {
		known = *b
	}
	// Repairs and doubts depend on the chart's sex; mixtures[sex] is b for charts of that sex.
	var mixtures [Male + 1]*mixture
	var bodies [Male + 1]Body
	var r Recommendation
	start := len(dst)
	for i, c := range charts {
		if c == nil {
			dst = append(dst, Ranked{Index: i})
			continue
		}
		sex := known.Sex
		if sex == Unspecified {
			sex = c.sex
		}
		if mixtures[min(sex, Male)] == nil {
			m := new(mixture)
			body := known
			body.Sex = sex
			if _, err := m.mend(&surveyTables, &body, nil); err != nil {
				return dst[:start], err
			}
			m.condition(&surveyTables, &body, 1<<numVars-1, 0)
			mixtures[sex], bodies[sex] = m, body
		}
		if c.allKnown(&known) { // weighed dimension by dimension: nothing to share
			err = c.RecommendInto(&r, &known, o)
		} else {
			c.size(&r, mixtures[sex], &bodies[sex], &opts)
		}
		if err != nil {
			return dst[:start], err
		}
		dst = append(dst, Ranked{Index: i, Size: r.Size, Confidence: confidence(&r)})
	}
	slices.SortStableFunc(dst[start:], func(x, y Ranked) int { return cmp.Compare(y.Confidence, x.Confidence) })
	return dst, nil
}

func confidence(r *Recommendation) float64 {
	if r.Size == "" {
		return 0
	}
	return r.Confidence
}

// allKnown reports whether b has every deciding dimension of the chart.
func (c *Chart) allKnown(b *Body) bool {
	for i := range c.dims {
		if d := &c.dims[i]; d.axis >= 0 && b.value(d) == 0 {
			return false
		}
	}
	return true
}

// size is answer without the fit at each part of the body, doubts and reasons, which Rank does not
// tell, from a mixture that is conditioned on everything already.
func (c *Chart) size(r *Recommendation, m *mixture, b *Body, o *Options) {
	c.reset(r)
	w := wearer{mix: m}
	for k := range m.post[:m.n] {
		for i := range c.dims {
			w.place(k, i, c, b, false)
		}
		w.box[k].settle(len(c.dims))
	}
	if !w.fill(c, b, r) {
		return
	}
	for i := range c.sizes {
		r.Sizes[i].Label = c.sizes[i].label
	}
	c.choose(r, &w, b, o)
}
