//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// A convolution kernel: for each tile, the sums of its pixels stay in V0 to V23
// while all taps go by. R1 is the first pixel of the tile, R5 and R6 the taps
// left, R7 the weights, R20 what to fetch.
//
// Two vectors of weights and one of inputs a pixel are all there is room for
// beside 24 sums: four outputs by four inputs at a time.

#define LOW(t, i) FMLAI(4*(t), 24, 26+(t), i); FMLAI(4*(t)+1, 25, 26+(t), i)
#define HIGH(t, i) FMLAI(4*(t)+2, 24, 26+(t), i); FMLAI(4*(t)+3, 25, 26+(t), i)
#define CHANNEL(EACH, i) LOAD2(24, 7); EACH(LOW, i); LOAD2(24, 7); EACH(HIGH, i)
#define INPUT(t, i) LOAD1(26+(t), 8+(t))
#define FOUR(EACH) EACH(INPUT, 0); CHANNEL(EACH, 0); CHANNEL(EACH, 1); CHANNEL(EACH, 2); CHANNEL(EACH, 3)
#define SKIP(t, i) ADDR(1, 1, 4)

// CHUNK is a tap of eight channels.
#define CHUNK(EACH) \
	FOUR(EACH)               \
	PRFM (R20), PLDL2KEEP    \
	PRFM 64(R20), PLDL2KEEP  \
	PRFM 128(R20), PLDL2KEEP \
	PRFM 192(R20), PLDL2KEEP \
	FOUR(EACH)               \
	PRFM 256(R20), PLDL2KEEP \
	PRFM 320(R20), PLDL2KEEP \
	PRFM 384(R20), PLDL2KEEP \
	PRFM 448(R20), PLDL2KEEP

// ONE is a tap of one channel.
#define SINGLE(t, i) LOADS(26+(t), 8+(t))
#define ONE(EACH) EACH(SINGLE, 0); CHANNEL(EACH, 0)

#define CONVOLUTION(EACH, TAP) \
	MOVD    a+0(FP), R0                    \
	MOVD    Conv_In(R0), R1                \
	MOVD    Conv_Out(R0), R2               \
	MOVD    Conv_Tiles(R0), R3             \
	MOVD    Conv_Step(R0), R4              \
	LSL     $2, R4                         \
	MOVD    Conv_FetchStep(R0), R19        \
	LSL     $2, R19                        \
	MOVD    Conv_Fetch(R0), R20            \
	CBNZ    R20, tile                      \
	MOVD    Conv_W(R0), R20                \
	tile:                                  \
	MOVD    Conv_Bias(R0), R14             \
	LOAD4(28, 14)                          \
	EACH(COPY4, 0)                         \
	MOVD    Conv_Off(R0), R5               \
	MOVD    (Conv_Off+8)(R0), R6           \
	MOVD    Conv_W(R0), R7                 \
	tap:                                   \
	MOVW.P  4(R5), R8                      \
	ADD     R8<<2, R1, R8                  \
	EACH(POINT, 0)                         \
	TAP(EACH)                              \
	ADD     R19, R20                       \
	SUB     $1, R6                         \
	CBNZ    R6, tap                        \
	MOVD    Conv_Res(R0), R14              \
	CBZ     R14, summed                    \
	MOVD    Conv_Out(R0), R21              \
	SUB     R21, R14                       \
	ADD     R2, R14                        \
	EACH(ADD4, 0)                          \
	summed:                                \
	ACTIVATE(EACH, Conv_Act, clip, active) \
	EACH(PUT4, 0)                          \
	EACH(SKIP, 0)                          \
	SUB     $1, R3                         \
	CBNZ    R3, tile                       \
	RET

// func convNEON_1x1(a *Conv)
TEXT ·convNEON_1x1(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH1, CHUNK)

// func convNEON_1x2(a *Conv)
TEXT ·convNEON_1x2(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH2, CHUNK)

// func convNEON_1x3(a *Conv)
TEXT ·convNEON_1x3(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH3, CHUNK)

// func convNEON_1x4(a *Conv)
TEXT ·convNEON_1x4(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH4, CHUNK)

// func convNEON_1x5(a *Conv)
TEXT ·convNEON_1x5(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH5, CHUNK)

// func convNEON_1x6(a *Conv)
TEXT ·convNEON_1x6(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH6, CHUNK)

// func stemNEON_1x1(a *Conv)
TEXT ·stemNEON_1x1(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH1, ONE)

// func stemNEON_1x2(a *Conv)
TEXT ·stemNEON_1x2(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH2, ONE)

// func stemNEON_1x4(a *Conv)
TEXT ·stemNEON_1x4(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH4, ONE)

// func stemNEON_1x6(a *Conv)
TEXT ·stemNEON_1x6(SB), NOSPLIT, $0-8
	CONVOLUTION(EACH6, ONE)
