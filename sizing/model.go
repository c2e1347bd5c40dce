package sizing

//go:generate go run -C _fit .

// The body model is a chain of Gaussians on logarithms, one per sex and age
// group:
//
//	age → height → weight      NHANES unweighted: civilians; ANSUR II for Active
//	→ waist, hips              NHANES and ANSUR II, person for person
//	→ upper arm                NHANES
//	→ the rest                 ANSUR II (adults)
//	→ under-bust, natural waist ANSUR I (adults)
//
// The means are polynomials for the first five and linear after them; spread
// grows with body-mass index. sizing/_fit fits them, and writes tables.go.

// tables holds the four populations.
type tables struct{ women, men, girls, boys population }

// Indices into population.stature.
const (
	civil = iota
	military
)

// A stature is the distribution of age, height and weight of civilians or soldiers.
type stature struct {
	lo, hi          [2]float64 // a, h: where the polynomials are supported by data
	ageMean, ageVar float64
	heightMean      [5]float64 // powers of a
	heightVar       float64
	weightMean      [9]float64 // powers of a, then h, h², ah, h³
	weightLogVar    [3]float64 // log variance on 1, a, a²
}

// A population is the fitted chain of one sex and age group. a, h and w are
// age, log height and log weight about the reference values, and b is the log
// of the body-mass index about its own.
type population struct {
	ageMid, ageScale             float64 // a = (years - ageMid) / ageScale
	heightRef, weightRef, bmiRef float64
	bmiShift                     float64    // b at h = w = 0
	lo, hi                       [3]float64 // a, h, b: where the polynomials are supported by data
	stature                      [2]stature
	girthMean                    [3][17]float64 // log waist, hips, arm: see girth
	armOn                        [2]float64     // of log arm on log waist and log hips
	girthLogVar                  [3][7]float64  // log variance on 1, b, b², a, a², ab, ab²
	activeShift, activeScale     [2]float64     // what soldiers' waists and hips differ by: added to the log, factor on the spread
	waistHips                    float64        // correlation of what a, h and w leave of waist and hips
	restMean                     [12][6]float64 // chest to head on 1, a, h, w, log waist, log hips
	restLogVar                   [12][2]float64 // log variance on 1, b
	restCorr                     [78]float64    // lower triangle, arm to head: what the means leave
	torsoMean                    [2][6]float64  // under-bust and natural waist on 1, h, w, log waist, hips, chest
	torsoVar                     [2]float64
	torsoCorr                    float64
	adult                        bool
}

// vars is how many variables of the chain the population has.
func (p *population) vars() int {
	if p.adult {
		return numVars
	}
	return vArm + 1
}

