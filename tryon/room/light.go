package room

import (
	"image"
	"math"
	"slices"
)

// light is how the place is lit, and what that does to a product that was
// photographed in neutral light.
type light struct {
	gain [3]float64 // of red, green and blue
	// shade is the brightness over the place against its mean, on a grid of
	// shadeCells by shadeCells over the unit square.
	shade [shadeCells * shadeCells]float64
}

const shadeCells = 8

// readLight looks at the photo before anything is drawn.
func readLight(photo *image.NRGBA, q *quad) *light {
	l := &light{}
	white := illuminant(photo)
	exposure := min(max(math.Sqrt(brightness(photo, around(q, photo.Rect))/brightness(photo, photo.Rect)), .85), 1.15)
	for c := range l.gain {
		l.gain[c] = white[c] * exposure
	}
	l.readShade(photo, q)
	return l
}

// illuminant estimates the colour of the light by shades of grey with p = 6
// (Finlayson and Trezzi 2004): 1, 1, 1 is neutral. A strong cast is believed
// in part only: it may be a wall's colour.
func illuminant(photo *image.NRGBA) (gain [3]float64) {
	var sum [3]float64
	step := max(1, len(photo.Pix)/4/100_000)
	n := 0
	for i := 0; i+4 <= len(photo.Pix); i += 4 * step {
		for c := range sum {
			v := float64(photo.Pix[i+c]) / 255
			sum[c] += v * v * v * v * v * v
		}
		n++
	}
	mean := 0.0
	for c := range sum {
		sum[c] = math.Pow(sum[c]/float64(n), 1.0/6) + 1e-6
		mean += sum[c] / 3
	}
	for c := range gain {
		gain[c] = min(max(sum[c]/mean, .8), 1.25)
	}
	return gain
}

// around is the place with as much again on each side.
func around(q *quad, r image.Rectangle) image.Rectangle {
	b := q.bounds()
	return b.Inset(-max(b.Dx(), b.Dy()) / 2).Intersect(r)
}

// brightness is the median luma of a part of the photo, 1 to 255.
func brightness(photo *image.NRGBA, r image.Rectangle) float64 {
	step := max(1, int(math.Sqrt(float64(r.Dx()*r.Dy())/10_000)))
	var v []float64
	for y := r.Min.Y; y < r.Max.Y; y += step {
		for x := r.Min.X; x < r.Max.X; x += step {
			v = append(v, luma(photo, x, y))
		}
	}
	slices.Sort(v)
	return max(v[len(v)/2], 1)
}

func luma(photo *image.NRGBA, x, y int) float64 {
	p := photo.Pix[photo.PixOffset(x, y):]
	return .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
}

// readShade takes the mean of each cell. What differs much from the others is a
// thing or a window, not the course of the light, and counts in part only.
func (l *light) readShade(photo *image.NRGBA, q *quad) {
	var sum, n [shadeCells * shadeCells]float64
	b := q.bounds().Intersect(photo.Rect)
	step := max(1, int(math.Sqrt(float64(b.Dx()*b.Dy())/40_000)))
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			u, v := q.toSquare(float64(x)+.5, float64(y)+.5)
			if u >= 0 && u < 1 && v >= 0 && v < 1 {
				i := int(v*shadeCells)*shadeCells + int(u*shadeCells)
				sum[i] += luma(photo, x, y)
				n[i]++
			}
		}
	}
	total, count := 0.0, 0.0
	for i := range sum {
		total, count = total+sum[i], count+n[i]
	}
	mean := max(total/max(count, 1), 1)
	for i := range l.shade {
		l.shade[i] = 1
		if n[i] > 0 {
			l.shade[i] = math.Sqrt(min(max(sum[i]/n[i]/mean, .72), 1.25))
		}
	}
}

// at is the shade at a point of the unit square, running smoothly.
func (l *light) at(u, v float64) float64 {
	x, y := min(max(u*shadeCells-.5, 0), shadeCells-1), min(max(v*shadeCells-.5, 0), shadeCells-1)
	i, j := int(x), int(y)
	k, m := min(i+1, shadeCells-1), min(j+1, shadeCells-1)
	fx, fy := x-float64(i), y-float64(j)
	top := l.shade[j*shadeCells+i]*(1-fx) + l.shade[j*shadeCells+k]*fx
	bottom := l.shade[m*shadeCells+i]*(1-fx) + l.shade[m*shadeCells+k]*fx
	return top*(1-fy) + bottom*fy
}
