package infertest

// networkVectors: what networks are made of.
func networkVectors() []vector {
	square, wide := rnd(1, 3, 7, 7), rnd(2, 4, 9, 6)
	k33, k11 := weights(27, 5, 3, 3, 3), weights(4, 6, 4, 1, 1)
	one := func(v ...int) []int { return v }
	list := []vector{
		{op: "Conv", name: "plain", in: []value{square, k33}},
		{op: "Conv", name: "bias", in: []value{square, k33, rnd(5).fixed()}},
		{op: "Conv", name: "pads", attrs: attrs{"pads": one(1, 1, 1, 1)}, in: []value{square, k33}},
		{op: "Conv", name: "uneven pads", attrs: attrs{"pads": one(0, 2, 1, 0), "kernel_shape": one(3, 3)}, in: []value{square, k33}},
		{op: "Conv", name: "strides", attrs: attrs{"pads": one(1, 1, 1, 1), "strides": one(2, 2)}, in: []value{square, k33}},
		{op: "Conv", name: "uneven strides", attrs: attrs{"strides": one(1, 3)}, in: []value{square, k33}},
		{op: "Conv", name: "dilations", attrs: attrs{"pads": one(2, 2, 2, 2), "dilations": one(2, 2)}, in: []value{square, k33}},
		{op: "Conv", name: "same, upper", attrs: attrs{"auto_pad": "SAME_UPPER", "strides": one(2, 2)}, in: []value{wide, weights(36, 3, 4, 3, 3)}},
		{op: "Conv", name: "same, lower", attrs: attrs{"auto_pad": "SAME_LOWER", "strides": one(2, 2)}, in: []value{wide, weights(36, 3, 4, 3, 3)}},
		{op: "Conv", name: "valid", attrs: attrs{"auto_pad": "VALID"}, in: []value{square, k33}},
		{op: "Conv", name: "pointwise", in: []value{wide, k11}},
		{op: "Conv", name: "pointwise, strided", attrs: attrs{"strides": one(2, 2)}, in: []value{wide, k11}},
		{op: "Conv", name: "depthwise", attrs: attrs{"group": 4, "pads": one(1, 1, 1, 1)}, in: []value{wide, weights(9, 4, 1, 3, 3), rnd(4).fixed()}},
		{op: "Conv", name: "depthwise 5×5, strided", attrs: attrs{"group": 4, "pads": one(2, 2, 2, 2), "strides": one(2, 2)}, in: []value{wide, weights(25, 4, 1, 5, 5)}},
		{op: "Conv", name: "groups", attrs: attrs{"group": 2}, in: []value{wide, weights(18, 6, 2, 3, 3)}},
		{op: "Conv", name: "rank 3", attrs: attrs{"pads": one(1, 1)}, in: []value{rnd(2, 3, 8), weights(9, 4, 3, 3)}},
		{op: "Conv", name: "weights at run time", in: []value{square, rnd(5, 3, 3, 3), rnd(5)}},
		{op: "ConvTranspose", name: "plain", in: []value{rnd(1, 2, 3, 3), weights(9, 2, 3, 3, 3)}},
		{op: "ConvTranspose", name: "strides", attrs: attrs{"strides": one(2, 2), "pads": one(1, 1, 1, 1), "output_padding": one(1, 1)}, in: []value{rnd(1, 2, 3, 4), weights(9, 2, 3, 3, 3), rnd(3).fixed()}},
		{op: "ConvTranspose", name: "2×2", attrs: attrs{"strides": one(2, 2)}, in: []value{rnd(2, 4, 3, 3), weights(4, 4, 2, 2, 2)}},
		{op: "ConvTranspose", name: "dilations", attrs: attrs{"dilations": one(2, 2)}, in: []value{rnd(1, 2, 3, 3), weights(4, 2, 2, 2, 2)}},
		{op: "ConvTranspose", name: "output shape", from: 11, attrs: attrs{"strides": one(3, 2), "output_shape": one(10, 8)}, in: []value{rnd(1, 1, 3, 3), weights(9, 1, 2, 3, 3)}},
		{op: "ConvTranspose", name: "same, upper", from: 11, attrs: attrs{"strides": one(2, 2), "auto_pad": "SAME_UPPER"}, in: []value{rnd(1, 1, 3, 3), weights(9, 1, 2, 3, 3)}},
		{op: "ConvTranspose", name: "same, lower", from: 11, attrs: attrs{"strides": one(2, 2), "auto_pad": "SAME_LOWER"}, in: []value{rnd(1, 1, 3, 3), weights(9, 1, 2, 3, 3)}},
		{op: "ConvTranspose", name: "groups", attrs: attrs{"group": 2, "strides": one(2, 2)}, in: []value{rnd(1, 4, 3, 3), weights(8, 4, 3, 2, 2)}},
		{op: "ConvTranspose", name: "rank 3", attrs: attrs{"strides": one(2)}, in: []value{rnd(1, 2, 5), weights(6, 2, 3, 3)}},
		{op: "ConvTranspose", name: "rank 5", in: []value{rnd(1, 1, 2, 3, 2), weights(8, 1, 2, 2, 2, 2)}},
		{op: "MaxPool", name: "plain", attrs: attrs{"kernel_shape": one(2, 2)}, in: []value{wide}},
		{op: "MaxPool", name: "strides and pads", attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "pads": one(1, 1, 1, 1)}, in: []value{wide}},
		{op: "MaxPool", name: "same, upper", attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "auto_pad": "SAME_UPPER"}, in: []value{wide}},
		{op: "MaxPool", name: "same, lower", attrs: attrs{"kernel_shape": one(2, 2), "auto_pad": "SAME_LOWER"}, in: []value{wide}},
		{op: "MaxPool", name: "ceiling", from: 10, attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "ceil_mode": 1}, in: []value{rnd(1, 1, 4, 6)}},
		{op: "MaxPool", name: "dilations", from: 10, attrs: attrs{"kernel_shape": one(2, 2), "dilations": one(2, 2)}, in: []value{wide}},
		{op: "MaxPool", name: "indices", from: 8, attrs: attrs{"kernel_shape": one(2, 2), "strides": one(2, 2)}, outs: 2, in: []value{wide}},
		{op: "MaxPool", name: "rank 3", attrs: attrs{"kernel_shape": one(2)}, in: []value{rnd(1, 3, 8)}},
		{op: "MaxPool", name: "rank 5", attrs: attrs{"kernel_shape": one(2, 2, 2)}, in: []value{rnd(1, 1, 3, 4, 3)}},
		{op: "AveragePool", name: "plain", attrs: attrs{"kernel_shape": one(2, 2)}, in: []value{wide}},
		{op: "AveragePool", name: "strides and pads", attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "pads": one(1, 1, 1, 1)}, in: []value{wide}},
		{op: "AveragePool", name: "padding counts", attrs: attrs{"kernel_shape": one(3, 3), "pads": one(1, 1, 1, 1), "count_include_pad": 1}, in: []value{wide}},
		{op: "AveragePool", name: "same, upper", attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "auto_pad": "SAME_UPPER"}, in: []value{wide}},
		{op: "AveragePool", name: "ceiling", from: 10, attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "ceil_mode": 1}, in: []value{rnd(1, 1, 4, 6)}},
		{op: "AveragePool", name: "dilations", from: 19, attrs: attrs{"kernel_shape": one(2, 2), "dilations": one(2, 2)}, in: []value{wide}},
		{op: "LpPool", name: "default", attrs: attrs{"kernel_shape": one(2, 2)}, in: []value{wide}},
		{op: "LpPool", name: "order 3", attrs: attrs{"kernel_shape": one(3, 3), "strides": one(2, 2), "p": 3}, in: []value{wide}},
		{op: "GlobalAveragePool", name: "default", in: []value{wide}},
		{op: "GlobalAveragePool", name: "rank 3", in: []value{rnd(2, 3, 7)}},
		{op: "GlobalMaxPool", name: "default", in: []value{wide}},
		{op: "GlobalLpPool", name: "default", in: []value{wide}},
		{op: "BatchNormalization", name: "plain", in: []value{wide, within(0.5, 2, 4).fixed(), rnd(4).fixed(), rnd(4).fixed(), within(0.5, 2, 4).fixed()}},
		{op: "BatchNormalization", name: "epsilon", attrs: attrs{"epsilon": 0.01}, in: []value{wide, within(0.5, 2, 4).fixed(), rnd(4).fixed(), rnd(4).fixed(), within(0.5, 2, 4).fixed()}},
		{op: "BatchNormalization", name: "momentum", attrs: attrs{"momentum": 0.7}, in: []value{rnd(3, 5), within(0.5, 2, 5), rnd(5), rnd(5), within(0.5, 2, 5)}},
		{op: "BatchNormalization", name: "not training", from: 14, attrs: attrs{"training_mode": 0}, in: []value{wide, within(0.5, 2, 4).fixed(), rnd(4).fixed(), rnd(4).fixed(), within(0.5, 2, 4).fixed()}},
		{op: "InstanceNormalization", name: "default", in: []value{wide, rnd(4).fixed(), rnd(4).fixed()}},
		{op: "InstanceNormalization", name: "epsilon", attrs: attrs{"epsilon": 0.01}, in: []value{rnd(2, 3, 8), rnd(3), rnd(3)}},
		{op: "GroupNormalization", name: "by group", from: 18, to: 20, attrs: attrs{"num_groups": 2}, in: []value{wide, rnd(2).fixed(), rnd(2).fixed()}},
		{op: "GroupNormalization", name: "by channel", from: 21, attrs: attrs{"num_groups": 2}, in: []value{wide, rnd(4).fixed(), rnd(4).fixed()}},
		{op: "LayerNormalization", name: "last axis", from: 17, in: []value{rnd(2, 3, 8), rnd(8).fixed(), rnd(8).fixed()}},
		{op: "LayerNormalization", name: "two axes", from: 17, attrs: attrs{"axis": 1, "epsilon": 0.01}, in: []value{rnd(2, 3, 8), rnd(3, 8).fixed()}},
		{op: "LayerNormalization", name: "statistics", from: 17, outs: 3, in: []value{rnd(2, 3, 8), rnd(8), rnd(8)}},
		{op: "MeanVarianceNormalization", name: "default", from: 9, in: []value{wide}},
		{op: "MeanVarianceNormalization", name: "axes", from: 9, attrs: attrs{"axes": one(2, 3)}, in: []value{wide}},
		{op: "LRN", name: "default", attrs: attrs{"size": 3}, in: []value{wide}},
		{op: "LRN", name: "all", attrs: attrs{"size": 5, "alpha": 0.2, "beta": 0.5, "bias": 2.0}, in: []value{rnd(1, 7, 3, 3)}},
	}
	return list
}

