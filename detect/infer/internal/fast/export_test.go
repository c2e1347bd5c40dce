package fast

// WithSmallCache has everything done in the smallest bands, and chained where it
// can be.
func WithSmallCache(o Options) Options {
	o.sizes = sizes{chain: 1, chainBand: 1, chainWeights: 1 << 20, tiles: 1, weights: 1 << 20, rows: 1}
	return o
}

// WithLittleCache is the same with bands of a few rows.
func WithLittleCache(o Options) Options {
	o.sizes = sizes{chain: 1, chainBand: 4 << 10, chainWeights: 1 << 20, tiles: 16 << 10, weights: 1 << 20, rows: 2 << 10}
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
