package fast

// The model of time behind the choice of method, in cycles of one core. It is
// coarse and need not be more: between the methods lie tens of per cent.

// sizes are numbers, most of floats, that a second-level cache of 2 MB suggests. Caches
// half as large still do well with them, as not all is in use at once.
type sizes struct {
	chain        int // chains pay when more than this lies between their links
	chainBand    int // what lies there of a band of a chain
	chainWeights int // weights of a chain, which every band needs
	tiles        int // transformed tiles of a band, in and out
	weights      int // weights of a direct convolution that stay while stretches of rows go by
	rows         int // input of such a stretch

	direct float64 // the part of the direct way's time that Winograd's may take
}

var usualSizes = sizes{chain: 192 << 10, chainBand: 128 << 10, chainWeights: 160 << 10, tiles: 320 << 10, weights: 128 << 10, rows: 128 << 10, direct: 0.92}

// bytesPerCycle is what a core reads from beyond its second-level cache.
const bytesPerCycle = 4

// cacheBytes is how much stays in the second-level cache besides what else is there.
const cacheBytes = 1 << 20

// stream is the time it takes to read n floats, so many times: only what does
// not fit the cache is read more than once.
func stream(n, times int) float64 {
	if 4*n <= cacheBytes {
		times = 1
	}
	return 4 * float64(n) * float64(times) / bytesPerCycle
}

// directCycles is the time of the sum of all products.
func (v *convolution) directCycles(s *cutter) float64 {
	blocks := (v.out.Shape[1] + block - 1) / block
	_, row := s.splitBlocks(&s.Conv, blocks, v.out.Shape[3], v.terms())
	return max(row*float64(v.out.Shape[2]), stream(blocks*block*v.terms(), 1))
}

// cycles is the time of a convolution by tiles. Transforms move every vector of
// a tile through the first-level cache twice.
func (o *winograd) cycles(s *cutter) float64 {
	products := 0.0
	var count, cost [3]float64 // by inputs of a product
	for _, p := range o.products {
		if count[p.Count]++; cost[p.Count] == 0 {
			_, cost[p.Count] = s.splitBlocks(&s.Conv, o.outBlocks(), o.most, p.Count*o.depth())
		}
	}
	for i, n := range count {
		products += n * cost[i]
	}
	tiles := o.tiles[0] * o.tiles[1]
	bands := (tiles + o.most - 1) / o.most
	products *= float64(tiles) / float64(o.most)
	transforms := float64(tiles) * block / float64(o.set.Lanes) * float64(5*o.f.Inputs()*o.inBlocks()+4*o.f.Sums()*o.outBlocks())
	return max(products, stream(o.f.Filters()*o.depth()*o.outBlocks()*block, bands)) + transforms
}
