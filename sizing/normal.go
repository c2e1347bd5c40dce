package sizing

import (
	"math"
	"sync"
)

// normalCDF is the standard normal distribution function.
func normalCDF(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

// The normal distribution beyond normalEnd standard deviations, 2e-8, counts as nil.
const (
	normalEnd  = 5.5
	normalStep = 32 // nodes per unit
)

// A normalTable holds the standard normal distribution function and density at
// nodes 1/32 apart. Charts are asked for them at every boundary of every size,
// which made them half of a recommendation's time.
type normalTable [2*normalEnd*normalStep + 1]struct{ cdf, pdf float64 }

var newNormalTable = sync.OnceValue(func() *normalTable {
	t := new(normalTable)
	for i := range t {
		z := float64(i)/normalStep - normalEnd
		t[i].cdf, t[i].pdf = normalCDF(z), math.Exp(-z*z/2)/(math.Sqrt2*math.SqrtPi)
	}
	return t
})

// at returns both at z, within ±normalEnd, by Taylor's series about the nearest
// node; the relative error is below 2e-6.
func (t *normalTable) at(z float64) (cdf, pdf float64) {
	i := int((z+normalEnd)*normalStep + 0.5)
	x := float64(i)/normalStep - normalEnd
	d := z - x
	n := &t[i]
	u := d * (x + d/2)
	pdf = n.pdf * (1 - u*(1-u*(0.5-u*(1./6-u*(1./24)))))
	cdf = n.cdf + n.pdf*d*(1-d*(x/2-d*((x*x-1)/6-d*(x*(x*x-3)/24))))
	return cdf, pdf
}

// lower is the probability that a Gaussian of variance v lies below its mean
// plus gap, its standard deviation, and the density there over that probability
// in standard deviations, which is 0 where there is nothing to cut off.
func (t *normalTable) lower(gap, v float64) (p, sd, hazard float64) {
	if v <= 1e-14 {
		if gap > 0 {
			return 1, 0, 0
		}
		return 0, 0, 0
	}
	sd = math.Sqrt(v)
	z := gap / sd
	switch {
	case z >= normalEnd:
		return 1, sd, 0
	case z <= -normalEnd:
		return 0, sd, 0
	}
	p, pdf := t.at(z)
	return p, sd, pdf / p
}
