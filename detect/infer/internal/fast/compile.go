package fast

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// Options of Compile.
type Options struct {
	Set      *kernel.Set // nil means kernel.Best()
	Threads  int         // goroutines a run may use, at least 1; no more than maxThreads are
	Exact    bool        // no Winograd: sums in the order of the reference's taps
	MaxBytes int64       // limits the memory of a session
	Memory   *ir.Budget  // what packed weights are taken from

	sizes sizes // usualSizes unless a test has others
}

var (
	inf     = float32(math.Inf(1))
	largest = float32(math.MaxFloat32)
	sqrt    = math.Sqrt
)

// maxThreads bounds what a program keeps for each way to share its work.
const maxThreads = 64

// op is a step of a program. All of its methods but prepare leave it alone, so
// that sessions share it.
type op interface {
	// tensors lists what the operation reads and writes.
	tensors() (in, out []*tensor)
	// prepare is called once all tensors have places, and takes what the
	// operation keeps from the slab.
	prepare(p *Program, s *slab)
	// units is how many parts the work can be divided in, and scratch how many
	// floats a worker needs while it does some of it.
	units() int
	scratch() int
	// run does units lo to hi.
	run(w *worker, lo, hi int)
}

// compiler makes operations of nodes.
type compiler struct {
	Options
	graph   *Graph
	cut     *cutter
	uses    *uses
	makers  map[*ir.Value]*ir.Node
	planar  map[*ir.Value]*tensor
	blocked map[*ir.Value]*tensor
	waiting map[*ir.Value]*scaling // planar values nobody has asked for yet
	inputs  []*tensor
	done    []bool         // nodes that another one's operation computes
	later   map[int]func() // operations that take the place of the last of several nodes
	ops     []op
	names   []string // of the node each operation is of
	current string
}

// Compile makes a program of a graph. Every node runs: those there are no fast
// operations for with their own kernels, on tensors turned back to rows.
// The program has to be packed before it runs. Errors wrap [ir.ErrTooLarge].
func Compile(g *Graph, o Options) (*Program, error) {
	if o.Set == nil {
		o.Set = kernel.Best()
	}
	o.Threads = min(o.Threads, maxThreads)
	if o.sizes == (sizes{}) {
		o.sizes = usualSizes
	}
	c := &compiler{
		Options: o, graph: g, cut: newCutter(o.Set), uses: g.uses(), makers: map[*ir.Value]*ir.Node{},
		planar: map[*ir.Value]*tensor{}, blocked: map[*ir.Value]*tensor{}, waiting: map[*ir.Value]*scaling{},
		done: make([]bool, len(g.Nodes)), later: map[int]func(){},
	}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			c.makers[v] = n
		}
	}
	for i, v := range g.Inputs {
		t := &tensor{value: v, external: i, outside: v.Type != ir.Float32}
		c.planar[v] = t
		c.inputs = append(c.inputs, t)
	}
	for i, n := range g.Nodes {
		c.current = n.Name
		if emit := c.later[i]; emit != nil {
			emit()
		} else if !c.done[i] {
			c.node(i, n)
		}
	}
	c.current = "outputs"
	outputs := make([]*tensor, len(g.Outputs))
	for i, v := range g.Outputs {
		if v.Const == nil {
			outputs[i] = c.rows(v)
		} else {
			v.Const.Make() // before sessions share it
		}
	}
	c.fuse()
	return c.program(outputs)
}

// node finds an operation for node i.
func (c *compiler) node(i int, n *ir.Node) {
	switch n.Op {
	case "Conv":
		if c.conv(i, n) {
			return
		}
	case "MaxPool", "AveragePool":
		if c.pool(n) {
			return
		}
	case "GlobalAveragePool":
		if c.globalPool(n) {
			return
		}
	case "Resize", "Upsample":
		if c.resize(i, n) {
			return
		}
	case "MatMul", "Gemm":
		if c.matmul(i, n) {
			return
		}
	case "Concat":
		if c.concat(n) {
			return
		}
	case "Split":
		if c.split(n) {
			return
		}
	default:
		if c.elementwise(i, n) {
			return
		}
	}
	c.reference(n)
}

// add appends an operation.
func (c *compiler) add(o op) {
	c.ops = append(c.ops, o)
	c.names = append(c.names, c.current)
}

// finish lets emit run in place of node last, the last of those it computes.
// Node i is the current one.
func (c *compiler) finish(i, last int, emit func()) {
	if last == i {
		emit()
	} else {
		c.later[last] = emit
	}
}

// rows is the planar form of v, made where it is not there yet.
func (c *compiler) rows(v *ir.Value) *tensor {
	if t := c.planar[v]; t != nil {
		return t
	}
	if s := c.waiting[v]; s != nil {
		o := &scale{scaling: *s, set: c.Set, from: c.rows(s.x)}
		o.to = c.newRows(v)
		c.add(o)
		return o.to
	}
	t := c.newRows(v)
	c.add(&unpack{from: c.blocked[v], to: t, set: c.Set})
	return t
}

// newRows makes a planar tensor for v.
func (c *compiler) newRows(v *ir.Value) *tensor {
	t := &tensor{value: v, external: -1, outside: v.Type != ir.Float32}
	c.planar[v] = t
	return t
}

// blocks is the blocked form of v, a picture, with margins of at least m.
func (c *compiler) blocks(v *ir.Value, m margin) *tensor {
	t := c.blocked[v]
	if t == nil {
		from := c.rows(v)
		t = c.newBlocks(v)
		c.add(&pack{from: from, to: t, set: c.Set})
	}
	t.need(m)
	return t
}

// newBlocks makes a blocked tensor for v, a picture.
func (c *compiler) newBlocks(v *ir.Value) *tensor {
	t := &tensor{value: v, blocked: true, external: -1, n: v.Shape[0], c: v.Shape[1], h: v.Shape[2], w: v.Shape[3]}
	c.blocked[v] = t
	return t
}
