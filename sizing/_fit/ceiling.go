package main

import (
	"fmt"
	"math"
	"slices"
)

// ceiling prints what regressions and boosted trees, fitted on one survey alone
// and cross-validated on the same folds, make of height, weight and age. Where
// none of them is better, the error is the data's and not the model's.
func ceiling(s *surveys) {
	fmt.Println("| survey | measurement | who | n | sd | log-linear | log-cubic | boosted trees |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, q := range []struct {
		survey string
		rows   []row
		vars   map[string]int
	}{
		{"ANSUR II", s.ansur2, map[string]int{"chest": chest, "waist": waist, "hips": hips, "inseam": inseam, "neck": neck, "sleeve": sleeve, "foot_length": footLength}},
		{"NHANES", s.nhanes, map[string]int{"waist": waist, "hips": hips}},
	} {
		for _, name := range []string{"chest", "waist", "hips", "inseam", "neck", "sleeve", "foot_length"} {
			v, ok := q.vars[name]
			if !ok {
				continue
			}
			for _, male := range []bool{true, false} {
				rows := keep(q.rows, func(r *row) bool { return r.male == male && r.v[age] >= 18 && has(r, age, height, weight, v) })
				who := map[bool]string{true: "men", false: "women"}[male]
				fmt.Printf("| %s | %s | %s | %d | %.2f | %.2f | %.2f | %.2f |\n", q.survey, name, who, len(rows),
					rivalRMSE(rows, v, meanOnly), rivalRMSE(rows, v, linear), rivalRMSE(rows, v, cubic), rivalRMSE(rows, v, trees))
			}
		}
	}
}

// A rival fits log targets on features of (age, log height, log BMI) and returns its prediction.
type rival func(x [][]float64, y []float64) func([]float64) float64

// rivalRMSE is the cross-validated error in centimetres.
func rivalRMSE(rows []*row, v int, r rival) float64 {
	var sq float64
	for out := range folds {
		var x [][]float64
		var y []float64
		for _, p := range rows {
			if p.fold != out {
				x, y = append(x, facts(p)), append(y, math.Log(p.v[v]))
			}
		}
		predict := r(x, y)
		for _, p := range rows {
			if p.fold == out {
				e := math.Exp(predict(facts(p))) - p.v[v]
				sq += e * e
			}
		}
	}
	return math.Sqrt(sq / float64(len(rows)))
}

// facts are age, log height and log BMI about the middle of the adults.
func facts(r *row) []float64 {
	h := r.v[height] / 100
	return []float64{(r.v[age] - 45) / 20, math.Log(h / 1.7), math.Log(r.v[weight] / (h * h) / 27)}
}

func meanOnly(_ [][]float64, y []float64) func([]float64) float64 {
	var m float64
	for _, v := range y {
		m += v / float64(len(y))
	}
	return func([]float64) float64 { return m }
}

func linear(x [][]float64, y []float64) func([]float64) float64 {
	return polynomial(x, y, func(f []float64) []float64 { return []float64{1, f[0], f[1], f[2]} })
}

func cubic(x [][]float64, y []float64) func([]float64) float64 {
	return polynomial(x, y, func(f []float64) []float64 {
		var out []float64
		for i := range 4 {
			for j := range 4 - i {
				for k := range 4 - i - j {
					out = append(out, math.Pow(f[0], float64(i))*math.Pow(f[1], float64(j))*math.Pow(f[2], float64(k)))
				}
			}
		}
		return out
	})
}

func polynomial(x [][]float64, y []float64, features func([]float64) []float64) func([]float64) float64 {
	var f [][]float64
	for _, r := range x {
		f = append(f, features(r))
	}
	b := leastSquares(f, y, nil)
	return func(r []float64) float64 { return dot(features(r), b) }
}

// trees boosts the log-linear regression with small trees on what it leaves:
// 250 trees of depth 3, step 0.05, leaves of 20 people or more.
func trees(x [][]float64, y []float64) func([]float64) float64 {
	base := linear(x, y)
	left := make([]float64, len(y))
	order := make([][]int, len(x[0]))
	for i := range y {
		left[i] = y[i] - base(x[i])
	}
	for d := range order {
		order[d] = make([]int, len(y))
		for i := range order[d] {
			order[d][i] = i
		}
		slices.SortStableFunc(order[d], func(a, b int) int {
			switch {
			case x[a][d] < x[b][d]:
				return -1
			case x[a][d] > x[b][d]:
				return 1
			}
			return 0
		})
	}
	const step = 0.05
	var forest []*node
	for range 250 {
		n := grow(x, left, order, 3)
		for i := range left {
			left[i] -= step * n.value(x[i])
		}
		forest = append(forest, n)
	}
	return func(r []float64) float64 {
		v := base(r)
		for _, n := range forest {
			v += step * n.value(r)
		}
		return v
	}
}

// A node is a split, or a leaf where it has no branches.
type node struct {
	by        int
	at, mean  float64
	low, high *node
}

func (n *node) value(x []float64) float64 {
	for n.low != nil {
		if x[n.by] < n.at {
			n = n.low
		} else {
			n = n.high
		}
	}
	return n.mean
}

// grow fits a tree to y on the rows that order lists, sorted by each feature.
func grow(x [][]float64, y []float64, order [][]int, depth int) *node {
	const least = 20
	var sum float64
	rows := order[0]
	for _, i := range rows {
		sum += y[i]
	}
	n := &node{mean: sum / float64(len(rows))}
	if depth == 0 || len(rows) < 2*least {
		return n
	}
	best := 0.0
	for d, sorted := range order {
		var low float64
		for k, i := range sorted[:len(sorted)-least] {
			low += y[i]
			next := sorted[k+1]
			if k+1 < least || x[next][d] == x[i][d] {
				continue
			}
			a, b := float64(k+1), float64(len(sorted)-k-1)
			gain := low*low/a + (sum-low)*(sum-low)/b - sum*sum/float64(len(sorted))
			if gain > best {
				best, n.by, n.at = gain, d, x[next][d]
			}
		}
	}
	if best == 0 {
		return n
	}
	var low, high [][]int
	for _, sorted := range order {
		var l, h []int
		for _, i := range sorted {
			if x[i][n.by] < n.at {
				l = append(l, i)
			} else {
				h = append(h, i)
			}
		}
		low, high = append(low, l), append(high, h)
	}
	n.low, n.high = grow(x, y, low, depth-1), grow(x, y, high, depth-1)
	return n
}
