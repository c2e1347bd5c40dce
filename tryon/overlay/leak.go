package overlay

import (
	"math"

	"github.com/fitveil/fitveil/tryon"
)

// What is worn in the photo is not taken off. Where it would show around the
// product so much that two garments are seen at once, the photo is refused;
// where a little shows, a warning says so.

const (
	leakWarn   = .02 // of a square shoulder width
	leakRefuse = .17
)

// leak is the area, in square shoulder widths, where the trunk and what is worn
// on it show beside the product, between shoulders and hem.
func (b *body) leak(f *fit, covered *layer) float64 {
	p := b.p
	worn, skin := b.worn(), b.skin()
	hem := p.hemLine(f)
	cell := 1. / (cellsPerWidth * cellsPerWidth)
	sum := 0.
	for cy := range b.h {
		for cx := range b.w {
			i := cy*b.w + cx
			if !b.inside[i] || covered.a[i] > .4 {
				continue
			}
			q := b.cell(cx, cy)
			u, v := p.uv(q)
			if v < .06 || v > hem-.05 || math.Abs(u) > .75 || b.armDistance(q) < .15 {
				continue
			}
			c, _ := b.colour(q)
			if w := worn.distance(c); w < 14 && w < skin.distance(c) {
				sum += cell
			}
		}
	}
	return sum
}

// hemLine is where the product ends on the trunk, in shoulder widths.
func (p *pose) hemLine(f *fit) float64 {
	_, v := p.uv(f.trunk(f.normal(vec{f.m.axis, f.m.hem})))
	return v
}

// worn samples what is worn on the trunk, away from the arms.
func (b *body) worn() palette {
	var list palette
	for v := .25; v < .85; v += .07 {
		for u := -.28; u < .29; u += .07 {
			if q := b.p.at(u, v); b.armDistance(q) > .17 {
				list.take(&b.sheet, q)
			}
		}
	}
	return list
}

// armDistance is how far q lies from the bones of the nearest arm that is seen,
// in shoulder widths.
func (b *body) armDistance(q vec) float64 {
	best := math.Inf(1)
	for i := range 2 {
		s, e, w, known := b.p.arm(i)
		if !known {
			continue
		}
		d := segment(q, s, e)
		best = min(best, d)
		if b.p.wrist[i].ok {
			d = segment(q, e, w)
			best = min(best, d)
		}
	}
	return best / b.p.width
}

// oldSleeves reports whether the arms below the product's sleeves are not bare,
// down to a place between shoulder, 0, and elbow, 1.
func (b *body) oldSleeves(f *fit, to float64) bool {
	skin := b.skin()
	if len(skin) == 0 {
		return false
	}
	for i := range 2 {
		s, e, _, known := b.p.arm(i)
		if !known {
			continue
		}
		end := .12
		if f.m.sleeves {
			end = .06 + f.sleeve[i].end
		}
		other, seen := 0, 0
		for t := end; t < to; t += .03 {
			if c, ok := b.colour(lerp(s, e, t)); ok {
				seen++
				if skin.distance(c) > 20 {
					other++
				}
			}
		}
		if seen > 3 && other*2 > seen {
			return true
		}
	}
	return false
}

// oldHem reports whether what is worn hangs out below the product.
func (b *body) oldHem(f *fit) bool {
	worn, hem := b.worn(), b.p.hemLine(f)
	n, below := 0, 0
	for v := hem + .04; v < hem+.20; v += .02 {
		for u := -.36; u < .37; u += .03 {
			q := b.p.at(u, v)
			if c, ok := b.colour(q); ok && b.at(q) && b.armDistance(q) > .15 {
				n++
				if worn.distance(c) < 8 {
					below++
				}
			}
		}
	}
	return n > 20 && below*10 > n*3
}

// longHair reports whether hair lies on the shoulders: what shows there has the
// colour of what frames the face, and neither that of the skin nor of the
// clothes.
func (b *body) longHair() bool {
	p := b.p
	skin, worn := b.skin(), b.worn()
	if len(skin) == 0 || len(worn) == 0 {
		return false
	}
	var hair palette
	for _, sign := range [2]float64{-1, 1} {
		for y := 0.; y < .55; y += .06 {
			for x := .60; x < .85; x += .06 {
				q := p.face.add(p.across.mul(sign * x * p.head)).add(p.down.mul(y * p.head))
				if c, ok := b.colour(q); ok && b.at(q) && skin.distance(c) > 14 {
					hair = append(hair, c)
				}
			}
		}
	}
	if len(hair) < 4 {
		return false
	}
	n, hairy := 0, 0
	for u := -.50; u < .51; u += .02 {
		for v := -.12; v < .22; v += .02 {
			q := p.at(u, v)
			if c, ok := b.colour(q); ok && b.at(q) {
				n++
				if d := hair.distance(c); d < 10 && d < worn.distance(c) && d < skin.distance(c) {
					hairy++
				}
			}
		}
	}
	return hairy*100 > n*7
}

// remarks collects what the shop should know about the picture.
func (b *body) remarks(f *fit, leak float64) []tryon.Warning {
	list := []tryon.Warning{warning(WarnPreview)}
	add := func(when bool, code string) {
		if when {
			list = append(list, warning(code))
		}
	}
	guessed := f.m.sleeves && (f.sleeve[0].guessed || f.sleeve[1].guessed)
	add(leak > leakWarn || b.oldSleeves(f, .97) || b.oldHem(f), WarnOldGarment)
	add(b.longHair(), WarnHair)
	add(guessed, WarnArms)
	add(b.p.guess, WarnHips)
	return list
}
