package imageproc

import (
	"bytes"
	"encoding/binary"
)

// tiffStructure lists the tags that say how a picture is stored. They go over or
// are made anew, or lose their meaning with what is dropped, and name nobody.
var tiffStructure = map[uint16]bool{
	tagSubfileType: true, tagOldSubfileType: true, tagWidth: true, tagHeight: true, tagBits: true, tagCompression: true,
	tagPhotometric: true, tagFillOrder: true, tagStripOffsets: true, tagOrientation: true, tagSamples: true, tagRowsPerStrip: true,
	tagStripCounts: true, tagXResolution: true, tagYResolution: true, tagPlanar: true, tagT4Options: true, tagT6Options: true,
	tagResolutionUnit: true, tagPredictor: true, tagWhitePoint: true, tagPrimaries: true, tagColorMap: true, tagTileWidth: true,
	tagTileHeight: true, tagTileOffsets: true, tagTileCounts: true, tagInkSet: true, tagExtraSamples: true, tagSampleFormat: true,
	tagJPEGTables: true, tagJPEGInterchange: true, tagJPEGLength: true, tagYCbCrMatrix: true, tagYCbCrSampling: true,
	tagYCbCrPosition: true, tagReferenceBW: true, tagICC: true,
}

// tiffNumeric says whether a tag of tiffStructure holds numbers, not text in its
// place.
func tiffNumeric(e *tiffEntry) bool {
	switch e.typ {
	case typeASCII, typeUndefined:
		return e.tag == tagJPEGTables || e.tag == tagICC
	}
	return true
}

// tiffClasses are tags that Exif does not have.
var tiffClasses = map[uint16]classSet{
	285:   setOf(Comment),                 // PageName
	333:   setOf(Comment),                 // InkNames
	32932: setOf(Comment),                 // Wang annotations
	33550: setOf(Location),                // GeoTIFF: scale, tie points, transformation, keys
	33922: setOf(Location),                //
	34264: setOf(Location),                //
	34735: setOf(Location),                //
	34736: setOf(Location),                //
	34737: setOf(Location, Comment),       //
	33432: setOf(Person),                  // Copyright
	36867: setOf(Time),                    // DateTimeOriginal, where it stands among the others
	42112: setOf(Comment),                 // GDAL's metadata
	50838: setOf(Comment),                 // ImageJ: sizes, then texts and regions
	50839: setOf(Comment),                 //
	50784: setOf(Comment),                 // Alias layers
	65000: setOf(Person, Comment, Device), // Exif fields that some programs put here
}

// merge takes over the findings of a part that is a file of another format.
func (f *findings) merge(prefix string, part *findings) {
	for _, e := range part.carriers {
		f.add(prefix+e.carrier, e.bytes, e.classes, e.fields...)
	}
}

// describe reports what a directory of the chain holds beside the picture.
func (p *tiffParser) describe(d *tiffDir) error {
	var facts exifFacts
	var classes classSet
	size := 0
	for i := range d.entries {
		e := &d.entries[i]
		if tiffStructure[e.tag] && tiffNumeric(e) {
			continue
		}
		p.listen(e)
		handled, err := p.block(e)
		if err != nil {
			return err
		}
		if handled {
			continue
		}
		p.text(e)
		facts.tags = append(facts.tags, ifdTag{primaryIFD, e.tag})
		classes |= tiffClasses[e.tag]
		size += p.sizeOf(e)
	}
	if len(facts.tags) == 0 {
		return nil
	}
	named, fields := p.scan.describe(facts)
	p.pic.found.add("IFD tags", size, classes|named, fields...)
	return nil
}

// sizeOf is what an entry takes in the input.
func (p *tiffParser) sizeOf(e *tiffEntry) int {
	size := 12
	if p.big {
		size = 20
	}
	if !e.inside {
		size += len(e.value)
	}
	return size
}

// block reports an entry whose value is a block of a kind of its own, or points
// to directories.
func (p *tiffParser) block(e *tiffEntry) (handled bool, err error) {
	size := p.sizeOf(e)
	switch e.tag {
	case tagXMP:
		p.pic.found.add("XMP", size, p.scan.xmp(e.value))
	case tagC2PA:
		p.scan.texts.claim(claimCredentials, e.value)
		p.pic.found.add("C2PA", size, credentialClasses(e.value))
		p.pic.credentials(p.scan.texts, "C2PA", size, e.value)
	case tagIPTC:
		p.pic.found.add("IPTC", size, p.scan.iptc(e.value))
	case tagPhotoshop:
		p.pic.found.add("Photoshop", size, p.scan.irb(e.value))
	case tagPhotoshopLayers:
		p.text(e)
		p.pic.found.add("Photoshop layers", size, setOf(Thumbnail, Software))
	case tagExifIFD:
		p.below("Exif IFD", e, exifIFD, size)
	case tagGPSIFD:
		p.below("GPS IFD", e, gpsIFD, size)
	case tagInteropIFD:
		p.below("Interoperability IFD", e, interopIFD, size)
	case tagSubIFDs:
		return true, p.pictures(e, size)
	default:
		return false, nil
	}
	return true, nil
}

