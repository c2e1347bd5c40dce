// Command _gen writes the assembly of package seek for amd64.
//
//	go run . -out ../seek_amd64.s -stubs ../seek_amd64.go -pkg seek
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// everywhere is a constant in each of 32 bytes, in memory.
func everywhere(name string, at func(i int) byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(at(i)))
	}
	return m
}

func main() {
	ConstraintExpr("amd64,!noasm")
	run()
	marker()
	Generate()
}

func run() {
	TEXT("runAVX2", NOSPLIT, "func(b *byte, n int, rows *[32]byte) int")
	Doc("runAVX2 is Run for a processor with AVX2, but looks at n bytes in steps of 56 and no further",
		"than 64 of them reach: it returns where the run begins, or how far it has come.")
	b, n, rows := Load(Param("b"), GP64()), Load(Param("n"), GP64()), Load(Param("rows"), GP64())
	low, high, nibble, bit, top := YMM(), YMM(), YMM(), YMM(), YMM()
	VBROADCASTI128(Mem{Base: rows}, low)
	VBROADCASTI128(Mem{Base: rows, Disp: 16}, high)
	VMOVDQU(everywhere("nibble", func(int) byte { return 15 }), nibble)
	VMOVDQU(everywhere("bit", func(i int) byte { return 1 << (i & 7) }), bit)
	VMOVDQU(everywhere("top", func(int) byte { return 0x80 }), top)
	at, last := GP64(), GP64()
	XORQ(at, at)
	LEAQ(Mem{Base: n, Disp: -64}, last)

	Label("block")
	CMPQ(at, last)
	JG(LabelRef("end"))
	Comment("Bytes of the set: the row of the low half has the bit of the high one.")
	var masks [2]Register
	for i := range masks {
		v, which, row, other := YMM(), YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: b, Index: at, Scale: 1, Disp: 32 * i}, v)
		VPSRLW(U8(4), v, which)
		VPAND(nibble, which, which)
		VPSHUFB(which, bit, which)
		VPSHUFB(v, low, row)
		VPXOR(top, v, v)
		VPSHUFB(v, high, other)
		VPOR(other, row, row)
		VPAND(which, row, row)
		VPCMPEQB(which, row, row)
		m := GP64()
		VPMOVMSKB(row, m.As32())
		masks[i] = m
	}
	m, shifted := masks[1].(GPVirtual), GP64()
	SHLQ(U8(32), m)
	ORQ(masks[0], m)
	Comment("Runs of two, four, eight.")
	for _, by := range []U8{1, 2, 4} {
		MOVQ(m, shifted)
		SHRQ(by, shifted)
		ANDQ(shifted, m)
	}
	JNZ(LabelRef("found"))
	ADDQ(U8(56), at)
	JMP(LabelRef("block"))

	Label("found")
	BSFQ(m, m)
	ADDQ(m, at)
	Label("end")
	VZEROUPPER()
	Store(at, ReturnIndex(0))
	RET()
}

func marker() {
	TEXT("markerAVX2", NOSPLIT, "func(b *byte, n int) int")
	Doc("markerAVX2 is Marker for a processor with AVX2, but looks at n bytes in steps of 64 and no further:",
		"it returns where the marker is, or how far it has come. A byte behind each step is read as well.")
	b, n := Load(Param("b"), GP64()), Load(Param("n"), GP64())
	ones, zero := YMM(), YMM()
	VPCMPEQB(ones, ones, ones)
	VPXOR(zero, zero, zero)
	at, last := GP64(), GP64()
	XORQ(at, at)
	LEAQ(Mem{Base: n, Disp: -65}, last)

	Label("step")
	CMPQ(at, last)
	JG(LabelRef("done"))
	var hits [2]VecVirtual
	for i := range hits {
		first, second := YMM(), YMM()
		VPCMPEQB(Mem{Base: b, Index: at, Scale: 1, Disp: 32 * i}, ones, first)
		VPCMPEQB(Mem{Base: b, Index: at, Scale: 1, Disp: 32*i + 1}, zero, second)
		VPANDN(first, second, first)
		hits[i] = first
	}
	either := YMM()
	VPOR(hits[0], hits[1], either)
	VPTEST(either, either)
	JNZ(LabelRef("hit"))
	ADDQ(U8(64), at)
	JMP(LabelRef("step"))

	Label("hit")
	m, high := GP64(), GP64()
	VPMOVMSKB(hits[0], m.As32())
	VPMOVMSKB(hits[1], high.As32())
	SHLQ(U8(32), high)
	ORQ(high, m)
	BSFQ(m, m)
	ADDQ(m, at)
	Label("done")
	VZEROUPPER()
	Store(at, ReturnIndex(0))
	RET()
}
