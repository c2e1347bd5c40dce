package main

import "math"

// solve solves a·x = b for a symmetric positive definite matrix a, in place,
// by Cholesky. A tiny ridge, relative to the diagonal, keeps nearly collinear
// polynomial features from failing.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		a[i][i] *= 1 + 1e-12
	}
	for j := range n {
		for k := range j {
			a[j][j] -= a[j][k] * a[j][k]
		}
		a[j][j] = math.Sqrt(a[j][j])
		for i := j + 1; i < n; i++ {
			for k := range j {
				a[i][j] -= a[i][k] * a[j][k]
			}
			a[i][j] /= a[j][j]
		}
	}
	x := make([]float64, n)
	for i := range n {
		x[i] = b[i]
		for k := range i {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= a[k][i] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}

// leastSquares fits y = x·b with weights w (nil: all one).
func leastSquares(x [][]float64, y, w []float64) []float64 {
	n := len(x[0])
	a, b := square(n), make([]float64, n)
	for r := range x {
		q := 1.0
		if w != nil {
			q = w[r]
		}
		for i, xi := range x[r] {
			for j := 0; j <= i; j++ {
				a[i][j] += q * xi * x[r][j]
			}
			b[i] += q * xi * y[r]
		}
	}
	return solve(a, b)
}

// logVariance fits log E[r²] = x·k by Newton steps on the gamma likelihood,
// whose estimate stays right when r is not quite Gaussian.
func logVariance(x [][]float64, r []float64) []float64 {
	n := len(x[0])
	k := make([]float64, n)
	var mean float64
	for _, e := range r {
		mean += e * e / float64(len(r))
	}
	k[0] = math.Log(mean)
	for range 30 {
		a, g := square(n), make([]float64, n)
		for i := range x {
			ratio := r[i] * r[i] / math.Exp(dot(x[i], k))
			for p, xp := range x[i] {
				for q := 0; q <= p; q++ {
					a[p][q] += xp * x[i][q] // expected information
				}
				g[p] += xp * (ratio - 1)
			}
		}
		for i, step := range solve(a, g) {
			k[i] += step
		}
	}
	return k
}

func square(n int) [][]float64 {
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
	}
	return a
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// covariance is the second-moment matrix of the columns of r about zero.
func covariance(r [][]float64) [][]float64 {
	c := square(len(r[0]))
	for _, row := range r {
		for i := range row {
			for j := range row {
				c[i][j] += row[i] * row[j] / float64(len(r))
			}
		}
	}
	return c
}
