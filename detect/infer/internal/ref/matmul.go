package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildMatMul is Operators.md#MatMul, numpy's matmul: matrices in the last two
// dimensions, the others broadcast; a vector counts as a row or a column.
func buildMatMul(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if err := numeric(n, 0); err != nil {
		return err
	}
	if n.In[0].Type != n.In[1].Type {
		return ir.Invalidf("inputs of type %v and %v", n.In[0].Type, n.In[1].Type)
	}
	a, b := n.In[0].Shape, n.In[1].Shape
	if len(a) == 0 || len(b) == 0 {
		return ir.Invalidf("inputs of shape %v and %v", a, b)
	}
	row, column := len(a) == 1, len(b) == 1
	if row {
		a = []int{1, a[0]}
	}
	if column {
		b = []int{b[0], 1}
	}
	ra, rb := len(a)-2, len(b)-2
	m, k, cols := a[ra], a[ra+1], b[rb+1]
	if b[rb] != k {
		return ir.Invalidf("inputs of shape %v and %v", n.In[0].Shape, n.In[1].Shape)
	}
	batch, err := broadcast(a[:ra], b[:rb])
	if err != nil {
		return err
	}
	shape := slices.Clone(batch)
	if !row {
		shape = append(shape, m)
	}
	if !column {
		shape = append(shape, cols)
	}
	sa, sb := stretch(a[:ra], batch), stretch(b[:rb], batch)
	n.Heavy = true
	if d := n.In[0].Type; d != ir.Float32 {
		n.Run = func(c *ir.Call) {
			x, w, y := scalarsOf(c.In[0]), scalarsOf(c.In[1]), scalarsOf(c.Out[0])
			for r := range product(batch) * m {
				ia, ib := locate(r/m, batch, sa)*m*k+r%m*k, locate(r/m, batch, sb)*k*cols
				for j := range cols {
					sum, whole := 0.0, int64(0)
					for l := range k {
						sum += x.float(ia+l) * w.float(ib+l*cols+j)
						whole += x.whole(ia+l) * w.whole(ib+l*cols+j)
					}
					if d == ir.Float64 {
						y.setFloat(r*cols+j, sum)
					} else {
						y.setWhole(r*cols+j, whole)
					}
				}
			}
		}
		return n.Result(0, d, shape)
	}
	n.Run = func(c *ir.Call) {
		x, w, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.In[1]), ir.Of[float32](c.Out[0])
		spread(c.Threads, product(batch)*m, 1, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				ia, ib := locate(r/m, batch, sa), locate(r/m, batch, sb)
				rowTimes(y[r*cols:][:cols], x[ia*m*k+r%m*k:][:k], w[ib*k*cols:][:k*cols])
			}
		})
	}
	return n.Result(0, ir.Float32, shape)
}

// locate turns a flat index over shape into one over an array read with strides.
func locate(flat int, shape, strides []int) (at int) {
	for i := len(shape) - 1; i >= 0; i-- {
		at += flat % shape[i] * strides[i]
		flat /= shape[i]
	}
	return at
}

// longSum is how many products make a sum that is worth adding up eight at a
// time, in float32, instead of one by one in float64.
const longSum = 64

// rowTimes computes y = a·b, where b has a row of len(y) for each element of a.
func rowTimes(y, a, b []float32) {
	cols, l := len(y), 0
	clear(y)
	if len(a) < longSum || len(b) > math.MaxInt32 {
		for j := range y {
			sum := 0.0
			for l, v := range a {
				sum += float64(v) * float64(b[l*cols+j])
			}
			y[j] = float32(sum)
		}
		return
	}
	var at [8]int32
	for ; l+8 <= len(a); l += 8 {
		for i := range at {
			at[i] = int32((l + i) * cols)
		}
		add8(y, b, at[:], a[l:])
	}
	for ; l < len(a); l++ {
		add1(y, b[l*cols:], a[l])
	}
}

// buildGemm is Operators.md#Gemm: α·A'·B' + β·C, C broadcast one way.
func buildGemm(n *ir.Node) error {
	if err := n.Arity(2, 3, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2); err != nil {
		return err
	}
	alpha, beta := n.Number("alpha", 1), n.Number("beta", 1)
	ta, tb := n.Flag("transA", false), n.Flag("transB", false)
	n.Flag("broadcast", false) // version 6: what shapes meet is checked anyway
	if err := n.Done(); err != nil {
		return err
	}
	a, b := n.In[0].Shape, n.In[1].Shape
	if len(a) != 2 || len(b) != 2 {
		return ir.Invalidf("inputs of shape %v and %v", a, b)
	}
	m, k, rowA, stepA := a[0], a[1], a[1], 1
	if ta {
		m, k, rowA, stepA = a[1], a[0], 1, a[1]
	}
	kb, cols, rowB, colB := b[0], b[1], b[1], 1
	if tb {
		kb, cols, rowB, colB = b[1], b[0], 1, b[1]
	}
	if k != kb {
		return ir.Invalidf("inputs of shape %v and %v", a, b)
	}
	shape := []int{m, cols}
	var sc []int
	if v := n.Input(2); v != nil {
		meet, err := broadcast(v.Shape, shape)
		if err != nil || !slices.Equal(meet, shape) {
			return ir.Invalidf("input C of shape %v for %v", v.Shape, shape)
		}
		sc = stretch(v.Shape, shape)
	}
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		x, w, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.In[1]), ir.Of[float32](c.Out[0])
		spread(c.Threads, m, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				for j := range cols {
					sum := 0.0
					for l := range k {
						sum += float64(x[i*rowA+l*stepA]) * float64(w[l*rowB+j*colB])
					}
					sum *= float64(alpha)
					if sc != nil {
						sum += float64(beta) * float64(ir.Of[float32](c.In[2])[i*sc[0]+j*sc[1]])
					}
					y[i*cols+j] = float32(sum)
				}
			}
		})
	}
	return n.Result(0, ir.Float32, shape)
}
