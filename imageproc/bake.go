package imageproc

import (
	"context"
	"errors"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
	"github.com/fitveil/fitveil/imageproc/internal/jpegturn"
)

// Baking is what became of StripOptions.BakeOrientation: Baked, or why the output
// says how to turn it instead. It is empty where nobody asked or there was
// nothing to turn.
type Baking string

// The values of a Baking.
const (
	Baked        Baking = "baked"       // the picture stands upright, its orientation is 1
	KeptPartial  Baking = "partial MCU" // a side is no multiple of 8 or 16 pixels where it has to be
	KeptFormat   Baking = "format"      // not a JPEG
	KeptCutShort Baking = "cut short"   // the data ends before the picture does
	KeptBroken   Baking = "broken data" // the data can't be decoded
	KeptTooLarge Baking = "too large"   // more memory or work than the limits allow
)

// maxTurnVisits bounds the work of turning, which goes through each scan five
// times: 64 megapixels in ten progressive scans stay below it.
const maxTurnVisits = 20_000_000

// upright turns the body of a JPEG, if that is asked for and possible.
func (p *jpegParser) upright(x extras) error {
	orientation := p.meta.orientation
	if !x.bake || orientation <= 1 {
		return nil
	}
	parts := []*jpegParser{p}
	if p.second != nil {
		parts = append(parts, p.second)
	}
	var upright []*jpegParser
	for _, part := range parts {
		q, why, err := part.turned(orientation)
		if err != nil {
			return err
		}
		if p.pic.baking = why; why != Baked {
			return nil
		}
		upright = append(upright, q)
	}
	for i, part := range parts {
		part.frame, part.body = upright[i].frame, upright[i].body
		if orientation >= 5 {
			part.meta.aspectX, part.meta.aspectY = part.meta.aspectY, part.meta.aspectX
		}
	}
	p.pic.said, p.meta.orientation = orientation, 1
	return nil
}

// turned is the frame and the scans as a file of their own, turned and parsed
// anew, so that they have the one layout that outputs have.
func (p *jpegParser) turned(orientation int) (*jpegParser, Baking, error) {
	budget := min(p.lim.MaxMemory, max(cheapMemory, memoryPerByte*int64(len(p.data))))
	if p.pic.blockVisits > maxTurnVisits {
		return nil, KeptTooLarge, nil
	}
	file := append(append(rope{{0xFF, mSOI}}, p.body...), []byte{0xFF, mEOI})
	data, err := jpegturn.Turn(context.Background(), file, orientation, budget)
	var broken *jpeg.Error
	switch {
	case errors.Is(err, jpegturn.ErrPartial):
		return nil, KeptPartial, nil
	case errors.Is(err, jpegturn.ErrMemory):
		return nil, KeptTooLarge, nil
	case errors.As(err, &broken) && broken.Kind == jpeg.Truncated:
		return nil, KeptCutShort, nil
	case errors.As(err, &broken), errors.Is(err, jpegturn.ErrCoefficient):
		return nil, KeptBroken, nil
	case err != nil:
		return nil, "", &FormatError{Format: JPEG, Part: "output", Reason: "the turned picture is another one", Err: ErrVerify}
	}
	q := &jpegParser{data: data, lim: p.lim, pic: &picture{format: JPEG, orientation: 1}}
	q.meta = newJPEGMeta(q.pic, newScanBudget(&q.pic.texts), extras{})
	if err := q.walk(); err != nil || len(q.pic.found.carriers)+len(q.pic.mended) > 0 {
		return nil, "", &FormatError{Format: JPEG, Part: "output", Reason: "the turned picture is not sound", Err: ErrVerify}
	}
	return q, Baked, nil
}
