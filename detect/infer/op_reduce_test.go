package infer_test

// reduceCases are sums and other reductions, along one axis and over all.
func reduceCases() []opCase {
	cube := arr(f32(1, 2, 3, 4, 5, 6, 7, 8), 2, 2, 2)
	one := func(op string, x, want array, attrs ...part) opCase {
		return opCase{name: "axis 1", op: op, attrs: append(attrs, attr("axes", []int{1}), attr("keepdims", 0)), in: []array{x}, want: []array{want}, tol: 1e-7}
	}
	matrix := arr(f32(1, 2, 3, 4), 2, 2)
	return []opCase{
		{name: "all", op: "ReduceSum", in: []array{cube}, want: []array{arr(f32(36), 1, 1, 1)}},
		{name: "by input", op: "ReduceSum", attrs: []part{attr("keepdims", 0)}, in: []array{cube, fixed(i64(0, -1), 2)}, want: []array{arr(f32(14, 22), 2)}},
		one("ReduceMean", cube, arr(f32(2, 3, 6, 7), 2, 2)),
		one("ReduceSumSquare", matrix, arr(f32(5, 25), 2)),
		one("ReduceL1", arr(f32(1, -2, 3, -4), 2, 2), arr(f32(3, 7), 2)),
		one("ReduceL2", arr(f32(3, 4, 6, 8), 2, 2), arr(f32(5, 10), 2)),
		one("ReduceLogSum", matrix, arr(f32(1.0986122887, 1.9459101091), 2)),
		one("ReduceLogSumExp", arr(f32(0, 0, 1000, 1000), 2, 2), arr(f32(0.6931471806, 1000.6931471806), 2)),
		one("ReduceProd", matrix, arr(f32(2, 12), 2)),
		one("ReduceMax", matrix, arr(f32(2, 4), 2)),
		one("ReduceMin", matrix, arr(f32(1, 3), 2)),
		{name: "first of equals", op: "ArgMax", attrs: []part{attr("axis", 1)}, in: []array{arr(f32(1, 3, 3, 4, 2, 1), 2, 3)}, want: []array{arr(i64(1, 0), 2, 1)}},
		{
			name: "last of equals", op: "ArgMax", attrs: []part{attr("axis", 1), attr("select_last_index", 1), attr("keepdims", 0)},
			in: []array{arr(f32(1, 3, 3, 4, 2, 1), 2, 3)}, want: []array{arr(i64(2, 0), 2)},
		},
		{name: "default axis", op: "ArgMin", in: []array{arr(f32(1, 3, 0, 4), 2, 2)}, want: []array{arr(i64(1, 0), 1, 2)}},
		{
			name: "last axis", op: "Softmax", in: []array{arr(f32(0, 0, 1000, 0), 2, 2)},
			want: []array{arr(f32(0.5, 0.5, 1, 0), 2, 2)},
		},
		{
			name: "middle axis", op: "Softmax", attrs: []part{attr("axis", 1)}, in: []array{arr(f32(0, 5, 0, 5), 1, 2, 2)},
			want: []array{arr(f32(0.5, 0.5, 0.5, 0.5), 1, 2, 2)},
		},
		{
			name: "old versions flatten", op: "Softmax", opset: 12, attrs: []part{attr("axis", 1)}, in: []array{arr(f32(0, 0, 0, 0), 1, 2, 2)},
			want: []array{arr(f32(0.25, 0.25, 0.25, 0.25), 1, 2, 2)},
		},
		{
			name: "", op: "LogSoftmax", in: []array{arr(f32(-1, 0, 1), 1, 3)},
			want: []array{arr(f32(-2.4076059644, -1.4076059644, -0.4076059644), 1, 3)}, tol: 1e-7,
		},
	}
}
