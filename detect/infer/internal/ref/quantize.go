package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// quantization are the scale and zero point of QuantizeLinear and
// DequantizeLinear: one for all, or one for each place along an axis.
type quantization struct{ size, inner int }

// readQuantization checks scale (input 1) and zero point (input 2).
func readQuantization(n *ir.Node) (*quantization, error) {
	if err := n.Arity(2, 3, 1); err != nil {
		return nil, err
	}
	if err := n.Float(1); err != nil {
		return nil, err
	}
	x, scale := n.In[0].Shape, n.In[1].Shape
	axis, block := n.Int("axis", 1), n.Int("block_size", 0)
	n.Flag("saturate", true) // concerns 8-bit floats only
	if z := n.Input(2); z != nil && !slices.Equal(z.Shape, scale) {
		return nil, ir.Invalidf("scale of shape %v, zero point of shape %v", scale, z.Shape)
	}
	if block != 0 {
		return nil, ir.Unsupportedf("block_size %d", block)
	}
	if product(scale) == 1 && len(scale) <= 1 {
		return &quantization{1, max(product(x), 1)}, nil
	}
	axis, err := ir.Axis(axis, len(x))
	if err != nil {
		return nil, err
	}
	if !slices.Equal(scale, x[axis:axis+1]) {
		return nil, ir.Invalidf("scale of shape %v for axis %d of input of shape %v", scale, axis, x)
	}
	return &quantization{x[axis], product(x[axis+1:])}, nil
}

// at returns scale and zero point of element i.
func (q *quantization) at(c *ir.Call) func(i int) (scale float32, zero int64) {
	s := ir.Of[float32](c.In[1])
	if len(c.In) < 3 || c.In[2] == nil {
		return func(i int) (float32, int64) { return s[i/q.inner%q.size], 0 }
	}
	z := scalarsOf(c.In[2])
	return func(i int) (float32, int64) { k := i / q.inner % q.size; return s[k], z.whole(k) }
}

// buildDequantizeLinear is Operators.md#DequantizeLinear: (x − zero)·scale.
func buildDequantizeLinear(n *ir.Node) error {
	q, err := readQuantization(n)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if x, z := n.In[0], n.Input(2); !isWhole(x.Type) || z != nil && z.Type != x.Type {
		return ir.Unsupportedf("input of %v", x.Type)
	}
	n.Run = func(c *ir.Call) {
		x, y, at := scalarsOf(c.In[0]), ir.Of[float32](c.Out[0]), q.at(c)
		for i := range y {
			scale, zero := at(i)
			y[i] = float32(x.whole(i)-zero) * scale
		}
	}
	return n.Result(0, ir.Float32, n.In[0].Shape)
}

// wholeRange are the bounds of the types QuantizeLinear makes.
var wholeRange = map[ir.Dtype][2]float64{
	ir.Int8: {math.MinInt8, math.MaxInt8}, ir.Uint8: {0, math.MaxUint8},
	ir.Int16: {math.MinInt16, math.MaxInt16}, ir.Uint16: {0, math.MaxUint16},
}

// buildQuantizeLinear is Operators.md#QuantizeLinear: x/scale rounded to even,
// plus the zero point, saturated. Without a zero point the result is uint8.
func buildQuantizeLinear(n *ir.Node) error {
	q, err := readQuantization(n)
	if err != nil {
		return err
	}
	to := ir.Dtype(n.Int("output_dtype", 0))
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	switch z := n.Input(2); {
	case z != nil && to != 0 && z.Type != to:
		return ir.Invalidf("output_dtype %v, zero point of %v", to, z.Type)
	case z != nil:
		to = z.Type
	case to == 0:
		to = ir.Uint8
	}
	limits, ok := wholeRange[to]
	if !ok {
		return ir.Unsupportedf("output of %v", to)
	}
	n.Run = func(c *ir.Call) {
		x, y, at := ir.Of[float32](c.In[0]), scalarsOf(c.Out[0]), q.at(c)
		for i, v := range x {
			scale, zero := at(i)
			r := math.RoundToEven(float64(v/scale)) + float64(zero)
			if r != r {
				r = float64(zero)
			}
			y.setFloat(i, min(max(r, limits[0]), limits[1]))
		}
	}
	return n.Result(0, to, n.In[0].Shape)
}
