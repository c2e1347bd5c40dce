//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// The transforms of winograd.go, four channels at a time: a tile goes through
// four times. Each is applied to rows, by way of Tmp, and then to columns.
// V30 and V31 hold constants by their lanes.

DATA forward<>+0(SB)/4, $2.5
DATA forward<>+4(SB)/4, $2.0
DATA forward<>+8(SB)/4, $0.5
DATA forward<>+12(SB)/4, $0.70710678118654752440
DATA forward<>+16(SB)/4, $1.41421356237309504880
DATA forward<>+20(SB)/4, $0.0
DATA forward<>+24(SB)/4, $0.0
DATA forward<>+28(SB)/4, $0.0
GLOBL forward<>(SB), RODATA|NOPTR, $32

// FORWARD6 makes V8 to V13 of V0 to V5: Bᵀ times a column.
#define FORWARD6 \
	FADD(8, 0, 4); FMLSI(8, 2, 30, 0)   \
	COPY(14, 4); FMLSI(14, 2, 30, 1)    \
	COPY(15, 3); FMLSI(15, 1, 30, 1)    \
	COPY(9, 14); FMLAI(9, 15, 30, 3)    \
	COPY(10, 14); FMLSI(10, 15, 30, 3)  \
	COPY(14, 4); FMLSI(14, 2, 30, 2)    \
	COPY(15, 3); FMLSI(15, 1, 30, 2)    \
	COPY(11, 14); FMLAI(11, 15, 31, 0)  \
	COPY(12, 14); FMLSI(12, 15, 31, 0)  \
	FADD(13, 1, 5); FMLSI(13, 3, 30, 0)

#define FORWARD4 \
	FSUB(8, 0, 2)  \
	FADD(9, 1, 2)  \
	FSUB(10, 2, 1) \
	FSUB(11, 1, 3)

// NEXTPART goes back for four more channels; R7 counts them in bytes.
#define NEXTPART(part) \
	ADD $16, R7 \
	CMP $64, R7 \
	BLT part

#define INBEGIN \
	MOVD  a+0(FP), R0               \
	MOVD  WinogradIn_In(R0), R1     \
	MOVD  WinogradIn_Row(R0), R2    \
	LSL   $2, R2                    \
	MOVD  WinogradIn_Out(R0), R3    \
	MOVD  WinogradIn_Matrix(R0), R4 \
	LSL   $2, R4                    \
	MOVD  WinogradIn_Tiles(R0), R5  \
	MOVD  WinogradIn_Tmp(R0), R6    \
	MOVD  $forward<>(SB), R8        \
	FMOVQ (R8), F30                 \
	FMOVQ 16(R8), F31

// func winogradIn4NEON(a *WinogradIn)
TEXT ·winogradIn4NEON(SB), NOSPLIT, $0-8
	INBEGIN
	ADD R4<<1, R4, R12
	LSL $1, R12

tile:
	MOVD $0, R7

part:
	ADD  R7, R1, R8
	ADD  R7, R6, R9
	MOVD $6, R10

row:
	FMOVQ (R8), F0
	FMOVQ 64(R8), F1
	FMOVQ 128(R8), F2
	FMOVQ 192(R8), F3
	FMOVQ 256(R8), F4
	FMOVQ 320(R8), F5
	ADD   R2, R8
	FORWARD6
	FMOVQ F8, (R9)
	FMOVQ F9, 64(R9)
	FMOVQ F10, 128(R9)
	FMOVQ F11, 192(R9)
	FMOVQ F12, 256(R9)
	FMOVQ F13, 320(R9)
	ADD   $384, R9
	SUB   $1, R10
	CBNZ  R10, row
	ADD   R7, R6, R8
	ADD   R7, R3, R9
	MOVD  $6, R10

column:
	FMOVQ (R8), F0
	FMOVQ 384(R8), F1
	FMOVQ 768(R8), F2
	FMOVQ 1152(R8), F3
	FMOVQ 1536(R8), F4
	FMOVQ 1920(R8), F5
	ADD   $64, R8
	FORWARD6
	FMOVQ F8, (R9)
	ADD   R12, R9, R11
	FMOVQ F9, (R11)
	ADD   R12, R11
	FMOVQ F10, (R11)
	ADD   R12, R11
	FMOVQ F11, (R11)
	ADD   R12, R11
	FMOVQ F12, (R11)
	ADD   R12, R11
	FMOVQ F13, (R11)
	ADD   R4, R9
	SUB   $1, R10
	CBNZ  R10, column
	NEXTPART(part)
	ADD   $256, R1
	ADD   $64, R3
	SUB   $1, R5
	CBNZ  R5, tile
	RET

