package ref

import "github.com/fitveil/fitveil/detect/infer/internal/ir"

// constant makes the node's output known: the compiler then drops the node.
func constant(n *ir.Node, a *ir.Array) error {
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Result(0, a.Type, a.Shape); err != nil {
		return err
	}
	if n.Out[0] != nil {
		n.Out[0].Const = a
	}
	return nil
}

// buildConstant is Operators.md#Constant with a dense value of numbers.
func buildConstant(n *ir.Node) error {
	n.In = nil // onnx-go makes one up
	if err := n.Arity(0, 0, 1); err != nil {
		return err
	}
	var found []*ir.Array
	if t := n.Tensor("value"); t != nil {
		found = append(found, t)
	}
	if n.Has("value_float") {
		found = append(found, &ir.Array{Type: ir.Float32, Data: []float32{n.Number("value_float", 0)}})
	}
	if n.Has("value_int") {
		found = append(found, &ir.Array{Type: ir.Int64, Data: []int64{int64(n.Int("value_int", 0))}})
	}
	if v := n.Numbers("value_floats"); v != nil {
		found = append(found, &ir.Array{Type: ir.Float32, Shape: []int{len(v)}, Data: v})
	}
	if v := n.Ints("value_ints"); v != nil {
		found = append(found, int64s(v))
	}
	if err := n.Done(); err != nil {
		return err
	}
	if len(found) != 1 {
		return ir.Invalidf("%d values, want one", len(found))
	}
	return constant(n, found[0])
}

func int64s(v []int) *ir.Array {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return &ir.Array{Type: ir.Int64, Shape: []int{len(v)}, Data: out}
}

// buildShape is Operators.md#Shape; start and end came with version 15.
func buildShape(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	in := n.In[0].Shape
	start, count := cut(n.Int("start", 0), n.Int("end", len(in)), 1, len(in))
	return constant(n, int64s(in[start:start+count]))
}

// buildSize is Operators.md#Size.
func buildSize(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	return constant(n, &ir.Array{Type: ir.Int64, Data: []int64{int64(n.In[0].Len())}})
}

// buildConstantOfShape is Operators.md#ConstantOfShape: one value, repeated.
func buildConstantOfShape(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	value := n.Tensor("value")
	if err := n.Done(); err != nil {
		return err
	}
	shape, err := n.ConstInts(0)
	if err != nil {
		return err
	}
	if value == nil {
		value = &ir.Array{Type: ir.Float32, Data: []float32{0}}
	}
	if value.Len() != 1 {
		return ir.Invalidf("value of shape %v", value.Shape)
	}
	if err := n.Result(0, value.Type, shape); err != nil {
		return err
	}
	if err := takeTables(n, shape); err != nil {
		return err
	}
	t := make(tables, len(shape)) // zeros: they read the one value at every index
	for k, d := range shape {
		t[k] = make([]int, d)
	}
	fill := t.kernel(nil)
	n.Run = func(c *ir.Call) { fill(&ir.Call{In: []*ir.Array{value}, Out: c.Out, Threads: 1}) }
	return nil
}
