package sizing

import (
	"math"
	"slices"
)

// readoutSize is the number of features of the learner's last step.
const readoutSize = 16

// A readout is a three-class logistic regression, trained online with a step
// per weight that shrinks with what that weight has seen (AdaGrad).
type readout struct {
	w, g [3][readoutSize]float64
}

// reset starts from what any shop's data would say: a piece larger than asked for is
// large, a product often returned as small will be again.
func (r *readout) reset() {
	*r = readout{}
	r.w[0] = [readoutSize]float64{-1.7, -0.8, 0, 0, 0, 0.8, 0, 0.3, 0, 0.2}
	r.w[2] = [readoutSize]float64{-1.7, 0.8, 0, 0, 0, 0, 0.8, 0, 0.3, 0, 0.2}
}

func (r *readout) odds(x *[readoutSize]float64) [3]float64 {
	var p [3]float64
	top := math.Inf(-1)
	for k := range p {
		for i, v := range x {
			p[k] += r.w[k][i] * v
		}
		top = max(top, p[k])
	}
	var sum float64
	for k := range p {
		p[k] = math.Exp(p[k] - top)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}

func (r *readout) learn(x *[readoutSize]float64, class int) {
	const step, ridge = 0.05, 1e-6
	p := r.odds(x)
	for k := range p {
		e := p[k]
		if k == class {
			e--
		}
		for i, v := range x {
			g := e*v + ridge*r.w[k][i]
			r.g[k][i] += g * g
			r.w[k][i] -= step * g / (math.Sqrt(r.g[k][i]) + 1e-3)
		}
	}
}

// curveSize is the number of features of the curve.
const curveSize = 13 + int(numShapes) - 1

// A curve is size numbers over bodies, by least squares on what was kept: the
// sums of the normal equations, so that two can be added, and their solution.
type curve struct {
	a      [curveSize][curveSize]float64 // lower triangle
	b      [curveSize]float64
	n      float64 // kept sizes
	sq     float64 // sum of squares about the curve
	judged float64 // how many are in sq
	at     float64 // n when coef was solved
	coef   [curveSize]float64
}

// curvePoint is a body as the curve sees it: what the model makes of what is known,
// so that a missing weight is no hole.
func curvePoint(b *Body) (*[curveSize]float64, bool) {
	known := *b
	if known.Sex == Unspecified {
		known.Sex = Female
	}
	known.Shape = UnknownShape // it has features of its own
	if known.Validate() != nil {
		return nil, false
	}
	var m mixture
	m.condition(&surveyTables, &known, 1<<vChest|1<<vWaist|1<<vHips|1<<vUnderbust, 0)
	s := &m.post[0]
	if !s.p.adult {
		return &[curveSize]float64{1, s.mean[vHeight] * 10, s.mean[vWeight] * 3, s.mean[vAge]}, true
	}
	h, w := s.mean[vHeight]*10, s.mean[vWeight]*3
	var weight, girth float64
	if b.Weight == 0 {
		weight = 1
	}
	bust := 10 * (s.mean[vChest] - 4.55)
	under := 10 * (s.mean[vUnderbust] - 4.4)
	if b.Bust == 0 && b.Chest == 0 {
		girth = 1
	}
	x := &[curveSize]float64{
		1, h, w, s.mean[vAge], bust, under, 10 * (s.mean[vWaist] - 4.45), 10 * (s.mean[vHips] - 4.6), w * w, w * h, weight, weight * w, girth,
	}
	if b.Shape != UnknownShape {
		x[curveSize-int(b.Shape)] = 1
	}
	return x, true
}

const curveLeast = 200 // kept sizes before the curve is used

func (c *curve) learn(x *[curveSize]float64, size float64) {
	if x == nil {
		return
	}
	if c.at > 0 {
		e := size - c.of(x)
		c.sq += e * e
		c.judged++
	}
	for i := range x {
		for j := range i + 1 {
			c.a[i][j] += x[i] * x[j]
		}
		c.b[i] += x[i] * size
	}
	c.n++
	if c.n >= curveLeast && c.n >= 1.2*c.at {
		c.solve()
	}
}

func (c *curve) of(x *[curveSize]float64) float64 {
	var y float64
	for i, v := range x {
		y += v * c.coef[i]
	}
	return y
}

// gap is how far a size lies above the curve, in residual standard deviations.
func (c *curve) gap(x *[curveSize]float64, size float64) (float64, bool) {
	if c.judged == 0 {
		return 0, false
	}
	sd := math.Sqrt(c.sq / c.judged)
	return clamp((size-c.of(x))/max(sd, 1e-6), -6, 6), true
}

// solve solves the normal equations by Cholesky, with a little ridge.
func (c *curve) solve() {
	var l [curveSize][curveSize]float64
	x := c.b
	for i := range l {
		for j := range i + 1 {
			s := c.a[i][j]
			if i == j {
				s += 1e-3*c.a[i][i] + 1e-6
			}
			for k := range j {
				s -= l[i][k] * l[j][k]
			}
			if i == j {
				l[i][i] = math.Sqrt(max(s, 1e-9))
			} else {
				l[i][j] = s / l[j][j]
			}
		}
	}
	for i := range x {
		for k := range i {
			x[i] -= l[i][k] * x[k]
		}
		x[i] /= l[i][i]
	}
	for i := curveSize - 1; i >= 0; i-- {
		for k := i + 1; k < curveSize; k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	c.coef, c.at = x, c.n
}

// numbers are what a saved curve holds; setNumbers takes them back.
func (c *curve) numbers() []float64 {
	var out []float64
	for i := range c.a {
		out = append(out, c.a[i][:i+1]...)
	}
	return append(append(append(out, c.b[:]...), c.coef[:]...), c.n, c.sq, c.judged, c.at)
}

func (c *curve) setNumbers(v []float64) bool {
	for i := range c.a {
		v = v[copy(c.a[i][:i+1], v):]
	}
	v = v[copy(c.b[:], v):]
	v = v[copy(c.coef[:], v):]
	c.n, c.sq, c.judged, c.at = v[0], v[1], v[2], v[3]
	return min(c.n, c.sq, c.judged, c.at) >= 0
}

func (r *readout) numbers() []float64 {
	var out []float64
	for k := range r.w {
		out = append(append(out, r.w[k][:]...), r.g[k][:]...)
	}
	return out
}

func (r *readout) setNumbers(v []float64) bool {
	for k := range r.w {
		v = v[copy(r.w[k][:], v):]
		v = v[copy(r.g[k][:], v):]
		if slices.Min(r.g[k][:]) < 0 {
			return false
		}
	}
	return true
}
