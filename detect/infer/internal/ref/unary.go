package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// elementwise builds a node that makes each element of the output from the one
// of the input at the same place; f does so for any stretch of float32, wide
// for a float64, whole, where it is not nil, for integers.
func elementwise(n *ir.Node, f func(y, x []float32), wide func(float64) float64, whole func(int64) int64) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	n.InPlace = true
	switch x := n.In[0]; {
	case x.Type == ir.Float32:
		n.Run = func(c *ir.Call) {
			x, y := ir.Of[float32](c.In[0]), ir.Of[float32](c.Out[0])
			spread(c.Threads, len(y), 1<<14, func(lo, hi int) { f(y[lo:hi], x[lo:hi]) })
		}
	case x.Type == ir.Float64:
		n.Run = func(c *ir.Call) { convert(ir.Of[float64](c.Out[0]), ir.Of[float64](c.In[0]), wide) }
	case whole != nil && isWhole(x.Type):
		n.Run = func(c *ir.Call) {
			x, y := scalarsOf(c.In[0]), scalarsOf(c.Out[0])
			for i := range c.Out[0].Len() {
				y.setWhole(i, whole(x.whole(i)))
			}
		}
	default:
		return ir.Unsupportedf("input 0 is %v", x.Type)
	}
	return n.Result(0, n.In[0].Type, n.In[0].Shape)
}

// mapping is an operator without attributes: Operators.md under its own name.
func mapping(f func(float64) float64) func(*ir.Node) error { return signed(f, nil) }

// signed is such an operator for integers as well.
func signed(f func(float64) float64, whole func(int64) int64) func(*ir.Node) error {
	return func(n *ir.Node) error { return curve(n, f, whole) }
}

// curve builds a node of one function of numbers. The numbers are float64, so
// that the only rounding to float32 is the last one.
func curve(n *ir.Node, f func(float64) float64, whole func(int64) int64) error {
	narrow := func(y, x []float32) {
		for i, v := range x {
			y[i] = float32(f(float64(v)))
		}
	}
	return elementwise(n, narrow, f, whole)
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

// relu is Operators.md#Relu. NaN stays NaN, as in ONNX Runtime.
func relu[T float32 | float64 | int64](v T) T {
	if v < 0 {
		return 0
	}
	return v
}

func buildRelu(n *ir.Node) error {
	narrow := func(y, x []float32) {
		for i, v := range x {
			y[i] = relu(v)
		}
	}
	return elementwise(n, narrow, relu[float64], relu[int64])
}

// hardSwish is Operators.md#HardSwish: x · max(0, min(1, x/6 + 0.5)).
func hardSwish(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }

// buildLeakyRelu is Operators.md#LeakyRelu.
func buildLeakyRelu(n *ir.Node) error {
	alpha := n.Number("alpha", 0.01)
	narrow := func(y, x []float32) {
		for i, v := range x {
			if v < 0 {
				v *= alpha
			}
			y[i] = v
		}
	}
	return elementwise(n, narrow, func(x float64) float64 { return max(x, 0) + float64(alpha)*min(x, 0) }, nil)
}

// buildElu is Operators.md#Elu: α(e^x − 1) below zero.
func buildElu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1))
	return curve(n, func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x)
		}
		return x
	}, nil)
}

// buildCelu is Operators.md#Celu: α(e^(x/α) − 1) below zero.
func buildCelu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1))
	return curve(n, func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x/alpha)
		}
		return x
	}, nil)
}

// buildSelu is Operators.md#Selu, constants as given there.
func buildSelu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1.67326319217681884765625))
	gamma := float64(n.Number("gamma", 1.05070102214813232421875))
	return curve(n, func(x float64) float64 {
		if x <= 0 {
			return gamma * alpha * math.Expm1(x)
		}
		return gamma * x
	}, nil)
}

