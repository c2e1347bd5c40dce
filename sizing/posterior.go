package sizing

import "math"

// A posterior is the Gaussian of the model's variables for one population,
// conditioned on what is known. It lives on the stack: no allocation.
type posterior struct {
	p              *population
	st             *stature
	army           bool           // waist and hips are soldiers'
	active         [numVars]uint8 // the variables it holds, in chain order
	n              int
	mean           [numVars]float64
	cov            [numVars][numVars]float64
	sd             [numVars]float64 // of what the means leave, before conditioning
	loads          [numVars]float64 // scratch of add
	misfit, volume float64          // of the observations: see logLik
}

// A set of variables, one bit each.
type varSet uint32

func (s varSet) has(v int) bool { return s>>v&1 != 0 }

// closure adds the variables that those of s depend on.
func (s varSet) closure() varSet {
	if s>>vUnderbust != 0 {
		s |= 1 << vChest
	}
	if s>>vArm != 0 {
		s |= 1<<vWaist | 1<<vHips
	}
	return s | 1<<vAge | 1<<vHeight | 1<<vWeight
}

// condition makes s the distribution of the variables in need, given obs, for the people b is one of.
// Those in apart are measured, though not among obs: whose they are matters little.
func (s *posterior) condition(p *population, need, apart varSet, obs []observation, b *Body) {
	if !p.adult {
		s.of(p, civil, need, obs, b)
		return
	}
	if b.Population == Active {
		s.of(p, military, need, obs, b)
		return
	}
	s.of(p, civil, need, obs, b)
	if b.Population != AsMeasured || b.Age != 0 && b.Height != 0 && b.Weight != 0 {
		return
	}
	need &^= apart
	for _, o := range obs {
		if o.measure != isWorn {
			need &^= 1 << o.variable
		}
	}
	if need>>vChest != 0 {
		s.asMeasured(need, obs, b)
	}
}

// asMeasured gives those in need that only soldiers were measured for the means and spreads they have
// among soldiers of whom the same is known. How it goes together with the rest stays.
func (s *posterior) asMeasured(need varSet, obs []observation, b *Body) {
	var soldiers posterior
	soldiers.of(s.p, military, need, obs, b)
	for _, v := range s.active[:s.n] {
		if v < vChest || !need.has(int(v)) {
			continue
		}
		scale := math.Sqrt(soldiers.cov[v][v] / s.cov[v][v])
		for _, o := range s.active[:s.n] {
			if o != v {
				s.cov[v][o] *= scale
				s.cov[o][v] = s.cov[v][o]
			}
		}
		s.mean[v], s.cov[v][v] = soldiers.mean[v], soldiers.cov[v][v]
	}
}

// of makes s the distribution of the variables in need, given obs, among civilians or soldiers. Where
// age, height or weight are not among obs, the chain's curves are linearised
// about what the rest says of them, again until that settles.
func (s *posterior) of(p *population, people int, need varSet, obs []observation, b *Body) {
	s.p, s.army, s.st = p, people == military, &p.stature[people]
	var at [3]float64
	var direct [3]bool
	for _, o := range obs {
		need |= 1 << o.variable
		if o.variable <= vWeight {
			at[o.variable], direct[o.variable] = o.y, true
		}
	}
	need = need.closure()
	if !direct[vAge] {
		at[vAge] = s.st.ageMean
	}
	if !direct[vHeight] {
		at[vHeight], _ = s.st.height(at[vAge])
	}
	if !direct[vWeight] {
		at[vWeight], _, _ = s.st.weight(at[vAge], at[vHeight])
	}
	var spread [2]float64 // variances of a and b, after the first round
	for range 4 {
		s.build(need, &at, &spread, obs)
		if b.Shape != UnknownShape {
			s.hint(b.Shape, need)
		}
		if direct == [3]bool{true, true, true} {
			return
		}
		var moved float64
		for v := range at {
			if !direct[v] {
				// Half of a year or of a per cent would not show.
				moved = max(moved, math.Abs(s.mean[v]-at[v]))
				at[v] = clamp(s.mean[v], -3, 3)
			}
		}
		h, w, hw := s.cov[vHeight][vHeight], s.cov[vWeight][vWeight], s.cov[vHeight][vWeight]
		spread = [2]float64{s.cov[vAge][vAge], w + 4*h - 4*hw}
		if moved < 0.005 {
			return
		}
	}
}

