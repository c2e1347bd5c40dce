package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A tfGraph builds the two files of a tfjs graph model.
type tfGraph struct {
	nodes   []map[string]any
	entries []map[string]any
	weights []byte
}

func (g *tfGraph) op(name, op string, attr map[string]any, in ...string) {
	g.nodes = append(g.nodes, map[string]any{"name": name, "op": op, "input": in, "attr": attr})
}

// half adds a float16 constant whose elements are the bit patterns first, first+1, ….
func (g *tfGraph) half(name string, first int, shape ...int) {
	g.op(name, "Const", nil)
	g.entries = append(g.entries, map[string]any{
		"name": name, "shape": shape, "dtype": "float32", "quantization": map[string]any{"dtype": "float16"},
	})
	n := 1
	for _, d := range shape {
		n *= d
	}
	for i := range n {
		g.weights = binary.LittleEndian.AppendUint16(g.weights, uint16(first+i))
	}
}

func (g *tfGraph) ints(name string, shape []int, v ...int) {
	g.op(name, "Const", nil)
	g.entries = append(g.entries, map[string]any{"name": name, "shape": shape, "dtype": "int32"})
	for _, i := range v {
		g.weights = binary.LittleEndian.AppendUint32(g.weights, uint32(i))
	}
}

func (g *tfGraph) input(dims ...string) {
	var dim []map[string]any
	for _, d := range dims {
		dim = append(dim, map[string]any{"size": d})
	}
	g.op("in", "Placeholder", map[string]any{"shape": map[string]any{"shape": map[string]any{"dim": dim}}})
}

func (g *tfGraph) source(t *testing.T) *source {
	t.Helper()
	src, err := g.parse()
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func (g *tfGraph) parse() (*source, error) {
	doc, err := json.Marshal(map[string]any{
		"format": "graph-model", "modelTopology": map[string]any{"node": g.nodes},
		"weightsManifest": []any{map[string]any{"weights": g.entries}},
	})
	if err != nil {
		return nil, err
	}
	return parseSource(doc, g.weights)
}

func window2(padding string, stride string, fused ...string) map[string]any {
	var ops []string
	for _, f := range fused {
		ops = append(ops, base64.StdEncoding.EncodeToString([]byte(f)))
	}
	return map[string]any{
		"strides":   map[string]any{"list": map[string]any{"i": []string{"1", stride, stride, "1"}}},
		"padding":   map[string]any{"s": base64.StdEncoding.EncodeToString([]byte(padding))},
		"fused_ops": map[string]any{"list": map[string]any{"s": ops}},
	}
}

func attrOf(n onnxNode, name string) any {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value
		}
	}
	return nil
}

func (g *graph) find(t *testing.T, op string) onnxNode {
	t.Helper()
	for _, n := range g.nodes {
		if n.op == op {
			return n
		}
	}
	t.Fatalf("no %s among %v", op, g.nodes)
	return onnxNode{}
}

func (g *graph) tensor(t *testing.T, name string) initializer {
	t.Helper()
	i := slices.IndexFunc(g.inits, func(t initializer) bool { return t.name == name })
	if i < 0 {
		t.Fatalf("no initializer %q", name)
	}
	return g.inits[i]
}

// channelLastNet is a net as in MoveNet: stem with SAME padding, depthwise
// without bias, upsampling by a computed size, a sum and a head.
func channelLastNet() (*tfGraph, spec) {
	g := &tfGraph{}
	g.input("1", "-1", "-1", "3")
	g.half("mean", 0, 1, 1, 1, 3)
	g.weights = make([]byte, len(g.weights)) // a mean of zero
	g.half("scale", 100, 1, 1, 1, 3)
	g.half("w", 0x3000, 3, 3, 3, 4)
	g.half("b", 0x2000, 4)
	g.half("dw", 0x1000, 3, 3, 4, 1)
	for _, c := range []struct {
		name string
		v    int
	}{{"from", 1}, {"to", 3}, {"by", 1}} {
		g.ints(c.name, []int{1}, c.v)
	}
	g.ints("twice", []int{2}, 2, 2)
	g.op("cast", "Cast", nil, "in")
	g.op("less", "Sub", nil, "cast", "mean")
	g.op("times", "Mul", nil, "less", "scale")
	g.op("stem", "_FusedConv2D", window2("SAME", "2", "BiasAdd", "Relu6"), "times", "w", "b")
	g.op("deep", "DepthwiseConv2dNative", window2("SAME", "2"), "stem", "dw")
	g.op("shape", "Shape", nil, "deep")
	g.op("hw", "StridedSlice", nil, "shape", "from", "to", "by")
	g.op("size", "Mul", nil, "hw", "twice")
	g.op("up", "ResizeBilinear", map[string]any{"half_pixel_centers": map[string]any{"b": true}}, "deep", "size")
	g.op("sum", "AddV2", nil, "up", "stem")
	g.op("head", "Sigmoid", nil, "sum")
	return g, spec{
		name: "net", input: [4]int{1, 3, 10, 8}, inputAxes: channelLast,
		outputs: []output{{"head", "heat", [4]int{1, 4, 6, 4}}},
	}
}

