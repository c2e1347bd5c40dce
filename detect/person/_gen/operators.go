package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// operator returns the function that lowers a tfjs operator, nil for one that
// the two models do not use on the way to their heads. Semantics are those of
// the TensorFlow operators of the same names.
func (l *lowering) operator(op string) func(*node) ([]value, error) {
	switch op {
	case "Placeholder":
		return l.placeholder
	case "Cast":
		return l.cast
	case "Transpose":
		return l.transpose
	case "Pad", "PadV2":
		return l.pad
	case "Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative":
		return func(n *node) ([]value, error) { return l.conv(n, nil, n.Name) }
	case "Add", "AddV2":
		return l.add
	case "Sub", "Mul":
		return l.scale
	case "LeakyRelu":
		return l.leakyRelu
	case "Sigmoid":
		return l.sigmoid
	case "MaxPool":
		return l.maxPool
	case "ConcatV2":
		return l.concat
	case "SplitV":
		return l.split
	case "ResizeBilinear":
		return l.resize
	}
	return nil
}

// placeholder is the graph's input, in the order the spec gives it.
func (l *lowering) placeholder(n *node) ([]value, error) {
	v := value{name: "input", dims: l.spec.input, axes: l.spec.inputAxes}
	s := n.Attr["shape"].Shape
	if s == nil || len(s.Dim) != 4 {
		return nil, fmt.Errorf("not four-dimensional")
	}
	for i, d := range s.Dim {
		if size := d.Size.String(); size != "-1" && size != fmt.Sprint(v.dims[v.axes[i]]) {
			return nil, fmt.Errorf("axis %d has size %s, the model is to have %d", i, size, v.dims[v.axes[i]])
		}
	}
	l.g.inputs = append(l.g.inputs, tensorInfo{v.name, v.dims[:]})
	return []value{v}, nil
}

// cast drops the widening of the integer input: the ONNX input is float32.
func (l *lowering) cast(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err == nil && v.name != "input" {
		err = fmt.Errorf("only the input may be cast")
	}
	return []value{v}, err
}

// transpose composes the permutation with the order noted so far.
func (l *lowering) transpose(n *node) ([]value, error) {
	v, err := l.input(n, 0)
	if err != nil {
		return nil, err
	}
	perm, err := l.ints(n, 1)
	if err != nil {
		return nil, err
	}
	if s := slices.Sorted(slices.Values(perm)); !slices.Equal(s, planar[:]) {
		return nil, fmt.Errorf("permutation %v", perm)
	}
	was := v.axes
	for i, p := range perm {
		v.axes[i] = was[p]
	}
	return []value{v}, nil
}

// negativeInfinity is -Inf as float16, the padding that never is the maximum.
const negativeInfinity = 0xFC00

// pad notes the padding for the Conv or MaxPool to come.
func (l *lowering) pad(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	p, err := l.ints(n, 1)
	if err != nil {
		return nil, err
	}
	if len(p) != 8 {
		return nil, fmt.Errorf("%d paddings, want 4×2", len(p))
	}
	var by [4][2]int
	for i, a := range v.axes {
		by[a] = [2]int{p[2*i], p[2*i+1]}
	}
	if by[0] != [2]int{} || by[1] != [2]int{} {
		return nil, fmt.Errorf("pads the batch or the channels: %v", by)
	}
	v.pad = &padding{top: by[2][0], bottom: by[2][1], left: by[3][0], right: by[3][1]}
	if n.Op == "PadV2" {
		c, err := l.weights(n, 2, 0)
		if err != nil {
			return nil, err
		}
		if bits := binary.LittleEndian.Uint16(c.data); bits != negativeInfinity {
			return nil, fmt.Errorf("pads with float16 %#04x", bits)
		}
		v.pad.lowest = true
	}
	return []value{v}, nil
}

// add is an element-wise sum, or the bias of the convolution before it.
func (l *lowering) add(n *node) ([]value, error) {
	if len(n.Input) != 2 {
		return nil, fmt.Errorf("%d inputs", len(n.Input))
	}
	if c := l.constant(n.Input[1]); c != nil {
		conv := l.src.nodes[n.Input[0]]
		if conv == nil || conv.Op != "Conv2D" {
			return nil, fmt.Errorf("a constant is added to something else than a convolution")
		}
		return l.conv(conv, c, n.Name)
	}
	a, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	b, err := l.plain(n, 1)
	if err != nil {
		return nil, err
	}
	if err := sameOrder(a, b); err != nil {
		return nil, err
	}
	a.name = l.emit(n.Name, "Add", []string{a.name, b.name})
	return []value{a}, nil
}

