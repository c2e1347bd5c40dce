//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// ROW begins a kernel that slides a window along a row: R1 and R2 are the first
// pixel of the tile and of its results, R3 how many are left.
#define ROW \
	MOVD a+0(FP), R0          \
	MOVD Window_In(R0), R1    \
	MOVD Window_Out(R0), R2   \
	MOVD Window_Count(R0), R3 \
	MOVD Window_Step(R0), R4  \
	LSL  $2, R4

#define TAPS \
	MOVD Window_Off(R0), R5     \
	MOVD (Window_Off+8)(R0), R6

#define SKIP(t, i) ADDR(1, 1, 4)

#define NEXTTAP(EACH) \
	MOVW.P 4(R5), R8     \
	ADD    R8<<2, R1, R8 \
	EACH(POINT, 0)

#define WEIGH(t, i) LOAD4(20, 8+(t)); FMLA(4*(t), 20, 16); FMLA(4*(t)+1, 21, 17); FMLA(4*(t)+2, 22, 18); FMLA(4*(t)+3, 23, 19)

// WEIGHTED is a tile of a depthwise convolution.
#define WEIGHTED(EACH, tap, clip, active) \
	MOVD Window_Bias(R0), R14                \
	LOAD4(28, 14)                            \
	EACH(COPY4, 0)                           \
	TAPS                                     \
	MOVD Window_W(R0), R7                    \
	tap:                                     \
	NEXTTAP(EACH)                            \
	LOAD4(16, 7)                             \
	EACH(WEIGH, 0)                           \
	SUB  $1, R6                              \
	CBNZ R6, tap                             \
	ACTIVATE(EACH, Window_Act, clip, active) \
	EACH(PUT4, 0)                            \
	EACH(SKIP, 0)

// func depthwiseNEON(a *Window)
TEXT ·depthwiseNEON(SB), NOSPLIT, $0-8
	ROW

wide:
	CMP $4, R3
	BLT narrow
	WEIGHTED(EACH4, wideTap, wideClip, wideActive)
	SUB $4, R3
	JMP wide

narrow:
	CBZ R3, done
	WEIGHTED(EACH1, narrowTap, narrowClip, narrowActive)
	SUB $1, R3
	JMP narrow

done:
	RET

#define LARGEST(t, i) LOAD4(20, 8+(t)); FMAX(4*(t), 4*(t), 20); FMAX(4*(t)+1, 4*(t)+1, 21); FMAX(4*(t)+2, 4*(t)+2, 22); FMAX(4*(t)+3, 4*(t)+3, 23)

// LARGESTS is a tile of a maximum. V28 to V31 are −∞.
#define LARGESTS(EACH, tap) \
	EACH(COPY4, 0)   \
	TAPS             \
	tap:             \
	NEXTTAP(EACH)    \
	EACH(LARGEST, 0) \
	SUB  $1, R6      \
	CBNZ R6, tap     \
	EACH(PUT4, 0)    \
	EACH(SKIP, 0)

// func maximumNEON(a *Window)
TEXT ·maximumNEON(SB), NOSPLIT, $0-8
	ROW
	MOVD $0xFF800000, R14
	VDUP R14, V28.S4
	COPY(29, 28)
	COPY(30, 28)
	COPY(31, 28)

wide:
	CMP $4, R3
	BLT narrow
	LARGESTS(EACH4, wideTap)
	SUB $4, R3
	JMP wide

narrow:
	CBZ R3, done
	LARGESTS(EACH1, narrowTap)
	SUB $1, R3
	JMP narrow

done:
	RET

// BOTH is WeightUpper·v + WeightLower·(v+4) in d, for four vectors.
#define BOTH1(d, v) FMULI(d, v, 30, 0); FMLAI(d, (v)+4, 31, 0)
#define BOTH(d, v) BOTH1(d, v); BOTH1((d)+1, (v)+1); BOTH1((d)+2, (v)+2); BOTH1((d)+3, (v)+3)
#define ACROSS(d, x, y) FMULI(d, x, 28, 0); FMLAI(d, y, 29, 0)

// func resizeNEON(a *Resize)
TEXT ·resizeNEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  Resize_Upper(R0), R1
	MOVD  Resize_Lower(R0), R3
	MOVD  Resize_Out(R0), R2
	MOVD  Resize_Add(R0), R14
	MOVD  Resize_Taps(R0), R5
	MOVD  (Resize_Taps+8)(R0), R6
	FMOVS Resize_WeightUpper(R0), F30
	FMOVS Resize_WeightLower(R0), F31

pixel:
	MOVW  ResizeTap_Left(R5), R7
	MOVW  ResizeTap_Right(R5), R8
	FMOVS ResizeTap_WeightLeft(R5), F28
	FMOVS ResizeTap_WeightRight(R5), F29
	ADD   $ResizeTap__size, R5
	ADD   R7<<2, R1, R9
	ADD   R7<<2, R3, R10
	ADD   R8<<2, R1, R11
	ADD   R8<<2, R3, R12
	LOAD4(0, 9)
	LOAD4(4, 10)
	BOTH(16, 0)
	LOAD4(0, 11)
	LOAD4(4, 12)
	BOTH(20, 0)
	ACROSS(0, 16, 20)
	ACROSS(1, 17, 21)
	ACROSS(2, 18, 22)
	ACROSS(3, 19, 23)
	CBZ   R14, store
	ADD4(0, 0)

store:
	STORE4(0, 2)
	SUB  $1, R6
	CBNZ R6, pixel
	RET