func TestLowerChannelLast(t *testing.T) {
	g, s := channelLastNet()
	// 10 rows give 5 and then 3 rows, upsampled 6: the sum does not fit.
	if _, err := lower(g.source(t), s); err == nil || !strings.Contains(err.Error(), "shapes") {
		t.Fatalf("a sum of different shapes: %v", err)
	}
	s.input, s.outputs[0].dims = [4]int{1, 3, 8, 16}, [4]int{1, 4, 4, 8}
	src := g.source(t)
	got, err := lower(src, s)
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, n := range got.nodes {
		if n.op != "Cast" {
			ops = append(ops, n.op)
		}
	}
	want := []string{"Mul", "Conv", "Clip", "Conv", "Resize", "Add", "Sigmoid"}
	if !slices.Equal(ops, want) {
		t.Fatalf("operators %v, want %v", ops, want)
	}
	if p := attrOf(got.find(t, "Conv"), "pads"); !reflect.DeepEqual(p, []int{0, 0, 1, 1}) {
		t.Errorf("SAME at stride 2 pads %v, want the odd cell behind", p)
	}
	if d := got.tensor(t, "size_4x4x8").data; !slices.Equal(d, int64s(1, 4, 4, 8)) {
		t.Errorf("resize to % x", d)
	}
	if d := got.tensor(t, "scale").dims; !slices.Equal(d, []int{1, 3, 1, 1}) {
		t.Errorf("scale has shape %v", d)
	}
	if err := verify(got.encode(), src, s); err != nil {
		t.Error(err)
	}
}

// The weights' order is checked element by element with the formula of the two
// layouts, not with the code that permutes.
func TestKernelOrder(t *testing.T) {
	g, s := channelLastNet()
	s.input, s.outputs[0].dims = [4]int{1, 3, 8, 16}, [4]int{1, 4, 4, 8}
	got, err := lower(g.source(t), s)
	if err != nil {
		t.Fatal(err)
	}
	w, dw := got.tensor(t, "w"), got.tensor(t, "dw")
	if !slices.Equal(w.dims, []int{4, 3, 3, 3}) || !slices.Equal(dw.dims, []int{4, 1, 3, 3}) {
		t.Fatalf("shapes %v and %v", w.dims, dw.dims)
	}
	at := 0
	for o := range 4 {
		for i := range 3 {
			for y := range 3 {
				for x := range 3 {
					want := uint16(0x3000 + ((y*3+x)*3+i)*4 + o)
					if got := binary.LittleEndian.Uint16(w.data[at:]); got != want {
						t.Fatalf("w[%d,%d,%d,%d] is %#x, want %#x", o, i, y, x, got, want)
					}
					at += 2
				}
			}
		}
	}
	for c := range 4 {
		for k := range 9 {
			want := uint16(0x1000 + k*4 + c)
			if got := binary.LittleEndian.Uint16(dw.data[2*(c*9+k):]); got != want {
				t.Fatalf("dw[%d,%d] is %#x, want %#x", c, k, got, want)
			}
		}
	}
}

