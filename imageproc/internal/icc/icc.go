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
	"sync"
)

// A number's light in each of sRGB's three primaries is added up in one word of
// three lanes, of 21 bits each, the lowest lane blue.
const (
	laneBits = 21
	// one is linear light 1.0 in a lane: two bits stand above it for colours beyond
	// sRGB, and the lowest five are rounded away.
	one    = 1 << (laneBits - 2)
	coarse = 5
	// least is the light that a lane at 0 stands for, and most a whole lane.
	least, most = -1.25, 2.75
)

// Transform converts from one profile.
type Transform struct {
	// light is what a number adds, by the number and 256 more, below 0 and above 255
	// too.
	light  [3][768]uint64
	encode *[1 << (laneBits - coarse)]byte
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
	t := &Transform{encode: encoded()}
	var primaries [9]float64
	var curves [3]func(float64) float64
	for i, name := range [3]string{"r", "g", "b"} {
		xyz, ok := numbers(tags[name+"XYZ"], "XYZ ", 3)
		if !ok {
			return nil
		}
		for k, v := range xyz {
			primaries[3*k+i] = v
		}
		if curves[i] = readCurve(tags[name+"TRC"]); curves[i] == nil {
			return nil
		}
	}
	m := product(&toSRGB, &primaries)
	for row := range 3 {
		low, high := 0.0, 0.0
		for _, v := range m[3*row : 3*row+3] {
			low, high = low+min(v, 0), high+max(v, 0)
		}
		// The widest in use, ProPhoto, has -1.03 and 2.03.
		if !(low > least && high < most) {
			return nil
		}
	}
	for i, curve := range curves {
		for v := range 256 {
			light := max(0, min(1, curve(float64(v)/255)))
			if math.IsNaN(light) {
				return nil
			}
			t.light[i][256+v] = lanes(&m, i, light)
		}
		for v := range 256 {
			t.light[i][v], t.light[i][512+v] = t.light[i][256], t.light[i][511]
		}
	}
	return t
}

// lanes is what light of colour i adds. What lanes begin with is in colour 0.
func lanes(m *[9]float64, i int, light float64) (word uint64) {
	for row := range 3 {
		v := m[3*row+i] * light
		if i == 0 {
			v += 0.5/(one>>coarse) - least // rounds, too
		}
		word = word<<laneBits + uint64(int64(math.Round(v*one))) // a negative one borrows, as the sum does not
	}
	return word
}

// RGB converts one colour.
func (t *Transform) RGB(r, g, b byte) (byte, byte, byte) {
	return t.add(t.light[0][256+int(r)] + t.light[1][256+int(g)] + t.light[2][256+int(b)])
}

// add makes a colour of a sum of lanes.
func (t *Transform) add(sum uint64) (r, g, b byte) {
	return t.encode[uint16(sum>>(2*laneBits+coarse))], t.encode[uint16(sum>>(laneBits+coarse))], t.encode[uint16(sum>>coarse)]
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

// encoded is sRGB's curve, IEC 61966-2-1, from what stands in a lane.
var encoded = sync.OnceValue(func() *[1 << (laneBits - coarse)]byte {
	t := new([1 << (laneBits - coarse)]byte)
	const unit = one >> coarse
	at := 0
	for v := range 256 { // up to where the next number is nearer
		light := (float64(v) + 0.5) / 255
		if light <= 0.04045 {
			light /= 12.92
		} else {
			light = math.Pow((light+0.055)/1.055, 2.4)
		}
		end := len(t)
		if v < 255 {
			end = int(math.Ceil((light - least) * unit))
		}
		for ; at < end; at++ {
			t[at] = byte(v)
		}
	}
	return t
})

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
