package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of F(2×2, 3×3) of stride 2; strided.go of package kernel has
// them in Go.

// spreadFive are the inputs of a row or column in the order of their products.
func (v *writer) spreadFive(x []reg.VecVirtual) []reg.VecVirtual {
	return []reg.VecVirtual{v.difference(x[0], x[2]), x[1], x[3], v.difference(x[4], x[2]), x[2]}
}

// stridedIn writes the transform of the input: 5×5 pixels become 25 vectors.
func (v *writer) stridedIn() {
	a := v.function("stridedIn"+v.name, "WinogradIn", "is stridedIn.")
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, tmp := a.size("Row"), a.size("Matrix"), a.load("Tmp")
	from, to := v.GP64(), v.GP64()
	v.Label("tile")
	v.each(func(disp int) {
		v.MOVQ(in, from)
		for r := range 5 {
			x := v.loads(5, func(i int) Mem { return Mem{Base: from, Disp: i*block + disp} })
			for i, y := range v.spreadFive(x) {
				v.VMOVUPS(y, Mem{Base: tmp, Disp: (r*5+i)*block + disp})
			}
			if r < 4 {
				v.ADDQ(row, from)
			}
		}
	})
	column, down := v.GP64(), v.GP64()
	v.LEAQ(Mem{Base: matrix, Index: matrix, Scale: 4}, down)
	v.MOVQ(out, column)
	for c := range 5 {
		v.each(func(disp int) {
			x := v.loads(5, func(i int) Mem { return Mem{Base: tmp, Disp: (i*5+c)*block + disp} })
			v.MOVQ(column, to)
			for i, y := range v.spreadFive(x) {
				v.VMOVUPS(y, Mem{Base: to, Disp: disp})
				if i < 4 {
					v.ADDQ(down, to)
				}
			}
		})
		if c < 4 {
			v.ADDQ(matrix, column)
		}
	}
	v.ADDQ(U32(4*block), in)
	v.ADDQ(Imm(block), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// stridedOut writes the transform of the result: nine vectors become 2×2 pixels.
func (v *writer) stridedOut() {
	a := v.function("stridedOut"+v.name, "WinogradOut", "is stridedOut.")
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	row, matrix, bias := a.size("Row"), a.size("Matrix"), a.load("Bias")
	from := v.GP64()
	v.Label("tile")
	v.each(func(disp int) {
		x := v.vecs(9)
		v.MOVQ(in, from)
		for i := range x {
			v.VMOVUPS(Mem{Base: from, Disp: disp}, x[i])
			if i < 8 {
				v.ADDQ(matrix, from)
			}
		}
		for c := range 2 {
			last := v.sum(x[6+c], x[8])
			v.VADDPS(Mem{Base: bias, Disp: disp}, last, last)
			y := []reg.VecVirtual{v.sum(v.sum(x[c], x[2]), last), v.sum(v.sum(x[3+c], x[5]), last)}
			v.activate(a, y, v.vec())
			v.VMOVUPS(y[0], Mem{Base: out, Disp: c*block + disp})
			v.VMOVUPS(y[1], Mem{Base: out, Index: row, Scale: 1, Disp: c*block + disp})
		}
	})
	v.ADDQ(Imm(block), in)
	v.ADDQ(U32(2*block), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// stridedWeights writes the transform of the filters: nine vectors become 16.
func (v *writer) stridedWeights() {
	a := v.function("stridedWeights"+v.name, "WinogradWeights", "is stridedWeights.")
	in, out, count := a.load("In"), a.load("Out"), a.load("Count")
	tap, matrix := a.size("Tap"), a.size("Matrix")
	from, to, last := v.GP64(), v.GP64(), v.GP64()
	v.Label("filter")
	v.each(func(disp int) {
		v.LEAQ(Mem{Base: in, Disp: disp}, from)
		g := v.vecs(9)
		for i := range g {
			v.VMOVUPS(Mem{Base: from}, g[i])
			if i < 8 {
				v.ADDQ(tap, from)
			}
		}
		v.LEAQ(Mem{Base: out, Disp: disp}, to)
		v.MOVQ(matrix, last)
		v.IMUL3Q(Imm(12), last, last)
		v.ADDQ(to, last)
		rows := [][]reg.VecVirtual{g[:3], g[3:6], g[6:], nil}
		for y := range rows {
			if rows[y] == nil {
				rows[y] = []reg.VecVirtual{v.sum(g[0], g[6]), v.sum(g[1], g[7]), v.sum(g[2], g[8])}
			}
			for _, r := range rows[y] {
				v.VMOVUPS(r, Mem{Base: to})
				v.ADDQ(matrix, to)
			}
			v.VMOVUPS(v.sum(rows[y][0], rows[y][2]), Mem{Base: last})
			if y < 3 {
				v.ADDQ(matrix, last)
			}
		}
	})
	v.ADDQ(a.size("InStep"), in)
	v.ADDQ(a.size("OutStep"), out)
	v.DECQ(count)
	v.JNZ(LabelRef("filter"))
	v.end()
}