// buildGelu is Operators.md#Gelu: x·Φ(x), or its approximation by tanh.
func buildGelu(n *ir.Node) error {
	if n.Word("approximate", "none", "tanh") == "none" {
		return curve(n, func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }, nil)
	}
	return curve(n, func(x float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}, nil)
}

// mish is Operators.md#Mish.
func mish(x float64) float64 { return x * math.Tanh(softplus(x)) }

// buildHardSigmoid is Operators.md#HardSigmoid: max(0, min(1, αx + β)).
func buildHardSigmoid(n *ir.Node) error {
	alpha, beta := float64(n.Number("alpha", 0.2)), float64(n.Number("beta", 0.5))
	return curve(n, func(x float64) float64 { return max(0, min(1, alpha*x+beta)) }, nil)
}

// buildThresholdedRelu is Operators.md#ThresholdedRelu: x where x > α, else 0.
func buildThresholdedRelu(n *ir.Node) error {
	alpha := float64(n.Number("alpha", 1))
	return curve(n, func(x float64) float64 {
		if x > alpha {
			return x
		}
		return 0
	}, nil)
}

// buildShrink is Operators.md#Shrink: x moved towards zero by bias where it is
// further than lambd from it, else 0.
func buildShrink(n *ir.Node) error {
	bias, limit := float64(n.Number("bias", 0)), float64(n.Number("lambd", 0.5))
	f := func(x float64) float64 {
		switch {
		case x < -limit:
			return x + bias
		case x > limit:
			return x - bias
		}
		return 0
	}
	return curve(n, f, func(x int64) int64 { return int64(f(float64(x))) })
}

// buildClip is Operators.md#Clip. Up to version 6 the limits are attributes,
// from 11 on optional scalar inputs; a node has one or the other. min above max
// gives max, as the standard says.
func buildClip(n *ir.Node) error {
	lo, hi := n.Number("min", -math.MaxFloat32), n.Number("max", math.MaxFloat32)
	if err := n.Arity(1, 3, 1); err != nil {
		return err
	}
	x := n.In[0]
	if err := numeric(n, 0); err != nil {
		return err
	}
	var limits [2]scalars
	for i := range limits {
		v := n.Input(1 + i)
		switch {
		case v == nil:
			continue
		case v.Const == nil:
			return ir.Unsupportedf("input %d (%q) is computed at run time, its values are needed at load time", 1+i, v.Name)
		case v.Type != x.Type || v.Len() != 1:
			return ir.Invalidf("limit of shape %v and type %v for %v", v.Shape, v.Type, x.Type)
		}
		limits[i] = scalarsOf(v.Const)
	}
	wide := clip(float64(lo), float64(hi))
	whole := clip[int64](math.MinInt64, math.MaxInt64)
	if x.Type == ir.Float64 && !n.Has("min") && !n.Has("max") {
		wide = clip(-math.MaxFloat64, math.MaxFloat64)
	}
	if limits[0] != nil {
		wide, whole, lo = wide.above(limits[0].float(0)), whole.above(limits[0].whole(0)), float32(limits[0].float(0))
	}
	if limits[1] != nil {
		wide, whole, hi = wide.below(limits[1].float(0)), whole.below(limits[1].whole(0)), float32(limits[1].float(0))
	}
	n.In = n.In[:1]
	narrow := clip(lo, hi)
	return elementwise(n, func(y, x []float32) { convert(y, x, narrow.apply) }, wide.apply, whole.apply)
}

// limits of a Clip node.
type limits[T float32 | float64 | int64] struct{ lo, hi T }

func clip[T float32 | float64 | int64](lo, hi T) limits[T] { return limits[T]{lo, hi} }

func (l limits[T]) above(lo T) limits[T] { return limits[T]{lo, l.hi} }
func (l limits[T]) below(hi T) limits[T] { return limits[T]{l.lo, hi} }

// apply leaves NaN alone.
func (l limits[T]) apply(v T) T {
	if v < l.lo {
		v = l.lo
	}
	if v > l.hi {
		v = l.hi
	}
	return v
}
