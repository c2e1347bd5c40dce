package kernel

// ConvTable holds convolution kernels by blocks of output channels and pixels
// of a tile; nil where there is none. Every table has one pixel and one block.
type ConvTable [5][15]func(*Conv)

// Set is a set of kernels. All sets compute the same, but for rounding.
type Set struct {
	Name string

	// Vectors of this many floats are multiplied and added in one instruction,
	// and two such instructions begin in a cycle: what cost models go by.
	Lanes int

	Conv      ConvTable // taps of Chunk input channels
	Stem      ConvTable // taps of one input channel
	Depthwise func(*Window)
	// Depthwise3 are for windows of 3×3 neighbours, by their stride, 1 or 2, and the
	// pixels of a tile; empty where that gains nothing, or with a tile of one pixel.
	Depthwise3 [3][15]func(*Window3)

	Maximum func(*Window) // W, Bias and Act are not used
	Resize  func(*Resize)

	Winograd4, Winograd2 Winograd // for tiles of 4×4 and of 2×2 results
	Strided              Winograd // for tiles of 2×2 results of stride 2; empty where nobody has written it

	Add, Multiply      func(*Pair)
	Affine             func(*Affine)
	Sigmoid, HardSwish func(*Map)
	Transpose          func(*Transpose)
	TransposeHalves    func(*TransposeHalves)
	Widen              func(*Widen)
}

// Best is the fastest set this CPU can run.
func Best() *Set { return All()[0] }

// All lists the sets this CPU can run, the fastest first. The last one is Go's,
// named "go". GODEBUG=cpu.avx512f=off and the like hide sets.
func All() []*Set { return append(assembled(), generic()) }

// generic is the set in pure Go.
func generic() *Set {
	s := &Set{
		Name: "go", Lanes: 1,
		Depthwise: depthwise, Maximum: maximum, Resize: resize,
		Winograd4: Winograd{4, 1, winogradIn(4), winogradOut(4), winogradWeights(4)},
		Winograd2: Winograd{2, 1, winogradIn(2), winogradOut(2), winogradWeights(2)},
		Strided:   Winograd{2, 2, stridedIn, stridedOut, stridedWeights},
		Add:       add, Multiply: multiply, Affine: affine,
		Sigmoid: sigmoid, HardSwish: hardSwish, Transpose: transpose, TransposeHalves: transposeHalves, Widen: widen,
	}
	for _, t := range []int{1, 2, 4, 8} {
		s.Conv[1][t], s.Stem[1][t] = convolve(1, t, Chunk), convolve(1, t, 1)
		s.Depthwise3[1][t], s.Depthwise3[2][t] = depthwise3(1, t), depthwise3(2, t)
	}
	return s
}
