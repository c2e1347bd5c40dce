package sizing

import (
	"math"
	"testing"
)

// TestShapesOfRentals asks renters of dresses whether the hint of a full bust is right: their bra size against
// what height, weight and age say, in standard deviations, compared with women of the same body-mass
// index. The surveys asked nobody for a shape, and renters gave no waist, hips or shoulders: of the other
// hints nothing is known.
func TestShapesOfRentals(t *testing.T) {
	type cell struct{ n, sum float64 }
	var all [60]cell // by body-mass index
	var full [60]cell
	seen := map[uint64]bool{}
	women := 0
	for _, r := range rentals(t) {
		b := *r.sale.Body
		if b.Shape == UnknownShape || b.Bust == 0 || b.Height == 0 || b.Weight == 0 || b.Age == 0 || seen[r.sale.Shopper] {
			continue
		}
		seen[r.sale.Shopper] = true
		bust := math.Log(float64(b.Bust))
		shape := b.Shape
		b.Bust, b.Underbust, b.Shape = 0, 0, UnknownShape
		var m mixture
		m.condition(&surveyTables, &b, 1<<vChest, 0)
		s := &m.post[0]
		z := (bust - s.mean[vChest]) / math.Sqrt(s.cov[vChest][vChest])
		k := int(float64(b.Weight) / float64(b.Height*b.Height) * 1e4)
		if math.Abs(z) > 6 || k >= len(all) {
			continue
		}
		women++
		all[k].n, all[k].sum = all[k].n+1, all[k].sum+z
		if shape == FullBust {
			full[k].n, full[k].sum = full[k].n+1, full[k].sum+z
		}
	}
	var n, above float64
	for k := range full {
		if full[k].n > 0 {
			n += full[k].n
			above += full[k].sum - full[k].n*all[k].sum/all[k].n
		}
	}
	b := &Body{Sex: Female, Height: 165, Weight: 62, Age: 32}
	var with, without mixture
	without.condition(&surveyTables, b, 1<<vChest, 0)
	b.Shape = FullBust
	with.condition(&surveyTables, b, 1<<vChest, 0)
	hint := (with.post[0].mean[vChest] - without.post[0].mean[vChest]) / math.Sqrt(without.post[0].cov[vChest][vChest])
	say(t, "\n## The hint of a full bust\n")
	say(t, "Of %d women who rented dresses, %.0f call their bust full. It is %.2f standard deviations larger than that of women of the same body-mass index, next to what height, weight and age say; FullBust moves the estimate by %.2f.", women, n, above/n, hint)
	if n < 1000 || above/n < hint || above/n > 2*hint {
		t.Errorf("%.0f women's full busts lie %.2f standard deviations above, the hint says %.2f", n, above/n, hint)
	}
}
