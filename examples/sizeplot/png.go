package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// zoom is how many pixels of a PNG one of the picture's is: text stays readable on dense screens.
const zoom = 2

// A raster paints the picture. The first error is kept for bytes.
type raster struct {
	img   *image.RGBA
	fonts map[float64]font.Face
	err   error
}

func newPNG(width, height int) canvas {
	return &raster{img: image.NewRGBA(image.Rect(0, 0, zoom*width, zoom*height)), fonts: map[float64]font.Face{}}
}

// colour reads "#rrggbb".
func (r *raster) colour(s string, opacity float64) *image.Uniform {
	var c color.NRGBA
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil && r.err == nil {
		r.err = err
	}
	c.A = uint8(255*opacity + 0.5)
	return image.NewUniform(c)
}

// fill paints outlines, all in one go, so that where they overlap nothing is darker.
func (r *raster) fill(outlines [][]point, colour image.Image) {
	v := vector.NewRasterizer(r.img.Rect.Dx(), r.img.Rect.Dy())
	for _, o := range outlines {
		for i, p := range o {
			x, y := float32(zoom*p.x), float32(zoom*p.y)
			if i == 0 {
				v.MoveTo(x, y)
			} else {
				v.LineTo(x, y)
			}
		}
		v.ClosePath()
	}
	v.Draw(r.img, r.img.Rect, colour, image.Point{})
}

func (r *raster) rect(x, y, w, h float64, fill string) {
	r.fill([][]point{{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}}, r.colour(fill, 1))
}

func (r *raster) polygon(list []point, fill string, opacity float64) {
	r.fill([][]point{list}, r.colour(fill, opacity))
}

// polyline is drawn as one ribbon: there along one side of the line, back along the other.
func (r *raster) polyline(list []point, stroke string, width float64) {
	var there, back []point
	for i, p := range list {
		a, b := list[max(i-1, 0)], list[min(i+1, len(list)-1)]
		dx, dy := b.x-a.x, b.y-a.y
		n := math.Hypot(dx, dy)
		if n == 0 {
			continue
		}
		ox, oy := -dy/n*width/2, dx/n*width/2
		there = append(there, point{p.x + ox, p.y + oy})
		back = append(back, point{p.x - ox, p.y - oy})
	}
	for i := len(back) - 1; i >= 0; i-- {
		there = append(there, back[i])
	}
	r.fill([][]point{there}, r.colour(stroke, 1))
}

func (r *raster) text(x, y, size float64, anchor, fill, s string) {
	face := r.fonts[size]
	if face == nil {
		f, err := opentype.Parse(goregular.TTF)
		if err == nil {
			face, err = opentype.NewFace(f, &opentype.FaceOptions{Size: zoom * size, DPI: 72})
		}
		if err != nil {
			r.err = err
			return
		}
		r.fonts[size] = face
	}
	d := font.Drawer{Dst: r.img, Src: r.colour(fill, 1), Face: face}
	w := d.MeasureString(s)
	d.Dot = fixed.Point26_6{X: fixed.Int26_6(64 * zoom * x), Y: fixed.Int26_6(64 * zoom * y)}
	switch anchor {
	case "middle":
		d.Dot.X -= w / 2
	case "end":
		d.Dot.X -= w
	}
	d.DrawString(s)
}

func (r *raster) bytes() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	var b bytes.Buffer
	err := png.Encode(&b, r.img)
	return b.Bytes(), err
}
