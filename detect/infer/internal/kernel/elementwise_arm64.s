//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// COUNT begins a loop over the elements of a slice, 16 at a time.
#define COUNT(length) \
	MOVD length(R0), R3 \
	LSR  $4, R3         \
	CBZ  R3, done

#define AGAIN(loop) \
	SUB  $1, R3   \
	CBNZ R3, loop

#define PAIR(OP) \
	MOVD  a+0(FP), R0                       \
	MOVD  Pair_A(R0), R1                    \
	MOVD  Pair_B(R0), R4                    \
	MOVD  Pair_Out(R0), R2                  \
	COUNT((Pair_Out+8))                     \
	loop:                                   \
	LOAD4(0, 1)                             \
	LOAD4(4, 4)                             \
	OP(0, 0, 4)                             \
	OP(1, 1, 5)                             \
	OP(2, 2, 6)                             \
	OP(3, 3, 7)                             \
	ACTIVATE(EACH1, Pair_Act, clip, active) \
	STORE4(0, 2)                            \
	AGAIN(loop)                             \
	done:                                   \
	RET

// func addNEON(a *Pair)
TEXT ·addNEON(SB), NOSPLIT, $0-8
	PAIR(FADD)

// func multiplyNEON(a *Pair)
TEXT ·multiplyNEON(SB), NOSPLIT, $0-8
	PAIR(FMUL)

// func affineNEON(a *Affine)
TEXT ·affineNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD Affine_In(R0), R1
	MOVD Affine_Out(R0), R2
	MOVD Affine_Mul(R0), R4
	LOAD4(16, 4)
	MOVD Affine_Add(R0), R4
	LOAD4(20, 4)
	COUNT((Affine_Out+8))

loop:
	LOAD4(0, 1)
	FMUL(0, 0, 16)
	FMUL(1, 1, 17)
	FMUL(2, 2, 18)
	FMUL(3, 3, 19)
	FADD(0, 0, 20)
	FADD(1, 1, 21)
	FADD(2, 2, 22)
	FADD(3, 3, 23)
	ACTIVATE(EACH1, Affine_Act, clip, active)
	STORE4(0, 2)
	AGAIN(loop)

done:
	RET

DATA swish<>+0(SB)/4, $0.16666666666666666667
DATA swish<>+4(SB)/4, $0.5
DATA swish<>+8(SB)/4, $0.0
DATA swish<>+12(SB)/4, $1.0
GLOBL swish<>(SB), RODATA|NOPTR, $16

#define SWISH(x) \
	FMUL(4, x, 16); FADD(4, 4, 17) \
	FMAX(4, 4, 18); FMIN(4, 4, 19) \
	FMUL(x, x, 4)

// func hardSwishNEON(a *Map)
TEXT ·hardSwishNEON(SB), NOSPLIT, $0-8
	MOVD    a+0(FP), R0
	MOVD    Map_In(R0), R1
	MOVD    Map_Out(R0), R2
	MOVD    $swish<>(SB), R4
	VLD1R.P 4(R4), [V16.S4]
	VLD1R.P 4(R4), [V17.S4]
	VLD1R.P 4(R4), [V18.S4]
	VLD1R.P 4(R4), [V19.S4]
	COUNT((Map_Out+8))

loop:
	LOAD4(0, 1)
	SWISH(0)
	SWISH(1)
	SWISH(2)
	SWISH(3)
	STORE4(0, 2)
	AGAIN(loop)

done:
	RET

// Limits, −log₂e, ln 2 in two parts, and the polynomial of Cephes' expf.
DATA exp<>+0(SB)/4, $(-87.0)
DATA exp<>+4(SB)/4, $87.0
DATA exp<>+8(SB)/4, $(-1.44269504088896340736)
DATA exp<>+12(SB)/4, $0.693359375
DATA exp<>+16(SB)/4, $(-2.12194440e-4)
DATA exp<>+20(SB)/4, $1.9875691500e-4
DATA exp<>+24(SB)/4, $1.3981999507e-3
DATA exp<>+28(SB)/4, $8.3334519073e-3
DATA exp<>+32(SB)/4, $4.1665795894e-2
DATA exp<>+36(SB)/4, $1.6666665459e-1
DATA exp<>+40(SB)/4, $5.0000001201e-1
DATA exp<>+44(SB)/4, $1.0
GLOBL exp<>(SB), RODATA|NOPTR, $48

// POLY is d = p·r + c, one step of Horner's scheme.
#define POLY(d, p, c) COPY(d, c); FMLA(d, p, 6)

