package imageproc

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
)

// Redacted is c with regions made unrecognisable as by Redact, upright and encoded
// anew as e says, in c's format if that is JPEG or PNG. Regions are in coordinates
// of Bounds. Where Sanitize has kept the planes (SanitizeOptions.KeepPlanes) these
// are used, so that nothing is decoded a second time and what lies outside keeps
// its samples; a region then grows to even coordinates, for chroma has a sample for
// two by two pixels. The colour profile goes over, and e.ColoursOf means nothing.
//
// Errors are those of Redact, Encode and Image.
func (c *Clean) Redacted(regions []image.Rectangle, o *RedactOptions, e *EncodeOptions) (*Clean, error) {
	if c.IsZero() {
		return nil, errZeroClean
	}
	if e == nil {
		e = &EncodeOptions{}
	}
	packet, err := e.Mark.packet()
	if err != nil {
		return nil, err
	}
	img := copyOf(c.s.planes)
	if img == nil {
		if img, err = c.Image(nil); err != nil {
			return nil, err
		}
	}
	switch m := img.(type) {
	case *image.YCbCr:
		err = Redact(&planarCanvas{m}, even(regions, m), o)
	case *image.Gray:
		err = Redact(m, regions, o)
	case *image.NRGBA:
		err = Redact(m, regions, o)
	}
	if err != nil {
		return nil, err
	}
	f := JPEG
	if c.s.pic.reducedFormat() == PNG {
		f = PNG
	}
	x := c.colours(f)
	x.packet = packet
	how := *e
	how.Quality, how.twoPass = cmp.Or(e.Quality, defaultQuality), !e.OptimizeHuffman
	pic, err := encode(img, f, &how, x)
	if err != nil {
		return nil, err
	}
	out, err := newClean(pic, c.Report(), x)
	if err != nil {
		return nil, err
	}
	out.s.decoders = c.s.decoders
	return out, nil
}

// copyOf copies what planar.picture gives; nil stays nil.
func copyOf(img image.Image) image.Image {
	switch m := img.(type) {
	case *image.YCbCr:
		same := *m
		same.Y, same.Cb, same.Cr = bytes.Clone(m.Y), bytes.Clone(m.Cb), bytes.Clone(m.Cr)
		return &same
	case *image.Gray:
		same := *m
		same.Pix = bytes.Clone(m.Pix)
		return &same
	case *image.NRGBA:
		return toNRGBA(m)
	}
	return nil
}

// planarCanvas lets a picture of planes be drawn into.
type planarCanvas struct{ *image.YCbCr }

func (p *planarCanvas) Set(x, y int, c color.Color) {
	p.SetRGBA64(x, y, color.RGBA64Model.Convert(c).(color.RGBA64))
}

func (p *planarCanvas) SetRGBA64(x, y int, c color.RGBA64) {
	i := p.COffset(x, y)
	p.Y[p.YOffset(x, y)], p.Cb[i], p.Cr[i] = color.RGBToYCbCr(byte(c.R>>8), byte(c.G>>8), byte(c.B>>8))
}

// even grows regions until they hold all pixels of their samples of chroma.
func even(regions []image.Rectangle, m *image.YCbCr) []image.Rectangle {
	fx, fy := subsampling(m.SubsampleRatio)
	grown := make([]image.Rectangle, len(regions))
	for i, r := range regions {
		if r.Intersect(m.Rect).Empty() {
			grown[i] = r // Redact says so
			continue
		}
		r = r.Intersect(m.Rect)
		grown[i] = image.Rect(r.Min.X/fx*fx, r.Min.Y/fy*fy, ceilDiv(r.Max.X, fx)*fx, ceilDiv(r.Max.Y, fy)*fy)
	}
	return grown
}
