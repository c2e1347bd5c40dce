package kernel

// Winograd's F(m×m, 3×3) computes m×m results of a 3×3 convolution from
// (m+2)×(m+2) inputs with as many products: Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A. The
// scheme is that of Lavin and Gray, arXiv:1509.09308, section 4. For m = 4, with
// a quarter of the products of the plain sum, the points are not their 0, ±1,
// ±2, ∞ but 0, ±√½, ±√2, ∞. With those no entry of the matrices is larger than
// 2√2, and the rounding error is about a third. For m = 2, with 4/9 of the
// products and less than half the weights, they are 0, ±1, ∞.

const (
	sqrtHalf = 0.70710678118654752440 // √½, the smaller point
	sqrt2    = 1.41421356237309504880 // √2, the larger one
)

// winogradIn makes vectors of each tile: Bᵀ·d·B.
func winogradIn(m int) func(*WinogradIn) {
	n := m + 2
	return func(a *WinogradIn) {
		for i := range a.Tiles {
			in, out := a.In[i*m*Block:], a.Out[i*Block:]
			for c := range Block {
				var rows [6][6]float32
				for y := range n {
					var d [6]float32
					for x := range n {
						d[x] = in[y*a.Row+x*Block+c]
					}
					rows[y] = forward(m, d)
				}
				for x := range n {
					var d [6]float32
					for y := range n {
						d[y] = rows[y][x]
					}
					column := forward(m, d)
					for y := range n {
						out[(y*n+x)*a.Matrix+c] = column[y]
					}
				}
			}
		}
	}
}

// forward is Bᵀ times a column.
func forward(m int, x [6]float32) [6]float32 {
	if m == 2 {
		return [6]float32{x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]}
	}
	even, odd := x[4]-2*x[2], sqrtHalf*(x[3]-2*x[1])
	wide, far := x[4]-0.5*x[2], sqrt2*(x[3]-0.5*x[1])
	return [6]float32{
		x[0] - 2.5*x[2] + x[4],
		even + odd, even - odd,
		wide + far, wide - far,
		x[1] - 2.5*x[3] + x[5],
	}
}

// winogradOut makes pixels of each tile's vectors: act(Aᵀ·M·A + Bias).
func winogradOut(m int) func(*WinogradOut) {
	n := m + 2
	return func(a *WinogradOut) {
		for i := range a.Tiles {
			in, out := a.In[i*Block:], a.Out[i*m*Block:]
			for c := range Block {
				var rows [6][4]float32
				for y := range n {
					var d [6]float32
					for x := range n {
						d[x] = in[(y*n+x)*a.Matrix+c]
					}
					rows[y] = backward(m, d)
				}
				for x := range m {
					var d [6]float32
					for y := range n {
						d[y] = rows[y][x]
					}
					column := backward(m, d)
					for y := range m {
						out[y*a.Row+x*Block+c] = a.Act.apply(column[y] + a.Bias[c])
					}
				}
			}
		}
	}
}

// backward is Aᵀ times a column.
func backward(m int, x [6]float32) [4]float32 {
	if m == 2 {
		return [4]float32{x[0] + x[1] + x[2], x[1] - x[2] - x[3]}
	}
	s12, d12, s34, d34 := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	return [4]float32{
		x[0] + s12 + s34,
		sqrtHalf*d12 + sqrt2*d34,
		0.5*s12 + 2*s34,
		sqrtHalf/2*d12 + 2*sqrt2*d34 + x[5],
	}
}

// winogradWeights makes vectors of the nine of each filter: G·g·Gᵀ.
func winogradWeights(m int) func(*WinogradWeights) {
	n := m + 2
	return func(a *WinogradWeights) {
		for i := range a.Count {
			in, out := a.In[i*a.InStep:], a.Out[i*a.OutStep:]
			for c := range Block {
				var rows [3][6]float32
				for y := range rows {
					at := y*3*a.Tap + c
					rows[y] = spreadFilter(m, in[at], in[at+a.Tap], in[at+2*a.Tap])
				}
				for x := range n {
					column := spreadFilter(m, rows[0][x], rows[1][x], rows[2][x])
					for y := range n {
						out[(y*n+x)*a.Matrix+c] = column[y]
					}
				}
			}
		}
	}
}

// spreadFilter is G times a column.
func spreadFilter(m int, a, b, c float32) [6]float32 {
	if m == 2 {
		return [6]float32{a, 0.5*(a+c) + 0.5*b, 0.5*(a+c) - 0.5*b, c}
	}
	outer, inner := a*(-2./3)-c*(1./3), b*(-2./3*sqrtHalf)
	wide, step := a*(1./6)+c*(1./3), b*(1./6*sqrt2)
	return [6]float32{a, outer + inner, outer - inner, wide + step, wide - step, c}
}