// logBMI is b for h and w.
func (p *population) logBMI(h, w float64) float64 {
	return w - 2*h + p.bmiShift
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// height is the mean of h given a, and its slope.
func (p *stature) height(a float64) (mean, da float64) {
	x := clamp(a, p.lo[0], p.hi[0])
	c := &p.heightMean
	mean = c[0] + x*(c[1]+x*(c[2]+x*(c[3]+x*c[4])))
	da = c[1] + x*(2*c[2]+x*(3*c[3]+x*4*c[4]))
	return mean + da*(a-x), da
}

// weight is the mean of w given a and h, and its slopes.
func (p *stature) weight(a, h float64) (mean, da, dh float64) {
	x, y := clamp(a, p.lo[0], p.hi[0]), clamp(h, p.lo[1], p.hi[1])
	c := &p.weightMean
	mean = c[0] + x*(c[1]+x*(c[2]+x*(c[3]+x*c[4]))) + y*(c[5]+y*(c[6]+y*c[8])+x*c[7])
	da = c[1] + x*(2*c[2]+x*(3*c[3]+x*4*c[4])) + y*c[7]
	dh = c[5] + y*(2*c[6]+y*3*c[8]) + x*c[7]
	return mean + da*(a-x) + dh*(h-y), da, dh
}

// weightVar is the variance that a and h leave of w.
func (p *stature) weightVar(a float64) float64 {
	a = clamp(a, p.lo[0], p.hi[0])
	return expOf(p.weightLogVar[0] + a*(p.weightLogVar[1]+a*p.weightLogVar[2]))
}

// girth is the mean of a log girth at a, h and b, and its slopes. Outside the
// data it goes on straight: a quartic would not.
func (p *population) girth(g int, a, h, b float64) (mean, da, dh, db float64) {
	x, y, z := clamp(a, p.lo[0], p.hi[0]), clamp(h, p.lo[1], p.hi[1]), clamp(b, p.lo[2], p.hi[2])
	c := &p.girthMean[g]
	mean = c[0] + c[1]*y + c[2]*z + c[3]*x + c[4]*z*z + c[5]*y*y + c[6]*x*x + c[7]*y*z + c[8]*z*x + c[9]*y*x +
		c[10]*z*z*z + c[11]*z*z*z*z + c[12]*x*x*x + c[13]*z*z*x + c[14]*x*x*z + c[15]*z*z*x*x + c[16]*x*x*x*x
	da = c[3] + 2*c[6]*x + c[8]*z + c[9]*y + 3*c[12]*x*x + c[13]*z*z + 2*c[14]*x*z + 2*c[15]*z*z*x + 4*c[16]*x*x*x
	dh = c[1] + 2*c[5]*y + c[7]*z + c[9]*x
	db = c[2] + 2*c[4]*z + c[7]*y + c[8]*x + 3*c[10]*z*z + 4*c[11]*z*z*z + 2*c[13]*z*x + c[14]*x*x + 2*c[15]*z*x*x
	return mean + da*(a-x) + dh*(h-y) + db*(b-z), da, dh, db
}

// bend is the second derivative of a log girth by a and by b.
func (p *population) bend(g int, a, b float64) (aa, bb float64) {
	x, z := clamp(a, p.lo[0], p.hi[0]), clamp(b, p.lo[2], p.hi[2])
	c := &p.girthMean[g]
	aa = 2*c[6] + 2*c[14]*z + 2*c[15]*z*z + 6*c[12]*x + 12*c[16]*x*x
	bb = 2*c[4] + 6*c[10]*z + 12*c[11]*z*z + 2*c[13]*x + 2*c[15]*x*x
	return aa, bb
}

// girthSD is the standard deviation that a, h and w leave of a log girth.
func (p *population) girthSD(g int, a, b float64) float64 {
	a, b = clamp(a, p.lo[0], p.hi[0]), clamp(b, p.lo[2], p.hi[2])
	k := &p.girthLogVar[g]
	return expOf((k[0] + b*(k[1]+b*k[2]) + a*(k[3]+a*k[4]+b*(k[5]+b*k[6]))) / 2)
}

// girthBlur is by what factor the variance of a log girth is larger, and what is added
// to it, where a and b are known only with variances va and vb.
func (p *population) girthBlur(g int, a, b, va, vb float64) (factor, more float64) {
	aa, bb := p.bend(g, a, b)
	a, b = clamp(a, p.lo[0], p.hi[0]), clamp(b, p.lo[2], p.hi[2])
	k := &p.girthLogVar[g]
	la, lb := k[3]+2*k[4]*a+b*(k[5]+b*k[6]), k[1]+2*k[2]*b+a*(k[5]+2*b*k[6])
	factor = 1 + ((la*la+2*k[4])*va+(lb*lb+2*k[2]+2*a*k[6])*vb)/2
	return clamp(factor, 0.8, 2), (aa*aa*va*va + bb*bb*vb*vb) / 2
}

// restSD is girthSD for chest to head.
func (p *population) restSD(r int, b float64) float64 {
	k := &p.restLogVar[r]
	return expOf((k[0] + k[1]*clamp(b, p.lo[2], p.hi[2])) / 2)
}

// corr is the correlation of what the means leave of two variables of the same
// block, vArm to vHeadGirth.
func (p *population) corr(v, w int) float64 {
	if v == w {
		return 1
	}
	if v < w {
		v, w = w, v
	}
	i, j := v-vArm, w-vArm
	return p.restCorr[i*(i-1)/2+j]
}
