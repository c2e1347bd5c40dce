package infer

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// plan lays the values of a program out in one block of memory. Values whose
// lifetimes do not meet share a place.
type plan struct {
	slots   []slot
	arena   int // float32 elements
	other   int // bytes of values of other types, which have memory of their own
	scratch []int
}

// slot is one value of a session.
type slot struct {
	value  *ir.Value
	root   int // slot whose memory this one is a view of, itself where it has its own
	offset int // in the arena; −1 for values of other types and constants
	last   int // index of the last step that reads it
}

// align is what offsets in the arena are multiples of, in elements: a cache
// line, and the widest vector.
const align = 16

// layout plans inputs, nodes and outputs. Step 0 is the copying in of inputs,
// step i+1 is node i, the last one the copying out.
func layout(inputs []*ir.Value, nodes []*ir.Node, outputs []*ir.Value) (*plan, map[*ir.Value]int) {
	p, index := &plan{scratch: make([]int, len(nodes))}, map[*ir.Value]int{}
	add := func(v *ir.Value) {
		if _, ok := index[v]; v == nil || ok {
			return
		}
		index[v] = len(p.slots)
		p.slots = append(p.slots, slot{value: v, root: len(p.slots), offset: -1})
	}
	for _, v := range inputs {
		add(v)
	}
	for _, n := range nodes {
		for _, v := range slices.Concat(n.In, n.Out) {
			add(v)
		}
		if n.View {
			in, out := index[n.In[0]], index[n.Out[0]]
			p.slots[out].root = p.slots[in].root
		}
	}
	for _, v := range outputs {
		add(v)
	}
	use := func(v *ir.Value, step int) {
		if v != nil {
			r := p.slots[index[v]].root
			p.slots[r].last = max(p.slots[r].last, step)
		}
	}
	for i, n := range nodes {
		for _, v := range slices.Concat(n.In, n.Out) {
			use(v, i+1)
		}
	}
	for _, v := range outputs {
		use(v, len(nodes)+1)
	}
	p.place(inputs, nodes, index)
	return p, index
}

// place walks the steps in order and gives each value memory when it is made,
// taking it back after its last use.
func (p *plan) place(inputs []*ir.Value, nodes []*ir.Node, index map[*ir.Value]int) {
	var free spans
	ending := make([][]int, len(nodes)+2)
	start := func(i int) {
		s := &p.slots[i]
		switch {
		case s.root != i || s.value.Const != nil || s.offset >= 0:
			return
		case s.value.Type != ir.Float32:
			p.other += s.value.Len() * s.value.Type.Size()
			return
		}
		s.offset = free.take(s.value.Len())
		ending[s.last] = append(ending[s.last], i)
	}
	release := func(step int) {
		for _, i := range ending[step] {
			free.give(p.slots[i].offset, p.slots[i].value.Len())
		}
	}
	for _, v := range inputs {
		start(index[v])
	}
	release(0)
	for i, n := range nodes {
		if n.InPlace {
			p.reuse(index[n.In[0]], index[n.Out[0]], i+1, ending)
		}
		for _, v := range n.Out {
			if v != nil {
				start(index[v])
			}
		}
		if n.Scratch > 0 {
			p.scratch[i] = free.take(n.Scratch)
			free.give(p.scratch[i], n.Scratch)
		}
		release(i + 1)
	}
	p.arena = free.size
}

// reuse lets an output take over the memory of an input that ends with this
// step, of the same length and in the arena.
func (p *plan) reuse(in, out, step int, ending [][]int) {
	r := p.slots[in].root
	from, to := &p.slots[r], &p.slots[out]
	if from.offset < 0 || from.last != step || to.root != out || to.value.Type != ir.Float32 || from.value.Len() != to.value.Len() {
		return
	}
	to.offset = from.offset
	ending[step] = slices.DeleteFunc(ending[step], func(i int) bool { return i == r })
	ending[to.last] = append(ending[to.last], out)
}

// spans are the free parts of the arena, in order of offset.
type spans struct {
	free []span
	size int // of the arena so far
}

type span struct{ at, len int }

func rounded(n int) int { return (n + align - 1) / align * align }

// take finds the smallest part that is large enough, or makes the arena larger.
func (s *spans) take(n int) int {
	n = rounded(n)
	best := -1
	for i, f := range s.free {
		if f.len >= n && (best < 0 || f.len < s.free[best].len) {
			best = i
		}
	}
	if best >= 0 {
		at := s.free[best].at
		if s.free[best].at += n; s.free[best].len == n {
			s.free = slices.Delete(s.free, best, best+1)
		} else {
			s.free[best].len -= n
		}
		return at
	}
	at := s.size
	if last := len(s.free) - 1; last >= 0 && s.free[last].at+s.free[last].len == s.size {
		at = s.free[last].at
		s.free = s.free[:last]
	}
	s.size = at + n
	return at
}

// give returns a part and joins it with its neighbours.
func (s *spans) give(at, n int) {
	if n = rounded(n); n == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(s.free, at, func(f span, at int) int { return f.at - at })
	s.free = slices.Insert(s.free, i, span{at, n})
	if i+1 < len(s.free) && at+n == s.free[i+1].at {
		s.free[i].len += s.free[i+1].len
		s.free = slices.Delete(s.free, i+1, i+2)
	}
	if i > 0 && s.free[i-1].at+s.free[i-1].len == at {
		s.free[i-1].len += s.free[i].len
		s.free = slices.Delete(s.free, i, i+1)
	}
}
