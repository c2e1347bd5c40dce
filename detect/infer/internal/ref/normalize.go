package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// moments are mean and variance of v.
func moments(v []float32) (mean, variance float64) {
	for _, x := range v {
		mean += float64(x)
	}
	mean /= float64(len(v))
	for _, x := range v {
		variance += (float64(x) - mean) * (float64(x) - mean)
	}
	return mean, variance / float64(len(v))
}

// channelwise checks input, scale and bias of a normalisation of (N, C, ...)
// with count numbers in each of the latter.
func channelwise(n *ir.Node, count func(channels int) int) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2); err != nil {
		return err
	}
	in := n.In[0].Shape
	if len(in) < 2 || product(in) == 0 {
		return ir.Invalidf("input of shape %v", in)
	}
	for _, v := range n.In[1:] {
		if want := count(in[1]); !slices.Equal(v.Shape, []int{want}) {
			return ir.Invalidf("scale or bias of shape %v, want [%d]", v.Shape, want)
		}
	}
	return n.Result(0, ir.Float32, in)
}

// buildInstanceNormalization is Operators.md#InstanceNormalization: each channel
// of each image by its own mean and variance.
func buildInstanceNormalization(n *ir.Node) error {
	eps := float64(n.Number("epsilon", 1e-5))
	if err := n.Done(); err != nil {
		return err
	}
	if err := channelwise(n, func(c int) int { return c }); err != nil {
		return err
	}
	in := n.In[0].Shape
	n.InPlace, n.Run = true, groupwise(in, in[1], func(ch int) int { return ch }, eps)
	return nil
}

// buildGroupNormalization is Operators.md#GroupNormalization: groups of channels
// by their mean and variance. Scale and bias have a number a group in version
// 18, a number a channel from 21 on.
func buildGroupNormalization(n *ir.Node) error {
	groups, eps := n.Int("num_groups", 0), float64(n.Number("epsilon", 1e-5))
	if t := n.Int("stash_type", 1); t != 1 {
		return ir.Unsupportedf("stash_type %d", t)
	}
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	in := n.In[0].Shape
	if len(in) < 2 || groups < 1 || in[1]%groups != 0 {
		return ir.Invalidf("input of shape %v, %d groups", in, groups)
	}
	each := in[1] / groups
	count, of := func(c int) int { return c }, func(ch int) int { return ch }
	if n.Opset < 21 {
		count, of = func(int) int { return groups }, func(ch int) int { return ch / each }
	}
	if err := channelwise(n, count); err != nil {
		return err
	}
	n.InPlace, n.Run = true, groupwise(in, groups, of, eps)
	return nil
}

// groupwise normalises groups of channels; of is the index of a channel's scale
// and bias.
func groupwise(in []int, groups int, of func(channel int) int, eps float64) ir.Kernel {
	inner, each := product(in[2:]), in[1]/groups
	return func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		scale, bias := ir.Of[float32](c.In[1]), ir.Of[float32](c.In[2])
		for g := range in[0] * groups {
			at := g * each * inner
			mean, variance := moments(x[at:][:each*inner])
			f := 1 / math.Sqrt(variance+eps)
			for k := range each {
				s := of(g%groups*each + k)
				for i := range inner {
					j := at + k*inner + i
					y[j] = float32((float64(x[j])-mean)*f*float64(scale[s]) + float64(bias[s]))
				}
			}
		}
	}
}

// buildLayerNormalization is Operators.md#LayerNormalization: by mean and
// variance over the axes from axis on. Mean and inverse deviation are outputs.
func buildLayerNormalization(n *ir.Node) error {
	if err := n.Arity(2, 3, 3); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2); err != nil {
		return err
	}
	in := n.In[0].Shape
	axis, err := ir.Axis(n.Int("axis", -1), len(in))
	if err != nil {
		return err
	}
	eps := float64(n.Number("epsilon", 1e-5))
	if t := n.Int("stash_type", 1); t != 1 {
		return ir.Unsupportedf("stash_type %d", t)
	}
	if err := n.Done(); err != nil {
		return err
	}
	if product(in) == 0 {
		return ir.Unsupportedf("input of shape %v", in)
	}
	strides := make([][]int, 3) // of x, scale and bias
	for i, v := range n.In {
		if v == nil {
			return ir.Invalidf("input %d is absent", i)
		}
		if meet, err := broadcast(v.Shape, in); err != nil || !slices.Equal(meet, in) {
			return ir.Invalidf("scale or bias of shape %v for input of shape %v", v.Shape, in)
		}
		strides[i] = stretch(v.Shape, in)
	}
	size, reduced := product(in[axis:]), slices.Clone(in)
	for i := range reduced[axis:] {
		reduced[axis+i] = 1
	}
	n.Run = func(c *ir.Call) {
		x, y, scale := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0]), ir.Of[float32](c.In[1])
		for g := range len(y) / size {
			mean, variance := moments(x[g*size:][:size])
			f := 1 / math.Sqrt(variance+eps)
			for i := g * size; i < (g+1)*size; i++ {
				v := (float64(x[i]) - mean) * f * float64(scale[locate(i, in, strides[1])])
				if len(c.In) > 2 {
					v += float64(ir.Of[float32](c.In[2])[locate(i, in, strides[2])])
				}
				y[i] = float32(v)
			}
			for k, v := range []float64{mean, f} {
				if len(c.Out) > k+1 && c.Out[k+1] != nil {
					ir.Of[float32](c.Out[k+1])[g] = float32(v)
				}
			}
		}
	}
	for i := 1; i < 3; i++ {
		if err := n.Result(i, ir.Float32, reduced); err != nil {
			return err
		}
	}
	return n.Result(0, ir.Float32, in)
}

