package imageproc

import (
	"errors"
	"math"
)

// JPEG in TIFF, technical note 2: each strip or tile is a JPEG stream, which may
// leave out tables that stand in JPEGTables. Streams and tables are written anew
// by the same rules as a JPEG file, but for its head: what a decoder of TIFF
// needs to know of colours stands in the directory.

// jpegTaker rewrites streams; their tables are those of the page.
type jpegTaker struct {
	p    *tiffParser
	g    *tiffPage
	base jpegTables
	used map[*byte]bool // tables of base that some stream needs
}

// maxJPEGTables is far above what all tables of T.81 take.
const maxJPEGTables = 64 << 10

func (p *tiffParser) newJPEGTaker(g *tiffPage) (*jpegTaker, error) {
	t := &jpegTaker{p: p, g: g, used: make(map[*byte]bool)}
	e := g.dir.entry(tagJPEGTables)
	if e == nil || len(e.value) < 4 {
		return t, nil
	}
	if e.value[0] != 0xFF || e.value[1] != mSOI || len(e.value) > maxJPEGTables {
		return nil, p.fail("JPEGTables", e.at, ErrCorrupt, "no SOI, or %d bytes", len(e.value))
	}
	sub := t.parser(e.value)
	for sub.pos = 2; ; {
		at, marker, err := sub.next()
		if err != nil || marker == mEOI {
			break // without EOI they end all the same
		}
		if marker == mSOS || marker >= mSOF0 && marker <= mSOF2 {
			return nil, p.fail("JPEGTables", e.at, ErrCorrupt, "a picture among the tables")
		}
		if marker >= mRST0 && marker <= mRST7 || marker == mTEM {
			continue
		}
		if err := sub.segment(at, marker); err != nil {
			return nil, p.inStream(e.at, err)
		}
	}
	t.base = sub.now
	t.base.restart = 0 // SOI sets it back
	t.found(sub)
	return t, nil
}

// parser is a parser of one stream.
func (t *jpegTaker) parser(stream []byte) *jpegParser {
	sub := &jpegParser{data: stream, lim: t.p.lim, pic: &picture{format: JPEG}, now: t.base, sent: t.base, used: t.used, embedded: true}
	sub.meta = jpegMeta{found: &sub.pic.found, scan: t.p.scan, adobe: -1}
	return sub
}

// found brings over what hid in a stream.
func (t *jpegTaker) found(sub *jpegParser) {
	if n := sub.meta.iccBytes; n > 0 {
		sub.pic.found.add("APP2 ICC_PROFILE", n, 0)
	}
	t.p.pic.texts.join(&sub.pic.texts)
	for _, what := range sub.pic.mended {
		t.p.pic.mend(what)
	}
	t.p.pic.found.merge("JPEG in TIFF: ", &sub.pic.found)
}

// inStream names a place in the file where there was one in a stream.
func (p *tiffParser) inStream(from uint64, err error) error {
	var e *FormatError
	if !errors.As(err, &e) {
		return err
	}
	return &FormatError{Format: TIFF, Part: e.Format.String() + " " + e.Part, Offset: int64(from) + e.Offset, Reason: e.Reason, Err: e.Err}
}

// rewrite is a stream without what decoding does not need, and its parser.
func (t *jpegTaker) rewrite(from uint64, stream []byte) (rope, *jpegParser, error) {
	if len(stream) < 2 || stream[0] != 0xFF || stream[1] != mSOI {
		return nil, nil, t.p.fail("strip or tile", from, ErrCorrupt, "no SOI")
	}
	sub := t.parser(stream)
	if err := sub.walk(); err != nil {
		return nil, nil, t.p.inStream(from, err)
	}
	sub.visited = t.p.visited
	if err := sub.cutData(t.p.x); err != nil {
		return nil, nil, t.p.inStream(from, err)
	}
	t.p.visited = sub.visited
	t.found(sub)
	out := append(rope{[]byte{0xFF, mSOI}}, sub.body...)
	return append(out, []byte{0xFF, mEOI}), sub, nil
}

func (t *jpegTaker) take(i, from, size uint64) (tiffChunk, error) {
	out, sub, err := t.rewrite(from, t.p.data[from:from+size])
	if err != nil {
		return tiffChunk{}, err
	}
	if !t.g.holds(i, sub.frame) {
		return tiffChunk{}, t.p.fail("strip or tile", from, ErrCorrupt, "a JPEG of %d x %d pixels is larger than its place", sub.frame.width, sub.frame.height)
	}
	return t.p.chunks.made(out, from, size), nil
}

