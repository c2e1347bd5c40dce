package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// winograd is a 3×3 convolution of stride 1 by F(4×4, 3×3): a quarter of the
// products, for some more additions and a little more rounding. A unit is a band
// of tile rows of one image.
//
// For each band every tile of the input becomes 36 vectors of channels. With
// the transformed weights that makes 36 convolutions with one tap, whose
// pixels are tiles. Their results are transformed back, with bias and activation.
type winograd struct {
	convolution
	set           *kernel.Set
	from, to, add *tensor
	tiles         [2]int // rows and columns of tiles
	band          int    // tile rows of a unit
	full, rest    []share
	packed        []float32 // by matrix, share, channel, output channel
	bias, none    []float32
	taps, fewer   []int32 // for full bands and the last one
	src, dst, sum view
}

const (
	matrices = 36
	tileSide = 4
)

// bandFloats is how much memory the transformed tiles of a band may take: it
// should stay in the second-level cache while the weights stream through.
const bandFloats = 256 << 10

// winograd adds the operation if it is faster than the sum of all products.
func (c *compiler) winograd(v *convolution) bool {
	if c.Exact || !v.square(3, 1) {
		return false
	}
	o := &winograd{convolution: *v, set: c.Set, tiles: [2]int{(v.out.Shape[2] + 3) / tileSide, (v.out.Shape[3] + 3) / tileSide}}
	o.chooseBand(1) // the choice of method must not depend on threads
	around := margin{
		top: v.pad[0], bottom: max(0, o.tiles[0]*tileSide+2-v.pad[0]-v.in.Shape[2]),
		left: v.pad[1], right: max(0, o.tiles[1]*tileSide+2-v.pad[1]-v.in.Shape[3]),
	}
	if !around.fits() || !o.pays() {
		return false
	}
	o.chooseBand(c.Threads)
	o.from = c.blocks(v.in, around)
	if v.res != nil {
		o.add = c.blocks(v.res, margin{})
	}
	o.to = c.newBlocks(v.out)
	o.full, _ = splitBlocks(c.Set, &c.Set.Conv, o.to.blocks(), o.band*o.tiles[1], o.depth())
	o.rest, _ = splitBlocks(c.Set, &c.Set.Conv, o.to.blocks(), o.lastBand()*o.tiles[1], o.depth())
	if !sameShares(o.full, o.rest) {
		o.rest = refit(c.Set, o.full, o.lastBand()*o.tiles[1], o.depth())
	}
	c.add(o)
	return true
}

// sameShares reports whether two lists divide the blocks in the same way.
func sameShares(a, b []share) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].blocks != b[i].blocks {
			return false
		}
	}
	return true
}

// refit splits rows of another width for shares that are given: the weights lie
// in their order.
func refit(s *kernel.Set, shares []share, w, terms int) []share {
	out := make([]share, len(shares))
	for i, sh := range shares {
		row, _ := splitRow(s, &s.Conv, sh.blocks, w, terms)
		out[i] = share{sh.first, sh.blocks, row}
	}
	return out
}

// depth is how many input channels are multiplied.
func (o *winograd) depth() int { return o.chunks() * kernel.Chunk }

func (o *winograd) inBlocks() int  { return (o.in.Shape[1] + block - 1) / block }
func (o *winograd) outBlocks() int { return (o.out.Shape[1] + block - 1) / block }

// chooseBand takes as many tile rows as fit the cache, evenly.
func (o *winograd) chooseBand(threads int) {
	row := matrices * block * (o.inBlocks() + o.outBlocks()) * o.tiles[1]
	bands := max((o.tiles[0]*row+bandFloats-1)/bandFloats, threads)
	o.band = max(1, (o.tiles[0]+bands-1)/bands)
}

func (o *winograd) bands() int    { return (o.tiles[0] + o.band - 1) / o.band }
func (o *winograd) lastBand() int { return o.tiles[0] - (o.bands()-1)*o.band }

// pays estimates cycles both ways.
func (o *winograd) pays() bool {
	_, direct := splitBlocks(o.set, &o.set.Conv, o.outBlocks(), o.out.Shape[3], o.terms())
	direct *= float64(o.out.Shape[2])
	_, products := splitBlocks(o.set, &o.set.Conv, o.outBlocks(), o.band*o.tiles[1], o.depth())
	products *= matrices * float64(o.tiles[0]) / float64(o.band)
	tiles := float64(o.tiles[0] * o.tiles[1])
	transforms := tiles * float64(220*o.inBlocks()+150*o.outBlocks()) * block / float64(o.set.Lanes)
	// The weights come from memory once a band, at some eight bytes a cycle.
	weights := float64(o.bands()*matrices*o.depth()*o.outBlocks()*block*4) / 8
	return max(products, weights)+transforms < 0.9*direct
}

func (o *winograd) tensors() (in, out []*tensor) {
	return present([]*tensor{o.from, o.add}), []*tensor{o.to}
}

func (o *winograd) units() int { return o.to.n * o.bands() }

// pitches are the distances from matrix to matrix, of transformed inputs and of
// products, in floats. An odd number of cache lines spreads the matrices over
// the sets of the cache.
func (o *winograd) pitches(tiles int) (in, out int) {
	odd := func(blocks int) int { return (blocks*tiles | 1) * block }
	return odd(o.inBlocks()), odd(o.outBlocks())
}

