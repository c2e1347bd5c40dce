package identity

import (
	"image"
	"math"
	"slices"
)

type matcher struct {
	a, b    *plane
	ignored []bool
}

// place is a point of the sent picture that can be told from its neighbours.
type place struct{ x, y int }

// match is where a place was found.
type match struct {
	place
	u, v  float64
	alike float32
}

// places picks in each cell the point whose surroundings vary most in their
// weaker direction, as Shi and Tomasi do. What is nearly white or black tells
// nothing: a little more or less light flattens it.
//
// Where little is to be seen, as of somebody small with arms spread wide, it
// looks more closely.
func (m *matcher) places() []place {
	list := m.placesOf(cell)
	if len(list) < few {
		list = m.placesOf(cell / 2)
	}
	return list
}

func (m *matcher) placesOf(cell int) []place {
	const least = 100 // brightness squared, mean over the patch
	var list []place
	for cy := 0; cy < m.a.h; cy += cell {
		for cx := 0; cx < m.a.w; cx += cell {
			best, at := float32(least), place{-1, -1}
			for y := max(cy, half+1); y < min(cy+cell, m.a.h-half-1); y += 2 {
				for x := max(cx, half+1); x < min(cx+cell, m.a.w-half-1); x += 2 {
					if v := m.a.y[y*m.a.w+x]; v < 20 || v > 228 || m.hidden(x, y) {
						continue
					}
					if s := m.a.strength(x, y); s > best {
						best, at = s, place{x, y}
					}
				}
			}
			if at.x >= 0 {
				list = append(list, at)
			}
		}
	}
	return list
}

// hidden reports whether a patch touches what is ignored.
func (m *matcher) hidden(x, y int) bool {
	for dy := -half; dy <= half; dy += half {
		for dx := -half; dx <= half; dx += half {
			if m.ignored[(y+dy)*m.a.w+x+dx] {
				return true
			}
		}
	}
	return false
}

// strength is the smaller eigenvalue of the patch's structure tensor.
func (p *plane) strength(x, y int) float32 {
	var xx, yy, xy float32
	for dy := -half; dy <= half; dy += 2 {
		o := (y+dy)*p.w + x
		for dx := -half; dx <= half; dx += 2 {
			i := o + dx
			gx, gy := p.y[i+1]-p.y[i-1], p.y[i+p.w]-p.y[i-p.w]
			xx, yy, xy = xx+gx*gx, yy+gy*gy, xy+gx*gy
		}
	}
	const n = 64
	xx, yy, xy = xx/n, yy/n, xy/n
	d := float32(math.Sqrt(float64((xx-yy)*(xx-yy) + 4*xy*xy)))
	return (xx + yy - d) / 2
}

// search looks for each place in the drawn picture, in steps of two pixels and
// then around the best.
func (m *matcher) search(places []place) []match {
	list := make([]match, 0, len(places))
	for _, p := range places {
		t := m.a.patch(p.x, p.y)
		best := match{place: p, alike: -1}
		try := func(x, y int) {
			if x < half || y < half || x >= m.b.w-half || y >= m.b.h-half {
				return
			}
			if c := m.b.correlate(&t, x, y); c > best.alike {
				best.alike, best.u, best.v = c, float64(x), float64(y)
			}
		}
		for dy := -reach; dy <= reach; dy += 2 {
			for dx := -reach; dx <= reach; dx += 2 {
				try(p.x+dx, p.y+dy)
			}
		}
		x, y := int(best.u), int(best.v)
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				try(x+dx, y+dy)
			}
		}
		if best.alike >= alike {
			m.refine(&t, &best)
			list = append(list, best)
		}
	}
	return list
}

// refine finds the top of the parabola through the neighbours.
func (m *matcher) refine(t *patch, b *match) {
	x, y := int(b.u), int(b.v)
	if x <= half || y <= half || x >= m.b.w-half-1 || y >= m.b.h-half-1 {
		return
	}
	peak := func(l, r float32) float64 {
		d := float64(l - 2*b.alike + r)
		if d >= 0 {
			return 0
		}
		return min(max(float64(l-r)/(2*d), -.5), .5)
	}
	b.u += peak(m.b.correlate(t, x-1, y), m.b.correlate(t, x+1, y))
	b.v += peak(m.b.correlate(t, x, y-1), m.b.correlate(t, x, y+1))
}

