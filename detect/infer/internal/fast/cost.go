package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// The model of time behind the choice of method, in cycles of one core. It is
// coarse and need not be more: between the methods lie tens of per cent.

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
func (v *convolution) directCycles(s *kernel.Set) float64 {
	blocks := (v.out.Shape[1] + block - 1) / block
	_, row := splitBlocks(s, &s.Conv, blocks, v.out.Shape[3], v.terms())
	return max(row*float64(v.out.Shape[2]), stream(blocks*block*v.terms(), 1))
}

// cycles is the time of a convolution by tiles. Transforms move every vector of
// a tile through the first-level cache twice.
func (o *winograd) cycles() float64 {
	_, products := splitBlocks(o.set, &o.set.Conv, o.outBlocks(), o.band*o.tiles[1], o.depth())
	matrices := float64(o.f.Matrices())
	products *= matrices * float64(o.tiles[0]) / float64(o.band)
	vectors := matrices * float64(o.tiles[0]*o.tiles[1]) * block / float64(o.set.Lanes)
	transforms := vectors * (5*float64(o.inBlocks()) + 4*float64(o.outBlocks()))
	return max(products, stream(o.f.Matrices()*o.depth()*o.outBlocks()*block, o.bands())) + transforms
}
