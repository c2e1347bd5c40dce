package sizing

import (
	"fmt"
	"math"
)

// maxWorn is how many dimensions of reference garments a Body holds.
const maxWorn = 6

// A worn is what clothes that a person wears say of the body: for each dimension
// of their charts, where the body lies and how surely, in logarithms.
type worn struct {
	n    uint8
	list [maxWorn]struct {
		measure int8
		y, sd   float64
	}
}

// Wears adds a reference garment: the person wears the size label of chart c,
// and it fits (Kept), is too small or too large. The body then lies within what that
// size is made for, a third of a size more or less, or a size beyond. Up to
// six dimensions are held; a seventh replaces the first. Bodies are charts' bodies:
// a garment chart needs its ease. Errors: ErrNoSize.
func (b *Body) Wears(c *Chart, label string, o Outcome) error {
	for i := range c.sizes {
		s := &c.sizes[i]
		if s.label != label {
			continue
		}
		for d := range c.dims {
			dim := &c.dims[d]
			if dim.axis < 0 || dim.measure == mWeight || s.levels == nil {
				continue
			}
			e := c.edgesOf(s, d, Regular)
			lo, hi := e[0], e[1]
			step := dim.step
			if math.IsInf(lo, 0) {
				lo = hi - step
			}
			if math.IsInf(hi, 0) {
				hi = lo + step
			}
			if math.IsInf(hi-lo, 0) || math.IsNaN(hi-lo) || step <= 0 {
				continue
			}
			y := (lo+hi)/2 - float64(o)*step // too small a size: the body is a step above it
			sd := math.Sqrt((hi-lo)*(hi-lo)/12 + step*step/9)
			b.worn.add(dim.measure, y, sd)
		}
		return nil
	}
	return fmt.Errorf("sizing: wears %.20q: %w", label, ErrNoSize)
}

func (w *worn) add(measure int, y, sd float64) {
	if w.n == maxWorn {
		copy(w.list[:], w.list[1:])
		w.n--
	}
	q := &w.list[w.n]
	q.measure, q.y, q.sd = int8(measure), y, sd
	w.n++
}

// isWorn marks observations that come from clothes: their values are no
// measurements, so nothing is doubted or repaired.
const isWorn = -2

// observe appends what clothes say.
func (w *worn) observe(dst []observation, p *population) []observation {
	for _, q := range w.list[:w.n] {
		m := &measures[q.measure]
		if int(m.variable) >= p.vars() {
			continue
		}
		y := q.y
		if m.variable == vHeight {
			y -= math.Log(p.heightRef)
		}
		dst = append(dst, observation{m.variable, isWorn, y, q.sd * q.sd})
	}
	return dst
}
