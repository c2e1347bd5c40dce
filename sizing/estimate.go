package sizing

import (
	"iter"
	"math"
)

// A Measurement is one length of a body (or its weight), given or estimated:
// centimetres (kilograms). Where it is given, Mean is the value given and SD the
// noise of its source. Lo95 to Hi95 holds the true value with 95 % probability.
type Measurement struct {
	Name                 string
	Mean, SD, Lo95, Hi95 float64
	Given                bool
}

// Estimates is every measurement of a body. Immutable, safe for use by many
// goroutines. Like Body it does not show what it holds when printed or
// marshalled; read it through All, Of and Weight, or AppendJSON.
type Estimates struct{ d *estimated }

// data is what e holds; the zero Estimates holds nothing.
func (e *Estimates) data() *estimated {
	if e.d == nil {
		return new(estimated)
	}
	return e.d
}

type estimated struct {
	lengths  [len(measures)]Measurement
	has      [len(measures)]bool
	weight   Measurement
	warnings []Warning
}

// modelFloor is the least standard deviation of an estimate, relative to its
// mean: about 1 cm of chest. The same height and weight gave chests 2 cm apart
// in the surveys of 1988 and 2012, so no estimate is better than that.
const modelFloor = 0.01

// Estimate fills in what b does not say. A nil b is Body{}.
//
// Every measurement comes with a mean, a standard deviation and a 95 % interval
// from a log-Gaussian model per sex, conditioned on whatever is known (see
// docs/adr/0005-body-model.md). Values in a mistaken unit are repaired first, with a
// warning: see Repair. For children of 2 to 16 only height, weight,
// waist, upper arm and, from 12 years, hips are estimated; the others are missing from All
// unless given. Errors: *RangeError.
func Estimate(b *Body) (*Estimates, error) { return estimate(&surveyTables, b) }

func estimate(t *tables, b *Body) (*Estimates, error) {
	fixed := new(Body)
	if b != nil {
		*fixed = *b
	}
	b = fixed
	var m mixture
	d := new(estimated)
	var err error
	if d.warnings, err = m.mend(t, b, nil); err != nil {
		return nil, err
	}
	m.condition(t, b, 1<<numVars-1, 0)
	for i := range measures {
		d.lengths[i], d.has[i] = m.measurement(i, b)
		if !d.has[i] {
			d.warnings = warn(d.warnings, WarnChildLimited, measures[i].name)
		}
	}
	d.weight = m.weight(b)
	if m.nobs == 0 || (m.nobs == 1 && b.Age != 0) {
		d.warnings = warn(d.warnings, WarnNothingKnown, "")
	}
	d.warnings = m.doubts(d.warnings, b)
	return &Estimates{d}, nil
}

// measurement is the i-th length of b.
func (m *mixture) measurement(i int, b *Body) (Measurement, bool) {
	q := &measures[i]
	v := float64(*b.at(i))
	switch {
	case i == mChest && v == 0:
		v = float64(b.Bust)
	case i == mBust && v == 0:
		v = float64(b.Chest)
	}
	if v != 0 {
		return given(q.name, v, q.noise*b.Source.noiseFactor()), true
	}
	if !m.models(int(q.variable), b.Age) {
		return Measurement{}, false
	}
	scale := 1.0
	if i == mHeight {
		scale = m.post[0].p.heightRef
	}
	return m.estimated(q.name, int(q.variable), scale), true
}

func (m *mixture) weight(b *Body) Measurement {
	if b.Weight != 0 {
		return given("weight_kg", float64(b.Weight), weightNoise*b.Source.noiseFactor())
	}
	return m.estimated("weight_kg", vWeight, m.post[0].p.weightRef)
}

func given(name string, v, noise float64) Measurement {
	return Measurement{Name: name, Mean: v, SD: v * noise, Lo95: v * math.Exp(-z95*noise), Hi95: v * math.Exp(z95*noise), Given: true}
}

const z95 = 1.959963984540054

// estimated is what the model says of variable v, no surer than modelFloor.
func (m *mixture) estimated(name string, v int, scale float64) Measurement {
	for i := range m.post[:m.n] {
		c := &m.post[i].cov[v][v]
		*c = max(*c, modelFloor*modelFloor)
	}
	mean, sd := m.moments(v)
	return Measurement{
		Name: name, Mean: scale * mean, SD: scale * sd,
		Lo95: scale * math.Exp(m.quantile(v, 0.025, -z95)),
		Hi95: scale * math.Exp(m.quantile(v, 0.975, z95)),
	}
}

// All yields the lengths in the order of Measurements.
func (e *Estimates) All() iter.Seq[Measurement] {
	d := e.data()
	return func(yield func(Measurement) bool) {
		for i, has := range d.has {
			if has && !yield(d.lengths[i]) {
				return
			}
		}
	}
}

// Of returns the measurement of that name ("chest", "weight_kg"), and false
// where the model has none.
func (e *Estimates) Of(name string) (Measurement, bool) {
	if name == "weight_kg" || name == "weight" {
		return e.data().weight, e.d != nil
	}
	i := find(name)
	if i < 0 {
		return Measurement{}, false
	}
	d := e.data()
	return d.lengths[i], d.has[i]
}

// Weight returns the weight, in kilograms.
func (e *Estimates) Weight() Measurement { return e.data().weight }

// Warnings returns what qualifies the estimates.
func (e *Estimates) Warnings() []Warning { return append([]Warning(nil), e.data().warnings...) }
