package ir

import (
	"slices"
)

// The readers of attributes return the default where the attribute is absent.
// A wrong type is remembered and returned by Done, which also refuses
// attributes nobody read: what is not understood must not be ignored.

func attr[T any](n *Node, name, want string, def T) T {
	if n.read == nil {
		n.read = make(map[string]bool, len(n.Attrs))
	}
	n.read[name] = true
	a, ok := n.Attrs[name]
	if !ok {
		return def
	}
	v, ok := a.(T)
	if !ok && n.err == nil {
		n.err = Invalidf("attribute %q is not %s", name, want)
		return def
	}
	return v
}

// Has reports whether the attribute is given; it counts as read.
func (n *Node) Has(name string) bool {
	_, ok := n.Attrs[name]
	if ok {
		attr[any](n, name, "", nil)
	}
	return ok
}

// Int reads an integer.
func (n *Node) Int(name string, def int) int {
	v := attr(n, name, "an integer", int64(def))
	if int64(int(v)) != v && n.err == nil {
		n.err = Invalidf("attribute %q is %d", name, v)
	}
	return int(v)
}

// Flag reads an integer that is 0 or 1.
func (n *Node) Flag(name string, def bool) bool {
	d := 0
	if def {
		d = 1
	}
	return n.Int(name, d) != 0
}

// Number reads a float.
func (n *Node) Number(name string, def float32) float32 {
	return attr(n, name, "a float", def)
}

// Word reads a string, which must be one of the choices; the first is the default.
func (n *Node) Word(name string, choices ...string) string {
	v := attr(n, name, "a string", choices[0])
	if !slices.Contains(choices, v) {
		if n.err == nil {
			n.err = Unsupportedf("attribute %q is %q, one of %q is", name, v, choices)
		}
		return choices[0]
	}
	return v
}

// Text reads a string, empty where absent.
func (n *Node) Text(name string) string { return attr(n, name, "a string", "") }

// Texts reads a list of strings, nil where absent.
func (n *Node) Texts(name string) []string { return attr[[]string](n, name, "a list of strings", nil) }

// Ints reads a list of integers, nil where absent.
func (n *Node) Ints(name string) []int {
	v := attr[[]int64](n, name, "a list of integers", nil)
	if v == nil {
		return nil
	}
	out := make([]int, len(v))
	for i, x := range v {
		if int64(int(x)) != x && n.err == nil {
			n.err = Invalidf("attribute %q holds %d", name, x)
		}
		out[i] = int(x)
	}
	return out
}

// Numbers reads a list of floats, nil where absent.
func (n *Node) Numbers(name string) []float32 {
	return attr[[]float32](n, name, "a list of floats", nil)
}

// Tensor reads an array, nil where absent.
func (n *Node) Tensor(name string) *Array {
	return attr[*Array](n, name, "a tensor", nil)
}

// Done ends the reading of attributes.
func (n *Node) Done() error {
	if n.err != nil {
		return n.err
	}
	names := make([]string, 0, len(n.Attrs))
	for name := range n.Attrs {
		if !n.read[name] {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return Unsupportedf("attribute %q", slices.Min(names))
	}
	return nil
}
