package main

import (
	"math"
	"slices"
)

// pt is a point of the pattern: 900 units a side, x from the centre line.
type pt struct{ x, y float64 }

// path is a polyline.
type path []pt

// to appends a cubic curve from the path's end.
func (p path) to(c1, c2, end pt) path {
	const steps = 24
	a := p[len(p)-1]
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		w := [4]float64{u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t}
		p = append(p, pt{
			w[0]*a.x + w[1]*c1.x + w[2]*c2.x + w[3]*end.x,
			w[0]*a.y + w[1]*c1.y + w[2]*c2.y + w[3]*end.y,
		})
	}
	return p
}

// line appends a straight line.
func (p path) line(end pt) path { return append(p, end) }

// both closes a right half with its mirror image.
func (p path) both() path {
	m := slices.Clone(p)
	slices.Reverse(m)
	for i := range m {
		m[i].x = -m[i].x
	}
	return append(slices.Clone(p), m...)
}

// across mirrors a curve that starts or ends on the centre line into one from
// left to right.
func (p path) across() path {
	m := slices.Clone(p)
	slices.Reverse(m)
	for i := range m {
		m[i].x = -m[i].x
	}
	return append(m, p...)
}

// mask is coverage, 0 to 1, of a square picture.
type mask struct {
	side int
	a    []float32
}

const supersample = 4

// fill covers the inside of a closed path.
func fill(p path, side int) *mask {
	n := side * supersample
	scale := float64(n) / 900
	hits := make([]float32, side*side)
	var xs []float64
	for row := range n {
		y := (float64(row) + .5) / scale
		xs = xs[:0]
		for i := range p {
			a, b := p[i], p[(i+1)%len(p)]
			if (a.y <= y) != (b.y <= y) {
				xs = append(xs, (a.x+(y-a.y)/(b.y-a.y)*(b.x-a.x)+450)*scale)
			}
		}
		slices.Sort(xs)
		for i := 0; i+1 < len(xs); i += 2 {
			from, to := max(0, int(math.Ceil(xs[i]-.5))), min(n, int(math.Ceil(xs[i+1]-.5)))
			for x := from; x < to; x++ {
				hits[row/supersample*side+x/supersample] += 1. / (supersample * supersample)
			}
		}
	}
	return &mask{side, hits}
}

// blur is a mask smeared by three boxes, close to a Gaussian of the radius.
func (m *mask) blur(radius int) *mask {
	cur := slices.Clone(m.a)
	tmp := make([]float32, len(cur))
	for range 3 {
		box(tmp, cur, m.side, radius, 1, m.side)
		box(cur, tmp, m.side, radius, m.side, 1)
	}
	return &mask{m.side, cur}
}

func box(dst, src []float32, side, r, step, line int) {
	for l := range side {
		base := l * line
		var sum float32
		for i := -r; i < side; i++ {
			if j := i + r; j < side {
				sum += src[base+j*step]
			}
			if j := i - r - 1; j >= 0 {
				sum -= src[base+j*step]
			}
			if i >= 0 {
				dst[base+i*step] = sum / float32(2*r+1)
			}
		}
	}
}

// distance is how far q lies from the polyline, and where along it, 0 to 1.
func (p path) distance(q pt) (d, along float64) {
	d = math.Inf(1)
	for i := 0; i+1 < len(p); i++ {
		a, b := p[i], p[i+1]
		dx, dy := b.x-a.x, b.y-a.y
		t := max(0, min(1, ((q.x-a.x)*dx+(q.y-a.y)*dy)/(dx*dx+dy*dy+1e-9)))
		if e := math.Hypot(q.x-a.x-t*dx, q.y-a.y-t*dy); e < d {
			d, along = e, (float64(i)+t)/float64(len(p)-1)
		}
	}
	return d, along
}
