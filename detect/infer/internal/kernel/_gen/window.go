package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows writes a loop over Count pixels of a Window, in tiles of the widths given.
func (v *writer) rows(a args, widths []int, tile func(pixels *walk, in, out reg.GPVirtual, width int)) {
	in, out, count := a.load("In"), a.load("Out"), a.load("Count")
	pixels := v.newWalk(widths[0], a.size("Step"))
	for _, n := range widths {
		again, next := v.label("tile"), v.label("narrower")
		v.Label(again)
		v.CMPQ(count, Imm(uint64(n)))
		v.JLT(LabelRef(next))
		p := *pixels
		p.bases = p.bases[:(n+2)/3]
		tile(&p, in, out, n)
		v.skip(pixels, in, n)
		v.ADDQ(U32(uint32(n*block)), out)
		v.SUBQ(Imm(uint64(n)), count)
		v.JMP(LabelRef(again))
		v.Label(next)
	}
	v.end()
}

// eachTap writes a loop over the taps of a Window.
func (v *writer) eachTap(a args, pixels *walk, in reg.GPVirtual, body func()) {
	off, taps, again := a.load("Off"), a.load("Off.len"), v.label("tap")
	v.Label(again)
	v.MOVLQSX(Mem{Base: off}, pixels.bases[0])
	v.LEAQ(Mem{Base: in, Index: pixels.bases[0], Scale: 4}, pixels.bases[0])
	v.start(pixels)
	body()
	v.ADDQ(Imm(4), off)
	v.DECQ(taps)
	v.JNZ(LabelRef(again))
}

// depthwise writes the convolution of each channel by itself.
func (v *writer) depthwise() {
	a, p := v.function("depthwise"+v.name, "Window", "is depthwise."), v.parts()
	v.rows(a, map[isa][]int{avx512: {12, 8, 4, 1}, avx2: {4, 1}}[v.isa], func(pixels *walk, in, out reg.GPVirtual, n int) {
		sums, weights := v.vecs(n*p), v.vecs(p)
		v.startSums(a, [][]reg.VecVirtual{sums})
		w := a.load("W")
		v.eachTap(a, pixels, in, func() {
			for i, r := range weights {
				v.VMOVUPS(Mem{Base: w, Disp: i * v.bytes}, r)
			}
			for i, r := range sums {
				v.VFMADD231PS(pixels.pixel(i/p, i%p*v.bytes), weights[i%p], r)
			}
			v.ADDQ(Imm(block), w)
		})
		v.activate(a, sums, weights[0])
		for i, r := range sums {
			v.VMOVUPS(r, Mem{Base: out, Disp: i * v.bytes})
		}
	})
}

