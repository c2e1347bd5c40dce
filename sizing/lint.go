package sizing

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Issue is something Lint found wrong, or at least odd, with a chart.
type Issue struct {
	Code      string // one of the Lint codes below
	Size      string // label of the size, or ""
	Dimension string // measurement or system of the column, or ""
	Text      string // in English, with the chart's numbers
}

// The codes of issues.
const (
	LintDuplicateLabel = "duplicate-label"  // two sizes of the same name
	LintSameRanges     = "same-ranges"      // two sizes for the same bodies
	LintInverted       = "inverted-range"   // from above to
	LintMissing        = "missing-cell"     // a size without a value its neighbours have
	LintGap            = "gap"              // bodies between two sizes belong to neither
	LintOverlap        = "overlap"          // bodies that belong to two sizes
	LintOrder          = "non-monotonic"    // a column that goes up and down
	LintSwapped        = "rows-swapped"     // two whole rows in the wrong order
	LintShifted        = "rows-shifted"     // a column that stands a row too high or low
	LintStep           = "irregular-step"   // a jump unlike the column's others
	LintUnit           = "unit-mistake"     // inches, millimetres or half girths taken for centimetres
	LintColumns        = "columns-swapped"  // a waist larger than the hips everywhere, or the like
	LintOpen           = "open-range"       // an open end in the middle of the chart
	LintGTIN           = "gtin-check-digit" // an article number that looks like a GTIN and is none
	LintUnknownColumn  = "unknown-column"   // numbers under a header we do not know
)

// Lint looks for what makes a chart send the wrong parcel: gaps and overlaps,
// swapped and shifted rows, swapped columns, unit mistakes, columns that run backwards, inverted
// ranges, duplicate labels. On charts of two axes, waist and length, a step from one name to another, 32 to 34, must go
// one way wherever it occurs, and sizes that share a part of their label must share what it stands for. An empty answer
// does not prove a chart right: nothing here knows the garment. Issues come check by check, each from the first size to
// the last.
func (c *Chart) Lint() []Issue {
	l := linter{c: c}
	l.labels()
	l.cells()
	otherUnit := make([]bool, len(c.dims))
	for d := range c.dims {
		if c.dims[d].guessedUnit {
			l.add(LintUnit, "", c.dims[d].name, "no unit is given and the numbers make sense as inches only; they were taken for inches")
		}
		otherUnit[d] = l.unit(d)
	}
	mistaken := make([]bool, len(c.dims))
	for d := range c.dims {
		mistaken[d] = l.cellUnits(d)
	}
	if slices.Contains(mistaken, true) || !l.swapped() {
		for d := range c.dims {
			if !mistaken[d] {
				l.order(d)
			}
		}
	}
	l.columns(otherUnit)
	l.grid()
	for d := range c.dims {
		disordered := slices.ContainsFunc(l.found, func(i Issue) bool { return i.Code == LintOrder && i.Dimension == c.dims[d].name })
		if mistaken[d] {
			continue // one mistake, not four
		}
		if c.dims[d].axis >= 0 && !disordered {
			l.neighbours(d)
		}
		l.steps(d)
	}
	l.shoes()
	for _, id := range slices.Sorted(maps.Keys(c.items)) {
		if !gtinValid(id) {
			l.add(LintGTIN, c.items[id], "", "the check digit of %.20q is wrong", id)
		}
	}
	for _, h := range c.unknown {
		l.add(LintUnknownColumn, "", h, "the numbers of this column are not used: its header is no measurement we know")
	}
	return l.found
}

type linter struct {
	c     *Chart
	found []Issue
}

func (l *linter) add(code, size, dimension, format string, args ...any) {
	l.found = append(l.found, Issue{code, size, dimension, fmt.Sprintf(format, args...)})
}

