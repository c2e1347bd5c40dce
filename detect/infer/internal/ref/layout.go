package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// view finishes a node whose output is its first input under another shape.
func view(n *ir.Node, shape []int) error {
	if err := n.Done(); err != nil {
		return err
	}
	n.View = true
	n.Run = func(c *ir.Call) { ir.Copy(c.Out[0], c.In[0]) }
	return n.Result(0, n.In[0].Type, shape)
}

// buildIdentity is Operators.md#Identity.
func buildIdentity(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	return view(n, n.In[0].Shape)
}

// buildReshape is Operators.md#Reshape: 0 keeps a dimension (unless allowzero),
// one −1 takes what is left.
func buildReshape(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	want := n.Ints("shape") // versions 1 to 4
	if n.Input(1) != nil {
		var err error
		if want, err = n.ConstInts(1); err != nil {
			return err
		}
		want = slices.Clone(want)
	}
	keepZero := n.Flag("allowzero", false)
	in := n.In[0].Shape
	rest, known := -1, 1
	for i, d := range want {
		if d == 0 && !keepZero {
			if i >= len(in) {
				return ir.Invalidf("shape %v keeps dimension %d of %v", want, i, in)
			}
			want[i] = in[i]
		}
		switch {
		case d < -1 || d == -1 && rest >= 0:
			return ir.Invalidf("shape %v", want)
		case d == -1:
			rest = i
		}
	}
	if rest >= 0 {
		want[rest] = 1
	}
	known, ok := ir.Count(want)
	if rest >= 0 && ok && known > 0 {
		want[rest] = product(in) / known
	}
	if total, ok := ir.Count(want); !ok || total != product(in) {
		return ir.Invalidf("input of shape %v does not fill shape %v", in, want)
	}
	return view(n, want)
}

// buildFlatten is Operators.md#Flatten: a matrix, split before axis.
func buildFlatten(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	in, axis := n.In[0].Shape, n.Int("axis", 1)
	if axis < 0 {
		axis += len(in)
	}
	if axis < 0 || axis > len(in) {
		return ir.Invalidf("axis %d of an array of rank %d", axis, len(in))
	}
	return view(n, []int{product(in[:axis]), product(in[axis:])})
}

// axes reads the axes of Squeeze, Unsqueeze and the like: an attribute up to
// version 11, an input from 13 on. given is false where there are none.
func axes(n *ir.Node, rank int) (list []int, given bool, err error) {
	raw := n.Ints("axes")
	given = raw != nil
	if n.Input(1) != nil {
		given = true
		if raw, err = n.ConstInts(1); err != nil {
			return nil, false, err
		}
	}
	for _, a := range raw {
		if a, err = ir.Axis(a, rank); err != nil {
			return nil, false, err
		}
		if slices.Contains(list, a) {
			return nil, false, ir.Invalidf("axis %d twice", a)
		}
		list = append(list, a)
	}
	return list, given, nil
}

// buildSqueeze is Operators.md#Squeeze: drops dimensions of 1.
func buildSqueeze(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	in := n.In[0].Shape
	list, given, err := axes(n, len(in))
	if err != nil {
		return err
	}
	var shape []int
	for i, d := range in {
		switch drop := slices.Contains(list, i); {
		case drop && d != 1:
			return ir.Invalidf("axis %d of shape %v is not 1", i, in)
		case !drop && (given || d != 1):
			shape = append(shape, d)
		}
	}
	return view(n, shape)
}

// buildUnsqueeze is Operators.md#Unsqueeze: puts dimensions of 1 in; the axes
// count in the result.
func buildUnsqueeze(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	in := n.In[0].Shape
	count := len(n.Ints("axes"))
	if v := n.Input(1); v != nil {
		count = v.Len()
	}
	if count > ir.MaxRank {
		return ir.Unsupportedf("%d axes", count)
	}
	list, given, err := axes(n, len(in)+count)
	if err != nil {
		return err
	}
	if !given {
		return ir.Invalidf("axes are missing")
	}
	shape, next := make([]int, len(in)+count), 0
	for i := range shape {
		if shape[i] = 1; !slices.Contains(list, i) {
			shape[i] = in[next]
			next++
		}
	}
	return view(n, shape)
}

// buildDropout is Operators.md#Dropout outside training: the identity, and a mask
// of what was kept.
func buildDropout(n *ir.Node) error {
	if err := n.Arity(1, 3, 2); err != nil {
		return err
	}
	n.Number("ratio", 0.5)
	n.Int("seed", 0)
	if v := n.Input(2); v != nil {
		training, ok := v.Const, v.Const != nil
		if !ok || training.Type != ir.Bool || training.Len() != 1 || ir.Of[bool](training)[0] {
			return ir.Unsupportedf("training mode")
		}
	}
	if err := view(n, n.In[0].Shape); err != nil || len(n.Out) < 2 || n.Out[1] == nil {
		return err
	}
	if n.Opset < 10 {
		return ir.Unsupportedf("output of the mask before version 10")
	}
	same := n.Run
	n.View, n.Run = false, func(c *ir.Call) { // nothing was dropped
		same(c)
		kept := ir.Of[bool](c.Out[1])
		for i := range kept {
			kept[i] = true
		}
	}
	return n.Result(1, ir.Bool, n.In[0].Shape)
}

// buildTranspose is Operators.md#Transpose; without perm the order is reversed.
func buildTranspose(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	in, perm := n.In[0].Shape, n.Ints("perm")
	if perm == nil {
		for i := range in {
			perm = append(perm, len(in)-1-i)
		}
	}
	if err := n.Done(); err != nil {
		return err
	}
	sorted := slices.Sorted(slices.Values(perm))
	for i, p := range sorted {
		if p != i || len(perm) != len(in) {
			return ir.Invalidf("permutation %v of rank %d", perm, len(in))
		}
	}
	if len(perm) != len(in) {
		return ir.Invalidf("permutation %v of rank %d", perm, len(in))
	}
	if err := takeTables(n, in); err != nil {
		return err
	}
	shape, strides, t := make([]int, len(in)), ir.Strides(in), make(tables, len(in))
	for i, p := range perm {
		shape[i], t[i] = in[p], walk(0, 1, in[p], strides[p])
	}
	n.Run = t.kernel(nil)
	return n.Result(0, n.In[0].Type, shape)
}
