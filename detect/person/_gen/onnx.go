package main

import (
	"encoding/binary"
	"math"
)

// Element types of ONNX TensorProto, onnx.proto3.
const (
	onnxFloat   = 1
	onnxInt64   = 7
	onnxFloat16 = 10
)

// Wire numbers of the AttributeProto types used here.
const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
	attrInts   = 7
)

const (
	onnxIR    = 7
	onnxOpset = 13
)

// A graph is an ONNX graph in the order in which it will be written.
type graph struct {
	name     string
	inputs   []tensorInfo
	outputs  []tensorInfo
	nodes    []onnxNode
	inits    []initializer
	metadata [][2]string
}

// A tensorInfo is a named float32 tensor at the graph's boundary.
type tensorInfo struct {
	name string
	dims []int
}

// An onnxNode is one NodeProto. Attributes are written in the order given.
type onnxNode struct {
	op      string
	in, out []string
	attrs   []onnxAttr
}

// An onnxAttr holds an int, float32, string or []int.
type onnxAttr struct {
	name  string
	value any
}

// An initializer is one TensorProto with raw little-endian data.
type initializer struct {
	name string
	typ  int
	dims []int
	data []byte
}

// buffer appends protobuf fields; see the protobuf encoding specification.
type buffer []byte

func (b *buffer) varint(field int, v uint64) {
	*b = binary.AppendUvarint(*b, uint64(field)<<3)
	*b = binary.AppendUvarint(*b, v)
}

func (b *buffer) float(field int, v float32) {
	*b = binary.AppendUvarint(*b, uint64(field)<<3|5)
	*b = binary.LittleEndian.AppendUint32(*b, math.Float32bits(v))
}

func (b *buffer) bytes(field int, v []byte) {
	*b = binary.AppendUvarint(*b, uint64(field)<<3|2)
	*b = binary.AppendUvarint(*b, uint64(len(v)))
	*b = append(*b, v...)
}

func (b *buffer) str(field int, v string) { b.bytes(field, []byte(v)) }

// encode writes the graph as a ModelProto. The bytes depend on the graph alone.
func (g *graph) encode() []byte {
	var body buffer
	for _, n := range g.nodes {
		body.bytes(1, n.encode())
	}
	body.str(2, g.name)
	for _, t := range g.inits {
		body.bytes(5, t.encode())
	}
	for _, t := range g.inputs {
		body.bytes(11, t.encode())
	}
	for _, t := range g.outputs {
		body.bytes(12, t.encode())
	}
	var opset, m buffer
	opset.str(1, "")
	opset.varint(2, onnxOpset)
	m.varint(1, onnxIR)
	m.str(2, "fitveil")
	m.bytes(7, body)
	m.bytes(8, opset)
	for _, kv := range g.metadata {
		var p buffer
		p.str(1, kv[0])
		p.str(2, kv[1])
		m.bytes(14, p)
	}
	return m
}

func (n onnxNode) encode() []byte {
	var b buffer
	for _, s := range n.in {
		b.str(1, s)
	}
	for _, s := range n.out {
		b.str(2, s)
	}
	b.str(3, n.out[0])
	b.str(4, n.op)
	for _, a := range n.attrs {
		b.bytes(5, a.encode())
	}
	return b
}

func (a onnxAttr) encode() []byte {
	var b buffer
	b.str(1, a.name)
	switch v := a.value.(type) {
	case float32:
		b.float(2, v)
		b.varint(20, attrFloat)
	case int:
		b.varint(3, uint64(v))
		b.varint(20, attrInt)
	case string:
		b.str(4, v)
		b.varint(20, attrString)
	case []int:
		for _, i := range v {
			b.varint(8, uint64(i))
		}
		b.varint(20, attrInts)
	}
	return b
}

func (t initializer) encode() []byte {
	var b buffer
	for _, d := range t.dims {
		b.varint(1, uint64(d))
	}
	b.varint(2, uint64(t.typ))
	b.str(8, t.name)
	b.bytes(9, t.data)
	return b
}

func (t tensorInfo) encode() []byte {
	var shape, tensor, typ, b buffer
	for _, d := range t.dims {
		var dim buffer
		dim.varint(1, uint64(d))
		shape.bytes(1, dim)
	}
	tensor.varint(1, onnxFloat)
	tensor.bytes(2, shape)
	typ.bytes(1, tensor)
	b.str(1, t.name)
	b.bytes(2, typ)
	return b
}

// int64s and float32s encode small tensors as raw data.
func int64s(v ...int) []byte {
	var b []byte
	for _, i := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
	}
	return b
}

func float32s(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
