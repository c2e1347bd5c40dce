package imageproc

import (
	"math"
	"slices"
)

// readFields makes the entries of the output, in the order of their tags. What
// is not made here does not go over. Strips and tiles get their places later.
func (p *tiffParser) readFields(g *tiffPage) {
	p.addInts(g, tagSubfileType, typeLong, g.subfile)
	p.addInts(g, tagWidth, typeLong, g.width)
	p.addInts(g, tagHeight, typeLong, g.height)
	if bits := p.numbers(g, tagBits, g.samples, 64); g.old {
		p.addInts(g, tagBits, typeShort, slices.Repeat([]uint64{8}, int(g.samples))...)
	} else if bits != nil {
		p.addInts(g, tagBits, typeShort, bits...)
	}
	p.addInts(g, tagCompression, typeShort, g.compression)
	if g.photometric != math.MaxUint16 {
		p.addInts(g, tagPhotometric, typeShort, g.photometric&math.MaxUint16)
	}
	if p.first(g.dir, tagFillOrder, 1) == 2 {
		p.addInts(g, tagFillOrder, typeShort, 2)
	}
	if !g.tiled {
		g.fields = append(g.fields, tiffField{tag: tagStripOffsets, typ: typeLong})
	}
	if o := p.first(g.dir, tagOrientation, 1); o >= 2 && o <= 8 {
		g.orientation = int(o)
		p.addInts(g, tagOrientation, typeShort, o)
	}
	p.addInts(g, tagSamples, typeShort, g.samples)
	if !g.tiled {
		p.addInts(g, tagRowsPerStrip, typeLong, g.chunkHeight)
		g.fields = append(g.fields, tiffField{tag: tagStripCounts, typ: typeLong})
	}
	aspect := p.aspect(g)
	if aspect != nil {
		p.addReals(g, tagXResolution, aspect[0])
		p.addReals(g, tagYResolution, aspect[1])
	}
	if g.separate {
		p.addInts(g, tagPlanar, typeShort, 2)
	}
	if v := p.first(g.dir, tagT4Options, 0) & 7; v != 0 && g.compression == tiffG3 {
		p.addInts(g, tagT4Options, typeLong, v)
	}
	if v := p.first(g.dir, tagT6Options, 0) & 2; v != 0 && g.compression == tiffG4 {
		p.addInts(g, tagT6Options, typeLong, v)
	}
	if aspect != nil {
		p.addInts(g, tagResolutionUnit, typeShort, 1)
	}
	p.readColour(g)
	if g.tiled {
		p.addInts(g, tagTileWidth, typeLong, g.chunkWidth)
		p.addInts(g, tagTileHeight, typeLong, g.chunkHeight)
		g.fields = append(g.fields, tiffField{tag: tagTileOffsets, typ: typeLong}, tiffField{tag: tagTileCounts, typ: typeLong})
	}
	if v := p.first(g.dir, tagInkSet, 1); v == 2 && g.photometric == photometricCMYK {
		p.addInts(g, tagInkSet, typeShort, 2)
	}
	p.readSamples(g)
	if g.photometric == photometricYCbCr {
		p.readYCbCr(g)
	}
	p.readICC(g)
}

// aspect is the shape of a pixel as the smallest resolutions that give it, or nil
// if it is square.
func (p *tiffParser) aspect(g *tiffPage) []float64 {
	x, y := p.reals(g, tagXResolution, 1), p.reals(g, tagYResolution, 1)
	if x == nil || y == nil || x[0] == y[0] || max(x[0], y[0]) > math.MaxUint16 {
		return nil
	}
	scale := 100.0
	for max(x[0], y[0])*scale > math.MaxUint16 {
		scale /= 10
	}
	a, b := int(math.Round(x[0]*scale)), int(math.Round(y[0]*scale))
	if a == 0 || b == 0 || a == b {
		return nil
	}
	d := gcd(a, b)
	return []float64{float64(a / d), float64(b / d)}
}

