package imageproc

import (
	"bytes"
	"fmt"
)

// TIFF after the specification of 1992, "TIFF 6.0", with its technical note 2
// (JPEG) and BigTIFF: a header, then directories chained one to the next, each of
// which describes a picture by tags and says where its strips or tiles lie. A
// file may hold any bytes no directory refers to.

const (
	tagSubfileType     = 254
	tagOldSubfileType  = 255
	tagWidth           = 256
	tagHeight          = 257
	tagBits            = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagSamples         = 277
	tagRowsPerStrip    = 278
	tagStripCounts     = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagPlanar          = 284
	tagT4Options       = 292
	tagT6Options       = 293
	tagResolutionUnit  = 296
	tagPredictor       = 317
	tagWhitePoint      = 318
	tagPrimaries       = 319
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileCounts      = 325
	tagInkSet          = 332
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
	tagJPEGInterchange = 513
	tagJPEGLength      = 514
	tagYCbCrMatrix     = 529
	tagYCbCrSampling   = 530
	tagYCbCrPosition   = 531
	tagReferenceBW     = 532
	tagXMP             = 700
	tagIPTC            = 33723
	tagC2PA            = 52545
	tagPhotoshop       = 34377
	tagICC             = 34675
	tagPhotoshopLayers = 37724
	tagDNGVersion      = 50706
)

const (
	tiffReduced = 1 // bits of NewSubfileType
	tiffMask    = 4

	photometricRGB, photometricPalette = 2, 3
	photometricCMYK, photometricYCbCr  = 5, 6
)

// maxChunksPerSegment says how many strips and tiles a file may have for each of
// Limits.MaxSegments: files with a strip for every row are common.
const maxChunksPerSegment = 4

// tiffParser takes a TIFF file apart and writes it anew as classic TIFF in the
// byte order it had: the directories of its pages with the tags that decoding
// needs, then strips and tiles as slices of the input.
type tiffParser struct {
	tiffFile
	lim     Limits
	x       extras
	pic     *picture
	scan    *scanBudget
	entries int             // of all directories read so far
	seen    map[uint64]bool // directories by offset
	used    tiffRanges      // what directories refer to, themselves included
	dirs    []*tiffDir      // of the chain
	pages   []*tiffPage
	pixels  tiffRanges // bytes that go over as they stand
	aside   texts      // of values that lie among them
	asideAt uint64     // the last of those

	visited    int64  // blocks of JPEG that were followed
	followed   int    // strips of Deflate
	recoded    uint64 // bytes of pixels of those that were coded anew, or could not be
	codes      int    // changes of codes that these took of those all may have
	unfollowed bool   // one of them not to its end
	fresh      uint64 // bytes of values written for directories
	walked     uint64 // bytes of strips and tiles looked through
	margins    uint64 // bytes of tiles that were written anew for their edges
	profiles   tiffProfiles
	chunks     tiffChunks
	webp       int // work left for following WebP
	zstd       int // and Zstandard
	fax        int // and CCITT
}

func (p *tiffParser) fail(part string, at uint64, sentinel error, format string, args ...any) error {
	return &FormatError{Format: TIFF, Part: part, Offset: int64(at), Reason: fmt.Sprintf(format, args...), Err: sentinel}
}

func parseTIFF(data []byte, lim Limits, x extras) (*picture, error) {
	p := &tiffParser{
		tiffFile: tiffFile{data: data}, lim: lim, x: x, seen: make(map[uint64]bool), webp: followWork(len(data)), zstd: zstdWork(len(data)), fax: faxWork(len(data)),
		pic: &picture{format: TIFF, orientation: 1, keeps: x.keep.Provenance},
	}
	p.scan = newScanBudget(&p.pic.texts)
	if kind := rawSignature(data); kind != "" {
		return nil, p.fail("header", 0, ErrUnsupported, "%s, a raw format of cameras, is not supported", kind)
	}
	first, ok := p.header()
	if !ok {
		return nil, p.fail("header", 0, ErrCorrupt, "truncated or not valid")
	}
	p.used.add(0, 8)
	if p.big {
		p.used.add(8, 8)
	}
	if err := p.walk(first); err != nil {
		return nil, err
	}
	if err := p.settlePixels(); err != nil {
		return nil, err
	}
	for _, d := range p.dirs {
		if err := p.describe(d); err != nil {
			return nil, err
		}
	}
	p.reportGaps()
	if err := p.finish(x); err != nil {
		return nil, err
	}
	if m := p.aside.matcher(); m != nil {
		defer m.close()
		if m.find(p.pic.out) >= 0 {
			return nil, p.fail("strip or tile", p.asideAt, ErrCorrupt, "overlaps a text of the metadata")
		}
	}
	return p.pic, nil
}

// rawSignature names formats of cameras that differ from TIFF in their first
// bytes.
func rawSignature(data []byte) string {
	switch {
	case matches(data, "II*\x00????CR"):
		return "CR2"
	case matches(data, "IIU\x00"):
		return "RW2"
	case matches(data, "IIRO"), matches(data, "IIRS"), matches(data, "MMOR"):
		return "ORF"
	case matches(data, "????????????waR") || matches(data, "????????IIII"):
		return "IIQ"
	}
	return ""
}

