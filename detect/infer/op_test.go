package infer_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// allCases are the tables of every family.
func allCases() []opCase {
	return slices.Concat(elementCases(), arithmeticCases(), convCases(), poolCases(), resizeCases(), moveCases(), reduceCases())
}

// TestOperators computes each case at run time, and again at load time with
// every input known.
func TestOperators(t *testing.T) {
	for _, e := range engines {
		for _, c := range allCases() {
			t.Run(e.name+"/"+c.op+"/"+c.name, func(t *testing.T) {
				o := e.options(infer.Options{})
				m, in := c.model(false)
				c.compare(t, run(t, m, o, in...))
				m, _ = c.model(true)
				c.compare(t, run(t, m, o))
			})
		}
	}
}

// compare checks results against what the case wants.
func (c opCase) compare(t *testing.T, got []tensor.Tensor) {
	t.Helper()
	i := 0
	for _, want := range c.want {
		if want.none {
			continue
		}
		g := got[i]
		i++
		if !slices.Equal([]int(g.Shape()), want.shape) {
			t.Fatalf("output %d has shape %v, want %v", i-1, g.Shape(), want.shape)
		}
		data := g.Data()
		if len(want.shape) == 0 { // gorgonia unwraps scalars
			data = elements(g)
		}
		if diff := cmp.Diff(want.data, data, cmp.Comparer(c.close32), cmp.Comparer(c.close64)); diff != "" {
			t.Errorf("output %d (-want +got):\n%s", i-1, diff)
		}
	}
}

func (c opCase) close32(a, b float32) bool { return c.close64(float64(a), float64(b)) }

func (c opCase) close64(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= c.tol*max(1, math.Abs(a))
}

func elements(t tensor.Tensor) any {
	switch v := t.Data().(type) {
	case float32:
		return []float32{v}
	case int64:
		return []int64{v}
	default:
		return v
	}
}

