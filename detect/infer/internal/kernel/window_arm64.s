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

// Windows of 3×3 pixels: a quarter of the channels at a time, so that the nine
// vectors of weights stay in V8 to V16 and the bias in V17. Sums are V0 and
// onwards, a pixel goes to V18 to V23 in turn.

// TAP3 adds a pixel times weight k to sum t; PIXEL3 loads pixel j of a row.
#define TAP3(t, k, x) FMLA(t, x, 8+(k))
#define PIXEL3(x, r, j) LOADQ(x, r, 4*(j))

// NEXT3 is a row of the window for pixel t: r is where it begins, k its first
// weight, s the stride.
#define NEXT3(t, r, k, s) \
	PIXEL3(18, r, (t)*(s))   \
	PIXEL3(19, r, (t)*(s)+1) \
	PIXEL3(20, r, (t)*(s)+2) \
	TAP3(t, k, 18)           \
	TAP3(t, (k)+1, 19)       \
	TAP3(t, (k)+2, 20)

// Neighbours of stride 1 share pixels.
#define FOUR31(r, k) \
	PIXEL3(18, r, 0)   \
	PIXEL3(19, r, 1)   \
	PIXEL3(20, r, 2)   \
	PIXEL3(21, r, 3)   \
	PIXEL3(22, r, 4)   \
	PIXEL3(23, r, 5)   \
	TAP3(0, k, 18)     \
	TAP3(1, k, 19)     \
	TAP3(2, k, 20)     \
	TAP3(3, k, 21)     \
	TAP3(0, (k)+1, 19) \
	TAP3(1, (k)+1, 20) \
	TAP3(2, (k)+1, 21) \
	TAP3(3, (k)+1, 22) \
	TAP3(0, (k)+2, 20) \
	TAP3(1, (k)+2, 21) \
	TAP3(2, (k)+2, 22) \
	TAP3(3, (k)+2, 23)

#define FOUR32(r, k) NEXT3(0, r, k, 2); NEXT3(1, r, k, 2); NEXT3(2, r, k, 2); NEXT3(3, r, k, 2)
#define ONE31(r, k) NEXT3(0, r, k, 1)

#define START1 COPY(0, 17)
#define START4 COPY(0, 17); COPY(1, 17); COPY(2, 17); COPY(3, 17)
#define END1 STOREQ(0, 11, 0)
#define END4 STOREQ(0, 11, 0); STOREQ(1, 11, 4); STOREQ(2, 11, 8); STOREQ(3, 11, 12)

// NEIGHBOURS is a kernel for tiles of n pixels: R1 is the first tap of the tile,
// R2 its result, R8 to R10 the rows of the window, R11 the results of the row.
#define NEIGHBOURS(ROW, START, END, n, stride) \
	MOVD     a+0(FP), R0                       \
	MOVD     Window3_In(R0), R19               \
	MOVD     Window3_Out(R0), R20              \
	MOVD     Window3_W(R0), R7                 \
	MOVD     Window3_Bias(R0), R21             \
	MOVD     Window3_Row(R0), R4               \
	LSL      $2, R4                            \
	MOVD     Window3_Down(R0), R5              \
	LSL      $2, R5                            \
	MOVD     Window3_OutRow(R0), R6            \
	LSL      $2, R6                            \
	MOVD     $4, R22                           \
	quarter:                                   \
	MOVD     R19, R1                           \
	MOVD     R20, R2                           \
	LOADQ(8, 7, 0)                             \
	LOADQ(9, 7, 4)                             \
	LOADQ(10, 7, 8)                            \
	LOADQ(11, 7, 12)                           \
	LOADQ(12, 7, 16)                           \
	LOADQ(13, 7, 20)                           \
	LOADQ(14, 7, 24)                           \
	LOADQ(15, 7, 28)                           \
	LOADQ(16, 7, 32)                           \
	LOADQ(17, 21, 0)                           \
	MOVD     Window3_Tiles(R0), R3             \
	tile:                                      \
	MOVD     R1, R8                            \
	MOVD     R2, R11                           \
	MOVD     Window3_Rows(R0), R12             \
	row:                                       \
	ADD      R4, R8, R9                        \
	ADD      R4, R9, R10                       \
	START                                      \
	ROW(8, 0)                                  \
	ROW(9, 3)                                  \
	ROW(10, 6)                                 \
	ACTIVATE(EACH1, Window3_Act, clip, active) \
	END                                        \
	ADD      R5, R8                            \
	ADD      R6, R11                           \
	SUB      $1, R12                           \
	CBNZ     R12, row                          \
	ADD      $(64*n*stride), R1                \
	ADD      $(64*n), R2                       \
	SUB      $1, R3                            \
	CBNZ     R3, tile                          \
	ADD      $16, R19                          \
	ADD      $16, R20                          \
	ADD      $16, R7                           \
	ADD      $16, R21                          \
	SUB      $1, R22                           \
	CBNZ     R22, quarter                      \
	RET

// func depthwise3NEON_1x1(a *Window3)
TEXT ·depthwise3NEON_1x1(SB), NOSPLIT, $0-8
	NEIGHBOURS(ONE31, START1, END1, 1, 1)

// func depthwise3NEON_1x4(a *Window3)
TEXT ·depthwise3NEON_1x4(SB), NOSPLIT, $0-8
	NEIGHBOURS(FOUR31, START4, END4, 4, 1)

// func depthwise3NEON_2x1(a *Window3)
TEXT ·depthwise3NEON_2x1(SB), NOSPLIT, $0-8
	NEIGHBOURS(ONE31, START1, END1, 1, 2)

// func depthwise3NEON_2x4(a *Window3)
TEXT ·depthwise3NEON_2x4(SB), NOSPLIT, $0-8
	NEIGHBOURS(FOUR32, START4, END4, 4, 2)
