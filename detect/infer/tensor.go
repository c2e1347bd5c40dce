package infer

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// Arrays inside, gorgonia's tensors at the boundary.

// toTensor maps the element types a tensor can have.
var toTensor = map[ir.Dtype]tensor.Dtype{
	ir.Float32: tensor.Float32, ir.Float64: tensor.Float64, ir.Bool: tensor.Bool,
	ir.Int8: tensor.Int8, ir.Int16: tensor.Int16, ir.Int32: tensor.Int32, ir.Int64: tensor.Int64,
	ir.Uint8: tensor.Uint8, ir.Uint16: tensor.Uint16, ir.Uint32: tensor.Uint32, ir.Uint64: tensor.Uint64,
}

// fromTensor is the inverse of toTensor, ir.Undefined where there is none.
func fromTensor(d tensor.Dtype) ir.Dtype {
	for from, to := range toTensor {
		if to == d {
			return from
		}
	}
	return ir.Undefined
}

// arrayOf shares the elements of a tensor that is dense and row-major.
func arrayOf(t tensor.Tensor) (*ir.Array, error) {
	d, ok := t.(*tensor.Dense)
	if !ok || d.RequiresIterator() || !d.DataOrder().IsRowMajor() || d.IsMasked() {
		return nil, fmt.Errorf("tensor of type %T is not dense and row-major: %w", t, ErrTensor)
	}
	a := &ir.Array{Type: fromTensor(d.Dtype()), Shape: append([]int(nil), d.Shape()...)}
	switch a.Type {
	case ir.Float32:
		a.Data = d.Float32s()
	case ir.Float64:
		a.Data = d.Float64s()
	case ir.Bool:
		a.Data = d.Bools()
	case ir.Int8:
		a.Data = d.Int8s()
	case ir.Int16:
		a.Data = d.Int16s()
	case ir.Int32:
		a.Data = d.Int32s()
	case ir.Int64:
		a.Data = d.Int64s()
	case ir.Uint8:
		a.Data = d.Uint8s()
	case ir.Uint16:
		a.Data = d.Uint16s()
	case ir.Uint32:
		a.Data = d.Uint32s()
	case ir.Uint64:
		a.Data = d.Uint64s()
	default:
		return nil, fmt.Errorf("tensor of %v: %w", d.Dtype(), ErrTensor)
	}
	return a, nil
}

// tensorOf makes a tensor that shares the elements of a, of shape (1) where a is
// a scalar.
func tensorOf(a *ir.Array) *tensor.Dense {
	shape := a.Shape
	if len(shape) == 0 {
		shape = []int{1}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(a.Make().Data))
}

// read copies the elements of t to a. It allocates nothing where they are
// float32.
func read(a *ir.Array, t *tensor.Dense) {
	if a.Type == ir.Float32 {
		copy(ir.Of[float32](a), t.Float32s())
		return
	}
	src, _ := arrayOf(t) // fits has checked it
	ir.Copy(a, src)
}

// write copies the elements of a to t.
func write(t *tensor.Dense, a *ir.Array) {
	if a.Type == ir.Float32 {
		copy(t.Float32s(), ir.Of[float32](a))
		return
	}
	dst, _ := arrayOf(t) // fits has checked it
	ir.Copy(dst, a)
}
