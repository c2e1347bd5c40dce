package main

import "math"

// Polynomials of the chain. sizing/model.go evaluates the same ones; the
// accuracy test fails when the two drift apart.

// heightFeatures are those of log height given age.
func heightFeatures(a float64) []float64 {
	return []float64{1, a, a * a, a * a * a, a * a * a * a}
}

// weightFeatures are those of log weight given age and height.
func weightFeatures(a, h float64) []float64 {
	return []float64{1, a, a * a, a * a * a, a * a * a * a, h, h * h, a * h, h * h * h}
}

// girthFeatures are those of a log girth given age a, log height h and log BMI b.
func girthFeatures(a, h, b float64) []float64 {
	return []float64{
		1, h, b, a, b * b, h * h, a * a, h * b, b * a, h * a,
		b * b * b, b * b * b * b, a * a * a, b * b * a, a * a * b, b * b * a * a, a * a * a * a,
	}
}

// spreadFeatures are those of the log variance of a log girth. Young people of
// middling BMI are mostly soldiers, whose girths vary less; the products let
// the spread say so.
func spreadFeatures(a, b float64) []float64 {
	return []float64{1, b, b * b, a, a * a, a * b, a * b * b}
}

// A population is the fitted chain of one sex and age group; every field is
// explained in sizing/model.go, which reads it.
type population struct {
	AgeMid, AgeScale             float64
	HeightRef, WeightRef, BMIRef float64
	BMIShift                     float64
	Lo, Hi                       [3]float64
	Stature                      [2]stature
	GirthMean                    [3][17]float64
	ArmOn                        [2]float64
	GirthLogVar                  [3][7]float64
	ActiveShift, ActiveScale     [2]float64
	WaistHips                    float64
	RestMean                     [12][6]float64
	RestLogVar                   [12][2]float64
	RestCorr                     [78]float64
	TorsoMean                    [2][6]float64
	TorsoVar                     [2]float64
	TorsoCorr                    float64
	Adult                        bool
}

// A stature is the distribution of age, height and weight of one survey.
type stature struct {
	Lo, Hi          [2]float64
	AgeMean, AgeVar float64
	HeightMean      [5]float64
	HeightVar       float64
	WeightMean      [9]float64
	WeightLogVar    [3]float64
}

// z is the standardised age, height, weight and BMI of a row.
func (p *population) z(r *row) (a, h, w, b float64) {
	a = (r.v[age] - p.AgeMid) / p.AgeScale
	h = math.Log(r.v[height] / p.HeightRef)
	w = math.Log(r.v[weight] / p.WeightRef)
	return a, h, w, math.Log(r.v[weight] / (r.v[height] * r.v[height]) * 1e4 / p.BMIRef)
}

// has reports whether a row has all of the variables.
func has(r *row, vars ...int) bool {
	for _, v := range vars {
		if math.IsNaN(r.v[v]) {
			return false
		}
	}
	return true
}

// keep picks the rows that satisfy f.
func keep(rows []row, f func(*row) bool) []*row {
	var out []*row
	for i := range rows {
		if f(&rows[i]) {
			out = append(out, &rows[i])
		}
	}
	return out
}

// fit fits the chain of one sex without the people of fold out; -1 leaves nobody out.
func fit(s *surveys, male, adult bool, out int) *population {
	in := func(r *row) bool { return r.male == male && r.fold != out }
	civilians := keep(s.nhanes, func(r *row) bool {
		of := r.v[age] >= 2 && r.v[age] < 18
		if adult {
			of = r.v[age] >= 17 // who is 17 counts for both: the children's curves need an end, too
		}
		return in(r) && of && has(r, age, height, weight)
	})
	p := &population{AgeMid: 45, AgeScale: 20, HeightRef: 170, WeightRef: 75, BMIRef: 27, Adult: adult}
	if !adult {
		p.AgeMid, p.AgeScale, p.HeightRef, p.WeightRef, p.BMIRef = 10, 8, 140, 35, 18
	}
	p.BMIShift = math.Log(p.WeightRef / (p.HeightRef * p.HeightRef) * 1e4 / p.BMIRef)
	p.box(civilians)
	p.Stature[0] = p.fitStature(civilians)
	pooled := civilians
	if adult {
		soldiers := keep(s.ansur2, in)
		p.Stature[1] = p.fitStature(soldiers)
		pooled = append(pooled[:len(pooled):len(pooled)], soldiers...)
	}
	p.fitGirths(pooled, civilians)
	if adult {
		p.fitActive(keep(s.ansur2, in))
		p.fitRest(keep(s.ansur2, in))
		p.fitTorso(keep(s.ansur1, in))
	}
	return p
}

