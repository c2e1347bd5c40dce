package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// Every set is held against formulas in float64, written here once more and in
// the plainest way. Results may differ by the rounding of each operation, so by
// terms · 2⁻²⁴ · Σ|term| at most.

const canary = -1.2345e30

// field is memory with canaries before and after. shift moves it off the
// boundaries of cache lines: aligned memory is fast, not required.
func field(n, shift int) (whole, part []float32) {
	const margin = 64
	whole = make([]float32, n+2*margin+16)
	for i := range whole {
		whole[i] = canary
	}
	at := margin
	for uintptr(unsafe.Pointer(&whole[at]))%64 != 0 {
		at++
	}
	at += shift
	return whole, whole[at:][:n:n]
}

// untouched checks the canaries around part.
func untouched(t *testing.T, whole, part []float32) {
	t.Helper()
	at := int(uintptr(unsafe.Pointer(&part[0]))-uintptr(unsafe.Pointer(&whole[0]))) / 4
	for i, v := range whole {
		if (i < at || i >= at+len(part)) && v != canary {
			t.Fatalf("wrote %v at %d, outside of 0 to %d", v, i-at, len(part))
		}
	}
}

// sum adds terms and keeps what bounds the rounding error.
type sum struct{ value, bound float64 }

func (s *sum) add(terms ...float64) {
	p := 1.0
	for _, t := range terms {
		p *= t
	}
	s.value += p
	s.bound += math.Abs(p)
}

// close compares a result with a sum of n terms after the activation.
func (s sum) close(got float32, act kernel.Act, n int) error {
	want, scale := s.value, 1.0
	switch act.Kind {
	case kernel.Slope:
		if want < 0 {
			want *= float64(act.Slope)
		}
	case kernel.Clip:
		if !math.IsNaN(want) {
			want = min(max(want, float64(act.Low)), float64(act.High))
		}
	}
	switch {
	case math.IsNaN(want) || math.IsInf(want, 0):
		if float64(got) != want && !(math.IsNaN(want) && got != got) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
	case !(math.Abs(float64(got)-want) <= scale*float64(n)*0x1p-24*s.bound+1e-37):
		return fmt.Errorf("got %v, want %v, bound %v", got, want, float64(n)*0x1p-24*s.bound)
	}
	return nil
}

func random(r *rand.Rand, s []float32) []float32 {
	for i := range s {
		s[i] = r.Float32()*2 - 1
	}
	return s
}

// odd puts numbers in that are hard to treat: NaN, infinities, zeros, denormals.
func odd(r *rand.Rand, s []float32) {
	hard := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1e-40, -1e-44, 1e30}
	for range len(s) / 40 {
		s[r.IntN(len(s))] = hard[r.IntN(len(hard))]
	}
}

func activations(r *rand.Rand) kernel.Act {
	return []kernel.Act{
		{},
		{Kind: kernel.Slope, Slope: 0.1},
		{Kind: kernel.Clip, High: 6},
		{Kind: kernel.Clip, Low: -0.25, High: float32(math.Inf(1))},
	}[r.IntN(4)]
}

func eachSet(t *testing.T, f func(t *testing.T, s *kernel.Set)) {
	for _, s := range kernel.All() {
		t.Run(s.Name, func(t *testing.T) { f(t, s) })
	}
}

// TestAll looks which sets there are. Where it is known what CPU the test runs
// on, FITVEIL_KERNELS names them: emulators show every dispatch this way.
func TestAll(t *testing.T) {
	var names []string
	for _, s := range kernel.All() {
		names = append(names, s.Name)
	}
	if got := names[len(names)-1]; got != "go" {
		t.Errorf("the last set is %q, want go", got)
	}
	if want := os.Getenv("FITVEIL_KERNELS"); want != "" && strings.Join(names, ",") != want {
		t.Errorf("there are %v, want %s", names, want)
	}
	for _, s := range kernel.All() {
		if s.Conv[1][1] == nil || s.Stem[1][1] == nil {
			t.Errorf("%s lacks the smallest convolution", s.Name)
		}
	}
}

func TestConv(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(1, 2))
		for blocks := range s.Conv {
			for pixels := range s.Conv[blocks] {
				for _, f := range []struct {
					run      func(*kernel.Conv)
					channels int
				}{{s.Conv[blocks][pixels], kernel.Chunk}, {s.Stem[blocks][pixels], 1}} {
					for range 3 {
						if f.run != nil {
							testConv(t, r, f.run, blocks, pixels, f.channels)
						}
					}
				}
			}
		}
	})
}

