package imageproc

import (
	"image"

	"github.com/disintegration/imaging"
)

// Filter says how Resize weighs pixels.
type Filter uint8

// The filters of Resize.
const (
	Lanczos Filter = iota // three lobes: sharp
	Box                   // plain average: soft, no ringing
)

// ResizeOptions configures Resize; nil means defaults.
type ResizeOptions struct {
	Filter Filter // default Lanczos
	Limits Limits // MaxPixels bounds source and result
}

// Resize scales src to w × h pixels, into an *image.NRGBA with origin (0, 0)
// that is the caller's own. Of w and h one may be 0: it follows from the shape
// of src. The filter works on the numbers as they are, that is with their gamma.
// Errors: ErrOption, ErrTooLarge.
func Resize(src image.Image, w, h int, o *ResizeOptions) (image.Image, error) {
	if o == nil {
		o = &ResizeOptions{}
	}
	b := src.Bounds()
	sw, sh := int64(b.Dx()), int64(b.Dy())
	if w < 0 || h < 0 || w == 0 && h == 0 || sw <= 0 || sh <= 0 || o.Filter > Box {
		return nil, optionError("resize %d×%d to %d×%d with filter %d", sw, sh, w, h, o.Filter)
	}
	lim := o.Limits.orDefault()
	if err := checkSize(Unknown, "", 0, sw, sh, lim); err != nil {
		return nil, err
	}
	if err := checkSize(Unknown, "", 0, int64(w), int64(max(h, 1)), lim); err != nil {
		return nil, err
	}
	if w == 0 {
		w = int(max(1, (sw*int64(h)+sh/2)/sh))
	}
	if h == 0 {
		h = int(max(1, (sh*int64(w)+sw/2)/sw))
	}
	if err := checkSize(Unknown, "", 0, int64(w), int64(h), lim); err != nil {
		return nil, err
	}
	return resample(toNRGBA(src), w, h, o.Filter), nil
}

// resample is the one place that calls imaging, and only with NRGBA pixels of
// our own: it works in goroutines of its own, where a panic over, say, a palette
// index out of range would end the program.
func resample(src *image.NRGBA, w, h int, f Filter) *image.NRGBA {
	filter := imaging.Lanczos
	if f == Box {
		filter = imaging.Box
	}
	return imaging.Resize(src, w, h, filter)
}

// scaleDown gives img at w × h as NRGBA. Where there is much to lose it first
// averages whole squares of pixels straight from the decoder's planes, so that a
// large photo is never held as NRGBA; what is left is at least twice the size
// asked for, and the filter decides the sharpness.
func scaleDown(img image.Image, w, h int) *image.NRGBA {
	b := img.Bounds()
	if b.Dx() == w && b.Dy() == h {
		return toNRGBA(img)
	}
	small := shrink(img, max(1, min(b.Dx()/(2*w), b.Dy()/(2*h))))
	if small.Rect.Dx() == w && small.Rect.Dy() == h {
		return small
	}
	return resample(small, w, h, Lanczos)
}
