package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// elementwise adds an operation for node i if it computes each element from
// those at the same place.
func (c *compiler) elementwise(i int, n *ir.Node) bool {
	if len(n.In) == 0 || len(n.Out) != 1 || n.Out[0] == nil || n.Out[0].Type != ir.Float32 {
		return false
	}
	x := n.In[0]
	if x == nil || x.Const != nil {
		if len(n.In) < 2 {
			return false
		}
		x = n.In[1]
	}
	if x == nil || x.Const != nil || x.Len() == 0 {
		return false
	}
	if f := c.function(n.Op); f != nil {
		c.addFunction(n, x, f)
		return true
	}
	if !picture(x) {
		return false
	}
	if s, ok := c.readScaling(n, x); ok {
		c.addScaling(i, s)
		return true
	}
	return c.addPair(i, n)
}

// function finds the kernel of an operator without parameters.
func (c *compiler) function(op string) func(*kernel.Map) {
	switch op {
	case "Sigmoid":
		return c.Set.Sigmoid
	case "HardSwish":
		return c.Set.HardSwish
	}
	return nil
}

// mapping applies a function to all elements. A unit is a row of a block, or a
// stretch of a planar tensor.
type mapping struct {
	from, to *tensor
	f        func(*kernel.Map)
	src, dst view
}

// stretch is how many elements of a planar tensor make a unit.
const stretch = 1 << 12

func (c *compiler) addFunction(n *ir.Node, x *ir.Value, f func(*kernel.Map)) {
	y := n.Out[0]
	m := &mapping{f: f}
	// What only the caller reads is planar in the end, and smaller so.
	if asRows := len(c.uses.readers[y]) == 0; asRows || c.blocked[x] == nil {
		m.from = c.rows(x)
		m.to = c.newRows(y)
		if c.uses.sole(x) >= 0 && m.from.parent == nil && m.from.external < 0 {
			m.to.parent = m.from
		}
	} else {
		m.from = c.blocks(x, margin{})
		m.to = c.over(y, x)
	}
	c.add(m)
}

// over makes a blocked tensor for y in place of x, of the same shape, where
// nobody else reads x, and one of its own otherwise.
func (c *compiler) over(y, x *ir.Value) *tensor {
	from := c.blocked[x]
	to := c.newBlocks(y)
	if c.uses.sole(x) >= 0 && !from.shared && !from.keep {
		to.parent = from
	}
	return to
}

func (m *mapping) tensors() (in, out []*tensor) { return []*tensor{m.from}, []*tensor{m.to} }
func (m *mapping) scratch() int                 { return 0 }

func (m *mapping) units() int { return elementUnits(m.to) }

func elementUnits(t *tensor) int {
	if t.blocked {
		return t.n * t.blocks() * t.h
	}
	return (t.value.Len() + stretch - 1) / stretch
}

func (m *mapping) prepare(*Program, *slab) {
	if m.to.blocked {
		m.src, m.dst = m.from.view(), m.to.view()
	}
}

func (m *mapping) run(w *worker, lo, hi int) {
	if m.to.blocked {
		for u := lo; u < hi; u++ {
			n, b, y := m.to.unit(u)
			in, out := w.rowOf(&m.src, m.to, n, b, y), w.rowOf(&m.dst, m.to, n, b, y)
			w.apply = kernel.Map{In: in, Out: out}
			w.maps(m.f)
		}
		return
	}
	src, dst := w.plane(m.from), w.plane(m.to)
	src, dst = src[lo*stretch:min(hi*stretch, len(src))], dst[lo*stretch:min(hi*stretch, len(dst))]
	whole := len(src) / block * block
	w.apply = kernel.Map{In: src[:whole], Out: dst[:whole]}
	w.maps(m.f)
	if whole < len(src) {
		w.tail(src[whole:])
		w.apply = kernel.Map{In: w.padded[:], Out: w.padded[:]}
		w.maps(m.f)
		copy(dst[whole:], w.padded[:])
	}
}

// tail copies less than a vector to where kernels may work on a whole one.
func (w *worker) tail(src []float32) {
	clear(w.padded[:])
	copy(w.padded[:], src)
}

