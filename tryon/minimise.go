package tryon

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"math"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// Minimise says what a remote backend gets beyond what it needs. By default a
// photo is cut to the person, or of a room to the region, what is around the
// person is made grey, and it is no larger than the backend asks for. Local
// backends get the photo as it is.
type Minimise struct {
	KeepFrame      bool // do not cut
	KeepBackground bool // do not make grey
	KeepSize       bool // do not make smaller
}

func (m Minimise) bits() byte {
	b := byte(0)
	for i, v := range []bool{m.KeepFrame, m.KeepBackground, m.KeepSize} {
		if v {
			b |= 1 << i
		}
	}
	return b
}

// photoOf is what a backend gets of the photo.
type photoOf struct {
	photo  *detect.Screened
	region EditRegion
}

// view says how the picture that was sent lies in the photo.
type view struct {
	crop    image.Rectangle // of the photo
	scale   float64         // sent pixels per pixel of the photo
	sent    *image.NRGBA
	neutral *image.Alpha // of sent, 255 where it was made grey; nil: nowhere
	scene   *detect.Scene
}

const (
	sentQuality = 92
	grey        = 0xB4 // of what is made neutral
)

// prepare makes what the backend gets of the photo.
func (a *attempt) prepare(ctx context.Context) (photoOf, *Error) {
	own := a.request.input()
	whole := photoOf{own.Photo, own.Region}
	if !a.route.profile.Remote() {
		return whole, nil
	}
	v, err := a.look()
	if err != nil || v == nil {
		return whole, err
	}
	a.view = v
	clean := a.request.Photo.Photo()
	format := clean.Format()
	if v.neutral == nil && v.scale == 1 && v.crop == clean.Bounds() && (format == imageproc.JPEG || format == imageproc.PNG) {
		return whole, nil
	}
	var file bytes.Buffer
	encode := &imageproc.EncodeOptions{Quality: sentQuality, ColoursOf: clean}
	if err := imageproc.Encode(&file, v.sent, imageproc.JPEG, encode); err != nil {
		return photoOf{}, &Error{Code: BadPhoto, Reason: "not-encodable", Err: err}
	}
	small, e := imageproc.Sanitize(ctx, &file, nil)
	if e != nil {
		return photoOf{}, &Error{Code: BadPhoto, Reason: "not-encodable", Err: e}
	}
	// The verdict on the photo holds for what was cut out of it: the same policy
	// judges what is left of the same scene, and a reviewer's word still counts.
	screened, e := detect.Screen(ctx, v, small, a.request.Photo.Policy(), &detect.ScreenOptions{
		Reviewer: func(context.Context, *imageproc.Clean, *detect.Scene) (detect.Verdict, error) {
			return detect.Pass, nil
		},
	})
	if e != nil {
		if ctx.Err() != nil {
			return photoOf{}, contextError(ctx)
		}
		return photoOf{}, &Error{Code: PolicyRefused, Reason: "minimised", Err: e}
	}
	return photoOf{screened, v.region(a.request.Region)}, nil
}

// Detect and DetectPhoto make a view the detector of its own picture: it knows
// the scene already.
func (v *view) Detect(context.Context, image.Image) (*detect.Scene, error) { return v.scene, nil }

// DetectPhoto implements detect.PhotoDetector.
func (v *view) DetectPhoto(context.Context, *imageproc.Clean) (*detect.Scene, error) {
	return v.scene, nil
}

// look decides what is sent, and makes the pixels.
func (a *attempt) look() (*view, *Error) {
	photo, r := a.request.Photo.Photo(), a.request
	img, err := photo.Image(nil)
	if err != nil {
		return nil, &Error{Code: BadPhoto, Reason: "not-decodable", Err: err}
	}
	scene := r.Photo.Scene()
	if img.Bounds() != scene.Bounds {
		return nil, &Error{Code: BadPhoto, Reason: "odd-geometry"}
	}
	full := nrgba(img)
	v := &view{crop: full.Rect, scale: 1}
	var who *figure
	if r.Task == OnPerson {
		who = newFigure(scene)
	}
	if !r.Minimise.KeepFrame {
		v.crop = cropTo(full.Rect, who, r)
	}
	v.sent = image.NewNRGBA(image.Rect(0, 0, v.crop.Dx(), v.crop.Dy()))
	draw.Draw(v.sent, v.sent.Rect, full, v.crop.Min, draw.Src)
	if who != nil && who.clear && !r.Minimise.KeepBackground {
		v.neutral = who.blank(v.sent, v.crop.Min)
	}
	side := a.route.profile.MaxSide
	if long := max(v.crop.Dx(), v.crop.Dy()); side > 0 && long > side && !r.Minimise.KeepSize {
		if err := v.shrink(float64(side) / float64(long)); err != nil {
			return nil, &Error{Code: BadPhoto, Reason: "not-resizable", Err: err}
		}
	}
	v.scene = v.sceneOf(scene, who)
	return v, nil
}