// func winogradIn2NEON(a *WinogradIn)
TEXT ·winogradIn2NEON(SB), NOSPLIT, $0-8
	INBEGIN
	LSL $2, R4, R12

tile:
	MOVD $0, R7

part:
	ADD  R7, R1, R8
	ADD  R7, R6, R9
	MOVD $4, R10

row:
	FMOVQ (R8), F0
	FMOVQ 64(R8), F1
	FMOVQ 128(R8), F2
	FMOVQ 192(R8), F3
	ADD   R2, R8
	FORWARD4
	FMOVQ F8, (R9)
	FMOVQ F9, 64(R9)
	FMOVQ F10, 128(R9)
	FMOVQ F11, 192(R9)
	ADD   $256, R9
	SUB   $1, R10
	CBNZ  R10, row
	ADD   R7, R6, R8
	ADD   R7, R3, R9
	MOVD  $4, R10

column:
	FMOVQ (R8), F0
	FMOVQ 256(R8), F1
	FMOVQ 512(R8), F2
	FMOVQ 768(R8), F3
	ADD   $64, R8
	FORWARD4
	FMOVQ F8, (R9)
	ADD   R12, R9, R11
	FMOVQ F9, (R11)
	ADD   R12, R11
	FMOVQ F10, (R11)
	ADD   R12, R11
	FMOVQ F11, (R11)
	ADD   R4, R9
	SUB   $1, R10
	CBNZ  R10, column
	NEXTPART(part)
	ADD   $128, R1
	ADD   $64, R3
	SUB   $1, R5
	CBNZ  R5, tile
	RET

DATA backward<>+0(SB)/4, $0.5
DATA backward<>+4(SB)/4, $2.0
DATA backward<>+8(SB)/4, $0.70710678118654752440
DATA backward<>+12(SB)/4, $1.41421356237309504880
DATA backward<>+16(SB)/4, $0.35355339059327376220
DATA backward<>+20(SB)/4, $2.82842712474619009760
DATA backward<>+24(SB)/4, $0.0
DATA backward<>+28(SB)/4, $0.0
GLOBL backward<>(SB), RODATA|NOPTR, $32

// BACKWARD6 makes V16 to V19 of V0 to V5: Aᵀ times a column.
#define BACKWARD6 \
	FADD(8, 1, 2); FSUB(9, 1, 2)                               \
	FADD(10, 3, 4); FSUB(11, 3, 4)                             \
	FADD(16, 0, 8); FADD(16, 16, 10)                           \
	FMULI(17, 9, 30, 2); FMLAI(17, 11, 30, 3)                  \
	FMULI(18, 8, 30, 0); FMLAI(18, 10, 30, 1)                  \
	FMULI(19, 9, 31, 0); FMLAI(19, 11, 31, 1); FADD(19, 19, 5)

#define BACKWARD4 \
	FADD(16, 0, 1); FADD(16, 16, 2) \
	FSUB(17, 1, 2); FSUB(17, 17, 3)

#define OUTBEGIN \
	MOVD  a+0(FP), R0                \
	MOVD  WinogradOut_In(R0), R1     \
	MOVD  WinogradOut_Matrix(R0), R2 \
	LSL   $2, R2                     \
	MOVD  WinogradOut_Out(R0), R3    \
	MOVD  WinogradOut_Row(R0), R4    \
	LSL   $2, R4                     \
	MOVD  WinogradOut_Tiles(R0), R5  \
	MOVD  WinogradOut_Tmp(R0), R6    \
	MOVD  WinogradOut_Bias(R0), R15  \
	MOVD  $backward<>(SB), R8        \
	FMOVQ (R8), F30                  \
	FMOVQ 16(R8), F31

// FROMMATRICES loads the next vectors of a tile, one of each matrix.
#define NEXTMATRIX(v) FMOVQ (R8), v; ADD R2, R8

// COLUMN moves V16 to V19 to where ACTIVATE has them, with the bias.
#define BIASED(d, n) FADD(d, n, 29)

