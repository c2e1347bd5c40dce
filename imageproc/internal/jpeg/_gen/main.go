// Command _gen writes the assembly of package jpeg for amd64.
//
//	go run . -out ../inverse_amd64.s -stubs ../inverse_amd64.go -pkg jpeg
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// row is a row of a block, or a column: eight numbers of 32 bits.
type row = VecVirtual

var constants = map[string]Mem{}

// broadcast is a constant in all eight places, in memory.
func broadcast(name string, v int32) Mem {
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, I32(v))
		}
		constants[name] = m
	}
	return m
}

var centre Mem

func main() {
	ConstraintExpr("amd64,!noasm")
	TEXT("inverse8AVX2", NOSPLIT, "func(dst *byte, stride int, c *[64]int32)")
	Doc("inverse8AVX2 is inverse8 for a processor with AVX2, but leaves c as it is. It writes 8 bytes to each row.")
	dst, stride, c := Load(Param("dst"), GP64()), Load(Param("stride"), GP64()), Load(Param("c"), GP64())

	var r [8]row
	for i := range r {
		r[i] = YMM()
		VMOVDQU(Mem{Base: c, Disp: 32 * i}, r[i])
	}
	Comment("Columns.")
	pass(&r, 11)
	Comment("Rows.")
	transpose(&r)
	pass(&r, 18)
	transpose(&r)

	Comment("To bytes: two rows at a time, then four.")
	centre = words("centre", 128)
	for i := 0; i < 8; i += 4 {
		a, b := r[i], r[i+2]
		VPACKSSDW(r[i+1], a, a)
		VPACKSSDW(r[i+3], b, b)
		VPADDW(centre, a, a)
		VPADDW(centre, b, b)
		VPACKUSWB(b, a, a)
		// The lower half has the left four samples of each of the rows.
		high, left, right := XMM(), XMM(), XMM()
		VEXTRACTI128(U8(1), a, high)
		VPUNPCKLDQ(high, a.AsX(), left)
		VPUNPCKHDQ(high, a.AsX(), right)
		for k, two := range []VecVirtual{left, right} {
			VMOVQ(two, Mem{Base: dst})
			ADDQ(stride, dst)
			VPEXTRQ(U8(1), two, Mem{Base: dst})
			if i+2*k < 6 {
				ADDQ(stride, dst)
			}
		}
	}
	VZEROUPPER()
	RET()
	inverse3()
	readDCs()
	Generate()
}

// inverse3 has a row, or a column, in the first three of four places: what is in
// the fourth is never written.
func inverse3() {
	TEXT("inverse3AVX", NOSPLIT, "func(dst *byte, stride int, c *[64]int32)")
	Doc("inverse3AVX is inverse3 for a processor with AVX2. It writes 3 bytes to each row.")
	dst, stride, c := Load(Param("dst"), GP64()), Load(Param("stride"), GP64()), Load(Param("c"), GP64())
	var r [3]row
	for i := range r {
		r[i] = XMM()
		VMOVDQU(Mem{Base: c, Disp: 32 * i}, r[i])
	}
	pass3(&r, 11)
	Comment("Columns become rows.")
	low, high, none := XMM(), XMM(), XMM()
	VPUNPCKLDQ(r[1], r[0], low)
	VPUNPCKHDQ(r[1], r[0], high)
	VPXOR(none, none, none)
	VPUNPCKLDQ(none, r[2], r[0])
	VPUNPCKHDQ(none, r[2], r[1])
	VPUNPCKHQDQ(r[0], low, r[2])
	VPUNPCKLQDQ(r[0], low, r[0])
	VPUNPCKLQDQ(r[1], high, high)
	r = [3]row{r[0], r[2], high}
	pass3(&r, 18)
	Comment("To bytes: columns of four, then rows of four.")
	VPACKSSDW(r[1], r[0], r[0])
	VPACKSSDW(r[2], r[2], r[2])
	VPADDW(centre, r[0], r[0])
	VPADDW(centre, r[2], r[2])
	VPACKUSWB(r[2], r[0], r[0])
	order := GLOBL("order", RODATA|NOPTR)
	for i := range 16 {
		DATA(i, U8(i%4*4+i/4))
	}
	VPSHUFB(order, r[0], r[0])
	for y := range 3 {
		VPEXTRW(U8(2*y), r[0], Mem{Base: dst})
		VPEXTRB(U8(4*y+2), r[0], Mem{Base: dst, Disp: 2})
		if y < 2 {
			ADDQ(stride, dst)
		}
	}
	RET()
}

