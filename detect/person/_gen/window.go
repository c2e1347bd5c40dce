package main

import (
	"fmt"
	"slices"
)

// A window is the geometry that convolution and pooling share.
type window struct {
	kernel, stride [2]int // rows, columns
	pads           [4]int // top, left, bottom, right: the order of ONNX
}

// windowOf reads the geometry of n over v for a kernel of the given size and
// returns it with the height and width of the result.
func windowOf(n *node, v value, kernel [2]int) (window, [2]int, error) {
	w := window{kernel: kernel}
	var out [2]int
	strides, err := n.ints("strides")
	if err != nil {
		return w, out, err
	}
	dilations, err := n.ints("dilations")
	if err != nil {
		return w, out, err
	}
	if len(strides) != 4 || strides[0] != 1 || strides[3] != 1 || strides[1] < 1 || strides[2] < 1 {
		return w, out, fmt.Errorf("strides %v", strides)
	}
	if dilations != nil && !slices.Equal(dilations, []int{1, 1, 1, 1}) {
		return w, out, fmt.Errorf("dilations %v", dilations)
	}
	if v.axes != channelLast {
		return w, out, fmt.Errorf("order %v", v.axes)
	}
	w.stride = [2]int{strides[1], strides[2]}
	switch mode := n.str("padding"); {
	case mode == "VALID" && v.pad != nil:
		w.pads = [4]int{v.pad.top, v.pad.left, v.pad.bottom, v.pad.right}
	case mode == "VALID":
	case mode == "SAME" && v.pad == nil:
		for i := range 2 {
			w.pads[i], w.pads[i+2] = same(v.dims[2+i], kernel[i], w.stride[i])
		}
	default:
		return w, out, fmt.Errorf("padding %q", mode)
	}
	for i := range 2 {
		out[i] = (v.dims[2+i]+w.pads[i]+w.pads[i+2]-kernel[i])/w.stride[i] + 1
		if out[i] < 1 {
			return w, out, fmt.Errorf("kernel %v is larger than the padded input", kernel)
		}
	}
	return w, out, nil
}

// same returns TensorFlow's SAME padding: as little as gives ceil(size/stride)
// results, the odd cell behind.
func same(size, kernel, stride int) (before, after int) {
	results := (size + stride - 1) / stride
	total := max((results-1)*stride+kernel-size, 0)
	return total / 2, total - total/2
}

func (w window) attrs() []onnxAttr {
	return []onnxAttr{{"kernel_shape", w.kernel[:]}, {"pads", w.pads[:]}, {"strides", w.stride[:]}}
}

// conv lowers the four convolution operators; ref names the result, bias is the
// constant of an addition that follows (nil for none).
func (l *lowering) conv(n *node, bias *constant, ref string) ([]value, error) {
	v, err := l.input(n, 0)
	if err != nil {
		return nil, err
	}
	w, err := l.weights(n, 1, 4)
	if err != nil {
		return nil, err
	}
	if v.pad != nil && v.pad.lowest {
		return nil, fmt.Errorf("padding is not zero")
	}
	win, size, err := windowOf(n, v, [2]int{w.shape[0], w.shape[1]})
	if err != nil {
		return nil, err
	}
	k, err := l.kernel(n, w, v.dims[1])
	if err != nil {
		return nil, err
	}
	fused := n.strs("fused_ops")
	if len(fused) > 0 && fused[0] == "BiasAdd" {
		if bias, err = l.weights(n, 2, 1); err != nil {
			return nil, err
		}
		fused = fused[1:]
	}
	if len(fused) > 1 {
		return nil, fmt.Errorf("fused operators %v", fused)
	}
	in := []string{v.name, l.half(w, k.dims, k.data)}
	if bias != nil {
		if !slices.Equal(bias.shape, []int{k.outputs}) || !slices.Equal(l.spec.keep[bias.name], k.kept) {
			return nil, fmt.Errorf("bias %s does not fit weights %s", bias.name, w.name)
		}
		b := pick(bias.data, 2, k.kept)
		in = append(in, l.half(bias, []int{len(b) / 2}, b))
	}
	attrs := append([]onnxAttr{{"group", k.group}}, win.attrs()...)
	v = value{dims: [4]int{v.dims[0], k.dims[0], size[0], size[1]}, axes: v.axes, kept: k.kept}
	if len(fused) == 0 {
		v.name = l.emit(ref, "Conv", in, attrs...)
		return []value{v}, nil
	}
	pre := l.short(ref) + ".conv"
	l.g.nodes = append(l.g.nodes, onnxNode{"Conv", in, []string{pre}, attrs})
	switch fused[0] {
	case "Relu":
		v.name = l.emit(ref, "Relu", []string{pre})
	case "Relu6":
		l.init(initializer{"clip_min", onnxFloat, nil, float32s(0)})
		l.init(initializer{"clip_max", onnxFloat, nil, float32s(6)})
		v.name = l.emit(ref, "Clip", []string{pre, "clip_min", "clip_max"})
	default:
		return nil, fmt.Errorf("fused operator %s", fused[0])
	}
	return []value{v}, nil
}

func (l *lowering) maxPool(n *node) ([]value, error) {
	v, err := l.input(n, 0)
	if err != nil {
		return nil, err
	}
	k, err := n.ints("ksize")
	if err != nil {
		return nil, err
	}
	if len(k) != 4 || k[0] != 1 || k[3] != 1 {
		return nil, fmt.Errorf("window %v", k)
	}
	if v.pad != nil && !v.pad.lowest {
		return nil, fmt.Errorf("padding could be the maximum")
	}
	win, size, err := windowOf(n, v, [2]int{k[1], k[2]})
	if err != nil {
		return nil, err
	}
	v.name = l.emit(n.Name, "MaxPool", []string{v.name}, win.attrs()...)
	v.dims[2], v.dims[3], v.pad = size[0], size[1], nil
	return []value{v}, nil
}
