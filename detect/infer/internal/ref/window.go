package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// window is the sliding-window geometry that convolution and pooling share,
// always in two dimensions: one-dimensional input has height 1.
type window struct {
	n, c, h, w    int  // input: batch, channels, height, width
	kh, kw        int  // kernel
	sh, sw        int  // strides
	dh, dw        int  // dilations
	top, left     int  // pads before
	bottom, right int  // pads after
	oh, ow        int  // output
	flat          bool // input of rank 3: the height of 1 is ours
}

// readWindow reads kernel_shape, strides, dilations, pads, auto_pad and, where
// ceil is allowed, ceil_mode for an input of shape (N, C, [H,] W). kernel is the
// kernel's spatial shape, nil when only the attribute knows it.
func readWindow(n *ir.Node, shape, kernel []int, ceil bool) (*window, error) {
	spatial := len(shape) - 2
	if spatial != 1 && spatial != 2 {
		return nil, ir.Unsupportedf("input of rank %d, want 3 or 4", len(shape))
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
	ones := []int{1, 1}[:spatial]
	strides := orDefault(n.Ints("strides"), ones)
	dilations := orDefault(n.Ints("dilations"), ones)
	pads := orDefault(n.Ints("pads"), []int{0, 0, 0, 0}[:2*spatial])
	auto := n.Word("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
	up := ceil && n.Flag("ceil_mode", false)
	if len(kernel) != spatial || len(strides) != spatial || len(dilations) != spatial || len(pads) != 2*spatial {
		return nil, ir.Invalidf("kernel %v, strides %v, dilations %v, pads %v for %d spatial dimensions", kernel, strides, dilations, pads, spatial)
	}
	for _, list := range [][]int{kernel, strides, dilations} {
		if slices.Min(list) < 1 || slices.Max(list) > 1<<14 {
			return nil, ir.Invalidf("kernel %v, strides %v, dilations %v", kernel, strides, dilations)
		}
	}
	if slices.Min(pads) < 0 || slices.Max(pads) > 1<<20 {
		return nil, ir.Unsupportedf("pads %v", pads)
	}
	if auto != "NOTSET" {
		pads = autoPads(auto, shape[2:], kernel, strides, dilations)
	}
	g := &window{n: shape[0], c: shape[1], h: 1, kh: 1, sh: 1, dh: 1, flat: spatial == 1}
	last := spatial - 1
	if !g.flat {
		g.h, g.kh, g.sh, g.dh, g.top, g.bottom = shape[2], kernel[0], strides[0], dilations[0], pads[0], pads[2]
	}
	g.w, g.kw, g.sw, g.dw, g.left, g.right = shape[2+last], kernel[last], strides[last], dilations[last], pads[last], pads[spatial+last]
	g.oh = positions(g.h, g.top, g.bottom, g.kh, g.sh, g.dh, up)
	g.ow = positions(g.w, g.left, g.right, g.kw, g.sw, g.dw, up)
	if g.oh < 1 || g.ow < 1 {
		return nil, ir.Invalidf("kernel %v with dilations %v does not fit into input %v padded by %v", kernel, dilations, shape, pads)
	}
	return g, nil
}

func orDefault(v, def []int) []int {
	if v == nil {
		return def
	}
	return v
}

// positions counts the places of the kernel along one axis: Operators.md#MaxPool
// (floor and ceil_mode). A window that would start in the padding after the
// input is not counted, as in later texts of the standard.
func positions(in, before, after, k, stride, dilation int, up bool) int {
	room := in + before + after - (dilation*(k-1) + 1)
	if room < 0 {
		return 0
	}
	if !up {
		return room/stride + 1
	}
	n := (room+stride-1)/stride + 1
	if (n-1)*stride >= in+before {
		n--
	}
	return n
}

// autoPads computes the pads of auto_pad: Operators.md#Conv. VALID is none;
// SAME makes ceil(in/stride) positions, the odd pixel after (UPPER) or before.
func autoPads(mode string, in, kernel, strides, dilations []int) []int {
	pads := make([]int, 2*len(in))
	if mode == "VALID" {
		return pads
	}
	for i := range in {
		out := (in[i] + strides[i] - 1) / strides[i]
		total := max(0, (out-1)*strides[i]+dilations[i]*(kernel[i]-1)+1-in[i])
		small, large := total/2, total-total/2
		if mode == "SAME_UPPER" {
			pads[i], pads[len(in)+i] = small, large
		} else {
			pads[i], pads[len(in)+i] = large, small
		}
	}
	return pads
}

// result is the output shape for m channels.
func (g *window) result(m int) []int {
	if g.flat {
		return []int{g.n, m, g.ow}
	}
	return []int{g.n, m, g.oh, g.ow}
}
