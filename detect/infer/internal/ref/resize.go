package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// sampling is what Resize does along one axis: output i is the sum of count
// inputs at offset[i*count+j] weighted by weight[i*count+j].
type sampling struct {
	count  int
	offset []int
	weight []float64
}

// resizing are the attributes of a Resize node.
type resizing struct {
	mode, coordinates, rounding string
	cubicA                      float64
	outside                     bool // exclude_outside
}

// buildResize is Operators.md#Resize. Version 10 has inputs X and scales and
// samples asymmetrically, from 11 on they are X, roi, scales, sizes.
func buildResize(n *ir.Node) error {
	if err := n.Arity(1, 4, 1); err != nil {
		return err
	}
	if n.Opset <= 10 && len(n.In) <= 2 {
		return buildUpsample(n)
	}
	r := resizing{
		mode:        n.Word("mode", "nearest", "linear", "cubic"),
		coordinates: n.Word("coordinate_transformation_mode", "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "half_pixel_symmetric"),
		rounding:    n.Word("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
		cubicA:      float64(n.Number("cubic_coeff_a", -0.75)),
		outside:     n.Flag("exclude_outside", false),
	}
	n.Number("extrapolation_value", 0) // used by tf_crop_and_resize alone
	n.Word("keep_aspect_ratio_policy", "stretch")
	if n.Flag("antialias", false) {
		return ir.Unsupportedf("antialias")
	}
	in := n.In[0].Shape
	picked := n.Ints("axes")
	if picked == nil {
		for i := range in {
			picked = append(picked, i)
		}
	}
	var scales []float32
	var sizes []int
	var err error
	if v := n.Input(2); v != nil && v.Len() > 0 {
		if scales, err = n.ConstFloats(2); err != nil {
			return err
		}
	}
	if v := n.Input(3); v != nil && v.Len() > 0 {
		if sizes, err = n.ConstInts(3); err != nil {
			return err
		}
	}
	if (scales == nil) == (sizes == nil) || len(scales)+len(sizes) != len(picked) {
		return ir.Invalidf("%d scales and %d sizes for %d axes", len(scales), len(sizes), len(picked))
	}
	out, scale := slices.Clone(in), make([]float64, len(in))
	for i := range scale {
		scale[i] = 1
	}
	for i, a := range picked {
		if a, err = ir.Axis(a, len(in)); err != nil {
			return err
		}
		if sizes != nil {
			out[a], scale[a] = sizes[i], float64(sizes[i])/float64(in[a])
			continue
		}
		if scale[a] = float64(scales[i]); !(scale[a] > 0 && scale[a] <= 1<<20) {
			return ir.Invalidf("scale %v", scales[i])
		}
		out[a] = int(math.Floor(float64(in[a]) * scale[a]))
	}
	return r.build(n, out, scale)
}

// buildUpsample is Operators.md#Upsample (versions 7 to 9, deprecated since)
// and Resize of version 10, which do the same.
func buildUpsample(n *ir.Node) error {
	if err := n.Arity(1, 2, 1); err != nil {
		return err
	}
	scales := n.Numbers("scales")
	if n.Input(1) != nil {
		var err error
		if scales, err = n.ConstFloats(1); err != nil {
			return err
		}
	}
	in := n.In[0].Shape
	if len(scales) != len(in) {
		return ir.Invalidf("%d scales for rank %d", len(scales), len(in))
	}
	r := resizing{mode: n.Word("mode", "nearest", "linear"), coordinates: "asymmetric", rounding: "simple"}
	out, scale := make([]int, len(in)), make([]float64, len(in))
	for i, s := range scales {
		if scale[i] = float64(s); !(s > 0 && s <= 1<<20) {
			return ir.Invalidf("scale %v", s)
		}
		out[i] = int(math.Floor(float64(in[i]) * float64(s)))
	}
	return r.build(n, out, scale)
}

func (r *resizing) build(n *ir.Node, out []int, scale []float64) error {
	x := n.In[0]
	if err := n.Done(); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	if product(x.Shape) == 0 || slices.Contains(out, 0) || len(out) == 0 {
		return ir.Unsupportedf("from shape %v to %v", x.Shape, out)
	}
	if err := n.Result(0, ir.Float32, out); err != nil {
		return err
	}
	for _, d := range out {
		if err := n.Memory.Take(d, 4*16); err != nil { // at most four taps of offset and weight
			return err
		}
	}
	strides, axes := ir.Strides(x.Shape), make([]sampling, len(out))
	for k := range axes {
		axes[k] = r.sample(x.Shape[k], out[k], scale[k], strides[k])
	}
	rows := product(out) / out[len(out)-1]
	n.Run = func(c *ir.Call) {
		src, dst := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		spread(c.Threads, rows, 1+1<<13/out[len(out)-1], func(lo, hi int) { resizeRows(dst, src, axes, out, lo, hi) })
	}
	return nil
}

// sample tabulates one axis.
func (r *resizing) sample(in, out int, scale float64, stride int) sampling {
	var s sampling
	for i := range out {
		at := r.origin(i, in, out, scale)
		switch {
		case in == out && scale == 1:
			s.add(in, stride, i, 1)
		case r.mode == "nearest":
			s.add(in, stride, r.round(at, scale), 1)
		case r.mode == "linear":
			base := math.Floor(at)
			s.add(in, stride, int(base), 1-(at-base), at-base)
		default:
			base := math.Floor(at)
			s.add(in, stride, int(base)-1, r.cubic(int(base)-1, in, at-base)...)
		}
	}
	s.count = len(s.offset) / out
	return s
}

// add appends the taps of one output; taps beyond the border read the border.
func (s *sampling) add(in, stride, first int, weights ...float64) {
	for j, w := range weights {
		s.offset = append(s.offset, max(0, min(in-1, first+j))*stride)
		s.weight = append(s.weight, w)
	}
}

// origin is the position in the input that output i stands for:
// coordinate_transformation_mode.
func (r *resizing) origin(i, in, out int, scale float64) float64 {
	x := float64(i)
	switch r.coordinates {
	case "asymmetric":
		return x / scale
	case "align_corners":
		if out == 1 {
			return 0
		}
		return x * float64(in-1) / float64(out-1)
	case "pytorch_half_pixel":
		if out == 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / scale
	case "half_pixel_symmetric":
		whole := scale * float64(in)
		return float64(in)/2*(1-float64(out)/whole) + (x+0.5)/scale - 0.5
	}
	return (x+0.5)/scale - 0.5
}

// round applies nearest_mode. The versions without it leave rounding open;
// "simple" is what ONNX Runtime and the standard's node tests do.
func (r *resizing) round(x, scale float64) int {
	switch r.rounding {
	case "simple":
		if scale < 1 {
			return int(math.Ceil(x))
		}
	case "round_prefer_floor":
		return int(math.Ceil(x - 0.5))
	case "round_prefer_ceil":
		return int(math.Floor(x + 0.5))
	case "ceil":
		return int(math.Ceil(x))
	}
	return int(math.Floor(x))
}

// cubic are the four weights of Keys' kernel with parameter a, for taps from
// first on, at fraction t past the second.
func (r *resizing) cubic(first, in int, t float64) []float64 {
	near := func(d float64) float64 { return ((r.cubicA+2)*d-(r.cubicA+3))*d*d + 1 }
	far := func(d float64) float64 { return ((r.cubicA*d-5*r.cubicA)*d+8*r.cubicA)*d - 4*r.cubicA }
	w := []float64{far(1 + t), near(t), near(1 - t), far(2 - t)}
	if !r.outside {
		return w
	}
	sum := 0.0
	for j := range w {
		if first+j < 0 || first+j >= in {
			w[j] = 0
		}
		sum += w[j]
	}
	for j := range w {
		w[j] /= sum
	}
	return w
}

// resizeRows computes rows lo to hi, a row being one line of the last axis.
// Each is a weighted sum of lines of the input.
func resizeRows(dst, src []float32, axes []sampling, out []int, lo, hi int) {
	last := len(out) - 1
	inner, width := axes[last], out[last]
	var offsets []int
	var weights []float64
	for row := lo; row < hi; row++ {
		offsets, weights = append(offsets[:0], 0), append(weights[:0], 1)
		for k, rest := last-1, row; k >= 0; k-- {
			i := rest % out[k]
			rest /= out[k]
			offsets, weights = axes[k].multiply(offsets, weights, i)
		}
		line := dst[row*width:][:width]
		for i := range line {
			sum := 0.0
			for j := i * inner.count; j < (i+1)*inner.count; j++ {
				v := 0.0
				for l, o := range offsets {
					v += weights[l] * float64(src[o+inner.offset[j]])
				}
				sum += inner.weight[j] * v
			}
			line[i] = float32(sum)
		}
	}
}

// multiply replaces each line by the lines that index i of another axis adds.
func (s *sampling) multiply(offsets []int, weights []float64, i int) ([]int, []float64) {
	lines := len(offsets)
	for j := 1; j < s.count; j++ {
		for l := range lines {
			offsets = append(offsets, offsets[l]+s.offset[i*s.count+j])
			weights = append(weights, weights[l]*s.weight[i*s.count+j])
		}
	}
	for l := range lines {
		offsets[l] += s.offset[i*s.count]
		weights[l] *= s.weight[i*s.count]
	}
	return offsets, weights
}