func testConv(t *testing.T, r *rand.Rand, run func(*kernel.Conv), blocks, pixels, channels int) {
	t.Helper()
	tiles, taps, step := 1+r.IntN(3), 1+r.IntN(12), 1+r.IntN(40)
	count := tiles * pixels
	a := kernel.Conv{Step: step, Tiles: tiles, Act: activations(r), OutBlock: count*kernel.Block + 16*r.IntN(3), ResBlock: count*kernel.Block + 16*r.IntN(3)}
	for range taps {
		a.Off = append(a.Off, int32(r.IntN(100)))
	}
	shift := r.IntN(16)
	_, a.In = field(100+count*step+channels, shift)
	random(r, a.In)
	if r.IntN(3) == 0 {
		odd(r, a.In)
	}
	a.W = random(r, make([]float32, taps*channels*blocks*kernel.Block))
	a.Bias = random(r, make([]float32, blocks*kernel.Block))
	whole, out := field((blocks-1)*a.OutBlock+count*kernel.Block, shift)
	a.Out = out
	switch r.IntN(4) {
	case 0:
		a.Res = random(r, make([]float32, (blocks-1)*a.ResBlock+count*kernel.Block))
	case 1: // in place
		a.ResBlock = a.OutBlock
		for b := range blocks {
			random(r, out[b*a.OutBlock:][:count*kernel.Block])
		}
		a.Res = out
	}
	res := slices.Clone(a.Res)
	if r.IntN(2) == 0 {
		a.Fetch, a.FetchStep = a.W, 128*r.IntN(2)
	}
	run(&a)
	untouched(t, whole, out)
	for b := range blocks {
		for p := range count {
			for c := range kernel.Block {
				var want sum
				want.add(float64(a.Bias[b*kernel.Block+c]))
				for i, off := range a.Off {
					for k := range channels {
						want.add(float64(a.In[int(off)+p*step+k]), float64(a.W[((i*channels+k)*blocks+b)*kernel.Block+c]))
					}
				}
				if a.Res != nil {
					want.add(float64(res[b*a.ResBlock+p*kernel.Block+c]))
				}
				if err := want.close(out[b*a.OutBlock+p*kernel.Block+c], a.Act, taps*channels+3); err != nil {
					t.Fatalf("%d blocks, %d pixels, %d channels, %d tiles, %d taps, step %d: block %d, pixel %d, channel %d: %v",
						blocks, pixels, channels, tiles, taps, step, b, p, c, err)
				}
			}
		}
	}
	for b := range blocks - 1 { // between the blocks
		if i := slices.IndexFunc(out[b*a.OutBlock+count*kernel.Block:(b+1)*a.OutBlock], func(v float32) bool { return v != canary }); i >= 0 {
			t.Fatalf("wrote past the end of block %d", b)
		}
	}
}

// window makes arguments for count pixels.
func window(r *rand.Rand, count int) (a kernel.Window, whole []float32) {
	taps, shift := 1+r.IntN(26), r.IntN(16)
	a = kernel.Window{Step: 1 + r.IntN(40), Count: count, Act: activations(r)}
	for range taps {
		a.Off = append(a.Off, int32(r.IntN(100)))
	}
	_, a.In = field(100+count*a.Step+kernel.Block, shift)
	random(r, a.In)
	if r.IntN(3) == 0 {
		odd(r, a.In)
	}
	a.W = random(r, make([]float32, taps*kernel.Block))
	a.Bias = random(r, make([]float32, kernel.Block))
	whole, a.Out = field(count*kernel.Block, shift)
	return a, whole
}

func TestDepthwise(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for count := 1; count <= 27; count++ {
			a, whole := window(r, count)
			s.Depthwise(&a)
			untouched(t, whole, a.Out)
			for i, got := range a.Out {
				p, c := i/kernel.Block, i%kernel.Block
				var want sum
				want.add(float64(a.Bias[c]))
				for k, off := range a.Off {
					want.add(float64(a.In[int(off)+p*a.Step+c]), float64(a.W[k*kernel.Block+c]))
				}
				if err := want.close(got, a.Act, len(a.Off)+2); err != nil {
					t.Fatalf("%d pixels, %d taps: pixel %d, channel %d: %v", count, len(a.Off), p, c, err)
				}
			}
		}
	})
}

func TestDepthwise3(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(13, 14))
		for stride := range s.Depthwise3 {
			for pixels, run := range s.Depthwise3[stride] {
				for range 3 {
					if run != nil {
						testDepthwise3(t, r, run, stride, pixels)
					}
				}
			}
		}
	})
}

