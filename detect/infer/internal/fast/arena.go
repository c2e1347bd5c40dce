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

// arrange gives places that are needed at the same time disjoint offsets, the
// large ones first, each the lowest that is free. It returns the total size.
func arrange(places []*place) int {
	order := slices.Clone(places)
	slices.SortStableFunc(order, func(a, b *place) int { return cmp.Compare(b.size, a.size) })
	total := 0
	var taken []*place
	for _, p := range order {
		var busy []*place
		for _, q := range taken {
			if p.begin <= q.end && q.begin <= p.end {
				busy = append(busy, q)
			}
		}
		slices.SortFunc(busy, func(a, b *place) int { return cmp.Compare(a.at, b.at) })
		p.at = 0
		for _, q := range busy {
			if p.at+p.size <= q.at {
				break
			}
			p.at = max(p.at, q.at+q.size)
		}
		total = max(total, p.at+p.size)
		taken = append(taken, p)
	}
	return total
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
	size = arrange(append(places, areas...))
	for _, p := range places {
		p.tensor.at = p.at
	}
	dirty(places, areas)
	for _, p := range areas {
		scratch = append(scratch, p.at)
	}
	return scratch, size
}

// dirty finds the tensors whose margins do not stay zero: something else lies
// over their memory at another time, and not in the very same form.
func dirty(places, areas []*place) {
	for _, p := range places {
		t := p.tensor
		if !t.blocked || t.margin == (margin{}) {
			continue
		}
		t.clear = slices.ContainsFunc(slices.Concat(places, areas), func(q *place) bool {
			apart := q == p || q.size == 0 || q.at >= p.at+p.size || p.at >= q.at+q.size
			return !apart && !(q.tensor != nil && sameForm(t, q.tensor))
		})
	}
}

// sameForm reports whether two tensors have their margins in the same places.
func sameForm(a, b *tensor) bool {
	return b.blocked && a.at == b.at && a.margin == b.margin && a.n == b.n && a.blocks() == b.blocks() && a.h == b.h && a.w == b.w
}
