package imageproc

import "math"

// tiffPage is one picture of a file, and what its directory in the output is to
// hold.
type tiffPage struct {
	dir                       *tiffDir
	subfile                   uint64
	width, height             uint64
	bits, samples             uint64 // bits of one sample, samples of one pixel
	compression               uint64
	photometric               uint64
	separate                  bool // a plane for each sample
	tiled                     bool
	chunkWidth, chunkHeight   uint64 // of a strip or tile
	across, down              uint64 // strips or tiles of one plane
	chromaAcross, chromaAlong uint64 // pixels for one sample of chroma
	orientation               int
	predictor                 uint64
	old                       bool // JPEG of the old kind, described by its stream
	icc                       []byte
	fields                    []tiffField
	chunks                    []tiffChunk
	jpeg                      *jpegTaker
}

// tiffField is one entry of the output, its value in the file's byte order.
type tiffField struct {
	tag, typ uint16
	count    uint32
	value    []byte
}

// tiffCompressions are the codings that can go over.
var tiffCompressions = map[uint64]bool{
	tiffPlain: true, tiffRLE: true, tiffG3: true, tiffG4: true, tiffLZW: true, tiffOldJPEG: true, tiffJPEG: true, tiffDeflate: true,
	tiffRLEW: true, tiffPackBits: true, tiffThunder: true, tiffOldDeflate: true, tiffLogL: true, tiffLog24: true,
	tiffLZMA: true, tiffZstd: true, tiffWebP: true,
}

// The values of the Compression tag.
const (
	tiffPlain      = 1
	tiffRLE        = 2 // modified Huffman, one line at a time
	tiffG3         = 3
	tiffG4         = 4
	tiffLZW        = 5
	tiffOldJPEG    = 6
	tiffJPEG       = 7
	tiffDeflate    = 8
	tiffRLEW       = 32771
	tiffPackBits   = 32773
	tiffThunder    = 32809
	tiffOldDeflate = 32946
	tiffLogL       = 34676
	tiffLog24      = 34677
	tiffLZMA       = 34925
	tiffZstd       = 50000
	tiffWebP       = 50001
)

func (p *tiffParser) readPage(d *tiffDir, subfile uint64) (*tiffPage, error) {
	g := &tiffPage{
		dir: d, subfile: subfile, width: p.first(d, tagWidth, 0), height: p.first(d, tagHeight, 0),
		samples: p.first(d, tagSamples, 1), bits: p.first(d, tagBits, 1), compression: p.first(d, tagCompression, 1) & math.MaxUint16,
		photometric: p.first(d, tagPhotometric, math.MaxUint16), separate: p.first(d, tagPlanar, 1) == 2,
		orientation: 1, predictor: 1, chromaAcross: 2, chromaAlong: 2,
	}
	switch {
	case g.width == 0 || g.height == 0 || g.width > math.MaxInt32 || g.height > math.MaxInt32:
		return nil, p.fail("IFD", d.at, ErrCorrupt, "size is not valid")
	case g.samples == 0 || g.samples > 1024 || g.bits == 0 || d.entry(tagBits) != nil && p.numbers(g, tagBits, g.samples, 64) == nil:
		return nil, p.fail("IFD", d.at, ErrCorrupt, "samples or their bits are not valid")
	case !tiffCompressions[g.compression]:
		return nil, p.fail("IFD", d.at, ErrUnsupported, "compression %d is not supported", g.compression)
	}
	if reason := p.contradiction(g); reason != "" {
		return nil, p.fail("IFD", d.at, ErrCorrupt, "%s", reason)
	}
	if err := checkSize(TIFF, "IFD", int(d.at), int64(g.width), int64(g.height), p.lim); err != nil {
		return nil, err
	}
	if g.compression == tiffOldJPEG {
		if err := p.readOldJPEG(g); err != nil {
			return nil, err
		}
	} else if err := p.readGeometry(g); err != nil {
		return nil, err
	}
	p.readFields(g)
	for _, f := range g.fields {
		if f.tag != tagICC {
			p.fresh += uint64(len(f.value))
		}
	}
	if p.fresh > 2*uint64(len(p.data))+1<<16 {
		return nil, p.fail("IFD", d.at, ErrTooLarge, "directories share their values")
	}
	if g.old {
		g.setTables(nil)
		return g, nil
	}
	return g, p.readChunks(g)
}

// tiffFew are the tags of storage that have one number or one for each sample.
var tiffFew = map[uint16]bool{
	tagWidth: true, tagHeight: true, tagBits: true, tagCompression: true, tagPhotometric: true, tagFillOrder: true, tagSamples: true,
	tagRowsPerStrip: true, tagPlanar: true, tagT4Options: true, tagT6Options: true, tagPredictor: true, tagTileWidth: true,
	tagTileHeight: true, tagExtraSamples: true, tagSampleFormat: true,
}

// contradiction says what of a directory means one picture to some decoders and
// another one to others, "" if nothing does: how many samples a pixel has goes by
// SamplesPerPixel here and by the number of their bits there, a colour map has its
// greens where a third of it ends, and of a list that the file cuts off there are
// decoders that read the beginning.
func (p *tiffParser) contradiction(g *tiffPage) string {
	for i := range g.dir.entries {
		e := &g.dir.entries[i]
		switch {
		case e.value == nil && !e.known():
		case e.value == nil && e.count > 16 && tiffFew[e.tag]:
			return "a list of numbers exceeds input"
		case e.value == nil:
		case e.tag == tagBits && g.photometric == photometricRGB && e.count > g.samples && e.count <= 4 && g.compression != tiffOldJPEG:
			return "more bits than samples"
		case e.tag == tagColorMap && g.photometric == photometricPalette && g.bits <= 16 && e.count > 3<<g.bits:
			return "a colour map larger than its palette"
		}
	}
	return ""
}

