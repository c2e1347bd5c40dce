package ir

import (
	"encoding/binary"
	"math"
	"runtime"
	"unsafe"
)

// Array is a dense row-major array. Data is a slice of the Go type that
// belongs to Type ([]float32, []Half, ...), one element per index tuple.
// An Array with an empty Shape is a scalar and has one element.
type Array struct {
	Type   Dtype
	Shape  []int
	Data   any
	halves []uint16 // what Data is made of, nil where it is there
	widen  func(dst []float32, halves []uint16)
}

// Widened is an array of float32 that need not be in memory as such, but as
// binary16 numbers, of which widen makes floats. Weights are kept so in many a
// file, and packed in another order than theirs.
func Widened(shape []int, halves []uint16, widen func(dst []float32, halves []uint16)) *Array {
	return &Array{Type: Float32, Shape: shape, halves: halves, widen: widen}
}

// Make has the elements made that are there as halves only. What many goroutines
// will read has to be made before.
func (a *Array) Make() *Array {
	if a.halves != nil {
		all := Floats(a.Len())
		a.widen(all, a.halves)
		a.Data, a.halves = all, nil
	}
	return a
}

// Halves are the elements where they are not yet floats, nil otherwise.
func (a *Array) Halves() []uint16 { return a.halves }

// Part are n elements of float32 from one on, in a's memory or in that of room.
func (a *Array) Part(from, n int, room func(n int) []float32) []float32 {
	if a.halves == nil {
		return Of[float32](a)[from:][:n]
	}
	part := room(n)
	a.widen(part, a.halves[from:][:n])
	return part
}

// Elem lists the Go types of elements.
type Elem interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool | Half | Brain
}

// Of returns the elements of a, whose type the caller has checked.
func Of[T Elem](a *Array) []T { return a.Make().Data.([]T) }

// Len counts the elements.
func (a *Array) Len() int {
	n, _ := Count(a.Shape)
	return n
}

// Count multiplies the dimensions. It reports false when one is negative or
// the product does not fit an int.
func Count(shape []int) (int, bool) {
	n, zero := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			zero = true
		case n > math.MaxInt/d:
			return 0, false
		default:
			n *= d
		}
	}
	if zero {
		return 0, true
	}
	return n, true
}

// NewArray allocates zeroed elements. The caller has checked type and shape.
func NewArray(d Dtype, shape []int) *Array {
	n, _ := Count(shape)
	return &Array{Type: d, Shape: shape, Data: alloc(d, n)}
}

func alloc(d Dtype, n int) any {
	switch d {
	case Float32:
		return make([]float32, n)
	case Float64:
		return make([]float64, n)
	case Int8:
		return make([]int8, n)
	case Int16:
		return make([]int16, n)
	case Int32:
		return make([]int32, n)
	case Int64:
		return make([]int64, n)
	case Uint8:
		return make([]uint8, n)
	case Uint16:
		return make([]uint16, n)
	case Uint32:
		return make([]uint32, n)
	case Uint64:
		return make([]uint64, n)
	case Bool:
		return make([]bool, n)
	case Float16:
		return make([]Half, n)
	case BFloat16:
		return make([]Brain, n)
	}
	panic("ir: no array of " + d.String())
}

// FromRaw reads the elements of a little-endian buffer, as TensorProto.raw_data
// holds them: len(raw) = elements × size. Where alignment and byte order of the
// machine allow it the result shares memory with raw, which must then not
// change; otherwise it is a copy.
func FromRaw(d Dtype, shape []int, raw []byte) *Array {
	var data any
	switch d {
	case Float32:
		data = fromRaw(raw, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case Float64:
		data = fromRaw(raw, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case Int8:
		data = fromRaw(raw, 1, func(b []byte) int8 { return int8(b[0]) })
	case Int16:
		data = fromRaw(raw, 2, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) })
	case Int32:
		data = fromRaw(raw, 4, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	case Int64:
		data = fromRaw(raw, 8, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case Uint8:
		data = raw
	case Uint16:
		data = fromRaw(raw, 2, binary.LittleEndian.Uint16)
	case Uint32:
		data = fromRaw(raw, 4, binary.LittleEndian.Uint32)
	case Uint64:
		data = fromRaw(raw, 8, binary.LittleEndian.Uint64)
	case Bool: // a byte other than 0 and 1 would make an invalid Go bool: never share
		bools := make([]bool, len(raw))
		for i, b := range raw {
			bools[i] = b != 0
		}
		data = bools
	case Float16:
		data = fromRaw(raw, 2, func(b []byte) Half { return Half(binary.LittleEndian.Uint16(b)) })
	case BFloat16:
		data = fromRaw(raw, 2, func(b []byte) Brain { return Brain(binary.LittleEndian.Uint16(b)) })
	default:
		panic("ir: no array of " + d.String())
	}
	return &Array{Type: d, Shape: shape, Data: data}
}

func fromRaw[T Elem](raw []byte, size int, read func([]byte) T) []T {
	n := len(raw) / size
	if n == 0 {
		return []T{}
	}
	p := unsafe.Pointer(unsafe.SliceData(raw))
	if littleEndian && (unaligned || uintptr(p)%uintptr(size) == 0) {
		return unsafe.Slice((*T)(p), n)
	}
	out := make([]T, n)
	if littleEndian {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), n*size), raw)
		return out
	}
	for i := range out {
		out[i] = read(raw[i*size:])
	}
	return out
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// unaligned is set where a CPU reads numbers from any address. In a model file
// they lie anywhere, and copying its weights would double them.
const unaligned = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" || runtime.GOARCH == "386"

// Copy copies the elements of src to dst; both have the same type and length.
func Copy(dst, src *Array) {
	switch s := src.Data.(type) {
	case []float32:
		copy(Of[float32](dst), s)
	case []float64:
		copy(Of[float64](dst), s)
	case []int8:
		copy(Of[int8](dst), s)
	case []int16:
		copy(Of[int16](dst), s)
	case []int32:
		copy(Of[int32](dst), s)
	case []int64:
		copy(Of[int64](dst), s)
	case []uint8:
		copy(Of[uint8](dst), s)
	case []uint16:
		copy(Of[uint16](dst), s)
	case []uint32:
		copy(Of[uint32](dst), s)
	case []uint64:
		copy(Of[uint64](dst), s)
	case []bool:
		copy(Of[bool](dst), s)
	case []Half:
		copy(Of[Half](dst), s)
	case []Brain:
		copy(Of[Brain](dst), s)
	}
}
