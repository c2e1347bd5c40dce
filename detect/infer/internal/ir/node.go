package ir

import (
	"fmt"
	"slices"
)

// MaxRank bounds the number of dimensions.
const MaxRank = 16

// maxEmpty bounds the dimensions of an array without elements: its size does
// not bound them, and tables are made as long as they are.
const maxEmpty = 1 << 16

// Value is an edge of the graph: what one node makes and others read.
type Value struct {
	Name  string
	Type  Dtype
	Shape []int
	Const *Array // the elements, where they are known before the first run
}

// Len counts the elements.
func (v *Value) Len() int {
	n, _ := Count(v.Shape)
	return n
}

// Kernel computes the outputs of one node from its inputs. It keeps no state,
// so all sessions share it.
type Kernel func(*Call)

// Call is what a kernel works on. Absent inputs and outputs are nil. Scratch
// holds the Node.Scratch elements asked for, with any content. Results must not
// depend on Threads, the number of goroutines a kernel may use.
//
// A kernel that meets numbers it can't compute with, such as an index beyond
// the array it points into, says so in Err and leaves the outputs anyhow.
type Call struct {
	In, Out []*Array
	Scratch []float32
	Threads int
	Err     error
}

// Failed returns what the last run left in Err, and forgets it.
func (c *Call) Failed() error {
	err := c.Err
	c.Err = nil
	return err
}

// Node is one operation. The compiler fills the first block in, building
// checks it, gives each present output its type and shape, and fills the second.
type Node struct {
	Op, Name string
	Opset    int            // version of the default domain the model imports
	In, Out  []*Value       // nil = absent
	Given    []*Value       // In as it was before building, which may drop what it has read
	Attrs    map[string]any // int64, float32, string, their slices, or *Array
	MaxLen   int            // most elements an output may have
	Memory   *Budget        // what the node keeps beyond its outputs is taken from here

	Run     Kernel
	View    bool // Out[0] has the elements of In[0] in the same order: nothing to run
	InPlace bool // Out[0] may share memory with In[0]: same index read, then written
	Scratch int  // float32 elements of scratch memory per call
	Heavy   bool // worth no constant folding: the work is not bounded by the sizes

	read map[string]bool
	err  error
}

// Arity checks the number of inputs and outputs. A negative maximum means any
// number. The first minIn inputs must be present, and the first output unless
// there may be any number of them.
func (n *Node) Arity(minIn, maxIn, maxOut int) error {
	switch {
	case len(n.In) < minIn || maxIn >= 0 && len(n.In) > maxIn:
		return Invalidf("%d inputs, want %s", len(n.In), span(minIn, maxIn))
	case len(n.Out) < 1 || maxOut >= 0 && len(n.Out) > maxOut:
		return Invalidf("%d outputs, want %s", len(n.Out), span(1, maxOut))
	case maxOut >= 0 && n.Out[0] == nil:
		return Invalidf("first output is absent")
	}
	for i, v := range n.In[:minIn] {
		if v == nil {
			return Invalidf("input %d is absent", i)
		}
	}
	return nil
}

func span(lo, hi int) string {
	switch {
	case hi < 0:
		return fmt.Sprintf("at least %d", lo)
	case lo == hi:
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

// Input returns input i, nil when absent.
func (n *Node) Input(i int) *Value {
	if i >= len(n.In) {
		return nil
	}
	return n.In[i]
}

// Float requires the given inputs, where present, to hold float32.
func (n *Node) Float(inputs ...int) error {
	for _, i := range inputs {
		if v := n.Input(i); v != nil && v.Type != Float32 {
			return Unsupportedf("input %d is %v, only float32 is computed", i, v.Type)
		}
	}
	return nil
}

// Result gives output i its type and shape, if the output is present.
func (n *Node) Result(i int, d Dtype, shape []int) error {
	if i >= len(n.Out) || n.Out[i] == nil {
		return nil
	}
	c, ok := Count(shape)
	switch {
	case len(shape) > MaxRank:
		return Unsupportedf("output of rank %d, at most %d", len(shape), MaxRank)
	case slices.ContainsFunc(shape, func(d int) bool { return d < 0 }):
		return Invalidf("output shape %v", shape)
	case !ok || c > n.MaxLen:
		return TooLargef("output of shape %v", shape)
	case c == 0 && !FitsEmpty(shape):
		return TooLargef("empty output of shape %v", shape)
	case d.Size() == 0:
		return Unsupportedf("output of type %v", d)
	}
	n.Out[i].Type, n.Out[i].Shape = d, slices.Clone(shape)
	return nil
}

// ConstInts reads input i, a constant of int64 or int32, as a flat list.
func (n *Node) ConstInts(i int) ([]int, error) {
	v := n.Input(i)
	if v == nil {
		return nil, Invalidf("input %d is absent", i)
	}
	if v.Const == nil {
		return nil, Unsupportedf("input %d (%q) is computed at run time, its values are needed at load time", i, v.Name)
	}
	// The list is paid for, or many nodes could each read a long one.
	if err := n.Memory.Take(v.Len(), 8); err != nil {
		return nil, err
	}
	var out []int
	switch d := v.Const.Data.(type) {
	case []int64:
		for _, x := range d {
			if int64(int(x)) != x {
				return nil, Invalidf("input %d (%q) holds %d", i, v.Name, x)
			}
			out = append(out, int(x))
		}
	case []int32:
		for _, x := range d {
			out = append(out, int(x))
		}
	default:
		return nil, Invalidf("input %d (%q) is %v, want int64", i, v.Name, v.Type)
	}
	return out, nil
}

// ConstFloats reads input i, a constant of float32, as a flat list.
func (n *Node) ConstFloats(i int) ([]float32, error) {
	v := n.Input(i)
	if v == nil {
		return nil, Invalidf("input %d is absent", i)
	}
	if v.Const == nil {
		return nil, Unsupportedf("input %d (%q) is computed at run time, its values are needed at load time", i, v.Name)
	}
	f, ok := v.Const.Make().Data.([]float32)
	if !ok {
		return nil, Unsupportedf("input %d (%q) is %v, want float32", i, v.Name, v.Type)
	}
	return f, nil
}

// Axis resolves a negative axis: the result is in [0, rank).
func Axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, Invalidf("axis %d of an array of rank %d", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// Strides are those of a row-major array, in elements.
func Strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= max(shape[i], 1)
	}
	return s
}

// FitsEmpty reports whether an array of this shape, which has no elements,
// has dimensions that tables may be made of.
func FitsEmpty(shape []int) bool { return len(shape) > 0 && slices.Max(shape) <= maxEmpty }
