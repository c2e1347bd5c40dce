package infer

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// compiler strings operations together: it finds shapes, computes what depends
// on constants alone, and keeps the nodes that are left.
type compiler struct {
	set    *ir.Set
	opset  int
	fold   bool // compute heavy operations as well, where all inputs are known
	maxLen int
	memory *ir.Budget
	values map[string]*ir.Value
	widen  func(*kernel.Widen)
	nodes  []*ir.Node
}

// What loading may read and write of tensors: so much, and so many times the size
// of the file. Weights in float16 are packed for Winograd's method into eight
// times their size, after three for Cast.
const (
	freeWork    = 64 << 20
	workPerByte = 32
)

// fewBytes are always worth folding: shapes are computed so, and a node takes some
// fifty bytes of the file.
const fewBytes = 1 << 10

func newCompiler(o *Options, set *ir.Set, opset int, given int64) *compiler {
	return &compiler{
		set: set, opset: opset, maxLen: int(min(o.MaxBytes/4, math.MaxInt32/4)),
		memory: &ir.Budget{Left: o.MaxBytes + 8*given, Work: min(o.MaxBytes, freeWork) + workPerByte*given},
		values: make(map[string]*ir.Value), widen: kernel.Best().Widen,
	}
}

// constant makes a value that is known from the start.
func (c *compiler) constant(name string, a *ir.Array) {
	c.values[name] = &ir.Value{Name: name, Type: a.Type, Shape: a.Shape, Const: a}
}

// operation adds one operation. name is for errors.
func (c *compiler) operation(op operation, name string) error {
	if name == "" && len(op.out) > 0 {
		name = op.out[0].name
	}
	n := &ir.Node{Op: op.op, Name: name, Opset: c.opset, Attrs: op.attrs, MaxLen: c.maxLen, Memory: c.memory}
	if err := c.build(n, op); err != nil {
		return &NodeError{Operator: op.op, Node: name, Err: err}
	}
	if n.Run == nil {
		return nil // all outputs are constants
	}
	if done, err := c.tryFold(n); err != nil {
		return &NodeError{Operator: op.op, Node: name, Err: err}
	} else if !done {
		c.nodes = append(c.nodes, n)
	}
	return nil
}

func (c *compiler) build(n *ir.Node, op operation) error {
	for _, in := range op.in {
		if in.name == "" {
			n.In = append(n.In, nil)
			continue
		}
		v := c.values[in.name]
		if v == nil && op.op != "Constant" {
			return ir.Invalidf("input %q is made by nothing before it", in.name)
		}
		n.In = append(n.In, v)
	}
	for len(n.In) > 0 && n.In[len(n.In)-1] == nil {
		n.In = n.In[:len(n.In)-1]
	}
	made := map[string]bool{}
	for _, out := range op.out {
		if out.name == "" {
			n.Out = append(n.Out, nil)
			continue
		}
		if c.values[out.name] != nil || made[out.name] {
			return ir.Invalidf("output %q is made twice", out.name)
		}
		made[out.name] = true
		n.Out = append(n.Out, &ir.Value{Name: out.name})
	}
	n.Given = n.In
	if err := c.set.Build[op.op](n); err != nil {
		return err
	}
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		if v.Type == ir.Undefined {
			return ir.Invalidf("operator has no output %d", i)
		}
		c.values[v.Name] = v
	}
	return nil
}

// tryFold computes a node whose inputs are all known.
func (c *compiler) tryFold(n *ir.Node) (bool, error) {
	if n.Heavy && !c.fold {
		return false, nil
	}
	call, cost := &ir.Call{Threads: 1}, int64(0)
	for _, v := range n.In {
		if v == nil {
			call.In = append(call.In, nil)
			continue
		}
		if v.Const == nil {
			return false, nil
		}
		call.In = append(call.In, v.Const)
		cost += int64(v.Len()) * int64(v.Type.Size())
	}
	if n.View {
		v := n.Out[0]
		v.Const = &ir.Array{Type: v.Type, Shape: v.Shape, Data: n.In[0].Const.Make().Data}
		return true, nil
	}
	for _, v := range n.Out {
		if v != nil {
			cost += int64(v.Len()) * int64(v.Type.Size())
		}
	}
	if cost > fewBytes && !c.fold && c.memory.Spend(cost) != nil {
		return false, nil
	}
	for _, v := range n.Out {
		if v == nil {
			call.Out = append(call.Out, nil)
			continue
		}
		if err := c.memory.Take(v.Len(), v.Type.Size()); err != nil {
			return false, err
		}
		if n.Op == "Cast" && n.In[0].Type == ir.Float16 && v.Type == ir.Float32 {
			v.Const = widened(c.widen, v.Shape, ir.Of[ir.Half](n.In[0].Const))
			return true, nil
		}
		v.Const = ir.NewArray(v.Type, v.Shape)
		call.Out = append(call.Out, v.Const)
	}
	for _, a := range call.In {
		if a != nil {
			a.Make()
		}
	}
	call.Scratch = make([]float32, n.Scratch)
	n.Run(call)
	return true, call.Failed()
}