// box records where the polynomials of the chain are supported by data: the
// 0.5th to 99.5th percentile of age, height and BMI. Outside they continue straight.
func (p *population) box(rows []*row) {
	for i := range p.Lo {
		p.Lo[i], p.Hi[i] = p.middle(rows, i)
	}
}

// middle is the 0.5th and the 99.5th percentile of age, height or BMI.
func (p *population) middle(rows []*row, i int) (lo, hi float64) {
	var col []float64
	for _, r := range rows {
		a, h, _, b := p.z(r)
		col = append(col, []float64{a, h, b}[i])
	}
	return quantile(col, 0.005), quantile(col, 0.995)
}

// fitStature fits age, height given age and weight given both. The survey's
// weights, which would make it one country's population, stay out: a shop's
// customers are not that either, and unweighted the survey has more of the
// bodies that are rare there.
func (p *population) fitStature(rows []*row) (q stature) {
	for i := range q.Lo {
		q.Lo[i], q.Hi[i] = p.middle(rows, i)
	}
	var ages, hs, ws []float64
	var xh, xw, xv [][]float64
	for _, r := range rows {
		a, h, w, _ := p.z(r)
		ages, hs, ws = append(ages, a), append(hs, h), append(ws, w)
		xh, xw, xv = append(xh, heightFeatures(a)), append(xw, weightFeatures(a, h)), append(xv, []float64{1, a, a * a})
		q.AgeMean += a / float64(len(rows))
	}
	bh, bw := leastSquares(xh, hs, nil), leastSquares(xw, ws, nil)
	copy(q.HeightMean[:], bh)
	copy(q.WeightMean[:], bw)
	left := make([]float64, len(rows))
	for i, a := range ages {
		n := float64(len(rows))
		q.AgeVar += (a - q.AgeMean) * (a - q.AgeMean) / n
		eh := hs[i] - dot(xh[i], bh)
		q.HeightVar += eh * eh / n
		left[i] = ws[i] - dot(xw[i], bw)
	}
	copy(q.WeightLogVar[:], logVariance(xv, left))
	return q
}

// soldierShare is how much all soldiers together count against all civilians where
// waist and hips are pooled. There are as many soldiers as civilians among the men and half as
// many among the women, and at the same height, weight and age a male civilian's
// waist and hips are 0.8 cm wider: no mean is right about both. With these shares the error on
// soldiers stays within 1 % of a regression on soldiers alone, and the bias on civilians within 0.25 cm.
var soldierShare = [2]float64{0.5, 1}

// fitGirths fits waist and hips given age, height and weight on both surveys,
// person for person, and the relaxed upper arm, which only civilians have,
// given those as well.
func (p *population) fitGirths(pooled, civilians []*row) {
	var std [2][]float64
	var both [][]float64
	for g, v := range []int{waist, hips, arm} {
		rows := pooled
		if v == arm {
			rows = civilians
		}
		var x, xv [][]float64
		var y, votes []float64
		for _, r := range rows {
			if !has(r, v) || (v == arm && p.Adult && !has(r, waist, hips)) {
				continue
			}
			a, h, _, b := p.z(r)
			f := girthFeatures(a, h, b)
			if v == arm && p.Adult {
				f = append(f, math.Log(r.v[waist]), math.Log(r.v[hips]))
			}
			x, y = append(x, f), append(y, math.Log(r.v[v]))
			xv = append(xv, spreadFeatures(a, b))
			if r.soldier {
				votes = append(votes, soldierShare[g]*float64(len(civilians))/float64(len(pooled)-len(civilians)))
			} else {
				votes = append(votes, 1)
			}
		}
		coef := leastSquares(x, y, votes)
		copy(p.GirthMean[g][:], coef[:17])
		if len(coef) > 17 {
			copy(p.ArmOn[:], coef[17:])
		}
		res := make([]float64, len(y))
		for i := range y {
			res[i] = y[i] - dot(x[i], coef)
		}
		copy(p.GirthLogVar[g][:], logVariance(xv, res))
	}
	for _, r := range pooled {
		if !has(r, waist, hips) {
			continue
		}
		a, h, _, b := p.z(r)
		f, fv := girthFeatures(a, h, b), spreadFeatures(a, b)
		pair := make([]float64, 2)
		for g, v := range []int{waist, hips} {
			e := (math.Log(r.v[v]) - dot(f, p.GirthMean[g][:])) / math.Exp(dot(fv, p.GirthLogVar[g][:])/2)
			std[g] = append(std[g], e)
			pair[g] = e
		}
		both = append(both, pair)
	}
	c := covariance(both)
	p.WaistHips = c[0][1] / math.Sqrt(c[0][0]*c[1][1])
}

