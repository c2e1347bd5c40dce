package imageproc

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"
	"io"
)

// EncodeOptions configures Encode; nil means defaults.
type EncodeOptions struct {
	Quality int  // JPEG quality 1 to 100; default 85
	Mark    Mark // written into the file; the zero Mark writes none

	// FullChroma keeps JPEG's colours at full resolution (4:4:4) instead of half
	// (4:2:0): about a quarter more bytes, sharper coloured edges.
	FullChroma bool
	// OptimizeHuffman makes a JPEG's code tables for this picture: some per cent
	// fewer bytes for about a third more time.
	OptimizeHuffman bool

	// ColoursOf is the picture that the pixels were decoded from. Decoding does
	// not convert colours, so its profile has to go with them. nil means sRGB.
	ColoursOf *Clean

	twoPass bool // code tables made in a pass of their own, which takes no memory
}

const defaultQuality = 85

// Encode writes img as JPEG (baseline, what is transparent on white) or
// PNG, with no metadata but the Mark. Nothing is written unless the whole output
// has been verified. Errors: ErrUnsupported for other formats, ErrOption.
func Encode(w io.Writer, img image.Image, f Format, o *EncodeOptions) error {
	if o == nil {
		o = &EncodeOptions{}
	}
	packet, err := o.Mark.packet()
	if err != nil {
		return err
	}
	x := extras{packet: packet}
	if _, grey := img.(*image.Gray); !grey && !o.ColoursOf.IsZero() {
		x = o.ColoursOf.colours(f)
		x.packet = packet
	}
	pic, err := encode(img, f, o, x)
	if err != nil {
		return err
	}
	if err := pic.release(w, x); err != nil {
		return err
	}
	pic.close()
	return nil
}

// encode runs the encoder, ours for JPEG and the standard library's for PNG, and
// puts in the extras by way of the parser.
func encode(img image.Image, f Format, o *EncodeOptions, x extras) (*picture, error) {
	quality := cmp.Or(o.Quality, defaultQuality)
	if quality < 1 || quality > 100 {
		return nil, optionError("quality %d", quality)
	}
	if b := img.Bounds(); b.Empty() {
		return nil, optionError("an empty picture")
	}
	switch f {
	case JPEG:
		data, err := encodeJPEG(img, quality, o)
		if err != nil {
			return nil, err
		}
		return parse(data, anySize, x)
	case PNG:
		var buf bytes.Buffer
		if err := png.Encode(&buf, img); err != nil {
			return nil, fmt.Errorf("imageproc: encode: %w", err)
		}
		return parse(buf.Bytes(), anySize, x)
	default:
		return nil, &FormatError{Format: f, Reason: "this format can't be written", Err: ErrUnsupported}
	}
}

// colours are the extras that make pixels decoded from c look in format f as
// they look in c. Only a profile for RGB fits what Decode gives.
func (c *Clean) colours(f Format) extras {
	pic, err := parse(c.s.data, anySize, extras{})
	if err != nil || pic.channels != 3 {
		return extras{}
	}
	switch {
	case f == PNG && pic.format == PNG:
		var x extras
		for _, chunk := range pic.colour { // c's own bytes must not reach a Writer
			x.colour.add(bytes.Clone(chunk))
		}
		x.icc = pic.icc
		return x
	case iccSpace(pic.icc) != "RGB ":
		return extras{}
	}
	return profileExtras(pic.icc, f)
}

// profileExtras carry a colour profile into format f.
func profileExtras(icc []byte, f Format) extras {
	if f != PNG {
		return extras{icc: icc}
	}
	return extras{icc: icc, colour: rope{profileChunk(icc)}}
}

// anySize are the limits for what was let in already, or made here.
var anySize = Limits{MaxBytes: 1 << 40, MaxPixels: 1 << 40, MaxSegments: 1 << 30}.orDefault()

// onWhite lays a picture with transparent parts on white, for JPEG has none.
func onWhite(img image.Image) *image.RGBA {
	if m, ok := img.(*image.RGBA); ok && m.Opaque() {
		return m
	}
	flat := toNRGBA(img)
	for i := 0; i+4 <= len(flat.Pix); i += 4 {
		a := uint32(flat.Pix[i+3])
		if a == 255 {
			continue
		}
		for j := range 3 {
			flat.Pix[i+j] = byte((uint32(flat.Pix[i+j])*a + 255*(255-a) + 127) / 255)
		}
		flat.Pix[i+3] = 255
	}
	// Where nothing is transparent, RGBA and NRGBA are the same numbers.
	return &image.RGBA{Pix: flat.Pix, Stride: flat.Stride, Rect: flat.Rect}
}
