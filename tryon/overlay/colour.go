package overlay

import (
	"math"
	"slices"
)

// palette is a handful of colours that something in the photo shows.
type palette [][3]float32

// take adds the colour at q.
func (p *palette) take(s *sheet, q vec) {
	if c, ok := s.colour(q); ok {
		*p = append(*p, c)
	}
}

// distance is how far c lies from the nearest colour of the palette. Brightness
// counts half: light and shadow change it most.
func (p palette) distance(c [3]float32) float64 {
	best := math.Inf(1)
	for _, s := range p {
		r, g, b := float64(c[0]-s[0]), float64(c[1]-s[1]), float64(c[2]-s[2])
		luma := .299*r + .587*g + .114*b
		cb, cr := .564*(b-luma), .713*(r-luma)
		best = min(best, .25*luma*luma+2*(cb*cb+cr*cr))
	}
	return math.Sqrt(best)
}

// apart is how far the colours of p typically lie from those of o: the lower
// quartile, so that a quarter of them may agree by accident.
func (p palette) apart(o palette) float64 {
	if len(p) == 0 || len(o) == 0 {
		return 0
	}
	d := make([]float64, len(p))
	for i, c := range p {
		d[i] = o.distance(c)
	}
	slices.Sort(d)
	return d[len(d)/4]
}

// skin samples the middle of the face.
func (b *body) skin() palette {
	var list palette
	p := b.p
	if !p.face.ok {
		return nil
	}
	for y := -.12; y < .55; y += .06 {
		for x := -.28; x < .29; x += .07 {
			list.take(&b.sheet, p.face.add(p.across.mul(x*p.head)).add(p.down.mul(y*p.head)))
		}
	}
	return list.core()
}

// core drops the third of the colours that are least like the others: eyes,
// lips, glasses.
func (p palette) core() palette {
	if len(p) < 9 {
		return p
	}
	type scored struct {
		c [3]float32
		d float64
	}
	var mid [3]float32
	for k := range mid {
		v := make([]float64, len(p))
		for i := range p {
			v[i] = float64(p[i][k])
		}
		slices.Sort(v)
		mid[k] = float32(v[len(v)/2])
	}
	list := make([]scored, len(p))
	for i, c := range p {
		list[i] = scored{c, palette{mid}.distance(c)}
	}
	slices.SortFunc(list, func(a, b scored) int {
		switch {
		case a.d < b.d:
			return -1
		case a.d > b.d:
			return 1
		}
		return 0
	})
	out := make(palette, 0, len(p))
	for _, s := range list[:len(list)*2/3] {
		out = append(out, s.c)
	}
	return out
}
