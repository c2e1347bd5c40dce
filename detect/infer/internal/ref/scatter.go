package ref

import (
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildGatherElements is Operators.md#GatherElements: the axis' place in each
// index tuple is taken from the indices.
func buildGatherElements(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	x, index := n.In[0], n.In[1]
	if err := indices(n, 1); err != nil {
		return err
	}
	at, err := alongAxis(n, x.Shape, index.Shape)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	n.Run = func(c *ir.Call) {
		m, list := between(c.Out[0], c.In[0]), scalarsOf(c.In[1])
		for i := range index.Len() {
			from, err := at(i, list.whole(i))
			if err != nil {
				c.Err = err
				continue
			}
			m.move(i, from)
		}
	}
	return n.Result(0, x.Type, index.Shape)
}

// alongAxis reads axis and returns a function from element i of the indices,
// which have the shape picked, and the index there to an element of an array of
// the given shape.
func alongAxis(n *ir.Node, shape, picked []int) (func(i int, v int64) (int, error), error) {
	axis, err := ir.Axis(n.Int("axis", 0), len(shape))
	if err != nil {
		return nil, err
	}
	if len(picked) != len(shape) {
		return nil, ir.Invalidf("indices of shape %v for an array of shape %v", picked, shape)
	}
	for k, d := range picked {
		if k != axis && d > shape[k] {
			return nil, ir.Invalidf("indices of shape %v for an array of shape %v", picked, shape)
		}
	}
	strides := ir.Strides(shape)
	other := slices.Clone(strides)
	other[axis] = 0
	return func(i int, v int64) (int, error) {
		k, err := within64(v, shape[axis])
		return locate(i, picked, other) + k*strides[axis], err
	}, nil
}

// reducers are the values of the attribute reduction of the Scatter operators.
// nil replaces.
var reducers = map[string]*arithmetic{"none": nil, "add": &add, "mul": &mul, "max": &largest, "min": &smallest}

func readReduction(n *ir.Node) (*arithmetic, error) {
	op := reducers[n.Word("reduction", "none", "add", "mul", "max", "min")]
	if op == nil {
		return nil, nil
	}
	return op, numeric(n, 0)
}

// scatter puts element from of update at place to of the output.
func scatter(c *ir.Call, op *arithmetic, update *ir.Array) func(to, from int) {
	if op == nil {
		return between(c.Out[0], update).move
	}
	y, u := scalarsOf(c.Out[0]), scalarsOf(update)
	if isFloat(update.Type) {
		return func(to, from int) { y.setFloat(to, op.float(y.float(to), u.float(from))) }
	}
	return func(to, from int) { y.setWhole(to, op.whole(y.whole(to), u.whole(from))) }
}

// buildScatterElements is Operators.md#ScatterElements, and Scatter before
// version 11: a copy of the data with updates at the places GatherElements
// would read.
func buildScatterElements(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	x, index, update := n.In[0], n.In[1], n.In[2]
	if err := indices(n, 1); err != nil {
		return err
	}
	at, err := alongAxis(n, x.Shape, index.Shape)
	if err != nil {
		return err
	}
	op, err := readReduction(n)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	if update.Type != x.Type || !slices.Equal(update.Shape, index.Shape) {
		return ir.Invalidf("updates %v %v for indices of shape %v into %v", update.Type, update.Shape, index.Shape, x.Type)
	}
	n.Run = func(c *ir.Call) {
		ir.Copy(c.Out[0], c.In[0])
		put, list := scatter(c, op, c.In[2]), scalarsOf(c.In[1])
		for i := range index.Len() {
			to, err := at(i, list.whole(i))
			if err != nil {
				c.Err = err
				continue
			}
			put(to, i)
		}
	}
	return n.Result(0, x.Type, x.Shape)
}

// tuples are index tuples, the last dimension of an array of indices, that each
// name a slice of an array.
type tuples struct {
	count  int // of tuples
	length int // of one
	size   int // elements of a slice
	dims   []int
	stride []int
}

func readTuples(shape, index []int) (*tuples, error) {
	if len(index) == 0 || len(shape) == 0 || index[len(index)-1] > len(shape) || index[len(index)-1] < 1 {
		return nil, ir.Invalidf("indices of shape %v into an array of shape %v", index, shape)
	}
	k := index[len(index)-1]
	return &tuples{product(index[:len(index)-1]), k, product(shape[k:]), shape[:k], ir.Strides(shape)[:k]}, nil
}

// at is where the slice of tuple i begins.
func (t *tuples) at(list scalars, i int) (place int, err error) {
	for j, d := range t.dims {
		k, err := within64(list.whole(i*t.length+j), d)
		if err != nil {
			return 0, err
		}
		place += k * t.stride[j]
	}
	return place, nil
}

// buildScatterND is Operators.md#ScatterND: a copy of the data with slices
// replaced.
func buildScatterND(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	x, index, update := n.In[0], n.In[1], n.In[2]
	if index.Type != ir.Int64 {
		return ir.Invalidf("indices of %v, want int64", index.Type)
	}
	t, err := readTuples(x.Shape, index.Shape)
	if err != nil {
		return err
	}
	op, err := readReduction(n)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	want := slices.Concat(index.Shape[:len(index.Shape)-1], x.Shape[t.length:])
	if update.Type != x.Type || !slices.Equal(update.Shape, want) {
		return ir.Invalidf("updates %v %v, want %v %v", update.Type, update.Shape, x.Type, want)
	}
	n.Run = func(c *ir.Call) {
		ir.Copy(c.Out[0], c.In[0])
		put, list := scatter(c, op, c.In[2]), scalarsOf(c.In[1])
		for i := range t.count {
			to, err := t.at(list, i)
			if err != nil {
				c.Err = err
				continue
			}
			for k := range t.size {
				put(to+k, i*t.size+k)
			}
		}
	}
	return n.Result(0, x.Type, x.Shape)
}

// buildGatherND is Operators.md#GatherND: slices named by index tuples, each
// batch from its own part of the data.
func buildGatherND(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	x, index, b := n.In[0], n.In[1], n.Int("batch_dims", 0)
	if err := n.Done(); err != nil {
		return err
	}
	if index.Type != ir.Int64 || b < 0 || b >= len(x.Shape) || b >= len(index.Shape) || !slices.Equal(x.Shape[:b], index.Shape[:b]) {
		return ir.Invalidf("indices %v %v into an array of shape %v, %d batch dimensions", index.Type, index.Shape, x.Shape, b)
	}
	t, err := readTuples(x.Shape[b:], index.Shape[b:])
	if err != nil {
		return err
	}
	each := product(x.Shape[b:])
	n.Run = func(c *ir.Call) {
		m, list := between(c.Out[0], c.In[0]), scalarsOf(c.In[1])
		for i := range product(x.Shape[:b]) * t.count {
			from, err := t.at(list, i)
			if err != nil {
				c.Err = err
				continue
			}
			for k := range t.size {
				m.move(i*t.size+k, i/t.count*each+from+k)
			}
		}
	}
	return n.Result(0, x.Type, slices.Concat(index.Shape[:len(index.Shape)-1], x.Shape[b+t.length:]))
}

// gatherAtRun is Gather with indices that only a run knows.
func gatherAtRun(n *ir.Node, axis int) error {
	x, index := n.In[0], n.In[1]
	if err := indices(n, 1); err != nil {
		return err
	}
	inner, size, count := product(x.Shape[axis+1:]), x.Shape[axis], index.Len()
	n.Run = func(c *ir.Call) {
		list := scalarsOf(c.In[1])
		for i := range count {
			k, err := within64(list.whole(i), size)
			if err != nil {
				c.Err = err
				continue
			}
			copyBlocks(c.Out[0], c.In[0], product(x.Shape[:axis]), inner, i*inner, count*inner, k*inner, size*inner)
		}
	}
	return n.Result(0, x.Type, slices.Concat(x.Shape[:axis], index.Shape, x.Shape[axis+1:]))
}

// buildOneHot is Operators.md#OneHot: the second of two values where the index
// says, the first elsewhere. An index out of range is nowhere.
func buildOneHot(n *ir.Node) error {
	if err := n.Arity(3, 3, 1); err != nil {
		return err
	}
	index, values := n.In[0], n.In[2]
	if err := numeric(n, 0); err != nil {
		return err
	}
	axis, err := ir.Axis(n.Int("axis", -1), len(index.Shape)+1)
	if err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	depth, err := oneHotDepth(n)
	if err != nil {
		return err
	}
	if !slices.Equal(values.Shape, []int{2}) {
		return ir.Invalidf("values of shape %v, want [2]", values.Shape)
	}
	inner := product(index.Shape[axis:])
	n.Run = func(c *ir.Call) {
		m, list := between(c.Out[0], c.In[2]), scalarsOf(c.In[0])
		for i := range c.Out[0].Len() {
			v := list.whole(i/inner/depth*inner + i%inner)
			if v < 0 {
				v += int64(depth)
			}
			on := 0
			if v == int64(i/inner%depth) {
				on = 1
			}
			m.move(i, on)
		}
	}
	return n.Result(0, values.Type, slices.Insert(slices.Clone(index.Shape), axis, depth))
}

// oneHotDepth reads the depth, which may be of any type of number.
func oneHotDepth(n *ir.Node) (int, error) {
	v := n.In[1]
	if v.Const == nil {
		return 0, ir.Unsupportedf("input 1 (%q) is computed at run time, its values are needed at load time", v.Name)
	}
	if err := numeric(n, 1); err != nil {
		return 0, err
	}
	if v.Len() != 1 {
		return 0, ir.Invalidf("depth of shape %v", v.Shape)
	}
	depth := scalarsOf(v.Const).float(0)
	if !(depth >= 1 && depth <= math.MaxInt32) {
		return 0, ir.Invalidf("depth %v", depth)
	}
	return int(depth), nil
}

// buildReverseSequence is Operators.md#ReverseSequence: the first so many steps
// of each sequence in reverse, the rest as it is.
func buildReverseSequence(n *ir.Node) error {
	if err := n.Arity(2, 2, 1); err != nil {
		return err
	}
	x, lengths := n.In[0], n.In[1]
	time, batch := n.Int("time_axis", 0), n.Int("batch_axis", 1)
	if err := n.Done(); err != nil {
		return err
	}
	if min(time, batch) < 0 || time+batch != 1 || len(x.Shape) < 2 || lengths.Type != ir.Int64 || !slices.Equal(lengths.Shape, []int{x.Shape[batch]}) {
		return ir.Invalidf("input of shape %v, time axis %d, batch axis %d, lengths %v %v", x.Shape, time, batch, lengths.Type, lengths.Shape)
	}
	strides := ir.Strides(x.Shape)
	n.Run = func(c *ir.Call) {
		m, list := between(c.Out[0], c.In[0]), ir.Of[int64](c.In[1])
		for _, v := range list {
			if v < 0 || v > int64(x.Shape[time]) {
				c.Err = ir.Dataf("length %d of %d steps", v, x.Shape[time])
				return
			}
		}
		for i := range x.Len() {
			t, b, from := i/strides[time]%x.Shape[time], i/strides[batch]%x.Shape[batch], i
			if end := int(list[b]); t < end {
				from += (end - 1 - 2*t) * strides[time]
			}
			m.move(i, from)
		}
	}
	return n.Result(0, x.Type, x.Shape)
}
