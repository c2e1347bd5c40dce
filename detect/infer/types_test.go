package infer_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// elems are the element types a tensor can have, with the numbers 0 to 5 in them.
var elems = map[string]func() any{
	"float32": func() any { return counted[float32]() },
	"float64": func() any { return counted[float64]() },
	"int8":    func() any { return counted[int8]() },
	"int16":   func() any { return counted[int16]() },
	"int32":   func() any { return counted[int32]() },
	"int64":   func() any { return counted[int64]() },
	"uint8":   func() any { return counted[uint8]() },
	"uint16":  func() any { return counted[uint16]() },
	"uint32":  func() any { return counted[uint32]() },
	"uint64":  func() any { return counted[uint64]() },
	"bool":    func() any { return []bool{false, true, true, true, true, true} },
}

func counted[T float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64]() []T {
	return []T{0, 1, 2, 3, 4, 5}
}

// TestTypesMove takes every element type through the operators that move
// elements, in through an input and out through an output.
func TestTypesMove(t *testing.T) {
	for name, make := range elems {
		t.Run(name, func(t *testing.T) {
			x := arr(make(), 2, 3)
			m := model{
				nodes: []part{
					node("Transpose", []string{"x"}, []string{"a"}),
					node("Transpose", []string{"a"}, []string{"b"}),
					node("Split", []string{"b"}, []string{"c", "d"}, attr("axis", 0)),
					node("Concat", []string{"c", "d"}, []string{"y"}, attr("axis", 0)),
				},
				inputs: []part{value("x", elemType(x.data), 2, 3)},
				outs:   []part{value("y", elemType(x.data), 2, 3)},
			}
			if diff := cmp.Diff(make(), run(t, m, nil, x.tensor())[0].Data()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTypesCast casts small numbers from every type to every type, through
// float16 and bfloat16 as well, which hold them exactly.
func TestTypesCast(t *testing.T) {
	for from, make := range elems {
		for to, want := range elems {
			for _, by := range []int{0, 10, 16} {
				t.Run(fmt.Sprint(from, " ", by, " ", to), func(t *testing.T) {
					x := arr(make(), 6)
					m := model{inputs: []part{value("x", elemType(x.data), 6)}, outs: []part{value("y", elemType(want()), 6)}}
					last := "x"
					if by != 0 {
						m.nodes, last = append(m.nodes, node("Cast", []string{"x"}, []string{"h"}, attr("to", by))), "h"
					}
					m.nodes = append(m.nodes, node("Cast", []string{last}, []string{"y"}, attr("to", int(elemType(want())))))
					w := want()
					if from == "bool" && to != "bool" {
						w = flags(t, want())
					}
					if diff := cmp.Diff(w, run(t, m, nil, x.tensor())[0].Data()); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
				})
			}
		}
	}
}

// flags is 0, 1, 1, 1, 1, 1 in the type of v.
func flags(t *testing.T, v any) any {
	switch v := v.(type) {
	case []float32:
		return truth(v)
	case []float64:
		return truth(v)
	case []int8:
		return truth(v)
	case []int16:
		return truth(v)
	case []int32:
		return truth(v)
	case []int64:
		return truth(v)
	case []uint8:
		return truth(v)
	case []uint16:
		return truth(v)
	case []uint32:
		return truth(v)
	case []uint64:
		return truth(v)
	}
	t.Fatalf("no flags of type %T", v)
	return nil
}

func truth[T float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](v []T) []T {
	for i := range v {
		v[i] = min(v[i], 1)
	}
	return v
}