// pass3 is a transform of three points; the products are rounded to bits less.
func pass3(r *[3]row, bits uint64) {
	c0, c2, o, middle := r[0], r[2], r[1], XMM()
	VPSLLD(U8(13), c0, c0)
	VPADDD(broadcast(map[uint64]string{11: "round11", 18: "round18"}[bits], 1<<(bits-1)), c0, c0)
	VPMULLD(broadcast("c0707", 5793), c2, c2)
	VPMULLD(broadcast("c1225", 10033), o, o)
	VPSUBD(c2, c0, middle)
	VPSUBD(c2, middle, middle)
	VPADDD(c2, c0, c0)
	last := c2
	VPSUBD(o, c0, last)
	VPADDD(o, c0, c0)
	for _, v := range []row{c0, middle, last} {
		VPSRAD(U8(bits), v, v)
	}
	*r = [3]row{c0, middle, last}
}

func words(name string, v uint16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(2*i, U16(v))
	}
	return m
}

// transpose swaps rows and columns.
func transpose(r *[8]row) {
	pairs := func(step int, low, high func(b, a, to Op)) {
		for i := range r {
			if i&step == 0 {
				a, b := r[i], r[i+step]
				l := YMM()
				low(b, a, l)
				high(b, a, b)
				r[i], r[i+step] = l, b
			}
		}
	}
	pairs(1, func(b, a, to Op) { VPUNPCKLDQ(b, a, to) }, func(b, a, to Op) { VPUNPCKHDQ(b, a, to) })
	pairs(2, func(b, a, to Op) { VPUNPCKLQDQ(b, a, to) }, func(b, a, to Op) { VPUNPCKHQDQ(b, a, to) })
	pairs(4, func(b, a, to Op) { VPERM2I128(U8(0x20), b, a, to) }, func(b, a, to Op) { VPERM2I128(U8(0x31), b, a, to) })
	// The steps of 1 and 2 leave the rows of each four in the order 0, 2, 1, 3.
	r[1], r[2], r[5], r[6] = r[2], r[1], r[6], r[5]
}

func add(a, b row) row {
	to := YMM()
	VPADDD(a, b, to)
	return to
}

// times gives a product in a register of its own.
func times(v row, name string, factor int32) row {
	to := YMM()
	VPMULLD(broadcast(name, factor), v, to)
	return to
}

// pass is butterfly and what follows it, for eight columns at once; the products
// are rounded to bits less.
func pass(r *[8]row, bits uint64) {
	c0, c1, c2, c3, c4, c5, c6, c7 := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
	z1 := times(add(c2, c6), "c0541", 4433)
	t2, t3 := times(c6, "c1847", -15137), times(c2, "c0765", 6270)
	VPADDD(z1, t2, t2)
	VPADDD(z1, t3, t3)
	t0, t1 := YMM(), YMM()
	VPADDD(c4, c0, t0)
	VPSUBD(c4, c0, t1)
	for _, t := range []row{t0, t1} {
		VPSLLD(U8(13), t, t)
		// The rounding of both sums and both differences.
		VPADDD(broadcast(map[uint64]string{11: "round11", 18: "round18"}[bits], 1<<(bits-1)), t, t)
	}
	e0, e1 := add(t0, t3), add(t1, t2)
	VPSUBD(t2, t1, t1) // e2
	VPSUBD(t3, t0, t0) // e3
	even := [4]row{e0, e1, t1, t0}

	y1, y2, y3, y4 := add(c7, c1), add(c5, c3), add(c7, c3), add(c5, c1)
	y5 := times(add(y3, y4), "c1175", 9633)
	y1, y2 = times(y1, "c0899", -7373), times(y2, "c2562", -20995)
	y3, y4 = times(y3, "c1961", -16069), times(y4, "c0390", -3196)
	VPADDD(y5, y3, y3)
	VPADDD(y5, y4, y4)
	o0, o1, o2, o3 := times(c7, "c0298", 2446), times(c5, "c2053", 16819), times(c3, "c3072", 25172), times(c1, "c1501", 12299)
	for _, s := range [][3]row{{o0, y1, y3}, {o1, y2, y4}, {o2, y2, y3}, {o3, y1, y4}} {
		VPADDD(s[1], s[0], s[0])
		VPADDD(s[2], s[0], s[0])
	}
	odd := [4]row{o3, o2, o1, o0}
	for i := range 4 {
		sum := add(even[i], odd[i])
		VPSUBD(odd[i], even[i], even[i])
		VPSRAD(U8(bits), sum, sum)
		VPSRAD(U8(bits), even[i], even[i])
		r[i], r[7-i] = sum, even[i]
	}
}
