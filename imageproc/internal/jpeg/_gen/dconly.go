package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Places of a dcRun, and bits of the tables.
const (
	runAcc, runN, runPos, runLimit, runBlocks = 0, 8, 16, 24, 32
	runAt, runDone, runWanted                 = 40, 48, 56
	valueBits, skipBits, toEnd                = 11, 13, 128
)

// bits is the state of a scanner in registers.
type bits struct {
	acc, n, pos, buf GPVirtual
}

// refill makes at least 56 bits valid.
func (b *bits) refill() {
	word, whole := GP64(), GP64()
	MOVQ(Mem{Base: b.buf, Index: b.pos, Scale: 1}, word)
	BSWAPQ(word)
	SHRXQ(b.n, word, word)
	ORQ(word, b.acc)
	MOVL(b.n.As32(), whole.As32())
	XORL(U8(63), whole.As32())
	SHRL(U8(3), whole.As32())
	ADDQ(whole, b.pos)
	ORL(U8(56), b.n.As32())
}

// look gives the index of the next bits in a table of that many.
func (b *bits) look(count int) GPVirtual {
	i := GP64()
	MOVQ(b.acc, i)
	SHRQ(U8(64-count), i)
	return i
}

// take drops the bits used, of which there are at most 63.
func (b *bits) take(used GPVirtual) {
	SHLXQ(used, b.acc, b.acc)
	SUBL(used.As32(), b.n.As32())
}

func readDCs() {
	TEXT("readDCsBMI2", NOSPLIT, "func(run *[8]uint64, buf *byte, out *int32, pred *[4]int32, comps *[10]int, dc, ac *[10]*[2048]int32, skip *[10]*[8192]uint16)")
	Pragma("noescape")
	Doc("readDCsBMI2 reads blocks for a processor with BMI2 until as many are done as are wanted, an MCU begins",
		"behind the limit, or a block is not in the tables: that is left to the caller, and nothing of it is done.")
	r := Load(Param("run"), GP64()).(GPVirtual)
	field := func(at int) Mem { return Mem{Base: r, Disp: at} }
	b := &bits{GP64(), GP64(), GP64(), Load(Param("buf"), GP64()).(GPVirtual)}
	MOVQ(field(runAcc), b.acc)
	MOVQ(field(runN), b.n)
	MOVQ(field(runPos), b.pos)
	at := GP64()
	MOVQ(field(runAt), at)
	// of is what a list of the MCU's blocks has for the block.
	of := func(list string) GPVirtual {
		p := Load(Param(list), GP64()).(GPVirtual)
		MOVQ(Mem{Base: p, Index: at, Scale: 8}, p)
		return p
	}
	TESTQ(at, at)
	JNZ(LabelRef("block"))

	Label("mcu")
	b.refill()
	CMPQ(b.pos, field(runLimit))
	JGE(LabelRef("whole"))
	done := GP64()
	MOVQ(field(runDone), done)
	CMPQ(done, field(runWanted))
	JGE(LabelRef("whole"))

	Label("block")
	MOVQ(b.acc, field(runAcc))
	MOVQ(b.n, field(runN))
	MOVQ(b.pos, field(runPos))
	b.refill()
	Comment("The difference: its size stands above the bits used.")
	e, used := GP64(), GP64()
	MOVL(Mem{Base: of("dc"), Index: b.look(valueBits), Scale: 4}, e.As32())
	TESTL(e.As32(), e.As32())
	JZ(LabelRef("left"))
	size, v, sign, ones := GP64(), GP64(), GP64(), GP64()
	MOVL(e.As32(), used.As32())
	ANDL(U8(63), used.As32())
	SHRL(U8(16), e.As32())
	MOVL(e.As32(), size.As32())
	MOVL(used.As32(), v.As32())
	SUBL(size.As32(), v.As32())
	SHLXQ(v, b.acc, v)
	b.take(used)
	MOVQ(v, sign)
	SARQ(U8(63), sign)
	MOVQ(I32(-1), ones)
	BZHIQ(size, ones, ones)
	ANDNQ(ones, sign, ones)
	XORL(U8(63), size.As32())
	SHRQ(U8(1), v)
	SHRXQ(size, v, v)
	SUBL(ones.As32(), v.As32())

	Comment("Skip the others: up to three times without a refill, once behind the difference.")
	skip, k := of("skip"), GP64()
	MOVL(U32(1), k.As32())
	advance := GP64()
	step := func() {
		i := b.look(skipBits)
		MOVBLZX(Mem{Base: skip, Index: i, Scale: 2, Disp: 1}, advance.As32())
		MOVBLZX(Mem{Base: skip, Index: i, Scale: 2}, used.As32())
		ADDL(advance.As32(), k.As32())
		CMPL(k.As32(), U8(64))
		JAE(LabelRef("last"))
		b.take(used)
	}
	step()
	Label("skip")
	b.refill()
	step()
	step()
	step()
	JMP(LabelRef("skip"))

	Label("last")
	past := GP64()
	LEAQ(Mem{Base: k, Disp: -toEnd}, past)
	CMPL(past.As32(), U8(64))
	JAE(LabelRef("single"))
	b.take(used)
	Label("written")
	comp, pred, out := of("comps"), Load(Param("pred"), GP64()), Load(Param("out"), GP64())
	ADDL(Mem{Base: pred, Index: comp, Scale: 4}, v.As32())
	MOVL(v.As32(), Mem{Base: pred, Index: comp, Scale: 4})
	MOVQ(field(runDone), done)
	MOVL(v.As32(), Mem{Base: out, Index: done, Scale: 4})
	INCQ(done)
	MOVQ(done, field(runDone))
	INCQ(at)
	MOVQ(at, field(runAt))
	CMPQ(at, field(runBlocks))
	JNE(LabelRef("block"))
	XORL(at.As32(), at.As32())
	MOVQ(at, field(runAt))
	JMP(LabelRef("mcu"))

	Label("single")
	Comment("A symbol alone, where the table of skips has none or there is no end.")
	SUBL(advance.As32(), k.As32())
	b.refill()
	MOVL(Mem{Base: of("ac"), Index: b.look(valueBits), Scale: 4}, e.As32())
	MOVL(e.As32(), used.As32())
	ANDL(U8(63), used.As32())
	JZ(LabelRef("left"))
	b.take(used)
	SHRL(U8(8), e.As32())
	MOVBLZX(e.As8(), e.As32())
	ADDL(e.As32(), k.As32())
	CMPL(k.As32(), U8(64))
	JB(LabelRef("skip"))
	JE(LabelRef("written"))
	CMPL(k.As32(), U32(toEnd))
	JAE(LabelRef("written"))
	JMP(LabelRef("left"))

	Label("whole")
	MOVQ(b.acc, field(runAcc))
	MOVQ(b.n, field(runN))
	MOVQ(b.pos, field(runPos))
	Label("left")
	RET()
}
