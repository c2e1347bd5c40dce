package infertest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// maker writes a random graph of pictures.
type maker struct {
	r      *rand.Rand
	g      *graph
	shapes map[string][]int
	plain  bool // no infinities, no NaN
}

// Graph is a random graph of the operators that convolutional networks have:
// convolutions of all kinds, with strides, dilations, pads, groups and odd
// sizes, and what comes between them. Its answer is that of infer's reference
// interpreter. One graph in four has infinities and NaN in its inputs; in those
// no convolution is of a kind that Winograd's method, which mixes neighbours,
// computes.
func Graph(seed uint64) (*Case, error) {
	m := &maker{r: rand.New(rand.NewPCG(seed, 4)), g: &graph{opset: 13 + int(seed%9)}, shapes: map[string][]int{}, plain: seed%4 != 3}
	c := &Case{Name: fmt.Sprint("graph ", seed), Opset: m.g.opset, Tolerance: 1e-4, key: fmt.Sprint("graph ", seed)}
	x := m.input(rnd(m.pick(1, 1, 2), m.pick(1, 3, 4, 7, 8, 16, 20, 33), 1+m.r.IntN(20), 1+m.r.IntN(20)))
	pool := []string{x}
	for range 3 + m.r.IntN(8) {
		pool = append(pool, m.step(pool[max(0, len(pool)-1-m.r.IntN(3))], pool))
	}
	m.g.outputs = []string{pool[len(pool)-1]}
	if inner := pool[len(pool)/2]; len(pool) > 3 && inner != m.g.outputs[0] {
		m.g.outputs = append(m.g.outputs, inner)
	}
	c.Model = m.g.encode()
	for i, t := range m.g.tensors {
		if !t.known {
			c.Inputs = append(c.Inputs, tensor.New(tensor.WithShape(t.shape...), tensor.WithBacking(t.data)))
			c.names = append(c.names, m.g.names[i])
		}
	}
	out, err := Infer(&infer.Options{Kernels: "reference"})(context.Background(), c.Model, c.Inputs)
	if err != nil {
		return nil, fmt.Errorf("infertest: graph %d: %w", seed, err)
	}
	for _, y := range out {
		c.Outputs = append(c.Outputs, Answer{y.Dtype().String(), slices.Clone([]int(y.Shape())), 1, y.Data()})
	}
	return c, nil
}

func (m *maker) pick(v ...int) int { return v[m.r.IntN(len(v))] }

func (m *maker) name(shape []int) string {
	name := fmt.Sprint("v", len(m.shapes))
	m.shapes[name] = shape
	return name
}

func (m *maker) add(v value) string {
	v.fill(m.r)
	name := m.name(v.shape)
	m.g.names, m.g.tensors = append(m.g.names, name), append(m.g.tensors, v)
	return name
}

func (m *maker) input(v value) string {
	v.fill(m.r)
	if x := v.data.([]float32); !m.plain {
		for range 1 + len(x)/50 {
			x[m.r.IntN(len(x))] = []float32{nan, inf, -inf}[m.r.IntN(3)]
		}
	}
	return m.add(v)
}

func (m *maker) node(op string, a attrs, shape []int, in ...string) string {
	name := m.name(shape)
	m.g.steps = append(m.g.steps, step{op: op, attrs: a, in: in, out: []string{name}})
	return name
}

