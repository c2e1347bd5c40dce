package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/fitveil/fitveil/detect"
)

var (
	green = color.RGBA{30, 200, 90, 255}
	ink   = color.RGBA{25, 28, 33, 255}
	paper = color.RGBA{248, 248, 246, 255}
)

// drawScene copies img and draws boxes, keypoints and scores on it.
func drawScene(img image.Image, s *detect.Scene) (image.Image, error) {
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	side := max(out.Bounds().Dx(), out.Bounds().Dy())
	line, dot := max(2, side/220), max(3, side/100)
	for i, p := range s.People {
		frame(out, p.Box, line, green)
		for _, k := range p.Keypoints {
			if k.Score >= 0.2 {
				disc(out, int(k.X), int(k.Y), dot, green)
			}
		}
		caption := fmt.Sprintf("person %d  %.0f %%", i+1, 100*p.Score)
		if err := label(out, p.Box.Min.X+line, p.Box.Min.Y+line, float64(side)/34, caption, color.White, ink); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sideBySide puts two pictures next to each other at one height, each with a caption.
func sideBySide(left, right image.Image, captions [2]string) (image.Image, error) {
	const gap = 16
	h := max(left.Bounds().Dy(), right.Bounds().Dy())
	head := max(28, h/16)
	wl, wr := left.Bounds().Dx(), right.Bounds().Dx()
	out := image.NewRGBA(image.Rect(0, 0, wl+wr+3*gap, h+head+2*gap))
	draw.Draw(out, out.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for i, img := range []image.Image{left, right} {
		x := gap + i*(wl+gap)
		at := image.Rect(x, head+gap, x+img.Bounds().Dx(), head+gap+img.Bounds().Dy())
		draw.Draw(out, at, img, img.Bounds().Min, draw.Over)
		if err := label(out, x, gap/2, float64(head)*0.6, captions[i], ink, paper); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// frame draws the outline of r, w pixels thick, inwards.
func frame(dst draw.Image, r image.Rectangle, w int, c color.Color) {
	u := image.NewUniform(c)
	for _, side := range []image.Rectangle{
		{r.Min, image.Pt(r.Max.X, r.Min.Y+w)},
		{image.Pt(r.Min.X, r.Max.Y-w), r.Max},
		{r.Min, image.Pt(r.Min.X+w, r.Max.Y)},
		{image.Pt(r.Max.X-w, r.Min.Y), r.Max},
	} {
		draw.Draw(dst, side.Intersect(dst.Bounds()), u, image.Point{}, draw.Src)
	}
}

// disc fills a circle of radius r with a dark rim, so that it shows on any ground.
func disc(dst draw.Image, cx, cy, r int, c color.Color) {
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			switch d := x*x + y*y; {
			case d > r*r:
			case d > (r-1)*(r-1):
				dst.Set(cx+x, cy+y, ink)
			default:
				dst.Set(cx+x, cy+y, c)
			}
		}
	}
}

// label writes text on a plate with its top left corner at (x, y).
func label(dst draw.Image, x, y int, size float64, text string, fg, bg color.Color) error {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return err
	}
	defer face.Close()
	m := face.Metrics()
	pad := int(size / 4)
	width := font.MeasureString(face, text).Ceil()
	plate := image.Rect(x, y, x+width+2*pad, y+(m.Ascent+m.Descent).Ceil()+pad)
	draw.Draw(dst, plate.Intersect(dst.Bounds()), image.NewUniform(bg), image.Point{}, draw.Src)
	d := font.Drawer{Dst: dst, Src: image.NewUniform(fg), Face: face, Dot: fixed.P(x+pad, y+pad/2+m.Ascent.Ceil())}
	d.DrawString(text)
	return nil
}