// patch is the surroundings of a place, mean 0 and length 1.
type patch [(2*half + 1) * (2*half + 1)]float32

func (p *plane) patch(x, y int) patch {
	var t patch
	var sum float32
	i := 0
	for dy := -half; dy <= half; dy++ {
		o := (y+dy)*p.w + x
		for _, v := range p.y[o-half : o+half+1] {
			t[i] = v
			sum += v
			i++
		}
	}
	mean := sum / float32(len(t))
	var sq float32
	for i := range t {
		t[i] -= mean
		sq += t[i] * t[i]
	}
	if sq > 0 {
		f := 1 / float32(math.Sqrt(float64(sq)))
		for i := range t {
			t[i] *= f
		}
	}
	return t
}

// correlate is the correlation of a patch with the surroundings of a point.
func (p *plane) correlate(t *patch, x, y int) float32 {
	var dot, sum, sq float32
	i := 0
	for dy := -half; dy <= half; dy++ {
		o := (y+dy)*p.w + x
		for _, v := range p.y[o-half : o+half+1] {
			dot += t[i] * v
			sum += v
			sq += v * v
			i++
		}
	}
	n := float32(len(t))
	variance := sq - sum*sum/n
	if variance < n { // flat
		return 0
	}
	return dot / float32(math.Sqrt(float64(variance)))
}

// similarity is u = a·x − b·y + tx, v = b·x + a·y + ty.
type similarity struct{ a, b, tx, ty float64 }

func (s similarity) apply(x, y float64) (u, v float64) {
	return s.a*x - s.b*y + s.tx, s.b*x + s.a*y + s.ty
}

func (s similarity) scaleAngle() (scale, angle float64) {
	return math.Hypot(s.a, s.b), math.Atan2(s.b, s.a)
}

// near is how far from its place, in working pixels, a match still agrees.
const near = 2.5

// fit finds the movement that most matches agree on: of those that two of them
// give, the one with most others near, then least squares over these.
func fit(list []match, w, h int) similarity {
	best, most := similarity{a: 1}, 0.
	far := min(float64(max(w, h))/6, extent(list)/3)
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			dx, dy := float64(list[j].x-list[i].x), float64(list[j].y-list[i].y)
			d := dx*dx + dy*dy
			if d < far*far || (i*31+j*17)%7 != 0 && len(list) > 40 {
				continue
			}
			du, dv := list[j].u-list[i].u, list[j].v-list[i].v
			s := similarity{a: (dx*du + dy*dv) / d, b: (dx*dv - dy*du) / d}
			if scale, _ := s.scaleAngle(); scale < .8 || scale > 1.25 {
				continue
			}
			x, y := s.apply(float64(list[i].x), float64(list[i].y))
			s.tx, s.ty = list[i].u-x, list[i].v-y
			if n := s.agreement(list, nil); n > most {
				best, most = s, n
			}
		}
	}
	if best.agreeing(list) < 3 {
		return similarity{a: 1}
	}
	for range 3 {
		best = leastSquares(list, best)
	}
	return best
}

// extent is the diagonal of the smallest upright rectangle around the matches.
func extent(list []match) float64 {
	var r image.Rectangle
	for i := range list {
		p := image.Rect(list[i].x, list[i].y, list[i].x+1, list[i].y+1)
		r = r.Union(p)
	}
	return math.Hypot(float64(r.Dx()), float64(r.Dy()))
}

// agreement is how well s agrees with the matches: each counts by how near it is
// to where s puts it, from 1 to nothing. f is called with each that counts.
func (s similarity) agreement(list []match, f func(m *match, weight float64)) (sum float64) {
	for i := range list {
		u, v := s.apply(float64(list[i].x), float64(list[i].y))
		u, v = (u-list[i].u)/near, (v-list[i].v)/near
		weight := 1 - u*u - v*v
		if weight <= 0 {
			continue
		}
		sum += weight
		if f != nil {
			f(&list[i], weight)
		}
	}
	return sum
}

// agreeing counts the matches near s.
func (s similarity) agreeing(list []match) (n int) {
	s.agreement(list, func(*match, float64) { n++ })
	return n
}

