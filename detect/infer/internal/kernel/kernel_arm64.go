//go:build !noasm

package kernel

// assembled lists the sets in assembly: every arm64 CPU has NEON.
func assembled() []*Set {
	return []*Set{{
		Name: "neon", Lanes: 4, Conv: convNEON, Stem: stemNEON,
		Depthwise: depthwiseNEON, Depthwise3: depthwise3NEON, Maximum: maximumNEON, Resize: resizeNEON,
		Winograd4: Winograd{4, 1, winogradIn4NEON, winogradOut4NEON, winogradWeights4NEON},
		Winograd2: Winograd{2, 1, winogradIn2NEON, winogradOut2NEON, winogradWeights2NEON},
		Add:       addNEON, Multiply: multiplyNEON, Affine: affineNEON,
		Sigmoid: sigmoidNEON, HardSwish: hardSwishNEON, Transpose: transposeNEON, TransposeHalves: transposeHalvesNEON, Widen: widenNEON,
	}}
}

var convNEON = ConvTable{
	1: {1: convNEON_1x1, 2: convNEON_1x2, 3: convNEON_1x3, 4: convNEON_1x4, 5: convNEON_1x5, 6: convNEON_1x6},
}

var stemNEON = ConvTable{
	1: {1: stemNEON_1x1, 2: stemNEON_1x2, 4: stemNEON_1x4, 6: stemNEON_1x6},
}

var depthwise3NEON = [3][15]func(*Window3){
	1: {1: depthwise3NEON_1x1, 4: depthwise3NEON_1x4},
	2: {1: depthwise3NEON_2x1, 4: depthwise3NEON_2x4},
}

// convNEON_1x1 is convolve with 1 block, 1 pixel and taps of 8 channels; the
// others of its name have more pixels, those of stem taps of 1 channel.
func convNEON_1x1(a *Conv)
func convNEON_1x2(a *Conv)
func convNEON_1x3(a *Conv)
func convNEON_1x4(a *Conv)
func convNEON_1x5(a *Conv)
func convNEON_1x6(a *Conv)

func stemNEON_1x1(a *Conv)
func stemNEON_1x2(a *Conv)
func stemNEON_1x4(a *Conv)
func stemNEON_1x6(a *Conv)

// depthwiseNEON is depthwise.
func depthwiseNEON(a *Window)

// depthwise3NEON_1x1 is depthwise3 with stride 1 and 1 pixel; the others of its
// name have other strides and more pixels.
func depthwise3NEON_1x1(a *Window3)
func depthwise3NEON_1x4(a *Window3)
func depthwise3NEON_2x1(a *Window3)
func depthwise3NEON_2x4(a *Window3)

// maximumNEON is maximum.
func maximumNEON(a *Window)

// resizeNEON is resize.
func resizeNEON(a *Resize)

// winogradIn4NEON is winogradIn(4).
func winogradIn4NEON(a *WinogradIn)

// winogradOut4NEON is winogradOut(4).
func winogradOut4NEON(a *WinogradOut)

// winogradWeights4NEON is winogradWeights(4).
func winogradWeights4NEON(a *WinogradWeights)

// winogradIn2NEON is winogradIn(2).
func winogradIn2NEON(a *WinogradIn)

// winogradOut2NEON is winogradOut(2).
func winogradOut2NEON(a *WinogradOut)

// winogradWeights2NEON is winogradWeights(2).
func winogradWeights2NEON(a *WinogradWeights)

// addNEON is add.
func addNEON(a *Pair)

// multiplyNEON is multiply.
func multiplyNEON(a *Pair)

// affineNEON is affine.
func affineNEON(a *Affine)

// sigmoidNEON is sigmoid.
func sigmoidNEON(a *Map)

// hardSwishNEON is hardSwish.
func hardSwishNEON(a *Map)

// transposeNEON is transpose.
func transposeNEON(a *Transpose)

// transposeHalvesNEON is transposeHalves.
func transposeHalvesNEON(a *TransposeHalves)

// widenNEON is widen.
func widenNEON(a *Widen)
