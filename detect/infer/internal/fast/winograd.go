package fast

import (
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// winograd is a 3×3 convolution of stride 1 by F(4×4, 3×3) or F(2×2, 3×3): a
// quarter or 4/9 of the products, for some more additions and a little more
// rounding. A unit is a band of tile rows of one image.
//
// For each band every tile of the input becomes 36 or 16 vectors of channels.
// With the transformed weights that makes as many convolutions with one tap,
// whose pixels are tiles. Their results are transformed back, with bias and
// activation, a share of the output channels at a time: so most of the cache is
// there for the input, and a band can be high. Every band reads all weights,
// and those of the deeper layers come from beyond the cache.
type winograd struct {
	convolution
	set           *kernel.Set
	f             *kernel.Winograd
	from, to, add *tensor
	tiles         [2]int // rows and columns of tiles
	band          int    // tile rows of a unit
	full, rest    []share
	packed        []float32 // by share, matrix, channel, output channel
	bias          []float32
	taps, fewer   offsets // for full bands and the last one
	src, dst, sum view
}

// winograd adds the operation if it is faster than the sum of all products.
func (c *compiler) winograd(v *convolution) bool {
	if c.Exact || !v.square(3, 1) {
		return false
	}
	best := 0.92 * v.directCycles(c.Set)
	var o *winograd
	for _, f := range []*kernel.Winograd{&c.Set.Winograd4, &c.Set.Winograd2} {
		w := &winograd{convolution: *v, set: c.Set, f: f}
		for i := range w.tiles {
			w.tiles[i] = (v.out.Shape[2+i] + f.Tile - 1) / f.Tile
		}
		w.chooseBand(c.sizes.tiles, 1) // the choice must not depend on threads
		if t := w.cycles(); t < best && w.around().fits() {
			best, o = t, w
		}
	}
	if o == nil {
		return false
	}
	o.chooseBand(c.sizes.tiles, c.Threads)
	o.from = c.blocks(v.in, o.around())
	if v.res != nil {
		o.add = c.blocks(v.res, margin{})
	}
	o.to = c.newBlocks(v.out)
	o.full, _ = splitBlocks(c.Set, &c.Set.Conv, o.to.blocks(), o.band*o.tiles[1], o.depth())
	o.rest = refit(c.Set, o.full, o.lastBand()*o.tiles[1], o.depth())
	leave(c.Set, o.full, o.band*o.tiles[1], o.left())
	leave(c.Set, o.rest, o.lastBand()*o.tiles[1], o.left())
	c.add(o)
	return true
}

// offsets lead through the channels of transformed tiles, by half block and by
// channel of those that are left.
type offsets struct{ halves, singles []int32 }

// around is what tiles read beyond the picture.
func (o *winograd) around() margin {
	beyond := func(i int) int { return max(0, o.tiles[i]*o.f.Tile+2-o.pad[i]-o.in.Shape[2+i]) }
	return margin{top: o.pad[0], bottom: beyond(0), left: o.pad[1], right: beyond(1)}
}

// refit splits rows of another width for shares that are given: the weights lie
// in their order.
func refit(s *kernel.Set, shares []share, w, terms int) []share {
	out := make([]share, len(shares))
	for i, sh := range shares {
		row, _ := splitRow(s, &s.Conv, sh.blocks, w, terms)
		out[i] = share{first: sh.first, blocks: sh.blocks, row: row}
	}
	return out
}

// depth is how many input channels are multiplied.
func (o *winograd) depth() int { return o.in.Shape[1] }

func (o *winograd) inBlocks() int  { return (o.in.Shape[1] + block - 1) / block }
func (o *winograd) outBlocks() int { return (o.out.Shape[1] + block - 1) / block }

// chooseBand takes as many tile rows as fit the cache, which has room for so
// many floats of them, evenly.
func (o *winograd) chooseBand(room, threads int) {
	row := o.f.Matrices() * block * (o.inBlocks() + min(o.outBlocks(), len(o.set.Conv)-1)) * o.tiles[1]
	bands := max((o.tiles[0]*row+room-1)/room, threads)
	o.band = max(1, (o.tiles[0]+bands-1)/bands)
}

func (o *winograd) bands() int    { return (o.tiles[0] + o.band - 1) / o.band }
func (o *winograd) lastBand() int { return o.tiles[0] - (o.bands()-1)*o.band }

func (o *winograd) tensors() (in, out []*tensor) {
	return present([]*tensor{o.from, o.add}), []*tensor{o.to}
}

func (o *winograd) units() int { return o.to.n * o.bands() }

// pitches are the distances from matrix to matrix, of transformed inputs and of
// products, in floats. An odd number of cache lines spreads the matrices over
// the sets of the cache.
func (o *winograd) pitches(tiles int) (in, out int) {
	odd := func(blocks int) int { return (blocks*tiles | 1) * block }
	return odd(o.inBlocks()), odd(o.widest())
}

// widest is the number of blocks of the widest share.
func (o *winograd) widest() (n int) {
	for _, sh := range o.full {
		n = max(n, sh.blocks)
	}
	return n
}

// weightsOf is where the weights of a share begin.
func (o *winograd) weightsOf(sh share) int { return o.f.Matrices() * sh.first * block * o.depth() }

func (o *winograd) scratch() int {
	in, out := o.pitches(o.band * o.tiles[1])
	return o.f.Matrices()*(in+out+block) + o.f.Tile*o.f.Tile*o.tiles[1]*block
}

func (o *winograd) prepare(_ *Program, s *slab) {
	o.src, o.dst = o.from.view(), o.to.view()
	if o.add != nil {
		o.sum = o.add.view()
	}
	o.packed = s.take(o.f.Matrices() * o.depth() * o.outBlocks() * block)
	o.bias = s.take(o.outBlocks() * block)
	if o.packed == nil {
		return
	}
	copy(o.bias, o.convolution.bias)
	o.taps, o.fewer = o.tapsOf(o.band*o.tiles[1]), o.tapsOf(o.lastBand()*o.tiles[1])
	depth := o.in.Shape[1]
	for _, sh := range o.full {
		width := sh.blocks * block
		outputs := min(width, o.to.c-sh.first*block)
		filters := s.lend(depth*9*width, outputs < width) // by input channel, tap, output channel
		turn(o.set, filters, width, o.weights[sh.first*block*depth*9:], depth*9, outputs, depth*9)
		for b := range sh.blocks {
			transformFilters(o.f, kernel.WinogradWeights{
				In: filters[b*block:], Tap: width, InStep: 9 * width, Count: depth,
				Out: o.packed[o.weightsOf(sh)+b*block:], Matrix: o.depth() * width, OutStep: width,
			})
		}
	}
	o.weights = nil // packed, and not needed any more
}

// tapsOf leads through the channels of so many tiles.
func (o *winograd) tapsOf(tiles int) (t offsets) {
	at := func(channel int) int32 { return int32(channel/block*tiles*block + channel%block) }
	whole := o.chunks() * kernel.Chunk
	for channel := 0; channel < whole; channel += kernel.Chunk {
		t.halves = append(t.halves, at(channel))
	}
	for channel := whole; channel < o.depth(); channel++ {
		t.singles = append(t.singles, at(channel))
	}
	return t
}

// buffers are the parts of a worker's scratch memory.
type buffers struct {
	in, out           []float32 // transformed tiles and products, by matrix, block, tile
	pitchIn, pitchOut int
	tmp, edge         []float32
	tiles             int
}

func (o *winograd) buffers(scratch []float32, tiles int) (b buffers) {
	take := func(n int) []float32 {
		part := scratch[:n:n]
		scratch = scratch[n:]
		return part
	}
	b.tiles = tiles
	b.pitchIn, b.pitchOut = o.pitches(tiles)
	n := o.f.Matrices()
	b.in, b.out, b.tmp, b.edge = take(n*b.pitchIn), take(n*b.pitchOut), take(n*block), scratch
	return b
}

func (o *winograd) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		n, first := u/o.bands(), u%o.bands()*o.band
		rows := min(o.band, o.tiles[0]-first)
		m := o.buffers(w.scratch, rows*o.tiles[1])
		for b := range o.inBlocks() {
			for r := range rows {
				w.transform = kernel.WinogradIn{
					In:  w.arena[o.src.pixel(n, b, (first+r)*o.f.Tile-o.pad[0], -o.pad[1]):],
					Row: o.src.pitch, Out: m.in[(b*m.tiles+r*o.tiles[1])*block:], Matrix: m.pitchIn, Tiles: o.tiles[1], Tmp: m.tmp,
				}
				w.forth(o.f)
			}
		}
		shares, taps := o.full, o.taps
		if rows < o.band {
			shares, taps = o.rest, o.fewer
		}
		for _, sh := range shares {
			for k := range o.f.Matrices() {
				o.multiply(w, &m, k, sh, &taps)
			}
			for b := range sh.blocks {
				for r := range rows {
					o.back(w, n, sh.first+b, first+r, &m, (b*m.tiles+r*o.tiles[1])*block)
				}
			}
		}
	}
}

