package sizing

import (
	"math"
	"slices"
)

// A Question is a measurement worth asking for.
type Question struct {
	Field      string  // "bust", "weight_kg", "age", "sex", ...
	Confidence float64 // of the answer to be expected once it is known
	Gain       float64 // over the confidence now
}

// Ask lists what b does not say and what would make the answer for this chart
// surer, most useful first: the value of information. For each
// unknown it takes nine values the body may have, asks for the size with each, and
// averages the confidence; a tape's noise is allowed for. Questions that gain less than half
// a per cent are left out. It costs some hundred recommendations. Errors: *RangeError.
func (c *Chart) Ask(b *Body, o *Options) ([]Question, error) {
	now, err := c.Recommend(b, o)
	if err != nil {
		return nil, err
	}
	known := new(Body)
	if b != nil {
		known, _, err = Repair(b)
		if err != nil {
			return nil, err
		}
	}
	if known.Sex == Unspecified {
		known.Sex = c.sex
	}
	var m mixture
	m.condition(&surveyTables, known, 1<<numVars-1, 0)
	a := asker{c: c, o: o, m: &m}
	var out []Question
	add := func(field string, confidence float64) {
		if gain := confidence - settled(now); gain >= 0.005 {
			out = append(out, Question{field, confidence, gain})
		}
	}
	if known.Sex == Unspecified {
		add("sex", a.sex(*known))
	}
	if known.Age == 0 {
		add("age", a.age(*known))
	}
	asked := []int{fieldWeight, mHeight}
	for d := range c.dims {
		i := c.dims[d].measure
		if i == mWeight {
			i = fieldWeight
		}
		if !slices.Contains(asked, i) {
			asked = append(asked, i)
		}
	}
	for _, i := range asked {
		d := dimension{measure: i}
		if known.value(&d) == 0 && m.models(d.variable(), known.Age) {
			add(fieldName(i), a.length(*known, i, d.variable()))
		}
	}
	slices.SortStableFunc(out, func(x, y Question) int {
		switch {
		case x.Gain > y.Gain:
			return -1
		case x.Gain < y.Gain:
			return 1
		}
		return 0
	})
	return out, nil
}

// settled is how sure an answer is: of its size, or of there being none.
func settled(r *Recommendation) float64 {
	best := r.None
	for i := range r.Sizes {
		best = max(best, r.Sizes[i].P)
	}
	return best
}

type asker struct {
	c *Chart
	o *Options
	m *mixture
	r Recommendation
}

func (a *asker) settled(b *Body) float64 {
	if a.c.RecommendInto(&a.r, b, a.o) != nil { // a value beyond what bodies have
		return 0
	}
	return settled(&a.r)
}

// nine are the middles of nine parts of equal probability of a standard normal.
var nine = [9]float64{-1.5932, -0.9674, -0.5895, -0.2822, 0, 0.2822, 0.5895, 0.9674, 1.5932}

func (a *asker) length(b Body, i, v int) float64 {
	var sum float64
	for k := range a.m.post[:a.m.n] {
		s := &a.m.post[k]
		sd := math.Sqrt(s.cov[v][v])
		scale := 1.0
		switch v {
		case vHeight:
			scale = s.p.heightRef
		case vWeight:
			scale = s.p.weightRef
		}
		for _, z := range nine {
			c := b
			c.setField(i, scale*math.Exp(s.mean[v]+z*sd))
			sum += a.m.w[k] * a.settled(&c) / float64(len(nine))
		}
	}
	return sum
}

func (a *asker) age(b Body) float64 {
	var sum float64
	s := &a.m.post[0]
	sd := math.Sqrt(s.cov[vAge][vAge])
	for _, z := range nine {
		c := b
		c.Age = clamp(s.p.ageMid+s.p.ageScale*(s.mean[vAge]+z*sd), 18, 80)
		sum += a.settled(&c) / float64(len(nine))
	}
	return sum
}

func (a *asker) sex(b Body) float64 {
	var sum float64
	for k, sex := range []Sex{Female, Male} {
		c := b
		c.Sex = sex
		sum += a.m.w[k] * a.settled(&c)
	}
	return sum
}
