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

// factors are for green, red, blue and green once more, of two pixels in each half.
func factors(name string, f [4]int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(2*i, I16(f[i%4]))
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
	Doc("rowsAVX2 is Transform.rows for n samples of chroma, an even number, and twice as many pixels, which all",
		"are there.")
	above, below := Load(Param("above"), GP64()), Load(Param("below"), GP64())
	cb, cr := Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	light, encode := Load(Param("light"), GP64()), Load(Param("encode"), GP64())
	x := GP64()
	XORL(x.As32(), x.As32())

	half, middle := broadcast("half", 1<<15), broadcast("middle", 128)
	// Green's factor is more than 16 bits hold, and shared; those of chroma are negated, for
	// 32768 is one too many.
	luma := factors("luma", [4]int16{32767, 19595, 7471, 38470 - 32767})
	blueness, redness := factors("blueness", [4]int16{21712, 11056, -32768, 0}), factors("redness", [4]int16{27440, -32768, 5328, 0})
	order := GLOBL("order", RODATA|NOPTR)
	for i, b := range []byte{0, 1, 8, 9, 4, 5, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0} {
		DATA(i, U8(b))
	}

	again := GLOBL("again", RODATA|NOPTR)
	for i := range 16 {
		DATA(i, U8([4]int{i, i, i, i - 3}[i%4]))
	}
	places := AllocLocal(2 * 4 * 16)

	Label("samples")
	CMPQ(x, NewParamAddr("n", 32))
	JGE(LabelRef("end"))
	var words [2]VecVirtual // of a sample: two pixels above each other in each half
	for s := range words {
		Comment("What chroma adds to luma makes three places in the tables.")
		u, v := GP64(), GP64()
		MOVBLZX(Mem{Base: cb, Index: x, Scale: 1, Disp: s}, u.As32())
		MOVBLZX(Mem{Base: cr, Index: x, Scale: 1, Disp: s}, v.As32())
		red, green, blue, t := GP64(), GP64(), GP64(), GP64()
		IMUL3L(I32(91881), v.As32(), red.As32())
		IMUL3L(I32(-46802), v.As32(), green.As32())
		IMUL3L(I32(-22554), u.As32(), t.As32())
		ADDL(t.As32(), green.As32())
		IMUL3L(I32(116130), u.As32(), blue.As32())
		for i, at := range []GPVirtual{red, green, blue} {
			zero := [3]int32{91881, -46802 - 22554, 116130}[i] * -128
			ADDL(I32(zero+1<<15+256<<16), at.As32()) // never below 0
			SHRL(U8(16), at.As32())
			SHLL(U8(4), at.As32())
			LEAQ(Mem{Base: light, Index: at, Scale: 1, Disp: i * table}, at)
		}

		Comment("Light of four pixels, and where the numbers stand that it becomes.")
		for i := range 4 {
			y, p := GP64(), XMM()
			MOVBLZX(Mem{Base: []Register{above, below}[i%2], Index: x, Scale: 2, Disp: 2*s + i/2}, y.As32())
			SHLL(U8(4), y.As32())
			VMOVDQU(Mem{Base: red, Index: y, Scale: 1}, p)
			VPADDQ(Mem{Base: green, Index: y, Scale: 1}, p, p)
			VPADDQ(Mem{Base: blue, Index: y, Scale: 1}, p, p)
			VPSRLD(U8(14), p, p)
			VMOVDQU(p, places.Offset(64*s+16*i))
		}
	}

	Comment("The numbers, one by one, which is faster than to gather them.")
	for s := range words {
		numbers, n := YMM(), XMM()
		VPXOR(n, n, n)
		for i := range 4 {
			for c := range 3 {
				at := GP64()
				MOVL(places.Offset(64*s+16*i+4*c), at.As32())
				VPINSRB(U8(4*i+c), Mem{Base: encode, Index: at, Scale: 1}, n, n)
			}
		}
		VPSHUFB(again, n, n) // green once more, for luma
		VPMOVZXBW(n, numbers)
		words[s] = numbers
	}

	Comment("Luma of each: four pixels of the left columns, and four of the right ones.")
	y, other := YMM(), YMM()
	VPMADDWD(luma, words[0], y)
	VPMADDWD(luma, words[1], other)
	VPHADDD(other, y, y)
	VPADDD(half, y, y)
	VPSRLD(U8(16), y, y)
	right := XMM()
	VEXTRACTI128(U8(1), y, right)
	VPSLLD(U8(8), right, right)
	VPOR(right, y.AsX(), right)
	VPSHUFB(order, right, right)
	VMOVD(right, Mem{Base: above, Index: x, Scale: 2})
	VPEXTRD(U8(1), right, Mem{Base: below, Index: x, Scale: 2})

	Comment("Chroma of the sums of four, a sample in each half.")
	sum, b, r := YMM(), YMM(), YMM()
	VPERM2I128(U8(0x20), words[1], words[0], sum)
	VPERM2I128(U8(0x31), words[1], words[0], other)
	VPADDW(other, sum, sum)
	VPSHUFD(U8(0b01_00_11_10), sum, other)
	VPADDW(other, sum, sum)
	VPMADDWD(blueness, sum, b)
	VPMADDWD(redness, sum, r)
	VPHADDD(r, b, b)
	VPXOR(r, r, r)
	VPSUBD(b, r, b)
	VPSRAD(U8(2), b, b)
	VPADDD(half, b, b)
	VPSRAD(U8(16), b, b)
	VPADDD(middle, b, b)
	VPACKSSDW(b, b, b)
	VPACKUSWB(b, b, b)
	VEXTRACTI128(U8(1), b, right)
	VPUNPCKLBW(right, b.AsX(), right)
	VPEXTRW(U8(0), right, Mem{Base: cb, Index: x, Scale: 1})
	VPEXTRW(U8(2), right, Mem{Base: cr, Index: x, Scale: 1})
	ADDQ(U8(2), x)
	JMP(LabelRef("samples"))

	Label("end")
	VZEROUPPER()
	RET()
	Generate()
}