// stiff holds scale and angle near those of the photo where matches lie so close
// together that they can't tell: a match is sure to about a pixel, and a good
// model changes the scale by about a fiftieth.
const stiff = 1 / (.02 * .02)

func leastSquares(list []match, s similarity) similarity {
	var n, sx, sy, su, sv, sxx, sxu, sxv float64
	s.agreement(list, func(m *match, k float64) {
		x, y, u, v := float64(m.x), float64(m.y), m.u, m.v
		n += k
		sx, sy, su, sv = sx+k*x, sy+k*y, su+k*u, sv+k*v
		sxx += k * (x*x + y*y)
		sxu += k * (x*u + y*v)
		sxv += k * (x*v - y*u)
	})
	if n < 1 {
		return s
	}
	d := sxx - (sx*sx+sy*sy)/n + stiff
	a := (sxu - (sx*su+sy*sv)/n + stiff) / d
	b := (sxv - (sx*sv-sy*su)/n) / d
	return similarity{a: a, b: b, tx: (su - a*sx + b*sy) / n, ty: (sv - b*sx - a*sy) / n}
}

// strays is the part of the places that were not found near where s puts them.
func (s similarity) strays(found []match, places []place) float64 {
	return 1 - float64(s.agreeing(found))/float64(len(places))
}

// colour is how far the middle of each channel's differences lies from none,
// where nothing should have changed.
func (m *matcher) colour(s similarity) [3]float64 {
	var lists [3][]int
	for y := 1; y < m.a.h-1; y += 2 {
		for x := 1; x < m.a.w-1; x += 2 {
			if m.ignored[y*m.a.w+x] {
				continue
			}
			u, v := s.apply(float64(x), float64(y))
			iu, iv := int(math.Round(u)), int(math.Round(v))
			if iu < 0 || iv < 0 || iu >= m.b.w || iv >= m.b.h {
				continue
			}
			p, q := m.a.rgb.Pix[4*(y*m.a.w+x):], m.b.rgb.Pix[4*(iv*m.b.w+iu):]
			for k := range lists {
				if p[k] > 12 && p[k] < 236 { // what is clipped does not move
					lists[k] = append(lists[k], int(q[k])-int(p[k]))
				}
			}
		}
	}
	var out [3]float64
	for k, l := range lists {
		if len(l) > 0 {
			slices.Sort(l)
			out[k] = float64(l[len(l)/2])
		}
	}
	return out
}

// likeness is the correlation of the brightness in a box, moved back, as the
// worst of nine parts that have texture and of the whole.
//
// The movement of the whole is known less exactly where few places are, so the
// box may lie a little beside it: within a pixel and a half, no other face fits.
func (m *matcher) likeness(box image.Rectangle, s similarity) float64 {
	best, worst := s, m.correlation(box, s)
	for j := -3.; j <= 3; j++ {
		for i := -3.; i <= 3; i++ {
			near := s
			near.tx, near.ty = s.tx+i/2, s.ty+j/2
			if c := m.correlation(box, near); c > worst {
				best, worst = near, c
			}
		}
	}
	s = best
	w, h := box.Dx()/3, box.Dy()/3
	if min(w, h) < 5 {
		return worst
	}
	for j := range 3 {
		for i := range 3 {
			part := image.Rect(0, 0, w, h).Add(box.Min).Add(image.Pt(i*w, j*h))
			if c := m.correlation(part, s); c >= 0 {
				worst = min(worst, (1+c)/2) // a part counts half: noise and beards
			}
		}
	}
	return worst
}

// correlation is that of the pixels in a box, or -1 where they are flat.
func (m *matcher) correlation(box image.Rectangle, s similarity) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			u, v := s.apply(float64(x), float64(y))
			p, q := float64(m.a.y[y*m.a.w+x]), float64(m.b.at(u, v))
			n, sa, sb = n+1, sa+p, sb+q
			saa, sbb, sab = saa+p*p, sbb+q*q, sab+p*q
		}
	}
	if n == 0 {
		return -1
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va < 30*n {
		return -1
	}
	if vb <= 0 {
		return 0
	}
	return max((sab-sa*sb/n)/math.Sqrt(va*vb), 0)
}
