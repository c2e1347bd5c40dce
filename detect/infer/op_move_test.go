package infer_test

import "math"

// moveCases are operators that move, reshape or convert elements.
func moveCases() []opCase {
	matrix := arr(f32(1, 2, 3, 4, 5, 6), 2, 3)
	whole := arr(i64(1, 2, 3, 4, 5, 6), 2, 3)
	return []opCase{
		{name: "perm", op: "Transpose", attrs: []part{attr("perm", []int{1, 0, 2})}, in: []array{arr(f32(1, 2, 3, 4, 5, 6), 3, 1, 2)}, want: []array{arr(f32(1, 2, 3, 4, 5, 6), 1, 3, 2)}},
		{name: "reversed", op: "Transpose", in: []array{whole}, want: []array{arr(i64(1, 4, 2, 5, 3, 6), 3, 2)}},
		{name: "keep and infer", op: "Reshape", in: []array{arr(upTo(12), 2, 3, 2), fixed(i64(0, -1), 2)}, want: []array{arr(upTo(12), 2, 6)}},
		{name: "to a scalar", op: "Reshape", in: []array{arr(f32(7), 1, 1), fixed(i64(), 0)}, want: []array{arr(f32(7))}},
		{name: "default", op: "Flatten", in: []array{arr(upTo(12), 2, 3, 2)}, want: []array{arr(upTo(12), 2, 6)}},
		{name: "negative axis", op: "Flatten", attrs: []part{attr("axis", -1)}, in: []array{arr(upTo(12), 2, 3, 2)}, want: []array{arr(upTo(12), 6, 2)}},
		{name: "axis 0", op: "Flatten", attrs: []part{attr("axis", 0)}, in: []array{matrix}, want: []array{arr(f32(1, 2, 3, 4, 5, 6), 1, 6)}},
		{name: "all", op: "Squeeze", in: []array{arr(f32(1, 2), 1, 2, 1)}, want: []array{arr(f32(1, 2), 2)}},
		{name: "by input", op: "Squeeze", in: []array{arr(f32(1, 2), 1, 2, 1), fixed(i64(-1), 1)}, want: []array{arr(f32(1, 2), 1, 2)}},
		{name: "by attribute", op: "Squeeze", opset: 11, attrs: []part{attr("axes", []int{0})}, in: []array{arr(f32(1, 2), 1, 2, 1)}, want: []array{arr(f32(1, 2), 2, 1)}},
		{name: "by input", op: "Unsqueeze", in: []array{arr(f32(1, 2), 2), fixed(i64(0, -1), 2)}, want: []array{arr(f32(1, 2), 1, 2, 1)}},
		{name: "by attribute", op: "Unsqueeze", opset: 11, attrs: []part{attr("axes", []int{1})}, in: []array{arr(f32(1, 2), 2)}, want: []array{arr(f32(1, 2), 2, 1)}},
		{
			name: "inner axis", op: "Concat", attrs: []part{attr("axis", -1)},
			in: []array{matrix, arr(f32(7, 8), 2, 1)}, want: []array{arr(f32(1, 2, 3, 7, 4, 5, 6, 8), 2, 4)},
		},
		{name: "outer axis", op: "Concat", attrs: []part{attr("axis", 0)}, in: []array{whole, arr(i64(7, 8, 9), 1, 3)}, want: []array{arr(i64(1, 2, 3, 4, 5, 6, 7, 8, 9), 3, 3)}},
		{name: "equal", op: "Split", in: []array{arr(upTo(6), 6)}, want: []array{arr(f32(0, 1, 2), 3), arr(f32(3, 4, 5), 3)}},
		{
			name: "by input, middle", op: "Split", attrs: []part{attr("axis", 1)}, in: []array{arr(upTo(8), 2, 4), fixed(i64(1, 3), 2)},
			want: []array{arr(f32(0, 4), 2, 1), arr(f32(1, 2, 3, 5, 6, 7), 2, 3)},
		},
		{
			name: "by attribute, one left out", op: "Split", opset: 11, attrs: []part{attr("split", []int{1, 2, 1})}, in: []array{arr(upTo(4), 4)},
			want: []array{arr(f32(0), 1), {none: true}, arr(f32(3), 1)},
		},
		{name: "smaller last", op: "Split", opset: 18, attrs: []part{attr("num_outputs", 2)}, in: []array{arr(upTo(5), 5)}, want: []array{arr(f32(0, 1, 2), 3), arr(f32(3, 4), 2)}},
		{
			name: "steps", op: "Slice", in: []array{arr(upTo(12), 3, 4), fixed(i64(0, 3), 2), fixed(i64(math.MaxInt64, math.MinInt64), 2), fixed(i64(0, 1), 2), fixed(i64(2, -2), 2)},
			want: []array{arr(f32(3, 1, 11, 9), 2, 2)},
		},
		{
			name: "negative, clamped", op: "Slice", in: []array{arr(upTo(5), 5), fixed(i64(-3), 1), fixed(i64(1000), 1)},
			want: []array{arr(f32(2, 3, 4), 3)},
		},
		{
			name: "by attribute", op: "Slice", opset: 9, attrs: []part{attr("starts", []int{1}), attr("ends", []int{-1}), attr("axes", []int{1})},
			in: []array{matrix}, want: []array{arr(f32(2, 5), 2, 1)},
		},
		{
			name: "constant", op: "Pad", in: []array{matrix, fixed(i64(0, 1, 1, 0), 4), fixed(f32(9))},
			want: []array{arr(f32(9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9), 3, 4)},
		},
		{name: "crop", op: "Pad", in: []array{matrix, fixed(i64(-1, 0, 0, -1), 4)}, want: []array{arr(f32(4, 5), 1, 2)}},
		{name: "edge", op: "Pad", attrs: []part{attr("mode", "edge")}, in: []array{arr(f32(1, 2), 2), fixed(i64(2, 1), 2)}, want: []array{arr(f32(1, 1, 1, 2, 2), 5)}},
		{name: "reflect", op: "Pad", attrs: []part{attr("mode", "reflect")}, in: []array{arr(f32(1, 2, 3), 3), fixed(i64(2, 2), 2)}, want: []array{arr(f32(3, 2, 1, 2, 3, 2, 1), 7)}},
		{name: "wrap", op: "Pad", opset: 19, attrs: []part{attr("mode", "wrap")}, in: []array{arr(f32(1, 2, 3), 3), fixed(i64(1, 2), 2)}, want: []array{arr(f32(3, 1, 2, 3, 1, 2), 6)}},
		{
			name: "one axis", op: "Pad", opset: 18, in: []array{arr(f32(1, 2), 1, 2), fixed(i64(1, 0), 2), fixed(f32(5)), fixed(i64(-1), 1)},
			want: []array{arr(f32(5, 1, 2), 1, 3)},
		},
		{
			name: "by attribute", op: "Pad", opset: 10, attrs: []part{attr("pads", []int{1, 1}), attr("value", 4.0)},
			in: []array{arr(f32(1), 1)}, want: []array{arr(f32(4, 1, 4), 3)},
		},
		{name: "rows", op: "Gather", in: []array{matrix, fixed(i64(1, -2, 1), 3)}, want: []array{arr(f32(4, 5, 6, 1, 2, 3, 4, 5, 6), 3, 3)}},
		{name: "columns, index of two dimensions", op: "Gather", attrs: []part{attr("axis", 1)}, in: []array{matrix, fixed(i64(2, 0), 1, 2)}, want: []array{arr(f32(3, 1, 6, 4), 2, 1, 2)}},
		{name: "scalar index", op: "Gather", in: []array{whole, fixed(i64(1))}, want: []array{arr(i64(4, 5, 6), 3)}},
		{name: "", op: "Expand", in: []array{arr(f32(1, 2), 2, 1), fixed(i64(2, 1, 3), 3)}, want: []array{arr(f32(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2), 2, 2, 3)}},
		{name: "", op: "Tile", in: []array{arr(f32(1, 2, 3, 4), 2, 2), fixed(i64(1, 2), 2)}, want: []array{arr(f32(1, 2, 1, 2, 3, 4, 3, 4), 2, 4)}},
		{
			name: "DCR", op: "DepthToSpace", attrs: []part{attr("blocksize", 2)},
			in: []array{arr(upTo(8), 1, 8, 1, 1)}, want: []array{arr(f32(0, 2, 4, 6, 1, 3, 5, 7), 1, 2, 2, 2)},
		},
		{
			name: "CRD", op: "DepthToSpace", attrs: []part{attr("blocksize", 2), attr("mode", "CRD")},
			in: []array{arr(upTo(8), 1, 8, 1, 1)}, want: []array{arr(f32(0, 1, 2, 3, 4, 5, 6, 7), 1, 2, 2, 2)},
		},
		{name: "whole", op: "Shape", in: []array{matrix}, want: []array{arr(i64(2, 3), 2)}},
		{name: "part", op: "Shape", opset: 15, attrs: []part{attr("start", -2), attr("end", 3)}, in: []array{arr(upTo(24), 2, 3, 4)}, want: []array{arr(i64(3, 4), 2)}},
		{name: "", op: "Size", in: []array{matrix}, want: []array{arr(i64(6))}},
		{name: "tensor", op: "Constant", attrs: []part{attr("value", constant("", []int{2}, []uint8{3, 4}))}, want: []array{arr([]uint8{3, 4}, 2)}},
		{name: "float", op: "Constant", attrs: []part{attr("value_float", 1.5)}, want: []array{arr(f32(1.5))}},
		{name: "int", op: "Constant", attrs: []part{attr("value_int", -7)}, want: []array{arr(i64(-7))}},
		{name: "floats", op: "Constant", attrs: []part{attr("value_floats", []float64{1, 2})}, want: []array{arr(f32(1, 2), 2)}},
		{name: "ints", op: "Constant", attrs: []part{attr("value_ints", []int{1, 2})}, want: []array{arr(i64(1, 2), 2)}},
		{name: "default", op: "ConstantOfShape", in: []array{fixed(i64(2, 2), 2)}, want: []array{arr(f32(0, 0, 0, 0), 2, 2)}},
		{
			name: "value", op: "ConstantOfShape", attrs: []part{attr("value", constant("", []int{1}, i64(5)))},
			in: []array{fixed(i64(3), 1)}, want: []array{arr(i64(5, 5, 5), 3)},
		},
		{name: "to int32", op: "Cast", attrs: []part{attr("to", 6)}, in: []array{arr(f32(1.9, -1.9, nan, 1e20, -1e20), 5)}, want: []array{arr([]int32{1, -1, 0, math.MaxInt32, math.MinInt32}, 5)}},
		{name: "to uint8", op: "Cast", attrs: []part{attr("to", 2)}, in: []array{arr(f32(255.5, -1, 7), 3)}, want: []array{arr([]uint8{255, 0, 7}, 3)}},
		{name: "from uint8", op: "Cast", attrs: []part{attr("to", 1)}, in: []array{arr([]uint8{0, 200}, 2)}, want: []array{arr(f32(0, 200), 2)}},
		{name: "from bool", op: "Cast", attrs: []part{attr("to", 7)}, in: []array{arr([]bool{true, false}, 2)}, want: []array{arr(i64(1, 0), 2)}},
		{name: "to bool", op: "Cast", attrs: []part{attr("to", 9)}, in: []array{arr(f32(0, -2, nan), 3)}, want: []array{arr([]bool{false, true, true}, 3)}},
		{name: "to float64", op: "Cast", attrs: []part{attr("to", 11)}, in: []array{arr(i64(1<<40), 1)}, want: []array{arr([]float64{1 << 40}, 1)}},
		{name: "large uint64", op: "Cast", attrs: []part{attr("to", 1)}, in: []array{arr([]uint64{math.MaxUint64}, 1)}, want: []array{arr(f32(18446744073709551616), 1)}},
		{name: "int64 wraps", op: "Cast", attrs: []part{attr("to", 3)}, in: []array{arr(i64(300, -1), 2)}, want: []array{arr([]int8{44, -1}, 2)}},
		{name: "to itself", op: "Cast", attrs: []part{attr("to", 1)}, in: []array{matrix}, want: []array{matrix}},
	}
}
