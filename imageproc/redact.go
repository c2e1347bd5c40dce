package imageproc

import (
	"image"
	"image/color"
	"image/draw"
	"math"
)

// RedactMode says what takes the place of a region.
type RedactMode uint8

// The modes. Each draws from the mean colours of a few large cells and from
// nothing else of the region, so that no filter brings back what was there.
const (
	Pixelate RedactMode = iota // the cells, as flat squares
	Blur                       // the cells, running smoothly into each other
	Fill                       // one colour for all
)

// RedactOptions configures Redact; nil means defaults.
type RedactOptions struct {
	Mode RedactMode
	// Colour is what Fill draws; nil: mid grey. It is taken as opaque.
	Colour color.Color
	// Cells is how many lie along a region's longer side, 1 to 12; default 8. None
	// has fewer than 64 pixels, so a small region has fewer cells, and one of fewer
	// pixels is drawn as Fill draws it: its mean would be the pixels.
	Cells int
	// Feather is how far outside the region the change fades out, in pixels, 0 to
	// 1000. Inside there is nothing left of the original in any case.
	Feather int
}

const (
	defaultCells = 8
	mostCells    = 12 // more and a face begins to be one
	leastCell    = 8
	// cellStep is the step of the means: what is finer than a cell can't be had
	// from their last bits.
	cellStep = 8
)

// Redact makes regions of dst unrecognisable: pixelated, unless the options say
// otherwise. Regions are in dst's coordinates and may overlap and reach beyond
// it; one that misses it, or is empty, is an ErrOption, and then dst is as it was.
//
// Cells lie within a region: what is next to it does not come in, and outside of
// it and its feather no pixel changes. What gives a person away besides the
// region (clothes, place, reflections) is the caller's to find.
func Redact(dst draw.Image, regions []image.Rectangle, o *RedactOptions) error {
	if o == nil {
		o = &RedactOptions{}
	}
	switch {
	case o.Mode > Fill:
		return optionError("mode %d", o.Mode)
	case o.Cells < 0 || o.Cells > mostCells:
		return optionError("%d cells, of at most %d", o.Cells, mostCells)
	case o.Feather < 0 || o.Feather > 1000:
		return optionError("feather %d", o.Feather)
	}
	for i, r := range regions {
		if r.Intersect(dst.Bounds()).Empty() {
			return optionError("region %d of %d is not in the picture", i+1, len(regions))
		}
	}
	m, fast := dst.(draw.RGBA64Image) // all kinds of package image are
	if !fast {
		m = slow{dst}
	}
	for _, r := range regions {
		redactOne(m, r.Intersect(dst.Bounds()), o)
	}
	return nil
}

// slow gives any picture the methods that take no memory for a colour.
type slow struct{ draw.Image }

func (s slow) RGBA64At(x, y int) color.RGBA64 {
	return color.RGBA64Model.Convert(s.At(x, y)).(color.RGBA64)
}
func (s slow) SetRGBA64(x, y int, c color.RGBA64) { s.Set(x, y, c) }

func redactOne(dst draw.RGBA64Image, r image.Rectangle, o *RedactOptions) {
	c := newCells(dst, r, o)
	around := r.Inset(-o.Feather).Intersect(dst.Bounds())
	for y := around.Min.Y; y < around.Max.Y; y++ {
		for x := around.Min.X; x < around.Max.X; x++ {
			keep := fade(x, y, r, o.Feather)
			if keep >= 1 {
				continue
			}
			p := c.at(x, y, o.Mode)
			if keep > 0 {
				p = mix(p, dst.RGBA64At(x, y), keep)
			}
			dst.SetRGBA64(x, y, p)
		}
	}
}

// fade is how much of the original stays at a pixel: nothing within r, all of it
// feather pixels away.
func fade(x, y int, r image.Rectangle, feather int) float64 {
	dx, dy := max(r.Min.X-x, x-r.Max.X+1, 0), max(r.Min.Y-y, y-r.Max.Y+1, 0)
	if dx == 0 && dy == 0 {
		return 0
	}
	t := min(math.Hypot(float64(dx), float64(dy))/float64(feather+1), 1)
	return t * t * (3 - 2*t)
}

// colour16 is a colour with alpha multiplied in, 0 to 65535.
type colour16 [4]float64

