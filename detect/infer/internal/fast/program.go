package fast

import (
	"slices"
	"unsafe"

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
	s := slab{floats: aligned(measure.used)}
	for _, o := range p.ops {
		o.prepare(p, &s)
	}
	p.weights = s.floats
	return nil
}

// slab is memory that is cut off piece by piece. One without memory measures:
// what take returns is nil then.
type slab struct {
	floats []float32
	used   int
	spare  []float32
}

// zeros lends memory to prepare something in, until it is asked for again.
func (s *slab) zeros(n int) []float32 {
	if cap(s.spare) < n {
		s.spare = make([]float32, n)
		return s.spare
	}
	s.spare = s.spare[:n]
	clear(s.spare)
	return s.spare
}

func (s *slab) take(n int) []float32 {
	at := s.used
	s.used += lines(n)
	if s.floats == nil {
		return nil
	}
	return s.floats[at:][:n:n]
}

// aligned allocates floats that begin with a cache line.
func aligned(n int) []float32 {
	all := make([]float32, n+lineFloats)
	advise(all)
	at := 0
	for uintptr(unsafe.Pointer(&all[at]))%(4*lineFloats) != 0 {
		at++
	}
	return all[at:][:n:n]
}
