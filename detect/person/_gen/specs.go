package main

// A spec says how one model is made: what to read, where to cut, what to keep.
type spec struct {
	name           string // base name of the written files
	graph, weights string // entries of the package
	input          [4]int // N, C, H, W
	inputAxes      [4]int // order in which tfjs sees the input
	scopes         []string
	outputs        []output
	keep           map[string][]int // output channels kept of a head's weights and bias
}

// An output is a tfjs reference that becomes a graph output.
type output struct {
	ref, name string
	dims      [4]int
}

func (s spec) metadata() [][2]string {
	return [][2]string{
		{"license", "Apache-2.0"},
		{"source", "npm:" + carrierName + "@" + carrierVersion + " " + s.graph},
		{"source_integrity", carrierIntegrity},
	}
}

func specs() []spec { return []spec{nanodet(), movenet()} }

// nanodet keeps the class "person" (channel 0 of 80) and the 4×11 distance bins
// (channels 80 to 123) of each of the three heads.
func nanodet() spec {
	kept := []int{0}
	for c := 80; c < 124; c++ {
		kept = append(kept, c)
	}
	keep := map[string][]int{}
	for _, head := range []string{"PartitionedCall/split_29", "PartitionedCall/split_31", "PartitionedCall/split_33"} {
		keep[head] = kept
	}
	for _, bias := range []string{"unknown_62", "unknown_68", "unknown_72"} {
		keep[bias] = kept
	}
	const onnxTF = "PartitionedCall/onnx_tf_prefix_"
	return spec{
		name:  "nanodet-g-416",
		graph: "package/models/nanodet.json", weights: "package/models/nanodet.bin",
		input: [4]int{1, 3, 416, 416}, inputAxes: planar,
		scopes: []string{"PartitionedCall/", "onnx_tf_prefix_"},
		outputs: []output{
			{onnxTF + "Sigmoid_154", "cls_8", [4]int{1, 1, 52, 52}},
			{onnxTF + "Split_153:1", "reg_8", [4]int{1, 44, 52, 52}},
			{onnxTF + "Sigmoid_165", "cls_16", [4]int{1, 1, 26, 26}},
			{onnxTF + "Split_164:1", "reg_16", [4]int{1, 44, 26, 26}},
			{onnxTF + "Sigmoid_176", "cls_32", [4]int{1, 1, 13, 13}},
			{onnxTF + "Split_175:1", "reg_32", [4]int{1, 44, 13, 13}},
		},
		keep: keep,
	}
}

// movenet stops at the six head maps; the peaks are decoded in Go.
func movenet() spec {
	const top = "StatefulPartitionedCall/"
	m := func(c int) [4]int { return [4]int{1, c, 64, 64} }
	return spec{
		name:  "movenet-multipose-256",
		graph: "package/models/movenet-multipose.json", weights: "package/models/movenet-multipose.bin",
		input: [4]int{1, 3, 256, 256}, inputAxes: channelLast,
		scopes: []string{top, "center_net_mobile_net_v2fpn_feature_extractor/model_1/", "model/"},
		outputs: []output{
			{top + "Sigmoid", "center", m(1)},
			{top + "box_scale_0/conv2d_5/BiasAdd", "box_scale", m(2)},
			{top + "box_offset_0/conv2d_6/BiasAdd", "box_offset", m(2)},
			{top + "Sigmoid_1", "kpt_heat", m(17)},
			{top + "kpt_regress_0/conv2d_8/BiasAdd", "kpt_regress", m(34)},
			{top + "kpt_offset_0/conv2d_9/BiasAdd", "kpt_offset", m(34)},
		},
	}
}
