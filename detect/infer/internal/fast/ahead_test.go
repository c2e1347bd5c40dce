package fast_test

import (
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
)

// TestAhead fetches each row of the input and of the output once, but for those of
// the first band, which nobody fetches.
func TestAhead(t *testing.T) {
	const images, depth, height, width, channels = 2, 3, 45, 37, 40
	for name, o := range map[string]fast.Options{
		"small": fast.WithSmallCache(fast.Options{}), "little": fast.WithLittleCache(fast.Options{}),
	} {
		n := newNet(t, 3)
		x := n.input(images, depth, height, width)
		y := n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}, "strides": []int64{2, 2}}, x, n.constant(1, channels, depth, 3, 3))
		y = n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}, "group": int64(channels)}, y, n.constant(0.1, channels, 1, 3, 3))
		y = n.op("Conv", nil, y, n.constant(0.1, channels, channels, 1, 1))
		n.output(y)
		p, in := n.compile(o), n.inputs()
		s := p.NewSession()
		got := run(t, s, in, 1)
		n.compare(got, n.reference(in), 2e-4)
		band, first := fast.Band(p)
		if band == 0 || band >= y.Shape[2] {
			t.Fatalf("%s: bands of %d rows", name, band)
		}
		for _, each := range []int{1, 128, 1 << 20} {
			input, memory := fast.Fetched(s, each)
			for i, got := range input {
				if want := b2i(i/width%height >= first); got != want {
					t.Fatalf("%s: float %d of row %d is fetched %d times, want %d", name, i%width, i/width%height, got, want)
				}
			}
			if slices.Max(memory) > 1 {
				t.Fatalf("%s: some memory is fetched %d times", name, slices.Max(memory))
			}
			sum := 0
			for _, got := range memory {
				sum += got
			}
			// Between the rows may lie their margins.
			if least := images * 3 * 16 * (y.Shape[2] - band) * y.Shape[3]; sum < least || sum > least*5/4 {
				t.Fatalf("%s: %d floats of memory are fetched, want %d", name, sum, least)
			}
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
