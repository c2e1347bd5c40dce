// Command _gen writes the assembly of package resample for amd64.
//
//	go run . -out ../weigh_amd64.s -stubs ../weigh_amd64.go -pkg resample
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// words is a constant in all sixteen places, in memory.
func words(name string, v uint16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(2*i, U16(v))
	}
	return m
}

func main() {
	ConstraintExpr("amd64,!noasm")
	TEXT("weighAVX2", NOSPLIT, "func(dst *byte, n int, src *byte, offs *int32, w *int16, taps int)")
	Doc("weighAVX2 is weigh for a processor with AVX2: n is a multiple of 64, and taps is not 0.")
	dst, n, src := Load(Param("dst"), GP64()), Load(Param("n"), GP64()), Load(Param("src"), GP64())
	offs, w, taps := Load(Param("offs"), GP64()), Load(Param("w"), GP64()), Load(Param("taps"), GP64())
	bias, unit := YMM(), YMM()
	VMOVDQU(words("bias", 64+128*128), bias)
	VMOVDQU(words("unit", 128), unit)

	Label("block")
	Comment("Sixty-four samples: sums of 16 bits that wrap, and are in range at the end.")
	var sums [4]VecVirtual
	for i := range sums {
		sums[i] = YMM()
		VMOVDQA(bias, sums[i])
	}
	i := GP64()
	XORQ(i, i)
	Label("tap")
	at, factor := GP64(), YMM()
	MOVLQSX(Mem{Base: offs, Index: i, Scale: 4}, at)
	VPBROADCASTW(Mem{Base: w, Index: i, Scale: 2}, factor)
	for k := range sums {
		v := YMM()
		VPMOVZXBW(Mem{Base: src, Index: at, Scale: 1, Disp: 16 * k}, v)
		VPMULLW(factor, v, v)
		VPADDW(v, sums[k], sums[k])
	}
	INCQ(i)
	CMPQ(i, taps)
	JLT(LabelRef("tap"))
	for k := range sums {
		VPSRLW(U8(7), sums[k], sums[k])
		VPSUBW(unit, sums[k], sums[k])
	}
	for k := 0; k < 4; k += 2 {
		VPACKUSWB(sums[k+1], sums[k], sums[k])
		VPERMQ(U8(0xD8), sums[k], sums[k])
		VMOVDQU(sums[k], Mem{Base: dst, Disp: 16 * k})
	}
	ADDQ(U8(64), dst)
	ADDQ(U8(64), src)
	SUBQ(U8(64), n)
	JG(LabelRef("block"))
	VZEROUPPER()
	RET()
	Generate()
}
