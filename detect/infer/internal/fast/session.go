package fast

import (
	"context"
	"fmt"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// Session is the memory of one run of a Program. Not safe for concurrent use.
type Session struct {
	program *Program
	arena   []float32
	given   [][]float32           // inputs that are read where they are
	arrays  map[*tensor]*ir.Array // of planar tensors that the reference operators and the caller see
	calls   []ir.Call             // by operation, of reference operators
	workers []worker
	team    *team
}

// worker is what a goroutine needs to run operations without allocating.
type worker struct {
	*Session
	index     int
	step      int // index of the operation
	scratch   []float32
	base      int          // offset of scratch in the arena
	from, to  view         // of the link of a chain that runs
	ahead     [2]stretches // to fetch for the chain's next band
	conv      kernel.Conv
	window    kernel.Window
	window3   kernel.Window3
	resize    kernel.Resize
	transform kernel.WinogradIn
	result    kernel.WinogradOut
	pair      kernel.Pair
	affine    kernel.Affine
	apply     kernel.Map
	transpose kernel.Transpose
	mul, add  [block]float32 // a number over and over
	padded    [block]float32 // less than a vector
	square    [block * block]float32
}

// NewSession allocates what one run needs.
func (p *Program) NewSession() *Session {
	s := &Session{
		program: p, arena: ir.Floats(p.arena), given: make([][]float32, len(p.inputs)),
		arrays: map[*tensor]*ir.Array{}, calls: make([]ir.Call, len(p.ops)), workers: make([]worker, p.Threads),
	}
	for i := range s.workers {
		s.workers[i].Session, s.workers[i].index = s, i
	}
	for i, o := range p.ops {
		if r, ok := o.(*reference); ok {
			s.calls[i] = r.call(s, i)
		}
	}
	s.team = newTeam(s)
	return s
}

// array is the array of a planar tensor in the session's memory.
func (s *Session) array(t *tensor) *ir.Array {
	if a := s.arrays[t]; a != nil {
		return a
	}
	r, _ := t.root()
	a := &ir.Array{Type: t.value.Type, Shape: t.value.Shape}
	switch {
	case r != t:
		a.Data = s.array(r).Data
	case t.outside:
		a = ir.NewArray(t.value.Type, t.value.Shape)
	default:
		a.Data = s.arena[t.at:][:t.value.Len():t.value.Len()]
	}
	s.arrays[t] = a
	return a
}

// plane are the elements of a planar tensor of float32.
func (s *Session) plane(t *tensor) []float32 {
	r, _ := t.root()
	if r.external >= 0 {
		return s.given[r.external]
	}
	n := t.value.Len()
	return s.arena[r.at:][:n:n]
}

// Input is the array to copy input i into, nil if it can be given to Give.
func (s *Session) Input(i int) *ir.Array {
	if s.program.inputs[i].external >= 0 && !s.program.inputs[i].outside {
		return nil
	}
	return s.array(s.program.inputs[i])
}

// Give lets the next run read input i where it is. The caller takes it back
// with nil.
func (s *Session) Give(i int, data []float32) { s.given[i] = data }

// Output is the array that holds output i after a run.
func (s *Session) Output(i int) *ir.Array {
	if t := s.program.outputs[i]; t != nil {
		return s.array(t)
	}
	return s.program.graph.Outputs[i].Const
}

// Run computes the outputs. It checks ctx between operations. Its own errors
// are of type *DataError.
func (s *Session) Run(ctx context.Context) error {
	p := s.program
	s.team.start()
	defer s.team.stop()
	for i, o := range p.ops {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("infer: stopped before node %q: %w", p.names[i], err)
		}
		for _, t := range p.zeroed[i] {
			t.zero(s.arena)
		}
		s.team.run(i, o)
		if err := s.calls[i].Failed(); err != nil {
			return &DataError{Node: o.(*reference).node, Err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("infer: stopped before the outputs: %w", err)
	}
	return nil
}

// DataError is a node that met a number it can't compute with.
type DataError struct {
	Node *ir.Node
	Err  error
}

func (e *DataError) Error() string { return e.Err.Error() }

// do runs a part of an operation.
func (w *worker) do(i int, o op, lo, hi int) {
	n := w.program.rooms[i]
	w.step = i
	w.base = w.program.scratch[i] + w.index*n
	w.scratch = w.arena[w.base:][:n]
	o.run(w, lo, hi)
}