// unit takes the number of a row of a block apart.
func (t *tensor) unit(u int) (n, b, y int) {
	y, u = u%t.h, u/t.h
	return u / t.blocks(), u % t.blocks(), y
}

// rowOf are the pixels of a row of a block of a tensor of t's size.
func (w *worker) rowOf(v *view, t *tensor, n, b, y int) []float32 {
	return w.arena[v.pixel(n, b, y, 0):][:t.w*block]
}

// scaling is act(x·mul + add) with numbers that depend on the channel.
type scaling struct {
	x, y     *ir.Value
	mul, add []float32
	act      kernel.Act
}

// readScaling reads an activation, or arithmetic with constants.
func (c *compiler) readScaling(n *ir.Node, x *ir.Value) (s scaling, ok bool) {
	s = scaling{x: x, y: n.Out[0]}
	mul, add := float32(1), float32(0)
	if s.act, ok = activation(n); !ok {
		if n.Op != "HardSigmoid" {
			s.mul, s.add, ok = perChannel(n, x, c.Memory)
			return s, ok
		}
		mul, add = n.Number("alpha", 0.2), n.Number("beta", 0.5)
		s.act = kernel.Act{Kind: kernel.Clip, High: 1}
	}
	count := x.Shape[1]
	if c.Memory.Take(2*count, 4) != nil {
		return s, false
	}
	s.mul, s.add = slices.Repeat([]float32{mul}, count), slices.Repeat([]float32{add}, count)
	return s, true
}

// addScaling adds the operation. On a planar tensor it waits: a convolution
// that reads it can do the same while it copies its input.
func (c *compiler) addScaling(i int, s scaling) {
	if c.blocked[s.x] == nil {
		c.waiting[s.y] = &s
		return
	}
	last := i
	if next := c.uses.sole(s.y); next >= 0 && s.act.Kind == kernel.None && !c.done[next] && c.later[next] == nil {
		if act, ok := activation(c.graph.Nodes[next]); ok {
			s.act, s.y, last = act, c.graph.Nodes[next].Out[0], next
			c.done[next] = true
		}
	}
	c.finish(i, last, func() {
		o := &scale{scaling: s, set: c.Set, from: c.blocks(s.x, margin{})}
		o.to = c.over(s.y, s.x)
		c.add(o)
	})
}

// scaled is the planar tensor that v is made of by numbers that depend on the
// channel alone, and those numbers, nil where there are none.
func (c *compiler) scaled(v *ir.Value) (from *tensor, mul, add []float32) {
	s := c.waiting[v]
	if s == nil || s.act.Kind != kernel.None {
		return c.rows(v), nil, nil
	}
	from, mul, add = c.scaled(s.x)
	if mul == nil {
		return from, s.mul, s.add
	}
	m, a := slices.Clone(mul), slices.Clone(add)
	for i := range m {
		m[i], a[i] = m[i]*s.mul[i], a[i]*s.mul[i]+s.add[i]
	}
	return from, m, a
}

// scale is a scaling as an operation. A unit is a row of a block, or a channel
// of a planar tensor.
type scale struct {
	scaling
	set      *kernel.Set
	from, to *tensor
	src, dst view
	m, a     []float32
}

func (s *scale) tensors() (in, out []*tensor) { return []*tensor{s.from}, []*tensor{s.to} }
func (s *scale) scratch() int                 { return 0 }

func (s *scale) units() int {
	if s.to.blocked {
		return elementUnits(s.to)
	}
	return s.y.Shape[0] * s.y.Shape[1]
}

func (s *scale) prepare(_ *Program, sl *slab) {
	if !s.to.blocked {
		return
	}
	s.src, s.dst = s.from.view(), s.to.view()
	s.m, s.a = sl.take(s.to.blocks()*block), sl.take(s.to.blocks()*block)
	if s.m != nil {
		copy(s.m, s.mul)
		copy(s.a, s.add)
	}
}

