package infer_test

// resizeCases are the examples of Operators.md#Resize, and of Upsample.
func resizeCases() []opCase {
	two := arr(f32(1, 2, 3, 4), 1, 1, 2, 2)
	wide := arr(f32(1, 2, 3, 4, 5, 6, 7, 8), 1, 1, 2, 4)
	four := arr(f32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), 1, 1, 4, 4)
	scales := func(y, x float32) []array { return []array{{none: true}, fixed(f32(1, 1, y, x), 4)} }
	sizes := func(y, x int64) []array { return []array{{none: true}, {none: true}, fixed(i64(1, 1, y, x), 4)} }
	resize := func(name string, x array, by []array, want array, attrs ...part) opCase {
		return opCase{name: name, op: "Resize", in: append([]array{x}, by...), want: []array{want}, attrs: attrs, tol: 1e-6}
	}
	linear, cubic, nearest := attr("mode", "linear"), attr("mode", "cubic"), attr("mode", "nearest")
	where := func(s string) part { return attr("coordinate_transformation_mode", s) }
	return []opCase{
		resize("linear up", two, scales(2, 2), arr(f32(1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5,
			2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4), 1, 1, 4, 4), linear),
		resize("linear up, corners", two, scales(2, 2), arr(f32(1, 4./3, 5./3, 2, 5./3, 2, 7./3, 8./3,
			7./3, 8./3, 3, 10./3, 3, 10./3, 11./3, 4), 1, 1, 4, 4), linear, where("align_corners")),
		resize("linear up, asymmetric", two, scales(2, 2), arr(f32(1, 1.5, 2, 2, 2, 2.5, 3, 3,
			3, 3.5, 4, 4, 3, 3.5, 4, 4), 1, 1, 4, 4), linear, where("asymmetric")),
		resize("linear down", wide, scales(0.6, 0.6), arr(f32(2.6666665, 4.3333331), 1, 1, 1, 2), linear),
		// The standard's node test has 3.142857 here, for a length of 2.4. Its text
		// says length of the result, which is 2; ONNX Runtime does the same.
		resize("linear down, corners", wide, scales(0.6, 0.6), arr(f32(1, 4), 1, 1, 1, 2), linear, where("align_corners")),
		resize("linear halved is the mean", four, scales(0.5, 0.5), arr(f32(3.5, 5.5, 11.5, 13.5), 1, 1, 2, 2), linear),
		resize("linear to size, pytorch", four, sizes(3, 1), arr(f32(1.6666666, 7, 12.333333), 1, 1, 3, 1), linear, where("pytorch_half_pixel")),
		resize("linear, symmetric", arr(f32(1, 2, 3, 4), 1, 1, 1, 4), scales(1, 0.6), arr(f32(1.6666667, 3.3333333), 1, 1, 1, 2), linear, where("half_pixel_symmetric")),
		resize("cubic down", four, scales(0.8, 0.8), arr(f32(1.47119141, 2.78125, 4.08251953, 6.71142578, 8.02148438, 9.32275391,
			11.91650391, 13.2265625, 14.52783203), 1, 1, 3, 3), cubic),
		resize("cubic down, outside left out", four, scales(0.8, 0.8), arr(f32(1.36812675, 2.6695014, 4.0133367, 6.57362535, 7.875,
			9.2188353, 11.94896657, 13.25034122, 14.59417652), 1, 1, 3, 3), cubic, attr("cubic_coeff_a", -0.5), attr("exclude_outside", 1)),
		resize("nearest up", two, scales(2, 3), arr(f32(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,
			3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4), 1, 1, 4, 6), nearest),
		resize("nearest down", wide, scales(0.6, 0.6), arr(f32(1, 3), 1, 1, 1, 2), nearest),
		resize("nearest to size", wide, sizes(1, 3), arr(f32(1, 2, 4), 1, 1, 1, 3), nearest),
		resize("nearest, ceil", four, sizes(8, 1), arr(f32(1, 5, 5, 9, 9, 13, 13, 13), 1, 1, 8, 1),
			nearest, attr("nearest_mode", "ceil"), where("pytorch_half_pixel")),
		resize("nearest, floor, corners", four, sizes(1, 8), arr(f32(1, 1, 1, 2, 2, 3, 3, 4), 1, 1, 1, 8),
			nearest, attr("nearest_mode", "floor"), where("align_corners")),
		resize("nearest, ceil preferred, asymmetric", four, sizes(1, 8), arr(f32(1, 2, 2, 3, 3, 4, 4, 4), 1, 1, 1, 8),
			nearest, attr("nearest_mode", "round_prefer_ceil"), where("asymmetric")),
		resize("nearest for TensorFlow", arr(f32(1, 2, 3, 4), 1, 1, 1, 4), scales(1, 0.5), arr(f32(2, 4), 1, 1, 1, 2),
			nearest, where("tf_half_pixel_for_nn"), attr("nearest_mode", "floor")),
		{
			name: "some axes", op: "Resize", opset: 18, attrs: []part{linear, attr("axes", []int{3})},
			in:   []array{arr(f32(1, 2), 1, 1, 1, 2), {none: true}, fixed(f32(2), 1)},
			want: []array{arr(f32(1, 1.25, 1.75, 2), 1, 1, 1, 4)}, tol: 1e-6,
		},
		{
			name: "version 10", op: "Resize", opset: 10, attrs: []part{nearest},
			in: []array{wide, fixed(f32(1, 1, 0.6, 0.6), 4)}, want: []array{arr(f32(1, 3), 1, 1, 1, 2)},
		},
		{
			name: "version 10 linear", op: "Resize", opset: 10, attrs: []part{linear},
			in:   []array{two, fixed(f32(1, 1, 1, 2), 4)},
			want: []array{arr(f32(1, 1.5, 2, 2, 3, 3.5, 4, 4), 1, 1, 2, 4)}, tol: 1e-6,
		},
		{
			name: "version 7", op: "Upsample", opset: 7, attrs: []part{nearest, attr("scales", []float64{1, 1, 1, 2})},
			in: []array{two}, want: []array{arr(f32(1, 1, 2, 2, 3, 3, 4, 4), 1, 1, 2, 4)},
		},
	}
}
