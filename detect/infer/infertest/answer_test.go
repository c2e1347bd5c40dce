package infertest

import (
	"math"
	"strings"
	"testing"
)

// TestDiffers: what the suite must see, and what it must not mind.
func TestDiffers(t *testing.T) {
	four := Answer{"float32", []int{2, 2}, 1, f32(1, 2, nan, inf)}
	third := Answer{"float32", []int{7}, 3, f32(1, 4, 7)}
	tests := []struct {
		name  string
		want  Answer
		shape []int
		data  any
		say   string // "" = near enough
	}{
		{"the same", four, []int{2, 2}, f32(1, 2, nan, inf), ""},
		{"within the tolerance of the largest", four, []int{2, 2}, f32(1.0000015, 2, nan, inf), ""},
		{"beyond it", four, []int{2, 2}, f32(1.000003, 2, nan, inf), "element 0"},
		{"another shape", four, []int{4}, f32(1, 2, nan, inf), "shape [4], want [2 2]"},
		{"another type", four, []int{2, 2}, []float64{1, 2, 3, 4}, "[]float64"},
		{"NaN for a number", four, []int{2, 2}, f32(nan, 2, nan, inf), "element 0 is NaN"},
		{"a number for NaN", four, []int{2, 2}, f32(1, 2, 3, inf), "element 2"},
		{"the other infinity", four, []int{2, 2}, f32(1, 2, nan, -inf), "element 3"},
		{"a number for infinity", four, []int{2, 2}, f32(1, 2, nan, math.MaxFloat32), "element 3"},
		{"samples", third, []int{7}, f32(1, 0, 0, 4, 0, 0, 7), ""},
		{"a wrong sample", third, []int{7}, f32(1, 0, 0, 4, 0, 0, 8), "element 6"},
		{"too few elements", third, []int{7}, f32(1, 0, 0, 4), "4 elements"},
		{"a scalar as one element", Answer{"int64", []int{}, 1, i64(7)}, []int{1}, i64(7), ""},
		{"an unwrapped scalar", Answer{"int64", []int{}, 1, i64(7)}, []int{}, int64(7), ""},
		{"another integer", Answer{"int64", []int{1}, 1, i64(7)}, []int{1}, i64(8), "element 0 is 8, want 7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.want.differs(tt.shape, tt.data, 1e-6)
			if (got == "") != (tt.say == "") || !strings.Contains(got, tt.say) {
				t.Errorf("got %q, want %q", got, tt.say)
			}
		})
	}
}