func (o *winograd) scratch() int {
	in, out := o.pitches(o.band * o.tiles[1])
	return matrices*(in+out+block) + tileSide*tileSide*o.tiles[1]*block
}

func (o *winograd) prepare(_ *Program, s *slab) {
	o.src, o.dst = o.from.view(), o.to.view()
	if o.add != nil {
		o.sum = o.add.view()
	}
	matrix := o.depth() * o.outBlocks() * block
	o.packed, o.bias, o.none = s.take(matrices*matrix), s.take(o.outBlocks()*block), s.take(4*block)
	if o.packed == nil {
		return
	}
	copy(o.bias, o.convolution.bias)
	o.taps, o.fewer = o.tapsOf(o.band*o.tiles[1]), o.tapsOf(o.lastBand()*o.tiles[1])
	depth := o.in.Shape[1]
	var filters []float32
	for _, sh := range o.full {
		width := sh.blocks * block
		filters = growZero(filters, depth*9*width)
		for k := range min(width, o.to.c-sh.first*block) {
			src := o.weights[(sh.first*block+k)*depth*9:][:depth*9]
			for i, v := range src {
				filters[i*width+k] = v
			}
		}
		for b := range sh.blocks {
			o.set.WinogradWeights(&kernel.WinogradWeights{
				In: filters[b*block:], Tap: width, InStep: 9 * width, Count: depth,
				Out: o.packed[sh.first*block*o.depth()+b*block:], Matrix: matrix, OutStep: width,
			})
		}
	}
}

// growZero returns n zeros, in the memory of s if that is enough.
func growZero(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// tapsOf leads through the channels of so many tiles.
func (o *winograd) tapsOf(tiles int) (taps []int32) {
	for chunk := range o.chunks() {
		at := chunk * kernel.Chunk
		taps = append(taps, int32(at/block*tiles*block+at%block))
	}
	return taps
}

func (o *winograd) run(w *worker, lo, hi int) {
	for u := lo; u < hi; u++ {
		n, first := u/o.bands(), u%o.bands()*o.band
		rows := min(o.band, o.tiles[0]-first)
		tiles := rows * o.tiles[1]
		pitchIn, pitchOut := o.pitches(tiles)
		m := w.scratch
		in, products, tmp, edge := m[:matrices*pitchIn], m[matrices*pitchIn:][:matrices*pitchOut], m[matrices*(pitchIn+pitchOut):][:matrices*block], m[matrices*(pitchIn+pitchOut+block):]
		for b := range o.inBlocks() {
			for r := range rows {
				w.transform = kernel.WinogradIn{
					In:  w.arena[o.src.pixel(n, b, (first+r)*tileSide-o.pad[0], -o.pad[1]):],
					Row: o.src.pitch, Out: in[(b*tiles+r*o.tiles[1])*block:], Matrix: pitchIn, Tiles: o.tiles[1], Tmp: tmp,
				}
				o.set.WinogradIn(&w.transform)
			}
		}
		shares, taps := o.full, o.taps
		if rows < o.band {
			shares, taps = o.rest, o.fewer
		}
		for k := range matrices {
			for _, sh := range shares {
				o.multiply(w, in[k*pitchIn:], products[k*pitchOut:], k, tiles, sh, taps)
			}
		}
		for b := range o.outBlocks() {
			for r := range rows {
				o.back(w, n, b, first+r, products[(b*tiles+r*o.tiles[1])*block:], pitchOut, tmp, edge)
			}
		}
	}
}

// multiply computes one matrix of products for one share.
func (o *winograd) multiply(w *worker, in, out []float32, matrix, tiles int, sh share, taps []int32) {
	weights := o.packed[(matrix*o.outBlocks()+sh.first)*block*o.depth():]
	for i, s := range sh.row {
		w.conv = kernel.Conv{
			In: in[s.x*block:], Off: taps, W: weights, Bias: o.none,
			Out: out[(sh.first*tiles+s.x)*block:], Step: block, OutBlock: tiles * block, Tiles: s.tiles,
		}
		if i == 0 {
			w.conv.Ahead = o.depth() * sh.blocks * block
		}
		o.set.Conv[sh.blocks][s.pixels](&w.conv)
	}
}

// back makes pixels of the products of a tile row. Tiles that stick out of the
// picture go by way of edge: the margins must stay zero.
func (o *winograd) back(w *worker, n, b, row int, products []float32, pitch int, tmp, edge []float32) {
	y := row * tileSide
	height := min(tileSide, o.to.h-y)
	whole := o.to.w / tileSide
	if height < tileSide {
		whole = 0
	}
	a := &w.result
	*a = kernel.WinogradOut{In: products, Matrix: pitch, Bias: o.bias[b*block:], Tmp: tmp, Act: o.act}
	if o.add != nil {
		a.Act = kernel.Act{}
	}
	if whole > 0 {
		a.Out, a.Row, a.Tiles = w.arena[o.dst.pixel(n, b, y, 0):], o.dst.pitch, whole
		o.set.WinogradOut(a)
	}
	if left := o.tiles[1] - whole; left > 0 {
		a.In, a.Out, a.Row, a.Tiles = products[whole*block:], edge, left*tileSide*block, left
		o.set.WinogradOut(a)
		x := whole * tileSide
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
