package sizing

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNormalTable(t *testing.T) {
	tab := newNormalTable()
	for z := -normalEnd + 0.001; z < normalEnd; z += 0.00137 {
		cdf, hazard := tab.at(z)
		want := normalCDF(z)
		wantHazard := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) / want
		if math.Abs(cdf-want) > 1e-6 || math.Abs(hazard-wantHazard) > 1e-6 {
			t.Fatalf("at %v: %v, %v; want %v, %v", z, cdf, hazard, want, wantHazard)
		}
	}
	for _, q := range []struct{ gap, v, p float64 }{{1, 0, 1}, {0, 0, 0}, {-1, 0, 0}, {100, 1, 1}, {-100, 1, 0}, {math.Inf(1), 1, 1}, {math.Inf(-1), 1, 0}} {
		if p, _, hazard, shrink := tab.cut(q.gap, q.v); p != q.p || hazard != 0 || shrink != 0 {
			t.Errorf("cut(%v, %v) = %v, %v, %v", q.gap, q.v, p, hazard, shrink)
		}
		if p := tab.kept(q.gap, q.v); p != q.p {
			t.Errorf("kept(%v, %v) = %v", q.gap, q.v, p)
		}
	}
}

func TestExpOf(t *testing.T) {
	for x := -499.9; x < 500; x += 0.0371 {
		if got, want := expOf(x), math.Exp(x); math.Abs(got/want-1) > 1e-10 || x > -20 && x < 20 && math.Abs(got/want-1) > 1e-11 {
			t.Fatalf("expOf(%v) = %v, want %v", x, got, want)
		}
	}
	if expOf(math.Inf(1)) != math.Inf(1) || expOf(math.Inf(-1)) != 0 || !math.IsNaN(expOf(math.NaN())) {
		t.Error("expOf of infinities and NaN is not theirs")
	}
}

// TestCurve holds the batches against the distribution function edge by edge.
func TestCurve(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	tab := newNormalTable()
	for trial := range 2000 {
		n := 1 + trial%4
		dims := r.Perm(maxDims)[:n]
		var b box
		load := r.Float64()
		for _, d := range dims {
			b.mean[d] = 4.5 + 0.1*r.NormFloat64()
			for _, e := range dims {
				b.cov[d][e] = 0.0025 * load
			}
			b.cov[d][d] = 0.0025
		}
		if d := dims[r.IntN(n)]; trial%3 == 0 { // known exactly
			for e := range maxDims {
				b.cov[d][e], b.cov[e][d] = 0, 0
			}
		}
		b.settle(maxDims)
		var edges [maxDims][]float64
		f := make([]float64, 1+r.IntN(3*batch))
		for i := range dims {
			at, step := 4.0+0.4*r.Float64(), 0.1*r.Float64()
			for range f {
				edges[i] = append(edges[i], at)
				at += step
			}
			if trial%2 == 0 {
				edges[i][0], edges[i][len(f)-1] = math.Inf(-1), math.Inf(1)
			}
		}
		b.curve(tab, f, 0.25, dims, &edges)
		b.curve(tab, f, 0.75, dims, &edges)
		for k, got := range f {
			var limit [maxDims]float64
			for i, d := range dims {
				limit[d] = edges[i][k]
			}
			if want := b.below(tab, dims, &limit); !(math.Abs(got-want) < 1e-8) {
				t.Fatalf("%d dimensions, edge %d of %d: %v, want %v", n, k, len(f), got, want)
			}
		}
	}
}

// TestBelow compares the approximation with counting random draws, for the
// covariances that bodies have and worse.
func TestBelow(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tab := newNormalTable()
	const draws = 20000
	for n := 1; n <= 5; n++ {
		dims := []int{0, 1, 2, 3, 4}[:n]
		for trial := range 12 {
			rho := []float64{0, 0.2, 0.5, 0.7}[trial%4] // of a common factor
			var b box
			var limit [maxDims]float64
			for i := range n {
				b.mean[i], limit[i] = 4.5+0.1*float64(i), 4.5+0.1*float64(i)+0.05*r.NormFloat64()
				for j := range n {
					b.cov[i][j] = 0.0025 * rho
				}
				b.cov[i][i] = 0.0025
			}
			hits := 0.0
			for range draws {
				common, in := r.NormFloat64()*math.Sqrt(rho), true
				for i := range n {
					if x := b.mean[i] + 0.05*(common+math.Sqrt(1-rho)*r.NormFloat64()); x >= limit[i] {
						in = false
					}
				}
				if in {
					hits++
				}
			}
			b.settle(n)
			got, want := b.below(tab, dims, &limit), hits/draws
			if math.Abs(got-want) > 0.01+3*math.Sqrt(want*(1-want)/draws) {
				t.Errorf("%d dimensions, correlation %.1f: %.4f, counted %.4f", n, rho, got, want)
			}
		}
	}
}
