package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildPad is Operators.md#Pad: pads are an attribute up to version 2, inputs
// from 11 on. Negative pads crop.
func buildPad(n *ir.Node) error {
	if err := n.Arity(1, 4, 1); err != nil {
		return err
	}
	x := n.In[0]
	rank := len(x.Shape)
	mode := n.Word("mode", "constant", "reflect", "edge", "wrap")
	pads, err := n.Ints("pads"), error(nil)
	var fill *ir.Array
	if v := n.Number("value", 0); n.Has("value") {
		fill = &ir.Array{Type: ir.Float32, Data: []float32{v}}
	}
	if n.Input(1) != nil {
		if pads, err = n.ConstInts(1); err != nil {
			return err
		}
	}
	if v := n.Input(2); v != nil && v.Len() > 0 {
		if fill = v.Const; fill == nil {
			return ir.Unsupportedf("padding value computed at run time")
		}
	}
	if fill != nil && (fill.Type != x.Type || fill.Len() != 1) {
		return ir.Invalidf("padding value of type %v for input of type %v", fill.Type, x.Type)
	}
	picked, err := padAxes(n, rank)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if len(pads) != 2*len(picked) {
		return ir.Invalidf("%d pads for %d axes", len(pads), len(picked))
	}
	before, shape := make([]int, rank), slices.Clone(x.Shape)
	for i, a := range picked {
		lo, hi := pads[i], pads[len(picked)+i]
		if min(lo, hi) < -n.MaxLen || max(lo, hi) > n.MaxLen {
			return ir.TooLargef("pads %v", pads)
		}
		before[a], shape[a] = lo, shape[a]+lo+hi
	}
	if err := moved(n, shape); err != nil {
		return err
	}
	strides, t := ir.Strides(x.Shape), make(tables, rank)
	for k, size := range x.Shape {
		if t[k], err = padTable(mode, size, before[k], shape[k], strides[k]); err != nil {
			return err
		}
	}
	n.Run = t.kernel(fill)
	return nil
}

// padAxes are the axes that pads speak of: all, or those of input 3 (version 18).
func padAxes(n *ir.Node, rank int) ([]int, error) {
	var picked []int
	if n.Input(3) == nil {
		for i := range rank {
			picked = append(picked, i)
		}
		return picked, nil
	}
	list, err := n.ConstInts(3)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if a, err = ir.Axis(a, rank); err != nil {
			return nil, err
		}
		if slices.Contains(picked, a) {
			return nil, ir.Invalidf("axis %d twice", a)
		}
		picked = append(picked, a)
	}
	return picked, nil
}

func padTable(mode string, size, before, out, stride int) ([]int, error) {
	table := make([]int, out)
	if mode != "constant" && size == 0 && out > 0 {
		return nil, ir.Invalidf("padding of an empty axis by mode %s", mode)
	}
	for i := range table {
		at := i - before
		switch {
		case mode == "edge":
			at = max(0, min(size-1, at))
		case mode == "wrap":
			at = ((at % size) + size) % size
		case mode == "reflect" && size == 1:
			at = 0
		case mode == "reflect":
			period := 2 * (size - 1)
			if at = ((at % period) + period) % period; at >= size {
				at = period - at
			}
		}
		if table[i] = at * stride; at < 0 || at >= size {
			table[i] = -1
		}
	}
	return table, nil
}

// buildSlice is Operators.md#Slice: attributes up to version 9, inputs from 10 on.
func buildSlice(n *ir.Node) error {
	if err := n.Arity(1, 5, 1); err != nil {
		return err
	}
	var given [4][]int // starts, ends, axes, steps
	given[0], given[1], given[2] = n.Ints("starts"), n.Ints("ends"), n.Ints("axes")
	if err := n.Done(); err != nil {
		return err
	}
	for i := range given {
		if n.Input(1+i) != nil {
			var err error
			if given[i], err = clampedInts(n, 1+i); err != nil {
				return err
			}
		}
	}
	starts, ends, picked, steps := given[0], given[1], given[2], given[3]
	x := n.In[0]
	if picked == nil {
		for i := range starts {
			picked = append(picked, i)
		}
	}
	if len(ends) != len(starts) || len(picked) != len(starts) || steps != nil && len(steps) != len(starts) {
		return ir.Invalidf("%d starts, %d ends, %d axes, %d steps", len(starts), len(ends), len(picked), len(steps))
	}
	if err := takeTables(n, x.Shape); err != nil {
		return err
	}
	shape, strides, t := slices.Clone(x.Shape), ir.Strides(x.Shape), straight(x.Shape)
	var seen []int
	for i, a := range picked {
		a, err := ir.Axis(a, len(shape))
		if err != nil {
			return err
		}
		if slices.Contains(seen, a) {
			return ir.Invalidf("axis %d twice", a)
		}
		seen = append(seen, a)
		step := 1
		if steps != nil {
			step = steps[i]
		}
		if step == 0 {
			return ir.Invalidf("step 0")
		}
		start, count := cut(starts[i], ends[i], step, shape[a])
		shape[a], t[a] = count, walk(start, step, count, strides[a])
	}
	n.Run = t.kernel(nil)
	return n.Result(0, x.Type, shape)
}

