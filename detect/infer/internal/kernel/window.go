package kernel

import "math"

// depthwise convolves each channel by itself:
//
//	Out = act(Bias + Σ over taps of In · W)
func depthwise(a *Window) {
	for p := range a.Count {
		in, out := a.In[p*a.Step:], a.Out[p*Block:][:Block]
		var sums [Block]float32
		copy(sums[:], a.Bias)
		for i, off := range a.Off {
			x, w := in[off:][:Block], a.W[i*Block:][:Block]
			for c := range sums {
				sums[c] += x[c] * w[c]
			}
		}
		for c, s := range sums {
			out[c] = a.Act.apply(s)
		}
	}
}

// depthwise3 is the same for windows of 3×3 neighbours.
func depthwise3(stride, pixels int) func(*Window3) {
	return func(a *Window3) {
		for y := range a.Rows {
			row := a.In[y*a.Down:]
			for p := range a.Tiles * pixels {
				out := a.Out[y*a.OutRow+p*Block:][:Block]
				var sums [Block]float32
				copy(sums[:], a.Bias)
				for i := range 9 {
					x, w := row[i/3*a.Row+(p*stride+i%3)*Block:][:Block], a.W[i*Block:][:Block]
					for c := range sums {
						sums[c] += x[c] * w[c]
					}
				}
				for c, s := range sums {
					out[c] = a.Act.apply(s)
				}
			}
		}
	}
}

// maximum takes the largest tap of each channel, NaN where one is NaN.
func maximum(a *Window) {
	for p := range a.Count {
		in, out := a.In[p*a.Step:], a.Out[p*Block:][:Block]
		for c := range out {
			best := float32(math.Inf(-1))
			for _, off := range a.Off {
				best = max(best, in[int(off)+c])
			}
			out[c] = best
		}
	}
}

// resize interpolates between two pixels of each of two rows:
//
//	Out = Σ over left, right of weight · (WeightUpper·Upper + WeightLower·Lower) + Add
func resize(a *Resize) {
	for p, t := range a.Taps {
		ul, ll := a.Upper[t.Left:][:Block], a.Lower[t.Left:][:Block]
		ur, lr := a.Upper[t.Right:][:Block], a.Lower[t.Right:][:Block]
		out := a.Out[p*Block:][:Block]
		for c := range out {
			s := t.WeightLeft*(a.WeightUpper*ul[c]+a.WeightLower*ll[c]) + t.WeightRight*(a.WeightUpper*ur[c]+a.WeightLower*lr[c])
			if a.Add != nil {
				s += a.Add[p*Block+c]
			}
			out[c] = s
		}
	}
}
