package sizing

import (
	"cmp"
	"fmt"
	"math"
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

// backwards finds the sizes that lie against the order of axis a: where labels say how two sizes differ, by one
// part of them, and two other pairs of sizes that differ so lie the other way. Lists may run as they like.
func (l *linter) backwards(a int) map[int]string {
	groups := map[[maxAxes]int][]int{}
	parts := make([][]string, len(l.c.sizes))
	for i := range l.c.sizes {
		parts[i] = labelParts(l.c.sizes[i].label)
		var rest [maxAxes]int
		copy(rest[:], l.c.sizes[i].levels)
		rest[a] = -1
		groups[rest] = append(groups[rest], i)
	}
	compare := func(i, j int) int { return cmp.Compare(l.c.sizes[i].levels[a], l.c.sizes[j].levels[a]) }
	seen := map[labelStep]map[int]int{} // in how many groups it goes down and up
	for _, rows := range groups {
		for k, i := range rows {
			for _, j := range rows[:k] {
				for _, pair := range [][2]int{{j, i}, {i, j}} {
					if step, ok := stepOf(parts[pair[0]], parts[pair[1]]); ok {
						if seen[step] == nil {
							seen[step] = map[int]int{}
						}
						seen[step][compare(pair[1], pair[0])]++
					}
				}
			}
		}
	}
	bad := map[int]string{}
	for _, rows := range groups {
		for k := 1; k < len(rows); k++ {
			before, i := rows[k-1], rows[k]
			way := compare(i, before)
			step, ok := stepOf(parts[before], parts[i])
			if n := seen[step]; ok && way != 0 && n[-way] > 1 && n[-way] >= 2*n[way] {
				bad[i] = fmt.Sprintf("lies against the order of the column: compare %q, which comes before and is otherwise the same", l.c.sizes[before].label)
			}
		}
	}
	return bad
}

// A labelStep is how two labels differ: in one part of them.
type labelStep struct {
	part     int
	from, to string
}

// stepOf is the only difference of two labels, if there is just one. A part may be missing at the end: 50, 50 short.
func stepOf(from, to []string) (step labelStep, ok bool) {
	at := func(parts []string, k int) string {
		if k < len(parts) {
			return parts[k]
		}
		return ""
	}
	n := 0
	for k := range max(len(from), len(to)) {
		if x, y := at(from, k), at(to, k); x != y {
			n++
			step = labelStep{k, x, y}
		}
	}
	return step, n == 1 && max(len(from), len(to)) > 1
}

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
			if !l.far(a, i, parts, p) {
				continue
			}
			bad[i] = fmt.Sprintf("differs from that of the other sizes called %q", parts[i][p])
		}
	}
}

// far reports whether size i, odd along axis a, is where sizes of another p-th part are, or so far from those of its
// own that it is no grading: legs may grow a little with the waist, and more for the largest.
func (l *linter) far(a, i int, parts [][]string, p int) bool {
	s := &l.c.sizes[i]
	last := false
	for b, k := range s.levels {
		last = last || b != a && (k == 0 || k == l.c.axes[b].levels-1)
	}
	apart := false
	for j := range l.c.sizes {
		o := &l.c.sizes[j]
		switch same := parts[j][p] == parts[i][p]; {
		case j == i:
		case !same && o.levels[a] == s.levels[a]:
			return true
		case same:
			for _, d := range l.c.axes[a].dims {
				off := math.Abs(math.Log(s.body[d].mid() / o.body[d].mid()))
				apart = apart || off > 0.75*l.c.dims[d].step
			}
		}
	}
	return apart && !last
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
