package infertest

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
)

// What ONNX Runtime 1.30 answered to the node tests: a line of JSON each.
//
//go:embed golden/nodes.jsonl
var nodeAnswers []byte

// recorded is a line of a file of answers.
type recorded struct {
	Name    string          `json:"name"`
	Outputs []recordedArray `json:"outputs"`
}

type recordedArray struct {
	Type   string `json:"type"`
	Shape  []int  `json:"shape"`
	Stride int    `json:"stride,omitempty"` // of what is kept, 0 = all is
	Data   []byte `json:"data"`             // little-endian
}

// read turns the bytes into elements.
func (a *recordedArray) read() (Answer, error) {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	if a.Stride > 1 {
		n = (n + a.Stride - 1) / a.Stride
	}
	data := slice(a.Type, n)
	if data == nil {
		return Answer{}, fmt.Errorf("infertest: elements of type %q", a.Type)
	}
	if err := binary.Read(bytes.NewReader(a.Data), binary.LittleEndian, data); err != nil {
		return Answer{}, err
	}
	return Answer{a.Type, a.Shape, max(a.Stride, 1), data}, nil
}

// slice makes n elements of a type, nil where it is not known.
func slice(elem string, n int) any {
	switch elem {
	case "float32":
		return make([]float32, n)
	case "float64":
		return make([]float64, n)
	case "int8":
		return make([]int8, n)
	case "int16":
		return make([]int16, n)
	case "int32":
		return make([]int32, n)
	case "int64":
		return make([]int64, n)
	case "uint8":
		return make([]uint8, n)
	case "uint16":
		return make([]uint16, n)
	case "uint32":
		return make([]uint32, n)
	case "uint64":
		return make([]uint64, n)
	case "bool":
		return make([]bool, n)
	}
	return nil
}

// readAnswers reads a file of answers.
func readAnswers(file []byte) (map[string][]Answer, error) {
	all := map[string][]Answer{}
	d := json.NewDecoder(bytes.NewReader(file))
	for {
		var r recorded
		if err := d.Decode(&r); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		var list []Answer
		for i := range r.Outputs {
			a, err := r.Outputs[i].read()
			if err != nil {
				return nil, fmt.Errorf("infertest: %s: %w", r.Name, err)
			}
			list = append(list, a)
		}
		all[r.Name] = list
	}
}

var answers = sync.OnceValue(func() map[string][]Answer {
	all, err := readAnswers(nodeAnswers)
	if err != nil {
		panic(err) // the file is part of the package
	}
	return all
})

// Nodes are the node tests: one operator each, at every opset from 7 to 21 at
// which it has that form, in order of name.
func Nodes() []*Case {
	var list []*Case
	for _, v := range sorted(vectors()) {
		from, to := v.opsets()
		for opset := from; opset <= to; opset++ {
			c := v.at(opset)
			c.Outputs = answers()[c.key]
			list = append(list, c)
		}
	}
	return list
}

func sorted(list []vector) []vector {
	byKey := map[string]vector{}
	for _, v := range list {
		if _, ok := byKey[v.key()]; ok {
			panic("infertest: two cases " + v.key())
		}
		byKey[v.key()] = v
	}
	out := make([]vector, 0, len(list))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		out = append(out, byKey[key])
	}
	return out
}

// differs compares what a backend answered with what is wanted. It returns ""
// where it is near enough.
func (a *Answer) differs(shape []int, data any, tolerance float64) string {
	if !slices.Equal(shape, a.Shape) && !(len(a.Shape) == 0 && slices.Equal(shape, []int{1})) {
		return fmt.Sprintf("shape %v, want %v", shape, a.Shape)
	}
	switch want := a.Data.(type) {
	case []float32:
		return near(want, data, a.Stride, tolerance)
	case []float64:
		return near(want, data, a.Stride, tolerance)
	case []int8:
		return same(want, data, a.Stride)
	case []int16:
		return same(want, data, a.Stride)
	case []int32:
		return same(want, data, a.Stride)
	case []int64:
		return same(want, data, a.Stride)
	case []uint8:
		return same(want, data, a.Stride)
	case []uint16:
		return same(want, data, a.Stride)
	case []uint32:
		return same(want, data, a.Stride)
	case []uint64:
		return same(want, data, a.Stride)
	case []bool:
		return same(want, data, a.Stride)
	}
	return fmt.Sprintf("answer of type %T", a.Data)
}

// list is data as a slice of T; gorgonia unwraps scalars.
func list[T any](data any) ([]T, bool) {
	if v, ok := data.(T); ok {
		return []T{v}, true
	}
	v, ok := data.([]T)
	return v, ok
}

func same[T comparable](want []T, data any, stride int) string {
	got, ok := list[T](data)
	if !ok {
		return fmt.Sprintf("elements are %T, want %T", data, want)
	}
	for i, w := range want {
		if at := i * stride; at >= len(got) {
			return fmt.Sprintf("%d elements", len(got))
		} else if got[at] != w {
			return fmt.Sprintf("element %d is %v, want %v", at, got[at], w)
		}
	}
	return ""
}

func near[T float32 | float64](want []T, data any, stride int, tolerance float64) string {
	got, ok := list[T](data)
	if !ok {
		return fmt.Sprintf("elements are %T, want %T", data, want)
	}
	largest := 1.0
	for _, w := range want {
		if v := math.Abs(float64(w)); !math.IsInf(v, 0) && v > largest {
			largest = v
		}
	}
	for i, w := range want {
		at := i * stride
		if at >= len(got) {
			return fmt.Sprintf("%d elements", len(got))
		}
		g := got[at]
		if g != w && !(g != g && w != w) && !(math.Abs(float64(g)-float64(w)) <= tolerance*largest) {
			return fmt.Sprintf("element %d is %v, want %v, allowed %.2g of %.4g", at, g, w, tolerance, largest)
		}
	}
	return ""
}
