package infertest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// A writer of ONNX files: protobuf messages with the field numbers of
// onnx.proto.

type message struct{ b []byte }

func (m *message) tag(number, kind int) { m.b = binary.AppendUvarint(m.b, uint64(number<<3|kind)) }

func (m *message) int(number int, v int64) {
	m.tag(number, 0)
	m.b = binary.AppendUvarint(m.b, uint64(v))
}

func (m *message) bytes(number int, v []byte) {
	m.tag(number, 2)
	m.b = append(binary.AppendUvarint(m.b, uint64(len(v))), v...)
}

func (m *message) float(number int, v float32) {
	m.tag(number, 5)
	m.b = binary.LittleEndian.AppendUint32(m.b, math.Float32bits(v))
}

func (m *message) sub(number int, write func(*message)) {
	var s message
	write(&s)
	m.bytes(number, s.b)
}

// step is one node of a graph.
type step struct {
	op      string
	attrs   attrs
	in, out []string
}

// attrs are attributes by name: int, float64, string, []int, []float64 or value.
type attrs map[string]any

func (s *step) write(m *message) {
	for _, name := range s.in {
		m.bytes(1, []byte(name))
	}
	for _, name := range s.out {
		m.bytes(2, []byte(name))
	}
	m.bytes(3, []byte(s.op+" of "+s.out[0]))
	m.bytes(4, []byte(s.op))
	for _, name := range slices.Sorted(maps.Keys(s.attrs)) {
		m.sub(5, func(a *message) {
			a.bytes(1, []byte(name))
			writeAttribute(a, s.attrs[name])
		})
	}
}

func writeAttribute(a *message, v any) {
	switch v := v.(type) {
	case int:
		a.int(3, int64(v))
		a.int(20, 2)
	case float64:
		a.float(2, float32(v))
		a.int(20, 1)
	case string:
		a.bytes(4, []byte(v))
		a.int(20, 3)
	case []int:
		for _, x := range v {
			a.int(8, int64(x))
		}
		a.int(20, 7)
	case []float64:
		for _, x := range v {
			a.float(7, float32(x))
		}
		a.int(20, 6)
	case value:
		a.sub(5, func(m *message) { v.write(m, "") })
		a.int(20, 4)
	default:
		panic(fmt.Sprintf("infertest: attribute of type %T", v))
	}
}

// half is float16, which gorgonia's tensors cannot hold.
type half []uint16

// elementType is the number of an element type in TensorProto.DataType.
func elementType(data any) int64 {
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
	case half:
		return 10
	case []float64:
		return 11
	case []uint32:
		return 12
	case []uint64:
		return 13
	}
	panic(fmt.Sprintf("infertest: elements of type %T", data))
}

func rawBytes(data any) []byte {
	if h, ok := data.(half); ok {
		data = []uint16(h)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return raw
}

func (t *value) write(m *message, name string) {
	for _, d := range t.shape {
		m.int(1, int64(d))
	}
	m.int(2, elementType(t.data))
	m.bytes(8, []byte(name))
	m.bytes(9, rawBytes(t.data))
}

// graph is a model to be.
type graph struct {
	opset   int
	steps   []step
	names   []string // of tensors
	tensors []value
	outputs []string
}

func (g *graph) encode() []byte {
	var top message
	top.int(1, 8) // IR version
	top.sub(8, func(m *message) { m.int(2, int64(g.opset)) })
	top.sub(7, func(m *message) {
		for i := range g.steps {
			m.sub(1, g.steps[i].write)
		}
		m.bytes(2, []byte("infertest"))
		for i, t := range g.tensors {
			switch {
			case t.data == nil:
			case t.known:
				m.sub(5, func(m *message) { t.write(m, g.names[i]) })
			default:
				m.sub(11, func(m *message) { declare(m, g.names[i], t) })
			}
		}
		for _, name := range g.outputs {
			m.sub(12, func(m *message) { m.bytes(1, []byte(name)) })
		}
	})
	return top.b
}

// declare writes a ValueInfoProto.
func declare(m *message, name string, t value) {
	m.bytes(1, []byte(name))
	m.sub(2, func(m *message) {
		m.sub(1, func(m *message) {
			m.int(1, elementType(t.data))
			m.sub(2, func(m *message) {
				for _, d := range t.shape {
					m.sub(1, func(m *message) { m.int(1, int64(d)) })
				}
			})
		})
	})
}
