package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// Program is a compiled graph: immutable once it is packed, and then safe for use
// by many goroutines.
type Program struct {
	Options
	graph   *Graph
	inputs  []*tensor
	outputs []*tensor // nil where the graph's output is a constant
	ops     []op
	names   []string
	zeroed  [][]*tensor // by operation: tensors whose margins to clear before it
	scratch []int       // by operation: offset of the first worker's scratch memory
	rooms   []int       // by operation: scratch memory of a worker
	arena   int         // floats
	other   int         // bytes of tensors outside the arena
	keeps   int         // floats the operations keep
	weights []float32   // those, in the order they run
}

// program gives everything its place.
func (c *compiler) program(outputs []*tensor) (*Program, error) {
	p := &Program{Options: c.Options, graph: c.graph, inputs: c.inputs, outputs: outputs, ops: c.ops, names: c.names}
	for _, o := range p.ops {
		if r, ok := o.(*reference); ok {
			r.pin()
		}
	}
	for _, t := range outputs {
		if t != nil {
			pin(t)
		}
	}
	p.scratch, p.arena = c.place(outputs)
	for _, o := range p.ops {
		p.rooms = append(p.rooms, lines(o.scratch()))
	}
	p.zeroed = make([][]*tensor, len(p.ops))
	seen := map[*tensor]bool{}
	for i, o := range p.ops {
		in, out := o.tensors()
		for _, t := range slices.Concat(in, out) {
			r, _ := t.root()
			if seen[r] {
				continue
			}
			seen[r] = true
			if r.clear {
				p.zeroed[i] = append(p.zeroed[i], r)
			}
			if r.outside {
				p.other += r.value.Len() * r.value.Type.Size()
			}
		}
	}
	if bytes := 4*int64(p.arena) + int64(p.other); bytes > c.MaxBytes {
		return nil, ir.TooLargef("a session needs %d bytes, %d are allowed", bytes, c.MaxBytes)
	}
	var measure slab
	for _, o := range p.ops {
		o.prepare(p, &measure)
	}
	p.keeps, p.graph = measure.used, &Graph{Inputs: p.graph.Inputs, Outputs: p.graph.Outputs}
	if err := p.Memory.Take(measure.used, 4); err != nil {
		return nil, err
	}
	if err := p.Memory.Spend(4 * int64(measure.used)); err != nil {
		return nil, err
	}
	return p, nil
}

// Pack prepares the operations, which put what they keep into one slab. It is
// called once, before the first session. Whoever has the graph may let go of it
// before: to ask for memory for all weights is mostly what a collection of garbage
// begins with.
func (p *Program) Pack() {
	s := &slab{floats: ir.Floats(p.keeps)}
	for _, o := range p.ops {
		o.prepare(p, s)
	}
	p.weights = s.floats
}

// slab is memory that is cut off piece by piece. One without memory measures:
// what take returns is nil then.
type slab struct {
	floats []float32
	used   int
	spare  []float32
}

// lend lends memory to prepare something in, until it is asked for again.
func (s *slab) lend(n int) []float32 {
	if cap(s.spare) < n {
		s.spare = ir.Floats(max(n, 2*cap(s.spare)))
	}
	return s.spare[:n]
}

func (s *slab) take(n int) []float32 {
	at := s.used
	s.used += lines(n)
	if s.floats == nil {
		return nil
	}
	return s.floats[at:][:n:n]
}
