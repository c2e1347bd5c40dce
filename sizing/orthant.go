package sizing

import "math"

// A box is the Gaussian of a chart's deciding dimensions for one component of
// the mixture: means and covariances of logarithms. A dimension known exactly has
// variance 0.
type box struct {
	mean [maxDims]float64
	cov  [maxDims][maxDims]float64
	inv  [maxDims]float64 // 1/standard deviation, 0 where the variance is nil
}

// settle fills inv once mean and cov are set.
func (b *box) settle(n int) {
	for i := range n {
		b.inv[i] = 0
		if v := b.cov[i][i]; v > 1e-14 {
			b.inv[i] = 1 / math.Sqrt(v)
		}
	}
}

// Limits this many standard deviations away do not bind, or are never kept: 3e-5
// is less than the approximation below is wrong by.
const free, hopeless = 4.0, -5.0

// below is the probability that every listed dimension lies below its limit.
//
// One dimension is exact. More are taken one at a time: what is above the limit is
// cut off, and the rest is taken for Gaussian again with the moments it then
// has (Mendell and Elston 1974). On charts' correlations that is within 0.01.
func (b *box) below(t *normalTable, dims []int, limit *[maxDims]float64) float64 {
	var list [maxDims]int
	n := 0
	for _, d := range dims {
		gap := limit[d] - b.mean[d]
		z := gap * b.inv[d]
		switch {
		case b.inv[d] == 0 && gap <= 0 || z < hopeless:
			return 0
		case b.inv[d] != 0 && z < free:
			list[n] = d
			n++
		}
	}
	dims = list[:n]
	switch n {
	case 0:
		return 1
	case 1:
		d := dims[0]
		p, _ := t.at((limit[d] - b.mean[d]) * b.inv[d])
		return p
	case 2, 3:
		return b.belowFew(t, dims, limit)
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
		q, s, hazard := t.lower(gap, v)
		p *= q
		if p < 1e-9 {
			return 0
		}
		if hazard == 0 {
			continue
		}
		shrink := hazard * (hazard + gap/s) / v
		for j := i + 1; j < len(dims); j++ {
			mean[j] -= cov[j][i] / s * hazard
			for k := i + 1; k < len(dims); k++ {
				cov[j][k] -= cov[j][i] * cov[k][i] * shrink
			}
			cov[j][j] = max(cov[j][j], 0)
		}
	}
	return p
}

// belowFew is the same for two and three dimensions, which most charts have,
// without the arrays.
func (b *box) belowFew(t *normalTable, dims []int, limit *[maxDims]float64) float64 {
	x, y, z := dims[0], dims[1], dims[len(dims)-1] // of two, z is y and unused
	gapX := limit[x] - b.mean[x]
	p, pdf := t.at(gapX * b.inv[x])
	cut := pdf / p * b.inv[x]
	gapY, gapZ := limit[y]-b.mean[y], limit[z]-b.mean[z]
	vy, vz, vyz := b.cov[y][y], b.cov[z][z], b.cov[y][z]
	shrink := cut * (cut + gapX*b.inv[x]*b.inv[x])
	cy, cz := b.cov[x][y], b.cov[x][z]
	gapY += cy * cut
	gapZ += cz * cut
	vy = max(vy-cy*cy*shrink, 0)
	vz = max(vz-cz*cz*shrink, 0)
	vyz -= cy * cz * shrink
	q, s, hazard := t.lower(gapY, vy)
	p *= q
	if len(dims) == 2 || p < 1e-9 {
		return p
	}
	if hazard != 0 {
		cut := hazard / s
		gapZ += vyz * cut
		vz = max(vz-vyz*vyz*cut*(cut+gapY/vy), 0)
	}
	q, _, _ = t.lower(gapZ, vz)
	return p * q
}
