package infer_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect/infer"
)

// TestExporters loads what exporters write where a size depends on that of the
// input: it is computed at Load, so that every shape is known. Dimensions are
// given by Options.Dims.
func TestExporters(t *testing.T) {
	shape := node("Shape", []string{"x"}, []string{"s"})
	gather := node("Gather", []string{"s", "axis"}, []string{"d"}, attr("axis", 0))
	unsqueeze := node("Unsqueeze", []string{"d1", "first"}, []string{"dims"})
	cast := func(from, to string, kind int) part {
		return node("Cast", []string{from}, []string{to}, attr("to", kind))
	}
	shared := []part{
		constant("axis", []int{}, i64(2)), constant("first", []int{1}, i64(0)), constant("rest", []int{1}, i64(-1)),
		constant("two", []int{}, i64(2)), constant("half", []int{}, f32(0.5)), constant("hw", []int{1}, i64(2)),
		constant("end", []int{1}, i64(4)), constant("wish", []int{4}, i64(-1, 3, -1, -1)), constant("one", []int{1, 1, 1, 1}, f32(1)),
		constant("zero", []int{}, i64(0)), constant("step", []int{}, i64(1)), constant("around", []int{3}, i64(0, 1, 3)),
	}
	tests := []struct {
		name  string
		opset int64
		nodes []part
		want  []int
	}{
		{"flatten to rows of the batch", 13, []part{
			shape, node("Gather", []string{"s", "zero"}, []string{"d1"}), unsqueeze,
			node("Concat", []string{"dims", "rest"}, []string{"to"}, attr("axis", 0)), node("Reshape", []string{"x", "to"}, []string{"y"}),
		}, []int{2, 144}},
		{"resize to twice the size", 13, []part{
			shape, node("Slice", []string{"s", "hw", "end", "first"}, []string{"size"}), node("Mul", []string{"size", "two"}, []string{"twice"}),
			node("Slice", []string{"s", "first", "hw"}, []string{"nc"}), node("Concat", []string{"nc", "twice"}, []string{"to"}, attr("axis", 0)),
			node("Resize", []string{"x", "", "", "to"}, []string{"y"}, attr("mode", "linear")),
		}, []int{2, 3, 16, 12}},
		{"resize to what floats say", 13, []part{
			shape, gather, cast("d", "f", 1), node("Mul", []string{"f", "half"}, []string{"g"}), node("Floor", []string{"g"}, []string{"h"}), cast("h", "d1", 7), unsqueeze,
			node("Slice", []string{"s", "first", "hw"}, []string{"nc"}), node("Concat", []string{"nc", "dims", "dims"}, []string{"to"}, attr("axis", 0)),
			node("Resize", []string{"x", "", "", "to"}, []string{"y"}),
		}, []int{2, 3, 4, 4}},
		{"expand where a dimension is −1", 13, []part{
			shape, node("Equal", []string{"wish", "rest"}, []string{"open"}), node("Where", []string{"open", "s", "wish"}, []string{"to"}),
			node("Expand", []string{"one", "to"}, []string{"e"}), node("Add", []string{"e", "x"}, []string{"y"}),
		}, []int{2, 3, 8, 6}},
		{"a grid of positions", 13, []part{
			shape, gather, node("Range", []string{"zero", "d", "step"}, []string{"r"}), cast("r", "f", 1), node("Unsqueeze", []string{"f", "around"}, []string{"rows"}),
			node("ConstantOfShape", []string{"s"}, []string{"z"}, attr("value", constant("", []int{1}, f32(2)))),
			node("Add", []string{"z", "rows"}, []string{"p"}), node("Mul", []string{"p", "x"}, []string{"y"}),
		}, []int{2, 3, 8, 6}},
		{"part of a shape", 15, []part{
			node("Shape", []string{"x"}, []string{"n"}, attr("start", 0), attr("end", 1)), node("Constant", nil, []string{"m"}, attr("value_ints", []int{-1, 4})),
			node("Concat", []string{"n", "m"}, []string{"to"}, attr("axis", 0)), node("Reshape", []string{"x", "to"}, []string{"y"}),
		}, []int{2, 36, 4}},
		{"the upper half", 13, []part{
			shape, gather, node("Div", []string{"d", "two"}, []string{"d1"}), unsqueeze, node("Slice", []string{"x", "first", "dims", "hw"}, []string{"y"}),
		}, []int{2, 3, 4, 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := model{
				opset: tt.opset, inputs: []part{value("x", 1, "N", 3, "H", "W")}, tensors: shared,
				nodes: append([]part{node("Relu", []string{"x"}, []string{"unused"})}, tt.nodes...), outs: []part{value("y", 1)},
			}.encode()
			p, err := infer.Load(b, &infer.Options{Dims: map[string]int{"N": 2, "H": 8, "W": 6}})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Outputs()[0].Shape; !slices.Equal(got, tt.want) {
				t.Errorf("shape %v, want %v", got, tt.want)
			}
			if _, err := infer.Load(b, nil); !errors.Is(err, infer.ErrUnsupported) {
				t.Errorf("without sizes: %v, want ErrUnsupported", err)
			}
		})
	}
}
