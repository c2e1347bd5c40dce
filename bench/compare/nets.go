package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
)

// net writes networks of ours as ONNX files: onnx.proto of ONNX 1.15, opset 13.
// Weights are random and keep activations in a sensible range.
type net struct {
	rng         *rand.Rand
	nodes, data []byte // of the graph
	name        string // of the last value
	channels    int
	side        int
	count       int
	macs        int
	relu        func(n *net)
}

func newNet(side int, relu func(n *net)) *net {
	return &net{rng: rand.New(rand.NewPCG(7, 11)), name: "in", channels: 3, side: side, relu: relu}
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func number(b []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

// ints is an attribute of kind INTS.
func ints(name string, values ...int) []byte {
	b := text(nil, 1, name)
	for _, v := range values {
		b = number(b, 8, v)
	}
	return number(b, 20, 7)
}

// integer is an attribute of kind INT, real one of kind FLOAT.
func integer(name string, v int) []byte {
	return number(number(text(nil, 1, name), 3, v), 20, 2)
}

func real(name string, v float32) []byte {
	b := protowire.AppendTag(text(nil, 1, name), 2, protowire.Fixed32Type)
	return number(protowire.AppendFixed32(b, math.Float32bits(v)), 20, 1)
}

// tensor adds an initializer of random numbers between −scale and scale.
func (n *net) tensor(name string, scale float64, shape ...int) string {
	count := 1
	var b []byte
	for _, d := range shape {
		b = number(b, 1, d)
		count *= d
	}
	raw := make([]byte, 0, 4*count)
	for range count {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(scale*(2*n.rng.Float64()-1))))
	}
	n.data = message(n.data, 5, message(text(number(b, 2, 1), 8, name), 9, raw))
	return name
}

// node adds a node that reads the last value and others.
func (n *net) node(op string, attrs [][]byte, others ...string) {
	n.count++
	b := text(nil, 1, n.name)
	for _, s := range others {
		b = text(b, 1, s)
	}
	n.name = fmt.Sprint("v", n.count)
	b = text(text(b, 2, n.name), 4, op)
	for _, a := range attrs {
		b = message(b, 5, a)
	}
	n.nodes = message(n.nodes, 1, b)
}

// conv adds a convolution of k × k with its bias.
func (n *net) conv(out, k, stride, groups int) {
	depth := n.channels / groups
	n.side = (n.side-1)/stride + 1
	n.macs += n.side * n.side * out * depth * k * k
	w := n.tensor(fmt.Sprint("w", n.count), math.Sqrt(6/float64(depth*k*k)), out, depth, k, k)
	b := n.tensor(fmt.Sprint("b", n.count), 0.1, out)
	p := k / 2
	n.node("Conv", [][]byte{
		ints("kernel_shape", k, k), ints("strides", stride, stride), ints("pads", p, p, p, p),
		ints("dilations", 1, 1), integer("group", groups),
	}, w, b)
	n.channels = out
}

// layer is a convolution with its activation.
func (n *net) layer(out, k, stride, groups int) {
	n.conv(out, k, stride, groups)
	n.relu(n)
}

func relu(n *net)      { n.node("Relu", nil) }
func leakyRelu(n *net) { n.node("LeakyRelu", [][]byte{real("alpha", 0.1)}) }

// bytes is the file.
func (n *net) bytes(side int) []byte {
	value := func(name string, shape ...int) []byte {
		var dims []byte
		for _, d := range shape {
			dims = message(dims, 1, number(nil, 1, d))
		}
		return message(text(nil, 1, name), 2, message(nil, 1, message(number(nil, 1, 1), 2, dims)))
	}
	graph := append(text(n.nodes, 2, "net"), n.data...)
	graph = message(graph, 11, value("in", 1, 3, side, side))
	graph = message(graph, 12, value(n.name, 1, n.channels, n.side, n.side))
	return message(message(number(nil, 1, 7), 7, graph), 8, number(nil, 2, 13))
}

// denseNet is made of 3×3 convolutions: 4.1 G multiply-adds at 416 pixels.
func denseNet(side int, relu func(*net)) *net {
	n := newNet(side, relu)
	n.layer(32, 3, 2, 1)
	for _, stage := range []struct{ channels, layers int }{{64, 2}, {128, 3}, {256, 3}, {256, 2}} {
		n.layer(stage.channels, 3, 2, 1)
		for range stage.layers {
			n.layer(stage.channels, 3, 1, 1)
		}
	}
	n.conv(32, 1, 1, 1)
	return n
}

// mobileNet is made of depthwise and 1×1 convolutions, as MobileNet is
// (arXiv:1704.04861): 0.7 G multiply-adds at 416 pixels.
func mobileNet(side int, relu func(*net)) *net {
	n := newNet(side, relu)
	n.layer(32, 3, 2, 1)
	for _, b := range []struct{ channels, stride, blocks int }{
		{32, 1, 1}, {64, 2, 1}, {64, 1, 1}, {128, 2, 1}, {128, 1, 2}, {256, 2, 1}, {256, 1, 5}, {512, 2, 1}, {512, 1, 2},
	} {
		for range b.blocks {
			n.layer(n.channels, 3, b.stride, n.channels)
			n.layer(b.channels, 1, 1, 1)
		}
	}
	n.conv(32, 1, 1, 1)
	return n
}
