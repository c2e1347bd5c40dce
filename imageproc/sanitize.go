package imageproc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	"io"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/icc"
	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// SanitizeOptions configures Sanitize; nil means defaults.
type SanitizeOptions struct {
	MaxSide int // longest side of the result in pixels; 0 keeps the pixels bit for bit
	Quality int // JPEG quality 1 to 100 when MaxSide re-encodes; default 85
	Limits  Limits
	Mark    Mark // written into the result; the zero Mark writes none
	Keep    Keep // what of the metadata goes over, written anew; the zero Keep keeps nothing
	// Thorough is as in StripOptions. A copy that MaxSide makes smaller is thorough
	// in any case.
	Thorough bool
	// Thumb is the longest side in pixels of a thumbnail that is made in the same
	// pass when MaxSide re-encodes: Clean.Thumb of that side then is a copy. 0
	// makes none; Clean.Thumb decodes what it needs in any case.
	Thumb int
	// KeepProfile keeps the colour profile of a JPEG that MaxSide re-encodes, and
	// the numbers that go with it. By default they become sRGB's, where the profile
	// is one of a matrix and curves, as Display P3 and Adobe RGB are.
	KeepProfile bool
	Parallel    int // as in DecodeOptions
	// KeepPlanes keeps the pixels of a picture that MaxSide re-encodes, a byte and a
	// half for each, so that Clean.Redacted needs no second decode.
	KeepPlanes bool
	// Decoders decode HEIC and AVIF for MaxSide, and later for Clean.Thumb and
	// Clean.Image. Without one these pictures are stripped all the same.
	Decoders []Decoder
}

