package fast

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// resize interpolates pictures, and adds another one where asked. A unit is an
// output row of one image.
type resize struct {
	set          *kernel.Set
	nearest      bool
	rows         []kernel.ResizeTap // by output row; left and right are rows of the input
	columns      []kernel.ResizeTap
	from, to     *tensor
	add          *tensor // nil where nothing is added
	src, dst, av view
}

// linear reports whether n is a Resize this package does by linear interpolation.
func linear(n *ir.Node) bool {
	_, ok := readResize(n)
	return ok && n.Word("mode", "nearest", "linear", "cubic") == "linear"
}

// readResize tabulates a Resize or Upsample node that its reference operator
// has checked.
func readResize(n *ir.Node) (*resize, bool) {
	x, y := n.In[0], n.Out[0]
	if !picture(x) || !picture(y) || !slices.Equal(x.Shape[:2], y.Shape[:2]) || n.Has("axes") || n.Flag("antialias", false) {
		return nil, false
	}
	mode := n.Word("mode", "nearest", "linear", "cubic")
	if mode == "cubic" || n.Has("keep_aspect_ratio_policy") || n.Text("coordinate_transformation_mode") == "tf_crop_and_resize" {
		return nil, false
	}
	coordinates := n.Word("coordinate_transformation_mode", "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "half_pixel_symmetric")
	rounding := n.Word("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
	var scales []float32
	switch {
	case n.Op == "Upsample" || n.Opset <= 10 && len(n.In) <= 2:
		coordinates, rounding = "asymmetric", "simple"
		if scales = n.Numbers("scales"); n.Input(1) != nil {
			scales, _ = n.ConstFloats(1)
		}
	case n.Input(2) != nil && n.Input(2).Len() > 0:
		scales, _ = n.ConstFloats(2)
	}
	r := &resize{nearest: mode == "nearest"}
	for a, taps := range []*[]kernel.ResizeTap{&r.rows, &r.columns} {
		in, out := x.Shape[2+a], y.Shape[2+a]
		scale := float64(out) / float64(in)
		if len(scales) == 4 {
			scale = float64(scales[2+a])
		}
		for i := range out {
			at, ok := origin(coordinates, float64(i), float64(in), float64(out), scale)
			if !ok {
				return nil, false
			}
			t := r.tap(at, in, rounding, scale, in == out && scale == 1, i)
			if a == 1 { // columns count floats
				t.Left, t.Right = t.Left*block, t.Right*block
			}
			*taps = append(*taps, t)
		}
	}
	return r, true
}

// origin is the position that output i of out comes from: Operators.md#Resize,
// coordinate_transformation_mode, in float32 as the reference operators have it.
func origin(mode string, index, size, result, by float64) (at float64, ok bool) {
	i, in, out, scale := float32(index), float32(size), float32(result), float32(by)
	switch mode {
	case "half_pixel":
		return float64(float32((i+0.5)/scale) - 0.5), true
	case "asymmetric":
		return float64(i / scale), true
	case "pytorch_half_pixel":
		if out == 1 {
			return 0, true
		}
		return float64(float32((i+0.5)/scale) - 0.5), true
	case "align_corners":
		if out == 1 {
			return 0, true
		}
		return float64(i * (in - 1) / (out - 1)), true
	}
	return 0, false
}

// tap is what an output along one axis is made of.
func (r *resize) tap(at float64, in int, rounding string, scale float64, same bool, i int) kernel.ResizeTap {
	limit := func(v float64) int32 { return int32(max(0, min(float64(in-1), v))) }
	switch {
	case same:
		return kernel.ResizeTap{Left: int32(i), Right: int32(i), WeightLeft: 1}
	case !r.nearest:
		base := math.Floor(at)
		return kernel.ResizeTap{Left: limit(base), Right: limit(base + 1), WeightLeft: float32(1 - (at - base)), WeightRight: float32(at - base)}
	}
	switch {
	case rounding == "ceil" || rounding == "simple" && scale < 1:
		at = math.Ceil(at)
	case rounding == "round_prefer_floor":
		at = math.Ceil(at - 0.5)
	case rounding == "round_prefer_ceil":
		at = math.Floor(at + 0.5)
	default:
		at = math.Floor(at)
	}
	return kernel.ResizeTap{Left: limit(at), Right: limit(at), WeightLeft: 1}
}

// resize adds the operation for node i, and takes the addition over that alone
// reads its result.
func (c *compiler) resize(i int, n *ir.Node) bool {
	if c.blocked[n.In[0]] == nil {
		return false
	}
	r, ok := readResize(n)
	if !ok {
		return false
	}
	r.set = c.Set
	y, last := n.Out[0], i
	var other *ir.Value
	if next := c.uses.sole(y); next >= 0 && !r.nearest && !c.done[next] && c.later[next] == nil {
		a := c.graph.Nodes[next]
		if a.Op == "Add" && slices.Equal(a.Out[0].Shape, y.Shape) {
			other = a.In[0]
			if other == y {
				other = a.In[1]
			}
			if picture(other) && slices.Equal(other.Shape, y.Shape) {
				y, last = a.Out[0], next
				c.done[next] = true
			} else {
				other = nil
			}
		}
	}
	c.finish(i, last, func() {
		r.from = c.blocks(n.In[0], margin{})
		if other != nil {
			r.add = c.blocks(other, margin{})
		}
		r.to = c.newBlocks(y)
		c.add(r)
	})
	return true
}

func (r *resize) tensors() (in, out []*tensor) {
	return present([]*tensor{r.from, r.add}), []*tensor{r.to}
}

func (r *resize) units() int   { return r.to.n * r.to.h }
func (r *resize) scratch() int { return 0 }

func (r *resize) prepare(*Program, *slab) {
	r.src, r.dst = r.from.view(), r.to.view()
	if r.add != nil {
		r.av = r.add.view()
	}
}

func (r *resize) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		n, y := u/r.to.h, u%r.to.h
		row := r.rows[y]
		for b := range r.to.blocks() {
			upper := w.arena[r.src.pixel(n, b, int(row.Left), 0):][:r.from.w*block]
			out := w.rowOf(&r.dst, r.to, n, b, y)
			if r.nearest {
				for x, t := range r.columns {
					copy(out[x*block:][:block], upper[t.Left:])
				}
				continue
			}
			w.resize = kernel.Resize{
				Upper: upper, Lower: w.arena[r.src.pixel(n, b, int(row.Right), 0):][:r.from.w*block],
				WeightUpper: row.WeightLeft, WeightLower: row.WeightRight, Taps: r.columns, Out: out,
			}
			if r.add != nil {
				w.resize.Add = w.rowOf(&r.av, r.to, n, b, y)
			}
			w.resizes(r.set.Resize)
		}
	}
}
