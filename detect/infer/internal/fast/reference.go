package fast

import "github.com/fitveil/fitveil/detect/infer/internal/ir"

// reference runs a node with its own kernel, on planar tensors.
type reference struct {
	node    *ir.Node
	in, out []*tensor // nil where absent or constant
}

func (c *compiler) reference(n *ir.Node) {
	r := &reference{node: n}
	for _, v := range n.In {
		var t *tensor
		switch {
		case v == nil:
		case v.Const == nil:
			t = c.rows(v)
		default:
			v.Const.Make() // before sessions share it
		}
		r.in = append(r.in, t)
	}
	for _, v := range n.Out {
		var t *tensor
		if v != nil {
			t = c.newRows(v)
		}
		r.out = append(r.out, t)
	}
	if n.View {
		// The same elements in the same order: the same memory.
		r.out[0].parent = r.in[0]
		return
	}
	c.add(r)
}

// pin makes sure the tensor is in the arena, where an array can show it.
func pin(t *tensor) {
	r, _ := t.root()
	r.external = -1
}

func (r *reference) pin() {
	for _, t := range r.in {
		if t != nil {
			pin(t)
		}
	}
}

func (r *reference) tensors() (in, out []*tensor) { return present(r.in), present(r.out) }

func present(list []*tensor) (found []*tensor) {
	for _, t := range list {
		if t != nil {
			found = append(found, t)
		}
	}
	return found
}

func (r *reference) prepare(*Program, *slab) {}
func (r *reference) units() int              { return 1 }
func (r *reference) scratch() int            { return r.node.Scratch }

func (r *reference) run(w *worker, _, _ int) { r.node.Run(&w.calls[w.step]) }

// call prepares the arguments, for operation i of the program.
func (r *reference) call(s *Session, i int) ir.Call {
	c := ir.Call{Threads: s.program.Threads, Scratch: s.arena[s.program.scratch[i]:][:r.node.Scratch:r.node.Scratch]}
	for k, v := range r.node.In {
		var a *ir.Array
		switch {
		case v != nil && v.Const != nil:
			a = v.Const
		case r.in[k] != nil:
			a = s.array(r.in[k])
		}
		c.In = append(c.In, a)
	}
	for _, t := range r.out {
		var a *ir.Array
		if t != nil {
			a = s.array(t)
		}
		c.Out = append(c.Out, a)
	}
	return c
}
