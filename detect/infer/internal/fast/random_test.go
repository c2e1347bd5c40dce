package fast_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// TestRandomGraphs holds programs of random graphs against the reference
// operators, on every set of kernels, with and without Winograd, on one to three
// threads. Every session runs three times, on other inputs each time: what a run
// leaves in memory must not show in the next.
func TestRandomGraphs(t *testing.T) {
	count := uint64(80)
	if testing.Short() {
		count = 12
	}
	chains := 0
	for seed := range count {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			n := randomNet(t, seed)
			options := []fast.Options{}
			for _, s := range kernel.All() {
				one, more := fast.Options{Set: s}, fast.Options{Set: s, Threads: 2 + int(seed%2)}
				options = append(options, one, fast.Options{Set: s, Exact: true}, more)
				options = append(options, fast.WithSmallCache(fast.Options{Set: s, Exact: true}), fast.WithLittleCache(one), fast.WithLittleCache(more))
			}
			var sessions []*fast.Session
			for _, o := range options {
				sessions = append(sessions, n.compile(o).NewSession())
			}
			chains += fast.Chains(n.compile(fast.WithSmallCache(fast.Options{})))
			for range 3 {
				in := n.inputs()
				want := n.reference(in)
				var got [][][]float32
				for _, s := range sessions {
					got = append(got, run(t, s, in, len(want)))
					n.compare(got[len(got)-1], want, 2e-4)
				}
				for i := 0; i < len(options); i += 6 { // more threads change nothing
					if !slices.EqualFunc(got[i], got[i+2], slices.Equal[[]float32]) || !slices.EqualFunc(got[i+4], got[i+5], slices.Equal[[]float32]) {
						t.Fatalf("%s: %d threads differ from one\n%s", options[i].Set.Name, options[i+2].Threads, n.text)
					}
				}
			}
		})
	}
	if chains < int(count)/4 {
		t.Errorf("%d chains in %d graphs: not much was tested of them", chains, count)
	}
}

func randomNet(t *testing.T, seed uint64) *net {
	n := newNet(t, seed)
	pick := func(v ...int) int { return v[n.r.IntN(len(v))] }
	side := func() int { return 1 + n.r.IntN(22) }
	pictures := []*ir.Value{n.input(pick(1, 1, 2), pick(1, 3, 4, 8, 16, 24, 32), side(), side())}
	if n.r.IntN(2) == 0 {
		pictures = append(pictures, n.input(pictures[0].Shape...))
	}
	for range 4 + n.r.IntN(14) {
		x := pictures[max(0, len(pictures)-1-n.r.IntN(4))]
		for _, v := range n.step(x, pictures, pick) {
			if len(v.Shape) == 4 && v.Len() > 0 {
				pictures = append(pictures, v)
			}
		}
	}
	read := map[*ir.Value]bool{}
	for _, node := range n.graph.Nodes {
		for _, v := range node.In {
			read[v] = true
		}
	}
	for _, v := range pictures[1:] { // what nobody reads, and now and then what somebody does
		if !read[v] && !slices.Contains(n.graph.Inputs, v) || n.r.IntN(6) == 0 {
			n.output(v)
		}
	}
	if len(n.graph.Outputs) == 0 {
		n.output(n.op("Relu", nil, pictures[0]))
	}
	return n
}