// readColour keeps what says how numbers become colours.
func (p *tiffParser) readColour(g *tiffPage) {
	switch g.compression {
	case tiffLZW, tiffDeflate, tiffOldDeflate, tiffLZMA, tiffZstd:
		if v := p.first(g.dir, tagPredictor, 1); v == 2 || v == 3 {
			g.predictor = v
			p.addInts(g, tagPredictor, typeShort, v)
		}
	}
	if v := p.reals(g, tagWhitePoint, 2); v != nil && slices.Max(v) <= 2 {
		p.addReals(g, tagWhitePoint, v...)
	}
	if v := p.reals(g, tagPrimaries, 6); v != nil && slices.Max(v) <= 2 {
		p.addReals(g, tagPrimaries, v...)
	}
	if g.photometric == photometricPalette && g.bits <= 16 {
		if v := p.numbers(g, tagColorMap, 3<<g.bits, math.MaxUint16); v != nil {
			p.addInts(g, tagColorMap, typeShort, v...)
		}
	}
}

// readSamples keeps what the samples are numbers of.
func (p *tiffParser) readSamples(g *tiffPage) {
	if extra := p.numbers(g, tagExtraSamples, g.samples, math.MaxUint64); extra != nil {
		for i, v := range extra {
			switch {
			case v == 999:
				extra[i] = 2 // what decoders take it for
			case v > 2:
				extra[i] = 0 // a sample of no kind that is known
			}
		}
		p.addInts(g, tagExtraSamples, typeShort, extra...)
	}
	if v := p.numbers(g, tagSampleFormat, g.samples, 6); v != nil && slices.Max(v) > 1 {
		p.addInts(g, tagSampleFormat, typeShort, v...)
	}
	if g.compression == tiffJPEG {
		g.fields = append(g.fields, tiffField{tag: tagJPEGTables, typ: typeUndefined})
	}
}

func (p *tiffParser) readYCbCr(g *tiffPage) {
	if v := p.reals(g, tagYCbCrMatrix, 3); v != nil {
		p.addReals(g, tagYCbCrMatrix, v...)
	}
	h, v := g.chromaAcross, g.chromaAlong
	if said := p.numbers(g, tagYCbCrSampling, 2, 4); (g.old || slices.Equal(said, []uint64{h, v})) && isSubsampling(h) && isSubsampling(v) {
		p.addInts(g, tagYCbCrSampling, typeShort, h, v)
	}
	if p.first(g.dir, tagYCbCrPosition, 1) == 2 {
		p.addInts(g, tagYCbCrPosition, typeShort, 2)
	}
	if v := p.reals(g, tagReferenceBW, 6); v != nil {
		p.addReals(g, tagReferenceBW, v...)
	}
}

// tiffProfiles are the colour profiles of a file, each once: pages usually share
// one, and a hostile file could have a thousand pages share it.
type tiffProfiles struct {
	list    [][]byte
	at      map[tiffRange]int // places in the input of those that were looked at; -1 for those that are none
	checked uint64            // bytes looked at
}

// maxSharedProfiles bounds how many profiles each further one is compared with.
const maxSharedProfiles = 64

// readICC keeps a colour profile, written anew.
func (p *tiffParser) readICC(g *tiffPage) {
	e := g.dir.entry(tagICC)
	if e == nil || len(e.value) == 0 || e.typ != typeUndefined && e.typ != typeByte && e.typ != typeSByte {
		return
	}
	place := tiffRange{e.at, e.at + uint64(len(e.value))}
	k, known := p.profiles.at[place]
	if !known {
		k = -1
		if p.profiles.checked += uint64(len(e.value)); p.profiles.checked <= 2*uint64(len(p.data)) {
			k = p.profiles.take(cleanICC(e.value, p.pic))
		}
		if p.profiles.at == nil {
			p.profiles.at = make(map[tiffRange]int)
		}
		p.profiles.at[place] = k
	}
	if k < 0 {
		p.scan.texts.blob(e.value)
		p.pic.found.add("ICC profile", len(e.value), 0)
		return
	}
	g.icc = p.profiles.list[k]
	if over := len(e.value) - len(checkICC(e.value)); !known && over > 0 {
		p.scan.texts.blob(e.value[len(e.value)-over:])
		p.pic.found.add("bytes after ICC profile", over, 0)
	}
	g.fields = append(g.fields, tiffField{tag: tagICC, typ: typeUndefined, count: uint32(len(g.icc)), value: g.icc})
}

// take returns the place of a profile in the list.
func (t *tiffProfiles) take(profile []byte) int {
	if profile == nil {
		return -1
	}
	for i, other := range t.list[:min(len(t.list), maxSharedProfiles)] {
		if len(other) == len(profile) && string(other) == string(profile) {
			return i
		}
	}
	t.list = append(t.list, profile)
	return len(t.list) - 1
}
