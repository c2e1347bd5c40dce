package sizing

import "math"

// A mixture is the distribution of a body's variables: one component where the
// sex is known, two weighed by how well they explain what is known otherwise.
type mixture struct {
	n        int
	w        [2]float64
	post     [2]posterior
	obs      [len(measures) + 2 + maxWorn]observation
	nobs     int
	children bool
}

// grown is the age, in years, from which the adults' model serves: soldiers are 17 and more,
// and civilians of 17 fit it as well as the children's.
const grown = 17

// condition sets m to what b says of the variables in need. The variables in
// apart are not conditioned on, though b may know them.
func (m *mixture) condition(t *tables, b *Body, need, apart varSet) {
	m.children = b.Age != 0 && b.Age < grown
	women, men := &t.women, &t.men
	if m.children {
		women, men = &t.girls, &t.boys
	}
	obs := b.observe(m.obs[:0], women) // reference values are shared by both sexes
	k := 0
	for _, o := range obs {
		if !apart.has(int(o.variable)) {
			obs[k] = o
			k++
		}
	}
	m.nobs = k
	obs = obs[:k]
	m.n, m.w = 1, [2]float64{1, 0}
	switch b.Sex {
	case Female:
		m.post[0].condition(women, need, apart, obs, b)
	case Male:
		m.post[0].condition(men, need, apart, obs, b)
	default:
		m.n = 2
		m.post[0].condition(women, need, apart, obs, b)
		m.post[1].condition(men, need, apart, obs, b)
		m.w[1] = 1 / (1 + math.Exp(clamp(m.post[0].logLik()-m.post[1].logLik(), -700, 700)))
		m.w[0] = 1 - m.w[1]
	}
}

// models reports whether the mixture has variable v for a body of this age.
// The survey measured children's hips from twelve years.
func (m *mixture) models(v int, age float64) bool {
	return v < m.post[0].p.vars() && !(m.children && v == vHips && age < 12)
}

// surprise is how many standard deviations an observation is off for the
// likeliest component.
func (m *mixture) surprise(o *observation) float64 {
	z := math.Abs(m.post[0].surprise(o))
	if m.n == 2 {
		z = min(z, math.Abs(m.post[1].surprise(o)))
	}
	return z
}

// beyond reports whether height or body-mass index lie outside the surveys.
func (m *mixture) beyond() bool {
	for i := range m.post[:m.n] {
		s := &m.post[i]
		p := s.p
		h := s.mean[vHeight]
		b := p.logBMI(h, s.mean[vWeight])
		const slack = 0.05
		if h < p.lo[1]-slack || h > p.hi[1]+slack || b < p.lo[2]-2*slack || b > p.hi[2]+2*slack {
			return true
		}
	}
	return false
}

// unlikely is the distance, in standard deviations, from which a measurement
// is doubted: of some thousand soldiers none, with pounds taken for kilograms all
// (TestDoubtsOfSoldiers).
const unlikely = 4.5

// doubts appends what is worth saying of the observations.
func (m *mixture) doubts(list []Warning, b *Body) []Warning {
	if b.Sex == Unspecified {
		list = warn(list, WarnSexUnknown, "")
	}
	if b.Source == SelfReported {
		list = warn(list, WarnSelfReported, "")
	}
	if m.children {
		list = warn(list, WarnChildModel, "")
	}
	if b.Height != 0 && b.Weight != 0 && m.beyond() {
		list = warn(list, WarnBeyondSurveys, "")
	}
	return m.unlikelies(list)
}

// unlikelies appends a warning for every observation far from what the others say.
func (m *mixture) unlikelies(list []Warning) []Warning {
	for i := range m.obs[:m.nobs] {
		o := &m.obs[i]
		if o.variable == vAge || o.measure == isWorn {
			continue
		}
		if z := m.surprise(o); z > unlikely {
			field := "weight_kg"
			if o.measure >= 0 {
				field = measures[o.measure].name
			}
			list = doubt(list, field, wrong(z))
		}
	}
	return list
}

// quantile is the q-quantile of the logarithm of variable v.
func (m *mixture) quantile(v int, q, z float64) float64 {
	s := &m.post[0]
	sd := math.Sqrt(s.cov[v][v])
	if m.n == 1 {
		return s.mean[v] + z*sd
	}
	o := &m.post[1]
	od := math.Sqrt(o.cov[v][v])
	lo := min(s.mean[v]-8*sd, o.mean[v]-8*od)
	hi := max(s.mean[v]+8*sd, o.mean[v]+8*od)
	for range 50 {
		mid := (lo + hi) / 2
		if m.w[0]*normalCDF((mid-s.mean[v])/sd)+m.w[1]*normalCDF((mid-o.mean[v])/od) < q {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// moments are the mean and standard deviation of exp(variable v).
func (m *mixture) moments(v int) (mean, sd float64) {
	var second float64
	for i := range m.post[:m.n] {
		s := &m.post[i]
		c := s.cov[v][v]
		e := math.Exp(s.mean[v] + c/2)
		mean += m.w[i] * e
		second += m.w[i] * e * e * math.Exp(c)
	}
	return mean, math.Sqrt(max(second-mean*mean, 0))
}