// scale is Sub or Mul by a constant: a scalar or one number a channel. It stays
// a node of its own, so that the published numbers stay as they are; only the
// subtraction of zero is dropped.
func (l *lowering) scale(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	c := l.constant(n.Input[1])
	if c == nil || c.typ != half {
		return nil, fmt.Errorf("the second input is not a float16 constant")
	}
	if n.Op == "Sub" && bytes.Count(c.data, []byte{0}) == len(c.data) {
		return []value{v}, nil // x - 0 is x, bit for bit
	}
	var dims []int
	switch {
	case len(c.shape) == 0:
	case v.axes == channelLast && slices.Equal(c.shape, []int{1, 1, 1, v.dims[1]}):
		dims = []int{1, v.dims[1], 1, 1}
	default:
		return nil, fmt.Errorf("constant of shape %v beside %v", c.shape, v.dims)
	}
	v.name = l.emit(n.Name, n.Op, []string{v.name, l.half(c, dims, c.data)})
	return []value{v}, nil
}

func (l *lowering) leakyRelu(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	v.name = l.emit(n.Name, "LeakyRelu", []string{v.name}, onnxAttr{"alpha", float32(n.Attr["alpha"].F)})
	return []value{v}, nil
}

func (l *lowering) sigmoid(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	v.name = l.emit(n.Name, "Sigmoid", []string{v.name})
	return []value{v}, nil
}

func (l *lowering) concat(n *node) ([]value, error) {
	last := len(n.Input) - 1
	axis, err := l.ints(n, last)
	if err != nil {
		return nil, err
	}
	var sum value
	var in []string
	for i := range last {
		v, err := l.plain(n, i)
		if err != nil {
			return nil, err
		}
		in = append(in, v.name)
		if i == 0 {
			sum = v
			continue
		}
		channels := sum.dims[1] + v.dims[1]
		sum.dims[1] = v.dims[1]
		if err := sameOrder(sum, v); err != nil {
			return nil, err
		}
		sum.dims[1] = channels
	}
	if len(axis) != 1 || axis[0] < 0 || axis[0] > 3 || sum.axes[axis[0]] != 1 {
		return nil, fmt.Errorf("axis %v is not that of the channels", axis)
	}
	sum.name = l.emit(n.Name, "Concat", in, onnxAttr{"axis", 1})
	return []value{sum}, nil
}

// split parts the channels; where the head before it was sliced, each part gets
// what is left of its channels.
func (l *lowering) split(n *node) ([]value, error) {
	v, err := l.input(n, 0)
	if err != nil {
		return nil, err
	}
	sizes, err := l.ints(n, 1)
	if err != nil {
		return nil, err
	}
	axis, err := l.ints(n, 2)
	if err != nil {
		return nil, err
	}
	if v.pad != nil || len(axis) != 1 || axis[0] < 0 || axis[0] > 3 || v.axes[axis[0]] != 1 {
		return nil, fmt.Errorf("axis %v is not that of the channels", axis)
	}
	kept := v.kept
	if kept == nil {
		for c := range v.dims[1] {
			kept = append(kept, c)
		}
	}
	node := onnxNode{op: "Split", attrs: []onnxAttr{{"axis", 1}}}
	var outs []value
	var parts []int
	from := 0
	for i, size := range sizes {
		part := v
		part.dims[1], part.kept = 0, nil
		for _, c := range kept {
			if c >= from && c < from+size {
				part.dims[1]++
			}
		}
		from += size
		ref := fmt.Sprintf("%s:%d", n.Name, i)
		if i == 0 {
			ref = n.Name
		}
		part.name = l.short(ref)
		parts, outs, node.out = append(parts, part.dims[1]), append(outs, part), append(node.out, part.name)
	}
	name := fmt.Sprintf("split_%d_%d", parts[0], parts[len(parts)-1])
	l.init(initializer{name, onnxInt64, []int{len(parts)}, int64s(parts...)})
	node.in = []string{v.name, name}
	l.g.nodes = append(l.g.nodes, node)
	return outs, nil
}

// resize is bilinear with pixel centres at one half, as both models use it.
func (l *lowering) resize(n *node) ([]value, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	size, err := l.ints(n, 1)
	if err != nil {
		return nil, err
	}
	if v.axes != channelLast || len(size) != 2 {
		return nil, fmt.Errorf("size %v, order %v", size, v.axes)
	}
	if !n.Attr["half_pixel_centers"].B || n.Attr["align_corners"].B {
		return nil, fmt.Errorf("is not the half-pixel form")
	}
	v.dims[2], v.dims[3] = size[0], size[1]
	sizes := fmt.Sprintf("size_%dx%dx%d", v.dims[1], size[0], size[1])
	l.init(initializer{sizes, onnxInt64, []int{4}, int64s(v.dims[:]...)})
	v.name = l.emit(n.Name, "Resize", []string{v.name, "", "", sizes},
		onnxAttr{"coordinate_transformation_mode", "half_pixel"}, onnxAttr{"mode", "linear"})
	return []value{v}, nil
}
