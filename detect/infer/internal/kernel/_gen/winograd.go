package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's F(4×4, 3×3) with the points 0, ±√½, ±√2, ∞, on
// vectors of channels; winograd.go of package kernel derives them. Each is
// applied to rows, by way of Tmp, and then to columns.

const (
	sqrtHalf = 0.70710678118654752440
	sqrt2    = 1.41421356237309504880
)

// each lists the parts of a block with their byte offsets: narrow vectors go
// through the whole transform once a part.
func (v *writer) each(f func(disp int)) {
	for i := range v.parts() {
		f(i * v.bytes)
	}
}

// fma returns c + a·b, fms c − a·b.
func (v *writer) fma(a Mem, b, c reg.VecVirtual) reg.VecVirtual {
	k := v.spread(a)
	r := v.vec()
	v.VMOVAPS(c, r)
	v.VFMADD231PS(b, k, r)
	return r
}

func (v *writer) fms(a Mem, b, c reg.VecVirtual) reg.VecVirtual {
	k := v.spread(a)
	r := v.vec()
	v.VMOVAPS(c, r)
	v.VFNMADD231PS(b, k, r)
	return r
}

func (v *writer) sum(a, b reg.VecVirtual) reg.VecVirtual {
	r := v.vec()
	v.VADDPS(b, a, r)
	return r
}

func (v *writer) difference(a, b reg.VecVirtual) reg.VecVirtual {
	r := v.vec()
	v.VSUBPS(b, a, r)
	return r
}

// loads reads six vectors.
func (v *writer) loads(at func(i int) Mem) (x [6]reg.VecVirtual) {
	for i := range x {
		x[i] = v.vec()
		v.VMOVUPS(at(i), x[i])
	}
	return x
}

// scale returns a·b.
func (v *writer) scale(a Mem, b reg.VecVirtual) reg.VecVirtual {
	r := v.vec()
	v.VMULPS(v.spread(a), b, r)
	return r
}

// forward multiplies six vectors by Bᵀ and hands the results on one by one.
func (v *writer) forward(x [6]reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	half, two, c25 := v.constant("half", 0.5), v.constant("two", 2), v.constant("fiveHalves", 2.5)
	near, far := v.constant("sqrtHalf", sqrtHalf), v.constant("sqrt2", sqrt2)
	put(0, v.fms(c25, x[2], v.sum(x[0], x[4])))
	even, odd := v.fms(two, x[2], x[4]), v.fms(two, x[1], x[3])
	put(1, v.fma(near, odd, even))
	put(2, v.fms(near, odd, even))
	even, odd = v.fms(half, x[2], x[4]), v.fms(half, x[1], x[3])
	put(3, v.fma(far, odd, even))
	put(4, v.fms(far, odd, even))
	put(5, v.fms(c25, x[3], v.sum(x[1], x[5])))
}

// backward multiplies six vectors by Aᵀ.
func (v *writer) backward(x [6]reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	half, two := v.constant("half", 0.5), v.constant("two", 2)
	near, far := v.constant("sqrtHalf", sqrtHalf), v.constant("sqrt2", sqrt2)
	near3, far3 := v.constant("sqrtHalfCubed", sqrtHalf/2), v.constant("sqrt2Cubed", 2*sqrt2)
	s12, d12 := v.sum(x[1], x[2]), v.difference(x[1], x[2])
	s34, d34 := v.sum(x[3], x[4]), v.difference(x[3], x[4])
	put(0, v.sum(v.sum(x[0], s12), s34))
	put(1, v.fma(far, d34, v.scale(near, d12)))
	put(2, v.fma(two, s34, v.scale(half, s12)))
	put(3, v.sum(v.fma(far3, d34, v.scale(near3, d12)), x[5]))
}

