package fast

import "github.com/fitveil/fitveil/detect/infer/internal/ir"

// sliding is the geometry of a window that slides over a picture, rows first.
type sliding struct {
	k, stride, dilation, pad [2]int // pad before
	out                      [2]int
}

// readSliding reads a Conv or pool node that its reference operator has
// checked. It reports false where the window is not one over two dimensions, or
// strays too far from the picture for margins to hold it.
func readSliding(n *ir.Node, kernel []int) (s sliding, ok bool) {
	in, out := n.In[0].Shape, n.Out[0].Shape
	if len(in) != 4 || len(out) != 4 || len(kernel) != 2 {
		return s, false
	}
	two := func(name string, def int) [2]int {
		if v := n.Ints(name); len(v) >= 2 {
			return [2]int{v[0], v[1]}
		}
		return [2]int{def, def}
	}
	s = sliding{k: [2]int{kernel[0], kernel[1]}, stride: two("strides", 1), dilation: two("dilations", 1), pad: two("pads", 0)}
	auto := n.Word("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
	for i := range 2 {
		s.out[i] = out[2+i]
		switch total := s.reach(i) - in[2+i]; auto {
		case "VALID":
			s.pad[i] = 0
		case "SAME_UPPER":
			s.pad[i] = max(0, total) / 2
		case "SAME_LOWER":
			s.pad[i] = (max(0, total) + 1) / 2
		}
	}
	return s, s.margin(in[2], in[3]).fits()
}

// reach is how many positions all windows span.
func (s *sliding) reach(i int) int {
	return (s.out[i]-1)*s.stride[i] + s.dilation[i]*(s.k[i]-1) + 1
}

// margin is what the windows read around a picture of h × w.
func (s *sliding) margin(h, w int) margin {
	return margin{
		top: s.pad[0], bottom: max(0, s.reach(0)-s.pad[0]-h),
		left: s.pad[1], right: max(0, s.reach(1)-s.pad[1]-w),
	}
}

// square reports whether all is the same along rows and columns, as given.
func (s *sliding) square(k, stride int) bool {
	return s.k == [2]int{k, k} && s.stride == [2]int{stride, stride} && s.dilation == [2]int{1, 1}
}