func testDepthwise3(t *testing.T, r *rand.Rand, run func(*kernel.Window3), stride, pixels int) {
	t.Helper()
	const block = kernel.Block
	a := kernel.Window3{Tiles: 1 + r.IntN(3), Rows: 1 + r.IntN(4), Act: activations(r), Bias: random(r, make([]float32, block)), W: random(r, make([]float32, 9*block))}
	count, shift := a.Tiles*pixels, r.IntN(16)
	a.OutRow, a.Row, a.Down = count*block+16*r.IntN(3), 16*r.IntN(40), 16*r.IntN(40)
	_, a.In = field(2*a.Row+(a.Rows-1)*a.Down+((count-1)*stride+3)*block, shift)
	random(r, a.In)
	if r.IntN(2) == 0 {
		odd(r, a.In)
	}
	whole, out := field((a.Rows-1)*a.OutRow+count*block, shift)
	a.Out = out
	run(&a)
	untouched(t, whole, out)
	for i, got := range out {
		y, p, c := i/a.OutRow, i%a.OutRow/block, i%block
		if p >= count {
			if got != canary {
				t.Fatalf("%d pixels, stride %d: wrote past the end of row %d", pixels, stride, y)
			}
			continue
		}
		var want sum
		want.add(float64(a.Bias[c]))
		for k := range 9 {
			want.add(float64(a.In[y*a.Down+k/3*a.Row+(p*stride+k%3)*block+c]), float64(a.W[k*block+c]))
		}
		if err := want.close(got, a.Act, 11); err != nil {
			t.Fatalf("%d pixels, stride %d: row %d, pixel %d, channel %d: %v", pixels, stride, y, p, c, err)
		}
	}
}

func TestMaximum(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(5, 6))
		for count := 1; count <= 14; count++ {
			a, whole := window(r, count)
			a.Act = kernel.Act{}
			s.Maximum(&a)
			untouched(t, whole, a.Out)
			for i, got := range a.Out {
				p, c := i/kernel.Block, i%kernel.Block
				want := math.Inf(-1)
				for _, off := range a.Off {
					want = max(want, float64(a.In[int(off)+p*a.Step+c]))
				}
				if float64(got) != want && !(math.IsNaN(want) && got != got) {
					t.Fatalf("%d pixels: pixel %d, channel %d: got %v, want %v", count, p, c, got, want)
				}
			}
		}
	})
}

func TestResize(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(7, 8))
		for count := 1; count <= 9; count++ {
			shift := r.IntN(16)
			a := kernel.Resize{WeightUpper: r.Float32(), WeightLower: r.Float32()}
			_, a.Upper = field(10*kernel.Block, shift)
			_, a.Lower = field(10*kernel.Block, shift)
			random(r, a.Upper)
			random(r, a.Lower)
			for range count {
				a.Taps = append(a.Taps, kernel.ResizeTap{Left: int32(r.IntN(9 * kernel.Block)), Right: int32(r.IntN(9 * kernel.Block)), WeightLeft: r.Float32(), WeightRight: r.Float32()})
			}
			if count%2 == 0 {
				a.Add = random(r, make([]float32, count*kernel.Block))
			}
			var whole []float32
			whole, a.Out = field(count*kernel.Block, shift)
			s.Resize(&a)
			untouched(t, whole, a.Out)
			for i, got := range a.Out {
				tap, c := a.Taps[i/kernel.Block], i%kernel.Block
				var want sum
				want.add(float64(tap.WeightLeft), float64(a.WeightUpper), float64(a.Upper[int(tap.Left)+c]))
				want.add(float64(tap.WeightLeft), float64(a.WeightLower), float64(a.Lower[int(tap.Left)+c]))
				want.add(float64(tap.WeightRight), float64(a.WeightUpper), float64(a.Upper[int(tap.Right)+c]))
				want.add(float64(tap.WeightRight), float64(a.WeightLower), float64(a.Lower[int(tap.Right)+c]))
				if a.Add != nil {
					want.add(float64(a.Add[i]))
				}
				if err := want.close(got, kernel.Act{}, 7); err != nil {
					t.Fatalf("%d pixels: element %d: %v", count, i, err)
				}
			}
		}
	})
}

// TestWinograd goes the whole way: weights, inputs and results, with the products
// between them, must give a 3×3 convolution. The transforms multiply by up to
// eight and cancel again, so that errors are some ten times larger.
func TestWinograd(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(9, 10))
		for tiles := 1; tiles <= 5; tiles++ {
			testWinograd(t, r, &s.Winograd4, tiles)
			testWinograd(t, r, &s.Winograd2, tiles)
			if s.Strided.Tile > 0 {
				testWinograd(t, r, &s.Strided, tiles)
			}
		}
	})
}

