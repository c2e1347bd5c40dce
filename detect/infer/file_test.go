package infer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// relu is a model that is fine, to be spoiled.
func relu() model {
	return model{
		nodes:  []part{node("Relu", []string{"x"}, []string{"y"})},
		inputs: []part{value("x", 1, 1, 2)},
		outs:   []part{value("y", 1, 1, 2)},
	}
}

// added is y = x + w, with w an initializer.
func added(w part) model {
	m := relu()
	m.nodes = []part{node("Add", []string{"x", "w"}, []string{"y"})}
	m.tensors = []part{w}
	return m
}

func with(m model, change func(*model)) model {
	change(&m)
	return m
}

// TestLoadRefuses has one row for each thing onnx-go cannot read, drops
// silently or panics at, and for what the engine does not do.
func TestLoadRefuses(t *testing.T) {
	raw := func(n int) part { return func(m *msg) { m.raw(9, make([]byte, n)) } }
	one := []int{1}
	tests := []struct {
		name  string
		model model
		err   error
		say   string
	}{
		// Tensors.
		{"string tensor", added(tensorProto("w", 8, one, func(m *msg) { m.text(6, "a") })), infer.ErrUnsupported, "string"},
		{"complex tensor", added(tensorProto("w", 14, one, raw(8))), infer.ErrUnsupported, "complex64"},
		{"float8 tensor", added(tensorProto("w", 17, one, raw(1))), infer.ErrUnsupported, "float8e4m3fn"},
		{"int4 tensor", added(tensorProto("w", 22, []int{2}, raw(1))), infer.ErrUnsupported, "int4"},
		{"unknown element type", added(tensorProto("w", 99, one, raw(4))), infer.ErrUnsupported, "99"},
		{"no element type", added(tensorProto("w", 0, one, raw(4))), infer.ErrModel, "element type"},
		{"raw data too short", added(tensorProto("w", 1, []int{3}, raw(4))), infer.ErrModel, "4 bytes"},
		{"raw data too long", added(tensorProto("w", 1, one, raw(8))), infer.ErrModel, "8 bytes"},
		{"raw data not a multiple", added(tensorProto("w", 1, one, raw(5))), infer.ErrModel, "5 bytes"},
		{"no data", added(tensorProto("w", 1, one, func(*msg) {})), infer.ErrModel, "0 elements"},
		{"negative dimension", added(tensorProto("w", 1, []int{-1}, raw(4))), infer.ErrModel, "dimensions [-1]"},
		{"dimensions overflow", added(tensorProto("w", 1, []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}, raw(4))), infer.ErrModel, "dimensions"},
		{"empty, with a huge dimension", added(tensorProto("w", 1, []int{0, math.MaxInt32}, raw(0))), infer.ErrModel, "dimensions"},
		{"too many dimensions", added(tensorProto("w", 1, make([]int, 17), raw(0))), infer.ErrUnsupported, "16 dimensions"},
		{"raw and typed data", added(tensorProto("w", 1, one, func(m *msg) { m.raw(9, make([]byte, 4)); m.float(4, 1) })), infer.ErrModel, "raw and typed"},
		{"data in the wrong field", added(tensorProto("w", 1, one, func(m *msg) { m.int(7, 1) })), infer.ErrModel, "field 7"},
		{"data in two fields", added(tensorProto("w", 1, one, func(m *msg) { m.int(7, 1); m.float(4, 1) })), infer.ErrModel, "fields 7 and 4"},
		{"wrong number of integers", added(tensorProto("w", 7, []int{2}, func(m *msg) { m.int(7, 1) })), infer.ErrModel, "1 elements"},
		{"external data", added(tensorProto("w", 1, one, func(m *msg) { m.sub(13, func(m *msg) { m.text(1, "location") }) })), infer.ErrUnsupported, "external"},
		{"external by location", added(tensorProto("w", 1, one, func(m *msg) { m.int(14, 1) })), infer.ErrUnsupported, "external"},
		{"segment", added(tensorProto("w", 1, one, func(m *msg) { m.sub(3, func(*msg) {}) })), infer.ErrUnsupported, "segment"},
		{"initializer without a name", added(tensorProto("", 1, one, raw(4))), infer.ErrModel, "without a name"},
		{"initializer twice", with(added(tensorProto("w", 1, one, raw(4))), func(m *model) { m.tensors = append(m.tensors, m.tensors[0]) }), infer.ErrModel, "second initializer"},

		// The graph.
		{"sparse initializer", with(relu(), func(m *model) { m.graph = []part{func(m *msg) { m.sub(15, func(*msg) {}) }} }), infer.ErrUnsupported, "sparse"},
		{"quantization annotation", with(relu(), func(m *model) { m.graph = []part{func(m *msg) { m.sub(14, func(*msg) {}) }} }), infer.ErrUnsupported, "quantization"},
		{"functions", with(relu(), func(m *model) { m.top = []part{func(m *msg) { m.sub(25, func(*msg) {}) }} }), infer.ErrUnsupported, "functions"},
		{"training info", with(relu(), func(m *model) { m.top = []part{func(m *msg) { m.sub(20, func(*msg) {}) }} }), infer.ErrUnsupported, "training"},
		{"second graph", with(relu(), func(m *model) { m.top = []part{func(m *msg) { m.sub(7, func(*msg) {}) }} }), infer.ErrModel, "second graph"},
		{"no node", with(relu(), func(m *model) { m.nodes = nil }), infer.ErrModel, "no node"},
		{"no output", with(relu(), func(m *model) { m.outs = nil }), infer.ErrModel, "no output"},
		{"output of no node", with(relu(), func(m *model) { m.outs = []part{value("z", 1, 1, 2)} }), infer.ErrModel, `"z"`},
		{"output twice", with(relu(), func(m *model) { m.outs = append(m.outs, m.outs[0]) }), infer.ErrModel, "twice"},
		{"input twice", with(relu(), func(m *model) { m.inputs = append(m.inputs, m.inputs[0]) }), infer.ErrModel, "twice"},
		{"value made twice", with(relu(), func(m *model) { m.nodes = append(m.nodes, m.nodes[0]) }), infer.ErrModel, `"y" is made twice`},
		{"value never made", with(relu(), func(m *model) { m.inputs = nil }), infer.ErrModel, `input "x" is made by nothing`},
		{"cycle", with(relu(), func(m *model) {
			m.nodes = []part{node("Add", []string{"x", "z"}, []string{"y"}), node("Relu", []string{"y"}, []string{"z"})}
		}), infer.ErrModel, `input "z" is made by nothing before it`},
		{"old IR", with(relu(), func(m *model) { m.ir = 2 }), infer.ErrUnsupported, "IR version 2"},
		{"new IR", with(relu(), func(m *model) { m.ir = 99 }), infer.ErrUnsupported, "IR version 99"},
		{"old opset", with(relu(), func(m *model) { m.opset = 6 }), infer.ErrUnsupported, "opset 6"},
		{"new opset", with(relu(), func(m *model) { m.opset = 22 }), infer.ErrUnsupported, "opset 22"},
		{"second opset", with(relu(), func(m *model) { m.top = []part{func(m *msg) { m.sub(8, func(m *msg) { m.int(2, 11) }) }} }), infer.ErrModel, "second opset"},

		// Inputs.
		{"symbolic dimension", with(relu(), func(m *model) { m.inputs = []part{value("x", 1, "batch", 2)} }), infer.ErrUnsupported, `Options.Dims["batch"]`},
		{"dimension without size or name", with(relu(), func(m *model) { m.inputs = []part{value("x", 1, 1, nil)} }), infer.ErrUnsupported, `Options.Dims["x[1]"]`},
		{"dimension −1", with(relu(), func(m *model) { m.inputs = []part{value("x", 1, -1, 2)} }), infer.ErrUnsupported, `Options.Dims["x[0]"]`},
		{"dimension 0", with(relu(), func(m *model) { m.inputs = []part{value("x", 1, 0, 2)} }), infer.ErrUnsupported, `Options.Dims["x[0]"]`},
		{"input without shape", with(relu(), func(m *model) {
			m.inputs = []part{func(m *msg) { m.text(1, "x"); m.sub(2, func(m *msg) { m.sub(1, func(m *msg) { m.int(1, 1) }) }) }}
		}), infer.ErrUnsupported, "no shape"},
		{"input without name", with(relu(), func(m *model) { m.inputs = []part{value("", 1, 2)} }), infer.ErrModel, "no name"},
		{"float16 input", with(relu(), func(m *model) { m.inputs = []part{value("x", 10, 1, 2)} }), infer.ErrUnsupported, "float16"},
		{"string input", with(relu(), func(m *model) { m.inputs = []part{value("x", 8, 1, 2)} }), infer.ErrUnsupported, "string"},
		{"sequence input", with(relu(), func(m *model) {
			m.inputs = []part{func(m *msg) { m.text(1, "x"); m.sub(2, func(m *msg) { m.sub(4, func(*msg) {}) }) }}
		}), infer.ErrUnsupported, "sequence"},
		{"optional output", with(relu(), func(m *model) {
			m.outs = []part{func(m *msg) { m.text(1, "y"); m.sub(2, func(m *msg) { m.sub(9, func(*msg) {}) }) }}
		}), infer.ErrUnsupported, "optional"},
		{"empty output", with(relu(), func(m *model) {
			m.nodes = []part{node("Split", []string{"x"}, []string{"a", "y"}, attr("axis", 1), attr("split", []int{2, 0}))}
		}), infer.ErrUnsupported, `output "y" is float32 [1 0]`},
		{"input too large", with(relu(), func(m *model) { m.inputs = []part{value("x", 1, 1<<30, 1<<30)} }), infer.ErrTooLarge, "input"},

		// Nodes.
		{"unknown operator", with(relu(), func(m *model) { m.nodes = []part{node("Foo", []string{"x"}, []string{"y"})} }), infer.ErrUnsupported, `node "the Foo" (Foo)`},
		{"subgraph", with(relu(), func(m *model) {
			m.nodes = []part{node("If", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "then_branch"); m.sub(6, func(*msg) {}); m.int(20, 5) })}
		}), infer.ErrUnsupported, `attribute "then_branch" is a graph`},
		{"list of tensors", with(relu(), func(m *model) {
			m.nodes = []part{node("Relu", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "t"); m.sub(10, func(*msg) {}); m.int(20, 9) })}
		}), infer.ErrUnsupported, "list of tensors"},
		{"reference to a function's attribute", with(relu(), func(m *model) {
			m.nodes = []part{node("Relu", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "t"); m.text(21, "u"); m.int(20, 1) })}
		}), infer.ErrUnsupported, "function"},
		{"unknown attribute", with(relu(), func(m *model) { m.nodes = []part{node("Relu", []string{"x"}, []string{"y"}, attr("slope", 1.0))} }), infer.ErrUnsupported, `attribute "slope"`},
		{"attribute of the wrong type", with(relu(), func(m *model) {
			m.nodes = []part{node("LeakyRelu", []string{"x"}, []string{"y"}, attr("alpha", 1))}
		}), infer.ErrModel, `attribute "alpha" is not a float`},
		{"attribute twice", with(relu(), func(m *model) {
			m.nodes = []part{node("LeakyRelu", []string{"x"}, []string{"y"}, attr("alpha", 1.0), attr("alpha", 2.0))}
		}), infer.ErrModel, `attribute "alpha" twice`},
		{"attribute without a name", with(relu(), func(m *model) { m.nodes = []part{node("Relu", []string{"x"}, []string{"y"}, attr("", 1.0))} }), infer.ErrModel, "without a name"},
		{"attribute's type contradicts", with(relu(), func(m *model) {
			m.nodes = []part{node("LeakyRelu", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "alpha"); m.float(2, 1); m.int(20, 2) })}
		}), infer.ErrModel, "holds a value of type 1"},
		{"other domain", with(relu(), func(m *model) {
			m.nodes = []part{func(m *msg) { node("FusedConv", []string{"x"}, []string{"y"})(m); m.text(7, "com.microsoft") }}
		}), infer.ErrUnsupported, `node "the FusedConv" (com.microsoft.FusedConv)`},
		{"node without operator", with(relu(), func(m *model) { m.nodes = []part{func(m *msg) { m.text(1, "x"); m.text(2, "y") }} }), infer.ErrModel, "without operator"},
		{"node without output", with(relu(), func(m *model) { m.nodes = []part{node("Relu", []string{"x"}, nil)} }), infer.ErrModel, "without output"},
		{"name is no text", with(relu(), func(m *model) { m.nodes = []part{node("Re\xfflu", []string{"x"}, []string{"y"})} }), infer.ErrModel, "UTF-8"},
		{"too many edges", with(relu(), func(m *model) {
			m.nodes = []part{node("Concat", make([]string, 2000), slices.Repeat([]string{"y"}, 2000))}
		}), infer.ErrUnsupported, "edges"},
		{"too many results", with(relu(), func(m *model) {
			m.nodes = []part{node("Split", []string{"x"}, make([]string, 1<<15+1))}
		}), infer.ErrUnsupported, "results"},
		{"too many nodes", with(relu(), func(m *model) { m.nodes = slices.Repeat(m.nodes, 1<<14+1) }), infer.ErrUnsupported, "nodes"},
		{"quantised operator", with(relu(), func(m *model) { m.nodes = []part{node("QLinearConv", []string{"x"}, []string{"y"})} }), infer.ErrUnsupported, "QLinearConv"},
		{"type that does not compute", with(relu(), func(m *model) {
			m.inputs = []part{value("x", 3, 1, 2)}
			m.nodes = []part{node("Exp", []string{"x"}, []string{"y"})}
		}), infer.ErrUnsupported, "int8"},
		{"shape known only at run time", with(relu(), func(m *model) {
			m.inputs = append(m.inputs, value("s", 7, 2))
			m.nodes = []part{node("Reshape", []string{"x", "s"}, []string{"y"})}
		}), infer.ErrUnsupported, `input 1 ("s") is computed at run time`},
		{"missing input", with(relu(), func(m *model) { m.nodes = []part{node("Add", []string{"x"}, []string{"y"})} }), infer.ErrModel, "1 inputs, want 2"},
		{"first input absent", with(relu(), func(m *model) { m.nodes = []part{node("Add", []string{"", "x"}, []string{"y"})} }), infer.ErrModel, "input 0 is absent"},
		{"shapes do not meet", with(relu(), func(m *model) {
			m.tensors = []part{constant("w", []int{3}, f32(1, 2, 3))}
			m.nodes = []part{node("Add", []string{"x", "w"}, []string{"y"})}
		}), infer.ErrModel, "do not broadcast"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.model.encode(), nil, tt.err, tt.say) })
	}
}

