package main

import (
	"encoding/binary"
	"fmt"
	"math"
)

// An index describes the files beside it; README.md there says how to read it.
type index struct {
	Runtime string  `json:"runtime"`
	Cases   []entry `json:"cases"`
}

// An entry is one model on one input.
type entry struct {
	Model       string   `json:"model"`
	ModelSHA256 string   `json:"model_sha256"`
	Input       string   `json:"input"`
	InputSHA256 string   `json:"input_sha256"`
	Tolerance   float64  `json:"tolerance"`
	File        string   `json:"file"`
	Outputs     []output `json:"outputs"`
}

// An output says where the values of one output are in the entry's file.
type output struct {
	Name   string  `json:"name"`
	Shape  []int   `json:"shape"`
	Stride int     `json:"stride"`
	Offset int     `json:"offset"`
	Count  int     `json:"count"`
	MaxAbs float32 `json:"max_abs"`
}

// A shaped names an output as ONNX Runtime does.
type shaped struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// A headMap is one output with all its values.
type headMap struct {
	shaped
	values []float32
}

// An answer is what a model said to one input, whose tensor has the hash sum.
type answer struct {
	input string
	sum   [32]byte
	maps  []headMap
}

// enough is the number of values that a sample of an output has at least,
// where the output has so many.
const enough = 2000

// sample keeps every stride-th value of each output.
func (a answer) sample(dense bool) (entry, []float32) {
	e := entry{Input: a.input, InputSHA256: fmt.Sprintf("%x", a.sum)}
	var values []float32
	for _, m := range a.maps {
		o := output{Name: m.Name, Shape: m.Shape, Stride: 1, Offset: len(values)}
		if !dense {
			o.Stride = stride(len(m.values), m.Shape[len(m.Shape)-1])
		}
		for i, v := range m.values {
			o.MaxAbs = max(o.MaxAbs, float32(math.Abs(float64(v))))
			if i%o.Stride == 0 {
				values = append(values, v)
				o.Count++
			}
		}
		e.Outputs = append(e.Outputs, o)
	}
	return e, values
}

// stride is the largest prime that leaves enough of n values and does not
// divide the width of a row, so that the sample wanders over the columns; 1
// where there is none.
func stride(n, width int) int {
	best := 1
	for p := 2; (n+p-1)/p >= enough; p++ {
		prime := true
		for d := 2; d*d <= p; d++ {
			prime = prime && p%d != 0
		}
		if prime && width%p != 0 {
			best = p
		}
	}
	return best
}

// furthest is the largest distance between two lists of the same length.
func furthest(a, b []float32) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("%d values, want %d", len(a), len(b))
	}
	var most float64
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if math.IsNaN(d) {
			return d, fmt.Errorf("value %d is not a number", i)
		}
		most = max(most, d)
	}
	return most, nil
}

func encode(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func decode(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