func f32(v ...float32) []float32 { return v }
func i64(v ...int64) []int64     { return v }

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// elementCases: one number in, one number out. Values by hand or from tables of
// the functions.
func elementCases() []opCase {
	one := func(op string, x, want []float32, attrs ...part) opCase {
		return opCase{name: fmt.Sprint(x), op: op, attrs: attrs, in: []array{arr(x, len(x))}, want: []array{arr(want, len(x))}, tol: 1e-7}
	}
	return []opCase{
		one("Relu", f32(-1, 0, 2, nan, inf, -inf), f32(0, 0, 2, nan, inf, 0)),
		one("LeakyRelu", f32(-2, 0, 3), f32(-0.2, 0, 3), attr("alpha", 0.1)),
		one("LeakyRelu", f32(-1, 1), f32(-0.01, 1)),
		one("Sigmoid", f32(0, 1, -1, 100, -200), f32(0.5, 0.7310585786, 0.2689414214, 1, 0)),
		one("HardSigmoid", f32(-3, 0, 1, 3), f32(0, 0.5, 0.7, 1)),
		one("HardSigmoid", f32(-1, 0, 1), f32(0.1, 0.6, 1), attr("alpha", 0.5), attr("beta", 0.6)),
		one("HardSwish", f32(-4, -1, 0, 1, 5), f32(0, -1.0/3, 0, 2.0/3, 5)),
		one("Tanh", f32(0, 1, -1), f32(0, 0.7615941560, -0.7615941560)),
		one("Elu", f32(-1, 0, 2), f32(-0.6321205588, 0, 2)),
		one("Elu", f32(-1, 1), f32(-1.2642411177, 1), attr("alpha", 2.0)),
		one("Selu", f32(-1, 0, 1), f32(-1.1113307378, 0, 1.0507009873)),
		one("Selu", f32(-1, 1), f32(-3.7927233529, 3), attr("alpha", 2.0), attr("gamma", 3.0)),
		one("ThresholdedRelu", f32(-1, 1, 1.5), f32(0, 0, 1.5)),
		one("ThresholdedRelu", f32(1, 2, 2.5), f32(0, 0, 2.5), attr("alpha", 2.0)),
		one("Softplus", f32(0, 1, -1, 200), f32(0.6931471806, 1.3132616875, 0.3132616875, 200)),
		one("Softsign", f32(-1, 0, 3), f32(-0.5, 0, 0.75)),
		one("Abs", f32(-1.5, 0, 2), f32(1.5, 0, 2)),
		one("Neg", f32(-1.5, 0, 2), f32(1.5, 0, -2)),
		one("Exp", f32(0, 1, -1), f32(1, 2.7182818285, 0.3678794412)),
		one("Log", f32(1, 10), f32(0, 2.3025850930)),
		one("Sqrt", f32(0, 2, 9), f32(0, 1.4142135624, 3)),
		one("Reciprocal", f32(2, -4), f32(0.5, -0.25)),
		one("Floor", f32(-1.5, 1.5, 2), f32(-2, 1, 2)),
		one("Ceil", f32(-1.5, 1.2, 2), f32(-1, 2, 2)),
		one("Round", f32(0.5, 1.5, 2.5, -2.5, -1.4), f32(0, 2, 2, -2, -1)),
		one("Sign", f32(-3, 0, 0.1), f32(-1, 0, 1)),
		one("Erf", f32(0, 1, -0.5), f32(0, 0.8427007929, -0.5204998778)),
		one("Sin", f32(0, 1), f32(0, 0.8414709848)),
		one("Cos", f32(0, 1), f32(1, 0.5403023059)),
		one("Tan", f32(0, 1), f32(0, 1.5574077247)),
		one("Asin", f32(0, 0.5), f32(0, 0.5235987756)),
		one("Acos", f32(1, 0.5), f32(0, 1.0471975512)),
		one("Atan", f32(0, 1), f32(0, 0.7853981634)),
		one("Sinh", f32(0, 1), f32(0, 1.1752011936)),
		one("Cosh", f32(0, 1), f32(1, 1.5430806348)),
		one("Asinh", f32(0, 1), f32(0, 0.8813735870)),
		one("Acosh", f32(1, 2), f32(0, 1.3169578969)),
		one("Atanh", f32(0, 0.5), f32(0, 0.5493061443)),
		{
			name: "both limits", op: "Clip", in: []array{arr(f32(-1, 0, 3, 7, nan), 5), fixed(f32(0)), fixed(f32(6))},
			want: []array{arr(f32(0, 0, 3, 6, nan), 5)},
		},
		{
			name: "upper limit only", op: "Clip", in: []array{arr(f32(-1, 7), 2), {none: true}, fixed(f32(6))},
			want: []array{arr(f32(-1, 6), 2)},
		},
		{
			name: "minimum above maximum", op: "Clip", in: []array{arr(f32(1, 3, 5), 3), fixed(f32(4)), fixed(f32(2))},
			want: []array{arr(f32(2, 2, 2), 3)},
		},
		{
			name: "limits as attributes", op: "Clip", opset: 10, attrs: []part{attr("min", 0.0), attr("max", 6.0)},
			in: []array{arr(f32(-1, 3, 7), 3)}, want: []array{arr(f32(0, 3, 6), 3)},
		},
		{name: "", op: "Dropout", in: []array{arr(f32(1, 2), 2), fixed(f32(0.5))}, want: []array{arr(f32(1, 2), 2)}},
		{name: "", op: "Identity", in: []array{arr(i64(1, 2), 2)}, want: []array{arr(i64(1, 2), 2)}},
	}
}