// func sigmoidNEON(a *Map)
//
// With −x = k·ln 2 + r, e^r is a polynomial and 2^k is added to its exponent.
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-8
	MOVD    a+0(FP), R0
	MOVD    Map_In(R0), R1
	MOVD    Map_Out(R0), R2
	MOVD    (Map_Out+8)(R0), R3
	LSR     $2, R3
	CBZ     R3, done
	MOVD    $exp<>(SB), R4
	VLD1R.P 4(R4), [V16.S4]
	VLD1R.P 4(R4), [V17.S4]
	VLD1R.P 4(R4), [V18.S4]
	VLD1R.P 4(R4), [V19.S4]
	VLD1R.P 4(R4), [V20.S4]
	VLD1R.P 4(R4), [V21.S4]
	VLD1R.P 4(R4), [V22.S4]
	VLD1R.P 4(R4), [V23.S4]
	VLD1R.P 4(R4), [V24.S4]
	VLD1R.P 4(R4), [V25.S4]
	VLD1R.P 4(R4), [V26.S4]
	VLD1R.P 4(R4), [V27.S4]

loop:
	VLD1.P 16(R1), [V0.S4]
	FMAX(0, 0, 16)
	FMIN(0, 0, 17)
	FMUL(5, 0, 18)
	FRINTN(5, 5)
	FNEG(6, 0)
	FMLS(6, 5, 19)
	FMLS(6, 5, 20)
	POLY(7, 21, 22)
	POLY(8, 7, 23)
	POLY(7, 8, 24)
	POLY(8, 7, 25)
	POLY(7, 8, 26)
	FMUL(9, 6, 6)
	FMLA(6, 7, 9)
	FADD(6, 6, 27)
	FCVTNS(5, 5)
	VSHL   $23, V5.S4, V5.S4
	VADD   V5.S4, V6.S4, V6.S4
	FADD(6, 6, 27)
	FDIV(6, 27, 6)
	VST1.P [V6.S4], 16(R2)
	SUB    $1, R3
	CBNZ   R3, loop

done:
	RET

// TURN4 writes columns 0 to 3 of the rows in V0 to V3 to R8 and on, R4 bytes apart.
#define TURN4 \
	VZIP1  V2.S4, V0.S4, V4.S4 \
	VZIP2  V2.S4, V0.S4, V5.S4 \
	VZIP1  V3.S4, V1.S4, V6.S4 \
	VZIP2  V3.S4, V1.S4, V7.S4 \
	VZIP1  V6.S4, V4.S4, V0.S4 \
	VZIP2  V6.S4, V4.S4, V1.S4 \
	VZIP1  V7.S4, V5.S4, V2.S4 \
	VZIP2  V7.S4, V5.S4, V3.S4 \
	VST1.P [V0.S4], (R8)(R4)   \
	VST1.P [V1.S4], (R8)(R4)   \
	VST1.P [V2.S4], (R8)(R4)   \
	VST1.P [V3.S4], (R8)(R4)

// func transposeNEON(a *Transpose)
//
// The square is turned four by four.
TEXT ·transposeNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD Transpose_In(R0), R1
	MOVD Transpose_Out(R0), R2
	MOVD Transpose_InRow(R0), R3
	LSL  $2, R3
	MOVD Transpose_OutRow(R0), R4
	LSL  $2, R4
	MOVD $4, R5

rows:
	MOVD R1, R7
	MOVD R2, R8
	MOVD $4, R6

columns:
	MOVD   R7, R9
	VLD1.P (R9)(R3), [V0.S4]
	VLD1.P (R9)(R3), [V1.S4]
	VLD1.P (R9)(R3), [V2.S4]
	VLD1   (R9), [V3.S4]
	ADD    $16, R7
	TURN4
	SUB    $1, R6
	CBNZ   R6, columns
	ADD    R3<<2, R1
	ADD    $16, R2
	SUB    $1, R5
	CBNZ   R5, rows
	RET

// func transposeHalvesNEON(a *TransposeHalves)
//
// Four of four halves are widened and turned at a time.
TEXT ·transposeHalvesNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD TransposeHalves_In(R0), R1
	MOVD TransposeHalves_Out(R0), R2
	MOVD TransposeHalves_InRow(R0), R3
	LSL  $1, R3
	MOVD TransposeHalves_OutRow(R0), R4
	LSL  $2, R4
	MOVD $4, R5

rows:
	MOVD R1, R7
	MOVD R2, R8
	MOVD $4, R6

columns:
	MOVD   R7, R9
	VLD1.P (R9)(R3), [V0.H4]
	VLD1.P (R9)(R3), [V1.H4]
	VLD1.P (R9)(R3), [V2.H4]
	VLD1   (R9), [V3.H4]
	FCVTL(0, 0)
	FCVTL(1, 1)
	FCVTL(2, 2)
	FCVTL(3, 3)
	ADD    $8, R7
	TURN4
	SUB    $1, R6
	CBNZ   R6, columns
	ADD    R3<<2, R1
	ADD    $16, R2
	SUB    $1, R5
	CBNZ   R5, rows
	RET

// func widenNEON(a *Widen)
TEXT ·widenNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD Widen_In(R0), R1
	MOVD Widen_Out(R0), R2
	MOVD (Widen_Out+8)(R0), R3
	LSR  $4, R3
	CBZ  R3, done

loop:
	LOAD2(16, 1)
	FCVTL(0, 16)
	FCVTL2(1, 16)
	FCVTL(2, 17)
	FCVTL2(3, 17)
	STORE4(0, 2)
	SUB  $1, R3
	CBNZ R3, loop

done:
	RET