// build makes s the distribution of the variables in need given obs, the chain linearised at at.
// Age, height and weight are conditioned on before the rest hangs from them: that is the
// same and less work.
func (s *posterior) build(need varSet, at *[3]float64, spread *[2]float64, obs []observation) {
	s.n, s.misfit, s.volume = 0, 0, 1
	s.stem(at)
	rest := false
	for i := range obs {
		if obs[i].variable <= vWeight {
			s.update(int(obs[i].variable), obs[i].y, obs[i].noise)
		} else {
			rest = true
		}
	}
	s.branch(need, at, spread)
	if !rest {
		return
	}
	for i := range obs {
		if obs[i].variable > vWeight {
			s.update(int(obs[i].variable), obs[i].y, obs[i].noise)
		}
	}
}

// stem adds age, height and weight.
func (s *posterior) stem(at *[3]float64) {
	a, h := at[vAge], at[vHeight]
	s.add(vAge, s.st.ageMean, s.st.ageVar)
	m, da := s.st.height(a)
	s.loads[vAge] = da
	s.add(vHeight, m+da*(s.mean[vAge]-a), s.st.heightVar, vAge)
	m, da, dh := s.st.weight(a, h)
	s.loads[vAge], s.loads[vHeight] = da, dh
	s.add(vWeight, m+da*(s.mean[vAge]-a)+dh*(s.mean[vHeight]-h), s.st.weightVar(a), vAge, vHeight)
}

// branch adds what hangs from them.
func (s *posterior) branch(need varSet, at *[3]float64, spread *[2]float64) {
	p := s.p
	a, h, w := at[vAge], at[vHeight], at[vWeight]
	b := p.logBMI(h, w)
	for g, v := range [...]int{vWaist, vHips, vArm} {
		if !need.has(v) {
			continue
		}
		m, da, dh, db := p.girth(g, a, h, b)
		dh -= 2 * db
		if spread[0] > 0 {
			aa, bb := p.bend(g, a, b)
			m += (aa*spread[0] + bb*spread[1]) / 2
		}
		m += da*(s.mean[vAge]-a) + dh*(s.mean[vHeight]-h) + db*(s.mean[vWeight]-w)
		s.loads[vAge], s.loads[vHeight], s.loads[vWeight] = da, dh, db
		s.sd[v] = p.girthSD(g, a, b)
		if spread[1] > weightDoubt {
			factor, more := p.girthBlur(g, a, b, ownDoubt*spread[0], ownDoubt*spread[1])
			s.sd[v] = math.Sqrt(s.sd[v]*s.sd[v]*factor + more)
		}
		if s.army && g < len(p.activeShift) {
			m += p.activeShift[g]
			s.sd[v] *= p.activeScale[g]
		}
		if v == vArm && p.adult {
			s.loads[vWaist], s.loads[vHips] = p.armOn[0], p.armOn[1]
			m += p.armOn[0]*s.mean[vWaist] + p.armOn[1]*s.mean[vHips]
			s.add(v, m, s.sd[v]*s.sd[v], vAge, vHeight, vWeight, vWaist, vHips)
			continue
		}
		s.add(v, m, s.sd[v]*s.sd[v], vAge, vHeight, vWeight)
		if v == vHips && need.has(vWaist) {
			s.couple(vHips, vWaist, p.waistHips)
		}
	}
	if !p.adult {
		return
	}
	for v := vChest; v <= vHeadGirth; v++ {
		if need.has(v) {
			s.addRest(v, b)
		}
	}
	for t, v := range [...]int{vUnderbust, vWaistNatural} {
		if !need.has(v) {
			continue
		}
		c := &p.torsoMean[t]
		s.loads[vHeight], s.loads[vWeight], s.loads[vWaist], s.loads[vHips], s.loads[vChest] = c[1], c[2], c[3], c[4], c[5]
		m := c[0] + c[1]*s.mean[vHeight] + c[2]*s.mean[vWeight] + c[3]*s.mean[vWaist] + c[4]*s.mean[vHips] + c[5]*s.mean[vChest]
		s.sd[v] = math.Sqrt(p.torsoVar[t])
		s.add(v, m, p.torsoVar[t], vHeight, vWeight, vWaist, vHips, vChest)
		if v == vWaistNatural && need.has(vUnderbust) {
			s.couple(v, vUnderbust, p.torsoCorr)
		}
	}
}

