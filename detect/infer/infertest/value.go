package infertest

import (
	"fmt"
	"math/rand/v2"
)

// value is an input of a node.
type value struct {
	shape  []int
	data   any    // a slice of elements; nil = absent
	known  bool   // an initializer, not an input of the graph
	elem   string // of elements to be made up, with numbers from lo to hi
	lo, hi float64
}

// given are elements as they stand.
func given(data any, shape ...int) value { return value{shape: shape, data: data} }

// known are elements that the model itself holds.
func known(data any, shape ...int) value { return value{shape: shape, data: data, known: true} }

// rnd are numbers from -2 to 2.
func rnd(shape ...int) value { return within(-2, 2, shape...) }

func within(lo, hi float64, shape ...int) value {
	return value{shape: shape, elem: "float32", lo: lo, hi: hi}
}

// ints are integers from lo to hi, both included.
func ints(lo, hi int, shape ...int) value {
	return value{shape: shape, elem: "int64", lo: float64(lo), hi: float64(hi)}
}

func (v value) of(elem string) value { v.elem = elem; return v }
func (v value) fixed() value         { v.known = true; return v }

// weights are known numbers whose sums of fan products stay small.
func weights(fan int, shape ...int) value {
	b := 1.7 / sqrt(float64(fan))
	return within(-b, b, shape...).fixed()
}

func (v *value) len() int {
	n := 1
	for _, d := range v.shape {
		n *= d
	}
	return n
}

// fill makes elements up.
func (v *value) fill(r *rand.Rand) {
	if v.data != nil || v.elem == "" {
		return
	}
	switch n := v.len(); v.elem {
	case "float32":
		v.data = made(n, func() float32 { return float32(v.lo + r.Float64()*(v.hi-v.lo)) })
	case "float64":
		v.data = made(n, func() float64 { return v.lo + r.Float64()*(v.hi-v.lo) })
	case "bool":
		v.data = made(n, func() bool { return r.IntN(2) == 0 })
	case "int8":
		v.data = made(n, func() int8 { return int8(v.whole(r)) })
	case "int16":
		v.data = made(n, func() int16 { return int16(v.whole(r)) })
	case "int32":
		v.data = made(n, func() int32 { return int32(v.whole(r)) })
	case "int64":
		v.data = made(n, func() int64 { return v.whole(r) })
	case "uint8":
		v.data = made(n, func() uint8 { return uint8(v.whole(r)) })
	case "uint16":
		v.data = made(n, func() uint16 { return uint16(v.whole(r)) })
	case "uint32":
		v.data = made(n, func() uint32 { return uint32(v.whole(r)) })
	case "uint64":
		v.data = made(n, func() uint64 { return uint64(v.whole(r)) })
	default:
		panic(fmt.Sprintf("infertest: elements of type %s", v.elem))
	}
}

func (v *value) whole(r *rand.Rand) int64 { return int64(v.lo) + r.Int64N(int64(v.hi-v.lo)+1) }

func made[T any](n int, f func() T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = f()
	}
	return out
}
