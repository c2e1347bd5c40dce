// Package icc converts colours of profiles with a matrix and curves, which are
// those of phones, cameras and screens (Display P3, Adobe RGB, and sRGB itself),
// to sRGB: ICC.1:2022 §F.3, relative colorimetric, colours beyond sRGB cut off.
// Light is rounded to whole 2⁻¹⁴ and the matrix too, as LittleCMS does for pictures
// of 8 bits, so that the result is LittleCMS's: next to black, where light of one
// step of 2⁻¹⁴ can be a step of the result, better rounding would be further away.
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
	"slices"
	"sync"
)

const (
	// unit is light 1.0, and what the numbers of the matrix are counted in.
	unitBits = 14
	unit     = 1 << unitBits
	// least is the light that index 0 of Transform.encode stands for, and most its end:
	// colours beyond sRGB are in between.
	least, most = -5 * unit / 4, 11 * unit / 4
)

// Transform converts from one profile.
type Transform struct {
	// light is what a number adds, by the number and 256 more, below 0 and above 255
	// too.
	light  [3][768]lanes
	encode *[most - least]byte
}

// lanes are sums of light in sRGB's primaries, in 2⁻²⁸, of which what is below 2⁻¹⁴
// is rounded away in the end: red stands above green in one word.
type lanes struct {
	redGreen uint64
	blue     uint32
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
	var light [3][256]int64
	for i, curve := range curves {
		for v := range light[i] {
			y := curve(float64(float32(v) / 255))
			if math.IsNaN(y) {
				return nil
			}
			light[i][v] = int64(math.Floor(max(-1, min(2, y))*unit + 0.5)) // some curves go a little beyond 1
		}
	}
	var m [9]int64
	for i, v := range product(&toSRGB, &primaries) {
		if !(math.Abs(v) < 4) {
			return nil
		}
		m[i] = int64(math.Floor(v*unit + 0.5))
	}
	if !inLanes(&m, &light) {
		return nil
	}
	for i := range light {
		for v, l := range light[i] {
			t.light[i][256+v] = weigh(&m, i, l)
		}
		for v := range 256 {
			t.light[i][v], t.light[i][512+v] = t.light[i][256], t.light[i][511]
		}
	}
	return t
}

// inLanes says that no colour's light leaves the lanes. Of the profiles in use
// ProPhoto goes furthest, from -1.03 to 2.03.
func inLanes(m *[9]int64, light *[3][256]int64) bool {
	for row := range 3 {
		low, high := int64(0), int64(0)
		for i := range light {
			a, b := m[3*row+i]*slices.Min(light[i][:]), m[3*row+i]*slices.Max(light[i][:])
			low, high = low+min(a, b), high+max(a, b)
		}
		if low <= least*unit || high >= most*unit-unit {
			return false
		}
	}
	return true
}

// weigh is what light of colour i adds. What lanes begin with is in colour 0.
func weigh(m *[9]int64, i int, light int64) lanes {
	var sums [3]int64
	for row := range sums {
		sums[row] = m[3*row+i] * light
		if i == 0 {
			sums[row] += unit/2 - least*unit // rounds, too
		}
	}
	return lanes{uint64(sums[0]<<32 + sums[1]), uint32(sums[2])} // a negative one borrows, as the sum does not
}

// RGB converts one colour.
func (t *Transform) RGB(r, g, b byte) (byte, byte, byte) {
	red, green, blue := t.add(&t.light[0][256+int(r)], &t.light[1][256+int(g)], &t.light[2][256+int(b)])
	return byte(red), byte(green), byte(blue)
}

// add makes a colour of three numbers' light.
func (t *Transform) add(a, b, c *lanes) (red, green, blue int32) {
	sum, rest := a.redGreen+b.redGreen+c.redGreen, a.blue+b.blue+c.blue
	return int32(t.encode[uint16(sum>>(32+unitBits))]), int32(t.encode[uint16(sum>>unitBits)]), int32(t.encode[uint16(rest>>unitBits)])
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

// encoded is the way back to numbers: the inverse of sRGB's curve, IEC 61966-2-1, as
// LittleCMS finds it for the profile of libvips, which holds the curve at 1024 places.
var encoded = sync.OnceValue(func() *[most - least]byte {
	var curve [1024]uint16
	for i := range curve {
		x := float64(i) / 1023
		if x <= 0.04045 {
			x /= 12.92
		} else {
			x = math.Pow((x+0.055)/1.055, 2.4)
		}
		curve[i] = uint16(math.Round(65535 * x))
	}
	back := make([]byte, 0, 2*4096)
	at := 0
	for i := range 4096 {
		y := float64(i) * 65535 / 4095
		for at < 1022 && float64(curve[at+1]) < y {
			at++
		}
		low, high := float64(curve[at]), float64(curve[at+1])
		x := (float64(at) + (y-low)/(high-low)) * 65535 / 1023
		back = binary.BigEndian.AppendUint16(back, uint16(math.Floor(x+0.5)))
	}
	t := new([most - least]byte)
	for i := range t {
		light := float64(max(0, min(unit, i+least))) / unit
		t[i] = byte((uint32(between(back, uint16(math.Floor(light*65535+0.5))))*65281 + 1<<23) >> 24)
	}
	return t
})

// between reads a table of 16-bit numbers at in of 65535, in between by the straight
// line in fixed point.
func between(table []byte, in uint16) uint16 {
	at := uint64(len(table)/2-1) * uint64(in)
	at += (at + 0x7FFF) / 0xFFFF // of 2¹⁶
	low := binary.BigEndian.Uint16(table[2*(at>>16):])
	if at&0xFFFF == 0 {
		return low
	}
	high := binary.BigEndian.Uint16(table[2*(at>>16)+2:])
	return low + uint16(((int64(high)-int64(low))*int64(at&0xFFFF)+1<<15)>>16)
}

// toSRGB turns XYZ, adapted to D50 as profiles have it, into linear sRGB, by the
// primaries of libvips's profile.
var toSRGB = inverse(&[9]float64{
	0x6F94 / 65536.0, 0x62A5 / 65536.0, 0x249D / 65536.0,
	0x38EE / 65536.0, 0xB790 / 65536.0, 0x0F83 / 65536.0,
	0x0390 / 65536.0, 0x18DE / 65536.0, 0xB6BE / 65536.0,
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
	table = table[:2*n]
	return func(x float64) float64 { return float64(between(table, uint16(x*65535+0.5))) / 65535 }
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
