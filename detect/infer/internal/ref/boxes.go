package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// suppression are the parameters of a NonMaxSuppression node.
type suppression struct {
	boxes, scores []float32
	count         int // boxes of an image
	most          int // boxes a class may keep
	overlap       float32
	least         float32 // score
	centre        bool    // boxes are (x, y, width, height) around a centre
}

// maxComparisons bounds the work at load time.
const maxComparisons = 1 << 26

// buildNonMaxSuppression is Operators.md#NonMaxSuppression of inputs known at
// load time: how many boxes are left depends on them, and every shape is fixed
// at load. Networks are run without it, and the caller suppresses.
func buildNonMaxSuppression(n *ir.Node) error {
	if err := n.Arity(2, 5, 1); err != nil {
		return err
	}
	s := &suppression{centre: n.Flag("center_point_box", false), least: float32(math.Inf(-1))}
	if err := n.Done(); err != nil {
		return err
	}
	var err error
	if s.boxes, err = n.ConstFloats(0); err != nil {
		return err
	}
	if s.scores, err = n.ConstFloats(1); err != nil {
		return err
	}
	boxes, scores := n.In[0].Shape, n.In[1].Shape
	if len(boxes) != 3 || len(scores) != 3 || boxes[0] != scores[0] || boxes[1] != scores[2] || boxes[2] != 4 {
		return ir.Invalidf("boxes of shape %v, scores of shape %v", boxes, scores)
	}
	s.count = boxes[1]
	if n.Input(2) != nil {
		if s.most, err = constInt(n, 2); err != nil {
			return err
		}
	}
	for i, limit := range []*float32{&s.overlap, &s.least} {
		if n.Input(3+i) == nil {
			continue
		}
		f, err := n.ConstFloats(3 + i)
		if err != nil {
			return err
		}
		if len(f) != 1 {
			return ir.Invalidf("input %d has shape %v, want one number", 3+i, n.In[3+i].Shape)
		}
		*limit = f[0]
	}
	s.most = max(0, min(s.most, s.count))
	if work, ok := ir.Count([]int{len(s.scores), s.most}); !ok || work > maxComparisons {
		return ir.TooLargef("%d scores, %d boxes of a class", len(s.scores), s.most)
	}
	if err := n.Memory.Take(scores[0]*scores[1]*s.most+s.count, 3*8); err != nil {
		return err
	}
	var found []int64
	for image := range scores[0] {
		for class := range scores[1] {
			kept, err := s.keep(image, s.scores[(image*scores[1]+class)*s.count:][:s.count], n.Memory)
			if err != nil {
				return err
			}
			for _, box := range kept {
				found = append(found, int64(image), int64(class), int64(box))
			}
		}
	}
	return constant(n, &ir.Array{Type: ir.Int64, Shape: []int{len(found) / 3, 3}, Data: found})
}

// boxBytes is the work of comparing two boxes, as much as on so many bytes.
const boxBytes = 16

// keep picks boxes by score, none that overlaps one picked before too much.
func (s *suppression) keep(image int, scores []float32, memory *ir.Budget) (kept []int, err error) {
	if err := memory.Spend(boxBytes * int64(len(scores))); err != nil { // to sort them
		return nil, err
	}
	var order []int
	for i, v := range scores {
		if v > s.least {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return compareNaN(float64(scores[j]), float64(scores[i])) })
	for _, i := range order {
		if len(kept) == s.most {
			break
		}
		if err := memory.Spend(boxBytes * int64(len(kept))); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(kept, func(j int) bool { return s.iou(image, i, j) > s.overlap }) {
			kept = append(kept, i)
		}
	}
	return kept, nil
}

// corners are the lower and upper ends of a box along its two axes.
func (s *suppression) corners(image, i int) (lo, hi [2]float32) {
	b := s.boxes[(image*s.count+i)*4:][:4]
	if s.centre {
		return [2]float32{b[0] - b[2]/2, b[1] - b[3]/2}, [2]float32{b[0] + b[2]/2, b[1] + b[3]/2}
	}
	return [2]float32{min(b[0], b[2]), min(b[1], b[3])}, [2]float32{max(b[0], b[2]), max(b[1], b[3])}
}