// buildMeanVarianceNormalization is Operators.md#MeanVarianceNormalization:
// (x − E[x]) / (√(E[x²] − E[x]²) + 1e-9) over axes.
func buildMeanVarianceNormalization(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	in := n.In[0].Shape
	list := n.Ints("axes")
	if list == nil {
		list = []int{0, 2, 3}
	}
	over := make([]bool, len(in))
	for _, a := range list {
		a, err := ir.Axis(a, len(in))
		if err != nil {
			return err
		}
		over[a] = true
	}
	if err := n.Done(); err != nil {
		return err
	}
	f := foldAxes(in, over)
	n.Scratch, n.Heavy = f.count, true
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		f.each(func(_ int, at func(i int) int) {
			line := c.Scratch[:f.count]
			for i := range line {
				line[i] = x[at(i)]
			}
			mean, variance := moments(line)
			for i, v := range line {
				y[at(i)] = float32((float64(v) - mean) / (math.Sqrt(variance) + 1e-9))
			}
		})
	}
	return n.Result(0, ir.Float32, in)
}

// folding reads an array as (kept axes, folded axes).
type folding struct {
	kept, folded               []int
	keptStrides, foldedStrides []int
	count                      int // elements that fold into one
}

func foldAxes(in []int, over []bool) *folding {
	f := &folding{}
	for i, s := range ir.Strides(in) {
		if over[i] {
			f.folded, f.foldedStrides = append(f.folded, in[i]), append(f.foldedStrides, s)
		} else {
			f.kept, f.keptStrides = append(f.kept, in[i]), append(f.keptStrides, s)
		}
	}
	f.count = product(f.folded)
	return f
}

// each calls do for every result; at is the place of its i-th element.
func (f *folding) each(do func(result int, at func(i int) int)) {
	for r := range product(f.kept) {
		base := locate(r, f.kept, f.keptStrides)
		do(r, func(i int) int { return base + locate(i, f.folded, f.foldedStrides) })
	}
}

// buildLRN is Operators.md#LRN: each element over a power of the squares of the
// same place in size neighbouring channels.
func buildLRN(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	alpha, beta, bias := float64(n.Number("alpha", 1e-4)), float64(n.Number("beta", 0.75)), float64(n.Number("bias", 1))
	size, in := n.Int("size", 0), n.In[0].Shape
	if err := n.Done(); err != nil {
		return err
	}
	if size < 1 || size > maxWindow || len(in) < 2 {
		return ir.Invalidf("size %d for input of shape %v", size, in)
	}
	channels, inner := in[1], product(in[2:])
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		for i := range y {
			ch, sum := i/inner%channels, 0.0
			for k := max(0, ch-(size-1)/2); k <= min(channels-1, ch+size/2); k++ {
				v := float64(x[i+(k-ch)*inner])
				sum += v * v
			}
			y[i] = float32(float64(x[i]) / math.Pow(bias+alpha/float64(size)*sum, beta))
		}
	}
	return n.Result(0, ir.Float32, in)
}

// buildLpNormalization is Operators.md#LpNormalization: by the norm of order p
// along an axis.
func buildLpNormalization(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	in := n.In[0].Shape
	axis, err := ir.Axis(n.Int("axis", -1), len(in))
	if err != nil {
		return err
	}
	p := n.Int("p", 2)
	if err := n.Done(); err != nil {
		return err
	}
	if p != 1 && p != 2 {
		return ir.Invalidf("p %d", p)
	}
	inner, size := product(in[axis+1:]), in[axis]
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		if len(y) == 0 {
			return
		}
		for i := range len(y) / size {
			at, sum := i/inner*size*inner+i%inner, 0.0
			for j := range size {
				sum += math.Pow(math.Abs(float64(x[at+j*inner])), float64(p))
			}
			norm := math.Pow(sum, 1/float64(p))
			for j := range size {
				if k := at + j*inner; norm == 0 {
					y[k] = 0
				} else {
					y[k] = float32(float64(x[k]) / norm)
				}
			}
		}
	}
	return n.Result(0, ir.Float32, in)
}