// multiply computes one matrix of products for one share. It has the weights of
// the next one fetched meanwhile.
func (o *winograd) multiply(w *worker, m *buffers, matrix int, sh share, taps *offsets) {
	left := o.depth() * sh.blocks * block
	at := o.weightsOf(sh) + matrix*left
	next := at + left
	a := &w.conv
	*a = kernel.Conv{Off: taps.halves, W: o.packed[at:], Bias: zeros[:], Step: block, OutBlock: m.tiles * block}
	for _, s := range sh.row {
		if len(taps.halves) == 0 {
			break
		}
		a.In, a.Out, a.Tiles = m.in[matrix*m.pitchIn+s.x*block:], m.out[matrix*m.pitchOut+s.x*block:], s.tiles
		if a.FetchStep = 0; left > 0 && next < len(o.packed) {
			a.Fetch, a.FetchStep = o.packed[next:], kernel.FetchFloats
			next, left = next+s.tiles*len(taps.halves)*kernel.FetchFloats, left-s.tiles*len(taps.halves)*kernel.FetchFloats
		}
		o.set.Conv[sh.blocks][s.pixels](a)
	}
	if len(taps.singles) == 0 {
		return
	}
	a.Off, a.W, a.ResBlock = taps.singles, o.packed[at+len(taps.halves)*kernel.Chunk*sh.blocks*block:], a.OutBlock
	for _, s := range sh.rest {
		a.In, a.Out, a.Tiles = m.in[matrix*m.pitchIn+s.x*block:], m.out[matrix*m.pitchOut+s.x*block:], s.tiles
		if len(taps.halves) > 0 {
			a.Res = a.Out
		}
		o.set.Stem[sh.blocks][s.pixels](a)
	}
}