// iou is the intersection of two boxes over their union.
func (s *suppression) iou(image, i, j int) float32 {
	alo, ahi := s.corners(image, i)
	blo, bhi := s.corners(image, j)
	both, a, b := float32(1), float32(1), float32(1)
	for k := range 2 {
		both *= max(0, min(ahi[k], bhi[k])-max(alo[k], blo[k]))
		a, b = a*(ahi[k]-alo[k]), b*(bhi[k]-blo[k])
	}
	if both <= 0 || a <= 0 || b <= 0 {
		return 0
	}
	return both / (a + b - both)
}

// aligner is a prepared RoiAlign.
type aligner struct {
	h, w       int // of the picture
	rows, cols int // of the result
	ratio      int // samples a bin and axis, 0 = as many as pixels
	scale      float64
	shift      float64 // half_pixel: pixel centres lie at halves
	largest    bool
}

// maxSamples bounds the samples along one axis of a bin: the size of a region
// comes with the data.
const maxSamples = 1 << 10

// buildRoiAlign is Operators.md#RoiAlign: mean or maximum of interpolated
// samples in the bins of each region.
func buildRoiAlign(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1); err != nil {
		return err
	}
	x, rois, batch := n.In[0].Shape, n.In[1].Shape, n.In[2]
	a := &aligner{
		largest: n.Word("mode", "avg", "max") == "max", rows: n.Int("output_height", 1), cols: n.Int("output_width", 1),
		ratio: n.Int("sampling_ratio", 0), scale: float64(n.Number("spatial_scale", 1)),
	}
	mode := "output_half_pixel" // version 10 has no other
	if n.Opset >= 16 {
		mode = n.Word("coordinate_transformation_mode", "half_pixel", "output_half_pixel")
	}
	if mode == "half_pixel" {
		a.shift = 0.5
	}
	if err := n.Done(); err != nil {
		return err
	}
	if len(x) != 4 || len(rois) != 2 || rois[1] != 4 || batch.Type != ir.Int64 || !slices.Equal(batch.Shape, rois[:1]) || product(x) == 0 {
		return ir.Invalidf("input of shape %v, regions of shape %v, batch indices %v %v", x, rois, batch.Type, batch.Shape)
	}
	if a.ratio < 0 || a.ratio > maxSamples || min(a.rows, a.cols) < 1 {
		return ir.Invalidf("sampling_ratio %d, output of %d × %d", a.ratio, a.rows, a.cols)
	}
	a.h, a.w = x[2], x[3]
	channels, plane, out := x[1], x[2]*x[3], a.rows*a.cols
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		src, regions, images, dst := ir.Of[float32](c.In[0]), ir.Of[float32](c.In[1]), ir.Of[int64](c.In[2]), ir.Of[float32](c.Out[0])
		for r, image := range images {
			if image < 0 || image >= int64(x[0]) {
				c.Err = ir.Dataf("batch index %d of %d", image, x[0])
				return
			}
			for ch := range channels {
				if err := a.align(dst[(r*channels+ch)*out:][:out], src[(int(image)*channels+ch)*plane:][:plane], regions[r*4:][:4]); err != nil {
					c.Err = err
					return
				}
			}
		}
	}
	return n.Result(0, ir.Float32, []int{rois[0], channels, a.rows, a.cols})
}

func (a *aligner) align(dst, plane, roi []float32) error {
	var start, bin, step [2]float64 // y, x
	var grid [2]int
	for k, count := range [2]int{a.rows, a.cols} {
		start[k] = float64(roi[1-k])*a.scale - a.shift
		size := float64(roi[3-k])*a.scale - a.shift - start[k]
		if a.shift == 0 {
			size = max(size, 1)
		}
		if bin[k] = size / float64(count); a.ratio > 0 {
			grid[k] = a.ratio
		} else if g := math.Ceil(bin[k]); g <= maxSamples { // false for NaN
			grid[k] = int(g)
		} else {
			return ir.Dataf("region %v", roi)
		}
		step[k] = bin[k] / float64(max(grid[k], 1))
	}
	for i := range dst {
		y0, x0 := start[0]+float64(i/a.cols)*bin[0], start[1]+float64(i%a.cols)*bin[1]
		sum, top := 0.0, math.Inf(-1)
		for iy := range grid[0] {
			for ix := range grid[1] {
				parts := a.sample(plane, y0+(float64(iy)+0.5)*step[0], x0+(float64(ix)+0.5)*step[1])
				sum += parts[0] + parts[1] + parts[2] + parts[3]
				// The largest of the weighted neighbours, as in ONNX Runtime and the
				// standard's node tests, and not of the interpolated samples.
				top = max(top, parts[0], parts[1], parts[2], parts[3])
			}
		}
		count := grid[0] * grid[1]
		switch {
		case count <= 0:
			dst[i] = 0
		case a.largest:
			dst[i] = float32(top)
		default:
			dst[i] = float32(sum / float64(count))
		}
	}
	return nil
}

