package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildConcat is Operators.md#Concat: inputs of one type, equal in every
// dimension but the axis, one after the other along it.
func buildConcat(n *ir.Node) error {
	if err := n.Arity(1, -1, 1); err != nil {
		return err
	}
	first := n.In[0]
	if n.Opset >= 4 && !n.Has("axis") {
		return ir.Invalidf("attribute \"axis\" is missing")
	}
	axis, err := ir.Axis(n.Int("axis", 1), len(first.Shape))
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	shape := slices.Clone(first.Shape)
	shape[axis] = 0
	sizes := make([]int, len(n.In))
	inner := product(shape[axis+1:])
	for i, v := range n.In {
		if v == nil {
			return ir.Invalidf("input %d is absent", i)
		}
		if v.Type != first.Type || len(v.Shape) != len(shape) || !equalBut(v.Shape, first.Shape, axis) {
			return ir.Invalidf("inputs %v %v and %v %v along axis %d", first.Type, first.Shape, v.Type, v.Shape, axis)
		}
		if shape[axis] += v.Shape[axis]; shape[axis] > n.MaxLen {
			return ir.TooLargef("%d along axis %d", shape[axis], axis)
		}
		sizes[i] = v.Shape[axis] * inner
	}
	if err := n.Result(0, first.Type, shape); err != nil {
		return err
	}
	outer := product(shape[:axis])
	n.Run = func(c *ir.Call) {
		at, row := 0, c.Out[0].Len()/max(outer, 1)
		for i, in := range c.In {
			copyBlocks(c.Out[0], in, outer, sizes[i], at, row, 0, sizes[i])
			at += sizes[i]
		}
	}
	return nil
}

// buildSplit is Operators.md#Split. The sizes are an attribute up to version
// 11, an input from 13 on; without them the parts are equal, and from version
// 18 on the last may be smaller.
func buildSplit(n *ir.Node) error {
	if err := n.Arity(1, 2, -1); err != nil {
		return err
	}
	x := n.In[0]
	axis, err := ir.Axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	parts := n.Ints("split")
	count := n.Int("num_outputs", len(n.Out))
	if n.Input(1) != nil {
		if parts, err = n.ConstInts(1); err != nil {
			return err
		}
	}
	if err := n.Done(); err != nil {
		return err
	}
	if count != len(n.Out) {
		return ir.Invalidf("num_outputs %d, %d outputs", count, len(n.Out))
	}
	total := x.Shape[axis]
	if parts == nil {
		parts = equalParts(total, count)
	}
	sum := 0
	for _, p := range parts {
		if p < 0 || p > total {
			return ir.Invalidf("parts %v of %d", parts, total)
		}
		sum += p
	}
	if len(parts) != len(n.Out) || sum != total || n.Opset < 18 && n.Input(1) == nil && !n.Has("split") && total%count != 0 {
		return ir.Invalidf("%d outputs for parts %v of %d", len(n.Out), parts, total)
	}
	for i, p := range parts {
		shape := slices.Clone(x.Shape)
		shape[axis] = p
		if err := n.Result(i, x.Type, shape); err != nil {
			return err
		}
	}
	outer, inner := product(x.Shape[:axis]), product(x.Shape[axis+1:])
	n.Run = func(c *ir.Call) {
		at := 0
		for i, out := range c.Out {
			size := parts[i] * inner
			if out != nil {
				copyBlocks(out, c.In[0], outer, size, 0, size, at, total*inner)
			}
			at += size
		}
	}
	return nil
}

// equalParts divides total into count parts of one size, the last being what is left.
func equalParts(total, count int) []int {
	size := (total + count - 1) / count
	parts := make([]int, count)
	for i := range parts {
		parts[i] = max(0, min(size, total-i*size))
	}
	return parts
}

func product(shape []int) int {
	n, _ := ir.Count(shape)
	return n
}

func equalBut(a, b []int, axis int) bool {
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}

// copyBlocks copies count blocks of size elements: in the destination they
// start at dstAt and repeat every dstRow, in the source likewise.
func copyBlocks(dst, src *ir.Array, count, size, dstAt, dstRow, srcAt, srcRow int) {
	switch s := src.Data.(type) {
	case []float32:
		blocks(ir.Of[float32](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []float64:
		blocks(ir.Of[float64](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []int8:
		blocks(ir.Of[int8](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []int16:
		blocks(ir.Of[int16](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []int32:
		blocks(ir.Of[int32](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []int64:
		blocks(ir.Of[int64](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []uint8:
		blocks(ir.Of[uint8](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []uint16:
		blocks(ir.Of[uint16](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []uint32:
		blocks(ir.Of[uint32](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []uint64:
		blocks(ir.Of[uint64](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []bool:
		blocks(ir.Of[bool](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []ir.Half:
		blocks(ir.Of[ir.Half](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	case []ir.Brain:
		blocks(ir.Of[ir.Brain](dst), s, count, size, dstAt, dstRow, srcAt, srcRow)
	}
}

func blocks[T ir.Elem](dst, src []T, count, size, dstAt, dstRow, srcAt, srcRow int) {
	for i := range count {
		copy(dst[i*dstRow+dstAt:][:size], src[i*srcRow+srcAt:][:size])
	}
}
