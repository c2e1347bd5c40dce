package sizing

import "math"

// A box is the Gaussian of a chart's dimensions for one component of
// the mixture: means and covariances of logarithms. A dimension known exactly has
// variance 0.
type box struct {
	mean [maxDims]float64
	cov  [maxDims][maxDims]float64
	inv  [maxDims]float64 // 1/standard deviation, 0 where the variance is nil
}

// nilVariance is what counts as exactly known.
const nilVariance = 1e-14

// settle fills inv once mean and cov are set.
func (b *box) settle(n int) {
	for i := range n {
		b.inv[i] = 0
		if v := b.cov[i][i]; v > nilVariance {
			b.inv[i] = 1 / math.Sqrt(v)
		}
	}
}

// Limits this many standard deviations away do not bind, or are never kept: 3e-5
// is less than the approximation below is wrong by.
const free, hopeless = 4.0, -5.0

// A gauge is a list of a box's dimensions whose limits bind, and how many standard deviations
// each mean lies below its limit.
type gauge struct {
	n   int
	dim [maxDims]int
	z   [maxDims]float64
}

// add takes in a limit; it is false where nothing lies below it.
func (g *gauge) add(b *box, d int, limit float64) bool {
	gap := limit - b.mean[d]
	at := gap * b.inv[d]
	switch {
	case b.inv[d] == 0:
		return gap > 0
	case at < free:
		if at < hopeless {
			return false
		}
		g.dim[g.n], g.z[g.n] = d, at
		g.n++
	}
	return true
}

// below is the probability that every listed dimension lies below its limit.
func (b *box) below(t *normalTable, dims []int, limit *[maxDims]float64) float64 {
	var g gauge
	for _, d := range dims {
		if !g.add(b, d, limit[d]) {
			return 0
		}
	}
	return b.orthant(t, &g)
}

// curve adds to f[k], weighed, the probability that every dimension lies below its k-th edge. The
// edges are in rising order.
func (b *box) curve(t *normalTable, f []float64, weight float64, dims []int, edges *[maxDims][]float64) {
	if len(dims) <= 3 {
		for at := 0; at < len(f); at += batch {
			b.curveBatch(t, f[at:min(at+batch, len(f))], at, weight, dims, edges)
		}
		return
	}
	var g gauge
next:
	for k := range f {
		g.n = 0
		for i, d := range dims {
			if !g.add(b, d, edges[i][k]) {
				continue next
			}
		}
		p := b.orthant(t, &g)
		f[k] += weight * p
		if p == 1 {
			for k++; k < len(f); k++ {
				f[k] += weight
			}
			return
		}
	}
}

// batch is at how many edges curveBatch works at once.
const batch = 16

// curveBatch is curve for up to three dimensions and batch edges, the first of them the at-th: what
// orthant does edge by edge is done dimension by dimension, so that the processor works on the
// roots and quotients of several edges at the same time.
func (b *box) curveBatch(t *normalTable, f []float64, at int, weight float64, dims []int, edges *[maxDims][]float64) {
	var p, hazard, shrink, more, again [batch]float64 // the last two are the second cut's
	var corr [3]float64                               // of first and second, first and third, second and third
	for k := range f {
		p[k&(batch-1)] = weight
	}
	for i, d := range dims {
		edge := edges[i][at:][:len(f)]
		if i > 0 {
			corr[i-1] = b.corr(dims[0], d)
		}
		if i == 2 {
			corr[2] = b.corr(dims[1], d)
		}
		mean, inv := b.mean[d], b.inv[d]
		for k, limit := range edge {
			k &= batch - 1 // as it is: said for the compiler
			z := (limit - mean) * inv
			switch {
			case inv == 0 && limit <= mean || z < hopeless:
				p[k] = 0
				continue
			case inv == 0 || z >= free:
				continue
			}
			switch i {
			case 0:
				q, h := t.at(z)
				p[k], hazard[k], shrink[k] = weight*q, h, h*(h+z)
			case 1:
				c := corr[0]
				q, s, h, r := t.cut(z+c*hazard[k], max(1-c*c*shrink[k], 0))
				p[k], more[k], again[k] = p[k]*q, s*h, r
			default:
				c := corr[1]
				left := corr[2] - corr[0]*c*shrink[k]
				p[k] *= t.kept(z+c*hazard[k]+left*more[k], max(1-c*c*shrink[k]-left*left*again[k], 0))
			}
		}
	}
	for k := range f {
		f[k] += p[k&(batch-1)]
	}
}

