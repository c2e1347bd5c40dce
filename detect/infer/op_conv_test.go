package infer_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/detect/infer"
)

func ones(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func upTo(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return v
}

// convCases are the examples of Operators.md#Conv and small ones by hand. What
// they leave out TestConvAgainstNaive covers.
func convCases() []opCase {
	picture := arr(upTo(25), 1, 1, 5, 5)
	kernel := fixed(ones(9), 1, 1, 3, 3)
	return []opCase{
		{
			name: "padded", op: "Conv", attrs: []part{attr("kernel_shape", []int{3, 3}), attr("pads", []int{1, 1, 1, 1})},
			in: []array{picture, kernel},
			want: []array{arr(f32(12, 21, 27, 33, 24, 33, 54, 63, 72, 51, 63, 99, 108, 117, 81,
				93, 144, 153, 162, 111, 72, 111, 117, 123, 84), 1, 1, 5, 5)},
		},
		{
			name: "not padded", op: "Conv", in: []array{picture, kernel},
			want: []array{arr(f32(54, 63, 72, 99, 108, 117, 144, 153, 162), 1, 1, 3, 3)},
		},
		{
			name: "strides, padded above and below", op: "Conv",
			attrs: []part{attr("pads", []int{1, 0, 1, 0}), attr("strides", []int{2, 2})},
			in:    []array{arr(upTo(35), 1, 1, 7, 5), kernel},
			want:  []array{arr(f32(21, 33, 99, 117, 189, 207, 171, 183), 1, 1, 4, 2)},
		},
		{
			name: "same, lower", op: "Conv",
			attrs: []part{attr("auto_pad", "SAME_LOWER"), attr("strides", []int{2, 2})},
			in:    []array{picture, kernel},
			want:  []array{arr(f32(12, 27, 24, 63, 108, 81, 72, 117, 84), 1, 1, 3, 3)},
		},
		{
			name: "same, upper, odd pixel after", op: "Conv", attrs: []part{attr("auto_pad", "SAME_UPPER")},
			in:   []array{arr(f32(1, 2, 3), 1, 1, 3), fixed(f32(1, 10), 1, 1, 2)},
			want: []array{arr(f32(21, 32, 3), 1, 1, 3)},
		},
		{
			name: "valid", op: "Conv", attrs: []part{attr("auto_pad", "VALID")},
			in:   []array{arr(f32(1, 2, 3), 1, 1, 3), fixed(f32(1, 10), 1, 1, 2)},
			want: []array{arr(f32(21, 32), 1, 1, 2)},
		},
		{
			name: "dilated, one dimension", op: "Conv", attrs: []part{attr("dilations", []int{2})},
			in:   []array{arr(f32(1, 2, 3, 4, 5), 1, 1, 5), fixed(f32(1, 10), 1, 1, 2), fixed(f32(0.5), 1)},
			want: []array{arr(f32(31.5, 42.5, 53.5), 1, 1, 3)},
		},
		{
			name: "groups", op: "Conv", attrs: []part{attr("group", 2)},
			in: []array{
				arr(f32(1, 2, 3, 4), 1, 4, 1, 1),
				fixed(f32(1, 10, 2, 20, 3, 30, 4, 40), 4, 2, 1, 1), fixed(f32(0, 0, 0, 100), 4),
			},
			want: []array{arr(f32(21, 42, 129, 272), 1, 4, 1, 1)},
		},
	}
}

// naive is a convolution by its definition, in float64.
type naive struct {
	n, c, h, w, m, kh, kw, group int
	sh, sw, dh, dw               int
	top, left, bottom, right     int
	x, weights, bias             []float32
}

func (p naive) size() (oh, ow int) {
	return (p.h+p.top+p.bottom-p.dh*(p.kh-1)-1)/p.sh + 1, (p.w+p.left+p.right-p.dw*(p.kw-1)-1)/p.sw + 1
}

func (p naive) at(n, m, oy, ox int) float64 {
	depth := p.c / p.group
	sum := float64(p.bias[m])
	for ic := range depth {
		for ky := range p.kh {
			for kx := range p.kw {
				y, x := oy*p.sh-p.top+ky*p.dh, ox*p.sw-p.left+kx*p.dw
				if y < 0 || y >= p.h || x < 0 || x >= p.w {
					continue
				}
				ch := m/(p.m/p.group)*depth + ic
				sum += float64(p.x[((n*p.c+ch)*p.h+y)*p.w+x]) * float64(p.weights[((m*depth+ic)*p.kh+ky)*p.kw+kx])
			}
		}
	}
	return sum
}

// TestConvAgainstNaive compares random convolutions with their definition, with
// one thread and with three, which must agree to the bit.
func TestConvAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(lo, hi int, name string) int { return rapid.IntRange(lo, hi).Draw(t, name) }
		p := naive{
			n: draw(1, 2, "n"), h: draw(1, 12, "h"), w: draw(1, 40, "w"), group: draw(1, 3, "group"),
			kh: draw(1, 4, "kh"), kw: draw(1, 4, "kw"), sh: draw(1, 3, "sh"), sw: draw(1, 3, "sw"),
			dh: draw(1, 2, "dh"), dw: draw(1, 2, "dw"),
			top: draw(0, 3, "top"), left: draw(0, 3, "left"), bottom: draw(0, 3, "bottom"), right: draw(0, 3, "right"),
		}
		p.c, p.m = p.group*draw(1, 5, "depth"), p.group*draw(1, 5, "channels")
		oh, ow := p.size()
		if p.h+p.top+p.bottom < p.dh*(p.kh-1)+1 || p.w+p.left+p.right < p.dw*(p.kw-1)+1 {
			t.Skip("kernel does not fit")
		}
		random := func(n int) []float32 {
			v := make([]float32, n)
			seed := uint64(draw(0, 1<<30, "seed"))
			for i := range v {
				seed = seed*6364136223846793005 + 1442695040888963407
				v[i] = float32(int32(seed>>32)) / (1 << 31)
			}
			return v
		}
		p.x, p.bias = random(p.n*p.c*p.h*p.w), random(p.m)
		p.weights = random(p.m * p.c / p.group * p.kh * p.kw)
		c := opCase{
			op: "Conv",
			attrs: []part{
				attr("group", p.group), attr("strides", []int{p.sh, p.sw}), attr("dilations", []int{p.dh, p.dw}),
				attr("pads", []int{p.top, p.left, p.bottom, p.right}),
			},
			in: []array{
				arr(p.x, p.n, p.c, p.h, p.w), fixed(p.weights, p.m, p.c/p.group, p.kh, p.kw), fixed(p.bias, p.m),
			},
			want: []array{arr(f32(), p.n, p.m, oh, ow)},
		}
		m, in := c.model(false)
		for _, e := range engines {
			one := run(t, m, e.options(infer.Options{}), in...)[0].Data().([]float32)
			three := run(t, m, e.options(infer.Options{Threads: 3}), in...)[0].Data().([]float32)
			for i, got := range one {
				if three[i] != got {
					t.Fatalf("%s: element %d is %v with one thread, %v with three", e.name, i, got, three[i])
				}
				want := p.at(i/ow/oh/p.m, i/ow/oh%p.m, i/ow%oh, i%ow)
				// Sums of at most 5·4·4 products below 1: a few roundings of about 1e-7.
				if math.Abs(float64(got)-want) > 2e-5 {
					t.Fatalf("%s: element %d is %v, want %v", e.name, i, got, want)
				}
			}
		}
	})
}

// TestConvLongRows covers 1×1 kernels, where rows are joined, in shapes that
// divide and that do not.
func TestConvLongRows(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 5}, {64, 64}, {33, 40}, {40, 33}, {2, 3000}, {1024, 1}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h, w := size[0], size[1]
			x := upTo(2 * h * w)
			c := opCase{op: "Conv", in: []array{arr(x, 1, 2, h, w), fixed(f32(1, -2), 1, 2, 1, 1)}, want: []array{arr(f32(), 1, 1, h, w)}}
			m, in := c.model(false)
			for _, e := range engines {
				for i, got := range run(t, m, e.options(infer.Options{}), in...)[0].Data().([]float32) {
					if want := x[i] - 2*x[h*w+i]; got != want {
						t.Fatalf("%s: element %d is %v, want %v", e.name, i, got, want)
					}
				}
			}
		})
	}
}