// back makes pixels of the products of a tile row. Tiles that stick out of the
// picture go by way of edge: the margins must stay zero.
func (o *winograd) back(w *worker, n, b, row int, m *buffers, at int) {
	products, edge, tile := m.out[at:], m.edge, o.f.Tile
	y := row * tile
	height := min(tile, o.to.h-y)
	whole := o.to.w / tile
	if height < tile {
		whole = 0
	}
	a := &w.result
	*a = kernel.WinogradOut{In: products, Matrix: m.pitchOut, Bias: o.bias[b*block:], Tmp: m.tmp, Act: o.act}
	if o.add != nil {
		a.Act = kernel.Act{}
	}
	if whole > 0 {
		a.Out, a.Row, a.Tiles = w.arena[o.dst.pixel(n, b, y, 0):], o.dst.pitch, whole
		w.back(o.f)
	}
	if left := o.tiles[1] - whole; left > 0 {
		a.In, a.Out, a.Row, a.Tiles = products[whole*block:], edge, left*tile*block, left
		w.back(o.f)
		x := whole * tile
		for i := range height {
			copy(w.arena[o.dst.pixel(n, b, y+i, x):][:(o.to.w-x)*block], edge[i*a.Row:])
		}
	}
	if o.add == nil {
		return
	}
	for i := range height {
		out := w.rowOf(&o.dst, o.to, n, b, y+i)
		w.pair = kernel.Pair{A: out, B: w.rowOf(&o.sum, o.to, n, b, y+i), Out: out, Act: o.act}
		o.set.Add(&w.pair)
	}
}
