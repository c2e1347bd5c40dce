package sizing

import (
	"math"
	"slices"
	"strconv"
)

// usual is where the middle size of a chart lies, from toddlers to the largest
// adults, per measure: cm, kg for the last.
var usual = [len(measures) + 1]span{
	{48, 215},
	{53, 165},
	{53, 165},
	{45, 145},
	{45, 165},
	{45, 155},
	{53, 175},
	{25, 100},
	{40, 135},
	{22, 55},
	{22, 56},
	{35, 105},
	{14, 55},
	{28, 90},
	{18, 55},
	{9, 34},
	{4, 14},
	{11, 28},
	{42, 66},
	{3, 180},
}

// perHeight is the share of the height a measurement takes, where a chart has both.
var perHeight = map[uint8]span{vChest: {0.38, 1}, vWaist: {0.32, 1}, vHips: {0.36, 1}, vInseam: {0.3, 0.55}}

// unit looks for a column that makes sense in another unit only. It reports whether there is such a unit.
func (l *linter) unit(d int) (other bool) {
	dim := &l.c.dims[d]
	var mids []float64
	for i := range l.c.sizes {
		if m := l.c.sizes[i].body[d].mid(); !math.IsNaN(m) && !math.IsInf(m, 0) {
			mids = append(mids, m)
		}
	}
	if len(mids) == 0 {
		return false
	}
	slices.Sort(mids)
	mid := mids[len(mids)/2]
	in := usual[dim.measure]
	if share, ok := perHeight[uint8(dim.variable())]; ok && dim.measure != mWeight {
		if h := l.middleHeight(); h > 0 {
			in = span{share.lo * h, share.hi * h}
		}
	}
	if mid >= in.lo && mid <= in.hi {
		return false
	}
	for _, f := range []struct {
		factor float64
		name   string
	}{{2.54, "inches"}, {0.1, "millimetres"}, {2, "half girths, measured flat"}, {1 / 2.54, "centimetres taken for inches"}, {10, "decimetres"}} {
		if dim.measure == mWeight {
			f.factor, f.name = float64(Lb), "pounds"
		}
		if m := mid * f.factor; m >= in.lo && m <= in.hi {
			l.add(LintUnit, "", dim.name, "the middle of the column, %s, makes no sense; these may be %s", l.num(d, mid), f.name)
			return true
		}
	}
	l.add(LintUnit, "", dim.name, "the middle of the column, %s, makes no sense in any unit", l.num(d, mid))
	return false
}

// cellUnits looks for single cells that lie where the others say once they are taken for another unit: a row
// of inches among centimetres. It reports whether there is one.
func (l *linter) cellUnits(d int) (found bool) {
	m := l.mids(d)
	if !l.single() || len(m) < 4 {
		return false
	}
	dim := &l.c.dims[d]
	for i := range m {
		if s := l.c.sizes[i].cells[d]; s.hi > 2*s.lo {
			m[i] = math.NaN() // one size for everybody
		}
	}
	for i, v := range m {
		expected := expectedAt(m, i)
		if !(expected > 0 && v > 0 && math.Abs(math.Log(v/expected)) > 0.4) {
			continue
		}
		best, name := 0.12, "" // of the logarithm: inches and half girths are 0.24 apart
		for _, f := range []struct {
			factor float64
			name   string
		}{{2.54, "inches"}, {0.1, "millimetres"}, {2, "a half girth, measured flat"}, {1 / 2.54, "centimetres"}} {
			if dim.measure == mWeight {
				f.factor, f.name = float64(Lb), "pounds"
			}
			if off := math.Abs(math.Log(v * f.factor / expected)); off < best {
				best, name = off, f.name
			}
		}
		if name != "" {
			found = true
			l.add(LintUnit, l.c.sizes[i].label, dim.name, "does not go with the other sizes, where %s is to be expected; this may be %s", l.num(d, expected), name)
		}
	}
	return found
}

// expectedAt is what the rows around say of row i: a straight line through them, by the middle of the
// middle slopes of every row (Siegel), which mistakes in a quarter of the rows do not move. 0 where
// there are too few, or a third of them lie elsewhere.
func expectedAt(m []float64, i int) float64 {
	const around = 6
	first := max(0, i-around)
	m, i = m[first:min(len(m), i+around+1)], i-first
	var slopes, middles, at []float64
	for j, v := range m {
		slopes = slopes[:0]
		for k := range m {
			if j != i && k != i && j != k && !math.IsNaN(v-m[k]) {
				slopes = append(slopes, (v-m[k])/float64(j-k))
			}
		}
		slices.Sort(slopes)
		if len(slopes) > 2 {
			slopes = slopes[len(slopes)/2:][:1]
		}
		middles = append(middles, slopes...) // of three rows, the middle of all
	}
	if len(middles) < 3 {
		return 0
	}
	slices.Sort(middles)
	slope := middles[len(middles)/2]
	for j, v := range m {
		if j != i && !math.IsNaN(v) {
			at = append(at, v+slope*float64(i-j))
		}
	}
	slices.Sort(at)
	expected, agree := at[len(at)/2], 0
	for j, v := range m {
		if j != i && math.Abs(math.Log(v/(expected+slope*float64(j-i)))) < 0.15 {
			agree++
		}
	}
	if 3*agree <= 2*len(at) { // no line: who knows which is wrong
		return 0
	}
	return expected
}