// fitActive fits by how much soldiers' waists and hips lie beside the pooled means,
// and how much less they spread.
func (p *population) fitActive(rows []*row) {
	for g, v := range []int{waist, hips} {
		n := float64(len(rows))
		var sum, sq float64
		for _, r := range rows {
			a, h, _, b := p.z(r)
			e := math.Log(r.v[v]) - dot(girthFeatures(a, h, b), p.GirthMean[g][:])
			sum += e / n
			e /= math.Exp(dot(spreadFeatures(a, b), p.GirthLogVar[g][:]) / 2)
			sq += e * e / n
		}
		p.ActiveShift[g], p.ActiveScale[g] = sum, math.Sqrt(sq)
	}
}

// fitRest fits what only the soldiers have, given age, height, weight, waist
// and hips, and how the leftovers go together. The first row of the
// correlations is the flexed upper arm's, standing in for the relaxed one's.
func (p *population) fitRest(rows []*row) {
	var x, xv [][]float64
	for _, r := range rows {
		a, h, w, b := p.z(r)
		x = append(x, []float64{1, a, h, w, math.Log(r.v[waist]), math.Log(r.v[hips])})
		xv = append(xv, []float64{1, b})
	}
	left := make([][]float64, len(rows))
	for v := arm; v <= headGirth; v++ {
		y := make([]float64, len(rows))
		for i, r := range rows {
			y[i] = math.Log(r.v[v])
		}
		coef := leastSquares(x, y, nil)
		res := make([]float64, len(rows))
		for i := range res {
			res[i] = y[i] - dot(x[i], coef)
		}
		k := logVariance(xv, res)
		for i := range res {
			left[i] = append(left[i], res[i]/math.Exp(dot(xv[i], k)/2))
		}
		if v > arm {
			copy(p.RestMean[v-chest][:], coef)
			copy(p.RestLogVar[v-chest][:], k)
		}
	}
	c := covariance(left)
	n := 0
	for i := 1; i < len(c); i++ {
		for j := range i {
			p.RestCorr[n] = c[i][j] / math.Sqrt(c[i][i]*c[j][j])
			n++
		}
	}
}

// fitTorso fits under-bust and natural waist given what the newer surveys share.
// ANSUR I has no ages.
func (p *population) fitTorso(rows []*row) {
	var x [][]float64
	res := make([][]float64, len(rows))
	for _, r := range rows {
		_, h, w, _ := p.z(r)
		x = append(x, []float64{1, h, w, math.Log(r.v[waist]), math.Log(r.v[hips]), math.Log(r.v[chest])})
	}
	for t, v := range []int{underbust, waistNatural} {
		y := make([]float64, len(rows))
		for i, r := range rows {
			y[i] = math.Log(r.v[v])
		}
		coef := leastSquares(x, y, nil)
		copy(p.TorsoMean[t][:], coef)
		for i := range rows {
			res[i] = append(res[i], y[i]-dot(x[i], coef))
		}
	}
	c := covariance(res)
	p.TorsoVar = [2]float64{c[0][0], c[1][1]}
	p.TorsoCorr = c[0][1] / math.Sqrt(c[0][0]*c[1][1])
}