func testWinograd(t *testing.T, r *rand.Rand, s *kernel.Winograd, tiles int) {
	t.Helper()
	m, stride, count := s.Tile, s.Stride, 1+r.IntN(3)
	row, shift := (m*stride*tiles+2)*kernel.Block+16*r.IntN(2), r.IntN(16)
	_, in := field(((m-1)*stride+3)*row, shift)
	random(r, in)
	// The transform of several filters; the last one is used.
	filters := random(r, make([]float32, (count*10-1)*kernel.Block))
	pitch := (count + r.IntN(2)) * kernel.Block
	wholeU, u := field((s.Filters()-1)*pitch+count*kernel.Block, shift)
	s.Weights(&kernel.WinogradWeights{In: filters, Tap: kernel.Block, InStep: 10 * kernel.Block, Out: u, Matrix: pitch, OutStep: kernel.Block, Count: count})
	untouched(t, wholeU, u)
	filter, u := filters[(count-1)*10*kernel.Block:], u[(count-1)*kernel.Block:]

	matrix := tiles*kernel.Block + 16*r.IntN(2)
	wholeV, v := field((s.Inputs()-1)*matrix+tiles*kernel.Block, shift)
	wholeTmp, tmp := field(s.Inputs()*kernel.Block, shift)
	s.In(&kernel.WinogradIn{In: in, Row: row, Out: v, Matrix: matrix, Tiles: tiles, Tmp: tmp})
	untouched(t, wholeV, v)
	untouched(t, wholeTmp, tmp)
	sums := make([]float32, s.Sums()*matrix)
	for _, p := range s.Products() {
		for i := range tiles * kernel.Block {
			to := &sums[p.Sum*matrix+i]
			if !p.More {
				*to = 0
			}
			for k := range p.Count {
				*to += v[(p.Input+k*p.Gap)*matrix+i] * u[(p.Filter+k)*pitch+i%kernel.Block]
			}
		}
	}
	a := kernel.WinogradOut{In: sums, Matrix: matrix, Row: m*tiles*kernel.Block + 16*r.IntN(2), Bias: random(r, make([]float32, kernel.Block)), Tiles: tiles, Tmp: tmp[:m*(m+2)*kernel.Block], Act: activations(r)}
	var whole []float32
	whole, a.Out = field((m-1)*a.Row+m*tiles*kernel.Block, shift)
	s.Out(&a)
	untouched(t, whole, a.Out)
	for y := range m {
		for x := range m * tiles {
			for c := range kernel.Block {
				var want sum
				want.add(float64(a.Bias[c]))
				for k := range 9 {
					want.add(float64(in[(y*stride+k/3)*row+(x*stride+k%3)*kernel.Block+c]), float64(filter[k*kernel.Block+c]))
				}
				if err := want.close(a.Out[y*a.Row+x*kernel.Block+c], a.Act, 200); err != nil {
					t.Fatalf("tiles of %d, stride %d, %d of them: row %d, pixel %d, channel %d: %v", m, stride, tiles, y, x, c, err)
				}
			}
		}
	}
}

func TestElementwise(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		r := rand.New(rand.NewPCG(11, 12))
		for n := 0; n <= 5*kernel.Block; n += kernel.Block {
			shift, act := r.IntN(16), activations(r)
			_, a := field(n, shift)
			odd(r, random(r, a))
			b := random(r, make([]float32, n))
			m, c := random(r, make([]float32, kernel.Block)), random(r, make([]float32, kernel.Block))
			for name, run := range map[string]func(out []float32) func(i int) sum{
				"add": func(out []float32) func(i int) sum {
					s.Add(&kernel.Pair{A: a, B: b, Out: out, Act: act})
					return func(i int) (w sum) { w.add(float64(a[i])); w.add(float64(b[i])); return w }
				},
				"multiply": func(out []float32) func(i int) sum {
					s.Multiply(&kernel.Pair{A: a, B: b, Out: out, Act: act})
					return func(i int) (w sum) { w.add(float64(a[i]), float64(b[i])); return w }
				},
				"affine": func(out []float32) func(i int) sum {
					s.Affine(&kernel.Affine{In: a, Out: out, Mul: m, Add: c, Act: act})
					return func(i int) (w sum) { w.add(float64(a[i]), float64(m[i%16])); w.add(float64(c[i%16])); return w }
				},
			} {
				whole, out := field(max(n, 1), shift)
				out = out[:n]
				want := run(out)
				if n > 0 {
					untouched(t, whole, out)
				}
				for i, got := range out {
					if err := want(i).close(got, act, 3); err != nil {
						t.Fatalf("%s: element %d of %d: %v", name, i, n, err)
					}
				}
			}
		}
	})
}

