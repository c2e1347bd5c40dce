package overlay

import (
	"image"
	"math"
)

// grid is a raster of square cells over the photo or a part of it, coarser than
// its pixels.
type grid struct {
	scale  float64 // cells per pixel of the photo
	x0, y0 float64 // the grid's corner, in pixels of the photo
	w, h   int
}

// cell is the middle of a cell in pixels of the photo.
func (g *grid) cell(cx, cy int) vec {
	return vec{g.x0 + (float64(cx)+.5)/g.scale, g.y0 + (float64(cy)+.5)/g.scale}
}

// index is the cell that holds pixel q.
func (g *grid) index(q vec) (int, bool) {
	cx, cy := int(math.Floor((q.X-g.x0)*g.scale)), int(math.Floor((q.Y-g.y0)*g.scale))
	if cx < 0 || cy < 0 || cx >= g.w || cy >= g.h {
		return 0, false
	}
	return cy*g.w + cx, true
}

// sheet holds the photo's mean colour in each cell.
type sheet struct {
	grid
	rgb   []float32 // three a cell, sRGB 0 to 255
	known []bool    // the cell lies in the photo
}

// newSheet samples a part of the photo.
func newSheet(photo *image.NRGBA, part image.Rectangle, scale float64) *sheet {
	s := &sheet{grid: grid{
		scale: scale, x0: float64(part.Min.X), y0: float64(part.Min.Y),
		w: max(1, int(float64(part.Dx())*scale)), h: max(1, int(float64(part.Dy())*scale)),
	}}
	s.sample(photo)
	return s
}

// sample averages the photo over each cell, at up to 6×6 places.
func (s *sheet) sample(photo *image.NRGBA) {
	s.rgb = make([]float32, 3*s.w*s.h)
	s.known = make([]bool, s.w*s.h)
	step := 1 / s.scale
	n := max(1, min(6, int(step+.5)))
	for cy := range s.h {
		for cx := range s.w {
			var sum [3]float32
			hits := float32(0)
			for j := range n {
				y := int(math.Floor(s.y0 + (float64(cy)+(float64(j)+.5)/float64(n))*step))
				for i := range n {
					x := int(math.Floor(s.x0 + (float64(cx)+(float64(i)+.5)/float64(n))*step))
					if !image.Pt(x, y).In(photo.Rect) {
						continue
					}
					o := photo.PixOffset(x, y)
					for k := range sum {
						sum[k] += float32(photo.Pix[o+k])
					}
					hits++
				}
			}
			if hits > 0 {
				c := cy*s.w + cx
				s.known[c] = true
				for k := range sum {
					s.rgb[3*c+k] = sum[k] / hits
				}
			}
		}
	}
}

// colour is the sheet's colour at a pixel of the photo.
func (s *sheet) colour(q vec) (c [3]float32, ok bool) {
	i, ok := s.index(q)
	if !ok || !s.known[i] {
		return c, false
	}
	return [3]float32(s.rgb[3*i : 3*i+3]), true
}

// layer holds a value, 0 to 1, for each cell.
type layer struct {
	grid
	a []float32
}

func newLayer(g grid) *layer { return &layer{g, make([]float32, g.w*g.h)} }

// at is the layer at a pixel of the photo, bilinear; 0 outside and for nil.
func (l *layer) at(x, y float64) float32 {
	if l == nil {
		return 0
	}
	x, y = (x-l.x0)*l.scale-.5, (y-l.y0)*l.scale-.5
	if x < 0 || y < 0 || x >= float64(l.w-1) || y >= float64(l.h-1) {
		return 0
	}
	xi, yi := int(x), int(y)
	fx, fy := float32(x-float64(xi)), float32(y-float64(yi))
	o := yi*l.w + xi
	return (l.a[o]*(1-fx)+l.a[o+1]*fx)*(1-fy) + (l.a[o+l.w]*(1-fx)+l.a[o+l.w+1]*fx)*fy
}

// shift is the layer moved right and down by some cells.
func (l *layer) shift(dx, dy int) *layer {
	out := newLayer(l.grid)
	for y := max(0, dy); y < min(l.h, l.h+dy); y++ {
		for x := max(0, dx); x < min(l.w, l.w+dx); x++ {
			out.a[y*l.w+x] = l.a[(y-dy)*l.w+x-dx]
		}
	}
	return out
}

// blur smooths the layer with a box of 2r+1 cells, twice each way.
func (l *layer) blur(r int) {
	tmp := make([]float32, len(l.a))
	for range 2 {
		boxBlur(tmp, l.a, l.w, l.h, 1, l.w, r)
		boxBlur(l.a, tmp, l.h, l.w, l.w, 1, r)
	}
}

// boxBlur runs along lines of n cells, step apart; the next line begins stride
// further on.
func boxBlur(dst, src []float32, n, lines, step, stride, r int) {
	norm := 1 / float32(2*r+1)
	for line := range lines {
		base := line * stride
		var sum float32
		for i := -r; i < n; i++ {
			if j := i + r; j < n {
				sum += src[base+j*step]
			}
			if j := i - r - 1; j >= 0 {
				sum -= src[base+j*step]
			}
			if i >= 0 {
				dst[base+i*step] = sum * norm
			}
		}
	}
}
