package jpegenc

import "math/bits"

// divisors are a quantisation table made ready for the transform, whose
// coefficients are eight times too large. The quotient of n ≤ 32767 by d, rounded
// to nearest and halves up, is ((n+bias)·recip>>16)·scale>>16.
// All in natural order, with 16 bits in use.
type divisors [3][64]uint32

// The parts of divisors.
const (
	recip = iota
	bias
	scale
)

func newDivisors(q *[64]uint8) *divisors {
	d := &divisors{}
	for i, step := range q {
		n := uint32(step) * 8
		// The reciprocal has 16 bits: 2^shift/n with the first bit set. Rounded
		// down it wants one more in the bias, rounded up none.
		shift := 16 + bits.Len32(n) - 1
		whole, rest := (uint64(1)<<shift)/uint64(n), (uint64(1)<<shift)%uint64(n)
		half := n / 2
		switch {
		case rest == 0: // a power of two: 2^16, one bit too many
			whole >>= 1
			shift--
		case rest <= uint64(n)/2:
			half++
		default:
			whole++
		}
		d[recip][i], d[bias][i], d[scale][i] = uint32(whole), half, 1<<(32-shift)
	}
	return d
}

// transformGo takes 8 rows of 8 samples, stride apart, writes their quantised
// coefficients to out in natural order, and returns which of them are not zero,
// bit i for out[i].
//
// The transform is the accurate integer one of libjpeg (Loeffler, Ligtenberg and
// Moschytz 1989; 13 bits for the constants, 2 more between the passes).
func transformGo(out *[64]int16, src []byte, stride int, d *divisors) (nonzero uint64) {
	var w [64]int32
	for y := range 8 {
		s := src[y*stride:][:8]
		r := (*[8]int32)(w[8*y:])
		for x := range r {
			r[x] = int32(s[x]) - 128
		}
		rows(r)
	}
	for x := range 8 {
		columns(&w, x)
	}
	for i, v := range w {
		n := v
		if n < 0 {
			n = -n
		}
		n = int32((uint32(n) + d[bias][i]) * d[recip][i] >> 16 * d[scale][i] >> 16)
		if n != 0 {
			nonzero |= 1 << i
			if v < 0 {
				n = -n
			}
		}
		out[i] = int16(n)
	}
	return nonzero
}

// The constants of the transform, times 2^13.
const (
	constBits = 13
	passBits  = 2

	c0298 = 2446
	c0390 = 3196
	c0541 = 4433
	c0765 = 6270
	c0899 = 7373
	c1175 = 9633
	c1501 = 12299
	c1847 = 15137
	c1961 = 16069
	c2053 = 16819
	c2562 = 20995
	c3072 = 25172
)

func round(v int32, n uint) int32 { return (v + 1<<(n-1)) >> n }

// rows transforms a row; the result has passBits more than it should.
func rows(r *[8]int32) {
	t0, t7 := r[0]+r[7], r[0]-r[7]
	t1, t6 := r[1]+r[6], r[1]-r[6]
	t2, t5 := r[2]+r[5], r[2]-r[5]
	t3, t4 := r[3]+r[4], r[3]-r[4]

	t10, t13 := t0+t3, t0-t3
	t11, t12 := t1+t2, t1-t2
	r[0] = (t10 + t11) << passBits
	r[4] = (t10 - t11) << passBits
	z1 := (t12 + t13) * c0541
	r[2] = round(z1+t13*c0765, constBits-passBits)
	r[6] = round(z1-t12*c1847, constBits-passBits)

	r[7], r[5], r[3], r[1] = odd(t4, t5, t6, t7, constBits-passBits)
}

func columns(w *[64]int32, x int) {
	t0, t7 := w[x]+w[56+x], w[x]-w[56+x]
	t1, t6 := w[8+x]+w[48+x], w[8+x]-w[48+x]
	t2, t5 := w[16+x]+w[40+x], w[16+x]-w[40+x]
	t3, t4 := w[24+x]+w[32+x], w[24+x]-w[32+x]

	t10, t13 := t0+t3, t0-t3
	t11, t12 := t1+t2, t1-t2
	w[x] = round(t10+t11, passBits)
	w[32+x] = round(t10-t11, passBits)
	z1 := (t12 + t13) * c0541
	w[16+x] = round(z1+t13*c0765, constBits+passBits)
	w[48+x] = round(z1-t12*c1847, constBits+passBits)

	w[56+x], w[40+x], w[24+x], w[8+x] = odd(t4, t5, t6, t7, constBits+passBits)
}

// odd is the odd half of both passes.
func odd(t4, t5, t6, t7 int32, n uint) (r7, r5, r3, r1 int32) {
	z1, z2, z3, z4 := t4+t7, t5+t6, t4+t6, t5+t7
	z5 := (z3 + z4) * c1175
	t4, t5, t6, t7 = t4*c0298, t5*c2053, t6*c3072, t7*c1501
	z1, z2 = z1*-c0899, z2*-c2562
	z3, z4 = z3*-c1961+z5, z4*-c0390+z5
	return round(t4+z1+z3, n), round(t5+z2+z4, n), round(t6+z2+z3, n), round(t7+z1+z4, n)
}
