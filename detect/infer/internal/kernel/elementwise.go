package kernel

import "math"

// add is Out = act(A + B).
func add(a *Pair) {
	for i := range a.Out {
		a.Out[i] = a.Act.apply(a.A[i] + a.B[i])
	}
}

// multiply is Out = act(A · B).
func multiply(a *Pair) {
	for i := range a.Out {
		a.Out[i] = a.Act.apply(a.A[i] * a.B[i])
	}
}

// affine is Out = act(In · Mul + Add), the product rounded before the sum.
func affine(a *Affine) {
	for i := range a.Out {
		a.Out[i] = a.Act.apply(float32(a.In[i]*a.Mul[i%Block]) + a.Add[i%Block])
	}
}

// sigmoid is Out = 1 / (1 + e^−In) to within 2e−7. Beyond ±87 it is that of ±87:
// 1e−38 instead of less, and 1.
func sigmoid(a *Map) {
	for i, x := range a.In[:len(a.Out)] {
		a.Out[i] = float32(1 / (1 + math.Exp(-float64(max(-87, min(87, x))))))
	}
}

// hardSwish is Out = In · max(0, min(1, In/6 + 1/2)).
func hardSwish(a *Map) {
	for i, x := range a.In[:len(a.Out)] {
		a.Out[i] = x * max(0, min(1, float32(x*(1./6))+0.5))
	}
}

// transpose turns rows into columns.
func transpose(a *Transpose) {
	for y := range Block {
		row := a.Out[y*a.OutRow:][:Block]
		for x := range row {
			row[x] = a.In[x*a.InRow+y]
		}
	}
}

// transposeHalves turns rows of binary16 numbers into columns of floats.
func transposeHalves(a *TransposeHalves) {
	for y := range Block {
		row := a.Out[y*a.OutRow:][:Block]
		for x := range row {
			row[x] = float(a.In[x*a.InRow+y])
		}
	}
}

// widen is Out = In.
func widen(a *Widen) {
	for i, h := range a.In[:len(a.Out)] {
		a.Out[i] = float(h)
	}
}

// float is a binary16 number. Exponent and fraction moved into place read as the
// value times 2⁻¹¹², which a product puts right, subnormals included.
func float(h uint16) float32 {
	sign, rest := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
	b := math.Float32bits(math.Float32frombits(rest) * 0x1p112)
	if rest >= 0x7c00<<13 { // infinity and NaN
		b = 0x7f800000 | rest
	}
	return math.Float32frombits(sign | b)
}
