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
// its samples. A region grows to whole samples of chroma, of which there often is one
// for two by two pixels. The colour profile goes over, and e.ColoursOf means nothing.
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
		regions = c.wholeSamples(regions)
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
	pic.close()
	out.s.decoders = c.s.decoders
	return out, nil
}

// wholeSamples grows regions by what a sample of chroma can reach beyond them, from
// whichever side they are counted: its colour is that of the pixels inside, too.
func (c *Clean) wholeSamples(regions []image.Rectangle) []image.Rectangle {
	fx, fy := c.coarsest()
	if c.s.pic.orientation >= 5 {
		fx, fy = fy, fx
	}
	grown := make([]image.Rectangle, len(regions))
	for i, r := range regions {
		grown[i] = r
		if r = r.Intersect(c.s.bounds); !r.Empty() { // Redact says so
			grown[i] = image.Rect(r.Min.X-fx+1, r.Min.Y-fy+1, r.Max.X+fx-1, r.Max.Y+fy-1)
		}
	}
	return grown
}

// coarsest is how many pixels, as stored, the largest sample covers along each side.
func (c *Clean) coarsest() (fx, fy int) {
	fx, fy = 1, 1
	switch f := c.s.pic.format; {
	case f == WebP && c.s.pic.lossy, f == HEIC, f == AVIF:
		return 2, 2
	case f == JPEG:
		d := darkrooms.Get().(*darkroom)
		defer d.close()
		h, err := d.decoder.ReadHeader(rope{c.s.data})
		if err != nil {
			return 4, 4 // the most that there is
		}
		for i := range h.Components {
			fx, fy = max(fx, ceilDiv(h.HMax, h.Components[i].H)), max(fy, ceilDiv(h.VMax, h.Components[i].V))
		}
	}
	return fx, fy
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
