package sizing

import "math"

// A box is the Gaussian of a chart's deciding dimensions for one component of
// the mixture: means and covariances of logarithms. A dimension known exactly has
// variance 0.
type box struct {
	n    int
	mean [maxDims]float64
	cov  [maxDims][maxDims]float64
}

// below is the probability that every listed dimension lies below its limit.
//
// One dimension is exact. More are taken one at a time: what is above the limit is
// cut off, and the rest is taken for Gaussian again with the moments it then
// has (Mendell and Elston 1974). On charts' correlations that is within 0.01.
func (b *box) below(dims []int, limit *[maxDims]float64) float64 {
	if len(dims) == 1 {
		d := dims[0]
		p, _ := lower(limit[d]-b.mean[d], b.cov[d][d])
		return p
	}
	var mean [maxDims]float64
	var cov [maxDims][maxDims]float64
	for i, d := range dims {
		mean[i] = b.mean[d]
		for j, e := range dims[:i+1] {
			cov[i][j], cov[j][i] = b.cov[d][e], b.cov[d][e]
		}
	}
	p := 1.0
	for i, d := range dims {
		gap, v := limit[d]-mean[i], cov[i][i]
		q, hazard := lower(gap, v)
		p *= q
		if p < 1e-9 {
			return 0
		}
		if hazard == 0 {
			continue
		}
		s := math.Sqrt(v)
		shrink := hazard * (hazard + gap/s) / v
		for j := i + 1; j < len(dims); j++ {
			mean[j] -= cov[j][i] / s * hazard
			for k := i + 1; k < len(dims); k++ {
				cov[j][k] -= cov[j][i] * cov[k][i] * shrink
			}
			cov[j][j] = math.Max(cov[j][j], 0)
		}
	}
	return p
}

// lower is the probability that a Gaussian of variance v lies below its mean
// plus gap, and the density there over that probability in standard deviations.
// Farther than six of them the hazard is nil.
func lower(gap, v float64) (p, hazard float64) {
	if v <= 1e-14 {
		if gap > 0 {
			return 1, 0
		}
		return 0, 0
	}
	z := gap / math.Sqrt(v)
	switch {
	case z > 6:
		return 1, 0
	case z < -6:
		return 0, 0
	}
	// Hart's rational approximation 5666 (Computer Approximations, 1968), good to
	// 1e-15: one exponential serves the density and the distribution function.
	x := math.Abs(z)
	e := math.Exp(-x * x / 2)
	tail := e * ((((((0.0352624965998911*x+0.700383064443688)*x+6.37396220353165)*x+33.912866078383)*x+112.079291497871)*x+221.213596169931)*x + 220.206867912376) /
		(((((((0.0883883476483184*x+1.75566716318264)*x+16.064177579207)*x+86.7807322029461)*x+296.564248779674)*x+637.333633378831)*x+793.826512519948)*x + 440.413735824752)
	if z > 0 {
		tail = 1 - tail
	}
	return tail, e / (math.Sqrt2 * math.SqrtPi * tail)
}
