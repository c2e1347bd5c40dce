package imageproc

import (
	"image"

	"github.com/disintegration/imaging"

	"github.com/fitveil/fitveil/imageproc/internal/resample"
)

// Filter says how Resize weighs pixels.
type Filter uint8

// The filters of Resize.
const (
	Lanczos  Filter = iota // three lobes: sharp
	Box                    // plain average: soft, no ringing
	Triangle               // linear: soft, no ringing, and fast
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
	if w < 0 || h < 0 || w == 0 && h == 0 || sw <= 0 || sh <= 0 || o.Filter > Triangle {
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
	return resize(src, w, h, o.Filter), nil
}

// resize scales the planes of a grey picture or a photo as they are, and
// anything else as NRGBA.
func resize(src image.Image, w, h int, f Filter) *image.NRGBA {
	if b := src.Bounds(); b.Dx() == w && b.Dy() == h {
		return toNRGBA(src)
	}
	if f == Box {
		// imaging works in goroutines of its own, where a panic over, say, a palette
		// index out of range would end the program: it gets pixels of our own only.
		return imaging.Resize(toNRGBA(src), w, h, imaging.Box)
	}
	kernel := resample.Lanczos
	if f == Triangle {
		kernel = resample.Triangle
	}
	switch m := src.(type) {
	case *image.Gray:
		if s := steps(m, w, h); s == 1 {
			return toNRGBA(resizeGray(m, w, h, kernel))
		}
	case *image.YCbCr:
		if s := steps(m, w, h); s == 1 && aligned(m) {
			return toNRGBA(resizeYCbCr(m, w, h, kernel))
		}
	}
	return resizeNRGBA(shrink(src, steps(src, w, h)), w, h, kernel)
}

// steps is how many pixels to average before the filter, which has weights of
// whole 128ths and no use for a hundred of them.
func steps(src image.Image, w, h int) int {
	b := src.Bounds()
	return max(1, min(b.Dx()/(2*w), b.Dy()/(2*h))/2*2)
}

func resizeGray(src *image.Gray, w, h int, f resample.Filter) *image.Gray {
	b := src.Bounds()
	dst := image.NewGray(image.Rect(0, 0, w, h))
	scalePlane(dst.Pix, src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride, resample.Spec{
		Width: b.Dx(), Height: b.Dy(), DstWidth: w, DstHeight: h, Filter: f, DstStride: dst.Stride,
	})
	return dst
}

// aligned says that the picture's first chroma samples are whole.
func aligned(m *image.YCbCr) bool {
	fx, fy := subsampling(m.SubsampleRatio)
	return m.Rect.Min.X%fx == 0 && m.Rect.Min.Y%fy == 0
}

// subsampling is how many pixels a chroma sample stands for.
func subsampling(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// resizeYCbCr gives each pixel chroma of its own.
func resizeYCbCr(src *image.YCbCr, w, h int, f resample.Filter) *image.YCbCr {
	b := src.Rect
	dst := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio444)
	fx, fy := subsampling(src.SubsampleRatio)
	s := resample.Spec{Width: b.Dx(), Height: b.Dy(), DstWidth: w, DstHeight: h, Filter: f, DstStride: w}
	scalePlane(dst.Y, src.Y[src.YOffset(b.Min.X, b.Min.Y):], src.YStride, s)
	s.ScaleX, s.ScaleY = float64(s.Width)/float64(w*fx), float64(s.Height)/float64(h*fy)
	s.Width, s.Height = ceilDiv(s.Width, fx), ceilDiv(s.Height, fy)
	at := src.COffset(b.Min.X, b.Min.Y)
	scalePlane(dst.Cb, src.Cb[at:], src.CStride, s)
	scalePlane(dst.Cr, src.Cr[at:], src.CStride, s)
	return dst
}

// resizeNRGBA weighs colour by opacity.
func resizeNRGBA(src *image.NRGBA, w, h int, f resample.Filter) *image.NRGBA {
	b := src.Rect
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	opaque := src.Opaque()
	pix := src.Pix
	if !opaque {
		pix = premultiplied(pix)
	}
	scalePlane(dst.Pix, pix, src.Stride, resample.Spec{
		Width: b.Dx(), Height: b.Dy(), DstWidth: w, DstHeight: h, Bytes: 4, Filter: f, DstStride: dst.Stride,
	})
	if !opaque {
		unmultiply(dst.Pix, dst.Pix)
	}
	return dst
}

func premultiplied(pix []byte) []byte {
	dst := make([]byte, len(pix))
	for i := 0; i < len(pix); i += 4 {
		a := uint32(pix[i+3])
		for j := range 3 {
			dst[i+j] = byte((uint32(pix[i+j])*a + 127) / 255)
		}
		dst[i+3] = byte(a)
	}
	return dst
}

// scalePlane runs a plane that is there as a whole through a scaler. A picture
// next to nothing in one direction and large in the other takes a softer filter,
// or the nearest samples.
func scalePlane(dst, src []byte, stride int, s resample.Spec) {
	d := darkrooms.Get().(*darkroom)
	defer d.close()
	s.Dst = dst
	p := &d.scalers[0]
	if !p.Start(s) {
		s.Filter = resample.Triangle
		if !p.Start(s) {
			nearest(dst, src, stride, s)
			return
		}
	}
	for y := range s.Height {
		p.Push(src[y*stride:])
	}
}

func nearest(dst, src []byte, stride int, s resample.Spec) {
	n := max(s.Bytes, 1)
	for y := range s.DstHeight {
		for x := range s.DstWidth {
			from := src[y*s.Height/s.DstHeight*stride+x*s.Width/s.DstWidth*n:]
			copy(dst[y*s.DstStride+x*n:][:n], from)
		}
	}
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
	if n := min(b.Dx()/(2*w), b.Dy()/(2*h)); n > 1 {
		img = shrink(img, n)
	}
	return resize(img, w, h, Lanczos)
}
