package infertest

import "math"

var (
	nan  = float32(math.NaN())
	inf  = float32(math.Inf(1))
	odd  = []float32{0, -0.5, 0.5, 1.5, 2.5, -1.5, 1e-6, -3, 7, nan, inf, -inf}
	mild = rnd(2, 3, 4)
)

func i64(v ...int64) []int64     { return v }
func f32(v ...float32) []float32 { return v }

// elementVectors: functions of one number.
func elementVectors() []vector {
	list := []vector{
		{op: "LeakyRelu", name: "slope", attrs: attrs{"alpha": 0.3}, in: []value{mild}},
		{op: "LeakyRelu", name: "default", in: []value{mild}},
		{op: "Elu", name: "alpha", attrs: attrs{"alpha": 1.5}, in: []value{mild}},
		{op: "Elu", name: "default", in: []value{mild}},
		{op: "Celu", name: "alpha", from: 12, attrs: attrs{"alpha": 2.0}, in: []value{mild}},
		{op: "Celu", name: "default", from: 12, in: []value{mild}},
		{op: "Selu", name: "default", in: []value{mild}},
		{op: "Selu", name: "both", attrs: attrs{"alpha": 2.0, "gamma": 3.0}, in: []value{mild}},
		{op: "HardSigmoid", name: "default", in: []value{within(-4, 4, 3, 5)}},
		{op: "HardSigmoid", name: "both", attrs: attrs{"alpha": 0.5, "beta": 0.6}, in: []value{mild}},
		{op: "HardSwish", name: "default", from: 14, in: []value{within(-5, 5, 3, 5)}},
		{op: "ThresholdedRelu", name: "default", from: 10, in: []value{mild}},
		{op: "ThresholdedRelu", name: "alpha", from: 10, attrs: attrs{"alpha": 0.5}, in: []value{mild}},
		{op: "Shrink", name: "hard", from: 9, attrs: attrs{"lambd": 1.5}, in: []value{mild}},
		{op: "Shrink", name: "soft", from: 9, attrs: attrs{"lambd": 1.0, "bias": 1.0}, in: []value{mild}},
		{op: "Gelu", name: "exact", from: 20, in: []value{mild}},
		{op: "Gelu", name: "by tanh", from: 20, attrs: attrs{"approximate": "tanh"}, in: []value{mild}},
		{op: "Mish", name: "default", from: 18, in: []value{mild}},
		{op: "IsNaN", name: "default", from: 9, in: []value{given(odd, 12)}},
		{op: "IsInf", name: "default", from: 10, in: []value{given(odd, 12)}},
		{op: "IsInf", name: "negative", from: 10, attrs: attrs{"detect_positive": 0}, in: []value{given(odd, 12)}},
		{op: "IsInf", name: "positive", from: 10, attrs: attrs{"detect_negative": 0}, in: []value{given(odd, 12)}},
		{op: "Not", name: "default", in: []value{rnd(3, 4).of("bool")}},
		{op: "Identity", name: "int64", in: []value{ints(-9, 9, 2, 3)}},
		{op: "Identity", name: "bool", in: []value{rnd(5).of("bool")}},
		{op: "Dropout", name: "ratio attribute", to: 11, attrs: attrs{"ratio": 0.3}, in: []value{mild}},
		{op: "Dropout", name: "ratio input", from: 12, in: []value{mild, known(f32(0.3))}},
		{op: "Dropout", name: "mask", from: 12, outs: 2, in: []value{mild, known(f32(0.3))}},
		{op: "Dropout", name: "not training", from: 12, in: []value{mild, known(f32(0.3)), known([]bool{false})}},

		{op: "Clip", name: "attributes", to: 10, attrs: attrs{"min": -0.5, "max": 1.0}, in: []value{mild}},
		{op: "Clip", name: "one attribute", to: 10, attrs: attrs{"max": 0.25}, in: []value{mild}},
		{op: "Clip", name: "inputs", from: 11, in: []value{mild, known(f32(-0.5)), known(f32(1))}},
		{op: "Clip", name: "one input", from: 11, in: []value{mild, {}, known(f32(0.25))}},
		{op: "Clip", name: "no limits", from: 11, in: []value{mild}},
		{op: "Clip", name: "int32", from: 12, in: []value{ints(-9, 9, 8).of("int32"), known([]int32{-3}), known([]int32{4})}},
		{op: "Clip", name: "int8", from: 12, in: []value{ints(-9, 9, 8).of("int8"), known([]int8{-3})}},
		{op: "Clip", name: "uint8", from: 12, in: []value{ints(0, 200, 8).of("uint8"), {}, known([]uint8{99})}},
		{op: "Clip", name: "float64", from: 12, in: []value{rnd(8).of("float64"), known([]float64{-1}), known([]float64{1})}},
	}
	for op, x := range map[string]value{
		"Relu": mild, "Sigmoid": within(-8, 8, 3, 7), "Tanh": within(-5, 5, 3, 7), "Softplus": within(-20, 20, 9), "Softsign": mild,
		"Abs": mild, "Neg": mild, "Exp": mild, "Log": within(0.01, 9, 9), "Sqrt": within(0, 9, 9), "Reciprocal": within(0.5, 3, 9),
		"Floor": mild, "Ceil": mild, "Sin": within(-6, 6, 9), "Cos": within(-6, 6, 9), "Tan": within(-1.3, 1.3, 9), "Asin": within(-1, 1, 9),
		"Acos": within(-1, 1, 9), "Atan": mild, "Identity": mild,
	} {
		list = append(list, vector{op: op, name: "float32", in: []value{x}})
	}
	for op, x := range map[string]value{
		"Sinh": mild, "Cosh": mild, "Asinh": mild, "Acosh": within(1, 5, 9), "Atanh": within(-0.9, 0.9, 9), "Erf": mild, "Sign": mild,
	} {
		list = append(list, vector{op: op, name: "float32", from: 9, in: []value{x}})
	}
	list = append(list, vector{op: "Round", name: "halves", from: 11, in: []value{given(odd, 12)}})
	for _, op := range []string{"Relu", "Abs", "Neg", "Floor", "Ceil", "Identity", "Sqrt"} {
		list = append(list, vector{op: op, name: "odd numbers", in: []value{given(odd, 12)}})
	}
	for _, op := range []string{"Sigmoid", "Tanh", "Exp"} {
		list = append(list, vector{op: op, name: "far numbers", in: []value{given(f32(-100, 100, -20, 20, nan, inf, -inf, 0), 8)}})
	}
	for _, op := range []string{"Relu", "Abs", "Neg", "Exp", "Sqrt", "Sigmoid", "Tanh", "Reciprocal"} {
		list = append(list, vector{op: op, name: "float64", from: 13, in: []value{within(0.1, 3, 7).of("float64")}})
	}
	for _, elem := range []string{"int8", "int32", "int64"} {
		list = append(list,
			vector{op: "Abs", name: elem, in: []value{ints(-50, 50, 7).of(elem)}},
			vector{op: "Neg", name: elem, in: []value{ints(-50, 50, 7).of(elem)}},
			vector{op: "Sign", name: elem, from: 9, in: []value{ints(-2, 2, 7).of(elem)}})
	}
	list = append(list,
		vector{op: "Relu", name: "int8", from: 14, in: []value{ints(-50, 50, 7).of("int8")}},
		vector{op: "Relu", name: "int32", from: 14, in: []value{ints(-50, 50, 7).of("int32")}})
	return list
}

