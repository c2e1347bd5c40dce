package infer_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// answers runs a program once and returns the numbers of all outputs.
func answers(t *testing.T, p *infer.Program, s *infer.Session) (all []float32) {
	t.Helper()
	out := make([]tensor.Tensor, len(p.Outputs()))
	if err := s.Run(context.Background(), filled(p.Inputs()), out); err != nil {
		t.Error(err)
		return nil
	}
	for _, y := range out {
		all = append(all, y.Data().([]float32)...)
	}
	return all
}

// sameBits also holds for NaN.
func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// TestNetworksShare runs sessions of the person networks at once, each with
// workers of its own: all must answer what one alone does, to the last bit.
func TestNetworksShare(t *testing.T) {
	for _, name := range benchModels {
		p, err := infer.Load(readModel(t, name), &infer.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		want := answers(t, p, p.NewSession())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s := p.NewSession()
				for range 3 {
					if !slices.EqualFunc(answers(t, p, s), want, sameBits) {
						t.Errorf("%s: another answer than alone", name)
					}
				}
			})
		}
		wg.Wait()
	}
}

// dense is a network with a stem, convolutions that Winograd's method is for, a
// depthwise pair and a softmax, with random weights.
func dense() model {
	r := rand.New(rand.NewPCG(3, 14))
	w := func(name string, shape ...int) part {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = (r.Float32() - 0.5) / 8
		}
		return constant(name, shape, v)
	}
	same := attr("pads", []int{1, 1, 1, 1})
	return model{
		nodes: []part{
			node("Conv", []string{"x", "w0"}, []string{"a"}, same, attr("strides", []int{2, 2})),
			node("Relu", []string{"a"}, []string{"b"}),
			node("Conv", []string{"b", "w1"}, []string{"c"}, same),
			node("LeakyRelu", []string{"c"}, []string{"d"}),
			node("Conv", []string{"d", "w2"}, []string{"e"}, same, attr("group", 32)),
			node("Conv", []string{"e", "w3"}, []string{"f"}),
			node("Add", []string{"f", "d"}, []string{"g"}),
			node("Softmax", []string{"g"}, []string{"y"}, attr("axis", 1)),
		},
		tensors: []part{w("w0", 32, 3, 3, 3), w("w1", 32, 32, 3, 3), w("w2", 32, 1, 3, 3), w("w3", 32, 32, 1, 1)},
		inputs:  []part{value("x", 1, 1, 3, 52, 53)},
		outs:    []part{value("y", 1), value("c", 1)},
	}
}

// TestDeterministic: one set of kernels gives the same bits whatever the number
// of threads, the program and the session.
func TestDeterministic(t *testing.T) {
	for _, kernels := range infer.Kernels() {
		for _, exact := range []bool{false, true} {
			var want []float32
			for _, threads := range []int{1, 1, 2, 3, 7} {
				p := load(t, dense(), &infer.Options{Kernels: kernels, Threads: threads, Exact: exact})
				s := p.NewSession()
				for range 2 {
					got := answers(t, p, s)
					if want == nil {
						want = got
					}
					if !slices.EqualFunc(got, want, sameBits) {
						t.Errorf("%s, exact %v: %d threads give another answer", kernels, exact, threads)
					}
				}
			}
		}
	}
}

// TestHalfWeights: weights kept in float16 give the bits that the same numbers in
// float32 do, whoever reads them: convolutions of any kind, a view, an operator
// that has no kernels, the caller, and several sessions at once.
func TestHalfWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 18))
	const outs, ins = 45, 20
	half, wide := make([]uint16, outs*ins*9), make([]float32, outs*ins*9)
	for i := range half {
		half[i] = uint16(r.IntN(2)<<15 | (9+r.IntN(4))<<10 | r.IntN(1<<10))
		wide[i] = ir.Half(half[i]).Float32()
	}
	bytes, err := binary.Append(nil, binary.LittleEndian, half)
	if err != nil {
		t.Fatal(err)
	}
	same := attr("pads", []int{1, 1, 1, 1})
	shape := []int{outs, ins, 3, 3}
	convs := []part{
		node("Conv", []string{"x", "w"}, []string{"a"}, same),
		node("Conv", []string{"x", "w"}, []string{"b"}, same, attr("strides", []int{2, 2})),
	}
	for _, reader := range [][]part{ // of w besides convs; the last one makes y
		{node("Add", []string{"a", "a"}, []string{"y"})},
		{node("ConvTranspose", []string{"a", "w"}, []string{"y"})},
		{node("Reshape", []string{"w", "flat"}, []string{"v"}), node("Conv", []string{"a", "v"}, []string{"y"})},
		{node("Reshape", []string{"w", "grouped"}, []string{"v"}), node("Conv", []string{"x", "v"}, []string{"y"}, attr("group", ins))},
		{node("Identity", []string{"w"}, []string{"y"})},
	} {
		m := model{
			nodes:   slices.Concat(convs, reader),
			tensors: []part{constant("flat", []int{4}, []int64{180, 45, 1, 1}), constant("grouped", []int{4}, []int64{900, 1, 3, 3})},
			inputs:  []part{value("x", 1, 1, ins, 9, 11)},
			outs:    []part{value("a", 1), value("b", 1), value("y", 1)},
		}
		inWide, inHalf := m, m
		inWide.tensors = append(m.tensors[:2:2], constant("w", shape, wide))
		inHalf.tensors = append(m.tensors[:2:2], tensorProto("h", 10, shape, func(m *msg) { m.raw(9, bytes) }))
		inHalf.nodes = slices.Concat([]part{node("Cast", []string{"h"}, []string{"w"}, attr("to", 1))}, m.nodes)
		for _, kernels := range infer.Kernels() {
			o := &infer.Options{Kernels: kernels}
			p := load(t, inWide, o)
			want := answers(t, p, p.NewSession())
			p = load(t, inHalf, o)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if !slices.EqualFunc(answers(t, p, p.NewSession()), want, sameBits) {
						t.Errorf("%s: another answer than with float32", kernels)
					}
				})
			}
			wg.Wait()
		}
	}
}