// arithmeticCases: several inputs that broadcast.
func arithmeticCases() []opCase {
	matrix := arr(f32(1, 2, 3, 4, 5, 6), 2, 3)
	return []opCase{
		{name: "same shape", op: "Add", in: []array{matrix, matrix}, want: []array{arr(f32(2, 4, 6, 8, 10, 12), 2, 3)}},
		{name: "row", op: "Add", in: []array{matrix, arr(f32(10, 20, 30), 3)}, want: []array{arr(f32(11, 22, 33, 14, 25, 36), 2, 3)}},
		{name: "column", op: "Add", in: []array{matrix, arr(f32(10, 20), 2, 1)}, want: []array{arr(f32(11, 12, 13, 24, 25, 26), 2, 3)}},
		{
			name: "both ways", op: "Add", in: []array{arr(f32(1, 2), 2, 1), arr(f32(10, 20, 30), 1, 3)},
			want: []array{arr(f32(11, 21, 31, 12, 22, 32), 2, 3)},
		},
		{name: "smaller first", op: "Sub", in: []array{arr(f32(10, 20, 30), 3), matrix}, want: []array{arr(f32(9, 18, 27, 6, 15, 24), 2, 3)}},
		{name: "scalar", op: "Mul", in: []array{matrix, fixed(f32(2))}, want: []array{arr(f32(2, 4, 6, 8, 10, 12), 2, 3)}},
		{name: "", op: "Div", in: []array{arr(f32(1, -1, 6), 3), arr(f32(0, 0, 3), 3)}, want: []array{arr(f32(inf, -inf, 2), 3)}},
		{name: "integers truncate", op: "Div", in: []array{arr(i64(7, -7, 5), 3), arr(i64(2, 2, 0), 3)}, want: []array{arr(i64(3, -3, 0), 3)}},
		{name: "int32", op: "Add", in: []array{arr([]int32{1, 2}, 2), arr([]int32{3, -4}, 2)}, want: []array{arr([]int32{4, -2}, 2)}},
		{name: "uint8 wraps", op: "Add", opset: 14, in: []array{arr([]uint8{250}, 1), arr([]uint8{10}, 1)}, want: []array{arr([]uint8{4}, 1)}},
		{name: "float64", op: "Mul", in: []array{arr([]float64{0.1}, 1), arr([]float64{3}, 1)}, want: []array{arr([]float64{0.30000000000000004}, 1)}},
		{name: "", op: "Pow", in: []array{arr(f32(2, 9, 4), 3), arr(f32(3, 0.5, -1), 3)}, want: []array{arr(f32(8, 3, 0.25), 3)}},
		{name: "three", op: "Max", in: []array{matrix, arr(f32(3), 1), arr(f32(0, 4, 0), 3)}, want: []array{arr(f32(3, 4, 3, 4, 5, 6), 2, 3)}},
		{name: "one", op: "Max", in: []array{matrix}, want: []array{matrix}},
		{name: "NaN wins", op: "Min", in: []array{arr(f32(1, nan), 2), arr(f32(nan, 1), 2)}, want: []array{arr(f32(nan, nan), 2)}},
		{name: "", op: "Sum", in: []array{matrix, matrix, matrix}, want: []array{arr(f32(3, 6, 9, 12, 15, 18), 2, 3)}},
		{name: "", op: "Mean", in: []array{arr(f32(1, 2), 2), arr(f32(3, 4), 2)}, want: []array{arr(f32(2, 3), 2)}},
		{name: "", op: "PRelu", in: []array{arr(f32(-1, 2, -3, 4), 2, 2), fixed(f32(0.5, 0.25), 2)}, want: []array{arr(f32(-0.5, 2, -1.5, 4), 2, 2)}},
		{
			name: "matrix by matrix", op: "MatMul", in: []array{matrix, arr(f32(1, 0, 0, 1, 2, 3), 3, 2)},
			want: []array{arr(f32(7, 11, 16, 23), 2, 2)},
		},
		{name: "row by matrix", op: "MatMul", in: []array{arr(f32(1, 2), 2), matrix}, want: []array{arr(f32(9, 12, 15), 3)}},
		{name: "matrix by column", op: "MatMul", in: []array{matrix, arr(f32(1, 1, 1), 3)}, want: []array{arr(f32(6, 15), 2)}},
		{name: "row by column", op: "MatMul", in: []array{arr(f32(1, 2), 2), arr(f32(3, 4), 2)}, want: []array{arr(f32(11))}},
		{
			name: "batches broadcast", op: "MatMul", in: []array{arr(f32(1, 2, 3, 4), 2, 1, 2), arr(f32(1, 0, 0, 1), 2, 2)},
			want: []array{arr(f32(1, 2, 3, 4), 2, 1, 2)},
		},
		{
			name: "transposed", op: "Gemm", attrs: []part{attr("transA", 1), attr("transB", 1), attr("alpha", 0.5), attr("beta", 2.0)},
			in:   []array{arr(f32(1, 3, 5, 2, 4, 6), 2, 3), arr(f32(1, 2), 1, 2), arr(f32(1, 2, 3), 3, 1)},
			want: []array{arr(f32(4.5, 9.5, 14.5), 3, 1)},
		},
		{name: "without C", op: "Gemm", in: []array{matrix, arr(f32(1, 1, 1), 3, 1)}, want: []array{arr(f32(6, 15), 2, 1)}},
		{
			name: "", op: "BatchNormalization", attrs: []part{attr("epsilon", 0.0)},
			in:   []array{arr(f32(1, 3, 10, 20), 1, 2, 2), fixed(f32(1, 2), 2), fixed(f32(0, 1), 2), fixed(f32(2, 10), 2), fixed(f32(4, 25), 2)},
			want: []array{arr(f32(-0.5, 0.5, 1, 5), 1, 2, 2)},
		},
	}
}