// middleHeight is the height of the middle size, 0 where the chart has none.
func (l *linter) middleHeight() float64 {
	d := slices.IndexFunc(l.c.dims, func(d dimension) bool { return d.measure == mHeight })
	if d < 0 {
		return 0
	}
	h := l.c.sizes[len(l.c.sizes)/2].body[d].mid()
	if math.IsNaN(h) || math.IsInf(h, 0) {
		return 0
	}
	return h
}

// shoes compares foot lengths with the US or UK numbers beside them. The
// barleycorn fixes those within half a centimetre or so, brands included;
// European numbers differ between brands by nearly two sizes and prove nothing.
// UK numbers count where there are no US ones: women's charts stretch them.
func (l *linter) shoes() {
	d := slices.IndexFunc(l.c.dims, func(d dimension) bool { return d.variable() == vFootLength })
	if d < 0 {
		return
	}
	const size = 2.54 / 3 // a whole size
	for _, s := range []struct {
		system string
		slack  float64
	}{{"us", size}, {"uk", size + 0.3}} {
		var off []float64
		for i := range l.c.sizes {
			row := &l.c.sizes[i]
			foot := row.body[d].mid()
			number, ok := row.number(s.system)
			if !ok || math.IsNaN(foot) || foot < 23.5 || foot > 28.5 {
				continue // outside, brands stretch their steps
			}
			off = append(off, l.shoeError(s.system, number, foot))
		}
		if len(off) < 4 {
			continue
		}
		slices.Sort(off)
		if mid := off[len(off)/2]; math.Abs(mid) > s.slack {
			l.add(LintShifted, "", l.c.dims[d].name, "lies %.1f cm from what %s numbers mean; the column may stand a row off", mid, s.system)
		}
		return
	}
}

// number is what a size is called in a system, as a number.
func (s *size) number(system string) (float64, bool) {
	for _, o := range s.systems {
		if o.system == system {
			v, err := strconv.ParseFloat(o.label, 64)
			return v, err == nil
		}
	}
	return 0, false
}

// shoeError is how much longer a foot is than a shoe number says. UK = 3 inches
// of foot - 23 for adults (ISO/TS 19407), US men's one more. US women's are one or
// one and a half above that: the nearer counts, and a chart that does not say
// whom it is for may mean either.
func (l *linter) shoeError(system string, number, foot float64) float64 {
	shifts := map[string][]float64{"uk": {0}, "us": {1}}[system]
	switch {
	case system == "us" && l.c.sex == Female:
		shifts = []float64{2, 2.5}
	case system == "us" && l.c.sex == Unspecified:
		shifts = []float64{1, 2, 2.5}
	}
	best := math.Inf(1)
	for _, shift := range shifts {
		if e := foot - (number-shift+23)/3*2.54; math.Abs(e) < math.Abs(best) {
			best = e
		}
	}
	return best
}

// smaller are girths and lengths of which nobody's first is larger than their second by an eighth.
var smaller = [][2]string{
	{"waist", "hips"},
	{"waist_natural", "hips"},
	{"waist", "chest"},
	{"waist", "bust"},
	{"waist_natural", "bust"},
	{"underbust", "bust"},
	{"underbust", "chest"},
	{"inseam", "outseam"},
	{"neck", "chest"},
	{"neck", "bust"},
	{"thigh", "hips"},
	{"calf", "thigh"},
	{"arm", "chest"},
	{"inseam", "height"},
	{"foot_breadth", "foot_length"},
}

// columns looks for two columns that stand for each other. Where another unit explains one of them, it is not that.
func (l *linter) columns(otherUnit []bool) {
	if l.c.garment {
		return // cut as wide anywhere as fashion wants
	}
	at := func(name string) int {
		return slices.IndexFunc(l.c.dims, func(d dimension) bool { return d.name == name })
	}
	for _, pair := range smaller {
		a, b := at(pair[0]), at(pair[1])
		if a < 0 || b < 0 || otherUnit[a] != otherUnit[b] {
			continue
		}
		larger, rows := 0, 0
		for i := range l.c.sizes {
			p, q := l.c.sizes[i].body[a].mid(), l.c.sizes[i].body[b].mid()
			if math.IsNaN(p+q) || math.IsInf(p+q, 0) {
				continue
			}
			if rows++; p > 1.125*q {
				larger++
			}
		}
		if rows > 1 && larger == rows {
			l.add(LintColumns, "", pair[0], "every size has more here than at %s; the two columns may have changed places", pair[1])
		}
	}
}