// Where the log of the body-mass index has more variance than weightDoubt, height or weight
// are not known, and girths are less sure for it: by ownDoubt of what theory says, because
// known girths took part in removing the doubt. Five-fold, that makes the intervals hold.
const weightDoubt, ownDoubt = 0.003, 0.6

// addRest adds one of chest to head.
func (s *posterior) addRest(v int, b float64) {
	c := &s.p.restMean[v-vChest]
	s.loads[vAge], s.loads[vHeight], s.loads[vWeight], s.loads[vWaist], s.loads[vHips] = c[1], c[2], c[3], c[4], c[5]
	m := c[0] + c[1]*s.mean[vAge] + c[2]*s.mean[vHeight] + c[3]*s.mean[vWeight] + c[4]*s.mean[vWaist] + c[5]*s.mean[vHips]
	s.sd[v] = s.p.restSD(v-vChest, b)
	s.add(v, m, s.sd[v]*s.sd[v], vAge, vHeight, vWeight, vWaist, vHips)
	for _, o := range s.active[:s.n] {
		if o >= vArm && int(o) < v {
			s.couple(v, int(o), s.p.corr(v, int(o)))
		}
	}
}

// add appends variable v with a mean, what its parents leave of its variance,
// and the slopes on the parents in s.loads.
func (s *posterior) add(v int, mean, variance float64, parents ...int) {
	s.mean[v] = mean
	for _, k := range s.active[:s.n] {
		var c float64
		for _, q := range parents {
			c += s.loads[q] * s.cov[q][k]
		}
		s.cov[v][k], s.cov[k][v] = c, c
	}
	for _, q := range parents {
		variance += s.loads[q] * s.cov[v][q]
	}
	s.cov[v][v] = variance
	s.active[s.n] = uint8(v)
	s.n++
}

// couple correlates what the means leave of v and o.
func (s *posterior) couple(v, o int, corr float64) {
	c := corr * s.sd[v] * s.sd[o]
	s.cov[v][o] += c
	s.cov[o][v] += c
}

// update conditions s on seeing y at variable v with the given noise variance.
func (s *posterior) update(v int, y, noise float64) {
	total := s.cov[v][v] + noise
	e := y - s.mean[v]
	scale := 1 / total
	s.misfit += e * e * scale
	s.volume *= total        // some thirty factors, none below 1e-9: it can't vanish
	var col [numVars]float64 // a copy: the loop below overwrites it
	active := s.active[:s.n]
	for k, i := range active {
		col[k] = s.cov[v][i]
	}
	for k, i := range active {
		gain := col[k] * scale
		s.mean[i] += gain * e
		row := &s.cov[i]
		for l, j := range active {
			row[j] -= gain * col[l]
		}
	}
}

// logLik is the log likelihood of the observations.
func (s *posterior) logLik() float64 { return -0.5 * (s.misfit + math.Log(s.volume)) }

// hint moves the variable that a shape speaks of towards the middle of the outer
// third of what is left of it, half of the way.
func (s *posterior) hint(shape Shape, need varSet) {
	const third = 1.09 // standard deviations: the mean of the upper third of a Gaussian
	v, shift := -1, third
	switch shape {
	case Hourglass:
		v, shift = vWaist, -third
	case AthleticShape:
		v = vShoulder
	case Pear:
		v = vHips
	case FullBust:
		v = vChest
	case StraightShape:
		v, shift = vHips, -third
	case Apple:
		v = vWaist
	}
	if v < 0 || v >= s.p.vars() || !need.has(v) {
		return
	}
	misfit, volume := s.misfit, s.volume
	s.update(v, s.mean[v]+shift*s.sd[v], s.sd[v]*s.sd[v])
	s.misfit, s.volume = misfit, volume // a hint says nothing of the sex
}

// surprise is how many standard deviations the observation lies from what all
// the others say of it.
func (s *posterior) surprise(o *observation) float64 {
	v := o.variable
	left := o.noise - s.cov[v][v]
	if left <= 0 {
		return 0
	}
	return (o.y - s.mean[v]) / math.Sqrt(left)
}
