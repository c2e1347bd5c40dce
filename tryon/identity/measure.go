package identity

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/fitveil/fitveil/imageproc"
)

// ErrDrift is what every refusal of Measure is.
var ErrDrift = errors.New("identity: the picture is not of this person, pose or place")

// Options says how much may have moved; nil means defaults.
type Options struct {
	Scale  float64 // how much larger or smaller; default .03
	Shift  float64 // in parts of the longest side; default .03
	Angle  float64 // radians; default .03
	Colour float64 // how far the middle colour may move, 0 to 255; default 24
	Drift  float64 // part of the places looked at that no longer match; default .55
	Face   float64 // likeness of the face after moving it back, up to 1; default .70
}

func (o *Options) withDefaults() Options {
	d := Options{Scale: .03, Shift: .03, Angle: .03, Colour: 24, Drift: .55, Face: .70}
	if o == nil {
		return d
	}
	for _, f := range []struct{ given, field *float64 }{
		{&o.Scale, &d.Scale},
		{&o.Shift, &d.Shift},
		{&o.Angle, &d.Angle},
		{&o.Colour, &d.Colour},
		{&o.Drift, &d.Drift},
		{&o.Face, &d.Face},
	} {
		if *f.given > 0 {
			*f.field = *f.given
		}
	}
	return d
}

// Report is what was measured. It holds no picture.
type Report struct {
	Scale  float64    `json:"scale"`   // of the drawn picture against the one sent
	Angle  float64    `json:"angle"`   // radians
	ShiftX float64    `json:"shift_x"` // of its middle, in parts of the longest side
	ShiftY float64    `json:"shift_y"`
	Colour [3]float64 `json:"colour"` // how far red, green and blue moved
	Places int        `json:"places"` // with texture, that were looked for
	Drift  float64    `json:"drift"`  // part of them that was not found where it should be
	Face   float64    `json:"face"`   // likeness of the face, 1: the same; 0 when no face was given

	move similarity // from the sent picture to the drawn one, both scaled to the working size
	size float64    // working size over the sent picture's
	w, h int        // the working size
}

const (
	work   = 320 // longest side of what is compared, pixels
	half   = 7   // a patch is 15 × 15
	cell   = 20  // one place for each square of this size
	reach  = 22  // how far a place is looked for
	alike  = .75 // correlation from which a patch counts as found
	few    = 24  // places with less of which smaller squares are looked at
	enough = 8   // places without which nothing is certain
)

// ErrPlain is what Check returns.
var ErrPlain = errors.New("identity: the picture has too little texture outside of what may change")

// Check tells, before anything is drawn, whether Measure will have enough to
// look at in sent; ErrPlain says that it will refuse whatever comes back.
func Check(sent image.Image, ignore *image.Alpha) error {
	b := sent.Bounds()
	_, w, h := working(b)
	if min(w, h) < 4*half {
		return ErrPlain
	}
	a, err := newPlane(sent, w, h)
	if err != nil {
		return err
	}
	if m := (&matcher{a: a, ignored: shrink(ignore, b, w, h)}); len(m.places()) < enough {
		return ErrPlain
	}
	return nil
}

// working is the size at which a picture is compared, and its part of the whole.
func working(b image.Rectangle) (size float64, w, h int) {
	size = min(1, float64(work)/float64(max(b.Dx(), b.Dy(), 1)))
	return size, max(int(float64(b.Dx())*size+.5), 1), max(int(float64(b.Dy())*size+.5), 1)
}

