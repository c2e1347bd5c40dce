package main

import (
	"fmt"
	"maps"
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's F(m×m, 3×3) for m = 4 and m = 2, on vectors of
// channels; winograd.go of package kernel has the matrices. Each is applied to
// rows, by way of Tmp, and then to columns.

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

// hold keeps constants in registers for the rest of a kernel, where there are
// enough of them.
func (v *writer) hold(constants map[string]float32) {
	v.held = map[string]reg.VecVirtual{}
	for _, name := range slices.Sorted(maps.Keys(constants)) {
		m := v.constant(name, constants[name])
		if v.regs == 32 {
			v.held[name] = v.spread(m)
		}
	}
}

// number is a constant that hold has named.
func (v *writer) number(name string) reg.VecVirtual {
	if r, ok := v.held[name]; ok {
		return r
	}
	return v.spread(v.constants[name])
}

// fma returns c + a·b, fms c − a·b.
func (v *writer) fma(a string, b, c reg.VecVirtual) reg.VecVirtual {
	k, r := v.number(a), v.vec()
	v.VMOVAPS(c, r)
	v.VFMADD231PS(b, k, r)
	return r
}

func (v *writer) fms(a string, b, c reg.VecVirtual) reg.VecVirtual {
	k, r := v.number(a), v.vec()
	v.VMOVAPS(c, r)
	v.VFNMADD231PS(b, k, r)
	return r
}

func (v *writer) product(a string, b reg.VecVirtual) reg.VecVirtual {
	k, r := v.number(a), v.vec()
	v.VMULPS(k, b, r)
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

// loads reads n vectors.
func (v *writer) loads(n int, at func(i int) Mem) []reg.VecVirtual {
	x := v.vecs(n)
	for i := range x {
		v.VMOVUPS(at(i), x[i])
	}
	return x
}

// forward multiplies vectors by Bᵀ and hands the results on one by one.
func (v *writer) forward(x []reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	if len(x) == 4 {
		put(0, v.difference(x[0], x[2]))
		put(1, v.sum(x[1], x[2]))
		put(2, v.difference(x[2], x[1]))
		put(3, v.difference(x[1], x[3]))
		return
	}
	put(0, v.fms("fiveHalves", x[2], v.sum(x[0], x[4])))
	even, odd := v.fms("two", x[2], x[4]), v.fms("two", x[1], x[3])
	put(1, v.fma("sqrtHalf", odd, even))
	put(2, v.fms("sqrtHalf", odd, even))
	even, odd = v.fms("half", x[2], x[4]), v.fms("half", x[1], x[3])
	put(3, v.fma("sqrt2", odd, even))
	put(4, v.fms("sqrt2", odd, even))
	put(5, v.fms("fiveHalves", x[3], v.sum(x[1], x[5])))
}

var forwardNumbers = map[string]float32{"half": 0.5, "two": 2, "fiveHalves": 2.5, "sqrtHalf": sqrtHalf, "sqrt2": sqrt2}

// backward multiplies vectors by Aᵀ.
func (v *writer) backward(x []reg.VecVirtual, put func(i int, r reg.VecVirtual)) {
	if len(x) == 4 {
		put(0, v.sum(v.sum(x[0], x[1]), x[2]))
		put(1, v.difference(v.difference(x[1], x[2]), x[3]))
		return
	}
	s12, d12 := v.sum(x[1], x[2]), v.difference(x[1], x[2])
	s34, d34 := v.sum(x[3], x[4]), v.difference(x[3], x[4])
	put(0, v.sum(v.sum(x[0], s12), s34))
	put(1, v.fma("sqrt2", d34, v.product("sqrtHalf", d12)))
	put(2, v.fma("two", s34, v.product("half", s12)))
	put(3, v.sum(v.fma("sqrt2Cubed", d34, v.product("sqrtHalfCubed", d12)), x[5]))
}

var backwardNumbers = map[string]float32{"half": 0.5, "two": 2, "sqrtHalf": sqrtHalf, "sqrt2": sqrt2, "sqrtHalfCubed": sqrtHalf / 2, "sqrt2Cubed": 2 * sqrt2}

// winogradIn writes the transform of the input: n×n pixels become n² vectors.
func (v *writer) winogradIn(m int) {
	n := m + 2
	a := v.function(fmt.Sprintf("winogradIn%d%s", m, v.name), "WinogradIn", fmt.Sprintf("is winogradIn(%d).", m))
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, tmp := a.size("Row"), a.size("Matrix"), a.load("Tmp")
	from, to := v.GP64(), v.GP64()
	v.hold(forwardNumbers)
	v.Label("tile")
	v.each(func(disp int) {
		v.MOVQ(in, from)
		for r := range n {
			x := v.loads(n, func(i int) Mem { return Mem{Base: from, Disp: i*block + disp} })
			v.forward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: tmp, Disp: (r*n+i)*block + disp})
			})
			if r < n-1 {
				v.ADDQ(row, from)
			}
		}
	})
	// Column c of the result are matrices c, c+n, c+2n and so on.
	column, down := v.GP64(), v.GP64()
	v.MOVQ(matrix, down)
	if n == 6 {
		v.LEAQ(Mem{Base: matrix, Index: matrix, Scale: 2}, down)
	}
	v.SHLQ(Imm(map[int]uint64{6: 1, 4: 2}[n]), down)
	v.MOVQ(out, column)
	for c := range n {
		v.each(func(disp int) {
			x := v.loads(n, func(i int) Mem { return Mem{Base: tmp, Disp: (i*n+c)*block + disp} })
			v.MOVQ(column, to)
			v.forward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: to, Disp: disp})
				if i < n-1 {
					v.ADDQ(down, to)
				}
			})
		})
		if c < n-1 {
			v.ADDQ(matrix, column)
		}
	}
	v.ADDQ(U32(uint32(m*block)), in)
	v.ADDQ(Imm(block), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// winogradOut writes the transform of the result: n² vectors become m×m pixels.
func (v *writer) winogradOut(m int) {
	n := m + 2
	a := v.function(fmt.Sprintf("winogradOut%d%s", m, v.name), "WinogradOut", fmt.Sprintf("is winogradOut(%d).", m))
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, tmp := a.size("Row"), a.size("Matrix"), a.load("Tmp")
	from, to := v.GP64(), v.GP64()
	v.hold(backwardNumbers)
	v.Label("tile")
	v.each(func(disp int) {
		v.MOVQ(in, from)
		for r := range n {
			x := v.vecs(n)
			for i := range x {
				v.VMOVUPS(Mem{Base: from, Disp: disp}, x[i])
				v.ADDQ(matrix, from)
			}
			v.backward(x, func(i int, y reg.VecVirtual) {
				v.VMOVUPS(y, Mem{Base: tmp, Disp: (r*m+i)*block + disp})
			})
		}
	})
	bias := a.load("Bias")
	for c := range m {
		v.each(func(disp int) {
			x := v.loads(n, func(i int) Mem { return Mem{Base: tmp, Disp: (i*m+c)*block + disp} })
			y := make([]reg.VecVirtual, m)
			v.backward(x, func(i int, r reg.VecVirtual) {
				v.VADDPS(Mem{Base: bias, Disp: disp}, r, r)
				y[i] = r
			})
			v.activate(a, y, v.vec())
			v.MOVQ(out, to)
			for i, r := range y {
				v.VMOVUPS(r, Mem{Base: to, Disp: c*block + disp})
				if i < m-1 {
					v.ADDQ(row, to)
				}
			}
		})
	}
	v.ADDQ(Imm(block), in)
	v.ADDQ(U32(uint32(m*block)), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// winogradWeights writes the transform of the filters: nine vectors become n².
func (v *writer) winogradWeights(m int) {
	n := m + 2
	a := v.function(fmt.Sprintf("winogradWeights%d%s", m, v.name), "WinogradWeights", fmt.Sprintf("is winogradWeights(%d).", m))
	in, out, count := a.load("In"), a.load("Out"), a.load("Count")
	tap, matrix := a.size("Tap"), a.size("Matrix")
	v.hold(filterNumbers)
	three, from, to := v.GP64(), v.GP64(), v.GP64()
	v.LEAQ(Mem{Base: tap, Index: tap, Scale: 2}, three)
	v.Label("filter")
	v.each(func(disp int) {
		v.LEAQ(Mem{Base: out, Disp: disp}, to)
		for y := range n { // row y of the result needs row y of each column
			row := make([]reg.VecVirtual, 3)
			v.LEAQ(Mem{Base: in, Disp: disp}, from)
			for x := range row {
				g := v.loads(1, func(int) Mem { return Mem{Base: from} })
				g = append(g, v.loads(1, func(int) Mem { return Mem{Base: from, Index: three, Scale: 1} })...)
				g = append(g, v.loads(1, func(int) Mem { return Mem{Base: from, Index: three, Scale: 2} })...)
				row[x] = v.spreadFilter(m, g, y)
				if x < 2 {
					v.ADDQ(tap, from)
				}
			}
			for x := range n {
				v.VMOVUPS(v.spreadFilter(m, row, x), Mem{Base: to})
				if y+x < 2*n-2 {
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

var filterNumbers = map[string]float32{
	"minusTwoThirds": -2. / 3, "minusThird": -1. / 3, "minusTwoThirdsSqrtHalf": -2. / 3 * sqrtHalf,
	"sixth": 1. / 6, "third": 1. / 3, "sixthSqrt2": 1. / 6 * sqrt2, "half": 0.5,
}

// spreadFilter is row i of G times a column.
func (v *writer) spreadFilter(m int, g []reg.VecVirtual, i int) reg.VecVirtual {
	var even, odd reg.VecVirtual
	switch {
	case i == 0:
		return g[0]
	case i == m+1:
		return g[2]
	case m == 2:
		even, odd = v.product("half", v.sum(g[0], g[2])), v.product("half", g[1])
	case i < 3:
		even, odd = v.fma("minusTwoThirds", g[0], v.product("minusThird", g[2])), v.product("minusTwoThirdsSqrtHalf", g[1])
	default:
		even, odd = v.fma("sixth", g[0], v.product("third", g[2])), v.product("sixthSqrt2", g[1])
	}
	if i%2 == 1 {
		return v.sum(even, odd)
	}
	return v.difference(even, odd)
}
