// Command _gen writes the assembly of package icc for amd64.
//
//	go run . -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg icc
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// One colour's light is a table of 768 numbers of 16 bytes: green and red, which
// carries go over to, and blue.
const table = 768 * 16

// factors are for green, red, blue and nothing, in memory, for values that stand in
// both halves of 32 bits: what is more than 16 bits is shared between these.
func factors(name string, green, red, blue int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		v := [4]int{green, red, blue, 0}[i%4]
		DATA(4*i, I16(int16(v/2)))
		DATA(4*i+2, I16(int16(v-v/2)))
	}
	return m
}

func broadcast(name string, v uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(v))
	}
	return m
}

func main() {
	ConstraintExpr("amd64,!noasm")
	TEXT("rowsAVX2", NOSPLIT, "func(above, below, cb, cr *byte, n int, light *uint64, encode *byte)")
	Pragma("noescape")
	Doc("rowsAVX2 is Transform.rows for n samples of chroma and twice as many pixels, which all are there. Three",
		"bytes behind those of encode are read as well.")
	above, below := Load(Param("above"), GP64()), Load(Param("below"), GP64())
	cb, cr := Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	light, encode := Load(Param("light"), GP64()), Load(Param("encode"), GP64())
	x := GP64()
	XORL(x.As32(), x.As32())

	low, number := broadcast("low", 0xFFFF), broadcast("number", 0xFF)
	half, middle := broadcast("half", 1<<15), broadcast("middle", 128)
	luma := factors("luma", 38470, 19595, 7471)
	blueness, redness := factors("blueness", -21712, -11056, 32768), factors("redness", -27440, 32768, -5328)

	Label("sample")
	CMPQ(x, NewParamAddr("n", 32))
	JGE(LabelRef("end"))
	Comment("What chroma adds to luma makes three places in the tables.")
	u, v := GP64(), GP64()
	MOVBLZX(Mem{Base: cb, Index: x, Scale: 1}, u.As32())
	MOVBLZX(Mem{Base: cr, Index: x, Scale: 1}, v.As32())
	SUBL(U8(128), u.As32())
	SUBL(U8(128), v.As32())
	red, green, blue, t := GP64(), GP64(), GP64(), GP64()
	IMUL3L(I32(91881), v.As32(), red.As32())
	IMUL3L(I32(-46802), v.As32(), green.As32())
	IMUL3L(I32(-22554), u.As32(), t.As32())
	ADDL(t.As32(), green.As32())
	IMUL3L(I32(116130), u.As32(), blue.As32())
	for i, at := range []GPVirtual{red, green, blue} {
		ADDL(I32(1<<15+256<<16), at.As32()) // never below 0
		SHRL(U8(16), at.As32())
		SHLL(U8(4), at.As32())
		LEAQ(Mem{Base: light, Index: at, Scale: 1, Disp: i * table}, at)
	}

	Comment("Light of four pixels, two by two.")
	var numbers [2]VecVirtual
	for i, row := range []Register{above, below} {
		var pixels [2]VecVirtual
		for k := range pixels {
			y, p := GP64(), XMM()
			MOVBLZX(Mem{Base: row, Index: x, Scale: 2, Disp: k}, y.As32())
			SHLL(U8(4), y.As32())
			VMOVDQU(Mem{Base: red, Index: y, Scale: 1}, p)
			VPADDQ(Mem{Base: green, Index: y, Scale: 1}, p, p)
			VPADDQ(Mem{Base: blue, Index: y, Scale: 1}, p, p)
			pixels[k] = p
		}
		at, mask, got := YMM(), YMM(), YMM()
		VINSERTI128(U8(1), pixels[1], pixels[0].AsY(), at)
		VPSRLD(U8(14), at, at)
		VPAND(low, at, at)
		VPCMPEQD(mask, mask, mask)
		VPXOR(got, got, got)
		VPGATHERDD(mask, Mem{Base: encode, Index: at, Scale: 1}, got)
		VPAND(number, got, got)
		numbers[i] = got
	}

	Comment("Luma of each.")
	sums, other := YMM(), XMM()
	VPADDD(numbers[0], numbers[1], sums)
	for _, n := range numbers {
		twice(n)
		VPMADDWD(luma, n, n)
	}
	y := numbers[0]
	VPHADDD(numbers[1], y, y)
	VPHADDD(y, y, y)
	VPADDD(half, y, y)
	VPSRLD(U8(16), y, y)
	right := XMM()
	VEXTRACTI128(U8(1), y, right)
	for k, v := range []VecVirtual{y.AsX().(VecVirtual), right} {
		VPEXTRB(U8(0), v, Mem{Base: above, Index: x, Scale: 2, Disp: k})
		VPEXTRB(U8(4), v, Mem{Base: below, Index: x, Scale: 2, Disp: k})
	}

	Comment("Chroma of their sum.")
	sum := XMM()
	VEXTRACTI128(U8(1), sums, other)
	VPADDD(sums.AsX(), other, sum)
	twice(sum)
	b, r := XMM(), XMM()
	VPMADDWD(blueness, sum, b)
	VPMADDWD(redness, sum, r)
	VPHADDD(r, b, b)
	VPHADDD(b, b, b)
	VPSRAD(U8(2), b, b)
	VPADDD(half, b, b)
	VPSRAD(U8(16), b, b)
	VPADDD(middle, b, b)
	VPACKSSDW(b, b, b)
	VPACKUSWB(b, b, b)
	VPEXTRB(U8(0), b, Mem{Base: cb, Index: x, Scale: 1})
	VPEXTRB(U8(1), b, Mem{Base: cr, Index: x, Scale: 1})
	INCQ(x)
	JMP(LabelRef("sample"))

	Label("end")
	VZEROUPPER()
	RET()
	Generate()
}

// twice puts values into both halves of 32 bits.
func twice(v VecVirtual) {
	t := YMM()
	if v.Size() == 16 {
		t = XMM()
	}
	VPSLLD(U8(16), v, t)
	VPOR(t, v, v)
}
