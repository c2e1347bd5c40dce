package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildCast is Operators.md#Cast between the types an array can hold. Floats
// are truncated towards zero on their way to integers; what does not fit is
// left open by the standard and saturates here, NaN becoming 0. Integers wrap.
func buildCast(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	if !n.Has("to") {
		return ir.Invalidf("attribute \"to\" is missing")
	}
	return castTo(n, ir.Dtype(n.Int("to", 0)))
}

func castTo(n *ir.Node, to ir.Dtype) error {
	x := n.In[0]
	n.Flag("saturate", true) // concerns 8-bit floats only
	if to.Size() == 0 {
		return ir.Unsupportedf("cast from %v to %v", x.Type, to)
	}
	if x.Type == to {
		return view(n, x.Shape)
	}
	n.Run = func(c *ir.Call) {
		switch src := c.In[0].Data.(type) {
		case []ir.Half:
			if dst, ok := c.Out[0].Data.([]float32); ok { // the weights of many a file
				for i, v := range src {
					dst[i] = v.Float32()
				}
				return
			}
			fromFloats(c, src, ir.Half.Float32)
		case []ir.Brain:
			fromFloats(c, src, ir.Brain.Float32)
		case []float32:
			fromFloats(c, src, func(v float32) float32 { return v })
		case []float64:
			fromFloats(c, src, func(v float64) float64 { return v })
		case []bool:
			fromInts(c, src, func(v bool) int64 {
				if v {
					return 1
				}
				return 0
			})
		case []int8:
			fromInts(c, src, func(v int8) int64 { return int64(v) })
		case []int16:
			fromInts(c, src, func(v int16) int64 { return int64(v) })
		case []int32:
			fromInts(c, src, func(v int32) int64 { return int64(v) })
		case []int64:
			fromInts(c, src, func(v int64) int64 { return v })
		case []uint8:
			fromInts(c, src, func(v uint8) int64 { return int64(v) })
		case []uint16:
			fromInts(c, src, func(v uint16) int64 { return int64(v) })
		case []uint32:
			fromInts(c, src, func(v uint32) int64 { return int64(v) })
		case []uint64:
			fromUint64(c, src)
		}
	}
	if err := n.Done(); err != nil {
		return err
	}
	return n.Result(0, to, x.Shape)
}

// convert fills dst from src.
func convert[S, D any](dst []D, src []S, f func(S) D) {
	for i, v := range src {
		dst[i] = f(v)
	}
}

func fromFloats[S any, F float32 | float64](c *ir.Call, src []S, read func(S) F) {
	switch dst := c.Out[0].Data.(type) {
	case []float32:
		convert(dst, src, func(v S) float32 { return float32(read(v)) })
	case []float64:
		convert(dst, src, func(v S) float64 { return float64(read(v)) })
	case []ir.Half:
		convert(dst, src, func(v S) ir.Half { return ir.HalfOf(float32(read(v))) })
	case []ir.Brain:
		convert(dst, src, func(v S) ir.Brain { return ir.BrainOf(float32(read(v))) })
	case []bool:
		convert(dst, src, func(v S) bool { return read(v) != 0 })
	case []int8:
		convert(dst, src, func(v S) int8 { return int8(saturate(float64(read(v)), math.MinInt8, math.MaxInt8)) })
	case []int16:
		convert(dst, src, func(v S) int16 { return int16(saturate(float64(read(v)), math.MinInt16, math.MaxInt16)) })
	case []int32:
		convert(dst, src, func(v S) int32 { return int32(saturate(float64(read(v)), math.MinInt32, math.MaxInt32)) })
	case []int64:
		convert(dst, src, func(v S) int64 { return saturate(float64(read(v)), math.MinInt64, math.MaxInt64) })
	case []uint8:
		convert(dst, src, func(v S) uint8 { return uint8(saturate(float64(read(v)), 0, math.MaxUint8)) })
	case []uint16:
		convert(dst, src, func(v S) uint16 { return uint16(saturate(float64(read(v)), 0, math.MaxUint16)) })
	case []uint32:
		convert(dst, src, func(v S) uint32 { return uint32(saturate(float64(read(v)), 0, math.MaxUint32)) })
	case []uint64:
		convert(dst, src, func(v S) uint64 { return saturateUint64(float64(read(v))) })
	}
}

// saturate truncates v into [lo, hi].
func saturate(v float64, lo, hi int64) int64 {
	switch {
	case v != v:
		return 0
	case v <= float64(lo):
		return lo
	case v >= float64(hi):
		return hi
	}
	return int64(v)
}

func saturateUint64(v float64) uint64 {
	switch {
	case !(v > 0):
		return 0
	case v >= math.MaxUint64:
		return math.MaxUint64
	}
	return uint64(v)
}

func fromInts[S any](c *ir.Call, src []S, read func(S) int64) {
	switch dst := c.Out[0].Data.(type) {
	case []float32:
		convert(dst, src, func(v S) float32 { return float32(read(v)) })
	case []float64:
		convert(dst, src, func(v S) float64 { return float64(read(v)) })
	case []ir.Half:
		convert(dst, src, func(v S) ir.Half { return ir.HalfOf(float32(read(v))) })
	case []ir.Brain:
		convert(dst, src, func(v S) ir.Brain { return ir.BrainOf(float32(read(v))) })
	case []bool:
		convert(dst, src, func(v S) bool { return read(v) != 0 })
	case []int8:
		convert(dst, src, func(v S) int8 { return int8(read(v)) })
	case []int16:
		convert(dst, src, func(v S) int16 { return int16(read(v)) })
	case []int32:
		convert(dst, src, func(v S) int32 { return int32(read(v)) })
	case []int64:
		convert(dst, src, read)
	case []uint8:
		convert(dst, src, func(v S) uint8 { return uint8(read(v)) })
	case []uint16:
		convert(dst, src, func(v S) uint16 { return uint16(read(v)) })
	case []uint32:
		convert(dst, src, func(v S) uint32 { return uint32(read(v)) })
	case []uint64:
		convert(dst, src, func(v S) uint64 { return uint64(read(v)) })
	}
}

// fromUint64 is apart because the upper half of the range does not fit int64.
func fromUint64(c *ir.Call, src []uint64) {
	switch dst := c.Out[0].Data.(type) {
	case []float32:
		convert(dst, src, func(v uint64) float32 { return float32(v) })
	case []float64:
		convert(dst, src, func(v uint64) float64 { return float64(v) })
	default:
		fromInts(c, src, func(v uint64) int64 { return int64(v) })
	}
}