// holds says whether a frame is no larger than strip or tile i: what is beyond it
// would be a part of the picture that no reader shows. libtiff refuses such a page,
// too, but for rows of the last strip; of these we take as many as the others have,
// and what makes blocks whole.
func (g *tiffPage) holds(i uint64, f *jpegFrame) bool {
	width, height := g.chunkWidth, g.chunkHeight
	if plane := i / (g.across * g.down); plane > 0 && g.photometric == photometricYCbCr {
		width, height = (width+g.chromaAcross-1)/max(g.chromaAcross, 1), (height+g.chromaAlong-1)/max(g.chromaAlong, 1)
	}
	if block := uint64(8 * f.vMax); !g.tiled && i/g.across%g.down == g.down-1 {
		height = (height + block - 1) / block * block
	}
	return uint64(f.width) <= width && uint64(f.height) <= height
}

// finish writes JPEGTables with the tables that streams need, or takes the field
// away.
func (t *jpegTaker) finish() {
	var quant, huff [][]byte
	for _, table := range t.base.quant {
		if table != nil && t.used[&table[0]] {
			quant = append(quant, table)
		}
	}
	for class := range t.base.huff {
		for id, table := range t.base.huff[class] {
			if table != nil && t.used[&table[0]] {
				huff = append(huff, []byte{byte(class)<<4 | byte(id)}, table)
			}
		}
	}
	var tables []byte
	if len(quant)+len(huff) > 0 {
		tables = []byte{0xFF, mSOI}
		if len(quant) > 0 {
			tables = append(tables, jpegSegment(mDQT, quant...)...)
		}
		if len(huff) > 0 {
			tables = append(tables, jpegSegment(mDHT, huff...)...)
		}
		tables = append(tables, 0xFF, mEOI)
	}
	t.g.setTables(tables)
}

// setTables fills the field of JPEGTables, which stands among the fields for it.
func (g *tiffPage) setTables(tables []byte) {
	kept := g.fields[:0]
	for _, f := range g.fields {
		if f.tag == tagJPEGTables {
			if tables == nil {
				continue
			}
			f.count, f.value = uint32(len(tables)), tables
		}
		kept = append(kept, f)
	}
	g.fields = kept
}

// readOldJPEG takes the JPEG of TIFF 6.0 §22, which technical note 2 has done
// away with. Where there is a whole stream in it, that becomes a strip of the new
// kind; the other ways of writing it can't be had.
func (p *tiffParser) readOldJPEG(g *tiffPage) error {
	const reason = "JPEG of the old kind without a whole stream is not supported"
	start := p.first(g.dir, tagJPEGInterchange, 0)
	if start == 0 || start >= uint64(len(p.data)) {
		return p.fail("IFD", g.dir.at, ErrUnsupported, reason)
	}
	t := &jpegTaker{p: p, g: g, used: make(map[*byte]bool)}
	sub := t.parser(p.data[start:])
	if p.data[start] != 0xFF || sub.walk() != nil {
		return p.fail("IFD", g.dir.at, ErrUnsupported, reason)
	}
	size := uint64(sub.pos) // the first time was to find the end
	if f := sub.frame; uint64(f.width) != g.width || uint64(f.height) != g.height {
		return p.fail("IFD", g.dir.at, ErrUnsupported, reason)
	}
	out, sub, err := t.rewrite(start, p.data[start:start+size])
	if err != nil {
		return err
	}
	p.used.add(start, size)
	g.fromFrame(sub.frame)
	g.chunks = []tiffChunk{p.chunks.made(out, start, size)}
	return nil
}

// fromFrame describes a page as its JPEG stream does.
func (g *tiffPage) fromFrame(f *jpegFrame) {
	g.compression, g.tiled, g.separate = tiffJPEG, false, false
	g.chunkWidth, g.chunkHeight, g.across, g.down = g.width, g.height, 1, 1
	g.bits, g.samples, g.old = 8, uint64(len(f.comps)), true
	if g.photometric == math.MaxUint16 {
		g.photometric = map[int]uint64{1: 1, 3: photometricYCbCr, 4: photometricCMYK}[len(f.comps)]
	}
	g.chromaAcross, g.chromaAlong = uint64(f.hMax), uint64(f.vMax)
}