// func winogradOut4NEON(a *WinogradOut)
TEXT ·winogradOut4NEON(SB), NOSPLIT, $0-8
	OUTBEGIN

tile:
	MOVD $0, R7

part:
	ADD   R7, R15, R9
	FMOVQ (R9), F29
	ADD   R7, R1, R8
	ADD   R7, R6, R9
	MOVD  $6, R10

row:
	NEXTMATRIX(F0)
	NEXTMATRIX(F1)
	NEXTMATRIX(F2)
	NEXTMATRIX(F3)
	NEXTMATRIX(F4)
	NEXTMATRIX(F5)
	BACKWARD6
	FMOVQ F16, (R9)
	FMOVQ F17, 64(R9)
	FMOVQ F18, 128(R9)
	FMOVQ F19, 192(R9)
	ADD   $256, R9
	SUB   $1, R10
	CBNZ  R10, row
	ADD   R7, R6, R8
	ADD   R7, R3, R9
	MOVD  $4, R10

column:
	FMOVQ (R8), F0
	FMOVQ 256(R8), F1
	FMOVQ 512(R8), F2
	FMOVQ 768(R8), F3
	FMOVQ 1024(R8), F4
	FMOVQ 1280(R8), F5
	ADD   $64, R8
	BACKWARD6
	BIASED(0, 16)
	BIASED(1, 17)
	BIASED(2, 18)
	BIASED(3, 19)
	ACTIVATE(EACH1, WinogradOut_Act, clip, active)
	FMOVQ F0, (R9)
	ADD   R4, R9, R11
	FMOVQ F1, (R11)
	ADD   R4, R11
	FMOVQ F2, (R11)
	ADD   R4, R11
	FMOVQ F3, (R11)
	ADD   $64, R9
	SUB   $1, R10
	CBNZ  R10, column
	NEXTPART(part)
	ADD   $64, R1
	ADD   $256, R3
	SUB   $1, R5
	CBNZ  R5, tile
	RET

// func winogradOut2NEON(a *WinogradOut)
TEXT ·winogradOut2NEON(SB), NOSPLIT, $0-8
	OUTBEGIN

tile:
	MOVD $0, R7

part:
	ADD   R7, R15, R9
	FMOVQ (R9), F29
	ADD   R7, R1, R8
	ADD   R7, R6, R9
	MOVD  $4, R10

row:
	NEXTMATRIX(F0)
	NEXTMATRIX(F1)
	NEXTMATRIX(F2)
	NEXTMATRIX(F3)
	BACKWARD4
	FMOVQ F16, (R9)
	FMOVQ F17, 64(R9)
	ADD   $128, R9
	SUB   $1, R10
	CBNZ  R10, row

	// Both columns at once: four vectors, as ACTIVATE has them.
	ADD   R7, R6, R8
	ADD   R7, R3, R9
	FMOVQ (R8), F0
	FMOVQ 128(R8), F1
	FMOVQ 256(R8), F2
	FMOVQ 384(R8), F3
	BACKWARD4
	BIASED(20, 16)
	BIASED(21, 17)
	FMOVQ 64(R8), F0
	FMOVQ 192(R8), F1
	FMOVQ 320(R8), F2
	FMOVQ 448(R8), F3
	BACKWARD4
	COPY(0, 20)
	COPY(1, 21)
	BIASED(2, 16)
	BIASED(3, 17)
	ACTIVATE(EACH1, WinogradOut_Act, clip, active)
	FMOVQ F0, (R9)
	FMOVQ F2, 64(R9)
	ADD   R4, R9
	FMOVQ F1, (R9)
	FMOVQ F3, 64(R9)
	NEXTPART(part)
	ADD   $64, R1
	ADD   $128, R3
	SUB   $1, R5
	CBNZ  R5, tile
	RET

DATA filter<>+0(SB)/4, $(-0.66666666666666666667)
DATA filter<>+4(SB)/4, $0.33333333333333333333
DATA filter<>+8(SB)/4, $(-0.47140452079103168293)
DATA filter<>+12(SB)/4, $0.16666666666666666667
DATA filter<>+16(SB)/4, $0.23570226039551584147
DATA filter<>+20(SB)/4, $0.5
DATA filter<>+24(SB)/4, $0.0
DATA filter<>+28(SB)/4, $0.0
GLOBL filter<>(SB), RODATA|NOPTR, $32

