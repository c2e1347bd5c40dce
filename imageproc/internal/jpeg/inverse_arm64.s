//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// PASS is butterfly and what follows it for the columns c0 to c7, whose results
// are shifted by bits. V27 is what to add for rounding, V28 to V30 the factors:
// the even part is e0 to e3 in c0, c2, c4 and c6, the odd one o0 to o3 in V22, V23,
// V21 and V20.
#define PASS(c0, c1, c2, c3, c4, c5, c6, c7, bits) \
	ADD4(16, c2, c6)    \
	MUL4(16, 16, 28, 0) \
	COPY(17, 16)        \
	MLS4(17, c6, 28, 1) \
	MLA4(16, c2, 28, 2) \
	ADD4(18, c0, c4)    \
	SUB4(19, c0, c4)    \
	SHL4(18, 18, 13)    \
	SHL4(19, 19, 13)    \
	ADD4(18, 18, 27)    \
	ADD4(19, 19, 27)    \
	ADD4(c0, 18, 16)    \
	ADD4(c2, 19, 17)    \
	SUB4(c4, 19, 17)    \
	SUB4(c6, 18, 16)    \
	ADD4(16, c7, c1)    \
	ADD4(17, c5, c3)    \
	ADD4(18, c7, c3)    \
	ADD4(19, c5, c1)    \
	ADD4(20, 18, 19)    \
	MUL4(20, 20, 28, 3) \
	COPY(21, 20)        \
	MLS4(21, 18, 29, 0) \
	MLS4(20, 19, 29, 1) \
	COPY(22, 21)        \
	COPY(23, 20)        \
	MLA4(22, c7, 29, 2) \
	MLA4(23, c5, 29, 3) \
	MLA4(21, c3, 30, 0) \
	MLA4(20, c1, 30, 1) \
	MLS4(22, 16, 30, 2) \
	MLS4(23, 17, 30, 3) \
	MLS4(21, 17, 30, 3) \
	MLS4(20, 16, 30, 2) \
	SUB4(c7, c0, 20)    \
	ADD4(c0, c0, 20)    \
	ADD4(c1, c2, 21)    \
	SUB4(16, c2, 21)    \
	ADD4(c2, c4, 23)    \
	SUB4(c5, c4, 23)    \
	ADD4(c3, c6, 22)    \
	SUB4(c4, c6, 22)    \
	SSHR4(c0, c0, bits) \
	SSHR4(c1, c1, bits) \
	SSHR4(c2, c2, bits) \
	SSHR4(c3, c3, bits) \
	SSHR4(c4, c4, bits) \
	SSHR4(c5, c5, bits) \
	SSHR4(c6, 16, bits) \
	SSHR4(c7, c7, bits)

DATA factors<>+0(SB)/4, $4433
DATA factors<>+4(SB)/4, $15137
DATA factors<>+8(SB)/4, $6270
DATA factors<>+12(SB)/4, $9633
DATA factors<>+16(SB)/4, $16069
DATA factors<>+20(SB)/4, $3196
DATA factors<>+24(SB)/4, $2446
DATA factors<>+28(SB)/4, $16819
DATA factors<>+32(SB)/4, $25172
DATA factors<>+36(SB)/4, $12299
DATA factors<>+40(SB)/4, $7373
DATA factors<>+44(SB)/4, $20995
GLOBL factors<>(SB), RODATA|NOPTR, $48

// PUT writes a row whose left half is in Vl, its right half in Vr.
#define PUT(l, r) \
	WORDS(16, l)                \
	WORDS2(16, r)               \
	VADD V26.H8, V16.H8, V16.H8 \
	BYTES(16, 16)               \
	VST1 [V16.B8], (R0)         \
	ADD  R1, R0

// func inverse8NEON(dst *byte, stride int, c *[64]int32)
TEXT ·inverse8NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD c+16(FP), R2
	MOVD $factors<>(SB), R3
	VLD1 (R3), [V28.S4, V29.S4, V30.S4]

	// The left halves of rows in the even registers, the right ones in the odd.
	VLD1.P 64(R2), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R2), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R2), [V12.S4, V13.S4, V14.S4, V15.S4]
	MOVD   $(1<<10), R4
	VDUP   R4, V27.S4
	PASS(0, 2, 4, 6, 8, 10, 12, 14, 11)
	PASS(1, 3, 5, 7, 9, 11, 13, 15, 11)

	// The lower left quarter and the upper right one change places.
	TRANSPOSE(0, 2, 4, 6)
	TRANSPOSE(1, 3, 5, 7)
	TRANSPOSE(8, 10, 12, 14)
	TRANSPOSE(9, 11, 13, 15)
	MOVD $(1<<17), R4
	VDUP R4, V27.S4
	PASS(0, 2, 4, 6, 1, 3, 5, 7, 18)
	PASS(8, 10, 12, 14, 9, 11, 13, 15, 18)
	TRANSPOSE(0, 2, 4, 6)
	TRANSPOSE(1, 3, 5, 7)
	TRANSPOSE(8, 10, 12, 14)
	TRANSPOSE(9, 11, 13, 15)
	MOVD $128, R4
	VDUP R4, V26.H8
	PUT(0, 1)
	PUT(2, 3)
	PUT(4, 5)
	PUT(6, 7)
	PUT(8, 9)
	PUT(10, 11)
	PUT(12, 13)
	PUT(14, 15)
	RET

// PASS3 is a transform of three points, V0 to V2, with 2⁻½ and 1.5½ in V28; what is
// in the fourth place of each does not matter.
#define PASS3(bits) \
	SHL4(0, 0, 13)    \
	ADD4(0, 0, 27)    \
	MUL4(2, 2, 28, 0) \
	MUL4(3, 1, 28, 1) \
	SUB4(1, 0, 2)     \
	SUB4(1, 1, 2)     \
	ADD4(0, 0, 2)     \
	SUB4(2, 0, 3)     \
	ADD4(0, 0, 3)     \
	SSHR4(0, 0, bits) \
	SSHR4(1, 1, bits) \
	SSHR4(2, 2, bits)

// PUT3 writes three bytes of number i of V0.
#define PUT3(i) \
	VMOV V0.S[i], R4 \
	MOVH R4, (R0)    \
	LSR  $16, R4     \
	MOVB R4, 2(R0)   \
	ADD  R1, R0

// func inverse3NEON(dst *byte, stride int, c *[64]int32)
TEXT ·inverse3NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD c+16(FP), R2
	VLD1 (R2), [V0.S4]
	ADD  $32, R2
	VLD1 (R2), [V1.S4]
	ADD  $32, R2
	VLD1 (R2), [V2.S4]
	MOVD $(5793 | 10033<<32), R4
	VMOV R4, V28.D[0]
	MOVD $(1<<10), R4
	VDUP R4, V27.S4
	PASS3(11)
	TRANSPOSE(0, 1, 2, 3)
	MOVD $(1<<17), R4
	VDUP R4, V27.S4
	PASS3(18)
	TRANSPOSE(0, 1, 2, 3)

	// To bytes: a row to each four.
	WORDS(0, 0)
	WORDS2(0, 1)
	WORDS(2, 2)
	MOVD $128, R4
	VDUP R4, V26.H8
	VADD V26.H8, V0.H8, V0.H8
	VADD V26.H8, V2.H8, V2.H8
	BYTES(0, 0)
	BYTES2(0, 2)
	PUT3(0)
	PUT3(1)
	PUT3(2)
	RET