// Measure finds how drawn lies on sent. ignore is 255 where sent may differ:
// the region to be edited and what was made neutral; its bounds are those of
// sent, and nil ignores nothing. face is where nothing may change; it may be
// empty. The two pictures may have different sizes, but not different shapes.
//
// A report comes with every ErrDrift but those of shape and of texture.
func Measure(sent, drawn image.Image, ignore *image.Alpha, face image.Rectangle, o *Options) (*Report, error) {
	limits := o.withDefaults()
	sb, db := sent.Bounds(), drawn.Bounds()
	if sb.Empty() || db.Empty() {
		return nil, fmt.Errorf("%w: empty", ErrDrift)
	}
	shape := float64(sb.Dx()) * float64(db.Dy()) / (float64(sb.Dy()) * float64(db.Dx()))
	if math.Abs(math.Log(shape)) > .06 {
		return nil, fmt.Errorf("%w: shape", ErrDrift)
	}
	size, w, h := working(sb)
	if min(w, h) < 4*half {
		return nil, fmt.Errorf("%w: too small", ErrDrift)
	}
	a, err := newPlane(sent, w, h)
	if err != nil {
		return nil, err
	}
	b, err := newPlane(drawn, w, h)
	if err != nil {
		return nil, err
	}
	m := &matcher{a: a, b: b, ignored: shrink(ignore, sb, w, h)}
	places := m.places()
	if len(places) < enough {
		return nil, fmt.Errorf("%w: nothing to compare", ErrDrift)
	}
	found := m.search(places)
	r := &Report{Places: len(places), size: size, w: w, h: h}
	r.move = fit(found, w, h)
	r.Scale, r.Angle = r.move.scaleAngle()
	cx, cy := r.move.apply(float64(w)/2, float64(h)/2)
	long := float64(max(w, h))
	r.ShiftX, r.ShiftY = (cx-float64(w)/2)/long, (cy-float64(h)/2)/long
	r.Drift = r.move.strays(found, places)
	r.Colour = m.colour(r.move)
	if box := scaled(face.Sub(sb.Min), size); !box.Empty() {
		r.Face = m.likeness(box.Intersect(image.Rect(0, 0, w, h)), r.move)
	}
	return r, r.judge(&limits, !face.Empty())
}

func (r *Report) judge(o *Options, face bool) error {
	colour := max(math.Abs(r.Colour[0]), math.Abs(r.Colour[1]), math.Abs(r.Colour[2]))
	switch {
	case r.Drift > o.Drift:
		return fmt.Errorf("%w: drift", ErrDrift)
	case math.Abs(r.Scale-1) > o.Scale:
		return fmt.Errorf("%w: scale", ErrDrift)
	case math.Abs(r.Angle) > o.Angle:
		return fmt.Errorf("%w: angle", ErrDrift)
	case math.Hypot(r.ShiftX, r.ShiftY) > o.Shift:
		return fmt.Errorf("%w: shift", ErrDrift)
	case face && r.Face < o.Face:
		return fmt.Errorf("%w: face", ErrDrift)
	case colour > o.Colour:
		return fmt.Errorf("%w: colour", ErrDrift)
	}
	return nil
}

// plane is a picture at working size: its colours, and its brightness.
type plane struct {
	w, h int
	rgb  *image.NRGBA
	y    []float32
}

func newPlane(img image.Image, w, h int) (*plane, error) {
	small, err := imageproc.Resize(img, w, h, &imageproc.ResizeOptions{Filter: imageproc.Box})
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	p := &plane{w: w, h: h, rgb: small.(*image.NRGBA), y: make([]float32, w*h)}
	for i := range p.y {
		q := p.rgb.Pix[4*i : 4*i+3 : 4*i+3]
		p.y[i] = .299*float32(q[0]) + .587*float32(q[1]) + .114*float32(q[2])
	}
	return p, nil
}

// at is the brightness between pixels; coordinates are clamped.
func (p *plane) at(x, y float64) float32 {
	x, y = min(max(x, 0), float64(p.w-1)), min(max(y, 0), float64(p.h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.w-1), min(y0+1, p.h-1)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	top := p.y[y0*p.w+x0]*(1-fx) + p.y[y0*p.w+x1]*fx
	bottom := p.y[y1*p.w+x0]*(1-fx) + p.y[y1*p.w+x1]*fx
	return top*(1-fy) + bottom*fy
}

// shrink brings a mask to working size, cautiously: what is ignored in part is
// ignored.
func shrink(mask *image.Alpha, bounds image.Rectangle, w, h int) []bool {
	out := make([]bool, w*h)
	if mask == nil {
		return out
	}
	for y := range bounds.Dy() {
		row := y * h / bounds.Dy() * w
		for x := range bounds.Dx() {
			if mask.AlphaAt(bounds.Min.X+x, bounds.Min.Y+y).A > 0 {
				out[row+x*w/bounds.Dx()] = true
			}
		}
	}
	return out
}

func scaled(r image.Rectangle, f float64) image.Rectangle {
	return image.Rect(
		int(float64(r.Min.X)*f), int(float64(r.Min.Y)*f),
		int(math.Ceil(float64(r.Max.X)*f)), int(math.Ceil(float64(r.Max.Y)*f)),
	)
}