// slicedNet is a head as in NanoDet: planar input, explicit padding, bias as an
// addition, and a split whose parts are cut down.
func slicedNet() (*tfGraph, spec) {
	g := &tfGraph{}
	g.input("1", "2", "4", "4")
	g.ints("pads", []int{4, 2}, 0, 0, 0, 0, 1, 0, 1, 0)
	g.ints("last", []int{4}, 0, 2, 3, 1)
	g.ints("first", []int{4}, 0, 3, 1, 2)
	g.ints("sizes", []int{2}, 3, 2)
	g.ints("axis", nil, 1)
	g.half("w", 0x3000, 2, 2, 2, 5)
	g.half("b", 0x2000, 5)
	g.op("pad", "Pad", nil, "in", "pads")
	g.op("nhwc", "Transpose", nil, "pad", "last")
	g.op("conv", "Conv2D", window2("VALID", "1"), "nhwc", "w")
	g.op("bias", "Add", nil, "conv", "b")
	g.op("nchw", "Transpose", nil, "bias", "first")
	g.op("parts", "SplitV", nil, "nchw", "sizes", "axis")
	g.op("prob", "Sigmoid", nil, "parts")
	kept := []int{1, 3, 4}
	return g, spec{
		name: "net", input: [4]int{1, 2, 4, 4}, inputAxes: planar,
		outputs: []output{{"prob", "cls", [4]int{1, 1, 4, 4}}, {"parts:1", "reg", [4]int{1, 2, 4, 4}}},
		keep:    map[string][]int{"w": kept, "b": kept},
	}
}

func TestLowerSlicedHead(t *testing.T) {
	g, s := slicedNet()
	src := g.source(t)
	got, err := lower(src, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(got.encode(), src, s); err != nil {
		t.Fatal(err)
	}
	if p := attrOf(got.find(t, "Conv"), "pads"); !reflect.DeepEqual(p, []int{1, 1, 0, 0}) {
		t.Errorf("pads %v", p)
	}
	var bias []int
	b := got.tensor(t, "b").data
	for i := 0; i < len(b); i += 2 {
		bias = append(bias, int(binary.LittleEndian.Uint16(b[i:]))-0x2000)
	}
	if !slices.Equal(bias, []int{1, 3, 4}) {
		t.Errorf("bias of channels %v", bias)
	}
	if d := got.tensor(t, "split_1_2").data; !slices.Equal(d, int64s(1, 2)) {
		t.Errorf("split % x", d)
	}
	if !slices.Equal(got.encode(), must(lower(src, s)).encode()) {
		t.Error("two runs give different bytes")
	}
}

func must(g *graph, err error) *graph {
	if err != nil {
		panic(err)
	}
	return g
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*tfGraph, *spec)
		want string
	}{
		{"weights cut short", func(g *tfGraph, _ *spec) { g.weights = g.weights[:len(g.weights)-1] }, "needs 10 bytes, 9 left"},
		{"weights left over", func(g *tfGraph, _ *spec) { g.weights = append(g.weights, 0) }, "belong to no tensor"},
		{"node twice", func(g *tfGraph, _ *spec) { g.op("conv", "Relu", nil) }, "appears twice"},
		{"element type", func(g *tfGraph, _ *spec) { g.entries[0]["dtype"] = "bool" }, "is not one of"},
		{"operator", func(g *tfGraph, _ *spec) { g.nodes[len(g.nodes)-1]["op"] = "Tanh" }, "not known"},
		{"channels padded", func(g *tfGraph, _ *spec) { g.weights[3*4] = 1 }, "pads the batch or the channels"},
		{"permutation", func(g *tfGraph, _ *spec) { g.weights[8*4] = 1 }, "permutation"},
		{"bias not sliced", func(_ *tfGraph, s *spec) { delete(s.keep, "b") }, "does not fit"},
		{"output shape", func(_ *tfGraph, s *spec) { s.outputs[0].dims[1] = 2 }, "want [1 2 4 4]"},
		{"whole head as output", func(_ *tfGraph, s *spec) { s.outputs[0] = output{"nchw", "x", [4]int{1, 3, 4, 4}} }, "cannot be an output"},
		{"no such node", func(_ *tfGraph, s *spec) { s.outputs[0].ref = "nobody" }, "no node"},
		{"input size", func(_ *tfGraph, s *spec) { s.input[2] = 5 }, "axis 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, s := slicedNet()
			tt.edit(g, &s)
			src, err := g.parse()
			if err == nil {
				_, err = lower(src, s)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
