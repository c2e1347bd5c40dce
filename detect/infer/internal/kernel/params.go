package kernel

// Block is the number of channels that lie next to each other: a pixel of a
// blocked tensor is Block floats, one cache line.
const Block = 16

// Chunk is the number of input channels one tap of [Conv] covers, half a block.
// Most networks have channel counts that are multiples of it.
const Chunk = 8

// FetchFloats is how much memory a tap of [Conv] has fetched: a cache line for
// each of its channels.
const FetchFloats = Chunk * Block

// Activations a kernel can apply before it stores.
const (
	None  = iota
	Slope // max(x, Slope·x), Slope in [0, 1]: LeakyRelu
	Clip  // min(max(x, Low), High): Relu, Relu6; NaN stays NaN
)

// Act is an activation function.
type Act struct {
	Kind             int
	Slope, Low, High float32
}

// Conv are the arguments of a convolution kernel for B blocks of output
// channels and tiles of T pixels. All distances are counted in floats.
type Conv struct {
	In   []float32 // from pixel 0 of the first tile on
	Off  []int32   // for each tap, where its input channels of pixel 0 are in In; at least one
	W    []float32 // by tap, input channel of the tap, output channel: taps × channels × B·Block
	Bias []float32 // B·Block
	Res  []float32 // as Out, may be Out; added before the activation where not nil
	Out  []float32 // pixel 0, first block

	// Fetch is memory to bring into the second-level cache meanwhile: with every
	// tap of every tile FetchFloats, FetchStep on from the last. What is there
	// makes no difference. A step of zero fetches nothing to speak of. Stems do
	// not fetch.
	Fetch     []float32
	FetchStep int

	Step     int // from a pixel to the next in In
	OutBlock int // from a block to the next in Out
	ResBlock int // and in Res
	Tiles    int // at least 1; tile i begins with pixel i·T
	Act      Act
}

// Window are the arguments of a kernel that slides a window along a row, each
// channel by itself.
type Window struct {
	In    []float32 // from pixel 0 on
	Off   []int32   // for each tap, where it is for pixel 0; at least one
	W     []float32 // by tap: taps × Block
	Bias  []float32 // Block
	Out   []float32 // Count × Block
	Step  int       // from a pixel to the next in In, in floats
	Count int       // pixels
	Act   Act
}

// Window3 are the arguments of a kernel that slides a window of 3×3 pixels, each
// channel by itself, over Rows rows of Tiles tiles of T pixels. The pixels of a
// row of the window are next to each other.
type Window3 struct {
	In     []float32 // first tap of pixel 0 of the first row
	W      []float32 // by tap: 9 × Block
	Bias   []float32 // Block
	Out    []float32 // pixel 0 of the first row
	Row    int       // from a row of the window to the next in In, in floats
	Down   int       // from a row of pixels to the next in In
	OutRow int       // and in Out
	Tiles  int       // at least 1
	Rows   int       // at least 1
	Act    Act
}

// Resize are the arguments of a kernel that makes a row of pixels out of two.
type Resize struct {
	Upper, Lower             []float32 // rows of pixels
	WeightUpper, WeightLower float32
	Taps                     []ResizeTap // one a pixel of the result; at least one
	Add                      []float32   // added where not nil, as Out
	Out                      []float32   // len(Taps) × Block
}

// ResizeTap says which two pixels make one, and how.
type ResizeTap struct {
	Left, Right             int32 // where they are in a row, in floats
	WeightLeft, WeightRight float32
}

// Winograd are the three transforms of F(m×m, 3×3), which makes m×m results of
// a 3×3 convolution of stride s out of n×n inputs, n = (m−1)·s+3. With stride 1
// there are n² products, one of each transformed input and filter. With stride 2
// products of several inputs are summed before the last transform: 25 of them
// make 2×2 results instead of 36.
type Winograd struct {
	Tile, Stride int // m and s
	In           func(*WinogradIn)
	Out          func(*WinogradOut)
	Weights      func(*WinogradWeights)
}

// Inputs is the number of vectors that are made of a tile, n².
func (w *Winograd) Inputs() int {
	n := (w.Tile-1)*w.Stride + 3
	return n * n
}

// Sums is the number of vectors that a tile's results are made of.
func (w *Winograd) Sums() int {
	if w.Stride == 1 {
		return w.Inputs()
	}
	return (w.Tile + 1) * (w.Tile + 1)
}

// Filters is the number of vectors that are made of those of a filter.
func (w *Winograd) Filters() int { return (w.Tile + 2) * (w.Tile + 2) }

// Product is one of the products between the transforms: of Count inputs, Gap
// apart, by as many filters, which follow each other. It is added to what is there
// where More says so.
type Product struct {
	Sum, Input, Filter, Count, Gap int
	More                           bool
}

// WinogradIn are the arguments of the input transform. Tile i covers n rows of
// pixels m·s·i to m·s·i+n−1 and becomes n² vectors of Block floats.
type WinogradIn struct {
	In     []float32 // first pixel of the first row
	Row    int       // from a row to the next, in floats
	Out    []float32 // vector v of tile i is at v·Matrix + i·Block
	Matrix int
	Tiles  int       // at least 1
	Tmp    []float32 // n²·Block
}

// WinogradOut are the arguments of the output transform: the vectors of a tile's
// sums become m rows of pixels m·i to m·i+m−1.
type WinogradOut struct {
	In     []float32 // as WinogradIn.Out
	Matrix int
	Out    []float32 // first pixel of the first row
	Row    int       // from a row to the next, in floats
	Bias   []float32 // Block
	Tiles  int       // at least 1
	Tmp    []float32 // (m+2)·m·Block
	Act    Act
}

// WinogradWeights are the arguments of the weight transform, for Count vectors
// of Block filters of nine taps each.
type WinogradWeights struct {
	In              []float32 // tap t of vector i is at i·InStep + t·Tap
	Tap             int
	Out             []float32 // vector v of vector i is at i·OutStep + v·Matrix
	Matrix          int
	InStep, OutStep int
	Count           int // at least 1
}

// Transpose are the arguments of a kernel that transposes Block × Block floats:
// Out[y·OutRow + x] = In[x·InRow + y].
type Transpose struct {
	In, Out       []float32
	InRow, OutRow int
}

// TransposeHalves are the arguments of a kernel that does the same with IEEE 754
// binary16 numbers and makes floats of them, exactly; NaN stays NaN.
type TransposeHalves struct {
	In            []uint16
	Out           []float32
	InRow, OutRow int
}

// Pair are the arguments of an operation on two arrays, element by element. All
// are of the length of Out, a multiple of Block; Out may be A or B.
type Pair struct {
	A, B, Out []float32
	Act       Act
}

// Affine are the arguments of Out[i] = In[i]·Mul[i%Block] + Add[i%Block]. In is
// of the length of Out, a multiple of Block, and may be Out.
type Affine struct {
	In, Out  []float32
	Mul, Add []float32 // Block
	Act      Act
}

// Map are the arguments of a function of one array, element by element. In is
// of the length of Out, a multiple of Block, and may be Out.
type Map struct{ In, Out []float32 }

// Widen are the arguments of a kernel that makes floats of IEEE 754 binary16
// numbers, exactly; NaN stays NaN. In is of the length of Out, a multiple of Block.
type Widen struct {
	In  []uint16
	Out []float32
}
