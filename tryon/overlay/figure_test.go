package overlay

import (
	"image"
	"image/color"
	"math"

	"github.com/fitveil/fitveil/detect"
)

// Figure is a drawn person, seen from the front, whose joints are known because
// we put them there.
type Figure struct {
	W, H     int
	Width    float64    // between the shoulder joints, in pixels
	X, Y     float64    // the middle of the shoulders, in pixels
	Tilt     float64    // of the whole figure, in radians
	Elbow    [2]vec     // from the shoulder, in shoulder widths, x outwards; zero: hanging
	Wrist    [2]vec     // from the elbow
	Shirt    color.RGBA // what is worn
	LongArms bool       // the shirt has long sleeves
	Hunch    float64    // how much lower the head sits, in shoulder widths
}

// NewFigure is a figure whose arms hang, in a picture of this size.
func NewFigure(w, h int) *Figure {
	return &Figure{
		W: w, H: h, Width: .40 * float64(w), X: float64(w) / 2, Y: .32 * float64(h),
		Shirt: color.RGBA{96, 100, 110, 255},
	}
}

var (
	skinTone  = color.RGBA{198, 146, 116, 255}
	hairTone  = color.RGBA{58, 42, 34, 255}
	jeansTone = color.RGBA{52, 68, 104, 255}
)

// joints are the 17 keypoints' places, whether or not they are in the picture.
func (f *Figure) joints() [detect.NumKeypoints]vec {
	at := func(u, v float64) vec {
		return vec{f.X, f.Y}.add(vec{u, v}.mul(f.Width).turn(f.Tilt))
	}
	var k [detect.NumKeypoints]vec
	k[detect.Nose] = at(0, f.Hunch-.52)
	k[detect.RightEye], k[detect.LeftEye] = at(-.09, f.Hunch-.60), at(.09, f.Hunch-.60)
	k[detect.RightEar], k[detect.LeftEar] = at(-.21, f.Hunch-.57), at(.21, f.Hunch-.57)
	for i, sign := range [2]float64{-1, 1} {
		e, w := f.Elbow[i], f.Wrist[i]
		if e == (vec{}) {
			e = vec{.10, .80}
		}
		if w == (vec{}) {
			w = vec{.04, .68}
		}
		s := vec{.5 * sign, 0}
		elbow := s.add(vec{e.X * sign, e.Y})
		wrist := elbow.add(vec{w.X * sign, w.Y})
		k[detect.RightShoulder-i] = at(s.X, s.Y)
		k[detect.RightElbow-i] = at(elbow.X, elbow.Y)
		k[detect.RightWrist-i] = at(wrist.X, wrist.Y)
		k[detect.RightHip-i] = at(.32*sign, 1.50)
		k[detect.RightKnee-i] = at(.30*sign, 2.60)
		k[detect.RightAnkle-i] = at(.30*sign, 3.60)
	}
	return k
}

// Face reports whether a pixel shows the figure's face, its rim left out.
func (f *Figure) Face(x, y int) bool {
	k := f.joints()
	d := vec{float64(x) + .5, float64(y) + .5}.sub(k[detect.Nose]).turn(-f.Tilt).mul(1 / f.Width)
	return math.Hypot(d.X/.20, (d.Y+.06)/.28) < 1
}

// Scene is what a perfect detector says of the figure.
func (f *Figure) Scene() *detect.Scene {
	bounds := image.Rect(0, 0, f.W, f.H)
	p := detect.Person{Score: .95, Keypoints: make([]detect.Keypoint, detect.NumKeypoints)}
	x0, y0, x1, y1 := float64(f.W), float64(f.H), 0., 0.
	for i, q := range f.joints() {
		if q.X >= 0 && q.Y >= 0 && q.X <= float64(f.W) && q.Y <= float64(f.H) {
			p.Keypoints[i] = detect.Keypoint{X: float32(q.X), Y: float32(q.Y), Score: .9}
			x0, y0, x1, y1 = min(x0, q.X), min(y0, q.Y), max(x1, q.X), max(y1, q.Y)
		}
	}
	m := .2 * f.Width
	p.Box = image.Rect(int(x0-m), int(y0-2*m), int(x1+m), int(y1+m)).Intersect(bounds)
	return &detect.Scene{Presence: .95, People: []detect.Person{p}, Bounds: bounds, Model: "figure"}
}

