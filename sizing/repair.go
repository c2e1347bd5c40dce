package sizing

import "math"

// A fault is a way to mistake a unit: (typed - offset) × factor is what was meant.
type fault struct {
	unit           string
	factor, offset float64
}

// The faults that shops see. Those of a girth leave out anything that would make
// a possible value smaller, so that a large girth is never taken for a mistake.
var (
	weightFaults = []fault{{"lb", float64(Lb), 0}, {"kg taken for lb", 1 / float64(Lb), 0}, {"stone", float64(Stone), 0}}
	heightFaults = []fault{{"in", 2.54, 0}, {"mm", 0.1, 0}, {"m", 100, 0}, {"ft", 30.48, 0}}
	girthFaults  = []fault{{"in", 2.54, 0}, {"half girth", 2, 0}, {"mm", 0.1, 0}}
	lengthFaults = []fault{{"in", 2.54, 0}, {"mm", 0.1, 0}}
	footFaults   = []fault{{"mm", 0.1, 0}, {"eu size", 1 / 1.5, 2}, {"in", 2.54, 0}} // ISO/TS 19407: EU = 0.15 mm + 2
)

// fieldWeight stands for the weight where the other fields are indices into measures.
const fieldWeight = len(measures)

// field is the i-th measure's value, or the weight.
func (b *Body) field(i int) float64 {
	if i == fieldWeight {
		return float64(b.Weight)
	}
	return float64(*b.at(i))
}

func (b *Body) setField(i int, v float64) {
	if i == fieldWeight {
		b.Weight = Mass(v)
		return
	}
	*b.at(i) = Length(v)
}

func fieldName(i int) string {
	if i == fieldWeight {
		return "weight_kg"
	}
	return measures[i].name
}

func fieldLimits(i int) (lo, hi float64) {
	if i == fieldWeight {
		return minWeight, maxWeight
	}
	return measures[i].min, measures[i].max
}

func faultsOf(i int) []fault {
	if i == fieldWeight {
		return weightFaults
	}
	switch measures[i].variable {
	case vHeight:
		return heightFaults
	case vFootLength:
		return footFaults
	case vInseam, vOutseam, vShoulder, vSleeve, vFootBreadth:
		return lengthFaults
	}
	return girthFaults
}

// mend is what was meant by v, and whether a body can have it.
func (f *fault) mend(i int, v float64) (float64, bool) {
	lo, hi := fieldLimits(i)
	w := (v - f.offset) * f.factor
	return w, w >= lo && w <= hi
}

// mendable reports whether some fault makes a possible value of an impossible one.
func mendable(i int, v float64) bool {
	for _, f := range faultsOf(i) {
		if _, ok := f.mend(i, v); ok {
			return true
		}
	}
	return false
}

// How unit mistakes are weighed. A repair needs to be a thousand times likelier
// than its absence after one in 400 values is taken for mistaken beforehand, and
// twenty times likelier than the repair of any other value; where it is not twenty
// times likelier than another unit of the same value, that is said too. From odds of a
// third on, a mistake that is not repaired is a doubt.
const (
	faultPrior   = -6.0
	repairOver   = 7.0
	repairBefore = 3.0
	doubtOver    = -1.0
	maxRepairs   = 3
)

// Repair returns b with mistaken units put right, and what it did or doubts.
//
// It looks for pounds taken for kilograms and the reverse, stones, inches,
// millimetres, metres and feet taken for centimetres, girths measured flat (half)
// and European shoe sizes given as foot lengths; for one value, or for
// all lengths alike. A value is changed where the model makes that a thousand times
// likelier than not; the warning WarnRepaired says which and from what unit. A value that
// is far from what the others say, and that no unit explains, or one that is less
// likely than that, stays and gets WarnUnlikely with the probability that it is wrong.
//
// Estimate repairs by itself, and so do Recommend and the others where the chart's
// dimensions are not all measured. Errors: *RangeError where no unit makes a value possible.
func Repair(b *Body) (*Body, []Warning, error) {
	fixed := new(Body)
	if b != nil {
		*fixed = *b
	}
	var m mixture
	warnings, err := m.mend(&surveyTables, fixed, nil)
	if err != nil {
		return nil, nil, err
	}
	m.condition(&surveyTables, fixed, 0, 0)
	return fixed, m.unlikelies(warnings), nil
}

// mend repairs b in place, if there is anything to repair, with m as scratch.
func (m *mixture) mend(t *tables, b *Body, list []Warning) ([]Warning, error) {
	for range maxRepairs {
		if err := b.Validate(); err == nil {
			m.condition(t, b, 0, 0)
			if !m.suspect(b) {
				return list, nil
			}
		} else if !b.mendable() {
			return list, err
		}
		var done bool
		if list, done = m.mendOnce(t, b, list); !done {
			break
		}
	}
	return list, b.Validate()
}

// mended is mend on a copy of b: the fast path keeps its body off the heap.
func (m *mixture) mended(t *tables, b Body, list []Warning) (Body, []Warning, error) {
	list, err := m.mend(t, &b, list)
	return b, list, err
}

// mendable reports whether some unit makes every impossible value possible.
func (b *Body) mendable() bool {
	if b.Sex > Male || b.Source > Scanner || b.Shape >= numShapes || b.Population >= numPopulations || inRange("age", b.Age, minAge, maxAge, "years") != nil {
		return false
	}
	for i := range fieldWeight + 1 {
		v := b.field(i)
		lo, hi := fieldLimits(i)
		if inRange("", v, lo, hi, "") != nil && !mendable(i, v) {
			return false
		}
	}
	return true
}

