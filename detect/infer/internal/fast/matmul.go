package fast

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// matmul multiplies matrices: MatMul and Gemm. The kernels are those of
// convolutions of one tap. Rows of the first matrix are their pixels, read where
// they are; columns of the second are output channels. A unit is a stretch of
// rows of one result.
//
// The second matrix is packed when the program is compiled, if it is known then,
// otherwise by each worker that needs it. Long sums are made in parts: no call
// of a kernel takes long, and what it reads of both matrices stays in the cache.
type matmul struct {
	set         *kernel.Set
	m, k, n     int
	pairs       []factors // of matrices, one for each result
	weights     *ir.Array
	matrices    int     // in weights
	turned      bool    // weights are n × k
	alpha       float32 // what they are multiplied by
	given       []float32
	act         kernel.Act
	from, to    *tensor
	other       *tensor // the second matrix, nil where it is known
	rows        int     // of a unit
	full, last  []share // of units, and of the last one of a result
	packed      []float32
	bias        []float32
	taps        []int32
	singles     []int32
	width, room int // blocks of the widest share, and floats of a packed matrix
}

// factors is where the matrices of a product begin: a in floats, b in matrices.
type factors struct{ a, b int }

// sumPart is how many products of an element a kernel adds up in one call.
const sumPart = 2048

// stretchRows is how many rows of the first matrix meet a share of the second
// one before the next share's turn comes.
const stretchRows = 256

// matmul adds an operation for MatMul or Gemm node i with what follows it.
func (c *compiler) matmul(i int, n *ir.Node) bool {
	a, b := n.In[0], n.In[1]
	if c.Set.Lanes == 1 { // the reference operators are faster, they need no copies
		return false
	}
	if a.Const != nil || a.Type != ir.Float32 || b.Type != ir.Float32 || n.Out[0].Len() == 0 || a.Len() == 0 || len(b.Shape) < 2 {
		return false
	}
	o := &matmul{set: c.Set, alpha: 1}
	rank := len(b.Shape)
	o.k, o.n = b.Shape[rank-2], b.Shape[rank-1]
	bias := (*ir.Value)(nil)
	beta := float32(1)
	if n.Op == "Gemm" {
		if n.Flag("transA", false) || b.Const == nil && (n.Flag("transB", false) || n.Number("alpha", 1) != 1) {
			return false
		}
		o.alpha, beta = n.Number("alpha", 1), n.Number("beta", 1)
		if o.turned = n.Flag("transB", false); o.turned {
			o.k, o.n = o.n, o.k
		}
		bias = n.Input(2)
	}
	if o.n < block/2 { // most of a block would be computed for nothing
		return false
	}
	if c.Memory.Take(2*o.n+4*(n.Out[0].Len()/o.n), 4) != nil { // the bias, and the pairs
		return false
	}
	if bias != nil && !o.add(bias, beta) {
		return false
	}
	o.pair(a.Shape, b.Shape)
	out, last := c.followSums(o, n.Out[0], i)
	c.finish(i, last, func() { c.addMatmul(o, a, b, out) })
	return true
}

func (c *compiler) addMatmul(o *matmul, a, b, out *ir.Value) {
	o.from = c.rows(a)
	if o.weights = b.Const; b.Const == nil {
		o.other = c.rows(b)
	}
	o.to = c.newRows(out)
	blocks := (o.n + block - 1) / block
	o.rows = min(o.m, stretchRows)
	if len(o.pairs) < c.Threads {
		o.rows = min(o.rows, (o.m+c.Threads-1)/c.Threads)
	}
	o.full, _ = c.cut.splitBlocks(&c.Set.Conv, blocks, o.rows, min(o.k, sumPart))
	o.last = make([]share, len(o.full))
	rest := o.m - (o.stretches()-1)*o.rows
	for i, sh := range o.full {
		row, _ := c.cut.splitRow(&c.Set.Conv, sh.blocks, rest, min(o.k, sumPart))
		o.last[i] = share{first: sh.first, blocks: sh.blocks, row: row}
		o.width = max(o.width, sh.blocks)
	}
	c.cut.leave(o.full, o.rows, o.k%kernel.Chunk)
	c.cut.leave(o.last, rest, o.k%kernel.Chunk)
	o.room = o.k * blocks * block
	c.add(o)
}

// pair finds the matrices of each product: dimensions before the last two
// broadcast. Where there is one second matrix all rows are those of one product.
func (o *matmul) pair(a, b []int) {
	if len(a) == 1 {
		a = []int{1, a[0]}
	}
	a, b, o.m = a[:len(a)-2], b[:len(b)-2], a[len(a)-2]
	o.matrices, _ = ir.Count(b)
	if o.matrices == 1 {
		count, _ := ir.Count(a)
		o.m, o.pairs = o.m*count, []factors{{}}
		return
	}
	o.pairs = []factors{{}}
	stepA, stepB := o.m*o.k, 1
	for axis := 1; axis <= max(len(a), len(b)); axis++ { // from the last one
		da, db := 1, 1
		if axis <= len(a) {
			da = a[len(a)-axis]
		}
		if axis <= len(b) {
			db = b[len(b)-axis]
		}
		inner := o.pairs
		for i := 1; i < max(da, db); i++ {
			for _, p := range inner {
				o.pairs = append(o.pairs, factors{p.a + i%da*stepA, p.b + i%db*stepB})
			}
		}
		stepA, stepB = stepA*da, stepB*db
	}
}

