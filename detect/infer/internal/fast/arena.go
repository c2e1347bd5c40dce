package fast

import (
	"cmp"
	"slices"
)

// A session's memory is one slice. Every tensor that is not a view and the
// scratch memory of every operation have a place in it for as long as they are
// needed; places are given once, when the program is compiled.

// place is a stretch of memory for the operations begin to end.
type place struct {
	size, begin, end int
	at               int
	tensor           *tensor // nil for scratch memory
}

// lineFloats is what offsets are multiples of: a cache line, and the widest vector.
const lineFloats = 16

func lines(n int) int { return (n + lineFloats - 1) / lineFloats * lineFloats }

// fitted is how many places, the largest, are fitted into gaps between others:
// the search for one costs as much as there are. Networks have some hundred.
const fitted = 1024

// arrange gives places that are needed at the same time disjoint offsets, the
// large ones first: as many as are fitted each the lowest that is free, the
// others on top of what there is while they are needed. It returns the total
// size.
func (s *skyline) arrange(places []*place) int {
	order := slices.DeleteFunc(slices.Clone(places), func(p *place) bool { return p.size == 0 })
	slices.SortStableFunc(order, func(a, b *place) int { return cmp.Compare(b.size, a.size) })
	steps := 0
	for _, p := range order {
		steps = max(steps, p.end+1)
	}
	s.grow(steps)
	var taken []*place // by offset
	for i, p := range order {
		if i < fitted {
			p.at = s.gap(taken, p)
			at, _ := slices.BinarySearchFunc(taken, p.at, func(q *place, at int) int { return cmp.Compare(q.at, at) })
			taken = slices.Insert(taken, at, p)
		} else {
			p.at = s.top(1, 0, s.steps-1, p.begin, p.end)
		}
		s.raise(1, 0, s.steps-1, p.begin, p.end, p.at+p.size)
	}
	return s.highest()
}

// gap is the lowest offset that is free while p is needed.
func (s *skyline) gap(taken []*place, p *place) (at int) {
	for _, q := range taken {
		s.work++
		if p.begin > q.end || q.begin > p.end {
			continue
		}
		if at+p.size <= q.at {
			break
		}
		at = max(at, q.at+q.size)
	}
	return at
}

// place gives every tensor its memory and returns what the scratch memory of
// each operation begins with, and the size of the arena.
func (c *compiler) place(outputs []*tensor) (scratch []int, size int) {
	var places []*place
	touch := func(t *tensor, step int) {
		r, _ := t.root()
		if r.external >= 0 || r.outside {
			return
		}
		if !r.placed {
			r.placed, r.begin = true, step
			if r.blocked {
				r.layout()
			}
			places = append(places, &place{tensor: r})
		}
		r.begin, r.end = min(r.begin, step), max(r.end, step)
	}
	for _, t := range c.inputs {
		touch(t, 0)
	}
	for i, o := range c.ops {
		in, out := o.tensors()
		for _, t := range slices.Concat(in, out) {
			touch(t, i)
		}
	}
	for _, t := range outputs {
		if t != nil {
			touch(t, len(c.ops))
		}
	}
	for _, p := range places {
		p.size, p.begin, p.end = lines(p.tensor.size()), p.tensor.begin, p.tensor.end
	}
	areas := make([]*place, len(c.ops))
	for i, o := range c.ops {
		areas[i] = &place{size: lines(o.scratch()) * min(c.Threads, o.units()), begin: i, end: i}
	}
	size = new(skyline).arrange(slices.Concat(places, areas))
	for _, p := range places {
		p.tensor.at = p.at
	}
	dirty(places, areas)
	for _, p := range areas {
		scratch = append(scratch, p.at)
	}
	return scratch, size
}

// form is where a tensor is, and where in there its margins are.
type form struct {
	at, n, blocks, h, w int
	margin              margin
}

// dirty finds the tensors whose margins do not stay zero: something else lies
// over their memory at another time, and not in the very same form.
func dirty(places, areas []*place) {
	same := map[form]int{}
	var begins, ends []int
	for _, p := range slices.Concat(places, areas) {
		if p.size == 0 {
			continue
		}
		begins, ends = append(begins, p.at), append(ends, p.at+p.size)
		if t := p.tensor; t != nil && t.blocked {
			same[t.form()]++
		}
	}
	slices.Sort(begins)
	slices.Sort(ends)
	for _, p := range places {
		if t := p.tensor; t.blocked && t.margin != (margin{}) {
			// Those that begin before its end and do not end before its beginning.
			before, _ := slices.BinarySearch(begins, p.at+p.size)
			gone, _ := slices.BinarySearch(ends, p.at+1)
			t.clear = before-gone > same[t.form()]
		}
	}
}

func (t *tensor) form() form { return form{t.at, t.n, t.blocks(), t.h, t.w, t.margin} }
