package icc_test

import (
	"math"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/icc"
)

// TestExact holds dark colours, where a step is widest to the eye, against floating
// point: each is what that rounds to, or four tenths of a step beyond, which is what
// light in whole 2⁻¹⁴, as LittleCMS has it, costs there.
func TestExact(t *testing.T) {
	// From linear Display P3 to linear sRGB, by the chromaticities of SMPTE EG 432-1.
	m := [3][3]float64{{1.2249402, -0.2249404, 0}, {-0.0420569, 1.0420571, 0}, {-0.0196376, -0.0786361, 1.0982735}}
	light := func(v int) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	number := func(l float64) float64 {
		l = max(0, min(1, l))
		if l <= 0.0031308 {
			return 255 * 12.92 * l
		}
		return 255 * (1.055*math.Pow(l, 1/2.4) - 0.055)
	}
	convert, worst := icc.New(p3), 0.0
	for r := range 40 {
		for g := range 40 {
			for b := range 40 {
				var got [3]byte
				got[0], got[1], got[2] = convert.RGB(byte(r), byte(g), byte(b))
				for i, row := range m {
					want := number(row[0]*light(r) + row[1]*light(g) + row[2]*light(b))
					d := math.Abs(float64(got[i]) - want)
					if worst = max(worst, d); d > 0.9 {
						t.Fatalf("%v is %v, number %d should be %.2f", [3]int{r, g, b}, got, i, want)
					}
				}
			}
		}
	}
	t.Logf("up to %.3f of a step away", worst)
}