// add takes a constant for the bias if it has a number for each column, or one.
func (o *matmul) add(v *ir.Value, beta float32) bool {
	rank := len(v.Shape)
	if v.Const == nil || v.Type != ir.Float32 || o.given != nil || v.Len() != 1 && (v.Len() != o.n || v.Shape[rank-1] != o.n) {
		return false
	}
	o.given = make([]float32, o.n)
	values := ir.Of[float32](v.Const)
	for i := range o.given {
		o.given[i] = beta * values[i%len(values)]
	}
	return true
}

// followSums folds the nodes that alone read the result: one addition of a
// constant row, one activation.
func (c *compiler) followSums(o *matmul, out *ir.Value, last int) (*ir.Value, int) {
	for {
		i := c.uses.sole(out)
		if i < 0 || c.done[i] || c.later[i] != nil {
			return out, last
		}
		n := c.graph.Nodes[i]
		act, ok := activation(n)
		if ok {
			o.act = act
		} else if n.Op != "Add" || !slices.Equal(n.Out[0].Shape, out.Shape) || !o.add(n.In[0], 1) && !o.add(n.In[1], 1) {
			return out, last
		}
		c.done[i] = true
		if out, last = n.Out[0], i; ok {
			return out, last
		}
	}
}

// stretches is how many units make one result.
func (o *matmul) stretches() int { return (o.m + o.rows - 1) / o.rows }

func (o *matmul) tensors() (in, out []*tensor) {
	return present([]*tensor{o.from, o.other}), []*tensor{o.to}
}

func (o *matmul) units() int { return len(o.pairs) * o.stretches() }

func (o *matmul) scratch() int {
	room := o.width * o.rows * block
	if o.other != nil {
		room += o.room
	}
	return room
}

func (o *matmul) prepare(_ *Program, s *slab) {
	if o.bias = s.take(lines(o.n)); o.bias != nil {
		copy(o.bias, o.given)
	}
	if o.weights != nil {
		o.packed = s.take(o.matrices * o.room)
	}
	o.taps, o.singles = o.taps[:0], o.singles[:0]
	for at := 0; at+kernel.Chunk <= min(o.k, sumPart); at += kernel.Chunk {
		o.taps = append(o.taps, int32(at))
	}
	for at := range o.k % kernel.Chunk {
		o.singles = append(o.singles, int32(at))
	}
	if o.packed == nil {
		return
	}
	for i := range o.matrices {
		dst := o.packed[i*o.room:][:o.room]
		if o.turned {
			src := numbersOf(o.weights).from(i * o.k * o.n)
			for _, sh := range o.full {
				outputs := min(sh.blocks*block, o.n-sh.first*block)
				turn(o.set, dst[sh.first*block*o.k:], sh.blocks*block, src.from(sh.first*block*o.k), o.k, outputs, o.k)
			}
		} else {
			o.pack(dst, o.weights.Part(i*o.k*o.n, o.k*o.n, s.lend))
		}
		if o.alpha != 1 {
			for j := range dst {
				dst[j] *= o.alpha
			}
		}
	}
	o.weights, o.given = nil, nil // packed, and not needed any more
}

// pack puts the rows of a second matrix into the order the kernels read them in:
// share by share, each row's columns together.
func (o *matmul) pack(dst, src []float32) {
	for _, sh := range o.full {
		width, first := sh.blocks*block, sh.first*block
		outputs := min(width, o.n-first)
		for l := range o.k {
			copy(dst[first*o.k+l*width:][:outputs], src[l*o.n+first:])
		}
	}
}

func (o *matmul) run(w *worker, lo, hi int) {
	have := -1
	sums, mine := w.scratch[:o.width*o.rows*block], w.scratch[o.width*o.rows*block:]
	for u := lo; u < hi; u++ {
		p, row := o.pairs[u/o.stretches()], u%o.stretches()*o.rows
		count, shares, weights := o.rows, o.full, mine
		if row+count > o.m {
			count, shares = o.m-row, o.last
		}
		switch {
		case o.other == nil:
			weights = o.packed[p.b*o.room:]
		case have != p.b:
			have = p.b
			o.pack(mine, w.plane(o.other)[p.b*o.k*o.n:])
		}
		in := w.plane(o.from)[p.a+row*o.k:]
		out := w.plane(o.to)[(u/o.stretches()*o.m+row)*o.n:]
		for _, sh := range shares {
			o.sum(w, sh, in, weights[sh.first*block*o.k:], sums, count)
			for b := range sh.blocks {
				first := (sh.first + b) * block
				columns := min(block, o.n-first)
				for r := range count {
					copy(out[r*o.n+first:][:columns], sums[(b*count+r)*block:])
				}
			}
		}
	}
}

// sum computes rows of the blocks of a share, block by block.
func (o *matmul) sum(w *worker, sh share, in, weights, sums []float32, rows int) {
	a := &w.conv
	*a = kernel.Conv{Bias: o.bias[sh.first*block:], Step: o.k, OutBlock: rows * block, ResBlock: rows * block}
	whole := o.k - len(o.singles)
	part := func(table *kernel.ConvTable, row []segment, off []int32, at, depth int) {
		a.Off, a.W = off, weights[at*sh.blocks*block:]
		if at > 0 {
			a.Bias = zeros[:]
		}
		if at+depth == o.k {
			a.Act = o.act
		}
		for _, s := range row {
			a.In, a.Out, a.Tiles = in[s.x*o.k+at:], sums[s.x*block:], s.tiles
			if at > 0 {
				a.Res = a.Out
			}
			table[sh.blocks][s.pixels](a)
		}
	}
	for at := 0; at < whole; at += sumPart {
		depth := min(sumPart, whole-at)
		part(&o.set.Conv, sh.row, o.taps[:depth/kernel.Chunk], at, depth)
	}
	if len(o.singles) > 0 {
		part(&o.set.Stem, sh.rest, o.singles, whole, len(o.singles))
	}
}