// sample are the four neighbours of a place, weighted for linear interpolation.
// One pixel beyond the border all is zero.
func (a *aligner) sample(plane []float32, y, x float64) (parts [4]float64) {
	if !(y >= -1 && y <= float64(a.h) && x >= -1 && x <= float64(a.w)) {
		return parts
	}
	y, x = max(y, 0), max(x, 0)
	y0, x0 := int(y), int(x)
	y1, x1 := y0+1, x0+1
	if y0 >= a.h-1 {
		y0, y1, y = a.h-1, a.h-1, float64(a.h-1)
	}
	if x0 >= a.w-1 {
		x0, x1, x = a.w-1, a.w-1, float64(a.w-1)
	}
	dy, dx := y-float64(y0), x-float64(x0)
	at := func(y, x int) float64 { return float64(plane[y*a.w+x]) }
	return [4]float64{(1 - dy) * (1 - dx) * at(y0, x0), (1 - dy) * dx * at(y0, x1), dy * (1 - dx) * at(y1, x0), dy * dx * at(y1, x1)}
}

// buildMaxUnpool is Operators.md#MaxUnpool: values put back to the places
// MaxPool took them from, zeros elsewhere. The places count in the output
// MaxPool's geometry gives; output_shape may be larger.
func buildMaxUnpool(n *ir.Node) error {
	if err := n.Arity(2, 3, 1); err != nil {
		return err
	}
	x, index := n.In[0], n.In[1]
	if err := n.Float(0); err != nil {
		return err
	}
	spatial := len(x.Shape) - 2
	if spatial < 1 || spatial > 3 || index.Type != ir.Int64 || !slices.Equal(index.Shape, x.Shape) {
		return ir.Invalidf("input of shape %v, indices %v %v", x.Shape, index.Type, index.Shape)
	}
	l := windowList{
		kernel: n.Ints("kernel_shape"), strides: orDefault(n.Ints("strides"), []int{1, 1, 1}[:spatial]),
		dilations: []int{1, 1, 1}[:spatial], pads: orDefault(n.Ints("pads"), make([]int, 2*spatial)),
	}
	if err := n.Done(); err != nil {
		return err
	}
	if err := l.check(spatial); err != nil {
		return err
	}
	natural := slices.Clone(x.Shape)
	for i := range spatial {
		if x.Shape[2+i] > n.MaxLen/l.strides[i] {
			return ir.TooLargef("%d elements at a stride of %d", x.Shape[2+i], l.strides[i])
		}
		natural[2+i] = (x.Shape[2+i]-1)*l.strides[i] + l.kernel[i] - l.pads[i] - l.pads[spatial+i]
	}
	shape := natural
	if n.Input(2) != nil {
		given, err := n.ConstInts(2)
		if err != nil {
			return err
		}
		if len(given) != len(natural) {
			return ir.Invalidf("output_shape %v for rank %d", given, len(natural))
		}
		for i, d := range given {
			if d < natural[i] {
				return ir.Invalidf("output_shape %v, at least %v is needed", given, natural)
			}
		}
		shape = given
	}
	total, ok := ir.Count(natural)
	if !ok {
		return ir.Invalidf("output of shape %v", natural)
	}
	strides := ir.Strides(shape)
	n.In = n.In[:2]
	n.Run = func(c *ir.Call) {
		y := ir.Of[float32](c.Out[0])
		clear(y)
		list := ir.Of[int64](c.In[1])
		for i, v := range ir.Of[float32](c.In[0]) {
			if list[i] < 0 || list[i] >= int64(total) {
				c.Err = ir.Dataf("index %d into %d", list[i], total)
				return
			}
			y[locate(int(list[i]), natural, strides)] = v
		}
	}
	return n.Result(0, ir.Float32, shape)
}

// sampler is a prepared GridSample of pictures.
type sampler struct {
	h, w    int
	mode    string
	padding string
	corners bool
}

