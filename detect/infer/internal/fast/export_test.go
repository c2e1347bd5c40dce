package fast

import "github.com/fitveil/fitveil/detect/infer/internal/ir"

// WithSmallCache has everything done in the smallest bands, and chained where it
// can be.
func WithSmallCache(o Options) Options {
	o.sizes = sizes{chain: 1, chainBand: 1, chainWeights: 1 << 20, tiles: 1, weights: 1 << 20, rows: 1, direct: 0.92}
	return o
}

// WithLittleCache is the same with bands of a few rows.
func WithLittleCache(o Options) Options {
	o.sizes = sizes{chain: 1, chainBand: 4 << 10, chainWeights: 1 << 20, tiles: 16 << 10, weights: 1 << 20, rows: 2 << 10, direct: 0.92}
	return o
}

// WithTiles has Winograd's method used wherever there are kernels for it.
func WithTiles(o Options) Options {
	o.sizes = usualSizes
	o.sizes.tiles, o.sizes.direct = 64<<10, 1e9
	return o
}

// Chains counts the chains of a program.
func Chains(p *Program) (n int) {
	for _, o := range p.ops {
		if _, ok := o.(*chain); ok {
			n++
		}
	}
	return n
}

// Tiled counts the convolutions that go by Winograd's method.
func Tiled(p *Program) (n int) {
	for _, o := range p.ops {
		if _, ok := o.(*winograd); ok {
			n++
		}
	}
	return n
}

// Place is a stretch of memory: floats needed from operation Begin to End.
type Place struct{ Size, Begin, End, At int }

// Arrange gives places their offsets, and returns how much there is of memory
// and how much there was to look at.
func Arrange(list []Place) (size, work int) {
	places := make([]*place, len(list))
	for i, p := range list {
		places[i] = &place{size: p.Size, begin: p.Begin, end: p.End}
	}
	var s skyline
	size = s.arrange(places)
	for i, p := range places {
		list[i].At = p.at
	}
	return size, s.work
}

// Products counts the products of matrices that kernels compute, and the other
// operations.
func Products(p *Program) (products, others int) {
	for _, o := range p.ops {
		if _, ok := o.(*matmul); ok {
			products++
		} else {
			others++
		}
	}
	return products, others
}

// Bands lists the sizes of bands that are prepared for so many images of so many
// tiles, and those that workers meet.
func Bands(images, tiles, most, threads int) (prepared []int, met map[int]bool) {
	o := &winograd{most: most, tiles: [2]int{1, tiles}}
	o.out = &ir.Value{Shape: []int{images}}
	met = map[int]bool{}
	for parts := 1; parts <= min(threads, o.units()); parts++ {
		for i := range parts {
			for lo, hi := i*o.units()/parts, (i+1)*o.units()/parts; lo < hi; {
				n := o.part(min(hi-lo, tiles-lo%tiles))
				met[n] = true
				lo += n
			}
		}
	}
	return o.bandSizes(newCutter(nil), threads), met
}

// Fetched counts how often chains have each float of a session's first input fetched,
// and those of its memory, when a call fetches so many.
func Fetched(s *Session, each int) (input, memory []int) {
	counts := [2][]int{make([]int, len(s.given[0])), make([]int, len(s.arena))}
	for _, o := range s.program.ops {
		c, ok := o.(*chain)
		if !ok {
			continue
		}
		_, last := c.ends()
		for n := range last.n {
			for y := c.band; y < last.h; y += c.band {
				for i, a := range c.ahead(s, n, rowRange{y, min(y+c.band, last.h)}) {
					for a.count > 0 {
						size := min(each, a.size-a.done)
						at := cap([2][]float32{s.given[0], s.arena}[i]) - cap(a.next(each))
						for k := range size {
							counts[i][at+k]++
						}
					}
				}
			}
		}
	}
	return counts[0], counts[1]
}

// Band is how many rows of output a band of the first chain has, and how many of
// the input it reads.
func Band(p *Program) (out, in int) {
	for _, o := range p.ops {
		if c, ok := o.(*chain); ok {
			return c.band, c.reach(c.band)
		}
	}
	return 0, 0
}
