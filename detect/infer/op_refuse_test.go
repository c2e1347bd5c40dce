package infer_test

import (
	"testing"

	"github.com/fitveil/fitveil/detect/infer"
)

// TestOperatorsRefuse has what an operator must not accept, by family.
func TestOperatorsRefuse(t *testing.T) {
	row, matrix := arr(f32(1, 2), 2), arr(f32(1, 2, 3, 4, 5, 6), 2, 3)
	picture := arr(upTo(16), 1, 1, 4, 4)
	kernel := fixed(ones(9), 1, 1, 3, 3)
	axis := func(a int) part { return attr("axis", a) }
	one := []array{arr(f32())}
	tests := []struct {
		opCase
		err error
		say string
	}{
		{opCase{op: "Sigmoid", in: []array{arr(i64(1), 1)}}, infer.ErrUnsupported, "int64"},
		{opCase{op: "Clip", in: []array{row, fixed(f32(1, 2), 2)}}, infer.ErrModel, "limit of shape [2]"},
		{opCase{op: "Clip", in: []array{row, arr(f32(1))}}, infer.ErrUnsupported, "run time"},
		{opCase{op: "Add", in: []array{row, arr(i64(1, 2), 2)}}, infer.ErrModel, "float32 and int64"},
		{opCase{op: "Add", in: []array{arr([]bool{true}, 1), arr([]bool{true}, 1)}}, infer.ErrUnsupported, "bool"},
		{opCase{op: "Pow", opset: 11, in: []array{arr(i64(1), 1), arr(f32(1), 1)}}, infer.ErrModel, "int64 and float32"},
		{opCase{op: "Max", in: []array{row, {none: true}, row}}, infer.ErrModel, "input 1 is absent"},
		{opCase{op: "PRelu", in: []array{row, fixed(upTo(6), 3, 2)}}, infer.ErrModel, "slope"},
		{opCase{op: "MatMul", in: []array{matrix, matrix}}, infer.ErrModel, "[2 3] and [2 3]"},
		{opCase{op: "MatMul", in: []array{matrix, arr(f32(1))}}, infer.ErrModel, "[]"},
		{opCase{op: "Gemm", in: []array{matrix, matrix}}, infer.ErrModel, "[2 3] and [2 3]"},
		{opCase{op: "Gemm", in: []array{row, matrix}}, infer.ErrModel, "[2] and [2 3]"},
		{opCase{op: "Gemm", in: []array{matrix, arr(ones(3), 3, 1), fixed(ones(3), 3, 1)}}, infer.ErrModel, "input C"},
		{opCase{op: "BatchNormalization", in: []array{matrix, fixed(ones(2), 2), fixed(ones(3), 3), fixed(ones(3), 3), fixed(ones(3), 3)}}, infer.ErrModel, "[2] for 3 channels"},
		{opCase{op: "BatchNormalization", opset: 14, attrs: []part{attr("training_mode", 1)}, in: []array{matrix, fixed(ones(3), 3), fixed(ones(3), 3), fixed(ones(3), 3), fixed(ones(3), 3)}}, infer.ErrUnsupported, "training"},
		{opCase{op: "Dropout", in: []array{row, {none: true}, fixed([]bool{true})}}, infer.ErrUnsupported, "training"},
		{opCase{op: "Dropout", opset: 9, in: []array{row}, want: []array{arr(f32()), arr([]bool{})}}, infer.ErrUnsupported, "mask"},

		{opCase{op: "Conv", attrs: []part{attr("group", 2)}, in: []array{picture, kernel}}, infer.ErrModel, "2 groups"},
		{opCase{op: "Conv", in: []array{picture, kernel, fixed(ones(2), 2)}}, infer.ErrModel, "bias of shape [2]"},
		{opCase{op: "Conv", in: []array{picture, fixed(ones(25), 1, 1, 5, 5)}}, infer.ErrModel, "does not fit"},
		{opCase{op: "Conv", in: []array{picture, fixed(ones(3), 1, 1, 3)}}, infer.ErrModel, "weights of shape [1 1 3]"},
		{opCase{op: "Conv", in: []array{arr(upTo(8), 1, 1, 2, 2, 2), fixed(ones(1), 1, 1, 1, 1, 1)}}, infer.ErrUnsupported, "three-dimensional"},
		{opCase{op: "Conv", attrs: []part{attr("kernel_shape", []int{2, 2})}, in: []array{picture, kernel}}, infer.ErrModel, "kernel_shape"},
		{opCase{op: "Conv", attrs: []part{attr("pads", []int{1, 1})}, in: []array{picture, kernel}}, infer.ErrModel, "pads [1 1]"},
		{opCase{op: "Conv", attrs: []part{attr("pads", []int{0, 0, -1, 0})}, in: []array{picture, kernel}}, infer.ErrUnsupported, "pads"},
		{opCase{op: "Conv", attrs: []part{attr("strides", []int{0, 1})}, in: []array{picture, kernel}}, infer.ErrModel, "strides [0 1]"},
		{opCase{op: "Conv", attrs: []part{attr("auto_pad", "SAME")}, in: []array{picture, kernel}}, infer.ErrUnsupported, `"SAME"`},
		{opCase{op: "MaxPool", in: []array{picture}}, infer.ErrModel, "kernel_shape"},
		{opCase{op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2})}, in: []array{row}}, infer.ErrUnsupported, "rank 1"},
		{opCase{op: "MaxPool", attrs: []part{attr("kernel_shape", []int{2, 2}), attr("pads", []int{2, 0, 0, 0})}, in: []array{picture}}, infer.ErrModel, "reach past"},
		{opCase{op: "GlobalMaxPool", in: []array{matrix}}, infer.ErrUnsupported, "[2 3]"},

		{opCase{op: "Resize", in: []array{row, {none: true}, fixed(f32(2), 1), fixed(i64(4), 1)}}, infer.ErrModel, "1 scales and 1 sizes"},
		{opCase{op: "Resize", in: []array{row, {none: true}, fixed(f32(-1), 1)}}, infer.ErrModel, "scale -1"},
		{opCase{op: "Resize", in: []array{row, {none: true}, fixed(f32(nan), 1)}}, infer.ErrModel, "scale NaN"},
		{opCase{op: "Resize", in: []array{row, {none: true}, fixed(f32(0.1), 1)}}, infer.ErrUnsupported, "to [0]"},
		{opCase{op: "Resize", attrs: []part{attr("coordinate_transformation_mode", "diagonal")}, in: []array{row, {none: true}, fixed(f32(2), 1)}}, infer.ErrUnsupported, "diagonal"},
		{opCase{op: "Resize", attrs: []part{attr("coordinate_transformation_mode", "tf_crop_and_resize")}, in: []array{row, fixed(f32(0), 1), fixed(f32(2), 1)}}, infer.ErrModel, "roi of 1 numbers"},
		{opCase{op: "Upsample", opset: 9, in: []array{row, fixed(f32(1, 2), 2)}}, infer.ErrModel, "2 scales"},

		{opCase{op: "Concat", in: []array{row}}, infer.ErrModel, `"axis" is missing`},
		{opCase{op: "Concat", attrs: []part{axis(0)}, in: []array{matrix, arr(ones(2), 1, 2)}}, infer.ErrModel, "[2 3]"},
		{opCase{op: "Split", in: []array{row, fixed(i64(1, 2), 2)}, want: []array{arr(f32()), arr(f32())}}, infer.ErrModel, "parts [1 2] of 2"},
		{opCase{op: "Split", in: []array{arr(ones(3), 3)}, want: []array{arr(f32()), arr(f32())}}, infer.ErrModel, "of 3"},
		{opCase{op: "Reshape", in: []array{matrix, fixed(i64(4, 2), 2)}}, infer.ErrModel, "does not fill"},
		{opCase{op: "Reshape", in: []array{matrix, fixed(i64(-1, 4), 2)}}, infer.ErrModel, "does not fill"},
		{opCase{op: "Reshape", in: []array{matrix, fixed(i64(-1, -1), 2)}}, infer.ErrModel, "shape [-1 -1]"},
		{opCase{op: "Reshape", in: []array{matrix, fixed(i64(2, 3, 0), 3)}}, infer.ErrModel, "keeps dimension 2"},
		{opCase{op: "Flatten", attrs: []part{axis(3)}, in: []array{matrix}}, infer.ErrModel, "axis 3"},
		{opCase{op: "Squeeze", in: []array{matrix, fixed(i64(0), 1)}}, infer.ErrModel, "not 1"},
		{opCase{op: "Unsqueeze", in: []array{matrix, fixed(i64(0, -4), 2)}}, infer.ErrModel, "twice"},
		{opCase{op: "Unsqueeze", in: []array{matrix}}, infer.ErrModel, "missing"},
		{opCase{op: "Transpose", attrs: []part{attr("perm", []int{0, 0})}, in: []array{matrix}}, infer.ErrModel, "permutation"},
		{opCase{op: "Transpose", attrs: []part{attr("perm", []int{0})}, in: []array{matrix}}, infer.ErrModel, "permutation"},
		{opCase{op: "Slice", in: []array{row, fixed(i64(0), 1), fixed(i64(1), 1), fixed(i64(0), 1), fixed(i64(0), 1)}}, infer.ErrModel, "step 0"},
		{opCase{op: "Slice", in: []array{row, fixed(i64(0, 0), 2), fixed(i64(1, 1), 2), fixed(i64(0, 0), 2)}}, infer.ErrModel, "twice"},
		{opCase{op: "Slice", in: []array{row, fixed(i64(0), 1), fixed(i64(1, 1), 2)}}, infer.ErrModel, "1 starts, 2 ends"},
		{opCase{op: "Pad", in: []array{row, fixed(i64(1), 1)}}, infer.ErrModel, "1 pads"},
		{opCase{op: "Pad", in: []array{row, fixed(i64(-3, 0), 2)}}, infer.ErrModel, "[-1]"},
		{opCase{op: "Pad", in: []array{row, fixed(i64(1, 1), 2), fixed(i64(1))}}, infer.ErrModel, "padding value"},
		{opCase{op: "Gather", in: []array{row, fixed(i64(2), 1)}}, infer.ErrModel, "index 2 into 2"},
		{opCase{op: "Gather", attrs: []part{axis(1)}, in: []array{row, fixed(i64(0), 1)}}, infer.ErrModel, "axis 1"},
		{opCase{op: "Gather", in: []array{row, fixed(f32(0), 1)}}, infer.ErrModel, "want int64"},
		{opCase{op: "Expand", in: []array{row, fixed(i64(3), 1)}}, infer.ErrModel, "broadcast"},
		{opCase{op: "Tile", in: []array{row, fixed(i64(-1), 1)}}, infer.ErrModel, "repeats"},
		{opCase{op: "Tile", in: []array{row, fixed(i64(1, 1), 2)}}, infer.ErrModel, "2 repeats"},
		{opCase{op: "DepthToSpace", attrs: []part{attr("blocksize", 2)}, in: []array{picture}}, infer.ErrModel, "block size 2"},
		{opCase{op: "Cast", attrs: []part{attr("to", 8)}, in: []array{row}}, infer.ErrUnsupported, "to string"},
		{opCase{op: "Cast", in: []array{row}}, infer.ErrModel, `"to" is missing`},
		{opCase{op: "Constant"}, infer.ErrModel, "0 values"},
		{opCase{op: "Constant", attrs: []part{attr("value_int", 1), attr("value_float", 1.0)}}, infer.ErrModel, "2 values"},
		{opCase{op: "ConstantOfShape", in: []array{fixed(i64(-1), 1)}}, infer.ErrModel, "[-1]"},
		{opCase{op: "ReduceSum", in: []array{row, fixed(i64(1), 1)}}, infer.ErrModel, "axis 1"},
		{opCase{op: "ReduceLogSum", in: []array{arr(i64(1), 1)}}, infer.ErrUnsupported, "int64"},
		{opCase{op: "NonZero", in: []array{row}, want: []array{arr(i64())}}, infer.ErrUnsupported, "run time"},
		{opCase{op: "NonMaxSuppression", in: []array{arr(ones(4), 1, 1, 4), arr(ones(1), 1, 1, 1)}, want: []array{arr(i64())}}, infer.ErrUnsupported, "run time"},
		{opCase{op: "TopK", in: []array{row, fixed(i64(3), 1)}, want: []array{arr(f32()), arr(i64())}}, infer.ErrModel, "3 of 2"},
		{opCase{op: "ConvTranspose", attrs: []part{attr("group", 2)}, in: []array{picture, kernel}}, infer.ErrModel, "2 groups"},
		{opCase{op: "ConvTranspose", attrs: []part{attr("pads", []int{9, 0, 9, 0})}, in: []array{picture, kernel}}, infer.ErrModel, "output of"},
		{opCase{op: "GatherElements", attrs: []part{axis(1)}, in: []array{matrix, arr(i64(0, 0, 0), 3, 1)}}, infer.ErrModel, "[3 1]"},
		{opCase{op: "ScatterND", in: []array{row, arr(i64(0), 1, 1), arr(i64(0), 1)}}, infer.ErrModel, "updates"},
		{opCase{op: "Einsum", attrs: []part{attr("equation", "ij,jk->ii")}, in: []array{matrix, matrix}}, infer.ErrModel, "ij,jk->ii"},
		{opCase{op: "Einsum", attrs: []part{attr("equation", "i%->i")}, in: []array{matrix}}, infer.ErrModel, "i%->i"},
		{opCase{op: "TfIdfVectorizer", attrs: []part{attr("ngram_counts", []int{5}), attr("pool_int64s", []int{1})}, in: []array{arr(i64(1), 1)}}, infer.ErrModel, "ngram_counts"},
		{opCase{op: "RoiAlign", attrs: []part{attr("output_height", 0)}, in: []array{picture, arr(ones(4), 1, 4), arr(i64(0), 1)}}, infer.ErrModel, "0 × 1"},
		{opCase{op: "GridSample", opset: 16, in: []array{picture, arr(ones(3), 1, 1, 1, 3)}}, infer.ErrModel, "grid"},
		{opCase{op: "QuantizeLinear", in: []array{row, fixed(ones(3), 3)}}, infer.ErrModel, "axis 1"},
		{opCase{op: "ArgMax", attrs: []part{axis(1)}, in: []array{row}}, infer.ErrModel, "axis 1"},
		{opCase{op: "Softmax", attrs: []part{axis(-2)}, in: []array{row}}, infer.ErrModel, "axis -2"},
	}
	for _, tt := range tests {
		t.Run(tt.op+"/"+tt.say, func(t *testing.T) {
			if tt.want == nil {
				tt.want = one
			}
			m, _ := tt.model(false)
			refused(t, m.encode(), nil, tt.err, tt.say)
		})
	}
}