// walk follows the chain of directories. It ends at 0, and where it leads back or
// out of the file, for there is nothing more to be had.
func (p *tiffParser) walk(at uint64) error {
	for at != 0 && !p.seen[at] {
		d, err := p.read(at)
		if err != nil {
			return err
		}
		if d == nil {
			if len(p.pages) == 0 {
				return p.fail("IFD", at, ErrCorrupt, "no directory here")
			}
			break
		}
		p.dirs = append(p.dirs, d)
		if err := p.chained(d); err != nil {
			return err
		}
		at = d.next
	}
	if len(p.pages) == 0 {
		return p.fail("IFD", at, ErrCorrupt, "no picture")
	}
	return nil
}

// read reads a directory, charges it and notes what it refers to. It is nil if
// there is none that could be read.
func (p *tiffParser) read(at uint64) (*tiffDir, error) {
	p.seen[at] = true
	d := p.directory(at, p.lim.MaxSegments)
	if d == nil {
		return nil, nil
	}
	if p.entries += 1 + len(d.entries); p.entries > p.lim.MaxSegments {
		return nil, p.fail("IFD", at, ErrTooLarge, "more than %d directories and entries", p.lim.MaxSegments)
	}
	p.used.add(at, d.size)
	for _, e := range d.entries {
		if !e.inside {
			p.used.add(e.at, uint64(len(e.value)))
		}
	}
	if kind := p.rawKind(d); kind != "" {
		return nil, p.fail("IFD", at, ErrUnsupported, "%s, a raw format of cameras, is not supported", kind)
	}
	return d, nil
}

// rawKind names what a directory tells of sensors.
func (p *tiffParser) rawKind(d *tiffDir) string {
	if d.entry(tagDNGVersion) != nil {
		return "DNG"
	}
	switch p.first(d, tagPhotometric, 0) {
	case 32803, 34892: // colour filter array, linear raw
		return "a picture of a bare sensor"
	}
	switch p.first(d, tagCompression, 1) {
	case 32767:
		return "ARW"
	case 32769, 32770, 65000, 34892:
		return "packed raw data"
	case 34713:
		return "NEF"
	case 65535:
		return "PEF"
	}
	return ""
}

// chained sorts a directory of the chain: the first one is the picture that is
// shown, those behind it are further pages, or smaller copies, or thumbnails.
func (p *tiffParser) chained(d *tiffDir) error {
	kind := p.first(d, tagSubfileType, 0)
	if p.first(d, tagOldSubfileType, 0) == 2 {
		kind |= tiffReduced
	}
	holds := d.entry(tagStripOffsets) != nil || d.entry(tagTileOffsets) != nil || d.entry(tagJPEGInterchange) != nil
	holds = holds && p.only(d, tagWidth) > 0 && p.only(d, tagHeight) > 0
	if len(p.pages) > 0 && (kind&tiffReduced != 0 || !holds) {
		p.dropPicture("reduced picture", d)
		return nil
	}
	if !holds {
		return p.fail("IFD", d.at, ErrCorrupt, "no picture, or none with a size")
	}
	if kind&tiffReduced != 0 {
		if err := p.refuseLarger(d); err != nil {
			return err
		}
	}
	page, err := p.readPage(d, kind&tiffMask)
	if err != nil {
		return err
	}
	p.pages = append(p.pages, page)
	return nil
}

// settlePixels collects what goes over as it stands. Streams that are written
// anew may not share bytes with it: what is taken out of them would stay there.
func (p *tiffParser) settlePixels() error {
	for _, g := range p.pages {
		for _, k := range g.chunks {
			if !g.rewritten() {
				p.pixels.add(k.from, k.n)
			}
		}
	}
	p.pixels.merge()
	for _, g := range p.pages {
		for _, k := range g.chunks {
			if g.rewritten() && p.pixels.meet(k.from, k.n) {
				return p.fail("strip or tile", k.from, ErrCorrupt, "overlaps others")
			}
		}
	}
	return nil
}

// refuseLarger refuses a file whose first picture says of itself that it is a
// small copy, if a larger one lies in a directory below it: raw formats do so,
// and what is shown would not be what is meant.
func (p *tiffParser) refuseLarger(d *tiffDir) error {
	e := d.entry(tagSubIFDs)
	if e == nil || !e.ints() {
		return nil
	}
	for i := range min(e.count, maxIFDs) {
		sub := p.directory(p.uint(e, i), maxMakerNote)
		if sub != nil && p.first(sub, tagSubfileType, 0)&tiffReduced == 0 && p.first(sub, tagWidth, 0) > p.first(d, tagWidth, 0) {
			return p.fail("IFD", d.at, ErrUnsupported, "a preview, with the picture itself below it, is not supported")
		}
	}
	return nil
}

// reportGaps lists the bytes that nothing refers to, but for a few zeros between
// parts that begin at even places.
func (p *tiffParser) reportGaps() {
	p.used.merge()
	p.used.gaps(uint64(len(p.data)), func(start, end uint64) {
		gap := p.data[start:end]
		if len(gap) < 16 && len(bytes.Trim(gap, "\x00")) == 0 {
			return
		}
		p.pic.texts.trailer(gap)
		p.pic.found.add("bytes no directory refers to", len(gap), trailerClasses(p.scan.take(gap)))
	})
}
