package main

import (
	"bytes"
	"fmt"
	"html"
)

// An svg writes the picture as elements.
type svg struct{ b bytes.Buffer }

func newSVG(width, height int) canvas {
	s := new(svg)
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">`+"\n", width, height, width, height)
	return s
}

func (s *svg) rect(x, y, w, h float64, fill string) {
	fmt.Fprintf(&s.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, w, h, fill)
}

func (s *svg) text(x, y, size float64, anchor, fill, text string) {
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, size, anchor, fill, html.EscapeString(text))
}

func (s *svg) points(list []point) string {
	var b bytes.Buffer
	for _, p := range list {
		fmt.Fprintf(&b, "%.1f,%.1f ", p.x, p.y)
	}
	return b.String()
}

func (s *svg) polygon(list []point, fill string, opacity float64) {
	fmt.Fprintf(&s.b, `<polygon points="%s" fill="%s" fill-opacity="%g"/>`+"\n", s.points(list), fill, opacity)
}

func (s *svg) polyline(list []point, stroke string, width float64) {
	fmt.Fprintf(&s.b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="%g"/>`+"\n", s.points(list), stroke, width)
}

func (s *svg) bytes() ([]byte, error) {
	s.b.WriteString("</svg>\n")
	return s.b.Bytes(), nil
}
