package fast_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// TestProducts holds MatMul and Gemm against the reference operators, on every
// set of kernels: with lengths around those of vectors and of parts of sums,
// second matrices known and not, batches that broadcast, what follows folded in.
func TestProducts(t *testing.T) {
	type product struct {
		a, b  []int
		attrs map[string]any // of Gemm; MatMul where nil
		c     []int          // shape of Gemm's third input, or of what is added to a MatMul
		act   bool
	}
	gemm := func(alpha, beta float32, turned int64) map[string]any {
		return map[string]any{"alpha": alpha, "beta": beta, "transB": turned}
	}
	tests := []product{
		{a: []int{7, 24}, b: []int{24, 40}},
		{a: []int{300, 64}, b: []int{64, 64}, c: []int{64}, act: true},
		{a: []int{33}, b: []int{33, 17}},
		{a: []int{1, 2100}, b: []int{2100, 9}, act: true},
		{a: []int{5, 4099}, b: []int{4099, 19}, c: []int{1, 19}},
		{a: []int{4, 3}, b: []int{3, 8}},
		{a: []int{2, 3, 5, 16}, b: []int{16, 48}, c: []int{1}},
		{a: []int{2, 3, 5, 16}, b: []int{1, 3, 16, 24}, act: true},
		{a: []int{3, 5, 16}, b: []int{2, 1, 16, 24}, c: []int{24}},
		{a: []int{2, 1, 9, 20}, b: []int{4, 20, 11}},
		{a: []int{6, 12, 10}, b: []int{6, 10, 12}},
		{a: []int{20}, b: []int{4, 20, 11}},
		{a: []int{9, 30}, b: []int{30, 21}, attrs: gemm(1, 1, 0), c: []int{21}},
		{a: []int{9, 30}, b: []int{21, 30}, attrs: gemm(0.5, 2, 1), c: []int{1, 21}, act: true},
		{a: []int{1, 100}, b: []int{70, 100}, attrs: gemm(1, 0, 1), c: []int{1}},
		{a: []int{9, 30}, b: []int{30, 21}, attrs: gemm(1, 1, 0)},
	}
	for _, p := range tests {
		for _, known := range []bool{true, false} {
			n := newNet(t, uint64(len(p.a)+p.b[0]))
			x := n.input(p.a...)
			in := []*ir.Value{x, nil}
			if in[1] = n.constant(0.3, p.b...); !known {
				in[1] = n.input(p.b...)
			}
			var y *ir.Value
			if p.attrs != nil {
				if p.c != nil {
					in = append(in, n.constant(1, p.c...))
				}
				y = n.op("Gemm", p.attrs, in...)
			} else if y = n.op("MatMul", nil, in...); p.c != nil {
				y = n.op("Add", nil, y, n.constant(1, p.c...))
			}
			if p.act {
				y = n.op("Relu", nil, y)
			}
			n.output(y)
			given := n.inputs()
			want := n.reference(given)
			for _, s := range kernel.All() {
				t.Run(fmt.Sprint(p.a, p.b, known, s.Name), func(t *testing.T) {
					program := n.compile(fast.Options{Set: s})
					byKernels := s.Lanes > 1 && (known || p.attrs == nil || p.attrs["transB"] == int64(0) && p.attrs["alpha"] == float32(1))
					if count, others := fast.Products(program); (count == 1) != byKernels || byKernels && others != 0 {
						t.Errorf("%d products by kernels, %d other operations", count, others)
					}
					got := run(t, program.NewSession(), given, 1)
					n.compare(got, want, 3e-6)
					for _, threads := range []int{2, 3} {
						if !slices.Equal(run(t, n.compile(fast.Options{Set: s, Threads: threads}).NewSession(), given, 1)[0], got[0]) {
							t.Errorf("%d threads differ from one", threads)
						}
					}
				})
			}
		}
	}
}

// TestProductsKeepNaN puts a NaN and an infinity into a row: only what is made of
// that row may show them.
func TestProductsKeepNaN(t *testing.T) {
	n := newNet(t, 5)
	n.output(n.op("MatMul", nil, n.input(6, 21), n.constant(1, 21, 19)))
	in := n.inputs()
	in[0][2*21+20], in[0][4*21] = float32(math.NaN()), float32(math.Inf(1))
	for _, s := range kernel.All() {
		for i, v := range run(t, n.compile(fast.Options{Set: s}).NewSession(), in, 1)[0] {
			if bad := v-v != 0; bad != (i/19 == 2 || i/19 == 4) {
				t.Errorf("%s: row %d, column %d is %v", s.Name, i/19, i%19, v)
			}
		}
	}
}