// refused checks that Load gives an error of the kind that says what it should,
// as one of the two types.
func refused(t *testing.T, model []byte, o *infer.Options, kind error, say string) {
	t.Helper()
	p, err := infer.Load(model, o)
	if p != nil || !errors.Is(err, kind) || !strings.Contains(fmt.Sprint(err), say) {
		t.Fatalf("got %v, %v, want an error that is %q and says %q", p, err, kind, say)
	}
	var format *infer.FormatError
	var node *infer.NodeError
	if !errors.As(err, &format) && !errors.As(err, &node) {
		t.Errorf("%T is neither *FormatError nor *NodeError", err)
	}
	if !strings.HasPrefix(err.Error(), "infer: ") {
		t.Errorf("error does not start with the package: %v", err)
	}
	if format != nil && (format.Offset < 0 || format.Offset > len(model)) {
		t.Errorf("offset %d in a file of %d bytes", format.Offset, len(model))
	}
}

// TestLoadHuge refuses small files that ask for much memory.
func TestLoadHuge(t *testing.T) {
	side := fixed(i64(1<<13, 1<<14), 2)
	tests := []struct {
		name  string
		nodes []part
	}{
		{"expand", []part{node("Expand", []string{"x", "s"}, []string{"y"})}},
		{"filled", []part{node("ConstantOfShape", []string{"s"}, []string{"y"})}},
		{"tile", []part{node("Tile", []string{"x", "s"}, []string{"y"})}},
		{"resize", []part{node("Resize", []string{"x", "", "", "s"}, []string{"y"})}},
		{"pad", []part{node("Pad", []string{"x", "p"}, []string{"y"})}},
		{"empty, with large dimensions", []part{node("ConstantOfShape", []string{"e"}, []string{"y"})}},
		{"conv with pads", []part{node("Conv", []string{"i", "w"}, []string{"y"}, attr("pads", []int{1 << 19, 1 << 19, 1 << 19, 1 << 19}))}},
		{"many folded", func() (list []part) {
			for i := range 100 {
				list = append(list, node("Expand", []string{"x", "t"}, []string{fmt.Sprint("y", i)}))
			}
			return append(list, node("Concat", []string{"y0", "y1"}, []string{"y"}, attr("axis", 0)))
		}()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := model{
				nodes: tt.nodes,
				tensors: []part{
					constant("x", []int{1, 1}, f32(1)), constant("s", side.shape, side.data), constant("t", []int{2}, i64(1<<10, 1<<10)),
					constant("e", []int{2}, i64(0, 1<<30)), constant("p", []int{4}, i64(1<<20, 1<<20, 1<<20, 1<<20)),
					constant("w", []int{1, 1, 1, 1}, f32(1)),
				},
				inputs: []part{value("i", 1, 1, 1, 4, 4)},
				outs:   []part{value("y", 1, 1)},
			}
			refused(t, m.encode(), &infer.Options{MaxBytes: 64 << 20}, infer.ErrTooLarge, "")
		})
	}
	t.Run("session", func(t *testing.T) {
		m := relu()
		m.inputs = []part{value("x", 1, 3, 1024, 1024)}
		if _, err := infer.Load(m.encode(), &infer.Options{MaxBytes: 16 << 20}); err != nil {
			t.Errorf("12 MiB in 16: %v", err)
		}
		m.nodes = []part{node("Transpose", []string{"x"}, []string{"y"})}
		if _, err := infer.Load(m.encode(), &infer.Options{MaxBytes: 16 << 20}); !errors.Is(err, infer.ErrTooLarge) {
			t.Errorf("24 MiB in 16: %v", err)
		}
	})
}

