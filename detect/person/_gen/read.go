package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A model is what readModel finds in a written file.
type model struct {
	ir, opset int
	nodes     []onnxNode // op, in and out only
	inits     map[string]initializer
}

// readModel reads the fields of an ONNX ModelProto that verify and the card
// need. It shares no code with the writer.
func readModel(data []byte) (*model, error) {
	m := &model{inits: map[string]initializer{}}
	err := eachField(data, func(field int, v uint64, b []byte) error {
		switch field {
		case 1:
			m.ir = int(v)
		case 7:
			return eachField(b, m.graphField)
		case 8:
			return eachField(b, func(field int, v uint64, _ []byte) error {
				if field == 2 {
					m.opset = int(v)
				}
				return nil
			})
		}
		return nil
	})
	return m, err
}

func (m *model) graphField(field int, _ uint64, b []byte) error {
	switch field {
	case 1:
		var n onnxNode
		err := eachField(b, func(field int, _ uint64, b []byte) error {
			switch field {
			case 1:
				n.in = append(n.in, string(b))
			case 2:
				n.out = append(n.out, string(b))
			case 4:
				n.op = string(b)
			}
			return nil
		})
		m.nodes = append(m.nodes, n)
		return err
	case 5:
		var t initializer
		err := eachField(b, func(field int, v uint64, b []byte) error {
			switch field {
			case 1:
				t.dims = append(t.dims, int(v))
			case 2:
				t.typ = int(v)
			case 8:
				t.name = string(b)
			case 9:
				t.data = b
			}
			return nil
		})
		if _, twice := m.inits[t.name]; twice {
			return fmt.Errorf("initializer %q is there twice", t.name)
		}
		m.inits[t.name] = t
		return err
	}
	return nil
}

// eachField walks one protobuf message. v holds a varint or the bits of a
// fixed-size field, b the bytes of a length-delimited one.
func eachField(data []byte, f func(field int, v uint64, b []byte) error) error {
	truncated := errors.New("protobuf field is cut short")
	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		if n <= 0 {
			return truncated
		}
		data = data[n:]
		var v uint64
		var b []byte
		switch key & 7 {
		case 0:
			if v, n = binary.Uvarint(data); n <= 0 {
				return truncated
			}
			data = data[n:]
		case 2:
			size, n := binary.Uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) {
				return truncated
			}
			b, data = data[n:][:size], data[uint64(n)+size:]
		case 5:
			if len(data) < 4 {
				return truncated
			}
			v, data = uint64(binary.LittleEndian.Uint32(data)), data[4:]
		default:
			return fmt.Errorf("protobuf wire type %d", key&7)
		}
		if err := f(int(key>>3), v, b); err != nil {
			return err
		}
	}
	return nil
}
