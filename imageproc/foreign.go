package imageproc

import (
	"context"
	"errors"
	"image"
	"io"
)

// Decoder decodes pictures of a format that this package strips and has no codec
// for: HEIC or AVIF. It must be safe for use by many goroutines, as a Clean is.
type Decoder interface {
	// Format is the one it decodes.
	Format() Format
	// Decode reads a whole file, as Strip writes it and never as it was uploaded,
	// and returns its primary picture as it is displayed: composed of its tiles,
	// cropped, turned and mirrored as its properties say, which codecs do by
	// default. The picture is copied and not kept. Its size was held against the
	// Limits before; what else Decode takes is its own affair.
	//
	// An error that is ErrUnsupported is handed on as such, and any other as
	// ErrCorrupt: without its text, which may quote the picture.
	Decode(ctx context.Context, r io.Reader) (image.Image, error)
}

// decodeForeign has a caller's decoder decode the output of a parser, and makes
// the upright picture smaller.
func decodeForeign(ctx context.Context, file rope, pic *picture, width, height int, o *DecodeOptions) (*image.NRGBA, error) {
	var with Decoder
	for _, d := range o.Decoders {
		if d != nil && d.Format() == pic.format {
			with = d
			break
		}
	}
	if with == nil {
		return nil, &FormatError{Format: pic.format, Reason: "decoding needs a decoder, and there is none for this format", Err: ErrNeedsDecoder}
	}
	asked := *pic
	asked.memory = 4 * int64(pic.width) * int64(pic.height)
	if err := asked.charge(width, height, o.Limits.orDefault()); err != nil {
		return nil, err
	}
	img, err := with.Decode(ctx, file.reader())
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrUnsupported):
		return nil, &FormatError{Format: pic.format, Reason: "the decoder does not support the picture", Err: ErrUnsupported}
	case err != nil || img == nil:
		return nil, &FormatError{Format: pic.format, Reason: "the decoder does not decode the picture", Err: ErrCorrupt}
	}
	if dw, dh := pic.displayed(); img.Bounds().Dx() != dw || img.Bounds().Dy() != dh {
		return nil, &FormatError{Format: pic.format, Reason: "the decoded size is not the one of the header", Err: ErrCorrupt}
	}
	if pic.orientation >= 5 {
		width, height = height, width
	}
	return scaleDown(img, width, height), nil
}