func (c colour16) rgba64() color.RGBA64 {
	return color.RGBA64{R: uint16(c[0] + .5), G: uint16(c[1] + .5), B: uint16(c[2] + .5), A: uint16(c[3] + .5)}
}

// mix is keep parts of the original and the rest of p.
func mix(p, original color.RGBA64, keep float64) color.RGBA64 {
	a, b := components(p), components(original)
	for i := range a {
		a[i] += (b[i] - a[i]) * keep
	}
	return a.rgba64()
}

func components(c color.RGBA64) colour16 {
	return colour16{float64(c.R), float64(c.G), float64(c.B), float64(c.A)}
}

// cells is a region's mean colours.
type cells struct {
	r      image.Rectangle
	nx, ny int
	mean   []colour16
}

func newCells(src image.RGBA64Image, r image.Rectangle, o *RedactOptions) *cells {
	if o.Mode == Fill || r.Dx()*r.Dy() < leastCell*leastCell {
		mean := color.NRGBA64{R: 0x8080, G: 0x8080, B: 0x8080}
		if o.Colour != nil {
			mean = color.NRGBA64Model.Convert(o.Colour).(color.NRGBA64)
		}
		return &cells{r, 1, 1, []colour16{{float64(mean.R), float64(mean.G), float64(mean.B), 0xFFFF}}}
	}
	along := o.Cells
	if along == 0 {
		along = defaultCells
	}
	long, short := max(r.Dx(), r.Dy()), min(r.Dx(), r.Dy())
	side := max(ceilDiv(long, along), leastCell, ceilDiv(leastCell*leastCell, short))
	c := &cells{r: r, nx: max(r.Dx()/side, 1), ny: max(r.Dy()/side, 1)}
	c.mean = make([]colour16, c.nx*c.ny)
	for j := range c.ny {
		for i := range c.nx {
			c.mean[j*c.nx+i] = meanOf(src, c.cell(i, j))
		}
	}
	return c
}

// cell is the square of cell i, j. They share the region evenly: what is left
// over makes none of them smaller.
func (c *cells) cell(i, j int) image.Rectangle {
	return image.Rect(
		c.r.Min.X+c.r.Dx()*i/c.nx, c.r.Min.Y+c.r.Dy()*j/c.ny,
		c.r.Min.X+c.r.Dx()*(i+1)/c.nx, c.r.Min.Y+c.r.Dy()*(j+1)/c.ny,
	)
}

// meanOf is the mean colour of r, in steps.
func meanOf(src image.RGBA64Image, r image.Rectangle) (mean colour16) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			for k, v := range components(src.RGBA64At(x, y)) {
				mean[k] += v
			}
		}
	}
	for k := range mean {
		v := mean[k] / float64(r.Dx()*r.Dy()) / 257 // 0 to 255
		mean[k] = min(math.Round(v/cellStep)*cellStep, 255) * 257
	}
	for k := range 3 { // a colour is no more than its alpha
		mean[k] = min(mean[k], mean[3])
	}
	return mean
}

// at is the colour drawn at a pixel; outside the region, that of its edge.
func (c *cells) at(x, y int, mode RedactMode) color.RGBA64 {
	fx := (float64(x-c.r.Min.X) + .5) * float64(c.nx) / float64(c.r.Dx())
	fy := (float64(y-c.r.Min.Y) + .5) * float64(c.ny) / float64(c.r.Dy())
	if mode != Blur {
		i, j := min(max(int(fx), 0), c.nx-1), min(max(int(fy), 0), c.ny-1)
		return c.mean[j*c.nx+i].rgba64()
	}
	i, u := between(fx, c.nx)
	j, v := between(fy, c.ny)
	ri, rj := min(i+1, c.nx-1), min(j+1, c.ny-1)
	var out colour16
	for k := range out {
		top := c.mean[j*c.nx+i][k]*(1-u) + c.mean[j*c.nx+ri][k]*u
		bottom := c.mean[rj*c.nx+i][k]*(1-u) + c.mean[rj*c.nx+ri][k]*u
		out[k] = top*(1-v) + bottom*v
	}
	return out.rgba64()
}

// between finds the cell whose centre is before f, and how far on to the next.
func between(f float64, n int) (i int, t float64) {
	f = min(max(f-.5, 0), float64(n-1))
	i = int(f)
	return i, f - float64(i)
}