// depthwise3 writes the same for windows of 3×3 neighbours and tiles of n pixels:
// each pixel is loaded once for all the windows of its row that see it. A tile is
// done for all rows before the next: what its windows share stays in the
// first-level cache.
func (v *writer) depthwise3(stride, n int) {
	a := v.function(v.depthwise3Name(stride, n), "Window3", fmt.Sprintf("is depthwise3 with stride %d and %d pixels.", stride, n))
	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	taps, down, outRow := a.size("Row"), a.size("Down"), a.size("OutRow")
	weight, bias := v.held3(a)
	top, to, rows := v.GP64(), v.GP64(), v.GP64()
	window := []Mem{{Base: top}, {Base: top, Index: taps, Scale: 1}, {Base: top, Index: taps, Scale: 2}}
	v.Label("tile")
	v.MOVQ(in, top)
	v.MOVQ(out, to)
	v.MOVQ(a.field("Rows"), rows)
	v.Label("row")
	v.each(func(disp int) {
		sums := v.vecs(n)
		for _, r := range sums {
			bias(disp, r)
		}
		for ky, row := range window {
			w := weight(disp, ky)
			for j := range (n-1)*stride + 3 {
				x := v.vec()
				row.Disp = j*block + disp
				v.VMOVUPS(row, x)
				for kx := range w {
					if p := j - kx; p >= 0 && p%stride == 0 && p/stride < n {
						v.VFMADD231PS(w[kx], x, sums[p/stride])
					}
				}
			}
		}
		v.activate(a, sums, v.vec())
		for i, r := range sums {
			v.VMOVUPS(r, Mem{Base: to, Disp: i*block + disp})
		}
	})
	v.ADDQ(down, top)
	v.ADDQ(outRow, to)
	v.DECQ(rows)
	v.JNZ(LabelRef("row"))
	v.ADDQ(U32(uint32(n*stride*block)), in)
	v.ADDQ(U32(uint32(n*block)), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

func (v isa) depthwise3Name(stride, n int) string {
	return fmt.Sprintf("depthwise3%s_%dx%d", v.name, stride, n)
}

// depthwise3Pixels are the widths of tiles. Rows of 13, 26 and so on and of 7, 14
// and so on are what networks for pictures of 416 and 224 pixels have.
func (v isa) depthwise3Pixels(stride int) []int {
	if stride == 2 {
		return []int{1, 2, 3, 4, 5, 6, 7, 8}
	}
	return map[isa][]int{avx512: {1, 2, 4, 7, 8, 10, 13, 14}, avx2: {1, 2, 4, 7, 8, 10, 12}}[v]
}

// held3 gives the weights of a row of a 3×3 window and the bias, out of registers
// where there are enough to keep them there.
func (v *writer) held3(a args) (weight func(disp, ky int) []reg.VecVirtual, bias func(disp int, to reg.VecVirtual)) {
	w, b := a.load("W"), a.load("Bias")
	read := func(disp, ky int) []reg.VecVirtual {
		return v.loads(3, func(kx int) Mem { return Mem{Base: w, Disp: (ky*3+kx)*block + disp} })
	}
	if v.parts() > 1 {
		return read, func(disp int, to reg.VecVirtual) { v.VMOVUPS(Mem{Base: b, Disp: disp}, to) }
	}
	all := [][]reg.VecVirtual{read(0, 0), read(0, 1), read(0, 2)}
	first := v.loads(1, func(int) Mem { return Mem{Base: b} })[0]
	return func(_, ky int) []reg.VecVirtual { return all[ky] }, func(_ int, to reg.VecVirtual) { v.VMOVAPS(first, to) }
}

// pool writes the largest of each window. The maximum of two vectors is taken
// both ways round and the results joined bit by bit: they differ only where one
// is NaN, and there the outcome is NaN.
func (v *writer) pool() {
	a, p := v.function("maximum"+v.name, "Window", "is maximum."), v.parts()
	v.rows(a, []int{4, 1}, func(pixels *walk, in, out reg.GPVirtual, n int) {
		best := v.vecs(n * p)
		lowest := v.constant("lowest", negativeInfinity)
		for _, r := range best {
			v.VBROADCASTSS(lowest, r)
		}
		x, y := v.vec(), v.vec()
		v.eachTap(a, pixels, in, func() {
			for i, r := range best {
				v.VMOVUPS(pixels.pixel(i/p, i%p*v.bytes), x)
				v.VMAXPS(x, r, y)
				v.VMAXPS(r, x, r)
				v.VORPS(r, y, r)
			}
		})
		for i, r := range best {
			v.VMOVUPS(r, Mem{Base: out, Disp: i * v.bytes})
		}
	})
}

// resize writes a row of a linear interpolation.
func (v *writer) resize() {
	a, p := v.function("resize"+v.name, "Resize", "is resize."), v.parts()
	upper, lower, add, out := a.load("Upper"), a.load("Lower"), a.load("Add"), a.load("Out")
	taps, count := a.load("Taps"), a.load("Taps.len")
	wu, wl := v.spread(a.field("WeightUpper")), v.spread(a.field("WeightLower"))
	left, right := v.GP64(), v.GP64()
	v.Label("pixel")
	v.MOVLQSX(Mem{Base: taps}, left)
	v.MOVLQSX(Mem{Base: taps, Disp: 4}, right)
	l, r := v.spread(Mem{Base: taps, Disp: 8}), v.spread(Mem{Base: taps, Disp: 12})
	sums := v.vecs(p)
	for i, s := range sums {
		x, y := v.vec(), v.vec()
		at := func(row, column reg.GPVirtual) Mem {
			return Mem{Base: row, Index: column, Scale: 4, Disp: i * v.bytes}
		}
		v.VMULPS(at(upper, left), wu, x)
		v.VFMADD231PS(at(lower, left), wl, x)
		v.VMULPS(at(upper, right), wu, y)
		v.VFMADD231PS(at(lower, right), wl, y)
		v.VMULPS(x, l, s)
		v.VFMADD231PS(y, r, s)
	}
	v.TESTQ(add, add)
	v.JZ(LabelRef("store"))
	for i, s := range sums {
		v.VADDPS(Mem{Base: add, Disp: i * v.bytes}, s, s)
	}
	v.ADDQ(Imm(block), add)
	v.Label("store")
	for i, s := range sums {
		v.VMOVUPS(s, Mem{Base: out, Disp: i * v.bytes})
	}
	v.ADDQ(Imm(block), out)
	v.ADDQ(Imm(16), taps)
	v.DECQ(count)
	v.JNZ(LabelRef("pixel"))
	v.end()
}
