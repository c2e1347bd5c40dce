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
