package fast

import (
	"maps"
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// winograd is a 3×3 convolution of stride 1 by F(4×4, 3×3) or F(2×2, 3×3), or of
// stride 2 by F(2×2, 3×3): a quarter, 4/9 or 25/36 of the products, for some more
// additions and a little more rounding. A unit is a tile, in the order of rows and columns: a small picture
// has few rows of tiles, which two workers could not share evenly.
//
// Tiles are done in bands. In each every tile of the input becomes 36, 16 or 25 vectors of channels.
// With the transformed weights that makes as many convolutions with one tap, or
// with two of them, whose pixels are tiles. Their results are transformed back, with bias and
// activation, a share of the output channels at a time: so most of the cache is
// there for the input, and a band can be high. Every band reads all weights,
// and those of the deeper layers come from beyond the cache.
type winograd struct {
	convolution
	set           *kernel.Set
	f             *kernel.Winograd
	products      []kernel.Product
	from, to, add *tensor
	tiles         [2]int    // rows and columns of tiles
	most          int       // tiles of a band, at most
	bands         []band    // of every size there may be, the largest first
	packed        []float32 // by share, matrix, channel, output channel
	bias          []float32
	src, dst, sum view
}

// winograd adds the operation if it is faster than the sum of all products.
func (c *compiler) winograd(v *convolution) bool {
	methods := []*kernel.Winograd{&c.Set.Winograd4, &c.Set.Winograd2}
	if v.square(3, 2) && c.Set.Strided.Tile > 0 && v.left() == 0 {
		methods = []*kernel.Winograd{&c.Set.Strided}
	} else if !v.square(3, 1) {
		methods = nil
	}
	if c.Exact || methods == nil {
		return false
	}
	best := c.sizes.direct * v.directCycles(c.cut)
	var o *winograd
	for _, f := range methods {
		w := &winograd{convolution: *v, set: c.Set, f: f, products: f.Products()}
		for i := range w.tiles {
			w.tiles[i] = (v.out.Shape[2+i] + f.Tile - 1) / f.Tile
		}
		w.most = w.bandOf(c.sizes.tiles, 1) // the choice must not depend on threads
		if t := w.cycles(c.cut); t < best && w.around().fits() {
			best, o = t, w
		}
	}
	if o == nil {
		return false
	}
	o.most = o.bandOf(c.sizes.tiles, c.Threads)
	o.from = c.blocks(v.in, o.around())
	if v.res != nil {
		o.add = c.blocks(v.res, margin{})
	}
	o.to = c.newBlocks(v.out)
	o.cover(c.cut, c.Threads)
	c.add(o)
	return true
}

// offsets lead through the channels of transformed tiles, by half block and by
// channel of those that are left.
type offsets struct{ halves, singles []int32 }

// around is what tiles read beyond the picture.
func (o *winograd) around() margin {
	beyond := func(i int) int {
		return max(0, (o.tiles[i]*o.f.Tile-1)*o.f.Stride+3-o.pad[i]-o.in.Shape[2+i])
	}
	return margin{top: o.pad[0], bottom: beyond(0), left: o.pad[1], right: beyond(1)}
}

// band is how a band of so many tiles is multiplied.
type band struct {
	tiles  int
	shares []share
	taps   map[int]offsets // by the gap between inputs of a product; known once the tensors have places
}

// cover prepares bands of all sizes that up to so many workers may meet. The
// weights lie in the order of the shares of the largest.
func (o *winograd) cover(s *cutter, threads int) {
	terms := o.products[0].Count * o.depth() // as many as any has
	shares, _ := s.splitBlocks(&s.Conv, o.outBlocks(), o.most, terms)
	for _, n := range o.bandSizes(s, threads) {
		b := band{tiles: n, taps: map[int]offsets{}}
		for _, sh := range shares {
			row, _ := s.splitRow(&s.Conv, sh.blocks, n, terms)
			b.shares = append(b.shares, share{first: sh.first, blocks: sh.blocks, row: row})
		}
		s.leave(b.shares, n, o.left())
		o.bands = append(o.bands, b)
	}
}

// bandSizes lists how many tiles a band may have, the largest number first.
// A worker's part begins and ends in the middle of an image, with whole ones in
// between.
func (o *winograd) bandSizes(s *cutter, threads int) []int {
	units, image := o.units(), o.tiles[0]*o.tiles[1]
	key := bandKey{units, image, o.most}
	if sizes, ok := s.bands[key]; ok {
		return sizes
	}
	all := map[int]bool{o.most: true}
	for parts := 1; parts <= min(threads, units); parts++ {
		for i := range parts {
			lo, hi := i*units/parts, (i+1)*units/parts
			first := min(hi-lo, image-lo%image)
			for _, n := range []int{first, min(hi-lo-first, image), (hi - lo - first) % image} {
				for n > 0 {
					part := o.part(n)
					all[part] = true
					n -= part
				}
			}
		}
	}
	sizes := slices.Sorted(maps.Keys(all))
	slices.Reverse(sizes)
	s.bands[key] = sizes
	return sizes
}

// bandKey is what the sizes of bands depend on, for so many threads.
type bandKey struct{ units, image, most int }

// part is how many of n tiles of an image go into the next band: bands are as
// large as may be and alike.
func (o *winograd) part(n int) int {
	bands := (n + o.most - 1) / o.most
	return (n + bands - 1) / bands
}

// depth is how many input channels are multiplied.
func (o *winograd) depth() int { return o.in.Shape[1] }

func (o *winograd) inBlocks() int  { return (o.in.Shape[1] + block - 1) / block }
func (o *winograd) outBlocks() int { return (o.out.Shape[1] + block - 1) / block }

// bandOf is how many tiles fit the cache, which has room for so many floats of
// them, where there is as much for each thread and band.
func (o *winograd) bandOf(room, threads int) int {
	tile := block * (o.f.Inputs()*o.inBlocks() + o.f.Sums()*min(o.outBlocks(), len(o.set.Conv)-1))
	all := o.tiles[0] * o.tiles[1]
	bands := max((all*tile+room-1)/room, threads)
	return max(1, (all+bands-1)/bands)
}

func (o *winograd) tensors() (in, out []*tensor) {
	return present([]*tensor{o.from, o.add}), []*tensor{o.to}
}

func (o *winograd) units() int { return o.out.Shape[0] * o.tiles[0] * o.tiles[1] }

// pitches are the distances from matrix to matrix, of transformed inputs and of
// products, in floats. An odd number of cache lines spreads the matrices over
// the sets of the cache.
func (o *winograd) pitches(tiles int) (in, out int) {
	odd := func(blocks int) int { return (blocks*tiles | 1) * block }
	return odd(o.inBlocks()), odd(o.widest())
}

// widest is the number of blocks of the widest share.
func (o *winograd) widest() (n int) {
	for _, sh := range o.bands[0].shares {
		n = max(n, sh.blocks)
	}
	return n
}

// weightsOf is where the weights of a share begin.
func (o *winograd) weightsOf(sh share) int { return o.f.Filters() * sh.first * block * o.rows() }

// rows is how many rows of output channels a matrix of filters has: one more than
// it needs, as the distance between them would often be a power of two, and what
// is written to all of them in turn would be in each other's way in the cache. Those of
// stride 2 have to follow each other.
func (o *winograd) rows() int { return o.depth() + 2 - o.f.Stride }

func (o *winograd) scratch() int {
	in, out := o.pitches(o.most)
	return o.f.Inputs()*(in+block) + o.f.Sums()*out + o.f.Tile*o.f.Tile*o.tiles[1]*block
}

func (o *winograd) prepare(_ *Program, s *slab) {
	o.src, o.dst = o.from.view(), o.to.view()
	if o.add != nil {
		o.sum = o.add.view()
	}
	o.packed = s.take(o.f.Filters() * o.rows() * o.outBlocks() * block)
	o.bias = s.take(o.outBlocks() * block)
	if o.packed == nil {
		return
	}
	copy(o.bias, o.convolution.bias)
	for _, b := range o.bands {
		for _, p := range o.products {
			if _, ok := b.taps[p.Gap]; !ok {
				b.taps[p.Gap] = o.tapsOf(b.tiles, p)
			}
		}
	}
	for _, sh := range o.bands[0].shares {
		o.packShare(sh, s)
	}
	o.weights = nil // packed, and not needed any more
}

// packShare transforms the filters of a share, a block of input channels at a
// time: so they are in the first-level cache in between.
func (o *winograd) packShare(sh share, s *slab) {
	depth, width := o.in.Shape[1], sh.blocks*block
	outputs := min(width, o.to.c-sh.first*block)
	src := numbersOf(o.weights).from(sh.first * block * depth * 9)
	filters := s.lend(block * 9 * width) // by input channel, tap, output channel
	clear(filters)                       // there may be fewer outputs
	for first := 0; first < depth; first += block {
		count := min(block, depth-first)
		turn(o.set, filters, width, src.from(first*9), depth*9, outputs, count*9)
		transformFilters(o.f, kernel.WinogradWeights{
			In: filters, Tap: width, InStep: 9 * width, Count: count,
			Out: o.packed[o.weightsOf(sh)+first*width:], Matrix: o.rows() * width, OutStep: width,
		}, sh.blocks)
	}
}

// tapsOf leads through the channels of so many tiles, of the inputs of a product.
func (o *winograd) tapsOf(tiles int, p kernel.Product) (t offsets) {
	at := func(channel int) int32 { return int32(channel/block*tiles*block + channel%block) }
	whole, pitch := o.chunks()*kernel.Chunk, 0
	if p.Gap > 0 {
		pitch, _ = o.pitches(tiles)
	}
	for i := range p.Count {
		for channel := 0; channel < whole; channel += kernel.Chunk {
			t.halves = append(t.halves, at(channel)+int32(i*p.Gap*pitch))
		}
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
	n := o.f.Inputs()
	b.in, b.out, b.tmp, b.edge = take(n*b.pitchIn), take(o.f.Sums()*b.pitchOut), take(n*block), scratch
	return b
}

func (o *winograd) run(w *worker, lo, hi int) {
	image := o.tiles[0] * o.tiles[1]
	for lo < hi {
		n, first := lo/image, lo%image
		for left := min(image-first, hi-lo); left > 0; {
			count := o.part(left)
			o.tilesFrom(w, n, first, count)
			first, left, lo = first+count, left-count, lo+count
		}
	}
}

// tilesFrom computes one band.
func (o *winograd) tilesFrom(w *worker, n, first, count int) {
	m, step := o.buffers(w.scratch, count), o.f.Tile*o.f.Stride
	for b := range o.inBlocks() {
		for r := o.tileRun(first, count, 0); r.tiles > 0; r = o.tileRun(first, count, r.at+r.tiles) {
			w.transform = kernel.WinogradIn{
				In:  w.arena[o.src.pixel(n, b, r.row*step-o.pad[0], r.column*step-o.pad[1]):],
				Row: o.src.pitch, Out: m.in[(b*count+r.at)*block:], Matrix: m.pitchIn, Tiles: r.tiles, Tmp: m.tmp,
			}
			w.forth(o.f)
		}
	}
	i := 0
	for o.bands[i].tiles != count {
		i++
	}
	for _, sh := range o.bands[i].shares {
		for k := range o.products {
			o.multiply(w, &m, k, sh, o.bands[i].taps)
		}
		for b := range sh.blocks {
			for r := o.tileRun(first, count, 0); r.tiles > 0; r = o.tileRun(first, count, r.at+r.tiles) {
				o.back(w, n, sh.first+b, r, &m, (b*count+r.at)*block)
			}
		}
	}
}

// tileRun are tiles of a band that lie in one row.
type tileRun struct{ at, row, column, tiles int }

// tileRun begins with tile at of so many from the first on. It has no tiles
// where the band ends.
func (o *winograd) tileRun(first, count, at int) tileRun {
	row, column := (first+at)/o.tiles[1], (first+at)%o.tiles[1]
	return tileRun{at, row, column, min(count-at, o.tiles[1]-column)}
}

// nearFloats is how many weights stay in the first-level cache while the tiles of
// a band go by.
const nearFloats = 8 << 10

// multiply computes product k for one share. It has weights of the next ones fetched
// meanwhile: each time as many as it takes to be through with them in the end.
func (o *winograd) multiply(w *worker, m *buffers, k int, sh share, all map[int]offsets) {
	p, matrix := &o.products[k], o.rows()*sh.blocks*block
	taps := all[p.Gap]
	begin := o.weightsOf(sh)
	at, left := begin+p.Filter*matrix, o.f.Filters()*matrix/len(o.products)
	next := begin + o.products[0].Count*matrix + k*left
	in, out := m.in[p.Input*m.pitchIn:], m.out[p.Sum*m.pitchOut:]
	a := &w.conv
	*a = kernel.Conv{Off: taps.halves, W: o.packed[at:], Bias: zeros[:], Step: block, OutBlock: m.tiles * block, ResBlock: m.tiles * block}
	// As if the share had all blocks of a call, so that sums are the same however the work is shared.
	deep := max(1, nearFloats/(kernel.Chunk*(len(o.set.Conv)-1)*block))
	for from := 0; from < len(taps.halves); from += deep {
		a.Off = taps.halves[from:min(from+deep, len(taps.halves))]
		a.W = o.packed[at+from*kernel.Chunk*sh.blocks*block:]
		for _, s := range sh.row {
			a.In, a.Out, a.Tiles = in[s.x*block:], out[s.x*block:], s.tiles
			if p.More || from > 0 {
				a.Res = a.Out
			}
			if a.FetchStep = 0; left > 0 && next < len(o.packed) {
				a.Fetch, a.FetchStep = o.packed[next:], kernel.FetchFloats
				next, left = next+s.tiles*len(a.Off)*kernel.FetchFloats, left-s.tiles*len(a.Off)*kernel.FetchFloats
			}
			o.set.Conv[sh.blocks][s.pixels](a)
		}
	}
	if len(taps.singles) == 0 {
		return
	}
	a.Off, a.W = taps.singles, o.packed[at+len(taps.halves)*kernel.Chunk*sh.blocks*block:]
	for _, s := range sh.rest {
		a.In, a.Out, a.Tiles = in[s.x*block:], out[s.x*block:], s.tiles
		if len(taps.halves) > 0 {
			a.Res = a.Out
		}
		o.set.Stem[sh.blocks][s.pixels](a)
	}
}

// back makes pixels of the products of a run of tiles. Tiles that stick out of the
// picture go by way of edge: the margins must stay zero.
func (o *winograd) back(w *worker, n, b int, r tileRun, m *buffers, at int) {
	products, edge, tile := m.out[at:], m.edge, o.f.Tile
	x, y := r.column*tile, r.row*tile
	height, end := min(tile, o.to.h-y), min(x+r.tiles*tile, o.to.w)
	whole := (end - x) / tile
	if height < tile {
		whole = 0
	}
	a := &w.result
	*a = kernel.WinogradOut{In: products, Matrix: m.pitchOut, Bias: o.bias[b*block:], Tmp: m.tmp, Act: o.act}
	if o.add != nil {
		a.Act = kernel.Act{}
	}
	if whole > 0 {
		a.Out, a.Row, a.Tiles = w.arena[o.dst.pixel(n, b, y, x):], o.dst.pitch, whole
		w.back(o.f)
	}
	if left := r.tiles - whole; left > 0 {
		a.In, a.Out, a.Row, a.Tiles = products[whole*block:], edge, left*tile*block, left
		w.back(o.f)
		from := x + whole*tile
		for i := range height {
			copy(w.arena[o.dst.pixel(n, b, y+i, from):][:(end-from)*block], edge[i*a.Row:])
		}
	}
	if o.add == nil {
		return
	}
	for i := range height {
		out := w.arena[o.dst.pixel(n, b, y+i, x):][:(end-x)*block]
		w.pair = kernel.Pair{A: out, B: w.arena[o.sum.pixel(n, b, y+i, x):][:(end-x)*block], Out: out, Act: o.act}
		w.pairs(o.set.Add)
	}
}
