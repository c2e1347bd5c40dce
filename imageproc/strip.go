package imageproc

import (
	"fmt"
	"io"
)

// InspectOptions configures Inspect; nil means defaults.
type InspectOptions struct {
	Limits   Limits
	Thorough bool // as in StripOptions
}

// StripOptions configures Strip; nil means defaults.
type StripOptions struct {
	Limits Limits
	Mark   Mark // written into the output; the zero Mark writes none
	Keep   Keep // what of the metadata goes over, written anew; the zero Keep keeps nothing
	// BakeOrientation turns a JPEG upright without loss, so that it has no need of
	// an orientation: the coefficients of its blocks change place and sign, and
	// decode to the same samples. That takes time and memory like decoding. Where
	// it can't be done, as where a side is no multiple of 8 or 16 pixels, and in
	// other formats, the output keeps a fresh orientation, and the report's Baking
	// says why.
	BakeOrientation bool
	// Thorough follows the codes of every picture to their end, and takes out what
	// stands behind it inside the data: behind the deflate streams of PNG and TIFF
	// and the last row of CCITT's codings, behind the last block of each scan and
	// restart interval of a JPEG, behind the codes of WebP. It takes several times as
	// long. Without it that is done with files of at most 64 KiB, but for WebP, and
	// where the data ends in what reads as text or is filled up, or has a text of 24
	// characters, of 64 where it is deflated; GIF, and LZW and PackBits in TIFF, are
	// followed always, and LZMA and Zstandard there say themselves where they end. AV1,
	// HEVC and, of TIFF, ThunderScan and LogLuv are never; AV1 and HEVC with a text in
	// them are refused.
	// What can't be followed, because it breaks off in an interlaced PNG, in WebP or in
	// TIFF, or because that would take too long, is refused then.
	Thorough bool
}

// Inspect reports what personal data r carries, without writing anything: its
// Removed lists what Strip would remove. Errors are those of Strip.
func Inspect(r io.Reader, o *InspectOptions) (*Report, error) {
	if o == nil {
		o = &InspectOptions{}
	}
	lim := o.Limits.orDefault()
	data, err := readInput(r, lim)
	if err != nil {
		return nil, err
	}
	pic, err := parse(data, lim, extras{thorough: o.Thorough})
	if err != nil {
		return nil, err
	}
	report := pic.report(int64(len(data)))
	pic.close()
	return report, nil
}

// Strip copies the picture in r to w without its metadata, losslessly: the
// compressed pixels, the orientation and the colours stay, and everything else
// that is not on the allow-list of the format goes.
//
// Nothing is written to w unless the whole output has been verified. r is read
// to its end and held in memory once; the output is made of slices of it.
// Errors: ErrFormat, ErrUnsupported, ErrTooLarge, ErrCorrupt and ErrVerify, as
// *FormatError; ErrOption; and those of r and w.
func Strip(w io.Writer, r io.Reader, o *StripOptions) (*Report, error) {
	if o == nil {
		o = &StripOptions{}
	}
	packet, err := o.Mark.packet()
	if err != nil {
		return nil, err
	}
	lim := o.Limits.orDefault()
	data, err := readInput(r, lim)
	if err != nil {
		return nil, err
	}
	x := extras{packet: packet, keep: o.Keep, mark: o.Mark, bake: o.BakeOrientation, thorough: o.Thorough}
	pic, err := parse(data, lim, x)
	if err != nil {
		return nil, err
	}
	x.packet = pic.packet
	if err := pic.release(w, x); err != nil {
		return nil, err
	}
	report := pic.report(int64(len(data)))
	report.BytesOut = pic.size
	pic.close()
	return report, nil
}

// release writes the output once it is verified. This and newClean are the only
// ways out.
func (p *picture) release(w io.Writer, x extras) error {
	if err := p.verify(x); err != nil {
		return err
	}
	if err := p.out.writeTo(w); err != nil {
		return fmt.Errorf("imageproc: write: %w", err)
	}
	return nil
}
