package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's F(4×4, 3×3), Lavin and Gray, arXiv:1509.09308,
// section 4.3, on vectors of channels. Each is applied to rows, by way of Tmp,
// and then to columns.

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

// forward multiplies six vectors by Bᵀ and hands the results on one by one.
func (v *writer) forward(x [6]reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	c2, c4, c5 := v.constant("two", 2), v.constant("four", 4), v.constant("five", 5)
	put(0, v.fma(c4, x[0], v.fms(c5, x[2], x[4])))
	even, odd := v.fms(c4, x[2], x[4]), v.fms(c4, x[1], x[3])
	put(1, v.sum(even, odd))
	put(2, v.difference(even, odd))
	even, odd = v.difference(x[4], x[2]), v.difference(x[3], x[1])
	put(3, v.fma(c2, odd, even))
	put(4, v.fms(c2, odd, even))
	put(5, v.fma(c4, x[1], v.fms(c5, x[3], x[5])))
}

// backward multiplies six vectors by Aᵀ.
func (v *writer) backward(x [6]reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	c2, c4, c8 := v.constant("two", 2), v.constant("four", 4), v.constant("eight", 8)
	s12, d12 := v.sum(x[1], x[2]), v.difference(x[1], x[2])
	s34, d34 := v.sum(x[3], x[4]), v.difference(x[3], x[4])
	put(0, v.sum(v.sum(x[0], s12), s34))
	put(1, v.fma(c2, d34, d12))
	put(2, v.fma(c4, s34, s12))
	put(3, v.sum(v.fma(c8, d34, d12), x[5]))
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
	scaled := func(x reg.VecVirtual, name string, f float32) reg.VecVirtual {
		r := v.vec()
		v.VMULPS(v.spread(v.constant(name, f)), x, r)
		return r
	}
	switch i {
	case 0:
		return scaled(g[0], "quarter", 1./4)
	case 5:
		return g[2]
	case 1, 2:
		outer, inner := scaled(v.sum(g[0], g[2]), "minusSixth", -1./6), scaled(g[1], "sixth", 1./6)
		if i == 1 {
			return v.difference(outer, inner)
		}
		return v.sum(outer, inner)
	}
	wide := v.sum(scaled(g[0], "twentyFourth", 1./24), scaled(g[2], "sixth", 1./6))
	step := scaled(g[1], "twelfth", 1./12)
	if i == 3 {
		return v.sum(wide, step)
	}
	return v.difference(wide, step)
}