// winogradIn writes the transform of the input: 6×6 pixels become 36 vectors.
func (v *writer) winogradIn() {
	a := v.function("winogradIn"+v.name, "WinogradIn", "is winogradIn.")
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, tmp := a.size("Row"), a.size("Matrix"), a.load("Tmp")
	from, to := v.GP64(), v.GP64()
	v.Label("tile")
	v.each(func(disp int) {
		v.MOVQ(in, from)
		for r := range 6 {
			x := v.loads(func(i int) Mem { return Mem{Base: from, Disp: i*block + disp} })
			v.forward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: tmp, Disp: (r*6+i)*block + disp})
			})
			if r < 5 {
				v.ADDQ(row, from)
			}
		}
	})
	// Column c of the result are matrices c, c+6, c+12 and so on.
	column, six := v.GP64(), v.GP64()
	v.LEAQ(Mem{Base: matrix, Index: matrix, Scale: 2}, six)
	v.ADDQ(six, six)
	v.MOVQ(out, column)
	for c := range 6 {
		v.each(func(disp int) {
			x := v.loads(func(i int) Mem { return Mem{Base: tmp, Disp: (i*6+c)*block + disp} })
			v.MOVQ(column, to)
			v.forward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: to, Disp: disp})
				if i < 5 {
					v.ADDQ(six, to)
				}
			})
		})
		if c < 5 {
			v.ADDQ(matrix, column)
		}
	}
	v.ADDQ(U32(4*block), in)
	v.ADDQ(Imm(block), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// winogradOut writes the transform of the result: 36 vectors become 4×4 pixels.
func (v *writer) winogradOut() {
	a := v.function("winogradOut"+v.name, "WinogradOut", "is winogradOut.")
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, tmp := a.size("Row"), a.size("Matrix"), a.load("Tmp")
	from, to := v.GP64(), v.GP64()
	v.Label("tile")
	v.each(func(disp int) {
		v.MOVQ(in, from)
		for r := range 6 {
			var x [6]reg.VecVirtual
			for i := range x {
				x[i] = v.vec()
				v.VMOVUPS(Mem{Base: from, Disp: disp}, x[i])
				v.ADDQ(matrix, from)
			}
			v.backward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: tmp, Disp: (r*4+i)*block + disp})
			})
		}
	})
	bias := a.load("Bias")
	for c := range 4 {
		v.each(func(disp int) {
			x := v.loads(func(i int) Mem { return Mem{Base: tmp, Disp: (i*4+c)*block + disp} })
			y := make([]reg.VecVirtual, 4)
			v.backward(x, func(i int, r reg.VecVirtual) {
				v.VADDPS(Mem{Base: bias, Disp: disp}, r, r)
				y[i] = r
			})
			v.activate(a, y, v.vec())
			v.MOVQ(out, to)
			for i, r := range y {
				v.VMOVUPS(r, Mem{Base: to, Disp: c*block + disp})
				if i < 3 {
					v.ADDQ(row, to)
				}
			}
		})
	}
	v.ADDQ(Imm(block), in)
	v.ADDQ(U32(4*block), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// winogradWeights writes the transform of the filters: nine vectors become 36.
func (v *writer) winogradWeights() {
	a := v.function("winogradWeights"+v.name, "WinogradWeights", "is winogradWeights.")
	in, out, count := a.load("In"), a.load("Out"), a.load("Count")
	tap, matrix := a.size("Tap"), a.size("Matrix")
	from, to := v.GP64(), v.GP64()
	v.Label("filter")
	v.each(func(disp int) {
		// The columns of the result come one after the other: column x needs
		// what row y gives at x, three vectors each time.
		for x := range 6 {
			v.MOVQ(in, from)
			var rows [3]reg.VecVirtual
			for y := range rows {
				var g [3]reg.VecVirtual
				for i := range g {
					g[i] = v.vec()
					v.VMOVUPS(Mem{Base: from, Disp: disp}, g[i])
					v.ADDQ(tap, from)
				}
				rows[y] = v.spreadFilter(g, x)
			}
			v.LEAQ(Mem{Base: out, Disp: disp}, to)
			for range x {
				v.ADDQ(matrix, to)
			}
			for y := range 6 {
				v.VMOVUPS(v.spreadFilter(rows, y), Mem{Base: to})
				for range 6 * min(1, 5-y) {
					v.ADDQ(matrix, to)
				}
			}
		}
	})
	v.ADDQ(a.size("InStep"), in)
	v.ADDQ(a.size("OutStep"), out)
	v.DECQ(count)
	v.JNZ(LabelRef("filter"))
	v.end()
}

// spreadFilter is row i of G times a column.
func (v *writer) spreadFilter(g [3]reg.VecVirtual, i int) reg.VecVirtual {
	var even, odd reg.VecVirtual
	switch i {
	case 0:
		return g[0]
	case 5:
		return g[2]
	case 1, 2:
		even = v.sum(v.scale(v.constant("minusTwoThirds", -2./3), g[0]), v.scale(v.constant("minusThird", -1./3), g[2]))
		odd = v.scale(v.constant("minusTwoThirdsSqrtHalf", -2./3*sqrtHalf), g[1])
	case 3, 4:
		even = v.sum(v.scale(v.constant("sixth", 1./6), g[0]), v.scale(v.constant("third", 1./3), g[2]))
		odd = v.scale(v.constant("sixthSqrt2", 1./6*sqrt2), g[1])
	}
	if i%2 == 1 {
		return v.sum(even, odd)
	}
	return v.difference(even, odd)
}
