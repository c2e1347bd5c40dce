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

// A normalTable holds the standard normal distribution function, and the density over
// it, at nodes 1/32 apart: the value, the slope and half the curvature of each. Charts ask for
// them at every boundary of every size, which made them half of a recommendation's time.
type normalTable [2*normalEnd*normalStep + 1]struct{ cdf, hazard [3]float64 }

var newNormalTable = sync.OnceValue(func() *normalTable {
	t := new(normalTable)
	for i := range t {
		z := float64(i)/normalStep - normalEnd
		p, pdf := normalCDF(z), math.Exp(-z*z/2)/(math.Sqrt2*math.SqrtPi)
		h := pdf / p
		slope := -h * (z + h)
		t[i].cdf = [3]float64{p, pdf, -z * pdf / 2}
		t[i].hazard = [3]float64{h, slope, -(slope*(z+h) + h*(1+slope)) / 2}
	}
	return t
})

// at returns, for z within ±normalEnd, the distribution function and the density over it, both
// within 1e-6 of the truth.
func (t *normalTable) at(z float64) (cdf, hazard float64) {
	i := int((z+normalEnd)*normalStep + 0.5)
	d := z - (float64(i)*(1./normalStep) - normalEnd)
	n := &t[i]
	return n.cdf[0] + d*(n.cdf[1]+d*n.cdf[2]), n.hazard[0] + d*(n.hazard[1]+d*n.hazard[2])
}
