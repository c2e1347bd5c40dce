package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// concat lets pictures be written where their concatenation will be read, if
// their channels fill whole blocks: then nothing is left to do. A picture that
// has a place already is copied.
func (c *compiler) concat(n *ir.Node) bool {
	y := n.Out[0]
	if axis := n.Int("axis", 1); axis != 1 && axis != -3 || !picture(y) {
		return false
	}
	blocked := false
	for i, v := range n.In {
		if !picture(v) || i < len(n.In)-1 && v.Shape[1]%block != 0 {
			return false
		}
		blocked = blocked || c.blocked[v] != nil
	}
	if !blocked {
		return false
	}
	var parts []*tensor
	for _, v := range n.In {
		parts = append(parts, c.blocks(v, margin{}))
	}
	to := c.newBlocks(y)
	for i, first := 0, 0; i < len(parts); i++ {
		t := parts[i]
		r, _ := t.root()
		if r.c == t.c && !t.shared && r != to && !slices.Contains(parts[:i], t) {
			r.parent, r.first = to, first
			to.margin = to.margin.union(r.margin)
			to.keep = to.keep || t.keep || c.uses.sole(n.In[i]) < 0
		} else {
			place := &tensor{value: t.value, blocked: true, external: -1, n: t.n, c: t.c, h: t.h, w: t.w, parent: to, first: first}
			c.add(&move{from: t, to: place})
		}
		first += t.blocks()
	}
	return true
}

// split lets the parts of a picture be read where the picture is, if they begin
// with a block. Others are taken out as rows.
func (c *compiler) split(n *ir.Node) bool {
	x := n.In[0]
	if axis := n.Int("axis", 0); axis != 1 && axis != -3 || !picture(x) || c.blocked[x] == nil {
		return false
	}
	from := c.blocks(x, margin{})
	channel := 0
	for _, v := range n.Out {
		if v == nil || !picture(v) {
			return false
		}
	}
	for _, v := range n.Out {
		if channel%block == 0 {
			t := c.newBlocks(v)
			t.parent, t.first, t.shared = from, channel/block, true
		} else {
			c.add(&unpack{from: from, to: c.newRows(v), first: channel, set: c.Set})
		}
		channel += v.Shape[1]
	}
	return true
}

// move copies a blocked tensor. A unit is a row of a block.
type move struct {
	from, to *tensor
	src, dst view
}

func (m *move) tensors() (in, out []*tensor) { return []*tensor{m.from}, []*tensor{m.to} }
func (m *move) scratch() int                 { return 0 }
func (m *move) units() int                   { return elementUnits(m.to) }
func (m *move) prepare(*Program, *slab)      { m.src, m.dst = m.from.view(), m.to.view() }

func (m *move) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		n, b, y := m.to.unit(u)
		copy(w.rowOf(&m.dst, m.to, n, b, y), w.rowOf(&m.src, m.to, n, b, y))
	}
}