// TestNotANumberSpreads puts a NaN or an infinity into a picture: with Exact it
// shows where the interpreter has it, otherwise in no more than the tiles that
// Options.Exact speaks of.
func TestNotANumberSpreads(t *testing.T) {
	const side = 24
	for stride := 1; stride <= 2; stride++ {
		channels := 32 * stride
		w := make([]float32, channels*channels*9)
		for i := range w {
			w[i] = float32(i%13)/40 + 0.01
		}
		m := model{
			nodes:   []part{node("Conv", []string{"x", "w"}, []string{"y"}, attr("pads", []int{1, 1, 1, 1}), attr("strides", []int{stride, stride}))},
			tensors: []part{constant("w", []int{channels, channels, 3, 3}, w)},
			inputs:  []part{value("x", 1, 1, channels, side, side)},
			outs:    []part{value("y", 1)},
		}
		spread, out := false, side/stride
		for _, odd := range []float32{nan, inf, -inf} {
			for _, at := range [][2]int{{0, 0}, {3, 4}, {8, 23}, {11, 11}, {23, 2}} {
				x := make([]float32, channels*side*side)
				x[(5*side+at[0])*side+at[1]] = odd
				for _, kernels := range infer.Kernels() {
					for _, exact := range []bool{true, false} {
						y := run(t, m, &infer.Options{Kernels: kernels, Exact: exact}, tensor.New(tensor.WithShape(1, channels, side, side), tensor.WithBacking(x)))[0].Data().([]float32)
						for i, v := range y {
							row, column := i/out%out, i%out
							window := meets(row, 1, stride, at[0]) && meets(column, 1, stride, at[1])
							bad, tile := v-v != 0, meets(row, 4, stride, at[0]) && meets(column, 4, stride, at[1])
							spread = spread || bad && !window
							if window && !bad || bad && !tile || exact && bad != window {
								t.Fatalf("%s, stride %d, exact %v: %v at %v makes %v of row %d, column %d", kernels, stride, exact, odd, at, v, row, column)
							}
						}
					}
				}
			}
		}
		if !spread && stride == 1 { // with another stride it is a matter of size
			t.Error("it does not spread at all: then Options.Exact should not say so")
		}
	}
}

// meets reports whether a window of the results that i is in a tile with, so many
// in a row, meets at.
func meets(i, tile, stride, at int) bool {
	first := i / tile * tile
	return first*stride-1 <= at && at <= (first+tile-1)*stride+1
}

// TestExactOption: without Winograd's method sums are as near to the
// interpreter's, which adds in another order, as rounding lets them; with it the
// answer is another one.
func TestExactOption(t *testing.T) {
	m := dense()
	m.outs = []part{value("c", 1)}
	get := func(o infer.Options) []float32 {
		p := load(t, m, &o)
		return answers(t, p, p.NewSession())
	}
	want, largest := get(infer.Options{Kernels: "reference"}), 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for _, kernels := range infer.Kernels() {
		if kernels == "reference" {
			continue
		}
		worst := func(got []float32) (off float64) {
			for i := range got {
				off = max(off, math.Abs(float64(got[i])-float64(want[i])))
			}
			return off / largest
		}
		exact, fast := get(infer.Options{Kernels: kernels, Exact: true}), get(infer.Options{Kernels: kernels})
		if off := worst(exact); off > 1e-6 {
			t.Errorf("%s: exact sums are off by %.2g of the largest", kernels, off)
		}
		if off := worst(fast); off > 2e-5 {
			t.Errorf("%s: sums are off by %.2g of the largest", kernels, off)
		}
		if slices.EqualFunc(exact, fast, sameBits) {
			t.Errorf("%s: exact or not, the answer is the same", kernels)
		}
		t.Logf("%s: exact %.2g, else %.2g of the largest", kernels, worst(exact), worst(fast))
	}
}
