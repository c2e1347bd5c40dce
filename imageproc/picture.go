package imageproc

import "slices"

// picture is what a parser makes of an input: the facts a caller needs, what it
// found, and the output as slices. The parsers share nothing else, so that a
// format is one file, its metadata another, and its second walker a third.
type picture struct {
	format        Format
	width, height int      // as stored, before orientation
	orientation   int      // 1 to 8
	size          int64    // of the output in bytes
	memory        int64    // not JPEG: bytes a decoder takes for the pixels
	blockVisits   int64    // JPEG: blocks of all scans together
	icc           []byte   // the colour profile that the output holds, or nil
	profiles      [][]byte // TIFF: those of all pages
	undecodable   string   // TIFF: why there is no decoder for it, or ""
	colour        rope     // PNG: the output's chunks that say what its numbers mean
	channels      int      // of colour, without alpha: 1, 3 or 4
	alpha         bool     // not JPEG: something may be transparent
	flagged       bool     // WebP: VP8X says alpha, where there is one
	lossy         bool     // WebP: the still, or the first frame, is VP8
	found         findings
	texts         texts  // values of the input that the output must not hold
	packet        []byte // the XMP packet of the output, or nil
	kept          []string
	mended        []string     // see Report
	baking        Baking       // see Report
	keepsGain     bool         // HEIC, AVIF: so is a gain map
	toneMap       []byte       // HEIC, AVIF: what its item holds, if it is kept
	keeps         bool         // content credentials are to be kept
	named         *Credentials // of the input
	c2pa          []byte       // the manifest store, if it is kept
	c2paFramed    int          // bytes of its carrier
	gain          *gainMap     // what second says of itself
	second        *picture     // JPEG: the gain map behind it
	iso           []byte       // JPEG: the body of its segment of ISO 21496-1
	said          int          // the orientation of the input, where the output is baked
	out           rope
	hole          *hole      // JPEG: what of out was left unread, or nil
	work          *workspace // JPEG: all that it lies in, or nil
	made          *arena     // of work, or nil
}

// extras is what an output is to hold beside what its input had.
type extras struct {
	silent bool   // JPEG: nobody reads the report, which need not name the fields of Exif
	packet []byte // the XMP packet of a Mark
	keep   Keep   // what of the input to put into the packet as well
	mark   Mark   // the Mark that packet was made of, for then it is made anew
	icc    []byte // JPEG: the profile of the picture this one was made from
	colour rope   // PNG: the same as chunks
	bake   bool   // JPEG: turn it upright
	scrub  bool   // PNG, GIF: pixels are made whole even where nothing but they is broken

	thorough bool // see StripOptions
	size     int  // of the input
	work     *int // WebP: left for following codes, in TIFF for all pictures
}

// parse reads a whole input. It does not verify the output.
func parse(data []byte, lim Limits, x extras) (*picture, error) {
	var pic *picture
	var err error
	x.size = len(data)
	switch f := Sniff(data); f {
	case WebP:
		pic, err = parseWebP(data, lim, x)
	case GIF:
		pic, err = parseGIF(data, lim, x)
	case JPEG:
		pic, err = parseJPEG(data, lim, x)
	case PNG:
		pic, err = parsePNG(data, lim, x)
	case TIFF:
		pic, err = parseTIFF(data, lim, x)
	case BMP:
		pic, err = parseBMP(data, lim, x)
	case HEIC, AVIF:
		pic, err = parseHEIF(data, f, lim, x)
	case Unknown:
		err = &FormatError{Reason: "unknown format", Err: ErrFormat}
	default:
		err = &FormatError{Format: f, Reason: "this format is not supported", Err: ErrUnsupported}
	}
	if err != nil {
		return nil, err
	}
	if x.bake && pic.orientation != 1 && pic.baking == "" {
		pic.baking = KeptFormat
	}
	pic.size = pic.out.size()
	return pic, nil
}

// verify reads the output with the second walker of its format, which shares no
// code with the parser and knows only what an output may hold, and then searches
// it for the texts that the input's metadata held.
func (p *picture) verify(x extras) error {
	if err := p.walk(x); err != nil {
		return err
	}
	if p.icc != nil && !plainProfile(p.icc) || p.second != nil && p.second.icc != nil && !plainProfile(p.second.icc) {
		return &FormatError{Format: p.format, Part: "output", Reason: "the colour profile holds more than colours", Err: ErrVerify}
	}
	return p.search(x.packet)
}

func (p *picture) walk(x extras) error {
	switch p.format {
	case WebP:
		return verifyWebP(p.out.reader(), p, x.packet)
	case GIF:
		return verifyGIF(p.out.reader(), p, x.packet)
	case JPEG:
		return verifyJPEG(p.out.reader(), p, x.packet)
	case PNG:
		return verifyPNG(p.out.reader(), p, x.packet)
	case TIFF:
		return verifyTIFF(p.out.reader(), p, x.packet)
	case BMP:
		return verifyBMP(p.out.reader(), p, x.packet)
	case HEIC, AVIF:
		return verifyHEIF(p.out.reader(), p, x.packet)
	}
	return &FormatError{Format: p.format, Reason: "no second walker", Err: ErrVerify}
}

// displayed is the size with the orientation applied.
func (p *picture) displayed() (width, height int) {
	if p.orientation >= 5 {
		return p.height, p.width
	}
	return p.width, p.height
}

func (p *picture) report(in int64) *Report {
	orientation := p.orientation
	if p.said != 0 {
		orientation = p.said
	}
	return &Report{
		Format: p.format, Orientation: orientation, BytesIn: in, Removed: p.found.list(),
		Mended: p.mended, Kept: p.kept, Baking: p.baking, Credentials: p.named.clone(),
	}
}

// mend notes that something was broken, and that the output is sound.
func (p *picture) mend(what string) {
	if !slices.Contains(p.mended, what) {
		p.mended = append(p.mended, what)
	}
}

const (
	cutShort      = "cut short"
	brokenFrame   = "broken frame"
	brokenChunk   = "broken chunk"
	brokenSegment = "broken segment"
	brokenPixels  = "broken pixels"
	wrongCRC      = "wrong CRC"
)

// checkSize charges a picture's size against the limits.
func checkSize(f Format, part string, at int, width, height int64, lim Limits) error {
	if width > lim.MaxPixels || height > lim.MaxPixels/max(width, 1) {
		return &FormatError{Format: f, Part: part, Offset: int64(at), Reason: "more pixels than the limit allows", Err: ErrTooLarge}
	}
	return nil
}
