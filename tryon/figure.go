package tryon

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/detect"
)

// figure is the person that is drawn on, as far as the scene tells: a box, and
// where the keypoints are clear, the bones with flesh and cloth around them.
type figure struct {
	index int
	box   image.Rectangle
	k     []detect.Keypoint
	clear bool    // the keypoints give a shape
	width float64 // of the shoulders
}

const felt = .25 // score from which a keypoint counts

// newFigure finds the largest person; nil when there is none.
func newFigure(s *detect.Scene) *figure {
	f := &figure{index: -1}
	for i := range s.People {
		if b := s.People[i].Box; f.index < 0 || b.Dx()*b.Dy() > f.box.Dx()*f.box.Dy() {
			f.index, f.box, f.k = i, b, s.People[i].Keypoints
		}
	}
	if f.index < 0 {
		return nil
	}
	if len(f.k) != detect.NumKeypoints {
		f.k = nil
		return f
	}
	l, r := f.k[detect.LeftShoulder], f.k[detect.RightShoulder]
	if min(l.Score, r.Score) < felt {
		return f
	}
	f.width = math.Hypot(float64(l.X-r.X), float64(l.Y-r.Y))
	// Somebody from the side has no width: the torso's length stands in.
	if lh, rh := f.k[detect.LeftHip], f.k[detect.RightHip]; min(lh.Score, rh.Score) >= felt {
		f.width = max(f.width, .62*math.Hypot(float64(l.X+r.X-lh.X-rh.X)/2, float64(l.Y+r.Y-lh.Y-rh.Y)/2))
	}
	f.clear = f.width > .12*float64(f.box.Dx()) && f.width >= 8
	return f
}

// bones are the pairs of keypoints with flesh between them, and how far it and
// cloth may reach to each side, in shoulder widths.
var bones = []struct {
	a, b  int
	reach float64
}{
	{detect.LeftShoulder, detect.RightShoulder, .50},
	{detect.LeftShoulder, detect.LeftElbow, .42},
	{detect.RightShoulder, detect.RightElbow, .42},
	{detect.LeftElbow, detect.LeftWrist, .38},
	{detect.RightElbow, detect.RightWrist, .38},
	{detect.LeftShoulder, detect.LeftHip, .48},
	{detect.RightShoulder, detect.RightHip, .48},
	{detect.LeftShoulder, detect.RightHip, .48},
	{detect.RightShoulder, detect.LeftHip, .48},
	{detect.LeftHip, detect.RightHip, .50},
	{detect.LeftHip, detect.LeftKnee, .48},
	{detect.RightHip, detect.RightKnee, .48},
	{detect.LeftKnee, detect.LeftAnkle, .42},
	{detect.RightKnee, detect.RightAnkle, .42},
}

// capsule is everything nearer than reach to a line.
type capsule struct{ ax, ay, bx, by, reach float64 }

func (c *capsule) distance(x, y float64) float64 {
	dx, dy := c.bx-c.ax, c.by-c.ay
	t := 0.
	if d := dx*dx + dy*dy; d > 0 {
		t = min(max(((x-c.ax)*dx+(y-c.ay)*dy)/d, 0), 1)
	}
	return math.Hypot(x-c.ax-t*dx, y-c.ay-t*dy) - c.reach
}

// capsules are the figure's, the head with its hair and what no keypoint tells
// of included.
func (f *figure) capsules() []capsule {
	var list []capsule
	add := func(ax, ay, bx, by, reach float64) { list = append(list, capsule{ax, ay, bx, by, reach * f.width}) }
	for _, b := range bones {
		p, q := f.k[b.a], f.k[b.b]
		if min(p.Score, q.Score) >= felt {
			add(float64(p.X), float64(p.Y), float64(q.X), float64(q.Y), b.reach)
		}
	}
	l, r := f.k[detect.LeftShoulder], f.k[detect.RightShoulder]
	mx, my := float64(l.X+r.X)/2, float64(l.Y+r.Y)/2
	hx, hy := mx, my-.55*f.width
	if n := f.k[detect.Nose]; n.Score >= felt {
		hx, hy = float64(n.X), float64(n.Y)
	}
	add(hx, hy-.15*f.width, mx, my, .62) // hair reaches far
	for _, side := range [][2]int{{detect.LeftWrist, detect.LeftElbow}, {detect.RightWrist, detect.RightElbow}} {
		if w, e := f.k[side[0]], f.k[side[1]]; min(w.Score, e.Score) >= felt { // hands
			x, y := float64(w.X), float64(w.Y)
			add(x, y, x+.5*(x-float64(e.X)), y+.5*(y-float64(e.Y)), .38)
		}
	}
	if lh, rh := f.k[detect.LeftHip], f.k[detect.RightHip]; min(lh.Score, rh.Score) < felt {
		add(mx, my, mx, float64(f.box.Max.Y), .95) // cut off above the hips, or not seen
	} else if lk, rk := f.k[detect.LeftKnee], f.k[detect.RightKnee]; min(lk.Score, rk.Score) < felt {
		add(float64(lh.X+rh.X)/2, float64(lh.Y+rh.Y)/2, float64(lh.X+rh.X)/2, float64(f.box.Max.Y), .80)
	} else {
		for _, a := range []int{detect.LeftAnkle, detect.RightAnkle} { // feet
			if p := f.k[a]; p.Score >= felt {
				add(float64(p.X), float64(p.Y), float64(p.X), float64(p.Y)+.25*f.width, .5)
			}
		}
	}
	return list
}

