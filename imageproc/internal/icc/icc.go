// Package icc converts colours of profiles with a matrix and curves, which are
// those of phones, cameras and screens (Display P3, Adobe RGB, and sRGB itself),
// to sRGB: ICC.1:2022 §F.3, relative colorimetric, colours beyond sRGB cut off.
//
//	t := icc.New(profile) // nil: a table, or no profile for RGB
//	if t != nil {
//		r, g, b = t.RGB(r, g, b)
//	}
//
// Limits: profiles that are tables, and those for grey and CMYK, are not
// converted. A Transform is immutable and safe for use by many goroutines.
package icc

import (
	"encoding/binary"
	"math"
)

// one is linear light 1.0.
const one = 1 << 14

// Transform converts from one profile.
type Transform struct {
	// linear is light, of one, by the number and 256 more, below 0 and above 255 too.
	linear [3][768]int32
	matrix [9]int32 // of 1<<13
	encode *[one + 1]byte
}

// New reads a profile. It returns nil where that is not one of a matrix and
// curves for RGB.
func New(p []byte) *Transform {
	if len(p) < 132 || string(p[16:20]) != "RGB " || string(p[20:24]) != "XYZ " {
		return nil
	}
	tags := tagsOf(p)
	for _, table := range []string{"A2B0", "A2B1", "A2B2"} {
		if tags[table] != nil {
			return nil // engines prefer it
		}
	}
	t := &Transform{encode: &encoded}
	var primaries [9]float64
	for i, name := range [3]string{"r", "g", "b"} {
		xyz, ok := numbers(tags[name+"XYZ"], "XYZ ", 3)
		if !ok {
			return nil
		}
		for k, v := range xyz {
			primaries[3*k+i] = v
		}
		curve := readCurve(tags[name+"TRC"])
		if curve == nil {
			return nil
		}
		for v := range t.linear[i] {
			x := float64(max(0, min(255, v-256))) / 255
			t.linear[i][v] = int32(math.Round(one * max(0, min(1, curve(x)))))
		}
	}
	m := product(&toSRGB, &primaries)
	for i, v := range m {
		if math.IsNaN(v) || math.Abs(v) > 4 { // the widest in use have 2
			return nil
		}
		t.matrix[i] = int32(math.Round(v * (1 << 13)))
	}
	return t
}

// RGB converts one colour.
func (t *Transform) RGB(r, g, b byte) (byte, byte, byte) {
	lr, lg, lb := t.linear[0][256+int(r)], t.linear[1][256+int(g)], t.linear[2][256+int(b)]
	m := &t.matrix
	return t.encode[light(m[0]*lr+m[1]*lg+m[2]*lb)], t.encode[light(m[3]*lr+m[4]*lg+m[5]*lb)], t.encode[light(m[6]*lr+m[7]*lg+m[8]*lb)]
}

// light rounds a sum of products, and cuts off what lies outside.
func light(v int32) uint32 {
	v = (v + 1<<12) >> 13
	if uint32(v) > one {
		return uint32(^(v >> 31)) & one
	}
	return uint32(v)
}

// IsSRGB says that the conversion changes no colour by more than a step: there is
// nothing to do.
func (t *Transform) IsSRGB() bool {
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				nr, ng, nb := t.RGB(byte(r), byte(g), byte(b))
				for _, d := range [3]int{int(nr) - r, int(ng) - g, int(nb) - b} {
					if d > 1 || d < -1 {
						return false
					}
				}
			}
		}
	}
	return true
}

// encoded is sRGB's curve, IEC 61966-2-1, from linear light.
var encoded = func() (t [one + 1]byte) {
	for i := range t {
		v := float64(i) / one
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = byte(math.Round(255 * v))
	}
	return t
}()

// toSRGB turns XYZ, adapted to D50 as profiles have it, into linear sRGB.
var toSRGB = inverse(&[9]float64{
	0.4360657, 0.3851471, 0.1430664,
	0.2224884, 0.7168732, 0.0606079,
	0.0139160, 0.0970764, 0.7140961,
})

