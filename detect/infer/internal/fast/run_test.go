package fast_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRunAllocatesNothing holds for any number of threads: what a run needs is
// made with the session.
func TestRunAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		n := newNet(t, 1)
		x := n.input(1, 3, 40, 40)
		y := n.op("Relu", nil, n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}}, x, n.constant(1, 32, 3, 3, 3)))
		y = n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}}, y, n.constant(0.1, 32, 32, 3, 3))
		y = n.op("Conv", map[string]any{"group": int64(32)}, y, n.constant(0.1, 32, 1, 3, 3))
		n.output(n.op("Sigmoid", nil, n.op("MaxPool", map[string]any{"kernel_shape": []int64{3, 3}}, y)))
		if kernel.Best().Name != "go" { // where the interpreter multiplies, and allocates
			n.output(n.op("MatMul", nil, n.op("MatMul", nil, x, n.constant(0.1, 40, 40)), n.op("Transpose", map[string]any{"perm": []int64{0, 1, 3, 2}}, x)))
		}
		s, in := n.compile(fast.Options{Threads: threads}).NewSession(), n.inputs()
		s.Give(0, in[0])
		if got := testing.AllocsPerRun(10, func() {
			if err := s.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("%d threads: %v allocations a run", threads, got)
		}
	}
}

// TestTilesShared shares the tiles of several images among any number of workers,
// in bands of any size: all give the bits that one does.
func TestTilesShared(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(9)) // no more workers than that
	for _, images := range []int{1, 3} {
		for _, side := range []int{9, 29} {
			n := newNet(t, uint64(side))
			x := n.input(images, 32, side, side+3)
			n.output(n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}}, x, n.constant(0.1, 40, 32, 3, 3)))
			in := n.inputs()
			want := run(t, n.compile(fast.Options{}).NewSession(), in, 1)
			n.compare(want, n.reference(in), 2e-4)
			for _, threads := range []int{2, 3, 5, 9} {
				for name, o := range map[string]fast.Options{
					"usual": {Threads: threads}, "small": fast.WithSmallCache(fast.Options{Threads: threads}), "little": fast.WithLittleCache(fast.Options{Threads: threads}),
				} {
					got := run(t, n.compile(o).NewSession(), in, 1)
					if name == "usual" && !slices.Equal(got[0], want[0]) {
						t.Errorf("%d images of %d: %d threads differ from one", images, side, threads)
					}
					n.compare(got, want, 1e-4)
				}
			}
		}
	}
}

// The sum over many channels is made in parts, which are the same with any number
// of threads.
func TestDeepTilesShared(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(9))
	for _, set := range kernel.All() {
		for stride := 1; stride <= 2; stride++ {
			n := newNet(t, uint64(stride))
			x := n.input(1, 256, 14*stride, 14*stride)
			steps := []int64{int64(stride), int64(stride)}
			n.output(n.op("Conv", map[string]any{"pads": []int64{1, 1, 1, 1}, "strides": steps}, x, n.constant(0.1, 96, 256, 3, 3)))
			in := n.inputs()
			want := run(t, n.compile(fast.Options{Set: set}).NewSession(), in, 1)
			for _, threads := range []int{2, 3, 5} {
				if got := run(t, n.compile(fast.Options{Set: set, Threads: threads}).NewSession(), in, 1); !slices.Equal(got[0], want[0]) {
					t.Errorf("%s, stride %d: %d threads differ from one", set.Name, stride, threads)
				}
			}
		}
	}
}

// TestDeepConvolution adds up the products of very many channels, with what is
// added and an activation besides, on every set of kernels.
func TestDeepConvolution(t *testing.T) {
	same := map[string]any{"pads": []int64{1, 1, 1, 1}}
	for _, channels := range []int{1832, 1843} { // the latter fill no half block
		n := newNet(t, uint64(channels))
		y := n.op("Conv", same, n.input(1, channels, 2, 3), n.constant(0.05, 20, channels, 3, 3), n.constant(1, 20))
		n.output(n.op("Relu", nil, n.op("Add", nil, y, n.op("MaxPool", map[string]any{"kernel_shape": []int64{1, 1}}, n.input(1, 20, 2, 3)))))
		in := n.inputs()
		want := n.reference(in)
		for _, s := range kernel.All() {
			n.compare(run(t, n.compile(fast.Options{Set: s, Exact: true}).NewSession(), in, 1), want, 2e-4)
		}
	}
}

