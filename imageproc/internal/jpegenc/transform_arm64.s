//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// SHIFTED and ROUNDED treat what is no product, in the pass of rows and in that of
// columns; V31 is 2.
#define SHIFTED(v) SHL4(v, v, 2)
#define ROUNDED(v) ADD4(v, v, 31); SSHR4(v, v, 2)

#define ROUND(v, bits) ADD4(v, v, 27); SSHR4(v, v, bits)

// PASS transforms c0 to c7; the products are rounded to bits less, by V27. V28 to V30
// are the factors. First t4 to t7 are V16 to V19 and t0 to t3 V20 to V23.
#define PASS(c0, c1, c2, c3, c4, c5, c6, c7, bits, PLAIN) \
	SUB4(16, c3, c4)    \
	SUB4(17, c2, c5)    \
	SUB4(18, c1, c6)    \
	SUB4(19, c0, c7)    \
	ADD4(20, c0, c7)    \
	ADD4(21, c1, c6)    \
	ADD4(22, c2, c5)    \
	ADD4(23, c3, c4)    \
	ADD4(24, 20, 23)    \
	SUB4(23, 20, 23)    \
	ADD4(20, 21, 22)    \
	SUB4(22, 21, 22)    \
	ADD4(c0, 24, 20)    \
	SUB4(c4, 24, 20)    \
	PLAIN(c0)           \
	PLAIN(c4)           \
	ADD4(21, 22, 23)    \
	MUL4(c2, 21, 28, 0) \
	COPY(c6, c2)        \
	MLA4(c2, 23, 28, 2) \
	MLS4(c6, 22, 28, 1) \
	ROUND(c2, bits)     \
	ROUND(c6, bits)     \
	ADD4(20, 16, 19)    \
	ADD4(21, 17, 18)    \
	ADD4(22, 16, 18)    \
	ADD4(23, 17, 19)    \
	ADD4(24, 22, 23)    \
	MUL4(24, 24, 28, 3) \
	COPY(25, 24)        \
	MLS4(25, 22, 29, 0) \
	MLS4(24, 23, 29, 1) \
	COPY(c7, 25)        \
	COPY(c5, 24)        \
	COPY(c3, 25)        \
	COPY(c1, 24)        \
	MLA4(c7, 16, 29, 2) \
	MLA4(c5, 17, 29, 3) \
	MLA4(c3, 18, 30, 0) \
	MLA4(c1, 19, 30, 1) \
	MLS4(c7, 20, 30, 2) \
	MLS4(c5, 21, 30, 3) \
	MLS4(c3, 21, 30, 3) \
	MLS4(c1, 20, 30, 2) \
	ROUND(c7, bits)     \
	ROUND(c5, bits)     \
	ROUND(c3, bits)     \
	ROUND(c1, bits)

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

// ROW reads a row of samples into the halves Vl and Vr.
#define ROW(l, r) \
	VLD1   (R1), [V16.B8]         \
	ADD    R2, R1                 \
	VUSHLL $0, V16.B8, V16.H8     \
	VSUB   V26.H8, V16.H8, V16.H8 \
	WIDE(l, 16)                   \
	WIDE2(r, 16)

// QUANTISE divides a row and writes it.
#define QUANTISE(l, r) \
	VLD1.P 32(R3), [V16.S4, V17.S4] \
	VLD1.P 32(R4), [V18.S4, V19.S4] \
	VLD1.P 32(R5), [V20.S4, V21.S4] \
	ABS4(22, l)                     \
	ABS4(23, r)                     \
	ADD4(22, 22, 18)                \
	ADD4(23, 23, 19)                \
	TIMES4(22, 22, 16)              \
	TIMES4(23, 23, 17)              \
	USHR4(22, 22, 16)               \
	USHR4(23, 23, 16)               \
	TIMES4(22, 22, 20)              \
	TIMES4(23, 23, 21)              \
	USHR4(22, 22, 16)               \
	USHR4(23, 23, 16)               \
	SSHR4(l, l, 31)                 \
	SSHR4(r, r, 31)                 \
	EOR(22, 22, l)                  \
	EOR(23, 23, r)                  \
	SUB4(22, 22, l)                 \
	SUB4(23, 23, r)                 \
	WORDS(24, 22)                   \
	WORDS2(24, 23)                  \
	VST1.P [V24.H8], 16(R0)         \
	TESTW(24, 24, 24)               \
	CUT(l, 24)

// func transformNEON(out *[64]int16, src *byte, stride int, d *[3][64]uint32) (nonzero uint64)
TEXT ·transformNEON(SB), NOSPLIT, $0-40
	MOVD out+0(FP), R0
	MOVD src+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD d+24(FP), R3                   // the reciprocals; then R4 the biases, R5 the scales
	ADD  $256, R3, R4
	ADD  $512, R3, R5
	MOVD $factors<>(SB), R6
	VLD1 (R6), [V28.S4, V29.S4, V30.S4]
	MOVD $128, R6
	VDUP R6, V26.H8
	MOVD $2, R6
	VDUP R6, V31.S4

	// The left halves of rows in the even registers, the right ones in the odd.
	ROW(0, 1)
	ROW(2, 3)
	ROW(4, 5)
	ROW(6, 7)
	ROW(8, 9)
	ROW(10, 11)
	ROW(12, 13)
	ROW(14, 15)
	TRANSPOSE(0, 2, 4, 6)
	TRANSPOSE(1, 3, 5, 7)
	TRANSPOSE(8, 10, 12, 14)
	TRANSPOSE(9, 11, 13, 15)
	MOVD $(1<<10), R6
	VDUP R6, V27.S4
	PASS(0, 2, 4, 6, 1, 3, 5, 7, 11, SHIFTED)
	PASS(8, 10, 12, 14, 9, 11, 13, 15, 11, SHIFTED)
	TRANSPOSE(0, 2, 4, 6)
	TRANSPOSE(1, 3, 5, 7)
	TRANSPOSE(8, 10, 12, 14)
	TRANSPOSE(9, 11, 13, 15)
	MOVD $(1<<14), R6
	VDUP R6, V27.S4
	PASS(0, 2, 4, 6, 8, 10, 12, 14, 15, ROUNDED)
	PASS(1, 3, 5, 7, 9, 11, 13, 15, 15, ROUNDED)
	QUANTISE(0, 1)
	QUANTISE(2, 3)
	QUANTISE(4, 5)
	QUANTISE(6, 7)
	QUANTISE(8, 9)
	QUANTISE(10, 11)
	QUANTISE(12, 13)
	QUANTISE(14, 15)

	// Two rows of bytes that are 0 or ones side by side; a bit of each; their sums are
	// a byte a row.
	VMOV V2.D[0], V0.D[1]
	VMOV V6.D[0], V4.D[1]
	VMOV V10.D[0], V8.D[1]
	VMOV V14.D[0], V12.D[1]
	MOVD $0x8040201008040201, R6
	VDUP R6, V26.D2
	AND(0, 0, 26)
	AND(4, 4, 26)
	AND(8, 8, 26)
	AND(12, 12, 26)
	PAIRSB(0, 0, 4)
	PAIRSB(8, 8, 12)
	PAIRSB(0, 0, 8)
	PAIRSB(0, 0, 0)
	VMOV V0.D[0], R6
	MOVD R6, nonzero+32(FP)
	RET
