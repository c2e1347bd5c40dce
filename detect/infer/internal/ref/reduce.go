package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildSoftmax is Operators.md#Softmax and LogSoftmax. Up to version 12 the
// input counts as a matrix split before axis (default 1) and its rows are
// normalised; from 13 on the one axis is (default −1).
func buildSoftmax(logarithm bool) func(*ir.Node) error {
	return func(n *ir.Node) error {
		if err := n.Arity(1, 1, 1); err != nil {
			return err
		}
		if err := n.Float(0); err != nil {
			return err
		}
		in, def := n.In[0].Shape, -1
		if n.Opset < 13 {
			def = 1
		}
		axis, err := ir.Axis(n.Int("axis", def), len(in))
		if err != nil {
			return err
		}
		if err := n.Done(); err != nil {
			return err
		}
		size, inner := in[axis], product(in[axis+1:])
		if n.Opset < 13 {
			size, inner = size*inner, 1
		}
		n.InPlace = true
		n.Run = func(c *ir.Call) {
			x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
			if len(y) == 0 {
				return
			}
			for i := range len(y) / size {
				at := i/inner*size*inner + i%inner
				softmax(y[at:], x[at:], size, inner, logarithm)
			}
		}
		return n.Result(0, ir.Float32, in)
	}
}

// softmax normalises size elements that lie step apart. The largest is
// subtracted first, so that no exponential overflows.
func softmax(y, x []float32, size, step int, logarithm bool) {
	top := math.Inf(-1)
	for i := range size {
		top = max(top, float64(x[i*step]))
	}
	sum := 0.0
	for i := range size {
		sum += math.Exp(float64(x[i*step]) - top)
	}
	for i := range size {
		d := float64(x[i*step]) - top
		if logarithm {
			y[i*step] = float32(d - math.Log(sum))
		} else {
			y[i*step] = float32(math.Exp(d) / sum)
		}
	}
}

// reduction folds the elements of one result; finish is given their number.
type reduction struct {
	first  float64
	fold   func(acc, x float64) float64
	finish func(acc float64, count int) float64
}

func done(acc float64, _ int) float64   { return acc }
func plus(acc, x float64) float64       { return acc + x }
func plusSquare(acc, x float64) float64 { return acc + x*x }

// buildReduce is Operators.md#ReduceSum and its kin: axes are an attribute, or
// an input (ReduceSum from version 13 on, the others from 18).
func (r reduction) buildReduce(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	in := n.In[0].Shape
	list, given, err := axes(n, len(in))
	if err != nil {
		return err
	}
	keep, noop := n.Flag("keepdims", true), n.Flag("noop_with_empty_axes", false)
	if err := n.Done(); err != nil {
		return err
	}
	if len(list) == 0 && noop {
		return ir.Unsupportedf("noop_with_empty_axes without axes")
	}
	if !given || len(list) == 0 {
		list = nil
		for i := range in {
			list = append(list, i)
		}
	}
	// Strides in the result: zero along what is folded.
	kept, full := []int(nil), slices.Clone(in)
	count := 1
	for i, d := range in {
		if slices.Contains(list, i) {
			full[i] = 1
			count *= d
		} else {
			kept = append(kept, d)
		}
	}
	strides := stretch(full, in)
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		acc := make([]float64, len(y))
		for i := range acc {
			acc[i] = r.first
		}
		lines(in, [][]int{strides}, func(at int, from []int, count int, step []int) {
			for k, v := range x[at : at+count] {
				acc[from[0]+k*step[0]] = r.fold(acc[from[0]+k*step[0]], float64(v))
			}
		})
		for i, v := range acc {
			y[i] = float32(r.finish(v, count))
		}
	}
	n.Heavy = true
	if keep {
		return n.Result(0, ir.Float32, full)
	}
	return n.Result(0, ir.Float32, kept)
}

// buildBatchNormalization is Operators.md#BatchNormalization for inference:
// (x − mean)/√(var + ε)·scale + B, per channel.
func buildBatchNormalization(n *ir.Node) error {
	if err := n.Arity(5, 5, -1); err != nil {
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
