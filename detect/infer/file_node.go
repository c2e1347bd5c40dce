package infer

import (
	"encoding/binary"
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// fileNode is what onnx-go does not hand on about a node.
type fileNode struct {
	name            string
	op              string
	inputs, outputs int
	tensors         map[string]*ir.Array // attributes of type TENSOR
}

// readNode reads a NodeProto and writes it anew for onnx-go, with the type of
// every attribute in place and without attributes that are tensors.
func readNode(m message) (n fileNode, out []byte, err error) {
	domain := ""
	firstOut := ""
	seen := map[string]bool{}
	err = m.each(func(f field) error {
		var s string
		var err error
		switch f.number {
		case 1, 2, 3, 4, 7:
			if s, err = m.text(f, "name"); err != nil {
				return err
			}
		}
		switch f.number {
		case 1:
			n.inputs++
		case 2:
			if n.outputs++; n.outputs == 1 {
				firstOut = s
			}
		case 3:
			n.name = s
			return nil
		case 4:
			n.op = s
			return nil
		case 5:
			a, err := readAttribute(m, f)
			if err != nil {
				return err
			}
			if seen[a.name] {
				return m.broken(f.off, "attribute %q twice", a.name)
			}
			seen[a.name] = true
			if a.tensor == nil {
				out = appendBytes(out, 5, a.encode())
				return nil
			}
			if n.tensors == nil {
				n.tensors = make(map[string]*ir.Array)
			}
			n.tensors[a.name] = a.tensor
			return nil
		case 7:
			domain = s
			return nil
		default:
			return nil
		}
		out = appendBytes(out, f.number, s)
		return nil
	})
	if err != nil {
		return n, nil, err
	}
	if n.name == "" {
		n.name = firstOut
	}
	switch {
	case n.op == "":
		return n, nil, m.broken(m.off, "node without operator")
	case n.outputs == 0:
		return n, nil, m.broken(m.off, "node %q (%s) without output", n.name, n.op)
	case domain != "" && domain != "ai.onnx":
		return n, nil, &NodeError{Operator: domain + "." + n.op, Node: n.name, Err: ir.Unsupportedf("operator of another domain")}
	}
	out = appendBytes(out, 3, n.name)
	return n, appendBytes(out, 4, n.op), nil
}

// attribute is an AttributeProto of a kind onnx-go can carry, or a tensor.
type attribute struct {
	message
	name   string
	kind   int64 // AttributeProto.AttributeType
	float  float32
	int    int64
	text   string
	tensor *ir.Array
	floats []float32
	ints   []int64
	texts  []string
}

// AttributeProto.AttributeType.
const (
	attrFloat   = 1
	attrInt     = 2
	attrString  = 3
	attrTensor  = 4
	attrFloats  = 6
	attrInts    = 7
	attrStrings = 8
)

// attrFields maps the field a value stands in to its type.
var attrFields = map[int]int64{2: attrFloat, 3: attrInt, 4: attrString, 5: attrTensor, 7: attrFloats, 8: attrInts, 9: attrStrings}

func readAttribute(m message, f field) (*attribute, error) {
	s, err := m.sub(f, "attribute")
	if err != nil {
		return nil, err
	}
	a := &attribute{message: s}
	declared, held := int64(0), int64(0)
	err = s.each(func(f field) (err error) {
		if kind := attrFields[f.number]; kind != 0 {
			if held != 0 && (held != kind || kind < attrFloats) {
				return s.broken(f.off, "attribute %q with two values", a.name)
			}
			held = kind
			return a.value(f)
		}
		switch f.number {
		case 1:
			a.name, err = s.text(f, "name")
		case 6, 11:
			return s.unsupported(f.off, "attribute %q is a graph", a.name)
		case 10, 14, 15, 22, 23:
			return s.unsupported(f.off, "attribute %q is a list of tensors, a type or a sparse tensor", a.name)
		case 20:
			declared, err = s.varint(f, "type")
		case 21:
			return s.unsupported(f.off, "attribute %q refers to a function's", a.name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// Old exporters leave the type out; proto3 leaves a zero value out.
	if a.kind = declared; declared == 0 {
		a.kind = held
	}
	switch {
	case a.name == "":
		return nil, s.broken(s.off, "attribute without a name")
	case a.kind == 5 || a.kind == 10:
		return nil, s.unsupported(s.off, "attribute %q is a graph", a.name)
	case a.kind < attrFloat || a.kind > attrStrings:
		return nil, s.unsupported(s.off, "attribute %q of type %d", a.name, a.kind)
	case held != 0 && held != a.kind, a.kind == attrTensor && a.tensor == nil:
		return nil, s.broken(s.off, "attribute %q of type %d holds a value of type %d", a.name, a.kind, held)
	}
	return a, nil
}

func (a *attribute) value(f field) (err error) {
	switch f.number {
	case 2:
		if f.kind != kindFixed32 {
			return a.broken(f.off, "float of wire type %d", f.kind)
		}
		a.float = math.Float32frombits(uint32(f.bits))
	case 3:
		a.int, err = a.varint(f, "i")
	case 4:
		a.text, err = a.message.text(f, "s")
	case 5:
		m, err := a.sub(f, "t")
		if err != nil {
			return err
		}
		_, a.tensor, err = readTensor(m)
		return err
	case 7:
		a.floats, err = a.message.floats(a.floats, f, "floats")
	case 8:
		a.ints, err = a.varints(a.ints, f, "ints")
	case 9:
		var s string
		s, err = a.message.text(f, "strings")
		a.texts = append(a.texts, s)
	}
	return err
}

// encode writes the attribute for onnx-go.
func (a *attribute) encode() []byte {
	b := appendBytes(nil, 1, a.name)
	b = appendVarint(b, 20, uint64(a.kind))
	switch a.kind {
	case attrFloat:
		b = appendFixed32(b, 2, math.Float32bits(a.float))
	case attrInt:
		b = appendVarint(b, 3, uint64(a.int))
	case attrString:
		b = appendBytes(b, 4, a.text)
	case attrFloats:
		packed := make([]byte, 0, 4*len(a.floats))
		for _, v := range a.floats {
			packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(v))
		}
		b = appendBytes(b, 7, packed)
	case attrInts:
		packed := make([]byte, 0, len(a.ints))
		for _, v := range a.ints {
			packed = binary.AppendUvarint(packed, uint64(v))
		}
		b = appendBytes(b, 8, packed)
	case attrStrings:
		for _, s := range a.texts {
			b = appendBytes(b, 9, s)
		}
	}
	return b
}