// TestStrided convolves with stride 2 by tiles, with every kind of padding, odd
// sizes, residuals and bands, on all sets that have kernels for it.
func TestStrided(t *testing.T) {
	for _, set := range kernel.All() {
		for i, pads := range [][]int64{{1, 1, 1, 1}, {0, 0, 1, 1}, {0, 1, 0, 2}, {2, 0, 1, 0}} {
			for _, size := range [][2]int{{9, 33}, {26, 27}} {
				for _, channels := range []int{32, 72, 136} {
					n := newNet(t, uint64(i*channels))
					x := n.input(2, channels, size[0], size[1])
					y := n.op("Conv", map[string]any{"pads": pads, "strides": []int64{2, 2}}, x, n.constant(0.1, 45, channels, 3, 3), n.constant(1, 45))
					n.output(n.op("LeakyRelu", map[string]any{"alpha": float32(0.1)}, n.op("Add", nil, y, n.op("Sigmoid", nil, y))))
					in := n.inputs()
					want := n.reference(in)
					for threads := 1; threads <= 3; threads += 2 {
						p := n.compile(fast.WithTiles(fast.Options{Set: set, Threads: threads}))
						if set.Strided.Tile > 0 && fast.Tiled(p) != 1 {
							t.Errorf("%s: %d channels of %v: not done by tiles", set.Name, channels, size)
						}
						n.compare(run(t, p.NewSession(), in, 1), want, 2e-5)
					}
				}
			}
		}
	}
}

// stopping is a context that ends after so many looks at it.
type stopping struct {
	context.Context
	left int
}

func (c *stopping) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestRunStops ends runs before each operation; the next run must not notice.
func TestRunStops(t *testing.T) {
	n := randomNet(t, 12)
	s, in := n.compile(fast.Options{Threads: 2}).NewSession(), n.inputs()
	want := run(t, s, in, len(n.graph.Outputs))
	for left := 0; ; left++ {
		err := s.Run(&stopping{context.Background(), left})
		if err == nil {
			if left < 3 {
				t.Fatalf("looked at the context %d times", left)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		n.compare(run(t, s, in, len(want)), want, 0)
	}
}

// TestBandSizes: whatever the images, tiles and workers, a worker meets no band
// of a size that was not prepared.
func TestBandSizes(t *testing.T) {
	for images := 1; images <= 8; images++ {
		for _, tiles := range []int{1, 2, 7, 49, 64, 169} {
			for _, most := range []int{1, 3, 22, 50} {
				for _, threads := range []int{1, 2, 3, 5, 8, 64} {
					prepared, met := fast.Bands(images, tiles, min(most, tiles), threads)
					for n := range met {
						if !slices.Contains(prepared, n) {
							t.Errorf("%d images of %d tiles, at most %d in a band, %d threads: %d tiles", images, tiles, most, threads, n)
						}
					}
				}
			}
		}
	}
}

// TestRowsTogether has 1×1 convolutions do several rows as one, and as many workers
// as cut those up: all give the bits that one does. Beside a margin, which 3×3 windows
// want, rows have a gap.
func TestRowsTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(9)) // no more workers than that
	for _, set := range kernel.All() {
		for _, size := range [][2]int{{1, 1}, {2, 5}, {3, 8}, {8, 8}, {8, 13}, {7, 16}, {4, 33}} {
			n := newNet(t, uint64(size[1]))
			x := n.op("Relu", nil, n.input(2, 16, size[0], size[1]))
			y := n.op("Add", nil, n.op("Conv", nil, x, n.constant(0.1, 48, 16, 1, 1)), n.op("Sigmoid", nil, n.input(2, 48, size[0], size[1])))
			n.output(n.op("Conv", nil, y, n.constant(0.1, 7, 48, 1, 1)))
			z := n.op("Conv", nil, y, n.constant(0.1, 32, 48, 1, 1))
			n.output(n.op("Conv", map[string]any{"group": int64(32), "pads": []int64{1, 1, 1, 1}}, z, n.constant(0.1, 32, 1, 3, 3)))
			in := n.inputs()
			usual := fast.Options{Set: set}
			want := run(t, n.compile(usual).NewSession(), in, 2)
			n.compare(want, n.reference(in), 2e-4)
			for _, o := range []fast.Options{
				{Set: set, Threads: 2}, {Set: set, Threads: 5}, {Set: set, Threads: 9}, fast.WithSmallCache(usual), fast.WithLittleCache(usual),
			} {
				for i, got := range run(t, n.compile(o).NewSession(), in, 2) {
					if !slices.Equal(got, want[i]) {
						t.Errorf("%s, %v, %d threads: output %d has other bits", set.Name, size, o.Threads, i)
					}
				}
			}
		}
	}
}
