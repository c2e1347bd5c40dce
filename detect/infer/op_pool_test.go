package infer_test

// poolCases are examples of Operators.md#MaxPool and AveragePool and small ones
// by hand.
func poolCases() []opCase {
	picture := arr(f32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25), 1, 1, 5, 5)
	square := arr(f32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), 1, 1, 4, 4)
	return []opCase{
		{
			name: "padded", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{5, 5}), attr("pads", []int{2, 2, 2, 2})},
			in: []array{picture},
			want: []array{arr(f32(13, 14, 15, 15, 15, 18, 19, 20, 20, 20, 23, 24, 25, 25, 25, 23, 24, 25, 25, 25,
				23, 24, 25, 25, 25), 1, 1, 5, 5)},
		},
		{
			name: "strides", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2, 2}), attr("strides", []int{2, 2})},
			in: []array{picture}, want: []array{arr(f32(7, 9, 17, 19), 1, 1, 2, 2)},
		},
		{
			name: "same", op: "MaxPool",
			attrs: []part{attr("kernel_shape", []int{3, 3}), attr("strides", []int{2, 2}), attr("auto_pad", "SAME_UPPER")},
			in:    []array{picture}, want: []array{arr(f32(7, 9, 10, 17, 19, 20, 22, 24, 25), 1, 1, 3, 3)},
		},
		{
			name: "ceil", op: "MaxPool",
			attrs: []part{attr("kernel_shape", []int{3, 3}), attr("strides", []int{2, 2}), attr("ceil_mode", 1)},
			in:    []array{square}, want: []array{arr(f32(11, 12, 15, 16), 1, 1, 2, 2)},
		},
		{
			name: "dilated", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2, 2}), attr("dilations", []int{2, 2})},
			in: []array{square}, want: []array{arr(f32(11, 12, 15, 16), 1, 1, 2, 2)},
		},
		{
			name: "padding does not win", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2}), attr("pads", []int{1, 0})},
			in: []array{arr(f32(-3, -2, nan), 1, 1, 3)}, want: []array{arr(f32(-3, -2, nan), 1, 1, 3)},
		},
		{
			name: "indices", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2, 2}), attr("strides", []int{2, 2})},
			in: []array{picture}, want: []array{arr(f32(7, 9, 17, 19), 1, 1, 2, 2), arr(i64(6, 8, 16, 18), 1, 1, 2, 2)},
		},
		{
			name: "indices by columns", op: "MaxPool",
			attrs: []part{attr("kernel_shape", []int{2, 2}), attr("strides", []int{2, 2}), attr("storage_order", 1)},
			in:    []array{picture}, want: []array{arr(f32(7, 9, 17, 19), 1, 1, 2, 2), arr(i64(6, 16, 8, 18), 1, 1, 2, 2)},
		},
		{
			name: "three dimensions", op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2, 2, 2})},
			in: []array{arr(f32(1, 2, 3, 4, 5, 6, 7, 8), 1, 1, 2, 2, 2)}, want: []array{arr(f32(8), 1, 1, 1, 1, 1)},
		},
		{
			name: "padded", op: "AveragePool", attrs: []part{attr("kernel_shape", []int{3, 3}), attr("pads", []int{1, 1, 1, 1}), attr("strides", []int{2, 2})},
			in: []array{square}, want: []array{arr(f32(3.5, 5, 9.5, 11), 1, 1, 2, 2)},
		},
		{
			name: "padding counts", op: "AveragePool",
			attrs: []part{attr("kernel_shape", []int{2}), attr("pads", []int{1, 1}), attr("count_include_pad", 1)},
			in:    []array{arr(f32(2, 4), 1, 1, 2)}, want: []array{arr(f32(1, 3, 2), 1, 1, 3)},
		},
		{
			name: "ceil", op: "AveragePool",
			attrs: []part{attr("kernel_shape", []int{2}), attr("strides", []int{2}), attr("ceil_mode", 1), attr("count_include_pad", 1)},
			in:    []array{arr(f32(2, 4, 5), 1, 1, 3)}, want: []array{arr(f32(3, 5), 1, 1, 2)},
		},
		{name: "", op: "GlobalAveragePool", in: []array{arr(f32(1, 2, 3, 4, 10, 20, 30, 40), 1, 2, 2, 2)}, want: []array{arr(f32(2.5, 25), 1, 2, 1, 1)}},
		{name: "", op: "GlobalMaxPool", in: []array{arr(f32(1, 4, 3, 2, -10, -20, -30, -40), 1, 2, 2, 2)}, want: []array{arr(f32(4, -10), 1, 2, 1, 1)}},
	}
}
