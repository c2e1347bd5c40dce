package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose writes the transposition of a square of 16 × 16 floats.
func (v *writer) transpose() {
	a := v.function("transpose"+v.name, "Transpose", "is transpose.")
	v.square(a, a.size("InRow"), 4, func(m Mem, r reg.VecVirtual) { v.VMOVUPS(m, r) })
}

// transposeHalves writes that of a square of binary16 numbers.
func (v *writer) transposeHalves() {
	a := v.function("transposeHalves"+v.name, "TransposeHalves", "is transposeHalves.")
	inRow := a.load("InRow")
	v.ADDQ(inRow, inRow)
	v.square(a, inRow, 2, func(m Mem, r reg.VecVirtual) {
		v.VCVTPH2PS(m, r)
		m.Disp += 320 // rows are read a piece at a time, which the CPU does not foresee
		v.PREFETCHT0(m)
	})
}

// square writes the transposition of a square whose elements have so many bytes.
func (v *writer) square(a args, inRow reg.GPVirtual, bytes int, load func(Mem, reg.VecVirtual)) {
	in, out, outRow := a.load("In"), a.load("Out"), a.size("OutRow")
	n := v.bytes / 4
	from, to := v.GP64(), v.GP64()
	for y := 0; y < 16; y += n {
		for x := 0; x < 16; x += n {
			v.LEAQ(Mem{Base: in, Disp: x * bytes}, from)
			for range y {
				v.ADDQ(inRow, from)
			}
			rows := v.vecs(n)
			for _, r := range rows {
				load(Mem{Base: from}, r)
				v.ADDQ(inRow, from)
			}
			v.LEAQ(Mem{Base: out, Disp: y * 4}, to)
			for range x {
				v.ADDQ(outRow, to)
			}
			for _, r := range v.transposed(rows) {
				v.VMOVUPS(r, Mem{Base: to})
				v.ADDQ(outRow, to)
			}
		}
	}
	v.end()
}

// transposed makes columns of rows. First squares of four within the 128-bit
// lanes, then the lanes.
func (v *writer) transposed(rows []reg.VecVirtual) []reg.VecVirtual {
	n := len(rows)
	quads := make([][]reg.VecVirtual, n/4) // [g][k]: columns k, k+4, ... of rows 4g to 4g+3
	for g := range quads {
		r, t := rows[4*g:], v.vecs(4)
		v.VUNPCKLPS(r[1], r[0], t[0])
		v.VUNPCKHPS(r[1], r[0], t[1])
		v.VUNPCKLPS(r[3], r[2], t[2])
		v.VUNPCKHPS(r[3], r[2], t[3])
		q := v.vecs(4)
		v.VUNPCKLPD(t[2], t[0], q[0])
		v.VUNPCKHPD(t[2], t[0], q[1])
		v.VUNPCKLPD(t[3], t[1], q[2])
		v.VUNPCKHPD(t[3], t[1], q[3])
		quads[g] = q
	}
	out := make([]reg.VecVirtual, n)
	for k := range 4 {
		if n == 8 {
			out[k], out[k+4] = v.vec(), v.vec()
			v.VPERM2F128(Imm(0x20), quads[1][k], quads[0][k], out[k])
			v.VPERM2F128(Imm(0x31), quads[1][k], quads[0][k], out[k+4])
			continue
		}
		t := v.vecs(4)
		v.VSHUFF32X4(Imm(0x88), quads[1][k], quads[0][k], t[0])
		v.VSHUFF32X4(Imm(0x88), quads[3][k], quads[2][k], t[1])
		v.VSHUFF32X4(Imm(0xdd), quads[1][k], quads[0][k], t[2])
		v.VSHUFF32X4(Imm(0xdd), quads[3][k], quads[2][k], t[3])
		for l := range 4 {
			out[k+4*l] = v.vec()
		}
		v.VSHUFF32X4(Imm(0x88), t[1], t[0], out[k])
		v.VSHUFF32X4(Imm(0x88), t[3], t[2], out[k+4])
		v.VSHUFF32X4(Imm(0xdd), t[1], t[0], out[k+8])
		v.VSHUFF32X4(Imm(0xdd), t[3], t[2], out[k+12])
	}
	return out
}