// paint calls f with the distance of each pixel of r to the capsules, at most
// far; r is in the photo's pixels.
func paint(list []capsule, r image.Rectangle, far float64, f func(x, y int, d float64)) {
	var near []*capsule
	const tile = 16
	for ty := r.Min.Y; ty < r.Max.Y; ty += tile {
		for tx := r.Min.X; tx < r.Max.X; tx += tile {
			// Only capsules that reach into the tile are asked for its pixels.
			near = near[:0]
			for i := range list {
				if list[i].distance(float64(tx)+tile/2, float64(ty)+tile/2) < far+tile {
					near = append(near, &list[i])
				}
			}
			for y := ty; y < min(ty+tile, r.Max.Y); y++ {
				for x := tx; x < min(tx+tile, r.Max.X); x++ {
					d := far
					for _, c := range near {
						d = min(d, c.distance(float64(x)+.5, float64(y)+.5))
					}
					f(x, y, d)
				}
			}
		}
	}
}

// blank makes everything grey that is not the figure, and says where.
func (f *figure) blank(img *image.NRGBA, at image.Point) *image.Alpha {
	mask := image.NewAlpha(img.Rect)
	soft := max(.06*f.width, 2)
	// Outside of the box there is nothing of the person but what the detector cut off.
	box := f.box.Inset(-int(.12*f.width) - 1)
	paint(f.capsules(), img.Rect.Add(at), soft, func(x, y int, d float64) {
		keep := 1 - min(max(d/soft, 0), 1)
		if !(image.Point{X: x, Y: y}).In(box) {
			keep = 0
		}
		if keep >= 1 {
			return
		}
		mask.Pix[(y-at.Y)*mask.Stride+x-at.X] = uint8(255 * (1 - keep))
		p := img.Pix[img.PixOffset(x-at.X, y-at.Y):]
		for k := range 3 {
			p[k] = uint8(float64(p[k])*keep + grey*(1-keep) + .5)
		}
		p[3] = 255
	})
	return mask
}

// edit is the alpha of what garments may change, in the photo's pixels: soft at
// its edge, and nothing of the face.
func (f *figure) edit(b image.Rectangle, items []Item) *image.Alpha {
	upper, lower := false, false
	for i := range items {
		upper = upper || items[i].Garment != Bottom
		lower = lower || items[i].Garment != Top
	}
	var list []capsule
	for _, c := range bones {
		p, q := f.k[c.a], f.k[c.b]
		legs := c.a >= detect.LeftHip
		if min(p.Score, q.Score) < felt || legs && !lower || !legs && !upper {
			continue
		}
		list = append(list, capsule{float64(p.X), float64(p.Y), float64(q.X), float64(q.Y), .34 * f.width})
	}
	l, r := f.k[detect.LeftShoulder], f.k[detect.RightShoulder]
	mx, my := float64(l.X+r.X)/2, float64(l.Y+r.Y)/2
	if lh, rh := f.k[detect.LeftHip], f.k[detect.RightHip]; min(lh.Score, rh.Score) < felt {
		list = append(list, capsule{mx, my + .2*f.width, mx, float64(f.box.Max.Y), .75 * f.width})
	} else if upper { // the hem hangs below the hips
		x, y := float64(lh.X+rh.X)/2, float64(lh.Y+rh.Y)/2
		list = append(list, capsule{float64(lh.X), float64(lh.Y), float64(rh.X), float64(rh.Y), .42 * f.width},
			capsule{mx, my, x, y + .15*f.width, .5 * f.width})
	}
	mask := image.NewAlpha(b)
	soft := max(.08*f.width, 2)
	face := f.face()
	paint(list, b.Intersect(f.box.Inset(-int(.2*f.width))), 0, func(x, y int, d float64) {
		alpha := min(max(-d/soft, 0), 1)
		alpha *= min(max(face.distance(float64(x)+.5, float64(y)+.5)/soft, 0), 1)
		mask.Pix[mask.PixOffset(x, y)] = uint8(255*alpha + .5)
	})
	return mask
}

// face is where nothing may change: the head down to the chin.
func (f *figure) face() capsule {
	n := f.k[detect.Nose]
	if n.Score < felt {
		l, r := f.k[detect.LeftShoulder], f.k[detect.RightShoulder]
		return capsule{float64(l.X+r.X) / 2, float64(l.Y+r.Y)/2 - .6*f.width, float64(l.X+r.X) / 2, float64(l.Y+r.Y)/2 - .9*f.width, .3 * f.width}
	}
	x, y := float64(n.X), float64(n.Y)
	return capsule{x, y - .1*f.width, x, y + .08*f.width, .26 * f.width}
}

// faceBox is the square around eyes, nose and mouth; empty when they are not seen.
func (f *figure) faceBox() image.Rectangle {
	if f.k == nil || !f.clear {
		return image.Rectangle{}
	}
	n := f.k[detect.Nose]
	if min(n.Score, max(f.k[detect.LeftEye].Score, f.k[detect.RightEye].Score)) < felt {
		return image.Rectangle{}
	}
	h := .24 * f.width
	return image.Rect(int(float64(n.X)-h), int(float64(n.Y)-h), int(float64(n.X)+h), int(float64(n.Y)+h))
}
