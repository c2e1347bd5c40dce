//go:build !noasm

#include "textflag.h"

// Instructions the assembler has no name for, by the numbers of their registers.

// MLA8 is Vd += Vn · Vm, eight words.
#define MLA8(d, n, m) WORD $(0x4E609400 | (m)<<16 | (n)<<5 | (d))

// NARROW sets the lower half of Vd, NARROW2 the upper one, to the bytes nearest to
// the signed words of Vn.
#define NARROW(d, n) WORD $(0x2E212800 | (n)<<5 | (d))
#define NARROW2(d, n) WORD $(0x6E212800 | (n)<<5 | (d))

// WEIGH adds sixteen samples, in V(x), to the sums V(s) and V(s+1).
#define WEIGH(x, s, t) \
	VUSHLL  $0, x.B8, V20.H8  \
	VUSHLL2 $0, x.B16, V21.H8 \
	MLA8(s, 20, 24)           \
	MLA8(t, 21, 24)

#define SETTLE(s) \
	VUSHR $7, s.H8, s.H8     \
	VSUB  V26.H8, s.H8, s.H8

// func weighNEON(dst *byte, n int, src *byte, offs *int32, w *int16, taps int)
TEXT ·weighNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD n+8(FP), R1
	MOVD src+16(FP), R2
	MOVD offs+24(FP), R3
	MOVD w+32(FP), R4
	MOVD taps+40(FP), R5
	MOVD $(64+128*128), R6
	VDUP R6, V25.H8
	MOVD $128, R6
	VDUP R6, V26.H8

block:
	// Sixty-four samples: sums of 16 bits that wrap, and are in range at the end.
	VMOV V25.B16, V0.B16
	VMOV V25.B16, V1.B16
	VMOV V25.B16, V2.B16
	VMOV V25.B16, V3.B16
	VMOV V25.B16, V4.B16
	VMOV V25.B16, V5.B16
	VMOV V25.B16, V6.B16
	VMOV V25.B16, V7.B16
	MOVD R3, R6
	MOVD R4, R7
	MOVD R5, R8

tap:
	MOVW.P 4(R6), R9
	MOVH.P 2(R7), R10
	ADD    R2, R9, R9
	VDUP   R10, V24.H8
	VLD1   (R9), [V16.B16, V17.B16, V18.B16, V19.B16]
	WEIGH(V16, 0, 1)
	WEIGH(V17, 2, 3)
	WEIGH(V18, 4, 5)
	WEIGH(V19, 6, 7)
	SUB    $1, R8
	CBNZ   R8, tap
	SETTLE(V0)
	SETTLE(V1)
	SETTLE(V2)
	SETTLE(V3)
	SETTLE(V4)
	SETTLE(V5)
	SETTLE(V6)
	SETTLE(V7)
	NARROW(0, 0)
	NARROW2(0, 1)
	NARROW(1, 2)
	NARROW2(1, 3)
	NARROW(2, 4)
	NARROW2(2, 5)
	NARROW(3, 6)
	NARROW2(3, 7)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	ADD    $64, R2
	SUB    $64, R1
	CBNZ   R1, block
	RET

// BYTES, WORDS and DOUBLES exchange halves of two rows: the odd places of a and the
// even ones of b.
#define BYTES(a, b) \
	VTRN1 b.B8, a.B8, V16.B8 \
	VTRN2 b.B8, a.B8, b.B8   \
	VMOV  V16.B8, a.B8

#define WORDS(a, b) \
	VTRN1 b.H4, a.H4, V16.H4 \
	VTRN2 b.H4, a.H4, b.H4   \
	VMOV  V16.B8, a.B8

#define DOUBLES(a, b) \
	VTRN1 b.S2, a.S2, V16.S2 \
	VTRN2 b.S2, a.S2, b.S2   \
	VMOV  V16.B8, a.B8

// func transposeNEON(dst *byte, dstStride int, src *byte, srcStride, width, height int)
TEXT ·transposeNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD dstStride+8(FP), R1
	MOVD src+16(FP), R2
	MOVD srcStride+24(FP), R3
	MOVD width+32(FP), R4
	MOVD height+40(FP), R5

rows:
	MOVD R2, R6 // the block's first row
	MOVD R0, R7 // where its first column goes
	MOVD R4, R8

columns:
	MOVD R6, R9
	VLD1 (R9), [V0.B8]
	ADD  R3, R9
	VLD1 (R9), [V1.B8]
	ADD  R3, R9
	VLD1 (R9), [V2.B8]
	ADD  R3, R9
	VLD1 (R9), [V3.B8]
	ADD  R3, R9
	VLD1 (R9), [V4.B8]
	ADD  R3, R9
	VLD1 (R9), [V5.B8]
	ADD  R3, R9
	VLD1 (R9), [V6.B8]
	ADD  R3, R9
	VLD1 (R9), [V7.B8]
	BYTES(V0, V1)
	BYTES(V2, V3)
	BYTES(V4, V5)
	BYTES(V6, V7)
	WORDS(V0, V2)
	WORDS(V1, V3)
	WORDS(V4, V6)
	WORDS(V5, V7)
	DOUBLES(V0, V4)
	DOUBLES(V1, V5)
	DOUBLES(V2, V6)
	DOUBLES(V3, V7)
	VST1 [V0.B8], (R7)
	ADD  R1, R7
	VST1 [V1.B8], (R7)
	ADD  R1, R7
	VST1 [V2.B8], (R7)
	ADD  R1, R7
	VST1 [V3.B8], (R7)
	ADD  R1, R7
	VST1 [V4.B8], (R7)
	ADD  R1, R7
	VST1 [V5.B8], (R7)
	ADD  R1, R7
	VST1 [V6.B8], (R7)
	ADD  R1, R7
	VST1 [V7.B8], (R7)
	ADD  R1, R7
	ADD  $8, R6
	SUBS $8, R8
	BGT  columns
	ADD  R3<<3, R2
	ADD  $8, R0
	SUBS $8, R5
	BGT  rows
	RET
