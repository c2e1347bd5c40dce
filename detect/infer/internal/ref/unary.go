package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// elementwise builds a node that makes each element of the output from the one
// of the input at the same place; f does so for any stretch of both.
func elementwise(n *ir.Node, f func(y, x []float32)) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Float(0); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	n.InPlace = true
	n.Run = func(c *ir.Call) {
		x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
		spread(c.Threads, len(y), 1<<14, func(lo, hi int) { f(y[lo:hi], x[lo:hi]) })
	}
	return n.Result(0, ir.Float32, n.In[0].Shape)
}

// mapping is an operator without attributes: Operators.md under its own name.
func mapping(f func(float64) float64) func(*ir.Node) error {
	return func(n *ir.Node) error { return elementwise(n, lift(f)) }
}

// lift makes a function of numbers one of stretches. The numbers are float64,
// so that the only rounding to float32 is the last one.
func lift(f func(float64) float64) func(y, x []float32) {
	return func(y, x []float32) {
		for i, v := range x {
			y[i] = float32(f(float64(v)))
		}
	}
}

func sigmoid(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func softsign(x float64) float64 { return x / (1 + math.Abs(x)) }

// softplus is ln(1+e^x), which for large x is x and must not overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN stay
}

// buildRelu is Operators.md#Relu. NaN stays NaN, as in ONNX Runtime.
func buildRelu(n *ir.Node) error {
	return elementwise(n, func(y, x []float32) {
		for i, v := range x {
			if v < 0 {
				v = 0
			}
			y[i] = v
		}
	})
}

// hardSwish is Operators.md#HardSwish: x · max(0, min(1, x/6 + 0.5)).
func hardSwish(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }

// buildLeakyRelu is Operators.md#LeakyRelu.
func buildLeakyRelu(n *ir.Node) error {
	alpha := n.Number("alpha", 0.01)
	return elementwise(n, func(y, x []float32) {
		for i, v := range x {
			if v < 0 {
				v *= alpha
			}
			y[i] = v
		}
	})
}

// buildElu is Operators.md#Elu: α(e^x − 1) below zero.
func buildElu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1))
	return elementwise(n, lift(func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x)
		}
		return x
	}))
}

// buildSelu is Operators.md#Selu, constants as given there.
func buildSelu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1.67326319217681884765625))
	gamma := float64(n.Number("gamma", 1.05070102214813232421875))
	return elementwise(n, lift(func(x float64) float64 {
		if x <= 0 {
			return gamma * alpha * math.Expm1(x)
		}
		return gamma * x
	}))
}

// buildHardSigmoid is Operators.md#HardSigmoid: max(0, min(1, αx + β)).
func buildHardSigmoid(n *ir.Node) error {
	alpha, beta := float64(n.Number("alpha", 0.2)), float64(n.Number("beta", 0.5))
	return elementwise(n, lift(func(x float64) float64 { return max(0, min(1, alpha*x+beta)) }))
}

// buildThresholdedRelu is Operators.md#ThresholdedRelu: x where x > α, else 0.
func buildThresholdedRelu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1))
	return elementwise(n, lift(func(x float64) float64 {
		if x > alpha {
			return x
		}
		return 0
	}))
}

// buildClip is Operators.md#Clip. Up to version 6 the limits are attributes,
// from 11 on optional scalar inputs; a node has one or the other. min above max
// gives max, as the standard says.
func buildClip(n *ir.Node) error {
	lo, hi := n.Number("min", -math.MaxFloat32), n.Number("max", math.MaxFloat32)
	if err := n.Arity(1, 3, 1); err != nil {
		return err
	}
	for i, limit := range []*float32{&lo, &hi} {
		v := n.Input(1 + i)
		if v == nil {
			continue
		}
		f, err := n.ConstFloats(1 + i)
		if err != nil {
			return err
		}
		if len(f) != 1 {
			return ir.Invalidf("limit of shape %v", v.Shape)
		}
		*limit = f[0]
	}
	n.In = n.In[:1]
	return elementwise(n, func(y, x []float32) {
		for i, v := range x {
			if v < lo {
				v = lo
			}
			if v > hi {
				v = hi
			}
			y[i] = v
		}
	})
}