// step adds one random operator, or a few that like to go together.
func (n *net) step(x *ir.Value, pictures []*ir.Value, pick func(...int) int) []*ir.Value {
	channels := x.Shape[1]
	one := func(v *ir.Value) []*ir.Value { return []*ir.Value{v} }
	like := func(v *ir.Value) *ir.Value { // another picture of the same shape, maybe v itself
		var same []*ir.Value
		for _, p := range pictures {
			if slices.Equal(p.Shape, v.Shape) {
				same = append(same, p)
			}
		}
		return append(same, v)[n.r.IntN(len(same)+1)]
	}
	switch n.r.IntN(20) {
	case 0, 1, 2, 3:
		return one(n.block(x, pick))
	case 4:
		v := n.block(x, pick)
		return one(n.op("Add", nil, v, like(v)))
	case 5:
		return n.try(n.op2("MaxPool", "AveragePool"), map[string]any{"kernel_shape": []int64{3, 3}, "strides": []int64{2, int64(pick(1, 2))}, "pads": []int64{1, 0, int64(pick(0, 1)), 1}, "ceil_mode": int64(pick(0, 1))}, 1, x)
	case 6:
		h, w := int64(1+n.r.IntN(24)), int64(1+n.r.IntN(24))
		if n.r.IntN(2) == 0 {
			h, w = int64(2*x.Shape[2]), int64(2*x.Shape[3])
		}
		attrs := map[string]any{"mode": n.op2("linear", "nearest"), "coordinate_transformation_mode": n.op2("half_pixel", n.op2("align_corners", "asymmetric"))}
		v := n.try("Resize", attrs, 1, x, nil, nil, ints(int64(x.Shape[0]), int64(channels), h, w))
		if v == nil || n.r.IntN(2) == 0 {
			return v
		}
		return one(n.op("Add", nil, like(v[0]), v[0]))
	case 7:
		parts := []*ir.Value{x}
		for _, p := range pictures {
			if p.Shape[0] == x.Shape[0] && slices.Equal(p.Shape[2:], x.Shape[2:]) && len(parts) < 4 && n.r.IntN(2) == 0 {
				parts = append(parts, p)
			}
		}
		return one(n.op("Concat", map[string]any{"axis": int64(1)}, parts...))
	case 8:
		if channels < 2 {
			return nil
		}
		k := int64(pick(1, max(1, channels/32*16), channels-1))
		return n.try("Split", map[string]any{"axis": int64(1)}, 2, x, ints(k, int64(channels)-k))
	case 9:
		return one(n.op([]string{"Sigmoid", "HardSwish", "HardSigmoid", "Tanh"}[n.r.IntN(4)], nil, x))
	case 10:
		return one(n.activation(x))
	case 11:
		return one(n.op(n.op2("Mul", "Sub"), nil, x, n.constant(1, pick(1, channels), 1, 1)))
	case 12:
		gate := n.op("Sigmoid", nil, n.op("GlobalAveragePool", nil, x))
		return one(n.op("Mul", nil, x, gate))
	case 13, 14:
		return one(n.sequence(x, pick))
	case 15:
		return one(n.op("Transpose", map[string]any{"perm": []int64{0, 1, 3, 2}}, x))
	case 16:
		y := n.op("MatMul", nil, x, n.constant(1/float32(x.Shape[3]), x.Shape[3], pick(3, 8, 20, 33)))
		return one(n.op("Add", nil, y, n.constant(0.5, pick(1, y.Shape[3]))))
	case 17: // squares of numbers must not grow from step to step
		turned := n.op("Transpose", map[string]any{"perm": []int64{0, 1, 3, 2}}, like(x))
		return one(n.op("Clip", nil, n.op("MatMul", nil, x, turned), floats(-0.4), floats(0.7)))
	}
	flat := n.op("Reshape", nil, x, ints(int64(x.Shape[0]), -1))
	return one(n.op("Reshape", nil, n.op("Abs", nil, flat), ints(int64(x.Shape[0]), int64(channels), int64(x.Shape[3]), int64(x.Shape[2]))))
}

// sequence adds convolutions that nobody but the next one reads.
func (n *net) sequence(x *ir.Value, pick func(...int) int) *ir.Value {
	y := x
	for range 2 + n.r.IntN(4) {
		y = n.block(y, pick)
	}
	if slices.Equal(x.Shape, y.Shape) && n.r.IntN(2) == 0 {
		y = n.op("Add", nil, x, y)
	}
	return y
}

func (n *net) op2(a, b string) string {
	if n.r.IntN(2) == 0 {
		return a
	}
	return b
}

func (n *net) activation(x *ir.Value) *ir.Value {
	switch n.r.IntN(3) {
	case 0:
		return n.op("Relu", nil, x)
	case 1:
		return n.op("LeakyRelu", map[string]any{"alpha": float32(0.1)}, x)
	}
	return n.op("Clip", nil, x, floats(-0.3), floats(0.6))
}

// block adds a convolution of any kind, and what often follows one.
func (n *net) block(x *ir.Value, pick func(...int) int) *ir.Value {
	channels, groups := pick(1, 8, 16, 20, 32, 45, 64, 80), 1
	k, s, d := pick(1, 3, 3, 3, 5), pick(1, 1, 2), pick(1, 1, 1, 2)
	switch n.r.IntN(4) {
	case 0:
		channels, groups = x.Shape[1], x.Shape[1]
	case 1:
		if x.Shape[1]%4 == 0 {
			channels, groups = 8, 4
		}
	}
	p := func() int64 { return int64(pick((k-1)*d/2, (k-1)*d/2, 0, k-1)) }
	attrs := map[string]any{"strides": []int64{int64(s), int64(s)}, "dilations": []int64{int64(d), int64(d)}, "pads": []int64{p(), p(), p(), p()}}
	if n.r.IntN(5) == 0 {
		delete(attrs, "pads")
		attrs["auto_pad"] = n.op2("SAME_UPPER", "SAME_LOWER")
	}
	if reach := (k-1)*d + 1; reach > x.Shape[2]+1 || reach > x.Shape[3]+1 {
		k = 1
		attrs = map[string]any{}
	}
	weights := n.constant(1.7/float32(k*k), channels, x.Shape[1]/groups, k, k)
	attrs["group"] = int64(groups)
	out := n.try("Conv", attrs, 1, x, weights, n.constant(0.5, channels))
	if out == nil {
		return n.op("Relu", nil, x)
	}
	y := out[0]
	if n.r.IntN(3) == 0 {
		y = n.op("BatchNormalization", nil, y, n.constant(1, channels), n.constant(1, channels), n.constant(1, channels), known(&ir.Array{Type: ir.Float32, Shape: []int{channels}, Data: slices.Repeat([]float32{0.7}, channels)}))
	}
	if n.r.IntN(2) == 0 {
		y = n.activation(y)
	}
	return y
}
