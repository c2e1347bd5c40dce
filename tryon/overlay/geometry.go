package overlay

import "math"

// vec is a point or a direction. Pixel coordinates are continuous: the first
// pixel's centre is at (0.5, 0.5).
type vec struct{ X, Y float64 }

func (a vec) add(b vec) vec       { return vec{a.X + b.X, a.Y + b.Y} }
func (a vec) sub(b vec) vec       { return vec{a.X - b.X, a.Y - b.Y} }
func (a vec) mul(k float64) vec   { return vec{a.X * k, a.Y * k} }
func (a vec) dot(b vec) float64   { return a.X*b.X + a.Y*b.Y }
func (a vec) cross(b vec) float64 { return a.X*b.Y - a.Y*b.X }
func (a vec) len() float64        { return math.Hypot(a.X, a.Y) }

// unit is a scaled to length 1; the zero vector stays.
func (a vec) unit() vec {
	if l := a.len(); l > 0 {
		return a.mul(1 / l)
	}
	return a
}

// turn is a turned by the angle, from X towards Y.
func (a vec) turn(angle float64) vec {
	s, c := math.Sincos(angle)
	return vec{a.X*c - a.Y*s, a.X*s + a.Y*c}
}

func lerp(a, b vec, t float64) vec { return a.add(b.sub(a).mul(t)) }

// angle is the turn that takes direction a to direction b, -π to π.
func angle(a, b vec) float64 { return math.Atan2(a.cross(b), a.dot(b)) }

// along is where on the segment ab the point nearest to p is, 0 at a to 1 at b.
func along(p, a, b vec) float64 {
	d := b.sub(a)
	return clamp(p.sub(a).dot(d)/max(d.dot(d), 1e-12), 0, 1)
}

// segment is how far p lies from the segment ab.
func segment(p, a, b vec) float64 { return p.sub(lerp(a, b, along(p, a, b))).len() }

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

// ramp is 0 up to lo, 1 from hi on, and smooth between them. With lo > hi it
// falls.
func ramp(lo, hi, v float64) float64 {
	t := clamp((v-lo)/(hi-lo), 0, 1)
	return t * t * (3 - 2*t)
}

// median sorts the few values it gets and returns the middle one.
func median(v []float64) float64 {
	for i := 1; i < len(v); i++ {
		for j := i; j > 0 && v[j] < v[j-1]; j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
	return v[len(v)/2]
}