// widened is Cast from binary16, the form many files have their weights in.
func widened(widen func(*kernel.Widen), shape []int, src []ir.Half) *ir.Array {
	const most = 1 << 15 // a kernel can't be interrupted
	all := unsafe.Slice((*uint16)(unsafe.SliceData(src)), len(src))
	return ir.Widened(shape, all, func(dst []float32, halves []uint16) {
		for len(dst) >= kernel.Block {
			n := min(len(dst), most) / kernel.Block * kernel.Block
			widen(&kernel.Widen{In: halves[:n], Out: dst[:n]})
			dst, halves = dst[n:], halves[n:]
		}
		for i, h := range halves {
			dst[i] = ir.Half(h).Float32()
		}
	})
}

// needed drops nodes whose results no output depends on.
func (c *compiler) needed(outputs []*ir.Value) []*ir.Node {
	wanted := map[*ir.Value]bool{}
	for _, v := range outputs {
		wanted[v] = true
	}
	keep := make([]bool, len(c.nodes))
	for i := len(c.nodes) - 1; i >= 0; i-- {
		for _, v := range c.nodes[i].Out {
			keep[i] = keep[i] || v != nil && wanted[v]
		}
		if keep[i] {
			for _, v := range c.nodes[i].In {
				wanted[v] = true
			}
		}
	}
	var out []*ir.Node
	for i, n := range c.nodes {
		if keep[i] {
			out = append(out, n)
		}
	}
	return out
}

// eager is Graph.Run: with every input known, folding computes the outputs.
func (g *Graph) eager() error {
	made := map[string]bool{}
	for _, op := range g.ops {
		for _, out := range op.out {
			made[out.name] = true
		}
	}
	c := newCompiler(&g.options, g.set, assumedOpset, g.bytes())
	c.fold, c.memory.Work = true, math.MaxInt64
	for _, n := range g.nodes {
		if n.tensor == nil || n.name == "" || made[n.name] || c.values[n.name] != nil {
			continue
		}
		if err := c.leaf(n); err != nil {
			return err
		}
	}
	for _, op := range g.ops {
		if err := c.operation(op, ""); err != nil {
			if errors.Is(err, ErrUnsupported) {
				return &onnx.ErrNotImplemented{Operator: op.op, Message: err.Error()}
			}
			return err
		}
	}
	for _, n := range g.nodes {
		// A node that is not made is the second one of an output that is an input.
		v := c.values[n.name]
		switch {
		case v == nil || !made[n.name] && n.tensor == nil:
		case v.Len() == 0 || toTensor[v.Type] == (tensor.Dtype{}):
			n.tensor = nil // no tensor can hold it
		default:
			n.tensor = tensorOf(v.Const)
		}
	}
	return nil
}

// bytes is the size of the tensors the graph holds.
func (g *Graph) bytes() (total int64) {
	for _, n := range g.nodes {
		if n.tensor != nil {
			total += int64(n.tensor.MemSize())
		}
	}
	return total
}

// leaf makes the tensor of a node a constant of the type the file declares.
func (c *compiler) leaf(n *graphNode) error {
	a, err := arrayOf(n.tensor)
	if err != nil {
		return &onnx.ErrNotImplemented{Operator: "input " + n.name, Message: err.Error()}
	}
	want := fromTensor(n.dtype)
	if want == a.Type || want == ir.Undefined {
		c.constant(n.name, a)
		return nil
	}
	given := &graphNode{name: n.name + " as given"}
	c.constant(given.name, a)
	cast := operation{op: "Cast", attrs: map[string]any{"to": int64(want)}, in: []*graphNode{given}, out: []*graphNode{n}}
	return c.operation(cast, n.name)
}

// decode hands the rewritten graph to onnx-go. Its panics on input it does not
// expect become errors: the file was checked, but by us and not by it.
func (g *Graph) decode() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &FormatError{Field: "model.graph", Err: ir.Invalidf("onnx-go: %v", r)}
		}
	}()
	err = onnx.NewModel(g).UnmarshalBinary(g.file.graph)
	var missing *onnx.ErrNotImplemented
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing) && len(g.ops) < len(g.file.nodes):
		n := g.file.nodes[len(g.ops)]
		return &NodeError{Operator: n.op, Node: n.name, Err: ir.Unsupportedf("%s", missing.Message)}
	}
	return &FormatError{Field: "model.graph", Err: fmt.Errorf("onnx-go: %w: %w", err, ErrModel)}
}
