package main

import (
	"errors"
	"fmt"
	"math"

	"github.com/fitveil/fitveil/sizing"
)

// The picture's measures, in pixels.
const (
	width   = 760
	left    = 120 // names of the dimensions
	right   = 30
	top     = 84 // title and what is named
	panel   = 132
	bar     = 26 // height of the sizes' bars
	probBox = 168
)

// good, near and off are the colours of a size that fits, of the one named and of the others.
const (
	ink   = "#1f2933"
	faint = "#9aa5b1"
	named = "#2f6f4f"
	other = "#d5dbe1"
	curve = "#b4532a"
)

// A canvas takes the picture: an SVG or a PNG.
type canvas interface {
	rect(x, y, w, h float64, fill string)
	text(x, y, size float64, anchor, fill, s string)
	polygon(points []point, fill string, opacity float64)
	polyline(points []point, stroke string, width float64)
	bytes() ([]byte, error)
}

type point struct{ x, y float64 }

// draw makes the picture: one panel for each dimension, and the probabilities below.
func draw(c *sizing.Chart, r *sizing.Recommendation, e *sizing.Estimates, blank func(width, height int) canvas) ([]byte, error) {
	var panels []string
	for _, name := range c.Dimensions() {
		if _, ok := e.Of(name); ok {
			panels = append(panels, name)
		}
	}
	if len(panels) == 0 {
		return nil, errors.New("nothing is known of any dimension of the chart")
	}
	height := top + panel*len(panels) + probBox
	b := blank(width, height)
	b.rect(0, 0, width, float64(height), "#ffffff")
	title := "No size of this chart is named"
	if r.Size != "" {
		title = fmt.Sprintf("Size %s, %.0f %% sure", r.Size, 100*r.Confidence)
	}
	b.text(left, 34, 20, "start", ink, title)
	b.text(left, 58, 12, "start", ink, "what is believed of the body (curve, shaded: 95 %) over what each size is made for")
	for i, name := range panels {
		m, _ := e.Of(name)
		drawPanel(b, c, r, m, name, top+panel*i)
	}
	probabilities(b, r, top+panel*len(panels))
	return b.bytes()
}

// drawPanel draws one dimension with its top edge at y.
func drawPanel(b canvas, c *sizing.Chart, r *sizing.Recommendation, m sizing.Measurement, name string, y int) {
	lo, hi := m.Lo95-1.5*m.SD, m.Hi95+1.5*m.SD
	for _, label := range c.Sizes() {
		if a, z, ok := c.Range(label, name); ok {
			if !math.IsInf(a, 0) {
				lo = min(lo, a)
			}
			if !math.IsInf(z, 0) {
				hi = max(hi, z)
			}
		}
	}
	pad := 0.03 * (hi - lo)
	lo, hi = lo-pad, hi+pad
	at := func(v float64) float64 { return left + (clamp(v, lo, hi)-lo)/(hi-lo)*(width-left-right) }
	base := float64(y + panel - 40)
	b.text(left-12, base-30, 14, "end", ink, name)
	b.text(left-12, base-12, 11, "end", ink, map[bool]string{true: "measured", false: "estimated"}[m.Given])
	for i, label := range c.Sizes() {
		a, z, ok := c.Range(label, name)
		if !ok {
			continue
		}
		fill, letters := other, ink
		if label == r.Size {
			fill, letters = named, "#ffffff"
		}
		x0, x1 := at(a), at(z)
		b.rect(x0+0.75, base, max(x1-x0-1.5, 1), bar, fill) // a gap between neighbours
		if x1-x0 > 16 || i == 0 {
			b.text((x0+x1)/2, base+17, 12, "middle", letters, label)
		}
	}
	density(b, m, at, base)
	for _, v := range []float64{m.Lo95, m.Mean, m.Hi95} {
		b.text(at(v), base+bar+13, 10, "middle", ink, fmt.Sprintf("%.0f", v))
	}
}

// density draws the log-normal belief over the bars: the curve, and its 95 % shaded.
func density(b canvas, m sizing.Measurement, at func(float64) float64, base float64) {
	mid := (math.Log(m.Lo95) + math.Log(m.Hi95)) / 2
	sd := max((math.Log(m.Hi95)-math.Log(m.Lo95))/3.92, 1e-4)
	const tall = 70
	path := func(from, to float64) []point {
		var p []point
		for i := range 81 {
			v := math.Exp(from + (to-from)*float64(i)/80)
			z := (math.Log(v) - mid) / sd
			p = append(p, point{at(v), base - 4 - tall*math.Exp(-z*z/2)})
		}
		return p
	}
	shade := append([]point{{at(m.Lo95), base - 4}}, path(math.Log(m.Lo95), math.Log(m.Hi95))...)
	b.polygon(append(shade, point{at(m.Hi95), base - 4}), curve, 0.18)
	b.polyline(path(mid-3.2*sd, mid+3.2*sd), curve, 2)
}

// probabilities draws a bar for each size, and for none.
func probabilities(b canvas, r *sizing.Recommendation, y int) {
	b.text(left, float64(y+20), 12, "start", ink, "probability of each size")
	n := len(r.Sizes) + 1
	step := float64(width-left-right) / float64(n)
	base := float64(y + probBox - 34)
	for i := range n {
		label, p, fill := "none", r.None, faint
		if i < len(r.Sizes) {
			label, p, fill = r.Sizes[i].Label, r.Sizes[i].P, other
			if label == r.Size {
				fill = named
			}
		}
		x := left + step*(float64(i)+0.15)
		h := 84 * p
		b.rect(x, base-h, 0.7*step, max(h, 1), fill)
		b.text(x+0.35*step, base+16, 12, "middle", ink, label)
		if p >= 0.005 {
			b.text(x+0.35*step, base-h-5, 11, "middle", ink, fmt.Sprintf("%.0f %%", 100*p))
		}
	}
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }
