package overlay

import "math"

// Light is added and mixed linearly; the pictures store it through sRGB's
// curve (IEC 61966-2-1).

// toLinear takes an 8-bit sRGB value to linear light, 0 to 1.
var toLinear = func() (t [256]float32) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		t[i] = float32(v)
	}
	return t
}()

// fromLinear is the way back in steps of 1/4095 of the square root of light,
// which keeps the dark end fine enough for every 8-bit value to return as it came.
var fromLinear = func() (t [4096]uint8) {
	for i := range t {
		v := float64(i) / 4095
		v *= v
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(math.Round(v * 255))
	}
	return t
}()

// toSRGB takes linear light to an 8-bit sRGB value.
func toSRGB(v float32) uint8 {
	if !(v > 0) {
		return 0
	}
	if v >= 1 {
		return 255
	}
	return fromLinear[int(math.Sqrt(float64(v))*4095+.5)]
}
