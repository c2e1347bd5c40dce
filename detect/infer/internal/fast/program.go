package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// Program is a compiled graph: immutable, safe for use by many goroutines.
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
	weights []float32   // what the operations keep, in the order they run
}

// program gives everything its place and prepares the operations.
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
	return p, p.pack()
}

// pack prepares the operations, which put what they keep into one slab.
func (p *Program) pack() error {
	var measure slab
	for _, o := range p.ops {
		o.prepare(p, &measure)
	}
	if err := p.Memory.Take(measure.used, 4); err != nil {
		return err
	}
	s := newSlab(measure.used)
	for _, o := range p.ops {
		o.prepare(p, s)
	}
	p.weights, p.graph = s.floats, &Graph{Inputs: p.graph.Inputs, Outputs: p.graph.Outputs}
	return nil
}

// slab is memory that is cut off piece by piece. One without memory measures:
// what take returns is nil then.
type slab struct {
	floats       []float32
	used         int
	spare, given []float32
}

// lent is how much memory a large slab has to lend from the start, for each
// purpose: both fill a large page. More is allocated where it is needed.
const lent = 1 << 18

// newSlab makes a slab of n floats.
func newSlab(n int) *slab {
	s := &slab{floats: ir.Floats(n)}
	if n >= 4*lent {
		both := ir.Floats(2 * lent)
		s.spare, s.given = both[:0:lent], both[lent:]
	}
	return s
}

// lend lends memory to prepare something in, until it is asked for again. It is
// zero where asked.
func (s *slab) lend(n int, zero bool) []float32 {
	if cap(s.spare) < n {
		s.spare = ir.Floats(n)
		return s.spare
	}
	s.spare = s.spare[:n]
	if zero {
		clear(s.spare)
	}
	return s.spare
}

// read lends memory to read weights to, until it is asked for again.
func (s *slab) read(n int) []float32 {
	if cap(s.given) < n {
		s.given = ir.Floats(n)
	}
	return s.given[:n]
}

func (s *slab) take(n int) []float32 {
	at := s.used
	s.used += lines(n)
	if s.floats == nil {
		return nil
	}
	return s.floats[at:][:n:n]
}
