package infer

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// The Protocol Buffers wire format, as far as ONNX uses it (encoding guide of
// protobuf.dev): a message is a sequence of fields, each a tag (number<<3 |
// type) and a value. Nothing here allocates; values are parts of the file.

// message is a stretch of the file being read as one message.
type message struct {
	buf  []byte
	off  int    // where buf starts in the file
	path string // for errors
}

// field is one field of a message. Only the member of its type is set.
type field struct {
	number int
	kind   byte   // 0 varint, 1 fixed64, 2 bytes, 5 fixed32
	bits   uint64 // of a varint, fixed64 or fixed32
	data   []byte // of a bytes field
	off    int    // where the tag starts in the file
	inner  int    // where data starts in the file
}

const (
	kindVarint  = 0
	kindFixed64 = 1
	kindBytes   = 2
	kindFixed32 = 5
)

// each calls f for every field of the message, in order.
func (m message) each(f func(field) error) error {
	buf, off := m.buf, m.off
	for len(buf) > 0 {
		v, size, err := m.next(buf, off)
		if err != nil {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
		buf, off = buf[size:], off+size
	}
	return nil
}

// next reads the field at the start of buf, which lies at off in the file.
func (m message) next(buf []byte, off int) (f field, size int, err error) {
	tag, size := binary.Uvarint(buf)
	if size <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return f, 0, m.broken(off, "field tag")
	}
	f = field{number: int(tag >> 3), kind: byte(tag & 7), off: off}
	switch f.kind {
	case kindVarint:
		v, n := binary.Uvarint(buf[size:])
		if n <= 0 {
			return f, 0, m.broken(off, "number of field %d", f.number)
		}
		f.bits = v
		return f, size + n, nil
	case kindFixed64:
		if len(buf)-size < 8 {
			return f, 0, m.broken(off, "field %d needs 8 bytes, %d are left", f.number, len(buf)-size)
		}
		f.bits = binary.LittleEndian.Uint64(buf[size:])
		return f, size + 8, nil
	case kindFixed32:
		if len(buf)-size < 4 {
			return f, 0, m.broken(off, "field %d needs 4 bytes, %d are left", f.number, len(buf)-size)
		}
		f.bits = uint64(binary.LittleEndian.Uint32(buf[size:]))
		return f, size + 4, nil
	case kindBytes:
		length, n := binary.Uvarint(buf[size:])
		if n <= 0 {
			return f, 0, m.broken(off, "length of field %d", f.number)
		}
		size += n
		if length > uint64(len(buf)-size) {
			return f, 0, m.broken(off, "length %d of field %d, %d bytes are left", length, f.number, len(buf)-size)
		}
		f.inner = off + size
		f.data = buf[size : size+int(length) : size+int(length)]
		return f, size + int(length), nil
	}
	return f, 0, m.broken(off, "wire type %d of field %d", f.kind, f.number)
}

func (m message) broken(off int, format string, args ...any) error {
	return &FormatError{Offset: off, Field: m.path, Err: ir.Invalidf(format, args...)}
}

func (m message) unsupported(off int, format string, args ...any) error {
	return &FormatError{Offset: off, Field: m.path, Err: ir.Unsupportedf(format, args...)}
}

// sub reads a field as a message of its own.
func (m message) sub(f field, name string) (message, error) {
	if f.kind != kindBytes {
		return message{}, m.broken(f.off, "%s has wire type %d, not that of a message", name, f.kind)
	}
	return message{buf: f.data, off: f.inner, path: m.path + "." + name}, nil
}

// item is sub for a field that repeats.
func (m message) item(f field, name string, index int) (message, error) {
	return m.sub(f, fmt.Sprintf("%s[%d]", name, index))
}

// text reads a field as a string.
func (m message) text(f field, name string) (string, error) {
	if f.kind != kindBytes || !utf8.Valid(f.data) {
		return "", m.broken(f.off, "%s is no UTF-8 text", name)
	}
	return string(f.data), nil
}

// varint reads a field as an integer.
func (m message) varint(f field, name string) (int64, error) {
	if f.kind != kindVarint {
		return 0, m.broken(f.off, "%s has wire type %d, not that of an integer", name, f.kind)
	}
	return int64(f.bits), nil
}

// varints appends a repeated integer, packed or not.
func (m message) varints(dst []int64, f field, name string) ([]int64, error) {
	if f.kind == kindVarint {
		return append(dst, int64(f.bits)), nil
	}
	if f.kind != kindBytes {
		return nil, m.broken(f.off, "%s has wire type %d", name, f.kind)
	}
	for buf := f.data; len(buf) > 0; {
		v, n := binary.Uvarint(buf)
		if n <= 0 {
			return nil, m.broken(f.off, "number in %s", name)
		}
		dst, buf = append(dst, int64(v)), buf[n:]
	}
	return dst, nil
}

// floats appends a repeated float, packed or not.
func (m message) floats(dst []float32, f field, name string) ([]float32, error) {
	switch {
	case f.kind == kindFixed32:
		return append(dst, math.Float32frombits(uint32(f.bits))), nil
	case f.kind != kindBytes || len(f.data)%4 != 0:
		return nil, m.broken(f.off, "%s is no list of floats", name)
	}
	for b := f.data; len(b) > 0; b = b[4:] {
		dst = append(dst, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return dst, nil
}

// The writing half: what onnx-go is given to read.

func appendVarint(b []byte, number int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(number)<<3|kindVarint), v)
}

func appendBytes[T []byte | string](b []byte, number int, v T) []byte {
	b = binary.AppendUvarint(b, uint64(number)<<3|kindBytes)
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendFixed32(b []byte, number int, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(b, uint64(number)<<3|kindFixed32), v)
}
