package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
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

// draw makes the picture: one panel for each dimension, and the probabilities below.
func draw(c *sizing.Chart, r *sizing.Recommendation, e *sizing.Estimates) ([]byte, error) {
	var panels []string
	for _, name := range c.Dimensions() {
		if _, ok := e.Of(name); ok {
			panels = append(panels, name)
		}
	}
	if len(panels) == 0 {
		return nil, errors.New("nothing is known of any dimension of the chart")
	}
	var b bytes.Buffer
	height := top + panel*len(panels) + probBox
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="%s">`+"\n", width, height, width, height, ink)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	title := "No size of this chart is named"
	if r.Size != "" {
		title = fmt.Sprintf("Size %s, %.0f %% sure", r.Size, 100*r.Confidence)
	}
	text(&b, left, 34, 20, "start", title)
	sub := "what is believed of the body (curve, shaded: 95 %) over what each size is made for"
	text(&b, left, 58, 12, "start", sub)
	for i, name := range panels {
		m, _ := e.Of(name)
		drawPanel(&b, c, r, m, name, top+panel*i)
	}
	probabilities(&b, r, top+panel*len(panels))
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

func text(b *bytes.Buffer, x, y float64, size int, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s">%s</text>`+"\n", x, y, size, anchor, html.EscapeString(s))
}

// drawPanel draws one dimension with its top edge at y.
func drawPanel(b *bytes.Buffer, c *sizing.Chart, r *sizing.Recommendation, m sizing.Measurement, name string, y int) {
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
	text(b, left-12, base-30, 14, "end", name)
	text(b, left-12, base-12, 11, "end", map[bool]string{true: "measured", false: "estimated"}[m.Given])
	for i, label := range c.Sizes() {
		a, z, ok := c.Range(label, name)
		if !ok {
			continue
		}
		fill, fontColour := other, ink
		if label == r.Size {
			fill, fontColour = named, "white"
		}
		x0, x1 := at(a), at(z)
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s" stroke="white" stroke-width="1.5"/>`+"\n", x0, base, max(x1-x0, 2), bar, fill)
		if x1-x0 > 16 || i == 0 {
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="12" text-anchor="middle" fill="%s">%s</text>`+"\n", (x0+x1)/2, base+17, fontColour, html.EscapeString(label))
		}
	}
	density(b, m, at, base)
	for _, v := range []float64{m.Lo95, m.Mean, m.Hi95} {
		text(b, at(v), base+float64(bar)+13, 10, "middle", fmt.Sprintf("%.0f", v))
	}
}

// density draws the log-normal belief over the bars: the curve, and its 95 % shaded.
func density(b *bytes.Buffer, m sizing.Measurement, at func(float64) float64, base float64) {
	mid := (math.Log(m.Lo95) + math.Log(m.Hi95)) / 2
	sd := max((math.Log(m.Hi95)-math.Log(m.Lo95))/3.92, 1e-4)
	const tall = 70
	path := func(from, to float64) string {
		var p bytes.Buffer
		for i := range 81 {
			v := math.Exp(from + (to-from)*float64(i)/80)
			z := (math.Log(v) - mid) / sd
			fmt.Fprintf(&p, "%.1f,%.1f ", at(v), base-4-tall*math.Exp(-z*z/2))
		}
		return p.String()
	}
	fmt.Fprintf(b, `<polygon points="%.1f,%.1f %s%.1f,%.1f" fill="%s" fill-opacity="0.18"/>`+"\n", at(m.Lo95), base-4, path(math.Log(m.Lo95), math.Log(m.Hi95)), at(m.Hi95), base-4, curve)
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path(mid-3.2*sd, mid+3.2*sd), curve)
}

// probabilities draws a bar for each size, and for none.
func probabilities(b *bytes.Buffer, r *sizing.Recommendation, y int) {
	text(b, left, float64(y+20), 12, "start", "probability of each size")
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
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, base-h, 0.7*step, max(h, 1), fill)
		text(b, x+0.35*step, base+16, 12, "middle", label)
		if p >= 0.005 {
			text(b, x+0.35*step, base-h-5, 11, "middle", fmt.Sprintf("%.0f %%", 100*p))
		}
	}
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }
