package ir

import "math"

// Half is an IEEE 754 binary16 number, Brain a bfloat16 one. They are storage
// only: Cast turns them into float32 before anything computes with them.
type (
	Half  uint16
	Brain uint16
)

// Float32 converts exactly: every binary16 value is a float32 value.
func (h Half) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	rest := uint32(h & 0x7fff)
	if rest >= 0x7c00 { // infinity, or NaN with its payload
		return math.Float32frombits(sign | 0x7f800000 | rest<<13)
	}
	// Exponent and fraction moved into place read as the value times 2^-112.
	// Multiplying repairs the bias and normalises subnormals at once.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(rest<<13)*0x1p112))
}

// HalfOf rounds to the nearest binary16, ties to even; too large becomes infinity.
func HalfOf(f float32) Half {
	b := math.Float32bits(f)
	sign := Half(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN stays one, quiet, with the upper part of its payload
		return sign | 0x7e00 | Half(b>>13&0x1ff)
	case b >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: adding 0.5 lets the FPU round to multiples of 2^-24
		return sign | Half(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b += 0xfff + b>>13&1
	return sign | Half((b-0x38000000)>>13)
}

// Float32 converts exactly: a bfloat16 is the upper half of a float32.
func (b Brain) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// BrainOf rounds to the nearest bfloat16, ties to even.
func BrainOf(f float32) Brain {
	b := math.Float32bits(f)
	if f != f {
		return Brain(b>>16 | 0x40)
	}
	return Brain((b + 0x7fff + b>>16&1) >> 16)
}
