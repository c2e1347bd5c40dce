package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// window is the sliding-window geometry that convolution and pooling share.
// There are always three axes, depth, height and width; those the input does
// not have are of size 1 and come first.
type window struct {
	n, c    int // batch, channels
	spatial int // axes the input has
	axis    [3]axis
}

// axis is one dimension a window slides along.
type axis struct {
	in, out       int
	k             int // kernel
	stride        int
	dilation      int
	before, after int // pads
}

// windowList are the attributes of a window, a number an axis.
type windowList struct {
	kernel, strides, dilations, pads []int
	auto                             string
	up                               bool // ceil_mode
}

// readWindow reads kernel_shape, strides, dilations, pads, auto_pad and, where
// ceil is allowed, ceil_mode for an input of shape (N, C, ...). kernel is the
// kernel's spatial shape, nil when only the attribute knows it.
func readWindow(n *ir.Node, shape, kernel []int, ceil bool) (*window, error) {
	spatial := len(shape) - 2
	if spatial < 1 || spatial > 3 {
		return nil, ir.Unsupportedf("input of rank %d, want 3 to 5", len(shape))
	}
	if slices.Contains(shape, 0) {
		return nil, ir.Unsupportedf("empty input of shape %v", shape)
	}
	given := n.Ints("kernel_shape")
	switch {
	case kernel == nil:
		kernel = given
	case given != nil && !slices.Equal(given, kernel):
		return nil, ir.Invalidf("kernel_shape %v, weights of %v", given, kernel)
	}
	l := windowList{
		kernel:    kernel,
		strides:   orDefault(n.Ints("strides"), []int{1, 1, 1}[:spatial]),
		dilations: orDefault(n.Ints("dilations"), []int{1, 1, 1}[:spatial]),
		pads:      orDefault(n.Ints("pads"), make([]int, 2*spatial)),
		auto:      n.Word("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"),
		up:        ceil && n.Flag("ceil_mode", false),
	}
	if err := l.check(spatial); err != nil {
		return nil, err
	}
	if l.auto != "NOTSET" {
		l.autoPads(shape[2:])
	}
	w := &window{n: shape[0], c: shape[1], spatial: spatial}
	for i := range w.axis {
		a := &w.axis[i]
		*a = axis{in: 1, out: 1, k: 1, stride: 1, dilation: 1}
		if j := i - (3 - spatial); j >= 0 {
			*a = axis{shape[2+j], 0, l.kernel[j], l.strides[j], l.dilations[j], l.pads[j], l.pads[spatial+j]}
			a.out = a.positions(l.up)
		}
		if a.out < 1 {
			return nil, ir.Invalidf("kernel %v with dilations %v does not fit into input %v padded by %v", l.kernel, l.dilations, shape, l.pads)
		}
	}
	return w, nil
}

func orDefault(v, def []int) []int {
	if v == nil {
		return def
	}
	return v
}

// maxWindow bounds kernels, strides and dilations, so that products of two fit
// 32 bits; maxPad bounds pads.
const (
	maxWindow = 1 << 14
	maxPad    = 1 << 20
)

func (l *windowList) check(spatial int) error {
	if len(l.kernel) != spatial || len(l.strides) != spatial || len(l.dilations) != spatial || len(l.pads) != 2*spatial {
		return ir.Invalidf("kernel %v, strides %v, dilations %v, pads %v for %d spatial dimensions", l.kernel, l.strides, l.dilations, l.pads, spatial)
	}
	for _, list := range [][]int{l.kernel, l.strides, l.dilations} {
		if slices.Min(list) < 1 || slices.Max(list) > maxWindow {
			return ir.Invalidf("kernel %v, strides %v, dilations %v", l.kernel, l.strides, l.dilations)
		}
	}
	if slices.Min(l.pads) < 0 || slices.Max(l.pads) > maxPad {
		return ir.Unsupportedf("pads %v", l.pads)
	}
	return nil
}

// autoPads computes the pads of auto_pad: Operators.md#Conv. VALID is none;
// SAME makes ceil(in/stride) positions, the odd pixel after (UPPER) or before.
func (l *windowList) autoPads(in []int) {
	l.pads = make([]int, 2*len(in))
	if l.auto == "VALID" {
		return
	}
	for i := range in {
		out := (in[i] + l.strides[i] - 1) / l.strides[i]
		total := max(0, (out-1)*l.strides[i]+l.dilations[i]*(l.kernel[i]-1)+1-in[i])
		before, after := total/2, total-total/2
		if l.auto == "SAME_LOWER" {
			before, after = after, before
		}
		l.pads[i], l.pads[len(in)+i] = before, after
	}
}

// reach is how many inputs a window spans.
func (a *axis) reach() int { return a.dilation*(a.k-1) + 1 }

// positions counts the places of the kernel: Operators.md#MaxPool (floor, or
// ceil where up). A window that would start in the padding after the input is
// not counted, as in later texts of the standard.
func (a *axis) positions(up bool) int {
	room := a.in + a.before + a.after - a.reach()
	if room < 0 {
		return 0
	}
	if !up {
		return room/a.stride + 1
	}
	n := (room+a.stride-1)/a.stride + 1
	if (n-1)*a.stride >= a.in+a.before {
		n--
	}
	return n
}

// clip cuts window i to the input: its positions are lo, lo+dilation, ... below
// hi. places counts those in input and padding, but not what ceil_mode reaches
// beyond the padding.
func (a *axis) clip(i int) (lo, hi, places int) {
	lo = i*a.stride - a.before
	end, limit := lo+a.reach(), a.in+a.after
	places = a.k
	if end > limit {
		places = (limit - lo + a.dilation - 1) / a.dilation
	}
	if lo < 0 {
		lo += (-lo + a.dilation - 1) / a.dilation * a.dilation
	}
	return lo, min(end, a.in), places
}

// result is the output shape for m channels.
func (w *window) result(m int) []int {
	shape := []int{w.n, m}
	for _, a := range w.axis[3-w.spatial:] {
		shape = append(shape, a.out)
	}
	return shape
}

// plane counts the elements of one channel of input and output.
func (w *window) plane() (in, out int) {
	in, out = 1, 1
	for _, a := range w.axis {
		in, out = in*a.in, out*a.out
	}
	return in, out
}