func (s *scale) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		if !s.to.blocked {
			plane, c := s.y.Shape[2]*s.y.Shape[3], u%s.y.Shape[1]
			w.scaleLine(s.set, w.plane(s.to)[u*plane:][:plane], w.plane(s.from)[u*plane:][:plane], s.mul[c], s.add[c], s.act)
			continue
		}
		n, b, y := s.to.unit(u)
		w.affine = kernel.Affine{
			In: w.rowOf(&s.src, s.to, n, b, y), Out: w.rowOf(&s.dst, s.to, n, b, y),
			Mul: s.m[b*block:], Add: s.a[b*block:], Act: s.act,
		}
		w.scales(s.set.Affine)
	}
}

// scaleLine is act(src·mul + add) for a line of any length.
func (w *worker) scaleLine(set *kernel.Set, dst, src []float32, mul, add float32, act kernel.Act) {
	for i := range w.mul {
		w.mul[i], w.add[i] = mul, add
	}
	whole := len(src) / block * block
	w.affine = kernel.Affine{In: src[:whole], Out: dst[:whole], Mul: w.mul[:], Add: w.add[:], Act: act}
	w.scales(set.Affine)
	if whole < len(src) {
		w.tail(src[whole:])
		w.affine.In, w.affine.Out = w.padded[:], w.padded[:]
		w.scales(set.Affine)
		copy(dst[whole:], w.padded[:])
	}
}

// pair adds or multiplies two blocked tensors. Where b is one pixel, it counts
// for the whole picture. A unit is a row of a block.
type pair struct {
	set         *kernel.Set
	multiply    bool
	a, b, to    *tensor
	act         kernel.Act
	one         bool
	va, vb, dst view
}

func (c *compiler) addPair(i int, n *ir.Node) bool {
	if n.Op != "Add" && n.Op != "Mul" || len(n.In) != 2 {
		return false
	}
	a, b, y := n.In[0], n.In[1], n.Out[0]
	if !picture(a) || !picture(b) || c.blocked[a] == nil && c.blocked[b] == nil {
		return false
	}
	pixel := []int{y.Shape[0], y.Shape[1], 1, 1}
	one := n.Op == "Mul" && !slices.Equal(a.Shape, b.Shape)
	if one && slices.Equal(a.Shape, pixel) {
		a, b = b, a
	}
	if !slices.Equal(a.Shape, y.Shape) || !slices.Equal(b.Shape, a.Shape) && !(one && slices.Equal(b.Shape, pixel)) {
		return false
	}
	p := &pair{set: c.Set, multiply: n.Op == "Mul", one: one}
	last := i
	if next := c.uses.sole(y); next >= 0 && !c.done[next] && c.later[next] == nil && !one {
		if act, ok := activation(c.graph.Nodes[next]); ok {
			p.act, y, last = act, c.graph.Nodes[next].Out[0], next
			c.done[next] = true
		}
	}
	c.finish(i, last, func() {
		p.a, p.b = c.blocks(a, margin{}), c.blocks(b, margin{})
		p.to = c.newBlocks(y)
		c.add(p)
	})
	return true
}

func (p *pair) tensors() (in, out []*tensor) { return []*tensor{p.a, p.b}, []*tensor{p.to} }
func (p *pair) scratch() int                 { return 0 }
func (p *pair) units() int                   { return elementUnits(p.to) }

func (p *pair) prepare(*Program, *slab) { p.va, p.vb, p.dst = p.a.view(), p.b.view(), p.to.view() }

func (p *pair) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		n, b, y := p.to.unit(u)
		a, out := w.rowOf(&p.va, p.to, n, b, y), w.rowOf(&p.dst, p.to, n, b, y)
		if p.one {
			w.affine = kernel.Affine{In: a, Out: out, Mul: w.arena[p.vb.pixel(n, b, 0, 0):], Add: zeros[:]}
			w.scales(p.set.Affine)
			continue
		}
		w.pair = kernel.Pair{A: a, B: w.rowOf(&p.vb, p.to, n, b, y), Out: out, Act: p.act}
		if p.multiply {
			w.pairs(p.set.Multiply)
		} else {
			w.pairs(p.set.Add)
		}
	}
}

// zeros are added where nothing is to be added, to as many blocks as a kernel has.
var zeros [4 * block]float32
