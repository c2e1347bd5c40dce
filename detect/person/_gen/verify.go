package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// operators are those that the engine must have for the two models.
var operators = []string{
	"Add", "Cast", "Clip", "Concat", "Conv", "LeakyRelu", "MaxPool", "Mul", "Relu", "Resize", "Sigmoid", "Split", "Sub",
}

// verify reads a written model back and compares it with the source it came
// from, without the code that wrote it: every float16 initializer holds exactly
// the bit patterns that the source's tensor holds (for a sliced head those of
// the channels kept), each one is widened by one Cast and used nowhere else,
// and nothing else in the file is float but the bounds of Clip.
func verify(model []byte, src *source, s spec) error {
	m, err := readModel(model)
	if err != nil {
		return err
	}
	if m.ir != onnxIR || m.opset != onnxOpset {
		return fmt.Errorf("IR %d, opset %d", m.ir, m.opset)
	}
	known := map[string]bool{"input": true, "": true}
	readers := map[string][]string{}
	for name := range m.inits {
		known[name] = true
	}
	for _, n := range m.nodes {
		if !slices.Contains(operators, n.op) {
			return fmt.Errorf("operator %s", n.op)
		}
		for _, in := range n.in {
			if !known[in] {
				return fmt.Errorf("%s reads %q before it is written", n.op, in)
			}
			readers[in] = append(readers[in], n.op)
		}
		for _, out := range n.out {
			if known[out] {
				return fmt.Errorf("%q is written twice", out)
			}
			known[out] = true
		}
	}
	for _, o := range s.outputs {
		if !known[o.name] {
			return fmt.Errorf("output %q is missing", o.name)
		}
	}
	names, err := sourceNames(src, s)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m.inits)) {
		t := m.inits[name]
		switch {
		case t.typ == onnxFloat16:
			if !slices.Equal(readers[name], []string{"Cast"}) {
				return fmt.Errorf("%s is read by %v, want one Cast", name, readers[name])
			}
			if err := sameBits(t, src.consts[names[name]], s.keep); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		case t.typ == onnxFloat && (name == "clip_min" || name == "clip_max"), t.typ == onnxInt64:
		default:
			return fmt.Errorf("%s has element type %d", name, t.typ)
		}
	}
	return nil
}

// sourceNames maps the ONNX names of the float16 constants to the source's.
func sourceNames(src *source, s spec) (map[string]string, error) {
	names := map[string]string{}
	for name, c := range src.consts {
		if c.typ != half {
			continue
		}
		if other, twice := names[s.short(name)]; twice {
			return nil, fmt.Errorf("%q and %q have the same short name", name, other)
		}
		names[s.short(name)] = name
	}
	return names, nil
}

// sameBits compares the multisets of 16-bit patterns of t and of what slicing
// keeps of c. Output channels are the last axis of c, in weights and in biases.
func sameBits(t initializer, c *constant, keep map[string][]int) error {
	if c == nil {
		return fmt.Errorf("is not in the source")
	}
	want := c.data
	if kept := keep[c.name]; kept != nil {
		want = nil
		out := c.shape[len(c.shape)-1]
		for i := 0; i < len(c.data); i += 2 {
			if slices.Contains(kept, i/2%out) {
				want = append(want, c.data[i:i+2]...)
			}
		}
	}
	size := 2
	for _, d := range t.dims {
		size *= d
	}
	if size != len(t.data) || len(t.data) != len(want) {
		return fmt.Errorf("shape %v with %d bytes, the source has %d", t.dims, len(t.data), len(want))
	}
	var got, from [1 << 16]int
	for i := 0; i < len(want); i += 2 {
		got[int(t.data[i])|int(t.data[i+1])<<8]++
		from[int(want[i])|int(want[i+1])<<8]++
	}
	if got != from {
		return fmt.Errorf("holds other bit patterns than the source")
	}
	if len(c.shape) == 1 && !bytes.Equal(t.data, want) {
		return fmt.Errorf("is in another order than the source")
	}
	return nil
}
