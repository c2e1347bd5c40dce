package person

import (
	"image"
	"math"
)

// fit says how a picture lies in a network's square input: scaled to fill one
// direction, centred in the other, black around it.
type fit struct {
	pic        image.Rectangle // bounds of the picture
	side       int             // of the square
	x, y, w, h int             // where the picture lies in the square
}

func fitInto(pic image.Rectangle, side int) fit {
	scale := min(float64(side)/float64(pic.Dx()), float64(side)/float64(pic.Dy()))
	f := fit{pic: pic, side: side}
	f.w = min(side, max(1, int(math.Round(float64(pic.Dx())*scale))))
	f.h = min(side, max(1, int(math.Round(float64(pic.Dy())*scale))))
	f.x, f.y = (side-f.w)/2, (side-f.h)/2
	return f
}

// toPicture maps a point of the square to the picture, without clipping.
func (f fit) toPicture(x, y float32) (float32, float32) {
	return (x-float32(f.x))*float32(f.pic.Dx())/float32(f.w) + float32(f.pic.Min.X),
		(y-float32(f.y))*float32(f.pic.Dy())/float32(f.h) + float32(f.pic.Min.Y)
}

// boxToPicture maps a box of the square to the part of it that lies in the picture.
func (f fit) boxToPicture(b box) box {
	b.x0, b.y0 = f.toPicture(b.x0, b.y0)
	b.x1, b.y1 = f.toPicture(b.x1, b.y1)
	return b.clip(f.frame())
}

// frame is the picture as a box.
func (f fit) frame() box {
	return box{float32(f.pic.Min.X), float32(f.pic.Min.Y), float32(f.pic.Max.X), float32(f.pic.Max.Y)}
}

// A format is what a network wants its input to look like.
type format struct {
	side      int
	plane     [3]int // the plane that takes red, green, blue
	mean, dev [3]float32
}

var (
	// 0..255 normalised by the statistics of its training pictures, blue first.
	nanodetFormat = format{
		side: 416, plane: [3]int{2, 1, 0},
		mean: [3]float32{123.675, 116.28, 103.53}, dev: [3]float32{58.395, 57.12, 57.375},
	}
	// Raw 0..255, red first: the graph itself scales.
	movenetFormat = format{side: 256, plane: [3]int{0, 1, 2}, dev: [3]float32{1, 1, 1}}
)

// A letterbox draws pictures into network inputs. It keeps its memory from one
// picture to the next and is not safe for concurrent use.
type letterbox struct {
	across, down axis
	line         []byte    // one row of the picture, R, G, B
	ring         []float32 // the latest rows, scaled across: red, green and blue planes of w each
}

// draw fills dst, three planes of side×side, with the picture: scaled by an
// antialiasing linear filter, which is what the thresholds were measured with.
func (l *letterbox) draw(dst []float32, img image.Image, want format) fit {
	pic := img.Bounds()
	f := fitInto(pic, want.side)
	l.across.plan(pic.Dx(), f.w)
	l.down.plan(pic.Dy(), f.h)
	l.line = resize(l.line, 3*pic.Dx())
	row := 3 * f.w
	rows := l.down.taps
	l.ring = resize(l.ring, row*rows)

	n := want.side * want.side
	var planes [3][]float32
	for c, p := range want.plane {
		planes[c] = dst[p*n : (p+1)*n]
		fill(planes[c], (0-want.mean[c])/want.dev[c])
	}
	read := rowReader(img)
	next := 0 // first row of the picture that is not in the ring
	for y := range f.h {
		from, weights := l.down.at(y)
		for ; next < from+len(weights); next++ {
			if next < from {
				continue // never asked for: the filter does not reach it
			}
			read(l.line, pic.Min.Y+next)
			l.across.scale(l.ring[next%rows*row:][:row], l.line, f.w)
		}
		for c := range planes {
			out := planes[c][(f.y+y)*want.side+f.x:][:f.w]
			fill(out, 0)
			for i, weight := range weights {
				for x, v := range l.ring[(from+i)%rows*row+c*f.w:][:f.w] {
					out[x] += weight * v
				}
			}
			for x, v := range out {
				out[x] = (v - want.mean[c]) / want.dev[c]
			}
		}
	}
	return f
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}

// An axis holds the filter for every output position along one direction.
type axis struct {
	taps    int       // the most inputs one output takes
	from    []int     // first input of each output
	counts  []int     // inputs of each output
	weights []float32 // taps for each output, summing to 1
}

// plan computes a triangle as wide as two pixels of the coarser grid, so that
// shrinking averages over every input and enlarging interpolates.
func (a *axis) plan(in, out int) {
	step := float64(in) / float64(out)
	reach := max(1, step)
	a.taps = min(in, int(math.Ceil(2*reach))+1)
	a.from, a.counts = resize(a.from, out), resize(a.counts, out)
	a.weights = resize(a.weights, out*a.taps)
	for i := range out {
		centre := (float64(i) + 0.5) * step
		first := max(0, int(math.Floor(centre-reach)))
		last := min(in-1, int(math.Ceil(centre+reach))-1, first+a.taps-1)
		w := a.weights[i*a.taps:][:last-first+1]
		sum := 0.0
		for j := range w {
			v := max(0, 1-math.Abs(float64(first+j)+0.5-centre)/reach)
			w[j] = float32(v)
			sum += v
		}
		for j := range w {
			w[j] = float32(float64(w[j]) / sum)
		}
		a.from[i], a.counts[i] = first, len(w)
	}
}

// at gives the first input of output i and the weights from there on.
func (a *axis) at(i int) (int, []float32) {
	return a.from[i], a.weights[i*a.taps:][:a.counts[i]]
}

// scale filters one row of R, G, B bytes into three planes of w values.
func (a *axis) scale(dst []float32, line []byte, w int) {
	for x := range w {
		from, weights := a.at(x)
		var r, g, b float32
		in := line[3*from:][:3*len(weights)]
		for i, weight := range weights {
			r += weight * float32(in[3*i])
			g += weight * float32(in[3*i+1])
			b += weight * float32(in[3*i+2])
		}
		dst[x], dst[w+x], dst[2*w+x] = r, g, b
	}
}
