package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var negativeInfinity = float32(math.Inf(-1))

// stream writes a loop over the elements of Out, 16 at a time; out is where
// they go, inputs where the slices of the names given have got to.
func (v *writer) stream(a args, names []string, body func(inputs []reg.GPVirtual, out reg.GPVirtual, disp int)) {
	out, count := a.load("Out"), a.load("Out.len")
	var inputs []reg.GPVirtual
	for _, n := range names {
		inputs = append(inputs, a.load(n))
	}
	v.SHRQ(Imm(4), count)
	v.JZ(LabelRef("done"))
	v.Label("loop")
	v.each(func(disp int) { body(inputs, out, disp) })
	for _, r := range append(inputs, out) {
		v.ADDQ(Imm(block), r)
	}
	v.DECQ(count)
	v.JNZ(LabelRef("loop"))
	v.Label("done")
	v.end()
}

func (v *writer) elementwise() {
	v.pair("add", v.VADDPS)
	v.pair("multiply", v.VMULPS)
	v.affine()
	v.sigmoid()
	v.hardSwish()
	v.widen()
}

// widen writes the conversion of binary16 numbers.
func (v *writer) widen() {
	a := v.function("widen"+v.name, "Widen", "is widen.")
	out, in, count := a.load("Out"), a.load("In"), a.load("Out.len")
	v.SHRQ(Imm(4), count)
	v.JZ(LabelRef("done"))
	v.Label("loop")
	v.each(func(disp int) {
		x := v.vec()
		v.VCVTPH2PS(Mem{Base: in, Disp: disp / 2}, x)
		v.VMOVUPS(x, Mem{Base: out, Disp: disp})
	})
	v.ADDQ(Imm(block/2), in)
	v.ADDQ(Imm(block), out)
	v.DECQ(count)
	v.JNZ(LabelRef("loop"))
	v.Label("done")
	v.end()
}

// pair writes an operation on two arrays.
func (v *writer) pair(name string, op func(ops ...Op)) {
	a := v.function(name+v.name, "Pair", "is "+name+".")
	v.stream(a, []string{"A", "B"}, func(in []reg.GPVirtual, out reg.GPVirtual, disp int) {
		x := v.vec()
		v.VMOVUPS(Mem{Base: in[0], Disp: disp}, x)
		op(Mem{Base: in[1], Disp: disp}, x, x)
		v.activate(a, []reg.VecVirtual{x}, v.vec())
		v.VMOVUPS(x, Mem{Base: out, Disp: disp})
	})
}

// affine writes a multiplication and an addition of 16 numbers each.
func (v *writer) affine() {
	a := v.function("affine"+v.name, "Affine", "is affine.")
	m, c := a.load("Mul"), a.load("Add")
	v.stream(a, []string{"In"}, func(in []reg.GPVirtual, out reg.GPVirtual, disp int) {
		x := v.vec()
		v.VMOVUPS(Mem{Base: in[0], Disp: disp}, x)
		v.VMULPS(Mem{Base: m, Disp: disp}, x, x)
		v.VADDPS(Mem{Base: c, Disp: disp}, x, x)
		v.activate(a, []reg.VecVirtual{x}, v.vec())
		v.VMOVUPS(x, Mem{Base: out, Disp: disp})
	})
}

// hardSwish writes x · max(0, min(1, x/6 + 1/2)).
func (v *writer) hardSwish() {
	a := v.function("hardSwish"+v.name, "Map", "is hardSwish.")
	v.stream(a, []string{"In"}, func(in []reg.GPVirtual, out reg.GPVirtual, disp int) {
		x, y := v.vec(), v.vec()
		v.VMOVUPS(Mem{Base: in[0], Disp: disp}, x)
		v.VMULPS(v.spread(v.constant("sixth", 1./6)), x, y)
		v.VADDPS(v.spread(v.constant("half", 0.5)), y, y)
		v.VMAXPS(y, v.spread(v.constant("zero", 0)), y)
		v.VMINPS(y, v.spread(v.constant("one", 1)), y)
		v.VMULPS(x, y, y)
		v.VMOVUPS(y, Mem{Base: out, Disp: disp})
	})
}

// sigmoid writes 1/(1+e^−x). With −x = k·ln 2 + r, e^r is a polynomial (Cephes,
// expf) and 2^k is added to its exponent. x is clipped so that nothing overflows.
func (v *writer) sigmoid() {
	a := v.function("sigmoid"+v.name, "Map", "is sigmoid.")
	v.stream(a, []string{"In"}, func(in []reg.GPVirtual, out reg.GPVirtual, disp int) {
		x, k, r, p := v.vec(), v.vec(), v.vec(), v.vec()
		v.VMOVUPS(Mem{Base: in[0], Disp: disp}, x)
		v.VMAXPS(x, v.spread(v.constant("least", -87)), x)
		v.VMINPS(x, v.spread(v.constant("most", 87)), x)
		v.VMULPS(v.spread(v.constant("log2e", -math.Log2E)), x, k)
		if v.bytes == 64 {
			v.VRNDSCALEPS(Imm(8), k, k)
		} else {
			v.VROUNDPS(Imm(8), k, k)
		}
		v.VXORPS(r, r, r)
		v.VSUBPS(x, r, r)
		v.VFNMADD231PS(v.spread(v.constant("ln2high", 0.693359375)), k, r)
		v.VFNMADD231PS(v.spread(v.constant("ln2low", -2.12194440e-4)), k, r)
		for i, c := range []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
			m := v.constant("exp"+string(rune('0'+i)), c)
			if i == 0 {
				v.VBROADCASTSS(m, p)
			} else {
				v.VFMADD213PS(v.spread(m), r, p)
			}
		}
		square := v.vec()
		v.VMULPS(r, r, square)
		v.VFMADD213PS(r, square, p)
		one := v.spread(v.constant("one", 1))
		v.VADDPS(one, p, p)
		v.VCVTPS2DQ(k, k)
		v.VPSLLD(Imm(23), k, k)
		v.VPADDD(k, p, p)
		v.VADDPS(one, p, p)
		v.VDIVPS(p, one, p)
		v.VMOVUPS(p, Mem{Base: out, Disp: disp})
	})
}
