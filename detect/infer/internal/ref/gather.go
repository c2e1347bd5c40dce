package ref

import (
	"strconv"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// tables describe an operator that only moves elements. Element (i0, i1, ...)
// of the result is element Σ table[k][ik] of the input; a negative entry
// anywhere means the fill value instead. Transposing, slicing, padding, tiling,
// repeating and picking by index are all of this kind.
type tables [][]int

// inner is the table of the innermost dimension, and whether its entries are
// consecutive, so that one copy serves a row.
func (t tables) inner() (table []int, consecutive bool) {
	if len(t) == 0 {
		return []int{0}, true
	}
	table = t[len(t)-1]
	for i, v := range table {
		if v < 0 || v != table[0]+i {
			return table, false
		}
	}
	return table, true
}

// kernel moves elements of any type. fill has one element of the input's type;
// nil fills with zeros.
func (t tables) kernel(fill *ir.Array) ir.Kernel {
	for _, table := range t {
		if len(table) == 0 {
			return func(*ir.Call) {}
		}
	}
	return func(c *ir.Call) {
		switch src := c.In[0].Data.(type) {
		case []float32:
			gather(t, ir.Of[float32](c.Out[0]), src, filler[float32](fill))
		case []float64:
			gather(t, ir.Of[float64](c.Out[0]), src, filler[float64](fill))
		case []int8:
			gather(t, ir.Of[int8](c.Out[0]), src, filler[int8](fill))
		case []int16:
			gather(t, ir.Of[int16](c.Out[0]), src, filler[int16](fill))
		case []int32:
			gather(t, ir.Of[int32](c.Out[0]), src, filler[int32](fill))
		case []int64:
			gather(t, ir.Of[int64](c.Out[0]), src, filler[int64](fill))
		case []uint8:
			gather(t, ir.Of[uint8](c.Out[0]), src, filler[uint8](fill))
		case []uint16:
			gather(t, ir.Of[uint16](c.Out[0]), src, filler[uint16](fill))
		case []uint32:
			gather(t, ir.Of[uint32](c.Out[0]), src, filler[uint32](fill))
		case []uint64:
			gather(t, ir.Of[uint64](c.Out[0]), src, filler[uint64](fill))
		case []bool:
			gather(t, ir.Of[bool](c.Out[0]), src, filler[bool](fill))
		case []ir.Half:
			gather(t, ir.Of[ir.Half](c.Out[0]), src, filler[ir.Half](fill))
		case []ir.Brain:
			gather(t, ir.Of[ir.Brain](c.Out[0]), src, filler[ir.Brain](fill))
		}
	}
}

func filler[T ir.Elem](fill *ir.Array) (zero T) {
	if fill == nil {
		return zero
	}
	return ir.Of[T](fill)[0]
}

func gather[T ir.Elem](t tables, dst, src []T, fill T) {
	table, consecutive := t.inner()
	var index [ir.MaxRank]int
	outer := max(len(t)-1, 0)
	for len(dst) > 0 {
		base, filled := 0, false
		for k := range outer {
			v := t[k][index[k]]
			base, filled = base+v, filled || v < 0
		}
		row := dst[:len(table)]
		switch {
		case filled:
			for i := range row {
				row[i] = fill
			}
		case consecutive:
			copy(row, src[base+table[0]:])
		default:
			for i, v := range table {
				if row[i] = fill; v >= 0 {
					row[i] = src[base+v]
				}
			}
		}
		dst = dst[len(table):]
		for k := outer - 1; k >= 0; k-- {
			if index[k]++; index[k] < len(t[k]) {
				break
			}
			index[k] = 0
		}
	}
}

// walk is the table of an axis read from start by step, count entries.
func walk(start, step, count, stride int) []int {
	table := make([]int, count)
	for i := range table {
		table[i] = (start + i*step) * stride
	}
	return table
}

// takeTables allots the memory of tables for a result of this shape; it comes
// before they are made.
func takeTables(n *ir.Node, shape []int) error {
	for _, d := range shape {
		if err := n.Memory.Take(d, strconv.IntSize/8); err != nil {
			return err
		}
	}
	return nil
}

// moved gives the node its result, of its first input's type, and allots the
// tables for it.
func moved(n *ir.Node, shape []int) error {
	if err := n.Result(0, n.In[0].Type, shape); err != nil {
		return err
	}
	return takeTables(n, shape)
}

// straight are the tables that copy an array of this shape unchanged.
func straight(shape []int) tables {
	t := make(tables, len(shape))
	for k, s := range ir.Strides(shape) {
		t[k] = walk(0, 1, shape[k], s)
	}
	return t
}