// suspect reports whether a value is far off where another unit would not be, or
// farther off than anything explains. m is conditioned on b.
func (m *mixture) suspect(b *Body) bool {
	for i := range m.obs[:m.nobs] {
		o := &m.obs[i]
		if o.variable == vAge || o.measure == isWorn {
			continue
		}
		z := m.surprise(o)
		if z > unlikely {
			return true
		}
		if z < 3 {
			continue
		}
		k := fieldWeight
		if o.measure >= 0 {
			k = int(o.measure)
		}
		v := b.field(k)
		for _, f := range faultsOf(k) {
			w, ok := f.mend(k, v)
			if ok && m.surpriseAt(o, math.Log(w/v)) < 3 {
				return true
			}
		}
	}
	return false
}

// surpriseAt is surprise had the observation been larger by shift.
func (m *mixture) surpriseAt(o *observation, shift float64) float64 {
	z := math.Inf(1)
	for i := range m.post[:m.n] {
		s := &m.post[i]
		v := o.variable
		left := o.noise - s.cov[v][v]
		if left <= 0 {
			return 0
		}
		// What the others say of v: e and its variance, with o taken out again.
		e := (o.y - s.mean[v]) * o.noise / left
		z = min(z, math.Abs(e+shift)*math.Sqrt(left)/o.noise)
	}
	return z
}

// likelihood is the log likelihood of everything b says, -Inf where b is impossible.
func (m *mixture) likelihood(t *tables, b *Body) float64 {
	if b.Validate() != nil {
		return math.Inf(-1)
	}
	m.condition(t, b, 0, 0)
	l := m.post[0].logLik()
	if m.n == 2 {
		o := m.post[1].logLik()
		l = max(l, o) + math.Log1p(math.Exp(-math.Abs(l-o))) - math.Ln2
	}
	return l
}

// mendOnce makes the likeliest single repair, if it is likely enough.
func (m *mixture) mendOnce(t *tables, b *Body, list []Warning) ([]Warning, bool) {
	was := m.likelihood(t, b)
	var repaired Body
	best, second := math.Inf(-1), math.Inf(-1) // second: of another field
	same := math.Inf(-1)                       // the next best of the best's own field
	field, unit := -2, ""
	consider := func(c *Body, i int, u string) {
		l := m.likelihood(t, c) + faultPrior
		switch {
		case l > best && i == field:
			same, best, repaired, unit = best, l, *c, u
		case l > best:
			second, same, best, repaired, field, unit = max(second, best, same), math.Inf(-1), l, *c, i, u
		case i == field:
			same = max(same, l)
		default:
			second = max(second, l)
		}
	}
	for i := range fieldWeight + 1 {
		v := b.field(i)
		if v == 0 {
			continue
		}
		for _, f := range faultsOf(i) {
			if w, ok := f.mend(i, v); ok {
				c := *b
				c.setField(i, w)
				consider(&c, i, f.unit)
			}
		}
	}
	for _, whole := range [...]struct {
		unit           string
		length, weight float64
	}{{"in", 2.54, 1}, {"in and lb", 2.54, float64(Lb)}, {"mm", 0.1, 1}, {"m", 100, 1}} {
		if c, ok := b.scaled(whole.length, whole.weight); ok {
			consider(c, -1, whole.unit)
		}
	}
	switch {
	case math.IsInf(best, -1) || best-second < repairBefore:
		return list, false
	case math.IsInf(was, -1) && !m.explains(t, &repaired, field):
		return list, false
	case best-was < repairOver: // may be, but not so likely that it could be changed
		if field >= 0 && best-was > doubtOver {
			list = doubt(list, fieldName(field), 1/(1+math.Exp(was-best)))
		}
		return list, false
	}
	*b = repaired
	name := ""
	if field >= 0 {
		name = fieldName(field)
	}
	list = append(list, Warning{Code: WarnRepaired, Field: name, Text: "This was taken to be given in another unit (" + unit + ") and converted.", Unit: unit})
	if name != "" && best-same < repairBefore { // inches or a half girth?
		list = doubt(list, name, 1/(1+math.Exp(best-same)))
	}
	return list, true
}

// explains reports whether the i-th field of b is one that some body has.
func (m *mixture) explains(t *tables, b *Body, i int) bool {
	m.condition(t, b, 0, 0)
	for k := range m.obs[:m.nobs] {
		o := &m.obs[k]
		if (int(o.measure) == i || i == fieldWeight && o.variable == vWeight || i < 0 && o.variable != vAge) && m.surprise(o) > unlikely {
			return false
		}
	}
	return true
}

// scaled is b with all lengths and the weight in other units; ok where it has at
// least two lengths, and a weight if that is to change.
func (b *Body) scaled(length, weight float64) (*Body, bool) {
	c := *b
	n := 0
	for i := range measures {
		if v := c.at(i); *v != 0 {
			*v *= Length(length)
			n++
		}
	}
	if weight != 1 && c.Weight == 0 {
		return nil, false
	}
	c.Weight *= Mass(weight)
	return &c, n > 1 || weight != 1
}

// wrong is the probability that a measurement z standard deviations off is
// wrong, where one in a hundred is, anywhere within twenty; the right ones have
// tails like Student's with six degrees of freedom.
func wrong(z float64) float64 {
	const prior, spread = 0.01, 40
	right := 0.382732772 * math.Pow(1+z*z/6, -3.5)
	return prior / spread / (prior/spread + (1-prior)*right)
}