// clampedInts is ConstInts for lists where a number beyond every size, such as
// the largest int64, means "to the end".
func clampedInts(n *ir.Node, i int) ([]int, error) {
	v := n.Input(i)
	if v.Const == nil || v.Const.Type != ir.Int64 {
		return n.ConstInts(i)
	}
	out := make([]int, v.Const.Len())
	for j, x := range ir.Of[int64](v.Const) {
		out[j] = int(max(math.MinInt32, min(math.MaxInt32, x)))
	}
	return out, nil
}

// cut resolves start and end of a slice as Python does: negative counts from
// the end, what lies outside is clamped.
func cut(start, end, step, size int) (first, count int) {
	if start < 0 {
		start += size
	}
	if end < 0 {
		end += size
	}
	if step > 0 {
		start, end = max(0, min(start, size)), max(0, min(end, size))
		return start, max(0, (end-start-1)/step+1) * within(start < end)
	}
	start, end = max(-1, min(start, size-1)), max(-1, min(end, size-1))
	return start, max(0, (start-end-1)/-step+1) * within(start > end)
}

func within(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// buildGather is Operators.md#Gather.
func buildGather(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	x := n.In[0]
	axis, err := ir.Axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if n.In[1].Const == nil {
		return gatherAtRun(n, axis)
	}
	index, err := n.ConstInts(1)
	if err != nil {
		return err
	}
	shape := slices.Concat(x.Shape[:axis], n.In[1].Shape, x.Shape[axis+1:])
	if err := moved(n, shape); err != nil {
		return err
	}
	// The indices count as one axis, whatever their shape.
	t, stride := straight(x.Shape), ir.Strides(x.Shape)[axis]
	t[axis] = make([]int, len(index))
	for i, v := range index {
		if v, err = ir.Axis(v, x.Shape[axis]); err != nil {
			return ir.Invalidf("index %d into %d", index[i], x.Shape[axis])
		}
		t[axis][i] = v * stride
	}
	n.Run = t.kernel(nil)
	return nil
}

// buildExpand is Operators.md#Expand: broadcasting to a shape.
func buildExpand(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	want, err := n.ConstInts(1)
	if err != nil {
		return err
	}
	x := n.In[0]
	shape, err := broadcast(x.Shape, want)
	if err != nil {
		return err
	}
	if err := moved(n, shape); err != nil {
		return err
	}
	t := make(tables, len(shape))
	for k, s := range stretch(x.Shape, shape) {
		t[k] = walk(0, 1, shape[k], s)
	}
	n.Run = t.kernel(nil)
	return nil
}

// buildTile is Operators.md#Tile from version 6 on: repeats[k] copies along axis k.
func buildTile(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	repeats, err := n.ConstInts(1)
	if err != nil {
		return err
	}
	x := n.In[0]
	if len(repeats) != len(x.Shape) {
		return ir.Invalidf("%d repeats for rank %d", len(repeats), len(x.Shape))
	}
	shape := slices.Clone(x.Shape)
	for k, r := range repeats {
		if r < 0 {
			return ir.Invalidf("repeats %v", repeats)
		}
		if r > n.MaxLen {
			return ir.TooLargef("repeats %v", repeats)
		}
		shape[k] *= r
	}
	if err := moved(n, shape); err != nil {
		return err
	}
	t := straight(x.Shape)
	for k, r := range repeats {
		t[k] = slices.Repeat(t[k], r)
	}
	n.Run = t.kernel(nil)
	return nil
}

// buildDepthToSpace is Operators.md#DepthToSpace: blocks of channels become
// pixels, in order DCR (default) or CRD.
func buildDepthToSpace(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	in, b := n.In[0].Shape, n.Int("blocksize", 0)
	mode := n.Word("mode", "DCR", "CRD")
	if err := n.Done(); err != nil {
		return err
	}
	if len(in) != 4 || b < 1 || b > 1<<10 || in[1]%(b*b) != 0 {
		return ir.Invalidf("input of shape %v, block size %d", in, b)
	}
	c := in[1] / (b * b)
	if err := moved(n, []int{in[0], c, in[2] * b, in[3] * b}); err != nil {
		return err
	}
	s := ir.Strides(in)
	dy, dx, ch := b*c*s[1], c*s[1], s[1] // DCR: channel is (dy, dx, c)
	if mode == "CRD" {                   // channel is (c, dy, dx)
		dy, dx, ch = b*s[1], s[1], b*b*s[1]
	}
	t := tables{
		walk(0, 1, in[0], s[0]), walk(0, 1, c, ch),
		walk(0, 1, in[2], s[2]), walk(0, 1, b, dy), walk(0, 1, in[3], 1), walk(0, 1, b, dx),
	}
	n.Run = t.kernel(nil)
	return nil
}