// resizeVectors: Resize and Upsample in all their forms.
func resizeVectors() []vector {
	picture, small := rnd(1, 2, 4, 5), rnd(1, 1, 2, 2)
	scales := func(v ...float32) value { return known(v, len(v)) }
	sizes := func(v ...int64) value { return known(v, len(v)) }
	blank := known(f32(), 0) // what versions 11 and 12 want in place of an absent input
	double, third, mixed := scales(1, 1, 2, 2), scales(1, 1, 0.6, 0.8), scales(1, 1, 2.5, 0.7)
	list := []vector{
		{op: "Upsample", name: "attribute, nearest", to: 8, attrs: attrs{"scales": []float64{1, 1, 2, 3}}, in: []value{small}},
		{op: "Upsample", name: "attribute, linear", to: 8, attrs: attrs{"scales": []float64{1, 1, 2, 2}, "mode": "linear"}, in: []value{picture}},
		{op: "Upsample", name: "nearest", from: 9, to: 9, in: []value{small, scales(1, 1, 2, 3)}},
		{op: "Upsample", name: "linear", from: 9, to: 9, attrs: attrs{"mode": "linear"}, in: []value{picture, double}},
		{op: "Resize", name: "first version, nearest", from: 10, to: 10, in: []value{picture, double}},
		{op: "Resize", name: "first version, nearest, smaller", from: 10, to: 10, in: []value{picture, third}},
		{op: "Resize", name: "first version, linear", from: 10, to: 10, attrs: attrs{"mode": "linear"}, in: []value{picture, double}},
		{op: "Resize", name: "first version, linear, smaller", from: 10, to: 10, attrs: attrs{"mode": "linear"}, in: []value{picture, third}},
		{op: "Resize", name: "crop", from: 11, attrs: attrs{"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"}, in: []value{picture, known(f32(0, 0, 0.2, 0.4, 1, 1, 0.9, 0.8), 8), blank, sizes(1, 2, 3, 3)}},
		{op: "Resize", name: "crop beyond", from: 11, attrs: attrs{"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 9.5}, in: []value{picture, known(f32(0, 0, -0.4, 0.4, 1, 1, 0.9, 1.7), 8), blank, sizes(1, 2, 5, 4)}},
		{op: "Resize", name: "axes", from: 18, attrs: attrs{"mode": "linear", "axes": []int{2, 3}}, in: []value{picture, {}, {}, sizes(7, 3)}},
		{op: "Resize", name: "axes in another order", from: 18, attrs: attrs{"mode": "linear", "axes": []int{3, 2}}, in: []value{picture, {}, scales(2, 0.5)}},
		{op: "Resize", name: "not larger", from: 18, attrs: attrs{"mode": "nearest", "axes": []int{2, 3}, "keep_aspect_ratio_policy": "not_larger"}, in: []value{picture, {}, {}, sizes(9, 8)}},
		{op: "Resize", name: "not smaller", from: 18, attrs: attrs{"mode": "linear", "axes": []int{2, 3}, "keep_aspect_ratio_policy": "not_smaller"}, in: []value{picture, {}, {}, sizes(9, 8)}},
		{op: "Resize", name: "antialias, linear", from: 18, attrs: attrs{"mode": "linear", "antialias": 1}, in: []value{rnd(1, 2, 9, 11), {}, {}, sizes(1, 2, 4, 5)}},
		{op: "Resize", name: "antialias, cubic", from: 18, attrs: attrs{"mode": "cubic", "antialias": 1}, in: []value{rnd(1, 2, 9, 11), {}, scales(1, 1, 0.6, 0.5)}},
		{op: "Resize", name: "symmetric", from: 19, attrs: attrs{"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"}, in: []value{picture, {}, mixed}},
		{op: "Resize", name: "empty roi", from: 11, to: 12, attrs: attrs{"mode": "linear"}, in: []value{picture, known(f32(), 0), double}},
	}
	for _, coordinates := range []string{"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"} {
		for _, mode := range []string{"nearest", "linear", "cubic"} {
			a := attrs{"mode": mode, "coordinate_transformation_mode": coordinates}
			list = append(list,
				vector{op: "Resize", name: mode + ", " + coordinates + ", larger", from: 11, attrs: a, in: []value{picture, blank, double}},
				vector{op: "Resize", name: mode + ", " + coordinates + ", sizes", from: 11, attrs: a, in: []value{picture, blank, blank, sizes(1, 2, 7, 3)}})
			if coordinates != "align_corners" { // what a scale means there is disputed
				list = append(list, vector{op: "Resize", name: mode + ", " + coordinates + ", mixed", from: 11, attrs: a, in: []value{picture, blank, mixed}})
			}
		}
	}
	for _, rounding := range []string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"} {
		for _, s := range []value{double, third, mixed} {
			name := map[float32]string{2: "larger", 0.6: "smaller", 2.5: "mixed"}[s.data.([]float32)[2]]
			list = append(list, vector{op: "Resize", name: rounding + ", " + name, from: 11, attrs: attrs{"nearest_mode": rounding}, in: []value{picture, blank, s}})
		}
	}
	for _, a := range []float64{-0.5, -0.75} {
		name := map[float64]string{-0.5: "sharper", -0.75: "usual"}[a]
		list = append(list,
			vector{op: "Resize", name: "cubic, " + name, from: 11, attrs: attrs{"mode": "cubic", "cubic_coeff_a": a}, in: []value{picture, blank, mixed}},
			vector{op: "Resize", name: "cubic, inside, " + name, from: 11, attrs: attrs{"mode": "cubic", "cubic_coeff_a": a, "exclude_outside": 1}, in: []value{picture, blank, mixed}})
	}
	return list
}

// layerVectors: single layers of the sizes that the person networks have.
func layerVectors() []vector {
	conv := func(name string, c, m, side, k, stride, groups int) vector {
		p := k / 2
		return vector{op: "Conv", name: name, from: 13, to: 13, attrs: attrs{"pads": []int{p, p, p, p}, "strides": []int{stride, stride}, "group": groups}, in: []value{rnd(1, c, side, side), weights(c/groups*k*k, m, c/groups, k, k), rnd(m).fixed()}, tol: 4e-5}
	}
	return []vector{
		conv("layer: stem 3→32, 104", 3, 32, 104, 3, 2, 1),
		conv("layer: 48→48, 52", 48, 48, 52, 3, 1, 1),
		conv("layer: 96→96, 26", 96, 96, 26, 3, 1, 1),
		conv("layer: 192→192, 13", 192, 192, 13, 3, 1, 1),
		conv("layer: 48→96 by 2, 52", 48, 96, 52, 3, 2, 1),
		conv("layer: 192→96 pointwise, 26", 192, 96, 26, 1, 1, 1),
		conv("layer: depthwise 96, 52", 96, 96, 52, 3, 1, 96),
		conv("layer: depthwise 5×5 by 2, 144, 32", 144, 144, 32, 5, 2, 144),
		conv("layer: 1×1 to 33, 13", 96, 33, 13, 1, 1, 1),
		{op: "Resize", name: "layer: 96, 13→26", from: 13, to: 13, attrs: attrs{"mode": "linear"}, in: []value{rnd(1, 96, 13, 13), {}, known(f32(1, 1, 2, 2), 4)}},
		{op: "MaxPool", name: "layer: 96, 52→26", from: 13, to: 13, attrs: attrs{"kernel_shape": []int{2, 2}, "strides": []int{2, 2}}, in: []value{rnd(1, 96, 52, 52)}},
	}
}