// listen says where the texts of a value go: to those that the output may not
// hold, or, where the value lies among the pixels, to those for which there can be
// no output.
func (p *tiffParser) listen(e *tiffEntry) {
	p.scan.texts = &p.pic.texts
	if p.pixels.meet(e.at, uint64(len(e.value))) {
		p.scan.texts, p.asideAt = &p.aside, e.at
	}
}

// text takes the text in a value, if there is one.
func (p *tiffParser) text(e *tiffEntry) {
	switch {
	case e.tag == tagArtist && e.typ == typeASCII:
		p.scan.texts.claim(claimCreator, e.value)
	case e.tag == tagCopyright && e.typ == typeASCII:
		p.scan.texts.claim(claimRights, e.value)
	}
	switch {
	case e.typ == typeASCII:
		p.scan.texts.add(p.scan.take(e.value[:min(len(e.value), maxTextBlobs)]))
	case e.typ != typeByte && e.typ != typeUndefined:
	case e.tag >= tagXPTitle && e.tag <= tagXPSubject:
		p.scan.texts.addUTF16(e.value, binary.LittleEndian)
	case bytes.HasPrefix(e.value, []byte("UNICODE\x00")):
		p.scan.texts.addUTF16(e.value[8:], p.order)
	default:
		p.scan.texts.blob(e.value[:min(len(e.value), 64<<10)])
	}
}

// below reports a directory of Exif.
func (p *tiffParser) below(carrier string, e *tiffEntry, kind ifdKind, size int) {
	facts := exifFacts{}
	if e.ints() && e.count > 0 {
		if at := p.uint(e, 0); !p.seen[at] {
			p.seen[at] = true
			if d := p.directory(at, min(maxIFDEntries, p.lim.MaxSegments-p.entries)); d != nil {
				p.entries += 1 + len(d.entries)
				p.used.add(at, d.size)
				size += int(d.size)
				for i := range d.entries {
					v := &d.entries[i]
					p.listen(v)
					p.text(v)
					facts.tags = append(facts.tags, ifdTag{kind, v.tag})
					if !v.inside {
						p.used.add(v.at, uint64(len(v.value)))
						size += len(v.value)
					}
					if v.tag == tagInteropIFD && kind != interopIFD {
						p.below("Interoperability IFD", v, interopIFD, 0)
					}
				}
			}
		}
	}
	classes, fields := p.scan.describe(facts)
	if kind == gpsIFD {
		classes |= setOf(Location)
	}
	p.pic.found.add(carrier, size, classes, fields...)
}

// pictures goes over the directories of SubIFDs: smaller copies of a picture,
// masks, previews. None of them is shown, and all go.
func (p *tiffParser) pictures(e *tiffEntry, size int) error {
	p.pic.found.add("SubIFDs", size, setOf(Thumbnail))
	if !e.ints() {
		return nil
	}
	for i := range min(e.count, maxIFDs) {
		for at := p.uint(e, i); at != 0 && !p.seen[at]; {
			d, err := p.read(at)
			if err != nil {
				return err
			}
			if d == nil {
				break
			}
			p.dropPicture("SubIFDs", d)
			if err := p.describe(d); err != nil {
				return err
			}
			at = d.next
		}
	}
	return nil
}

// dropPicture reports a picture that does not go over.
func (p *tiffParser) dropPicture(carrier string, d *tiffDir) {
	size := d.size
	for _, e := range d.entries {
		if !e.inside && tiffStructure[e.tag] {
			size += uint64(len(e.value))
		}
	}
	for _, tags := range [][2]uint16{{tagStripOffsets, tagStripCounts}, {tagTileOffsets, tagTileCounts}, {tagJPEGInterchange, tagJPEGLength}} {
		offsets, counts := d.entry(tags[0]), d.entry(tags[1])
		if offsets == nil || counts == nil || !offsets.ints() || !counts.ints() {
			continue
		}
		n := min(offsets.count, counts.count)
		if p.chunks.count += n; p.chunks.count > maxChunksPerSegment*uint64(p.lim.MaxSegments) {
			continue // their bytes are reported as those no directory refers to
		}
		for i := range n {
			from, length := p.uint(offsets, i), p.uint(counts, i)
			if p.slice(from, length) != nil {
				p.used.add(from, length)
				size += length
			}
		}
	}
	p.pic.found.add(carrier, int(size), setOf(Thumbnail))
}