// step adds an operator, or a few that like to go together.
func (m *maker) step(x string, pool []string) string {
	s := m.shapes[x]
	switch m.r.IntN(11) {
	case 0, 1, 2, 3:
		return m.follow(m.conv(x), pool)
	case 4:
		return m.pool(x)
	case 5:
		return m.activation(x)
	case 6:
		mode := []string{"nearest", "linear"}[m.r.IntN(2)]
		return m.node("Resize", attrs{"mode": mode, "coordinate_transformation_mode": []string{"half_pixel", "asymmetric", "align_corners"}[m.r.IntN(3)]},
			[]int{s[0], s[1], 2 * s[2], s[3] + 3}, x, "", "", m.add(known([]int64{int64(s[0]), int64(s[1]), int64(2 * s[2]), int64(s[3] + 3)}, 4)))
	case 7:
		other := m.conv(x)
		o := m.shapes[other]
		if o[2] != s[2] || o[3] != s[3] {
			return other
		}
		return m.node("Concat", attrs{"axis": 1}, []int{s[0], s[1] + o[1], s[2], s[3]}, x, other)
	case 8:
		return m.node([]string{"Add", "Mul", "Sub"}[m.r.IntN(3)], nil, s, x, m.add(rnd(s[1], 1, 1).fixed()))
	case 9:
		return m.node("BatchNormalization", nil, s, x, m.add(within(0.5, 1.5, s[1]).fixed()), m.add(rnd(s[1]).fixed()), m.add(rnd(s[1]).fixed()), m.add(within(0.5, 2, s[1]).fixed()))
	default:
		y := m.node("Transpose", attrs{"perm": []int{0, 2, 3, 1}}, []int{s[0], s[2], s[3], s[1]}, x)
		return m.node("Transpose", attrs{"perm": []int{0, 3, 1, 2}}, s, y)
	}
}

// conv adds a convolution of a random kind.
func (m *maker) conv(x string) string {
	s := m.shapes[x]
	k, stride, dilation, groups, out := m.pick(1, 1, 3, 3, 3, 5, 2), m.pick(1, 1, 1, 2, 3), m.pick(1, 1, 1, 2), 1, m.pick(1, 5, 8, 16, 24, 33, 48)
	switch m.r.IntN(4) {
	case 0:
		groups, out = s[1], s[1]
	case 1:
		if s[1]%2 == 0 {
			groups, out = 2, 2*m.pick(1, 3, 8)
		}
	}
	if !m.plain && k == 3 && groups == 1 {
		stride = 3
	}
	lo, hi := m.r.IntN(k), m.r.IntN(k)
	size := func(n int) int { return (n+lo+hi-dilation*(k-1)-1)/stride + 1 }
	if s[2]+lo+hi < dilation*(k-1)+1 || s[3]+lo+hi < dilation*(k-1)+1 {
		k, dilation, lo, hi = 1, 1, 0, 0
	}
	in := []string{x, m.add(weights(s[1]/groups*k*k, out, s[1]/groups, k, k))}
	if m.r.IntN(2) == 0 {
		in = append(in, m.add(rnd(out).fixed()))
	}
	a := attrs{"strides": []int{stride, stride}, "dilations": []int{dilation, dilation}, "pads": []int{lo, lo, hi, hi}, "group": groups}
	return m.node("Conv", a, []int{s[0], out, size(s[2]), size(s[3])}, in...)
}

// follow adds what is fused with a convolution where that can be.
func (m *maker) follow(y string, pool []string) string {
	if m.r.IntN(2) == 0 {
		for _, p := range pool {
			if slices.Equal(m.shapes[p], m.shapes[y]) {
				y = m.node("Add", nil, m.shapes[y], y, p)
				break
			}
		}
	}
	if m.r.IntN(3) > 0 {
		y = m.activation(y)
	}
	return y
}

func (m *maker) activation(x string) string {
	op := []string{"Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Clip", "Tanh"}[m.r.IntN(6)]
	if op == "HardSwish" && m.g.opset < 14 {
		op = "Relu"
	}
	in := []string{x}
	if op == "Clip" {
		in = append(in, m.add(known(f32(0))), m.add(known(f32(float32(math.Round(m.r.Float64()*60)/10)))))
	}
	return m.node(op, nil, m.shapes[x], in...)
}

func (m *maker) pool(x string) string {
	s := m.shapes[x]
	op := []string{"MaxPool", "AveragePool", "GlobalAveragePool"}[m.r.IntN(3)]
	if op == "GlobalAveragePool" {
		y := m.node(op, nil, []int{s[0], s[1], 1, 1}, x)
		return m.node("Mul", nil, s, x, y)
	}
	k, stride := m.pick(2, 3), m.pick(1, 2)
	size := func(n int) int { return (n+1-k)/stride + 1 }
	if s[2]+1 < k || s[3]+1 < k {
		return x
	}
	a := attrs{"kernel_shape": []int{k, k}, "strides": []int{stride, stride}, "pads": []int{0, 1, 1, 0}}
	return m.node(op, a, []int{s[0], s[1], size(s[2]), size(s[3])}, x)
}