// TestLoadTensors reads every element type in every way a file may hold it.
func TestLoadTensors(t *testing.T) {
	typed := func(elem int64, write func(*msg)) part { return tensorProto("w", elem, []int{2}, write) }
	packed := func(number int, bytes ...byte) func(*msg) { return func(m *msg) { m.raw(number, bytes) } }
	tests := []struct {
		name   string
		tensor part
		want   any
	}{
		{"float32", constant("w", []int{2}, f32(1.5, -2)), f32(1.5, -2)},
		{"float32, packed", typed(1, packed(4, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0)), f32(1.5, -2)},
		{"float32, loose", typed(1, func(m *msg) { m.float(4, 1.5); m.float(4, -2) }), f32(1.5, -2)},
		{"float32, two pieces", typed(1, func(m *msg) { m.raw(4, []byte{0, 0, 0xc0, 0x3f}); m.raw(4, []byte{0, 0, 0, 0xc0}) }), f32(1.5, -2)},
		{"float64", constant("w", []int{2}, []float64{0.1, 2}), []float64{0.1, 2}},
		{"int8", constant("w", []int{2}, []int8{-1, 2}), []int8{-1, 2}},
		{"int8, typed", typed(3, func(m *msg) { m.int(5, -1); m.int(5, 2) }), []int8{-1, 2}},
		{"uint8", constant("w", []int{2}, []uint8{200, 2}), []uint8{200, 2}},
		{"int16", constant("w", []int{2}, []int16{-300, 2}), []int16{-300, 2}},
		{"uint16", constant("w", []int{2}, []uint16{60000, 2}), []uint16{60000, 2}},
		{"int32", constant("w", []int{2}, []int32{-70000, 2}), []int32{-70000, 2}},
		{"int32, packed", typed(6, packed(5, 3, 4)), []int32{3, 4}},
		{"uint32", constant("w", []int{2}, []uint32{1 << 31, 2}), []uint32{1 << 31, 2}},
		{"uint32, typed", typed(12, func(m *msg) { m.int(11, 1<<31); m.int(11, 2) }), []uint32{1 << 31, 2}},
		{"int64", constant("w", []int{2}, i64(-1<<40, 2)), i64(-1<<40, 2)},
		{"int64, typed", typed(7, func(m *msg) { m.int(7, -1); m.int(7, 2) }), i64(-1, 2)},
		{"uint64", constant("w", []int{2}, []uint64{1 << 63, 2}), []uint64{1 << 63, 2}},
		{"bool", constant("w", []int{2}, []bool{true, false}), []bool{true, false}},
		{"bool, odd byte", tensorProto("w", 9, []int{2}, packed(9, 7, 0)), []bool{true, false}},
		{"bool, typed", typed(9, func(m *msg) { m.int(5, 1); m.int(5, 0) }), []bool{true, false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := model{
				nodes:   []part{node("Identity", []string{"w"}, []string{"y"})},
				tensors: []part{tt.tensor},
				outs:    []part{value("y", elemType(tt.want), 2)},
			}
			if diff := cmp.Diff(tt.want, run(t, m, nil)[0].Data()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLoadHalf reads all 65,536 float16 and bfloat16 numbers and casts them.
func TestLoadHalf(t *testing.T) {
	raw := make([]byte, 0, 2<<16)
	for i := range 1 << 16 {
		raw = append(raw, byte(i), byte(i>>8))
	}
	half := func(b int) float64 { // IEEE 754-2019 §3.4, by the definition
		sign, exp, frac := 1-2*float64(b>>15), b>>10&31, float64(b&1023)/1024
		switch {
		case exp == 31 && frac != 0:
			return math.NaN()
		case exp == 31:
			return sign * math.Inf(1)
		case exp == 0:
			return sign * math.Ldexp(frac, -14)
		}
		return sign * math.Ldexp(1+frac, exp-15)
	}
	brain := func(b int) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }
	for _, tt := range []struct {
		name string
		elem int64
		want func(int) float64
	}{{"float16", 10, half}, {"bfloat16", 16, brain}} {
		t.Run(tt.name, func(t *testing.T) {
			m := model{
				nodes:   []part{node("Cast", []string{"w"}, []string{"y"}, attr("to", 1))},
				tensors: []part{tensorProto("w", tt.elem, []int{1 << 16}, func(m *msg) { m.raw(9, raw) })},
				outs:    []part{value("y", 1, 1<<16)},
			}
			for i, got := range run(t, m, nil)[0].Data().([]float32) {
				if want := float32(tt.want(i)); math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
					t.Fatalf("%#04x is %v, want %v", i, got, want)
				}
			}
			// And back: every number that is not NaN survives.
			m.nodes = []part{
				node("Cast", []string{"w"}, []string{"f"}, attr("to", 1)), node("Cast", []string{"f"}, []string{"h"}, attr("to", int(tt.elem))),
				node("Cast", []string{"h"}, []string{"y"}, attr("to", 1)),
			}
			for i, got := range run(t, m, nil)[0].Data().([]float32) {
				if want := float32(tt.want(i)); math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
					t.Fatalf("%#04x comes back as %v, want %v", i, got, want)
				}
			}
		})
	}
}

// TestLoadRounds checks rounding to float16 between, at and beyond its numbers.
func TestLoadRounds(t *testing.T) {
	x := f32(1+1.0/2048, 1+3.0/2048, 1+1.0/2048+1e-6, 65519, 65520, 1e-8, 3e-8, 6.1e-5, -1e-30, nan)
	want := f32(1, 1+1.0/512, 1+1.0/1024, 65504, inf, 0, 0x1p-24, 6.097555e-05, float32(math.Copysign(0, -1)), nan)
	c := opCase{in: []array{arr(x, len(x))}, want: []array{arr(want, len(want))}, tol: 1e-12}
	m := model{
		nodes:  []part{node("Cast", []string{"x"}, []string{"h"}, attr("to", 10)), node("Cast", []string{"h"}, []string{"y"}, attr("to", 1))},
		inputs: []part{value("x", 1, len(x))}, outs: []part{value("y", 1, len(x))},
	}
	c.compare(t, run(t, m, nil, c.in[0].tensor()))
}

// TestLoadOddities: what is unusual, yet right.
func TestLoadOddities(t *testing.T) {
	x := arr(f32(-1, 2), 1, 2)
	tests := []struct {
		name  string
		model model
		want  []float32
	}{
		{"attribute without type", with(relu(), func(m *model) {
			m.nodes = []part{node("LeakyRelu", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "alpha"); m.float(2, 0.5) })}
		}), f32(-0.5, 2)},
		{"attribute of value zero left out", with(relu(), func(m *model) {
			m.nodes = []part{node("LeakyRelu", []string{"x"}, []string{"y"}, func(m *msg) { m.text(1, "alpha"); m.int(20, 1) })}
		}), f32(0, 2)},
		{"the same input twice", with(relu(), func(m *model) { m.nodes = []part{node("Add", []string{"x", "x"}, []string{"y"})} }), f32(-2, 4)},
		{"absent inputs", with(relu(), func(m *model) { m.nodes = []part{node("Clip", []string{"x", "", ""}, []string{"y"})} }), f32(-1, 2)},
		{"initializer among the inputs, IR 3", with(added(constant("w", []int{1}, f32(10))), func(m *model) {
			m.ir = 3
			m.inputs = []part{value("w", 1, 1), value("x", 1, 1, 2)}
		}), f32(9, 12)},
		{"value info for everything", with(relu(), func(m *model) {
			m.graph = []part{func(m *msg) { m.sub(13, value("y", 1, 1<<20, 1<<20)) }}
		}), f32(0, 2)},
		{"empty initializer as roi", with(relu(), func(m *model) {
			m.inputs = []part{value("x", 1, 1, 2)}
			m.tensors = []part{tensorProto("roi", 1, []int{0}, func(m *msg) { m.raw(9, nil) }), constant("s", []int{2}, f32(1, 1))}
			m.nodes = []part{node("Resize", []string{"x", "roi", "s"}, []string{"y"})}
		}), f32(-1, 2)},
		{"unnamed nodes without input", with(relu(), func(m *model) {
			unnamed := func(out string, v float64) part {
				return func(m *msg) { m.text(2, out); m.text(4, "Constant"); m.sub(5, attr("value_float", v)) }
			}
			m.nodes = []part{unnamed("/input", 3), unnamed("b", 5), node("Mul", []string{"x", "/input"}, []string{"c"}), node("Add", []string{"c", "b"}, []string{"y"})}
		}), f32(2, 11)},
		{"other domains imported", with(relu(), func(m *model) {
			m.top = []part{func(m *msg) { m.sub(8, func(m *msg) { m.text(1, "com.microsoft"); m.int(2, 1) }) }}
		}), f32(0, 2)},
		{"domain written out", with(relu(), func(m *model) {
			m.nodes = []part{func(m *msg) { node("Relu", []string{"x"}, []string{"y"})(m); m.text(7, "ai.onnx") }}
		}), f32(0, 2)},
		{"unknown fields", with(relu(), func(m *model) {
			m.graph = []part{func(m *msg) { m.int(99, 1); m.float(98, 1); m.text(97, "later") }}
		}), f32(0, 2)},
		{"dead node", with(relu(), func(m *model) { m.nodes = append(m.nodes, node("Neg", []string{"x"}, []string{"z"})) }), f32(0, 2)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.model, nil, x.tensor())[0].Data()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDims resolves open dimensions by name and by place.
func TestDims(t *testing.T) {
	m := relu()
	m.inputs = []part{value("x", 1, "batch", 2, nil, -1)}
	p, err := infer.Load(m.encode(), &infer.Options{Dims: map[string]int{"batch": 3, "x[2]": 4, "x[3]": 5}})
	if err != nil {
		t.Fatal(err)
	}
	want := []infer.Value{{Name: "y", Shape: []int{3, 2, 4, 5}, Dtype: tensor.Float32}}
	if diff := cmp.Diff(want, p.Outputs(), cmp.Comparer(func(a, b tensor.Dtype) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	refused(t, m.encode(), &infer.Options{Dims: map[string]int{"batch": 0}}, infer.ErrUnsupported, `Options.Dims["batch"] is 0`)
}

// TestTruncated cuts a model at every byte. Only a cut between fields can leave
// a model, and then one that runs.
func TestTruncated(t *testing.T) {
	model := added(constant("w", []int{1}, f32(1))).encode()
	for n := range model {
		p, err := infer.Load(model[:n], nil)
		if err == nil {
			out := make([]tensor.Tensor, 1)
			err = p.NewSession().Run(context.Background(), []tensor.Tensor{arr(f32(1, 2), 1, 2).tensor()}, out)
			if err != nil {
				t.Errorf("%d bytes load but do not run: %v", n, err)
			}
			continue
		}
		if !errors.Is(err, infer.ErrModel) && !errors.Is(err, infer.ErrUnsupported) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestLoadWire: bytes that are no protobuf message, or not the one they should be.
func TestLoadWire(t *testing.T) {
	tests := []struct {
		name   string
		bytes  string
		say    string
		offset int
	}{
		{"nothing", "", "no bytes", 0},
		{"no graph", "\x08\x08\x42\x02\x10\x0d", "no graph", 0},
		{"no opset", "\x08\x08\x3a\x00", "no opset", 0},
		{"tag cut short", "\x08\x08\x80", "field tag", 2},
		{"tag of eleven bytes", strings.Repeat("\xff", 11), "field tag", 0},
		{"field number 0", "\x08\x08\x00\x01", "field tag", 2},
		{"start of a group", "\x08\x08\x0b", "wire type 3", 2},
		{"number cut short", "\x08\x08\x10\xff", "number of field 2", 2},
		{"length cut short", "\x08\x08\x12\xff", "length of field 2", 2},
		{"length beyond the end", "\x08\x08\x12\x05abc", "length 5 of field 2, 3 bytes are left", 2},
		{"length beyond everything", "\x08\x08\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "0 bytes are left", 2},
		{"fixed64 cut short", "\x08\x08\x11abcdefg", "needs 8 bytes, 7 are left", 2},
		{"fixed32 cut short", "\x08\x08\x15abc", "needs 4 bytes, 3 are left", 2},
		{"version of the wrong wire type", "\x0d\x01\x00\x00\x00", "ir_version has wire type 5", 0},
		{"graph of the wrong wire type", "\x08\x08\x38\x01", "graph has wire type 0", 2},
		{"deep inside", "\x08\x08\x42\x02\x10\x0d\x3a\x06\x0a\x04\x2a\x02\x0a\x07", "length 7", 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, []byte(tt.bytes), nil, infer.ErrModel, tt.say)
			_, err := infer.Load([]byte(tt.bytes), nil)
			var format *infer.FormatError
			if !errors.As(err, &format) || format.Offset != tt.offset {
				t.Errorf("got %v, want it at %d", err, tt.offset)
			}
		})
	}
}