// SPREAD6 makes the inner four of six vectors: G times the column x, y, z. The
// outer two are x and z.
#define SPREAD6(x, y, z, d) \
	FMULI(d, x, 30, 0); FMLSI(d, z, 30, 1); FMULI(25, y, 30, 2)         \
	FSUB((d)+1, d, 25); FADD(d, d, 25)                                  \
	FMULI((d)+2, x, 30, 3); FMLAI((d)+2, z, 30, 1); FMULI(25, y, 31, 0) \
	FSUB((d)+3, (d)+2, 25); FADD((d)+2, (d)+2, 25)

// SPREAD4 makes the inner two of four.
#define SPREAD4(x, y, z, d) \
	FADD(d, x, z); FMULI(d, d, 31, 1); FMULI(25, y, 31, 1) \
	FSUB((d)+1, d, 25); FADD(d, d, 25)

#define FILTERBEGIN \
	MOVD  a+0(FP), R0                     \
	MOVD  WinogradWeights_In(R0), R1      \
	MOVD  WinogradWeights_Tap(R0), R2     \
	LSL   $2, R2                          \
	MOVD  WinogradWeights_Out(R0), R3     \
	MOVD  WinogradWeights_Matrix(R0), R4  \
	LSL   $2, R4                          \
	MOVD  WinogradWeights_InStep(R0), R5  \
	LSL   $2, R5                          \
	MOVD  WinogradWeights_OutStep(R0), R6 \
	LSL   $2, R6                          \
	MOVD  WinogradWeights_Count(R0), R10  \
	MOVD  $filter<>(SB), R8               \
	FMOVQ (R8), F30                       \
	FMOVQ 16(R8), F31

#define NEXTTAP(v) FMOVQ (R8), v; ADD R2, R8
#define NEXTPUT(v) FMOVQ v, (R9); ADD R4, R9

// NINE loads the taps of four filters into V0 to V8.
#define NINE \
	ADD   R7, R1, R8 \
	ADD   R7, R3, R9 \
	NEXTTAP(F0)      \
	NEXTTAP(F1)      \
	NEXTTAP(F2)      \
	NEXTTAP(F3)      \
	NEXTTAP(F4)      \
	NEXTTAP(F5)      \
	NEXTTAP(F6)      \
	NEXTTAP(F7)      \
	FMOVQ (R8), F8

// ROW6 stores a row of results; v and w are the registers of x and z.
#define ROW6(x, y, z, v, w) SPREAD6(x, y, z, 21); NEXTPUT(v); NEXTPUT(F21); NEXTPUT(F22); NEXTPUT(F23); NEXTPUT(F24); NEXTPUT(w)
#define ROW4(x, y, z, v, w) SPREAD4(x, y, z, 21); NEXTPUT(v); NEXTPUT(F21); NEXTPUT(F22); NEXTPUT(w)

// func winogradWeights4NEON(a *WinogradWeights)
TEXT ·winogradWeights4NEON(SB), NOSPLIT, $0-8
	FILTERBEGIN

vector:
	MOVD $0, R7

part:
	NINE
	SPREAD6(0, 3, 6, 9)
	SPREAD6(1, 4, 7, 13)
	SPREAD6(2, 5, 8, 17)
	ROW6(0, 1, 2, F0, F2)
	ROW6(9, 13, 17, F9, F17)
	ROW6(10, 14, 18, F10, F18)
	ROW6(11, 15, 19, F11, F19)
	ROW6(12, 16, 20, F12, F20)
	ROW6(6, 7, 8, F6, F8)
	NEXTPART(part)
	ADD  R5, R1
	ADD  R6, R3
	SUB  $1, R10
	CBNZ R10, vector
	RET

// func winogradWeights2NEON(a *WinogradWeights)
TEXT ·winogradWeights2NEON(SB), NOSPLIT, $0-8
	FILTERBEGIN

vector:
	MOVD $0, R7

part:
	NINE
	SPREAD4(0, 3, 6, 9)
	SPREAD4(1, 4, 7, 13)
	SPREAD4(2, 5, 8, 17)
	ROW4(0, 1, 2, F0, F2)
	ROW4(9, 13, 17, F9, F17)
	ROW4(10, 14, 18, F10, F18)
	ROW4(6, 7, 8, F6, F8)
	NEXTPART(part)
	ADD  R5, R1
	ADD  R6, R3
	SUB  $1, R10
	CBNZ R10, vector
	RET