// readGeometry finds how the picture is cut into strips or tiles.
func (p *tiffParser) readGeometry(g *tiffPage) error {
	d := g.dir
	g.chunkWidth, g.chunkHeight = g.width, p.first(d, tagRowsPerStrip, g.height)
	if g.chunkHeight == 0 || g.chunkHeight > g.height {
		g.chunkHeight = g.height
	}
	if w, h := p.first(d, tagTileWidth, 0), p.first(d, tagTileHeight, 0); w != 0 && h != 0 {
		g.tiled, g.chunkWidth, g.chunkHeight = true, w, h
		if w > math.MaxInt32 || h > math.MaxInt32 {
			return p.fail("IFD", d.at, ErrCorrupt, "size of tiles is not valid")
		}
		if err := checkSize(TIFF, "IFD", int(d.at), int64(w), int64(h), p.lim); err != nil {
			return err
		}
	}
	g.across, g.down = (g.width+g.chunkWidth-1)/g.chunkWidth, (g.height+g.chunkHeight-1)/g.chunkHeight
	if e := d.entry(tagYCbCrSampling); e != nil && e.ints() && e.count >= 2 {
		g.chromaAcross, g.chromaAlong = p.uint(e, 0), p.uint(e, 1)
	}
	if !isSubsampling(g.chromaAcross) || !isSubsampling(g.chromaAlong) {
		if g.photometric == photometricYCbCr && g.samples == 3 && !g.separate && !g.rewritten() {
			return p.fail("IFD", d.at, ErrCorrupt, "subsampling of chroma is not valid")
		}
		g.chromaAcross, g.chromaAlong = 2, 2 // the stream says what it is
	}
	return nil
}

// isSubsampling says whether a sample of chroma may stand for so many of luma, TIFF
// 6.0 §21.
func isSubsampling(n uint64) bool { return n == 1 || n == 2 || n == 4 }

// count is the number of strips or tiles.
func (g *tiffPage) count() uint64 {
	n := g.across * g.down
	if g.separate {
		n *= g.samples
	}
	return n
}

// rewritten says whether strips and tiles are written anew.
func (g *tiffPage) rewritten() bool { return g.compression == tiffJPEG || g.compression == tiffWebP }

// plain is the size in bytes of strip or tile i when it is not compressed, or 0
// if that can't be said.
func (g *tiffPage) plain(i uint64) uint64 {
	rows := g.chunkHeight
	if down := i / g.across % g.down; !g.tiled && down == g.down-1 {
		rows = g.height - down*g.chunkHeight
	}
	bits := g.chunkWidth * g.bits
	if g.photometric == photometricYCbCr && g.samples == 3 {
		h, v := g.chromaAcross, g.chromaAlong
		if g.separate || h == 0 || v == 0 || h > 4 || v > 4 {
			return 0
		}
		units := ((g.chunkWidth + h - 1) / h) * ((rows + v - 1) / v)
		return (units*(h*v+2)*g.bits + 7) / 8
	}
	if !g.separate {
		bits *= g.samples
	}
	return (bits + 7) / 8 * rows
}

// add puts one field of whole numbers, typ SHORT or LONG, into the output.
func (p *tiffParser) addInts(g *tiffPage, tag, typ uint16, values ...uint64) {
	f := tiffField{tag: tag, typ: typ, count: uint32(len(values))}
	for _, v := range values {
		if typ == typeShort {
			f.value = p.order.AppendUint16(f.value, uint16(v))
		} else {
			f.value = p.order.AppendUint32(f.value, uint32(v))
		}
	}
	g.fields = append(g.fields, f)
}

// addReals puts one field of fractions into the output.
func (p *tiffParser) addReals(g *tiffPage, tag uint16, values ...float64) {
	f := tiffField{tag: tag, typ: typeRational, count: uint32(len(values))}
	for _, v := range values {
		n, d := fraction(v)
		f.value = p.order.AppendUint32(p.order.AppendUint32(f.value, n), d)
	}
	g.fields = append(g.fields, f)
}

// fraction writes a number from 0 to 2³²-1 as a fraction in lowest terms over a
// power of ten, as fine as 32 bits allow: what a numerator and a denominator of
// one's choice could spell does not go over.
func fraction(v float64) (n, d uint32) {
	scale := 1e9
	for v*scale > math.MaxUint32-1 && scale > 1 {
		scale /= 10
	}
	whole := math.Round(v * scale)
	if whole == 0 {
		return 0, 1
	}
	k := gcd(int(whole), int(scale))
	return uint32(int(whole) / k), uint32(int(scale) / k)
}

// numbers reads a tag of whole numbers, at most so many and none above the
// largest; nil if it holds anything else.
func (p *tiffParser) numbers(g *tiffPage, tag uint16, most, largest uint64) []uint64 {
	e := g.dir.entry(tag)
	if e == nil || !e.ints() || e.count == 0 {
		return nil
	}
	list := make([]uint64, min(e.count, most))
	for i := range list {
		if list[i] = p.uint(e, uint64(i)); list[i] > largest {
			return nil
		}
	}
	return list
}

// reals reads a tag of exactly so many fractions.
func (p *tiffParser) reals(g *tiffPage, tag uint16, count uint64) []float64 {
	e := g.dir.entry(tag)
	if e == nil || e.count != count {
		return nil
	}
	list := make([]float64, count)
	for i := range list {
		v, ok := p.real(e, uint64(i))
		if !ok {
			return nil
		}
		list[i] = v
	}
	return list
}