// labels looks for names that occur twice, in the labels and in the other systems.
func (l *linter) labels() {
	seen := map[systemLabel]string{}
	for i := range l.c.sizes {
		s := &l.c.sizes[i]
		key := systemLabel{"", strings.ToLower(s.label)}
		if _, again := seen[key]; again {
			l.add(LintDuplicateLabel, s.label, "", "two sizes are called %q", s.label)
		}
		seen[key] = s.label
		for _, o := range s.systems {
			if !isSystem(o.system) {
				continue
			}
			if first, again := seen[o]; again {
				l.add(LintDuplicateLabel, s.label, o.system, "sizes %q and %q are both %s %s", first, s.label, strings.ToUpper(o.system), o.label)
			}
			seen[o] = s.label
		}
		if s.twin {
			l.add(LintSameRanges, s.label, "", "another size is for the same bodies")
		}
	}
}

func isSystem(name string) bool {
	switch name {
	case "eu", "us", "uk", "fr", "de", "it", "es", "jp", "au", "cn", "ru":
		return true
	}
	return false
}

// cells looks at single cells: inverted, missing, open in the middle.
func (l *linter) cells() {
	for i := range l.c.sizes {
		s := &l.c.sizes[i]
		for d, v := range s.cells {
			name := l.c.dims[d].name
			switch {
			case !v.known():
				hint := ""
				if i == 0 || i == len(l.c.sizes)-1 {
					hint = "; a column that has slipped by a row looks like this"
				}
				l.add(LintMissing, s.label, name, "no value%s", hint)
			case v.lo > v.hi:
				l.add(LintInverted, s.label, name, "runs from %s down to %s", l.num(d, v.lo), l.num(d, v.hi))
			case i > 0 && i < len(l.c.sizes)-1 && math.IsInf(v.hi-v.lo, 0) && len(l.c.axes) == 1:
				l.add(LintOpen, s.label, name, "has an open end between other sizes")
			}
		}
	}
}

// num writes a value in the column's own unit.
func (l *linter) num(d int, v float64) string {
	u := l.c.dims[d].unit
	if u == 0 {
		u = 1
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v/u), "0"), ".")
}

// mids is the middle of every size's cell of dimension d, NaN where open or unknown.
func (l *linter) mids(d int) []float64 {
	m := make([]float64, len(l.c.sizes))
	for i := range m {
		m[i] = l.c.sizes[i].cells[d].mid()
		if math.IsInf(m[i], 0) {
			m[i] = math.NaN()
		}
	}
	return m
}

// single reports whether the rows have one order: one axis.
func (l *linter) single() bool { return len(l.c.axes) == 1 }

// swapped looks for two neighbouring rows that would be in order the other way
// round in every column that moves at all.
func (l *linter) swapped() bool {
	if !l.single() || len(l.c.sizes) < 3 {
		return false
	}
	up := l.direction()
	found := false
	for i := 1; i < len(l.c.sizes); i++ {
		against, with := 0, 0
		for d := range l.c.dims {
			switch o := l.c.sizes[i].body[d].order(l.c.sizes[i-1].body[d]) * up; {
			case o < 0:
				against++
			case o > 0:
				with++
			}
		}
		alone := len(l.c.dims) > 1 || l.mends(i, up)
		if against > 0 && with == 0 && alone {
			l.add(LintSwapped, l.c.sizes[i].label, "", "comes after %q and is smaller everywhere", l.c.sizes[i-1].label)
			found = true
		}
	}
	return found
}

// mends reports whether exchanging rows i-1 and i puts the first column in order.
func (l *linter) mends(i, up int) bool {
	at := func(j int) span { return l.c.sizes[j].body[0] }
	return (i < 2 || at(i).order(at(i-2))*up >= 0) && (i+1 >= len(l.c.sizes) || at(i+1).order(at(i-1))*up >= 0)
}

// direction is 1 where the chart grows downwards, -1 where it shrinks.
func (l *linter) direction() int {
	var sum int
	for d := range l.c.dims {
		for i := 1; i < len(l.c.sizes); i++ {
			sum += l.c.sizes[i].body[d].order(l.c.sizes[i-1].body[d])
		}
	}
	if sum < 0 {
		return -1
	}
	return 1
}

