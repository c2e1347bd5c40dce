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
	transpose()
	weigh512()
	Generate()
}

// transpose brings eight rows of eight bytes at a time into columns.
func transpose() {
	TEXT("transposeAVX", NOSPLIT, "func(dst *byte, dstStride int, src *byte, srcStride, width, height int)")
	Doc("transposeAVX is transpose for a processor with AVX2; width and height are not 0.")
	dst, dstStride := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	src, srcStride := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	width, height := Load(Param("width"), GP64()), Load(Param("height"), GP64())

	Label("rows")
	from, to, left := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(width, left)
	Label("columns")
	row, col := GP64(), GP64()
	MOVQ(from, row)
	MOVQ(to, col)
	var r [8]VecVirtual
	for i := range r {
		r[i] = XMM()
		VMOVQ(Mem{Base: row}, r[i])
		if i < 7 {
			ADDQ(srcStride, row)
		}
	}
	// Bytes of two rows side by side, then of four, then of eight.
	var two, four, eight [4]VecVirtual
	for i := range 4 {
		two[i] = r[2*i]
		VPUNPCKLBW(r[2*i+1], r[2*i], two[i])
	}
	for i := range 2 {
		four[2*i], four[2*i+1] = XMM(), XMM()
		VPUNPCKLWD(two[2*i+1], two[2*i], four[2*i])
		VPUNPCKHWD(two[2*i+1], two[2*i], four[2*i+1])
	}
	for i := range 2 {
		eight[2*i], eight[2*i+1] = XMM(), XMM()
		VPUNPCKLDQ(four[2+i], four[i], eight[2*i])
		VPUNPCKHDQ(four[2+i], four[i], eight[2*i+1])
	}
	for i, pair := range eight {
		VMOVQ(pair, Mem{Base: col})
		ADDQ(dstStride, col)
		VPEXTRQ(U8(1), pair, Mem{Base: col})
		if i < 3 {
			ADDQ(dstStride, col)
		}
	}
	ADDQ(U8(8), from)
	LEAQ(Mem{Base: to, Index: dstStride, Scale: 8}, to)
	SUBQ(U8(8), left)
	JG(LabelRef("columns"))
	LEAQ(Mem{Base: src, Index: srcStride, Scale: 8}, src)
	ADDQ(U8(8), dst)
	SUBQ(U8(8), height)
	JG(LabelRef("rows"))
	RET()
}

// weigh512 is weighAVX2 with thirty-two samples a register.
func weigh512() {
	TEXT("weighAVX512", NOSPLIT, "func(dst *byte, n int, src *byte, offs *int32, w *int16, taps int)")
	Doc("weighAVX512 is weigh for a processor with AVX-512 BW: n is a multiple of 64, and taps is not 0.")
	dst, n, src := Load(Param("dst"), GP64()), Load(Param("n"), GP64()), Load(Param("src"), GP64())
	offs, w, taps := Load(Param("offs"), GP64()), Load(Param("w"), GP64()), Load(Param("taps"), GP64())
	bias, unit, zero := ZMM(), ZMM(), ZMM()
	constant := GP32()
	MOVL(U32(64+128*128), constant)
	VPBROADCASTW(constant, bias)
	MOVL(U32(128), constant)
	VPBROADCASTW(constant, unit)
	VPXORQ(zero, zero, zero)

	Label("block512")
	sums := [2]VecVirtual{ZMM(), ZMM()}
	for _, sum := range sums {
		VMOVDQA64(bias, sum)
	}
	i := GP64()
	XORQ(i, i)
	Label("tap512")
	at, factor := GP64(), ZMM()
	MOVLQSX(Mem{Base: offs, Index: i, Scale: 4}, at)
	VPBROADCASTW(Mem{Base: w, Index: i, Scale: 2}, factor)
	for k, sum := range sums {
		v := ZMM()
		VPMOVZXBW(Mem{Base: src, Index: at, Scale: 1, Disp: 32 * k}, v)
		VPMULLW(factor, v, v)
		VPADDW(v, sum, sum)
	}
	INCQ(i)
	CMPQ(i, taps)
	JLT(LabelRef("tap512"))
	for k, sum := range sums {
		VPSRLW(U8(7), sum, sum)
		VPSUBW(unit, sum, sum)
		VPMAXSW(zero, sum, sum)
		VPMOVUSWB(sum, Mem{Base: dst, Disp: 32 * k})
	}
	ADDQ(U8(64), dst)
	ADDQ(U8(64), src)
	SUBQ(U8(64), n)
	JG(LabelRef("block512"))
	VZEROUPPER()
	RET()
}
