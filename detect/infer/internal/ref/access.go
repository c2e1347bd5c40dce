package ref

import "github.com/fitveil/fitveil/detect/infer/internal/ir"

// Access to elements of any type, one by one: for operators that are not worth
// a loop of their own for each type.

// mover copies single elements between two arrays of one type.
type mover interface {
	move(to, from int)
	fill(to int, one *ir.Array) // the one element of an array; nil fills with zero
}

type pair[T ir.Elem] struct{ dst, src []T }

func (p pair[T]) move(to, from int)          { p.dst[to] = p.src[from] }
func (p pair[T]) fill(to int, one *ir.Array) { p.dst[to] = filler[T](one) }

func between(dst, src *ir.Array) mover {
	switch s := src.Data.(type) {
	case []float32:
		return pair[float32]{ir.Of[float32](dst), s}
	case []float64:
		return pair[float64]{ir.Of[float64](dst), s}
	case []int8:
		return pair[int8]{ir.Of[int8](dst), s}
	case []int16:
		return pair[int16]{ir.Of[int16](dst), s}
	case []int32:
		return pair[int32]{ir.Of[int32](dst), s}
	case []int64:
		return pair[int64]{ir.Of[int64](dst), s}
	case []uint8:
		return pair[uint8]{ir.Of[uint8](dst), s}
	case []uint16:
		return pair[uint16]{ir.Of[uint16](dst), s}
	case []uint32:
		return pair[uint32]{ir.Of[uint32](dst), s}
	case []uint64:
		return pair[uint64]{ir.Of[uint64](dst), s}
	case []bool:
		return pair[bool]{ir.Of[bool](dst), s}
	case []ir.Half:
		return pair[ir.Half]{ir.Of[ir.Half](dst), s}
	case []ir.Brain:
		return pair[ir.Brain]{ir.Of[ir.Brain](dst), s}
	}
	panic("ref: no elements of " + src.Type.String())
}

// scalars reads and writes the numbers of an array, wide enough for all of them
// but uint64 above the largest int64.
type scalars interface {
	float(i int) float64
	whole(i int) int64
	setFloat(i int, v float64)
	setWhole(i int, v int64)
}

type elements[T number] []T

func (e elements[T]) float(i int) float64       { return float64(e[i]) }
func (e elements[T]) whole(i int) int64         { return int64(e[i]) }
func (e elements[T]) setFloat(i int, v float64) { e[i] = T(v) }
func (e elements[T]) setWhole(i int, v int64)   { e[i] = T(v) }

type flags []bool

func (e flags) float(i int) float64       { return float64(e.whole(i)) }
func (e flags) setFloat(i int, v float64) { e[i] = v != 0 }
func (e flags) setWhole(i int, v int64)   { e[i] = v != 0 }
func (e flags) whole(i int) int64 {
	if e[i] {
		return 1
	}
	return 0
}

func scalarsOf(a *ir.Array) scalars {
	switch d := a.Data.(type) {
	case []float32:
		return elements[float32](d)
	case []float64:
		return elements[float64](d)
	case []int8:
		return elements[int8](d)
	case []int16:
		return elements[int16](d)
	case []int32:
		return elements[int32](d)
	case []int64:
		return elements[int64](d)
	case []uint8:
		return elements[uint8](d)
	case []uint16:
		return elements[uint16](d)
	case []uint32:
		return elements[uint32](d)
	case []uint64:
		return elements[uint64](d)
	case []bool:
		return flags(d)
	}
	panic("ref: no numbers of " + a.Type.String())
}

func isFloat(d ir.Dtype) bool { return d == ir.Float32 || d == ir.Float64 }

// isWhole reports whether d is a type of integers that int64 holds.
func isWhole(d ir.Dtype) bool {
	switch d {
	case ir.Int8, ir.Int16, ir.Int32, ir.Int64, ir.Uint8, ir.Uint16, ir.Uint32:
		return true
	}
	return false
}

// numeric requires input i to hold numbers, uint64 not among them.
func numeric(n *ir.Node, i int) error {
	if v := n.Input(i); v != nil && !isFloat(v.Type) && !isWhole(v.Type) {
		return ir.Unsupportedf("input %d is %v", i, v.Type)
	}
	return nil
}

// floats requires the given inputs to be float32 or float64, all of one type.
func floats(n *ir.Node, inputs ...int) error {
	for _, i := range inputs {
		v := n.Input(i)
		if v == nil {
			continue
		}
		if !isFloat(v.Type) || v.Type != n.In[inputs[0]].Type {
			return ir.Unsupportedf("input %d is %v, float32 and float64 are computed", i, v.Type)
		}
	}
	return nil
}

// indices requires input i to hold int64 or int32.
func indices(n *ir.Node, i int) error {
	if v := n.In[i]; v.Type != ir.Int64 && v.Type != ir.Int32 {
		return ir.Invalidf("input %d is %v, want int64", i, v.Type)
	}
	return nil
}

// within64 resolves an index of size elements that may count from the end.
func within64(v int64, size int) (int, error) {
	if v < -int64(size) || v >= int64(size) {
		return 0, ir.Dataf("index %d into %d", v, size)
	}
	if v < 0 {
		v += int64(size)
	}
	return int(v), nil
}

// constInt reads input i, a constant of one integer.
func constInt(n *ir.Node, i int) (int, error) {
	v := n.Input(i)
	if v != nil && v.Len() != 1 {
		return 0, ir.Invalidf("input %d has shape %v, want one number", i, v.Shape)
	}
	list, err := n.ConstInts(i)
	if err != nil {
		return 0, err
	}
	return list[0], nil
}