// Sanitize strips r, verifies the result and returns it as a proof.
//
// A picture larger than MaxSide is decoded, turned upright, made smaller with a
// Lanczos filter and encoded again: JPEG and PNG in their own format, WebP, GIF
// and TIFF as PNG, but lossy WebP without transparency as JPEG, and HEIC and AVIF,
// for which there must be one of Decoders, likewise. So ask Clean.Format.
// The colours of a copy that is a JPEG become sRGB's where the profile is one of a
// matrix and curves, unless KeepProfile says otherwise; any other profile goes over, but CMYK becomes RGB by plain subtraction,
// and grey with alpha becomes RGB with alpha, without the profile that no longer
// fits. An animation becomes its still picture. Every other
// picture keeps its compressed pixels bit for bit.
//
// Errors: those of Strip and Decode, and the context's.
func Sanitize(ctx context.Context, r io.Reader, o *SanitizeOptions) (*Clean, error) {
	if o == nil {
		o = &SanitizeOptions{}
	}
	packet, err := o.Mark.packet()
	if err != nil {
		return nil, err
	}
	if o.MaxSide < 0 || o.Thumb < 0 || o.Quality < 0 || o.Quality > 100 {
		return nil, optionError("a longest side of %d pixels, quality %d, a thumbnail of %d", o.MaxSide, o.Quality, o.Thumb)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lim := o.Limits.orDefault()
	x := extras{packet: packet, keep: o.Keep, mark: o.Mark, thorough: o.Thorough}
	flat := x
	flat.keep.GainMap, flat.keep.Provenance = false, false // neither would fit a smaller picture
	pic, size := skim(r, lim, flat, o.MaxSide, o.Parallel)
	if pic == nil {
		data, err := readInput(r, lim)
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if pic, err = parse(data, lim, x); err != nil {
			return nil, err
		}
		size = int64(len(data))
		if x.keep != flat.keep && o.exceeded(pic) {
			if pic, err = parse(data, lim, flat); err != nil {
				return nil, err
			}
		}
	}
	small := o.exceeded(pic)
	if small {
		x = flat
	}
	x.packet = pic.packet
	report, read := pic.report(size), pic
	var made reduced
	if small {
		if pic, x, made, err = smaller(ctx, pic, o, pic.packet); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	c, err := newClean(pic, report, x)
	if err != nil {
		return nil, err
	}
	if read != pic {
		read.close()
	}
	pic.close()
	c.s.thumb, c.s.thumbSide, c.s.planes, c.s.decoders = made.thumb, o.Thumb, made.planes, slices.Clone(o.Decoders)
	return c, nil
}

// exceeded says that a picture is to be made smaller.
func (o *SanitizeOptions) exceeded(pic *picture) bool {
	return o.MaxSide > 0 && max(pic.width, pic.height) > o.MaxSide
}

// reduced is what else is made of a smaller copy.
type reduced struct {
	thumb  *image.NRGBA
	planes image.Image
}

// smaller decodes and encodes again, and makes a thumbnail on the way if asked
// to. The new picture stands upright.
func smaller(ctx context.Context, pic *picture, o *SanitizeOptions, packet []byte) (out *picture, x extras, made reduced, err error) {
	x = extras{packet: packet}
	switch {
	case pic.format == PNG && (pic.channels == 3 || !pic.alpha || iccSpace(pic.icc) != "GRAY"):
		x.colour, x.icc = pic.colour, pic.icc
	case pic.format == JPEG && pic.channels != 4:
		x.icc = pic.icc
	case pic.format != PNG && pic.format != JPEG && fits(pic):
		x = profileExtras(pic.icc, pic.reducedFormat())
		x.packet = packet
	}
	var img image.Image
	if width, height := fit(pic.width, pic.height, o.MaxSide); pic.format == JPEG && pic.channels != 4 && !tiny(pic, width, height) {
		d := darkrooms.Get().(*darkroom)
		defer d.close()
		p, err := d.scaled(ctx, pic.out, pic, width, height, true, &DecodeOptions{Limits: o.Limits, Parallel: o.Parallel})
		if err != nil {
			return nil, x, made, err
		}
		if convert, ok := d.toSRGB(pic); ok && p.space == jpeg.YCbCr && !o.KeepProfile {
			if x.icc = nil; convert != nil {
				y := &p.planes[0]
				convert.Planes(y.Pix, p.planes[1].Pix, p.planes[2].Pix, y.Width, y.Height, 2)
			}
		}
		img = p.picture()
	} else {
		convert := !o.KeepProfile && pic.reducedFormat() == JPEG && profiled(pic) && icc.New(pic.icc) != nil
		if convert {
			x.icc = nil
		}
		nrgba, err := decodeUpright(ctx, pic.out, pic, &DecodeOptions{MaxSide: o.MaxSide, Limits: o.Limits, Decoders: o.Decoders, SRGB: convert})
		if err != nil {
			return nil, x, made, err
		}
		if img = nrgba; pic.channels == 1 && !pic.alpha {
			img = toGray(nrgba) // so that a profile for grey still fits
		}
	}
	out, err = encode(img, pic.reducedFormat(), &EncodeOptions{Quality: o.Quality, twoPass: true}, x)
	if err != nil {
		return nil, x, made, err
	}
	out.texts = pic.texts
	if o.KeepPlanes {
		made.planes = copyOf(img) // the darkroom's go to the next photo
	}
	if o.Thumb == 0 {
		return out, x, made, nil
	}
	w, h := fit(img.Bounds().Dx(), img.Bounds().Dy(), o.Thumb)
	made.thumb = scaleDown(img, w, h)
	if x.icc != nil && pic.channels == 3 {
		if convert := icc.New(x.icc); convert != nil {
			convert.Pixels(made.thumb.Pix)
		}
	}
	return out, x, made, nil
}

// fits says whether the profile of a picture is one for what decoding gives.
func fits(pic *picture) bool {
	space := iccSpace(pic.icc)
	return space == "RGB " && pic.channels == 3 || space == "GRAY" && pic.channels == 1 && !pic.alpha
}

// reducedFormat is the format that a smaller copy is written in. Where there is
// no encoder for its own, it is the one that loses nothing, unless the picture
// had its losses before.
func (p *picture) reducedFormat() Format {
	switch {
	case p.format == JPEG || (p.format == WebP && p.lossy || p.format == HEIC || p.format == AVIF) && !p.alpha:
		return JPEG
	}
	return PNG
}

// newClean joins an output into the bytes a Clean keeps, and verifies these.
func newClean(pic *picture, report *Report, x extras) (*Clean, error) {
	c := new(struct { // in one piece
		Clean
		sealed
		state cleanState
	})
	s := &c.state
	s.data, s.pic, s.report = pic.out.bytes(), *pic, report
	s.pic.out = rope{s.data}
	if err := s.pic.verify(x); err != nil {
		return nil, err
	}
	s.pic.second, s.pic.gain, s.pic.iso, s.pic.named, s.pic.c2pa = nil, nil, nil, nil, nil
	s.pic.out, s.pic.found, s.pic.texts, s.pic.profiles, s.pic.packet, s.pic.kept = nil, findings{}, texts{}, nil, nil, nil
	s.pic.work, s.pic.made, s.pic.hole = nil, nil, nil
	if !profiled(&s.pic) {
		s.pic.icc = nil
	}
	s.pic.icc, s.pic.colour = bytes.Clone(s.pic.icc), nil
	w, h := pic.displayed()
	s.bounds = image.Rect(0, 0, w, h)
	s.sum = sha256.Sum256(s.data)
	s.report.BytesOut = int64(len(s.data))
	c.sealed.cleanState = s
	c.Clean.s = &c.sealed
	return &c.Clean, nil
}

func toGray(src *image.NRGBA) *image.Gray {
	dst := image.NewGray(src.Rect)
	for i := range dst.Pix {
		dst.Pix[i] = src.Pix[4*i]
	}
	return dst
}
