package kernel

// convolve is the family of convolution kernels: for each pixel of each tile and
// each of blocks × Block output channels
//
//	Out = act(Bias + Σ over taps and their channels of In · W + Res)
//
// with the sum taken in the order of W, one fused or two separate roundings a
// product.
func convolve(blocks, pixels, channels int) func(*Conv) {
	return func(a *Conv) {
		for p := 0; p < a.Tiles*pixels; p += 2 {
			q := min(p+1, a.Tiles*pixels-1) // an odd last pixel is both of them
			for b := range blocks {
				for lane := 0; lane < Block; lane += 4 {
					a.quad(p, q, b, lane, blocks*Block, channels)
				}
			}
		}
	}
}

// quad computes four output channels of two pixels, few enough to stay in registers.
func (a *Conv) quad(p, q, b, lane, width, channels int) {
	bias := a.Bias[b*Block+lane:][:4]
	s0, s1, s2, s3 := bias[0], bias[1], bias[2], bias[3]
	r0, r1, r2, r3 := s0, s1, s2, s3
	inP, inQ, w := a.In[p*a.Step:], a.In[q*a.Step:], a.W[b*Block+lane:]
	for i, off := range a.Off {
		x, y := inP[off:][:channels], inQ[off:][:channels]
		rows := w[i*channels*width:]
		for c, xc := range x {
			u, yc := rows[c*width:][:4], y[c]
			s0, s1, s2, s3 = s0+u[0]*xc, s1+u[1]*xc, s2+u[2]*xc, s3+u[3]*xc
			r0, r1, r2, r3 = r0+u[0]*yc, r1+u[1]*yc, r2+u[2]*yc, r3+u[3]*yc
		}
	}
	a.put(p, b, lane, [4]float32{s0, s1, s2, s3})
	if q != p {
		a.put(q, b, lane, [4]float32{r0, r1, r2, r3})
	}
}

func (a *Conv) put(p, b, lane int, sums [4]float32) {
	out := a.Out[b*a.OutBlock+p*Block+lane:][:4]
	for i, s := range sums {
		if a.Res != nil {
			s += a.Res[b*a.ResBlock+p*Block+lane+i]
		}
		out[i] = a.Act.apply(s)
	}
}

// apply is the activation of one number. It keeps NaN.
func (a *Act) apply(x float32) float32 {
	switch a.Kind {
	case Slope:
		if y := a.Slope * x; y > x {
			return y
		}
	case Clip:
		if x < a.Low {
			return a.Low
		}
		if x > a.High {
			return a.High
		}
	}
	return x
}
