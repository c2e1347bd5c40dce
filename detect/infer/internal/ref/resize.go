package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// sampling is what Resize does along one axis: output i is the sum of count
// inputs at offset[i*count+j] weighted by weight[i*count+j].
type sampling struct {
	count   int
	offset  []int
	weight  []float64
	outside []bool // outputs that stand for places beyond the input; nil = none
}

// resizing are the attributes of a Resize node.
type resizing struct {
	mode, coordinates, rounding string
	cubicA                      float64
	outside                     bool // exclude_outside
	antialias                   bool
	roi                         []float64 // starts, then ends, of every axis: tf_crop_and_resize
	fill                        float64   // extrapolation_value
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
		coordinates: n.Word("coordinate_transformation_mode", "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "half_pixel_symmetric", "tf_crop_and_resize"),
		rounding:    n.Word("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
		cubicA:      float64(n.Number("cubic_coeff_a", -0.75)),
		outside:     n.Flag("exclude_outside", false),
	}
	r.fill = float64(n.Number("extrapolation_value", 0)) // used by tf_crop_and_resize alone
	policy := n.Word("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
	r.antialias = n.Flag("antialias", false)
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
		if picked[i], err = ir.Axis(a, len(in)); err != nil {
			return err
		}
	}
	if err := r.readRoi(n, picked); err != nil {
		return err
	}
	for i, a := range picked {
		if sizes != nil {
			out[a], scale[a] = sizes[i], float64(sizes[i])/float64(in[a])
			continue
		}
		if scale[a] = float64(scales[i]); !(scale[a] > 0 && scale[a] <= 1<<20) {
			return ir.Invalidf("scale %v", scales[i])
		}
		whole := float64(in[a])
		if r.roi != nil {
			whole *= r.roi[len(in)+a] - r.roi[a]
		}
		out[a] = int(math.Floor(whole * scale[a]))
	}
	if policy != "stretch" && sizes != nil && len(picked) > 0 {
		keepAspect(picked, in, out, scale, policy == "not_larger")
	}
	return r.build(n, out, scale)
}

// readRoi reads the region of tf_crop_and_resize, input 1: starts and ends of
// the picked axes, as parts of the input.
func (r *resizing) readRoi(n *ir.Node, picked []int) error {
	if r.coordinates != "tf_crop_and_resize" {
		return nil
	}
	given, err := n.ConstFloats(1)
	if err != nil {
		return err
	}
	if len(given) != 2*len(picked) {
		return ir.Invalidf("roi of %d numbers for %d axes", len(given), len(picked))
	}
	rank := len(n.In[0].Shape)
	r.roi = make([]float64, 2*rank)
	for a := range rank {
		r.roi[rank+a] = 1
	}
	for i, a := range picked {
		lo, hi := float64(given[i]), float64(given[len(picked)+i])
		if !(math.Abs(lo) <= 1<<20 && math.Abs(hi) <= 1<<20) {
			return ir.Invalidf("roi %v", given)
		}
		r.roi[a], r.roi[rank+a] = lo, hi
	}
	return nil
}

// keepAspect gives the picked axes one scale, the smallest or the largest.
func keepAspect(picked, in, out []int, scale []float64, smallest bool) {
	one := scale[picked[0]]
	for _, a := range picked {
		if smallest {
			one = min(one, scale[a])
		} else {
			one = max(one, scale[a])
		}
	}
	for _, a := range picked {
		scale[a], out[a] = one, int(math.Floor(one*float64(in[a])+0.5))
	}
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
	strides, axes := ir.Strides(x.Shape), make([]sampling, len(out))
	for k, d := range out {
		taps := 4
		if r.blurs(scale[k]) {
			taps = r.widest(x.Shape[k], scale[k])
		}
		if d > n.MaxLen/taps {
			return ir.TooLargef("%d times %d taps", d, taps)
		}
		if err := n.Memory.Take(d*taps, 16); err != nil { // an offset and a weight each
			return err
		}
		axes[k] = r.sample(k, x.Shape[k], out[k], scale[k], strides[k])
	}
	rows := product(out) / out[len(out)-1]
	n.Run = func(c *ir.Call) {
		src, dst := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		spread(c.Threads, rows, 1+1<<13/out[len(out)-1], func(lo, hi int) { r.rows(dst, src, axes, out, lo, hi) })
	}
	return nil
}

// blurs reports whether antialiasing has a part: where an axis becomes smaller.
func (r *resizing) blurs(scale float64) bool {
	return r.antialias && r.mode != "nearest" && scale < 1
}

// reach is how far from its middle the antialiasing filter is not zero.
func (r *resizing) reach(scale float64) float64 {
	if r.mode == "cubic" {
		return 2 / scale
	}
	return 1 / scale
}

// widest is how many taps an antialiased output has at most.
func (r *resizing) widest(in int, scale float64) int {
	return int(min(float64(in), 2*math.Ceil(r.reach(scale))+2))
}

// sample tabulates axis k.
func (r *resizing) sample(k, in, out int, scale float64, stride int) sampling {
	var s sampling
	if r.blurs(scale) {
		r.blur(&s, k, in, out, scale, stride)
		return s
	}
	for i := range out {
		at := r.origin(i, k, in, out, scale)
		if r.roi != nil && !(at >= 0 && at <= float64(in-1)) {
			if s.outside == nil {
				s.outside = make([]bool, out)
			}
			s.outside[i], at = true, 0
		}
		switch {
		case in == out && scale == 1 && r.roi == nil:
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

// blur tabulates an axis that becomes smaller with antialias: the filter is as
// many times wider. What of it lies outside reads the border, or is left out
// (exclude_outside), and all sums to 1.
func (r *resizing) blur(s *sampling, k, in, out int, scale float64, stride int) {
	s.count = r.widest(in, scale)
	for i := range out {
		middle := r.origin(i, k, in, out, scale) + 0.5
		first, end := int(math.Floor(middle-r.reach(scale)+0.5)), int(math.Floor(middle+r.reach(scale)+0.5))
		at := max(0, min(first, in-s.count))
		weights, sum := make([]float64, s.count), 0.0
		for j := first; j < end; j++ {
			if r.outside && (j < 0 || j >= in) {
				continue
			}
			w := r.filter((float64(j) - middle + 0.5) * scale)
			weights[max(0, min(in-1, j))-at] += w
			sum += w
		}
		for j := range weights {
			weights[j] /= sum
		}
		s.add(in, stride, at, weights...)
	}
}

// filter is the interpolating kernel at distance d.
func (r *resizing) filter(d float64) float64 {
	d, a := math.Abs(d), r.cubicA
	switch {
	case r.mode == "linear":
		return max(0, 1-d)
	case d < 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// add appends the taps of one output; taps beyond the border read the border.
func (s *sampling) add(in, stride, first int, weights ...float64) {
	for j, w := range weights {
		s.offset = append(s.offset, max(0, min(in-1, first+j))*stride)
		s.weight = append(s.weight, w)
	}
}

// origin is the position in the input that output i of axis k stands for:
// coordinate_transformation_mode, in float32 as ONNX Runtime has it: which
// neighbour is the nearest can hang on the last bit.
func (r *resizing) origin(i, k, in, out int, by float64) float64 {
	x, scale := float32(i), float32(by)
	switch r.coordinates {
	case "asymmetric":
		return float64(x / scale)
	case "align_corners":
		if out == 1 {
			return 0
		}
		return float64(x * float32(in-1) / float32(out-1))
	case "tf_crop_and_resize":
		start, end := float32(r.roi[k]), float32(r.roi[len(r.roi)/2+k])
		if out == 1 {
			return float64(0.5 * (start + end) * float32(in-1))
		}
		return float64(start*float32(in-1) + x*(end-start)*float32(in-1)/float32(out-1))
	case "pytorch_half_pixel":
		if out == 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return float64((x + 0.5) / scale)
	case "half_pixel_symmetric":
		whole := scale * float32(in)
		return float64(float32(in)/2*(1-float32(out)/whole) + (x+0.5)/scale - 0.5)
	}
	return float64(float32((x+0.5)/scale) - 0.5)
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
	k := resizing{mode: "cubic", cubicA: r.cubicA}
	w := []float64{k.filter(1 + t), k.filter(t), k.filter(1 - t), k.filter(2 - t)}
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

// rows computes rows lo to hi, a row being one line of the last axis. Each is a
// weighted sum of lines of the input.
func (r *resizing) rows(dst, src []float32, axes []sampling, out []int, lo, hi int) {
	last := len(out) - 1
	inner, width := axes[last], out[last]
	var offsets []int
	var weights []float64
	for row := lo; row < hi; row++ {
		offsets, weights = append(offsets[:0], 0), append(weights[:0], 1)
		outside := false
		for k, rest := last-1, row; k >= 0; k-- {
			i := rest % out[k]
			rest /= out[k]
			offsets, weights = axes[k].multiply(offsets, weights, i)
			outside = outside || axes[k].outside != nil && axes[k].outside[i]
		}
		line := dst[row*width:][:width]
		for i := range line {
			if outside || inner.outside != nil && inner.outside[i] {
				line[i] = float32(r.fill)
				continue
			}
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
