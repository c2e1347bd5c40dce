package infer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// A writer of protobuf messages, as small as tests need it: it can write what
// no real writer would. Field numbers are those of onnx.proto.

type msg struct{ b []byte }

type part func(*msg)

func (m *msg) tag(number, kind int) { m.b = binary.AppendUvarint(m.b, uint64(number<<3|kind)) }

func (m *msg) int(number int, v int64) {
	m.tag(number, 0)
	m.b = binary.AppendUvarint(m.b, uint64(v))
}

func (m *msg) raw(number int, v []byte) {
	m.tag(number, 2)
	m.b = append(binary.AppendUvarint(m.b, uint64(len(v))), v...)
}

func (m *msg) text(number int, v string) { m.raw(number, []byte(v)) }

func (m *msg) float(number int, v float32) {
	m.tag(number, 5)
	m.b = binary.LittleEndian.AppendUint32(m.b, math.Float32bits(v))
}

func (m *msg) sub(number int, p part) {
	var s msg
	p(&s)
	m.raw(number, s.b)
}

// model is an ONNX file to be. Zero numbers mean IR version 8 and opset 13.
type model struct {
	ir, opset                    int64
	nodes, tensors, inputs, outs []part
	graph, top                   []part // anything else in the GraphProto and the ModelProto
}

func (m model) encode() []byte {
	if m.ir == 0 {
		m.ir = 8
	}
	if m.opset == 0 {
		m.opset = 13
	}
	var top msg
	top.int(1, m.ir)
	top.sub(8, func(s *msg) { s.int(2, m.opset) })
	top.sub(7, func(g *msg) {
		for i, list := range [][]part{m.nodes, m.tensors, m.inputs, m.outs} {
			for _, p := range list {
				g.sub([]int{1, 5, 11, 12}[i], p)
			}
		}
		for _, p := range m.graph {
			p(g)
		}
	})
	for _, p := range m.top {
		p(&top)
	}
	return top.b
}

func node(op string, in, out []string, attrs ...part) part {
	return func(m *msg) {
		for _, s := range in {
			m.text(1, s)
		}
		for _, s := range out {
			m.text(2, s)
		}
		m.text(3, "the "+op)
		m.text(4, op)
		for _, a := range attrs {
			m.sub(5, a)
		}
	}
}

func attr(name string, v any) part {
	return func(m *msg) {
		m.text(1, name)
		switch v := v.(type) {
		case int:
			m.int(3, int64(v))
			m.int(20, 2)
		case float64:
			m.float(2, float32(v))
			m.int(20, 1)
		case string:
			m.text(4, v)
			m.int(20, 3)
		case []int:
			for _, x := range v {
				m.int(8, int64(x))
			}
			m.int(20, 7)
		case []float64:
			for _, x := range v {
				m.float(7, float32(x))
			}
			m.int(20, 6)
		case part: // a tensor
			m.sub(5, v)
			m.int(20, 4)
		default:
			panic(fmt.Sprintf("attribute of type %T", v))
		}
	}
}

// elemType is TensorProto.DataType of a slice.
func elemType(data any) int64 {
	switch data.(type) {
	case []float32:
		return 1
	case []uint8:
		return 2
	case []int8:
		return 3
	case []uint16:
		return 4
	case []int16:
		return 5
	case []int32:
		return 6
	case []int64:
		return 7
	case []bool:
		return 9
	case []float64:
		return 11
	case []uint32:
		return 12
	case []uint64:
		return 13
	}
	panic(fmt.Sprintf("no element type for %T", data))
}

// value declares an input or output; a dimension is an int or a name.
func value(name string, elem int64, dims ...any) part {
	return func(m *msg) {
		m.text(1, name)
		m.sub(2, func(m *msg) {
			m.sub(1, func(m *msg) {
				m.int(1, elem)
				m.sub(2, func(m *msg) {
					for _, d := range dims {
						m.sub(1, func(m *msg) {
							switch d := d.(type) {
							case int:
								m.int(1, int64(d))
							case string:
								m.text(2, d)
							}
						})
					}
				})
			})
		})
	}
}

// constant is a TensorProto with raw data.
func constant(name string, shape []int, data any) part {
	raw, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return tensorProto(name, elemType(data), shape, func(m *msg) { m.raw(9, raw) })
}

func tensorProto(name string, elem int64, shape []int, data part) part {
	return func(m *msg) {
		for _, d := range shape {
			m.int(1, int64(d))
		}
		m.int(2, elem)
		m.text(8, name)
		data(m)
	}
}

// array is an argument or a result of an operator.
type array struct {
	shape []int
	data  any
	fixed bool // known at load time
	none  bool // absent
}

func arr(data any, shape ...int) array   { return array{shape: shape, data: data} }
func fixed(data any, shape ...int) array { return array{shape: shape, data: data, fixed: true} }

func (a array) tensor() tensor.Tensor {
	return tensor.New(tensor.WithShape(a.shape...), tensor.WithBacking(a.data))
}

func (a array) dims() (out []any) {
	for _, d := range a.shape {
		out = append(out, d)
	}
	return out
}

// opCase is one call of one operator.
type opCase struct {
	name  string
	op    string
	opset int64 // 0 = 13
	attrs []part
	in    []array
	want  []array
	tol   float64 // 0 = exact
}

// model makes a model of the one node. With allFixed every input is an
// initializer, and the whole node is folded at load time.
func (c opCase) model(allFixed bool) (m model, in []tensor.Tensor) {
	m.opset = c.opset
	var names, results []string
	for i, a := range c.in {
		name := fmt.Sprintf("x%d", i)
		switch {
		case a.none:
			name = ""
		case a.fixed || allFixed:
			m.tensors = append(m.tensors, constant(name, a.shape, a.data))
		default:
			m.inputs = append(m.inputs, value(name, elemType(a.data), a.dims()...))
			in = append(in, a.tensor())
		}
		names = append(names, name)
	}
	for i, a := range c.want {
		name := fmt.Sprintf("y%d", i)
		if a.none {
			name = ""
		} else {
			m.outs = append(m.outs, value(name, elemType(a.data), a.dims()...))
		}
		results = append(results, name)
	}
	m.nodes = []part{node(c.op, names, results, c.attrs...)}
	return m, in
}

// engines are the two ways a program runs: what Load chooses, and the reference
// operators alone. Tests that compute run both.
var engines = []struct {
	name    string
	options func(infer.Options) *infer.Options
}{
	{"default", func(o infer.Options) *infer.Options { return &o }},
	{"reference", func(o infer.Options) *infer.Options { o.Kernels = "reference"; return &o }},
}

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// load compiles a model that must be fine.
func load(t failer, m model, o *infer.Options) *infer.Program {
	t.Helper()
	p, err := infer.Load(m.encode(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run loads and runs a model that must be fine.
func run(t failer, m model, o *infer.Options, in ...tensor.Tensor) []tensor.Tensor {
	t.Helper()
	p := load(t, m, o)
	out := make([]tensor.Tensor, len(p.Outputs()))
	if err := p.NewSession().Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}