// arithmeticVectors: several inputs that broadcast.
func arithmeticVectors() []vector {
	matrix, row, column := rnd(3, 4), rnd(4), rnd(3, 1)
	var list []vector
	for _, op := range []string{"Add", "Sub", "Mul", "Div"} {
		list = append(list,
			vector{op: op, name: "same shape", in: []value{matrix, matrix}},
			vector{op: op, name: "row", in: []value{matrix, row}},
			vector{op: op, name: "column", in: []value{column, row}},
			vector{op: op, name: "scalar", in: []value{known(f32(1.5)), matrix}},
			vector{op: op, name: "rank 4", in: []value{rnd(2, 3, 4, 5), rnd(3, 1, 1)}},
			vector{op: op, name: "float64", in: []value{within(1, 2, 5).of("float64"), within(1, 2, 5).of("float64")}},
			vector{op: op, name: "int64", in: []value{ints(-40, 40, 6), ints(1, 9, 6)}},
			vector{op: op, name: "int32", in: []value{ints(-40, 40, 6).of("int32"), ints(1, 9, 6).of("int32")}},
			vector{op: op, name: "uint8", from: 14, in: []value{ints(0, 250, 6).of("uint8"), ints(1, 9, 6).of("uint8")}},
			vector{op: op, name: "int8", from: 14, in: []value{ints(-120, 120, 6).of("int8"), ints(1, 9, 6).of("int8")}})
	}
	for _, op := range []string{"Max", "Min"} {
		list = append(list,
			vector{op: op, name: "three", from: 8, in: []value{matrix, row, column}},
			vector{op: op, name: "one", from: 8, in: []value{matrix}},
			vector{op: op, name: "equal shapes", in: []value{matrix, matrix}},
			vector{op: op, name: "NaN", from: 8, in: []value{given(f32(1, nan, 3), 3), given(f32(nan, 2, 4), 3)}},
			vector{op: op, name: "int64", from: 12, in: []value{ints(-9, 9, 6), ints(-9, 9, 6)}},
			vector{op: op, name: "int32", from: 12, in: []value{ints(-9, 9, 6).of("int32"), ints(-9, 9, 1).of("int32")}},
			vector{op: op, name: "uint64", from: 12, in: []value{given([]uint64{1, 1 << 63, 5}, 3), given([]uint64{2, 3, 1<<63 + 1}, 3)}})
	}
	for _, op := range []string{"Sum", "Mean"} {
		list = append(list,
			vector{op: op, name: "three", from: 8, in: []value{matrix, row, column}},
			vector{op: op, name: "one", in: []value{matrix}},
			vector{op: op, name: "equal shapes", in: []value{matrix, matrix}})
	}
	base := within(0.2, 3, 3, 4)
	list = append(list,
		vector{op: "Pow", name: "float32", in: []value{base, within(-2, 3, 3, 4)}},
		vector{op: "Pow", name: "row", in: []value{base, row}},
		vector{op: "Pow", name: "square", in: []value{matrix, known(f32(2))}},
		vector{op: "Pow", name: "root", in: []value{base, known(f32(0.5))}},
		vector{op: "Pow", name: "odd numbers", in: []value{given(f32(0, 0, -2, -2, inf, 2), 6), given(f32(0, 2, 3, 0.5, -1, inf), 6)}},
		vector{op: "Pow", name: "float32 by int64", from: 12, in: []value{base, ints(-2, 3, 3, 4)}},
		vector{op: "Pow", name: "float32 by int32", from: 12, in: []value{base, ints(-2, 3, 3, 4).of("int32")}},
		vector{op: "Pow", name: "int64 by int64", from: 12, in: []value{ints(-4, 4, 6), ints(0, 5, 6)}},
		vector{op: "Pow", name: "int32 by int32", from: 12, in: []value{ints(-4, 4, 6).of("int32"), ints(0, 5, 6).of("int32")}},
		vector{op: "Pow", name: "int64 by float32", from: 12, in: []value{ints(1, 4, 6), within(0, 3, 6)}},
		vector{op: "Pow", name: "float64", in: []value{base.of("float64"), base.of("float64")}},
		vector{op: "PRelu", name: "slope a channel", in: []value{rnd(2, 3, 4, 4), rnd(3, 1, 1)}},
		vector{op: "PRelu", name: "one slope", in: []value{matrix, known(f32(0.2), 1)}},
		vector{op: "Mod", name: "int64", from: 10, in: []value{given(i64(-4, 7, 5, 4, -7, 8), 6), given(i64(2, -3, 8, -2, 3, 5), 6)}},
		vector{op: "Mod", name: "int32 fmod", from: 10, attrs: attrs{"fmod": 1}, in: []value{given([]int32{-4, 7, 5, 4, -7, 8}, 6), given([]int32{2, -3, 8, -2, 3, 5}, 6)}},
		vector{op: "Mod", name: "float32", from: 10, attrs: attrs{"fmod": 1}, in: []value{rnd(3, 4), within(0.3, 1, 4)}},
		vector{op: "Mod", name: "uint8", from: 10, in: []value{ints(0, 250, 6).of("uint8"), ints(1, 9, 6).of("uint8")}},
		vector{op: "Where", name: "same shape", from: 9, in: []value{rnd(3, 4).of("bool"), matrix, matrix}},
		vector{op: "Where", name: "broadcast", from: 9, in: []value{rnd(3, 1).of("bool"), row, rnd(2, 1, 1)}},
		vector{op: "Where", name: "int64", from: 9, in: []value{rnd(6).of("bool"), ints(-9, 9, 6), ints(-9, 9, 1)}},
		vector{op: "Where", name: "uint8", from: 9, in: []value{rnd(6).of("bool"), ints(0, 99, 6).of("uint8"), ints(0, 99, 6).of("uint8")}},
		vector{op: "MatMul", name: "matrices", in: []value{rnd(3, 4), rnd(4, 5)}},
		vector{op: "MatMul", name: "batches", in: []value{rnd(2, 1, 3, 4), rnd(3, 4, 5)}},
		vector{op: "MatMul", name: "row", in: []value{rnd(4), rnd(4, 5)}},
		vector{op: "MatMul", name: "column", in: []value{rnd(2, 3, 4), rnd(4)}},
		vector{op: "MatMul", name: "weights", in: []value{rnd(2, 3, 4), weights(4, 4, 5)}},
		vector{op: "MatMul", name: "long sums", in: []value{rnd(2, 5, 141), weights(141, 141, 33)}},
		vector{op: "MatMul", name: "long sums, vectors", in: []value{rnd(141), rnd(3, 141, 7)}, tol: 2e-5},
		vector{op: "MatMul", name: "int32", from: 9, in: []value{ints(-9, 9, 3, 4).of("int32"), ints(-9, 9, 4, 2).of("int32")}},
		vector{op: "MatMul", name: "float64", from: 9, in: []value{rnd(3, 4).of("float64"), rnd(4, 2).of("float64")}},
		vector{op: "Gemm", name: "all", attrs: attrs{"alpha": 0.5, "beta": 0.25, "transA": 1, "transB": 1}, in: []value{rnd(4, 3), rnd(5, 4), rnd(3, 5)}},
		vector{op: "Gemm", name: "row", in: []value{rnd(3, 4), rnd(4, 5), rnd(5)}},
		vector{op: "Gemm", name: "column", in: []value{rnd(3, 4), rnd(4, 5), rnd(3, 1)}},
		vector{op: "Gemm", name: "without C", from: 11, in: []value{rnd(3, 4), rnd(4, 5)}},
		vector{op: "Einsum", name: "product", from: 12, attrs: attrs{"equation": "ij,jk->ik"}, in: []value{rnd(3, 4), rnd(4, 2)}},
		vector{op: "Einsum", name: "transpose", from: 12, attrs: attrs{"equation": "ij->ji"}, in: []value{rnd(3, 4)}},
		vector{op: "Einsum", name: "sum", from: 12, attrs: attrs{"equation": "ij->i"}, in: []value{rnd(3, 4)}},
		vector{op: "Einsum", name: "batches", from: 12, attrs: attrs{"equation": "bij, bjk -> bik"}, in: []value{rnd(2, 3, 4), rnd(2, 4, 2)}},
		vector{op: "Einsum", name: "ellipsis", from: 12, attrs: attrs{"equation": "...ij,...jk->...ik"}, in: []value{rnd(2, 3, 4), rnd(2, 4, 2)}},
		vector{op: "Einsum", name: "implied", from: 12, attrs: attrs{"equation": "bhwc,hkc"}, in: []value{rnd(2, 3, 4, 5), rnd(3, 6, 5)}},
		vector{op: "Einsum", name: "attention", from: 12, attrs: attrs{"equation": "bqnc,bnchw->bqnhw"}, in: []value{rnd(1, 2, 3, 4), rnd(1, 3, 4, 2, 2)}},
		vector{op: "Einsum", name: "inner", from: 12, attrs: attrs{"equation": "i,i"}, in: []value{rnd(5), rnd(5)}},
		vector{op: "Einsum", name: "trace", from: 12, attrs: attrs{"equation": "ii->i"}, in: []value{rnd(4, 4)}},
	)
	for op, from := range map[string]int{"Equal": 11, "Greater": 9, "Less": 9, "GreaterOrEqual": 12, "LessOrEqual": 12} {
		list = append(list,
			vector{op: op, name: "float32", from: from, in: []value{given(f32(1, 2, 3, nan), 4), given(f32(1, 3, 2, nan), 4)}},
			vector{op: op, name: "int64", from: from, in: []value{ints(-2, 2, 3, 4), ints(-2, 2, 4)}},
			vector{op: op, name: "int32", from: from, in: []value{ints(-2, 2, 3, 4).of("int32"), ints(-2, 2, 1).of("int32")}})
	}
	list = append(list, vector{op: "Equal", name: "bool", in: []value{rnd(8).of("bool"), rnd(8).of("bool")}},
		vector{op: "Equal", name: "int64 early", in: []value{ints(-2, 2, 3, 4), ints(-2, 2, 4)}})
	for _, op := range []string{"And", "Or", "Xor"} {
		list = append(list,
			vector{op: op, name: "same shape", in: []value{rnd(3, 4).of("bool"), rnd(3, 4).of("bool")}},
			vector{op: op, name: "broadcast", in: []value{rnd(3, 1).of("bool"), rnd(4).of("bool")}})
	}
	return list
}