func inverse(m *[9]float64) (n [9]float64) {
	minor := func(a, b, c, d int) float64 { return m[a]*m[d] - m[b]*m[c] }
	n = [9]float64{
		minor(4, 5, 7, 8), -minor(1, 2, 7, 8), minor(1, 2, 4, 5),
		-minor(3, 5, 6, 8), minor(0, 2, 6, 8), -minor(0, 2, 3, 5),
		minor(3, 4, 6, 7), -minor(0, 1, 6, 7), minor(0, 1, 3, 4),
	}
	det := m[0]*n[0] + m[1]*n[3] + m[2]*n[6]
	for i := range n {
		n[i] /= det
	}
	return n
}

func product(a, b *[9]float64) (m [9]float64) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[3*i+j] += a[3*i+k] * b[3*k+j]
			}
		}
	}
	return m
}

// tagsOf returns the data of each tag, ICC.1 §7.3. What lies outside is left out.
func tagsOf(p []byte) map[string][]byte {
	tags := map[string][]byte{}
	n := min(binary.BigEndian.Uint32(p[128:]), 1000)
	for i := range int(n) {
		if len(p) < 132+12*(i+1) {
			break
		}
		e := p[132+12*i:]
		at, size := uint64(binary.BigEndian.Uint32(e[4:])), uint64(binary.BigEndian.Uint32(e[8:]))
		if name := string(e[:4]); tags[name] == nil && at+size <= uint64(len(p)) {
			tags[name] = p[at : at+size]
		}
	}
	return tags
}

// numbers reads s15Fixed16Numbers, ICC.1 §4.6, behind a type.
func numbers(data []byte, kind string, n int) ([]float64, bool) {
	if len(data) < 8+4*n || string(data[:4]) != kind {
		return nil, false
	}
	return fixed(data[8:], n), true
}

func fixed(data []byte, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(int32(binary.BigEndian.Uint32(data[4*i:]))) / 65536
	}
	return v
}

// readCurve reads a curveType or a parametricCurveType, ICC.1 §10.6 and §10.18;
// nil is neither.
func readCurve(data []byte) func(float64) float64 {
	if len(data) < 12 {
		return nil
	}
	switch string(data[:4]) {
	case "curv":
		return sampled(data[8:])
	case "para":
		kind := binary.BigEndian.Uint16(data[8:])
		count := [5]int{1, 3, 4, 5, 7}
		if kind > 4 || len(data) < 12+4*count[kind] {
			return nil
		}
		return parametric(int(kind), fixed(data[12:], count[kind]))
	}
	return nil
}

func sampled(data []byte) func(float64) float64 {
	n := uint64(binary.BigEndian.Uint32(data))
	table := data[4:]
	switch {
	case n == 0:
		return func(x float64) float64 { return x }
	case 2*n > uint64(len(table)):
		return nil
	case n == 1:
		gamma := float64(binary.BigEndian.Uint16(table)) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	}
	return func(x float64) float64 {
		at := x * float64(n-1)
		i := min(uint64(at), n-2)
		low, high := float64(binary.BigEndian.Uint16(table[2*i:])), float64(binary.BigEndian.Uint16(table[2*i+2:]))
		return (low + (high-low)*(at-float64(i))) / 65535
	}
}

// parametric is ICC.1 table 68, with g, a, b, c, d, e, f in that order.
func parametric(kind int, p []float64) func(float64) float64 {
	var v [7]float64
	copy(v[:], p)
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		return func(x float64) float64 { return math.Pow(x, g) }
	case 1:
		c, d, e = 0, -b/a, 0
	case 2:
		// Y = (aX + b)^g + c from -b/a on, c below.
		e, f = c, c
		c, d = 0, -b/a
	}
	return func(x float64) float64 {
		if x >= d {
			return math.Pow(max(0, a*x+b), g) + e
		}
		return c*x + f
	}
}
