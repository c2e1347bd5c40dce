// Command _gen writes the assembly of package jpegenc for amd64.
//
//	go run . -out ../transform_amd64.s -stubs ../transform_amd64.go -pkg jpegenc
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

func main() {
	ConstraintExpr("amd64,!noasm")
	TEXT("transformAVX2", NOSPLIT, "func(out *[64]int16, src *byte, stride int, d *[3][64]uint32) (nonzero uint64)")
	Doc("transformAVX2 is transformGo for a processor with AVX2. It reads 8 bytes from each row.")
	out, src, stride := Load(Param("out"), GP64()), Load(Param("src"), GP64()), Load(Param("stride"), GP64())
	table := Load(Param("d"), GP64())

	var r [8]row
	for i := range r {
		r[i] = YMM()
		VPMOVZXBD(Mem{Base: src}, r[i])
		VPSUBD(broadcast("half", 128), r[i], r[i])
		if i < 7 {
			ADDQ(stride, src)
		}
	}
	Comment("Rows.")
	transpose(&r)
	pass(&r, 11, func(v row) { VPSLLD(U8(2), v, v) })
	Comment("Columns.")
	transpose(&r)
	pass(&r, 15, func(v row) { round(v, 2) })

	Comment("Quantise, and note what is zero.")
	zero := YMM()
	VPXOR(zero, zero, zero)
	var masks []row
	for i := 0; i < 8; i += 2 {
		quantise(r[i], table, i)
		quantise(r[i+1], table, i+1)
		words := YMM()
		VPACKSSDW(r[i+1], r[i], words)
		VPERMQ(U8(0xD8), words, words)
		VMOVDQU(words, Mem{Base: out, Disp: 16 * i})
		VPCMPEQW(zero, words, words)
		masks = append(masks, words)
	}
	low, high := GP64(), GP64()
	for i, bits := range []GPVirtual{low, high} {
		a, b := masks[2*i], masks[2*i+1]
		VPACKSSWB(b, a, a)
		VPERMQ(U8(0xD8), a, a)
		VPMOVMSKB(a, bits.As32())
	}
	SHLQ(U8(32), high)
	ORQ(high, low)
	NOTQ(low)
	VZEROUPPER()
	Store(low, ReturnIndex(0))
	RET()
	Generate()
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

func round(v row, bits uint64) {
	name := map[uint64]string{2: "round2", 11: "round11", 15: "round15"}[bits]
	VPADDD(broadcast(name, 1<<(bits-1)), v, v)
	VPSRAD(U8(bits), v, v)
}

// butterfly leaves the sum in a and the difference in b.
func butterfly(a, b *row) {
	sum := YMM()
	VPADDD(*b, *a, sum)
	VPSUBD(*b, *a, *b)
	*a = sum
}

func add(a, b row) row {
	to := YMM()
	VPADDD(a, b, to)
	return to
}

func times(v row, name string, factor int32) { VPMULLD(broadcast(name, factor), v, v) }

// pass transforms eight columns at once. The products are rounded to bits less;
// plain treats what is no product.
func pass(r *[8]row, bits uint64, plain func(row)) {
	for i := range 4 {
		butterfly(&r[i], &r[7-i])
	}
	t4, t5, t6, t7 := r[4], r[5], r[6], r[7]
	// Now r[0:4] are t0 to t3, and r[4:8] are t4 to t7.
	butterfly(&r[0], &r[3]) // t10, t13
	butterfly(&r[1], &r[2]) // t11, t12
	butterfly(&r[0], &r[1])
	o0, o4 := r[0], r[1]
	plain(o0)
	plain(o4)
	t12, t13 := r[2], r[3]
	z1 := add(t12, t13)
	times(z1, "c0541", 4433)
	times(t13, "c0765", 6270)
	times(t12, "c1847", 15137)
	VPADDD(z1, t13, t13)
	VPSUBD(t12, z1, z1)
	round(t13, bits)
	round(z1, bits)

	y1, y2, y3, y4 := add(t4, t7), add(t5, t6), add(t4, t6), add(t5, t7)
	y5 := add(y3, y4)
	times(y5, "c1175", 9633)
	times(t4, "c0298", 2446)
	times(t5, "c2053", 16819)
	times(t6, "c3072", 25172)
	times(t7, "c1501", 12299)
	times(y1, "c0899", -7373)
	times(y2, "c2562", -20995)
	times(y3, "c1961", -16069)
	times(y4, "c0390", -3196)
	VPADDD(y5, y3, y3)
	VPADDD(y5, y4, y4)
	for _, s := range [][3]row{{t4, y1, y3}, {t5, y2, y4}, {t6, y2, y3}, {t7, y1, y4}} {
		VPADDD(s[1], s[0], s[0])
		VPADDD(s[2], s[0], s[0])
		round(s[0], bits)
	}
	*r = [8]row{o0, t7, t13, t6, o4, t5, z1, t4}
}

// The parts of divisors.
const (
	recip = iota
	bias
	scale
)

// quantise divides row i.
func quantise(v row, table Register, i int) {
	at := func(field int) Mem { return Mem{Base: table, Disp: 256*field + 32*i} }
	n := YMM()
	VPABSD(v, n)
	VPADDD(at(bias), n, n)
	VPMULLD(at(recip), n, n)
	VPSRLD(U8(16), n, n)
	VPMULLD(at(scale), n, n)
	VPSRLD(U8(16), n, n)
	VPSIGND(v, n, v)
}
