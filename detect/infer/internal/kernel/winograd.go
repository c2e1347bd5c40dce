package kernel

// Winograd's F(4×4, 3×3) computes 4×4 results of a 3×3 convolution from 6×6
// inputs with 36 products instead of 144: Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A. The
// scheme is that of Lavin and Gray, arXiv:1509.09308, section 4; the points are
// not their 0, ±1, ±2, ∞ but 0, ±√½, ±√2, ∞. With those no entry of the matrices
// is larger than 2√2, and the rounding error is about a third.

const (
	sqrtHalf = 0.70710678118654752440 // √½, the smaller point
	sqrt2    = 1.41421356237309504880 // √2, the larger one
)

// winogradIn makes 36 vectors of each tile: Bᵀ·d·B.
func winogradIn(a *WinogradIn) {
	for i := range a.Tiles {
		in, out := a.In[i*4*Block:], a.Out[i*Block:]
		for c := range Block {
			var d [6][6]float32
			for y := range d {
				for x := range d[y] {
					d[y][x] = in[y*a.Row+x*Block+c]
				}
			}
			for y := range d {
				d[y] = forward(d[y])
			}
			for x := range 6 {
				column := forward([6]float32{d[0][x], d[1][x], d[2][x], d[3][x], d[4][x], d[5][x]})
				for y, v := range column {
					out[(y*6+x)*a.Matrix+c] = v
				}
			}
		}
	}
}

// forward is Bᵀ times a column.
func forward(x [6]float32) [6]float32 {
	even, odd := x[4]-2*x[2], sqrtHalf*(x[3]-2*x[1])
	wide, far := x[4]-0.5*x[2], sqrt2*(x[3]-0.5*x[1])
	return [6]float32{
		x[0] - 2.5*x[2] + x[4],
		even + odd, even - odd,
		wide + far, wide - far,
		x[1] - 2.5*x[3] + x[5],
	}
}

// winogradOut makes 4×4 pixels of each tile's vectors: act(Aᵀ·M·A + Bias).
func winogradOut(a *WinogradOut) {
	for i := range a.Tiles {
		in, out := a.In[i*Block:], a.Out[i*4*Block:]
		for c := range Block {
			var m [6][4]float32
			for y := range m {
				var row [6]float32
				for x := range row {
					row[x] = in[(y*6+x)*a.Matrix+c]
				}
				m[y] = backward(row)
			}
			for x := range 4 {
				column := backward([6]float32{m[0][x], m[1][x], m[2][x], m[3][x], m[4][x], m[5][x]})
				for y, v := range column {
					out[y*a.Row+x*Block+c] = a.Act.apply(v + a.Bias[c])
				}
			}
		}
	}
}

// backward is Aᵀ times a column.
func backward(x [6]float32) [4]float32 {
	s12, d12, s34, d34 := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	return [4]float32{
		x[0] + s12 + s34,
		sqrtHalf*d12 + sqrt2*d34,
		0.5*s12 + 2*s34,
		sqrtHalf/2*d12 + 2*sqrt2*d34 + x[5],
	}
}

// winogradWeights makes 36 vectors of the nine of each filter: G·g·Gᵀ.
func winogradWeights(a *WinogradWeights) {
	for i := range a.Count {
		in, out := a.In[i*a.InStep:], a.Out[i*a.OutStep:]
		for c := range Block {
			var g [3][6]float32
			for y := range g {
				at := y*3*a.Tap + c
				g[y] = spreadFilter(in[at], in[at+a.Tap], in[at+2*a.Tap])
			}
			for x := range 6 {
				column := spreadFilter(g[0][x], g[1][x], g[2][x])
				for y, v := range column {
					out[(y*6+x)*a.Matrix+c] = v
				}
			}
		}
	}
}

// spreadFilter is G times a column.
func spreadFilter(a, b, c float32) [6]float32 {
	outer, inner := a*(-2./3)-c*(1./3), b*(-2./3*sqrtHalf)
	wide, step := a*(1./6)+c*(1./3), b*(1./6*sqrt2)
	return [6]float32{a, outer + inner, outer - inner, wide + step, wide - step, c}
}