// shrink makes the picture smaller.
func (v *view) shrink(f float64) error {
	w, h := max(int(float64(v.crop.Dx())*f+.5), 1), max(int(float64(v.crop.Dy())*f+.5), 1)
	img, err := imageproc.Resize(v.sent, w, h, nil)
	if err != nil {
		return err
	}
	if v.neutral != nil {
		small := image.NewAlpha(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				small.Pix[y*small.Stride+x] = v.neutral.Pix[y*v.crop.Dy()/h*v.neutral.Stride+x*v.crop.Dx()/w]
			}
		}
		v.neutral = small
	}
	v.sent, v.scale = nrgba(img), f
	return nil
}

// cropTo is what of the picture is sent: the person with some air around, or
// the region of a room. Cutting off less than a twentieth is not worth it.
func cropTo(b image.Rectangle, who *figure, r *Request) image.Rectangle {
	box, air := image.Rectangle{}, .08
	switch {
	case who != nil:
		box = who.box
	case r.Task == InRoom && len(r.Region.Polygon) > 0:
		box, air = r.Region.bounds(), .3
	default:
		return b
	}
	m := int(air*float64(max(box.Dx(), box.Dy()))) + 1
	box = box.Inset(-m).Intersect(b)
	if box.Dx()*box.Dy() > b.Dx()*b.Dy()*19/20 || min(box.Dx(), box.Dy()) < 32 {
		return b
	}
	return box
}

// bounds is the smallest rectangle around the region.
func (e *EditRegion) bounds() image.Rectangle {
	r := image.Rectangle{}
	for i, p := range e.Polygon {
		q := image.Rect(int(p.X), int(p.Y), int(math.Ceil(p.X))+1, int(math.Ceil(p.Y))+1)
		if r = r.Union(q); i == 0 {
			r = q
		}
	}
	return r
}

// region moves a region of the photo into the picture that is sent.
func (v *view) region(e EditRegion) EditRegion {
	var out EditRegion
	for _, p := range e.Polygon {
		x, y := v.move(p.X, p.Y)
		out.Polygon = append(out.Polygon, Point{
			X: min(max(x, 0), float64(v.sent.Rect.Dx())), Y: min(max(y, 0), float64(v.sent.Rect.Dy())),
		})
	}
	return out
}

func (v *view) move(x, y float64) (float64, float64) {
	return (x - float64(v.crop.Min.X)) * v.scale, (y - float64(v.crop.Min.Y)) * v.scale
}

// sceneOf is the scene as far as it is in the picture that is sent.
func (v *view) sceneOf(s *detect.Scene, who *figure) *detect.Scene {
	out := &detect.Scene{Presence: s.Presence, Model: s.Model, Bounds: v.sent.Rect}
	for i := range s.People {
		p := s.People[i]
		if v.neutral != nil && i != who.index {
			continue // cannot be seen any more
		}
		x0, y0 := v.move(float64(p.Box.Min.X), float64(p.Box.Min.Y))
		x1, y1 := v.move(float64(p.Box.Max.X), float64(p.Box.Max.Y))
		p.Box = image.Rect(int(x0), int(y0), int(math.Ceil(x1)), int(math.Ceil(y1))).Intersect(v.sent.Rect)
		if p.Box.Empty() {
			continue
		}
		for j := range p.Keypoints {
			k := &p.Keypoints[j]
			x, y := v.move(float64(k.X), float64(k.Y))
			k.X, k.Y = float32(x), float32(y)
			if k.Score == 0 || x < 0 || y < 0 || x > float64(v.sent.Rect.Dx()) || y > float64(v.sent.Rect.Dy()) {
				*k = detect.Keypoint{}
			}
		}
		out.People = append(out.People, p)
	}
	return out
}

// nrgba is img as *image.NRGBA with origin (0, 0); a copy where it is none.
func nrgba(img image.Image) *image.NRGBA {
	if p, ok := img.(*image.NRGBA); ok && p.Rect.Min == (image.Point{}) {
		return p
	}
	b := img.Bounds()
	p := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(p, p.Rect, img, b.Min, draw.Src)
	return p
}
