package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildBatchNormalization is Operators.md#BatchNormalization for inference:
// (x − mean)/√(var + ε)·scale + B, per channel.
func buildBatchNormalization(n *ir.Node) error {
	if err := n.Arity(5, 5, 5); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2, 3, 4); err != nil {
		return err
	}
	eps := float64(n.Number("epsilon", 1e-5))
	n.Number("momentum", 0.9) // training only
	if n.Int("training_mode", 0) != 0 || n.Int("spatial", 1) != 1 {
		return ir.Unsupportedf("training or non-spatial mode")
	}
	for _, v := range n.Out[1:] {
		if v != nil {
			return ir.Unsupportedf("outputs of training")
		}
	}
	if err := n.Done(); err != nil {
		return err
	}
	in := n.In[0].Shape
	if len(in) < 2 {
		return ir.Invalidf("input of shape %v", in)
	}
	for _, v := range n.In[1:] {
		if !slices.Equal(v.Shape, in[1:2]) {
			return ir.Invalidf("statistics of shape %v for %d channels", v.Shape, in[1])
		}
	}
	channels, inner := in[1], product(in[2:])
	n.InPlace = true
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		scale, bias := ir.Of[float32](c.In[1]), ir.Of[float32](c.In[2])
		mean, variance := ir.Of[float32](c.In[3]), ir.Of[float32](c.In[4])
		for p := range product(in[:2]) {
			ch := p % channels
			f := float64(scale[ch]) / math.Sqrt(float64(variance[ch])+eps)
			for i, v := range x[p*inner:][:inner] {
				y[p*inner+i] = float32((float64(v)-float64(mean[ch]))*f + float64(bias[ch]))
			}
		}
	}
	return n.Result(0, ir.Float32, in)
}