// orthant is the probability that the dimensions of g lie below their limits.
//
// One dimension is exact. More are taken one at a time: what is above the limit is
// cut off, and the rest is taken for Gaussian again with the moments it then
// has (Mendell and Elston 1974). On charts' correlations that is within 0.01.
func (b *box) orthant(t *normalTable, g *gauge) float64 {
	n, z := g.n, &g.z
	switch n {
	case 0:
		return 1
	case 1:
		return t.below(z[0])
	case 2:
		return b.orthant2(t, g)
	case 3:
		return b.orthant3(t, g)
	}
	var corr [maxDims][maxDims]float64
	for i, d := range g.dim[:n] {
		for j, e := range g.dim[:i] {
			corr[i][j] = b.corr(d, e)
			corr[j][i] = corr[i][j]
		}
		corr[i][i] = 1
	}
	p := 1.0
	for i := range n {
		q, s, hazard, shrink := t.cut(z[i], corr[i][i])
		p *= q
		if p < 1e-9 {
			return 0
		}
		if hazard == 0 {
			continue
		}
		for j := i + 1; j < n; j++ {
			z[j] += corr[j][i] * s * hazard
			for k := i + 1; k < n; k++ {
				corr[j][k] -= corr[j][i] * corr[k][i] * shrink
			}
			corr[j][j] = max(corr[j][j], 0)
		}
	}
	return p
}

// corr is the correlation of two dimensions that are not known exactly.
func (b *box) corr(d, e int) float64 { return b.cov[d][e] * b.inv[d] * b.inv[e] }

// cut is what cutting off a Gaussian of variance v above gap leaves: the probability p
// of what remains and, for another one whose covariance with it is c, how far that moves,
// -c·s·hazard, and what it loses in variance, c²·shrink. Both are 0 where nothing is cut off.
func (t *normalTable) cut(gap, v float64) (p, s, hazard, shrink float64) {
	if v <= nilVariance {
		if gap > 0 {
			return 1, 0, 0, 0
		}
		return 0, 0, 0, 0
	}
	s = 1 / math.Sqrt(v)
	z := gap * s
	switch {
	case z >= normalEnd:
		return 1, s, 0, 0
	case z <= -normalEnd:
		return 0, s, 0, 0
	}
	p, hazard = t.at(z)
	return p, s, hazard, hazard * (hazard + z) * s * s
}

// kept is cut's p alone.
func (t *normalTable) kept(gap, v float64) float64 {
	if v <= nilVariance {
		if gap > 0 {
			return 1
		}
		return 0
	}
	z := gap / math.Sqrt(v)
	switch {
	case z >= normalEnd:
		return 1
	case z <= -normalEnd:
		return 0
	}
	return t.below(z)
}

// orthant2 is orthant for two dimensions.
func (b *box) orthant2(t *normalTable, g *gauge) float64 {
	x, y := g.z[0], g.z[1]
	p, hazard := t.at(x)
	c := b.corr(g.dim[0], g.dim[1])
	return p * t.kept(y+c*hazard, max(1-c*c*hazard*(hazard+x), 0))
}

// orthant3 is the same for three.
func (b *box) orthant3(t *normalTable, g *gauge) float64 {
	x, y, z := g.z[0], g.z[1], g.z[2]
	p, hazard := t.at(x)
	shrink := hazard * (hazard + x)
	dx, dy, dz := g.dim[0], g.dim[1], g.dim[2]
	cy, cz, cyz := b.corr(dx, dy), b.corr(dx, dz), b.corr(dy, dz)
	cyz -= cy * cz * shrink
	q, s, more, again := t.cut(y+cy*hazard, max(1-cy*cy*shrink, 0))
	p *= q
	if p < 1e-9 {
		return 0
	}
	return p * t.kept(z+cz*hazard+cyz*s*more, max(1-cz*cz*shrink-cyz*cyz*again, 0))
}