// Draw paints the figure before a plain wall.
func (f *Figure) Draw() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, f.W, f.H))
	for y := range f.H {
		for x := range f.W {
			g := uint8(214 - 30*y/f.H)
			img.SetNRGBA(x, y, color.NRGBA{g, g, g + 4, 255})
		}
	}
	f.paint(img)
	return img
}

// Cut paints the figure on nothing, as a product picture worn by somebody.
func (f *Figure) Cut() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, f.W, f.H))
	f.paint(img)
	return img
}

func (f *Figure) paint(img *image.NRGBA) {
	k := f.joints()
	ws := f.Width
	up := vec{0, -1}.turn(f.Tilt)
	neck := vec{f.X, f.Y}.add(up.mul(.10 * ws))
	head := k[detect.Nose].add(up.mul(.06 * ws))
	// blob paints what lies inside, a signed distance, around some points.
	blob := func(c color.RGBA, inside func(q vec) float64, r float64, around ...vec) {
		var box image.Rectangle
		for _, q := range around {
			box = box.Union(image.Rect(int(q.X-r)-1, int(q.Y-r)-1, int(q.X+r)+2, int(q.Y+r)+2))
		}
		box = box.Intersect(img.Rect)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				a := clamp(inside(vec{float64(x) + .5, float64(y) + .5})+.5, 0, 1)
				if a <= 0 {
					continue
				}
				o := img.PixOffset(x, y)
				p := img.Pix[o : o+4]
				base := float64(p[3]) / 255 * (1 - a)
				for i, v := range [3]uint8{c.R, c.G, c.B} {
					p[i] = uint8((float64(v)*a+float64(p[i])*base)/(a+base) + .5)
				}
				p[3] = uint8(min(255, 255*(a+base)+.5))
			}
		}
	}
	limb := func(c color.RGBA, a, b vec, r float64) {
		blob(c, func(q vec) float64 {
			d, along := segment(q, a, b), along(q, a, b)
			return r*(1-.15*along) - d
		}, r, a, b)
	}
	for i := range 2 {
		limb(jeansTone, k[detect.RightHip-i], k[detect.RightAnkle-i], .24*ws)
	}
	trunk := func(q vec) float64 {
		d := q.sub(vec{f.X, f.Y}).turn(-f.Tilt).mul(1 / ws)
		half := .46 - .06*math.Sin(clamp(d.Y, 0, 1.5)*math.Pi/1.5)
		slope := -.13 - .12*clamp((.42-math.Abs(d.X))/.25, 0, 1)
		return min(half-math.Abs(d.X), d.Y-slope, 1.55-d.Y) * ws
	}
	blob(f.Shirt, trunk, 1.7*ws, vec{f.X, f.Y})
	limb(skinTone, neck.add(up.mul(-.06*ws)), head, .155*ws)
	for i := range 2 {
		s, e, w := k[detect.RightShoulder-i], k[detect.RightElbow-i], k[detect.RightWrist-i]
		lower := skinTone
		if f.LongArms {
			lower = f.Shirt
		}
		limb(lower, e, w, .10*ws)
		limb(skinTone, w, w.add(w.sub(e).unit().mul(.16*ws)), .085*ws)
		limb(f.Shirt, s, lerp(s, e, .55), .13*ws)
		limb(lower, lerp(s, e, .62), e, .105*ws)
	}
	blob(skinTone, func(q vec) float64 {
		d := q.sub(head)
		return (1 - math.Hypot(d.X/(.215*ws), d.Y/(.30*ws))) * .25 * ws
	}, .4*ws, head)
	blob(hairTone, func(q vec) float64 {
		d := q.sub(head.add(up.mul(.06 * ws)))
		return min((1-math.Hypot(d.X/(.235*ws), d.Y/(.30*ws)))*.25*ws, -d.Y-.06*ws)
	}, .5*ws, head)
	for _, i := range [...]int{detect.LeftEye, detect.RightEye} {
		blob(color.RGBA{40, 30, 30, 255}, func(q vec) float64 { return .025*ws - q.sub(k[i]).len() }, .03*ws, k[i])
	}
}