func TestFunctions(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		in := make([]float32, 4096)
		for i := range in {
			in[i] = float32(i-2048) / 16
		}
		in[5], in[6], in[7] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
		whole, out := field(len(in), 3)
		s.Sigmoid(&kernel.Map{In: in, Out: out})
		untouched(t, whole, out)
		for i, x := range in {
			want := 1 / (1 + math.Exp(-float64(x)))
			if !(math.Abs(float64(out[i])-want) <= 2e-7*want+2e-38) && !(x != x && out[i] != out[i]) {
				t.Fatalf("sigmoid of %v: got %v, want %v", x, out[i], want)
			}
		}
		s.HardSwish(&kernel.Map{In: in, Out: out})
		untouched(t, whole, out)
		for i, x := range in {
			f := float64(x)
			want := f * max(0, min(1, f/6+0.5))
			if !(math.Abs(float64(out[i])-want) <= 3e-7*math.Abs(f)) && !(math.IsNaN(want) && out[i] != out[i]) && float64(out[i]) != want {
				t.Fatalf("hard swish of %v: got %v, want %v", x, out[i], want)
			}
		}
	})
}

// TestWiden goes through all binary16 numbers.
func TestWiden(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		in := make([]uint16, 1<<16)
		for i := range in {
			in[i] = uint16(i)
		}
		whole, out := field(len(in), 3)
		s.Widen(&kernel.Widen{In: in, Out: out})
		untouched(t, whole, out)
		for i, got := range out {
			fraction, exponent := float64(i&0x3ff), i>>10&0x1f
			want := math.Ldexp(fraction+1024, exponent-25)
			switch {
			case exponent == 0:
				want = math.Ldexp(fraction, -24)
			case exponent == 31 && fraction == 0:
				want = math.Inf(1)
			case exponent == 31:
				want = math.NaN()
			}
			if i&0x8000 != 0 {
				want = -want
			}
			if math.IsNaN(want) != (got != got) || got == got && math.Float32bits(got) != math.Float32bits(float32(want)) {
				t.Fatalf("%#04x: got %v, want %v", i, got, want)
			}
		}
		s.Widen(&kernel.Widen{In: in[:0], Out: out[:0]})
	})
}

func TestTranspose(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		a := kernel.Transpose{InRow: 21, OutRow: 17, In: make([]float32, 16*21)}
		for i := range a.In {
			a.In[i] = float32(i)
		}
		whole, out := field(15*17+16, 5)
		a.Out = out
		s.Transpose(&a)
		untouched(t, whole, out)
		for y := range 16 {
			for x := range 16 {
				if got, want := out[y*17+x], a.In[x*21+y]; got != want {
					t.Fatalf("row %d, column %d: got %v, want %v", y, x, got, want)
				}
			}
			if y < 15 && out[y*17+16] != canary {
				t.Fatalf("wrote between rows %d and %d", y, y+1)
			}
		}
	})
}

// TestTransposeHalves turns squares of all binary16 numbers.
func TestTransposeHalves(t *testing.T) {
	eachSet(t, func(t *testing.T, s *kernel.Set) {
		sets, wide := kernel.All(), make([]float32, 1<<16)
		all := make([]uint16, 1<<16)
		for i := range all {
			all[i] = uint16(i)
		}
		sets[len(sets)-1].Widen(&kernel.Widen{In: all, Out: wide})
		for first := 0; first < 1<<16; first += 256 {
			a := kernel.TransposeHalves{InRow: 19, OutRow: 17, In: make([]uint16, 15*19+16)}
			for y := range 16 {
				copy(a.In[y*19:][:16], all[first+16*y:])
			}
			whole, out := field(15*17+16, 5)
			a.Out = out
			s.TransposeHalves(&a)
			untouched(t, whole, out)
			for i, want := range wide[first:][:256] {
				got := out[i%16*17+i/16]
				if math.Float32bits(got) != math.Float32bits(want) && !(got != got && want != want) {
					t.Fatalf("%#04x: got %v, want %v", first+i, got, want)
				}
			}
			for y := range 15 {
				if out[y*17+16] != canary {
					t.Fatalf("wrote between rows %d and %d", y, y+1)
				}
			}
		}
	})
}
