package sizing

import (
	"cmp"
	"strings"
	"unicode"
)

// grid looks, on charts of two axes or more, at each axis by itself: for sizes that are the same along the other
// axes, one after the other down the rows, and for sizes whose labels share a part.
func (l *linter) grid() {
	if len(l.c.axes) < 2 {
		return
	}
	for a := range l.c.axes {
		bad := l.backwards(a)
		l.misnamed(a, bad)
		for i := range l.c.sizes {
			if text, odd := bad[i]; odd {
				for _, d := range l.c.axes[a].dims {
					l.add(LintOrder, l.c.sizes[i].label, l.c.dims[d].name, "%s", text)
				}
			}
		}
	}
}

// backwards finds the sizes that lie against the direction of axis a. Lists that always go regular, short,
// long are no mistake: what most groups do is the chart's habit.
func (l *linter) backwards(a int) map[int]string {
	groups := map[[maxAxes]int][]int{}
	for i := range l.c.sizes {
		var rest [maxAxes]int
		copy(rest[:], l.c.sizes[i].levels)
		rest[a] = -1
		groups[rest] = append(groups[rest], i)
	}
	level := func(i int) int { return l.c.sizes[i].levels[a] }
	steps, up := map[[2]int]int{}, 0
	for _, rows := range groups {
		for k := 1; k < len(rows); k++ {
			steps[[2]int{level(rows[k-1]), level(rows[k])}]++
			up += cmp.Compare(level(rows[k]), level(rows[k-1]))
		}
	}
	bad := map[int]string{}
	for _, rows := range groups {
		for k := 1; k < len(rows); k++ {
			before, i := rows[k-1], rows[k]
			n := steps[[2]int{level(before), level(i)}]
			habit := n > 1 && 2*n >= len(groups)
			if cmp.Compare(level(i), level(before))*sign(up) < 0 && !habit {
				bad[i] = "lies against the order of the column: compare " + quote(l.c.sizes[before].label) + ", which comes before and is otherwise the same"
			}
		}
	}
	return bad
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}

func quote(label string) string { return "\"" + label + "\"" }

// misnamed adds to bad the sizes that stand alone along axis a among those whose labels have a part in
// common, where that part tells the others' level: 32/34 with the waist of 33/34.
func (l *linter) misnamed(a int, bad map[int]string) {
	if l.c.nest != nil && a > 0 {
		return // the bust of a C cup is another for every band
	}
	parts := make([][]string, len(l.c.sizes))
	for i := range parts {
		parts[i] = labelParts(l.c.sizes[i].label)
		if len(parts[i]) < 2 || len(parts[i]) != len(parts[0]) {
			return
		}
	}
	for p := range parts[0] {
		odd := l.alone(a, parts, p)
		if 5*len(odd) > len(parts) {
			continue
		}
		for _, i := range odd {
			bad[i] = "differs from that of the other sizes called " + quote(parts[i][p])
		}
	}
}

// alone is the sizes whose level along axis a only they have among the sizes of the same p-th part of the
// label; nil where that part is about something else.
func (l *linter) alone(a int, parts [][]string, p int) (odd []int) {
	levels := map[string]map[int][]int{} // part, level: sizes
	for i := range parts {
		key, level := parts[i][p], l.c.sizes[i].levels[a]
		if levels[key] == nil {
			levels[key] = map[int][]int{}
		}
		levels[key][level] = append(levels[key][level], i)
	}
	if len(levels) < 2 {
		return nil
	}
	for _, of := range levels {
		if len(of) == 1 {
			continue
		}
		one, more := -1, 0
		for _, sizes := range of {
			if len(sizes) == 1 {
				one = sizes[0]
			} else {
				more++
			}
		}
		if len(of) != 2 || one < 0 || more != 1 {
			return nil
		}
		odd = append(odd, one)
	}
	return odd
}

// labelParts splits a label into its numbers and words: W32 L30, 32/30, 75B, 50 short.
func labelParts(label string) []string {
	var parts []string
	kind := func(r rune) int {
		switch {
		case unicode.IsDigit(r):
			return 1
		case unicode.IsLetter(r):
			return 2
		}
		return 0
	}
	last := 0
	for _, r := range strings.ToUpper(label) {
		k := kind(r)
		switch {
		case k == 0:
		case k == last:
			parts[len(parts)-1] += string(r)
		default:
			parts = append(parts, string(r))
		}
		last = k
	}
	return parts
}
