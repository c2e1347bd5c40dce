package ref

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// Set returns the table of all operators.
func Set() *ir.Set {
	return &ir.Set{Name: "reference", Build: map[string]func(*ir.Node) error{
		// Neural networks.
		"Conv":               buildConv,
		"MaxPool":            buildMaxPool,
		"AveragePool":        buildAveragePool,
		"GlobalAveragePool":  buildGlobal(mean),
		"GlobalMaxPool":      buildGlobal(maximum),
		"BatchNormalization": buildBatchNormalization,
		"MatMul":             buildMatMul,
		"Gemm":               buildGemm,
		"Softmax":            buildSoftmax(false),
		"LogSoftmax":         buildSoftmax(true),
		"Resize":             buildResize,
		"Upsample":           buildUpsample,
		"Dropout":            buildDropout,

		// Element by element.
		"Relu":            buildRelu,
		"LeakyRelu":       buildLeakyRelu,
		"Clip":            buildClip,
		"Sigmoid":         mapping(sigmoid),
		"HardSigmoid":     buildHardSigmoid,
		"HardSwish":       mapping(hardSwish),
		"Tanh":            mapping(math.Tanh),
		"Elu":             buildElu,
		"Selu":            buildSelu,
		"ThresholdedRelu": buildThresholdedRelu,
		"Softplus":        mapping(softplus),
		"Softsign":        mapping(softsign),
		"Abs":             mapping(math.Abs),
		"Neg":             mapping(func(x float64) float64 { return -x }),
		"Exp":             mapping(math.Exp),
		"Log":             mapping(math.Log),
		"Sqrt":            mapping(math.Sqrt),
		"Reciprocal":      mapping(func(x float64) float64 { return 1 / x }),
		"Floor":           mapping(math.Floor),
		"Ceil":            mapping(math.Ceil),
		"Round":           mapping(math.RoundToEven),
		"Sign":            mapping(sign),
		"Erf":             mapping(math.Erf),
		"Sin":             mapping(math.Sin),
		"Cos":             mapping(math.Cos),
		"Tan":             mapping(math.Tan),
		"Asin":            mapping(math.Asin),
		"Acos":            mapping(math.Acos),
		"Atan":            mapping(math.Atan),
		"Sinh":            mapping(math.Sinh),
		"Cosh":            mapping(math.Cosh),
		"Asinh":           mapping(math.Asinh),
		"Acosh":           mapping(math.Acosh),
		"Atanh":           mapping(math.Atanh),

		// Arithmetic with broadcasting.
		"Add":   add.buildBinary,
		"Sub":   sub.buildBinary,
		"Mul":   mul.buildBinary,
		"Div":   div.buildBinary,
		"Pow":   pow.buildBinary,
		"Max":   largest.buildVariadic,
		"Min":   smallest.buildVariadic,
		"Sum":   add.buildVariadic,
		"Mean":  buildMean,
		"PRelu": buildPRelu,

		// Reductions.
		"ReduceSum":       reduction(pairwise).buildReduce,
		"ReduceMean":      reduction(average).buildReduce,
		"ReduceSumSquare": sumOf(square).buildReduce,
		"ReduceL1":        sumOf(math.Abs).buildReduce,
		"ReduceL2":        reduction(norm2).buildReduce,
		"ReduceLogSum":    reduction(logSum).buildReduce,
		"ReduceLogSumExp": reduction(logSumExp).buildReduce,
		"ReduceProd":      reduction(times).buildReduce,
		"ReduceMax":       reduction(maximum).buildReduce,
		"ReduceMin":       reduction(minimum).buildReduce,
		"ArgMax":          buildArg(func(v, best float32) bool { return v > best }),
		"ArgMin":          buildArg(func(v, best float32) bool { return v < best }),

		// Moving elements.
		"Identity":        buildIdentity,
		"Cast":            buildCast,
		"Reshape":         buildReshape,
		"Flatten":         buildFlatten,
		"Squeeze":         buildSqueeze,
		"Unsqueeze":       buildUnsqueeze,
		"Transpose":       buildTranspose,
		"Concat":          buildConcat,
		"Split":           buildSplit,
		"Slice":           buildSlice,
		"Pad":             buildPad,
		"Gather":          buildGather,
		"Expand":          buildExpand,
		"Tile":            buildTile,
		"DepthToSpace":    buildDepthToSpace,
		"Shape":           buildShape,
		"Size":            buildSize,
		"Constant":        buildConstant,
		"ConstantOfShape": buildConstantOfShape,
	}}
}