// order looks for places where one column runs backwards.
func (l *linter) order(d int) {
	if !l.single() {
		return
	}
	up := l.direction()
	for i := 1; i < len(l.c.sizes); i++ {
		a, b := l.c.sizes[i-1], l.c.sizes[i]
		if b.body[d].order(a.body[d])*up < 0 {
			l.add(LintOrder, b.label, l.c.dims[d].name, "is smaller than that of %q, which comes before", a.label)
		}
	}
}

// isRange reports whether a cell has two ends in the right order.
func (s span) isRange() bool { return s.known() && s.lo < s.hi && !math.IsInf(s.hi-s.lo, 0) }

// neighbours looks for gaps and overlaps between neighbouring levels of a deciding column.
func (l *linter) neighbours(d int) {
	if n := l.c.nest; n != nil && d == n.inner {
		for k := range n.edges {
			levels := make([]int, len(n.edges[k][Regular])-1)
			for i := range l.c.sizes {
				if s := &l.c.sizes[i]; s.levels[0] == k {
					levels[s.levels[1]] = i
				}
			}
			l.between(d, levels)
		}
		return
	}
	if rows := l.inOrder(d); rows != nil {
		l.between(d, rows)
		return
	}
	a := l.c.dims[d].axis
	levels := make([]int, l.c.axes[a].levels) // a size of each level
	for i := range l.c.sizes {
		levels[l.c.sizes[i].levels[a]] = i
	}
	l.between(d, levels)
}

// inOrder is the rows from the smallest to the largest where a chart of one axis has them so in this column, whatever
// another column, with a mistake in it, makes of their levels; else nil.
func (l *linter) inOrder(d int) []int {
	if !l.single() {
		return nil
	}
	up := l.direction()
	rows := make([]int, len(l.c.sizes))
	for i := range rows {
		rows[i] = i
		if i > 0 && l.c.sizes[i].body[d].order(l.c.sizes[i-1].body[d])*up < 0 {
			return nil
		}
	}
	if up < 0 {
		slices.Reverse(rows)
	}
	return rows
}

// between looks for gaps and overlaps between sizes that follow each other.
func (l *linter) between(d int, levels []int) {
	for k := 1; k < len(levels); k++ {
		s, t := &l.c.sizes[levels[k-1]], &l.c.sizes[levels[k]]
		x, y := s.cells[d], t.cells[d]
		if !x.isRange() || !y.isRange() || x == y || y.order(x) < 0 {
			continue
		}
		unit := l.c.dims[d].unit
		switch gap := y.lo - x.hi; {
		case gap > 1.01*unit: // 86-93, 94-101 is how whole centimetres are written
			l.add(LintGap, t.label, l.c.dims[d].name, "nothing between %s of %q and %s of %q", l.num(d, x.hi), s.label, l.num(d, y.lo), t.label)
		case gap < -0.01*unit:
			l.add(LintOverlap, t.label, l.c.dims[d].name, "%s to %s is in both %q and %q", l.num(d, y.lo), l.num(d, x.hi), s.label, t.label)
		}
	}
}

// steps looks for jumps unlike the others of a column.
func (l *linter) steps(d int) {
	if !l.single() || len(l.c.sizes) < 5 {
		return
	}
	m := l.mids(d)
	var steps []float64
	for i := 1; i < len(m); i++ {
		if s := math.Abs(m[i] - m[i-1]); !math.IsNaN(s) {
			steps = append(steps, s)
		}
	}
	slices.Sort(steps)
	if len(steps) < 4 || steps[len(steps)/2] == 0 {
		return
	}
	typical := steps[len(steps)/2]
	for i := 1; i < len(m); i++ {
		switch s := math.Abs(m[i] - m[i-1]); {
		case s > 2.4*typical && s > 0.04*m[i]:
			l.add(LintStep, l.c.sizes[i].label, l.c.dims[d].name, "is %s from the size before, where %s is usual", l.num(d, s), l.num(d, typical))
		case s == 0 && l.c.dims[d].axis >= 0:
			l.add(LintStep, l.c.sizes[i].label, l.c.dims[d].name, "repeats the value of the size before")
		}
	}
}