// buildGridSample is Operators.md#GridSample of pictures: each output is read
// at a place that the grid gives in [-1, 1].
func buildGridSample(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1); err != nil {
		return err
	}
	modes := []string{"linear", "nearest", "cubic"}
	if n.Opset < 20 {
		modes = []string{"bilinear", "nearest", "bicubic"}
	}
	s := &sampler{mode: n.Word("mode", modes...), padding: n.Word("padding_mode", "zeros", "border", "reflection"), corners: n.Flag("align_corners", false)}
	if err := n.Done(); err != nil {
		return err
	}
	x, grid := n.In[0].Shape, n.In[1].Shape
	if len(x) != 4 || len(grid) != 4 {
		return ir.Unsupportedf("input of rank %d, only pictures are sampled", len(x))
	}
	if grid[0] != x[0] || grid[3] != 2 || x[2] == 0 || x[3] == 0 {
		return ir.Invalidf("input of shape %v, grid of shape %v", x, grid)
	}
	s.h, s.w = x[2], x[3]
	plane, out := x[2]*x[3], grid[1]*grid[2]
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		src, places, dst := ir.Of[float32](c.In[0]), ir.Of[float32](c.In[1]), ir.Of[float32](c.Out[0])
		spread(c.Threads, x[0]*x[1], 1+1<<12/max(out, 1), func(lo, hi int) {
			for p := lo; p < hi; p++ {
				g := places[p/x[1]*out*2:]
				for i := range out {
					dst[p*out+i] = float32(s.at(src[p*plane:][:plane], float64(g[2*i+1]), float64(g[2*i])))
				}
			}
		})
	}
	return n.Result(0, ir.Float32, []int{x[0], x[1], grid[1], grid[2]})
}

// at reads a plane at a place of the grid.
func (s *sampler) at(plane []float32, y, x float64) float64 {
	y, x = s.pixel(y, s.h), s.pixel(x, s.w)
	switch s.mode {
	case "nearest":
		return s.value(plane, math.RoundToEven(y), math.RoundToEven(x))
	case "bicubic", "cubic":
		y0, x0 := math.Floor(y), math.Floor(x)
		r := resizing{cubicA: -0.75}
		wy, wx := r.cubic(0, 4, y-y0), r.cubic(0, 4, x-x0)
		sum := 0.0
		for j, v := range wy {
			for i, u := range wx {
				sum += v * u * s.value(plane, y0+float64(j)-1, x0+float64(i)-1)
			}
		}
		return sum
	}
	// What lies outside is brought in before interpolating.
	y, x = s.inside(y, s.h), s.inside(x, s.w)
	y0, x0 := math.Floor(y), math.Floor(x)
	dy, dx := y-y0, x-x0
	return (1-dy)*((1-dx)*s.value(plane, y0, x0)+dx*s.value(plane, y0, x0+1)) +
		dy*((1-dx)*s.value(plane, y0+1, x0)+dx*s.value(plane, y0+1, x0+1))
}

// pixel turns a coordinate in [-1, 1] into one in pixels.
func (s *sampler) pixel(v float64, size int) float64 {
	if s.corners {
		return (v + 1) / 2 * float64(size-1)
	}
	return ((v+1)*float64(size) - 1) / 2
}

// inside applies padding_mode to a coordinate.
func (s *sampler) inside(v float64, size int) float64 {
	lo, hi := -0.5, float64(size)-0.5
	if s.corners {
		lo, hi = 0, float64(size-1)
	}
	switch s.padding {
	case "border":
		return min(max(v, 0), float64(size-1))
	case "reflection":
		if hi <= lo {
			return 0
		}
		v = math.Mod(math.Abs(v-lo), 2*(hi-lo))
		v = min(v, 2*(hi-lo)-v) + lo
		if !s.corners {
			v = min(max(v, 0), float64(size-1))
		}
	}
	return v
}

// value is the pixel at whole coordinates; NaN reads as outside.
func (s *sampler) value(plane []float32, y, x float64) float64 {
	y, x = s.inside(y, s.h), s.inside(x, s.w)
	if !(y >= 0 && y <= float64(s.h-1) && x >= 0 && x <= float64(s.w-1)) {
		return 0
	}
	return float64(plane[int(y)*s.w+int(x)])
}
