package main

import (
	"encoding/binary"
	"fmt"
)

// ints returns input i of n as integers known before the graph runs: a constant
// or the arithmetic on shapes that computes the size of an upsampling.
func (l *lowering) ints(n *node, i int) ([]int, error) {
	if i < 0 || i >= len(n.Input) {
		return nil, fmt.Errorf("input %d is missing", i)
	}
	return l.evaluate(n.Input[i])
}

func (l *lowering) evaluate(ref string) ([]int, error) {
	n := l.src.nodes[ref]
	if n == nil {
		return nil, fmt.Errorf("no node %q", ref)
	}
	var out []int
	var err error
	switch n.Op {
	case "Const":
		c := l.src.consts[ref]
		if c == nil || c.typ != integer {
			return nil, fmt.Errorf("%q is not an integer constant", ref)
		}
		for at := 0; at < len(c.data); at += 4 {
			out = append(out, int(int32(binary.LittleEndian.Uint32(c.data[at:]))))
		}
	case "Shape":
		out, err = l.shape(n)
	case "StridedSlice":
		out, err = l.slice(n)
	case "Mul":
		out, err = l.product(n)
	default:
		err = fmt.Errorf("operator %s is not known in shapes", n.Op)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	return out, nil
}

// shape is the tfjs shape of an activation.
func (l *lowering) shape(n *node) ([]int, error) {
	v, err := l.plain(n, 0)
	if err != nil {
		return nil, err
	}
	out := make([]int, 4)
	for i, a := range v.axes {
		out[i] = v.dims[a]
	}
	return out, nil
}

// slice is list[begin:end] of a list; masks and strides are not in use.
func (l *lowering) slice(n *node) ([]int, error) {
	var in [4][]int
	for i := range in {
		var err error
		if in[i], err = l.ints(n, i); err != nil {
			return nil, err
		}
	}
	for _, mask := range []string{"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"} {
		if m := n.Attr[mask].I; m != "" && m != "0" {
			return nil, fmt.Errorf("%s is %s", mask, m)
		}
	}
	list, begin, end, step := in[0], in[1], in[2], in[3]
	if len(begin) != 1 || len(end) != 1 || len(step) != 1 || step[0] != 1 || begin[0] < 0 || end[0] < begin[0] || end[0] > len(list) {
		return nil, fmt.Errorf("slices %v by %v:%v:%v", list, begin, end, step)
	}
	return list[begin[0]:end[0]], nil
}

// product multiplies two lists element by element.
func (l *lowering) product(n *node) ([]int, error) {
	a, err := l.ints(n, 0)
	if err != nil {
		return nil, err
	}
	b, err := l.ints(n, 1)
	if err != nil {
		return nil, err
	}
	if len(a) != len(b) {
		return nil, fmt.Errorf("lengths %d and %d", len(a), len(b))
	}
	out := make([]int, len(a))
	for i := range a {
		out[i] = a[i] * b[i]
	}
	return out, nil
}
