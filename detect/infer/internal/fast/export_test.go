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
