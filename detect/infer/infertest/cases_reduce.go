package infertest

// reduceVectors: sums and the like, soft maxima, orders.
func reduceVectors() []vector {
	cube := within(0.1, 2, 2, 3, 4)
	list := []vector{
		{op: "CumSum", name: "axis 1", from: 11, in: []value{rnd(2, 3, 2), known([]int32{1})}},
		{op: "CumSum", name: "exclusive", from: 11, attrs: attrs{"exclusive": 1}, in: []value{rnd(2, 5), known(i64(-1))}},
		{op: "CumSum", name: "reverse", from: 11, attrs: attrs{"reverse": 1}, in: []value{rnd(2, 5), known(i64(1))}},
		{op: "CumSum", name: "both", from: 11, attrs: attrs{"exclusive": 1, "reverse": 1}, in: []value{ints(-9, 9, 2, 5), known(i64(0))}},
		{op: "TopK", name: "attribute", to: 9, attrs: attrs{"k": 2}, outs: 2, in: []value{rnd(3, 5)}},
		{op: "TopK", name: "input", from: 10, to: 10, attrs: attrs{"axis": 0}, outs: 2, in: []value{rnd(5, 3), known(i64(3), 1)}},
		{op: "TopK", name: "largest", from: 11, outs: 2, in: []value{rnd(3, 5), known(i64(3), 1)}},
		{op: "TopK", name: "smallest", from: 11, attrs: attrs{"largest": 0, "axis": 1}, outs: 2, in: []value{rnd(2, 5, 3), known(i64(2), 1)}},
		{op: "TopK", name: "equals", from: 11, outs: 2, in: []value{given(f32(1, 3, 3, 2, 3, 1), 6), known(i64(4), 1)}},
		{op: "TopK", name: "int64", from: 11, outs: 2, in: []value{ints(-99, 99, 2, 6), known(i64(3), 1)}},
		{op: "Hardmax", name: "flattened", to: 12, attrs: attrs{"axis": 1}, in: []value{rnd(2, 3, 4)}},
		{op: "Hardmax", name: "default early", to: 12, in: []value{rnd(2, 3, 4)}},
		{op: "Hardmax", name: "default", from: 13, in: []value{rnd(2, 3, 4)}},
		{op: "Hardmax", name: "axis", from: 13, attrs: attrs{"axis": 1}, in: []value{rnd(2, 3, 4)}},
		{op: "LpNormalization", name: "default", in: []value{rnd(2, 3, 4)}},
		{op: "LpNormalization", name: "order 1", attrs: attrs{"p": 1, "axis": 1}, in: []value{rnd(2, 3, 4)}},
		{op: "ReduceSum", name: "not at all", from: 13, attrs: attrs{"noop_with_empty_axes": 1}, in: []value{cube}},
		{op: "ReduceMax", name: "not at all", from: 18, attrs: attrs{"noop_with_empty_axes": 1}, in: []value{cube}},
	}
	for _, op := range []string{"Softmax", "LogSoftmax"} {
		list = append(list,
			vector{op: op, name: "default early", to: 12, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "flattened", to: 12, attrs: attrs{"axis": 2}, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "default", from: 13, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "middle", from: 13, attrs: attrs{"axis": 1}, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "negative axis", from: 13, attrs: attrs{"axis": -3}, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "far numbers", attrs: attrs{"axis": 1}, in: []value{given(f32(1000, 999, -1000, 0), 1, 4)}})
	}
	for _, op := range []string{"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"} {
		last := 17 // version with axes as an attribute
		if op == "ReduceSum" {
			last = 12
		}
		list = append(list,
			vector{op: op, name: "all", in: []value{cube}},
			vector{op: op, name: "all, dropped", attrs: attrs{"keepdims": 0}, in: []value{cube}},
			vector{op: op, name: "attribute", to: last, attrs: attrs{"axes": []int{1}}, in: []value{cube}},
			vector{op: op, name: "attribute, dropped", to: last, attrs: attrs{"axes": []int{0, 2}, "keepdims": 0}, in: []value{cube}},
			vector{op: op, name: "negative attribute", from: 11, to: last, attrs: attrs{"axes": []int{-1}}, in: []value{cube}},
			vector{op: op, name: "input", from: last + 1, in: []value{cube, known(i64(1), 1)}},
			vector{op: op, name: "input, dropped", from: last + 1, attrs: attrs{"keepdims": 0}, in: []value{cube, known(i64(0, -1), 2)}})
	}
	for _, op := range []string{"ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceMean"} {
		list = append(list, vector{op: op, name: "int32", attrs: attrs{"keepdims": 0}, in: []value{ints(-3, 3, 2, 3).of("int32")}})
	}
	for _, op := range []string{"ReduceSum", "ReduceMax", "ReduceMin"} {
		list = append(list, vector{op: op, name: "int64", in: []value{ints(-9, 9, 2, 3)}})
	}
	for _, op := range []string{"ReduceMax", "ReduceMin"} {
		list = append(list,
			vector{op: op, name: "int8", from: 12, in: []value{ints(-9, 9, 2, 3).of("int8")}},
			vector{op: op, name: "uint8", from: 12, in: []value{ints(0, 99, 2, 3).of("uint8")}})
	}
	for _, op := range []string{"ReduceSum", "ReduceMean", "ReduceMax"} {
		list = append(list, vector{op: op, name: "float64", in: []value{rnd(2, 3).of("float64")}})
	}
	for _, op := range []string{"ArgMax", "ArgMin"} {
		equals := given(f32(1, 3, 3, 0, 0, 2, 3, 1), 2, 4)
		list = append(list,
			vector{op: op, name: "default", in: []value{rnd(3, 4)}},
			vector{op: op, name: "dropped", attrs: attrs{"axis": 1, "keepdims": 0}, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "negative axis", from: 11, attrs: attrs{"axis": -1}, in: []value{rnd(2, 3, 4)}},
			vector{op: op, name: "first of equals", attrs: attrs{"axis": 1}, in: []value{equals}},
			vector{op: op, name: "last of equals", from: 12, attrs: attrs{"axis": 1, "select_last_index": 1}, in: []value{equals}},
			vector{op: op, name: "int32", attrs: attrs{"axis": 1}, in: []value{ints(-9, 9, 2, 5).of("int32")}})
	}
	return list
}
