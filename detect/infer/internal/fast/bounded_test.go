package fast_test

import (
	"context"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// TestCallsAreShort counts the cycles each call of a kernel takes at least, on
// pictures far wider and deeper than those of the person models: 100 000 of them
// are 50 µs at 2 GHz.
func TestCallsAreShort(t *testing.T) {
	for _, s := range kernel.All() {
		if s.Lanes == 1 {
			continue // Go can be interrupted
		}
		t.Run(s.Name, func(t *testing.T) {
			calls, longest := 0, 0.0
			seen := func(products int) {
				calls++
				longest = max(longest, float64(products)/float64(2*s.Lanes))
			}
			n := newNet(t, 3)
			x := n.input(1, 3, 4, 2500)
			y := n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}}, x, n.constant(0.1, 16, 3, 3, 3))
			y = n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}}, y, n.constant(0.1, 16, 16, 3, 3))
			y = n.op("Conv", map[string]any{"pads": []int64{2, 2, 2, 2}, "group": int64(16)}, y, n.constant(0.1, 16, 1, 5, 5))
			y = n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}, "group": int64(16)}, y, n.constant(0.1, 16, 1, 3, 3))
			n.output(n.op("AveragePool", map[string]any{"kernel_shape": []int64{3, 900}}, y))
			z := n.op("Conv", nil, n.input(1, 1024, 3, 40), n.constant(0.1, 32, 1024, 3, 3))
			n.output(n.op("Sigmoid", nil, z))
			n.output(n.op("Conv", nil, n.input(1, 4096, 3, 4), n.constant(0.1, 16, 4096, 3, 3)))
			n.output(n.op("MatMul", nil, n.input(3, 100000), n.constant(0.1, 100000, 64)))

			set := watched(*s, seen)
			wide := n.op("Mul", nil, y, n.op("Sigmoid", nil, y))
			n.output(n.op("Relu", nil, n.op("Add", nil, wide, y)))
			n.output(n.op("HardSigmoid", nil, n.op("Sigmoid", nil, n.input(1, 3, 300, 300))))
			up := n.op("Resize", map[string]any{"mode": "linear"}, wide, nil, nil, ints(1, 16, 8, 5000))
			n.output(n.op("Conv", map[string]any{"strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, up, n.constant(0.1, 16, 16, 3, 3)))

			session := n.compile(fast.Options{Set: &set}).NewSession()
			for i, in := range n.inputs() {
				session.Give(i, in)
			}
			if err := session.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if calls < 100 || longest < 1000 {
				t.Errorf("%d calls of at most %.0f cycles: nothing was watched", calls, longest)
			}
			if longest > 100e3 {
				t.Errorf("a call takes %.0f cycles", longest)
			}
		})
	}
}

// watched is a set whose kernels tell how many products they compute. A vector
// of the transforms counts for eight. What does little else than to read and write
// counts for the time that takes when all comes from beyond the second-level
// cache: a cycle for four bytes.
func watched(s kernel.Set, seen func(products int)) kernel.Set {
	moved := func(bytes int) { seen(bytes / 4 * 2 * s.Lanes) }
	add, multiply, scale, resize, turn, halves := s.Add, s.Multiply, s.Affine, s.Resize, s.Transpose, s.TransposeHalves
	s.Add = func(a *kernel.Pair) { moved(12 * len(a.Out)); add(a) }
	s.Multiply = func(a *kernel.Pair) { moved(12 * len(a.Out)); multiply(a) }
	s.Affine = func(a *kernel.Affine) { moved(8 * len(a.Out)); scale(a) }
	s.Resize = func(a *kernel.Resize) { moved(4 * 4 * kernel.Block * len(a.Taps)); resize(a) }
	s.Transpose = func(a *kernel.Transpose) { moved(2 * 4 * kernel.Block * kernel.Block); turn(a) }
	s.TransposeHalves = func(a *kernel.TransposeHalves) { moved((2 + 4) * kernel.Block * kernel.Block); halves(a) }
	for _, f := range []*func(*kernel.Map){&s.Sigmoid, &s.HardSwish} {
		run := *f
		*f = func(a *kernel.Map) { moved(16 * len(a.Out)); run(a) } // half of it for the arithmetic
	}
	for table, channels := range map[*kernel.ConvTable]int{&s.Conv: kernel.Chunk, &s.Stem: 1} {
		for b := range table {
			for p, f := range table[b] {
				if f != nil {
					table[b][p] = func(a *kernel.Conv) {
						sums := max(p*b*kernel.Block, 4*2*s.Lanes) // a product waits four cycles for the one before it
						seen(a.Tiles * sums * len(a.Off) * channels)
						f(a)
					}
				}
			}
		}
	}
	window := func(f func(*kernel.Window)) func(*kernel.Window) {
		return func(a *kernel.Window) {
			seen(a.Count * len(a.Off) * kernel.Block)
			f(a)
		}
	}
	s.Depthwise, s.Maximum = window(s.Depthwise), window(s.Maximum)
	for stride := range s.Depthwise3 {
		for pixels, f := range s.Depthwise3[stride] {
			if f != nil {
				s.Depthwise3[stride][pixels] = func(a *kernel.Window3) {
					seen(a.Rows * a.Tiles * pixels * 9 * kernel.Block)
					f(a)
				}
			}
		}
	}
	for _, w := range []*kernel.Winograd{&s.Winograd4, &s.Winograd2, &s.Strided} {
		in, out, weights, products := w.In, w.Out, w.Weights, 8*kernel.Block*w.Inputs()
		w.In = func(a *kernel.WinogradIn) { seen(a.Tiles * products); in(a) }
		w.Out = func(a *kernel.WinogradOut) { seen(a.Tiles * products); out(a) }
		w.Weights = func(a *kernel.WinogradWeights) { seen(a.Count * products); weights(a) }
	}
	return s
}
