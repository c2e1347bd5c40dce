package infer

import (
	"encoding/binary"
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// readTensor reads a TensorProto. Raw data is not copied where the machine's
// byte order and the alignment allow sharing; no size is believed before the
// bytes for it are there.
func readTensor(m message) (name string, a *ir.Array, err error) {
	t := tensorProto{message: m}
	if err := m.each(t.field); err != nil {
		return "", nil, err
	}
	a, err = t.array()
	return t.name, a, err
}

// tensorProto gathers the fields of a TensorProto.
type tensorProto struct {
	message
	name  string
	dims  []int64
	dtype ir.Dtype
	raw   []byte
	isRaw bool
	ints  []int64  // int32_data, int64_data, uint64_data
	bytes [][]byte // packed float_data and double_data
	from  int      // field number of the typed data, 0 for none
	loose []byte   // float_data and double_data that was not packed
}

func (t *tensorProto) field(f field) (err error) {
	switch f.number {
	case 1:
		t.dims, err = t.varints(t.dims, f, "dims")
		if len(t.dims) > ir.MaxRank {
			return t.unsupported(f.off, "more than %d dimensions", ir.MaxRank)
		}
	case 2:
		var v int64
		v, err = t.varint(f, "data_type")
		t.dtype = ir.Dtype(v)
	case 3:
		return t.unsupported(f.off, "segment of a tensor")
	case 4, 10:
		return t.fixed(f)
	case 5, 7, 11:
		if err := t.typed(f); err != nil {
			return err
		}
		t.ints, err = t.varints(t.ints, f, "data")
	case 6:
		return t.unsupported(f.off, "string data")
	case 8:
		t.name, err = t.text(f, "name")
	case 9:
		if f.kind != kindBytes || t.isRaw {
			return t.broken(f.off, "raw_data")
		}
		t.raw, t.isRaw = f.data, true
	case 13:
		return t.unsupported(f.off, "external data")
	case 14:
		if f.bits != 0 {
			return t.unsupported(f.off, "external data")
		}
	}
	return err
}

// typed remembers which of the typed fields is used: one at most.
func (t *tensorProto) typed(f field) error {
	if t.from != 0 && t.from != f.number {
		return t.broken(f.off, "data in fields %d and %d", t.from, f.number)
	}
	t.from = f.number
	return nil
}

// fixed takes float_data or double_data, usually one packed piece.
func (t *tensorProto) fixed(f field) error {
	if err := t.typed(f); err != nil {
		return err
	}
	size, kind := 4, byte(kindFixed32)
	if f.number == 10 {
		size, kind = 8, kindFixed64
	}
	switch {
	case f.kind == kindBytes && len(f.data)%size == 0:
		t.bytes = append(t.bytes, f.data)
	case f.kind == kind && size == 4:
		t.loose = binary.LittleEndian.AppendUint32(t.loose, uint32(f.bits))
	case f.kind == kind:
		t.loose = binary.LittleEndian.AppendUint64(t.loose, f.bits)
	default:
		return t.broken(f.off, "data of wire type %d", f.kind)
	}
	return nil
}

// array puts the fields together.
func (t *tensorProto) array() (*ir.Array, error) {
	if t.dtype == ir.Undefined {
		return nil, t.broken(t.off, "tensor %q without element type", t.name)
	}
	size := t.dtype.Size()
	if size == 0 {
		return nil, t.unsupported(t.off, "tensor %q of %v", t.name, t.dtype)
	}
	shape := make([]int, len(t.dims))
	for i, d := range t.dims {
		if shape[i] = int(d); int64(shape[i]) != d || d < 0 {
			return nil, t.broken(t.off, "tensor %q has dimensions %v", t.name, t.dims)
		}
	}
	n, ok := ir.Count(shape)
	if !ok || n > math.MaxInt/8 {
		return nil, t.broken(t.off, "tensor %q has dimensions %v", t.name, t.dims)
	}
	if n == 0 && !ir.FitsEmpty(shape) {
		return nil, t.broken(t.off, "tensor %q has dimensions %v", t.name, t.dims)
	}
	if t.isRaw && t.from != 0 {
		return nil, t.broken(t.off, "tensor %q has raw and typed data", t.name)
	}
	if !t.isRaw {
		return t.fromTyped(shape, n)
	}
	if len(t.raw) != n*size {
		return nil, t.broken(t.off, "tensor %q of %v %v has %d bytes of data", t.name, t.dtype, shape, len(t.raw))
	}
	return ir.FromRaw(t.dtype, shape, t.raw), nil
}

// typedField says which field holds which element type: the comments of
// TensorProto in onnx.proto.
func typedField(d ir.Dtype) int {
	switch d {
	case ir.Float32:
		return 4
	case ir.Int32, ir.Int16, ir.Int8, ir.Uint16, ir.Uint8, ir.Bool, ir.Float16, ir.BFloat16:
		return 5
	case ir.Int64:
		return 7
	case ir.Float64:
		return 10
	}
	return 11 // uint32, uint64
}

func (t *tensorProto) fromTyped(shape []int, n int) (*ir.Array, error) {
	size := t.dtype.Size()
	if t.from != 0 && t.from != typedField(t.dtype) {
		return nil, t.broken(t.off, "tensor %q of %v has its data in field %d", t.name, t.dtype, t.from)
	}
	var raw []byte
	switch {
	case t.from == 4 || t.from == 10:
		raw = t.loose
		if len(t.bytes) == 1 && len(raw) == 0 {
			raw = t.bytes[0]
		} else {
			for _, b := range t.bytes { // order is kept only within each kind: mixing the two is refused
				if len(t.loose) > 0 {
					return nil, t.broken(t.off, "tensor %q has packed and loose data", t.name)
				}
				raw = append(raw, b...)
			}
		}
	default:
		if len(t.ints) != n {
			return nil, t.broken(t.off, "tensor %q of %v %v has %d elements", t.name, t.dtype, shape, len(t.ints))
		}
		raw = make([]byte, 0, n*size)
		for _, v := range t.ints {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(v))
			raw = append(raw, b[:size]...)
		}
	}
	if len(raw) != n*size {
		return nil, t.broken(t.off, "tensor %q of %v %v has %d elements", t.name, t.dtype, shape, len(raw)/size)
	}
	return ir.FromRaw(t.dtype, shape, raw), nil
}
