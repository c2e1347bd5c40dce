package detect

import (
	"image"
	"math"
)

// Head returns the part of the picture that holds p's head, for redaction: around
// nose, eyes and ears where at least two of them are seen, else the upper part of
// the box. It errs on the large side, lies within bounds, and is not empty for a
// Person of a valid Scene with these Bounds.
func (p *Person) Head(bounds image.Rectangle) image.Rectangle {
	var x, y, n, half float64
	for i, a := range p.Keypoints {
		if i > RightEar || a.Score < .2 {
			continue
		}
		x, y, n = x+float64(a.X), y+float64(a.Y), n+1
		for j, b := range p.Keypoints[:i] {
			if b.Score >= .2 {
				half = max(half, headsWidth[i][j]*math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)))
			}
		}
	}
	w, h := float64(p.Box.Dx()), float64(p.Box.Dy())
	if n < 2 {
		// A standing person's head is an eighth of the height; of one who is cut
		// off or sitting it is more, and of a portrait nearly all.
		top := image.Rect(p.Box.Min.X, p.Box.Min.Y, p.Box.Max.X, p.Box.Min.Y+int(math.Ceil(min(max(h*.3, w*.8), h))))
		return top.Intersect(bounds)
	}
	x, y, half = x/n, y/n, max(half, min(w, h)*.1, 4)
	r := image.Rect(int(math.Floor(x-half)), int(math.Floor(y-1.4*half)), int(math.Ceil(x+half)), int(math.Ceil(y+1.4*half)))
	if r = r.Intersect(bounds); r.Empty() {
		return p.Box.Intersect(bounds)
	}
	return r
}

// headsWidth is half of a head's width, with hair and a margin, in distances
// between two features. In a face seen from the front the ears are 2.2 times as
// far apart as the eyes; the nose is 0.8 times, and an ear 0.7 times that far
// from the eye beside it. In profile an ear is farther from both.
var headsWidth = [5][5]float64{
	LeftEye:  {Nose: 2},
	RightEye: {Nose: 2, LeftEye: 1.6},
	LeftEar:  {Nose: 1.3, LeftEye: 1.5, RightEye: 1},
	RightEar: {Nose: 1.3, LeftEye: 1, RightEye: 1.5, LeftEar: .75},
}
