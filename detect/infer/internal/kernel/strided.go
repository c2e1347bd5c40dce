package kernel

// Products lists the products in the order they are to be computed in.
func (w *Winograd) Products() []Product {
	if w.Stride == 2 {
		return strided
	}
	all := make([]Product, w.Inputs())
	for i := range all {
		all[i] = Product{Sum: i, Input: i, Filter: i, Count: 1}
	}
	return all
}

// F(2×2, 3×3) of stride 2. Along one axis two results read five inputs:
//
//	y0 = x0·g0 + x1·g1 + x2·g2
//	y1 = x2·g0 + x3·g1 + x4·g2
//
// The products of x1 and x3 stay as they are. Those of x0, x2 and x4 are what
// F(2, 2) does with three products in place of four, at the points 0, 1, ∞:
//
//	y0 = [(x0−x2)·g0 + x1·g1] + x2·(g0+g2)
//	y1 = [x3·g1 + (x4−x2)·g2] + x2·(g0+g2)
//
// Only the two brackets and the last product are needed, so that products of
// two inputs, of four along both axes, are summed before the output transform. Inputs
// and filters are named in the order in which they meet there:
//
//	inputs   0: x0−x2   1: x1   2: x3   3: x4−x2   4: x2
//	filters  0: g0      1: g1   2: g2              3: g0+g2
//	sums     0: inputs 0 and 1 by filters 0 and 1
//	         1: inputs 2 and 3 by filters 1 and 2
//	         2: input 4 by filter 3

// strided lists the products for both axes. They go through the filters from the
// first to the last, or nearly so.
var strided = []Product{
	{Sum: 0, Input: 0, Filter: 0, Count: 2, Gap: 1},
	{Sum: 1, Input: 2, Filter: 1, Count: 2, Gap: 1},
	{Sum: 0, Input: 5, Filter: 3, Count: 2, Gap: 1, More: true},
	{Sum: 1, Input: 7, Filter: 4, Count: 2, Gap: 1, More: true},
	{Sum: 3, Input: 10, Filter: 3, Count: 2, Gap: 1},
	{Sum: 4, Input: 12, Filter: 4, Count: 2, Gap: 1},
	{Sum: 3, Input: 15, Filter: 6, Count: 2, Gap: 1, More: true},
	{Sum: 4, Input: 17, Filter: 7, Count: 2, Gap: 1, More: true},
	{Sum: 6, Input: 20, Filter: 9, Count: 2, Gap: 1},
	{Sum: 7, Input: 22, Filter: 10, Count: 2, Gap: 1},
	{Sum: 2, Input: 4, Filter: 12, Count: 2, Gap: 5},
	{Sum: 5, Input: 14, Filter: 13, Count: 2, Gap: 5},
	{Sum: 8, Input: 24, Filter: 15, Count: 1},
}

// stridedIn makes vectors of each tile, in rows of five.
func stridedIn(a *WinogradIn) {
	spread := func(x [5]float32) [5]float32 { return [5]float32{x[0] - x[2], x[1], x[3], x[4] - x[2], x[2]} }
	for i := range a.Tiles {
		in, out := a.In[i*4*Block:], a.Out[i*Block:]
		for c := range Block {
			var rows [5][5]float32
			for y := range rows {
				var d [5]float32
				for x := range d {
					d[x] = in[y*a.Row+x*Block+c]
				}
				rows[y] = spread(d)
			}
			for x := range 5 {
				for y, v := range spread([5]float32{rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x]}) {
					out[(y*5+x)*a.Matrix+c] = v
				}
			}
		}
	}
}

// stridedOut makes 2×2 pixels of each tile's sums, which come in rows of three.
func stridedOut(a *WinogradOut) {
	for i := range a.Tiles {
		in, out := a.In[i*Block:], a.Out[i*2*Block:]
		for c := range Block {
			at := func(y, x int) float32 { return in[(y*3+x)*a.Matrix+c] }
			for x := range 2 {
				last := at(2, x) + at(2, 2)
				for y := range 2 {
					out[y*a.Row+x*Block+c] = a.Act.apply(at(y, x) + at(y, 2) + last + a.Bias[c])
				}
			}
		}
	}
}

// stridedWeights makes vectors of the nine of each filter: first rows of the
// filters 0 to 2 along x, then the four of filter 3. So those that are summed, along
// either axis, follow each other.
func stridedWeights(a *WinogradWeights) {
	spread := func(g0, g1, g2 float32) [4]float32 { return [4]float32{g0, g1, g2, g0 + g2} }
	for i := range a.Count {
		in, out := a.In[i*a.InStep:], a.Out[i*a.OutStep:]
		for c := range Block {
			var rows [3][4]float32
			for y := range rows {
				at := y*3*a.Tap + c
				rows[y] = spread(in[at], in[at+a.Tap], in[at+2*a.Tap])
			}
			for x := range 4 {
				for y, v := range spread(rows[0][x], rows[1][x], rows[2][x]) {
					to := y*3 + x
					if x == 3 {
						to = 12 + y
					}
					out[to*a.Matrix+c] = v
				}
			}
		}
	}
}
